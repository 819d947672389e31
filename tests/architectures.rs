//! Every file in architectures/ compiles, and counts and names are torchvision's.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use archc::expand::expand;
use archc::network::Network;
use archc::syntax::Format;
use archc::{compile, compile_source};

fn architectures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("architectures")
}

/// The stems of all files.
fn names() -> BTreeSet<String> {
    let files = fs::read_dir(architectures()).expect("it is in the repository");
    let stem = |entry: fs::DirEntry| entry.path().file_stem().expect("a file").to_string_lossy().into_owned();
    files.map(|entry| stem(entry.expect("it can be listed"))).collect()
}

/// Compiles architectures/NAME.yaml or .toml after putting `with` in place of each `replace`.
fn compile_file(name: &str, edits: &[(&str, &str)]) -> Network {
    let yaml = architectures().join(format!("{name}.yaml"));
    let (path, format) =
        if yaml.exists() { (yaml, Format::Yaml) } else { (architectures().join(format!("{name}.toml")), Format::Toml) };
    let mut text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    for (replace, with) in edits {
        assert!(text.contains(replace), "{name} has no `{replace}`");
        text = text.replace(replace, with);
    }
    let compiled = compile_source(&path.display().to_string(), &text, format, &[]);
    compiled.unwrap_or_else(|errors| panic!("{errors}")).network
}

/// What PyTorch says of one file: `make.py` in tests/reference wrote it.
#[derive(Debug, PartialEq)]
struct Expected {
    params: u64,
    macs: u64,
    /// `16x3x5x5`, by name.
    shapes: BTreeMap<String, String>,
}

fn expected() -> BTreeMap<String, Expected> {
    let mut networks: BTreeMap<String, Expected> = BTreeMap::new();
    let mut current = String::new();
    for line in include_str!("reference/parameters.txt").lines().filter(|line| !line.starts_with('#')) {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            [name, params, macs] => {
                let number = |word: &str| word.split_once('=').and_then(|(_, digits)| digits.parse().ok());
                let (params, macs) = (number(params).expect("a number"), number(macs).expect("a number"));
                current = name.to_string();
                networks.insert(current.clone(), Expected { params, macs, shapes: BTreeMap::new() });
            }
            [name, shape] => {
                let network = networks.get_mut(&current).expect("tensors follow their network's line");
                network.shapes.insert(name.to_string(), shape.to_string());
            }
            _ => panic!("cannot read `{line}`"),
        }
    }
    networks
}

fn found(network: &Network) -> Expected {
    let totals = network.totals();
    let mut shapes = BTreeMap::new();
    for node in &network.graph.nodes {
        for weight in &node.weights {
            let sizes: Vec<String> = weight.shape.iter().map(usize::to_string).collect();
            shapes.insert(weight.full_name(&node.name), sizes.join("x"));
        }
    }
    Expected { params: totals.params, macs: totals.macs, shapes }
}

#[test]
fn every_file_has_pytorchs_parameters_and_macs() {
    let expected = expected();
    assert_eq!(names(), expected.keys().cloned().collect(), "files, and networks in parameters.txt");
    for (name, expected) in expected {
        let network = compile_file(&name, &[]);
        assert_eq!(network.name, name);
        assert!(network.data.is_some() && network.train.is_some(), "{name} says how it is trained");
        let found = found(&network);
        assert_eq!((found.params, found.macs), (expected.params, expected.macs), "parameters and MACs of {name}");
        for (parameter, shape) in &expected.shapes {
            assert_eq!(found.shapes.get(parameter), Some(shape), "{name}: {parameter}");
        }
        assert_eq!(found.shapes.len(), expected.shapes.len(), "{name} has parameters that PyTorch's has not");
    }
}

/// The expansion of every file compiles to the same network, and expands to itself.
#[test]
fn every_file_expands() {
    let plain = |network: &Network| {
        let nodes = network.graph.nodes.iter();
        let nodes = nodes.map(|node| {
            (node.name.clone(), node.kind, node.call.clone(), node.inputs.clone(), node.output, node.weights.clone())
        });
        (nodes.collect::<Vec<_>>(), network.output, network.classes, network.data.clone(), network.train.clone())
    };
    for name in names() {
        let network = compile_file(&name, &[]);
        let text = expand(&network);
        let again = compile(&text).unwrap_or_else(|errors| panic!("{name}: {errors}"));
        assert_eq!(plain(&again), plain(&network), "{name}");
        assert_eq!(expand(&again), text, "{name}");
    }
}

/// One file is a family: parameters at other scales are those of torchvision's efficientnet_b1 and b2 and of
/// `mobilenet_v2(width_mult=0.5)`.
#[test]
fn scaled_families() {
    for (name, edits, params) in [
        ("efficientnet_b0", &[("depth: 1.0", "depth: 1.1")][..], 7_794_184),
        ("efficientnet_b0", &[("width: 1.0", "width: 1.1"), ("depth: 1.0", "depth: 1.2")], 9_109_994),
        ("mobilenet_v2", &[("width: 1.0", "width: 0.5")], 1_968_680),
    ] {
        assert_eq!(compile_file(name, edits).totals().params, params, "parameters of {name} with {edits:?}");
    }
}

/// The published numbers: torchvision's, and those of the papers and tutorials. GMACs to the digits given.
#[test]
fn published_counts() {
    for (name, params, gmacs) in [
        ("alexnet", 62_378_344, "1.135256"),
        ("alexnet_paper", 60_965_224, "0.724407"),
        ("alexnet_torchvision", 61_100_840, "0.714"),
        ("vgg11", 132_863_336, "7.609"),
        ("vgg11_bn", 132_868_840, "7.609"),
        ("vgg13", 133_047_848, "11.308"),
        ("vgg13_bn", 133_053_736, "11.308"),
        ("vgg16", 138_357_544, "15.470"),
        ("vgg16_bn", 138_365_992, "15.470"),
        ("vgg16_c", 133_638_952, "11.771"),
        ("vgg19", 143_667_240, "19.632"),
        ("vgg19_bn", 143_678_248, "19.632"),
        ("resnet18", 11_689_512, "1.814"),
        ("resnet34", 21_797_672, "3.664"),
        ("resnet50", 25_557_032, "4.089"),
        ("resnet101", 44_549_160, "7.801"),
        ("resnet152", 60_192_808, "11.514"),
        ("convnext_tiny", 28_589_128, "4.456"),
        ("convnext_small", 50_223_688, "8.684"),
        ("convnext_base", 88_591_464, "15.355"),
        ("convnext_large", 197_767_336, "34.361"),
        ("googlenet", 6_624_904, "1.498"),
        ("inception_v3", 23_834_568, "5.713"),
        ("densenet121", 7_978_856, "2.834"),
        ("densenet161", 28_681_000, "7.728"),
        ("densenet169", 14_149_480, "3.36"),
        ("densenet201", 20_013_928, "4.291"),
        ("squeezenet1_0", 1_248_424, "0.819"),
        ("squeezenet1_1", 1_235_496, "0.349"),
        ("mobilenet_v2", 3_504_872, "0.301"),
        ("mobilenet_v3_large", 5_483_032, "0.217"),
        ("resnext50_32x4d", 25_028_904, "4.230"),
        ("resnext101_32x8d", 88_791_336, "16.414"),
        ("wide_resnet50_2", 68_883_240, "11.398"),
        ("efficientnet_b0", 5_288_548, "0.386"),
        ("shufflenet_v2_x1_0", 2_278_604, "0.145"),
        ("regnet_y_400mf", 4_344_144, "0.402"),
        ("regnet_y_800mf", 6_432_512, "0.834"),
        ("regnet_y_1_6gf", 11_202_430, "1.612"),
        ("regnet_y_3_2gf", 19_436_338, "3.176"),
        ("regnet_x_400mf", 5_495_976, "0.414"),
        ("regnet_x_800mf", 7_259_656, "0.8"),
        ("regnet_x_1_6gf", 9_190_136, "1.603"),
        ("regnet_x_3_2gf", 15_296_552, "3.177"),
        ("regnet_x_8gf", 39_572_648, "7.995"),
        ("mobilenet_v3_small", 2_542_856, "0.057"),
        ("mnasnet0_5", 2_218_512, "0.104"),
        ("mnasnet1_0", 4_383_312, "0.314"),
        ("shufflenet_v2_x0_5", 1_366_792, "0.04"),
        ("shufflenet_v2_x1_5", 3_503_624, "0.296"),
        ("shufflenet_v2_x2_0", 7_393_996, "0.583"),
        ("efficientnet_b1", 7_794_184, "0.687"),
        ("efficientnet_b2", 9_109_994, "1.088"),
        ("efficientnet_b3", 12_233_232, "1.827"),
        ("efficientnet_v2_s", 21_458_488, "8.366"),
        ("efficientnet_v2_m", 54_139_356, "24.582"),
        ("resnext101_64x4d", 83_455_272, "15.46"),
        ("wide_resnet101_2", 126_886_696, "22.753"),
    ] {
        let totals = compile_file(name, &[]).totals();
        let digits = gmacs.split('.').next_back().map_or(0, str::len);
        assert_eq!(totals.params, params, "parameters of {name}");
        assert_eq!(format!("{:.digits$}", totals.macs as f64 / 1e9), gmacs, "GMACs of {name}");
    }
    // "About 650k neurons": outputs of convolutions and linear layers.
    let alexnet = compile_file("alexnet", &[]);
    let neurons = alexnet.graph.nodes.iter().filter(|node| ["conv", "linear"].contains(&node.kind));
    assert_eq!(neurons.map(|node| node.output.elements()).sum::<usize>(), 659_272);
}

#[test]
fn published_counts_of_small_images() {
    let ten = [("classes: 100", "classes: 10"), ("set: cifar100", "set: cifar10")];
    for (name, edits, params) in [
        ("resnet18_cifar100", vec![], 11_220_132),
        ("resnet18_cifar100", ten.to_vec(), 11_173_962),
        ("resnet34_cifar100", vec![], 21_328_292),
        ("resnet34_cifar100", ten.to_vec(), 21_282_122),
        ("resnet50_cifar100", vec![], 23_705_252),
        ("resnet50_cifar100", ten.to_vec(), 23_520_842),
        ("vgg16_cifar100", vec![], 34_015_396),
        ("vgg16_cifar100", [&ten[..], &[("head: [4096, 4096]", "head: []")]].concat(), 14_728_266),
        ("vgg_cifar10", vec![], 58_190_506),
        ("vgg16_cifar10", vec![], 14_983_498),
        ("vgg16_cifar", vec![], 15_245_130),
        ("resnet50_layer4", vec![], 14_750_730),
        ("convnet", vec![], 29_034),
        ("resnet20_cifar10", vec![], 269_722),
        ("resnet32_cifar10", vec![], 464_154),
        ("resnet44_cifar10", vec![], 658_586),
        ("resnet56_cifar10", vec![], 853_018),
        ("resnet110_cifar10", vec![], 1_727_962),
    ] {
        assert_eq!(compile_file(name, &edits).totals().params, params, "parameters of {name} with {edits:?}");
    }
}

/// The same with one linear layer behind the features, as kuangliu's pytorch-cifar has it.
#[test]
fn vgg_with_one_linear() {
    for (cfg, params) in [
        ("64, M, 128, M, 256, 256, M, 512, 512, M, 512, 512, M", 9_231_114),
        ("64, 64, M, 128, 128, M, 256, 256, M, 512, 512, M, 512, 512, M", 9_416_010),
        ("64, 64, M, 128, 128, M, 256, 256, 256, M, 512, 512, 512, M, 512, 512, 512, M", 14_728_266),
        ("64, 64, M, 128, 128, M, 256, 256, 256, 256, M, 512, 512, 512, 512, M, 512, 512, 512, 512, M", 20_040_522),
    ] {
        let text = format!("input: [3, 32, 32]\nclasses: 10\nvgg: {{cfg: [{cfg}], batch_norm: true, head: []}}");
        let network = compile(&text).unwrap_or_else(|errors| panic!("{errors}"));
        assert_eq!(network.totals().params, params, "parameters of {cfg}");
    }
}
