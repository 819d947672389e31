//! Normalisations.

use crate::export::onnx::graph::NodeBuilder;
use crate::export::onnx::proto::Attribute;
use crate::ir::Shape;
use crate::program::Over;
use crate::program::op::{BatchNorm, GroupNorm, LayerNorm, LocalResponseNorm};

pub(super) fn batch(op: &BatchNorm, at: &mut NodeBuilder) {
    let channels = at.output_shape().channels();
    let (gamma, beta) = match op.affine {
        true => (at.weight(0), at.weight(1)),
        false => (
            at.floats("weight", vec![channels], vec![1.0; channels]),
            at.floats("bias", vec![channels], vec![0.0; channels]),
        ),
    };
    let first = if op.affine { 2 } else { 0 };
    let (mean, variance) = (at.weight(first), at.weight(first + 1));
    let attributes = [("epsilon", Attribute::Float(op.eps)), ("momentum", Attribute::Float(1.0 - op.momentum))];
    at.result("BatchNormalization", &[&at.input(0), &gamma, &beta, &mean, &variance], &attributes);
}

/// As many instances as groups, each normalised by itself. The operator GroupNormalization had another meaning at
/// first, and is in few readers.
pub(super) fn group(op: &GroupNorm, at: &mut NodeBuilder) {
    let (x, shape) = (at.input(0), at.output_shape());
    let groups = op.groups;
    let epsilon = [("epsilon", Attribute::Float(op.eps))];
    let ones = at.floats("ones", vec![groups], vec![1.0; groups]);
    let zeros = at.floats("zeros", vec![groups], vec![0.0; groups]);
    let sizes = at.shape("groups", [groups, shape.elements() / groups, 1]);
    let split = at.inner("split", "Reshape", &[&x, &sizes], &[]);
    let normal = at.inner("normal", "InstanceNormalization", &[&split, &ones, &zeros], &epsilon);
    let sizes = at.shape("shape", shape.dims());
    if at.weights() == 0 {
        at.result("Reshape", &[&normal, &sizes], &[]);
        return;
    }
    let whole = at.inner("whole", "Reshape", &[&normal, &sizes], &[]);
    scaled(&whole, of_channels(shape), at);
}

/// Sizes of a number a channel, such that it is stretched over all positions.
fn of_channels(shape: Shape) -> Vec<usize> {
    match shape {
        Shape::Map { channels, .. } => vec![channels, 1, 1],
        Shape::Vector(features) => vec![features],
    }
}

/// x·γ + β, which have these sizes.
fn scaled(x: &str, dims: Vec<usize>, at: &mut NodeBuilder) {
    let (gamma, beta) = (at.weight_as(0, dims.clone()), at.weight_as(1, dims));
    let product = at.inner("scaled", "Mul", &[x, &gamma], &[]);
    at.result("Add", &[&product, &beta], &[]);
}

/// x·weight, and + bias if there is one.
pub(super) fn scale(at: &mut NodeBuilder) {
    let (x, dims) = (at.input(0), of_channels(at.output_shape()));
    if at.weights() > 1 {
        return scaled(&x, dims, at);
    }
    let weight = at.weight_as(0, dims);
    at.result("Mul", &[&x, &weight], &[]);
}

/// By an operator from version 17 on; before, in its parts.
pub(super) fn layer(op: &LayerNorm, at: &mut NodeBuilder) {
    let (x, shape) = (at.input(0), at.output_shape());
    let epsilon = ("epsilon", Attribute::Float(op.eps));
    match op.over {
        _ if at.opset() < 17 => in_parts(op, at),
        Over::Example => {
            let (gamma, beta) = affine(shape.dims(), at);
            at.result("LayerNormalization", &[&x, &gamma, &beta], &[("axis", Attribute::Int(1)), epsilon]);
        }
        Over::Channels => {
            let last = [("perm", Attribute::Ints(vec![0, 2, 3, 1]))];
            let x = at.inner("channels_last", "Transpose", &[&x], &last);
            let (gamma, beta) = affine(vec![shape.channels()], at);
            let attributes = [("axis", Attribute::Int(-1)), epsilon];
            let normal = at.inner("normal", "LayerNormalization", &[&x, &gamma, &beta], &attributes);
            at.result("Transpose", &[&normal], &[("perm", Attribute::Ints(vec![0, 3, 1, 2]))]);
        }
    }
}

/// γ and β, or what changes nothing.
fn affine(dims: Vec<usize>, at: &mut NodeBuilder) -> (String, String) {
    if at.weights() > 0 {
        return (at.weight(0), at.weight(1));
    }
    let count = dims.iter().product();
    (at.floats("ones", dims.clone(), vec![1.0; count]), at.floats("zeros", dims, vec![0.0; count]))
}

/// (x − mean)/√(variance + ε), by operators of old.
fn in_parts(op: &LayerNorm, at: &mut NodeBuilder) {
    let (x, shape) = (at.input(0), at.output_shape());
    let axes = match op.over {
        Over::Channels => vec![1],
        Over::Example => (1..=shape.dims().len() as i64).collect(),
    };
    let mean_of = [("axes", Attribute::Ints(axes)), ("keepdims", Attribute::Int(1))];
    let mean = at.inner("mean", "ReduceMean", &[&x], &mean_of);
    let centred = at.inner("centred", "Sub", &[&x, &mean], &[]);
    let squares = at.inner("squares", "Mul", &[&centred, &centred], &[]);
    let variance = at.inner("variance", "ReduceMean", &[&squares], &mean_of);
    let eps = at.float("eps", op.eps);
    let raised = at.inner("raised", "Add", &[&variance, &eps], &[]);
    let deviation = at.inner("deviation", "Sqrt", &[&raised], &[]);
    if at.weights() == 0 {
        at.result("Div", &[&centred, &deviation], &[]);
        return;
    }
    let normal = at.inner("normal", "Div", &[&centred, &deviation], &[]);
    let dims = match op.over {
        Over::Channels => of_channels(shape),
        Over::Example => shape.dims(),
    };
    scaled(&normal, dims, at);
}

/// By the operator where the window has a middle; readers disagree on those that have none, or refuse them.
pub(super) fn local_response(op: &LocalResponseNorm, at: &mut NodeBuilder) {
    let x = at.input(0);
    let LocalResponseNorm { size, alpha, beta, k } = *op;
    if size % 2 == 1 {
        let attributes = [
            ("alpha", Attribute::Float(alpha)),
            ("beta", Attribute::Float(beta)),
            ("bias", Attribute::Float(k)),
            ("size", Attribute::Int(size as i64)),
        ];
        at.result("LRN", &[&x], &attributes);
        return;
    }
    // Channels as rows, over which a pool slides: from c − n/2 to c + n/2 − 1.
    let shape = at.output_shape();
    let squares = at.inner("squares", "Mul", &[&x, &x], &[]);
    let rows = at.shape("rows", [1, shape.channels(), shape.positions()]);
    let rows = at.inner("as_rows", "Reshape", &[&squares, &rows], &[]);
    let pads = at.ints("pads", [0, 0, size as i64 / 2, 0, 0, 0, size as i64 / 2 - 1, 0]);
    let zero = at.floats("padding", vec![], vec![0.0]);
    let rows = at.inner("padded", "Pad", &[&rows, &pads, &zero], &[("mode", Attribute::Text("constant"))]);
    let window = [
        ("ceil_mode", Attribute::Int(0)),
        ("count_include_pad", Attribute::Int(0)),
        ("kernel_shape", Attribute::sizes([size, 1])),
        ("pads", Attribute::sizes([0; 4])),
        ("strides", Attribute::sizes([1, 1])),
    ];
    let means = at.inner("means", "AveragePool", &[&rows], &window);
    let dims = at.shape("shape", shape.dims());
    let means = at.inner("as_map", "Reshape", &[&means, &dims], &[]);
    let (alpha, k, beta) = (at.float("alpha", alpha), at.float("k", k), at.float("beta", beta));
    let scaled = at.inner("scaled", "Mul", &[&means, &alpha], &[]);
    let raised = at.inner("raised", "Add", &[&scaled, &k], &[]);
    let power = at.inner("power", "Pow", &[&raised, &beta], &[]);
    at.result("Div", &[&x, &power], &[]);
}
