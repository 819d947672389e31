//! Models of ONNX and Keras: the numbers that their own programs make come out again. `tests/scripts/models.py` has
//! written them.
#![cfg(all(feature = "cli", feature = "train"))]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use archc::compile_with;
use archc::diagnostic::{Diagnostics, Sources};
use archc::executor::Executor;
use archc::expand::{expand, short};
use archc::import::{FrontEnd, Imported, Language, read};
use archc::layers::Layers;
use archc::lower::lower;
use archc::network::Network;
use archc::syntax::{Override, no_files};
use archc::weights;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/foreign/models")
}

fn front(path: &Path) -> &'static dyn FrontEnd {
    let ending = path.extension().expect("an ending").to_string_lossy();
    match Language::from_extension(&ending) {
        Some(Language::Foreign(front)) => front,
        _ => panic!("{} is not foreign", path.display()),
    }
}

/// The models that are there.
fn models() -> Vec<PathBuf> {
    let entries = fs::read_dir(folder()).expect("it is in the repository");
    let mut models: Vec<PathBuf> = entries.map(|entry| entry.expect("it can be listed").path()).collect();
    models
        .retain(|path| ["onnx", "keras", "h5"].iter().any(|ending| path.extension().is_some_and(|own| own == *ending)));
    models.sort();
    assert!(models.len() >= 7, "{models:?}");
    models
}

fn text(path: &Path) -> Result<String, String> {
    front(path).text(path).unwrap_or_else(|| fs::read_to_string(path).map_err(|error| error.to_string()))
}

fn compiled(path: &Path, text: &str) -> Result<Network, Diagnostics> {
    let language = Language::Foreign(front(path));
    compile_with(&Layers::default(), &no_files, "model", text, language, &[]).map(|compiled| compiled.network)
}

fn network(path: &Path) -> Network {
    let text = text(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    compiled(path, &text).unwrap_or_else(|errors| panic!("{}\n{errors}", path.display()))
}

fn imported(path: &Path) -> Imported {
    let mut sources = Sources::default();
    let source = sources.add("model", text(path).expect("it is read"));
    read(front(path), &mut sources, source, &[], &no_files)
}

fn check_logits(network: &Network, weights: Vec<Vec<f32>>, path: &Path) {
    let expected = fs::read_to_string(path.with_extension("logits")).expect("it is in the repository");
    let mut expected: Vec<f32> = expected.lines().map(|line| line.parse().expect("a number")).collect();
    let count = network.graph.input.elements();
    let image: Vec<f32> = (0..count).map(|k| ((37 * k % 101) as f64 / 101.0 - 0.5) as f32).collect();
    let mut found = Executor::<f32>::new(lower(network), weights).evaluate(&image).to_vec();
    // Scores that a softmax was applied to are known but for a summand.
    let largest = |numbers: &[f32]| numbers.iter().fold(f32::MIN, |largest, number| largest.max(*number));
    for numbers in [&mut found, &mut expected] {
        let most = largest(numbers);
        numbers.iter_mut().for_each(|number| *number -= most);
    }
    let size = expected.iter().fold(0.0f32, |size, number| size.max(number.abs()));
    assert_eq!(found.len(), expected.len(), "{}", path.display());
    for (found, expected) in found.iter().zip(&expected) {
        assert!((found - expected).abs() <= 1e-4 * size, "{}: {found} for {expected}", path.display());
    }
}

#[test]
fn weights_make_the_numbers_of_the_other_program() {
    for path in models() {
        let network = network(&path);
        let stored = imported(&path).stored;
        let values = front(&path).weights(&path, &stored, &lower(&network).weights);
        let values = values.unwrap_or_else(|message| panic!("{}: {message}", path.display()));
        assert!(values.left_out.is_empty(), "{}: {:?}", path.display(), values.left_out);
        check_logits(&network, values.weights.clone(), &path);
        let short = short(&network);
        let moved = short.weights.iter().map(|index| values.weights[*index].clone()).collect();
        check_logits(&short.network, moved, &path);
        let again = archc::compile(&expand(&network)).unwrap_or_else(|errors| panic!("{}\n{errors}", path.display()));
        assert_eq!(
            (again.totals(), short.network.totals()),
            (network.totals(), network.totals()),
            "{}",
            path.display()
        );
    }
}

fn archc(arguments: &[&Path]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_archc")).args(arguments).output().expect("it starts")
}

/// The whole way through the program, without a file of weights besides.
#[test]
fn import_writes_a_file_and_its_weights() {
    let folder = tempfile::tempdir().expect("a folder");
    for path in models() {
        let out = folder.path().join(path.file_name().expect("a name")).with_extension("yaml");
        let output = archc(&[Path::new("import"), &path, Path::new("--out"), &out]);
        assert!(output.status.success(), "{}: {}", path.display(), String::from_utf8_lossy(&output.stderr));
        let network = archc::compile(&fs::read_to_string(&out).expect("it is written")).expect("it is a network");
        let safetensors = out.with_extension("safetensors");
        let (values, _) = weights::load::<f32>(&safetensors, &lower(&network).weights).expect("they fit");
        check_logits(&network, values, &path);
        // As `check` says of the model itself, and of what `expand` makes of it.
        let expanded = folder.path().join("expanded.yaml");
        let text = archc(&[Path::new("expand"), &path]);
        fs::write(&expanded, &text.stdout).expect("it can be written");
        for file in [&path, &out, &expanded] {
            let checked =
                archc(&["check", "--format", "json"].map(Path::new).into_iter().chain([&**file]).collect::<Vec<_>>());
            let found: serde_json::Value = serde_json::from_slice(&checked.stdout).expect("it is JSON");
            let totals = network.totals();
            assert_eq!(found["total"]["params"], totals.params, "{}", file.display());
            assert_eq!(found["total"]["macs"], totals.macs, "{}", file.display());
        }
    }
}

/// What is exported of a model that came in makes its numbers, too.
#[test]
fn models_go_out_as_they_came_in() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = |arguments: &[&Path]| {
        let output = archc(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    };
    for path in models() {
        let own = folder.path().join(path.file_name().expect("a name")).with_extension("yaml");
        let [out, weights, format] = ["--out", "--weights", "--format"].map(Path::new);
        run(&[Path::new("import"), &path, out, &own]);
        let exported = own.with_extension("onnx");
        let stored = own.with_extension("safetensors");
        run(&[Path::new("export"), &own, weights, &stored, format, Path::new("onnx"), out, &exported]);
        let network = network(&exported);
        let stored = imported(&exported).stored;
        let values = front(&exported).weights(&exported, &stored, &lower(&network).weights).expect("its own");
        check_logits(&network, values.weights, &path);
        fs::remove_file(&exported).and_then(|()| fs::remove_file(&own)).expect("they are there");
        fs::remove_file(own.with_extension("safetensors")).expect("it is there");
    }
}

/// The description alone is a network too.
#[test]
fn a_description_has_no_weights() {
    let path = folder().join("small_json.json");
    assert_eq!(network(&path).totals(), network(&folder().join("small_keras.keras")).totals());
    let stored = imported(&path).stored;
    let error = front(&path).weights(&path, &stored, &lower(&network(&path)).weights).expect_err("there are none");
    assert!(error.contains("holds no weights"), "{error}");
}

/// Files that are cut off, or of which a byte is another, are read or refused.
#[test]
fn damaged_files_are_refused() {
    let temporary = tempfile::tempdir().expect("a folder");
    for path in models() {
        let whole = fs::read(&path).expect("it is in the repository");
        let damaged = temporary.path().join("damaged").with_extension(path.extension().expect("an ending"));
        let stored = imported(&path).stored;
        let weights = lower(&network(&path)).weights;
        let read = |bytes: &[u8]| {
            fs::write(&damaged, bytes).expect("it can be written");
            let said = text(&damaged).map_err(|error| assert!(!error.is_empty()));
            if let Ok(text) = said {
                drop(compiled(&damaged, &text));
            }
            front(&damaged).weights(&damaged, &stored, &weights).is_ok()
        };
        for length in (0..whole.len()).step_by(whole.len() / 25 + 1) {
            read(&whole[..length]);
        }
        for at in (0..whole.len()).step_by(whole.len() / 60 + 1) {
            let mut bytes = whole.clone();
            bytes[at] ^= 0xff;
            read(&bytes);
        }
    }
}

/// A model of ONNX, as its listing: the graph alone.
fn listing(nodes: &str) -> String {
    format!(
        "{{\"onnx\": 8, \"opset\": 17, \"producer\": \"\", \"name\": \"\"}}\n\
         {{\"input\": \"x\", \"type\": \"float\", \"shape\": [\"N\", 4, 8, 8]}}\n\
         {{\"tensor\": \"kernel\", \"type\": \"float\", \"shape\": [6, 4, 3, 3]}}\n\
         {{\"tensor\": \"two\", \"type\": \"float\", \"shape\": [], \"values\": [2.0]}}\n\
         {{\"tensor\": \"odd\", \"type\": \"float\", \"shape\": [8]}}\n{nodes}\n\
         {{\"output\": \"y\", \"type\": \"float\", \"shape\": [\"N\", 4, 8, 8]}}\n"
    )
}

fn node(operator: &str, inputs: &str, attributes: &str) -> String {
    format!(
        "{{\"node\": \"n\", \"op\": \"{operator}\", \"inputs\": [{inputs}], \"outputs\": [\"y\"], \"attributes\": {{{attributes}}}}}"
    )
}

/// What is none of the language is refused by its node, with the reason.
#[test]
fn what_archc_has_not_is_refused_by_name() {
    for (nodes, expected) in [
        (node("LSTM", "\"x\"", ""), "node `n`: `LSTM` remembers earlier inputs"),
        (node("MatMul", "\"x\", \"x\"", ""), "node `n`: `MatMul` multiplies computed values"),
        (node("Clip", "\"x\"", "\"min\": 1.0, \"max\": 1.0"), "cuts to 1…1, which is one number"),
        (node("Clip", "\"x\"", "\"min\": -5000.0, \"max\": 1.0"), "cuts at -5000, by way of which"),
        (node("LRN", "\"x\"", "\"size\": 4"), "has a window of 4"),
        (node("Conv", "\"x\", \"odd\"", ""), "slides along"),
        (node("Conv", "\"x\", \"kernel\"", "\"group\": 2"), "it reads 8 channels in 2 groups, and 4 arrive"),
        (node("Conv", "\"x\", \"kernel\"", "\"pads\": [0, 0]"), "are no window of two dimensions"),
        (node("Add", "\"x\", \"odd\"", ""), "takes constants of 8"),
        (node("Sub", "\"odd\", \"x\"", ""), "has the constant before the computed value"),
        (node("Pow", "\"x\", \"x\"", ""), "computes its exponent, and archc's layers have them fixed"),
        (node("Pow", "\"x\", \"odd\"", ""), "raises to powers that are computed, or more than one"),
        (node("Concat", "\"x\", \"x\"", "\"axis\": 2"), "joins along axis 2"),
        (
            node("Slice", "\"x\"", "\"starts\": [1], \"ends\": [4], \"axes\": [2], \"steps\": [2]"),
            "takes 1 to 4 of 8 in steps of 2",
        ),
        (node("Transpose", "\"x\"", "\"perm\": [1, 0, 2, 3]"), "puts the numbers into axes that no layer of archc has"),
        (node("Relu", "\"nothing\"", ""), "no node before this one makes `nothing`"),
        (node("Relu", "\"y\"", ""), "no node before this one makes `y`"),
        (node("QLinearConv", "\"x\"", ""), "is quantised"),
        (node("Foo", "\"x\"", ""), "is in archc's language as no layer"),
    ] {
        let errors = compiled(Path::new("model.onnx"), &listing(&nodes)).expect_err(&nodes).to_string();
        assert!(errors.contains(expected), "{nodes}\n{errors}");
        assert!(errors.contains("--> model:"), "{errors}");
    }
}

/// The ends of single precision stand for no bound, as older exporters write them.
#[test]
fn bounds_beyond_all_numbers_are_none() {
    let most = f64::from(f32::MAX);
    for (attributes, expected) in [
        (
            format!("\"min\": {:e}, \"max\": 6.0", -most),
            "n_from power 1 scale=-1 shift=6, n relu, n_to power 1 scale=-1 shift=6",
        ),
        (format!("\"min\": 0.0, \"max\": {most:e}"), "n relu"),
        (format!("\"min\": {:e}, \"max\": {most:e}", -most), "n identity"),
        ("\"min\": 0.0, \"max\": 6.0".to_owned(), "n relu6"),
    ] {
        let text = listing(&node("Clip", "\"x\"", &attributes));
        let network =
            compiled(Path::new("model.onnx"), &text).unwrap_or_else(|errors| panic!("{attributes}\n{errors}"));
        let layers = network.graph.nodes.iter().map(|node| format!("{} {}", node.name, node.call));
        assert_eq!(layers.collect::<Vec<_>>().join(", "), expected, "{attributes}");
    }
}

/// Where images have no fixed size, the advice has what the file says of it, and works.
#[test]
fn a_size_that_is_open_is_asked_for() {
    for (sizes, advice) in [
        ("[\"N\", 1, 64, \"W\"]", "1x64x224"),
        ("[-1, 3, -1, -1]", "3x224x224"),
        ("[\"N\", \"C\", 32, 320]", "3x32x320"),
    ] {
        let text = listing(&node("Relu", "\"x\"", "")).replace("[\"N\", 4, 8, 8]", sizes);
        let errors = compiled(Path::new("model.onnx"), &text).expect_err(sizes).to_string();
        assert!(errors.contains(&format!("`--input {advice}`")), "{errors}");
        let set = Override { path: "input".to_owned(), value: advice.to_owned(), option: None };
        let language = Language::Foreign(front(Path::new("model.onnx")));
        let network = compile_with(&Layers::default(), &no_files, "model.onnx", &text, language, &[set]);
        network.unwrap_or_else(|errors| panic!("{sizes}\n{errors}"));
    }
}

/// A network in Keras's words, of these layers.
fn keras(layers: &str) -> String {
    format!(
        "{{\"class_name\": \"Sequential\", \"config\": {{\"name\": \"s\", \"layers\": [\n\
         {{\"class_name\": \"InputLayer\", \"config\": {{\"batch_shape\": [null, 8, 8, 4], \"name\": \"i\"}}}},\n{layers}]}}}}"
    )
}

#[test]
fn what_archc_has_not_is_refused_in_keras() {
    let layer =
        |class: &str, config: &str| format!("{{\"class_name\": \"{class}\", \"config\": {{\"name\": \"n\"{config}}}}}");
    for (layers, expected) in [
        (layer("LSTM", ""), "`n`: archc has no layer for `LSTM`, which remembers earlier inputs"),
        (layer("Conv2d", ""), "did you mean `Conv2D`?"),
        (layer("Activation", ", \"activation\": \"crelu\""), "`crelu` of `n` is an activation that archc has not"),
        (layer("Conv2D", ", \"filters\": 4, \"kernel_size\": [3], \"strides\": 1"), "`kernel_size` of `n` is no pair"),
        (layer("Conv2D", ", \"filters\": 4, \"kernel_size\": 3, \"padding\": \"causal\""), "pads by `causal`"),
        (
            layer("Conv2D", ", \"filters\": 4, \"kernel_size\": 3, \"data_format\": \"channels_first\""),
            "channels first",
        ),
        (layer("Conv2D", ", \"filters\": 4, \"kernel_size\": 9"), "kernel 9×9 does not fit the 8×8 input"),
        (layer("BatchNormalization", ", \"axis\": 1"), "does not normalise along the channels"),
        (layer("Reshape", ", \"target_shape\": [4, 64]"), "`n` makes 4×64 of 4×8×8"),
        (layer("MyLayer", ""), "archc has no layer for `MyLayer`"),
    ] {
        let found = compiled(Path::new("model.json"), &keras(&layers));
        let errors = found.expect_err(&layers).to_string();
        assert!(errors.contains(expected), "{layers}\n{errors}");
    }
}
