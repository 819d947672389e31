//! Networks that are exported: those of architectures/, the thousand random ones, and every operation in sizes that
//! readers disagree on.

use std::fs;
use std::path::{Path, PathBuf};

use archc::compile_source;
use archc::expand::expand;
use archc::network::Network;
use archc::syntax::{Format, Override};

#[derive(Debug, Clone)]
pub struct Case {
    pub name: String,
    pub network: Network,
}

/// Sides of images that are tried, the smallest first: sums are shorter, and no operation is left out.
const SIDES: [usize; 3] = [64, 128, 132];

/// What goes in place of `data:`, whose transforms make other sizes: nothing, or the task alone, for networks that give
/// each pixel a class.
const DATA: [&str; 2] = ["null", "{set: folder, path: images, task: segment}"];

/// Networks with more parameters get a quarter of their channels.
pub const LARGE: u64 = 2_000_000;

/// Every file of architectures/, for small images where its layers allow it.
pub fn architectures() -> impl Iterator<Item = Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("architectures");
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .expect("it is in the repository")
        .map(|entry| entry.expect("it can be listed").path())
        .filter(|path| path.is_file())
        .collect();
    files.sort();
    assert!(files.len() > 50, "{files:?}");
    files.into_iter().map(|path| {
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        let extension = path.extension().expect("an ending").to_string_lossy();
        let format = Format::from_extension(&extension).expect("YAML or TOML");
        let text = fs::read_to_string(&path).expect("it can be read");
        // What asserts a size does so for the network's own input.
        let text: Vec<&str> = text.lines().filter(|line| !line.contains("- expect:")).collect();
        let text = text.join("\n");
        let set = |path: &str, value: String| Override { path: path.to_owned(), value, option: None };
        let compile = |overrides: &[Override]| compile_source(&name, &text, format, overrides);
        let own = compile(&[]).unwrap_or_else(|errors| panic!("{errors}")).network;
        let channels = own.graph.input.channels();
        let side = own.graph.input.sides().map_or(0, |(height, _)| height);
        let ways = SIDES.iter().flat_map(|side| DATA.iter().map(move |data| (*side, *data)));
        let smaller = ways.filter(|(smaller, _)| *smaller < side).find_map(|(side, data)| {
            let input = set("input", format!("{channels}x{side}x{side}"));
            compile(&[set("data", data.to_owned()), input]).ok()
        });
        let network = smaller.map_or(own, |compiled| compiled.network);
        let narrow = (network.totals().params > LARGE).then(|| narrow(&network)).flatten();
        Case { name: name.clone(), network: narrow.unwrap_or(network) }
    })
}

/// The network with a quarter of its channels, if its layers allow it.
fn narrow(network: &Network) -> Option<Network> {
    let mut text = String::new();
    let expanded = expand(network);
    let lines = expanded.lines().take_while(|line| *line != "data:" && *line != "train:");
    // The last layer has a quarter of its outputs too.
    for line in lines.filter(|line| !line.starts_with("classes:")) {
        // Numbers that may follow, as long as they do; and as many groups as there are channels.
        let (mut counts, mut outputs) = (0, 1);
        for word in line.split_inclusive(' ') {
            let number = word.trim_end().trim_end_matches(['"', '}']);
            match number.parse::<usize>() {
                Ok(count) if counts > 0 => {
                    text.push_str(&word.replacen(number, &count.div_ceil(4).to_string(), 1));
                    counts -= 1;
                    outputs = count;
                }
                _ if outputs > 1 && number == format!("g{outputs}") => {
                    text.push_str(&word.replacen(number, &format!("g{}", outputs.div_ceil(4)), 1));
                }
                _ => {
                    text.push_str(word);
                    counts = match word.trim_end().trim_start_matches('"') {
                        "conv" | "conv_transpose" | "linear" => 1,
                        "slice" => 2,
                        _ => 0,
                    };
                }
            }
        }
        text.push('\n');
    }
    let narrow = archc::compile(&text).ok()?;
    assert!(narrow.totals().params < network.totals().params / 4, "{text}");
    Some(narrow)
}

/// Those of `tests/random_networks.rs` that PyTorch computes.
pub fn random() -> impl Iterator<Item = Case> {
    let lines = include_str!("../random/cases.jsonl").lines().enumerate();
    lines.filter_map(|(index, line)| {
        let case: serde_json::Value = serde_json::from_str(line).expect("each line is JSON");
        let text = case["network"].to_string();
        let network = archc::compile(&text).ok()?;
        Some(Case { name: format!("random network {index}, {text}"), network })
    })
}

/// Input and layers: operations one by one.
const GEOMETRIES: &[(&str, &str)] = &[
    // Windows that are not complete.
    ("3x5x5", "maxpool 2 s3 p1 ceil, flatten, linear 3"),
    ("2x6x6", "maxpool 3 s2 p1 ceil"),
    ("2x7x9", "maxpool 3 s2 ceil"),
    ("2x112x112", "maxpool 3 s2 p1"),
    ("2x6x7", "maxpool 2x3 s2x1 p1x0"),
    ("2x9x9", "maxpool 3 s2 d2 ceil"),
    ("1x10x10", "maxpool 2 s5 d4 p1 ceil"),
    ("1x6x6", "avgpool 3 s2 p1 ceil"),
    ("1x6x6", "avgpool 3 s2 p1 ceil count_include_pad=false"),
    ("2x7x7", "avgpool 2 ceil"),
    ("2x5x5", "avgpool 2 s3 p1 ceil"),
    ("2x8x8", "avgpool 3 s1 p1"),
    ("2x8x8", "avgpool 3 s2 p1"),
    ("2x8x8", "avgpool 3 s2 p1 count_include_pad=false"),
    // Bins of one length, and of several.
    ("2x8x8", "adaptive_avgpool 4"),
    ("2x10x10", "adaptive_avgpool 3"),
    ("2x11x7", "adaptive_avgpool 4x3"),
    ("2x5x7", "adaptive_avgpool 7"),
    ("2x7x9", "adaptive_avgpool 1x4"),
    ("2x8x8", "adaptive_maxpool 4"),
    ("2x11x7", "adaptive_maxpool 4x3"),
    ("2x5x7", "adaptive_maxpool 7x2"),
    ("2x7x7", "global_avgpool"),
    ("2x7x7", "global_maxpool"),
    // Convolutions.
    ("4x9x9", "conv 6 3x3 s2 p1"),
    ("4x9x9", "conv 8 3x1 s1x2 p1x0 g2 d2x1 bias=false"),
    ("4x9x9", "depthwise 3 p1"),
    ("4x5x5", "conv_transpose 3 3x3 s2 p1 output_padding=1"),
    ("4x5x4", "conv_transpose 6 2x3 s2 g2 bias=false"),
    ("4x5x5", "conv_transpose 6 3x3 s1 d2 p1"),
    // Norms.
    ("4x5x5", "conv 6 3x3 -> bn"),
    ("4x5x5", "bn affine=false -> relu -> bn eps=1e-3"),
    ("7", "linear 6 -> bn -> bn"),
    ("6x5x4", "gn 3"),
    ("6x5x4", "gn 6 affine=false"),
    ("6", "gn 2"),
    ("6x5x4", "ln"),
    ("6x5x4", "ln affine=false"),
    ("6x5x4", "ln channels"),
    ("6x5x4", "ln channels affine=false eps=1e-6"),
    ("9", "ln"),
    ("6x5x5", "lrn 5"),
    ("6x5x5", "lrn 3 alpha=0.5 beta=0.6 k=2"),
    ("6x5x5", "lrn 4 alpha=0.5"),
    ("3x5x5", "lrn 2 alpha=1 beta=0.5"),
    ("6x5x4", "conv 6 1x1 -> scale init=0.5 -> relu -> scale map"),
    ("6x5x4", "scale bias -> scale map bias -> conv 4 3x3"),
    ("6", "scale -> linear 5 -> scale bias init=2"),
    ("4x5x3", "linear 6 channels -> relu -> linear 3 channels bias=false -> bn"),
    // Functions.
    ("3x5x4", "relu -> relu6 -> leaky_relu 0.2"),
    ("3x5x4", "elu 0.7 -> sigmoid -> tanh"),
    ("3x5x4", "hardsigmoid"),
    ("3x5x4", "hardswish"),
    ("3x5x4", "gelu"),
    ("3x5x4", "silu"),
    ("3x5x4", "mish"),
    ("3x5x4", "softplus"),
    ("3x5x4", "relu -> power 0.5 scale=0.3 shift=2 -> power -0.75 shift=1"),
    ("3x5x4", "power 2 -> power 1 scale=0.5 shift=-1 -> power 1 shift=2 -> power 1 -> power 2 scale=-1"),
    ("3x5x4", "softplus beta=2 threshold=1"),
    ("3x5x4", "softplus beta=3"),
    ("3x5x4", "prelu"),
    ("3x5x4", "prelu channels"),
    ("5", "prelu channels"),
    ("4x3x3", "softmax"),
    ("9", "softmax"),
    ("6x4x3", "softmax groups=3 -> conv 4 1x1"),
    ("8", "softmax g2 -> linear 5"),
    // Sizes.
    ("2x4x4", "upsample 2"),
    ("2x4x5", "upsample 3x2"),
    ("2x5x7", "upsample 1.5"),
    ("2x7x7", "upsample size=10x3"),
    ("2x4x4", "upsample 2 bilinear"),
    ("2x5x7", "upsample 1.5 bilinear"),
    ("2x7x7", "upsample size=10x3 bilinear"),
    ("2x4x5", "upsample 2 bilinear align_corners"),
    ("2x4x5", "upsample size=7x1 bilinear align_corners"),
    ("2x4x4", "upsample 0.5"),
    ("2x5x5", "pad 1"),
    ("2x5x5", "pad top=1 left=2"),
    ("2x5x5", "pad 2x1 reflect"),
    ("2x5x5", "pad 1 replicate channels=1"),
    ("2x5x5", "pad 0 channels=2"),
    ("2x5x6", "crop 3"),
    ("2x5x6", "crop 4x1"),
    ("2x5x6", "crop top=2 right=1"),
    ("3x8x8", "conv 4 3x3 s2 padding=same -> maxpool 3 s2 padding=same, flatten -> linear 2"),
    ("3x9x8", "conv 4 3x3 as a, maxpool 2 -> upsample like=a, {from: [a, .], merge: add}, crop 2x3"),
    // Channels.
    ("6x4x4", "channel_shuffle 3"),
    ("8x3x4", "pixel_shuffle 2"),
    ("2x6x4", "pixel_unshuffle 2"),
    ("3x8x8", "conv 8 3x3 p1 -> pixel_unshuffle 2, flatten -> linear 2"),
    ("8x4x4", "pixel_shuffle 2 -> pixel_unshuffle 2 -> flatten -> linear 3"),
    ("8x4x4", "channel_shuffle 2 -> softmax groups=4 -> channel_shuffle 4"),
    ("24", "unflatten 4 2x3 -> conv 2 2x2"),
    ("12", "unflatten 12 1 -> channel_shuffle 4 -> flatten -> unflatten 3 2 -> conv 2 2x2"),
    ("12", "unflatten 1 4x3 -> flatten -> unflatten 12 1 -> global_avgpool"),
    ("6x4x3", "channel_mean"),
    ("6x4x3", "channel_max as a, {from: [a, input], merge: mul}"),
    ("6x4x4", "slice 1 4"),
    ("8", "slice 3"),
    ("4x5x5", "conv 4 1x1 as a, conv 4 1x1 as b, {from: [a, b, input], merge: add}"),
    ("4x5x5", "conv 3 1x1 as a, {from: [a, input, a], merge: concat}"),
    ("4x5x5", "global_avgpool -> sigmoid as gate, {from: [gate, input], merge: mul}"),
    ("4x5x5", "conv 4 1x1 as a, {from: [a, input, a], merge: mul}"),
    ("4x5x3", "conv 1 1x1 -> sigmoid as mask, {from: [mask, input], merge: mul}"),
    (
        "4x5x3",
        "adaptive_avgpool 5x1 as a, {from: input, then: adaptive_maxpool 1x3, name: b}, {from: [b, input, a], merge: mul}",
    ),
    ("4x5x5", "conv 4 1x1 as a, {from: [a, input], merge: sub}, mul 0.17"),
    ("4x5x5", "conv 4 1x1 as a, conv 4 1x1 as b, {from: [a, input, b], merge: mean}"),
    ("4x5x5", "conv 4 1x1 as a, conv 4 1x1 as b, {from: [a, input, b], merge: max}"),
    ("6", "linear 6 as a, {from: [a, input], merge: max}, mul -2.5"),
    // What does nothing.
    ("4x5x5", "identity"),
    ("4x5x5", "flatten -> linear 3 -> dropout 0.5 -> drop_path 0.1"),
    ("4x5x5", "conv 4 1x1 as a, relu, from: a"),
    ("4", "flatten"),
];

pub fn geometries() -> impl Iterator<Item = Case> {
    GEOMETRIES.iter().map(|(input, layers)| {
        let sizes = input.replace('x', ", ");
        let network = archc::compile(&format!("input: [{sizes}]\nlayers: [{layers}]"));
        let network = network.unwrap_or_else(|errors| panic!("{layers}\n{errors}"));
        Case { name: format!("{input}: {layers}"), network }
    })
}

/// Networks in which every option shows.
pub fn with_options() -> impl Iterator<Item = Case> {
    [
        "input: [3, 8, 6]\nlayers: [conv 6 3x3 p1 bias=false -> bn -> relu -> gn 2 -> flatten -> linear 70 -> bn -> dropout 0.5]\n\
         data: {set: folder, eval: [resize 8x6, center_crop 8x6, normalize imagenet]}",
        "input: [3, 8, 6]\nlayers: [conv 64 3x3 p1 -> conv_transpose 5 2x2 s2 bias=false -> bn]\n\
         data: {set: folder, eval: [resize 8x6, \"normalize mean={[0.1, 0.2, 0.3]} std=0.5\", normalize half]}",
        "input: [3, 6, 6]\nlayers: [conv 4 1x1 -> ln channels]\n\
         data: {set: folder, eval: [resize 6x6, grayscale, normalize half]}",
        "input: [1, 8, 8]\nlayers: [flatten -> linear 10]\ndata: {set: digits, eval: [normalize half]}",
    ]
    .into_iter()
    .map(|text| {
        let network = archc::compile(text).unwrap_or_else(|errors| panic!("{text}\n{errors}"));
        Case { name: text.to_owned(), network }
    })
}
