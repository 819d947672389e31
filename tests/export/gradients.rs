//! Gradients of a network, for a reader to compare with its own.

use std::fs;
use std::path::Path;

use archc::compile;
use archc::executor::Executor;
use archc::expand::expand;
use archc::ir::Shape;
use archc::kernels::MaskKey;
use archc::lower::lower;
use archc::network::Network;
use serde_json::{Value, json};

const KEY: MaskKey = MaskKey { seed: 0, step: 0, place: 0 };

/// Writes the gradients of the loss in training mode to `path`, in double precision and without what is left to
/// chance: labels, and names and numbers of what learns. Null if the network tells no classes apart.
pub fn write(network: &Network, weights: &[Vec<f32>], images: &[f32], path: &Path) -> Value {
    let Shape::Vector(classes) = network.graph.shape(network.output) else { return Value::Null };
    let program = lower(&without_chance(network));
    let double = |values: &[f32]| values.iter().map(|value| f64::from(*value)).collect::<Vec<f64>>();
    let labels: Vec<u32> = (0..images.len() / network.graph.input.elements()).map(|n| (n % classes) as u32).collect();
    let mut executor = Executor::new(program.clone(), weights.iter().map(|values| double(values)).collect());
    executor.step_gradients(&double(images), &labels, KEY);
    let gradients = executor.gradients();
    let bytes: Vec<u8> = gradients.iter().flatten().flat_map(|value: &f64| value.to_le_bytes()).collect();
    fs::write(path, bytes).expect("room on the disk");
    let learns = program.weights.iter().zip(gradients).filter(|(_, gradient)| !gradient.is_empty());
    let learns: Vec<Value> = learns.map(|(weight, gradient)| json!([weight.name, gradient.len()])).collect();
    json!({ "path": path, "labels": labels, "learns": learns, "params": network.totals().params })
}

/// The network with nothing dropped.
fn without_chance(network: &Network) -> Network {
    let mut text = String::new();
    for line in expand(network).lines() {
        let mut is_chance = false;
        for word in line.split_inclusive(' ') {
            let number = word.trim_end().trim_end_matches(['"', '}']);
            match number.parse::<f64>().is_ok() && is_chance {
                true => text.push_str(&word.replacen(number, "0", 1)),
                false => text.push_str(word),
            }
            is_chance = ["dropout", "drop_path"].contains(&word.trim_end().trim_start_matches('"'));
        }
        text.push('\n');
    }
    compile(&text).unwrap_or_else(|errors| panic!("{text}\n{errors}"))
}
