//! `archc watch`: every file that takes part is looked at again once it is another one.
#![cfg(feature = "cli")]

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

/// Only for the case that nothing comes at all.
const LONGEST: Duration = Duration::from_secs(120);

/// A program that watches, and the lines that it writes to standard error.
struct Watched {
    process: Child,
    lines: Receiver<String>,
}

impl Watched {
    fn new(folder: &Path, path: &str) -> Watched {
        let mut command = Command::new(env!("CARGO_BIN_EXE_archc"));
        command.args(["watch", path]).current_dir(folder).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut process = command.spawn().expect("it starts");
        let (send, lines) = channel();
        let errors = BufReader::new(process.stderr.take().expect("a pipe"));
        thread::spawn(move || errors.lines().map_while(Result::ok).try_for_each(|line| send.send(line)));
        Watched { process, lines }
    }

    /// What is said until it waits for the next change.
    fn said(&self) -> String {
        let mut said = Vec::new();
        loop {
            let line = self.lines.recv_timeout(LONGEST).unwrap_or_else(|_| panic!("nothing more after {said:?}"));
            if line == "watching; Ctrl-C ends" {
                return said.join("\n");
            }
            said.push(line);
        }
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// At once: a file that is being written is empty for a moment, and that would be seen.
fn write(folder: &Path, name: &str, text: &str) {
    let beside = folder.join(".new");
    fs::write(&beside, text).expect("room on the disk");
    fs::rename(beside, folder.join(name)).expect("it is the same folder");
}

/// For each kind of file that another one draws in: the first file, the other, and the other with a mistake. Their
/// lengths differ, so that a change is seen even where clocks are coarse.
#[test]
fn included_files_are_watched() {
    let caffe = "name: \"n\"\nlayer { name: \"data\" type: \"Input\" top: \"data\" input_param { shape { dim: 1 dim: 1 dim: 8 dim: 8 } } }\n\
                 layer { name: \"ip\" type: \"InnerProduct\" bottom: \"data\" top: \"ip\" inner_product_param { num_output: 10 } }\n";
    let cases = [
        (
            ("net.yaml", "input: [1, 8, 8]\ninclude: blocks.yaml\nlayers: [unit -> flatten]"),
            ("blocks.yaml", "blocks: {unit: conv 8 3x3}", "blocks: {unit: conv 8 33x33}"),
        ),
        (
            ("net.toml", "input = [1, 8, 8]\ninclude = \"blocks.toml\"\nlayers = [\"unit\", \"flatten\"]"),
            ("blocks.toml", "[blocks]\nunit = \"conv 8 3x3\"\n", "[blocks]\nunit = \"conv 8 33x33\"\n"),
        ),
        (
            ("solver.prototxt", "net: \"net.prototxt\"\nbase_lr: 0.1\nlr_policy: \"fixed\"\nmax_iter: 10\n"),
            ("net.prototxt", caffe, &caffe.replace("InnerProduct", "InnerrProduct")),
        ),
    ];
    for ((name, text), (included, sound, wrong)) in cases {
        let folder = tempfile::tempdir().expect("a temporary folder");
        write(folder.path(), name, text);
        write(folder.path(), included, sound);
        let watched = Watched::new(folder.path(), name);
        let first = watched.said();
        assert!(!first.contains(included), "{name}: {first}");
        write(folder.path(), included, wrong);
        let second = watched.said();
        assert!(second.contains("error[") && second.contains(included), "{name}: {second}");
        write(folder.path(), included, sound);
        assert_eq!(watched.said(), first, "{name}");
    }
}

/// A file that is not there yet is waited for, also where it is included, and a folder's new files count.
#[test]
fn what_comes_later_is_seen() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    write(folder.path(), "net.yaml", "input: [1, 8, 8]\ninclude: blocks.yaml\nlayers: [unit -> flatten]");
    let watched = Watched::new(folder.path(), ".");
    assert!(watched.said().contains("blocks.yaml"), "it is missing");
    write(folder.path(), "other.yaml", "input: [1, 8, 8]\nlayers: [convv 8 3x3]");
    assert!(watched.said().contains("convv"), "the folder has a new file");
    fs::remove_file(folder.path().join("other.yaml")).expect("it is there");
    let said = watched.said();
    assert!(!said.contains("convv") && said.contains("blocks.yaml"), "{said}");
}
