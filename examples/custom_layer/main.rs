//! A layer of one's own, with its kernel: registered, checked with all other layers, and trained.
//!
//! `cargo run --release --example custom_layer`

mod swish;

use archc::executor::Executor;
use archc::kernels::MaskKey;
use archc::layers::Layers;
use archc::lower::lower;
use archc::random::initial_weights;
use archc::syntax::{Format, no_files};
use archc::train::OptimizerState;
use archc::train::data::Dataset;
use swish::SWISH;

const NETWORK: &str = "
input: [1, 8, 8]
classes: 10
layers:
  - conv 16 3x3 p1 -> swish -> maxpool 2x2
  - conv 32 3x3 p1 -> swish 1.5 -> maxpool 2x2
  - flatten -> linear {classes}
data: {set: digits, train: []}
train: {epochs: 3, batch: 32, optimizer: adam lr=0.003}
";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let layers = Layers::default().with(SWISH);
    let network = archc::compile_with(&layers, &no_files, "digits.yaml", NETWORK, Format::Yaml, &[])?.network;
    for node in &network.graph.nodes {
        println!(
            "{:4} {:18} {:8} {:4} parameters",
            node.name,
            node.call,
            node.output.to_string(),
            network.params(node)
        );
    }

    let (data, recipe) =
        (network.data.as_ref().expect("written above"), network.train.as_ref().expect("written above"));
    let dataset = Dataset::open(data, network.graph.input, network.classes)?;
    let program = lower(&network);
    let mut optimizer = OptimizerState::new(recipe.optimizer, &program);
    let weights = initial_weights(&program, recipe.seed);
    let mut executor = Executor::<f32>::new(program, weights);
    let mut step = 0;
    for epoch in 0..recipe.epochs {
        let mut batches = dataset.training_batches(recipe, epoch, 0);
        let (mut correct, mut images) = (0, 0);
        while let Some(batch) = batches.next() {
            let batch = batch?;
            let key = MaskKey { seed: recipe.seed, step, place: 0 };
            correct += executor.step_gradients(&batch.images, &batch.labels, key).correct;
            executor.update(|weights, gradients| optimizer.update(recipe.optimizer.lr, weights, gradients));
            images += batch.labels.len();
            step += 1;
            batches.recycle(batch);
        }
        println!("epoch {}: {:.1} % right in training", epoch + 1, 100.0 * correct as f64 / images as f64);
    }
    Ok(())
}
