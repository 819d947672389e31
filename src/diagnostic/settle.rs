//! The last touch to a list of diagnostics, before anyone sees it.

use super::{Choice, Diagnostic, Edit, MOST_MISTAKES, Sources};

/// No one reads more than this, and drawing each takes a walk through the text.
const MOST: usize = 100;

/// In the order of the texts, the first of them if there are too many; what an edit puts in the place of a quoted scalar stays quoted.
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
    let fits = |edit: &Edit| !edit.text.contains('{') || sources.takes_braces(edit.span);
    for diagnostic in &mut list {
        for help in &mut diagnostic.help {
            help.edit = help.edit.take().filter(fits);
            if let Some(edit) = &mut help.edit {
                edit.span = sources.inside_quotes(edit.span);
            }
        }
        for Choice { edits, also, .. } in &mut diagnostic.choices {
            if !edits.iter().chain(also.iter().flatten()).all(fits) {
                edits.clear();
            }
            for edit in edits.iter_mut().chain(also.iter_mut().flatten()) {
                edit.span = sources.inside_quotes(edit.span);
            }
        }
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
