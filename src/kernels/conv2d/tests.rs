use crate::ir::{Pair, Shape, Window};
use crate::kernels::testing::{Case, check};
use crate::program::Op;
use crate::program::op::Conv2d;

const fn pair(height: usize, width: usize) -> Pair {
    Pair { height, width }
}

/// The sum over input channels and taps, as it is defined.
fn naive(case: &Case, inputs: &[f64], weight: &[f64], bias: Option<&Vec<f64>>) -> Vec<f64> {
    let Op::Conv2d(Conv2d { window, groups }) = case.op else { unreachable!() };
    let Window { kernel, stride, padding, dilation, .. } = window;
    let (Shape::Map { channels, height, width }, Shape::Map { channels: outputs, height: rows, width: columns }) =
        (case.inputs[0], case.output)
    else {
        unreachable!()
    };
    let (group_in, group_out) = (channels / groups, outputs / groups);
    let mut result = Vec::new();
    for index in 0..case.batch * outputs * rows * columns {
        let (column, row) = (index % columns, index / columns % rows);
        let (out, image) = (index / columns / rows % outputs, index / columns / rows / outputs);
        let mut sum = bias.map_or(0.0, |bias| bias[out]);
        for tap in 0..group_in * kernel.height * kernel.width {
            let (kx, ky) = (tap % kernel.width, tap / kernel.width % kernel.height);
            let channel = out / group_out * group_in + tap / kernel.width / kernel.height;
            let y = (row * stride.height + ky * dilation.height).checked_sub(padding.height);
            let x = (column * stride.width + kx * dilation.width).checked_sub(padding.width);
            if let (Some(y), Some(x)) = (y.filter(|y| *y < height), x.filter(|x| *x < width)) {
                let weight = weight[out * group_in * kernel.height * kernel.width + tap];
                sum += weight * inputs[((image * channels + channel) * height + y) * width + x];
            }
        }
        result.push(sum);
    }
    result
}

struct Sizes {
    batch: usize,
    input: (usize, usize, usize),
    outputs: usize,
    kernel: Pair,
    stride: Pair,
    padding: Pair,
    dilation: Pair,
    groups: usize,
}

const PLAIN: Sizes = Sizes {
    batch: 1,
    input: (2, 6, 7),
    outputs: 3,
    kernel: pair(3, 3),
    stride: pair(1, 1),
    padding: pair(0, 0),
    dilation: pair(1, 1),
    groups: 1,
};

#[test]
fn convolves_as_defined() {
    let cases = [
        PLAIN,
        Sizes { batch: 3, padding: pair(1, 1), ..PLAIN },
        Sizes { input: (1, 5, 4), ..PLAIN },
        Sizes { kernel: pair(2, 3), padding: pair(1, 0), ..PLAIN },
        Sizes { kernel: pair(1, 5), padding: pair(0, 2), stride: pair(2, 1), ..PLAIN },
        Sizes { batch: 3, stride: pair(2, 2), padding: pair(1, 1), ..PLAIN },
        Sizes { input: (3, 9, 5), stride: pair(3, 2), padding: pair(2, 1), ..PLAIN },
        Sizes { input: (2, 9, 11), dilation: pair(2, 3), padding: pair(2, 3), ..PLAIN },
        Sizes { input: (2, 9, 8), dilation: pair(3, 2), stride: pair(2, 3), padding: pair(1, 4), ..PLAIN },
        // Padding larger than the kernel: some outputs see nothing but zeros.
        Sizes { input: (2, 3, 2), padding: pair(4, 5), ..PLAIN },
        // 1×1, over one image and over several in one block; strided and padded.
        Sizes { kernel: pair(1, 1), ..PLAIN },
        Sizes { batch: 20, input: (3, 2, 2), kernel: pair(1, 1), outputs: 5, ..PLAIN },
        Sizes { batch: 3, kernel: pair(1, 1), stride: pair(2, 2), ..PLAIN },
        Sizes { kernel: pair(1, 1), padding: pair(1, 2), ..PLAIN },
        // Several images in one block, the last one not full.
        Sizes { batch: 19, input: (2, 3, 2), padding: pair(1, 1), ..PLAIN },
        // One image in several blocks of rows, which overlap in the input.
        Sizes { input: (2, 67, 71), kernel: pair(5, 2), padding: pair(2, 1), ..PLAIN },
        // Groups; depthwise, also with a multiplier.
        Sizes { batch: 3, input: (4, 5, 6), outputs: 6, groups: 2, padding: pair(1, 1), ..PLAIN },
        Sizes { batch: 17, input: (6, 3, 3), outputs: 6, groups: 3, stride: pair(2, 2), padding: pair(1, 1), ..PLAIN },
        Sizes { batch: 3, input: (4, 5, 6), outputs: 4, groups: 4, padding: pair(1, 1), ..PLAIN },
        Sizes { input: (3, 7, 6), outputs: 6, groups: 3, stride: pair(2, 3), padding: pair(1, 2), ..PLAIN },
        Sizes { input: (3, 9, 8), outputs: 3, groups: 3, dilation: pair(2, 3), padding: pair(2, 3), ..PLAIN },
        // Groups that are computed as one, all of them and some.
        Sizes { batch: 2, input: (12, 5, 6), outputs: 12, groups: 6, stride: pair(2, 1), ..PLAIN },
        Sizes { batch: 2, input: (20, 4, 3), outputs: 40, groups: 10, padding: pair(1, 1), ..PLAIN },
        // Positions 2 KiB apart, and so many outputs that windows are packed for the weight's gradient, in more than
        // one block.
        Sizes { input: (256, 2, 3), outputs: 50, kernel: pair(1, 1), ..PLAIN },
        // More than one slab of depth.
        Sizes { input: (170, 2, 4), outputs: 50, kernel: pair(1, 2), ..PLAIN },
        // More channels than one task takes.
        Sizes { batch: 2, input: (35, 3, 2), outputs: 2, kernel: pair(2, 2), padding: pair(1, 1), ..PLAIN },
    ];
    for Sizes { batch, input: (channels, height, width), outputs, kernel, stride, padding, dilation, groups } in cases {
        let window = Window { kernel, stride, padding, dilation, ceil: false };
        let (rows, columns) = window.output(height, width, "kernel").expect("the window fits");
        let op = Op::Conv2d(Conv2d { window, groups });
        let weight = outputs * channels / groups * kernel.height * kernel.width;
        for weights in [vec![weight], vec![weight, outputs]] {
            let input = Shape::map(channels, height, width);
            let case = Case { weights, ..Case::new(op.clone(), batch, input, Shape::map(outputs, rows, columns)) };
            check(&case, |numbers| naive(&case, &numbers.inputs[0], &numbers.weights[0], numbers.weights.get(1)));
        }
    }
}
