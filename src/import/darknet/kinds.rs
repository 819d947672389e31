//! What Darknet has that archc has too, by name, and what it has not.

use crate::arguments::Value as Argument;
use crate::diagnostic::{Code, Diagnostic, Span, nearest};
use crate::import::net::Call;

/// The activations that archc has.
pub const KNOWN: [&str; 10] =
    ["linear", "logistic", "relu", "relu6", "leaky", "elu", "tanh", "swish", "mish", "hard_swish"];

/// Those that Darknet has besides.
pub const OWN: [&str; 11] =
    ["gelu", "hard_mish", "hardtan", "lhtan", "loggy", "plse", "ramp", "relie", "revleaky", "selu", "stair"];

pub enum Activation {
    None,
    Is(Call),
    Lacking,
}

pub fn activation(name: &str, span: Span) -> Activation {
    let plain = |kind| Activation::Is(Call::new(kind, span));
    match name {
        "linear" => Activation::None,
        "logistic" => plain("sigmoid"),
        "relu" => plain("relu"),
        "relu6" => plain("relu6"),
        "leaky" => Activation::Is(Call::new("leaky_relu", span).at(Argument::Float(0.1), span)),
        "elu" => plain("elu"),
        "tanh" => plain("tanh"),
        "swish" => plain("silu"),
        "mish" => plain("mish"),
        "hard_swish" => plain("hardswish"),
        _ => Activation::Lacking,
    }
}

/// That a section is none that archc can build, and what it is.
pub fn refused(name: &str, span: Span) -> Diagnostic {
    let lacking =
        |what: &str| Diagnostic::error(Code::UnknownName, span, format!("archc has no layer for `[{name}]`, {what}"));
    const DETECTS: &str = "archc reads networks that classify; leave the head out, and what stands before it is read";
    match name {
        "yolo" | "region" | "detection" | "Gaussian_yolo" | "gaussian_yolo" | "iseg" => {
            lacking("the head of a detector: it makes boxes and their classes from a map").help(DETECTS)
        }
        "crop" => lacking("which cuts a window out of each image, behind the first section"),
        "local" => lacking("a convolution with other kernels at each position"),
        "reorg" | "reorg_old" | "reorg3d" => {
            lacking("which moves pixels to channels in an order of its own, not that of `pixel_unshuffle`")
        }
        "lrn" | "normalization" => {
            lacking("whose sums over neighbouring channels are not those of local response normalisation")
        }
        "rnn" | "crnn" | "gru" | "lstm" | "conv_lstm" | "history" => lacking("which remembers earlier inputs"),
        "local_avgpool" | "local_avg" => lacking("an average pool that Darknet pads in its own way"),
        "logistic" | "l2norm" | "contrastive" => lacking("a loss other than cross-entropy"),
        "net" | "network" => {
            Diagnostic::error(Code::Duplicate, span, format!("`[{name}]` stands at the beginning, and only there"))
        }
        _ => {
            let error = Diagnostic::error(Code::UnknownName, span, format!("Darknet has no section `[{name}]`"));
            match nearest(name, SECTIONS) {
                Some(near) => error.help(format!("did you mean `[{near}]`?")),
                None => error,
            }
        }
    }
}

const SECTIONS: [&str; 13] = [
    "convolutional",
    "deconvolutional",
    "connected",
    "batchnorm",
    "maxpool",
    "avgpool",
    "dropout",
    "activation",
    "softmax",
    "cost",
    "upsample",
    "route",
    "shortcut",
];
