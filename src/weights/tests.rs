//! Files of PyTorch's and of our own.

mod fitting;
mod headers;
mod kinds;
mod pth;

use std::collections::BTreeMap;

use super::*;
use crate::ir::Init;
use crate::program::ProgramWeight;

/// conv 2→3 3×3, then a batch norm: the network of `tests/fixtures/weights.py`.
fn declared() -> Vec<ProgramWeight> {
    let weight = |name: &str, shape: &[usize], trainable| ProgramWeight {
        name: name.to_owned(),
        shape: shape.to_vec(),
        init: Init::Constant(0.0),
        frozen: false,
        trainable,
    };
    vec![
        weight("conv.weight", &[3, 2, 3, 3], true),
        weight("conv.bias", &[3], true),
        weight("bn.weight", &[3], true),
        weight("bn.bias", &[3], true),
        weight("bn.running_mean", &[3], false),
        weight("bn.running_var", &[3], false),
    ]
}

/// What `tests/fixtures/weights.py` puts there: in this order, 0.5, 1.5, 2.5, …
fn numbers() -> Vec<Vec<f32>> {
    let mut next = -0.5;
    let mut number = || {
        next += 1.0;
        next
    };
    declared().iter().map(|weight| (0..weight.elements()).map(|_| number()).collect()).collect()
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/weights").join(name)
}

#[test]
fn state_dicts_of_pytorch_are_read() {
    for name in
        ["plain.pth", "wrapped.pth", "state_dict.pth", "model.pth", "half.pth", "old.pth", "twenty_one_characters.pth"]
    {
        let (values, note) = load::<f32>(&fixture(name), &declared()).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(values, numbers(), "{name}");
        assert_eq!(note, None);
    }
}

#[test]
fn what_is_written_is_read_again_and_has_pytorchs_counters() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("net.safetensors");
    let values = numbers();
    save(&path, &entries(&declared(), &values), 42, "a note").expect("room on the disk");
    let (found, note) = load::<f32>(&path, &declared()).expect("readable");
    assert_eq!((found, note.as_deref()), (values.clone(), Some("a note")));
    let mut stored = read(&path).expect("readable");
    assert_eq!(stored.sizes()["bn.num_batches_tracked"], &[] as &[usize]);
    assert_eq!(stored.values::<f64>("bn.num_batches_tracked").expect("one number"), [42.0]);

    let again = folder.path().join("again.safetensors");
    save(&again, &entries(&declared(), &values), 42, "a note").expect("room on the disk");
    assert_eq!(std::fs::read(&path).expect("readable"), std::fs::read(&again).expect("readable"));
}

#[test]
fn some_weights_begin_anew() {
    let load_others = |name, declared: &[ProgramWeight], patterns: &[&str]| {
        let anew = patterns.iter().map(|pattern| (*pattern).to_owned()).collect();
        load_as::<f32>(&fixture(name), declared, &Reading { anew, ..Reading::default() })
    };
    for (name, prefix) in [("plain.pth", ""), ("wrapped.pth", "module.")] {
        let mut declared = declared();
        // Neither its shape in the file matters nor whether it is there.
        declared[0].shape = vec![7];
        declared[1].name = "conv.other".to_owned();
        let found = load_others(name, &declared, &["conv.*"]).expect("the others are there");
        let given = |(index, values): (usize, Vec<f32>)| (index > 1).then_some(values);
        assert_eq!(found.weights, numbers().into_iter().enumerate().map(given).collect::<Vec<_>>(), "{name}");
        assert_eq!(found.remarks, [], "{name}");

        // What the file has in place of another layer's weights is left out, and named.
        declared[0].name = "stem.weight".to_owned();
        declared[1].name = "stem.bias".to_owned();
        let found = load_others(name, &declared, &["stem.*"]).expect("as before");
        assert_eq!(found.weights[2..], numbers()[2..].iter().cloned().map(Some).collect::<Vec<_>>(), "{name}");
        let left_out = ["conv.bias", "conv.weight"].map(|name| format!("{prefix}{name}"));
        assert_eq!(found.remarks, [Remark::LeftOut(left_out.to_vec())]);
        let error = load_others(name, &declared, &[]).expect_err("nothing stands in their place");
        assert!(error.to_string().contains("2 unknown to the network: conv.bias, conv.weight"), "{error}");
        let error = load_others(name, &declared, &["stem.bias"]).expect_err("one is missing");
        assert!(error.to_string().contains("1 missing in the file: stem.weight"), "{error}");
    }
}

#[test]
fn differences_are_listed() {
    let stored = read(&fixture("plain.pth")).expect("a fixture");
    let tensors = stored.sizes();
    let mut weights = declared();
    weights[0].shape = vec![3, 2, 5, 5];
    weights[1].name = "conv.offset".to_owned();
    let mismatch = matching(&weights, &tensors).expect_err("another network");
    assert_eq!(
        mismatch.to_string(),
        "the weights do not fit the network\n  \
         1 missing in the file: conv.offset\n  \
         1 unknown to the network: conv.bias\n  \
         1 of another shape: conv.weight is 3×2×3×3 in the file, 3×2×5×5 in the network"
    );
    let many: Vec<ProgramWeight> =
        (0..12).map(|index| ProgramWeight { name: format!("w{index}"), ..weights[1].clone() }).collect();
    let message = matching(&many, &BTreeMap::new()).expect_err("nothing is there").to_string();
    assert!(
        message.ends_with("12 missing in the file: w0, w1, w2, w3, w4, w5, w6, w7, w8, w9, and 2 more"),
        "{message}"
    );
}
