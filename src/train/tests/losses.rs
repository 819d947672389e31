//! The losses that a run writes down.

use super::*;

/// A step's written loss is that of all its images, however they came in batches and whatever their classes weigh.
#[test]
fn the_loss_of_a_step_does_not_depend_on_its_batches() {
    let weights = "{cross_entropy: {class_weights: [0.2, 3, 1, 1, 7, 1, 0.5, 1, 1, 2]}}";
    for loss in [
        weights,
        "cross_entropy",
        "{cross_entropy: {label_smoothing: 0.2, class_weights: [9, 1, 1, 1, 1, 1, 1, 1, 1, 1]}}",
    ] {
        let losses = |batch: usize, accumulate: usize| {
            let folder = folder();
            let network = compiled(&format!(
                "input: [1, 8, 8]\nclasses: 10\nlayers: [flatten, linear 10]\ndata: {{set: digits}}\n\
                 train: {{epochs: 1, batch: {batch}, accumulate: {accumulate}, drop_last: true, seed: 3, optimizer: sgd lr=0.1, loss: {loss}}}\n"
            ));
            run(&network, folder.path(), From::Start, Interrupt::Never).expect("it trains");
            let steps = std::fs::read_to_string(folder.path().join("steps.jsonl")).expect("every run writes it");
            let value = |line: &str, key: &str| -> f64 {
                let line: serde_json::Value = serde_json::from_str(line).expect("a line is JSON");
                line[key].as_f64().expect("a number")
            };
            steps.lines().take(14).map(|line| value(line, "loss")).collect::<Vec<f64>>()
        };
        let expected = losses(96, 1);
        for (batch, accumulate) in [(48, 2), (32, 3), (8, 12)] {
            for (found, expected) in losses(batch, accumulate).iter().zip(&expected) {
                assert!(
                    (found - expected).abs() < 1e-4 * expected,
                    "{loss}, {accumulate} batches: {found}, {expected}"
                );
            }
        }
    }
}

/// Former states have no weights of their images.
#[test]
fn sums_of_former_states_are_read() {
    let bits = 12.0f64.to_bits();
    let former = format!("{{\"images\": 8, \"loss\": {bits}, \"correct\": 3, \"seconds\": 0.5}}");
    let sums: position::Sums = serde_json::from_str(&former).expect("it is read");
    assert_eq!((sums.images, sums.weight, sums.mean_loss()), (8, 8.0, 1.5));
    let written = serde_json::to_string(&position::Sums { weight: 4.0, ..sums }).expect("plain data becomes JSON");
    let read: position::Sums = serde_json::from_str(&written).expect("it is read");
    assert_eq!((read.weight, read.mean_loss()), (4.0, 3.0));
}
