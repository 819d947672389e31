//! What a run that begins with weights from a file takes from it: the order of its classes, and what fits of the
//! weights.

use std::collections::HashSet;
use std::path::Path;

use super::names::Names;
use super::{Failure, trained};
use crate::ir::ValueId;
use crate::lower::lower;
use crate::network::Network;
use crate::pattern::glob;
use crate::program::{Program, Step};
use crate::recipe;
use crate::train::checkpoint::{About, weights_file};
use crate::train::data::Dataset;
use crate::train::folder;
use crate::weights::{self, Reading, Remark, WeightsMismatch};

/// What is asked of a file of weights: the recipe says what begins anew and what is adapted, the command line and the
/// recipe how names are to be understood. A head for other classes begins anew.
pub fn reading(network: &Network, recipe: &recipe::Train, names: &Names) -> Reading {
    let program = lower(network);
    let of = |step: &Step| step.weights.iter().map(|weight| program.weights[*weight].name.clone()).collect::<Vec<_>>();
    // Behind layers without weights, such as padding, it is still the image.
    let mut images = HashSet::from([ValueId::INPUT]);
    let mut adapt = Vec::new();
    for step in program.steps.iter().filter(|_| recipe.adapt_input) {
        if step.inputs.iter().any(|input| images.contains(input)) {
            match step.weights.is_empty() {
                true => drop(images.insert(step.output)),
                false => adapt.extend(of(step)),
            }
        }
    }
    let head = program.steps.iter().rev().find(|step| !step.weights.is_empty()).map(of).unwrap_or_default();
    Reading { renames: recipe.rename.clone(), anew: recipe.replace.clone(), adapt, head, ..names.reading() }
}

/// The data set, with its classes numbered as the weights that the run begins with number them, unless it learns other
/// classes.
pub fn open_data(
    network: &Network,
    reading: &Reading,
    resumed: Option<&Path>,
    weights: Option<&Path>,
) -> Result<Dataset, Failure> {
    let mut given = weights.map(Path::to_owned);
    if let Some(folder) = resumed {
        if let Some(about) = about(&weights_file(folder, "last")) {
            let mut dataset = trained::open_data(network)?;
            if about.classes.len() <= network.graph.shape(network.output).elements() {
                // As when it began. If that cannot be any more, its state says so.
                let _ = dataset.number_as(&about.classes);
            }
            return Ok(dataset);
        }
        given = folder::given_weights(folder).map(|given| given.path);
    }
    match given.as_deref().and_then(|path| Some((path, about(path)?))) {
        Some((path, about)) if !replaces_head(network, reading, path) => {
            let layer = reading.head.first().and_then(|name| name.rsplit_once('.'));
            let advice = layer.map(|(layer, _)| {
                format!("\nto learn other classes instead, write `replace: [{layer}.*]` under `train:`")
            });
            trained::open_known_data(network, path, &about, &advice.unwrap_or_default())
        }
        _ => trained::open_data(network),
    }
}

/// What a file of weights says about itself, if it can be read and says something.
fn about(path: &Path) -> Option<About> {
    weights::read(path).ok()?.note().and_then(About::read)
}

/// Whether what tells classes apart begins anew: because the recipe says so, or because the file tells apart others.
fn replaces_head(network: &Network, reading: &Reading, path: &Path) -> bool {
    let asked = reading.head.iter().any(|name| reading.anew.iter().any(|pattern| glob(pattern, name)));
    let is_other = || {
        let stored = weights::read(path).ok()?;
        let found = weights::hold_against(&stored, &lower(network).weights, reading).ok()?;
        Some(found.remarks().iter().any(|remark| matches!(remark, Remark::NewHead { .. })))
    };
    asked || is_other().unwrap_or(false)
}

/// How to take what fits of a file of weights, if all but a few layers do: a head for other classes, or one that the
/// file lacks.
pub fn begin_anew(program: &Program, recipe: &recipe::Train, mismatch: &WeightsMismatch) -> Option<String> {
    const FEW: usize = 4;
    let unfit = || mismatch.reshaped.iter().map(|one| &one.name).chain(&mismatch.missing);
    if unfit().next().is_none() || 2 * unfit().count() > program.weights.len() {
        return None;
    }
    let mut patterns: Vec<String> = Vec::new();
    for name in unfit() {
        let layer = name.rsplit_once('.').map(|(owner, _)| format!("{owner}.*"));
        // Nothing that fits begins anew with it.
        let all = |pattern: &String| {
            let mut named = program.weights.iter().filter(|weight| glob(pattern, &weight.name));
            named.all(|weight| unfit().any(|unfit| *unfit == weight.name))
        };
        patterns.push(layer.filter(all).unwrap_or_else(|| name.clone()));
    }
    patterns.sort_unstable();
    patterns.dedup();
    let all: Vec<String> = recipe.replace.iter().cloned().chain(patterns).collect();
    (all.len() <= recipe.replace.len() + FEW)
        .then(|| format!("\nto initialise them anew, write `replace: [{}]` under `train:`", all.join(", ")))
}
