//! Convolutions and linear layers.

use crate::export::onnx::graph::NodeBuilder;
use crate::export::onnx::proto::Attribute;
use crate::ir::{Pair, Window};
use crate::program::op::{Conv2d, ConvTranspose2d};

/// Down and across.
pub(super) fn pair(sizes: Pair) -> Attribute {
    Attribute::sizes([sizes.height, sizes.width])
}

/// What a convolution either way is told; nothing is left to a default, since some readers have others.
fn geometry(window: &Window, groups: usize) -> Vec<(&'static str, Attribute)> {
    let Pair { height, width } = window.padding;
    vec![
        ("dilations", pair(window.dilation)),
        ("group", Attribute::Int(groups as i64)),
        ("kernel_shape", pair(window.kernel)),
        ("pads", Attribute::sizes([height, width, height, width])),
        ("strides", pair(window.stride)),
    ]
}

/// The input and all weights, the first of them in the sizes that a convolution's has.
fn operands(sizes: usize, at: &mut NodeBuilder) -> Vec<String> {
    let mut operands = vec![at.input(0)];
    for index in 0..at.weights() {
        let mut dims = at.weight_shape(index);
        if index == 0 {
            dims.resize(sizes, 1);
        }
        operands.push(at.weight_as(index, dims));
    }
    operands
}

fn result(operator: &str, sizes: usize, attributes: &[(&'static str, Attribute)], at: &mut NodeBuilder) {
    let operands = operands(sizes, at);
    let operands: Vec<&str> = operands.iter().map(String::as_str).collect();
    at.result(operator, &operands, attributes);
}

pub(super) fn conv2d(op: &Conv2d, at: &mut NodeBuilder) {
    result("Conv", 4, &geometry(&op.window, op.groups), at);
}

pub(super) fn conv_transpose2d(ConvTranspose2d(op): &ConvTranspose2d, at: &mut NodeBuilder) {
    let mut attributes = geometry(&op.window, op.groups);
    // What the output has beyond the last pixel's kernel.
    let sides = at.input_shape().sides().zip(at.output_shape().sides());
    let ((height, width), (rows, columns)) = sides.expect("both are maps");
    let [down, across] = op.window.axes();
    let beyond = [(down, height, rows), (across, width, columns)]
        .map(|(axis, input, output)| output + 2 * axis.padding - ((input - 1) * axis.stride + axis.span()));
    attributes.push(("output_padding", Attribute::sizes(beyond)));
    result("ConvTranspose", 4, &attributes, at);
}

pub(super) fn linear(at: &mut NodeBuilder) {
    let attributes = [
        ("alpha", Attribute::Float(1.0)),
        ("beta", Attribute::Float(1.0)),
        ("transA", Attribute::Int(0)),
        ("transB", Attribute::Int(1)),
    ];
    result("Gemm", 2, &attributes, at);
}
