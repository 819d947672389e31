//! Layers of other frameworks.

use std::collections::HashSet;
use std::sync::LazyLock;

use super::{Name, is, lacking, plain, written};

const SEQUENCES: &str = "there are no layers for sequences";
const ATTENTION: &str = "attention over positions is not there";
const SINGLE_VALUES: &str = "`dropout` drops single values, not channels";
const OF_SHAPES: &str = "`flatten` makes a vector of a map, and `unflatten CHANNELS SIZE` a map of a vector";
const SPLIT: &str = "write `{split: [first, second]}`, or with sizes `{split: {first: 16, second: 48}}`";
const A_BLOCK: &str = "write its layers as a block of your own, under `blocks:`";
const ADDED: &str = "write `{from: [NAME, .], merge: add}`, or `residual:` around the layers";
const CONCATENATED: &str = "write `{from: [NAME, .], merge: concat}`, or `branches:` with the layers of each";
const MULTIPLIED: &str = "write `{from: [NAME, .], merge: mul}`, or `mul 0.5` to multiply by a number";
const OTHER_MERGES: &str = "values are merged by `concat`, `add`, `mul`, `sub`, `mean` and `max`";
const EACH_CHANNEL: &str = "write `gn {channels} affine=false`: a group for each channel";
const OVER_WHAT: &str = "write `ln channels` over the channels at each position, `ln` over all values of an example";

/// Layers, functions that are used as layers, and blocks that come with a framework.
pub const LAYERS: &[Name] = &[
    // Convolutions.
    is("conv2d", "Keras, PyTorch, TensorFlow", "conv"),
    is("convolution", "Caffe", "conv"),
    is("convolution2d", "Keras", "conv"),
    is("convolutional", "Darknet", "conv"),
    is("lazyconv2d", "PyTorch", "conv"),
    written("conv1x1", "torchvision", "write `conv OUT 1x1 bias=false`"),
    written("conv3x3", "torchvision", "write `conv OUT 3x3 p1 bias=false`"),
    written("pointwise", "timm", "write `conv OUT 1x1`"),
    written("pointwiseconv", "timm", "write `conv OUT 1x1`"),
    written("upconv", "PyTorch", "write `conv_transpose OUT 2x2 s2`"),
    written("gconv", "PyTorch", "write `conv OUT KERNEL gN`"),
    written("groupconv", "PyTorch", "write `conv OUT KERNEL gN`"),
    written("dilatedconv", "PyTorch", "write `conv OUT KERNEL dN`"),
    written("atrousconv", "TensorFlow", "write `conv OUT KERNEL dN`"),
    written("dconv", "PyTorch", "write `conv OUT KERNEL dN` if it is dilated, `depthwise KERNEL` if it is depthwise"),
    is("depthwiseconv2d", "Keras", "depthwise"),
    is("depthwiseconv", "Caffe", "depthwise"),
    is("depthwiseconvolution", "Caffe", "depthwise"),
    is("dwconv", "Ultralytics", "depthwise"),
    written("separableconv2d", "Keras, TensorFlow", "write `depthwise KERNEL bias=false -> conv OUT 1x1`"),
    written("separableconvolution2d", "Keras", "write `depthwise KERNEL bias=false -> conv OUT 1x1`"),
    written("depthwiseseparableconv", "timm", "write `depthwise KERNEL bias=false -> conv OUT 1x1`"),
    is("convtranspose2d", "PyTorch", "conv_transpose"),
    is("lazyconvtranspose2d", "PyTorch", "conv_transpose"),
    is("conv2dtranspose", "Keras", "conv_transpose"),
    is("convolution2dtranspose", "Keras", "conv_transpose"),
    is("convtranspose", "ONNX, Flax", "conv_transpose"),
    is("deconvolution", "Caffe", "conv_transpose"),
    is("deconv", "Caffe", "conv_transpose"),
    is("deconvolutional", "Darknet", "conv_transpose"),
    lacking("deformconv2d", "torchvision", ""),
    lacking("locallyconnected2d", "Keras", ""),
    lacking("fold", "PyTorch", ""),
    lacking("unfold", "PyTorch", ""),
    // Sizes.
    written("upsampling2d", "Keras", "write `upsample SCALE`: its `size` is a factor, `size=` here is a size"),
    written("upsamplingnearest2d", "PyTorch", "write `upsample SCALE`, or `upsample size=N`"),
    written("upsamplingbilinear2d", "PyTorch", "write `upsample SCALE bilinear align_corners`"),
    written("interpolate", "PyTorch", "write `upsample SCALE`, or `upsample size=N`"),
    written(
        "resize",
        "ONNX, TensorFlow",
        "write `upsample SCALE`, or `upsample size=N`; images are resized under `data:`",
    ),
    written("resizing", "Keras", "write `upsample size=N`; images are resized under `data:`"),
    is("zeropadding2d", "Keras", "pad"),
    is("zeropad2d", "PyTorch", "pad"),
    written("constantpad2d", "PyTorch", "write `pad SIZE`, which pads with zeros"),
    written("reflectionpad2d", "PyTorch", "write `pad SIZE reflect`"),
    written("replicationpad2d", "PyTorch", "write `pad SIZE replicate`"),
    lacking("circularpad2d", "PyTorch", "`pad` knows zeros, `reflect` and `replicate`"),
    written("cropping2d", "Keras", "write `crop top=N bottom=N left=N right=N`"),
    is("centercrop", "torchvision", "crop"),
    is("pixelshuffle", "PyTorch", "pixel_shuffle"),
    written(
        "depthtospace",
        "ONNX, TensorFlow",
        "`pixel_shuffle FACTOR` is ONNX's in mode CRD; in DCR, as in TensorFlow, channels have another order",
    ),
    is("pixelunshuffle", "PyTorch", "pixel_unshuffle"),
    lacking("spacetodepth", "ONNX, TensorFlow", "`pixel_unshuffle FACTOR` does it with channels in another order"),
    lacking("reorg", "Darknet", "`pixel_unshuffle FACTOR` does it with channels in another order"),
    lacking("focus", "Ultralytics", "`conv OUT 6x6 s2 p2` does the same work"),
    lacking("reshape", "Keras, PyTorch, Caffe", OF_SHAPES),
    lacking("view", "PyTorch", OF_SHAPES),
    lacking("repeatvector", "Keras", OF_SHAPES),
    lacking("squeeze", "PyTorch, ONNX", "`flatten` makes a vector of a map"),
    lacking("unsqueeze", "PyTorch, ONNX", OF_SHAPES),
    lacking("permute", "Keras, PyTorch", "channels come first everywhere, so nothing has to be turned"),
    lacking("transpose", "PyTorch, ONNX, TensorFlow", "channels come first everywhere, so nothing has to be turned"),
    // Pooling.
    is("maxpool2d", "PyTorch, Keras", "maxpool"),
    is("maxpooling2d", "Keras", "maxpool"),
    is("avgpool2d", "PyTorch, Keras", "avgpool"),
    is("averagepooling2d", "Keras", "avgpool"),
    is("averagepool", "ONNX", "avgpool"),
    written(
        "pooling",
        "Caffe",
        "write `maxpool KERNEL s1` or `avgpool KERNEL s1`: by default, the stride is the kernel's size",
    ),
    written("pool", "Caffe", "write `maxpool KERNEL` or `avgpool KERNEL`"),
    is("adaptiveavgpool2d", "PyTorch", "adaptive_avgpool"),
    is("adaptiveaveragepooling2d", "Keras", "adaptive_avgpool"),
    is("adaptivemaxpool2d", "PyTorch", "adaptive_maxpool"),
    is("adaptivemaxpooling2d", "Keras", "adaptive_maxpool"),
    is("globalavgpool", "timm", "global_avgpool"),
    is("globalaveragepool", "ONNX", "global_avgpool"),
    is("globalavgpool2d", "Keras", "global_avgpool"),
    written("globalaveragepooling2d", "Keras", "write `global_avgpool -> flatten`: it makes a vector"),
    written("globalmaxpooling2d", "Keras", "write `global_maxpool -> flatten`: it makes a vector"),
    is("globalmaxpool", "ONNX", "global_maxpool"),
    is("globalmaxpool2d", "Keras", "global_maxpool"),
    is("gap", "Keras", "global_avgpool"),
    written("selectadaptivepool2d", "timm", "write `global_avgpool`, or `global_maxpool`"),
    written("globalpool", "timm", "write `global_avgpool` or `global_maxpool`"),
    written("adaptivepool", "PyTorch", "write `adaptive_avgpool SIZE` or `adaptive_maxpool SIZE`"),
    written("mean", "PyTorch, TensorFlow", "write `global_avgpool -> flatten`"),
    lacking("minpool", "PyTorch", ""),
    lacking("mixpool", "timm", ""),
    lacking("maxunpool", "PyTorch", "`upsample` and `conv_transpose` make maps larger"),
    lacking("blurpool2d", "timm", ""),
    lacking("lppool2d", "PyTorch", ""),
    lacking("fractionalmaxpool2d", "PyTorch", ""),
    lacking("maxunpool2d", "PyTorch", "`upsample` and `conv_transpose` make maps larger"),
    lacking("spp", "Caffe, Ultralytics", A_BLOCK),
    // Normalisation.
    is("batchnorm", "Caffe, Flax, Darknet", "bn"),
    is("batchnorm2d", "PyTorch", "bn"),
    is("batchnorm1d", "PyTorch", "bn"),
    is("batchnormalization", "Keras, ONNX, TensorFlow", "bn"),
    is("lazybatchnorm2d", "PyTorch", "bn"),
    is("syncbatchnorm", "PyTorch", "bn"),
    written("batchnormact2d", "timm", "write `bn -> relu`"),
    is("bn1d", "PyTorch", "bn"),
    is("bn2d", "PyTorch", "bn"),
    lacking("abn", "timm", "write `bn`, and an activation after it"),
    lacking("ibn", "timm", ""),
    lacking("frn", "timm", ""),
    lacking("sn", "PyTorch", ""),
    lacking("wn", "PyTorch", ""),
    written("in", "PyTorch", EACH_CHANNEL),
    written("norm", "Keras, PyTorch", "write which: `bn`, `gn GROUPS`, `ln` or `lrn SIZE`"),
    is("groupnorm", "PyTorch, Flax", "gn"),
    is("groupnormalization", "Keras, ONNX", "gn"),
    written("instancenorm", "Flax, timm", EACH_CHANNEL),
    written("instancenorm2d", "PyTorch", EACH_CHANNEL),
    written("lazyinstancenorm2d", "PyTorch", EACH_CHANNEL),
    written("instancenormalization", "ONNX, TensorFlow", EACH_CHANNEL),
    written("layernorm", "PyTorch, Flax", OVER_WHAT),
    written("layernorm2d", "torchvision, timm", "write `ln channels`"),
    written("layernormalization", "Keras, ONNX", "write `ln channels`, or `ln` for a vector"),
    is("localresponsenorm", "PyTorch", "lrn"),
    is("crossmaplrn2d", "PyTorch", "lrn"),
    is("localresponsenormalization", "TensorFlow", "lrn"),
    lacking("grn", "timm", "it is no group norm, which is `gn`"),
    lacking("globalresponsenorm", "timm", ""),
    lacking("rmsnorm", "PyTorch", ""),
    lacking("rmsnormalization", "Keras", ""),
    lacking("unitnormalization", "Keras", ""),
    lacking("mvn", "Caffe", ""),
    lacking("spectralnormalization", "Keras", ""),
    lacking("normalization", "Keras", "images are normalised under `data:`, with `normalize`"),
    lacking("normalize", "PyTorch, torchvision", "images are normalised under `data:`, with `normalize`"),
    lacking("rescaling", "Keras", "images already are numbers from 0 to 1"),
    lacking("bias", "Caffe", "layers with weights have a bias of their own"),
    lacking("biasadd", "TensorFlow", "layers with weights have a bias of their own"),
    written(
        "layerscale",
        "timm, torchvision",
        "write `scale map init=1e-6`, with the number that the factors begin with",
    ),
    // Linear.
    is("dense", "Keras, Flax", "linear"),
    is("fc", "Caffe, torchvision", "linear"),
    is("innerproduct", "Caffe", "linear"),
    is("connected", "Darknet", "linear"),
    is("fullyconnected", "TensorFlow", "linear"),
    is("gemm", "ONNX", "linear"),
    is("lazylinear", "PyTorch", "linear"),
    written("matmul", "ONNX, TensorFlow", "write `linear OUT bias=false`"),
    lacking("einsumdense", "Keras", ""),
    lacking("bilinear", "PyTorch", ""),
    lacking("embedding", "Keras, PyTorch", SEQUENCES),
    lacking("embed", "Caffe", SEQUENCES),
    lacking("lstm", "Keras, PyTorch", SEQUENCES),
    lacking("gru", "Keras, PyTorch", SEQUENCES),
    lacking("rnn", "Keras, PyTorch", SEQUENCES),
    lacking("simplernn", "Keras", SEQUENCES),
    lacking("convlstm2d", "Keras", SEQUENCES),
    lacking("bidirectional", "Keras", SEQUENCES),
    lacking("timedistributed", "Keras", SEQUENCES),
    lacking("multiheadattention", "Keras, PyTorch", ATTENTION),
    lacking("attention", "Keras, timm", ATTENTION),
    lacking("transformerencoderlayer", "PyTorch", ATTENTION),
    // Regularisation.
    lacking("dropout1d", "PyTorch", SINGLE_VALUES),
    lacking("dropout2d", "PyTorch", SINGLE_VALUES),
    lacking("spatialdropout2d", "Keras", SINGLE_VALUES),
    lacking("featurealphadropout", "PyTorch", SINGLE_VALUES),
    lacking("alphadropout", "Keras, PyTorch", "`dropout` sets values to zero"),
    lacking("gaussiandropout", "Keras", "`dropout` sets values to zero"),
    lacking("gaussiannoise", "Keras", ""),
    lacking("dropblock2d", "torchvision, timm", ""),
    is("droppath", "timm", "drop_path"),
    is("stochasticdepth", "torchvision", "drop_path"),
    lacking("activityregularization", "Keras", ""),
    // Channels.
    is("channelshuffle", "PyTorch", "channel_shuffle"),
    is("shufflechannel", "Caffe", "channel_shuffle"),
    is("shuffle", "PyTorch", "channel_shuffle"),
    written("narrow", "PyTorch", "write `slice START END`"),
    written("chunk", "PyTorch", SPLIT),
    written("split", "PyTorch, Caffe, ONNX", SPLIT),
    // Activations.
    written("activation", "Keras", "write the activation itself, such as `relu`"),
    is("rectify", "TensorFlow", "relu"),
    is("leaky", "Darknet", "leaky_relu"),
    is("lrelu", "TensorFlow", "leaky_relu"),
    is("swish", "Keras, TensorFlow", "silu"),
    is("hswish", "timm", "hardswish"),
    is("hardsilu", "Keras", "hardswish"),
    is("hsigmoid", "timm", "hardsigmoid"),
    is("logistic", "Darknet", "sigmoid"),
    is("bnll", "Caffe", "softplus"),
    is("softmax2d", "PyTorch", "softmax"),
    lacking("softmaxwithloss", "Caffe", "leave it out: the loss takes the softmax"),
    lacking("logsoftmax", "Keras, PyTorch", "leave it out: the loss takes the softmax and its logarithm"),
    lacking("selu", "Keras, PyTorch", ""),
    lacking("celu", "Keras, PyTorch", ""),
    lacking("rrelu", "PyTorch", ""),
    lacking("crelu", "TensorFlow", ""),
    lacking("thresholdedrelu", "Keras, ONNX", ""),
    lacking("glu", "Keras, PyTorch", ""),
    lacking("geglu", "timm", ""),
    lacking("reglu", "timm", ""),
    lacking("swiglu", "timm", ""),
    lacking("hardtanh", "PyTorch", ""),
    lacking("hardshrink", "PyTorch", ""),
    lacking("softshrink", "PyTorch", ""),
    lacking("tanhshrink", "PyTorch", ""),
    lacking("softsign", "Keras, PyTorch", ""),
    lacking("softmin", "PyTorch", ""),
    lacking("logsigmoid", "PyTorch", ""),
    lacking("threshold", "PyTorch, Caffe", ""),
    lacking("clip", "ONNX", "`relu6` clips to 0…6"),
    lacking("maxout", "TensorFlow", ""),
    lacking("sparsesigmoid", "Keras", ""),
    lacking("exponential", "Keras", ""),
    lacking("exp", "Caffe, ONNX", ""),
    lacking("log", "Caffe, ONNX", ""),
    is("pow", "ONNX, PyTorch", "power"),
    lacking("abs", "PyTorch, ONNX", ""),
    lacking("absval", "Caffe", ""),
    lacking("lambda", "Keras", "a program can bring layers along: see `Layers::with`"),
    // Several inputs.
    written("plus", "PyTorch", ADDED),
    written("addition", "Keras", ADDED),
    written("skip", "PyTorch", ADDED),
    written("merge", "Keras", "write `{from: [NAME, .], merge: add}`, `merge: concat` or `merge: mul`"),
    written("sum", "PyTorch, ONNX", ADDED),
    written("shortcut", "Darknet", ADDED),
    written("eltwise", "Caffe", "write `{from: [NAME, .], merge: add}`, or `merge: mul`"),
    written("concatenate", "Keras", CONCATENATED),
    written("cat", "PyTorch", CONCATENATED),
    written("route", "Darknet", "write `{from: NAME}`, or `{from: [NAME, NAME], merge: concat}`"),
    written("multiply", "Keras", MULTIPLIED),
    written("scalechannels", "Darknet", MULTIPLIED),
    written("average", "Keras", "write `{from: [NAME, .], merge: mean}`"),
    written("subtract", "Keras", "write `{from: [NAME, .], merge: sub}`"),
    written("sub", "PyTorch, ONNX", "write `{from: [NAME, .], merge: sub}`"),
    lacking("div", "PyTorch, ONNX", OTHER_MERGES),
    written("maximum", "Keras", "write `{from: [NAME, .], merge: max}`"),
    lacking("minimum", "Keras", OTHER_MERGES),
    lacking("dot", "Keras", OTHER_MERGES),
    lacking("stack", "PyTorch", OTHER_MERGES),
    // Parts of networks.
    written("sequential", "Keras, PyTorch", "write the layers as a list, or joined with `->`"),
    written("modulelist", "PyTorch", "write the layers as a list"),
    written("input", "Keras, Caffe", "write `input: [C, H, W]` at the top of the file"),
    written("inputlayer", "Keras", "write `input: [C, H, W]` at the top of the file"),
    written("net", "Darknet", "write `input: [C, H, W]` at the top of the file, and `train:`"),
    written("accuracy", "Caffe", "leave it out: training measures it"),
    written("squeezeexcite", "timm", A_BLOCK),
    written("squeezeexcitation", "torchvision", A_BLOCK),
    written("se", "timm", A_BLOCK),
    written("selayer", "timm", A_BLOCK),
    written("seblock", "timm", A_BLOCK),
    written("semodule", "timm", A_BLOCK),
    written("convnormactivation", "torchvision", "write `conv OUT KERNEL pN bias=false -> bn -> relu`"),
    written("conv2dnormactivation", "torchvision", "write `conv OUT KERNEL pN bias=false -> bn -> relu`"),
    written("convnormact", "timm", "write `conv OUT KERNEL pN bias=false -> bn -> silu`"),
    written("convbn", "timm", "write `conv OUT KERNEL pN bias=false -> bn`"),
    written("convbnrelu", "torchvision", "write `conv OUT KERNEL pN bias=false -> bn -> relu`"),
    written("convbnact", "timm", "write `conv OUT KERNEL pN bias=false -> bn -> relu`"),
    written("basicblock", "torchvision, timm", A_BLOCK),
    written("bottleneck", "torchvision, timm, Ultralytics", A_BLOCK),
    written("invertedresidual", "torchvision, timm", A_BLOCK),
    written("c2f", "Ultralytics", A_BLOCK),
    written("c3", "Ultralytics", A_BLOCK),
    written("c3k2", "Ultralytics", A_BLOCK),
    written("bottleneckcsp", "Ultralytics", A_BLOCK),
    written("sppf", "Ultralytics", A_BLOCK),
    written("classify", "Ultralytics", "write `global_avgpool -> flatten -> linear {classes}`"),
    lacking("detect", "Ultralytics", "networks end in classes"),
    lacking("yolo", "Darknet", "networks end in classes"),
    lacking("region", "Darknet", "networks end in classes"),
    written("mlp", "timm", "write `linear N -> gelu -> linear N`"),
    lacking("patchembed", "timm", ATTENTION),
];

/// What works on signals, and what works on volumes; each stands for all names with its ending.
static DIMENSIONS: [(&str, Name); 2] = [
    (
        "1d",
        written(
            "1d",
            "Keras, PyTorch",
            "write the layer for maps: a signal is a map of height 1, with kernels such as `1x3`",
        ),
    ),
    ("3d", lacking("3d", "Keras, PyTorch", "maps have a height and a width, and no depth")),
];

/// The entry for a layer that others have for maps too, if this is the one for signals or volumes: `Conv3d`.
pub fn of_other_dimensions(written: &str) -> Option<&'static Name> {
    let plain = plain(written)?;
    let is_other = |ending: &str| {
        let flat = plain.replace(ending, "2d");
        flat != plain && LAYERS.iter().any(|name| name.theirs == flat)
    };
    DIMENSIONS.iter().find(|(ending, _)| is_other(ending)).map(|(_, name)| name)
}

/// Whether a name, without what spellings differ in, is what others call a layer. Every key of a long file is asked
/// for.
pub fn is_layer(plain: &str) -> bool {
    static NAMES: LazyLock<HashSet<&str>> = LazyLock::new(|| LAYERS.iter().map(|name| name.theirs).collect());
    NAMES.contains(plain)
        || DIMENSIONS.iter().any(|(ending, _)| plain.contains(ending)) && of_other_dimensions(plain).is_some()
}

/// Words for `merge:`.
pub const MERGES: &[Name] = &[
    is("sum", "PyTorch, Caffe", "add"),
    is("plus", "PyTorch", "add"),
    is("shortcut", "Darknet", "add"),
    written("eltwise", "Caffe", "write `add`, or `mul`"),
    is("cat", "PyTorch", "concat"),
    is("concatenate", "Keras", "concat"),
    is("route", "Darknet", "concat"),
    is("multiply", "Keras", "mul"),
    is("prod", "Caffe", "mul"),
    is("product", "PyTorch", "mul"),
    is("scale", "Caffe", "mul"),
    is("average", "Keras", "mean"),
    is("ave", "Keras", "mean"),
    is("maximum", "Keras", "max"),
    lacking("min", "ONNX", OTHER_MERGES),
    is("subtract", "Keras", "sub"),
    lacking("dot", "Keras", OTHER_MERGES),
    lacking("stack", "PyTorch", OTHER_MERGES),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layers::Layers;

    #[test]
    fn names_lead_to_layers_and_are_none() {
        for name in LAYERS {
            assert!(Layers::default().find(name.theirs).is_none(), "{name:?}");
            if let Some(ours) = name.ours() {
                assert!(Layers::default().find(ours).is_some_and(|layer| layer.inputs.is_some()), "{name:?}");
            }
        }
        for name in MERGES {
            assert!(
                name.ours().is_none_or(|ours| ["concat", "add", "mul", "sub", "mean", "max"].contains(&ours)),
                "{name:?}"
            );
        }
    }
}
