//! The `data:` and `train:` sections with nothing left to a default.

use super::line;
use super::yaml::{flow_list, scalar};
use crate::recipe::{Data, Train};

pub fn data(text: &mut String, data: &Data) {
    line(text, format_args!("data:"));
    line(text, format_args!("  set: {}", data.set));
    if let Some(path) = &data.path {
        line(text, format_args!("  path: {}", scalar(path)));
    }
    for (key, transforms) in [("train", &data.train), ("eval", &data.eval)] {
        let transforms: Vec<String> = transforms.iter().map(|transform| scalar(&transform.to_string())).collect();
        line(text, format_args!("  {key}: {}", flow_list(&transforms)));
    }
    line(text, format_args!("  on_bad_image: {}", data.bad_images));
}

pub fn train(text: &mut String, train: &Train) {
    let Train { epochs, batch, drop_last, optimizer, schedule, seed, checkpoint_every } = train;
    line(text, format_args!("train:"));
    line(text, format_args!("  epochs: {epochs}"));
    line(text, format_args!("  batch: {batch}"));
    line(text, format_args!("  drop_last: {drop_last}"));
    line(text, format_args!("  optimizer: {optimizer}"));
    line(text, format_args!("  schedule: {schedule}"));
    line(text, format_args!("  seed: {seed}"));
    if let Some(epochs) = checkpoint_every {
        line(text, format_args!("  checkpoint_every: {epochs}"));
    }
}
