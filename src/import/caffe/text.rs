//! The text format of protocol buffers: `name: "conv1" convolution_param { num_output: 64 pad: [1, 1] }`.
//!
//! Written out by hand rather than as a grammar, for its limits: nothing is taken for a text before it is known to nest
//! and to count within bounds.

use crate::diagnostic::{Code, Diagnostic, SourceId, Span, Spanned};

/// A message: fields in their order, of which any may be there several times.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    pub fields: Vec<(Spanned<String>, Value)>,
    /// The name of the field that holds it.
    pub span: Span,
}

/// What a field holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    Message(Message),
    /// In quotes.
    Text(Spanned<String>),
    /// A number, or the name of one.
    Word(Spanned<String>),
}

impl Value {
    pub fn span(&self) -> Span {
        match self {
            Value::Message(message) => message.span,
            Value::Text(text) | Value::Word(text) => text.span,
        }
    }
}

/// Messages in messages, and fields in all of them.
const DEEPEST: usize = 32;
const MOST_FIELDS: usize = 300_000;

/// Reads a text; the first mistake ends it.
pub fn parse(text: &str, source: SourceId) -> Result<Message, Diagnostic> {
    let mut parser = Parser { text, source, at: 0, fields: 0 };
    if text.starts_with('\u{feff}') {
        parser.at = '\u{feff}'.len_utf8();
    }
    let fields = parser.fields(None, 0)?;
    Ok(Message { fields, span: Span::new(source, 0..0) })
}

struct Parser<'a> {
    text: &'a str,
    source: SourceId,
    at: usize,
    fields: usize,
}

impl<'a> Parser<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn span(&self, from: usize) -> Span {
        Span::new(self.source, from..self.at)
    }

    /// What comes next, behind blanks and comments.
    fn peek(&mut self) -> Option<char> {
        loop {
            let rest = self.rest();
            let trimmed = rest.trim_start();
            self.at += rest.len() - trimmed.len();
            match trimmed.chars().next() {
                Some('#') => self.at += trimmed.find('\n').unwrap_or(trimmed.len()),
                other => return other,
            }
        }
    }

    fn takes(&mut self, wanted: char) -> bool {
        let is_next = self.peek() == Some(wanted);
        if is_next {
            self.at += wanted.len_utf8();
        }
        is_next
    }

    /// That something else must stand here.
    fn expected(&mut self, what: &str) -> Diagnostic {
        let next = self.peek();
        let from = self.at;
        let found = match next {
            None => "the file ends".to_string(),
            Some(c) => {
                self.at += c.len_utf8();
                format!("found `{c}`")
            }
        };
        Diagnostic::error(Code::Syntax, self.span(from), format!("expected {what}")).label(found)
    }

    /// Fields up to `end`, or to the end of the text.
    fn fields(&mut self, end: Option<(char, Span)>, depth: usize) -> Result<Vec<(Spanned<String>, Value)>, Diagnostic> {
        let mut fields = Vec::new();
        loop {
            match (self.peek(), end) {
                (Some(',' | ';'), _) => self.at += 1,
                (None, None) => return Ok(fields),
                (Some(c), Some((end, _))) if c == end => {
                    self.at += 1;
                    return Ok(fields);
                }
                (None, Some((end, opened))) => {
                    return Err(self.expected(&format!("`{end}`")).other(opened, "it would end what begins here"));
                }
                _ => self.field(&mut fields, depth)?,
            }
        }
    }

    fn field(&mut self, fields: &mut Vec<(Spanned<String>, Value)>, depth: usize) -> Result<(), Diagnostic> {
        let from = self.at;
        let name = self.word();
        if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
            self.at = from;
            return Err(self.expected("the name of a field, such as `name` or `layer`"));
        }
        let name = Spanned::new(name.to_string(), self.span(from));
        let has_colon = self.takes(':');
        if self.takes('[') {
            while !self.takes(']') {
                let value = self.value(&name, true, depth)?;
                self.push(fields, &name, value)?;
                if !self.takes(',') && self.peek() != Some(']') {
                    return Err(self.expected("`,` or `]`"));
                }
            }
            return Ok(());
        }
        let value = self.value(&name, has_colon, depth)?;
        self.push(fields, &name, value)
    }

    fn push(
        &mut self,
        fields: &mut Vec<(Spanned<String>, Value)>,
        name: &Spanned<String>,
        value: Value,
    ) -> Result<(), Diagnostic> {
        self.fields += 1;
        if self.fields > MOST_FIELDS {
            return Err(Diagnostic::error(Code::Limit, name.span, format!("more than {MOST_FIELDS} fields")));
        }
        fields.push((name.clone(), value));
        Ok(())
    }

    fn value(&mut self, name: &Spanned<String>, has_colon: bool, depth: usize) -> Result<Value, Diagnostic> {
        let from = self.at;
        match self.peek() {
            Some(open @ ('{' | '<')) => {
                if depth == DEEPEST {
                    let message = format!("messages are nested more than {DEEPEST} deep");
                    return Err(Diagnostic::error(Code::Limit, name.span, message));
                }
                self.at += 1;
                let end = if open == '{' { '}' } else { '>' };
                let fields = self.fields(Some((end, name.span)), depth + 1)?;
                Ok(Value::Message(Message { fields, span: name.span }))
            }
            _ if !has_colon => Err(self.expected("`:` or `{`")),
            Some('"' | '\'') => self.quoted(),
            _ => {
                let from = self.at.max(from);
                if self.rest().starts_with('-') {
                    self.at += 1;
                    self.peek();
                }
                let word = self.word();
                if word.is_empty() {
                    return Err(self.expected(&format!("a value for `{}`", name.value)));
                }
                let negative = self.text[from..].starts_with('-');
                let written = format!("{}{word}", if negative { "-" } else { "" });
                Ok(Value::Word(Spanned::new(written, self.span(from))))
            }
        }
    }

    /// Letters, digits, and what numbers consist of; a sign only within an exponent.
    fn word(&mut self) -> &'a str {
        let rest = self.rest();
        let mut before = ' ';
        let is_number = rest.starts_with(|c: char| c.is_ascii_digit() || c == '.');
        let is_part = |c: char, before: char| {
            c.is_ascii_alphanumeric()
                || matches!(c, '_' | '.')
                || is_number && matches!(c, '+' | '-') && matches!(before, 'e' | 'E')
        };
        let length = rest
            .char_indices()
            .find(|(_, c)| !is_part(*c, std::mem::replace(&mut before, *c)))
            .map_or(rest.len(), |(end, _)| end);
        self.at += length;
        &rest[..length]
    }

    /// One text in quotes, or several side by side, which are one.
    fn quoted(&mut self) -> Result<Value, Diagnostic> {
        let start = self.at;
        let mut text = String::new();
        let mut end = start;
        while let Some(quote @ ('"' | '\'')) = self.peek() {
            let from = self.at;
            self.at += 1;
            let mut characters = self.rest().char_indices();
            let length = loop {
                match characters.next() {
                    Some((at, c)) if c == quote => break at,
                    Some((_, '\\')) => match characters.next() {
                        Some((_, 'n')) => text.push('\n'),
                        Some((_, 't')) => text.push('\t'),
                        Some((_, c)) if c != '\n' => text.push(c),
                        _ => return Err(self.unclosed(from)),
                    },
                    None | Some((_, '\n')) => return Err(self.unclosed(from)),
                    Some((_, c)) => text.push(c),
                }
            };
            self.at += length + 1;
            end = self.at;
        }
        self.at = end;
        Ok(Value::Text(Spanned::new(text, Span::new(self.source, start..end))))
    }

    fn unclosed(&self, from: usize) -> Diagnostic {
        let span = Span::new(self.source, from..from + 1);
        Diagnostic::error(Code::Syntax, span, "a text in quotes does not end in its line")
    }
}

#[cfg(test)]
mod tests {
    use super::{Message, Value, parse};
    use crate::diagnostic::Sources;

    fn shown(message: &Message) -> String {
        let field = |(name, value): &(crate::diagnostic::Spanned<String>, Value)| match value {
            Value::Message(message) => format!("{}{{{}}}", name.value, shown(message)),
            Value::Text(text) => format!("{}:{:?}", name.value, text.value),
            Value::Word(word) => format!("{}:{}", name.value, word.value),
        };
        message.fields.iter().map(field).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn reads_what_protocol_buffers_write() {
        for (text, expected) in [
            ("", ""),
            ("a: 1 b: -2.5e-3 c: TRAIN d: .5f", "a:1 b:-2.5e-3 c:TRAIN d:.5f"),
            ("a { b: 1 } c: { d: 2 } e < f: 3 >", "a{b:1} c{d:2} e{f:3}"),
            ("a: [1, 2] a: 3; b: [], c: [{d: 1}, {d: 2}]", "a:1 a:2 a:3 c{d:1} c{d:2}"),
            ("a: \"x\" 'y' \"\\\"\\n\" # \"\n b: 1", "a:\"xy\\\"\\n\" b:1"),
            ("a: - 1 b:1# end", "a:-1 b:1"),
            ("\u{feff}a:1", "a:1"),
        ] {
            let source = Sources::default().add("a.prototxt", text);
            let message = parse(text, source).unwrap_or_else(|error| panic!("{text}: {error:?}"));
            assert_eq!(shown(&message), expected, "{text}");
        }
    }

    #[test]
    fn says_what_is_wrong() {
        for (text, expected) in [
            ("a", "expected `:` or `{` | the file ends"),
            ("a 1", "expected `:` or `{` | found `1`"),
            ("a: }", "expected a value for `a` | found `}`"),
            ("a { b: 1", "expected `}` | the file ends"),
            ("a { b: 1 >", "expected the name of a field, such as `name` or `layer` | found `>`"),
            ("1: 2", "expected the name of a field, such as `name` or `layer` | found `1`"),
            ("a: [1 2]", "expected `,` or `]` | found `2`"),
            ("a: \"b\nc\"", "a text in quotes does not end in its line | "),
            ("a: 'b\\", "a text in quotes does not end in its line | "),
        ] {
            let mut sources = Sources::default();
            let source = sources.add("a.prototxt", text);
            let error = parse(text, source).expect_err(text);
            assert_eq!(format!("{} | {}", error.message, error.primary.text), expected, "{text}");
        }
        let source = Sources::default().add("a.prototxt", "");
        assert!(parse(&"a{".repeat(1_000_000), source).expect_err("deep").message.contains("32 deep"));
        assert!(parse(&"a:1 ".repeat(1_000_000), source).expect_err("long").message.contains("300000 fields"));
    }
}
