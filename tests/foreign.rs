//! Networks of Caffe and Darknet: what they come to, the numbers that they make with their own weights, and what archc
//! writes of them. `tests/scripts/foreign.py` has written the small ones, and says what their numbers are held against.
#![cfg(all(feature = "cli", feature = "train"))]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use archc::diagnostic::{Diagnostics, Sources};
use archc::executor::Executor;
use archc::expand::{expand, short};
use archc::import::{FrontEnd, Imported, Language, read};
use archc::layers::Layers;
use archc::lower::lower;
use archc::network::Network;
use archc::syntax::Override;
use archc::weights;
use archc::{Compiled, compile, compile_with};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/foreign")
}

fn language(path: &Path) -> Option<Language> {
    Language::from_extension(&path.extension()?.to_string_lossy())
}

/// The files of a folder that are networks or solvers, sorted.
fn files(of: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder().join(of)).expect("it is in the repository");
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("it can be listed").path()).collect();
    files.retain(|path| language(path).is_some());
    files.sort();
    files
}

fn overrides(set: &[(&str, &str)]) -> Vec<Override> {
    let one =
        |(path, value): &(&str, &str)| Override { path: path.to_string(), value: value.to_string(), option: None };
    set.iter().map(one).collect()
}

fn load(name: &str) -> Result<String, String> {
    fs::read_to_string(name).map_err(|error| error.to_string())
}

fn compiled(path: &Path, set: &[(&str, &str)]) -> Result<Compiled, Diagnostics> {
    let text = fs::read_to_string(path).expect("it is text");
    let language = language(path).expect("it has the ending of one");
    compile_with(&Layers::default(), &load, &path.to_string_lossy(), &text, language, &overrides(set))
}

fn network(path: &Path, set: &[(&str, &str)]) -> Network {
    compiled(path, set).unwrap_or_else(|errors| panic!("{errors}")).network
}

/// The sizes of images that files do not say.
fn input_of(path: &Path) -> &'static [(&'static str, &'static str)] {
    let name = path.file_name().expect("a name").to_string_lossy();
    match &*name {
        name if name.starts_with("lenet_") => &[("input", "1x28x28")],
        name if name.starts_with("cifar10_quick") => &[("input", "3x32x32")],
        "bvlc_alexnet_train_val.prototxt" => &[("input", "3x227x227")],
        _ => &[],
    }
}

/// Parameters and multiply-accumulates, published or worked out by hand from the papers' tables.
#[test]
fn files_come_to_what_is_published() {
    for (file, params, macs) in [
        ("caffe/bvlc_alexnet_deploy.prototxt", 60_965_224, 724_406_816),
        ("caffe/bvlc_alexnet_train_val.prototxt", 60_965_224, 724_406_816),
        ("caffe/bvlc_googlenet_deploy.prototxt", 6_998_552, 1_582_671_872),
        ("caffe/lenet.prototxt", 431_080, 2_293_000),
        ("caffe/lenet_train_test.prototxt", 431_080, 2_293_000),
        ("caffe/lenet_solver.prototxt", 431_080, 2_293_000),
        ("caffe/cifar10_quick_train_test.prototxt", 145_578, 12_354_176),
        ("caffe/cifar10_quick_solver.prototxt", 145_578, 12_354_176),
        ("darknet/alexnet.cfg", 62_378_344, 1_135_256_096),
        ("darknet/vgg-16.cfg", 138_357_544, 15_470_264_320),
        ("darknet/darknet19.cfg", 20_842_376, 3_645_374_464),
    ] {
        let path = folder().join(file);
        let totals = network(&path, input_of(&path)).totals();
        assert_eq!((totals.params, totals.macs), (params, macs), "{file}");
    }
}

/// Every network that is read is written again, in two ways, and comes to the same.
#[test]
fn what_is_written_is_the_same_network() {
    let all = ["caffe", "darknet", "small"].into_iter().flat_map(files);
    // Its network has another name than it says.
    let all: Vec<PathBuf> = all.filter(|path| !path.ends_with("bvlc_alexnet_solver.prototxt")).collect();
    assert!(all.len() > 20);
    for path in all {
        let network = network(&path, input_of(&path));
        let text = expand(&network);
        let again = compile(&text).unwrap_or_else(|errors| panic!("{}\n{errors}", path.display()));
        assert_eq!(again.totals(), network.totals(), "{}", path.display());
        let short = short(&network);
        let again = compile(&short.text).unwrap_or_else(|errors| panic!("{}\n{errors}", path.display()));
        assert_eq!(again.totals(), network.totals(), "{}", path.display());
        assert_eq!(again.train, network.train, "{}", path.display());
        let mut weights = short.weights.clone();
        weights.sort_unstable();
        assert!(weights.into_iter().eq(0..lower(&network).weights.len()), "{}", path.display());
    }
}

/// Repeats are folded: a few lines say what takes thousands there.
#[test]
fn what_is_there_again_is_a_block() {
    for (file, lines) in [
        ("darknet/densenet201.cfg", 40),
        ("darknet/resnet50.cfg", 40),
        ("darknet/resnext50.cfg", 45),
        ("darknet/resnet18.cfg", 40),
        ("darknet/darknet19.cfg", 40),
        ("caffe/bvlc_googlenet_deploy.prototxt", 60),
    ] {
        let text = short(&network(&folder().join(file), &[])).text;
        assert!(text.contains("blocks:"), "{file}:\n{text}");
        assert!(text.lines().count() < lines, "{file}: {} lines\n{text}", text.lines().count());
    }
}

/// What a front end reads of a file.
fn imported(path: &Path) -> (&'static dyn FrontEnd, Imported) {
    let Some(Language::Foreign(front)) = language(path) else { panic!("{} is not foreign", path.display()) };
    let mut sources = Sources::default();
    let source = sources.add(path.to_string_lossy(), fs::read_to_string(path).expect("it is text"));
    (front, read(front, &mut sources, source, &[], &load))
}

fn weights_file(path: &Path) -> PathBuf {
    path.with_extension(if path.extension().is_some_and(|extension| extension == "cfg") {
        "weights"
    } else {
        "caffemodel"
    })
}

/// The input of `tests/scripts/foreign.py`.
fn image(elements: usize) -> Vec<f32> {
    (0..elements).map(|k| ((37 * k % 101) as f64 / 101.0 - 0.5) as f32).collect()
}

fn check_logits(network: &Network, weights: Vec<Vec<f32>>, path: &Path) {
    let expected = fs::read_to_string(path.with_extension("logits")).expect("it is in the repository");
    let expected: Vec<f32> = expected.lines().map(|line| line.parse().expect("a number")).collect();
    let mut executor = Executor::<f32>::new(lower(network), weights);
    let found = executor.evaluate(&image(network.graph.input.elements())).to_vec();
    assert_eq!(found.len(), expected.len(), "{}", path.display());
    let largest = expected.iter().fold(0.0f32, |largest, number| largest.max(number.abs()));
    for (found, expected) in found.iter().zip(&expected) {
        assert!((found - expected).abs() <= 1e-4 * largest, "{}: {found} for {expected}", path.display());
    }
}

#[test]
fn weights_make_the_numbers_of_the_other_program() {
    let all = files("small");
    assert_eq!(all.len(), 8);
    for path in all {
        let network = network(&path, &[]);
        let (front, Imported { stored, .. }) = imported(&path);
        let program = lower(&network);
        let values = front.weights(&weights_file(&path), &stored, &program.weights);
        let values = values.unwrap_or_else(|message| panic!("{}: {message}", path.display()));
        assert!(values.left_out.is_empty(), "{:?}", values.left_out);
        check_logits(&network, values.weights.clone(), &path);
        let short = short(&network);
        let moved = short.weights.iter().map(|index| values.weights[*index].clone()).collect();
        check_logits(&short.network, moved, &path);
    }
}

/// Files that are cut off, or of which a byte is another, are read or refused.
#[test]
fn damaged_weights_are_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let damaged = folder.path().join("damaged");
    for path in files("small") {
        let weights = lower(&network(&path, &[])).weights;
        let (front, Imported { stored, .. }) = imported(&path);
        let whole = fs::read(weights_file(&path)).expect("it is in the repository");
        let read = |bytes: &[u8]| {
            fs::write(&damaged, bytes).expect("it can be written");
            front.weights(&damaged, &stored, &weights)
        };
        for length in (0..whole.len()).step_by(whole.len() / 40 + 1) {
            let message = read(&whole[..length]).expect_err("it is cut off");
            assert!(!message.is_empty());
        }
        let longer = [&whole[..], &[0xff; 4]].concat();
        assert!(!read(&longer).expect_err("something was added").is_empty());
        for at in (0..whole.len()).step_by(whole.len() / 60 + 1) {
            let mut bytes = whole.clone();
            bytes[at] ^= 0xff;
            // Another number is a number too; a head or a length is refused, or leads elsewhere.
            let _ = read(&bytes);
        }
    }
}

#[test]
fn weights_of_another_network_are_refused() {
    let small = |name: &str| folder().join("small").join(name);
    for (cfg, weights, expected) in [
        ("plain.cfg", "pools.weights", "numbers, and the file, behind its head of 20 bytes, "),
        ("pools.cfg", "plain.weights", "it is for another network"),
        ("plain.cfg", "rich.caffemodel", "Darknet's weights do"),
        ("rich.prototxt", "older.caffemodel", "`conv1.weight` is 6×1×5×5"),
        ("older.prototxt", "plain.weights", ""),
    ] {
        let path = small(cfg);
        let (front, Imported { stored, .. }) = imported(&path);
        let weights_of = lower(&network(&path, &[])).weights;
        let message = front.weights(&small(weights), &stored, &weights_of).expect_err("it is another's");
        assert!(message.contains(expected), "{cfg} with {weights}: {message}");
    }
}

/// A recipe that counts steps becomes one of epochs when the number of images is known.
#[test]
fn recipes_come_along() {
    let cifar: &[(&str, &str)] = &[("data.set", "cifar10"), ("input", "3x32x32")];
    let mnist: &[(&str, &str)] = &[("data.set", "mnist"), ("input", "1x28x28")];
    for (file, set, expected) in [
        ("caffe/cifar10_quick_solver.prototxt", cifar, "8 epochs of 100×1, constant"),
        ("caffe/cifar10_quick_solver.prototxt", &cifar[1..], "none"),
        ("caffe/lenet_solver.prototxt", mnist, "11 epochs of 64×1, inverse gamma=0.0938 power=0.75 per=step"),
        ("darknet/cifar.cfg", cifar, "13 epochs of 128×1, polynomial power=4.0 per=step"),
        (
            "darknet/resnet18.cfg",
            &[("images", "1281167")],
            "1 epochs of 1×1, polynomial power=4.0 per=step warmup=0.000780538368534 warmup_from=0.0 warmup_power=4.0",
        ),
    ] {
        let path = folder().join(file);
        let train = network(&path, set).train;
        let found = train.map_or("none".to_string(), |train| {
            format!("{} epochs of {}×{}, {}", train.epochs, train.batch, train.accumulate, train.schedule)
        });
        assert_eq!(found, expected, "{file}");
    }
}

fn archc(arguments: &[&Path]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_archc")).args(arguments).output().expect("it starts")
}

/// The whole way through the program: a file and its weights that fit it, which are not written over.
#[test]
fn import_writes_a_file_and_its_weights() {
    let folder = tempfile::tempdir().expect("a folder");
    for path in files("small") {
        let weights = weights_file(&path);
        let out = folder.path().join(path.file_name().expect("a name")).with_extension("yaml");
        let arguments = [Path::new("import"), &path, Path::new("--weights"), &weights, Path::new("--out"), &out];
        let output = archc(&arguments);
        assert!(output.status.success(), "{}: {}", path.display(), String::from_utf8_lossy(&output.stderr));
        let (foreign, network) = (network(&path, &[]), network(&out, &[]));
        assert_eq!(network.totals(), foreign.totals(), "{}", path.display());
        let safetensors = out.with_extension("safetensors");
        let (values, _) = weights::load::<f32>(&safetensors, &lower(&network).weights).expect("they fit");
        check_logits(&network, values, &path);

        let again = archc(&arguments);
        assert_eq!(again.status.code(), Some(1));
        assert!(String::from_utf8_lossy(&again.stderr).contains("nothing is overwritten"));
        let own = archc(&[Path::new("import"), &out]);
        assert!(String::from_utf8_lossy(&own.stderr).contains("in archc's own language"));
    }
}

/// Also weights by their names, as somebody has them who built the network once more in PyTorch.
#[test]
fn import_takes_weights_of_pytorch() {
    let folder = tempfile::tempdir().expect("a folder");
    for path in files("small") {
        let foreign = network(&path, &[]);
        let (front, Imported { stored, .. }) = imported(&path);
        let mut declared = lower(&foreign).weights;
        let values = front.weights(&weights_file(&path), &stored, &declared).expect("they are its own").weights;
        declared.iter_mut().for_each(|weight| weight.name = format!("module.model.{}", weight.name));
        let wrapped = folder.path().join("wrapped.safetensors");
        weights::save(&wrapped, &weights::entries(&declared, &values), 0, "").expect("room on the disk");
        let out = folder.path().join(path.file_name().expect("a name")).with_extension("yaml");
        let output = archc(&[Path::new("import"), &path, Path::new("--weights"), &wrapped, Path::new("--out"), &out]);
        assert!(output.status.success(), "{}: {}", path.display(), String::from_utf8_lossy(&output.stderr));
        let own = network(&out, &[]);
        let (values, _) = weights::load::<f32>(&out.with_extension("safetensors"), &lower(&own).weights).expect("fit");
        check_logits(&own, values, &path);
    }
}
