//! The last touch to a list of diagnostics, before anyone sees it.

use super::{Diagnostic, Edit, MOST_MISTAKES, Sources};

/// No one reads more than this, and drawing each takes a walk through the text.
const MOST: usize = 100;

/// In the order of the texts, the first of them if there are too many; what an edit puts in place of a quoted scalar
/// stays quoted.
pub fn settle(sources: &Sources, mut list: Vec<Diagnostic>) -> Vec<Diagnostic> {
    list.sort_by_key(|diagnostic| (diagnostic.primary.span.source, diagnostic.primary.span.start));
    let found = list.len();
    let more = found.saturating_sub(MOST);
    if more > 0 {
        // An error must not go for a warning.
        list.sort_by_key(|diagnostic| std::cmp::Reverse(diagnostic.severity));
        list.truncate(MOST);
        list.sort_by_key(|diagnostic| (diagnostic.primary.span.source, diagnostic.primary.span.start));
    }
    for help in list.iter_mut().flat_map(|diagnostic| &mut diagnostic.help) {
        help.edit = help.edit.take().and_then(|edit| placed(sources, edit));
    }
    match list.pop() {
        // Nobody looks for more than so many.
        Some(last) if more > 0 => list.push(last.help(match found {
            MOST_MISTAKES.. => format!("{more} or more others are not shown"),
            _ => format!("{more} more are not shown"),
        })),
        last => list.extend(last),
    }
    list
}

/// The edit inside the quotes that stand around its place; `None` if what it puts there cannot be written so.
pub fn placed(sources: &Sources, edit: Edit) -> Option<Edit> {
    let fits = !edit.text.contains('{') || sources.takes_braces(edit.span);
    fits.then(|| Edit { span: sources.inside_quotes(edit.span), ..edit })
}
