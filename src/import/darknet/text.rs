//! The text of a cfg: sections of `key=value`, in which blanks mean nothing.

use crate::diagnostic::{Code, Diagnostic, Mistakes, SourceId, Span, Spanned};

/// `[convolutional]` and what stands below it.
#[derive(Debug)]
pub struct Section {
    /// What stands in the brackets; its place is with them.
    pub name: Spanned<String>,
    /// In the order in which they are written.
    pub options: Vec<(Spanned<String>, Spanned<String>)>,
}

/// More sections than this are refused, and more options than this in all of them.
const MOST_SECTIONS: usize = 20_000;
const MOST_OPTIONS: usize = 500_000;

/// Characters of a line that are kept in a message.
const SHOWN: usize = 40;

/// The sections of a text, as far as it can be read.
pub fn sections(text: &str, source: SourceId, errors: &mut Mistakes) -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::new();
    let mut options = 0;
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        let at = start;
        start += line.len();
        // A file may begin with a mark of its encoding.
        let content = line.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
        let begin = at + line.find(content).unwrap_or(0);
        let span = Span::new(source, begin..begin + content.len());
        match content.chars().next() {
            None | Some('#' | ';' | '\0') => {}
            Some('[') => {
                if sections.len() == MOST_SECTIONS {
                    let message = format!("more than {MOST_SECTIONS} sections");
                    errors.push(Diagnostic::error(Code::Limit, span, message));
                    return sections;
                }
                let name = packed(content);
                let Some(name) = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')) else {
                    let error = Diagnostic::error(Code::Syntax, span, "a section's name stands in brackets");
                    errors.push(error.label("no `]` at the end of the line"));
                    continue;
                };
                sections.push(Section { name: Spanned::new(name.to_string(), span), options: Vec::new() });
            }
            Some(_) => {
                let Some((key, value)) = content.split_once('=') else {
                    let shown: String = content.chars().take(SHOWN).collect();
                    let message = format!("`{shown}` is neither a section nor an option");
                    let error = Diagnostic::error(Code::Syntax, span, message);
                    errors.push(error.help("a section is `[convolutional]`, an option `filters=64`, a comment `# …`"));
                    continue;
                };
                let Some(section) = sections.last_mut() else {
                    let error = Diagnostic::error(Code::Syntax, span, "an option stands before the first section");
                    errors.push(error.help("a cfg begins with `[net]`"));
                    return sections;
                };
                options += 1;
                if options > MOST_OPTIONS {
                    errors.push(Diagnostic::error(Code::Limit, span, format!("more than {MOST_OPTIONS} options")));
                    return sections;
                }
                let place = |part: &str, from: usize| {
                    let inner = part.trim();
                    let from = from + part.find(inner).unwrap_or(0);
                    Spanned::new(packed(inner), Span::new(source, from..from + inner.len()))
                };
                // Numbers end where something else begins: `filters=40 #32` is 40 to Darknet.
                let value = value.split('#').next().unwrap_or_default();
                section.options.push((place(key, begin), place(value, begin + key.len() + 1)));
            }
        }
        if errors.is_full() {
            break;
        }
    }
    sections
}

/// Without blanks, as Darknet reads a line.
fn packed(text: &str) -> String {
    text.chars().filter(|c| !c.is_whitespace()).collect()
}
