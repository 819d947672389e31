//! What the first process does: it tells the others what to compute, and puts together what comes back.

use std::mem;
use std::sync::atomic::{AtomicBool, Ordering};

use super::answers::{Evaluated, Parts};
use super::message::Reader;
use super::{Share, Transport, answered, garbled, order};
use crate::train::data::Batches;
use crate::train::evaluate::{Evaluation, judge};
use crate::train::position::Sums;
use crate::train::{Run, Setting, TrainError};

/// The other processes of a run, for the first one.
#[derive(Debug)]
pub struct Group {
    transport: Box<dyn Transport>,
    /// Images that others could not read in the epoch under way, and why.
    left_out: Vec<String>,
}

impl Group {
    fn size(&self) -> usize {
        self.transport.size()
    }

    fn broadcast(&mut self, message: &[u8]) -> Result<(), TrainError> {
        Ok((1..self.size()).try_for_each(|rank| self.transport.send(rank, message))?)
    }

    /// Tells all others to do something, with these numbers.
    fn order(&mut self, what: u64, numbers: &[u64]) -> Result<(), TrainError> {
        let words = [what].into_iter().chain(numbers.iter().copied());
        self.broadcast(&words.flat_map(u64::to_le_bytes).collect::<Vec<u8>>())
    }

    /// Tells all others to compute their parts of a step at this learning rate, of which `before` came earlier.
    pub(in crate::train) fn begin_step(&mut self, lr: f64, before: u64) -> Result<(), TrainError> {
        self.order(order::STEP, &[lr.to_bits(), before])
    }

    /// The images that others could not read since this was called last.
    pub(in crate::train) fn take_left_out(&mut self) -> Vec<String> {
        mem::take(&mut self.left_out)
    }

    /// What a process has answered, as `read` understands it.
    fn answer<R>(
        &mut self,
        rank: usize,
        read: impl FnOnce(&mut Reader) -> Result<Option<R>, TrainError>,
    ) -> Result<R, TrainError> {
        let message = self.transport.receive(rank)?;
        let garbled = || garbled(rank, self.transport.size());
        read(&mut answered(&message).ok_or_else(garbled)??)?.ok_or_else(garbled)
    }
}

impl Run {
    /// From now on shares each step with other processes, which are at the same point of the run.
    ///
    /// # Errors
    /// If the recipe's steps cannot be shared out, the device does not share, or one of the others is not ready.
    pub fn lead(&mut self, setting: Setting, transport: Box<dyn Transport>) -> Result<(), TrainError> {
        super::check(transport.size(), setting.recipe)?;
        let mut group = Group { transport, left_out: Vec::new() };
        for rank in 1..group.size() {
            group.answer(rank, |_| Ok(Some(())))?;
        }
        self.learner.share(0)?;
        self.group = Some(group);
        Ok(())
    }

    /// How many parts of a step this process computes: the first ones.
    pub(in crate::train) fn own_parts(&self, accumulate: usize) -> usize {
        self.group.as_ref().map_or(accumulate, |group| accumulate / group.size())
    }

    /// What this process reads of the epoch under way; the others begin to read theirs.
    pub(in crate::train) fn begin_epoch(&mut self, setting: Setting) -> Result<Batches, TrainError> {
        let Setting { recipe, dataset, .. } = setting;
        let (epoch, batch) = (self.position.epoch, self.position.batch);
        let mut share = Share::ALL;
        if let Some(group) = &mut self.group {
            group.order(order::EPOCH, &[epoch as u64, batch as u64])?;
            share = Share { rank: 0, size: group.size(), each: recipe.accumulate / group.size() };
        }
        Ok(dataset.shared_training_batches(recipe, epoch, batch, share))
    }

    /// Takes in the parts of the step that the others have computed, and tells them the sums of all. What is known of
    /// the parts is added to `own`.
    pub(in crate::train) fn gather(&mut self, setting: Setting, own: &mut Sums) -> Result<(), TrainError> {
        // Without them there is nothing to go on with, should anything fail.
        let Some(mut group) = self.group.take() else { return Ok(()) };
        for rank in 1..group.size() {
            let learner = &mut self.learner;
            let parts = group.answer(rank, |message| {
                let Some(parts) = Parts::read(message) else { return Ok(None) };
                // A loss that is not finite is said, and nothing is added to it.
                if parts.outcomes.iter().all(|outcome| outcome.first.is_none()) {
                    learner.read_parts(message)?;
                }
                Ok(Some(parts))
            })?;
            self.position.batch = self.position.batch.max(parts.done);
            group.left_out.extend(parts.left_out);
            for outcome in parts.outcomes {
                self.count(setting, outcome, own)?;
            }
        }
        let mut sums = Vec::new();
        self.learner.write_parts(&mut sums, true)?;
        group.broadcast(&sums)?;
        self.group = Some(group);
        Ok(())
    }

    /// As [`evaluate`](crate::train::evaluate::evaluate), of the validation images, with the other processes.
    pub(in crate::train) fn evaluate_shared(
        &mut self,
        setting: Setting,
        stop: &AtomicBool,
    ) -> Result<Option<Evaluation>, TrainError> {
        let Setting { recipe, dataset, .. } = setting;
        let Run { learner, group: Some(group), .. } = self else { return Ok(None) };
        group.order(order::VALIDATE, &[])?;
        let (split, share) = (&dataset.validation, Share { rank: 0, size: group.size(), each: 1 });
        let mut batches = dataset.shared_evaluation_batches(split, recipe.batch, share);
        let network = learner.evaluator_mut();
        let (mut skipped, mut own) = (Vec::new(), 0);
        let mut judge = judge(dataset, network.program(), &[])?;
        for place in 0..split.len().div_ceil(recipe.batch) {
            if stop.load(Ordering::Relaxed) {
                return Ok(None);
            }
            match share.owner(place) {
                0 => {
                    let Some(batch) = batches.next_of_any_size() else { continue };
                    let batch = batch?;
                    if !batch.examples.is_empty() {
                        judge.add(network.evaluate(&batch.images)?, &batch)?;
                    }
                    skipped.extend(batches.skipped()[own..].iter().map(ToString::to_string));
                    own = batches.skipped().len();
                    batches.recycle(batch);
                }
                rank => {
                    let Evaluated { outputs, batch, left_out } =
                        group.answer(rank, |message| Ok(Evaluated::read(message)))?;
                    if !batch.examples.is_empty() {
                        judge.add(&outputs, &batch)?;
                    }
                    skipped.extend(left_out);
                }
            }
        }
        let evaluation = judge.verdict(skipped);
        match evaluation.skipped().first() {
            Some(one) if evaluation.images() == 0 => {
                let count = evaluation.skipped().len();
                Err(TrainError::Refused(format!("none of {count} images can be read; one of them: {one}")))
            }
            _ => Ok(Some(evaluation)),
        }
    }
}
