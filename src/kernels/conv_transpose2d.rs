//! Transposed convolution (<https://docs.pytorch.org/docs/stable/generated/torch.nn.ConvTranspose2d.html>).
//!
//! It goes the way of a convolution's gradient: its output is a gradient with respect to that convolution's input, and
//! what comes back is that convolution's forward pass. So both directions are [`conv2d`]'s, with input and output
//! exchanged, and so is their speed.

use super::conv2d::bias;
use super::lanes::{add_scaled, for_each_row};
use super::{Backward, Cpu, Forward, Kernel, MaskKey, Real, Saved};
use crate::program::op::ConvTranspose2d;
use crate::program::{Bounds, Epilogue};

impl<T: Real> Kernel<T> for ConvTranspose2d {
    fn forward(&self, call: Forward<T>) {
        let ConvTranspose2d(convolution) = self;
        let Forward { device, batch, mode, inputs: &[(x, shape), ..], weights, output, output_shape, .. } = call else {
            unreachable!("a layer with weights has an input")
        };
        let gradient = Backward {
            device: device.algorithms,
            batch,
            mode,
            // Of the convolution's input only the size counts here; its values would for the weight's gradient.
            bounds: Bounds::NONE,
            inputs: &[(&[], output_shape)],
            weights: &weights[..1],
            output: x,
            output_shape: shape,
            saved: &Saved::default(),
            output_gradient: x,
            input_gradients: &mut [Some(&mut *output)],
            weight_gradients: &mut [None],
        };
        convolution.backward(gradient);
        if let [_, bias] = weights {
            for_each_row(output, bias.len(), bias.len(), |_, y| add_scaled(y, T::ONE, bias));
        }
    }

    fn backward(&self, call: Backward<T>) {
        let ConvTranspose2d(convolution) = self;
        let Backward {
            device: algorithms,
            batch,
            mode,
            inputs: &[(x, shape), ..],
            weights,
            output_gradient: dy,
            output_shape,
            ..
        } = call
        else {
            unreachable!("a layer with weights has an input")
        };
        if let Some(dx) = &mut call.input_gradients[0] {
            let forward = Forward {
                device: Cpu { algorithms, prepared: None, observed: None },
                batch,
                mode,
                key: MaskKey { seed: 0, step: 0, place: 0 },
                epilogue: Epilogue::NONE,
                inputs: &[(dy, output_shape)],
                weights: &weights[..1],
                statistics: &mut [],
                output: dx,
                output_shape: shape,
                saved: &mut Saved::default(),
            };
            convolution.forward(forward);
        }
        if let Some(dw) = &mut call.weight_gradients[0] {
            let gradient = Backward {
                device: algorithms,
                batch,
                mode,
                bounds: Bounds::NONE,
                inputs: &[(dy, output_shape)],
                weights: &weights[..1],
                output: x,
                output_shape: shape,
                saved: &Saved::default(),
                output_gradient: x,
                input_gradients: &mut [None],
                weight_gradients: &mut [Some(dw)],
            };
            convolution.backward(gradient);
        }
        if let [_, Some(db)] = call.weight_gradients {
            bias::gradient(dy, db);
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::ir::{Pair, Shape, Window};
    use crate::kernels::testing::{Case, check};
    use crate::program::Op;
    use crate::program::op::{Conv2d, ConvTranspose2d};

    const fn pair(height: usize, width: usize) -> Pair {
        Pair { height, width }
    }

    struct Sizes {
        batch: usize,
        input: (usize, usize, usize),
        outputs: usize,
        kernel: Pair,
        stride: Pair,
        padding: Pair,
        output_padding: Pair,
        dilation: Pair,
        groups: usize,
    }

    const PLAIN: Sizes = Sizes {
        batch: 1,
        input: (2, 4, 5),
        outputs: 3,
        kernel: pair(3, 3),
        stride: pair(1, 1),
        padding: pair(0, 0),
        output_padding: pair(0, 0),
        dilation: pair(1, 1),
        groups: 1,
    };

    /// Every input pixel adds the kernel, times itself, to the output, as it is defined.
    fn naive(case: &Case, inputs: &[f64], weight: &[f64], bias: Option<&Vec<f64>>) -> Vec<f64> {
        let Op::ConvTranspose2d(ConvTranspose2d(Conv2d { window, groups })) = case.op else { unreachable!() };
        let Window { kernel, stride, padding, dilation, .. } = window;
        let (Shape::Map { channels, height, width }, Shape::Map { channels: outputs, height: rows, width: columns }) =
            (case.inputs[0], case.output)
        else {
            unreachable!()
        };
        let (group_in, group_out) = (channels / groups, outputs / groups);
        let plane = rows * columns;
        let mut result: Vec<f64> = (0..case.batch * outputs * plane)
            .map(|index| bias.map_or(0.0, |bias| bias[index / plane % outputs]))
            .collect();
        for (index, x) in inputs.iter().enumerate() {
            let (column, row) = (index % width, index / width % height);
            let (channel, image) = (index / width / height % channels, index / width / height / channels);
            for tap in 0..group_out * kernel.height * kernel.width {
                let (kx, ky) = (tap % kernel.width, tap / kernel.width % kernel.height);
                let out = channel / group_in * group_out + tap / kernel.width / kernel.height;
                let to_row = (row * stride.height + ky * dilation.height).checked_sub(padding.height);
                let to_column = (column * stride.width + kx * dilation.width).checked_sub(padding.width);
                let (Some(to_row), Some(to_column)) =
                    (to_row.filter(|row| *row < rows), to_column.filter(|column| *column < columns))
                else {
                    continue;
                };
                let weight = weight[channel * group_out * kernel.height * kernel.width + tap];
                result[((image * outputs + out) * rows + to_row) * columns + to_column] += weight * x;
            }
        }
        result
    }

    #[test]
    fn spreads_as_defined() {
        for sizes in [
            PLAIN,
            Sizes { batch: 3, padding: pair(1, 1), ..PLAIN },
            Sizes { batch: 3, kernel: pair(2, 2), stride: pair(2, 2), ..PLAIN },
            Sizes { stride: pair(2, 2), padding: pair(1, 1), output_padding: pair(1, 1), ..PLAIN },
            Sizes { kernel: pair(4, 3), stride: pair(3, 2), padding: pair(1, 0), output_padding: pair(2, 0), ..PLAIN },
            Sizes { dilation: pair(2, 3), padding: pair(1, 2), ..PLAIN },
            Sizes { dilation: pair(3, 1), stride: pair(2, 2), output_padding: pair(2, 1), ..PLAIN },
            Sizes { kernel: pair(1, 1), ..PLAIN },
            // Rows that no kernel reaches, though neighbouring pixels are one apart.
            Sizes { kernel: pair(1, 1), dilation: pair(2, 2), output_padding: pair(1, 1), ..PLAIN },
            Sizes { kernel: pair(1, 1), stride: pair(2, 3), output_padding: pair(1, 2), ..PLAIN },
            Sizes { batch: 2, input: (4, 3, 4), outputs: 6, groups: 2, stride: pair(2, 2), ..PLAIN },
            Sizes {
                batch: 2,
                input: (3, 3, 4),
                outputs: 3,
                groups: 3,
                stride: pair(2, 2),
                padding: pair(1, 1),
                ..PLAIN
            },
            Sizes { batch: 3, input: (2, 4, 5), outputs: 35, kernel: pair(2, 2), stride: pair(2, 2), ..PLAIN },
        ] {
            let Sizes { batch, input: (channels, height, width), outputs, kernel, groups, .. } = sizes;
            let Sizes { stride, padding, output_padding, dilation, .. } = sizes;
            let size = |input: usize, side: fn(Pair) -> usize| {
                (input - 1) * side(stride) + side(dilation) * (side(kernel) - 1) + side(output_padding) + 1
                    - 2 * side(padding)
            };
            let output = Shape::map(outputs, size(height, |pair| pair.height), size(width, |pair| pair.width));
            let window = Window { kernel, stride, padding, dilation, ceil: false };
            let op = Op::ConvTranspose2d(ConvTranspose2d(Conv2d { window, groups }));
            let weight = channels * outputs / groups * kernel.height * kernel.width;
            for weights in [vec![weight], vec![weight, outputs]] {
                let case =
                    Case { weights, ..Case::new(op.clone(), batch, Shape::map(channels, height, width), output) };
                check(&case, |numbers| naive(&case, &numbers.inputs[0], &numbers.weights[0], numbers.weights.get(1)));
            }
        }
    }
}
