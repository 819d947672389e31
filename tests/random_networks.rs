//! Two thousand random networks of all layers, against what PyTorch said about them: `random/make.py` drew them and
//! asked it.
//!
//! Where archc says yes, every shape, the parameters and the MACs are PyTorch's, and the network runs in these sizes,
//! forward and backward. Where it says no, PyTorch refused too, at the same layer.

use std::collections::BTreeSet;

use archc::diagnostic::{Code, Diagnostics};
use archc::executor::Executor;
use archc::kernels::MaskKey;
use archc::layers::Layers;
use archc::lower::lower;
use archc::network::Network;
use archc::random::initial_weights;
use rayon::prelude::*;
use serde_json::Value;

const CASES: &str = concat!(include_str!("random/cases.jsonl"), include_str!("random/more.jsonl"));

/// What a refusal may be about: sizes, and arguments that no size would fit.
const REFUSALS: [Code; 6] = [
    Code::InvalidArgument,
    Code::WrongRank,
    Code::WindowDoesNotFit,
    Code::SizeMismatch,
    Code::InputsDisagree,
    Code::Groups,
];

#[test]
fn agree_with_pytorch() {
    let wrong: Vec<String> = CASES.par_lines().filter_map(|line| check(line).err()).collect();
    assert!(wrong.is_empty(), "{} cases differ, such as\n{}", wrong.len(), wrong[..wrong.len().min(5)].join("\n"));
}

/// A layer that is new must be drawn too.
#[test]
fn all_layers_take_part() {
    let words = CASES.split(|c: char| !(c.is_alphanumeric() || c == '_'));
    let drawn: BTreeSet<&str> = words.collect();
    let missing: Vec<&str> = Layers::default().names().filter(|name| !drawn.contains(name)).collect();
    assert!(missing.is_empty(), "add {} to `LAYERS` in tests/random/make.py and run it", missing.join(", "));
}

fn check(line: &str) -> Result<(), String> {
    let case: Value = serde_json::from_str(line).expect("each line is JSON");
    // JSON is YAML.
    let text = case["network"].to_string();
    let refused = case["refused"].as_str();
    match (archc::compile(&text), refused) {
        (Ok(network), None) => check_sizes(&network, &case).and_then(|()| run(&network)),
        (Err(errors), Some(_)) => check_refusal(&errors),
        // PyTorch goes on with a map of no pixels.
        (Err(errors), None) if is_empty(&case["shapes"]) => check_refusal(&errors),
        (Ok(_), Some(refused)) => Err(format!("PyTorch says: {refused}")),
        (Err(errors), None) => Err(format!("PyTorch computes it:\n{errors}")),
    }
    .map_err(|difference| format!("{text}\n{difference}"))
}

fn check_sizes(network: &Network, case: &Value) -> Result<(), String> {
    let shapes: Vec<Vec<usize>> = network.graph.nodes.iter().map(|node| node.output.dims()).collect();
    let totals = network.totals();
    let found = serde_json::json!({ "shapes": shapes, "params": totals.params, "macs": totals.macs });
    ["shapes", "params", "macs"].into_iter().try_for_each(|key| match found[key] == case[key] {
        true => Ok(()),
        false => Err(format!("{key}: {}, PyTorch's {}", found[key], case[key])),
    })
}

fn is_empty(shapes: &Value) -> bool {
    let shapes = shapes.as_array().expect("a list");
    shapes.iter().flat_map(|shape| shape.as_array().expect("sizes")).any(|size| size == 0)
}

fn check_refusal(errors: &Diagnostics) -> Result<(), String> {
    match errors.list.as_slice() {
        [only] if REFUSALS.contains(&only.code) => Ok(()),
        _ => Err(format!("not one refusal:\n{errors}")),
    }
}

/// A training step over two examples, and their evaluation.
fn run(network: &Network) -> Result<(), String> {
    let program = lower(network);
    let weights = initial_weights::<f32>(&program, 1);
    let mut executor = Executor::new(program, weights);
    let images: Vec<f32> = (0..2 * network.graph.input.elements()).map(|index| (index as f32 * 0.37).sin()).collect();
    executor.step_gradients(&images, &[0, 0], MaskKey { seed: 0, step: 0, place: 0 });
    let outputs = executor.evaluate(&images);
    let expected = 2 * network.graph.shape(network.output).elements();
    match outputs.len() == expected && outputs.iter().all(|value| value.is_finite()) {
        true => Ok(()),
        false => Err(format!("{} numbers come out, not {expected}, or some are not finite", outputs.len())),
    }
}
