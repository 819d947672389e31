//! The maximum under each window (<https://docs.pytorch.org/docs/stable/generated/torch.nn.MaxPool2d.html>).
//!
//! Padding is −∞ and never wins. Of equal numbers the first in row order takes the gradient; NaN is larger than
//! anything.
//!
//! Which tap won is kept in a byte, or, of windows with more taps than that, in a word. Some channels at a time are
//! compared in registers over the whole window.

use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use super::clamp::Clamp;
use super::lanes::{keep_larger, rows_each};
use super::simd::dispatch;
use super::tap::Slide;
use super::{Backward, Forward, Kernel, Real, size};
use crate::program::op::MaxPool2d;

impl<T: Real> Kernel<T> for MaxPool2d {
    /// Operations: 3 a tap. Bytes: 4 an element of the input, 5 of the output. One thread of a Zen 3 moves 9 GB/s of
    /// them for 2×2 windows, 5 for 3×3, where a copy moves 15.
    fn forward(&self, call: Forward<T>) {
        let Forward { epilogue, inputs, output, output_shape, saved, .. } = call;
        let (x, shape) = inputs[0];
        let slides = Slide::both(&self.window, size(shape), size(output_shape));
        let pool = Pool { slides, channels: shape.channels() };
        let clamp = Clamp::needed(epilogue.bounds);
        if self.fits_a_byte() {
            pool.maxima(x, clamp, output, &mut saved.bytes);
        } else {
            pool.maxima(x, clamp, output, &mut saved.indices);
        }
    }

    /// Each gradient goes to its maximum: every element of the input takes from the windows over it.
    ///
    /// Operations: 2 a tap. Bytes: 5 an element of the output, 4 of the input. One thread of a Zen 3 moves 8 GB/s of
    /// them for 2×2 windows, 7 for 3×3 with stride 2, where a copy moves 15.
    fn backward(&self, call: Backward<T>) {
        let Backward { inputs, output_shape, saved, output_gradient, input_gradients: [Some(dx)], .. } = call else {
            return;
        };
        let shape = inputs[0].1;
        let slides = Slide::both(&self.window, size(shape), size(output_shape));
        let pool = Pool { slides, channels: shape.channels() };
        if self.fits_a_byte() {
            pool.gather(output_gradient, &saved.bytes, dx);
        } else {
            pool.gather(output_gradient, &saved.indices, dx);
        }
    }
}

/// Which tap of a window won, row by row; [`TapIndex::NONE`] if there is none within the input.
trait TapIndex: Copy + Send + Sync {
    const NONE: u32;
    fn of(tap: u32) -> Self;
    fn tap(self) -> u32;
}

impl TapIndex for u8 {
    const NONE: u32 = 0xff;
    #[inline(always)]
    fn of(tap: u32) -> u8 {
        tap as u8
    }
    #[inline(always)]
    fn tap(self) -> u32 {
        u32::from(self)
    }
}

impl TapIndex for u32 {
    const NONE: u32 = u32::MAX;
    #[inline(always)]
    fn of(tap: u32) -> u32 {
        tap
    }
    #[inline(always)]
    fn tap(self) -> u32 {
        self
    }
}

/// Channels that are computed side by side, in registers.
const TILE: usize = 16;

#[derive(Debug, Clone, Copy)]
struct Pool {
    /// Down and across.
    slides: [Slide; 2],
    channels: usize,
}

impl Pool {
    fn maxima<T: Real, P: TapIndex>(self, x: &[T], clamp: Option<Clamp<T>>, y: &mut [T], places: &mut [P]) {
        let [down, across] = self.slides;
        let line = across.output * self.channels;
        let image = down.input * across.input * self.channels;
        let lines = y.par_chunks_exact_mut(line).zip(places.par_chunks_exact_mut(line)).enumerate();
        lines.with_min_len(rows_each(line * down.kernel * across.kernel)).for_each(|(row, (y, places))| {
            let x = &x[row / down.output * image..][..image];
            dispatch(Maxima { pool: self, row: row % down.output, x, y: &mut *y, places });
            if let Some(clamp) = clamp {
                clamp.apply(y);
            }
        });
    }

    fn gather<T: Real, P: TapIndex>(self, g: &[T], places: &[P], dx: &mut [T]) {
        let [down, across] = self.slides;
        let line = across.input * self.channels;
        let image = down.output * across.output * self.channels;
        dx.par_chunks_exact_mut(line).enumerate().with_min_len(rows_each(2 * line)).for_each(|(row, dx)| {
            let outputs = row / down.input * image..(row / down.input + 1) * image;
            let (g, places) = (&g[outputs.clone()], &places[outputs]);
            dispatch(Gather { pool: self, row: row % down.input, g, places, dx });
        });
    }
}

/// One row of the output.
struct Maxima<'a, T, P> {
    pool: Pool,
    row: usize,
    /// Of this image.
    x: &'a [T],
    y: &'a mut [T],
    places: &'a mut [P],
}

impl<T: Real, P: TapIndex> WithSimd for Maxima<'_, T, P> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, _: S) {
        let [_, across] = self.pool.slides;
        for column in 0..across.output {
            let mut channel = 0;
            while channel + TILE <= self.pool.channels {
                self.tile::<TILE>(column, channel);
                channel += TILE;
            }
            (channel..self.pool.channels).for_each(|channel| self.tile::<1>(column, channel));
        }
    }
}

impl<T: Real, P: TapIndex> Maxima<'_, T, P> {
    #[inline(always)]
    fn tile<const N: usize>(&mut self, column: usize, channel: usize) {
        let Pool { slides: [down, across], channels } = self.pool;
        let (down_taps, across_taps) = (down.taps(self.row), across.taps(column));
        // Where nothing is larger than −∞, the first one wins.
        let first = match down_taps.is_empty() | across_taps.is_empty() {
            true => P::NONE,
            false => (down_taps.start * across.kernel + across_taps.start) as u32,
        };
        let (mut best, mut place) = ([T::NEG_INFINITY; N], [first; N]);
        for down_tap in down_taps {
            let line = down.input_of(self.row, down_tap) * across.input;
            for across_tap in across_taps.clone() {
                let start = (line + across.input_of(column, across_tap)) * channels + channel;
                let x: &[T; N] = self.x[start..].first_chunk().expect("channels lie within the input");
                let tap = (down_tap * across.kernel + across_tap) as u32;
                keep_larger(&mut best, &mut place, x, tap);
            }
        }
        let start = column * channels + channel;
        self.y[start..start + N].copy_from_slice(&best);
        self.places[start..start + N].copy_from_slice(&place.map(P::of));
    }
}

/// One row of the input.
struct Gather<'a, T, P> {
    pool: Pool,
    row: usize,
    /// Of this image.
    g: &'a [T],
    places: &'a [P],
    dx: &'a mut [T],
}

impl<T: Real, P: TapIndex> WithSimd for Gather<'_, T, P> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, _: S) {
        let [_, across] = self.pool.slides;
        for column in 0..across.input {
            let mut channel = 0;
            while channel + TILE <= self.pool.channels {
                self.tile::<TILE>(column, channel);
                channel += TILE;
            }
            (channel..self.pool.channels).for_each(|channel| self.tile::<1>(column, channel));
        }
    }
}

impl<T: Real, P: TapIndex> Gather<'_, T, P> {
    #[inline(always)]
    fn tile<const N: usize>(&mut self, column: usize, channel: usize) {
        let Pool { slides: [down, across], channels } = self.pool;
        let mut sums = [T::ZERO; N];
        for row in down.readers(self.row) {
            let Some(down_tap) = down.tap_of(row, self.row) else { continue };
            for output in across.readers(column) {
                let Some(across_tap) = across.tap_of(output, column) else { continue };
                let start = (row * across.output + output) * channels + channel;
                let g: [T; N] = *self.g[start..].first_chunk().expect("channels lie within the output");
                let places: [P; N] = *self.places[start..].first_chunk().expect("channels lie within the output");
                let tap = (down_tap * across.kernel + across_tap) as u32;
                for lane in 0..N {
                    sums[lane] += if places[lane].tap() == tap { g[lane] } else { T::ZERO };
                }
            }
        }
        let start = column * channels + channel;
        self.dx[start..start + N].copy_from_slice(&sums);
    }
}
