//! The names of Hugging Face's transformers. Its models carry the name of their kind before all names but those of the
//! classifier.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::{Translated, by_layer, number, place_in_pair};

/// `encoder.stages.0.layers.0.layer.0.convolution`, in both of them; what they differ in is the network's own names.
pub fn resnet_or_regnet(names: &[Cow<str>], own: &[&str]) -> Translated {
    let is_regnet = own.iter().any(|name| name.starts_with("trunk_output."));
    names.iter().any(|name| name.contains("encoder.stages.")).then(|| {
        by_layer(names, |layer| {
            let layer = without_kind(layer, &["resnet", "regnet"]);
            if is_regnet { regnet(layer) } else { resnet(layer) }
        })
    })
}

fn without_kind<'a, 'b>(layer: &'b [&'a str], kinds: &[&str]) -> &'b [&'a str] {
    match layer {
        [first, rest @ ..] if kinds.contains(first) => rest,
        _ => layer,
    }
}

fn resnet(layer: &[&str]) -> Option<String> {
    match layer {
        ["embedder", "embedder", "convolution"] => Some("conv1".to_owned()),
        ["embedder", "embedder", "normalization"] => Some("bn1".to_owned()),
        ["classifier", "1"] => Some("fc".to_owned()),
        ["encoder", "stages", stage, "layers", block, layer @ ..] => {
            let layer = match layer {
                ["shortcut", place] => format!("downsample.{}", place_in_pair(place)?),
                ["layer", index, place] => {
                    let kind = ["conv", "bn"][place_in_pair(place)?];
                    format!("{kind}{}", number(index)? + 1)
                }
                _ => return None,
            };
            Some(format!("layer{}.{block}.{layer}", number(stage)? + 1))
        }
        _ => None,
    }
}

fn regnet(layer: &[&str]) -> Option<String> {
    match layer {
        ["embedder", "embedder", place] => Some(format!("stem.{}", place_in_pair(place)?)),
        ["classifier", "1"] => Some("fc".to_owned()),
        ["encoder", "stages", stage, "layers", block, layer @ ..] => {
            let layer = match layer {
                ["shortcut", place] => format!("proj.{}", place_in_pair(place)?),
                ["layer", _, "attention", "0"] => "f.se.fc1".to_owned(),
                ["layer", _, "attention", "2"] => "f.se.fc2".to_owned(),
                ["layer", index, place] => {
                    // The third is squeeze and excitation, or where there is none, the last convolution already.
                    let name = ["a", "b", "c", "c"].get(number(index)?)?;
                    format!("f.{name}.{}", place_in_pair(place)?)
                }
                _ => return None,
            };
            let stage = number(stage)? + 1;
            Some(format!("trunk_output.block{stage}.block{stage}-{block}.{layer}"))
        }
        _ => None,
    }
}

pub fn mobilenet_v2(names: &[Cow<str>], _own: &[&str]) -> Translated {
    let block = |layer: &[&str]| match layer {
        ["mobilenet_v2", "layer", index, ..] | ["layer", index, ..] => number(index),
        _ => None,
    };
    let blocks = names.iter().filter_map(|name| block(&name.split('.').collect::<Vec<_>>())).max()? + 1;
    names.iter().any(|name| name.contains("conv_stem.first_conv.")).then(|| {
        by_layer(names, |layer| match without_kind(layer, &["mobilenet_v2"]) {
            ["conv_stem", "first_conv", place] => Some(format!("features.0.{}", place_in_pair(place)?)),
            ["conv_stem", "conv_3x3", place] => Some(format!("features.1.conv.0.{}", place_in_pair(place)?)),
            ["conv_stem", "reduce_1x1", place] => Some(format!("features.1.conv.{}", 1 + place_in_pair(place)?)),
            ["layer", index, layer, place] => {
                let (block, place) = (number(index)? + 2, place_in_pair(place)?);
                match *layer {
                    "expand_1x1" => Some(format!("features.{block}.conv.0.{place}")),
                    "conv_3x3" => Some(format!("features.{block}.conv.1.{place}")),
                    "reduce_1x1" => Some(format!("features.{block}.conv.{}", 2 + place)),
                    _ => None,
                }
            }
            ["conv_1x1", place] => Some(format!("features.{}.{}", blocks + 2, place_in_pair(place)?)),
            ["classifier"] => Some("classifier.1".to_owned()),
            _ => None,
        })
    })
}

/// Its blocks are counted through; which stage each belongs to shows in the network's names.
pub fn efficientnet(names: &[Cow<str>], own: &[&str]) -> Translated {
    if !names.iter().any(|name| name.contains("encoder.blocks.")) {
        return None;
    }
    let place = |name: &&str| {
        let mut words = name.split('.');
        let (features, stage, block) = (words.next()?, number(words.next()?)?, number(words.next()?)?);
        (features == "features" && words.next()? == "block").then_some((stage, block))
    };
    let blocks: Vec<(usize, usize)> = own.iter().filter_map(place).collect::<BTreeSet<_>>().into_iter().collect();
    let last = blocks.last()?.0 + 1;
    let expands = |index: usize| {
        let within = format!("encoder.blocks.{index}.expansion.");
        names.iter().any(|name| name.contains(&within))
    };
    let expanding: Vec<bool> = (0..blocks.len()).map(expands).collect();
    Some(by_layer(names, |layer| match without_kind(layer, &["efficientnet"]) {
        ["embeddings", "convolution"] => Some("features.0.0".to_owned()),
        ["embeddings", "batchnorm"] => Some("features.0.1".to_owned()),
        ["encoder", "top_conv"] => Some(format!("features.{last}.0")),
        ["encoder", "top_bn"] => Some(format!("features.{last}.1")),
        ["classifier"] => Some("classifier.1".to_owned()),
        ["encoder", "blocks", index, layer @ ..] => {
            let index = number(index)?;
            let ((stage, block), depthwise) = (blocks.get(index)?, usize::from(*expanding.get(index)?));
            let (layer, place) = match layer {
                ["expansion", "expand_conv"] => (0, "0"),
                ["expansion", "expand_bn"] => (0, "1"),
                ["depthwise_conv", "depthwise_conv"] => (depthwise, "0"),
                ["depthwise_conv", "depthwise_norm"] => (depthwise, "1"),
                ["squeeze_excite", "reduce"] => (depthwise + 1, "fc1"),
                ["squeeze_excite", "expand"] => (depthwise + 1, "fc2"),
                ["projection", "project_conv"] => (depthwise + 2, "0"),
                ["projection", "project_bn"] => (depthwise + 2, "1"),
                _ => return None,
            };
            Some(format!("features.{stage}.{block}.block.{layer}.{place}"))
        }
        _ => None,
    }))
}
