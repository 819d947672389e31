//! `--workers`: several processes come to what one comes to, also when some of them end on the way.
#![cfg(unix)]

use std::fs;
use std::io::Read;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::place::{Place, assert_same, read};
use crate::segment::masked;
use crate::tasks::{labelled, measured};

const NETWORK: &str = "\
input: [1, 8, 8]
classes: 10
layers: [conv 4 3x3 p1 -> bn -> relu -> dropout 0.1 -> maxpool 2x2 s2, flatten, linear 10 as fc]
data: {set: digits, train: [crop 8 pad=1]}
train:
  {epochs: 3, batch: 50, accumulate: 4, optimizer: adam lr=0.01, seed: 1, mix: mixup 0.2, clip: norm 1, ema: 0.9,
   loss: cross_entropy class_weights=auto, validate_every: steps 3}
";

fn place() -> Place {
    let place = Place::new();
    fs::write(place.path("shared.yaml"), NETWORK).expect("room on the disk");
    place
}

/// A run that has said that it begins, with what it says on.
fn started(place: &Place, arguments: &str) -> Child {
    let mut child = place.command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    let (mut output, mut byte) = (child.stdout.take().expect("a pipe"), [0]);
    while byte != *b"\n" {
        output.read_exact(&mut byte).expect("it says something");
    }
    std::thread::spawn(move || std::io::copy(&mut output, &mut std::io::sink()));
    child
}

/// The processes that this one has started.
fn children(of: u32) -> Vec<u32> {
    let output = Command::new("ps").args(["-A", "-o", "pid=,ppid="]).output().expect("ps is there");
    let text = String::from_utf8(output.stdout).expect("numbers");
    let pairs = text.lines().map(|line| {
        let numbers: Vec<u32> = line.split_whitespace().map(|word| word.parse().expect("a number")).collect();
        (numbers[0], numbers[1])
    });
    pairs.filter(|(_, parent)| *parent == of).map(|(process, _)| process).collect()
}

fn signal(processes: &[u32], name: &str) {
    for process in processes {
        // It may have ended by itself.
        let _ = Command::new("kill").args([name, &process.to_string()]).stderr(Stdio::null()).status();
    }
}

/// How it ended and what it complained of, in the time that an accident may take.
fn ended(mut child: Child) -> (Option<i32>, String) {
    let began = Instant::now();
    let status = loop {
        match child.try_wait().expect("a child") {
            Some(status) => break status,
            None if began.elapsed() > Duration::from_secs(30) => panic!("it does not end"),
            None => sleep(Duration::from_millis(10)),
        }
    };
    let mut said = String::new();
    child.stderr.take().expect("a pipe").read_to_string(&mut said).expect("UTF-8");
    (status.code(), said)
}

fn are_gone(processes: &[u32]) {
    let began = Instant::now();
    while processes.iter().any(|process| {
        let output =
            Command::new("ps").args(["-o", "stat=", "-p", &process.to_string()]).output().expect("ps is there");
        let state = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        !state.is_empty() && !state.starts_with('Z')
    }) {
        assert!(began.elapsed() < Duration::from_secs(30), "{processes:?} go on");
        sleep(Duration::from_millis(20));
    }
}

#[test]
fn workers_come_to_the_same_bytes() {
    let place = place();
    place.ok("train shared.yaml --out one --threads 2");
    for (run, workers) in [("two", 2), ("four", 4)] {
        let shown = place.ok(&format!("train shared.yaml --out {run} --workers {workers} --threads 4"));
        let said = format!("{workers} workers of {} thread", 4 / workers);
        assert!(shown.contains(&said) && shown.contains("best of 3 epochs"), "{shown}");
        assert_same(&place, run, "one");
        assert!(read(&place.path(run).join("run.json")).contains(&format!("\"workers\": {workers}")));
    }
    // On with other numbers; the last epoch is always validated.
    let each = "--set train.validate_every=1 --set";
    place.ok(&format!("train shared.yaml --out whole {each} train.epochs=3"));
    place.ok(&format!("train shared.yaml --out parts --workers 4 {each} train.epochs=1"));
    place.ok("train --resume parts --set train.epochs=2");
    place.ok("train --resume parts --workers 2 --set train.epochs=3");
    assert_same(&place, "parts", "whole");
}

#[test]
fn other_tasks_are_shared_too() {
    for place in [labelled(), measured(), masked()] {
        place.ok("train all.yaml --out one --set train.epochs=3");
        place.ok("train all.yaml --out two --workers 2 --set train.epochs=3");
        assert_same(&place, "two", "one");
    }
}

/// Whichever it is, and whatever it does at that moment.
#[test]
fn a_worker_that_is_killed_ends_the_run() {
    const KILLS: usize = 10;
    let place = place();
    let long = "--set train.epochs=200 --set train.validate_every=1";
    place.ok(&format!("train shared.yaml --out through {long}"));
    for life in 0..KILLS {
        let arguments = match life {
            0 => format!("train shared.yaml --out killed --workers 4 {long}"),
            _ => "train --resume killed --workers 4".to_owned(),
        };
        let child = started(&place, &arguments);
        let workers = children(child.id());
        assert_eq!(workers.len(), 3, "{arguments}");
        sleep(Duration::from_millis(life as u64 * 53 % 90));
        signal(&workers[life % 3..=life % 3], "-KILL");
        let (code, said) = ended(child);
        let way = said.contains("error: worker ") && said.contains(" of 4 has ended (signal: 9 (SIGKILL))");
        assert!(code == Some(1) && way, "{code:?}: {said}");
        assert!(said.ends_with("\n  archc train --resume killed --workers 4\n"), "{said}");
        are_gone(&workers);
    }
    place.ok("train --resume killed --workers 2");
    assert_same(&place, "killed", "through");
}

#[test]
fn workers_end_with_the_first_one() {
    let place = place();
    let long = "--set train.epochs=60";
    place.ok(&format!("train shared.yaml --out through {long}"));
    for (run, name, everybody, code) in [
        ("stopped", "-INT", false, Some(130)),
        ("terminated", "-TERM", true, Some(143)),
        ("interrupted", "-INT", true, Some(130)),
        ("killed", "-KILL", false, None),
    ] {
        let child = started(&place, &format!("train shared.yaml --out {run} --workers 2 {long}"));
        let workers = children(child.id());
        sleep(Duration::from_millis(40));
        if everybody {
            signal(&workers, name);
        }
        signal(&[child.id()], name);
        let (found, said) = ended(child);
        assert_eq!(found, code, "{name}: {said}");
        assert!(code.is_none() || said.ends_with(&format!("archc train --resume {run} --workers 2\n")), "{said}");
        are_gone(&workers);
        place.ok(&format!("train --resume {run} --workers 4"));
        assert_same(&place, run, "through");
    }
}

#[test]
fn what_cannot_be_shared_is_refused() {
    let place = place();
    let said = place.refused("train tiny.yaml --workers 4");
    assert!(said.contains("a step has 1 batch of 100, 100 images") && said.contains("4 × 25 = 100, as many"), "{said}");
    let advice = said.split('`').find(|part| part.starts_with("--set")).expect("how to share");
    place.ok(&format!("train tiny.yaml --workers 4 {advice}"));
    let said = place.refused("train shared.yaml --workers 3");
    assert!(said.contains("4 = 1 · 3 + 1") && said.contains("`--workers 2` would do without a change"), "{said}");
    let output = place.run("train shared.yaml --workers 0");
    assert_eq!(output.status.code(), Some(2));
    let wild = NETWORK.replace("adam lr=0.01", "sgd lr=1e30");
    fs::write(place.path("wild.yaml"), wild).expect("room on the disk");
    let said = place.refused("train wild.yaml --workers 2");
    assert!(said.contains("training diverged in epoch 1, step "), "{said}");
}

/// What another process cannot read, the first one says.
#[test]
fn what_a_worker_finds_is_said() {
    let place = place();
    for number in 0..40u8 {
        let path = place.path(&format!("photos/{}/{number}.png", if number % 2 == 0 { "dark" } else { "light" }));
        fs::create_dir_all(path.parent().expect("a class")).expect("room on the disk");
        image::GrayImage::from_pixel(8, 8, image::Luma([number * 6])).save(path).expect("room on the disk");
    }
    let network = NETWORK.replace("classes: 10", "classes: 2").replace("linear 10", "linear 2");
    let network = network.replace("batch: 50", "batch: 4").replace("set: digits", "set: folder, path: photos");
    fs::write(place.path("photos.yaml"), network).expect("room on the disk");
    place.ok("train photos.yaml --out one");
    place.ok("train photos.yaml --out four --workers 4");
    assert_same(&place, "four", "one");
    for number in [12, 21, 33] {
        let folder = if number % 2 == 0 { "dark" } else { "light" };
        let path = place.path(&format!("photos/{folder}/{number}.png"));
        let whole = fs::read(&path).expect("just written");
        fs::write(&path, &whole[..whole.len() / 2]).expect("room on the disk");
        let said = place.refused("train photos.yaml --workers 4");
        let place_of = format!("{number}.png");
        assert!(said.contains(&place_of) && said.contains("`on_bad_image: skip`"), "{said}");
        assert_eq!(said.matches("error: ").count(), 1, "{said}");
        fs::write(&path, whole).expect("room on the disk");
    }
    fs::write(place.path("photos/dark/12.png"), "cut off").expect("room on the disk");
    fs::write(place.path("photos/light/21.png"), "cut off").expect("room on the disk");
    for (run, workers) in [("skipped", 1), ("skipped-too", 2)] {
        let options = "--set data.on_bad_image=skip";
        let shown = place.ok(&format!("train photos.yaml --out {run} --workers {workers} {options}"));
        assert_eq!(shown.matches("left out: ").count(), 2, "{shown}");
    }
    assert_same(&place, "skipped-too", "skipped");
}
