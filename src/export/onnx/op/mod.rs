//! Each operation of a program as operators of ONNX: only such as mean the same to every reader, and in forms that
//! versions from 13 on have alike.

mod activation;
mod arrange;
mod convolve;
mod norm;
mod pool;
mod resample;

use super::graph::NodeBuilder;
use super::proto::Attribute;
use crate::export::ExportError;
use crate::program::Op;

/// Adds the nodes of a step.
///
/// # Errors
/// If there is nothing in ONNX for it.
pub fn translate(op: &Op, at: &mut NodeBuilder) -> Result<(), ExportError> {
    match op {
        Op::Conv2d(op) => convolve::conv2d(op, at),
        Op::ConvTranspose2d(op) => convolve::conv_transpose2d(op, at),
        Op::Linear => convolve::linear(at),
        Op::MaxPool2d(op) => pool::max(op, at),
        Op::AvgPool2d(op) => pool::average(op, at),
        Op::AdaptiveAvgPool2d => pool::adaptive_average(at)?,
        Op::AdaptiveMaxPool2d => pool::adaptive_max(at),
        Op::BatchNorm(op) => norm::batch(op, at),
        Op::GroupNorm(op) => norm::group(op, at),
        Op::LayerNorm(op) => norm::layer(op, at),
        Op::LocalResponseNorm(op) => norm::local_response(op, at),
        // They are for training.
        Op::Dropout(_) | Op::DropPath(_) | Op::Identity => at.nothing(),
        Op::Activation(op) => activation::activation(*op, at),
        Op::Prelu => activation::prelu(at),
        Op::Scale => norm::scale(at),
        Op::Softmax(op) => arrange::softmax(op, at),
        Op::Flatten => at.result("Flatten", &[&at.input(0)], &[("axis", Attribute::Int(1))]),
        Op::Unflatten => arrange::unflatten(at),
        Op::Upsample(op) => resample::upsample(op, at)?,
        Op::Pad(op) => arrange::pad(op, at),
        Op::Crop(op) => arrange::crop(op, at),
        Op::Slice(op) => arrange::slice(op, at),
        Op::ChannelShuffle(op) => arrange::channel_shuffle(op, at),
        Op::ChannelPool(op) => pool::channels(*op, at),
        Op::PixelShuffle(op) => arrange::pixel_shuffle(op, at),
        Op::PixelUnshuffle(op) => arrange::pixel_unshuffle(op, at),
        Op::Add => many("Add", "sum", at),
        Op::Mul => many("Mul", "product", at),
        Op::Maximum => many("Max", "larger", at),
        Op::Concat => {
            let inputs = at.inputs();
            let inputs: Vec<&str> = inputs.iter().map(String::as_str).collect();
            at.result("Concat", &inputs, &[("axis", Attribute::Int(1))]);
        }
        Op::Custom(_) => {
            return Err(ExportError::Refused(format!(
                "`{}` is an operation `{}` of another crate, for which ONNX has no name",
                at.layer(),
                op.name()
            )));
        }
    }
    Ok(())
}

/// An operator of two inputs, over all of them one after the other.
fn many(operator: &str, what: &str, at: &mut NodeBuilder) {
    let inputs = at.inputs();
    let (last, others) = inputs.split_last().expect("there are several");
    let mut sofar = others[0].clone();
    for input in &others[1..] {
        sofar = at.inner(what, operator, &[&sofar, input], &[]);
    }
    at.result(operator, &[&sofar, last], &[]);
}
