//! A network's file without what is written anew.

use crate::syntax::Format;

/// What is left of a file.
#[derive(Debug, PartialEq)]
pub struct Rest {
    /// The lines before everything else.
    pub comment: String,
    /// What stands above all tables of a TOML file; nothing in YAML, whose sections may stand in any order.
    pub entries: String,
    /// Layers and the like.
    pub sections: String,
}

/// What is written anew.
const ANEW: [&str; 5] = ["name", "input", "classes", "data", "train"];

/// The lines of a file that do not belong to its name, sizes and recipe.
pub fn rest(text: &str, format: Format) -> Rest {
    let mut rest = Rest { comment: String::new(), entries: String::new(), sections: String::new() };
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next_if(|line| line.starts_with('#')) {
        rest.comment.push_str(&format!("{line}\n"));
    }
    let (mut keeps, mut in_table) = (true, format == Format::Yaml);
    for line in lines.filter(|line| !line.trim().is_empty()) {
        if let Some(key) = key(line, format, in_table) {
            keeps = !ANEW.contains(&key);
            in_table |= line.starts_with('[');
        }
        if keeps {
            let part = if in_table { &mut rest.sections } else { &mut rest.entries };
            // A blank line before each table of a TOML file.
            let blank = if line.starts_with('[') { "\n" } else { "" };
            part.push_str(&format!("{blank}{line}\n"));
        }
    }
    rest
}

/// The key of the entry or table that begins with this line.
fn key(line: &str, format: Format, in_table: bool) -> Option<&str> {
    let is_key = |key: &str| !key.is_empty() && key.chars().all(|c| c.is_alphanumeric() || c == '_');
    match format {
        Format::Yaml => line.split_once(':').map(|(key, _)| key),
        Format::Toml if line.starts_with('[') => line.trim_start_matches('[').split([']', '.']).next(),
        Format::Toml if in_table => None,
        Format::Toml => line.split_once('=').map(|(key, _)| key.trim_end()),
    }
    .filter(|key| is_key(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_sizes_and_recipe_are_left_out() {
        let yaml = "# a\n# b\nname: x\ninput: [3, 8, 8]\n\nclasses: 9    # c\nallow: [W004]\nlayers:\n  - conv 8 3x3\n# d\n  - flatten -> linear {classes}\n\
                    data:\n  set: digits\n  train:\n    - hflip\ntrain: {epochs: 3}\ninit:\n  conv: normal 0 1\n";
        let toml = "# a\nname = \"x\"\nclasses = 9\nallow = [\"W004\"]\nlayers = [\n  \"conv 8 3x3\",\n]\n\n[init]\nconv = \"normal 0 1\"\n\n\
                    [data]\nset = \"digits\"\n\n[train.optimizer]\nsgd = {lr = 1}\n[blocks]\nname = \"kept\"\n";
        for (text, format, comment, entries, sections) in [
            (
                yaml,
                Format::Yaml,
                "# a\n# b\n",
                "",
                "allow: [W004]\nlayers:\n  - conv 8 3x3\n# d\n  - flatten -> linear {classes}\ninit:\n  conv: normal 0 1\n",
            ),
            (
                toml,
                Format::Toml,
                "# a\n",
                "allow = [\"W004\"]\nlayers = [\n  \"conv 8 3x3\",\n]\n",
                "\n[init]\nconv = \"normal 0 1\"\n\n[blocks]\nname = \"kept\"\n",
            ),
        ] {
            let [comment, entries, sections] = [comment, entries, sections].map(str::to_owned);
            assert_eq!(rest(text, format), Rest { comment, entries, sections });
        }
    }
}
