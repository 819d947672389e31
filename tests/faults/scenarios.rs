//! What things happen to.

use std::fs;
use std::sync::OnceLock;

use crate::server::serve;
use crate::{Files, Place, Scenario};

pub const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "train",
        prepare: network,
        arguments: || "train tiny.yaml --out run --threads 1".to_owned(),
        under: "run",
        then: trained,
    },
    Scenario {
        name: "resume",
        prepare: half,
        arguments: || "train --resume run --threads 1".to_owned(),
        under: "run",
        then: trained,
    },
    Scenario {
        name: "cache",
        prepare: photos,
        arguments: || "train tiny.yaml --out first --threads 1".to_owned(),
        under: "cache",
        then: decoded,
    },
    Scenario {
        name: "fetch",
        prepare: |place| place.write("sets/notes.txt", NOTES),
        arguments: fetch,
        under: "sets",
        then: fetched,
    },
    Scenario { name: "fetch on", prepare: begun, arguments: fetch, under: "sets", then: fetched },
];

const NETWORK: &str = "\
input: [1, 8, 8]
classes: 10
layers: [conv 2 3x3 s2 p1 bias=false -> bn -> relu, flatten, linear 10 as fc]
data: {set: digits}
train: {epochs: 2, batch: 500, optimizer: adam lr=0.01, schedule: constant, seed: 1, validate_every: steps 2}
";

/// All that two runs of one seed agree on.
const FILES: [&str; 8] = [
    "best.safetensors",
    "best.json",
    "last.safetensors",
    "last.state.safetensors",
    "metrics.jsonl",
    "steps.jsonl",
    "validations.jsonl",
    "network.yaml",
];

fn network(place: &Place) {
    place.write("tiny.yaml", NETWORK);
}

/// A run whose first epoch is over.
fn half(place: &Place) {
    network(place);
    place.ok("train tiny.yaml --out run --threads 1 --set train.epochs=1");
    let path = place.path("run/network.yaml");
    let text = fs::read_to_string(&path).expect("every run has one");
    fs::write(path, text.replace("epochs: 1", "epochs: 2")).expect("room on the disk");
}

/// As a user would: go on with the run, or if it is none yet, begin it.
fn trained(place: &Place) -> Files {
    let output = place.run("train --resume run --threads 1");
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        let never_begun = !place.path("run/last.state.safetensors").exists();
        assert!(output.status.code() == Some(1) && never_begun && said.contains("cannot resume `run`: "), "{said}");
        // Neither weights nor a line about them.
        let results = |name: &str| place.path("run").join(name).metadata().is_ok_and(|found| found.len() > 0);
        assert!(!FILES.iter().any(|file| *file != "network.yaml" && results(file)), "{said}");
        let _ = fs::remove_dir_all(place.path("run"));
        place.ok("train tiny.yaml --out run --threads 1");
    }
    let left = fs::read_dir(place.path("run")).expect("a run").map(|entry| entry.expect("listed").file_name());
    let left: Vec<_> = left.filter(|name| name.to_string_lossy().ends_with(".partial")).collect();
    assert!(left.is_empty(), "{left:?} are left");
    place.files("run", &FILES)
}

/// More photos than it takes to keep them decoded.
fn photos(place: &Place) {
    let network = NETWORK.replace("classes: 10", "classes: 2").replace("linear 10", "linear 2");
    place.write(
        "tiny.yaml",
        network.replace("{set: digits}", "{set: folder, path: photos}").replace("epochs: 2", "epochs: 1"),
    );
    for (class, brightness) in [("dark", 0u8), ("bright", 130)] {
        for number in 0..320u32 {
            // A header, and the values themselves.
            let mut file = b"P5 8 8 255\n".to_vec();
            file.extend((0..64u32).map(|at| brightness + ((at * 7 + number * 13) % 100) as u8));
            place.write(&format!("photos/{class}/{number:03}.pgm"), file);
        }
    }
}

/// What comes of training with what is in the cache now.
fn decoded(place: &Place) -> Files {
    place.ok("train tiny.yaml --out second --threads 1");
    place.files("second", &FILES)
}

/// What the user has beside the data set.
const NOTES: &str = "mine";

/// The files of CIFAR-10.
const BATCHES: [&str; 6] = [
    "data_batch_1.bin",
    "data_batch_2.bin",
    "data_batch_3.bin",
    "data_batch_4.bin",
    "data_batch_5.bin",
    "test_batch.bin",
];

/// Images in each of them here.
const IMAGES: usize = 12;

/// The command that fetches the set from a server in this process.
fn fetch() -> String {
    static SERVER: OnceLock<String> = OnceLock::new();
    let server = SERVER.get_or_init(|| serve(archive()));
    format!("data fetch cifar10 --mirror {server}/cifar.tar --to sets/cifar")
}

fn archive() -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    for (number, name) in BATCHES.iter().enumerate() {
        let record = |image: usize| {
            let values = (0..3072).map(move |at| (at * 7 + image * 13 + number * 29) as u8);
            [(image % 10) as u8].into_iter().chain(values)
        };
        let bytes: Vec<u8> = (0..IMAGES).flat_map(record).collect();
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        archive.append_data(&mut header, format!("cifar-10-batches-bin/{name}"), bytes.as_slice()).expect("in memory");
    }
    archive.into_inner().expect("in memory")
}

/// A download that was killed before its second piece was written.
fn begun(place: &Place) {
    place.write("sets/notes.txt", NOTES);
    let whole = Place::new();
    whole.write("sets/notes.txt", NOTES);
    let (_, calls) = whole.with_fault(&fetch(), "sets", 0, "none");
    let mut pieces = (1..).zip(&calls).filter(|(_, call)| call.contains(" write ") && call.ends_with("/archive.tar"));
    let (second, _) = pieces.nth(1).expect("the archive comes in several pieces");
    place.with_fault(&fetch(), "sets", second, "kill");
    let arrived = place.path("sets/cifar.partial/archive.tar").metadata().map(|found| found.len());
    assert!(arrived.is_ok_and(|bytes| bytes > 0));
}

/// The set is there, what the user had still is, and nothing else.
fn fetched(place: &Place) -> Files {
    place.ok(&fetch());
    let mut left: Vec<_> = fs::read_dir(place.path("sets"))
        .expect("it is there")
        .map(|entry| entry.expect("listed").file_name())
        .collect();
    left.sort();
    assert_eq!(left, ["cifar", "notes.txt"]);
    let mut files = place.files("sets/cifar", &BATCHES);
    files.extend(place.files("sets", &["notes.txt"]));
    files
}
