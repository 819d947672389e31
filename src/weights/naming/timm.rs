//! timm's names, where they are not torchvision's anyway, as those of its ResNets and DenseNets are.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::{Translated, by_layer, number, parted, place_in_pair};

/// The fully connected layers are convolutions there.
pub fn vgg(names: &[Cow<str>], _own: &[&str]) -> Translated {
    names.iter().any(|name| name.starts_with("pre_logits.")).then(|| {
        by_layer(names, |layer| {
            Some(match layer {
                ["pre_logits", "fc1"] => "classifier.0".to_owned(),
                ["pre_logits", "fc2"] => "classifier.3".to_owned(),
                ["head", "fc"] => "classifier.6".to_owned(),
                other => other.join("."),
            })
        })
    })
}

/// The blocks of the networks that timm builds as it does EfficientNet: `blocks.STAGE.BLOCK`.
struct Blocks {
    /// How many blocks each stage has.
    stages: Vec<usize>,
    /// Those that begin with a convolution that makes the channels more.
    expanding: Vec<Vec<bool>>,
    /// Those with squeeze and excitation.
    squeezing: Vec<Vec<bool>>,
}

impl Blocks {
    fn of(names: &[Cow<str>]) -> Option<Blocks> {
        let mut found: BTreeMap<(usize, usize), (bool, bool)> = BTreeMap::new();
        for name in names {
            if let Some((words, _)) = parted(name)
                && let ["blocks", stage, block, layer, ..] = words.as_slice()
            {
                let flags = found.entry((number(stage)?, number(block)?)).or_default();
                flags.0 |= *layer == "conv_pwl";
                flags.1 |= *layer == "se";
            }
        }
        let mut blocks = Blocks { stages: Vec::new(), expanding: Vec::new(), squeezing: Vec::new() };
        for ((stage, block), (expands, squeezes)) in found {
            if stage == blocks.stages.len() {
                blocks.stages.push(0);
                blocks.expanding.push(Vec::new());
                blocks.squeezing.push(Vec::new());
            }
            // Without gaps.
            (stage + 1 == blocks.stages.len() && block == blocks.stages[stage]).then_some(())?;
            blocks.stages[stage] += 1;
            blocks.expanding[stage].push(expands);
            blocks.squeezing[stage].push(squeezes);
        }
        (!blocks.stages.is_empty()).then_some(blocks)
    }

    /// The how manieth of all a block is, from 0.
    fn flat(&self, stage: usize, block: usize) -> usize {
        self.stages[..stage].iter().sum::<usize>() + block
    }

    /// The how manieth layer of its block a layer is, and its place in a pair of a convolution and a norm; `fc1` and
    /// `fc2` where it is of squeeze and excitation.
    fn place(&self, stage: usize, block: usize, layer: &[&str]) -> Option<(usize, Cow<'static, str>)> {
        let (expands, squeezes) = (self.expanding[stage][block], self.squeezing[stage][block]);
        let depthwise = usize::from(expands);
        let last = depthwise + 1 + usize::from(squeezes);
        let pair = |layer, place: &'static str| Some((layer, Cow::Borrowed(place)));
        match (layer, expands) {
            (["conv_pw"], true) => pair(0, "0"),
            (["bn1"], true) => pair(0, "1"),
            (["conv_dw"], _) => pair(depthwise, "0"),
            (["bn1"], false) | (["bn2"], true) => pair(depthwise, "1"),
            (["se", "conv_reduce"], _) => pair(depthwise + 1, "fc1"),
            (["se", "conv_expand"], _) => pair(depthwise + 1, "fc2"),
            (["conv_pw"], false) | (["conv_pwl"], true) => pair(last, "0"),
            (["bn2"], false) | (["bn3"], true) => pair(last, "1"),
            _ => None,
        }
    }
}

/// Translates all names; `block` those within a block, given its stage, its place there, and the layer.
fn with_blocks(
    names: &[Cow<str>],
    head: impl Fn(&Blocks, &[&str]) -> Option<String>,
    block: impl Fn(&Blocks, usize, usize, &[&str]) -> Option<String>,
) -> Translated {
    let blocks = Blocks::of(names)?;
    Some(by_layer(names, |layer| match layer {
        ["conv_stem"] => Some("features.0.0".to_owned()),
        ["bn1"] => Some("features.0.1".to_owned()),
        ["blocks", stage, index, layer @ ..] => block(&blocks, number(stage)?, number(index)?, layer),
        other => head(&blocks, other),
    }))
}

/// The end of a network whose last convolution and norm are `features.{last}`.
fn head_of(last: usize, layer: &[&str]) -> Option<String> {
    match layer {
        ["conv_head"] => Some(format!("features.{last}.0")),
        ["bn2"] => Some(format!("features.{last}.1")),
        ["classifier"] => Some("classifier.1".to_owned()),
        _ => None,
    }
}

pub fn mobilenet_v2(names: &[Cow<str>], _own: &[&str]) -> Translated {
    let head = |blocks: &Blocks, layer: &[&str]| head_of(blocks.stages.iter().sum::<usize>() + 1, layer);
    with_blocks(names, head, |blocks, stage, index, layer| {
        let features = blocks.flat(stage, index) + 1;
        let (layer, place) = blocks.place(stage, index, layer)?;
        // The last convolution and its norm are not in a pair.
        match (layer == usize::from(blocks.expanding[stage][index]) + 1, &*place) {
            (true, place) => Some(format!("features.{features}.conv.{}", layer + number(place)?)),
            (false, place) => Some(format!("features.{features}.conv.{layer}.{place}")),
        }
    })
}

pub fn mobilenet_v3(names: &[Cow<str>], _own: &[&str]) -> Translated {
    let head = |_: &Blocks, layer: &[&str]| match layer {
        ["conv_head"] => Some("classifier.0".to_owned()),
        ["classifier"] => Some("classifier.3".to_owned()),
        _ => None,
    };
    with_blocks(names, head, |blocks, stage, index, layer| {
        let features = blocks.flat(stage, index) + 1;
        match layer {
            ["conv"] => Some(format!("features.{features}.0")),
            // The last block is one convolution.
            ["bn1"] if stage + 1 == blocks.stages.len() => Some(format!("features.{features}.1")),
            _ => {
                let (layer, place) = blocks.place(stage, index, layer)?;
                Some(format!("features.{features}.block.{layer}.{place}"))
            }
        }
    })
}

pub fn efficientnet(names: &[Cow<str>], _own: &[&str]) -> Translated {
    let head = |blocks: &Blocks, layer: &[&str]| head_of(blocks.stages.len() + 1, layer);
    with_blocks(names, head, |blocks, stage, index, layer| {
        let (layer, place) = blocks.place(stage, index, layer)?;
        Some(format!("features.{}.{index}.block.{layer}.{place}", stage + 1))
    })
}

/// `s1.b1` is `trunk_output.block1.block1-0`.
pub fn regnet(names: &[Cow<str>], _own: &[&str]) -> Translated {
    names.iter().any(|name| name.starts_with("s1.b1.")).then(|| {
        by_layer(names, |layer| match layer {
            ["stem", place] => Some(format!("stem.{}", place_in_pair(place)?)),
            ["head", "fc"] => Some("fc".to_owned()),
            [stage, block, layer @ ..] => {
                let (stage, block) = (number(stage.strip_prefix('s')?)?, number(block.strip_prefix('b')?)?);
                let layer = match layer {
                    ["downsample", place] => format!("proj.{}", place_in_pair(place)?),
                    ["se", fc] => format!("f.se.{fc}"),
                    ["conv1", place] => format!("f.a.{}", place_in_pair(place)?),
                    ["conv2", place] => format!("f.b.{}", place_in_pair(place)?),
                    ["conv3", place] => format!("f.c.{}", place_in_pair(place)?),
                    _ => return None,
                };
                Some(format!("trunk_output.block{stage}.block{stage}-{}.{layer}", block.checked_sub(1)?))
            }
            _ => None,
        })
    })
}
