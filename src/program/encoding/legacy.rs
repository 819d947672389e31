//! The text that checkpoints were told apart by before there was an encoding: what Rust's `Debug` wrote of a program's
//! operations. It is frozen, so that runs from then still go on. Operations that came later are in none of them.

use std::fmt::Write;

use crate::ir::{Pair, Window};
use crate::program::op::{
    AvgPool2d, ChannelShuffle, Conv2d, ConvTranspose2d, DropPath, Dropout, Fill, GroupNorm, LayerNorm,
    LocalResponseNorm, MaxPool2d, Over, Pad, Resampling, Slice, Softmax, Upsample,
};
use crate::program::{Activation, Op, Program};

/// A line a step.
pub(crate) fn text(program: &Program) -> String {
    let mut all = String::new();
    for step in &program.steps {
        let inputs: Vec<String> = step.inputs.iter().map(|input| format!("ValueId({})", input.index())).collect();
        let (name, inputs, shape) = (&step.name, inputs.join(", "), program.shape(step.output));
        let line = match operation(&step.op) {
            Some(op) => writeln!(all, "{name} {op} [{inputs}] {shape}"),
            None => writeln!(all, "{name} [{inputs}] {shape}"),
        };
        line.expect("a String takes everything");
    }
    all
}

/// `None` for what another crate brought along.
fn operation(op: &Op) -> Option<String> {
    Some(match op {
        Op::Conv2d(op) => format!("Conv2d {}", convolution(op)),
        Op::ConvTranspose2d(ConvTranspose2d(op)) => format!("ConvTranspose2d {}", convolution(op)),
        Op::Linear => "Linear".to_owned(),
        Op::MaxPool2d(MaxPool2d { window }) => format!("MaxPool2d({})", window_text(window)),
        Op::AvgPool2d(AvgPool2d { window, count_include_pad }) => {
            format!("AvgPool2d {{ window: {}, count_include_pad: {count_include_pad} }}", window_text(window))
        }
        Op::AdaptiveAvgPool2d => "AdaptiveAvgPool2d".to_owned(),
        Op::AdaptiveMaxPool2d => "AdaptiveMaxPool2d".to_owned(),
        Op::BatchNorm(op) => format!("BatchNorm {{ eps: {:?}, momentum: {:?} }}", op.eps, op.momentum),
        Op::GroupNorm(GroupNorm { groups, eps }) => format!("GroupNorm {{ groups: {groups}, eps: {eps:?} }}"),
        Op::LayerNorm(LayerNorm { over, eps }) => {
            let over = match over {
                Over::Example => "Example",
                Over::Channels => "Channels",
            };
            format!("LayerNorm {{ over: {over}, eps: {eps:?} }}")
        }
        Op::LocalResponseNorm(LocalResponseNorm { size, alpha, beta, k }) => {
            format!("LocalResponseNorm {{ size: {size}, alpha: {alpha:?}, beta: {beta:?}, k: {k:?} }}")
        }
        Op::Dropout(Dropout { p }) => format!("Dropout {{ p: {p:?} }}"),
        Op::DropPath(DropPath { p }) => format!("DropPath {{ p: {p:?} }}"),
        Op::Activation(activation) => format!("Activation({})", function(*activation)?),
        Op::Prelu => "Prelu".to_owned(),
        Op::Softmax(Softmax { groups: 1 }) => "Softmax".to_owned(),
        Op::Flatten => "Flatten".to_owned(),
        Op::Identity => "Identity".to_owned(),
        Op::Upsample(Upsample { resampling, step: [down, across] }) => {
            let resampling = match resampling {
                Resampling::Nearest => "Nearest",
                Resampling::Bilinear => "Bilinear",
                Resampling::BilinearAligned => "BilinearAligned",
            };
            format!("Upsample {{ resampling: {resampling}, step: [{down:?}, {across:?}] }}")
        }
        Op::Pad(Pad { fill, top, left, front }) => {
            let fill = match fill {
                Fill::Zero => "Zero",
                Fill::Reflect => "Reflect",
                Fill::Replicate => "Replicate",
            };
            format!("Pad {{ fill: {fill}, top: {top}, left: {left}, front: {front} }}")
        }
        Op::Slice(Slice { start }) => format!("Slice {{ start: {start} }}"),
        Op::ChannelShuffle(ChannelShuffle { groups }) => format!("ChannelShuffle {{ groups: {groups} }}"),
        Op::Add => "Add".to_owned(),
        Op::Concat => "Concat".to_owned(),
        Op::Mul => "Mul".to_owned(),
        _ => return None,
    })
}

fn convolution(Conv2d { window, groups }: &Conv2d) -> String {
    format!("{{ {}, groups: {groups} }}", sides(window))
}

fn window_text(window: &Window) -> String {
    format!("Window {{ {}, ceil: {} }}", sides(window), window.ceil)
}

fn sides(window: &Window) -> String {
    let Window { kernel, stride, padding, dilation, .. } = *window;
    let pair = |Pair { height, width }: Pair| format!("Pair {{ height: {height}, width: {width} }}");
    let [kernel, stride, padding, dilation] = [kernel, stride, padding, dilation].map(pair);
    format!("kernel: {kernel}, stride: {stride}, padding: {padding}, dilation: {dilation}")
}

/// `None` for what came later.
fn function(activation: Activation) -> Option<String> {
    Some(match activation {
        Activation::Relu => "Relu".to_owned(),
        Activation::LeakyRelu { slope } => format!("LeakyRelu {{ slope: {slope:?} }}"),
        Activation::Sigmoid => "Sigmoid".to_owned(),
        Activation::Tanh => "Tanh".to_owned(),
        Activation::Gelu => "Gelu".to_owned(),
        Activation::Silu => "Silu".to_owned(),
        Activation::Relu6 => "Relu6".to_owned(),
        Activation::HardSigmoid => "HardSigmoid".to_owned(),
        Activation::HardSwish => "HardSwish".to_owned(),
        Activation::Elu { alpha } => format!("Elu {{ alpha: {alpha:?} }}"),
        Activation::Softplus { beta, threshold } => format!("Softplus {{ beta: {beta:?}, threshold: {threshold:?} }}"),
        Activation::Mish => "Mish".to_owned(),
        Activation::Multiple { .. } | Activation::Power { .. } => return None,
    })
}
