//! Several processes that compute one run, to the bytes that one process comes to.
//!
//! ```text
//! first process                                    each of the others
//! Epoch  ─────────────────────────────────────▶    reads its own share of the images, ahead
//! Step   ─────────────────────────────────────▶    computes its parts of the step
//!        ◀──── losses, gradients, statistics ──
//!        adds the parts by their numbers
//! sums   ─────────────────────────────────────▶    clip, optimizer, average: as in the first process
//! Validate ───────────────────────────────────▶    its own batches
//!        ◀─────────────────────────── outputs ──
//!        judges them in order
//! ```
//!
//! The first process alone decides, prints and writes. The others end when it does, in whatever way: then nothing more
//! comes from it. What moves the bytes is a [`Transport`], which knows nothing of what they mean.

mod answers;
mod follow;
mod lead;
pub mod message;
pub mod pipes;

use std::fmt::{self, Debug};

pub use self::lead::Group;
use self::message::{Reader, put_text, put_texts};
use super::TrainError;
use crate::recipe::Train;

/// Moves bytes between the processes of a run, which are numbered from 0: that one leads.
pub trait Transport: Debug + Send {
    /// This process's number.
    fn rank(&self) -> usize;

    /// How many there are.
    fn size(&self) -> usize;

    /// Sends a message, which arrives whole and after those that were sent to the same process before.
    ///
    /// # Errors
    /// If that process has ended.
    fn send(&mut self, to: usize, message: &[u8]) -> Result<(), Lost>;

    /// Waits for the next message of a process.
    ///
    /// # Errors
    /// If that process has ended.
    fn receive(&mut self, from: usize) -> Result<Vec<u8>, Lost>;
}

/// A process that has ended while others counted on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lost {
    /// Its number, from 0.
    pub rank: usize,
    /// How many there were.
    pub size: usize,
    /// In which way it ended, as far as that is known.
    pub how: String,
}

impl fmt::Display for Lost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "worker {} of {} has ended ({})", self.rank + 1, self.size, self.how)
    }
}

/// A process's share of batches: of those at places from 0 on, `each` at a time in turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    /// Of the process.
    pub rank: usize,
    /// How many share.
    pub size: usize,
    /// Batches before it is the next one's turn.
    pub each: usize,
}

impl Share {
    /// All of them.
    pub const ALL: Share = Share { rank: 0, size: 1, each: 1 };

    /// Whose turn it is at a place.
    pub fn owner(self, place: usize) -> usize {
        place / self.each % self.size
    }
}

/// Whether the batches of a step can be shared out among so many processes.
///
/// # Errors
/// If not, with what can be.
pub fn check(size: usize, recipe: &Train) -> Result<(), TrainError> {
    let Train { accumulate: parts, batch, .. } = *recipe;
    if size <= 1 || parts.is_multiple_of(size) {
        return Ok(());
    }
    let batches = |count: usize| if count == 1 { "1 batch".to_owned() } else { format!("{count} batches") };
    let images = parts.saturating_mul(batch);
    // As many images a step, or a few more.
    let more = parts.div_ceil(size).saturating_mul(size);
    let smaller = images.div_ceil(more).max(1);
    let all = more.saturating_mul(smaller);
    let same = if all == images { "as many" } else { "nearly as many" };
    let advice = format!(
        "`--set train.accumulate={more} --set train.batch={smaller}` makes it {more} × {smaller} = {all}, {same}"
    );
    let (least, left) = (parts / size, parts % size);
    let why = if least == 0 {
        format!("{size} workers are more than the parts of a step")
    } else {
        format!("{size} workers cannot share the parts of a step equally: {parts} = {least} · {size} + {left}")
    };
    let fewer = (2..size).rev().find(|fewer| parts.is_multiple_of(*fewer));
    let fewer = fewer.map_or(String::new(), |fewer| format!("; `--workers {fewer}` would do without a change"));
    Err(TrainError::Refused(format!(
        "{why}: with `accumulate: {parts}` a step has {} of {batch}, {images} images; {advice}{fewer}",
        batches(parts)
    )))
}

/// Messages of the first process.
mod order {
    pub const EPOCH: u64 = 1;
    pub const STEP: u64 = 2;
    pub const VALIDATE: u64 = 3;
}

/// What the others answer with: something of what they were asked for, or why they cannot.
mod answer {
    pub const CONTENT: u64 = 0;
    pub const ERROR: u64 = 1;
}

/// Something else was to come. Whoever sends is the same program, so it is damaged.
fn garbled(rank: usize, size: usize) -> TrainError {
    TrainError::Lost(Lost { rank, size, how: "it sent something else than was to come".to_owned() })
}

/// From the first process: how all number the classes.
///
/// # Errors
/// If another process has ended.
pub fn send_classes(transport: &mut dyn Transport, classes: &[String]) -> Result<(), Lost> {
    let mut message = Vec::new();
    put_texts(&mut message, classes);
    (1..transport.size()).try_for_each(|rank| transport.send(rank, &message))
}

/// What [`send_classes`] sent.
///
/// # Errors
/// If the first process has ended.
pub fn receive_classes(transport: &mut dyn Transport) -> Result<Vec<String>, TrainError> {
    let message = transport.receive(0)?;
    Reader::new(&message).texts().ok_or_else(|| garbled(0, transport.size()))
}

/// From another process: why it cannot go on, for the first one to say.
///
/// # Errors
/// If that one has ended.
pub fn refuse(transport: &mut dyn Transport, why: &str) -> Result<(), Lost> {
    let mut message = answer::ERROR.to_le_bytes().to_vec();
    put_text(&mut message, why);
    transport.send(0, &message)
}

/// What another process answered, behind the word that says of which kind it is.
fn answered(message: &[u8]) -> Option<Result<Reader<'_>, TrainError>> {
    let mut reader = Reader::new(message);
    match reader.number()? {
        answer::CONTENT => Some(Ok(reader)),
        answer::ERROR => Some(Err(TrainError::Refused(reader.text()?))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_shared_out_equally() {
        let refused = |size: usize, accumulate: usize, batch: usize| {
            let recipe = Train { accumulate, batch, ..Train::default() };
            check(size, &recipe).map_err(|error| error.to_string()).err()
        };
        assert_eq!((refused(1, 1, 32), refused(4, 8, 32), refused(3, 3, 1)), (None, None, None));
        assert_eq!(
            refused(4, 1, 32).as_deref(),
            Some(
                "4 workers are more than the parts of a step: with `accumulate: 1` a step has 1 batch of 32, 32 images; \
                 `--set train.accumulate=4 --set train.batch=8` makes it 4 × 8 = 32, as many"
            )
        );
        assert_eq!(
            refused(4, 6, 10).as_deref(),
            Some(
                "4 workers cannot share the parts of a step equally: 6 = 1 · 4 + 2: with `accumulate: 6` a step has \
                 6 batches of 10, 60 images; `--set train.accumulate=8 --set train.batch=8` makes it 8 × 8 = 64, nearly \
                 as many; `--workers 3` would do without a change"
            )
        );
        assert!(refused(256, usize::MAX - 1, usize::MAX).is_some(), "no sum is too large");
    }

    #[test]
    fn every_batch_has_one_owner() {
        let share = Share { rank: 0, size: 2, each: 3 };
        let owners: Vec<usize> = (0..13).map(|place| share.owner(place)).collect();
        assert_eq!(owners, [0, 0, 0, 1, 1, 1, 0, 0, 0, 1, 1, 1, 0]);
        assert!((0..9).all(|place| Share::ALL.owner(place) == 0));
    }
}
