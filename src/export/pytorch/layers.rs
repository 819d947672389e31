//! Each operation of a program as PyTorch has it: a module, or an expression where there is none.

use crate::export::ExportError;
use crate::export::source::{Call, boolean, list, number, pair, sides, sizes};
use crate::ir::{Init, Pair, Shape};
use crate::program::op::{
    BatchNorm, Conv2d, ConvTranspose2d, Crop, GroupNorm, LayerNorm, LocalResponseNorm, Pad, Softmax, Upsample,
};
use crate::program::{Activation, ChannelPool, Fill, Op, Over, Program, Resampling, Step};

/// How a layer is computed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Form {
    Module(Call),
    /// A parameter of the module around it, and what is computed of the input and it, for each of which there is a `$`.
    Parameter(Call, &'static str),
    /// Of its inputs, for each of which there is a `$`.
    Expression(String),
}

/// The shapes that a step reads and makes.
struct Shapes<'a> {
    step: &'a Step,
    input: Shape,
    output: Shape,
}

/// A step in PyTorch's words.
///
/// # Errors
/// If PyTorch has no word for it.
pub fn form(program: &Program, step: &Step) -> Result<Form, ExportError> {
    let at = &Shapes { step, input: program.shape(step.inputs[0]), output: program.shape(step.output) };
    let call = match &step.op {
        Op::Conv2d(_) if program.weights[step.weights[0]].shape.len() == 2 => linear("Linear2d", at),
        Op::Conv2d(op) => conv2d(op, at),
        Op::ConvTranspose2d(op) => conv_transpose2d(op, at),
        Op::Linear => linear("nn.Linear", at),
        Op::MaxPool2d(op) => {
            let window = op.window;
            Call::new("nn.MaxPool2d")
                .with("kernel_size", pair(window.kernel))
                .key("stride", pair(window.stride), pair(window.kernel))
                .key("padding", pair(window.padding), "0")
                .key("dilation", pair(window.dilation), "1")
                .key("ceil_mode", boolean(window.ceil), "False")
        }
        Op::AvgPool2d(op) => {
            let window = op.window;
            Call::new("nn.AvgPool2d")
                .with("kernel_size", pair(window.kernel))
                .key("stride", pair(window.stride), pair(window.kernel))
                .key("padding", pair(window.padding), "0")
                .key("ceil_mode", boolean(window.ceil), "False")
                .key("count_include_pad", boolean(op.count_include_pad), "True")
        }
        Op::AdaptiveAvgPool2d => Call::new("nn.AdaptiveAvgPool2d").with("output_size", sides(at.output)),
        Op::AdaptiveMaxPool2d => Call::new("nn.AdaptiveMaxPool2d").with("output_size", sides(at.output)),
        Op::BatchNorm(op) => batch_norm(op, at),
        Op::GroupNorm(GroupNorm { groups, eps }) => Call::new("nn.GroupNorm")
            .with("num_groups", groups)
            .with("num_channels", at.output.channels())
            .key("eps", number(*eps), number(1e-5))
            .key("affine", boolean(!step.weights.is_empty()), "True"),
        Op::LayerNorm(op) => layer_norm(op, at),
        Op::LocalResponseNorm(LocalResponseNorm { size, alpha, beta, k }) => Call::new("nn.LocalResponseNorm")
            .with("size", size)
            .key("alpha", number(*alpha), number(1e-4))
            .key("beta", number(*beta), number(0.75))
            .key("k", number(*k), number(1.0)),
        Op::Dropout(op) => Call::new("nn.Dropout").with("p", number(op.p)),
        Op::DropPath(op) => Call::new("DropPath").with("p", number(op.p)),
        Op::Activation(op) => return Ok(activation(*op)),
        Op::Prelu => Call::new("nn.PReLU").with("num_parameters", program.weights[step.weights[0]].elements()),
        Op::Scale => return Ok(scale(program, at)),
        Op::Softmax(Softmax { groups: 1 }) => Call::new("nn.Softmax").key("dim", 1, ""),
        Op::Softmax(Softmax { groups }) => {
            return Ok(Form::Expression(format!("$.unflatten(1, ({groups}, -1)).softmax(2).flatten(1, 2)")));
        }
        Op::Flatten => Call::new("nn.Flatten"),
        Op::Unflatten => {
            let sizes: Vec<String> = at.output.dims().iter().map(usize::to_string).collect();
            Call::new("nn.Unflatten").with("dim", 1).with("unflattened_size", format!("({})", sizes.join(", ")))
        }
        Op::Identity => Call::new("nn.Identity"),
        Op::Upsample(op) => upsample(op, at),
        Op::Pad(op) => return Ok(pad(op, at)),
        Op::Crop(op) => return Ok(crop(op, at)),
        Op::Slice(op) => {
            return Ok(Form::Expression(format!("$[:, {}:{}]", op.start, op.start + at.output.channels())));
        }
        Op::ChannelShuffle(op) => Call::new("nn.ChannelShuffle").with("groups", op.groups),
        Op::ChannelPool(ChannelPool::Mean) => return Ok(Form::Expression("$.mean(1, keepdim=True)".to_owned())),
        Op::ChannelPool(ChannelPool::Max) => return Ok(Form::Expression("$.amax(1, keepdim=True)".to_owned())),
        Op::PixelShuffle(op) => Call::new("nn.PixelShuffle").with("upscale_factor", op.factor),
        Op::PixelUnshuffle(op) => Call::new("nn.PixelUnshuffle").with("downscale_factor", op.factor),
        Op::Add => return Ok(Form::Expression(inputs(step).join(" + "))),
        Op::Mul => return Ok(Form::Expression(inputs(step).join(" * "))),
        Op::Maximum => return Ok(Form::Expression(format!("torch.maximum({})", inputs(step).join(", ")))),
        Op::Concat => return Ok(Form::Expression(format!("torch.cat(({}), 1)", inputs(step).join(", ")))),
        Op::Custom(op) => {
            return Err(ExportError::Refused(format!(
                "`{}` is an operation `{}` of another crate, which PyTorch does not have",
                step.name,
                op.operation().name()
            )));
        }
    };
    Ok(Form::Module(call))
}

fn inputs(step: &Step) -> Vec<&'static str> {
    vec!["$"; step.inputs.len()]
}

fn linear(class: &str, at: &Shapes) -> Call {
    Call::new(class).with("in_features", at.input.channels()).with("out_features", at.output.channels()).key(
        "bias",
        boolean(at.step.weights.len() > 1),
        "True",
    )
}

fn conv2d(op: &Conv2d, at: &Shapes) -> Call {
    let window = op.window;
    Call::new("nn.Conv2d")
        .with("in_channels", at.input.channels())
        .with("out_channels", at.output.channels())
        .with("kernel_size", pair(window.kernel))
        .key("stride", pair(window.stride), "1")
        .key("padding", pair(window.padding), "0")
        .key("dilation", pair(window.dilation), "1")
        .key("groups", op.groups, "1")
        .key("bias", boolean(at.step.weights.len() > 1), "True")
}

fn conv_transpose2d(ConvTranspose2d(op): &ConvTranspose2d, at: &Shapes) -> Call {
    let window = op.window;
    let ((height, width), (rows, columns)) = at.input.sides().zip(at.output.sides()).expect("both are maps");
    let [down, across] = window.axes();
    let [height, width] = [(down, height, rows), (across, width, columns)]
        .map(|(axis, input, output)| output + 2 * axis.padding - ((input - 1) * axis.stride + axis.span()));
    Call::new("nn.ConvTranspose2d")
        .with("in_channels", at.input.channels())
        .with("out_channels", at.output.channels())
        .with("kernel_size", pair(window.kernel))
        .key("stride", pair(window.stride), "1")
        .key("padding", pair(window.padding), "0")
        .key("output_padding", pair(Pair { height, width }), "0")
        .key("groups", op.groups, "1")
        .key("bias", boolean(at.step.weights.len() > 1), "True")
        .key("dilation", pair(window.dilation), "1")
}

fn batch_norm(op: &BatchNorm, at: &Shapes) -> Call {
    let name = if at.output.sides().is_some() { "nn.BatchNorm2d" } else { "nn.BatchNorm1d" };
    Call::new(name)
        .with("num_features", at.output.channels())
        .key("eps", number(op.eps), number(1e-5))
        .key("momentum", number(op.momentum), number(0.1))
        .key("affine", boolean(op.affine), "True")
}

fn layer_norm(op: &LayerNorm, at: &Shapes) -> Call {
    let call = match op.over {
        Over::Channels => Call::new("LayerNorm2d").with("channels", at.output.channels()),
        Over::Example => Call::new("nn.LayerNorm").with("normalized_shape", list(&at.output.dims())),
    };
    let affine = boolean(!at.step.weights.is_empty());
    call.key("eps", number(op.eps), number(1e-5)).key("elementwise_affine", affine, "True")
}

/// A factor alone is a parameter; with a summand it is a module.
fn scale(program: &Program, at: &Shapes) -> Form {
    let weight = &program.weights[at.step.weights[0]];
    if at.step.weights.len() > 1 {
        return Form::Module(Call::new("Scale").with("shape", sizes(&weight.shape)));
    }
    let start = match weight.init {
        Init::Constant(value) => {
            Call::new("torch.full").with("size", sizes(&weight.shape)).with("fill_value", number(value))
        }
        _ => Call::new("torch.ones").with("size", sizes(&weight.shape)),
    };
    let parameter = Call { children: vec![start], ..Call::new("nn.Parameter") };
    let stretched = at.output.sides().is_some() && weight.shape.len() == 1;
    Form::Parameter(parameter, if stretched { "$ * $[:, None, None]" } else { "$ * $" })
}

fn activation(activation: Activation) -> Form {
    let call = match activation {
        Activation::Relu => Call::new("nn.ReLU"),
        Activation::LeakyRelu { slope } => Call::new("nn.LeakyReLU").with("negative_slope", number(slope)),
        Activation::Sigmoid => Call::new("nn.Sigmoid"),
        Activation::Tanh => Call::new("nn.Tanh"),
        Activation::Gelu => Call::new("nn.GELU"),
        Activation::Silu => Call::new("nn.SiLU"),
        Activation::Relu6 => Call::new("nn.ReLU6"),
        Activation::HardSigmoid => Call::new("nn.Hardsigmoid"),
        Activation::HardSwish => Call::new("nn.Hardswish"),
        Activation::Elu { alpha } => Call::new("nn.ELU").key("alpha", number(alpha), number(1.0)),
        Activation::Softplus { beta, threshold } => Call::new("nn.Softplus")
            .key("beta", number(beta), number(1.0))
            .key("threshold", number(threshold), number(20.0)),
        Activation::Mish => Call::new("nn.Mish"),
        Activation::Multiple { factor } => return Form::Expression(format!("$ * {}", number(factor))),
        Activation::Power { exponent, scale, shift } => {
            let base = match (scale == 1.0, shift == 0.0) {
                (true, true) => "$".to_owned(),
                (false, true) => format!("($ * {})", number(scale)),
                (true, false) => format!("($ + {})", number(shift)),
                (false, false) => format!("($ * {} + {})", number(scale), number(shift)),
            };
            let power = if exponent == 1.0 { String::new() } else { format!(" ** ({})", number(exponent)) };
            return Form::Expression(base + &power);
        }
    };
    Form::Module(call)
}

/// By a factor, where it gives these sizes and this step; else by the size.
fn upsample(op: &Upsample, at: &Shapes) -> Call {
    let ((height, width), (rows, columns)) = at.input.sides().zip(at.output.sides()).expect("both are maps");
    let factor = |step: f64, input: usize, output: usize| {
        let factor = 1.0 / step;
        ((input as f64 * factor) as usize == output && 1.0 / factor == step).then_some(factor)
    };
    let factors = factor(op.step[0], height, rows).zip(factor(op.step[1], width, columns));
    let call = match factors.filter(|_| op.resampling != Resampling::BilinearAligned) {
        Some((down, across)) if down == across => Call::new("nn.Upsample").key("scale_factor", number(down), ""),
        Some((down, across)) => {
            Call::new("nn.Upsample").key("scale_factor", format!("({}, {})", number(down), number(across)), "")
        }
        None => Call::new("nn.Upsample").key("size", sides(at.output), ""),
    };
    match op.resampling {
        Resampling::Nearest => call,
        Resampling::Bilinear => call.key("mode", "\"bilinear\"", ""),
        Resampling::BilinearAligned => call.key("mode", "\"bilinear\"", "").key("align_corners", "True", ""),
    }
}

fn crop(op: &Crop, at: &Shapes) -> Form {
    let ((rows, columns), Crop { top, left }) = (at.output.sides().expect("it is a map"), *op);
    Form::Expression(format!("$[:, :, {top}:{}, {left}:{}]", top + rows, left + columns))
}

fn pad(op: &Pad, at: &Shapes) -> Form {
    let ((height, width), (rows, columns)) = at.input.sides().zip(at.output.sides()).expect("both are maps");
    let Pad { fill, top, left, front } = *op;
    let (bottom, right) = (rows - height - top, columns - width - left);
    let back = at.output.channels() - at.input.channels() - front;
    let sides = format!("({left}, {right}, {top}, {bottom})");
    let mode = match fill {
        Fill::Zero if front + back == 0 => return Form::Module(Call::new("nn.ZeroPad2d").with("padding", sides)),
        Fill::Zero => {
            return Form::Expression(format!("F.pad($, ({left}, {right}, {top}, {bottom}, {front}, {back}))"));
        }
        Fill::Reflect => "Reflection",
        Fill::Replicate => "Replication",
    };
    if front + back == 0 {
        return Form::Module(Call::new(&format!("nn.{mode}Pad2d")).with("padding", sides));
    }
    let mode = if fill == Fill::Reflect { "reflect" } else { "replicate" };
    Form::Expression(format!("F.pad(F.pad($, (0, 0, 0, 0, {front}, {back})), {sides}, \"{mode}\")"))
}
