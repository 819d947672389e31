//! Runs whose steps several processes share; here threads, between which messages go.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use super::*;
use crate::train::workers::{Lost, Transport};

/// One side of channels between all.
#[derive(Debug)]
struct Channels {
    rank: usize,
    to: Vec<Sender<Vec<u8>>>,
    from: Vec<Receiver<Vec<u8>>>,
}

impl Channels {
    fn between(size: usize) -> Vec<Channels> {
        let mut all: Vec<Channels> =
            (0..size).map(|rank| Channels { rank, to: Vec::new(), from: Vec::new() }).collect();
        for from in 0..size {
            for to in 0..size {
                let (send, receive) = channel();
                all[from].to.push(send);
                all[to].from.push(receive);
            }
        }
        all
    }
}

impl Transport for Channels {
    fn rank(&self) -> usize {
        self.rank
    }

    fn size(&self) -> usize {
        self.to.len()
    }

    fn send(&mut self, to: usize, message: &[u8]) -> Result<(), Lost> {
        let lost = Lost { rank: to, size: self.size(), how: "it is gone".to_owned() };
        self.to[to].send(message.to_vec()).map_err(|_| lost)
    }

    fn receive(&mut self, from: usize) -> Result<Vec<u8>, Lost> {
        let lost = Lost { rank: from, size: self.size(), how: "it is gone".to_owned() };
        self.from[from].recv().map_err(|_| lost)
    }
}

/// As [`run`], on so many processes.
fn run_on(
    size: usize,
    network: &Network,
    folder: &Path,
    from: From,
    interrupt: Interrupt,
) -> Result<Ended, TrainError> {
    let recipe = network.train.as_ref().expect("it has one");
    let dataset = Dataset::open(network.data.as_ref().expect("it has one"), network.graph.input, network.classes)?;
    let setting = Setting { network, recipe, dataset: &dataset, folder, save_every: SAVE_EVERY };
    let resumed = || Run::resume(lower(network), recipe, &dataset, folder, &Device::default());
    let mut run = match from {
        From::Start => {
            let program = lower(network);
            let weights = initial_weights(&program, recipe.seed);
            Run::new(program, weights, recipe, &dataset, &Device::default())?
        }
        From::Folder => resumed()?,
    };
    run.save_first(folder)?;
    let stop = AtomicBool::new(interrupt == Interrupt::AtOnce);
    thread::scope(|scope| {
        let mut transports = Channels::between(size).into_iter();
        let leader = transports.next().expect("there is one");
        let followers: Vec<_> = transports
            .map(|mut transport| {
                let mut run = resumed().expect("the first one has saved its state");
                scope.spawn(move || run.follow(setting, &mut transport))
            })
            .collect();
        run.lead(setting, Box::new(leader))?;
        let ended = train(&mut run, setting, &mut Progress::silent(), &stop);
        drop(run);
        for follower in followers {
            let ended = follower.join().expect("it does not panic");
            assert!(matches!(ended, Err(TrainError::Lost(Lost { rank: 0, .. }))), "{ended:?}");
        }
        ended
    })
}

/// Fifteen batches an epoch in steps of four, the last of three, of which the last one has 38 images.
const SHARED: [&str; 3] = [
    "optimizer: sgd lr=0.1 momentum=0.9 weight_decay=1e-4, schedule: cosine per=step, accumulate: 4, clip: norm 0.5, \
     ema: 0.9, mix: [mixup 0.2, cutmix], validate_every: steps 3, \
     loss: {cross_entropy: {label_smoothing: 0.1, class_weights: [1, 2, 1, 1, 1, 1, 1, 1, 1, 0.5]}}",
    "optimizer: adam lr=0.01, accumulate: 4, clip: value 0.1, loss: cross_entropy class_weights=auto, best_by: macro_f1, \
     sampler: {weighted: {weights: [1, 2, 1, 0, 1, 1, 1, 5, 1, 1]}}, early_stopping: patience 50 by=auroc, \
     schedule: plateau patience=0 factor=0.5 threshold=0.05",
    "optimizer: lion lr=1e-3 weight_decay=0.1, schedule: step 1 gamma=0.7, accumulate: 12, sampler: balanced, drop_last: true",
];

#[test]
fn any_number_of_processes_comes_to_the_same_bytes() {
    for recipe in SHARED {
        let expected = through(2, recipe);
        for size in [2, 4] {
            let folder = folder();
            let ended = run_on(size, &network(2, recipe), folder.path(), From::Start, Interrupt::Never);
            assert_eq!(ended.expect("it trains"), Ended::Finished, "{size}");
            assert_same(folder.path(), expected.path(), &format!("{size} processes: {recipe}"));
        }
    }
}

#[test]
fn runs_are_resumed_on_other_numbers_of_processes() {
    for recipe in SHARED {
        let (expected, folder) = (through(3, recipe), folder());
        // Some of these fall into a validation.
        for (interruption, size) in [4, 1, 2].into_iter().cycle().take(11).enumerate() {
            let from = if interruption == 0 { From::Start } else { From::Folder };
            let ended = run_on(size, &network(3, recipe), folder.path(), from, Interrupt::AtOnce);
            assert_eq!(ended.expect("it stops"), Ended::Stopped, "interruption {interruption}");
        }
        let ended = run_on(2, &network(3, recipe), folder.path(), From::Folder, Interrupt::Never);
        assert_eq!(ended.expect("it goes on"), Ended::Finished);
        assert_same(folder.path(), expected.path(), &format!("4, 1, 2, …: {recipe}"));
    }
}

/// Wherever a loss first is no number.
#[test]
fn a_diverging_run_stops_everywhere() {
    let wild = "optimizer: sgd lr=1e30 momentum=0.9, schedule: constant, accumulate: 4";
    let messages = [1, 2, 4].map(|size| {
        let folder = folder();
        let ended = run_on(size, &network(2, wild), folder.path(), From::Start, Interrupt::Never);
        let Err(TrainError::Diverged(divergence)) = ended else { panic!("{ended:?}") };
        (divergence.epoch, divergence.step)
    });
    assert_eq!(messages, [messages[0]; 3]);
}

#[test]
fn steps_that_cannot_be_shared_are_refused() {
    let folder = folder();
    let network = network(2, "accumulate: 3");
    let recipe = network.train.as_ref().expect("it has one");
    let dataset = Dataset::open(network.data.as_ref().expect("it has one"), network.graph.input, network.classes);
    let (dataset, program) = (dataset.expect("digits are built in"), lower(&network));
    let weights = initial_weights(&program, 3);
    let mut run = Run::new(program, weights, recipe, &dataset, &Device::default()).expect("it can be trained");
    let setting =
        Setting { network: &network, recipe, dataset: &dataset, folder: folder.path(), save_every: SAVE_EVERY };
    let transport = Channels::between(2).into_iter().next().expect("there is one");
    let error = run.lead(setting, Box::new(transport)).expect_err("3 are not shared by 2").to_string();
    assert!(error.starts_with("2 workers cannot share the parts of a step equally: 3 = 1 · 2 + 1"), "{error}");
}
