//! Names of foreign layers as names of the language.

use std::collections::{HashMap, HashSet};

/// Gives names that differ, and that the language can write.
#[derive(Debug, Default)]
pub struct Names {
    given: HashSet<String>,
    /// How often a name has been asked for.
    asked: HashMap<String, usize>,
}

/// Bytes of a name that are kept.
const LONGEST: usize = 200;

impl Names {
    /// `wanted` as far as it can be: a `/` begins a level as `.` does here, other characters become `_`, and a name
    /// that is taken gets a number.
    pub fn give(&mut self, wanted: &str) -> String {
        let name = plain(wanted);
        let count = self.asked.entry(name.clone()).or_default();
        *count += 1;
        let mut free = if *count == 1 { name.clone() } else { format!("{name}_{count}") };
        while !self.given.insert(free.clone()) {
            *self.asked.get_mut(&name).expect("it has just been asked for") += 1;
            free = format!("{name}_{}", self.asked[&name]);
        }
        free
    }
}

fn plain(wanted: &str) -> String {
    let character = |c: char| match c {
        '/' | '.' => '.',
        '_' | '-' => c,
        c if c.is_ascii_alphanumeric() => c,
        _ => '_',
    };
    let name: String = wanted.chars().map(character).take(LONGEST).collect();
    let parts: Vec<&str> = name.split('.').filter(|part| !part.is_empty()).collect();
    match parts.last() {
        None => "layer".to_string(),
        // The language's own name for what a network reads.
        Some(&"input") => format!("{}_", parts.join(".")),
        Some(_) => parts.join("."),
    }
}

#[cfg(test)]
mod tests {
    use super::Names;

    #[test]
    fn differ_and_can_be_written() {
        let mut names = Names::default();
        for (wanted, expected) in [
            ("conv1/7x7_s2", "conv1.7x7_s2"),
            ("conv1", "conv1"),
            ("conv1", "conv1_2"),
            ("conv1_3", "conv1_3"),
            ("conv1", "conv1_4"),
            ("input", "input_"),
            ("a/input", "a.input_"),
            ("//a//b/", "a.b"),
            ("{x} y", "_x__y"),
            ("é", "_"),
            ("", "layer"),
            ("...", "layer_2"),
        ] {
            assert_eq!(names.give(wanted), expected, "{wanted}");
        }
        assert!(names.give(&"a".repeat(10_000)).len() < 1000);
    }
}
