//! Maps of another height and width (<https://docs.pytorch.org/docs/stable/generated/torch.nn.Upsample.html>).
//!
//! Operations: none for the nearest, 8 an output for bilinear. Bytes: 4 an element of the input, 4 of the output; two
//! threads of a Zen 3, where a copy moves 32 GB/s, move 19 to 25 of them for the nearest, 14 to 16 for bilinear.
//!
//! Both directions are prepared as one table each: which two inputs an output lies between, and how near it is to the
//! second.

use super::lanes::{add_scaled, for_each_row};
use super::{Backward, Forward, Kernel, Real, size};
use crate::ir::Shape;
use crate::program::Resampling;
use crate::program::op::Upsample;

impl<T: Real> Kernel<T> for Upsample {
    fn forward(&self, call: Forward<T>) {
        let Upsample { resampling, step } = *self;
        let Forward { inputs, output, output_shape, .. } = call;
        let (x, shape) = inputs[0];
        let (channels, width) = (shape.channels(), size(shape).1);
        let [down, across] = places::<T>(resampling, step, shape, output_shape);
        for_each_row(output, channels, 4 * channels, |row, y| {
            let (image, position) = (row / output_shape.positions(), row % output_shape.positions());
            let (row, column) = (down[position / across.len()], across[position % across.len()]);
            let pixel = |line: usize, column: usize| {
                &x[image * shape.elements() + (line * width + column) * channels..][..channels]
            };
            match resampling {
                Resampling::Nearest => y.copy_from_slice(pixel(row.inputs[0], column.inputs[0])),
                _ => {
                    y.fill(T::ZERO);
                    for (line, share) in row.inputs.into_iter().zip(row.shares()) {
                        for (column, part) in column.inputs.into_iter().zip(column.shares()) {
                            add_scaled(y, share * part, pixel(line, column));
                        }
                    }
                }
            }
        });
    }

    /// Every output's gradient goes to the inputs that it lies between, in the same shares.
    fn backward(&self, call: Backward<T>) {
        let Upsample { resampling, step } = *self;
        let Backward { inputs, output_shape, output_gradient, input_gradients: [Some(dx)], .. } = call else { return };
        let shape = inputs[0].1;
        let (channels, width) = (shape.channels(), size(shape).1);
        let [down, across] = places::<T>(resampling, step, shape, output_shape);
        for_each_row(dx, shape.elements(), shape.elements() + 4 * output_shape.elements(), |image, dx| {
            dx.fill(T::ZERO);
            let g = &output_gradient[image * output_shape.elements()..][..output_shape.elements()];
            for (position, g) in g.chunks_exact(channels).enumerate() {
                let (row, column) = (down[position / across.len()], across[position % across.len()]);
                let mut add = |line: usize, column: usize, share: T| {
                    add_scaled(&mut dx[(line * width + column) * channels..][..channels], share, g);
                };
                if resampling == Resampling::Nearest {
                    add(row.inputs[0], column.inputs[0], T::ONE);
                    continue;
                }
                for (line, share) in row.inputs.into_iter().zip(row.shares()) {
                    for (column, part) in column.inputs.into_iter().zip(column.shares()) {
                        add(line, column, share * part);
                    }
                }
            }
        });
    }
}

/// Where an output lies, in one direction.
#[derive(Debug, Clone, Copy)]
struct Interpolation<T> {
    /// The inputs before and behind it.
    inputs: [usize; 2],
    /// 0 at the first, 1 at the second.
    nearness: T,
}

impl<T: Real> Interpolation<T> {
    /// What each of the two inputs contributes.
    fn shares(self) -> [T; 2] {
        [T::ONE - self.nearness, self.nearness]
    }
}

/// The places of all outputs, down and across.
fn places<T: Real>(resampling: Resampling, step: [f64; 2], input: Shape, output: Shape) -> [Vec<Interpolation<T>>; 2] {
    let (input, output) = (size(input), size(output));
    [(input.0, output.0, step[0]), (input.1, output.1, step[1])].map(|(inputs, outputs, step)| {
        let place = |output: usize| {
            let at = match resampling {
                // PyTorch computes this in single precision, also for doubles.
                Resampling::Nearest => f64::from((output as f32 * step as f32).floor()),
                Resampling::Bilinear => ((output as f64 + 0.5) * step - 0.5).max(0.0),
                Resampling::BilinearAligned => output as f64 * step,
            };
            let first = (at as usize).min(inputs - 1);
            let nearness = (at - first as f64).clamp(0.0, 1.0);
            Interpolation { inputs: [first, (first + 1).min(inputs - 1)], nearness: T::of(nearness) }
        };
        (0..outputs).map(place).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::testing::{Case, check};
    use crate::program::Op;

    /// Σ over all inputs of (1 − distance), which is not negative for the two neighbours only.
    #[test]
    fn finds_values_between_pixels() {
        for ((height, width), (rows, columns)) in
            [((3, 4), (6, 8)), ((3, 4), (7, 5)), ((2, 1), (5, 3)), ((5, 6), (3, 2)), ((4, 4), (1, 4))]
        {
            for resampling in [Resampling::Nearest, Resampling::Bilinear, Resampling::BilinearAligned] {
                let step = [(height, rows), (width, columns)].map(|(input, output)| match resampling {
                    Resampling::BilinearAligned if output == 1 => 0.0,
                    Resampling::BilinearAligned => (input - 1) as f64 / (output - 1) as f64,
                    _ => input as f64 / output as f64,
                });
                let (input, output) = (Shape::map(2, height, width), Shape::map(2, rows, columns));
                let case = Case::new(Op::Upsample(Upsample { resampling, step }), 3, input, output);
                check(&case, |numbers| {
                    let share = |output: usize, input: usize, step: f64, inputs: usize| {
                        let at = match resampling {
                            Resampling::Nearest => (output as f64 * step + 1e-9).floor(),
                            Resampling::Bilinear => (output as f64 + 0.5) * step - 0.5,
                            Resampling::BilinearAligned => output as f64 * step,
                        };
                        (1.0 - (at.clamp(0.0, (inputs - 1) as f64) - input as f64).abs()).max(0.0)
                    };
                    let value = |index: usize| {
                        let (column, row) = (index % columns, index / columns % rows);
                        let plane = &numbers.inputs[0][index / columns / rows * height * width..][..height * width];
                        let weighted = plane.iter().enumerate().map(|(at, x)| {
                            x * share(row, at / width, step[0], height) * share(column, at % width, step[1], width)
                        });
                        weighted.sum::<f64>()
                    };
                    (0..3 * output.elements()).map(value).collect()
                });
            }
        }
    }
}
