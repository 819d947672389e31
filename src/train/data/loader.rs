//! Batches, made ahead on threads of their own.
//!
//! Worker w of W makes the batches w, w + W, w + 2W, … and has room for one that waits. So batches come out in order
//! however many workers there are, and at most 2·W of them are in memory. The threads are no part of rayon's pool,
//! which computes. Where several processes share a pass, each counts only the batches that are its own.

use std::mem;
use std::ops::Range;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use rand_chacha::ChaCha8Rng;

use super::augment::Pipeline;
use super::image::Image;
use super::{DataError, Split};
use crate::random::{Purpose, below, generator};
use crate::train::workers::Share;

/// Images and labels of one step.
#[derive(Debug, Default)]
pub struct Batch {
    /// Which batch of its epoch this is, from 0. An epoch that stopped after it goes on at `index + 1`.
    pub index: usize,
    /// N×C×H×W, transformed.
    pub images: Vec<f32>,
    /// N class indices, or N×H×W of pixels, of which some may be [`IGNORED`](crate::kernels::IGNORED); none where
    /// another task has other targets.
    pub labels: Vec<u32>,
    /// N×C numbers, 1 for labels that an image has and 0 for the others, or the image's numbers; none where images
    /// have a class each.
    pub targets: Vec<f32>,
    /// The N images' numbers in their split.
    pub examples: Vec<usize>,
}

/// The batches of one pass through a split, made ahead on background threads, in order.
#[derive(Debug)]
pub struct Batches {
    workers: Vec<Worker>,
    /// The batches' numbers; the worker of the i-th of them is i modulo their number.
    numbers: Vec<usize>,
    /// Which of the numbers are still to come.
    left: Range<usize>,
    /// Whether a whole epoch may still turn out to have no image at all.
    barren: bool,
    skipped: Vec<DataError>,
    waited: Duration,
}

/// One pass through a split.
#[derive(Debug)]
pub struct SplitPass {
    pub split: Split,
    pub pipeline: Pipeline,
    /// How many classes or labels there are.
    pub classes: usize,
    pub unreadable: Unreadable,
    /// Examples as they come.
    pub order: Vec<usize>,
    /// Whether an example may come again: each time, random transforms then change it in another way.
    pub repeats: bool,
    /// Examples in a batch; the last batch may have fewer.
    pub batch: usize,
    /// What the random transforms draw from.
    pub seed: u64,
    pub epoch: u64,
}

/// What is done about an image that cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unreadable {
    /// It is an error.
    Refuse,
    /// The batch is smaller: to measure with, no image may count twice.
    LeaveOut,
    /// Another one is drawn in its place: to train with, no batch may be too small for the network.
    Replace,
}

/// The ways to and from a thread.
#[derive(Debug)]
struct Worker {
    made: Receiver<Result<Made, DataError>>,
    used: Sender<Batch>,
}

/// A batch, and the images that could not be read for it.
#[derive(Debug)]
pub struct Made {
    batch: Batch,
    skipped: Vec<DataError>,
}

impl Made {
    /// The batch, and what is missing in it.
    pub fn into_parts(self) -> (Batch, Vec<DataError>) {
        (self.batch, self.skipped)
    }
}

impl Batches {
    /// Sets `workers` threads to work on a share of `pass`, from batch number `start` on.
    pub(super) fn start(pass: SplitPass, start: usize, workers: usize, share: Share) -> Batches {
        let end = pass.order.len().div_ceil(pass.batch);
        let is_own = |number: &usize| share.owner(*number - start) == share.rank;
        let numbers: Vec<usize> = (start..end).filter(is_own).collect();
        // The processors are shared too.
        let workers = workers.div_ceil(share.size).min(numbers.len()).max(1);
        let pass = Arc::new(pass);
        let spawn = |worker: usize| {
            let (send, made) = sync_channel(1);
            let (used, recycled) = channel();
            let pass = Arc::clone(&pass);
            let own: Vec<usize> = numbers.iter().copied().skip(worker).step_by(workers).collect();
            let failed = send.clone();
            let started = thread::Builder::new().spawn(move || pass.work(own.into_iter(), &send, &recycled));
            if let Err(error) = started {
                // In the place of its first batch; the channel has room for one.
                let _ =
                    failed.send(Err(DataError::Mismatch(format!("cannot start a thread that reads images: {error}"))));
            }
            Worker { made, used }
        };
        let workers = (0..workers).map(spawn).collect();
        let left = 0..numbers.len();
        // Of a share alone that is nothing to wonder at.
        let barren = start == 0 && share == Share::ALL;
        Batches { workers, numbers, left, barren, skipped: Vec::new(), waited: Duration::ZERO }
    }

    /// Gives a batch's memory back, for a later batch.
    pub fn recycle(&mut self, batch: Batch) {
        if let Ok(place) = self.numbers.binary_search(&batch.index) {
            // A worker that has made its last batch is gone, and needs no memory.
            let _ = self.worker(place).used.send(batch);
        }
    }

    /// The images that could not be read so far, and why: only with `on_bad_image: skip`.
    pub fn skipped(&self) -> &[DataError] {
        &self.skipped
    }

    /// How long [`Batches::next`] has waited for batches so far.
    pub fn waited(&self) -> Duration {
        self.waited
    }

    fn worker(&self, place: usize) -> &Worker {
        &self.workers[place % self.workers.len()]
    }

    /// The next batch, also one of which no image can be read. After an error there is nothing more.
    pub fn next_of_any_size(&mut self) -> Option<Result<Batch, DataError>> {
        let place = self.left.next()?;
        let asked = Instant::now();
        let made = self.worker(place).made.recv().expect("a worker makes every batch that is its own");
        self.waited += asked.elapsed();
        if made.is_err() {
            self.left = 0..0;
        }
        Some(made.map(|Made { batch, skipped }| {
            self.skipped.extend(skipped);
            batch
        }))
    }
}

impl Iterator for Batches {
    type Item = Result<Batch, DataError>;

    /// The next batch, which has at least one example. After an error there is nothing more; an epoch of which every
    /// image was skipped is an error too.
    fn next(&mut self) -> Option<Self::Item> {
        while let Some(made) = self.next_of_any_size() {
            if made.as_ref().is_ok_and(|batch| batch.examples.is_empty()) {
                continue;
            }
            self.barren = false;
            return Some(made);
        }
        match self.skipped.first() {
            Some(first) if mem::take(&mut self.barren) => Some(Err(none_left(self.skipped.len(), first))),
            _ => None,
        }
    }
}

impl SplitPass {
    /// The same, but that another image takes the place of one that would be left out.
    pub fn replacing(mut self) -> SplitPass {
        if self.unreadable == Unreadable::LeaveOut {
            self.unreadable = Unreadable::Replace;
        }
        self
    }

    /// Makes the batches `numbers`, until there are no more or nobody takes them.
    fn work(
        &self,
        numbers: impl Iterator<Item = usize>,
        made: &SyncSender<Result<Made, DataError>>,
        recycled: &Receiver<Batch>,
    ) {
        let (mut image, mut spare) = (Image::default(), Image::default());
        for number in numbers {
            let batch = recycled.try_recv().unwrap_or_default();
            let result = self.make(number, batch, &mut image, &mut spare);
            let failed = result.is_err();
            if made.send(result).is_err() || failed {
                return;
            }
        }
    }

    /// Batch `index`, in the memory of `batch`.
    pub fn make(
        &self,
        index: usize,
        mut batch: Batch,
        image: &mut Image,
        spare: &mut Image,
    ) -> Result<Made, DataError> {
        let first = index * self.batch;
        let positions = first..self.order.len().min(first + self.batch);
        batch.index = index;
        batch.labels.clear();
        batch.targets.clear();
        batch.examples.clear();
        batch.images.clear();
        batch.images.reserve(positions.len() * self.pipeline.elements());
        let mut skipped = Vec::new();
        for position in positions {
            let example = self.order[position];
            let place = if self.repeats { position } else { example };
            let mut numbers = generator(self.seed, Purpose::Augment, self.epoch, place as u64);
            match self.put(example, &mut numbers, &mut batch, image, spare) {
                Err(error) if error.is_of_one_image() && self.unreadable != Unreadable::Refuse => {
                    if self.unreadable == Unreadable::Replace && !self.replace(position, &mut batch, image, spare)? {
                        return Err(none_left(self.order.len(), &error));
                    }
                    skipped.push(error);
                }
                other => other?,
            }
        }
        Ok(Made { batch, skipped })
    }

    /// Puts an image that can be read into `batch`, in place of the one at `position`: any of the epoch's, that one and
    /// those after it in the epoch's order. Which, and what becomes of it, follows from the position alone, whoever
    /// makes the batch. False if there is none.
    fn replace(
        &self,
        position: usize,
        batch: &mut Batch,
        image: &mut Image,
        spare: &mut Image,
    ) -> Result<bool, DataError> {
        let mut numbers = generator(self.seed, Purpose::Replace, self.epoch, position as u64);
        let drawn = below(&mut numbers, self.order.len());
        for example in self.order[drawn..].iter().chain(&self.order[..drawn]) {
            match self.put(*example, &mut numbers, batch, image, spare) {
                Err(error) if error.is_of_one_image() => {}
                other => return other.map(|()| true),
            }
        }
        Ok(false)
    }

    /// Reads and transforms an image, with `numbers`, at the end of `batch`.
    fn put(
        &self,
        example: usize,
        numbers: &mut ChaCha8Rng,
        batch: &mut Batch,
        image: &mut Image,
        spare: &mut Image,
    ) -> Result<(), DataError> {
        self.split.read(example, self.pipeline.channels(), image)?;
        self.pipeline.check(image.size).map_err(|reason| self.unfit(example, reason))?;
        let mut mask = self.split.targets().mask(example, image.size)?;
        self.pipeline.apply(image, mask.as_mut(), spare, numbers, &mut batch.images);
        self.split.targets().put(example, self.classes, mask.as_ref(), batch);
        batch.examples.push(example);
        Ok(())
    }

    fn unfit(&self, example: usize, reason: String) -> DataError {
        let file = self.split.file(example).map_or("an image".to_string(), |file| file.display().to_string());
        DataError::Mismatch(format!("{file} does not fit: {reason}"))
    }
}

/// What to say when none of `count` images can be read, of which this is `one`.
pub fn none_left(count: usize, one: &DataError) -> DataError {
    DataError::Mismatch(format!("none of {count} images can be read; one of them: {one}"))
}
