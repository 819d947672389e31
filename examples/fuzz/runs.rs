//! Folders of runs: read for a table and a page, and gone on with.

use std::fs;
use std::path::Path;
use std::sync::OnceLock;
use std::sync::atomic::AtomicBool;

use archc::compile;
use archc::device::Device;
use archc::lower::lower;
use archc::network::Network;
use archc::random::initial_weights;
use archc::train::data::Dataset;
use archc::train::findings::Findings;
use archc::train::progress::Progress;
use archc::train::record::Record;
use archc::train::whole::standing;
use archc::train::{Run, SAVE_EVERY, Setting, train};

use crate::target::{Input, Target};

pub const TARGET: Target =
    Target { name: "runs", corpus: &[], input: Input::Bytes { words: WORDS, made, longest: 1 << 17, run } };

/// The files of a folder follow each other in an input, each behind a line with its name.
const HEAD: &[u8] = b"\n=== ";
const FILES: [&str; 11] = [
    "run.json",
    "network.yaml",
    "metrics.jsonl",
    "times.jsonl",
    "steps.jsonl",
    "validations.jsonl",
    "best.json",
    "best.safetensors",
    "last.safetensors",
    "last.state.safetensors",
    "events.out.tfevents.archc",
];

const WORDS: &[&[u8]] = &[
    b"\n=== metrics.jsonl\n",
    b"\n=== last.state.safetensors\n",
    b"\n=== run.json\n",
    b"{\"epoch\":1}\n",
    b"{\"epoch\":18446744073709551615}\n",
    b"null",
    b"1e306",
    b"-1e999",
    b"{",
    b"}",
    b"[",
    b"\"",
    b"\\\"",
    b"\\u0000",
    b"\x1b[2J",
    b",\"archc\":\"",
    b"\"command\":[]",
    b"\xff\xff\xff\xff\xff\xff\xff\x7f",
];

const NETWORK: &str = "\
input: [1, 8, 8]
classes: 10
layers: [conv 4 3x3 p1 -> bn -> relu -> maxpool 2x2 s2, flatten, linear 10 as fc]
data: {set: digits}
train: {epochs: 2, batch: 100, optimizer: adam lr=0.01, schedule: constant, seed: 1}
";

fn network() -> &'static (Network, Dataset) {
    static NETWORK_AND_DATA: OnceLock<(Network, Dataset)> = OnceLock::new();
    NETWORK_AND_DATA.get_or_init(|| {
        let network = compile(NETWORK).unwrap_or_else(|errors| panic!("{errors}"));
        let data = network.data.clone().expect("it has one");
        let dataset = Dataset::open(&data, network.graph.input, None).expect("they are built in");
        (network, dataset)
    })
}

/// A run of an earlier version, and one of now that was stopped within its first epoch.
fn made() -> Vec<Vec<u8>> {
    let earlier = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/runs/version-1");
    let now = tempfile::tempdir().expect("a temporary folder");
    let (network, dataset) = network();
    let recipe = network.train.as_ref().expect("it has one");
    let program = lower(network);
    let weights = initial_weights(&program, recipe.seed);
    let mut run = Run::new(program, weights, recipe, dataset, &Device::default()).expect("it trains");
    go_on(&mut run, now.path());
    for file in ["run.json", "network.yaml"] {
        fs::copy(earlier.join(file), now.path().join(file)).expect("room on the disk");
    }
    [earlier.as_path(), now.path()].map(packed).into()
}

fn packed(folder: &Path) -> Vec<u8> {
    let file = |name: &&str| [HEAD, name.as_bytes(), b"\n", &fs::read(folder.join(name)).unwrap_or_default()].concat();
    FILES.iter().flat_map(file).collect()
}

fn unpack(input: &[u8], folder: &Path) {
    let heads = FILES.map(|name| ([HEAD, name.as_bytes(), b"\n"].concat(), name));
    let mut at = 0;
    let mut file: Option<(&str, usize)> = None;
    while at <= input.len() {
        let next = heads.iter().find(|(head, _)| input[at..].starts_with(head));
        if let Some((name, start)) = file
            && (next.is_some() || at == input.len())
        {
            fs::write(folder.join(name), &input[start..at]).expect("room on the disk");
        }
        at += match next {
            Some((head, name)) => {
                file = Some((name, at + head.len()));
                head.len()
            }
            None => 1,
        };
    }
}

/// One step, after which the run is stopped and saved.
fn go_on(run: &mut Run, folder: &Path) {
    let (network, dataset) = network();
    let recipe = network.train.as_ref().expect("it has one");
    let setting = Setting { network, recipe, dataset, folder, save_every: SAVE_EVERY };
    // What cannot be gone on with is refused; nothing else is asked.
    let _ = train(run, setting, &mut Progress::silent(), &AtomicBool::new(true));
}

fn run(input: &[u8]) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    unpack(input, folder.path());
    if let Ok(record) = Record::read(folder.path()) {
        let (best, seconds, rate) = (record.best(record.best_by()), record.seconds(), record.images_per_s());
        assert!(!format!("{best:?} {seconds} {rate}").is_empty());
    }
    let _ = Findings::load(folder.path());
    let (network, dataset) = network();
    let recipe = network.train.as_ref().expect("it has one");
    if standing(folder.path()).is_ok()
        && let Ok(mut run) = Run::resume(lower(network), recipe, dataset, folder.path(), &Device::default())
    {
        go_on(&mut run, folder.path());
    }
}
