//! What is resumed is a whole run, and the one that was begun: with the same images, the same weights, computed in the
//! same way. Whatever else is in its place is refused, by name, and stays as it is.
#![cfg(unix)]

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::place::{NETWORK, Place, json, read};

/// The bytes of every file below a folder, by name.
fn contents(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("readable").map(|entry| entry.expect("listed")) {
        let path = entry.path();
        match entry.file_type().expect("known") {
            kind if kind.is_dir() => found.extend(contents(&path)),
            kind if kind.is_file() => found.push((path.clone(), fs::read(&path).expect("readable"))),
            _ => {}
        }
    }
    found.sort();
    found
}

/// What is said when a command is refused and changes nothing.
fn refused(place: &Place, arguments: &str) -> String {
    let before = contents(&place.path(""));
    let output = waited(place.command(arguments));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{arguments}: {said}");
    assert!(said.contains("error: ") && !said.contains("panicked"), "{arguments}: {said}");
    let is_lock = |path: &Path| path.file_name().is_some_and(|name| name == ".lock");
    let after: Vec<_> = contents(&place.path("")).into_iter().filter(|(path, _)| !is_lock(path)).collect();
    let before: Vec<_> = before.into_iter().filter(|(path, _)| !is_lock(path)).collect();
    assert!(before == after, "{arguments} changed files: {said}");
    said
}

/// The output of a command that may wait for ever, where it is wrong.
fn waited(command: Command) -> Output {
    let mut patient = Command::new("timeout");
    patient.arg("100").arg(command.get_program()).args(command.get_args());
    patient.current_dir(command.get_current_dir().expect("it has one")).output().expect("timeout is there")
}

fn assert_same(place: &Place, found: &str, expected: &str) {
    for file in ["best.safetensors", "last.state.safetensors", "metrics.jsonl", "steps.jsonl", "validations.jsonl"] {
        let bytes =
            |run: &str| fs::read(place.path(run).join(file)).unwrap_or_else(|error| panic!("{run}/{file}: {error}"));
        assert!(bytes(found) == bytes(expected), "{found}/{file} differs from {expected}'s");
    }
}

#[test]
fn what_is_no_run_is_left_alone() {
    let place = Place::new();
    assert!(refused(&place, "train --resume nowhere").contains("there is no such folder"));
    assert!(refused(&place, "train --resume tiny.yaml").contains("it is no folder"));
    fs::create_dir(place.path("mine")).expect("room on the disk");
    assert!(refused(&place, "train --resume mine").contains("there is no mine/network.yaml"));
    // Somebody's own file beside their other files.
    for (name, text) in [("network.yaml", NETWORK), ("metrics.jsonl", "my metrics\n"), ("best.safetensors", "mine")] {
        fs::write(place.path("mine").join(name), text).expect("room on the disk");
    }
    assert!(refused(&place, "train --resume mine").contains("there is no mine/run.json"));
    fs::write(place.path("mine/run.json"), "{\"speed\": 12}").expect("room on the disk");
    assert!(refused(&place, "train --resume mine").contains("does not say how a run of archc was started"));
    fs::write(place.path("mine/run.json"), "runs on Tuesdays").expect("room on the disk");
    assert!(refused(&place, "train --resume mine").contains("is no JSON object"));
}

#[test]
fn what_is_missing_is_said() {
    let place = Place::new();
    place.ok("train tiny.yaml --out run");
    let more = "train --resume run --set train.epochs=3";
    for (file, said) in [
        (
            "last.state.safetensors",
            "there is no run/last.state.safetensors, and training does not start over on top of run/",
        ),
        ("network.yaml", "there is no run/network.yaml"),
        ("run.json", "there is no run/run.json"),
        ("metrics.jsonl", "run/metrics.jsonl has 0 of the lines of 2 epochs"),
        ("best.safetensors", "there is no run/best.safetensors"),
    ] {
        let (path, aside) = (place.path("run").join(file), place.path("aside"));
        fs::rename(&path, &aside).expect("it is there");
        assert!(refused(&place, more).contains(said), "{file}: {}", refused(&place, more));
        fs::rename(&aside, &path).expect("it is there");
    }
    let lines = read(&place.path("run/metrics.jsonl"));
    fs::write(place.path("run/metrics.jsonl"), lines.lines().next().expect("two lines")).expect("room on the disk");
    assert!(refused(&place, more).contains("has 1 of the lines of 2 epochs"));
    fs::write(place.path("run/metrics.jsonl"), lines).expect("room on the disk");
    place.ok(more);
}

/// Weights of another program, an unfinished download and somebody's notes, under names that the run writes.
#[test]
fn weights_that_no_run_wrote_are_not_replaced() {
    let place = Place::new();
    place.ok("train tiny.yaml --out run");
    let more = "train --resume run --set train.epochs=4 --set train.checkpoint_every=2";
    // A whole file of no arrays, and one that is cut off.
    let (whole, cut): (&[u8], &[u8]) = (b"\x02\0\0\0\0\0\0\0{}", b"\x09\0\0\0\0\0\0\0{");
    for (name, content) in [("epoch-0004", whole), ("epoch-0004", cut), ("last", b"what I did last"), ("best", b"")] {
        let path = place.path("run").join(format!("{name}.safetensors"));
        let own = fs::read(&path);
        fs::write(&path, content).expect("room on the disk");
        let said = refused(&place, more);
        assert!(said.contains(&format!("run/{name}.safetensors, which is there and not archc's")), "{said}");
        assert_eq!(fs::read(&path).expect("it is there still"), content, "{name}");
        match own {
            Ok(own) => fs::write(&path, own).expect("room on the disk"),
            Err(_) => fs::remove_file(&path).expect("it is there still"),
        }
    }
    // Neither is in the way.
    for name in ["epoch-0002", "epoch-0003", "epoch-cat"] {
        fs::write(place.path("run").join(format!("{name}.safetensors")), "mine").expect("room on the disk");
    }
    place.ok(more);
    assert_eq!(fs::read(place.path("run/epoch-0003.safetensors")).expect("it is there still"), b"mine");
}

/// Links lead to what is somebody else's; pipes and devices are waited for, or never end.
#[test]
fn only_files_of_the_run_are_files_of_the_run() {
    let place = Place::new();
    fs::write(place.path("diary"), "{\"epoch\":1}\nmine\n").expect("room on the disk");
    place.ok("train tiny.yaml --out whole");
    let more = "train --resume run --set train.epochs=3";
    let names =
        [".lock", "metrics.jsonl", "times.jsonl", "steps.jsonl", "validations.jsonl", "events.out.tfevents.archc"];
    let read = ["run.json", "network.yaml", "last.state.safetensors"];
    for name in names.into_iter().chain(read) {
        for what in ["link", "dangling", "pipe", "device"] {
            // Reading through a link is no harm.
            if (what == "link" || what == "dangling") && read.contains(&name) {
                continue;
            }
            let run = place.path("run");
            let copied = Command::new("cp").arg("-r").arg(place.path("whole")).arg(&run).status().expect("cp is there");
            assert!(copied.success());
            fs::remove_file(run.join(name)).expect("every run has it");
            match what {
                "link" => symlink(place.path("diary"), run.join(name)).expect("links are there"),
                "dangling" => symlink(place.path("nothing"), run.join(name)).expect("links are there"),
                "device" => symlink("/dev/zero", run.join(name)).expect("links are there"),
                _ => assert!(Command::new("mkfifo").arg(run.join(name)).status().expect("mkfifo is there").success()),
            }
            refused(&place, more);
            assert!(!place.path("nothing").exists(), "{name} as a {what}");
            fs::remove_dir_all(&run).expect("it is there");
        }
    }
    // A run that was copied with hard links is two runs.
    let copied = Command::new("cp").arg("-rl").args([place.path("whole"), place.path("run")]).status();
    assert!(copied.expect("cp is there").success());
    let before = contents(&place.path("whole"));
    place.ok(more);
    assert!(contents(&place.path("whole")) == before);
}

/// What was half-written when a process was killed goes; what is the user's stays.
#[test]
fn what_was_left_half_written_is_removed() {
    let place = Place::new();
    place.ok("train tiny.yaml --out run --set train.epochs=1");
    let left = [".archc-0123456789abcdef.partial", "notes.partial", "last.safetensors.partial", "mine.txt"];
    for name in left {
        fs::write(place.path("run").join(name), "text").expect("room on the disk");
    }
    place.ok("train --resume run --set train.epochs=2");
    let there = left.map(|name| place.path("run").join(name).exists());
    assert_eq!(there, [false, true, true, true]);
}

/// Wide enough for the ways of computing to differ.
fn wide(place: &Place) {
    let network = NETWORK.replace("conv 4 3x3 p1 -> bn", "conv 16 3x3 p1 -> relu -> conv 16 3x3 p1 -> bn");
    fs::write(place.path("tiny.yaml"), network).expect("room on the disk");
}

#[test]
fn a_run_goes_on_as_it_was_begun() {
    let place = Place::new();
    wide(&place);
    place.ok("train tiny.yaml --exact --out exact");
    place.ok("train tiny.yaml --out fast");
    assert_ne!(
        read(&place.path("exact/steps.jsonl")),
        read(&place.path("fast/steps.jsonl")),
        "else this shows nothing"
    );
    place.ok("train tiny.yaml --exact --out resumed --set train.epochs=1");
    place.ok("train --resume resumed --set train.epochs=2");
    assert_same(&place, "resumed", "exact");
    place.ok("train --resume exact --exact --set train.epochs=3");
    let said = refused(&place, "train --resume fast --exact --set train.epochs=3");
    assert!(said.contains("with `--device cpu` and cannot go on with `--device cpu --exact`"), "{said}");
    let origin = json(&read(&place.path("exact/run.json")));
    assert_eq!((&origin["exact"], &origin["dtype"]), (&true.into(), &"f32".into()));
}

/// A process may be killed when its run has a folder but no state yet.
#[test]
fn a_run_begins_with_what_it_was_given() {
    let place = Place::new();
    place.ok("train tiny.yaml --out others --set train.seed=9");
    fs::rename(place.path("others/last.safetensors"), place.path("given.safetensors")).expect("it is there");
    place.ok("train tiny.yaml --weights given.safetensors --out through");
    place.ok("train tiny.yaml --out without");
    let killed = |from: &str, to: &str| {
        fs::create_dir(place.path(to)).expect("room on the disk");
        for name in [".lock", "run.json", "network.yaml"] {
            fs::copy(place.path(from).join(name), place.path(to).join(name)).expect("every run has it");
        }
    };
    killed("through", "killed");
    // From another folder.
    let run = place.path("killed");
    let mut command = Command::new(env!("CARGO_BIN_EXE_archc"));
    let output = command.current_dir("/").args(["train", "--resume"]).arg(&run).output().expect("it starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_same(&place, "killed", "through");
    killed("without", "killed-too");
    place.ok("train --resume killed-too");
    assert_same(&place, "killed-too", "without");

    killed("through", "changed");
    fs::copy(place.path("without/last.safetensors"), place.path("given.safetensors")).expect("it is there");
    let said = refused(&place, "train --resume changed");
    assert!(said.contains("holds other weights than those that the run was given"), "{said}");
    fs::remove_file(place.path("given.safetensors")).expect("it is there");
    assert!(refused(&place, "train --resume changed").contains("given.safetensors"));
    // Anything that came of it, and it is not begun anew.
    for (name, text) in [("steps.jsonl", "{\"step\":1}\n"), ("best.safetensors", "weights"), ("notes", "mine")] {
        let run = format!("with-{name}");
        killed("without", &run);
        fs::write(place.path(&run).join(name), text).expect("room on the disk");
        assert!(
            refused(&place, &format!("train --resume {run}")).contains("training does not start over on top of"),
            "{name}"
        );
    }
}

#[test]
fn a_damaged_state_is_refused() {
    let place = Place::new();
    place.ok("train tiny.yaml --out run");
    let path = place.path("run/last.state.safetensors");
    let whole = fs::read(&path).expect("every run writes it");
    let text = String::from_utf8_lossy(&whole).into_owned();
    // The digits after these are numbers of the position.
    for key in
        ["epoch", "step", "batch", "lr", "seconds", "correct", "images", "seed", "contents", "best", "batch_size"]
    {
        let key = format!("\\\"{key}\\\\\\\":");
        let Some(at) = text.find(&key).map(|at| at + key.len()) else {
            assert_eq!(key, "\\\"contents\\\\\\\":", "it is in the state");
            continue;
        };
        let mut damaged = whole.clone();
        damaged[at] ^= 1;
        fs::write(&path, damaged).expect("room on the disk");
        let said = refused(&place, "train --resume run --set train.epochs=3");
        assert!(said.contains("run/last.state.safetensors: "), "{key}: {said}");
    }
    // And anywhere else.
    for at in (0..whole.len()).step_by(whole.len() / 40) {
        let mut damaged = whole.clone();
        damaged[at] ^= 4;
        fs::write(&path, damaged).expect("room on the disk");
        let output = place.run("train --resume run --set train.epochs=2");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(1) && said.contains("last.state.safetensors"), "byte {at}: {said}");
    }
}

/// As it was written before states had a version.
#[test]
fn an_earlier_run_goes_on() {
    let place = Place::new();
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/runs/version-1");
    let copied = Command::new("cp").arg("-r").arg(&fixture).arg(place.path("old")).status().expect("cp is there");
    assert!(copied.success());
    place.ok("train --resume old --set train.epochs=3 --threads 1");
    let lines = read(&place.path("old/metrics.jsonl"));
    assert!(lines.starts_with(&read(&fixture.join("metrics.jsonl"))) && lines.lines().count() == 3, "{lines}");
    let state = fs::read(place.path("old/last.state.safetensors")).expect("it is there");
    let state = String::from_utf8_lossy(&state).into_owned();
    assert!(state.contains("\\\"exact\\\\\\\":false"), "it is written as of now");
    // What it was called with says how it computes.
    fs::remove_dir_all(place.path("old")).expect("it is there");
    let copied = Command::new("cp").arg("-r").arg(&fixture).arg(place.path("old")).status().expect("cp is there");
    assert!(copied.success());
    let origin = read(&place.path("old/run.json")).replace("\"train\",", "\"train\", \"--exact\",");
    fs::write(place.path("old/run.json"), origin).expect("room on the disk");
    place.ok("train --resume old --set train.epochs=2 --threads 1");
    let state = fs::read(place.path("old/last.state.safetensors")).expect("it is there");
    assert!(String::from_utf8_lossy(&state).contains("\\\"exact\\\\\\\":true"));
}
