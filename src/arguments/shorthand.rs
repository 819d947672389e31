//! Letters that stand for an argument's name.

/// What a shorthand stands for. `s=2` is `stride=2` too.
pub(crate) fn long_form(key: &str) -> &str {
    match key {
        "s" => "stride",
        "p" => "padding",
        "d" => "dilation",
        "g" => "groups",
        other => other,
    }
}
