//! What YAML's parser found wrong, in the form that users see.

use serde_saphyr::{Error, MessageFormatter, UserMessageFormatter};

use super::{DEEPEST, Reader, too_many};
use crate::diagnostic::{Code, Diagnostic, Span};

impl Reader<'_> {
    /// What the parser has to say, in the form that users see.
    pub(super) fn diagnostic(&self, error: &Error) -> Diagnostic {
        let error = match error.without_snippet() {
            Error::AliasError { error, .. } => error,
            error => error,
        };
        let (code, message) = match error {
            Error::Budget { .. }
            | Error::AliasReplayLimitExceeded { .. }
            | Error::AliasReplayStackDepthExceeded { .. } => (Code::Limit, self.limit(error)),
            Error::MultipleDocuments { .. } => {
                (Code::Syntax, "a file describes one network; `---` starts another".to_string())
            }
            Error::RecursiveReferencesRequireWeakTypes { .. } => {
                (Code::Syntax, "an anchor is repeated inside itself".to_string())
            }
            error => (Code::Syntax, UserMessageFormatter.format_message(error).replace('\'', "`")),
        };
        // The scanner's own limit on brackets comes first where many of them stand on one line.
        let is_depth = message.contains("recursion limit");
        let (code, message) = if is_depth { (Code::Limit, too_deep()) } else { (code, message) };
        let span = self.error_span(error);
        if message.contains("quoted scalar")
            && let Some(open) = self.open_quote(span)
        {
            let error = Diagnostic::error(code, open, "this quote is not closed");
            let quote = &self.text[open.range().start - self.offset..open.range().end - self.offset];
            return error.other(span, "the text cannot go on here").help(format!("the text ends with `{quote}` too"));
        }
        if code == Code::Syntax
            && let Some(error) = self.indentation(&message, span)
        {
            return error;
        }
        let diagnostic = Diagnostic::error(code, span, message);
        match self.advice(span) {
            Some(advice) if code == Code::Syntax => diagnostic.help(advice),
            _ => diagnostic,
        }
    }

    /// What most often leads to an error at this character.
    fn advice(&self, span: Span) -> Option<&'static str> {
        let rest = &self.text[span.range().start - self.offset..];
        if looks_like_toml(self.text) {
            return Some("this looks like TOML, which is read from files that end in `.toml`");
        }
        Some(match rest.chars().next()? {
            ':' => "a text that holds a colon and a space must be quoted; a mapping starts on a line of its own",
            '{' | '}' => "inside `[…]` and `{…}`, a text with braces must be quoted: `\"conv {width} 3x3\"`",
            '@' | '`' | '%' => "a text that starts with this character must be quoted",
            '-' if rest[1..].starts_with(char::is_alphabetic) => {
                "an item of a list begins with a dash and a space: `- relu`"
            }
            _ if rest.starts_with("- ") => "a list starts on a line of its own",
            _ => return None,
        })
    }

    fn limit(&self, error: &Error) -> String {
        use serde_saphyr::budget::BudgetBreach;
        match error {
            Error::Budget { breach: BudgetBreach::Depth { .. }, .. } => too_deep(),
            Error::Budget { breach: BudgetBreach::Nodes { .. } | BudgetBreach::Events { .. }, .. } => too_many(),
            _ => "aliases are expanded too often".to_string(),
        }
    }

    /// Some errors know their byte, some only how many characters come before.
    fn error_span(&self, error: &Error) -> Span {
        let Some(span) = error.location().map(|location| location.span()) else { return self.span(0, 0) };
        let start = match span.byte_offset() {
            Some(byte) => byte as usize,
            None => self.text.char_indices().nth(span.offset() as usize).map_or(self.text.len(), |(at, _)| at),
        };
        let length = self.text[start..].chars().next().filter(|c| !c.is_whitespace()).map_or(0, char::len_utf8);
        self.span(start, start + length)
    }

    /// The quote behind which a text goes on to the line of `error`.
    fn open_quote(&self, error: Span) -> Option<Span> {
        let mut end = self.text[..error.range().start - self.offset].rfind('\n')?;
        for _ in 0..FARTHEST {
            let start = self.text[..end].rfind('\n').map_or(0, |newline| newline + 1);
            if let Some(at) = unclosed(&self.text[start..end]) {
                return Some(self.span(start + at, start + at + 1));
            }
            end = start.checked_sub(1)?;
        }
        None
    }
}

/// So many lines back, an open quote is looked for.
const FARTHEST: usize = 100;

/// Where a quoted text begins that does not end on its line.
fn unclosed(line: &str) -> Option<usize> {
    let mut open: Option<(usize, char)> = None;
    let mut before = '-';
    let mut characters = line.char_indices();
    while let Some((at, c)) = characters.next() {
        match open {
            Some((_, '"')) if c == '\\' => drop(characters.next()),
            Some((_, quote)) if c == quote => open = None,
            None if matches!(c, '"' | '\'') && "-:[{,".contains(before) => open = Some((at, c)),
            _ => {}
        }
        before = if c == ' ' { before } else { c };
    }
    open.map(|(at, _)| at)
}

/// Whether the first line with content is `key = …` or `[table]`.
fn looks_like_toml(text: &str) -> bool {
    let lines = text.lines().map(str::trim);
    let Some(first) = lines.into_iter().find(|line| !line.is_empty() && !line.starts_with('#')) else { return false };
    let is_name = |name: &str| !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || "_-.".contains(c));
    let table = first.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    table.is_some_and(|name| is_name(name) && !name.starts_with(|c: char| c.is_ascii_digit()))
        || first.split_once('=').is_some_and(|(key, _)| is_name(key.trim_end()))
}

fn too_deep() -> String {
    format!("lists and mappings are nested more than {DEEPEST} deep")
}
