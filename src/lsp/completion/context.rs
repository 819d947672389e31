//! Where in a file something is being written. Read from lines and brackets alone: while one types, the text is seldom
//! YAML or TOML.

use super::super::text::Lines;
use crate::syntax::Format;

/// What stands around the cursor.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Context {
    /// The keys around it, outermost first.
    pub path: Vec<String>,
    /// Keys that the mapping around it has already.
    pub beside: Vec<String>,
    /// What has been written of the value, or of the key, up to the cursor.
    pub written: String,
    /// Whether a key may stand here.
    pub is_key: bool,
    /// Whether a value may.
    pub is_value: bool,
}

/// So many lines are looked at.
const MOST_LINES: usize = 10_000;

/// What stands around byte `offset`.
pub fn context(text: &str, lines: &Lines, format: Format, offset: usize) -> Context {
    match format {
        Format::Yaml => yaml(text, lines, offset),
        Format::Toml => toml(text, lines, offset),
    }
}

/// A line of YAML up to where it is read: the column of what stands behind dashes, whether there are any, and that
/// text.
fn content(line: &str) -> (usize, bool, &str) {
    let (mut column, mut is_entry) = (0, false);
    loop {
        let rest = &line[column..];
        let blank = rest.len() - rest.trim_start_matches(' ').len();
        let rest = &rest[blank..];
        match rest.strip_prefix('-') {
            Some(after) if after.is_empty() || after.starts_with(' ') => {
                (column, is_entry) = (column + blank + 1, true)
            }
            _ => return (column + blank, is_entry, rest),
        }
    }
}

/// A key of block YAML, and what stands behind its colon.
fn key(content: &str) -> Option<(String, &str)> {
    let (key, rest) = match content.chars().next()? {
        quote @ ('"' | '\'') => {
            let (key, rest) = content[1..].split_once(quote)?;
            (key, rest.trim_start().strip_prefix(':')?)
        }
        '[' | '{' | '#' => return None,
        _ => {
            let colon = content.match_indices(':').map(|(at, _)| at);
            let mut colon = colon.filter(|at| content[at + 1..].chars().next().is_none_or(char::is_whitespace));
            let at = colon.next()?;
            (content[..at].trim_end(), &content[at + 1..])
        }
    };
    Some((key.to_string(), rest))
}

fn yaml(text: &str, lines: &Lines, offset: usize) -> Context {
    let line = lines.line(offset);
    let before = &text[lines.start(line, text)..offset];
    let (column, is_entry, written) = content(before);
    let mut context = Context::default();
    // Whether keys in this column still belong to the mapping around the cursor.
    let (mut column, mut is_inside) = (column, !is_entry);
    for line in (line.saturating_sub(MOST_LINES)..line).rev() {
        let (other, starts, written) = content(lines.get(line, text));
        if written.is_empty() || written.starts_with('#') {
            continue;
        }
        let key = key(written);
        if other == column && is_inside && context.path.is_empty() {
            context.beside.extend(key.as_ref().map(|(key, _)| key.clone()));
            is_inside = !starts;
        } else if other < column {
            column = other;
            if let Some((key, _)) = key {
                context.path.insert(0, key);
            }
        }
        if column == 0 {
            break;
        }
    }
    // Keys of the same mapping below the cursor.
    let own = content(before).0;
    for below in line + 1..lines.count().min(line + MOST_LINES) {
        let (other, starts, written) = content(lines.get(below, text));
        if written.is_empty() || written.starts_with('#') || other > own {
            continue;
        }
        if other < own || starts {
            break;
        }
        context.beside.extend(key(written).map(|(key, _)| key));
    }
    match key(written) {
        Some((key, value)) => {
            context.path.push(key);
            context.beside.clear();
            flow(value.trim_start(), ':', context)
        }
        None => {
            let is_word = written.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '"' | '\''));
            let context = Context { is_key: is_word, is_value: is_entry || !is_word, ..context };
            match written.starts_with(['[', '{']) && !written.starts_with("{{") {
                true => flow(written, ':', context),
                false => Context { written: written.trim_start_matches(['"', '\'']).to_string(), ..context },
            }
        }
    }
}

fn toml(text: &str, lines: &Lines, offset: usize) -> Context {
    let line = lines.line(offset);
    let header = |line: &usize| {
        let written = lines.get(*line, text).trim();
        written.starts_with('[') && written.ends_with(']') && !written.contains([',', '"', '=', '{'])
    };
    let table = (line.saturating_sub(MOST_LINES)..line).rev().find(header);
    let mut context = Context::default();
    let mut start = 0;
    if let Some(table) = table {
        let written = lines.get(table, text).trim().trim_matches(['[', ']']);
        context.path = written.split('.').map(|key| key.trim().trim_matches(['"', '\'']).to_string()).collect();
        start = lines.start(table + 1, text);
    } else if line > MOST_LINES {
        start = lines.start(line - MOST_LINES, text);
    }
    // What stands in brackets reaches over lines; a statement begins where none is open.
    let mut statement = start;
    let mut depth = 0usize;
    for at in lines.line(start)..line {
        let written = lines.get(at, text);
        if depth == 0 {
            statement = lines.start(at, text);
            context.beside.extend(written.split_once('=').map(|(key, _)| key.trim().to_string()));
        }
        for bracket in super::super::folding::outside_of_strings(written) {
            depth = if matches!(bracket, '[' | '{') { depth + 1 } else { depth.saturating_sub(1) };
        }
    }
    let statement = if depth == 0 { lines.start(line, text) } else { statement };
    let written = &text[statement.min(offset)..offset];
    match written.split_once('=') {
        Some((key, value)) => {
            context.path.push(key.trim().trim_matches(['"', '\'']).to_string());
            context.beside.clear();
            flow(value.trim_start(), '=', context)
        }
        None => Context { written: written.trim_start().to_string(), is_key: true, ..context },
    }
}

/// A value that may hold lists and mappings in brackets; `separator` stands behind their keys.
fn flow(value: &str, separator: char, mut context: Context) -> Context {
    let mut open: Vec<Bracket> = Vec::new();
    let mut segment = 0;
    let mut quote: Option<char> = None;
    for (at, c) in value.char_indices() {
        let written = value[segment..at].trim_start();
        match (quote, c) {
            (Some(end), _) => quote = quote.filter(|_| c != end),
            (None, '"' | '\'') if written.is_empty() || written.ends_with(['=', ' ']) => quote = Some(c),
            // Braces within a line of notation are arithmetic.
            (None, '{' | '[') if !is_start(written, separator) => open.push(Bracket::Arithmetic),
            (None, '{' | '[') => {
                let key = split(written, separator).map(|(key, _)| key);
                open.push(Bracket::Opened { is_map: c == '{', key: key.clone(), beside: context.beside.clone() });
                context.path.extend(key);
                context.beside.clear();
                segment = at + 1;
            }
            (None, '}' | ']') => match open.pop() {
                Some(Bracket::Opened { key, beside, .. }) => {
                    context.path.truncate(context.path.len() - usize::from(key.is_some()));
                    context.beside = beside;
                    // The mapping has that key now.
                    context.beside.extend(key);
                }
                Some(Bracket::Arithmetic) | None => {}
            },
            (None, ',') if !matches!(open.last(), Some(Bracket::Arithmetic)) => {
                context.beside.extend(split(written, separator).map(|(key, _)| key));
                segment = at + 1;
            }
            (None, _) => {}
        }
    }
    let written = value[segment..].trim_start();
    let unquoted = |text: &str| text.trim_start_matches(['"', '\'']).to_string();
    let is_map = open.iter().rev().find_map(|bracket| match bracket {
        Bracket::Opened { is_map, .. } => Some(*is_map),
        Bracket::Arithmetic => None,
    });
    match (is_map, split(written, separator)) {
        (Some(true), Some((key, value))) => {
            context.path.push(key);
            context.beside.clear();
            Context { written: unquoted(value.trim_start()), is_key: false, is_value: true, ..context }
        }
        (Some(true), None) => Context { written: unquoted(written), is_key: true, is_value: false, ..context },
        _ => Context { written: unquoted(written), is_key: false, is_value: true, ..context },
    }
}

enum Bracket {
    /// A list or mapping, with the key before it, and the keys of the mapping in which that stands.
    Opened {
        is_map: bool,
        key: Option<String>,
        beside: Vec<String>,
    },
    Arithmetic,
}

/// Whether a value may begin behind what is `written`.
fn is_start(written: &str, separator: char) -> bool {
    written.trim().is_empty() || split(written, separator).is_some_and(|(_, value)| value.trim().is_empty())
}

/// A key and what stands behind its separator.
fn split(written: &str, separator: char) -> Option<(String, &str)> {
    let (key, value) = written.split_once(separator)?;
    let key = key.trim().trim_matches(['"', '\'']);
    let is_key = !key.is_empty() && key.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.'));
    (is_key && (separator == '=' || value.is_empty() || value.starts_with(' '))).then(|| (key.to_string(), value))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The context at `|`: path, written, keys beside, and whether a key or a value may stand there.
    fn at(text: &str, format: Format) -> String {
        let offset = text.find('|').expect("a cursor");
        let text = text.replacen('|', "", 1);
        let Context { path, beside, written, is_key, is_value } = context(&text, &Lines::of(&text), format, offset);
        let kind = match (is_key, is_value) {
            (true, true) => "either",
            (true, false) => "key",
            (false, true) => "value",
            (false, false) => "nothing",
        };
        format!("{} [{written}] ({}) {kind}", path.join("."), beside.join(" "))
    }

    #[test]
    fn yaml_is_read_by_its_columns() {
        for (text, expected) in [
            ("|", " [] () key"),
            ("input: 3\ncl|\nlayers: []", " [cl] (input layers) key"),
            ("layers:\n  - conv 64 |", "layers [conv 64 ] () value"),
            ("layers:\n- co|", "layers [co] () either"),
            ("layers:\n  - residual:\n      - conv 8 3\n    af|", "layers [af] (residual) key"),
            ("layers:\n  - residual:\n      - conv 8 3 |", "layers.residual [conv 8 3 ] () value"),
            ("layers:\n  - conv 1\n  - residual: co|\n    after: relu", "layers.residual [co] () value"),
            ("layers:\n  - {from: [a, |", "layers.from [] () value"),
            ("layers:\n  - {from: [a, b], me|", "layers [me] (from) key"),
            ("layers:\n  - {from: [a, b], merge: c|", "layers.merge [c] () value"),
            ("layers: [conv 1 1, \"conv {wi|", "layers [conv {wi] () value"),
            ("layers:\n  - conv {wi|", "layers [conv {wi] () value"),
            ("layers:\n  - conv: {out: 3, ke|", "layers.conv [ke] (out) key"),
            ("layers:\n  - conv:\n      out: 3\n      ke|", "layers.conv [ke] (out) key"),
            ("train:\n  epochs: 3\n  opt|\n  seed: 1", "train [opt] (epochs seed) key"),
            ("train: {epochs: 3, optimizer: sgd lr|", "train.optimizer [sgd lr] () value"),
            ("train:\n  optimizer:\n    sgd: {lr: 1, mo|", "train.optimizer.sgd [mo] (lr) key"),
            ("# x\nlet:\n  a: 1\n  # y\n\n  b: 2*|", "let.b [2*] () value"),
            ("blocks:\n  unit(out, s=1):\n    - conv {out} s{|", "blocks.unit(out, s=1) [conv {out} s{] () value"),
            ("a:\n  - b:\n  - c: x\n    d|", "a [d] (c) key"),
            ("\"layers\":\n  - 'conv |", "layers [conv ] () value"),
        ] {
            assert_eq!(at(text, Format::Yaml), expected, "{text}");
        }
    }

    #[test]
    fn toml_is_read_by_its_tables() {
        for (text, expected) in [
            ("in|", " [in] () key"),
            ("input = [3]\nla|", " [la] (input) key"),
            ("layers = [\n  \"conv 64 |", "layers [conv 64 ] () value"),
            ("layers = [\n  \"conv\",\n  {residual = \"conv 1 1\", af|", "layers [af] (residual) key"),
            ("a = 1\n[train]\nepochs = 3\nopt|", "train [opt] (epochs) key"),
            ("[train]\noptimizer = \"sgd lr|", "train.optimizer [sgd lr] () value"),
            ("[train.optimizer]\nsgd = {lr = 1, m|", "train.optimizer.sgd [m] (lr) key"),
            ("[data]\ntrain = [\"crop 32\", \"|", "data.train [] () value"),
        ] {
            assert_eq!(at(text, Format::Toml), expected, "{text}");
        }
    }

    #[test]
    fn any_text_has_a_context() {
        let text = "layers:\n - {a: [b, \"c {d}\", ü}: ]] -> [x: '\n\t- - -\n[[t]]\nk = {v = [1,\n2";
        for format in [Format::Yaml, Format::Toml] {
            for (offset, _) in text.char_indices() {
                context(text, &Lines::of(text), format, offset);
            }
        }
    }
}
