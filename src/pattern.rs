//! Patterns over the names of weights: `fc.*`, `layer1.*.bias`.

/// Whether `text` has the form of `pattern`, in which `*` stands for any characters.
pub fn glob(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = text.strip_prefix(parts.next().unwrap_or("")) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::glob;

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
}
