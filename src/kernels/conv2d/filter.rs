//! A convolution's weight with what is done to its sums: bias, batch norm and bounds.

use crate::kernels::clamp::Clamp;
use crate::kernels::scratch::with_scratch;
use crate::kernels::{Prepared, Real};
use crate::program::Epilogue;

pub(super) struct Filter<'a, T> {
    pub(super) weight: &'a [T],
    /// A factor for each output channel.
    pub(super) scale: Option<&'a [T]>,
    /// A number for each output channel.
    pub(super) bias: Option<&'a [T]>,
    pub(super) clamp: Option<Clamp<T>>,
    pub(super) prepared: Option<&'a mut Prepared<T>>,
}

impl<'a, T: Real> Filter<'a, T> {
    pub(super) fn plain(weight: &'a [T]) -> Filter<'a, T> {
        Filter { weight, scale: None, bias: None, clamp: None, prepared: None }
    }

    /// Calls `work` with the filter of a forward pass over `outputs` channels. A batch norm makes it γ/√(variance +
    /// eps) times the weight, and moves the bias.
    pub(super) fn with(
        outputs: usize,
        epilogue: Epilogue,
        weights: &[&[T]],
        statistics: &[&mut [T]],
        prepared: Option<&mut Prepared<T>>,
        work: impl FnOnce(Filter<T>),
    ) {
        let clamp = Clamp::needed(epilogue.bounds);
        let (weight, rest) = (weights[0], &weights[1..]);
        let Some(eps) = epilogue.norm else {
            return work(Filter { weight, scale: None, bias: rest.first().copied(), clamp, prepared });
        };
        let ([before @ .., gamma, beta], [mean, variance]) = (rest, statistics) else {
            unreachable!("batch norm has four weights");
        };
        with_scratch(2 * outputs, |numbers| {
            let (scale, shift) = numbers.split_at_mut(outputs);
            for channel in 0..outputs {
                let factor = gamma[channel].to_f64() / (variance[channel].to_f64() + eps).sqrt();
                let bias = before.first().map_or(0.0, |bias| bias[channel].to_f64());
                scale[channel] = T::of(factor);
                shift[channel] = T::of(beta[channel].to_f64() + (bias - mean[channel].to_f64()) * factor);
            }
            work(Filter { weight, scale: Some(scale), bias: Some(shift), clamp, prepared });
        });
    }

    /// Calls `work` with the scaled weight, outputs × inputs × taps.
    pub(super) fn with_weight<R>(&self, work: impl FnOnce(&[T]) -> R) -> R {
        let Some(scale) = self.scale else { return work(self.weight) };
        with_scratch(self.weight.len(), |scaled| {
            let each = self.weight.len() / scale.len();
            let rows = scaled.chunks_exact_mut(each).zip(self.weight.chunks_exact(each));
            for ((scaled, weight), scale) in rows.zip(scale) {
                scaled.iter_mut().zip(weight).for_each(|(scaled, weight)| *scaled = *scale * *weight);
            }
            work(scaled)
        })
    }
}
