//! What a run that begins with weights from a file takes from it: the order of its classes, and what fits of the
//! weights.

use std::path::Path;

use super::{Failure, trained};
use crate::lower::lower;
use crate::network::Network;
use crate::pattern::glob;
use crate::program::Program;
use crate::recipe;
use crate::train::checkpoint::{About, weights_file};
use crate::train::data::Dataset;
use crate::train::folder;
use crate::weights::{self, WeightsMismatch};

/// The data set, with its classes numbered as the weights that the run begins with number them, unless it learns other
/// classes.
pub fn open_data(
    network: &Network,
    recipe: &recipe::Train,
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
        given = folder::given_weights(folder);
    }
    match given.as_deref().and_then(|path| Some((path, about(path)?))) {
        Some((path, about)) if !replaces_head(network, recipe) => {
            let advice = head(network)
                .map(|head| format!("\nto learn other classes instead, write `replace: [{head}.*]` under `train:`"));
            trained::open_known_data(network, path, &about, &advice.unwrap_or_default())
        }
        _ => trained::open_data(network),
    }
}

/// What a file of weights says about itself, if it can be read and says something.
fn about(path: &Path) -> Option<About> {
    weights::read(path).ok()?.note().and_then(About::read)
}

/// The layer that the logits come from.
fn head(network: &Network) -> Option<String> {
    let program = lower(network);
    let weight = program.steps.iter().rev().find_map(|step| step.weights.first())?;
    program.weights[*weight].name.rsplit_once('.').map(|(owner, _)| owner.to_owned())
}

/// Whether what tells classes apart begins anew.
fn replaces_head(network: &Network, recipe: &recipe::Train) -> bool {
    let program = lower(network);
    let last = program.steps.iter().rev().find(|step| !step.weights.is_empty());
    last.is_some_and(|step| {
        let mut names = step.weights.iter().map(|weight| &program.weights[*weight].name);
        names.any(|name| recipe.replace.iter().any(|pattern| glob(pattern, name)))
    })
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
