//! Patterns over the names of weights: `fc.*`, `layer1.*.bias`.

/// Whether `text` has the form of `pattern`, in which `*` stands for any characters.
pub fn glob(pattern: &str, text: &str) -> bool {
    let Some((first, others)) = pattern.split_once('*') else { return pattern == text };
    let Some(mut rest) = text.strip_prefix(first) else { return false };
    let (middle, last) = others.rsplit_once('*').unwrap_or(("", others));
    for part in middle.split('*') {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

/// A pattern, and what names of its form become: `backbone.*` and `*`. The first `*` of the new name stands for what
/// the first one of the pattern stood for, and so on; the rest of them are left out. What has no new name is left out
/// altogether.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rename {
    /// What names are renamed.
    pub pattern: String,
    /// What they become.
    pub replacement: String,
}

impl Rename {
    /// Both, if the new name asks for nothing that the pattern has not.
    ///
    /// # Errors
    /// What is wrong, in words.
    pub fn new(pattern: &str, replacement: &str) -> Result<Rename, String> {
        let [has, wants] = [pattern, replacement].map(|text| text.matches('*').count());
        if pattern.is_empty() {
            return Err("the pattern is empty; `*` stands for any name".to_owned());
        }
        if wants > has {
            return Err(format!("`{replacement}` has {wants} `*`, and the pattern `{pattern}` only {has}"));
        }
        Ok(Rename { pattern: pattern.to_owned(), replacement: replacement.to_owned() })
    }

    /// What `name` becomes, if the pattern is for it.
    pub fn apply(&self, name: &str) -> Option<String> {
        let mut captured = captures(&self.pattern, name)?.into_iter();
        let mut parts = self.replacement.split('*');
        let mut renamed = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            renamed.push_str(captured.next().unwrap_or_default());
            renamed.push_str(part);
        }
        Some(renamed)
    }
}

/// What each `*` of the pattern stands for, each but the last for as little as possible.
fn captures<'a>(pattern: &str, text: &'a str) -> Option<Vec<&'a str>> {
    let Some((first, others)) = pattern.split_once('*') else { return (pattern == text).then(Vec::new) };
    let mut rest = text.strip_prefix(first)?;
    let (middle, last) = others.rsplit_once('*').map_or((None, others), |(middle, last)| (Some(middle), last));
    let mut found = Vec::new();
    for part in middle.into_iter().flat_map(|middle| middle.split('*')) {
        let at = rest.find(part)?;
        found.push(&rest[..at]);
        rest = &rest[at + part.len()..];
    }
    found.push(rest.strip_suffix(last)?);
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::{Rename, glob};

    #[test]
    fn globs() {
        for (pattern, text, expected) in [
            ("*.bias", "net.4.bias", true),
            ("net.4.bias", "net.4.bias", true),
            ("net.4.bias", "net.14.bias", false),
            ("layer*.conv?", "layer1.0.conv1", false),
            ("layer*.*.weight", "layer1.0.conv1.weight", true),
            ("*", "anything", true),
            ("a*b", "ab", true),
            ("a*ba", "aba", true),
            ("ab*ba", "aba", false),
        ] {
            assert_eq!(glob(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn renames() {
        for (pattern, replacement, text, expected) in [
            ("backbone.*", "*", "backbone.conv1.weight", Some("conv1.weight")),
            ("backbone.*", "*", "head.weight", None),
            ("*", "net.*", "conv1.weight", Some("net.conv1.weight")),
            ("head.fc.weight", "fc.weight", "head.fc.weight", Some("fc.weight")),
            ("s*.b*.conv.*", "block*.*.*", "s1.b2.conv.weight", Some("block1.2.weight")),
            ("a*b*c", "*|*", "axbybzc", Some("x|ybz")),
            ("**", "*|*", "ab", Some("|ab")),
            ("a.*.c*", "*", "a.b.c.d", Some("b")),
            ("aux.*", "", "aux.fc.bias", Some("")),
        ] {
            let rename = Rename::new(pattern, replacement).expect("it is sound");
            assert_eq!(rename.apply(text).as_deref(), expected, "{pattern} {replacement} {text}");
            assert_eq!(glob(pattern, text), expected.is_some(), "{pattern} {text}");
        }
        assert!(Rename::new("fc.*", "*.*").is_err());
        assert!(Rename::new("", "fc").is_err());
    }
}
