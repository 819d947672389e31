//! Whole runs on the built-in digits, with a network small enough to take a fraction of a second an epoch.

mod losses;
mod states;
mod workers;

use std::path::Path;
use std::sync::atomic::AtomicBool;

use super::progress::Progress;
use super::*;
use crate::compile;
use crate::executor::Executor;
use crate::lower::lower;
use crate::network::Network;
use crate::random::initial_weights;

/// Batches of 100 of the 1,438 training images: fifteen steps an epoch.
const SGD: &str = "optimizer: sgd lr=0.1 momentum=0.9 weight_decay=1e-4, schedule: step 1 gamma=0.7";
const ADAM: &str = "optimizer: adam lr=0.01, schedule: step 2 gamma=0.5";
/// Between them, all that a recipe can say and a checkpoint must hold.
const RECIPES: [&str; 8] = [
    SGD,
    ADAM,
    "optimizer: rmsprop lr=0.003 momentum=0.5 centered weight_decay=1e-4 no_bias_decay, \
     schedule: cosine restart=1 per=step warmup=0.5, clip: norm 1.0",
    "optimizer: sgd lr=0.1 momentum=0.9 dampening=0.1, schedule: plateau patience=0 factor=0.5 threshold=0.05, ema: 0.9, \
     validate_every: steps 5, early_stopping: patience 50",
    "optimizer: adamw lr=0.01, schedule: exponential 0.9 per=step, accumulate: 4, clip: value 0.1, ema: 0.99, validate_every: 2",
    "optimizer: lion lr=1e-3 weight_decay=0.1 no_bias_decay, schedule: step 1 gamma=0.7",
    "optimizer: sgd lr=0.05 nesterov momentum=0.9, schedule: plateau patience=0 by=accuracy warmup=1, mix: [mixup 0.2, cutmix], \
     loss: {cross_entropy: {label_smoothing: 0.1, class_weights: [1, 2, 1, 1, 1, 1, 1, 1, 1, 0.5]}}",
    "optimizer: sgd lr=0.05, sampler: {weighted: {weights: [1, 2, 1, 0, 1, 1, 1, 5, 1, 1]}}, \
     loss: cross_entropy class_weights=auto, best_by: macro_f1, early_stopping: patience 50 by=auroc, validate_every: steps 5",
];

fn network(epochs: usize, recipe: &str) -> Network {
    compiled(&text(epochs, recipe))
}

fn text(epochs: usize, recipe: &str) -> String {
    format!(
        "name: tiny\ninput: [1, 8, 8]\nclasses: 10\n\
         layers: [conv 4 3x3 s2 p1 -> bn -> relu -> dropout 0.1, flatten, linear 16 -> bn -> relu, linear 10 as fc]\n\
         data: {{set: digits, train: [crop 8 pad=1]}}\n\
         train: {{epochs: {epochs}, batch: 100, seed: 3, {recipe}}}\n"
    )
}

fn compiled(text: &str) -> Network {
    compile(text).unwrap_or_else(|errors| panic!("{errors}"))
}

/// Whether a run starts or goes on with what is in its folder.
#[derive(Clone, Copy, PartialEq)]
enum From {
    Start,
    Folder,
}

/// Whether Ctrl-C is pressed before the first step.
#[derive(Clone, Copy, PartialEq)]
enum Interrupt {
    Never,
    AtOnce,
}

fn run(network: &Network, folder: &Path, from: From, interrupt: Interrupt) -> Result<Ended, TrainError> {
    run_saving(network, folder, from, interrupt, SAVE_EVERY)
}

fn run_saving(
    network: &Network,
    folder: &Path,
    from: From,
    interrupt: Interrupt,
    save_every: Duration,
) -> Result<Ended, TrainError> {
    let recipe = network.train.as_ref().expect("it has one");
    let dataset = Dataset::open(network.data.as_ref().expect("it has one"), network.graph.input, network.classes)?;
    let program = lower(network);
    let mut run = match from {
        From::Start => {
            let weights = initial_weights(&program, recipe.seed);
            Run::new(program, weights, recipe, &dataset, &Device::default())?
        }
        From::Folder => Run::resume(program, recipe, &dataset, folder, &Device::default())?,
    };
    let setting = Setting { network, recipe, dataset: &dataset, folder, save_every };
    let stop = AtomicBool::new(interrupt == Interrupt::AtOnce);
    train(&mut run, setting, &mut Progress::silent(), &stop)
}

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a temporary folder")
}

fn through(epochs: usize, recipe: &str) -> tempfile::TempDir {
    let folder = folder();
    let ended = run(&network(epochs, recipe), folder.path(), From::Start, Interrupt::Never);
    assert_eq!(ended.expect("it trains"), Ended::Finished);
    folder
}

/// The weights and the state that a run left.
fn checkpoints(folder: &Path) -> Vec<(&'static str, Vec<u8>)> {
    written(folder).into_iter().filter(|(name, _)| name.ends_with("safetensors")).collect()
}

/// All that a run wrote, but for the times it took.
fn written(folder: &Path) -> Vec<(&'static str, Vec<u8>)> {
    let bytes = |name: &str| std::fs::read(folder.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    [
        "best.safetensors",
        "best.json",
        "last.safetensors",
        "last.state.safetensors",
        "metrics.jsonl",
        "steps.jsonl",
        "validations.jsonl",
    ]
    .map(|name| (name, bytes(name)))
    .into()
}

fn epochs(folder: &Path) -> Vec<serde_json::Value> {
    let text = std::fs::read_to_string(folder.join("metrics.jsonl")).expect("every run writes it");
    text.lines().map(|line| serde_json::from_str(line).expect("a line is JSON")).collect()
}

fn assert_same(found: &Path, expected: &Path, what: &str) {
    for ((name, found), (_, expected)) in written(found).into_iter().zip(written(expected)) {
        assert!(found == expected, "{what}: {name} differs");
    }
}

#[test]
fn a_run_learns_and_writes_it_down() {
    let folder = through(3, SGD);
    let epochs = epochs(folder.path());
    assert_eq!(epochs.len(), 3);
    let keys: Vec<&str> = epochs[0].as_object().expect("an object").keys().map(String::as_str).collect();
    assert_eq!(
        keys,
        [
            "epoch",
            "lr",
            "train_acc",
            "train_loss",
            "val_acc",
            "val_auroc",
            "val_balanced_acc",
            "val_ece",
            "val_loss",
            "val_macro_f1",
        ]
    );
    let times = std::fs::read_to_string(folder.path().join("times.jsonl")).expect("every run writes it");
    assert!(times.lines().count() == 3 && times.starts_with(r#"{"epoch":1,"seconds":"#), "{times}");
    let number = |epoch: usize, key: &str| epochs[epoch][key].as_f64().expect("a number");
    assert_eq!((number(0, "epoch"), number(2, "epoch")), (1.0, 3.0));
    assert!((number(2, "lr") - 0.1 * 0.7 * 0.7).abs() < 1e-15);
    assert!(number(2, "train_loss") < 0.8 * number(0, "train_loss"), "{epochs:?}");
    // A tenth is chance; so small a network needs many more epochs for more.
    assert!(number(2, "val_acc") > 0.6, "{epochs:?}");
    let steps = std::fs::read_to_string(folder.path().join("steps.jsonl")).expect("every run writes it");
    assert_eq!(steps.lines().count(), 45);
    assert!(steps.starts_with(r#"{"step":1,"epoch":1,"lr":0.1,"loss":"#), "{steps}");

    let (weights, note) =
        crate::weights::load::<f32>(&checkpoint::weights_file(folder.path(), "last"), &lower(&network(3, SGD)).weights)
            .expect("its own weights");
    assert!(weights.iter().flatten().all(|weight| weight.is_finite()));
    let about = checkpoint::About::read(&note.expect("a note")).expect("about itself");
    assert_eq!((about.network.as_str(), about.epoch, about.step, about.classes.len()), ("tiny", 3, 45, 10));
}

#[test]
fn runs_repeat_and_resume_bit_for_bit() {
    for recipe in RECIPES {
        let expected = through(3, recipe);
        assert_same(through(3, recipe).path(), expected.path(), &format!("the same run again: {recipe}"));

        let longer = through(2, recipe);
        let resumed = run(&network(3, recipe), longer.path(), From::Folder, Interrupt::Never);
        assert_eq!(resumed.expect("it goes on"), Ended::Finished);
        assert_same(longer.path(), expected.path(), &format!("resumed after epoch 2: {recipe}"));

        // The last ones may fall into a validation, which no step follows then.
        let interrupted = folder();
        for interruption in 0..7 {
            let from = if interruption == 0 { From::Start } else { From::Folder };
            let ended = run(&network(3, recipe), interrupted.path(), from, Interrupt::AtOnce);
            assert_eq!(ended.expect("it stops"), Ended::Stopped, "interruption {interruption}");
        }
        let resumed = run(&network(3, recipe), interrupted.path(), From::Folder, Interrupt::Never);
        assert_eq!(resumed.expect("it goes on"), Ended::Finished);
        assert_same(interrupted.path(), expected.path(), &format!("resumed within epoch 1: {recipe}"));
    }
}

/// Nothing is learnt at a rate of 0, so no validation is better than the first.
#[test]
fn a_run_that_is_stuck_ends_early() {
    let still = "optimizer: sgd lr=0, early_stopping: patience 2";
    for (recipe, epochs_done, validations) in
        [(still.to_string(), 3, 3), (format!("{still}, validate_every: steps 10"), 1, 3)]
    {
        let folder = folder();
        let network = network(9, &recipe);
        let ended = run(&network, folder.path(), From::Start, Interrupt::Never);
        assert_eq!(ended.expect("it trains"), Ended::Early, "{recipe}");
        assert_eq!(epochs(folder.path()).len(), epochs_done, "{recipe}");
        let text = std::fs::read_to_string(folder.path().join("validations.jsonl")).expect("every run writes it");
        assert_eq!(text.lines().count(), validations, "{recipe}");
        let before = written(folder.path());
        let again = run(&network, folder.path(), From::Folder, Interrupt::Never);
        assert_eq!(again.expect("it is over"), Ended::Early, "{recipe}");
        assert!(written(folder.path()) == before, "{recipe}");
    }
}

/// The average is what is validated, and what files of weights hold.
#[test]
fn an_average_takes_the_place_of_the_weights() {
    let recipe = "optimizer: sgd lr=0.1 momentum=0.9, ema: 0.95";
    let folder = through(2, recipe);
    let network = network(2, recipe);
    let program = lower(&network);
    let weights = |file: &Path| crate::weights::load::<f32>(file, &program.weights).expect("its own weights").0;
    let average = weights(&checkpoint::weights_file(folder.path(), "last"));
    let plain = through(2, "optimizer: sgd lr=0.1 momentum=0.9");
    assert!(average != weights(&checkpoint::weights_file(plain.path(), "last")));
    let dataset = Dataset::open(network.data.as_ref().expect("it has one"), network.graph.input, network.classes);
    let dataset = dataset.expect("digits are built in");
    let batches = dataset.evaluation_batches(&dataset.validation, 100);
    let mut executor = Executor::new(program.clone(), average);
    let evaluation = evaluate::evaluate(&mut executor, &dataset, &[], batches, &AtomicBool::new(false));
    let evaluation = evaluation.expect("digits can be read");
    let loss = evaluation.expect("nobody stops it").mean_loss();
    assert_eq!(epochs(folder.path())[1]["val_loss"].as_f64(), Some(loss));
}

/// Without batch norm, four batches of 25 are one of 100.
#[test]
fn accumulated_batches_are_a_larger_one() {
    let trained = |change: (&str, &str)| {
        let text = "input: [1, 8, 8]\nclasses: 10\nlayers: [conv 4 3x3 -> relu, flatten, linear 10]\ndata: {set: digits}\n\
                    train: {epochs: 2, batch: 100, seed: 3, optimizer: adam lr=0.01 weight_decay=0.1, clip: norm 0.5}\n";
        let folder = folder();
        let network = compiled(&text.replace(change.0, change.1));
        run(&network, folder.path(), From::Start, Interrupt::Never).expect("it trains");
        epochs(folder.path()).into_iter().map(|line| line["train_loss"].as_f64().expect("a number")).collect::<Vec<_>>()
    };
    let expected = trained(("", ""));
    for (found, expected) in trained(("batch: 100", "batch: 25, accumulate: 4")).iter().zip(&expected) {
        assert!((found - expected).abs() < 1e-4 * expected, "{found}, {expected}");
    }
    assert!(trained(("batch: 100", "batch: 25")) != expected);
}

/// The program may be killed after the weights of an epoch were written and before its state was.
#[test]
fn the_state_alone_moves_a_run_forward() {
    let expected = through(3, SGD);
    let folder = through(1, SGD);
    let state = std::fs::read(checkpoint::state_file(folder.path())).expect("the state of epoch 1");
    run(&network(2, SGD), folder.path(), From::Folder, Interrupt::Never).expect("it goes on");
    std::fs::write(checkpoint::state_file(folder.path()), state).expect("room on the disk");
    run(&network(3, SGD), folder.path(), From::Folder, Interrupt::Never).expect("it goes on");
    assert_same(folder.path(), expected.path(), "killed between weights and state");
}

/// Without Ctrl-C, a long epoch is saved on the way: here after each of its steps.
#[test]
fn an_accident_costs_no_whole_epoch() {
    let expected = through(2, SGD);
    let folder = folder();
    let wild = SGD.replace("step 1 gamma=0.7", "multistep 0.4 0.401 gamma=1e38 per=step");
    let error = run_saving(&network(2, &wild), folder.path(), From::Start, Interrupt::Never, Duration::ZERO);
    let Err(TrainError::Diverged(divergence)) = error else { panic!("{error:?}") };
    assert_eq!(divergence.epoch, 1);
    let state = std::fs::read(checkpoint::state_file(folder.path())).expect("it was saved within the epoch");
    let resumed = run(&network(2, SGD), folder.path(), From::Folder, Interrupt::Never);
    assert!(!state.is_empty() && resumed.is_ok_and(|ended| ended == Ended::Finished));
    assert_same(folder.path(), expected.path(), "after an accident in the middle of an epoch");
}

#[test]
fn a_finished_run_stays_as_it_is() {
    let folder = through(2, SGD);
    let before = written(folder.path());
    run(&network(2, SGD), folder.path(), From::Folder, Interrupt::Never).expect("nothing to do");
    assert!(written(folder.path()) == before);
}

#[test]
fn checkpoints_are_kept_when_asked_for() {
    let folder = through(4, &format!("{SGD}, checkpoint_every: 2"));
    for (file, there) in [("epoch-0001", false), ("epoch-0002", true), ("epoch-0003", false), ("epoch-0004", true)] {
        assert_eq!(checkpoint::weights_file(folder.path(), file).exists(), there, "{file}");
    }
}

#[test]
fn a_diverging_run_keeps_its_checkpoint() {
    let wild = "optimizer: sgd lr=1e30 momentum=0.9, schedule: constant";
    let fresh = folder();
    let error = run(&network(2, wild), fresh.path(), From::Start, Interrupt::Never).expect_err("it diverges");
    let TrainError::Diverged(divergence) = &error else { panic!("{error}") };
    assert_eq!((divergence.epoch, divergence.lr, &divergence.kept), (1, 1e30, &None));
    assert!(divergence.first.starts_with("the "), "{}", divergence.first);
    assert!(error.to_string().contains("there is no checkpoint yet"), "{error}");
    assert!(!checkpoint::weights_file(fresh.path(), "last").exists(), "only the state that every run begins with");

    let folder = through(1, "optimizer: sgd lr=0.1 momentum=0.9, schedule: constant");
    let before = checkpoints(folder.path());
    let error = run(&network(2, wild), folder.path(), From::Folder, Interrupt::Never).expect_err("it diverges");
    assert!(error.to_string().contains("last.safetensors; a lower learning rate may help"), "{error}");
    assert!(checkpoints(folder.path()) == before);
}

/// One step an epoch: its update makes weights that are finite, but so large that what they compute is not.
#[test]
fn a_validation_loss_that_is_no_number_stops_a_run() {
    let plain = |epochs: usize, lr: &str| {
        compiled(&format!(
            "name: plain\ninput: [1, 8, 8]\nclasses: 10\n\
             layers: [conv 4 3x3 -> relu -> conv 4 3x3 -> relu, flatten, linear 10]\ndata: {{set: digits}}\n\
             train: {{epochs: {epochs}, batch: 1438, seed: 3, optimizer: sgd lr={lr}}}\n"
        ))
    };
    let folder = folder();
    run(&plain(1, "0.1"), folder.path(), From::Start, Interrupt::Never).expect("it trains");
    let before = checkpoints(folder.path());
    let error = run(&plain(2, "1e20"), folder.path(), From::Folder, Interrupt::Never).expect_err("it diverges");
    assert!(error.to_string().contains("the validation loss is the first that is not finite"), "{error}");
    assert!(checkpoints(folder.path()) == before);
}

#[test]
fn impossible_runs_are_refused() {
    let trained = through(1, SGD);
    // What the compiler refuses of a file, a program can still ask for.
    for (batch, drop_last, expected) in [
        (1437, false, "1438 images in batches of 1437 end with a batch of 1"),
        (2000, true, "1438 training images do not fill one batch of 2000"),
    ] {
        let mut network = compiled(&text(2, SGD));
        let recipe = network.train.as_mut().expect("it has a recipe");
        (recipe.batch, recipe.drop_last) = (batch, drop_last);
        let error = run(&network, folder().path(), From::Start, Interrupt::Never).expect_err("refused");
        assert!(error.to_string().contains(expected), "{error}");
    }
    for ((old, new), expected) in [
        (("seed: 3", "seed: 4"), "the run has seed 3 and cannot go on with seed 4"),
        (("sgd lr=0.1 momentum=0.9", "adam lr=0.1"), "another optimizer"),
        (("seed: 3", "seed: 3, ema: 0.9"), "the run kept no average"),
        (("linear 10 as fc", "linear 10 as head"), "2 missing in the file: head.weight, head.bias"),
        (("relu, linear", "gelu, linear"), "the run was of another network"),
    ] {
        let network = compiled(&text(2, SGD).replace(old, new));
        let error = run(&network, trained.path(), From::Folder, Interrupt::Never).expect_err("refused");
        assert!(error.to_string().contains(expected), "{error}");
    }
}

/// Decay and momentum move no frozen weight, wherever in the network it is, and the others learn all the same.
#[test]
fn frozen_weights_stay() {
    for freeze in [&["0.*", "1.*"][..], &["5.*"], &["fc.bias"], &["*.weight"]] {
        let recipe = format!("{SGD}, clip: norm 0.5, freeze: {freeze:?}");
        let folder = through(1, &recipe);
        let program = lower(&network(1, &recipe));
        let last = checkpoint::weights_file(folder.path(), "last");
        let learned = crate::weights::load::<f32>(&last, &program.weights).expect("its own weights").0;
        let initial: Vec<Vec<f32>> = initial_weights(&program, 3);
        for ((weight, learned), initial) in program.weights.iter().zip(&learned).zip(&initial) {
            let frozen = weight.trainable && freeze.iter().any(|pattern| crate::pattern::glob(pattern, &weight.name));
            assert_eq!(learned == initial, frozen, "{} with {freeze:?}", weight.name);
        }
    }
}
