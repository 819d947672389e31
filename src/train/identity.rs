//! What a run must have in common with the one that it goes on from.

use flate2::Crc;
use serde::{Deserialize, Serialize};

use super::data::Dataset;
use crate::program::{Op, Program};
use crate::recipe::Train;

/// The seed, the network and the images of a run. The rest of the recipe may change on the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Identity {
    /// From which everything random follows.
    pub seed: u64,
    /// A checksum over the network's operations.
    pub network: u32,
    /// Images to train on and to validate with.
    pub images: [usize; 2],
    /// A checksum over them.
    pub data: u32,
}

impl Identity {
    /// That of a run which trains `program` on `dataset`.
    pub fn of(program: &Program, recipe: &Train, dataset: &Dataset) -> Identity {
        let images = [dataset.train.len(), dataset.validation.len()];
        Identity { seed: recipe.seed, network: network(program), images, data: dataset.checksum() }
    }

    /// Why a run of this identity cannot go on with one that is `given`; `None` if it can.
    pub fn refuses(&self, given: &Identity) -> Option<String> {
        if self.seed != given.seed {
            return Some(format!("the run has seed {} and cannot go on with seed {}", self.seed, given.seed));
        }
        if self.network != given.network {
            return Some("the run was of another network, whose weights have the same names and sizes".to_owned());
        }
        if self.images != given.images {
            let [train, validation] = self.images;
            let [now, then] = given.images;
            return Some(format!(
                "the data set has changed: the run began with {train} training and {validation} validation images, and now there \
                 are {now} and {then}"
            ));
        }
        (self.data != given.data)
            .then(|| "the data set has changed: there are as many images as the run began with, but others".to_owned())
    }
}

/// What is computed, from what, in which order. Of an operation from another crate only the name is known.
fn network(program: &Program) -> u32 {
    let mut sum = Crc::new();
    for step in &program.steps {
        let shape = program.shape(step.output);
        let what = match &step.op {
            Op::Outside(_) => format!("{} {:?} {shape}\n", step.name, step.inputs),
            op => format!("{} {op:?} {:?} {shape}\n", step.name, step.inputs),
        };
        sum.update(what.as_bytes());
    }
    sum.sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compile;
    use crate::program::lower;

    #[test]
    fn another_network_has_another_checksum() {
        let of = |layers: &str| {
            let text = format!("input: [1, 8, 8]\nlayers: [{layers}]");
            network(&lower(&compile(&text).unwrap_or_else(|errors| panic!("{errors}"))))
        };
        let layers = "conv 4 3x3 p1 -> relu -> maxpool 2x2 s2, flatten, dropout 0.5, linear 10 as fc";
        assert_eq!(of(layers), of(layers));
        for (old, new) in [
            ("relu", "gelu"),
            ("maxpool 2x2 s2", "avgpool 2x2 s2"),
            ("dropout 0.5", "dropout 0.4"),
            ("as fc", "as head"),
        ] {
            assert_ne!(of(&layers.replace(old, new)), of(layers), "{new}");
        }
    }

    #[test]
    fn what_differs_is_said() {
        let own = Identity { seed: 1, network: 2, images: [100, 20], data: 3 };
        assert_eq!(own.refuses(&own), None);
        for (given, expected) in [
            (Identity { seed: 5, ..own }, "cannot go on with seed 5"),
            (Identity { network: 5, ..own }, "another network"),
            (
                Identity { images: [99, 21], data: 5, ..own },
                "100 training and 20 validation images, and now there are 99 and 21",
            ),
            (Identity { data: 5, ..own }, "but others"),
        ] {
            assert!(own.refuses(&given).is_some_and(|why| why.contains(expected)), "{given:?}");
        }
    }
}
