//! x above zero, slope·x below, with a slope that is learnt: one for all, or one a channel
//! (<https://docs.pytorch.org/docs/stable/generated/torch.nn.PReLU.html>).

use rayon::prelude::*;

use super::column_sums::column_sums;
use super::rows::{Rows, map_rows};
use super::scratch::with_scratch;
use super::{Backward, Forward, Kernel, Real};
use crate::ir::Shape;
use crate::program::op::Prelu;

impl<T: Real> Kernel<T> for Prelu {
    /// Operations: 2 an element. Bytes: 8 an element.
    fn forward(&self, call: Forward<T>) {
        let Forward { inputs, weights, output, output_shape, .. } = call;
        with_slopes(weights[0], output_shape, |slopes, task| {
            output.par_chunks_mut(task).zip(inputs[0].0.par_chunks(task)).for_each(|(y, x)| {
                map_rows(y, [x; 2], slopes, |[slope], x, _| if x > T::ZERO { x } else { slope * x });
            });
        });
    }

    /// Operations: 2 an element, and 2 for the slopes' gradient. Bytes: 12 an element, and 8 for the slopes' gradient.
    fn backward(&self, call: Backward<T>) {
        let Backward { inputs, weights, output_shape, output_gradient: g, .. } = call;
        let (x, channels) = (inputs[0].0, output_shape.channels());
        if let Some(dx) = &mut call.input_gradients[0] {
            with_slopes(weights[0], output_shape, |slopes, task| {
                dx.par_chunks_mut(task).zip(g.par_chunks(task).zip(x.par_chunks(task))).for_each(|(dx, (g, x))| {
                    map_rows(dx, [g, x], slopes, |[slope], g, x| if x > T::ZERO { g } else { slope * g });
                });
            });
        }
        let Some(slopes) = &mut call.weight_gradients[0] else { return };
        // Σ g·x over what is below zero, for each channel.
        let [sums, _] = column_sums(
            x.len() / channels,
            channels,
            #[inline(always)]
            |row, sums: &mut [T], _: &mut [T]| {
                let numbers = x[row * channels..][..channels].iter().zip(&g[row * channels..][..channels]);
                for (sum, (x, g)) in sums.iter_mut().zip(numbers) {
                    *sum += if *x > T::ZERO { T::ZERO } else { *g * *x };
                }
            },
        );
        let each = channels / slopes.len();
        for (slope, sums) in slopes.iter_mut().zip(sums.chunks_exact(each)) {
            *slope = T::of(sums.iter().sum());
        }
    }
}

/// Calls `work` with a slope for each column of a row, and the elements of a task.
fn with_slopes<T: Real>(slopes: &[T], shape: Shape, work: impl FnOnce(&[T], usize)) {
    let rows = Rows::new(shape.elements(), shape.channels());
    with_scratch(rows.width, |table| {
        rows.fill(table, |channel| [if slopes.len() == 1 { slopes[0] } else { slopes[channel] }]);
        work(table, rows.task());
    });
}

#[cfg(test)]
mod tests {
    use crate::ir::Shape;
    use crate::kernels::testing::{Case, check};
    use crate::program::Op;

    #[test]
    fn has_one_slope_or_one_a_channel() {
        for shape in [Shape::map(3, 2, 5), Shape::map(1, 4, 4), Shape::Vector(7)] {
            for slopes in [1, shape.channels()] {
                let case = Case { weights: vec![slopes], ..Case::new(Op::Prelu, 3, shape, shape) };
                check(&case, |numbers| {
                    let slope = |index: usize| match slopes {
                        1 => numbers.weights[0][0],
                        _ => numbers.weights[0][index / shape.positions() % shape.channels()],
                    };
                    let x = numbers.inputs[0].iter().enumerate();
                    x.map(|(index, x)| x.max(0.0) + slope(index) * x.min(0.0)).collect()
                });
            }
        }
    }
}
