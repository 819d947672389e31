//! A folder to train in, with a network.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

pub const NETWORK: &str = "\
input: [1, 8, 8]
classes: 10
layers: [conv 4 3x3 p1 -> bn -> relu -> maxpool 2x2 s2, flatten, linear 10 as fc]
data: {set: digits}
train: {epochs: 2, batch: 100, optimizer: adam lr=0.01, schedule: constant, seed: 1}
";

/// A folder with `tiny.yaml` in it.
pub struct Place(tempfile::TempDir);

impl Place {
    pub fn new() -> Place {
        let folder = tempfile::tempdir().expect("a temporary folder");
        fs::write(folder.path().join("tiny.yaml"), NETWORK).expect("room on the disk");
        Place(folder)
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn command(&self, arguments: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_archc"));
        command.current_dir(self.0.path()).args(arguments.split(' '));
        command
    }

    pub fn run(&self, arguments: &str) -> Output {
        self.command(arguments).output().expect("it starts")
    }

    /// What it complains of, if that is the user's mistake.
    pub fn refused(&self, arguments: &str) -> String {
        let output = self.run(arguments);
        let said = String::from_utf8(output.stderr).expect("UTF-8");
        assert_eq!(output.status.code(), Some(1), "{arguments}: {said}");
        said
    }

    /// What it prints, if it ends well.
    pub fn ok(&self, arguments: &str) -> String {
        let output = self.run(arguments);
        assert!(output.status.success(), "{arguments}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("UTF-8")
    }
}

pub fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

pub fn json(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

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

pub fn assert_same(place: &Place, found: &str, expected: &str) {
    for file in FILES {
        let bytes =
            |run: &str| fs::read(place.path(run).join(file)).unwrap_or_else(|error| panic!("{run}/{file}: {error}"));
        assert!(bytes(found) == bytes(expected), "{found}/{file} differs from {expected}'s");
    }
}
