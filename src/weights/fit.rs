//! Which array of a file is which weight of a network.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};

use super::matching::{Reshaped, WeightsMismatch, is_counter};
use super::naming::{self, Naming};
use super::reading::{Reading, Remark};
use crate::program::ProgramWeight;

/// What profilers and averages count, beside the weights.
const COUNTS: [&str; 3] = ["total_ops", "total_params", "n_averaged"];

/// How a set of arrays gives the weights of a network.
#[derive(Debug)]
pub struct Fit {
    /// For each weight the array that it is taken from; `None` where it begins anew.
    pub taken: Vec<Option<Taken>>,
    /// Whose names they are, where another package's.
    pub whose: Option<&'static str>,
    pub remarks: Vec<Remark>,
}

/// An array on its way to a weight.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    pub array: String,
    pub change: Change,
}

/// What becomes of the numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// They stay as they are, in this order.
    None,
    /// Those for these many colours are added up.
    Sum(usize),
    /// Those for grey are for each of these many colours, divided by as many.
    Spread(usize),
}

/// Finds the weights among arrays of these sizes, whatever the names mean.
///
/// # Errors
/// Where they differ, of all ways to understand the names by the one that comes closest.
pub fn fit(
    weights: &[ProgramWeight],
    arrays: &BTreeMap<&str, &[usize]>,
    reading: &Reading,
) -> Result<Fit, WeightsMismatch> {
    let (mut sizes, mut raw, mut names) = (Vec::new(), Vec::new(), Vec::new());
    for (name, shape) in arrays {
        let renamed = reading.renames.iter().find_map(|rename| rename.apply(name));
        // Without a new name it is as if it were not there.
        if renamed.as_ref().is_none_or(|renamed| !renamed.is_empty()) {
            sizes.push(*shape);
            raw.push(*name);
            names.push(renamed.map_or(Cow::Borrowed(*name), Cow::Owned));
        }
    }
    let own: Vec<&str> = weights.iter().map(|weight| weight.name.as_str()).collect();
    let attempt = Attempt { weights, known: own.iter().copied().collect(), sizes: &sizes, raw: &raw, reading };
    let mut best: Option<Result<Fit, WeightsMismatch>> = None;
    naming::try_all(&names, &own, |naming| {
        let Some(found) = attempt.with(naming) else { return false };
        let is_better = match (&found, &best) {
            (Ok(_), _) | (_, None) => true,
            (Err(found), Some(Err(best))) => {
                let lacks = |one: &WeightsMismatch| (one.lacking(), one.unexpected.len());
                lacks(found) < lacks(best)
            }
            (Err(_), Some(Ok(_))) => false,
        };
        if is_better {
            best = Some(found);
        }
        matches!(best, Some(Ok(_)))
    });
    best.unwrap_or_else(|| {
        let missing = own.iter().map(|name| (*name).to_owned()).collect();
        Err(WeightsMismatch { missing, ..WeightsMismatch::default() })
    })
}

/// The arrays of a file, to be held against a network under several names.
struct Attempt<'a> {
    weights: &'a [ProgramWeight],
    /// The names of the weights.
    known: HashSet<&'a str>,
    sizes: &'a [&'a [usize]],
    /// As the file has them.
    raw: &'a [&'a str],
    reading: &'a Reading,
}

impl Attempt<'_> {
    /// What comes of these names; `None` if two arrays would have one that matters.
    fn with(&self, naming: &Naming) -> Option<Result<Fit, WeightsMismatch>> {
        let mut by_name: HashMap<&str, usize> = HashMap::with_capacity(naming.names.len());
        for (index, name) in naming.names.iter().enumerate() {
            if let Some(name) = name
                && by_name.insert(name, index).is_some()
                && self.known.contains(&**name)
            {
                return None;
            }
        }
        let (mut taken, mut mismatch) = (Vec::with_capacity(self.weights.len()), WeightsMismatch::default());
        let (mut claimed, mut remarks) = (vec![false; self.sizes.len()], Vec::new());
        for weight in self.weights {
            taken.push(None);
            if self.reading.is_anew(&weight.name) {
                continue;
            }
            let Some(index) = by_name.get(weight.name.as_str()).copied() else {
                mismatch.missing.push(weight.name.clone());
                continue;
            };
            claimed[index] = true;
            match self.change(weight, self.sizes[index]) {
                Some(change) => {
                    if let Change::Sum(_) | Change::Spread(_) = change {
                        let [found, expected] = [self.sizes[index][1], weight.shape[1]];
                        remarks.push(Remark::Adapted { name: weight.name.clone(), found, expected });
                    }
                    *taken.last_mut()? = Some(Taken { array: self.raw[index].to_owned(), change });
                }
                None => mismatch.reshaped.push(Reshaped {
                    name: weight.name.clone(),
                    found: self.sizes[index].to_vec(),
                    expected: weight.shape.clone(),
                }),
            }
        }
        remarks.extend(self.new_head(&mut mismatch));
        let left_out = self.left_out(naming, &claimed, &mut mismatch);
        if !mismatch.is_none() {
            return Some(Err(mismatch));
        }
        if !left_out.is_empty() {
            remarks.push(Remark::LeftOut(left_out));
        }
        Some(Ok(Fit { taken, whose: naming.whose, remarks }))
    }

    /// How numbers of these sizes become a weight's; `None` if they cannot.
    fn change(&self, weight: &ProgramWeight, found: &[usize]) -> Option<Change> {
        if found == weight.shape || is_same_matrix(found, &weight.shape) || is_same_vector(found, &weight.shape) {
            return Some(Change::None);
        }
        let (&[kernels, colours, height, width], [a, b, c, d]) = (found, weight.shape.as_slice()) else { return None };
        let is_adapted = self.reading.adapt.contains(&weight.name) && [kernels, height, width] == [*a, *c, *d];
        match (colours, *b) {
            (3, 1) if is_adapted => Some(Change::Sum(3)),
            (1, 3) if is_adapted => Some(Change::Spread(3)),
            _ => None,
        }
    }

    /// Takes the head out of the differences, if it alone is for another number of classes.
    fn new_head(&self, mismatch: &mut WeightsMismatch) -> Option<Remark> {
        let is_for_others = |one: &Reshaped| {
            self.reading.head.contains(&one.name)
                && one.found.len() == one.expected.len()
                && one.found.get(1..) == one.expected.get(1..)
        };
        let first = mismatch.reshaped.first()?;
        if !mismatch.missing.is_empty() || !mismatch.reshaped.iter().all(is_for_others) {
            return None;
        }
        let layer = first.name.rsplit_once('.').map_or(first.name.as_str(), |(layer, _)| layer).to_owned();
        let (found, expected) = (*first.found.first()?, *first.expected.first()?);
        mismatch.reshaped.clear();
        Some(Remark::NewHead { layer, found, expected })
    }

    /// What nothing is taken from: what may be left out, and in `mismatch` what may not.
    fn left_out(&self, naming: &Naming, claimed: &[bool], mismatch: &mut WeightsMismatch) -> Vec<String> {
        let mut left_out = Vec::new();
        for ((name, raw), _) in naming.names.iter().zip(self.raw).zip(claimed).filter(|(_, claimed)| !**claimed) {
            let shown = name.as_deref().unwrap_or(raw);
            if is_counter(shown) || name.as_ref().is_some_and(|name| self.reading.is_anew(name)) {
                continue;
            }
            // What stood in the place of what begins anew may have had any name.
            let is_beside = name.is_none() || is_auxiliary(shown) || !self.reading.anew.is_empty();
            match is_beside && !self.reading.strict {
                true => left_out.push((*raw).to_owned()),
                false => mismatch.unexpected.push(shown.to_owned()),
            }
        }
        mismatch.unexpected.sort_unstable();
        left_out
    }
}

/// Whether a linear layer is stored as a convolution over all of its input, or the other way round: the numbers and
/// their order are the same.
fn is_same_matrix(found: &[usize], expected: &[usize]) -> bool {
    let is_pair = matches!((found.len(), expected.len()), (2, 4) | (4, 2));
    let columns = |sizes: &[usize]| sizes[1..].iter().try_fold(1usize, |columns, size| columns.checked_mul(*size));
    is_pair && found[0] == expected[0] && columns(found).is_some() && columns(found) == columns(expected)
}

/// Whether both have one number for each channel, and differ in sizes of 1 behind that alone: factors of channels are C
/// in some programs, and C×1×1 in others.
fn is_same_vector(found: &[usize], expected: &[usize]) -> bool {
    let channels = |sizes: &[usize]| {
        sizes.split_first().filter(|(_, rest)| rest.iter().all(|size| *size == 1)).map(|(first, _)| *first)
    };
    matches!((found.len(), expected.len()), (1, 3) | (3, 1))
        && channels(found).is_some()
        && channels(found) == channels(expected)
}

/// Whether an array is of what only training needs: heads that help it along, and what profilers count.
fn is_auxiliary(name: &str) -> bool {
    let starts = |word: &str| word.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("aux"));
    COUNTS.contains(&name.rsplit('.').next().unwrap_or(name)) || name.split('.').any(starts)
}

/// The renames whose patterns are for none of the names.
pub fn idle<'a>(reading: &'a Reading, arrays: &BTreeMap<&str, &[usize]>) -> Option<&'a str> {
    let is_idle = |pattern: &str| !arrays.keys().any(|name| crate::pattern::glob(pattern, name));
    reading.renames.iter().map(|rename| rename.pattern.as_str()).find(|pattern| is_idle(pattern))
}
