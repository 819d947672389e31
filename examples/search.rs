//! An architecture search: ten thousand mutations of a network's tree, each compiled, and the best that stay within a
//! budget of multiply–accumulates.
//!
//! No text is written and read again: a candidate is a changed copy of the [`Document`]. The compiler refuses what does
//! not fit together; what it accepts has a shape, a cost and parameters. Here the score is the number of parameters; a
//! search in earnest would train.
//!
//! `cargo run --release --no-default-features --example search`

use std::time::Instant;

use archc::diagnostic::Sources;
use archc::elaborate::{elaborate, vocabulary};
use archc::expand::expand;
use archc::layers::Layers;
use archc::network::Network;
use archc::syntax::ast::{Argument, Document, DocumentBody, Expr, Item, ItemBody, Term};
use archc::syntax::{self, Format, no_files};

const START: &str = "
input: [3, 32, 32]
classes: 10
layers:
  - stem: conv 16 3x3 p1 -> bn -> relu
  - stage1: (conv 16 3x3 p1 -> bn -> relu) x 2
  - maxpool 2x2
  - stage2: (conv 32 3x3 p1 -> bn -> relu) x 2
  - maxpool 2x2
  - residual: conv 32 3x3 p1 -> bn
    after: relu
  - adaptive_avgpool 1 -> flatten -> linear {classes}
";

const CANDIDATES: usize = 10_000;

/// Multiply–accumulates for one image, at most.
const BUDGET: u64 = 10_000_000;

/// How many survive at a time.
const SURVIVORS: usize = 20;

struct Candidate {
    document: Document,
    network: Network,
    score: u64,
}

fn main() {
    let mut sources = Sources::default();
    let source = sources.add("start.yaml", START);
    let layers = Layers::default();
    let start = syntax::parse(&mut sources, source, Format::Yaml, &[], &vocabulary(&layers), &no_files)
        .document
        .expect("a sound file");
    let compile = |document: Document| {
        let network = elaborate(&document, "candidate", &layers).network?;
        let score = network.totals().params;
        Some(Candidate { document, network, score })
    };

    let mut random = Random(42);
    let mut survivors = vec![compile(start).expect("a sound network")];
    let (mut refused, mut too_expensive) = (0, 0);
    let clock = Instant::now();
    for _ in 0..CANDIDATES {
        let mut document = survivors[random.below(survivors.len())].document.clone();
        mutate(&mut document, &mut random);
        match compile(document) {
            None => refused += 1,
            Some(candidate) if candidate.network.totals().macs > BUDGET => too_expensive += 1,
            Some(candidate) => {
                survivors.push(candidate);
                survivors.sort_by_key(|candidate| std::cmp::Reverse(candidate.score));
                survivors.truncate(SURVIVORS);
            }
        }
    }
    let seconds = clock.elapsed().as_secs_f64();

    println!("{CANDIDATES} candidates in {seconds:.2} s: {:.0} µs each", seconds * 1e6 / CANDIDATES as f64);
    println!("{refused} did not fit together, {too_expensive} were beyond {BUDGET} MACs");
    let Candidate { network, .. } = &survivors[0];
    let totals = network.totals();
    println!("the best has {} parameters and {} MACs:\n\n{}", totals.params, totals.macs, expand(network));
}

/// Changes one number somewhere in the layers: a width, a kernel, a stride, a count.
fn mutate(document: &mut Document, random: &mut Random) {
    let DocumentBody::Layers(items) = &mut document.body else { return };
    let mut numbers = Vec::new();
    collect(items, &mut numbers);
    let index = random.below(numbers.len());
    let number = &mut *numbers[index];
    *number = match random.below(4) {
        0 => *number + 1,
        1 => *number - 1,
        2 => *number * 2,
        _ => *number / 2,
    };
}

/// Every integer in the items, in their order.
fn collect<'a>(items: &'a mut [Item], numbers: &mut Vec<&'a mut i64>) {
    for item in items {
        match &mut item.body {
            ItemBody::Call(call) => call.arguments.iter_mut().for_each(|argument| collect_argument(argument, numbers)),
            ItemBody::Sequence(items) => collect(items, numbers),
            ItemBody::Repeat { body, count } => {
                collect(std::slice::from_mut(body), numbers);
                collect_integer(&mut count.value, numbers);
            }
            ItemBody::Residual { body, after, .. } => {
                collect(body, numbers);
                collect(after, numbers);
            }
            _ => {}
        }
    }
}

fn collect_argument<'a>(argument: &'a mut Argument, numbers: &mut Vec<&'a mut i64>) {
    match &mut argument.value.value {
        Term::Expr(expr) => collect_integer(&mut expr.value, numbers),
        Term::Size(height, width) => {
            collect_integer(&mut height.value, numbers);
            collect_integer(&mut width.value, numbers);
        }
        _ => {}
    }
}

fn collect_integer<'a>(expr: &'a mut Expr, numbers: &mut Vec<&'a mut i64>) {
    if let Expr::Int(number) = expr {
        numbers.push(number);
    }
}

/// Xorshift (Marsaglia 2003): enough to choose by.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound as u64) as usize
    }
}
