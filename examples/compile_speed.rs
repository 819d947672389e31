//! How long the compiler takes for networks of 1,000 to 100,000 layers, stage by stage. Each column should grow
//! tenfold from line to line.
//!
//! `cargo run --release --no-default-features --example compile_speed [-- LAYERS]`, the number of layers in the last
//! line.

use std::hint::black_box;
use std::time::Instant;

use archc::diagnostic::Sources;
use archc::elaborate::{elaborate, vocabulary};
use archc::layers::Layers;
use archc::lower::lower;
use archc::program::call::Order;
use archc::program::plan;
use archc::report::check::Table;
use archc::report::{Training, View};
use archc::syntax::{self, Format, no_files};

fn main() {
    println!("{:>9}  {:>9}  {:>9}  {:>9}  {:>9}  {:>9}", "layers", "parse", "elaborate", "lower", "plan", "table");
    let most = std::env::args().nth(1).map_or(100_000, |most| most.parse().expect("a number of layers"));
    for layers in [1_000, 10_000, 100_000].into_iter().filter(|layers| *layers <= most) {
        let text = network(layers);
        let mut sources = Sources::default();
        let source = sources.add("deep.yaml", text.as_str());
        let known = Layers::default();

        let mut seconds = Vec::new();
        let document = timed(&mut seconds, || {
            syntax::parse(&mut sources, source, Format::Yaml, &[], &vocabulary(&known), &no_files)
        });
        let document = document.document.expect("a sound file");
        let network = timed(&mut seconds, || elaborate(&document, "deep", &known)).network.expect("a sound network");
        assert_eq!(network.graph.nodes.len(), layers);
        let program = timed(&mut seconds, || lower(&network));
        black_box(timed(&mut seconds, || plan::training(&program, Order::ChannelsLast)));
        let view = View::new(Training { batch: 32, threads: 2 });
        let table = Table { network: &network, view, width: Some(120), colour: false };
        black_box(timed(&mut seconds, || table.to_string()));

        let columns: Vec<String> = seconds.iter().map(|seconds| format!("{:>6.1} ms", 1e3 * seconds)).collect();
        println!("{layers:>9}  {}", columns.join("  "));
    }
}

/// Chains of four layers, each in a level of its own, as a program would write them.
fn network(layers: usize) -> String {
    let mut text = String::from("input: [4, 8, 8]\nlayers:\n");
    for index in 0..layers / 4 {
        text.push_str(&format!("  - unit{index}: conv 4 3x3 p1 bias=false -> bn -> relu -> maxpool 3x3 s1 p1\n"));
    }
    text
}

fn timed<R>(seconds: &mut Vec<f64>, work: impl FnOnce() -> R) -> R {
    let clock = Instant::now();
    let result = work();
    seconds.push(clock.elapsed().as_secs_f64());
    result
}
