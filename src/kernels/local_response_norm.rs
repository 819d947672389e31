//! Local response normalisation (Krizhevsky et al. 2012):
//! y = x·s^−β, s = k + α/n · Σ x² over n channels around the centre, absent channels counting as zero,
//! as <https://docs.pytorch.org/docs/stable/generated/torch.nn.LocalResponseNorm.html>.

use std::ops::Range;

use rayon::prelude::*;

use super::lanes::{map, map_pairs};
use super::scratch::with_scratch;
use super::{Backward, Forward, Real};

/// n, α, β and k.
#[derive(Debug, Clone, Copy)]
pub(super) struct Constants {
    pub(super) size: usize,
    pub(super) alpha: f64,
    pub(super) beta: f64,
    pub(super) k: f64,
}

/// Keeps s.
pub(super) fn forward<T: Real>(constants: Constants, call: Forward<T>) {
    let Forward { inputs, output, output_shape, saved, .. } = call;
    let (elements, channels, positions) = (output_shape.elements(), output_shape.channels(), output_shape.positions());
    let (k, share) = (T::of(constants.k), T::of(constants.alpha / constants.size as f64));
    let examples = inputs[0].0.par_chunks_exact(elements).zip(saved.reals.par_chunks_exact_mut(elements));
    output.par_chunks_exact_mut(elements).zip(examples).for_each(|(y, (x, s))| {
        for channel in 0..channels {
            let s = &mut s[channel * positions..][..positions];
            s.fill(T::ZERO);
            for neighbour in constants.window(channel, channels) {
                let x = &x[neighbour * positions..][..positions];
                s.iter_mut().zip(x).for_each(|(s, x)| *s += *x * *x);
            }
            s.iter_mut().for_each(|s| *s = k + share * *s);
        }
        power(constants.beta, s, y);
        y.iter_mut().zip(x).for_each(|(y, x)| *y *= *x);
    });
}

/// dxᵢ = gᵢ·sᵢ^−β − 2αβ/n · xᵢ · Σⱼ gⱼ·yⱼ/sⱼ over all j whose window holds i.
pub(super) fn backward<T: Real>(constants: Constants, call: Backward<T>) {
    let Backward { inputs, output, output_shape, saved, output_gradient, input_gradients: [Some(dx)], .. } = call
    else {
        return;
    };
    let (elements, channels, positions) = (output_shape.elements(), output_shape.channels(), output_shape.positions());
    let factor = T::of(-2.0 * constants.alpha * constants.beta / constants.size as f64);
    let forward = inputs[0].0.par_chunks_exact(elements).zip(output.par_chunks_exact(elements));
    let saved = saved.reals.par_chunks_exact(elements).zip(output_gradient.par_chunks_exact(elements));
    dx.par_chunks_exact_mut(elements).zip(forward).zip(saved).for_each(|((dx, (x, y)), (s, g))| {
        power(constants.beta, s, dx);
        dx.iter_mut().zip(g).for_each(|(dx, g)| *dx *= *g);
        with_scratch(elements + positions, |scratch| {
            let (ratios, sums) = scratch.split_at_mut(elements);
            map_pairs(ratios, g, y, |g, y| g * y);
            ratios.iter_mut().zip(s).for_each(|(ratio, s)| *ratio = *ratio / *s);
            for channel in 0..channels {
                sums.fill(T::ZERO);
                for neighbour in constants.reversed_window(channel, channels) {
                    let ratios = &ratios[neighbour * positions..][..positions];
                    sums.iter_mut().zip(ratios).for_each(|(sum, ratio)| *sum += *ratio);
                }
                let range = channel * positions..(channel + 1) * positions;
                let terms = x[range.clone()].iter().zip(&*sums);
                dx[range].iter_mut().zip(terms).for_each(|(dx, (x, sum))| *dx += factor * *x * *sum);
            }
        });
    });
}

impl Constants {
    /// The channels that are summed for one. With an even n the window reaches further to the left.
    fn window(&self, channel: usize, channels: usize) -> Range<usize> {
        channel.saturating_sub(self.size / 2)..(channel + self.size.div_ceil(2)).min(channels)
    }

    /// The channels in whose window this one is.
    fn reversed_window(&self, channel: usize, channels: usize) -> Range<usize> {
        (channel + 1).saturating_sub(self.size.div_ceil(2))..(channel + self.size / 2 + 1).min(channels)
    }
}

/// output ← s^−β; by roots for the paper's β = 3/4, since a general power is slow.
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
    use crate::graph::Shape;
    use crate::kernels::testing::{Case, check};
    use crate::program::Op;

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
            let case = Case::new(Op::LocalResponseNorm { size, alpha, beta, k }, 3, shape, shape);
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
