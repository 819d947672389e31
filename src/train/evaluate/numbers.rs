//! How near a network comes to the numbers that images have.

use serde::{Deserialize, Serialize};

use super::{Evaluation, Judge, keep, mean, place, too_many};
use crate::recipe::Measure;
use crate::train::TrainError;
use crate::train::data::Batch;
use crate::train::ranking::MOST_SCORES;

/// What became of a set of images.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NumbersEvaluation {
    /// How many there were.
    pub images: usize,
    /// What became of each number.
    pub columns: Vec<ColumnResult>,
    /// Files that were left out, and why.
    pub skipped: Vec<String>,
    /// A few of the images that the network is farthest from, the farthest first.
    pub mistakes: Vec<NumberGuess>,
    /// A few images from all over the set.
    pub sample: Vec<NumberGuess>,
}

/// What became of a number.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ColumnResult {
    /// The mean distance; `None` without images, and as what follows where it is no number.
    pub mae: Option<f64>,
    /// The mean squared distance.
    pub mse: Option<f64>,
    /// The part of the numbers' variance that the network explains. As in scikit-learn, where all numbers are the same
    /// it is 1 if the network gives just them and otherwise 0; `None` with fewer than two images.
    pub r2: Option<f64>,
    /// Truth and prediction of some images from all over the set.
    pub points: Vec<(f64, f64)>,
}

/// An image with what it has and what the network gives.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NumberGuess {
    /// Its number in its split.
    pub example: usize,
    /// Its numbers.
    pub truth: Vec<f32>,
    /// The network's.
    pub given: Vec<f32>,
    /// The mean of the squared differences, each in parts of the variance of its number.
    pub apart: f64,
}

/// Points that are kept of each number, at most.
const POINTS: usize = 500;

impl NumbersEvaluation {
    /// NaN where it is not known.
    pub(super) fn measured(&self, measure: Measure) -> f64 {
        let known =
            |of: fn(&ColumnResult) -> Option<f64>| mean(self.columns.iter().map(|one| of(one).unwrap_or(f64::NAN)));
        match measure {
            Measure::Loss => known(|column| column.mse),
            Measure::MeanDistance => known(|column| column.mae),
            Measure::Explained => known(|column| column.r2),
            Measure::Accuracy
            | Measure::BalancedAccuracy
            | Measure::MacroF1
            | Measure::Auroc
            | Measure::CalibrationError
            | Measure::MeanPrecision
            | Measure::MeanIou
            | Measure::PixelAccuracy => f64::NAN,
        }
    }
}

/// All numbers of all images.
pub struct NumbersJudge {
    columns: usize,
    /// Both N×C.
    truth: Vec<f32>,
    given: Vec<f32>,
    examples: Vec<usize>,
}

impl NumbersJudge {
    /// Of no images yet.
    pub fn new(columns: usize) -> NumbersJudge {
        NumbersJudge { columns, truth: Vec::new(), given: Vec::new(), examples: Vec::new() }
    }

    /// Truth and prediction of a number, for every image.
    fn column(&self, column: usize) -> impl Iterator<Item = (f64, f64)> + Clone {
        let every = self.truth.iter().zip(&self.given).skip(column).step_by(self.columns);
        every.map(|(truth, given)| (f64::from(*truth), f64::from(*given)))
    }

    /// The mean squared distance of a number from its mean.
    fn variance(&self, column: usize) -> f64 {
        let centre = mean(self.column(column).map(|(truth, _)| truth));
        mean(self.column(column).map(|(truth, _)| (truth - centre).powi(2)))
    }

    fn result(&self, column: usize, variance: f64) -> ColumnResult {
        let finite = |value: f64| Some(value).filter(|value| value.is_finite());
        let mae = finite(mean(self.column(column).map(|(truth, given)| (truth - given).abs())));
        let mse = finite(mean(self.column(column).map(|(truth, given)| (truth - given).powi(2))));
        let r2 = mse.filter(|_| self.examples.len() > 1).map(|mse| match (variance == 0.0, mse == 0.0) {
            (true, true) => 1.0,
            (true, false) => 0.0,
            (false, _) => 1.0 - mse / variance,
        });
        let mut order: Vec<usize> = (0..self.examples.len()).collect();
        order.sort_by_key(|at| place(self.examples[*at]));
        order.truncate(POINTS);
        let point = |at: &usize| {
            let at = at * self.columns + column;
            (f64::from(self.truth[at]), f64::from(self.given[at]))
        };
        ColumnResult { mae, mse, r2, points: order.iter().map(point).collect() }
    }
}

impl Judge for NumbersJudge {
    fn add(&mut self, outputs: &[f32], batch: &Batch) -> Result<(), TrainError> {
        if self.given.len() + outputs.len() > MOST_SCORES {
            return Err(too_many(self.examples.len() + batch.examples.len(), self.columns));
        }
        self.given.extend_from_slice(outputs);
        self.truth.extend_from_slice(&batch.targets);
        self.examples.extend_from_slice(&batch.examples);
        Ok(())
    }

    fn verdict(self: Box<Self>, skipped: Vec<String>) -> Evaluation {
        let variances: Vec<f64> = (0..self.columns).map(|column| self.variance(column)).collect();
        let results = variances.iter().enumerate().map(|(column, variance)| self.result(column, *variance));
        let columns: Vec<ColumnResult> = results.collect();
        let (mut mistakes, mut sample) = (Vec::new(), Vec::new());
        let rows = self.truth.chunks_exact(self.columns).zip(self.given.chunks_exact(self.columns));
        for ((truth, given), example) in rows.zip(&self.examples) {
            let part = |((truth, given), variance): ((&f32, &f32), &f64)| {
                (f64::from(*truth) - f64::from(*given)).powi(2) / if *variance > 0.0 { *variance } else { 1.0 }
            };
            let apart = mean(truth.iter().zip(given).zip(&variances).map(part));
            let guess = || NumberGuess { example: *example, truth: truth.to_vec(), given: given.to_vec(), apart };
            if !apart.is_nan() {
                keep(&mut mistakes, guess(), |guess| -guess.apart);
                keep(&mut sample, guess(), |guess| place(guess.example));
            }
        }
        Evaluation::Numbers(NumbersEvaluation { images: self.examples.len(), columns, skipped, mistakes, sample })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From `tests/fixtures/regression.py`: what scikit-learn makes of numbers.
    const FIXTURE: &str = include_str!("../../../tests/fixtures/regression.txt");

    fn judged(columns: usize, truth: &[f32], given: &[f32]) -> NumbersEvaluation {
        let mut judge = Box::new(NumbersJudge::new(columns));
        for (index, (truth, given)) in truth.chunks(5 * columns).zip(given.chunks(5 * columns)).enumerate() {
            let examples: Vec<usize> = (5 * index..).take(truth.len() / columns).collect();
            let batch = Batch { targets: truth.to_vec(), examples, ..Batch::default() };
            judge.add(given, &batch).expect("they are few");
        }
        match judge.verdict(Vec::new()) {
            Evaluation::Numbers(evaluation) => evaluation,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn measures_are_scikit_learns() {
        for line in FIXTURE.lines() {
            let number = |word: &str| if word == "-" { f64::NAN } else { word.parse().expect("a number") };
            let parts: Vec<Vec<f64>> = line.split(" | ").map(|part| part.split(' ').map(number).collect()).collect();
            let [truth, given] =
                [1, 2].map(|part: usize| parts[part].iter().map(|value| *value as f32).collect::<Vec<_>>());
            let evaluation = judged(parts[0][0] as usize, &truth, &given);
            let same = |found: f64, expected: f64| {
                (found - expected).abs() <= 1e-12 * expected.abs().max(1.0) || found.is_nan() && expected.is_nan()
            };
            for (measure, part) in [(Measure::Loss, 3), (Measure::MeanDistance, 4), (Measure::Explained, 5)] {
                let found = evaluation.measured(measure);
                assert!(same(found, parts[part][0]), "{measure}: {found}, {line}");
            }
            for (column, expected) in evaluation.columns.iter().zip(&parts[6]) {
                assert!(same(column.r2.unwrap_or(f64::NAN), *expected), "{:?}, {line}", column.r2);
            }
        }
        assert_eq!(FIXTURE.lines().count(), 6);
    }

    #[test]
    fn the_farthest_come_first() {
        // The second number varies a hundred times as much.
        let evaluation = judged(2, &[0.0, 0.0, 1.0, 100.0, 0.0, 100.0], &[1.0, 10.0, 1.0, 50.0, 0.0, 100.0]);
        assert_eq!(evaluation.mistakes.iter().map(|guess| guess.example).collect::<Vec<_>>(), [0, 1, 2]);
        assert_eq!((evaluation.sample.len(), evaluation.columns[1].points.len()), (3, 3));
        let text = serde_json::to_string(&Evaluation::Numbers(evaluation.clone())).expect("plain data becomes JSON");
        let read: Evaluation = serde_json::from_str(&text).expect("it was written here");
        assert!(matches!(read, Evaluation::Numbers(read) if read.sample.len() == 3), "{text}");
        let nothing = judged(1, &[1.0, 2.0], &[f32::NAN, 2.0]);
        assert!(nothing.measured(Measure::Loss).is_nan() && nothing.mistakes.len() == 1);
    }
}
