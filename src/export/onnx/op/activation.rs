//! Functions of each number, by operators that every version has.

use std::f64::consts::FRAC_1_SQRT_2;

use crate::export::onnx::graph::NodeBuilder;
use crate::export::onnx::proto::Attribute;
use crate::ir::Shape;
use crate::program::Activation;

pub(super) fn activation(activation: Activation, at: &mut NodeBuilder) {
    let x = at.input(0);
    let x = x.as_str();
    match activation {
        Activation::Relu => at.result("Relu", &[x], &[]),
        Activation::LeakyRelu { slope } => at.result("LeakyRelu", &[x], &[("alpha", Attribute::Float(slope))]),
        Activation::Sigmoid => at.result("Sigmoid", &[x], &[]),
        Activation::Tanh => at.result("Tanh", &[x], &[]),
        Activation::Gelu => {
            let root = at.float("root", FRAC_1_SQRT_2);
            let scaled = at.inner("scaled", "Mul", &[x, &root], &[]);
            let erf = at.inner("erf", "Erf", &[&scaled], &[]);
            let one = at.float("one", 1.0);
            let raised = at.inner("raised", "Add", &[&erf, &one], &[]);
            let product = at.inner("product", "Mul", &[x, &raised], &[]);
            let half = at.float("half", 0.5);
            at.result("Mul", &[&product, &half], &[]);
        }
        Activation::Silu => {
            let sigmoid = at.inner("sigmoid", "Sigmoid", &[x], &[]);
            at.result("Mul", &[x, &sigmoid], &[]);
        }
        Activation::Relu6 => {
            // Bounds are numbers without dimensions.
            let low = at.floats("min", vec![], vec![0.0]);
            let high = at.floats("max", vec![], vec![6.0]);
            at.result("Clip", &[x, &low, &high], &[]);
        }
        Activation::HardSigmoid => {
            let [line, low, high] = hard_sigmoid(x, at);
            at.result("Clip", &[&line, &low, &high], &[]);
        }
        Activation::HardSwish => {
            let [line, low, high] = hard_sigmoid(x, at);
            let gate = at.inner("gate", "Clip", &[&line, &low, &high], &[]);
            at.result("Mul", &[x, &gate], &[]);
        }
        Activation::Elu { alpha } => at.result("Elu", &[x], &[("alpha", Attribute::Float(alpha))]),
        Activation::Softplus { beta, threshold } => softplus(x, beta, threshold, at),
        Activation::Mish => {
            let softplus = at.inner("softplus", "Softplus", &[x], &[]);
            let tanh = at.inner("tanh", "Tanh", &[&softplus], &[]);
            at.result("Mul", &[x, &tanh], &[]);
        }
        Activation::Multiple { factor } => {
            let factor = at.float("factor", factor);
            at.result("Mul", &[x, &factor], &[]);
        }
        Activation::Power { exponent, scale, shift } => power(x, exponent, scale, shift, at),
    }
}

/// What changes nothing is left out, but for the last of it.
fn power(x: &str, exponent: f64, scale: f64, shift: f64, at: &mut NodeBuilder) {
    let mut left = [("Mul", "scale", scale, 1.0), ("Add", "shift", shift, 0.0), ("Pow", "exponent", exponent, 1.0)]
        .into_iter()
        .filter(|(_, _, number, usual)| number != usual)
        .peekable();
    let mut x = x.to_owned();
    if left.peek().is_none() {
        return at.result("Identity", &[&x], &[]);
    }
    while let Some((operator, name, number, _)) = left.next() {
        let number = at.float(name, number);
        if left.peek().is_none() {
            at.result(operator, &[&x, &number], &[]);
        } else {
            x = at.inner(&format!("{}ed", operator.to_lowercase()), operator, &[&x, &number], &[]);
        }
    }
}

/// x/6 + 1/2, and what it is cut to. OpenCV takes the operator of this name for another function.
fn hard_sigmoid(x: &str, at: &mut NodeBuilder) -> [String; 3] {
    let sixth = at.float("sixth", 1.0 / 6.0);
    let scaled = at.inner("scaled", "Mul", &[x, &sixth], &[]);
    let half = at.float("half", 0.5);
    let line = at.inner("line", "Add", &[&scaled, &half], &[]);
    [line, at.floats("min", vec![], vec![0.0]), at.floats("max", vec![], vec![1.0])]
}

/// ln(1 + e^βx)/β. The operator has no threshold, from which on it is x: where one shows in single precision, it is
/// said.
fn softplus(x: &str, beta: f64, threshold: f64, at: &mut NodeBuilder) {
    let shows = (threshold + (-threshold).exp().ln_1p()) as f32 != threshold as f32;
    let mut scaled = x.to_owned();
    let mut factor = String::new();
    if beta != 1.0 || shows {
        factor = at.float("beta", beta);
        scaled = at.inner("scaled", "Mul", &[x, &factor], &[]);
    }
    match (beta == 1.0, shows) {
        (true, false) => at.result("Softplus", &[x], &[]),
        (false, false) => {
            let softplus = at.inner("softplus", "Softplus", &[&scaled], &[]);
            at.result("Div", &[&softplus, &factor], &[]);
        }
        (_, true) => {
            let softplus = at.inner("softplus", "Softplus", &[&scaled], &[]);
            let curve = at.inner("curve", "Div", &[&softplus, &factor], &[]);
            let threshold = at.float("threshold", threshold);
            let straight = at.inner("straight", "Greater", &[&scaled, &threshold], &[]);
            at.result("Where", &[&straight, x, &curve], &[]);
        }
    }
}

/// One slope for all, or one a channel.
pub(super) fn prelu(at: &mut NodeBuilder) {
    let slopes = at.weight_shape(0)[0];
    let dims = match at.output_shape() {
        Shape::Map { .. } => vec![slopes, 1, 1],
        Shape::Vector(_) => vec![slopes],
    };
    let slopes = at.weight_as(0, dims);
    at.result("PRelu", &[&at.input(0), &slopes], &[]);
}
