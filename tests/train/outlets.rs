//! Commands whose output nobody reads, or that has no room: they end, say so where somebody listens, and never panic.
#![cfg(target_os = "linux")]

use std::process::{Command, Output};
use std::thread;

use crate::place::Place;

/// Every command that prints, with what it takes.
const COMMANDS: [&str; 19] = [
    "check tiny.yaml",
    "check tiny.yaml --format json",
    "check tiny.yaml --format markdown",
    "check broken.yaml",
    "check broken.yaml --format github",
    "explain",
    "explain E021",
    "expand tiny.yaml",
    "new --from tiny.yaml --data digits -o new.yaml",
    "train tiny.yaml --plot-schedule",
    "eval tiny.yaml --weights run/best.safetensors",
    "eval tiny.yaml --weights run/best.safetensors --format json",
    "predict tiny.yaml --weights run/best.safetensors grey.pgm",
    "runs run",
    "runs run --format json",
    "bench tiny.yaml --steps 1 --batch 2 --profile",
    "data list",
    "data stats digits",
    "nothing",
];

/// Where output goes, as a shell has it.
const OUTLETS: [&str; 7] =
    [">&-", ">/dev/full", "2>&-", "2>/dev/full", ">&- 2>&-", ">/dev/full 2>/dev/full", "<&- >&- 2>&-"];

/// What a terminal may be said to be wide.
const WIDTHS: [&str; 6] = ["0", "1", "7", "abc", "99999", "18446744073709551615"];

fn place() -> Place {
    let place = Place::new();
    std::fs::write(place.path("broken.yaml"), "input: [1, 8, 8]\nlayers: [conv 4 9x9, cnov 3]\n").expect("room");
    std::fs::write(place.path("grey.pgm"), [&b"P5 8 8 255\n"[..], &[90; 64]].concat()).expect("room");
    place.ok("train tiny.yaml --threads 1 --out run --set train.epochs=1");
    place
}

/// What comes of a command with its output going there.
fn run(place: &Place, command: &str, outlet: &str, width: &str) -> Output {
    let mut shell = Command::new("sh");
    shell.args(["-c", &format!("exec '{}' {command} {outlet}", env!("CARGO_BIN_EXE_archc"))]);
    shell.current_dir(place.path("")).env("COLUMNS", width).output().expect("sh starts")
}

fn each(check: impl Fn(&str) + Sync) {
    let check = &check;
    thread::scope(|scope| {
        for half in COMMANDS.chunks(COMMANDS.len().div_ceil(2)) {
            scope.spawn(move || half.iter().for_each(|command| check(command)));
        }
    });
}

#[test]
fn no_outlet_is_too_small() {
    let place = place();
    each(|command| {
        let usual = run(&place, command, "", "100").status.code();
        for outlet in OUTLETS {
            let _ = std::fs::remove_file(place.path("new.yaml"));
            let output = run(&place, command, outlet, "100");
            let said = String::from_utf8_lossy(&output.stderr);
            let case = format!("{command} {outlet}: {}: {said}", output.status);
            assert!(matches!(output.status.code(), Some(0..=2)) && !said.contains("panicked"), "{case}");
            // A closed outlet is one that nobody reads; a full one has lost what was to be read.
            match outlet {
                ">/dev/full" if usual == Some(0) => {
                    assert!(
                        output.status.code() == Some(1) && said.contains("cannot write to standard output"),
                        "{case}"
                    );
                }
                "2>&-" | "2>/dev/full" => assert_eq!(output.status.code(), usual, "{case}"),
                _ => {}
            }
        }
    });
}

#[test]
fn no_width_is_too_small_or_large() {
    let place = place();
    each(|command| {
        for width in WIDTHS {
            let _ = std::fs::remove_file(place.path("new.yaml"));
            let output = run(&place, command, "", width);
            let said = String::from_utf8_lossy(&output.stderr);
            let case = format!("COLUMNS={width} {command}: {}: {said}", output.status);
            assert!(matches!(output.status.code(), Some(0..=2)) && !said.contains("panicked"), "{case}");
            assert!(output.stdout.len() + said.len() < 1 << 20, "{case}");
        }
    });
}
