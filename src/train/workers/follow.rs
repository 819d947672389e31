//! What the other processes do, as the first one tells them.

use super::answers::{Evaluated, Parts};
use super::message::Reader;
use super::{Share, Transport, answer, garbled, order};
use crate::train::data::{Batches, Dataset};
use crate::train::learner::Wait;
use crate::train::{Run, Setting, TrainError};

/// One of the other processes.
struct Follower<'a> {
    setting: Setting<'a>,
    transport: &'a mut dyn Transport,
    /// Which parts of a step it computes.
    share: Share,
    /// Its batches of the epoch under way, and how many of the images that cannot be read were told of.
    batches: Option<(Batches, usize)>,
}

impl Run {
    /// Computes what the first process of a run asks for, until that has ended.
    ///
    /// # Errors
    /// If images cannot be read, or the device fails; and when the first process has ended, if this one notices.
    pub fn follow(&mut self, setting: Setting, transport: &mut dyn Transport) -> Result<(), TrainError> {
        super::check(transport.size(), setting.recipe)?;
        let (rank, size) = (transport.rank(), transport.size());
        let each = setting.recipe.accumulate / size;
        self.learner.share((rank * each) as u64)?;
        let mut follower = Follower { setting, transport, share: Share { rank, size, each }, batches: None };
        follower.say(answer::CONTENT.to_le_bytes().to_vec())?;
        loop {
            follower.obey(self)?;
        }
    }

    /// The parts of a step that are this process's, with what is known of them.
    fn compute(&mut self, setting: Setting, share: Share, batches: &mut Batches) -> Result<Parts, TrainError> {
        let mut parts = Parts::default();
        for part in 0..share.each {
            let Some(batch) = batches.next() else { break };
            let mut batch = batch?;
            self.learn(setting, share.rank * share.each + part, &mut batch)?;
            while let Some(outcome) = self.learner.outcome(Wait::All)? {
                parts.outcomes.push(outcome);
            }
            parts.done = batch.index + 1;
            batches.recycle(batch);
        }
        Ok(parts)
    }
}

impl Follower<'_> {
    fn say(&mut self, message: Vec<u8>) -> Result<(), TrainError> {
        Ok(self.transport.send(0, &message)?)
    }

    /// Does what the next message asks for.
    fn obey(&mut self, run: &mut Run) -> Result<(), TrainError> {
        let message = self.transport.receive(0)?;
        let mut reader = Reader::new(&message);
        let mut number = || reader.number().ok_or_else(|| garbled(0, self.share.size));
        let Setting { recipe, dataset, .. } = self.setting;
        match number()? {
            order::EPOCH => {
                let (epoch, start) = (number()? as usize, number()? as usize);
                run.position.epoch = epoch;
                self.batches = Some((dataset.shared_training_batches(recipe, epoch, start, self.share), 0));
                Ok(())
            }
            order::STEP => {
                let (lr, before) = (f64::from_bits(number()?), number()?);
                self.step(run, lr, before)
            }
            order::VALIDATE => {
                run.learner.swap_average()?;
                self.evaluate(run, dataset)?;
                Ok(run.learner.swap_average()?)
            }
            _ => Err(garbled(0, self.share.size)),
        }
    }

    fn step(&mut self, run: &mut Run, lr: f64, before: u64) -> Result<(), TrainError> {
        let Some((batches, told)) = &mut self.batches else { return Err(garbled(0, self.share.size)) };
        run.position.step = before;
        let mut parts = run.compute(self.setting, self.share, batches)?;
        parts.left_out = batches.skipped()[*told..].iter().map(ToString::to_string).collect();
        *told = batches.skipped().len();
        let mut message = answer::CONTENT.to_le_bytes().to_vec();
        parts.write(&mut message);
        run.learner.write_parts(&mut message, false)?;
        self.say(message)?;
        let sums = self.transport.receive(0)?;
        run.learner.read_parts(&mut Reader::new(&sums))?;
        Ok(run.learner.update(lr, before)?)
    }

    fn evaluate(&mut self, run: &mut Run, dataset: &Dataset) -> Result<(), TrainError> {
        let share = Share { each: 1, ..self.share };
        let mut batches = dataset.shared_evaluation_batches(&dataset.validation, self.setting.recipe.batch, share);
        let mut told = 0;
        while let Some(batch) = batches.next_of_any_size() {
            let batch = batch?;
            let outputs = match batch.examples.is_empty() {
                true => &[],
                false => run.learner.evaluator_mut().evaluate(&batch.images)?,
            };
            let left_out: Vec<String> = batches.skipped()[told..].iter().map(ToString::to_string).collect();
            told = batches.skipped().len();
            let mut message = answer::CONTENT.to_le_bytes().to_vec();
            Evaluated::write(outputs, &batch, &left_out, &mut message);
            self.transport.send(0, &message)?;
            batches.recycle(batch);
        }
        Ok(())
    }
}
