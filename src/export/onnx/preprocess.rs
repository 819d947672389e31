//! Images as they are decoded, as a graph's input: bytes N×H×W×C, of the network's height and width.

use super::graph::{Graph, Numbers};
use super::message::Message;
use super::proto::{self, Attribute, Element, Size};
use crate::export::ExportError;
use crate::ir::{Shape, ValueId};
use crate::recipe::Transform;

/// Adds what makes the network's input of bytes, and returns the graph's input. Resizing and cropping stay outside.
///
/// # Errors
/// If the network reads no images, or something else has to come before resizing or cropping.
pub fn add(graph: &mut Graph, transforms: &[Transform], input: Shape) -> Result<Message, ExportError> {
    let Shape::Map { channels: channels @ (1 | 3), height, width } = input else {
        return Err(ExportError::Refused(format!(
            "`--preprocess` is for images of 1 or 3 channels, a height and a width, and the network reads {input}"
        )));
    };
    let image = graph.value(ValueId::INPUT).to_owned();
    let mut x = cast(graph, &image);
    // x·factor + summand for each channel, as far as nothing else comes between.
    let (mut factors, mut summands) = (vec![1.0 / 255.0; channels], vec![0.0; channels]);
    let mut coloured: Option<&Transform> = None;
    for transform in transforms {
        match transform {
            Transform::Normalize { mean, std } => {
                for channel in 0..channels {
                    factors[channel] /= std[channel];
                    summands[channel] = (summands[channel] - mean[channel]) / std[channel];
                }
            }
            Transform::Grayscale { probability } if *probability >= 1.0 => {
                if channels == 3 {
                    x = affine(graph, &x, &factors, &summands);
                    (factors, summands) = (vec![1.0; channels], vec![0.0; channels]);
                    x = grey(graph, &x);
                }
            }
            Transform::NormalizeMeasured => {
                return Err(ExportError::Refused(
                    "`normalize measured` has no numbers before the training images are measured; the file of the weights \
                     knows them, if it was written by this version of archc: export that"
                        .to_owned(),
                ));
            }
            Transform::Pad(_) | Transform::CenterCrop { .. } | Transform::Resize { .. } => {
                if let Some(before) = coloured {
                    return Err(ExportError::Refused(format!(
                        "with `--preprocess` images have the network's size before `{before}` is applied to them, but under \
                         `data:` `{transform}` comes after it: write it before"
                    )));
                }
                continue;
            }
            random => {
                return Err(ExportError::Refused(format!("`{random}` draws random numbers, which a graph does not")));
            }
        }
        coloured = Some(transform);
    }
    let result = affine(graph, &x, &factors, &summands);
    graph.set(ValueId::INPUT, result);
    let batch = graph.sizes(input)[0];
    Ok(proto::value(&image, Element::Uint8, &[batch, Size::Of(height), Size::Of(width), Size::Of(channels)]))
}

/// Bytes with the channels last as numbers with the channels first.
fn cast(graph: &mut Graph, image: &str) -> String {
    let float = node(graph, image, "float", "Cast", &[image], &[("to", Attribute::Int(Element::Float as i64))]);
    let order = [("perm", Attribute::Ints(vec![0, 3, 1, 2]))];
    node(graph, image, "channels_first", "Transpose", &[&float], &order)
}

fn affine(graph: &mut Graph, x: &str, factors: &[f64], summands: &[f64]) -> String {
    let mut constants = |what: &str, numbers: &[f64]| {
        let numbers: Vec<f32> = numbers.iter().map(|number| *number as f32).collect();
        graph.tensor(&format!("preprocess/{what}"), vec![numbers.len(), 1, 1], Numbers::Floats(numbers))
    };
    let (factors, summands) = (constants("factors", factors), constants("summands", summands));
    let scaled = node(graph, "preprocess", "scaled", "Mul", &[x, &factors], &[]);
    node(graph, "preprocess", "normalized", "Add", &[&scaled, &summands], &[])
}

/// The brightness as every channel.
fn grey(graph: &mut Graph, x: &str) -> String {
    let shares = [0.2989, 0.587, 0.114];
    let shares = graph.tensor("preprocess/grey", vec![3, 3, 1, 1], Numbers::Floats([shares; 3].concat()));
    let attributes = [
        ("dilations", Attribute::sizes([1, 1])),
        ("group", Attribute::Int(1)),
        ("kernel_shape", Attribute::sizes([1, 1])),
        ("pads", Attribute::sizes([0; 4])),
        ("strides", Attribute::sizes([1, 1])),
    ];
    node(graph, "preprocess", "greyscale", "Conv", &[x, &shares], &attributes)
}

fn node(
    graph: &mut Graph,
    of: &str,
    what: &str,
    operator: &str,
    inputs: &[&str],
    attributes: super::graph::Attributes,
) -> String {
    let name = graph.unique(&format!("{of}/{what}"));
    graph.node(&name, operator, inputs, &name, attributes);
    name
}
