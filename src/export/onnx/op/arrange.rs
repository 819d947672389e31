//! Operations that only move numbers.

use crate::export::onnx::graph::NodeBuilder;
use crate::export::onnx::proto::Attribute;
use crate::ir::Shape;
use crate::program::Fill;
use crate::program::op::{ChannelShuffle, Crop, Pad, PixelShuffle, PixelUnshuffle, Slice, Softmax};

/// Channels, height and width.
fn map(shape: Shape) -> [usize; 3] {
    let (height, width) = shape.sides().expect("it is a map");
    [shape.channels(), height, width]
}

pub(super) fn pad(op: &Pad, at: &mut NodeBuilder) {
    let ([channels, height, width], [outputs, rows, columns]) = (map(at.input_shape()), map(at.output_shape()));
    let Pad { fill, top, left, front } = *op;
    let (bottom, right, back) = (rows - height - top, columns - width - left, outputs - channels - front);
    let constant = [("mode", Attribute::Text("constant"))];
    let mut x = at.input(0);
    let mode = match fill {
        Fill::Zero => {
            let pads = at.ints("pads", [0, front, top, left, 0, back, bottom, right].map(|pad| pad as i64));
            let zero = at.floats("padding", vec![], vec![0.0]);
            at.result("Pad", &[&x, &pads, &zero], &constant);
            return;
        }
        Fill::Reflect => "reflect",
        Fill::Replicate => "edge",
    };
    // New channels are zero all the same.
    if front + back > 0 {
        let pads = at.ints("channels", [0, front, 0, 0, 0, back, 0, 0].map(|pad| pad as i64));
        let zero = at.floats("padding", vec![], vec![0.0]);
        x = at.inner("with_channels", "Pad", &[&x, &pads, &zero], &constant);
    }
    let pads = at.ints("pads", [0, 0, top, left, 0, 0, bottom, right].map(|pad| pad as i64));
    at.result("Pad", &[&x, &pads], &[("mode", Attribute::Text(mode))]);
}

pub(super) fn slice(op: &Slice, at: &mut NodeBuilder) {
    let starts = at.ints("starts", [op.start as i64]);
    let ends = at.ints("ends", [(op.start + at.output_shape().channels()) as i64]);
    let (axes, steps) = (at.ints("axes", [1]), at.ints("steps", [1]));
    at.result("Slice", &[&at.input(0), &starts, &ends, &axes, &steps], &[]);
}

pub(super) fn crop(op: &Crop, at: &mut NodeBuilder) {
    let ([_, rows, columns], Crop { top, left }) = (map(at.output_shape()), *op);
    let starts = at.ints("starts", [top, left].map(|start| start as i64));
    let ends = at.ints("ends", [top + rows, left + columns].map(|end| end as i64));
    let (axes, steps) = (at.ints("axes", [2, 3]), at.ints("steps", [1, 1]));
    at.result("Slice", &[&at.input(0), &starts, &ends, &axes, &steps], &[]);
}

/// The numbers as an array of other sizes, its axes in another order, and that as the result.
fn turned(sizes: Vec<usize>, order: Vec<i64>, at: &mut NodeBuilder) {
    let parts = at.shape("parts", sizes);
    let split = at.inner("split", "Reshape", &[&at.input(0), &parts], &[]);
    let turned = at.inner("turned", "Transpose", &[&split], &[("perm", Attribute::Ints(order))]);
    let whole = at.shape("shape", at.output_shape().dims());
    at.result("Reshape", &[&turned, &whole], &[]);
}

pub(super) fn unflatten(at: &mut NodeBuilder) {
    let whole = at.shape("shape", at.output_shape().dims());
    at.result("Reshape", &[&at.input(0), &whole], &[]);
}

/// Groups have an axis of their own meanwhile.
pub(super) fn softmax(op: &Softmax, at: &mut NodeBuilder) {
    let (x, shape) = (at.input(0), at.output_shape());
    if op.groups == 1 {
        return at.result("Softmax", &[&x], &[("axis", Attribute::Int(1))]);
    }
    let parts = at.shape("parts", [op.groups, shape.channels() / op.groups, shape.positions()]);
    let split = at.inner("split", "Reshape", &[&x, &parts], &[]);
    let shares = at.inner("shares", "Softmax", &[&split], &[("axis", Attribute::Int(2))]);
    let whole = at.shape("shape", shape.dims());
    at.result("Reshape", &[&shares, &whole], &[]);
}

pub(super) fn channel_shuffle(op: &ChannelShuffle, at: &mut NodeBuilder) {
    let shape = at.output_shape();
    turned(vec![op.groups, shape.channels() / op.groups, shape.positions()], vec![0, 2, 1, 3], at);
}

pub(super) fn pixel_shuffle(op: &PixelShuffle, at: &mut NodeBuilder) {
    // Columns before rows before depth.
    let attributes = [("blocksize", Attribute::Int(op.factor as i64)), ("mode", Attribute::Text("CRD"))];
    at.result("DepthToSpace", &[&at.input(0)], &attributes);
}

/// SpaceToDepth puts the depth last, and has no other mode.
pub(super) fn pixel_unshuffle(op: &PixelUnshuffle, at: &mut NodeBuilder) {
    let ([channels, height, width], factor) = (map(at.input_shape()), op.factor);
    turned(vec![channels, height / factor, factor, width / factor, factor], vec![0, 1, 3, 5, 2, 4], at);
}
