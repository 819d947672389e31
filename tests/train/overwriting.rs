//! What is never written over: what a run consists of, what is read, and, unless that is asked for, what is there.

use std::fs;
use std::path::{Path, PathBuf};

use crate::place::{Place, read};
use crate::tasks::labelled;

/// What it says when it ends badly, with this code.
fn refused(place: &Place, arguments: &str, code: i32) -> String {
    let output = place.run(arguments);
    let said = String::from_utf8(output.stderr).expect("UTF-8");
    assert_eq!(output.status.code(), Some(code), "{arguments}: {said}");
    said
}

fn grey(path: &Path) {
    fs::create_dir_all(path.parent().expect("a folder")).expect("room on the disk");
    image::GrayImage::from_pixel(8, 8, image::Luma([90])).save(path).expect("room on the disk");
}

fn bytes(path: &Path) -> Vec<u8> {
    fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn no_file_of_a_run_is_written_over() {
    let place = Place::new();
    place.ok("train tiny.yaml --threads 1 --out run --set train.epochs=1 --quiet");
    // What runs of numbers have besides.
    for name in ["predictions-1.svg", "predictions-12.png"] {
        fs::write(place.path("run").join(name), "a picture").expect("room on the disk");
    }
    let files: Vec<PathBuf> =
        fs::read_dir(place.path("run")).expect("it is there").map(|entry| entry.expect("it is there").path()).collect();
    assert!(files.iter().any(|file| file.ends_with("report.html")) && files.len() > 10, "{files:?}");
    for file in &files {
        let name = file.file_name().expect("a name").to_string_lossy();
        let before = bytes(file);
        for command in ["export tiny.yaml --format pytorch --force", "draw tiny.yaml --format svg --force"] {
            let said = refused(&place, &format!("{command} --out run/{name}"), 1);
            assert!(said.contains("part of a run, which would be lost"), "{name}: {said}");
        }
        assert_eq!(bytes(file), before, "{name}");
    }
    for command in [
        "runs run --force --plot run/curves.svg",
        "data show digits --force --out run/images.png",
        "train tiny.yaml --force --plot-schedule=run/curves.png",
        "predict run grey.png --force --to run/report.html",
    ] {
        grey(&place.path("grey.png"));
        let said = refused(&place, command, 1);
        assert!(said.contains("part of a run, which would be lost"), "{command}: {said}");
    }
    // What somebody else put there is none of it.
    for name in ["mine.svg", "predictions-.svg", "curves.html"] {
        fs::write(place.path("run").join(name), "mine").expect("room on the disk");
        place.ok(&format!("draw tiny.yaml --format svg --out run/{name} --force"));
    }
}

#[test]
fn no_data_that_are_read_are_written_over() {
    let place = Place::new();
    place.ok("train tiny.yaml --threads 1 --out run --set train.epochs=1 --quiet");
    for name in ["a/0.png", "a/1.png", "a/2.png", "b/0.png", "b/1.png", "b/2.png"] {
        grey(&place.path("photos").join(name));
    }
    let net = read(&place.path("tiny.yaml"))
        .replace("set: digits", "set: folder, path: photos")
        .replace("schedule: constant", "schedule: cosine per=step");
    fs::write(place.path("photos.yaml"), net).expect("room on the disk");
    fs::write(place.path("list.csv"), "image\nphotos/a/0.png\nphotos/b/0.png\n").expect("room on the disk");
    let before = bytes(&place.path("photos/a/0.png"));
    for command in [
        "predict run photos --to photos/a/0.png",
        "predict run photos/a --to photos/a/0.png",
        "predict run list.csv --to photos/a/0.png",
        "predict run list.csv --to list.csv",
        "data show photos --out photos/a/0.png",
        "data show photos.yaml --out photos/a/0.png",
        "train photos.yaml --plot-schedule=photos/a/0.png",
    ] {
        let said = refused(&place, &format!("{command} --force"), 1);
        assert!(said.contains(", and would be lost: name another file"), "{command}: {said}");
        assert_eq!(bytes(&place.path("photos/a/0.png")), before, "{command}");
    }
    for command in ["predict run photos --to out.csv", "data show photos --out out.png"] {
        place.ok(command);
        place.ok(&format!("{command} --force"));
    }
    // Images that a table names lie anywhere.
    let place = labelled();
    let before = bytes(&place.path("3.png"));
    for command in ["data show tags.yaml --out 3.png", "data show labels.csv --out 3.png"] {
        refused(&place, &format!("{command} --force"), 1);
        assert_eq!(bytes(&place.path("3.png")), before, "{command}");
    }
    place.ok("data show tags.yaml --out seen.png");
    place.ok("data show tags.yaml --out seen.png --force");
}

#[test]
fn what_fails_leaves_nothing() {
    let place = Place::new();
    place.ok("train tiny.yaml --threads 1 --out run --set train.epochs=1 --quiet");
    for folder in ["x.onnx.data", "y.weights.h5", "z"] {
        fs::create_dir(place.path(folder)).expect("room on the disk");
    }
    let names = || {
        let entries = fs::read_dir(place.path("")).expect("it is there").map(|entry| entry.expect("there").file_name());
        let mut names: Vec<_> = entries.collect();
        names.sort();
        names
    };
    let before = names();
    for arguments in [
        "--format onnx --external-data --out run",
        "--format onnx --external-data --out z",
        "--format onnx --external-data --out x.onnx",
        "--format keras --out y.py",
        "--format keras --out z",
    ] {
        refused(&place, &format!("export run {arguments} --force"), 1);
        assert_eq!(names(), before, "{arguments}");
    }
}

#[test]
fn manual_pages_are_not_written_over() {
    let place = Place::new();
    let page = place.path("man1").join("archc-train.1");
    fs::create_dir(place.path("man1")).expect("room on the disk");
    fs::write(&page, "mine").expect("room on the disk");
    let said = refused(&place, "man --out man1", 1);
    assert!(said.contains("archc-train.1` is there already, and nothing is overwritten"), "{said}");
    assert_eq!(fs::read_dir(place.path("man1")).expect("it is there").count(), 1, "{said}");
    assert_eq!(read(&page), "mine");
    place.ok("man --out man1 --force");
    assert!(read(&page).contains("archc"));
    // The same pages again are no loss.
    place.ok("man --out man1");
    assert_eq!(place.run("man --force").status.code(), Some(2));
}

/// Options that would be ignored.
#[test]
fn options_that_mean_nothing_are_refused() {
    let place = Place::new();
    place.ok("train tiny.yaml --threads 1 --out run --set train.epochs=1 --quiet");
    fs::copy(place.path("run/best.safetensors"), place.path("best.safetensors")).expect("room on the disk");
    for option in ["--ema", "--strict", "--rename a=b"] {
        for command in ["train tiny.yaml", "import net.cfg"] {
            let said = refused(&place, &format!("{command} {option}"), 2);
            assert!(said.contains("--weights <WEIGHTS>"), "{command} {option}: {said}");
        }
        let said = refused(&place, &format!("export run --format pytorch {option}"), 1);
        assert!(said.contains("means nothing for the format `pytorch`"), "{option}: {said}");
    }
    for option in ["--strict", "--rename a=b", "--set foo=1", "--input 3x9x9", "--images 5", "--allow-include ."] {
        let said = refused(&place, &format!("weights best.safetensors {option}"), 2);
        assert!(said.contains("--network <NETWORK>"), "{option}: {said}");
    }
    let said = refused(&place, "weights best.safetensors --ema", 1);
    assert!(said.contains("there are no averages of weights in it"), "{said}");
    for option in ["--set foo=1", "--input 3x9x9", "--images 5"] {
        for command in ["data info digits", "data stats digits", "data show digits"] {
            let said = refused(&place, &format!("{command} {option}"), 1);
            assert!(said.contains("changes a network's file, and `digits` is none"), "{command} {option}: {said}");
        }
    }
    for option in ["--out run2", "--weights best.safetensors", "--quiet"] {
        let said = refused(&place, &format!("train tiny.yaml --plot-schedule {option}"), 2);
        assert!(said.contains("cannot be used with"), "{option}: {said}");
    }
    let said = refused(&place, "draw tiny.yaml --format dot --width cost", 1);
    assert!(said.contains("`--width` is for SVG"), "{said}");
    let said = refused(&place, "data show digits --epoch 2", 1);
    assert!(said.contains("`--epoch` is for a network's file"), "{said}");
    // Where they mean something.
    place.ok("weights best.safetensors --network tiny.yaml --strict --set train.epochs=1");
    place.ok("eval run --strict");
    place.ok("data info tiny.yaml --set train.epochs=1");
    place.ok("train tiny.yaml --weights best.safetensors --strict --out again --set train.epochs=1 --quiet");
}
