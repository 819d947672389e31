//! Names that Python takes.

use std::collections::{HashMap, HashSet};

/// A name that Python takes: letters, digits and underscores.
pub fn identifier(text: &str) -> String {
    let mut name = text.replace(|c: char| !c.is_ascii_alphanumeric() && c != '_', "_");
    if !name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') || KEYWORDS.contains(&name.as_str()) {
        name.insert(0, '_');
    }
    name
}

/// Whether a name can stand behind a dot.
pub fn is_identifier(name: &str) -> bool {
    identifier(name) == name
}

/// Words of the language, and names that this file uses otherwise.
const KEYWORDS: [&str; 39] = [
    "False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue", "def", "del",
    "elif", "else", "except", "finally", "for", "from", "global", "if", "import", "in", "is", "lambda", "nonlocal",
    "not", "or", "pass", "raise", "return", "try", "while", "with", "yield", "nn", "torch", "self", "F",
];

/// A string, which JSON and Python write alike.
pub fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// Names of classes and functions, none of them twice.
#[derive(Debug, Default)]
pub struct Names {
    taken: HashSet<String>,
    /// From which number on a name may be free.
    next: HashMap<String, usize>,
}

impl Names {
    /// Keeps a name for something else.
    pub fn reserve(&mut self, name: &str) {
        self.taken.insert(name.to_owned());
    }

    /// After the last word of a path: `layer1.0` is a `Layer`.
    pub fn class(&mut self, path: &str) -> String {
        let parts = word(path);
        let name: String = parts
            .split('_')
            .filter(|part| !part.is_empty())
            .map(|part| {
                let (first, rest) = part.split_at(1);
                first.to_ascii_uppercase() + rest
            })
            .collect();
        // `None` and `F` are something else.
        self.unique(if identifier(&name) == name { name } else { format!("{name}Net") })
    }

    /// A name as it is.
    pub fn whole(&mut self, name: &str) -> String {
        self.unique(identifier(name))
    }

    /// The same as [`Names::class`] in small letters: `layer1.0` is a `layer`.
    pub fn function(&mut self, path: &str) -> String {
        let name = word(path).to_ascii_lowercase();
        self.unique(if identifier(&name) == name { name } else { format!("{name}_block") })
    }

    fn unique(&mut self, name: String) -> String {
        let next = self.next.entry(name.clone()).or_insert(1);
        loop {
            let numbered = if *next == 1 { name.clone() } else { format!("{name}{next}") };
            *next += 1;
            if self.taken.insert(numbered.clone()) {
                return numbered;
            }
        }
    }
}

/// The last word of a path, without the number behind it.
fn word(path: &str) -> String {
    let is_word = |word: &&str| word.starts_with(|c: char| c.is_ascii_alphabetic());
    let word = path.rsplit('.').find(is_word).unwrap_or("Block");
    identifier(word.trim_end_matches(|c: char| c.is_ascii_digit() || c == '_'))
}
