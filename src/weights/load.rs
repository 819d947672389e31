//! The weights of a network out of a file that may call them something else, keep them among other things, or have
//! more than them.

use std::path::Path;

use candle_core::WithDType;

use super::fit::{Change, Fit, Taken, fit, idle};
use super::propose::propose;
use super::reading::{Loaded, Reading, Remark};
use super::stored::Stored;
use super::{WeightsError, WeightsMismatch, read};
use crate::diagnostic::printable;
use crate::program::ProgramWeight;

/// The weights of a network from a file, in the network's order, with what else the file says. What the file has beyond
/// them for training alone, such as an auxiliary head, is left out.
///
/// # Errors
/// If the file cannot be read, or its arrays are not the network's weights.
pub fn load<T: WithDType>(
    path: &Path,
    weights: &[ProgramWeight],
) -> Result<(Vec<Vec<T>>, Option<String>), WeightsError> {
    let loaded = load_as(path, weights, &Reading::default())?;
    let all = loaded.weights.into_iter().collect::<Option<Vec<_>>>();
    Ok((all.expect("none begins anew unless that is asked for"), loaded.note))
}

/// As [`load`], in the way that is asked for.
///
/// # Errors
/// As [`load`].
pub fn load_as<T: WithDType>(
    path: &Path,
    weights: &[ProgramWeight],
    reading: &Reading,
) -> Result<Loaded<T>, WeightsError> {
    let mut stored = read(path)?;
    let Match { set, fit } = hold_against(&stored, weights, reading)?;
    let fit = fit.map_err(|mismatch| WeightsError::Mismatch { path: path.to_owned(), mismatch })?;
    stored.choose(set);
    let one = |(taken, weight): (Option<Taken>, &ProgramWeight)| {
        taken.map(|taken| values(path, &mut stored, &taken, weight)).transpose()
    };
    let weights = fit.taken.into_iter().zip(weights).map(one).collect::<Result<_, _>>()?;
    Ok(Loaded { weights, note: stored.note().map(str::to_owned), remarks: fit.remarks })
}

/// How a file gives the weights of a network.
#[derive(Debug)]
pub struct Match {
    /// Which set of the file's.
    set: usize,
    fit: Result<Fit, WeightsMismatch>,
}

impl Match {
    /// The place of the set in the file's list.
    pub fn set(&self) -> usize {
        self.set
    }

    /// Where they differ, if they do not fit.
    pub fn mismatch(&self) -> Option<&WeightsMismatch> {
        self.fit.as_ref().err()
    }

    /// Whose names they are, where they are another package's.
    pub fn whose(&self) -> Option<&'static str> {
        self.fit.as_ref().ok().and_then(|fit| fit.whose)
    }

    /// What is worth saying.
    pub fn remarks(&self) -> &[Remark] {
        self.fit.as_ref().map_or(&[], |fit| &fit.remarks)
    }
}

/// Holds what a file has against a network. The first set that fits is taken; if none does, the first.
///
/// # Errors
/// If the file has nothing of the kind that is asked for, or no array for a new name.
pub fn hold_against(stored: &Stored, weights: &[ProgramWeight], reading: &Reading) -> Result<Match, WeightsError> {
    let refused = |message| WeightsError::Format { path: stored.path().to_owned(), message };
    let all: Vec<_> = stored.sets().enumerate().collect();
    let of_kind = |averaged| all.iter().filter(move |(_, set)| set.is_averaged() == averaged).copied();
    let mut sets: Vec<_> = of_kind(reading.averaged).collect();
    if sets.is_empty() && reading.averaged {
        return Err(refused("there are no averages of weights in it, which `--ema` asks for".to_owned()));
    }
    // Where there is nothing else.
    sets = if sets.is_empty() { all } else { sets };
    let mut first = None;
    let mut asked_in_vain = None;
    for (index, set) in sets {
        let arrays = set.arrays();
        let sizes = arrays.iter().map(|array| (array.name, array.shape)).collect();
        if let Some(pattern) = idle(reading, &sizes) {
            asked_in_vain = asked_in_vain.or(Some(pattern));
            continue;
        }
        match fit(weights, &sizes, reading) {
            Ok(fit) => return Ok(Match { set: index, fit: Ok(fit) }),
            Err(mismatch) if first.is_none() => first = Some((index, mismatch, arrays)),
            Err(_) => {}
        }
    }
    let Some((set, mut mismatch, arrays)) = first else {
        let pattern = asked_in_vain.unwrap_or_default();
        return Err(refused(format!("no array in it has the form `{}`, which is to be renamed", printable(pattern))));
    };
    let arrays: Vec<_> = arrays.iter().map(|array| (array.name, array.shape)).collect();
    mismatch.renames = propose(weights, &arrays, reading);
    Ok(Match { set, fit: Err(mismatch) })
}

/// The numbers of a weight.
fn values<T: WithDType>(
    path: &Path,
    stored: &mut Stored,
    taken: &Taken,
    weight: &ProgramWeight,
) -> Result<Vec<T>, WeightsError> {
    let values: Vec<T> = stored.values(&taken.array)?;
    // Whatever such weights predict means nothing.
    if !values.iter().all(|value| value.to_f64().is_finite()) {
        let message = format!("`{}` holds numbers that are not finite", printable(&taken.array));
        return Err(WeightsError::Format { path: path.to_owned(), message });
    }
    Ok(match taken.change {
        Change::None => values,
        Change::Sum(colours) => {
            let window = weight.shape[2..].iter().product();
            let kernel = |kernel: &[T]| -> Vec<T> {
                let sum = |at: usize| kernel.iter().skip(at).step_by(window).map(|value| value.to_f64()).sum();
                (0..window).map(|at| T::from_f64(sum(at))).collect()
            };
            values.chunks(colours * window).flat_map(kernel).collect()
        }
        Change::Spread(colours) => {
            let window = weight.shape[2..].iter().product();
            let part = |value: &T| T::from_f64(value.to_f64() / colours as f64);
            let kernel = |kernel: &[T]| kernel.iter().map(part).collect::<Vec<T>>().repeat(colours);
            values.chunks(window).flat_map(kernel).collect()
        }
    })
}
