//! Each operation of a program as Keras has it: a layer, or a few that follow each other.

use super::pool;
use super::resize;
use super::weights::Layout;
use crate::export::ExportError;
use crate::export::source::{Call, boolean, number, pair, tuple};
use crate::ir::{Pair, Shape};
use crate::program::op::{BatchNorm, Conv2d, ConvTranspose2d, GroupNorm, LayerNorm, LocalResponseNorm};
use crate::program::{Activation, ChannelPool, Op, Over, Program, Step};

/// A layer of Keras.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layer {
    /// What it is called behind the name of archc's layer; empty for what that one is itself.
    pub suffix: &'static str,
    pub call: Call,
    /// How its variables are made of the step's weights, in the order of both.
    pub weights: Vec<Layout>,
}

impl Layer {
    pub fn new(call: Call) -> Layer {
        Layer { suffix: "", call, weights: Vec::new() }
    }

    /// What prepares or finishes.
    pub fn called(suffix: &'static str, call: Call) -> Layer {
        Layer { suffix, call, weights: Vec::new() }
    }
}

/// A step, and the shapes that it reads and makes.
pub struct At<'a> {
    pub program: &'a Program,
    pub step: &'a Step,
    pub input: Shape,
    pub output: Shape,
}

impl At<'_> {
    /// Height and width before and after.
    pub fn sides(&self) -> [(usize, usize); 2] {
        let sides = self.input.sides().zip(self.output.sides());
        let ((height, width), (rows, columns)) = sides.expect("both are maps");
        [(height, rows), (width, columns)]
    }

    /// Sizes of a weight.
    fn weight(&self, index: usize) -> &[usize] {
        &self.program.weights[self.step.weights[index]].shape
    }

    fn has_bias(&self) -> bool {
        self.step.weights.len() > 1
    }
}

/// A step in Keras's words: layers, each of which reads what the one before it makes.
///
/// # Errors
/// If Keras has no word for it.
pub fn layers(program: &Program, step: &Step) -> Result<Vec<Layer>, ExportError> {
    let at = &At { program, step, input: program.shape(step.inputs[0]), output: program.shape(step.output) };
    let call = match &step.op {
        Op::Conv2d(op) => return Ok(conv2d(op, at)),
        Op::ConvTranspose2d(op) => return Ok(conv_transpose2d(op, at)),
        Op::Linear => {
            let call = Call::new("layers.Dense").with("units", at.output.elements());
            let call = call.key("use_bias", boolean(at.has_bias()), "True");
            return Ok(vec![weighted(call, at, Layout::transposed(at.weight(0), &[1, 0]))]);
        }
        Op::MaxPool2d(op) => return Ok(pool::max(op, at)),
        Op::AvgPool2d(op) => return Ok(pool::average(op, at)),
        Op::AdaptiveAvgPool2d => pool::adaptive("Average", at),
        Op::AdaptiveMaxPool2d => pool::adaptive("Max", at),
        Op::BatchNorm(op) => return Ok(vec![as_they_are(batch_norm(op), at)]),
        Op::GroupNorm(GroupNorm { groups, eps }) => {
            let call = Call::new("layers.GroupNormalization").with("groups", groups);
            let call = affine(call.key("epsilon", number(*eps), number(1e-3)), !step.weights.is_empty());
            return Ok(vec![as_they_are(call, at)]);
        }
        Op::LayerNorm(op) => return Ok(vec![layer_norm(op, at)]),
        Op::LocalResponseNorm(LocalResponseNorm { size, alpha, beta, k }) => Call::new("LocalResponseNorm")
            .with("size", size)
            .key("alpha", number(*alpha), number(1e-4))
            .key("beta", number(*beta), number(0.75))
            .key("k", number(*k), number(1.0)),
        Op::Dropout(op) => Call::new("layers.Dropout").with("rate", number(op.p)),
        Op::DropPath(op) => {
            let ones = ", 1".repeat(if at.output.sides().is_some() { 3 } else { 1 });
            Call::new("layers.Dropout").with("rate", number(op.p)).key("noise_shape", format!("(None{ones})"), "")
        }
        Op::Activation(op) => activation(*op),
        Op::Prelu => return Ok(vec![prelu(at)]),
        Op::Scale => {
            let call = Call::new("Scale").key("use_bias", boolean(at.has_bias()), "False");
            let flat = |_| Layout::same(&[at.output.channels()]);
            return Ok(vec![Layer { suffix: "", call, weights: step.weights.iter().map(flat).collect() }]);
        }
        Op::Softmax(op) => return Ok(resize::softmax(op.groups, at)),
        Op::Flatten => return Ok(flatten(at)),
        Op::Unflatten => return Ok(unflatten(at)),
        Op::Identity => Call::new("layers.Identity"),
        Op::Upsample(op) => resize::upsample(op, at),
        Op::Pad(op) => resize::pad(op, at),
        Op::Crop(op) => resize::crop(op, at),
        Op::Slice(op) => Call::new("Slice").with("start", op.start).with("stop", op.start + at.output.channels()),
        Op::ChannelShuffle(op) => return Ok(resize::channel_shuffle(op.groups, at)),
        Op::ChannelPool(op) => {
            let largest = boolean(*op == ChannelPool::Max);
            Call::new("ChannelPooling").key("largest", largest, "False")
        }
        Op::PixelShuffle(op) => return Ok(resize::pixel_shuffle(op.factor, at)),
        Op::PixelUnshuffle(op) => return Ok(resize::pixel_unshuffle(op.factor, at)),
        Op::Add => Call::new("layers.Add"),
        Op::Mul => Call::new("layers.Multiply"),
        Op::Maximum => Call::new("layers.Maximum"),
        Op::Concat => Call::new("layers.Concatenate"),
        Op::Custom(op) => {
            return Err(ExportError::Refused(format!(
                "`{}` is an operation `{}` of another crate, which Keras does not have",
                step.name,
                op.operation().name()
            )));
        }
    };
    Ok(vec![Layer::new(call)])
}

/// A layer whose first weight is laid out anew, and the others not.
fn weighted(call: Call, at: &At, first: Layout) -> Layer {
    let others = (1..at.step.weights.len()).map(|index| Layout::same(at.weight(index)));
    Layer { suffix: "", call, weights: std::iter::once(first).chain(others).collect() }
}

fn as_they_are(call: Call, at: &At) -> Layer {
    let weights = (0..at.step.weights.len()).map(|index| Layout::same(at.weight(index))).collect();
    Layer { suffix: "", call, weights }
}

/// `(top, bottom), (left, right)`, as short as Keras takes it.
pub fn around([top, left, bottom, right]: [usize; 4]) -> String {
    match (top == bottom, left == right) {
        (true, true) => pair(Pair { height: top, width: left }),
        _ => format!("(({top}, {bottom}), ({left}, {right}))"),
    }
}

fn conv2d(op: &Conv2d, at: &At) -> Vec<Layer> {
    let (window, ones) = (op.window, Pair::square(1));
    let mut layers = Vec::new();
    let padding = if window.keeps_size() && window.padding != Pair::square(0) {
        "\"same\""
    } else {
        let Pair { height, width } = window.padding;
        if window.padding != Pair::square(0) {
            let call = Call::new("layers.ZeroPadding2D").with("padding", around([height, width, height, width]));
            layers.push(Layer::called("pad", call));
        }
        "\"valid\""
    };
    // Keras refuses steps together with gaps: what is stepped over is computed, and left out then.
    let steps_later = window.stride != ones && window.dilation != ones;
    let strides = if steps_later { ones } else { window.stride };
    let mut shape = at.weight(0).to_vec();
    shape.resize(4, 1);
    let depthwise = op.groups > 1 && op.groups == at.input.channels();
    let (call, layout) = if depthwise {
        let multiplier = at.output.channels() / op.groups;
        let call = Call::new("layers.DepthwiseConv2D").with("kernel_size", pair(window.kernel)).key(
            "depth_multiplier",
            multiplier,
            "1",
        );
        let view = [op.groups, multiplier, shape[2], shape[3]];
        (call, Layout::transposed(&view, &[2, 3, 0, 1]))
    } else {
        let call =
            Call::new("layers.Conv2D").with("filters", at.output.channels()).with("kernel_size", pair(window.kernel));
        (call, Layout::transposed(&shape, &[2, 3, 1, 0]))
    };
    let call = call
        .key("strides", pair(strides), "1")
        .key("padding", padding, "\"valid\"")
        .key("dilation_rate", pair(window.dilation), "1")
        .key("groups", if depthwise { 1 } else { op.groups }, "1")
        .key("use_bias", boolean(at.has_bias()), "True");
    layers.push(weighted(call, at, layout));
    if steps_later {
        let call = Call::new("layers.MaxPooling2D").with("pool_size", 1).key("strides", pair(window.stride), "");
        layers.push(Layer::called("step", call));
    }
    layers
}

/// Keras computes everything that a kernel reaches; padding is cut off.
fn conv_transpose2d(ConvTranspose2d(op): &ConvTranspose2d, at: &At) -> Vec<Layer> {
    let window = op.window;
    let ones = Pair::square(1);
    let [down, across] = window.axes();
    let [rows, columns] = at.sides();
    // Rows and columns that Keras makes by itself; what it must make besides; what is cut off at the end.
    let ends = [(down, rows), (across, columns)].map(|(axis, (input, output))| {
        let reached = (input - 1) * axis.stride + axis.span();
        let made = reached.max(input * axis.stride);
        let needed = output + axis.padding;
        match needed > made {
            true => (needed - reached, 0),
            false => (0, made - needed),
        }
    });
    let shape = at.weight(0);
    let more = Pair { height: ends[0].0, width: ends[1].0 };
    let too_far = more.height >= window.stride.height || more.width >= window.stride.width;
    if op.groups > 1 || window.dilation != ones || (more != Pair::square(0) && too_far) {
        let call = Call::new("TransposedConv2D")
            .with("filters", at.output.channels())
            .with("kernel_size", tuple(window.kernel))
            .key("strides", tuple(window.stride), "")
            .key("padding", tuple(window.padding), "")
            .key("size", format!("({}, {})", rows.1, columns.1), "")
            .key("dilation_rate", tuple(window.dilation), "(1, 1)")
            .key("groups", op.groups, "1")
            .key("use_bias", boolean(at.has_bias()), "True");
        return vec![weighted(call, at, Layout::transposed(shape, &[2, 3, 1, 0]))];
    }
    // A size that is made longer by one side is said for both; the other's own must then be given as well.
    let more = match more == Pair::square(0) {
        true => String::new(),
        false => {
            let [height, width] =
                [(down, rows, more.height), (across, columns, more.width)].map(|(axis, (input, _), more)| {
                    more.max((input * axis.stride).saturating_sub((input - 1) * axis.stride + axis.span()))
                });
            pair(Pair { height, width })
        }
    };
    let call = Call::new("layers.Conv2DTranspose")
        .with("filters", at.output.channels())
        .with("kernel_size", pair(window.kernel))
        .key("strides", pair(window.stride), "1")
        .key("output_padding", more, "")
        .key("use_bias", boolean(at.has_bias()), "True");
    let mut layers = vec![weighted(call, at, Layout::transposed(shape, &[2, 3, 1, 0]))];
    let cut = [window.padding.height, window.padding.width, ends[0].1, ends[1].1];
    if cut != [0; 4] {
        layers.push(Layer::called("crop", Call::new("layers.Cropping2D").with("cropping", around(cut))));
    }
    layers
}

fn batch_norm(op: &BatchNorm) -> Call {
    // The share of the old value, without the binary tail of 1 − 0.1.
    let momentum = ((1.0 - op.momentum) * 1e12).round() / 1e12;
    let call = Call::new("layers.BatchNormalization").key("momentum", number(momentum), number(0.99)).key(
        "epsilon",
        number(op.eps),
        number(1e-3),
    );
    affine(call, op.affine)
}

fn affine(call: Call, affine: bool) -> Call {
    call.key("center", boolean(affine), "True").key("scale", boolean(affine), "True")
}

fn layer_norm(op: &LayerNorm, at: &At) -> Layer {
    let whole = op.over == Over::Example && at.output.sides().is_some();
    let call = Call::new("layers.LayerNormalization").key("axis", if whole { "(1, 2, 3)" } else { "-1" }, "-1").key(
        "epsilon",
        number(op.eps),
        number(1e-3),
    );
    let call = affine(call, !at.step.weights.is_empty());
    match whole {
        true => {
            let channels_last = |index| Layout::transposed(at.weight(index), &[1, 2, 0]);
            Layer { suffix: "", call, weights: (0..at.step.weights.len()).map(channels_last).collect() }
        }
        false => as_they_are(call, at),
    }
}

fn activation(activation: Activation) -> Call {
    let named = |name: &str| Call::new("layers.Activation").with("activation", format!("\"{name}\""));
    match activation {
        Activation::Relu => Call::new("layers.ReLU"),
        Activation::LeakyRelu { slope } => Call::new("layers.LeakyReLU").key("negative_slope", number(slope), ""),
        Activation::Sigmoid => named("sigmoid"),
        Activation::Tanh => named("tanh"),
        Activation::Gelu => named("gelu"),
        Activation::Silu => named("silu"),
        Activation::Relu6 => Call::new("layers.ReLU").key("max_value", number(6.0), ""),
        Activation::HardSigmoid => named("hard_sigmoid"),
        Activation::HardSwish => named("hard_silu"),
        Activation::Elu { alpha } => Call::new("layers.ELU").key("alpha", number(alpha), number(1.0)),
        // Beyond 20 the logarithm is the number itself, to rounding.
        Activation::Softplus { beta, threshold } if beta == 1.0 && threshold >= 20.0 => named("softplus"),
        Activation::Softplus { beta, threshold } => {
            Call::new("Softplus").with("beta", number(beta)).with("threshold", number(threshold))
        }
        Activation::Mish => named("mish"),
        Activation::Multiple { factor } => Call::new("layers.Rescaling").with("scale", number(factor)),
        Activation::Power { exponent: 1.0, scale, shift } => {
            Call::new("layers.Rescaling").with("scale", number(scale)).key("offset", number(shift), number(0.0))
        }
        Activation::Power { exponent, scale, shift } => Call::new("Power")
            .with("exponent", number(exponent))
            .key("scale", number(scale), number(1.0))
            .key("shift", number(shift), number(0.0)),
    }
}

/// Slopes have a size for each axis, 1 for those that share them.
fn prelu(at: &At) -> Layer {
    let slopes = at.program.weights[at.step.weights[0]].elements();
    let (axes, shape) = match (at.output.sides().is_some(), slopes > 1) {
        (true, true) => ("(1, 2)", vec![1, 1, slopes]),
        (true, false) => ("(1, 2, 3)", vec![1; 3]),
        (false, true) => ("None", vec![slopes]),
        (false, false) => ("(1,)", vec![1]),
    };
    let call = Call::new("layers.PReLU").key("shared_axes", axes, "None");
    Layer { suffix: "", call, weights: vec![Layout::same(&shape)] }
}

/// Channel by channel, and the channels behind the pixels then.
fn unflatten(at: &At) -> Vec<Layer> {
    let sizes: Vec<String> = at.output.dims().iter().map(usize::to_string).collect();
    let shaped = |order: [usize; 3]| format!("({})", order.map(|axis| sizes[axis].as_str()).join(", "));
    let reshape = |sizes: String| Call::new("layers.Reshape").with("target_shape", sizes);
    if at.output.channels() == 1 || at.output.positions() == 1 {
        return vec![Layer::new(reshape(shaped([1, 2, 0])))];
    }
    let channels_last = Call::new("layers.Permute").with("dims", "(2, 3, 1)");
    vec![Layer::called("channels_first", reshape(shaped([0, 1, 2]))), Layer::new(channels_last)]
}

/// Channel by channel, as the weights of what comes after it are.
fn flatten(at: &At) -> Vec<Layer> {
    let mut layers = Vec::new();
    if at.input.channels() > 1 && at.input.positions() > 1 {
        layers.push(Layer::called("channels_first", Call::new("layers.Permute").with("dims", "(3, 1, 2)")));
    }
    layers.push(Layer::new(Call::new("layers.Flatten")));
    layers
}
