//! The same networks on a GPU: against PyTorch's numbers, against the processor, and a whole run.
//!
//! Where no NVIDIA driver is, a GPU is emulated, slowly, which takes Linux and a C++ compiler. What may differ in f32
//! is what may in `tests/reference`.

#[allow(dead_code, reason = "the tests of kernels have more uses for it")]
mod emulator;
#[path = "../reference/fixture.rs"]
mod fixture;

use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::AtomicBool;

use archc::device::{Cuda, Device, Precision};
use archc::kernels::{Algorithms, MaskKey, Mode, Objective};
use archc::lower::lower;
use archc::network::Network;
use archc::program::Program;
use archc::random::initial_weights;
use archc::recipe::{Clip, Optimizer, Rule};
use archc::syntax::Format;
use archc::train::average::Average;
use archc::train::data::Dataset;
use archc::train::learner::{Learner, LearnerStart, Outcome, Wait};
use archc::train::progress::Progress;
use archc::train::{Ended, OptimizerState, Run, SAVE_EVERY, Setting, TrainError, train};
use fixture::{Fixture, NETWORKS};
use serde_json::Value;

fn cuda(numbers: Precision) -> Device {
    Device::Cuda(Cuda { number: 0, numbers, algorithms: Algorithms::Fastest })
}

/// What the tests run on.
#[derive(Clone, Copy, PartialEq)]
enum Gpu {
    Real,
    Emulated,
}

/// Looked for once: an emulated GPU that is open already answers as a real one does.
fn gpu() -> Option<Gpu> {
    static FOUND: OnceLock<Option<Gpu>> = OnceLock::new();
    *FOUND.get_or_init(|| {
        let found = match cuda(Precision::F32).check() {
            Ok(()) => return Some(Gpu::Real),
            Err(error) if error.to_string().contains("no NVIDIA driver") => emulator::open().map(|()| Gpu::Emulated),
            Err(error) => Err(error.to_string()),
        };
        found.map_err(|why| eprintln!("skipped: {why}")).ok()
    })
}

/// Plain descent by gradients that are made so large that nothing is lost where they are subtracted.
const LARGE: f64 = 1024.0;

fn start(program: &Program, weights: &[Vec<f32>], optimizer: Optimizer) -> LearnerStart {
    LearnerStart {
        program: program.clone(),
        weights: weights.to_vec(),
        optimizer: OptimizerState::new(optimizer, program),
        average: None,
        clip: None,
        accumulate: 1,
    }
}

const KEY: MaskKey = MaskKey { seed: 5, step: 0, place: 0 };

/// The loss of a batch, and the gradients of all weights that have one, by a step of descent.
fn gradients(learner: &mut dyn Learner, images: &[f32], objective: Objective) -> (f64, Vec<Vec<f32>>) {
    let before = learner.learned().expect("it is there").weights.to_vec();
    learner.learn(images, objective.into(), KEY).expect("a step can be computed");
    learner.update(LARGE, 0).expect("weights can be changed");
    let outcome = learner.outcome(Wait::All).expect("the step was computed").expect("a batch has an outcome");
    let learned = learner.learned().expect("it is there");
    let change = |(a, b): (&f32, &f32)| ((f64::from(*a) - f64::from(*b)) / LARGE) as f32;
    let all = before.iter().zip(learned.weights).map(|(a, b)| a.iter().zip(b).map(change).collect());
    (outcome.loss.loss, all.collect())
}

#[test]
fn one_step_is_pytorchs() {
    let Some(_) = gpu() else { return };
    for fixture in NETWORKS.map(Fixture::load) {
        let (images, labels): (Vec<f32>, Vec<u32>) = (fixture.get("images"), fixture.get("labels"));
        let weights: Vec<Vec<f32>> = fixture.weights("weights");
        for numbers in [Precision::F32, Precision::Tf32] {
            let rule = Optimizer::sgd(LARGE, 0.0);
            let mut learner = cuda(numbers).learner(start(&fixture.program, &weights, rule)).expect("it fits");
            let logits = learner.evaluator_mut().evaluate(&images).expect("it can be computed").to_vec();
            let (loss, mut gradients) = gradients(&mut *learner, &images, Objective::from(&labels));
            let learned = learner.learned().expect("it is there").weights.to_vec();
            if numbers == Precision::Tf32 && gpu() == Some(Gpu::Real) {
                // Factors have 11 bits and are multiplied some dozen times in a row.
                close("logits in tf32", &logits, &fixture.get::<f32>("eval/logits"), 16.0 / 2048.0);
                continue;
            }
            fixture.check("eval/logits", &logits);
            fixture.check("train/loss", &[loss as f32]);
            for (weight, gradient) in fixture.program.weights.iter().zip(&mut gradients) {
                if !weight.trainable {
                    gradient.clear();
                }
            }
            fixture.check_weights("train/gradients", &gradients);
            fixture.check_weights("train/buffers", &learned);
        }
    }
}

/// In bf16 numbers have 8 bits. They are rounded some dozen times in a row.
#[test]
fn bf16_is_near() {
    let Some(_) = gpu() else { return };
    for fixture in NETWORKS.map(Fixture::load) {
        let images: Vec<f32> = fixture.get("images");
        let weights: Vec<Vec<f32>> = fixture.weights("weights");
        let mut evaluator = cuda(Precision::Bf16).evaluator(fixture.program.clone(), weights).expect("it fits");
        let logits = evaluator.evaluate(&images).expect("it can be computed");
        close("logits in bf16", logits, &fixture.get::<f32>("eval/logits"), 16.0 / 256.0);
    }
}

fn close(what: &str, found: &[f32], expected: &[f32], allowed: f32) {
    let largest = expected.iter().fold(0f32, |largest, value| largest.max(value.abs()));
    let error = found.iter().zip(expected).fold(0f32, |error, (a, b)| error.max((a - b).abs()));
    assert!(found.len() == expected.len() && error <= allowed * largest, "{what}: off by {error}, largest {largest}");
}

/// The length of the difference, as a part of the length of what is expected.
fn relative(found: &[Vec<f32>], expected: &[Vec<f32>]) -> f64 {
    let square = |value: f64| value * value;
    let pairs = || found.iter().flatten().zip(expected.iter().flatten());
    let difference: f64 = pairs().map(|(a, b)| square(f64::from(*a) - f64::from(*b))).sum();
    (difference / pairs().map(|(_, b)| square(f64::from(*b))).sum::<f64>()).sqrt()
}

/// So many multiplications a step are emulated in reasonable time.
const EMULATED: u64 = 1_000_000;

/// One step of every network in architectures/, with dropout's masks, against the processor.
#[test]
fn architectures_follow_the_processor() {
    let Some(gpu) = gpu() else { return };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("architectures");
    let mut files: Vec<_> =
        std::fs::read_dir(folder).expect("it is there").map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let mut left = 0;
    for path in files {
        let format = if path.extension().is_some_and(|kind| kind == "toml") { Format::Toml } else { Format::Yaml };
        let text = std::fs::read_to_string(&path).expect("it can be read");
        let compiled = archc::compile_source(&path.display().to_string(), &text, format, &[]);
        let network = compiled.unwrap_or_else(|errors| panic!("{errors}")).network;
        let batch = 3;
        if gpu == Gpu::Emulated && network.totals().macs * batch as u64 > EMULATED {
            left += 1;
            continue;
        }
        let program = lower(&network);
        let weights = initial_weights::<f32>(&program, 1);
        let images: Vec<f32> = (0..batch * network.graph.input.elements()).map(|i| (i as f32 * 0.37).sin()).collect();
        let labels: Vec<u32> = (0..batch as u32).collect();
        let step = |device: Device| {
            let rule = Optimizer::sgd(LARGE, 0.0);
            let mut learner = device.learner(start(&program, &weights, rule)).expect("it fits");
            gradients(&mut *learner, &images, Objective { label_smoothing: 0.1, ..Objective::from(&labels) })
        };
        let ((loss, found), (expected_loss, expected)) = (step(cuda(Precision::F32)), step(Device::default()));
        assert!((loss / expected_loss - 1.0).abs() < 1e-3, "{}: {loss}, not {expected_loss}", network.name);
        let error = relative(&found, &expected);
        assert!(error < 1e-3, "{}: gradients are off by {error:.1e}", network.name);
    }
    if left > 0 {
        eprintln!("left to a real GPU: {left} architectures");
    }
}

const SMALL: &str = "
name: small
input: [1, 8, 8]
classes: 10
layers: [conv 4 3x3 s2 p1 -> bn -> relu -> dropout 0.1, flatten, linear 16 -> bn -> relu, linear 10 as fc]
data: {set: digits, train: [crop 8 pad=1]}
";

fn small(recipe: &str) -> Network {
    let text = format!("{SMALL}train: {{batch: 200, seed: 3, {recipe}}}\n");
    archc::compile(&text).unwrap_or_else(|errors| panic!("{errors}"))
}

/// All that stands between gradients and weights, over several steps of two batches each. Lion is not among the rules:
/// the sign of a gradient that is nothing but rounding may be either.
#[test]
fn steps_follow_the_processor() {
    let Some(_) = gpu() else { return };
    let program = lower(&small("epochs: 1"));
    let weights = initial_weights::<f32>(&program, 1);
    let images: Vec<f32> = (0..6 * 64).map(|i| (i as f32 * 0.37).sin()).collect();
    let labels = [0, 3, 9, 1, 1, 7];
    let class_weights: Vec<f64> = (1..=10).map(f64::from).collect();
    let rmsprop = Rule::RmsProp { alpha: 0.9, eps: 1e-3, momentum: 0.5, centered: true };
    for (optimizer, clip) in [
        (Optimizer { weight_decay: 0.01, ..Optimizer::sgd(0.05, 0.9) }, Some(Clip::Norm(1.0))),
        (Optimizer { weight_decay: 0.01, ..Optimizer::new(rmsprop, 0.01) }, Some(Clip::Value(0.05))),
        (Optimizer { weight_decay: 0.01, ..Optimizer::sgd(0.05, 0.0) }, None),
    ] {
        let run = |device: Device| {
            let average = Some(Average::new(0.9, &weights));
            let begin = LearnerStart { average, clip, accumulate: 2, ..start(&program, &weights, optimizer) };
            let mut learner = device.learner(begin).expect("it fits");
            let mut losses = Vec::new();
            for step in 0..4u64 {
                for part in 0..2 {
                    let mixed = (part == 1).then_some(0.7);
                    let objective = Objective {
                        mixed,
                        class_weights: &class_weights,
                        label_smoothing: 0.1,
                        ..Objective::from(&labels)
                    };
                    learner.learn(&images, objective.into(), MaskKey { step: 2 * step + part, ..KEY }).expect("a step");
                    while let Some(Outcome { loss, .. }) = learner.outcome(Wait::Earlier).expect("it was computed") {
                        losses.push(loss.loss as f32);
                    }
                }
                learner.update(optimizer.lr, step).expect("weights can be changed");
            }
            while let Some(outcome) = learner.outcome(Wait::All).expect("it was computed") {
                losses.push(outcome.loss.loss as f32);
            }
            learner.swap_average().expect("there is one");
            let logits = learner.evaluator_mut().evaluate(&images).expect("it can be computed").to_vec();
            learner.swap_average().expect("there is one");
            let learned = learner.learned().expect("it is there");
            let moments: Vec<Vec<f32>> = learned.moments.iter().map(|(_, _, values)| values.to_vec()).collect();
            let average = learned.average.expect("there is one").to_vec();
            (losses, learned.weights.to_vec(), moments, average, logits)
        };
        let (found, expected) = (run(cuda(Precision::F32)), run(Device::default()));
        assert_eq!(found.0.len(), 8, "every batch has a loss");
        close("losses", &found.0, &expected.0, 1e-4);
        close("logits of the average", &found.4, &expected.4, 1e-3);
        for (what, found, expected) in
            [("weights", &found.1, &expected.1), ("moments", &found.2, &expected.2), ("average", &found.3, &expected.3)]
        {
            let error = relative(found, expected);
            assert!(error < 1e-4 || expected.is_empty(), "{what} after {optimizer:?}: off by {error:.1e}");
        }
    }
}

/// A run, from its recipe to its checkpoints.
fn trained(network: &Network, folder: &Path, resume: bool, device: Device) -> Result<Ended, TrainError> {
    let recipe = network.train.as_ref().expect("it has one");
    let dataset = Dataset::open(network.data.as_ref().expect("it has one"), network.graph.input, network.classes)?;
    let program = lower(network);
    let mut run = match resume {
        true => Run::resume(program, recipe, &dataset, folder, &device)?,
        false => {
            let weights = initial_weights(&program, recipe.seed);
            Run::new(program, weights, recipe, &dataset, &device)?
        }
    };
    let setting = Setting { network, recipe, dataset: &dataset, folder, save_every: SAVE_EVERY };
    train(&mut run, setting, &mut Progress::silent(), &AtomicBool::new(false))
}

fn losses(folder: &Path) -> Vec<f32> {
    let text = std::fs::read_to_string(folder.join("metrics.jsonl")).expect("every run writes it");
    let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).expect("a line is JSON"));
    lines.flat_map(|line| ["train_loss", "val_loss"].map(|key| line[key].as_f64().expect("a number") as f32)).collect()
}

/// An epoch, and another one by a run that goes on where it stopped.
#[test]
fn a_run_follows_the_processors() {
    let Some(_) = gpu() else { return };
    let recipe = "optimizer: sgd lr=0.05 momentum=0.9, ema: 0.9, clip: norm 1.0, validate_every: steps 5";
    let [one, two] = [1, 2].map(|epochs| small(&format!("epochs: {epochs}, {recipe}")));
    let [ours, expected] = [(); 2].map(|()| tempfile::tempdir().expect("a temporary folder"));
    trained(&one, ours.path(), false, cuda(Precision::F32)).expect("it trains");
    trained(&two, ours.path(), true, cuda(Precision::F32)).expect("it goes on");
    trained(&two, expected.path(), false, Device::default()).expect("it trains");
    close("losses", &losses(ours.path()), &losses(expected.path()), 1e-3);
}

/// The step is named in which the loss ceased to be finite, though it is known only during the next one.
#[test]
fn divergence_is_noticed_where_it_is() {
    let Some(_) = gpu() else { return };
    let network = small("epochs: 3, optimizer: sgd lr=1e30");
    let [ours, expected] = [cuda(Precision::F32), Device::default()].map(|device| {
        let folder = tempfile::tempdir().expect("a temporary folder");
        match trained(&network, folder.path(), false, device) {
            Err(TrainError::Diverged(divergence)) => divergence,
            other => panic!("{device}: {other:?}"),
        }
    });
    assert_eq!((ours.epoch, ours.step), (expected.epoch, expected.step), "{ours}; the processor: {expected}");
}

/// The program itself starts without any of CUDA's libraries, and says what is missing.
#[test]
fn what_is_missing_is_said() {
    if Path::new("/dev/nvidia0").exists() || Path::new("/dev/nvidiactl").exists() {
        return eprintln!("skipped: there is a driver");
    }
    let file = tempfile::Builder::new().suffix(".yaml").tempfile().expect("a temporary file");
    std::fs::write(file.path(), SMALL).expect("it can be written");
    let bench = |device: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_archc"));
        command.args(["bench", "--steps", "1", "--batch", "2", "--device", device]).arg(file.path());
        command.output().expect("the program starts")
    };
    assert!(bench("cpu").status.success());
    let refused = bench("cuda:0");
    let message = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert_eq!((refused.status.code(), message.contains("no NVIDIA driver")), (Some(1), true), "{message}");
}

/// Steps are measured one by one, in both modes.
#[test]
fn a_profile_covers_every_step() {
    let Some(_) = gpu() else { return };
    let program = lower(&small("epochs: 1"));
    let weights = initial_weights::<f32>(&program, 1);
    let mut evaluator = cuda(Precision::F32).evaluator(program, weights).expect("it fits");
    evaluator.begin_profile();
    evaluator.evaluate(&[0.5; 64]).expect("it can be computed");
    let steps = evaluator.steps(Mode::Eval).len();
    let measured = evaluator.profile().iter().filter(|spent| !spent.forward.is_zero()).count();
    assert!(measured >= steps - 2, "{measured} of {steps}: views and dropout take no time");
}
