//! What Darknet has that archc has too, by name, and what it has not.

use crate::arguments::Value as Argument;
use crate::diagnostic::{Code, Diagnostic, Span, nearest};
use crate::import::net::Call;

/// The activations that archc has.
pub const KNOWN: [&str; 15] = [
    "linear",
    "logistic",
    "relu",
    "relu6",
    "leaky",
    "revleaky",
    "relie",
    "ramp",
    "elu",
    "selu",
    "tanh",
    "loggy",
    "swish",
    "mish",
    "hard_swish",
];

/// Those that Darknet has besides.
pub const OWN: [&str; 6] = ["gelu", "hard_mish", "hardtan", "lhtan", "plse", "stair"];

/// The layers that an activation is, one behind the other; `None` if archc has none for it.
pub fn activation(name: &str, span: Span) -> Option<Vec<Call>> {
    let plain = |kind| Call::new(kind, span);
    let with = |kind, number: f64| Call::new(kind, span).at(Argument::Float(number), span);
    Some(match name {
        "linear" => Vec::new(),
        "logistic" => vec![plain("sigmoid")],
        "relu" => vec![plain("relu")],
        "relu6" => vec![plain("relu6")],
        "leaky" | "revleaky" => vec![with("leaky_relu", 0.1)],
        "relie" => vec![with("leaky_relu", 0.01)],
        // 1.1·x above zero and 0.1·x below.
        "ramp" => vec![with("leaky_relu", 1.0 / 11.0), with("mul", 1.1)],
        "elu" => vec![plain("elu")],
        "selu" => vec![with("elu", 1.6732), with("mul", 1.0507)],
        "tanh" => vec![plain("tanh")],
        // 2/(1 + e⁻ˣ) − 1 is tanh(x/2).
        "loggy" => vec![with("mul", 0.5), plain("tanh")],
        "swish" => vec![plain("silu")],
        "mish" => vec![plain("mish")],
        "hard_swish" => vec![plain("hardswish")],
        _ => return None,
    })
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

const SECTIONS: [&str; 14] = [
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
    "reorg",
    "route",
    "shortcut",
];
