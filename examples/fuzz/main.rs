//! Feeds mutated inputs to the compiler and the trainer and looks for what must not happen: a panic, an input that
//! takes longer than a second or more than 200 MB, a place outside its text, a network whose expansion is another
//! network.
//!
//! `cargo run --example fuzz -- TARGET SECONDS [SEED]`, with TARGET one of those that `--list` prints. Every target is
//! a file here and names its corpus. An input that fails is left in fuzz/failed-TARGET; add it to the corpus when it is
//! fixed. Runs with one seed are alike.

mod archives;
mod datasets;
mod elaboration;
mod expansion;
mod foreign;
mod images;
mod memory;
mod models;
mod mutation;
mod notation;
mod runs;
mod said;
mod syntax;
mod target;
mod weights;

use std::path::Path;
use std::time::{Duration, Instant};
use std::{env, fs, process};

use mutation::{Random, binary, digit, mutated};
use target::{Input, Target};

const TARGETS: &[Target] = &[
    notation::TARGET,
    syntax::TARGET,
    elaboration::TARGET,
    expansion::TARGET,
    weights::PTH,
    weights::SAFETENSORS,
    datasets::IDX,
    datasets::CIFAR,
    images::TARGET,
    archives::TARGET,
    runs::TARGET,
    foreign::DARKNET,
    foreign::CAFFE,
    foreign::DARKNET_WEIGHTS,
    foreign::CAFFE_WEIGHTS,
    models::ONNX,
    models::ONNX_GRAPH,
    models::KERAS,
    models::KERAS_GRAPH,
];

/// An input takes this long at most.
const LONGEST: Duration = Duration::from_secs(1);

/// An input takes this much memory at most.
const MOST_MEMORY: usize = 200 << 20;

/// Texts are not made longer than this.
const MOST_CHARACTERS: usize = 4096;

#[global_allocator]
static MEMORY: memory::Counted = memory::Counted;

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let usage = || -> ! {
        let names: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
        eprintln!("usage: fuzz {} SECONDS [SEED]", names.join("|"));
        process::exit(2)
    };
    if arguments == ["--list"] {
        TARGETS.iter().for_each(|target| println!("{}", target.name));
        return;
    }
    let [name, seconds, rest @ ..] = arguments.as_slice() else { usage() };
    let Some(target) = TARGETS.iter().find(|target| target.name == *name) else { usage() };
    let (Ok(seconds), Ok(seed)) = (seconds.parse(), rest.first().map_or(Ok(1), |seed| seed.parse())) else { usage() };
    let budget = Budget { failed: format!("fuzz/failed-{name}"), seconds, started: Instant::now() };
    let (runs, seeds) = match target.input {
        Input::Text { words, run } => feed_texts(target, words, run, &budget, Random(seed)),
        Input::Bytes { words, made, longest, run } => {
            let seeds = [target.bytes(), made()].concat();
            feed_bytes(&seeds, words, longest, run, &budget, Random(seed))
        }
    };
    println!("{name}: {runs} inputs from {seeds} seeds in {seconds} s, nothing found");
}

/// Every seed as it is, then mutations of them.
fn feed_texts(
    target: &Target,
    words: &[&str],
    run: fn(&str, archc::syntax::Format),
    budget: &Budget,
    mut random: Random,
) -> (usize, usize) {
    let seeds = target.texts();
    let characters: Vec<Vec<char>> = seeds.iter().map(|(text, _)| text.chars().collect()).collect();
    let words: Vec<Vec<char>> = words.iter().map(|word| word.chars().collect()).collect();
    let runs = budget.spend(|at| {
        let (text, format) = match seeds.get(at) {
            Some((text, format)) => (text.clone(), *format),
            None => {
                let (seed, other) = (random.below(seeds.len()), random.below(seeds.len()));
                let (from, other) = (&characters[seed], &characters[other]);
                let text = mutated(from, other, &words, MOST_CHARACTERS, &mut random, digit);
                (text.into_iter().collect(), seeds[seed].1)
            }
        };
        (text.clone().into_bytes(), move || run(&text, format))
    });
    (runs, seeds.len())
}

fn feed_bytes(
    seeds: &[Vec<u8>],
    words: &[&[u8]],
    longest: usize,
    run: fn(&[u8]),
    budget: &Budget,
    mut random: Random,
) -> (usize, usize) {
    let words: Vec<Vec<u8>> = words.iter().map(|word| word.to_vec()).collect();
    let runs = budget.spend(|at| {
        let bytes = match seeds.get(at) {
            Some(seed) => seed.clone(),
            None => {
                let (seed, other) = (random.below(seeds.len()), random.below(seeds.len()));
                mutated(&seeds[seed], &seeds[other], &words, longest, &mut random, binary)
            }
        };
        (bytes.clone(), move || run(&bytes))
    });
    (runs, seeds.len())
}

struct Budget {
    failed: String,
    seconds: u64,
    started: Instant,
}

impl Budget {
    /// Runs what `next` gives, until the time is over. Returns how many there were.
    fn spend<R: FnOnce()>(&self, mut next: impl FnMut(usize) -> (Vec<u8>, R)) -> usize {
        let failed = Path::new(env!("CARGO_MANIFEST_DIR")).join(&self.failed);
        let mut runs = 0;
        while self.started.elapsed() < Duration::from_secs(self.seconds) {
            let (input, run) = next(runs);
            // Written beforehand: an overflow of the stack leaves no time for it.
            fs::write(&failed, &input).expect("the folder can be written to");
            let (before, taken) = (self.busy(), memory::start());
            run();
            let (took, most) = (self.busy().saturating_sub(before), memory::most() - taken);
            assert!(took < LONGEST, "{} took {took:?}", failed.display());
            assert!(most < MOST_MEMORY, "{} took {} MB", failed.display(), most >> 20);
            runs += 1;
        }
        fs::remove_file(&failed).expect("it has been written");
        runs
    }

    /// How long this thread has computed, where the system tells; else the time since the start.
    fn busy(&self) -> Duration {
        let scheduled = fs::read_to_string("/proc/thread-self/schedstat").ok();
        let nanoseconds = scheduled.and_then(|line| line.split(' ').next()?.parse().ok());
        nanoseconds.map_or(self.started.elapsed(), Duration::from_nanos)
    }
}
