//! Whether a network is as often right as it is sure. Source: Guo et al., "On Calibration of Modern Neural Networks"
//! (2017).

use serde::{Deserialize, Serialize};

/// Images by how likely the class that they were taken for is, to the network.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Calibration {
    /// For each of the [`BINS`] equal parts of the interval from 0 to 1; the upper end of each belongs to it.
    bins: [Bin; BINS],
}

/// How many parts there are, as is usual.
pub const BINS: usize = 15;

/// Images of about the same confidence.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Bin {
    /// How many.
    pub images: usize,
    /// The sum of their confidences.
    confidence: f64,
    /// How many of them were classified right.
    correct: usize,
}

impl Bin {
    /// The mean of their confidences; NaN without images.
    pub fn confidence(&self) -> f64 {
        self.confidence / self.images as f64
    }

    /// The fraction of them that is right; NaN without images.
    pub fn accuracy(&self) -> f64 {
        self.correct as f64 / self.images as f64
    }
}

impl Calibration {
    /// Takes in an image whose class is the likeliest with this probability.
    pub fn add(&mut self, confidence: f64, correct: bool) {
        let above = (confidence * BINS as f64).ceil() as usize;
        let bin = &mut self.bins[above.clamp(1, BINS) - 1];
        bin.images += 1;
        bin.confidence += confidence;
        bin.correct += usize::from(correct);
    }

    /// All parts, from the lowest.
    pub fn bins(&self) -> &[Bin] {
        &self.bins
    }

    /// The expected calibration error: how far the confidence of a part is from its accuracy, on average over images.
    /// NaN without images.
    pub fn error(&self) -> f64 {
        let apart: f64 = self.bins.iter().map(|bin| (bin.confidence - bin.correct as f64).abs()).sum();
        apart / self.bins.iter().map(|bin| bin.images).sum::<usize>() as f64
    }
}
