//! The `data:` and `train:` sections with nothing left to a default.

use std::fmt::Display;

use super::line;
use super::yaml::{flow_list, quoted, scalar};
use crate::pattern::Rename;
use crate::recipe::{Data, Held, Masks, Table, Train};

pub fn data(text: &mut String, data: &Data) {
    line(text, format_args!("data:"));
    line(text, format_args!("  set: {}", data.set));
    if let Some(path) = &data.path {
        line(text, format_args!("  path: {}", scalar(path)));
    }
    if !data.task.is_class() {
        line(text, format_args!("  task: {}", data.task));
    }
    if let Some(Table { file, image, label, separator, split, group, validation, test }) = &data.table {
        let validation = match validation {
            Held::Part(part) => format!("{part:?}"),
            Held::File(file) => quoted(file),
        };
        let optional = |value: &Option<String>| value.as_ref().map(|value| quoted(value));
        let label = match label.as_slice() {
            [] => None,
            [label] => Some(quoted(label)),
            labels => Some(flow_list(&labels.iter().map(|label| quoted(label)).collect::<Vec<_>>())),
        };
        for (key, value) in [
            ("file", Some(quoted(file))),
            ("image", optional(image)),
            ("label", label),
            ("separator", optional(separator)),
            ("split", optional(split)),
            ("group", optional(group)),
            ("validation", Some(validation)),
            ("test", optional(test)),
        ] {
            self::optional(text, key, &value);
        }
    }
    if let Some(Masks { classes, ignore }) = &data.masks {
        let classes: Vec<String> = classes.iter().map(|class| quoted(class)).collect();
        line(text, format_args!("  classes: {}", flow_list(&classes)));
        line(text, format_args!("  ignore: {ignore}"));
    }
    for (key, transforms) in [("train", &data.train), ("eval", &data.eval)] {
        let transforms: Vec<String> = transforms.iter().map(|transform| scalar(&transform.to_string())).collect();
        line(text, format_args!("  {key}: {}", flow_list(&transforms)));
    }
    line(text, format_args!("  on_bad_image: {}", data.bad_images));
    optional(text, "max_pixels", &data.max_pixels.0);
}

pub fn train(text: &mut String, train: &Train) {
    let Train { epochs, batch, drop_last, accumulate, optimizer, schedule, loss, mix, .. } = train;
    line(text, format_args!("train:"));
    line(text, format_args!("  epochs: {epochs}"));
    line(text, format_args!("  batch: {batch}"));
    line(text, format_args!("  drop_last: {drop_last}"));
    line(text, format_args!("  sampler: {}", scalar(&train.sampler.to_string())));
    line(text, format_args!("  accumulate: {accumulate}"));
    line(text, format_args!("  optimizer: {optimizer}"));
    line(text, format_args!("  schedule: {schedule}"));
    line(text, format_args!("  loss: {}", scalar(&loss.to_string())));
    if !mix.is_empty() {
        let mix: Vec<String> = mix.iter().map(|mix| scalar(&mix.to_string())).collect();
        line(text, format_args!("  mix: {}", flow_list(&mix)));
    }
    let Train { clip, ema, validate_every, early_stopping, seed, checkpoint_every, .. } = train;
    optional(text, "clip", clip);
    optional(text, "ema", ema);
    line(text, format_args!("  validate_every: {validate_every}"));
    line(text, format_args!("  best_by: {}", train.best_by));
    optional(text, "early_stopping", early_stopping);
    for (key, patterns) in [("freeze", &train.freeze), ("replace", &train.replace)] {
        if !patterns.is_empty() {
            let patterns: Vec<String> = patterns.iter().map(|pattern| quoted(pattern)).collect();
            line(text, format_args!("  {key}: {}", flow_list(&patterns)));
        }
    }
    if !train.rename.is_empty() {
        let one = |Rename { pattern, replacement }: &Rename| format!("{}: {}", quoted(pattern), quoted(replacement));
        let renames: Vec<String> = train.rename.iter().map(one).collect();
        line(text, format_args!("  rename: {{{}}}", renames.join(", ")));
    }
    if train.adapt_input {
        line(text, format_args!("  adapt: input"));
    }
    line(text, format_args!("  seed: {seed}"));
    optional(text, "checkpoint_every", checkpoint_every);
}

fn optional(text: &mut String, key: &str, value: &Option<impl Display>) {
    if let Some(value) = value {
        line(text, format_args!("  {key}: {value}"));
    }
}
