//! What holds for every diagnostic.

use archc::diagnostic::{Diagnostic, Diagnostics};

/// Every place lies in its text, on the borders of characters, and what is said can be drawn.
pub fn check(said: &Diagnostics) {
    for Diagnostic { primary, others, help, .. } in &said.list {
        let edits = help.iter().filter_map(|help| help.edit.as_ref()).map(|edit| edit.span);
        for span in others.iter().map(|label| label.span).chain([primary.span]).chain(edits) {
            let text = &said.sources.get(span.source).text;
            assert!(text.get(span.range()).is_some(), "{span:?} is no place in {text:?}");
        }
    }
    assert!(said.list.is_empty() || !said.to_string().is_empty());
}
