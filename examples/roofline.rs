//! A visitor of the checked graph that knows no layer: how fast could a machine run each one?
//!
//! In the roofline model (Williams, Waterman and Patterson 2009) a layer takes as long as its arithmetic or its memory
//! traffic, whichever is longer: max(FLOPs / peak, bytes / bandwidth). Every layer answers for its MACs, weights and
//! shapes, so layers that do not exist yet are counted too.
//!
//! `cargo run --no-default-features --example roofline -- architectures/resnet18.yaml 500 40`
//! (file, peak in GFLOP/s, bandwidth in GB/s)

use std::error::Error;
use std::path::Path;

use archc::graph::Node;
use archc::network::Network;
use archc::syntax::Format;

/// What a machine can do.
struct Machine {
    /// FLOP/s; a multiply–accumulate is two.
    peak: f64,
    /// Bytes/s between memory and processor.
    bandwidth: f64,
}

/// What one example asks of it.
struct Work {
    flops: f64,
    bytes: f64,
}

fn work(network: &Network, node: &Node) -> Work {
    // Inputs are read, weights too, and the output is written: four bytes each.
    let read: usize = network.graph.input_shapes(node).iter().map(|shape| shape.elements()).sum();
    let weights: usize = node.weights.iter().map(|weight| weight.elements()).sum();
    let written = node.output.elements();
    // Where a layer has no MACs, an operation for each number that it makes.
    let flops = match network.macs(node) {
        0 => written as f64,
        macs => 2.0 * macs as f64,
    };
    Work { flops, bytes: 4.0 * (read + weights + written) as f64 }
}

impl Machine {
    fn seconds(&self, work: &Work) -> (f64, &'static str) {
        let (arithmetic, traffic) = (work.flops / self.peak, work.bytes / self.bandwidth);
        if arithmetic > traffic { (arithmetic, "arithmetic") } else { (traffic, "memory") }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let path = arguments.next().unwrap_or_else(|| "architectures/resnet18.yaml".to_string());
    let mut number = |default: f64| arguments.next().map_or(Ok(default), |text| text.parse());
    let machine = Machine { peak: 1e9 * number(500.0)?, bandwidth: 1e9 * number(40.0)? };

    let text = std::fs::read_to_string(&path)?;
    let extension = Path::new(&path).extension().unwrap_or_default().to_string_lossy();
    let format = Format::from_extension(&extension).ok_or("a network is YAML or TOML")?;
    let network = archc::compile_source(&path, &text, format, &[])?.network;

    println!("{:24} {:>10} {:>10} {:>8}  bound by", "layer", "MFLOP", "kB", "µs");
    let mut total = 0.0;
    for node in &network.graph.nodes {
        let work = work(&network, node);
        let (seconds, bound) = machine.seconds(&work);
        total += seconds;
        let (mflop, kilobytes, micros) = (work.flops / 1e6, work.bytes / 1e3, seconds * 1e6);
        println!("{:24} {mflop:>10.2} {kilobytes:>10.1} {micros:>8.1}  {bound}", node.name);
    }
    println!("{:24} {:>31.1}  at best: {:.0} images/s", "one example", total * 1e6, 1.0 / total);
    Ok(())
}
