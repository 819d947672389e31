//! Against the direct way, which is tested against the sum as it is defined.

use super::*;
use crate::ir::{Pair, Shape, Window};
use crate::kernels::clamp::Clamp;
use crate::kernels::conv2d::{forward as direct, input_gradient as direct_input, weight_gradient as direct_weight};
use crate::program::Bounds;

struct Sizes {
    batch: usize,
    inputs: usize,
    outputs: usize,
    size: (usize, usize),
    padding: (usize, usize),
}

const PLAIN: Sizes = Sizes { batch: 1, inputs: 3, outputs: 5, size: (8, 8), padding: (1, 1) };

fn numbers(length: usize, seed: usize) -> Vec<f64> {
    (0..length).map(|index| f64::from((((index * 7919 + seed) as f64 * 0.613).sin() * 3.0) as f32)).collect()
}

fn single(values: &[f64]) -> Vec<f32> {
    values.iter().map(|value| *value as f32).collect()
}

fn assert_close(what: &str, geometry: &Geometry, found: impl Iterator<Item = f64>, expected: &[f64], tolerance: f64) {
    let largest = expected.iter().fold(0.0f64, |largest, value| largest.max(value.abs()));
    for (index, (found, expected)) in found.zip(expected).enumerate() {
        let error = (found - expected).abs();
        assert!(error <= tolerance * largest, "{what}[{index}] is {found}, expected {expected}: {geometry:?}");
    }
}

/// Of the largest number: what the transforms' factors from 1/24 to 8 make of f32's 6·10⁻⁸.
const IN_F32: f64 = 1e-4;

/// In f64 but for rounding the same.
#[test]
fn agrees_with_the_direct_way() {
    let cases = [
        PLAIN,
        Sizes { padding: (0, 0), ..PLAIN },
        Sizes { padding: (2, 0), ..PLAIN },
        Sizes { batch: 3, size: (7, 9), ..PLAIN },
        Sizes { batch: 2, size: (1, 2), ..PLAIN },
        Sizes { batch: 70, size: (4, 3), ..PLAIN },
        Sizes { inputs: 17, outputs: 33, size: (13, 6), ..PLAIN },
        Sizes { batch: 2, inputs: 80, outputs: 16, size: (10, 10), padding: (2, 1) },
        Sizes { batch: 9, inputs: 130, outputs: 70, size: (12, 11), ..PLAIN },
        Sizes { inputs: 400, outputs: 8, size: (5, 5), ..PLAIN },
    ];
    // Whatever is left over after whole registers.
    let registers = (1..=40).map(|inputs| Sizes { inputs, outputs: 41 - inputs, size: (5, 4), ..PLAIN });
    for Sizes { batch, inputs, outputs, size, padding } in cases.into_iter().chain(registers) {
        let pair = |height, width| Pair { height, width };
        let window = Window {
            kernel: pair(3, 3),
            stride: pair(1, 1),
            padding: pair(padding.0, padding.1),
            dilation: pair(1, 1),
            ceil: false,
        };
        let (rows, columns) = window.output(size.0, size.1, "kernel").expect("the window fits");
        let (input, output) = (Shape::map(inputs, size.0, size.1), Shape::map(outputs, rows, columns));
        let geometry = Geometry::new(&window, 1, batch, input, output);
        let x = numbers(batch * input.elements(), 1);
        let (weight, bias) = (numbers(9 * inputs * outputs, 2), numbers(outputs, 3));
        let dy = numbers(batch * output.elements(), 4);
        let (x_32, weight_32, bias_32, dy_32) = (single(&x), single(&weight), single(&bias), single(&dy));

        let mut expected = vec![f64::NAN; dy.len()];
        let clamp = Clamp::needed(Bounds { low: -0.5, high: f64::INFINITY });
        direct::forward(&geometry, &x, Filter { bias: Some(&bias), clamp, ..Filter::plain(&weight) }, &mut expected);
        let mut found = vec![f64::NAN; dy.len()];
        forward(&geometry, &x, Filter { bias: Some(&bias), clamp, ..Filter::plain(&weight) }, &mut found);
        assert_close("output", &geometry, found.into_iter(), &expected, 1e-12);
        let mut found = vec![f32::NAN; dy.len()];
        let clamp = Clamp::needed(Bounds { low: -0.5, high: f64::INFINITY });
        let filter = Filter { bias: Some(&bias_32), clamp, ..Filter::plain(&weight_32) };
        forward(&geometry, &x_32, filter, &mut found);
        assert_close("f32 output", &geometry, found.into_iter().map(f64::from), &expected, IN_F32);

        let mut expected = vec![f64::NAN; x.len()];
        direct_input::input_gradient(&geometry, &weight, &dy, &mut expected);
        let mut found = vec![f64::NAN; x.len()];
        input_gradient(&geometry, &weight, &dy, &mut found);
        assert_close("input gradient", &geometry, found.into_iter(), &expected, 1e-12);
        let mut found = vec![f32::NAN; x.len()];
        input_gradient(&geometry, &weight_32, &dy_32, &mut found);
        assert_close("f32 input gradient", &geometry, found.into_iter().map(f64::from), &expected, IN_F32);

        let mut expected = vec![f64::NAN; weight.len()];
        direct_weight::weight_gradient(&geometry, &x, &dy, &mut expected);
        let mut found = vec![f64::NAN; weight.len()];
        weight_gradient(&geometry, &x, &dy, &mut found);
        assert_close("weight gradient", &geometry, found.into_iter(), &expected, 1e-12);
        let mut found = vec![f32::NAN; weight.len()];
        weight_gradient(&geometry, &x_32, &dy_32, &mut found);
        assert_close("f32 weight gradient", &geometry, found.into_iter().map(f64::from), &expected, IN_F32);
    }
}
