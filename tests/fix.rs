//! `archc check --fix`: what is certain is written into the file, and nothing else.
#![cfg(feature = "cli")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

fn fix(file: &Path, options: &[&str]) -> Output {
    let name = file.file_name().expect("a file");
    let mut command = Command::new(env!("CARGO_BIN_EXE_archc"));
    command.arg("check").arg("--fix").args(options).arg(name).current_dir(file.parent().expect("a folder"));
    command.output().expect("it starts")
}

fn said(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("text")
}

/// Each mistake with what the text becomes, and what is said about it; `None` where the file must stay as it is.
#[test]
fn what_is_certain_is_written() {
    let cases: &[(&str, Option<(&str, &str)>)] = &[
        // Another name for the same.
        (
            "input: [3, 8, 8]\nlayers: [Conv2d 8 3x3 -> flatten -> linear 10]",
            Some(("conv 8 3x3", "net.yaml:2:10: wrote `conv` for `Conv2d`: ")),
        ),
        (
            "input: [3, 8, 8]\nlayers: [conv 8 3x3 -> ReLU -> flatten]",
            Some(("relu -> flatten", "wrote `relu` for `ReLU`")),
        ),
        // Several at once.
        (
            "input: [3, 8, 8]\nlayers: [conv 8 3x3 → relu, BatchNorm2d, flatten]",
            Some(("layers: [conv 8 3x3 -> relu, bn, flatten]", "wrote `bn` for `BatchNorm2d`")),
        ),
        // What is only likely stays: a name that is spelt nearly alike, a size that would fit.
        ("input: [3, 8, 8]\nlayers: [convv 8 3x3 -> flatten]", None),
        ("input: [3, 8, 8]\nlayers: [flatten -> linear 10 in=191]", None),
        // What could be read then would be as wrong.
        ("input: [3, 8, 8]\nlayers:\n  - relu, conv 8 3x3]", None),
        ("input: [3, 8, 8]\nlayers: relu, flatten, linear 3]", None),
        ("input: [3, 8, 8]\nlayers:\n  - flatten, linear 3", None),
        ("input: [3, 8, 8]\nblocks:\n  unit(:, stride=1):\n    - relu\nlayers: [unit]", None),
        // Nothing is wrong.
        ("input: [3, 8, 8]\nlayers: [flatten]", None),
    ];
    for (text, expected) in cases {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join("net.yaml");
        fs::write(&file, text).expect("room on the disk");
        let output = fix(&file, &[]);
        let now = fs::read_to_string(&file).expect("it is still there");
        match expected {
            Some((mended, line)) => {
                assert!(now.contains(mended), "{text}\n{now}\n{}", said(&output));
                assert!(said(&output).contains(line), "{text}\n{}", said(&output));
                assert_eq!(output.status.code(), Some(0), "{now}\n{}", said(&output));
                // There is nothing left to do.
                let again = fix(&file, &[]);
                assert_eq!(
                    (said(&again).as_str(), fs::read_to_string(&file).as_deref().ok()),
                    ("", Some(now.as_str()))
                );
            }
            None => assert_eq!(now, *text, "{}", said(&output)),
        }
    }
}

/// What stands around a change stays as it was, to the byte.
#[test]
fn the_rest_stays() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("net.yaml");
    let text = "# mine: ReLU\r\ninput:   [3, 8, 8]\r\nlayers:\r\n  - 'conv 8 3x3 -> ReLU'   # ReLU\r\n  - flatten\r\n";
    fs::write(&file, text).expect("room on the disk");
    let output = fix(&file, &[]);
    let expected = text.replace("-> ReLU", "-> relu");
    assert_eq!(fs::read_to_string(&file).ok(), Some(expected), "{}", said(&output));
}

/// Whose text is another's, or who changes it, is not written to.
#[test]
fn only_the_file_itself_is_written_to() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (file, blocks) = (folder.path().join("net.yaml"), folder.path().join("blocks.yaml"));
    let (text, library) =
        ("input: [3, 8, 8]\ninclude: blocks.yaml\nlayers: [unit -> flatten]", "blocks: {unit: conv 8 3x3 -> ReLU}");
    fs::write(&file, text).expect("room on the disk");
    fs::write(&blocks, library).expect("room on the disk");
    let output = fix(&file, &[]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        (fs::read_to_string(&file).as_deref().ok(), fs::read_to_string(&blocks).as_deref().ok()),
        (Some(text), Some(library))
    );
    assert_eq!(fix(&file, &["--set", "input=[3, 4, 4]"]).status.code(), Some(2));
}

/// A file that cannot be written is an error, not a loss.
#[cfg(unix)]
#[test]
fn a_link_stays_a_link_and_permissions_stay() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (file, link) = (folder.path().join("net.yaml"), folder.path().join("link.yaml"));
    fs::write(&file, "input: [3, 8, 8]\nlayers: [ReLU]").expect("room on the disk");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).expect("it is ours");
    symlink(&file, &link).expect("a link");
    let output = fix(&link, &[]);
    assert_eq!(
        fs::read_to_string(&file).as_deref().ok(),
        Some("input: [3, 8, 8]\nlayers: [relu]"),
        "{}",
        said(&output)
    );
    assert!(link.symlink_metadata().expect("it is there").is_symlink());
    assert_eq!(fs::metadata(&file).expect("it is there").permissions().mode() & 0o777, 0o640);
}
