//! The types of layers, in both syntaxes.

use super::fields::Fields;
use super::lacking;
use crate::diagnostic::{Code, Diagnostic, Span, Spanned, nearest};

/// The types that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Data,
    Convolution,
    Deconvolution,
    InnerProduct,
    Pooling,
    Relu,
    Relu6,
    Prelu,
    Elu,
    Sigmoid,
    Tanh,
    Swish,
    Bnll,
    Power,
    Clip,
    Dropout,
    Lrn,
    BatchNorm,
    Scale,
    Softmax,
    SoftmaxWithLoss,
    MultinomialLogisticLoss,
    Accuracy,
    Silence,
    Eltwise,
    Concat,
    Slice,
    Split,
    Flatten,
    Reshape,
    ShuffleChannel,
}

/// Kinds, with their type in the newer syntax and in the older.
pub const NAMES: &[(Kind, &str, &str)] = &[
    (Kind::Data, "Input", ""),
    (Kind::Data, "Data", "DATA"),
    (Kind::Data, "ImageData", "IMAGE_DATA"),
    (Kind::Data, "HDF5Data", "HDF5_DATA"),
    (Kind::Data, "MemoryData", "MEMORY_DATA"),
    (Kind::Data, "WindowData", "WINDOW_DATA"),
    (Kind::Data, "DummyData", "DUMMY_DATA"),
    (Kind::Convolution, "Convolution", "CONVOLUTION"),
    // Of MobileNet's and ShuffleNet's authors: a faster program for the same.
    (Kind::Convolution, "ConvolutionDepthwise", ""),
    (Kind::Convolution, "DepthwiseConvolution", ""),
    (Kind::Deconvolution, "Deconvolution", "DECONVOLUTION"),
    (Kind::InnerProduct, "InnerProduct", "INNER_PRODUCT"),
    (Kind::Pooling, "Pooling", "POOLING"),
    (Kind::Relu, "ReLU", "RELU"),
    (Kind::Relu6, "ReLU6", ""),
    (Kind::Prelu, "PReLU", ""),
    (Kind::Elu, "ELU", ""),
    (Kind::Sigmoid, "Sigmoid", "SIGMOID"),
    (Kind::Tanh, "TanH", "TANH"),
    (Kind::Swish, "Swish", ""),
    (Kind::Bnll, "BNLL", "BNLL"),
    (Kind::Power, "Power", "POWER"),
    (Kind::Clip, "Clip", ""),
    (Kind::Dropout, "Dropout", "DROPOUT"),
    (Kind::Lrn, "LRN", "LRN"),
    (Kind::BatchNorm, "BatchNorm", ""),
    (Kind::Scale, "Scale", ""),
    (Kind::Softmax, "Softmax", "SOFTMAX"),
    (Kind::SoftmaxWithLoss, "SoftmaxWithLoss", "SOFTMAX_LOSS"),
    (Kind::SoftmaxWithLoss, "SoftmaxLoss", ""),
    (Kind::MultinomialLogisticLoss, "MultinomialLogisticLoss", "MULTINOMIAL_LOGISTIC_LOSS"),
    (Kind::Accuracy, "Accuracy", "ACCURACY"),
    (Kind::Accuracy, "ArgMax", "ARGMAX"),
    (Kind::Silence, "Silence", "SILENCE"),
    (Kind::Eltwise, "Eltwise", "ELTWISE"),
    (Kind::Concat, "Concat", "CONCAT"),
    (Kind::Slice, "Slice", "SLICE"),
    (Kind::Split, "Split", "SPLIT"),
    (Kind::Flatten, "Flatten", "FLATTEN"),
    (Kind::Reshape, "Reshape", ""),
    (Kind::ShuffleChannel, "ShuffleChannel", ""),
];

/// Types that are not read, and what they do.
const LACKING: &[(&str, &str, &str)] = &[
    ("AbsVal", "ABSVAL", "the absolute value"),
    ("BatchReindex", "", "which reorders a batch"),
    ("Bias", "", "a sum of channels and learnt numbers"),
    ("Crop", "", "which cuts a map to the size of another"),
    ("Embed", "", "a table of vectors"),
    ("Exp", "", "an exponential"),
    ("Log", "", "a logarithm"),
    ("MVN", "MVN", "a normalisation of each image"),
    ("Im2col", "IM2COL", "which writes windows out"),
    ("Interp", "", "a bilinear enlargement"),
    ("Normalize", "", "a normalisation across channels"),
    ("Permute", "", "which reorders dimensions"),
    ("PriorBox", "", "a part of a detector"),
    ("DetectionOutput", "", "a part of a detector"),
    ("MultiBoxLoss", "", "a part of a detector"),
    ("ROIPooling", "", "a part of a detector"),
    ("Proposal", "", "a part of a detector"),
    ("Python", "", "whose program is elsewhere"),
    ("Recurrent", "", "which remembers earlier inputs"),
    ("RNN", "", "which remembers earlier inputs"),
    ("LSTM", "", "which remembers earlier inputs"),
    ("Reduction", "", "a sum over dimensions"),
    ("SPP", "", "pools of several sizes"),
    ("Threshold", "THRESHOLD", "a step"),
    ("Tile", "", "which repeats a blob"),
    ("Filter", "", "which picks examples"),
    ("Parameter", "", "a blob that is learnt"),
    ("BN", "", "a batch norm of another program"),
    ("CuDNNBatchNorm", "", "a batch norm of another program"),
    ("Axpy", "", "a product and a sum in one"),
    ("Upsample", "", "of another program"),
    ("HDF5Output", "HDF5_OUTPUT", "which writes a file"),
];

/// Losses that archc does not train with.
const LOSSES: &[(&str, &str)] = &[
    ("EuclideanLoss", "EUCLIDEAN_LOSS"),
    ("SigmoidCrossEntropyLoss", "SIGMOID_CROSS_ENTROPY_LOSS"),
    ("HingeLoss", "HINGE_LOSS"),
    ("ContrastiveLoss", "CONTRASTIVE_LOSS"),
    ("InfogainLoss", "INFOGAIN_LOSS"),
    ("SmoothL1Loss", ""),
    ("TripletLoss", ""),
    ("CenterLoss", ""),
];

/// What every layer has.
pub struct Layer<'a> {
    pub kind: Kind,
    /// As it is written: several types are of one kind.
    pub r#type: &'a str,
    pub name: Spanned<String>,
    pub bottoms: Vec<&'a Spanned<String>>,
    pub tops: Vec<&'a Spanned<String>>,
    /// Where its type is written.
    pub span: Span,
}

impl<'a> Layer<'a> {
    /// What a message says of a layer; `None` after a mistake.
    pub fn read(fields: &Fields<'a>, key: &'static str) -> Option<Layer<'a>> {
        fields.ignore(&["propagate_down", "loss_param", "blob_share_mode", "phase", "blobs"]);
        fields.ignore(&["transform_param", "accuracy_param", "argmax_param"]);
        if let Some(inner) = fields.message("layer") {
            let message = "this is the oldest of Caffe's three syntaxes, which is not read";
            let error = Diagnostic::error(Code::Syntax, inner.span, message);
            fields.report(error.help("`upgrade_net_proto_text` of Caffe brings it up to date"));
            return None;
        }
        let Some(written) = fields.word("type") else {
            fields.report(Diagnostic::error(Code::MissingKey, fields.span(), "a layer needs its `type`"));
            return None;
        };
        let (bottoms, tops) = (fields.texts("bottom"), fields.texts("top"));
        let r#type = written.value.as_str();
        let is_older = key == "layers";
        let same = |newer: &str, older: &str| if is_older { r#type == older } else { r#type == newer };
        let found = NAMES.iter().find(|(_, newer, older)| same(newer, older));
        let Some((kind, name, _)) = found else {
            fields.report(refused(r#type, written.span, same));
            return None;
        };
        let own = fields.text("name").filter(|name| !name.value.is_empty());
        let name = own.cloned().unwrap_or(Spanned::new(name.to_lowercase(), written.span));
        Some(Layer { kind: *kind, r#type, name, bottoms, tops, span: written.span })
    }
}

fn refused(name: &str, span: Span, same: impl Fn(&str, &str) -> bool) -> Diagnostic {
    if let Some((_, _, what)) = LACKING.iter().find(|(newer, older, _)| same(newer, older)) {
        return lacking(span, format!("archc has no layer for `{name}`, {what}"));
    }
    if LOSSES.iter().any(|(newer, older)| same(newer, older)) {
        return lacking(span, format!("archc trains with cross-entropy, not with `{name}`"))
            .help("for the network alone, leave the layer out");
    }
    let error = lacking(span, format!("archc knows no layer of the type `{name}`"));
    let known = NAMES.iter().map(|(_, newer, older)| if same(newer, "") || !is_capitals(name) { newer } else { older });
    match nearest(name, known.copied().filter(|known| !known.is_empty())) {
        Some(near) => error.help(format!("did you mean `{near}`?")),
        None => error,
    }
}

fn is_capitals(name: &str) -> bool {
    !name.contains(|c: char| c.is_ascii_lowercase())
}
