//! YAML scalars, quoted where they must be.

/// What YAML 1.1 or 1.2 reads as something other than text.
const RESERVED: [&str; 11] = ["null", "true", "false", "yes", "no", "on", "off", "y", "n", "nan", "inf"];

/// A text, plain if no reader can take it for anything else, also inside brackets; in double quotes otherwise.
pub fn scalar(text: &str) -> String {
    let harmless = |c: char| c.is_alphanumeric() || "_-./=> ".contains(c);
    let plain = text.starts_with(|c: char| c.is_alphabetic() || c == '_')
        && !text.ends_with(' ')
        && text.chars().all(harmless)
        && !RESERVED.contains(&text.to_lowercase().as_str());
    if plain { text.to_string() } else { quoted(text) }
}

/// A text in double quotes.
pub fn quoted(text: &str) -> String {
    let mut quoted = String::from('"');
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            c if c.is_control() => quoted.push_str(&format!("\\U{:08x}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// `[3, 32, 32]`; the items are scalars already.
pub fn flow_list(items: &[String]) -> String {
    format!("[{}]", items.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_what_yaml_would_misread() {
        for (text, expected) in [
            ("layer1.0.conv1", "layer1.0.conv1"),
            ("conv 64 3x3 p1 bias=false", "conv 64 3x3 p1 bias=false"),
            ("conv 64 3x3 p1 -> relu", "conv 64 3x3 p1 -> relu"),
            ("block1-2", "block1-2"),
            ("0", "\"0\""),
            ("0.1", "\"0.1\""),
            ("1e5", "\"1e5\""),
            ("", "\"\""),
            ("true", "\"true\""),
            ("No", "\"No\""),
            (".", "\".\""),
            ("*.bias", "\"*.bias\""),
            ("a: b", "\"a: b\""),
            ("a #b", "\"a #b\""),
            ("say \"hi\"\n", "\"say \\\"hi\\\"\\n\""),
            ("a, b", "\"a, b\""),
        ] {
            assert_eq!(scalar(text), expected, "{text}");
        }
    }
}
