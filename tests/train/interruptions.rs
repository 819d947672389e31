//! What may happen to a run: it is stopped, killed, or finds the disk full and files gone. Nothing is lost, and going
//! on gives to the last byte what a run gives that nothing happens to.
#![cfg(unix)]

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::Duration;

use crate::place::{NETWORK, Place, assert_same, read};
use crate::segment::masked;
use crate::tasks::{labelled, measured};

/// Starts to train, and waits until it has said so.
fn started(place: &Place, arguments: &str) -> Child {
    let mut child = place.command(arguments).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("it starts");
    let mut output = BufReader::new(child.stdout.take().expect("a pipe"));
    let mut line = String::new();
    output.read_line(&mut line).expect("UTF-8");
    assert!(line.contains(" parameters, "), "{line}");
    // A full pipe would hold it up.
    std::thread::spawn(move || std::io::copy(&mut output, &mut std::io::sink()));
    child
}

fn signal(child: &Child, name: &str) {
    assert!(Command::new("kill").args([name, &child.id().to_string()]).status().expect("kill is there").success());
}

/// Whatever the program does at that moment, with one thread and with two.
#[test]
fn a_run_survives_being_killed() {
    const KILLS: u64 = 25;
    let place = Place::new();
    // Validated, and so saved, also in the middle of an epoch.
    let network = NETWORK.replace("epochs: 2", "epochs: 300, ema: 0.9, validate_every: steps 7");
    fs::write(place.path("tiny.yaml"), network).expect("room on the disk");
    survives(&place, "tiny.yaml", KILLS);
}

/// Killed so often, a run ends as one that goes through.
fn survives(place: &Place, file: &str, kills: u64) {
    for life in 0..kills {
        // Spread over the time that a few steps and their saving take, the same whenever this is run.
        let delay = life * 37 % 60;
        let arguments =
            if life == 0 { format!("train {file} --out killed") } else { "train --resume killed".to_owned() };
        let mut child = started(place, &format!("{arguments} --threads {}", 1 + life % 2));
        sleep(Duration::from_millis(delay));
        signal(&child, "-KILL");
        let ended = child.wait().expect("a child");
        assert!(ended.code().is_none(), "all epochs were over before kill {life}");
    }
    place.ok("train --resume killed --threads 1");
    place.ok(&format!("train {file} --out through --threads 2"));
    assert_same(place, "killed", "through");
}

/// The same with the other tasks, and whatever a recipe may have with them.
#[test]
fn runs_of_other_tasks_survive_being_killed() {
    const KILLS: u64 = 8;
    for place in [labelled(), measured(), masked()] {
        let network = read(&place.path("all.yaml")).replace("patience 9", "patience 100000");
        let (from, to) = network.split_once("epochs: ").expect("it has epochs");
        let (_, rest) = to.split_once(',').expect("and more");
        fs::write(place.path("all.yaml"), format!("{from}epochs: 300, validate_every: steps 2,{rest}")).expect("room");
        survives(&place, "all.yaml", KILLS);
    }
}

/// The step is finished and the run saved, also within an epoch.
#[test]
fn a_run_can_be_stopped() {
    let place = Place::new();
    let longer = "train tiny.yaml --set train.epochs=120 --set train.batch=20 --threads";
    place.ok(&format!("{longer} 2 --out through"));
    for (delay, name, code) in [(0, "-INT", 130), (40, "-TERM", 143), (90, "-INT", 130), (60, "-HUP", 129)] {
        let run = format!("stopped-{delay}");
        let mut child = started(&place, &format!("{longer} 1 --out {run}"));
        sleep(Duration::from_millis(delay));
        signal(&child, name);
        assert_eq!(child.wait().expect("a child").code(), Some(code), "after {delay} ms");
        let page = read(&place.path(&run).join("report.html"));
        assert!(page.contains("The run was stopped.") && page.contains(">planned</text>"), "after {delay} ms");
        place.ok(&format!("train --resume {run} --threads 2"));
        assert_same(&place, &run, "through");
    }
}

/// `nohup` ignores what a closed terminal sends, and so does the program then.
#[test]
fn a_closed_terminal_is_ignored_if_it_was() {
    let place = Place::new();
    let run = "train tiny.yaml --set train.epochs=100000 --out run";
    let script = format!("trap '' HUP; exec {} {run}", env!("CARGO_BIN_EXE_archc"));
    let mut command = Command::new("sh");
    command.current_dir(place.path("")).args(["-c", &script]).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().expect("sh is there");
    let mut output = BufReader::new(child.stdout.take().expect("a pipe"));
    let mut line = String::new();
    while !line.starts_with("epoch ") {
        line.clear();
        assert_ne!(output.read_line(&mut line).expect("UTF-8"), 0, "it goes on");
    }
    std::thread::spawn(move || std::io::copy(&mut output, &mut std::io::sink()));
    signal(&child, "-HUP");
    sleep(Duration::from_millis(300));
    assert!(child.try_wait().expect("a child").is_none(), "it goes on");
    signal(&child, "-TERM");
    assert_eq!(child.wait().expect("a child").code(), Some(143));
}

/// One seed gives one result, with however many threads, also where their work is divided in other ways.
#[test]
fn runs_of_one_seed_are_the_same() {
    let place = Place::new();
    let layers = "conv 16 3x3 p1 bias=false -> bn -> relu -> conv 24 3x3 p1 -> relu -> depthwise 3x3 p1 -> maxpool 2x2 s2, \
                  conv 32 1x1 -> gn 4 -> relu -> conv 32 3x3 s2 p1 -> dropout 0.2, flatten, linear 10 as fc";
    let network = NETWORK.replace("conv 4 3x3 p1 -> bn -> relu -> maxpool 2x2 s2, flatten, linear 10 as fc", layers);
    fs::write(place.path("tiny.yaml"), network.replace("epochs: 2", "epochs: 1")).expect("room on the disk");
    for (run, threads) in [("one", 1), ("again", 1), ("two", 2), ("five", 5)] {
        place.ok(&format!("train tiny.yaml --out {run} --threads {threads}"));
        assert_same(&place, run, "one");
    }
    place.ok("train tiny.yaml --out other --threads 1 --set train.seed=2");
    assert!(read(&place.path("other/metrics.jsonl")) != read(&place.path("one/metrics.jsonl")));
}

/// Files may not grow beyond so many blocks of 512 bytes: as on a full disk, writing fails.
fn confined(place: &Place, blocks: usize, arguments: &str) -> (bool, String) {
    // Without the trap the system would end the program.
    let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec {} {arguments}", env!("CARGO_BIN_EXE_archc"));
    let output = Command::new("sh").current_dir(place.path("")).args(["-c", &script]).output().expect("sh is there");
    (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn a_full_disk_loses_nothing() {
    let place = Place::new();
    place.ok("train tiny.yaml --out through --set train.epochs=4");
    place.ok("train tiny.yaml --out full");
    for blocks in [0, 1, 4, 12] {
        let (ended_well, said) = confined(&place, blocks, "train --resume full --set train.epochs=4");
        assert!(!ended_well && said.contains("cannot write full/"), "{blocks} blocks: {said}");
        assert!(!said.contains("panicked"), "{said}");
    }
    place.ok("train --resume full --set train.epochs=4");
    assert_same(&place, "full", "through");
    assert!(fs::read_dir(place.path("full")).expect("readable").flatten().all(|entry| {
        let name = entry.file_name();
        !name.to_string_lossy().ends_with(".partial")
    }));
}

#[test]
fn what_is_gone_is_said() {
    let place = Place::new();
    place.ok("train tiny.yaml --out run");
    let whole = fs::read(place.path("run/last.state.safetensors")).expect("every run writes it");
    let change = |name: &str, bytes: &[u8]| fs::write(place.path("run").join(name), bytes).expect("room on the disk");
    let expect = |arguments: &str, expected: &str| {
        let output = place.run(arguments);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(1) && said.contains(expected), "{arguments}: {said}");
    };
    let with_its_weights = "archc train run/network.yaml --weights run/last.safetensors";
    change("last.state.safetensors", &whole[..whole.len() / 2]);
    expect("train --resume run", with_its_weights);
    fs::remove_file(place.path("run/last.state.safetensors")).expect("it is there");
    expect("train --resume run", "there is no run/last.state.safetensors");
    expect("train --resume run", with_its_weights);
    change("last.state.safetensors", &whole);

    let network = read(&place.path("run/network.yaml"));
    change("network.yaml", network.replace("relu", "gelu").as_bytes());
    expect("train --resume run --set train.epochs=3", "the run was of another network");
    change("network.yaml", network.as_bytes());
    expect("train --resume run --set train.epochs=1", "the run is in epoch 2 already");
    place.ok("train --resume run --set train.epochs=3");
    assert_eq!(read(&place.path("run/metrics.jsonl")).lines().count(), 3, "nothing was lost on the way");

    // Two at once; and a folder that goes away.
    let mut child = started(&place, "train tiny.yaml --set train.epochs=100000 --out busy");
    expect("train --resume busy", "another process is training into busy");
    expect("train tiny.yaml --out busy", "busy is not empty");
    assert!(child.try_wait().expect("a child").is_none(), "it goes on");
    fs::rename(place.path("busy"), place.path("away")).expect("it can be renamed");
    assert_eq!(child.wait().expect("a child").code(), Some(1));
}

#[test]
fn other_images_are_another_run() {
    let place = Place::new();
    let photo = |name: &str, grey: u8| {
        let path = place.path("photos").join(name);
        fs::create_dir_all(path.parent().expect("a class")).expect("room on the disk");
        image::GrayImage::from_pixel(8, 8, image::Luma([grey])).save(path).expect("room on the disk");
    };
    for number in 0..10u8 {
        photo(&format!("dark/{number}.png"), number);
        photo(&format!("bright/{number}.png"), 200 + number);
    }
    let network = read(&place.path("tiny.yaml")).replace("classes: 10", "classes: 2").replace("linear 10", "linear 2");
    let network = network.replace("batch: 100", "batch: 4").replace("set: digits", "set: folder, path: photos");
    fs::write(place.path("tiny.yaml"), network).expect("room on the disk");
    place.ok("train tiny.yaml --out run");
    let resumed = || {
        let output = place.run("train --resume run --set train.epochs=3");
        (output.status.success(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    photo("dark/more.png", 7);
    let (ended_well, said) = resumed();
    assert!(!ended_well && said.contains("the data set has changed"), "{said}");
    fs::rename(place.path("photos/dark/more.png"), place.path("photos/dark/3.png")).expect("it can be renamed");
    fs::rename(place.path("photos/dark/4.png"), place.path("photos/dark/other.png")).expect("it can be renamed");
    let (ended_well, said) = resumed();
    assert!(!ended_well && said.contains("but different ones"), "{said}");
    fs::rename(place.path("photos/dark/other.png"), place.path("photos/dark/4.png")).expect("it can be renamed");
    photo("dark/3.png", 3);
    assert!(resumed().0, "all is as it was");
    // Another image of the same name, length and time.
    let path = place.path("photos/dark/3.png");
    let found = fs::metadata(&path).expect("it is there");
    let (time, length) = (found.modified().expect("known"), found.len());
    photo("dark/3.png", 4);
    fs::File::options().write(true).open(&path).and_then(|file| file.set_modified(time)).expect("it can be set");
    assert_eq!(fs::metadata(&path).expect("it is there").len(), length, "else this shows nothing");
    let (ended_well, said) = resumed();
    assert!(!ended_well && said.contains("but other contents"), "{said}");
    photo("dark/3.png", 3);
    assert!(resumed().0, "all is as it was");
    assert!(Path::new(&place.path("run/report.html")).exists());
}
