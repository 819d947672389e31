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

use std::path::Path;

use crate::graph::Shape;
use crate::recipe::{Data, Train, Transform};

/// Images with labels, in two splits, and the way from an image to the network's input.
#[derive(Debug)]
pub struct Dataset {
    /// What the network learns from.
    pub train: Split,
    /// What it is judged by.
    pub validation: Split,
}

/// Some images with their labels, in memory or as files.
#[derive(Debug, Clone)]
pub struct Split {}

/// Images and labels of one step.
#[derive(Debug, Default)]
pub struct Batch {
    /// Which batch of its epoch this is, from 0. An epoch that stopped after it goes on at `index + 1`.
    pub index: usize,
    /// N×C×H×W, transformed.
    pub images: Vec<f32>,
    /// N class indices.
    pub labels: Vec<u32>,
}

/// The batches of one pass through a split, made ahead on background threads, in order.
#[derive(Debug)]
pub struct Batches {}

/// Why a data set cannot be used, with the file and what to do about it.
#[derive(Debug)]
pub struct DataError {}

impl Dataset {
    /// Finds and reads `data`'s set for a network that reads `input` and tells `classes` classes apart. Of folders only
    /// the names are read, of everything else all images.
    ///
    /// # Errors
    /// If files are missing, cut off or not what they should be, if a label has no class in the network, and if images
    /// do not come out of the transforms in the network's size.
    pub fn open(_data: &Data, _input: Shape, _classes: Option<usize>) -> Result<Dataset, DataError> {
        todo!()
    }

    /// Class names, by label.
    pub fn classes(&self) -> &[String] {
        todo!()
    }

    /// How many batches an epoch has.
    pub fn steps(&self, _train: &Train) -> usize {
        todo!()
    }

    /// The batches of epoch `epoch` (from 0), shuffled and augmented from `train`'s seed, from batch number `start` on.
    pub fn training_batches(&self, _train: &Train, _epoch: usize, _start: usize) -> Batches {
        todo!()
    }

    /// All of `split` in its own order, without augmentation, `batch` at a time; the last batch may be smaller.
    pub fn evaluation_batches(&self, _split: &Split, _batch: usize) -> Batches {
        todo!()
    }
}

impl Split {
    /// How many examples there are.
    #[allow(clippy::len_without_is_empty)]
    pub fn len(&self) -> usize {
        todo!()
    }
}

impl Batches {
    /// Gives a batch's memory back, for a later batch.
    pub fn recycle(&mut self, _batch: Batch) {}

    /// The images that were left out so far, and why: only with `on_bad_image: skip`. A batch with such an image is smaller.
    pub fn skipped(&self) -> &[DataError] {
        todo!()
    }
}

impl Iterator for Batches {
    type Item = Result<Batch, DataError>;

    fn next(&mut self) -> Option<Self::Item> {
        todo!()
    }
}

impl std::fmt::Display for DataError {
    fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        todo!()
    }
}

impl std::error::Error for DataError {}

/// One image file as the network's input C×H×W, after `transforms`; for prediction, those of evaluation.
pub fn read_image(_path: &Path, _transforms: &[Transform], _input: Shape) -> Result<Vec<f32>, DataError> {
    todo!()
}
