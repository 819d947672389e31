//! What a misspelt name was probably meant to be.

/// The candidate nearest to `name`, if it is near enough to be what was meant.
///
/// Distance is Damerau–Levenshtein's (optimal string alignment); a third of the name's length may differ, and one
/// character in any case, but not all of it. If none is near, one that begins as `name` does, or that is a part of it:
/// `pad` for `padding`, `num_classes` for `classes`.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    if name.len() > LONGEST {
        return None;
    }
    let length = name.chars().count();
    let allowed = (length / 3).max(1).min(length.saturating_sub(1));
    let is_part = |candidate: &str| {
        let is_word = candidate.len() >= SHORTEST_PART && name.split('_').any(|word| word == candidate);
        name.len() >= SHORTEST_START && candidate.starts_with(name) || is_word
    };
    let distance = |candidate: &str| match edit_distance(name, candidate) {
        near if near <= allowed => Some(near),
        _ => is_part(candidate).then_some(usize::MAX),
    };
    let near = candidates.into_iter().filter_map(|candidate| Some((distance(candidate)?, candidate)));
    near.min_by_key(|(distance, _)| *distance).map(|(_, candidate)| candidate)
}

/// Nobody misspells a name of more bytes.
const LONGEST: usize = 256;

/// Bytes of a name that stand for what begins with them, and of a part that stands for the whole.
const SHORTEST_START: usize = 3;
const SHORTEST_PART: usize = 5;

/// Insertions, deletions, substitutions and swaps of neighbours between `a` and `b`, ignoring case.
pub fn edit_distance(a: &str, b: &str) -> usize {
    let start = |name: &str| -> Vec<char> { name.chars().flat_map(char::to_lowercase).take(64).collect() };
    let (a, b) = (start(a), start(b));
    let mut rows = vec![vec![0; b.len() + 1]; a.len() + 1];
    for i in 0..=a.len() {
        for j in 0..=b.len() {
            rows[i][j] = if i == 0 || j == 0 {
                i + j
            } else {
                let substituted = rows[i - 1][j - 1] + usize::from(a[i - 1] != b[j - 1]);
                let swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
                let best = substituted.min(rows[i - 1][j] + 1).min(rows[i][j - 1] + 1);
                if swapped { best.min(rows[i - 2][j - 2] + 1) } else { best }
            };
        }
    }
    rows[a.len()][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suggests_near_names_only() {
        let names = ["conv", "maxpool", "linear"];
        for (name, expected) in [
            ("cnov", Some("conv")),
            ("Linear", Some("linear")),
            ("maxpol", Some("maxpool")),
            ("lstm", None),
            ("max", Some("maxpool")),
            ("linear_layer", Some("linear")),
            ("my_conv", None),
            ("q", None),
        ] {
            assert_eq!(nearest(name, names), expected, "{name}");
        }
    }
}
