//! Arrays and a network's weights, matched by name and sizes.

use std::collections::BTreeMap;
use std::fmt;

use super::TRACKED;
use crate::program::ProgramWeight;

/// Prefixes that wrappers of PyTorch put before every name.
const WRAPPERS: [&str; 2] = ["module.", "_orig_mod."];

/// How a set of arrays differs from the weights of a network.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WeightsMismatch {
    /// The network's weights that are not among the arrays.
    pub missing: Vec<String>,
    /// Arrays that the network does not have.
    pub unexpected: Vec<String>,
    /// Same name, different sizes.
    pub reshaped: Vec<Reshaped>,
}

/// An array whose sizes are not those of the weight of its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reshaped {
    /// The name of both.
    pub name: String,
    /// Sizes in the file.
    pub found: Vec<usize>,
    /// Sizes in the network.
    pub expected: Vec<usize>,
}

/// The names that a network's weights have among arrays of these sizes, in the network's order. Batch norms' counters
/// may be there or not, and every name may carry the prefix of a wrapper.
///
/// # Errors
/// If the arrays are not those of the network.
pub fn matching<'a>(
    weights: &[ProgramWeight],
    arrays: &BTreeMap<&'a str, &[usize]>,
) -> Result<Vec<&'a str>, WeightsMismatch> {
    let wrapped = |prefix: &&str| arrays.keys().all(|name| name.starts_with(prefix));
    let own = |prefix: &&str| weights.iter().any(|weight| weight.name.starts_with(prefix));
    let prefix = WRAPPERS.into_iter().find(|prefix| wrapped(prefix) && !own(prefix)).unwrap_or("");
    let mut unclaimed: BTreeMap<&str, (&str, &[usize])> = arrays
        .iter()
        .map(|(name, sizes)| (&name[prefix.len()..], (*name, *sizes)))
        .filter(|(name, _)| !is_counter(name))
        .collect();
    let mut matched = Vec::with_capacity(weights.len());
    let mut mismatch = WeightsMismatch::default();
    for weight in weights {
        match unclaimed.remove(weight.name.as_str()) {
            None => mismatch.missing.push(weight.name.clone()),
            Some((_, sizes)) if sizes != weight.shape => mismatch.reshaped.push(Reshaped {
                name: weight.name.clone(),
                found: sizes.to_vec(),
                expected: weight.shape.clone(),
            }),
            Some((name, _)) => matched.push(name),
        }
    }
    mismatch.unexpected = unclaimed.into_keys().map(str::to_owned).collect();
    if mismatch == WeightsMismatch::default() { Ok(matched) } else { Err(mismatch) }
}

/// Whether this is what a batch norm counts in PyTorch, which nothing here reads.
pub(crate) fn is_counter(name: &str) -> bool {
    name.rsplit('.').next() == Some(TRACKED)
}

/// The name without a wrapper's prefix.
pub(super) fn bare(name: &str) -> &str {
    WRAPPERS.iter().find_map(|prefix| name.strip_prefix(prefix)).unwrap_or(name)
}

/// How many names an error message lists before it only counts.
const LISTED: usize = 10;

impl fmt::Display for WeightsMismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sizes = |shape: &[usize]| match shape {
            [] => "a single number".to_owned(),
            _ => shape.iter().map(usize::to_string).collect::<Vec<_>>().join("×"),
        };
        let reshaped = self.reshaped.iter().map(|Reshaped { name, found, expected }| {
            format!("{name} is {} in the file, {} in the network", sizes(found), sizes(expected))
        });
        let groups = [
            ("missing in the file", self.missing.clone()),
            ("unknown to the network", self.unexpected.clone()),
            ("of another shape", reshaped.collect()),
        ];
        f.write_str("the weights do not fit the network")?;
        for (what, names) in groups.iter().filter(|(_, names)| !names.is_empty()) {
            write!(f, "\n  {} {what}: {}", names.len(), names[..names.len().min(LISTED)].join(", "))?;
            if names.len() > LISTED {
                write!(f, ", and {} more", names.len() - LISTED)?;
            }
        }
        Ok(())
    }
}
