//! What the other processes send to the first one.

use super::message::{Reader, put_numbers, put_reals, put_text, put_texts};
use crate::executor::Loss;
use crate::train::data::Batch;
use crate::train::learner::Outcome;

/// What came of a process's parts of a step, besides their sums.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Parts {
    /// How many batches of the epoch are done after the last of them; 0 if it has none.
    pub(super) done: usize,
    /// Of each part.
    pub(super) outcomes: Vec<Outcome>,
    /// Images that could not be read for them.
    pub(super) left_out: Vec<String>,
}

impl Parts {
    pub(super) fn write(&self, message: &mut Vec<u8>) {
        put_texts(message, &self.left_out);
        put_numbers(message, [self.done as u64, self.outcomes.len() as u64].into_iter());
        for Outcome { step, images, loss: Loss { loss, correct, weight }, first } in &self.outcomes {
            let numbers = [*step, *images as u64, loss.to_bits(), *correct as u64, weight.to_bits()];
            put_numbers(message, numbers.into_iter());
            put_text(message, first.as_deref().unwrap_or_default());
        }
    }

    pub(super) fn read(message: &mut Reader) -> Option<Parts> {
        let left_out = message.texts()?;
        let &[done, count] = message.numbers()?.as_slice() else { return None };
        let outcome = |_| {
            let &[step, images, loss, correct, weight] = message.numbers()?.as_slice() else { return None };
            let (loss, weight) = (f64::from_bits(loss), f64::from_bits(weight));
            let first = Some(message.text()?).filter(|first| !first.is_empty());
            Some(Outcome {
                step,
                images: images as usize,
                loss: Loss { loss, correct: correct as usize, weight },
                first,
            })
        };
        let outcomes = (0..count).map(outcome).collect::<Option<_>>()?;
        Some(Parts { done: done as usize, outcomes, left_out })
    }
}

/// A batch of validation images, without the images themselves.
#[derive(Debug, Default)]
pub(super) struct Evaluated {
    /// What the network gave for them.
    pub(super) outputs: Vec<f32>,
    /// What they are; empty if none of them could be read.
    pub(super) batch: Batch,
    /// Those that could not be read.
    pub(super) left_out: Vec<String>,
}

impl Evaluated {
    pub(super) fn write(outputs: &[f32], batch: &Batch, left_out: &[String], message: &mut Vec<u8>) {
        put_reals(message, outputs);
        put_numbers(message, batch.labels.iter().map(|label| u64::from(*label)));
        put_reals(message, &batch.targets);
        put_numbers(message, batch.examples.iter().map(|example| *example as u64));
        put_texts(message, left_out);
    }

    pub(super) fn read(message: &mut Reader) -> Option<Evaluated> {
        let outputs = message.reals()?;
        let batch = Batch {
            labels: message.numbers()?.into_iter().map(|label| label as u32).collect(),
            targets: message.reals()?,
            examples: message.numbers()?.into_iter().map(|example| example as usize).collect(),
            ..Batch::default()
        };
        Some(Evaluated { outputs, batch, left_out: message.texts()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read_as_they_were_written() {
        let outcome = |first: Option<&str>| Outcome {
            step: 7,
            images: 32,
            loss: Loss { loss: f64::NAN, correct: 5, weight: 0.1 },
            first: first.map(str::to_owned),
        };
        let outcomes = vec![outcome(None), outcome(Some("the output of `fc`"))];
        let parts = Parts { done: 12, outcomes, left_out: vec!["a.png: cut off".to_owned()] };
        let mut message = Vec::new();
        parts.write(&mut message);
        // NaN is not equal to itself.
        assert_eq!(format!("{:?}", Parts::read(&mut Reader::new(&message))), format!("{:?}", Some(parts)));
        assert!((0..message.len()).all(|length| Parts::read(&mut Reader::new(&message[..length])).is_none()));

        let batch = Batch { labels: vec![3, u32::MAX], targets: vec![0.5], examples: vec![9, 1], ..Batch::default() };
        let (mut message, left_out) = (Vec::new(), ["b.png".to_owned()]);
        Evaluated::write(&[1.0, f32::NEG_INFINITY], &batch, &left_out, &mut message);
        let read = Evaluated::read(&mut Reader::new(&message)).expect("a whole one");
        assert_eq!((read.outputs, read.left_out), (vec![1.0, f32::NEG_INFINITY], left_out.to_vec()));
        assert_eq!(
            (read.batch.labels, read.batch.targets, read.batch.examples),
            (batch.labels, batch.targets, batch.examples)
        );
    }
}
