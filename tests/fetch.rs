//! `archc fetch` against a server on the loopback.

#[path = "faults/server.rs"]
mod server;

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use server::serve;

/// Its SHA-256 begins as that of some published weights does.
const FORGED: &str = "archc: not weights, but their digest begins alike 88098212";

/// Which weights these are, and what their file is called.
const NETWORK: &str = "mobilenet_v3_large";
const FILE: &str = "mobilenet_v3_large-8738ca79.pth";

fn run(place: &Path, arguments: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_archc")).current_dir(place).args(arguments.split(' ')).output().expect("it starts")
}

fn refused(place: &Path, arguments: &str) -> String {
    let output = run(place, arguments);
    assert_eq!(output.status.code(), Some(1), "{arguments}: {output:?}");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn published_weights_arrive_verified_in_their_place() {
    let place = tempfile::tempdir().expect("a temporary folder");
    let mirror = serve(FORGED.as_bytes().to_vec());
    let fetch = format!("fetch {NETWORK} --mirror {mirror}/some/folder/ --to weights");
    for word in ["are in", "are already in"] {
        let output = run(place.path(), &fetch);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{output:?}");
        assert_eq!(said, format!("the weights of {NETWORK} {word} weights/{FILE}\n"));
    }
    assert_eq!(fs::read_to_string(place.path().join("weights").join(FILE)).expect("it arrived"), FORGED);
    assert_eq!(fs::read_dir(place.path().join("weights")).expect("a folder").count(), 1, "nothing else is left");

    // Into the folder that one is in.
    assert!(run(place.path(), &format!("fetch {NETWORK} --mirror {mirror}")).status.success());
    assert!(place.path().join(FILE).exists());

    // What is there and is something else stays.
    fs::write(place.path().join(FILE), "mine").expect("room on the disk");
    let said = refused(place.path(), &format!("fetch {NETWORK} --mirror {mirror}"));
    assert!(said.contains("is there already, and is another file: its SHA-256 is "), "{said}");
    assert_eq!(fs::read_to_string(place.path().join(FILE)).expect("it stayed"), "mine");
    // So does what was not begun by archc.
    let partial = place.path().join("weights").join(format!("{FILE}.partial"));
    fs::remove_file(place.path().join("weights").join(FILE)).and_then(|()| fs::write(&partial, "mine")).expect("room");
    let said = refused(place.path(), &fetch);
    assert!(said.contains(".partial` is where"), "{said}");
    assert_eq!(fs::read_to_string(&partial).expect("it stayed"), "mine");
}

#[test]
fn other_files_are_refused() {
    let place = tempfile::tempdir().expect("a temporary folder");
    let mirror = serve(b"something else".to_vec());
    let said = refused(place.path(), &format!("fetch resnet18 --mirror {mirror}"));
    assert!(said.contains("this is another file: its SHA-256 is ") && said.contains(", not f37072fd…"), "{said}");
    assert!(!place.path().join("resnet18-f37072fd.pth").exists());
    for (arguments, expected) in [
        ("fetch resnet18 --mirror example.org", "`example.org` is no address"),
        ("fetch resnet18 --release 2", "no weights of resnet18 have release 2; there is only release 1"),
        ("fetch resnet50 --release 3", "no weights of resnet50 have release 3; the last is 2"),
    ] {
        let said = refused(place.path(), arguments);
        assert!(said.contains(expected), "{said}");
    }
    let output = run(place.path(), "fetch resnet17");
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("resnet18"), "{output:?}");
}
