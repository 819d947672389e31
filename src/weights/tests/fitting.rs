//! Names, containers and sizes of other programs.

use super::super::fit::{Change, Fit, fit};
use super::super::propose::propose;
use super::*;
use crate::compile::compile_source;
use crate::lower::lower;
use crate::pattern::Rename;
use crate::syntax::Format;

/// Sizes by name.
type Arrays<'a> = Vec<(&'a str, Vec<usize>)>;

fn weights(names: &[(&str, &[usize])]) -> Vec<ProgramWeight> {
    let weight = |(name, shape): &(&str, &[usize])| ProgramWeight {
        name: (*name).to_owned(),
        shape: shape.to_vec(),
        ..declared()[0].clone()
    };
    names.iter().map(weight).collect()
}

fn fitted(weights: &[ProgramWeight], arrays: &Arrays, reading: &Reading) -> Result<Fit, WeightsMismatch> {
    fit(weights, &arrays.iter().map(|(name, sizes)| (*name, sizes.as_slice())).collect(), reading)
}

fn taken(fit: &Fit) -> Vec<&str> {
    fit.taken.iter().map(|taken| taken.as_ref().map_or("-", |taken| taken.array.as_str())).collect()
}

fn network() -> Vec<ProgramWeight> {
    weights(&[("conv.weight", &[4, 3, 3, 3]), ("features.0.bias", &[4]), ("fc.weight", &[10, 4]), ("fc.bias", &[10])])
}

/// The network's arrays under names that `rename` makes.
fn renamed(rename: impl Fn(&str) -> String) -> Vec<(String, Vec<usize>)> {
    network().into_iter().map(|weight| (rename(&weight.name), weight.shape)).collect()
}

fn borrowed(arrays: &[(String, Vec<usize>)]) -> Arrays<'_> {
    arrays.iter().map(|(name, sizes)| (name.as_str(), sizes.clone())).collect()
}

#[test]
fn wrappers_are_seen_through() {
    for prefix in ["", "module.", "_orig_mod.", "model.", "net.module._orig_mod.", "module.model.backbone.net."] {
        let arrays = renamed(|name| format!("{prefix}{name}"));
        let mut arrays = borrowed(&arrays);
        let found =
            fitted(&network(), &arrays, &Reading::default()).unwrap_or_else(|error| panic!("{prefix}: {error}"));
        let expected: Vec<String> = network().iter().map(|weight| format!("{prefix}{}", weight.name)).collect();
        assert_eq!(taken(&found), expected);
        assert_eq!(found.remarks, []);

        // What lies outside of what was wrapped is left out, and counted.
        if !prefix.is_empty() {
            arrays.push(("criterion.weight", vec![10]));
            let found = fitted(&network(), &arrays, &Reading::default()).expect("the rest fits");
            assert_eq!(found.remarks, [Remark::LeftOut(vec!["criterion.weight".to_owned()])]);
        }
    }
    // A part of the network, and all but the head.
    for rename in [
        (|name: &str| name.replace("features.", "features.module.")) as fn(&str) -> String,
        |name| if name.starts_with("fc") { name.to_owned() } else { format!("backbone.{name}") },
        |name| format!("module.{}", name.replace("features.", "features._orig_mod.")),
    ] {
        let arrays = renamed(rename);
        let found =
            fitted(&network(), &borrowed(&arrays), &Reading::default()).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(taken(&found), arrays.iter().map(|(name, _)| name).collect::<Vec<_>>());
    }
    // A network whose own names begin so.
    let own = weights(&[("model.conv.weight", &[1, 1, 1, 1]), ("net.fc.weight", &[2])]);
    let arrays = vec![("model.conv.weight", vec![1, 1, 1, 1]), ("net.fc.weight", vec![2])];
    assert_eq!(
        taken(&fitted(&own, &arrays, &Reading::default()).expect("as they are")),
        ["model.conv.weight", "net.fc.weight"]
    );
    // Of two that fit, the one with less around it.
    let arrays = vec![("model.conv.weight", vec![1, 1, 1, 1]), ("net.conv.weight", vec![1, 1, 1, 1])];
    let found = fitted(&weights(&[("conv.weight", &[1, 1, 1, 1])]), &arrays, &Reading::default()).expect("the first");
    assert_eq!(found.remarks, [Remark::LeftOut(vec!["model.conv.weight".to_owned()])]);
}

#[test]
fn what_only_training_needs_is_left_out_unless_that_is_refused() {
    let arrays = renamed(str::to_owned);
    let mut arrays = borrowed(&arrays);
    arrays.extend([
        ("aux1.fc.weight", vec![10, 4]),
        ("AuxLogits.conv0.bn.num_batches_tracked", vec![]),
        ("conv.total_ops", vec![1]),
        ("n_averaged", vec![]),
        ("bn.num_batches_tracked", vec![]),
    ]);
    let found = fitted(&network(), &arrays, &Reading::default()).expect("the rest fits");
    let left_out = ["aux1.fc.weight", "conv.total_ops", "n_averaged"].map(str::to_owned).to_vec();
    assert_eq!(found.remarks, [Remark::LeftOut(left_out)]);
    assert_eq!(
        found.remarks[0].to_string(),
        "left out: 3 arrays that the network does not have: aux1.fc.weight, conv.total_ops, n_averaged"
    );
    let strict = Reading { strict: true, ..Reading::default() };
    let error = fitted(&network(), &arrays, &strict).expect_err("it is strict");
    assert_eq!(error.unexpected, ["aux1.fc.weight", "conv.total_ops", "n_averaged"]);
    // A deeper network is another one.
    arrays.push(("features.1.bias", vec![4]));
    assert_eq!(fitted(&network(), &arrays, &Reading::default()).expect_err("deeper").unexpected, ["features.1.bias"]);
}

#[test]
fn renames_come_first() {
    let arrays = vec![
        ("stem.weight", vec![4, 3, 3, 3]),
        ("stem.bias", vec![4]),
        ("head.out.weight", vec![10, 4]),
        ("head.out.bias", vec![10]),
        ("extra.weight", vec![3]),
    ];
    let renames = |pairs: &[(&str, &str)]| Reading {
        renames: pairs.iter().map(|(from, to)| Rename::new(from, to).expect("sound")).collect(),
        ..Reading::default()
    };
    let all =
        renames(&[("stem.weight", "conv.weight"), ("stem.*", "features.0.*"), ("head.out.*", "fc.*"), ("extra.*", "")]);
    let found = fitted(&network(), &arrays, &all).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(taken(&found), ["stem.weight", "stem.bias", "head.out.weight", "head.out.bias"]);
    assert_eq!(found.remarks, []);
    // Two of one name are none.
    let both = renames(&[("stem.*", "conv.weight"), ("head.out.*", "fc.*")]);
    assert!(fitted(&network(), &arrays, &both).is_err());
}

#[test]
fn names_are_proposed_by_order_and_shape() {
    let own = weights(&[
        ("layer1.0.conv1.weight", &[4, 4, 3, 3]),
        ("layer1.0.conv2.weight", &[4, 4, 3, 3]),
        ("layer2.0.conv1.weight", &[4, 4, 3, 3]),
        ("layer2.0.conv2.weight", &[4, 4, 3, 3]),
        ("fc.weight", &[10, 4]),
        ("fc.bias", &[10]),
    ]);
    let four = vec![4, 4, 3, 3];
    let arrays = vec![
        ("stages.0.0.conv1.weight", four.clone()),
        ("stages.0.0.conv2.weight", four.clone()),
        ("stages.1.0.conv1.weight", four.clone()),
        ("stages.1.0.conv2.weight", four.clone()),
        ("out.weight", vec![10, 4]),
        ("out.bias", vec![10]),
        ("bn.num_batches_tracked", vec![]),
    ];
    let in_order = |arrays: &Arrays| {
        let arrays: Vec<_> = arrays.iter().map(|(name, sizes)| (*name, sizes.as_slice())).collect();
        propose(
            &own,
            &arrays,
            &Reading { head: vec!["fc.weight".to_owned(), "fc.bias".to_owned()], ..Reading::default() },
        )
    };
    let shown = |renames: &[Rename]| {
        renames.iter().map(|rename| format!("{}={}", rename.pattern, rename.replacement)).collect::<Vec<_>>()
    };
    assert_eq!(shown(&in_order(&arrays)), ["stages.0.*=layer1.*", "stages.1.*=layer2.*", "out.*=fc.*"]);
    // A head for other classes is the only layer that may differ.
    let mut other = arrays.clone();
    other[4].1 = vec![1000, 4];
    other[5].1 = vec![1000];
    assert_eq!(shown(&in_order(&other)).last().map(String::as_str), Some("out.*=fc.*"));
    other[0].1 = vec![4, 4, 5, 5];
    assert_eq!(in_order(&other), []);
    // One too many: nobody knows which.
    let mut more = arrays;
    more.push(("stages.2.0.conv1.weight", four));
    assert_eq!(in_order(&more), []);
}

#[test]
fn colours_are_summed_and_spread_and_heads_replaced_when_asked_for() {
    let grey = weights(&[("conv.weight", &[4, 1, 3, 3]), ("fc.weight", &[5, 4]), ("fc.bias", &[5])]);
    let colour = weights(&[("conv.weight", &[4, 3, 3, 3]), ("fc.weight", &[5, 4]), ("fc.bias", &[5])]);
    let file = |colours: usize, classes: usize| {
        vec![("conv.weight", vec![4, colours, 3, 3]), ("fc.weight", vec![classes, 4]), ("fc.bias", vec![classes])]
    };
    let asked = Reading {
        adapt: vec!["conv.weight".to_owned()],
        head: vec!["fc.weight".to_owned(), "fc.bias".to_owned()],
        ..Reading::default()
    };
    for (network, arrays, change, remark) in [
        (
            &grey,
            file(3, 5),
            Change::Sum(3),
            "`conv.weight` reads grey images here: its weights for 3 colours are summed",
        ),
        (
            &colour,
            file(1, 5),
            Change::Spread(3),
            "`conv.weight` reads 3 colours here: each has the weights for grey images, divided by 3",
        ),
        (&grey, file(1, 1000), Change::None, "`fc` begins anew: it tells 5 classes apart here, and 1000 in the file"),
    ] {
        let found = fitted(network, &arrays, &asked).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(found.taken[0].as_ref().expect("it is taken").change, change);
        assert_eq!(found.remarks.iter().map(ToString::to_string).collect::<Vec<_>>(), [remark]);
        assert_eq!(found.taken[1].is_none(), remark.starts_with("`fc`"));
        let error = fitted(network, &arrays, &Reading::default()).expect_err("nobody asked for it");
        assert!(!error.reshaped.is_empty());
    }
    assert!(fitted(&grey, &file(2, 5), &asked).is_err(), "two channels are neither");
    assert!(fitted(&grey, &file(4, 1000), &asked).is_err());
}

/// The numbers themselves.
#[test]
fn adapted_numbers_are_sums_and_thirds() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("w.safetensors");
    let reading = Reading { adapt: vec!["w".to_owned()], ..Reading::default() };
    let [grey, colour] = [1, 3].map(|colours| weights(&[("w", &[2, colours, 1, 2])]));
    let values = vec![vec![1.0f32, 2.0, 10.0, 20.0, 100.0, 200.0, 3.0, 4.0, 30.0, 40.0, 300.0, 400.0]];
    save(&path, &entries(&colour, &values), 0, "").expect("room on the disk");
    let found = load_as::<f32>(&path, &grey, &reading).expect("summed");
    assert_eq!(found.weights, [Some(vec![111.0, 222.0, 333.0, 444.0])]);
    save(&path, &entries(&grey, &[vec![3.0, 6.0, 9.0, 12.0]]), 0, "").expect("room on the disk");
    let found = load_as::<f32>(&path, &colour, &reading).expect("spread");
    assert_eq!(found.weights, [Some(vec![1.0, 2.0, 1.0, 2.0, 1.0, 2.0, 3.0, 4.0, 3.0, 4.0, 3.0, 4.0])]);
}

#[test]
fn a_linear_layer_may_be_a_convolution() {
    let own = weights(&[("classifier.0.weight", &[5, 12])]);
    let found = fitted(&own, &vec![("classifier.0.weight", vec![5, 3, 2, 2])], &Reading::default());
    assert_eq!(found.expect("the same numbers").taken[0].as_ref().expect("taken").change, Change::None);
    assert!(fitted(&own, &vec![("classifier.0.weight", vec![12, 5])], &Reading::default()).is_err(), "turned");
    assert!(fitted(&own, &vec![("classifier.0.weight", vec![5, 3, 4])], &Reading::default()).is_err());
}

#[test]
fn factors_of_channels_may_have_sizes_of_one() {
    for (found, expected, fits) in [
        (&[96][..], &[96, 1, 1][..], true),
        (&[96, 1, 1], &[96], true),
        (&[1, 1, 96], &[96], false),
        (&[95], &[96, 1, 1], false),
        (&[96, 1], &[96], false),
        (&[2, 48, 1], &[96], false),
    ] {
        let arrays = vec![("layer_scale", found.to_vec())];
        let own = weights(&[("layer_scale", expected)]);
        assert_eq!(fitted(&own, &arrays, &Reading::default()).is_ok(), fits, "{found:?} for {expected:?}");
    }
}

#[test]
fn the_names_of_other_packages_are_known() {
    let list = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/packages.txt"));
    let list = list.expect("tests/scripts/packages.py wrote it");
    let mut networks = 0;
    for part in list.split("\n\n").filter(|part| !part.trim().is_empty()) {
        let mut lines = part.lines().filter(|line| !line.starts_with('#'));
        let head: Vec<&str> = lines.next().expect("a head").split(' ').collect();
        let [package, _, architecture] = head[..] else { panic!("{head:?}") };
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("architectures");
        let file = std::fs::read_to_string(folder.join(architecture)).expect("it is in the repository");
        let format = Path::new(architecture).extension().and_then(|ending| ending.to_str());
        let format = format.and_then(Format::from_extension).expect("YAML or TOML");
        let network = compile_source(architecture, &file, format, &[]).expect("it compiles").network;
        let own = lower(&network).weights;
        let foreign: BTreeMap<&str, &str> =
            lines.map(|line| line.split_once(' ').expect("two names")).map(|(theirs, ours)| (ours, theirs)).collect();
        let theirs = |weight: &ProgramWeight| {
            // A layer that is one weight has its name.
            if let Some(theirs) = foreign.get(weight.name.as_str()) {
                return (*theirs).to_owned();
            }
            let (layer, part) = weight.name.rsplit_once('.').expect("a layer's");
            format!("{}.{part}", foreign.get(layer).unwrap_or_else(|| panic!("{architecture}: {layer}")))
        };
        let expected: Vec<String> = own.iter().map(theirs).collect();
        let arrays = expected.iter().zip(&own).map(|(name, weight)| (name.as_str(), weight.shape.clone())).collect();
        let found = fitted(&own, &arrays, &Reading::default()).unwrap_or_else(|error| panic!("{head:?}: {error}"));
        assert_eq!(taken(&found), expected, "{head:?}");
        assert!(found.whose.is_none_or(|whose| whose == package.replace('_', " ")), "{head:?}: {:?}", found.whose);
        networks += 1;
    }
    assert!(networks >= 8, "{networks}");
}

#[test]
fn torchvisions_first_densenets_are_read() {
    let own = weights(&[
        ("features.denseblock1.denselayer1.norm1.weight", &[4]),
        ("features.denseblock1.denselayer1.conv1.weight", &[4, 4, 1, 1]),
        ("features.denseblock1.denselayer1.norm2.running_var", &[4]),
        ("features.norm5.weight", &[4]),
    ]);
    let arrays = vec![
        ("features.denseblock1.denselayer1.norm.1.weight", vec![4]),
        ("features.denseblock1.denselayer1.conv.1.weight", vec![4, 4, 1, 1]),
        ("features.denseblock1.denselayer1.norm.2.running_var", vec![4]),
        ("features.norm5.weight", vec![4]),
    ];
    let found = fitted(&own, &arrays, &Reading::default()).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(taken(&found), arrays.iter().map(|(name, _)| *name).collect::<Vec<_>>());
}

#[test]
fn weights_are_found_wherever_scripts_keep_them() {
    let load = |name: &str, averaged| {
        let reading = Reading { averaged, ..Reading::default() };
        load_as::<f32>(&fixture(name), &declared(), &reading)
            .map(|found| found.weights.into_iter().collect::<Option<Vec<_>>>().expect("none begins anew"))
    };
    let averaged: Vec<Vec<f32>> =
        numbers().iter().map(|values| values.iter().map(|value| value + 100.0).collect()).collect();
    for name in ["nested.pth", "swapped.pth", "within.pth", "listed.pth"] {
        assert_eq!(load(name, false).unwrap_or_else(|error| panic!("{error}")), numbers(), "{name}");
        assert_eq!(load(name, true).unwrap_or_else(|error| panic!("{error}")), averaged, "{name}");
    }
    // Where there are averages alone, they are the weights.
    assert_eq!(load("averaged.pth", false).unwrap_or_else(|error| panic!("{error}")), averaged);
    let error = load("plain.pth", true).expect_err("it has none").to_string();
    assert!(error.contains("there are no averages of weights in it"), "{error}");
    let stored = read(&fixture("nested.pth")).expect("a fixture");
    let sets: Vec<_> = stored.sets().map(|set| (set.place(), set.is_averaged(), set.arrays().len())).collect();
    assert_eq!(sets[0], ("checkpoint.model_state", false, 7));
    assert!(sets.contains(&("ema_state_dict", true, 8)), "{sets:?}");
}
