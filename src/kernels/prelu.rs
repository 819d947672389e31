//! x above zero, slope·x below, with a slope that is learnt: one for all, or one a channel
//! (<https://docs.pytorch.org/docs/stable/generated/torch.nn.PReLU.html>).

use super::column_sums::column_sums;
use super::lanes::{for_each_row, map_all, map_pairs_all};
use super::{Backward, Forward, Real};

pub(super) fn forward<T: Real>(call: Forward<T>) {
    let Forward { inputs, weights, output, output_shape, .. } = call;
    let (x, channels) = (inputs[0].0, output_shape.channels());
    match weights[0] {
        [slope] => map_all(output, x, |x| if x > T::ZERO { x } else { *slope * x }),
        slopes => for_each_row(output, channels, channels, |row, y| {
            for ((y, x), slope) in y.iter_mut().zip(&x[row * channels..]).zip(slopes) {
                *y = if *x > T::ZERO { *x } else { *slope * *x };
            }
        }),
    }
}

pub(super) fn backward<T: Real>(call: Backward<T>) {
    let Backward { inputs, weights, output_shape, output_gradient: g, .. } = call;
    let (x, channels) = (inputs[0].0, output_shape.channels());
    if let Some(dx) = &mut call.input_gradients[0] {
        match weights[0] {
            [slope] => map_pairs_all(dx, x, g, |x, g| if x > T::ZERO { g } else { *slope * g }),
            slopes => for_each_row(dx, channels, channels, |row, dx| {
                let numbers = x[row * channels..].iter().zip(&g[row * channels..]);
                for ((dx, (x, g)), slope) in dx.iter_mut().zip(numbers).zip(slopes) {
                    *dx = if *x > T::ZERO { *g } else { *slope * *g };
                }
            }),
        }
    }
    let Some(slopes) = &mut call.weight_gradients[0] else { return };
    // Σ g·x over what is below zero, for each channel.
    let [sums, _] = column_sums(x.len() / channels, channels, |row, sums: &mut [T], _| {
        let numbers = x[row * channels..].iter().zip(&g[row * channels..]);
        for (sum, (x, g)) in sums.iter_mut().zip(numbers) {
            *sum += if *x > T::ZERO { T::ZERO } else { *g * *x };
        }
    });
    let each = channels / slopes.len();
    for (slope, sums) in slopes.iter_mut().zip(sums.chunks_exact(each)) {
        *slope = T::of(sums.iter().sum());
    }
}

#[cfg(test)]
mod tests {
    use crate::graph::Shape;
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
