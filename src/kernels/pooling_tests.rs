//! Tests of maximum and average pooling over one table of windows.

use crate::ir::{Pair, Shape, Window};
use crate::kernels::testing::{Case, Numbers, check};
use crate::program::Op;
use crate::program::op::{AvgPool2d, MaxPool2d};

const fn pair(height: usize, width: usize) -> Pair {
    Pair { height, width }
}

const PLAIN: Window =
    Window { kernel: pair(2, 2), stride: pair(2, 2), padding: pair(0, 0), dilation: pair(1, 1), ceil: false };

/// Windows over an input of height × width.
const CASES: [(usize, usize, Window); 13] = [
    (4, 6, PLAIN),
    (5, 7, PLAIN),
    (5, 7, Window { ceil: true, ..PLAIN }),
    (5, 7, Window { kernel: pair(3, 3), ..PLAIN }),
    (6, 9, Window { kernel: pair(3, 3), padding: pair(1, 1), ..PLAIN }),
    (6, 8, Window { kernel: pair(3, 3), padding: pair(1, 1), ceil: true, ..PLAIN }),
    (5, 6, Window { kernel: pair(2, 3), stride: pair(1, 2), padding: pair(1, 0), ..PLAIN }),
    (5, 6, Window { kernel: pair(3, 2), stride: pair(1, 1), padding: pair(1, 1), ..PLAIN }),
    (3, 4, Window { kernel: pair(1, 1), stride: pair(2, 3), ..PLAIN }),
    (5, 5, Window { kernel: pair(2, 2), stride: pair(4, 3), ceil: true, ..PLAIN }),
    (3, 2, Window { kernel: pair(3, 2), ..PLAIN }),
    // More taps than a byte can tell apart.
    (1, 258, Window { kernel: pair(1, 256), stride: pair(1, 1), ..PLAIN }),
    (7, 6, Window { kernel: pair(5, 4), stride: pair(3, 3), padding: pair(2, 2), ceil: true, ..PLAIN }),
];

fn case(op: Op, (height, width, window): (usize, usize, Window)) -> Case {
    let (rows, columns) = window.output(height, width, "window").expect("the window fits");
    // More than a tile of channels.
    let map = |height, width| Shape::map(19, height, width);
    Case::new(op, 2, map(height, width), map(rows, columns))
}

/// Every output from the numbers under its window, and from the size of the window clipped to the padded input.
fn naive(case: &Case, window: &Window, numbers: &Numbers<f64>, of_window: impl Fn(&[f64], usize) -> f64) -> Vec<f64> {
    let (Shape::Map { height, width, .. }, Shape::Map { height: rows, width: columns, .. }) =
        (case.inputs[0], case.output)
    else {
        unreachable!()
    };
    let Window { kernel, stride, padding, dilation, .. } = *window;
    let planes = numbers.inputs[0].chunks_exact(height * width);
    let outputs = planes.flat_map(|plane| {
        let of_window = &of_window;
        (0..rows * columns).map(move |index| {
            let (mut inside, mut padded) = (Vec::new(), 0);
            for tap in 0..kernel.height * kernel.width {
                // Counted from the beginning of the padding.
                let y = index / columns * stride.height + tap / kernel.width * dilation.height;
                let x = index % columns * stride.width + tap % kernel.width * dilation.width;
                padded += usize::from(y < height + 2 * padding.height && x < width + 2 * padding.width);
                let (y, x) = (y.wrapping_sub(padding.height), x.wrapping_sub(padding.width));
                if y < height && x < width {
                    inside.push(plane[y * width + x]);
                }
            }
            of_window(&inside, padded)
        })
    });
    outputs.collect()
}

#[test]
fn takes_the_largest() {
    let dilated =
        Window { kernel: pair(3, 2), stride: pair(2, 1), padding: pair(1, 1), dilation: pair(2, 3), ceil: true };
    for sizes in CASES.into_iter().chain([(8, 9, dilated)]) {
        let case = case(Op::MaxPool2d(MaxPool2d { window: sizes.2 }), sizes);
        check(&case, |numbers| {
            naive(&case, &sizes.2, numbers, |inside, _| inside.iter().copied().fold(f64::NEG_INFINITY, f64::max))
        });
    }
}

/// Which of two rows under 2×2 windows wins, and where the gradient goes, as PyTorch 2.15 has it: the first of equal
/// numbers, the last NaN, and −∞ where there is nothing else.
#[test]
fn chooses_between_equals_as_pytorch_does() {
    const INF: f64 = f64::INFINITY;
    const NAN: f64 = f64::NAN;
    for (x, maximum, place) in [
        ([3.0, 3.0, 3.0, 3.0], 3.0, 0),
        ([1.0, 3.0, 3.0, 3.0], 3.0, 1),
        ([1.0, 2.0, 3.0, 3.0], 3.0, 2),
        ([-INF, -INF, -INF, -INF], -INF, 0),
        ([-INF, -INF, -INF, -9.0], -9.0, 3),
        ([NAN, 1.0, INF, 1.0], NAN, 0),
        ([1.0, NAN, NAN, 1.0], NAN, 2),
    ] {
        let outcome = case(Op::MaxPool2d(MaxPool2d { window: PLAIN }), (2, 2, PLAIN)).run_on(&x.repeat(38), &[1.0; 38]);
        let mut gradient = [0.0; 4];
        gradient[place] = 1.0;
        // As text, in which NaN equals NaN.
        assert_eq!(format!("{:?}", outcome.output), format!("{:?}", [maximum; 38]), "{x:?}");
        assert_eq!(outcome.input_gradients[0], gradient.repeat(38), "{x:?}");
    }
}

#[test]
fn averages() {
    for sizes in CASES {
        for count_include_pad in [true, false] {
            let case = case(Op::AvgPool2d(AvgPool2d { window: sizes.2, count_include_pad }), sizes);
            check(&case, |numbers| {
                naive(&case, &sizes.2, numbers, |inside, padded| {
                    let count = if count_include_pad { padded } else { inside.len() };
                    inside.iter().sum::<f64>() / count as f64
                })
            });
        }
    }
}
