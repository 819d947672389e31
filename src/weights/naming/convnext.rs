//! ConvNeXt's names in timm and Hugging Face's transformers. Its stages are `features.1`, `features.3` and so on in
//! torchvision, with what makes the map smaller between them; a block's layer scale is a weight of the block itself.

use std::borrow::Cow;

use super::{Translated, number};

/// The name of every weight, by way of its layer's words and its last one.
fn translated(names: &[Cow<str>], one: impl Fn(&[&str]) -> Option<String>) -> Translated {
    let split = |name: &Cow<str>| one(&name.split('.').collect::<Vec<_>>());
    Some(names.iter().map(split).collect())
}

/// A weight of a block: `place` is what its layer counts as within, or `layer_scale`.
fn of_block(stage: &str, block: &str, place: Option<usize>, part: &str) -> Option<String> {
    let before = format!("features.{}.{}", 2 * number(stage)? + 1, number(block)?);
    Some(match place {
        Some(place) => format!("{before}.block.{place}.{part}"),
        None => format!("{before}.layer_scale"),
    })
}

/// What makes the map smaller before a stage.
fn of_way_down(stage: &str, layer: &str, part: &str) -> Option<String> {
    Some(format!("features.{}.{}.{part}", 2 * number(stage)?, number(layer)?))
}

pub fn timm(names: &[Cow<str>], _own: &[&str]) -> Translated {
    if !names.iter().any(|name| name.starts_with("stages.") && name.contains(".conv_dw.")) {
        return None;
    }
    translated(names, |words| match *words {
        ["stem", layer, part] => Some(format!("features.0.{layer}.{part}")),
        ["stages", stage, "blocks", block, "gamma"] => of_block(stage, block, None, ""),
        ["stages", stage, "blocks", block, "conv_dw", part] => of_block(stage, block, Some(0), part),
        ["stages", stage, "blocks", block, "norm", part] => of_block(stage, block, Some(2), part),
        ["stages", stage, "blocks", block, "mlp", "fc1", part] => of_block(stage, block, Some(3), part),
        ["stages", stage, "blocks", block, "mlp", "fc2", part] => of_block(stage, block, Some(5), part),
        ["stages", stage, "downsample", layer, part] => of_way_down(stage, layer, part),
        ["head", "norm", part] => Some(format!("classifier.0.{part}")),
        ["head", "fc", part] => Some(format!("classifier.2.{part}")),
        _ => None,
    })
}

pub fn hugging_face(names: &[Cow<str>], _own: &[&str]) -> Translated {
    if !names.iter().any(|name| name.ends_with(".dwconv.weight")) {
        return None;
    }
    translated(names, |words| match *words.strip_prefix(&["convnext"]).unwrap_or(words) {
        ["embeddings", "patch_embeddings", part] => Some(format!("features.0.0.{part}")),
        ["embeddings", "layernorm", part] => Some(format!("features.0.1.{part}")),
        ["encoder", "stages", stage, "layers", block, "layer_scale_parameter"] => of_block(stage, block, None, ""),
        ["encoder", "stages", stage, "layers", block, "dwconv", part] => of_block(stage, block, Some(0), part),
        ["encoder", "stages", stage, "layers", block, "layernorm", part] => of_block(stage, block, Some(2), part),
        ["encoder", "stages", stage, "layers", block, "pwconv1", part] => of_block(stage, block, Some(3), part),
        ["encoder", "stages", stage, "layers", block, "pwconv2", part] => of_block(stage, block, Some(5), part),
        ["encoder", "stages", stage, "downsampling_layer", layer, part] => of_way_down(stage, layer, part),
        ["layernorm", part] => Some(format!("classifier.0.{part}")),
        ["classifier", part] => Some(format!("classifier.2.{part}")),
        _ => None,
    })
}
