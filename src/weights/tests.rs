//! Files of PyTorch's and of our own.

use super::*;
use crate::ir::Init;

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
    for name in ["plain.pth", "wrapped.pth", "state_dict.pth", "model.pth", "half.pth"] {
        let (values, note) = load::<f32>(&fixture(name), &declared()).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(values, numbers(), "{name}");
        assert_eq!(note, None);
    }
}

#[test]
fn what_cannot_be_read_is_named() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let text = folder.path().join("text.safetensors");
    std::fs::write(&text, "this is no checkpoint at all").expect("room on the disk");
    let empty = folder.path().join("empty.pth");
    std::fs::write(&empty, "").expect("room on the disk");
    let cut = folder.path().join("cut.pth");
    let whole = std::fs::read(fixture("plain.pth")).expect("a fixture");
    std::fs::write(&cut, &whole[..whole.len() / 2]).expect("room on the disk");
    for (path, expected) in [
        (folder.path().join("none.pth"), "cannot read"),
        (text, "neither safetensors nor a .pth"),
        (empty, "neither safetensors nor a .pth"),
        (cut, "not a state dict"),
        (fixture("old.pth"), "from before 1.6"),
        (fixture("module.pth"), "state dict"),
        (fixture("numbers.pth"), "no state dict"),
    ] {
        let message = read(&path).expect_err("no weights").to_string();
        assert!(message.contains(expected) && message.contains(&*path.to_string_lossy()), "{message}");
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
    let counter = &read(&path).expect("readable").tensors["bn.num_batches_tracked"];
    assert_eq!((counter.dims(), counter.to_scalar::<i64>().expect("one number")), (&[] as &[usize], 42));

    let again = folder.path().join("again.safetensors");
    save(&again, &entries(&declared(), &values), 42, "a note").expect("room on the disk");
    assert_eq!(std::fs::read(&path).expect("readable"), std::fs::read(&again).expect("readable"));
}

#[test]
fn some_weights_begin_anew() {
    for name in ["plain.pth", "wrapped.pth"] {
        let mut declared = declared();
        // Neither its shape in the file matters nor whether it is there.
        declared[0].shape = vec![7];
        declared[1].name = "conv.other".to_owned();
        let anew = |name: &str| name.starts_with("conv.");
        let found = load_others::<f32>(&fixture(name), &declared, anew).expect("the others are there");
        let given = |(index, values): (usize, Vec<f32>)| (index > 1).then_some(values);
        assert_eq!(found, numbers().into_iter().enumerate().map(given).collect::<Vec<_>>(), "{name}");
    }
}

#[test]
fn differences_are_listed() {
    let tensors = read(&fixture("plain.pth")).expect("a fixture").tensors;
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
