//! What a run must have in common with the one that it goes on from.

use flate2::Crc;
use serde::{Deserialize, Serialize};

use super::data::Dataset;
use crate::device::{Device, Precision};
use crate::kernels::Algorithms;
use crate::program::Program;
use crate::program::encoding::{self, Encoding, legacy};
use crate::recipe::{Sampler, Task, Train};

/// The seed, the network and the images of a run, and how it computes. The rest of the recipe may change on the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RunIdentity {
    /// From which everything random follows.
    pub seed: u64,
    /// A checksum over the network's operations.
    pub network: u32,
    /// What it learns.
    #[serde(default, skip_serializing_if = "Task::is_class")]
    pub task: Task,
    /// Over which encoding of them: its version, 0 in runs from before there was one.
    #[serde(default)]
    pub encoding: u32,
    /// Images to train on and to validate with.
    pub images: [usize; 2],
    /// A checksum over them: classes, labels, and the names and lengths of their files.
    pub data: u32,
    /// A digest of what is in their files, if they have any. Earlier versions did not write it down.
    #[serde(default)]
    pub contents: Option<u64>,
    /// A checksum over the sampler; 0 if every image comes once an epoch, as in earlier versions.
    #[serde(default)]
    pub sampler: u32,
    /// Earlier versions did not write it down.
    #[serde(default)]
    pub arithmetic: Option<Arithmetic>,
}

/// What the numbers of a step follow from, besides what is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Arithmetic {
    /// Where.
    pub device: DeviceKind,
    /// With what.
    pub dtype: Type,
    /// Whether every sum is taken as it is defined.
    pub exact: bool,
}

/// A kind of device: which one of its kind changes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DeviceKind {
    /// The processor.
    Cpu,
    /// A GPU.
    Cuda,
}

/// What products are computed with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Type {
    /// Single precision.
    F32,
    /// Factors are rounded to 10 bits.
    Tf32,
    /// 8 bits.
    Bf16,
}

impl Arithmetic {
    /// That of a device.
    pub fn of(device: &Device) -> Arithmetic {
        let (device, numbers, algorithms) = match device {
            Device::Cpu(algorithms) => (DeviceKind::Cpu, Precision::F32, algorithms),
            Device::Cuda(cuda) => (DeviceKind::Cuda, cuda.numbers, &cuda.algorithms),
        };
        let dtype = match numbers {
            Precision::F32 => Type::F32,
            Precision::Tf32 => Type::Tf32,
            Precision::Bf16 => Type::Bf16,
        };
        Arithmetic { device, dtype, exact: *algorithms == Algorithms::Exact }
    }

    /// The options that stand for it.
    fn options(self) -> String {
        let device = match self.device {
            DeviceKind::Cpu => "--device cpu",
            DeviceKind::Cuda => "--device cuda",
        };
        let dtype = match self.dtype {
            Type::F32 => "",
            Type::Tf32 => " --dtype tf32",
            Type::Bf16 => " --dtype bf16",
        };
        format!("{device}{dtype}{}", if self.exact { " --exact" } else { "" })
    }
}

impl RunIdentity {
    /// That of a run which trains `program` on `dataset`, computed on `device`.
    pub fn of(program: &Program, recipe: &Train, dataset: &Dataset, device: &Device) -> RunIdentity {
        let encoding = encoding::VERSION;
        RunIdentity {
            seed: recipe.seed,
            network: network(program, encoding),
            task: dataset.data().task,
            encoding,
            images: [dataset.train.len(), dataset.validation.len()],
            data: dataset.checksum(),
            contents: dataset.contents(),
            sampler: sampler(&recipe.sampler),
            arithmetic: Some(Arithmetic::of(device)),
        }
    }

    /// This identity with the network's checksum over the newest encoding, if it is that of `program`.
    pub fn renewed(self, program: &Program) -> RunIdentity {
        match self.network == network(program, self.encoding) {
            true => RunIdentity { network: network(program, encoding::VERSION), encoding: encoding::VERSION, ..self },
            false => self,
        }
    }

    /// Why a run of this identity cannot go on with one that is `given`; `None` if it can.
    pub fn refuses(&self, given: &RunIdentity) -> Option<String> {
        if self.seed != given.seed {
            return Some(format!("the run has seed {} and cannot go on with seed {}", self.seed, given.seed));
        }
        if self.encoding > encoding::VERSION {
            return Some("the run was saved by a later version of archc, which knows other operations".to_owned());
        }
        if (self.network, self.encoding) != (given.network, given.encoding) {
            return Some("the run was of another network, whose weights have the same names and sizes".to_owned());
        }
        if self.task != given.task {
            return Some(format!(
                "the run learns with `task: {}`, and cannot go on with `task: {}`",
                self.task, given.task
            ));
        }
        if self.images != given.images {
            let [train, validation] = self.images;
            let [now, then] = given.images;
            return Some(format!(
                "the data set has changed: the run began with {train} training and {validation} validation images, and now there \
                 are {now} and {then}"
            ));
        }
        if self.data != given.data {
            return Some(
                "the data set has changed: there are as many images as when the run began, but different ones"
                    .to_owned(),
            );
        }
        if let (Some(own), Some(other)) = (self.contents, given.contents)
            && own != other
        {
            return Some(
                "the data set has changed: its files have the names and lengths that the run began with, but other contents"
                    .to_owned(),
            );
        }
        if self.sampler != given.sampler {
            return Some(
                "the run began with another `sampler`, by which the images of an epoch are drawn: leave it as it is in the \
                 run's network.yaml"
                    .to_owned(),
            );
        }
        match (self.arithmetic, given.arithmetic) {
            (Some(own), Some(other)) if own != other => Some(format!(
                "the run computes with `{}` and cannot go on with `{}`, which rounds in another way",
                own.options(),
                other.options()
            )),
            _ => None,
        }
    }
}

fn sampler(sampler: &Sampler) -> u32 {
    let mut sum = Crc::new();
    match sampler {
        Sampler::Shuffle => return 0,
        Sampler::Balanced => sum.update(b"balanced"),
        Sampler::Weighted(weights) => weights.iter().for_each(|weight| sum.update(&weight.to_le_bytes())),
    }
    // No sampler but shuffling has 0.
    sum.sum().max(1)
}

/// What is computed, from what, in which order, in an encoding of this version; of an operation from another crate only
/// the name is known. No version but these has ever been saved.
fn network(program: &Program, version: u32) -> u32 {
    let mut sum = Crc::new();
    match version {
        0 => sum.update(legacy::text(program).as_bytes()),
        _ => sum.update(Encoding::of(program).as_bytes()),
    }
    sum.sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compile;
    use crate::lower::lower;

    #[test]
    fn another_network_has_another_checksum() {
        let of = |layers: &str| {
            let text = format!("input: [1, 8, 8]\nlayers: [{layers}]");
            let program = lower(&compile(&text).unwrap_or_else(|errors| panic!("{errors}")));
            [0, encoding::VERSION].map(|version| network(&program, version))
        };
        let layers = "conv 4 3x3 p1 -> relu -> maxpool 2x2 s2, flatten, dropout 0.5, linear 10 as fc";
        assert_eq!(of(layers), of(layers));
        for (old, new) in [
            ("relu", "gelu"),
            ("maxpool 2x2 s2", "avgpool 2x2 s2"),
            ("dropout 0.5", "dropout 0.4"),
            ("as fc", "as head"),
        ] {
            let changed = of(&layers.replace(old, new));
            assert!(changed.iter().zip(of(layers)).all(|(new, old)| *new != old), "{new}");
        }
    }

    #[test]
    fn what_differs_is_said() {
        let arithmetic = Arithmetic { device: DeviceKind::Cpu, dtype: Type::F32, exact: false };
        let exact = Arithmetic { exact: true, ..arithmetic };
        let half = Arithmetic { device: DeviceKind::Cuda, dtype: Type::Bf16, exact: false };
        let own = RunIdentity {
            seed: 1,
            network: 2,
            task: Task::Class,
            encoding: 1,
            images: [100, 20],
            data: 3,
            contents: Some(4),
            sampler: 0,
            arithmetic: Some(arithmetic),
        };
        assert_eq!(own.refuses(&own), None);
        let earlier = RunIdentity { contents: None, arithmetic: None, ..own };
        assert_eq!((earlier.refuses(&own), own.refuses(&earlier)), (None, None), "what is not known cannot differ");
        for (given, expected) in [
            (RunIdentity { seed: 5, ..own }, "cannot go on with seed 5"),
            (RunIdentity { network: 5, ..own }, "another network"),
            (RunIdentity { encoding: 0, ..own }, "another network"),
            (RunIdentity { task: Task::Multilabel, ..own }, "`task: class`, and cannot go on with `task: multilabel`"),
            (
                RunIdentity { images: [99, 21], data: 5, ..own },
                "100 training and 20 validation images, and now there are 99 and 21",
            ),
            (RunIdentity { data: 5, ..own }, "but different ones"),
            (RunIdentity { contents: Some(5), ..own }, "but other contents"),
            (RunIdentity { sampler: sampler(&Sampler::Balanced), ..own }, "another `sampler`"),
            (RunIdentity { sampler: sampler(&Sampler::Weighted(vec![1.0])), ..own }, "another `sampler`"),
            (RunIdentity { arithmetic: Some(exact), ..own }, "and cannot go on with `--device cpu --exact`"),
            (RunIdentity { arithmetic: Some(half), ..own }, "with `--device cuda --dtype bf16`"),
        ] {
            assert!(own.refuses(&given).is_some_and(|why| why.contains(expected)), "{given:?}");
        }
    }

    const EVERY_OPERATION: &str = "\
        conv 8 3x3 p1 s1 -> bn -> relu -> maxpool 2x2 s2, conv_transpose 8 2x2 s2 -> gn 2 -> leaky_relu 0.1 -> avgpool 2x2, \
        ln channels -> sigmoid -> lrn 3 -> tanh -> gelu -> silu -> relu6 -> hardsigmoid -> hardswish -> elu 0.5 -> softplus -> mish, \
        prelu -> channel_shuffle 2 -> pad 1 -> pad 1 reflect -> pad 1 replicate -> upsample 2 -> upsample 2 bilinear, \
        upsample 31x31 bilinear align_corners, ln -> adaptive_avgpool 4 -> adaptive_maxpool 2 -> identity -> dropout 0.25, \
        drop_path 0.125, slice 0 4 as a, {from: [a, a], merge: add}, {from: [a, .], merge: mul}, {from: [a, .], merge: concat}, \
        flatten -> linear 10 -> softmax";

    fn every_operation() -> Program {
        let text = format!("input: [1, 8, 8]\nlayers: [{EVERY_OPERATION}]");
        lower(&compile(&text).unwrap_or_else(|errors| panic!("{errors}")))
    }

    /// The number in the state of a run of this network, from when it was the checksum of what `Debug` wrote; and what
    /// the first encoding gives.
    #[test]
    fn checksums_stay_what_they_were() {
        let program = every_operation();
        assert_eq!([0, 1].map(|version| network(&program, version)), [3_093_064_423, 245_926_872]);
    }

    #[test]
    fn an_old_identity_is_renewed_if_it_is_the_networks() {
        let program = every_operation();
        let stored = r#"{"seed":7,"network":3093064423,"images":[1438,359],"data":2044640209}"#;
        let old: RunIdentity = serde_json::from_str(stored).expect("an identity of a run from before");
        let now = RunIdentity { network: network(&program, encoding::VERSION), encoding: encoding::VERSION, ..old };
        assert_eq!(old.renewed(&program), now);
        assert_eq!(now.renewed(&program), now);
        let other = RunIdentity { network: 1, ..old };
        assert_eq!(other.renewed(&program), other);
        assert!(other.refuses(&now).is_some_and(|why| why.contains("another network")));
        let later = RunIdentity { encoding: encoding::VERSION + 1, ..now };
        assert!(later.refuses(&now).is_some_and(|why| why.contains("a later version")));
    }
}
