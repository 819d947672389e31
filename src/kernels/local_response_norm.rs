//! Local response normalisation (Krizhevsky et al. 2012):
//! y = x·s^−β, s = k + α/n · Σ x² over n channels around the centre, absent channels counting as zero,
//! as <https://docs.pytorch.org/docs/stable/generated/torch.nn.LocalResponseNorm.html>.

use pulp::{Simd, WithSimd};
use rayon::prelude::*;

use super::lanes::{add_scaled, map, map_pairs, rows_each};
use super::scratch::with_scratch;
use super::simd::dispatch;
use super::{Backward, Forward, Kernel, Real};
use crate::program::op::LocalResponseNorm;

impl<T: Real> Kernel<T> for LocalResponseNorm {
    /// Keeps s.
    ///
    /// Operations: 2n + 5 an element, with β = 3/4 among them two roots and a division. Bytes: 12 an element, of which
    /// one thread of a Zen 3 moves 5 GB/s, where a copy moves 15.
    fn forward(&self, call: Forward<T>) {
        let constants = *self;
        let Forward { inputs, output, output_shape, saved, .. } = call;
        let channels = output_shape.channels();
        let block = rows_each(channels) * channels;
        let blocks = inputs[0].0.par_chunks(block).zip(saved.reals.par_chunks_mut(block));
        output
            .par_chunks_mut(block)
            .zip(blocks)
            .for_each(|(y, (x, s))| dispatch(Values { constants, channels, x, s, y }));
    }

    /// dxᵢ = gᵢ·sᵢ^−β − 2αβ/n · xᵢ · Σⱼ gⱼ·yⱼ/sⱼ over all j whose window holds i.
    ///
    /// Operations: 2n + 8 an element, with β = 3/4 among them two roots and two divisions. Bytes: 20 an element, of
    /// which one thread of a Zen 3 moves 7 GB/s, where a copy moves 15.
    fn backward(&self, call: Backward<T>) {
        let constants = *self;
        let Backward { inputs, output, output_shape, saved, output_gradient, input_gradients: [Some(dx)], .. } = call
        else {
            return;
        };
        let channels = output_shape.channels();
        let block = rows_each(channels) * channels;
        let forward = inputs[0].0.par_chunks(block).zip(output.par_chunks(block));
        let saved = saved.reals.par_chunks(block).zip(output_gradient.par_chunks(block));
        dx.par_chunks_mut(block).zip(forward).zip(saved).for_each(|((dx, (x, y)), (s, g))| {
            with_scratch(dx.len() + channels, |scratch| {
                let (ratios, sums) = scratch.split_at_mut(dx.len());
                dispatch(Gradients { constants, x, y, s, g, dx, ratios, sums });
            });
        });
    }
}

/// Some rows of channels.
struct Values<'a, T> {
    constants: LocalResponseNorm,
    channels: usize,
    x: &'a [T],
    s: &'a mut [T],
    y: &'a mut [T],
}

impl<T: Real> WithSimd for Values<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Values { constants, channels, x, s, y } = self;
        let (k, share) = (T::of(constants.k), T::of(constants.alpha / constants.size as f64));
        map(y, x, |x| x * x);
        for (s, squares) in s.chunks_exact_mut(channels).zip(y.chunks_exact(channels)) {
            add_neighbours(s, squares, constants.reach());
        }
        s.iter_mut().for_each(|s| *s = k + share * *s);
        power(constants.beta, s, y);
        y.iter_mut().zip(x).for_each(|(y, x)| *y *= *x);
    }
}

/// Some rows of channels, with room for the ratios of all and the sums of one row.
struct Gradients<'a, T> {
    constants: LocalResponseNorm,
    x: &'a [T],
    y: &'a [T],
    s: &'a [T],
    g: &'a [T],
    dx: &'a mut [T],
    ratios: &'a mut [T],
    sums: &'a mut [T],
}

impl<T: Real> WithSimd for Gradients<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, _: S) {
        let Gradients { constants, x, y, s, g, dx, ratios, sums } = self;
        let factor = T::of(-2.0 * constants.alpha * constants.beta / constants.size as f64);
        let (before, after) = constants.reach();
        let channels = sums.len();
        power(constants.beta, s, dx);
        dx.iter_mut().zip(g).for_each(|(dx, g)| *dx *= *g);
        map_pairs(ratios, g, y, |g, y| g * y);
        ratios.iter_mut().zip(s).for_each(|(ratio, s)| *ratio = *ratio / *s);
        let rows = dx.chunks_exact_mut(channels).zip(x.chunks_exact(channels));
        for ((dx, x), ratios) in rows.zip(ratios.chunks_exact(channels)) {
            // The window mirrored: those to whom this one is a neighbour.
            add_neighbours(sums, ratios, (after, before));
            dx.iter_mut().zip(x).zip(&*sums).for_each(|((dx, x), sum)| *dx += factor * *x * *sum);
        }
    }
}

impl LocalResponseNorm {
    /// How many channels before and after the centre belong to its window. With an even n there is one more before it.
    fn reach(&self) -> (usize, usize) {
        (self.size / 2, self.size.div_ceil(2) - 1)
    }
}

/// sums\[c\] ← values\[c − before\] + … + values\[c + after\]
#[inline(always)]
fn add_neighbours<T: Real>(sums: &mut [T], values: &[T], (before, after): (usize, usize)) {
    let channels = sums.len();
    sums.fill(T::ZERO);
    for distance in (1..channels.min(before + 1)).rev() {
        add_scaled(&mut sums[distance..], T::ONE, values);
    }
    for distance in 0..channels.min(after + 1) {
        add_scaled(sums, T::ONE, &values[distance..]);
    }
}

/// output ← s^−β; by roots for the paper's β = 3/4, since a general power is slow.
#[inline(always)]
fn power<T: Real>(beta: f64, s: &[T], output: &mut [T]) {
    if beta == 0.75 {
        return map(output, s, |s| {
            let root = s.sqrt();
            T::ONE / (root * root.sqrt())
        });
    }
    let exponent = T::of(-beta);
    map(output, s, |s| s.powf(exponent));
}

#[cfg(test)]
mod tests {
    use crate::ir::Shape;
    use crate::kernels::testing::{Case, check};
    use crate::program::Op;
    use crate::program::op::LocalResponseNorm;

    #[test]
    fn divides_by_the_energy_of_the_neighbours() {
        for (channels, size, alpha, beta, k) in [
            (7, 5, 1e-4, 0.75, 2.0),
            (7, 5, 2.0, 0.75, 1.0),
            (3, 5, 2.0, 0.5, 1.0),
            (6, 4, 1.0, 0.6, 2.0),
            (5, 2, 1.0, 0.75, 2.0),
            (4, 1, 1.0, 1.0, 1.0),
            (1, 3, 1.0, 0.75, 1.0),
        ] {
            let shape = Shape::map(channels, 2, 3);
            let case = Case::new(Op::LocalResponseNorm(LocalResponseNorm { size, alpha, beta, k }), 3, shape, shape);
            check(&case, |numbers| {
                let x = &numbers.inputs[0];
                let normalised = |index: usize| {
                    let channel = (index / 6 % channels) as i64;
                    // Channel c and n/2 to the left of it, as many to the right, one fewer with an even n.
                    let neighbours = channel - size as i64 / 2..=channel + (size as i64 - 1) / 2;
                    let inside = neighbours.filter(|c| (0..channels as i64).contains(c));
                    let energy: f64 =
                        inside.map(|c| x[(index as i64 + (c - channel) * 6) as usize]).map(|x| x * x).sum();
                    x[index] / (k + alpha / size as f64 * energy).powf(beta)
                };
                (0..x.len()).map(normalised).collect()
            });
        }
    }
}
