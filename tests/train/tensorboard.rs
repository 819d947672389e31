//! TensorBoard itself reads the curves of a run.

use std::collections::BTreeMap;
use std::process::Command;

use crate::place::{Place, json, read};

/// Its reader finds what the run's files of metrics say, also after the run has gone on.
#[test]
#[ignore = "TENSORBOARD_PYTHON must be a Python that has TensorBoard, as in .ci/run"]
fn its_reader_finds_the_curves() {
    let python = std::env::var("TENSORBOARD_PYTHON").expect("TENSORBOARD_PYTHON is set");
    let place = Place::new();
    place.ok("train tiny.yaml --threads 1 --out run");
    place.ok("train --resume run --threads 1 --set train.epochs=3");

    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/events/events.py");
    let output = Command::new(python).arg(script).arg(place.path("run")).output().expect("Python starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut found: BTreeMap<&str, Vec<(u64, f32)>> = BTreeMap::new();
    let shown = String::from_utf8(output.stdout).expect("UTF-8");
    for line in shown.lines() {
        let [tag, step, value] = line.split(' ').collect::<Vec<_>>()[..] else { panic!("{line}") };
        found.entry(tag).or_default().push((step.parse().expect("a step"), value.parse().expect("a number")));
    }

    let written = |file: &str, key: &str| -> Vec<f32> {
        let lines = read(&place.path("run").join(file));
        lines.lines().map(|line| json(line)[key].as_f64().expect("a number") as f32).collect()
    };
    for (tag, file, key) in [
        ("loss/train", "metrics.jsonl", "train_loss"),
        ("accuracy/train", "metrics.jsonl", "train_acc"),
        ("loss/validation", "validations.jsonl", "val_loss"),
        ("accuracy/validation", "validations.jsonl", "val_acc"),
        ("balanced_accuracy/validation", "validations.jsonl", "val_balanced_acc"),
        ("macro_f1/validation", "validations.jsonl", "val_macro_f1"),
        ("auroc/validation", "validations.jsonl", "val_auroc"),
        ("ece/validation", "validations.jsonl", "val_ece"),
        ("loss/step", "steps.jsonl", "loss"),
        ("learning_rate", "steps.jsonl", "lr"),
    ] {
        let expected = written(file, key);
        let values: Vec<f32> = found[tag].iter().map(|(_, value)| *value).collect();
        assert!(values == expected && expected.len() >= 3, "{tag}: {values:?}, not {expected:?}");
        assert!(found[tag].is_sorted_by(|(a, _), (b, _)| a < b), "{tag}: {:?}", found[tag]);
    }
    let steps = written("validations.jsonl", "step");
    assert_eq!(found["loss/validation"].iter().map(|(step, _)| *step as f32).collect::<Vec<_>>(), steps);
}
