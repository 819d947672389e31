//! Data sets: from files to batches of floats.
//!
//! A [`Dataset`] knows where its images are and what happens to each on the way to the network; [`Batches`] carries
//! that out on threads of its own, ahead of whoever computes. Nothing here knows about layers or weights.
//!
//! ```text
//! let dataset = Dataset::open(&data, input, classes)?;
//! let mut batches = dataset.training_batches(&train, epoch, 0);
//! while let Some(batch) = batches.next() {
//!     let batch = batch?;                       // images N×C×H×W, labels N
//!     …
//!     batches.recycle(batch);                   // its memory serves a later one
//! }
//! ```

mod cifar;
mod digits;
mod error;
mod folder;
mod idx;
mod image;
mod loader;
mod places;
mod resize;
mod split;
mod transforms;

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::thread::available_parallelism;

pub use error::DataError;
pub use loader::{Batch, Batches};
pub use split::Split;

use self::image::{Image, decode};
use self::loader::Pass;
use self::split::shuffle;
use self::transforms::Pipeline;
use crate::graph::Shape;
use crate::random::{Purpose, generator};
use crate::recipe::{BadImages, Data, DataSet, Train, Transform};

/// Images with labels, in two splits, and the way from an image to the network's input.
#[derive(Debug)]
pub struct Dataset {
    /// What the network learns from.
    pub train: Split,
    /// What it is judged by.
    pub validation: Split,
    classes: Vec<String>,
    left_out: Vec<DataError>,
    augmented: Pipeline,
    plain: Pipeline,
    bad_images: BadImages,
    workers: usize,
}

/// Threads that decode files, at most: each holds up to two batches.
const MOST_WORKERS: usize = 8;

impl Dataset {
    /// Finds and reads `data`'s set for a network that reads `input` and tells `classes` classes apart. Of folders only
    /// the names and one image of each split are read, of everything else all images.
    ///
    /// # Errors
    /// If files are missing, cut off or not what they should be, if a label has no class in the network, and if images
    /// do not come out of the transforms in the network's size.
    pub fn open(data: &Data, input: Shape, classes: Option<usize>) -> Result<Dataset, DataError> {
        let augmented = Pipeline::new(&data.train, input)?;
        let plain = Pipeline::new(&data.eval, input)?;
        let mut left_out = Vec::new();
        let mut names: Vec<String> = data.set.classes().iter().map(|name| name.to_string()).collect();
        let path = data.path.as_deref();
        let (train, validation) = match data.set {
            DataSet::Digits => digits::open(),
            DataSet::Mnist | DataSet::FashionMnist => idx::open(data.set, path)?,
            DataSet::Cifar10 | DataSet::Cifar100 => cifar::open(data.set, path)?,
            DataSet::Folder => {
                let opened = folder::open(path, data.bad_images)?;
                names = opened.classes;
                left_out = opened.left_out;
                (opened.train, opened.validation)
            }
        };
        if let Some(classes) = classes.filter(|classes| *classes < names.len()) {
            let message = format!(
                "the data has {} classes, the network only {classes}: write `classes: {}`",
                names.len(),
                names.len()
            );
            return Err(DataError::Mismatch(message));
        }
        let cores = available_parallelism().map_or(1, usize::from);
        let workers = if train.decodes() { cores.min(MOST_WORKERS) } else { 1 };
        let dataset = Dataset {
            train,
            validation,
            classes: names,
            left_out,
            augmented,
            plain,
            bad_images: data.bad_images,
            workers,
        };
        dataset.try_one_of_each()?;
        Ok(dataset)
    }

    /// Class names, by label.
    pub fn classes(&self) -> &[String] {
        &self.classes
    }

    /// Files in a folder that are no images, left out because of `on_bad_image: skip`. What cannot be decoded is found later:
    /// see [`Batches::skipped`].
    pub fn left_out(&self) -> &[DataError] {
        &self.left_out
    }

    /// How many batches an epoch has.
    pub fn steps(&self, train: &Train) -> usize {
        match train.drop_last {
            true => self.train.len() / train.batch,
            false => self.train.len().div_ceil(train.batch),
        }
    }

    /// The batches of epoch `epoch` (from 0), shuffled and augmented from `train`'s seed, from batch number `start` on.
    pub fn training_batches(&self, train: &Train, epoch: usize, start: usize) -> Batches {
        let epoch = epoch as u64;
        let mut pass = self.pass(&self.train, &self.augmented, train.batch);
        shuffle(&mut pass.order, generator(train.seed, Purpose::Shuffle, epoch, 0));
        pass.order.truncate(self.steps(train).saturating_mul(train.batch));
        Batches::start(Pass { seed: train.seed, epoch, ..pass }, start, self.workers)
    }

    /// All of `split` in its own order, without augmentation, `batch` at a time; the last batch may be smaller.
    pub fn evaluation_batches(&self, split: &Split, batch: usize) -> Batches {
        Batches::start(self.pass(split, &self.plain, batch), 0, self.workers)
    }

    /// A pass through `split` in its own order, whose random transforms, if it has any, are those of seed 0.
    fn pass(&self, split: &Split, pipeline: &Pipeline, batch: usize) -> Pass {
        let (split, pipeline) = (split.clone(), pipeline.clone());
        let order = (0..split.len()).collect();
        Pass { split, pipeline, bad_images: self.bad_images, order, batch, seed: 0, epoch: 0 }
    }

    /// Sends one image of each split through its transforms: sets are often of one size, and so a mistake shows at once.
    fn try_one_of_each(&self) -> Result<(), DataError> {
        for (split, pipeline) in [(&self.train, &self.augmented), (&self.validation, &self.plain)] {
            self.pass(split, pipeline, 1).make(0, Batch::default(), &mut Image::default(), &mut Image::default())?;
        }
        Ok(())
    }
}

/// One image file as the network's input C×H×W, after `transforms`; for prediction, those of evaluation.
pub fn read_image(path: &Path, transforms: &[Transform], input: Shape) -> Result<Vec<f32>, DataError> {
    let pipeline = Pipeline::new(transforms, input)?;
    let (mut image, mut spare, mut output) = (Image::default(), Image::default(), Vec::new());
    decode(path, pipeline.channels(), &mut image)?;
    pipeline.check(image.size).map_err(|reason| DataError::Mismatch(format!("{}: {reason}", path.display())))?;
    pipeline.apply(&mut image, &mut spare, &mut generator(0, Purpose::Augment, 0, 0), &mut output);
    Ok(output)
}

/// An error if a label has no class.
fn check_labels(labels: &[u32], classes: usize, file: &Path) -> Result<(), DataError> {
    match labels.iter().position(|label| *label as usize >= classes) {
        None => Ok(()),
        Some(at) => {
            let message =
                format!("label {} of example {at}, but there are {classes} classes, 0 to {}", labels[at], classes - 1);
            Err(DataError::malformed(file, message))
        }
    }
}
