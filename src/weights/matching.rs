//! Arrays and a network's weights, matched by name and sizes.

use std::collections::BTreeMap;
use std::fmt;

use super::TRACKED;
use crate::pattern::Rename;
use crate::program::ProgramWeight;

/// How a set of arrays differs from the weights of a network.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WeightsMismatch {
    /// The network's weights that are not among the arrays.
    pub missing: Vec<String>,
    /// Arrays that the network does not have.
    pub unexpected: Vec<String>,
    /// Same name, different sizes.
    pub reshaped: Vec<Reshaped>,
    /// With which names they would fit, by their order and shapes.
    pub renames: Vec<Rename>,
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

impl WeightsMismatch {
    /// How many of the network's weights cannot be taken.
    pub(super) fn lacking(&self) -> usize {
        self.missing.len() + self.reshaped.len()
    }

    /// Whether everything fits.
    pub(super) fn is_none(&self) -> bool {
        self.lacking() == 0 && self.unexpected.is_empty()
    }
}

/// The names that a network's weights have among arrays of these sizes, in the network's order, if the arrays are these
/// weights and nothing else. Batch norms' counters may be there or not.
///
/// # Errors
/// If the arrays are not those of the network.
pub fn matching<'a>(
    weights: &[ProgramWeight],
    arrays: &BTreeMap<&'a str, &[usize]>,
) -> Result<Vec<&'a str>, WeightsMismatch> {
    let mut unclaimed = arrays.clone();
    unclaimed.retain(|name, _| !is_counter(name));
    let mut matched = Vec::with_capacity(weights.len());
    let mut mismatch = WeightsMismatch::default();
    for weight in weights {
        match unclaimed.remove_entry(weight.name.as_str()) {
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
    if mismatch.is_none() { Ok(matched) } else { Err(mismatch) }
}

/// Whether this is what a batch norm counts in PyTorch, which nothing here reads.
pub(crate) fn is_counter(name: &str) -> bool {
    name.rsplit('.').next() == Some(TRACKED)
}

/// How many names an error message lists before it only counts.
pub(super) const LISTED: usize = 10;

/// The most renames that an error message shows.
const SHOWN: usize = 12;

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
        match self.renames.len() {
            0 => return Ok(()),
            1..=SHOWN => f.write_str("\nby order and shape they fit under other names; if these are meant, add")?,
            many => write!(
                f,
                "\nby order and shape they fit under other names, in {many} patterns, which \
                 `archc weights FILE --network NETWORK` prints; the first are"
            )?,
        }
        for rename in self.renames.iter().take(SHOWN) {
            write!(f, "\n  --rename '{}={}'", rename.pattern, rename.replacement)?;
        }
        Ok(())
    }
}
