//! What layers are called: as their weights are, else as their nodes, of which exporters write more than the name.

use super::constant::Origin;
use super::graph::Node;
use crate::diagnostic::Spanned;

/// The name of the layer that a node becomes.
pub fn of(node: &Node, weight: Option<&Origin>) -> Spanned<String> {
    let of_weight = weight.and_then(|origin| Some(Spanned::new(layer_of(&origin.name.value)?, origin.name.span)));
    of_weight.unwrap_or_else(|| {
        let span = if node.name.value.is_empty() { node.operator.span } else { node.name.span };
        let made = node.outputs.first().map(|output| output.value.as_str()).unwrap_or_default();
        let written = if node.name.value.is_empty() { made } else { &node.name.value };
        Spanned::new(plain(written, &node.operator.value), span)
    })
}

/// `layer1.0.conv1` of `layer1.0.conv1.weight`; nothing of a name that an exporter made up.
fn layer_of(weight: &str) -> Option<String> {
    let (layer, part) = weight.rsplit_once('.')?;
    let is_part = ["weight", "bias", "weight_bias", "running_mean", "running_var", "gamma", "beta"].contains(&part);
    let is_made_up = layer.contains(':') || layer.is_empty();
    (is_part && !is_made_up).then(|| layer.to_string())
}

/// `layer1.0.conv1` of `/layer1/layer1.0/conv1/Conv`, in which each level repeats those above it.
fn plain(written: &str, operator: &str) -> String {
    let mut parts: Vec<&str> = written.split('/').filter(|part| !part.is_empty()).collect();
    // Of Keras, the model's own name comes first, behind that of the function that TensorFlow made of it.
    if parts.first().is_some_and(|first| first.starts_with("StatefulPartitionedCall") || *first == "PartitionedCall") {
        parts.drain(..2.min(parts.len() - 1));
    }
    while parts.len() > 1 && parts.last().is_some_and(|part| is_operator(part, operator)) {
        parts.pop();
    }
    let mut name = String::new();
    for part in parts {
        let repeats = !name.is_empty() && part.strip_prefix(name.as_str()).is_some_and(|rest| rest.starts_with('.'));
        if repeats {
            name.clear();
        } else if !name.is_empty() {
            name.push('.');
        }
        name.push_str(part);
    }
    name.strip_prefix("node_").map(str::to_string).unwrap_or(name)
}

/// Whether a part of a name only says which operator it is: `Conv`, `Relu_1`, TensorFlow's `BiasAdd`.
fn is_operator(part: &str, operator: &str) -> bool {
    let stem = part.trim_end_matches(|c: char| c.is_ascii_digit()).trim_end_matches('_');
    let part = if stem.len() < part.len() && part[stem.len()..].starts_with('_') { stem } else { part };
    const TENSORFLOW: [&str; 12] = [
        "Conv2D",
        "convolution",
        "depthwise",
        "BiasAdd",
        "MatMul",
        "FusedBatchNormV3",
        "AvgPool",
        "MaxPool",
        "Mean",
        "Relu6",
        "add",
        "mul",
    ];
    part == operator || TENSORFLOW.contains(&part) || part.strip_prefix(operator).is_some_and(|rest| rest == ":0")
}

#[cfg(test)]
mod tests {
    use super::{layer_of, plain};

    #[test]
    fn names_are_those_of_the_model() {
        for (written, operator, expected) in [
            ("/layer1/layer1.0/conv1/Conv", "Conv", "layer1.0.conv1"),
            ("/layer1/layer1.0/relu_1/Relu", "Relu", "layer1.0.relu_1"),
            ("/conv1/Conv", "Conv", "conv1"),
            ("/features/features.1/Relu_1", "Relu", "features.1"),
            ("/Flatten", "Flatten", "Flatten"),
            ("node_relu_3", "Relu", "relu_3"),
            ("StatefulPartitionedCall/model/conv1/Conv2D", "Conv", "conv1"),
            ("StatefulPartitionedCall/model/block/bn/FusedBatchNormV3", "BatchNormalization", "block.bn"),
            ("layer1.0.conv1", "Conv", "layer1.0.conv1"),
            ("", "Conv", ""),
        ] {
            assert_eq!(plain(written, operator), expected, "{written}");
        }
        assert_eq!(layer_of("layer1.0.conv1.weight").as_deref(), Some("layer1.0.conv1"));
        for made_up in ["onnx::Conv_193", "fc", "a.b", ".weight"] {
            assert_eq!(layer_of(made_up), None, "{made_up}");
        }
    }
}
