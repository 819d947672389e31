//! Every call on a file may fail, do half of its work, or be the last thing that a process does. Whichever it is:
//! nothing panics, nothing is lost, and doing it again gives to the last byte what comes of it when nothing happens.
//!
//! A small library, faults.c, is preloaded and lets the n-th call go wrong. A few n of every scenario are tried here;
//! all of them with `ARCHC_FAULTS=all cargo test --test faults`, or of one scenario with `ARCHC_FAULTS=resume`. Linux
//! only: elsewhere nothing is preloaded.
//!
//! A new scenario is an entry of [`SCENARIOS`].
#![cfg(target_os = "linux")]

mod scenarios;
mod server;

use std::ffi::OsStr;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;
use std::{env, fs};

use scenarios::SCENARIOS;

/// What may happen to a call.
const FAULTS: [&str; 4] = ["fail", "short", "kill", "tear"];

/// How many calls of a scenario go wrong in each of these ways, unless all do.
const SLICE: usize = 4;

/// Files by name.
pub type Files = Vec<(String, Vec<u8>)>;

/// Something done with files, and what must have come of it.
pub struct Scenario {
    name: &'static str,
    /// Makes what is there before, in an empty folder.
    prepare: fn(&Place),
    /// The command that something happens to.
    arguments: fn() -> String,
    /// The folder whose files count.
    under: &'static str,
    /// What one does then: the same again, or to go on; and what has come of it.
    then: fn(&Place) -> Files,
}

/// A folder to work in.
pub struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Place {
        Place(tempfile::tempdir().expect("a temporary folder"))
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().canonicalize().expect("it is there").join(name)
    }

    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a folder")).and_then(|()| fs::write(&path, bytes)).expect("room");
    }

    pub fn command(&self, arguments: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_archc"));
        command.current_dir(self.0.path()).args(arguments.split(' ')).env("ARCHC_CACHE", self.path("cache"));
        command
    }

    pub fn run(&self, arguments: &str) -> Output {
        self.command(arguments).output().expect("it starts")
    }

    /// Something that nothing happens to.
    pub fn ok(&self, arguments: &str) {
        let output = self.run(arguments);
        assert!(output.status.success(), "{arguments}: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// Files of a folder.
    pub fn files(&self, folder: &str, names: &[&str]) -> Files {
        let file = |name: &&str| {
            let path = self.path(folder).join(name);
            (name.to_string(), fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
        };
        names.iter().map(file).collect()
    }

    /// What comes of a command whose call of this number, of those on files in the folder `under`, goes wrong; and all
    /// its calls.
    pub fn with_fault(&self, arguments: &str, under: &str, number: usize, fault: &str) -> (Output, Vec<String>) {
        let log = self.path("calls.log");
        let mut command = self.command(arguments);
        command.env("LD_PRELOAD", library()).env("FAULTS_UNDER", self.path(under));
        command.env("FAULTS_AT", number.to_string()).env("FAULTS_DO", fault).env("FAULTS_LOG", &log);
        let output = command.output().expect("it starts");
        let calls = fs::read_to_string(&log).unwrap_or_default().lines().map(str::to_owned).collect();
        let _ = fs::remove_file(&log);
        (output, calls)
    }
}

/// The library that is preloaded.
fn library() -> &'static OsStr {
    static LIBRARY: OnceLock<PathBuf> = OnceLock::new();
    let build = || {
        let library = Path::new(env!("CARGO_TARGET_TMPDIR")).join("libfaults.so");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/faults/faults.c");
        let mut cc = Command::new("cc");
        cc.args(["-shared", "-fPIC", "-O1", "-Wall", "-o"]).arg(&library).arg(source).arg("-ldl");
        let output = cc.output().unwrap_or_else(|error| panic!("a C compiler, `cc`, is needed for this test: {error}"));
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        library
    };
    LIBRARY.get_or_init(build).as_os_str()
}

/// Numbers of calls that go wrong, of `calls`.
fn numbers(calls: usize, all: bool, offset: usize) -> Vec<usize> {
    let step = if all { 1 } else { calls.div_ceil(SLICE) };
    (1 + offset % step..=calls).step_by(step).collect()
}

fn sweep(scenario: &Scenario) {
    let wanted = env::var("ARCHC_FAULTS").unwrap_or_default();
    let all = wanted == "all" || wanted == scenario.name;
    let place = Place::new();
    (scenario.prepare)(&place);
    let arguments = (scenario.arguments)();
    let (output, calls) = place.with_fault(&arguments, scenario.under, 0, "none");
    assert!(output.status.success(), "{}: {}", scenario.name, String::from_utf8_lossy(&output.stderr));
    let calls = calls.len();
    assert!(calls >= 20, "{}: {calls} calls are too few for this to be a test", scenario.name);
    let expected = (scenario.then)(&place);

    for (turn, fault) in FAULTS.into_iter().enumerate() {
        for number in numbers(calls, all, turn * calls / SLICE / FAULTS.len()) {
            let place = Place::new();
            (scenario.prepare)(&place);
            let (output, lines) = place.with_fault(&arguments, scenario.under, number, fault);
            let call = lines.get(number - 1).map_or("after the last call", String::as_str);
            let said = String::from_utf8_lossy(&output.stderr);
            let case = format!("{}, {fault} at {call}, ended with {}: {said}", scenario.name, output.status);
            assert!(!said.contains("panicked"), "{case}");
            match (fault, output.status.code()) {
                // What does not matter may fail in silence.
                ("fail", Some(0)) => {}
                // Of a file of the language with its code.
                ("fail", Some(1)) => assert!(["error: ", "error["].iter().any(|head| said.contains(head)), "{case}"),
                ("short", code) => assert_eq!(code, Some(0), "{case}"),
                (_, code) => {
                    let over = call == "after the last call" && code == Some(0);
                    assert!(over || output.status.signal() == Some(9), "{case}");
                }
            }
            for ((name, bytes), (_, expected)) in (scenario.then)(&place).iter().zip(&expected) {
                assert!(bytes == expected, "{name} differs: {case}");
            }
        }
    }
}

#[test]
fn training_survives_faults() {
    sweep(&SCENARIOS[0]);
}

#[test]
fn resuming_survives_faults() {
    sweep(&SCENARIOS[1]);
}

#[test]
fn the_cache_survives_faults() {
    sweep(&SCENARIOS[2]);
}

#[test]
fn fetching_survives_faults() {
    sweep(&SCENARIOS[3]);
}

#[test]
fn fetching_on_survives_faults() {
    sweep(&SCENARIOS[4]);
}
