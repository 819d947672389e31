//! JSON in which every value knows its place.

mod written;

use crate::diagnostic::{Code, Diagnostic, SourceId, Span, Spanned};
pub use written::pretty;

/// A value, and where it stands.
#[derive(Debug, Clone)]
pub struct Json {
    pub span: Span,
    pub value: Value,
}

#[derive(Debug, Clone)]
pub enum Value {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
    List(Vec<Json>),
    Map(Vec<(Spanned<String>, Json)>),
}

/// Values in one text, and how deep they may lie within each other.
const MOST_VALUES: usize = 1 << 20;
const DEEPEST: usize = 128;

/// The values that a text holds, one after the other.
pub fn values(text: &str, source: SourceId) -> Result<Vec<Json>, Diagnostic> {
    let mut reader = Reader { text, source, at: 0, left: MOST_VALUES };
    let mut values = Vec::new();
    reader.blank();
    while reader.at < text.len() {
        values.push(reader.value(0)?);
        reader.blank();
    }
    Ok(values)
}

/// The one value that a text holds.
pub fn value(text: &str, source: SourceId) -> Result<Json, Diagnostic> {
    let mut reader = Reader { text, source, at: 0, left: MOST_VALUES };
    reader.blank();
    let value = reader.value(0)?;
    reader.blank();
    match text.get(reader.at..) {
        Some("") => Ok(value),
        _ => Err(reader.wrong("something stands behind the end")),
    }
}

impl Json {
    /// What stands under a key.
    pub fn get(&self, key: &str) -> Option<&Json> {
        match &self.value {
            Value::Map(entries) => entries.iter().find(|(name, _)| name.value == key).map(|(_, value)| value),
            _ => None,
        }
    }

    /// The values of a list; none of anything else.
    pub fn list(&self) -> &[Json] {
        match &self.value {
            Value::List(values) => values,
            _ => &[],
        }
    }

    pub fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// A text with its place.
    pub fn name(&self) -> Option<Spanned<String>> {
        Some(Spanned::new(self.text()?.to_string(), self.span))
    }

    /// A whole number; `2.0` is one.
    pub fn whole(&self) -> Option<i64> {
        match self.value {
            Value::Int(number) => Some(number),
            Value::Float(number) if number.fract() == 0.0 && number.abs() < 1e15 => Some(number as i64),
            _ => None,
        }
    }

    pub fn number(&self) -> Option<f64> {
        match self.value {
            Value::Int(number) => Some(number as f64),
            Value::Float(number) => Some(number),
            _ => None,
        }
    }

    pub fn truth(&self) -> Option<bool> {
        match self.value {
            Value::Bool(truth) => Some(truth),
            _ => None,
        }
    }

    pub fn is_null(&self) -> bool {
        matches!(self.value, Value::Null)
    }
}

struct Reader<'t> {
    text: &'t str,
    source: SourceId,
    at: usize,
    /// How many more values may come.
    left: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn blank(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn span(&self, from: usize) -> Span {
        Span::new(self.source, from..self.at)
    }

    fn wrong(&self, message: impl Into<String>) -> Diagnostic {
        let start = self.text.floor_char_boundary(self.at.min(self.text.len()));
        let end = self.text.ceil_char_boundary((start + 1).min(self.text.len()));
        Diagnostic::error(Code::Syntax, Span::new(self.source, start..end), message)
    }

    fn value(&mut self, depth: usize) -> Result<Json, Diagnostic> {
        let start = self.at;
        self.left = self.left.checked_sub(1).ok_or_else(|| {
            let span = Span::new(self.source, start..start);
            Diagnostic::error(Code::Limit, span, format!("more than {MOST_VALUES} values"))
        })?;
        if depth > DEEPEST {
            let span = Span::new(self.source, start..start + 1);
            return Err(Diagnostic::error(Code::Limit, span, format!("values lie more than {DEEPEST} levels deep")));
        }
        let value = match self.peek() {
            Some(b'{') => self.map(depth)?,
            Some(b'[') => self.list(depth)?,
            Some(b'"') => Value::Text(self.string()?),
            Some(b'-' | b'0'..=b'9') if !self.text[start..].starts_with("-Infinity") => self.number()?,
            Some(_) => self.word()?,
            None => return Err(self.wrong("the text ends where a value is expected")),
        };
        Ok(Json { span: self.span(start), value })
    }

    fn map(&mut self, depth: usize) -> Result<Value, Diagnostic> {
        let mut entries: Vec<(Spanned<String>, Json)> = Vec::new();
        self.at += 1;
        self.blank();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(Value::Map(entries));
        }
        loop {
            self.blank();
            let start = self.at;
            if self.peek() != Some(b'"') {
                return Err(self.wrong("expected a key in quotes"));
            }
            let key = self.string()?;
            let key = Spanned::new(key, self.span(start));
            self.blank();
            if self.peek() != Some(b':') {
                return Err(self.wrong("expected a `:` behind the key"));
            }
            self.at += 1;
            self.blank();
            let value = self.value(depth + 1)?;
            entries.push((key, value));
            self.blank();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}') => {
                    self.at += 1;
                    return Ok(Value::Map(entries));
                }
                _ => return Err(self.wrong("expected a `,` or a `}`")),
            }
        }
    }

    fn list(&mut self, depth: usize) -> Result<Value, Diagnostic> {
        let mut values = Vec::new();
        self.at += 1;
        self.blank();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(Value::List(values));
        }
        loop {
            self.blank();
            values.push(self.value(depth + 1)?);
            self.blank();
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b']') => {
                    self.at += 1;
                    return Ok(Value::List(values));
                }
                _ => return Err(self.wrong("expected a `,` or a `]`")),
            }
        }
    }

    fn string(&mut self) -> Result<String, Diagnostic> {
        let mut found = String::new();
        self.at += 1;
        loop {
            let rest = &self.text[self.at..];
            let Some(length) = rest.find(['"', '\\', '\n']) else {
                self.at = self.text.len();
                return Err(self.wrong("a text in quotes does not end"));
            };
            found.push_str(&rest[..length]);
            self.at += length;
            match self.peek() {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(found);
                }
                Some(b'\\') => found.push(self.escape()?),
                _ => return Err(self.wrong("a text in quotes does not end on its line")),
            }
        }
    }

    fn escape(&mut self) -> Result<char, Diagnostic> {
        self.at += 1;
        let plain = match self.peek() {
            Some(byte @ (b'"' | b'\\' | b'/')) => char::from(byte),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                self.at += 1;
                let first = self.unit()?;
                // Two units of UTF-16 are one character where the first one says so.
                let second = match (0xd800..0xdc00).contains(&first) && self.text[self.at..].starts_with("\\u") {
                    true => {
                        self.at += 2;
                        Some(self.unit()?)
                    }
                    false => None,
                };
                let units = [first, second.unwrap_or(0)];
                let units = &units[..1 + usize::from(second.is_some())];
                return Ok(char::decode_utf16(units.iter().copied()).next().and_then(Result::ok).unwrap_or('\u{fffd}'));
            }
            _ => return Err(self.wrong("there is no such escape")),
        };
        self.at += 1;
        Ok(plain)
    }

    fn unit(&mut self) -> Result<u16, Diagnostic> {
        let digits = self.text.get(self.at..self.at + 4).filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()));
        let unit = digits.and_then(|digits| u16::from_str_radix(digits, 16).ok());
        let unit = unit.ok_or_else(|| self.wrong("expected four hexadecimal digits"))?;
        self.at += 4;
        Ok(unit)
    }

    fn number(&mut self) -> Result<Value, Diagnostic> {
        let start = self.at;
        while matches!(self.peek(), Some(b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E')) {
            self.at += 1;
        }
        let written = &self.text[start..self.at];
        if let Ok(number) = written.parse() {
            return Ok(Value::Int(number));
        }
        match written.parse::<f64>() {
            Ok(number) => Ok(Value::Float(number)),
            Err(_) => {
                let span = self.span(start);
                Err(Diagnostic::error(Code::Syntax, span, format!("`{written}` is no number")))
            }
        }
    }

    /// `true` and the like; Python writes numbers that are none as words.
    fn word(&mut self) -> Result<Value, Diagnostic> {
        let words = [
            ("true", Value::Bool(true)),
            ("false", Value::Bool(false)),
            ("null", Value::Null),
            ("NaN", Value::Float(f64::NAN)),
            ("Infinity", Value::Float(f64::INFINITY)),
            ("-Infinity", Value::Float(f64::NEG_INFINITY)),
        ];
        let rest = &self.text[self.at..];
        let Some((word, value)) = words.into_iter().find(|(word, _)| rest.starts_with(word)) else {
            return Err(self.wrong("expected a value"));
        };
        self.at += word.len();
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use super::{Value, value, values};
    use crate::diagnostic::Sources;

    fn shown(text: &str) -> String {
        let mut sources = Sources::default();
        let source = sources.add("a.json", text);
        match value(text, source) {
            Ok(json) => format!("{} {:?}", sources.text(json.span), json.value),
            Err(error) => format!("{} at {:?}", error.message, error.primary.span.range()),
        }
    }

    #[test]
    fn reads_what_python_writes() {
        for (text, expected) in [
            (" 12 ", "12 Int(12)"),
            ("-1.5e-3", "-1.5e-3 Float(-0.0015)"),
            ("NaN", "NaN Float(NaN)"),
            ("-Infinity", "-Infinity Float(-inf)"),
            (r#""a\né\ud83d\ude00""#, "\"a\\né\\ud83d\\ude00\" Text(\"a\\né😀\")"),
            (r#""\ud83d""#, "\"\\ud83d\" Text(\"\u{fffd}\")"),
            ("[]", "[] List([])"),
            ("{}", "{} Map([])"),
        ] {
            assert_eq!(shown(text), expected);
        }
        let json = value(r#"{"a": [true, null, {"b": 2.0}]}"#, Sources::default().add("a", "")).expect("it is JSON");
        let list = json.get("a").expect("it is there").list();
        assert_eq!(
            (list[0].truth(), list[1].is_null(), list[2].get("b").and_then(|b| b.whole())),
            (Some(true), true, Some(2))
        );
        assert!(matches!(list[2].value, Value::Map(_)));
        assert_eq!(values("{} 1\n[2]", Sources::default().add("a", "")).expect("they are JSON").len(), 3);
    }

    #[test]
    fn is_written_line_by_line() {
        let text = r#"{"a": [1, 2.0, NaN], "b": {"c": [], "d": [{"e": "x\ny"}]}, "f": {}}"#;
        let read = |text: &str| value(text, Sources::default().add("a", "")).expect("it is JSON");
        let written = super::pretty(&read(text));
        let expected = "{\n \"a\": [1, 2.0, NaN],\n \"b\": {\n  \"c\": [],\n  \"d\": [\n   {\n    \"e\": \"x\\ny\"\n   }\n  ]\n },\n \"f\": {}\n}\n";
        assert_eq!(written, expected);
        assert_eq!(super::pretty(&read(&written)), expected);
    }

    #[test]
    fn says_what_is_wrong() {
        for (text, expected) in [
            ("", "the text ends where a value is expected at 0..0"),
            ("[1 2]", "expected a `,` or a `]` at 3..4"),
            ("{\"a\" 1}", "expected a `:` behind the key at 5..6"),
            ("{a: 1}", "expected a key in quotes at 1..2"),
            ("\"a", "a text in quotes does not end at 2..2"),
            ("\"\\q\"", "there is no such escape at 2..3"),
            ("\"\\u12é\"", "expected four hexadecimal digits at 3..4"),
            ("1.2.3", "`1.2.3` is no number at 0..5"),
            ("1 2", "something stands behind the end at 2..3"),
            ("é", "expected a value at 0..2"),
            (&"[".repeat(1000), "values lie more than 128 levels deep at 129..130"),
        ] {
            assert_eq!(shown(text), expected, "{text}");
        }
    }
}
