//! The `data:` and `train:` sections with nothing left to a default.

use std::fmt::Write;

use super::line;
use super::yaml::{flow_list, scalar};
use crate::recipe::{AdamSettings, BadImages, Data, DataSet, Optimizer, Resize, Schedule, Train, Transform};

pub fn data(text: &mut String, data: &Data) {
    let set = match data.set {
        DataSet::Digits => "digits",
        DataSet::Mnist => "mnist",
        DataSet::FashionMnist => "fashion-mnist",
        DataSet::Cifar10 => "cifar10",
        DataSet::Cifar100 => "cifar100",
        DataSet::Folder => "folder",
    };
    line(text, format_args!("data:\n  set: {set}"));
    if let Some(path) = &data.path {
        line(text, format_args!("  path: {}", scalar(path)));
    }
    for (key, transforms) in [("train", &data.train), ("eval", &data.eval)] {
        let transforms: Vec<String> = transforms.iter().map(transform).collect();
        line(text, format_args!("  {key}: {}", flow_list(&transforms)));
    }
    let bad_images = match data.bad_images {
        BadImages::Refuse => "refuse",
        BadImages::Skip => "skip",
    };
    line(text, format_args!("  on_bad_image: {bad_images}"));
}

pub fn train(text: &mut String, train: &Train) {
    let Train { epochs, batch, drop_last, seed, .. } = train;
    line(text, format_args!("train:\n  epochs: {epochs}\n  batch: {batch}\n  drop_last: {drop_last}"));
    line(text, format_args!("  optimizer: {}", optimizer(&train.optimizer)));
    line(text, format_args!("  schedule: {}\n  seed: {seed}", schedule(&train.schedule)));
    if let Some(epochs) = train.checkpoint_every {
        line(text, format_args!("  checkpoint_every: {epochs}"));
    }
}

fn transform(transform: &Transform) -> String {
    let size = |height: usize, width: usize| {
        if height == width { format!("{height}") } else { format!("{height}x{width}") }
    };
    match transform {
        Transform::Pad { pixels } => format!("pad {pixels}"),
        Transform::RandomCrop { height, width, pad } => format!("crop {} pad={pad}", size(*height, *width)),
        Transform::CenterCrop { height, width } => format!("center_crop {}", size(*height, *width)),
        Transform::HorizontalFlip { probability } => format!("hflip {probability:?}"),
        Transform::Resize(Resize::Shorter(side)) => format!("resize {side}"),
        Transform::Resize(Resize::Exact { height, width }) => format!("resize {height}x{width}"),
        Transform::Normalize { mean, std } => {
            format!("{{normalize: {{mean: {}, std: {}}}}}", numbers(mean), numbers(std))
        }
    }
}

fn numbers(numbers: &[f64]) -> String {
    let numbers: Vec<String> = numbers.iter().map(|number| format!("{number:?}")).collect();
    flow_list(&numbers)
}

fn optimizer(optimizer: &Optimizer) -> String {
    let adam = |name: &str, settings: &AdamSettings| {
        let AdamSettings { lr, beta1, beta2, eps, weight_decay } = settings;
        format!("{name} lr={lr:?} beta1={beta1:?} beta2={beta2:?} eps={eps:?} weight_decay={weight_decay:?}")
    };
    match optimizer {
        Optimizer::Sgd { lr, momentum, weight_decay, nesterov } => {
            format!("sgd lr={lr:?} momentum={momentum:?} weight_decay={weight_decay:?} nesterov={nesterov}")
        }
        Optimizer::Adam(settings) => adam("adam", settings),
        Optimizer::AdamW(settings) => adam("adamw", settings),
    }
}

fn schedule(schedule: &Schedule) -> String {
    match schedule {
        Schedule::Constant => "constant".to_string(),
        Schedule::Step { every, gamma } => format!("step {every} gamma={gamma:?}"),
        Schedule::MultiStep { milestones, gamma } => {
            let mut text = String::from("multistep");
            milestones.iter().for_each(|epoch| write!(text, " {epoch}").expect("a String takes everything"));
            format!("{text} gamma={gamma:?}")
        }
        Schedule::Cosine { min } => format!("cosine min={min:?}"),
    }
}
