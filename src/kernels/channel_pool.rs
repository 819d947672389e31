//! The mean or the largest of all channels at each position, as `x.mean(1, keepdim=True)` and
//! `x.amax(1, keepdim=True)` (<https://docs.pytorch.org/docs/stable/generated/torch.amax.html>).

use super::lanes::{for_each_row, sum_of};
use super::maximum::larger;
use super::{Backward, Forward, Kernel, Real};
use crate::program::op::ChannelPool;

impl<T: Real> Kernel<T> for ChannelPool {
    /// Operations: 1 an element of the input. Bytes: 4 an element of the input.
    fn forward(&self, call: Forward<T>) {
        let (x, shape) = call.inputs[0];
        let channels = shape.channels();
        for_each_row(call.output, 1, channels, |row, y| {
            let x = &x[row * channels..][..channels];
            y[0] = match self {
                ChannelPool::Mean => sum_of(x, |x| x) / T::of(channels as f64),
                ChannelPool::Max => x.iter().fold(T::NEG_INFINITY, |largest, x| larger(largest, *x)),
            };
        });
    }

    /// The mean's gradient is shared by all channels, that of the largest by those which are it.
    fn backward(&self, call: Backward<T>) {
        let Backward { inputs, output, output_gradient: g, input_gradients: [Some(dx)], .. } = call else { return };
        let (x, shape) = inputs[0];
        let channels = shape.channels();
        for_each_row(dx, channels, channels, |row, dx| match self {
            ChannelPool::Mean => dx.fill(g[row] / T::of(channels as f64)),
            ChannelPool::Max => {
                let (x, y) = (&x[row * channels..][..channels], output[row]);
                let share = g[row] / T::of(x.iter().filter(|x| **x == y).count() as f64);
                dx.iter_mut().zip(x).for_each(|(dx, x)| *dx = if *x == y { share } else { T::ZERO });
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use crate::ir::Shape;
    use crate::kernels::testing::{Case, Numbers, Wanted, check};
    use crate::program::{ChannelPool, Op};

    #[test]
    fn makes_one_channel() {
        for (channels, height, width) in [(5, 2, 3), (1, 3, 3), (70, 2, 1)] {
            let (input, output) = (Shape::map(channels, height, width), Shape::map(1, height, width));
            let positions = height * width;
            for op in [ChannelPool::Mean, ChannelPool::Max] {
                check(&Case::new(Op::ChannelPool(op), 3, input, output), |numbers| {
                    let of_position = |index: usize| {
                        let first = index / positions * channels * positions + index % positions;
                        let x = (0..channels).map(|channel| numbers.inputs[0][first + channel * positions]);
                        match op {
                            ChannelPool::Mean => x.sum::<f64>() / channels as f64,
                            ChannelPool::Max => x.fold(f64::MIN, f64::max),
                        }
                    };
                    (0..3 * positions).map(of_position).collect()
                });
            }
        }
    }

    /// As PyTorch 2.15 does.
    #[test]
    fn the_largest_share_the_gradient() {
        let op = Op::ChannelPool(ChannelPool::Max);
        let case = Case::new(op, 1, Shape::map(3, 1, 2), Shape::map(1, 1, 2));
        let inputs = vec![vec![2.0, 1.0, 2.0, f64::NAN, 1.0, 3.0]];
        let numbers = Numbers { inputs, weights: vec![], buffers: vec![] };
        let outcome = case.run(&numbers, &[4.0, 6.0], Wanted::All);
        // As text, in which NaN equals NaN.
        assert_eq!(format!("{:?}", outcome.output), "[2.0, NaN]");
        let first: Vec<f64> = outcome.input_gradients[0].iter().copied().step_by(2).collect();
        assert_eq!(first, [2.0, 2.0, 0.0]);
    }
}
