//! Means over bins: what average pooling with a window and adaptive average pooling come down to.
//!
//! Loops over channels are innermost; the means are summed in registers, some channels at a time.

use std::ops::Range;

use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use super::Real;
use super::lanes::{add_scaled, map, rows_each};
use super::simd::dispatch;
use super::tap::Slide;

/// Which inputs each output is the mean of, in one direction.
#[derive(Debug, Clone, Copy)]
pub(super) enum Bins {
    /// Those under a window that slides; what it counts may be more than what lies inside the input.
    Sliding { slide: Slide, count_include_pad: bool },
    /// From ⌊i·n/m⌋ to ⌈(i+1)·n/m⌉.
    Adaptive { input: usize, output: usize },
}

impl Bins {
    #[inline(always)]
    pub(super) fn input(&self) -> usize {
        match self {
            Bins::Sliding { slide, .. } => slide.input,
            Bins::Adaptive { input, .. } => *input,
        }
    }

    #[inline(always)]
    pub(super) fn output(&self) -> usize {
        match self {
            Bins::Sliding { slide, .. } => slide.output,
            Bins::Adaptive { output, .. } => *output,
        }
    }

    /// The inputs of an output.
    #[inline(always)]
    pub(super) fn inputs(&self, index: usize) -> Range<usize> {
        match self {
            Bins::Sliding { slide, .. } => {
                let taps = slide.taps(index);
                if taps.is_empty() { 0..0 } else { slide.input_of(index, taps.start)..slide.input_of(index, taps.end) }
            }
            Bins::Adaptive { input, output } => index * input / output..((index + 1) * input).div_ceil(*output),
        }
    }

    /// The outputs that an input belongs to.
    #[inline(always)]
    fn readers(&self, index: usize) -> Range<usize> {
        match self {
            Bins::Sliding { slide, .. } => slide.readers(index),
            Bins::Adaptive { input, output } => index * output / input..((index + 1) * output).div_ceil(*input),
        }
    }

    /// How many positions an output's mean counts.
    #[inline(always)]
    fn count(&self, index: usize) -> usize {
        match self {
            Bins::Sliding { slide, count_include_pad: true } => {
                // Positions are counted from the beginning of the padding.
                let start = index * slide.stride;
                (start + slide.kernel).min(slide.input + 2 * slide.padding).saturating_sub(start)
            }
            _ => self.inputs(index).len(),
        }
    }
}

/// 1/count; a window that lies in the padding altogether has the mean 0.
#[inline(always)]
fn share<T: Real>(count: usize) -> T {
    if count == 0 { T::ZERO } else { T::of(1.0 / count as f64) }
}

/// Channels that are computed side by side, in registers.
const TILE: usize = 16;

/// y ← the means. Bins are those down and those across.
///
/// Operations: 1 an element of each bin. Bytes: 4 an element of the input, 4 of the output. One thread of a Zen 3 moves
/// 10 GB/s of them, where a copy moves 15.
pub(super) fn means<T: Real>(bins: [Bins; 2], channels: usize, x: &[T], y: &mut [T]) {
    let [down, across] = bins;
    let line = across.output() * channels;
    let image = down.input() * across.input() * channels;
    let cost = line.max(image / down.output());
    y.par_chunks_exact_mut(line).enumerate().with_min_len(rows_each(cost)).for_each(|(row, y)| {
        let x = &x[row / down.output() * image..][..image];
        dispatch(Means { bins, channels, row: row % down.output(), x, y });
    });
}

/// dx ← each output's gradient, divided among its bin.
///
/// Operations: 2 an element of each bin. Bytes: 4 an element of the output, 4 of the input. One thread of a Zen 3 moves
/// 12 GB/s of them, where a copy moves 15; with 3×3 windows side by side 7.
pub(super) fn spread<T: Real>(bins: [Bins; 2], channels: usize, g: &[T], dx: &mut [T]) {
    let [down, across] = bins;
    let line = across.input() * channels;
    let image = down.output() * across.output() * channels;
    dx.par_chunks_exact_mut(line).enumerate().with_min_len(rows_each(line)).for_each(|(row, dx)| {
        let g = &g[row / down.input() * image..][..image];
        dispatch(Spread { bins, channels, row: row % down.input(), g, dx });
    });
}

/// One row of the output.
struct Means<'a, T> {
    bins: [Bins; 2],
    channels: usize,
    row: usize,
    /// Of this image.
    x: &'a [T],
    y: &'a mut [T],
}

impl<T: Real> WithSimd for Means<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, _: S) {
        let [down, across] = self.bins;
        for column in 0..across.output() {
            let share = share::<T>(down.count(self.row) * across.count(column));
            let mut channel = 0;
            while channel + TILE <= self.channels {
                self.tile::<TILE>(column, channel, share);
                channel += TILE;
            }
            (channel..self.channels).for_each(|channel| self.tile::<1>(column, channel, share));
        }
    }
}

impl<T: Real> Means<'_, T> {
    #[inline(always)]
    fn tile<const N: usize>(&mut self, column: usize, channel: usize, share: T) {
        let [down, across] = self.bins;
        let mut sums = [T::ZERO; N];
        for line in down.inputs(self.row) {
            for position in across.inputs(column) {
                let start = (line * across.input() + position) * self.channels + channel;
                let x: &[T; N] = self.x[start..].first_chunk().expect("channels lie within the input");
                sums.iter_mut().zip(x).for_each(|(sum, x)| *sum += *x);
            }
        }
        let start = column * self.channels + channel;
        self.y[start..start + N].copy_from_slice(&sums.map(|sum| sum * share));
    }
}

/// One row of the input.
struct Spread<'a, T> {
    bins: [Bins; 2],
    channels: usize,
    row: usize,
    /// Of this image.
    g: &'a [T],
    dx: &'a mut [T],
}

impl<T: Real> WithSimd for Spread<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let [down, across] = self.bins;
        for (column, dx) in self.dx.chunks_exact_mut(self.channels).enumerate() {
            let mut first = true;
            for row in down.readers(self.row) {
                for output in across.readers(column) {
                    let share = share::<T>(down.count(row) * across.count(output));
                    let g = &self.g[(row * across.output() + output) * self.channels..][..self.channels];
                    match first {
                        true => map(dx, g, move |g| g * share),
                        false => add_scaled(dx, share, g),
                    }
                    first = false;
                }
            }
            if first {
                dx.fill(T::ZERO);
            }
        }
    }
}
