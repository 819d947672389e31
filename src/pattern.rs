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
