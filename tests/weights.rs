//! `archc weights`, and weights of other programs on the command line. The files are those of tests/fixtures/weights.py
//! and tests/fixtures/containers.py.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use archc::lower::lower;
use archc::weights::{entries, save};

const NETWORK: &str = "input: [2, 6, 6]\nlayers: [conv 3 3x3 as conv, bn as bn]\n";

fn place() -> tempfile::TempDir {
    let place = tempfile::tempdir().expect("a temporary folder");
    for name in ["nested", "swapped", "within", "plain", "numbers"] {
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/fixtures/weights/{name}.pth"));
        fs::copy(from, place.path().join(format!("{name}.pth"))).expect("room on the disk");
    }
    fs::write(place.path().join("net.yaml"), NETWORK).expect("room on the disk");
    fs::write(place.path().join("other.yaml"), NETWORK.replace("as conv", "as stem").replace("as bn", "as norm"))
        .expect("room on the disk");
    place
}

fn run(place: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_archc")).current_dir(place).args(arguments).output().expect("it starts")
}

fn ok(place: &Path, arguments: &[&str]) -> String {
    let output = run(place, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

fn refused(place: &Path, arguments: &[&str]) -> (String, String) {
    let output = run(place, arguments);
    assert_eq!(output.status.code(), Some(1), "{arguments:?}: {output:?}");
    let [out, err] = [output.stdout, output.stderr].map(|bytes| String::from_utf8(bytes).expect("UTF-8"));
    (out, err)
}

#[test]
fn what_a_file_holds_is_listed() {
    let place = place();
    let said = ok(place.path(), &["weights", "swapped.pth", "--network", "net.yaml"]);
    assert_eq!(
        said,
        "name                    shape    type\n\
         conv.weight             3×2×3×3  float32\n\
         conv.bias               3        float32\n\
         bn.weight               3        float32\n\
         bn.bias                 3        float32\n\
         bn.running_mean         3        float32\n\
         bn.running_var          3        float32\n\
         bn.num_batches_tracked  1        int64\n\
         7 arrays, 70 numbers, 284 B, in `state_dict`\n\
         also `statistics`: 20 arrays\n\
         also `state_dict_ema`: 7 arrays, averages: `--ema`\n\
         all weights of the network are there\n"
    );
    // Without a network, the largest set is shown.
    assert!(ok(place.path(), &["weights", "swapped.pth"]).contains("20 arrays, 20 numbers, 80 B, in `statistics`\n"));
}

/// Names are as long as somebody likes.
#[test]
fn a_long_name_is_listed() {
    let place = place();
    let header = format!("{{\"{}\":{{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[0,4]}}}}", "n".repeat(100_000));
    let bytes = [&(header.len() as u64).to_le_bytes()[..], header.as_bytes(), &[0; 4]].concat();
    fs::write(place.path().join("long.safetensors"), bytes).expect("room on the disk");
    let said = ok(place.path(), &["weights", "long.safetensors"]);
    assert!(said.contains(&"n".repeat(100_000)), "{} characters", said.len());
}

#[test]
fn json_has_the_same() {
    let place = place();
    let json =
        |arguments: &[&str]| -> serde_json::Value { serde_json::from_str(&ok(place.path(), arguments)).expect("JSON") };
    let found = json(&["weights", "nested.pth", "--network", "net.yaml", "--ema", "--format", "json"]);
    assert_eq!(found["place"], "ema_state_dict");
    assert_eq!(found["averaged"], true);
    assert_eq!(
        found["arrays"][1],
        serde_json::json!({"name": "module.conv.weight", "shape": [3, 2, 3, 3], "dtype": "float32"})
    );
    assert_eq!(
        found["others"][0],
        serde_json::json!({"place": "checkpoint.model_state", "averaged": false, "arrays": 7})
    );
    assert_eq!(found["network"]["fits"], true);
    assert_eq!(found["network"]["left_out"], serde_json::json!(["n_averaged"]));
    let output = run(place.path(), &["weights", "plain.pth", "--network", "other.yaml", "--format", "json"]);
    assert_eq!(output.status.code(), Some(1));
    let found: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let renames = [("conv.*", "stem.*"), ("bn.*", "norm.*")];
    let renames = renames.map(|(pattern, name)| serde_json::json!({"pattern": pattern, "name": name}));
    assert_eq!(found["network"]["rename"], serde_json::json!(renames));
    assert_eq!(found["network"]["missing"].as_array().map(Vec::len), Some(6));
}

/// What is proposed works when applied.
#[test]
fn proposed_names_fit() {
    let place = place();
    let export = |more: &[&str]| {
        let arguments = ["export", "other.yaml", "--weights", "plain.pth", "--format", "pth", "--out", "out.pth"];
        run(place.path(), &[&arguments[..], more].concat())
    };
    let output = export(&[]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.ends_with(
            "by order and shape they fit under other names; if these are meant, add\n  \
             --rename 'conv.*=stem.*'\n  --rename 'bn.*=norm.*'\n"
        ),
        "{said}"
    );
    let output = export(&["--rename", "conv.*=stem.*", "--rename", "bn.*=norm.*"]);
    assert!(output.status.success(), "{output:?}");

    // From a file, whose lines `archc weights` prints.
    let (out, _) = refused(place.path(), &["weights", "plain.pth", "--network", "other.yaml"]);
    let lines: Vec<&str> = out.lines().skip_while(|line| !line.ends_with("`--rename @FILE`:")).skip(1).collect();
    assert_eq!(lines, ["conv.*=stem.*", "bn.*=norm.*"]);
    fs::write(place.path().join("names.txt"), lines.join("\n")).expect("room on the disk");
    let said = ok(place.path(), &["weights", "plain.pth", "--network", "other.yaml", "--rename", "@names.txt"]);
    assert!(said.ends_with("all weights of the network are there\n"), "{said}");
    for (rename, expected) in [
        ("conv.*", "`conv.*` has no `=`; write PATTERN=NAME"),
        ("a=*", "`*` has 1 `*`, and the pattern `a` only 0"),
        ("=a", "the pattern is empty"),
        ("@nothing.txt", "cannot read it"),
    ] {
        let output = run(place.path(), &["weights", "plain.pth", "--rename", rename]);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(2) && said.contains(expected), "{said}");
    }
}

#[test]
fn the_chosen_weights_are_used() {
    let place = place();
    let written = |weights: &str, more: &[&str]| {
        let out = place.path().join("out.pth");
        let _ = fs::remove_file(&out);
        let arguments = ["export", "net.yaml", "--weights", weights, "--format", "pth", "--out", "out.pth"];
        ok(place.path(), &[&arguments[..], more].concat());
        fs::read(&out).expect("it was written")
    };
    let (plain, averaged) = (written("plain.pth", &[]), written("swapped.pth", &["--ema"]));
    assert!(plain != averaged);
    for name in ["nested.pth", "swapped.pth", "within.pth"] {
        assert!(written(name, &[]) == plain, "{name}");
        assert!(written(name, &["--ema"]) == averaged, "{name}");
    }
    let (_, said) = refused(
        place.path(),
        &["export", "net.yaml", "--weights", "nested.pth", "--ema", "--strict", "--format", "pth", "--out", "no.pth"],
    );
    assert!(said.contains("1 unknown to the network: n_averaged"), "{said}");
    let (_, said) = refused(place.path(), &["weights", "plain.pth", "--network", "net.yaml", "--ema"]);
    assert!(said.contains("there are no averages of weights in it, which `--ema` asks for"), "{said}");
    let (_, said) = refused(place.path(), &["weights", "numbers.pth"]);
    assert!(said.contains("there is no state dict in it"), "{said}");
}

/// A run keeps how its weights were read.
#[test]
fn training_adapts_and_renames() {
    let place = place();
    let grey = "input: [1, 8, 8]\nclasses: 10\nlayers: [pad 1, conv 2 3x3 as conv -> relu, flatten, linear 10 as fc]\n\
                data: {set: digits}\ntrain: {epochs: 1, batch: 200}\n";
    fs::write(place.path().join("grey.yaml"), grey).expect("room on the disk");
    let colour = grey.replace("[1, 8, 8]", "[3, 8, 8]").replace("as conv", "as stem");
    let (network, _) = colour.split_once("data:").expect("it has sections");
    let program = lower(&archc::compile(network).expect("it compiles"));
    let values: Vec<Vec<f32>> = program.weights.iter().map(|weight| vec![0.1; weight.elements()]).collect();
    let file = place.path().join("colour.safetensors");
    save(&file, &entries(&program.weights, &values), 0, "").expect("room on the disk");

    let train = ["train", "grey.yaml", "--weights", "colour.safetensors", "--rename", "stem.*=conv.*", "--quiet"];
    let (_, said) = refused(place.path(), &train);
    assert!(said.contains("conv.weight is 2×3×3×3 in the file, 2×1×3×3 in the network"), "{said}");
    let adapted = [&train[..], &["--set", "train.adapt=input", "--out", "run"]].concat();
    let output = run(place.path(), &adapted);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("`conv.weight` reads grey images here: its weights for 3 colours are summed\n"), "{said}");
    let kept = fs::read_to_string(place.path().join("run/network.yaml")).expect("every run has one");
    assert!(kept.contains("  rename: {\"stem.*\": \"conv.*\"}\n  adapt: input\n"), "{kept}");
    ok(place.path(), &["check", "run/network.yaml"]);
}

#[test]
#[ignore = "TORCH_PYTHON must be a Python that has torch, torchvision, timm and transformers"]
fn weights_of_other_packages_give_their_logits() {
    let python = std::env::var("TORCH_PYTHON").expect("TORCH_PYTHON is set");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scripts/packages.py");
    let status = Command::new(python).arg(script).arg(env!("CARGO_BIN_EXE_archc")).status().expect("it starts");
    assert!(status.success());
}
