//! Trained networks are used without the files that they were trained from, and leave.

use std::fs;

use crate::place::{Place, json};

/// A run of a small network that knows no other place than its own.
fn trained() -> Place {
    let place = Place::new();
    place.ok("train tiny.yaml --threads 1 --out run --quiet");
    fs::copy(place.path("run/best.safetensors"), place.path("best.safetensors")).expect("room on the disk");
    place
}

#[test]
fn weights_are_enough() {
    let place = trained();
    image::GrayImage::from_pixel(8, 8, image::Luma([90])).save(place.path("grey.png")).expect("room on the disk");
    for command in ["eval {} --format json", "predict {} grey.png --format json", "predict {} grey.png --top 2"] {
        let by = |network: &str| place.ok(&command.replace("{}", network));
        let expected = by("tiny.yaml --weights run/best.safetensors");
        assert_eq!(by("best.safetensors"), expected, "{command}");
        assert_eq!(by("run"), expected, "{command}");
    }
    let checked = |file: &str| place.ok(&format!("check {file} --batch 10"));
    assert_eq!(checked("best.safetensors"), checked("tiny.yaml --set train=null"));
    let expanded = place.ok("expand best.safetensors");
    assert!(expanded.contains("set: digits") && !expanded.contains("train:\n"), "{expanded}");
    // The command line changes it like a file.
    assert!(place.ok("check best.safetensors --input 1x16x16 --set classes=10").contains("1×16×16"));
}

#[test]
fn weights_that_say_nothing_need_the_network() {
    let place = trained();
    // As the version before wrote its note, and as PyTorch writes.
    let bytes = fs::read(place.path("best.safetensors")).expect("every run writes it");
    let header = u64::from_le_bytes(*bytes.first_chunk().expect("a length")) as usize;
    let text = std::str::from_utf8(&bytes[8..8 + header]).expect("JSON");
    let mut header = json(text.trim_end());
    header["__metadata__"]["archc"] =
        r#"{"network":"tiny","classes":["0","1","2","3","4","5","6","7","8","9"],"epoch":1,"step":15}"#.into();
    let header_of = |header: &serde_json::Value| {
        let mut text = header.to_string().into_bytes();
        text.resize(text.len().next_multiple_of(8), b' ');
        [&(text.len() as u64).to_le_bytes(), text.as_slice()].concat()
    };
    let rest = &bytes[8 + text.len()..];
    fs::write(place.path("old.safetensors"), [&header_of(&header), rest].concat()).expect("room on the disk");
    header.as_object_mut().expect("an object").remove("__metadata__");
    fs::write(place.path("plain.safetensors"), [&header_of(&header), rest].concat()).expect("room on the disk");
    let expected = place.ok("eval best.safetensors --format json");
    for file in ["old.safetensors", "plain.safetensors"] {
        let said = place.refused(&format!("eval {file}"));
        let advice = format!("name the network's file, then `--weights {file}`");
        assert!(said.contains("does not say of which network") && said.contains(&advice), "{said}");
        place.refused(&format!("check {file}"));
        assert_eq!(place.ok(&format!("eval tiny.yaml --weights {file} --format json")), expected, "{file}");
    }
    for (arguments, expected) in [
        ("eval tiny.yaml", "`tiny.yaml` has no weights: name a file of them with `--weights`"),
        ("eval .", "`.` is no run's folder: there is no network.yaml in it"),
        ("export none.yaml --format onnx", "none.yaml"),
    ] {
        let said = place.refused(arguments);
        assert!(said.contains(expected), "{said}");
    }
}

#[test]
fn a_folder_is_predicted() {
    let place = trained();
    for name in ["photos/b.png", "photos/inner/c,d.png", "photos/a.png"] {
        let path = place.path(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("room on the disk");
        image::GrayImage::from_pixel(8, 8, image::Luma([name.len() as u8 * 9])).save(path).expect("room on the disk");
    }
    fs::write(place.path("photos/notes.txt"), "no image").expect("room on the disk");
    fs::write(place.path("photos/broken.png"), "no image either").expect("room on the disk");
    let run = |more: &str| {
        let output = place.run(&format!("predict best.safetensors photos {more}"));
        assert_eq!(output.status.code(), Some(1), "one image cannot be read");
        assert!(String::from_utf8_lossy(&output.stderr).contains("photos/broken.png"));
        String::from_utf8(output.stdout).expect("UTF-8")
    };
    let expected = run("--format json");
    let images: Vec<String> =
        expected.lines().map(|line| json(line)["image"].as_str().expect("a name").to_owned()).collect();
    assert_eq!(images, ["photos/a.png", "photos/b.png", "photos/inner/c,d.png"]);
    for batch in [1, 2, 3] {
        // Sums of another batch may round in another way.
        let found = run(&format!("--format json --batch {batch}"));
        for (found, expected) in found.lines().zip(expected.lines()) {
            let best = |line: &str| json(line)["predictions"][0]["class"].clone();
            assert_eq!((best(found), json(found)["image"].clone()), (best(expected), json(expected)["image"].clone()));
        }
        assert_eq!(found.lines().count(), 3);
    }
    let table = run("--format csv --top 2");
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!((lines[0], lines.len()), ("image,rank,class,name,probability", 1 + 3 * 2));
    assert!(lines[1].starts_with("photos/a.png,1,") && lines[2].starts_with("photos/a.png,2,"), "{table}");
    assert!(lines[5].starts_with("\"photos/inner/c,d.png\",1,"), "{table}");
    fs::create_dir(place.path("empty")).expect("room on the disk");
    assert!(place.refused("predict best.safetensors empty").contains("no image is in `empty`"));
}

#[test]
fn exports_are_written() {
    let place = trained();
    let said = place.ok("export run --format onnx");
    assert!(said.starts_with("tiny.onnx (") && said.trim_end().ends_with("): opset 17, 5 nodes"), "{said}");
    let bytes = |name: &str| fs::read(place.path(name)).expect("it was written");
    place.ok("export best.safetensors --format onnx --out again.onnx");
    assert_eq!(bytes("tiny.onnx"), bytes("again.onnx"), "the same bytes again");
    let said = place.ok("export run --format onnx --external-data --keep-bn --weights-as fp16 --out half.onnx");
    assert!(said.contains("half.onnx (") && said.contains(" and half.onnx.data ("), "{said}");
    assert!(bytes("half.onnx.data").len() < bytes("tiny.onnx").len() * 2 / 3);
    place.ok("export run --format pth --out w.pth");
    let eval = |weights: &str| place.ok(&format!("eval tiny.yaml --weights {weights} --format json"));
    assert_eq!(eval("w.pth"), eval("run/best.safetensors"));

    for (arguments, expected) in [
        ("--format onnx", "`tiny.onnx` is there already, and nothing is overwritten"),
        ("--format pytorch --out run/network.yaml", "`run/network.yaml` is what this is made of, and would be lost"),
        ("--format pth --force --out run/best.safetensors", "`run/best.safetensors` is what this is made of"),
        ("--format pth --force --out run/last.safetensors", "`run/last.safetensors` is part of a run"),
        ("--format onnx --external-data --out half.onnx", "`half.onnx.data` is there already"),
        ("--format onnx --opset 12 --out x.onnx", "`--opset 12` is not written: from 13 to 28, 17 unless given"),
        ("--format onnx --opset 99 --out x.onnx", "`--opset 99` is not written"),
        ("--format pth --opset 17", "`--opset` means nothing for the format `pth`: leave it out"),
        ("--format pth --preprocess", "`--preprocess` means nothing for the format `pth`: leave it out"),
        ("--format onnx --out nowhere/x.onnx", "cannot write `nowhere/x.onnx`"),
        ("--format onnx --weights tiny.yaml --out x.onnx", "tiny.yaml"),
    ] {
        let said = place.refused(&format!("export run {arguments}"));
        assert!(said.contains(expected), "{said}");
        assert!(!place.path("x.onnx").exists());
    }
    for arguments in ["--format tflite", "--format onnx --batch 0", "--format onnx --weights-as int8"] {
        assert_eq!(place.run(&format!("export run {arguments}")).status.code(), Some(2), "{arguments}");
    }
}

/// With images as they are decoded, what cannot be said in a graph is refused.
#[test]
fn preprocessing_has_an_order() {
    let place = trained();
    for (transforms, expected) in [
        ("[normalize half, resize 8x8]", "under `data:` `resize 8x8` comes after it: write it before"),
        ("[resize 8x8, normalize half]", ""),
        ("[normalize measured]", ""),
    ] {
        let set = format!("data={{\"set\": \"digits\", \"eval\": {transforms}}}");
        let mut command = place.command("export best.safetensors --format onnx --preprocess --out p.onnx --set");
        let output = command.arg(set).output().expect("it starts");
        let said = String::from_utf8(output.stderr).expect("UTF-8");
        assert_eq!(output.status.success(), expected.is_empty(), "{transforms}: {said}");
        assert!(said.contains(expected), "{transforms}: {said}");
    }
}
