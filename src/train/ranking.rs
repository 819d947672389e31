//! How well the images of each class are told from all others by the network's score for that class.
//!
//! The area under the receiver operating characteristic is how likely an image of the class has a higher score than
//! one of another class, where equal scores count half (Mann and Whitney 1947).

use rayon::prelude::*;

/// The scores of all images.
#[derive(Debug)]
pub struct Ranking {
    classes: usize,
    /// Of some images each, N×classes; `None` once there are too many.
    scores: Option<Vec<Vec<f32>>>,
    labels: Vec<u32>,
}

/// Scores that are kept at most, which take 256 MiB.
pub const MOST_SCORES: usize = 1 << 26;

impl Ranking {
    /// Of no images yet.
    pub fn new(classes: usize) -> Ranking {
        Ranking { classes, scores: Some(Vec::new()), labels: Vec::new() }
    }

    /// Takes in the logits N×classes of images with these labels.
    pub fn add(&mut self, logits: &[f32], labels: &[u32]) {
        let Some(scores) = &mut self.scores else { return };
        if (self.labels.len() + labels.len()).saturating_mul(self.classes) > MOST_SCORES {
            (self.scores, self.labels) = (None, Vec::new());
            return;
        }
        let mut own = Vec::with_capacity(logits.len());
        logits.chunks_exact(self.classes).for_each(|row| log_odds(row, &mut own));
        scores.push(own);
        self.labels.extend(labels);
    }

    /// The mean area over all classes that some images are of, and some are not. `None` if there is none, if a score is
    /// no number, and if there were too many scores to keep.
    pub fn area(&self) -> Option<f64> {
        let scores = self.scores.as_ref()?;
        let classes = 0..self.classes as u32;
        let areas: Vec<Option<f64>> = classes.into_par_iter().map(|class| self.area_of(class, scores)).collect();
        let areas: Vec<f64> = areas.into_iter().flatten().collect();
        let mean = areas.iter().sum::<f64>() / areas.len() as f64;
        (!mean.is_nan()).then_some(mean)
    }

    /// The area of one class; `None` if all images are of it, or none is, and NaN if a score is.
    fn area_of(&self, class: u32, scores: &[Vec<f32>]) -> Option<f64> {
        let column = || scores.iter().flat_map(|part| part.iter().skip(class as usize).step_by(self.classes));
        let with_labels = || column().zip(&self.labels);
        let own: Vec<f32> = with_labels().filter(|(_, label)| **label == class).map(|(score, _)| *score).collect();
        let others = with_labels().filter(|(_, label)| **label != class).map(|(score, _)| *score);
        let area = area_under(own, others);
        if column().any(|score| score.is_nan()) { area.map(|_| f64::NAN) } else { area }
    }
}

/// How likely one of its own scores is above one of the others, where equal ones count half; `None` if there are none
/// of either. All are numbers, or the result is worth nothing.
pub fn area_under(mut own: Vec<f32>, others: impl Iterator<Item = f32>) -> Option<f64> {
    own.sort_unstable_by(f32::total_cmp);
    // In halves, which are whole numbers: no order of adding them changes the sum.
    let halves = |score: f32| {
        let below = own.partition_point(|own| *own < score);
        let up_to = own.partition_point(|own| *own <= score);
        (own.len() - below) as u64 + (own.len() - up_to) as u64
    };
    let (won, count) = others.fold((0, 0usize), |(won, count), score| (won + halves(score), count + 1));
    (!own.is_empty() && count > 0).then(|| won as f64 / 2.0 / (own.len() as f64 * count as f64))
}

/// ln p − ln(1 − p) for the probability p of each class, which has the order of the probabilities, and does not lose
/// it where they are all but 0 or 1.
fn log_odds(logits: &[f32], odds: &mut Vec<f32>) {
    let most = logits.iter().enumerate().fold(0, |most, (at, logit)| if *logit > logits[most] { at } else { most });
    let above = |logit: f32| f64::from(logit) - f64::from(logits[most]);
    let power = |(at, logit): (usize, &f32)| if at == most { 0.0 } else { above(*logit).exp() };
    let others: f64 = logits.iter().enumerate().map(power).sum();
    odds.extend(logits.iter().enumerate().map(|(at, logit)| {
        let rest = if at == most { others } else { 1.0 + others - above(*logit).exp() };
        (above(*logit) - rest.ln()) as f32
    }));
}
