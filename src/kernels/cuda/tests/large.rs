//! Sizes at which kernels take several numbers at once, cut a batch into slices, and use more than one block.

use super::case::check;
use crate::ir::{Pair, Shape, Window};
use crate::kernels::testing::{Case, F32_AGAINST_F64, Numbers};
use crate::program::{Activation, Bounds, ChannelPool, Epilogue, Fill, Op, Over, Resampling, op};

/// Numbers from −2 to 2 that are exact in bf16, from a multiplicative generator.
fn numbers(count: usize, seed: u64) -> Vec<f64> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state = state.wrapping_mul(0x5851_f42d_4c95_7f2d);
        ((state >> 57) as f64 - 63.5) / 32.0
    };
    (0..count).map(|_| next()).collect()
}

fn run(case: &Case) {
    let inputs = case.inputs.iter().enumerate();
    let inputs = inputs.map(|(index, shape)| numbers(case.batch * shape.elements(), index as u64 + 1)).collect();
    let weights = case.weights.iter().enumerate().map(|(index, length)| numbers(*length, index as u64 + 20)).collect();
    // Running variances are positive.
    let buffers = case.buffers.iter().enumerate();
    let buffers =
        buffers.map(|(index, length)| numbers(*length, index as u64 + 30).iter().map(|x| x.abs() + 0.5).collect());
    let numbers_of = Numbers { inputs, weights, buffers: buffers.collect() };
    check(case, &numbers_of, &numbers(case.batch * case.output.elements(), 40), 3.0 * F32_AGAINST_F64);
}

#[test]
fn batch_norm_in_slices() {
    let relu = Epilogue { bounds: Bounds::RELU, ..Epilogue::NONE };
    for (batch, shape) in
        [(9, Shape::map(64, 12, 12)), (5, Shape::map(8, 40, 40)), (3, Shape::map(300, 3, 3)), (70, Shape::Vector(48))]
    {
        let channels = shape.channels();
        let norm = Op::BatchNorm(op::BatchNorm { eps: 1e-5, momentum: 0.1, affine: true });
        let affine = (vec![channels; 2], vec![channels; 2]);
        let plain = Case { weights: affine.0, buffers: affine.1, ..Case::new(norm, batch, shape, shape) };
        run(&plain);
        run(&Case { epilogue: relu, ..plain.clone() });
        run(&Case { inputs: vec![shape; 2], epilogue: relu, ..plain });
    }
}

#[test]
fn other_norms_in_long_rows() {
    for (op, batch, shape, weights) in [
        (Op::GroupNorm(op::GroupNorm { groups: 4, eps: 1e-5 }), 3, Shape::map(16, 20, 20), 16),
        (Op::GroupNorm(op::GroupNorm { groups: 32, eps: 1e-5 }), 5, Shape::map(64, 7, 7), 64),
        (Op::LayerNorm(op::LayerNorm { over: Over::Example, eps: 1e-5 }), 6, Shape::map(24, 12, 12), 24 * 144),
        (Op::LayerNorm(op::LayerNorm { over: Over::Channels, eps: 1e-5 }), 3, Shape::map(96, 9, 9), 96),
        (Op::LayerNorm(op::LayerNorm { over: Over::Channels, eps: 1e-5 }), 7, Shape::Vector(1500), 1500),
    ] {
        run(&Case { weights: vec![weights; 2], ..Case::new(op, batch, shape, shape) });
    }
    for shape in [Shape::Vector(1500), Shape::map(40, 9, 11)] {
        for op in [ChannelPool::Mean, ChannelPool::Max] {
            if let Some((height, width)) = shape.sides() {
                run(&Case::new(Op::ChannelPool(op), 5, shape, Shape::map(1, height, width)));
            }
        }
        for groups in [1, 2] {
            run(&Case::new(Op::Softmax(op::Softmax { groups }), 5, shape, shape));
        }
    }
    let op = Op::LocalResponseNorm(op::LocalResponseNorm { size: 5, alpha: 0.1, beta: 0.75, k: 2.0 });
    run(&Case::new(op, 3, Shape::map(96, 13, 13), Shape::map(96, 13, 13)));
}

#[test]
fn windows_and_bins_over_many_channels() {
    let window = |kernel, stride, padding| Window {
        kernel: Pair::square(kernel),
        stride: Pair::square(stride),
        padding: Pair::square(padding),
        dilation: Pair::square(1),
        ceil: false,
    };
    let map = |side| Shape::map(32, side, side);
    let mean = |window, count_include_pad| Op::AvgPool2d(op::AvgPool2d { window, count_include_pad });
    for (op, side, output) in [
        (Op::MaxPool2d(op::MaxPool2d { window: window(2, 2, 0) }), 16, 8),
        (Op::MaxPool2d(op::MaxPool2d { window: window(3, 2, 1) }), 15, 8),
        (mean(window(3, 1, 1), true), 10, 10),
        (mean(window(3, 2, 1), false), 11, 6),
        (Op::AdaptiveAvgPool2d, 7, 1),
        (Op::AdaptiveAvgPool2d, 36, 1),
        (Op::AdaptiveAvgPool2d, 13, 6),
        (Op::AdaptiveMaxPool2d, 13, 6),
        (Op::Upsample(op::Upsample { resampling: Resampling::Bilinear, step: [0.5; 2] }), 6, 12),
        (Op::Upsample(op::Upsample { resampling: Resampling::Nearest, step: [0.5; 2] }), 6, 12),
        (Op::Pad(op::Pad { fill: Fill::Reflect, top: 2, left: 2, front: 0 }), 6, 10),
        (Op::Crop(op::Crop { top: 3, left: 2 }), 10, 6),
    ] {
        run(&Case::new(op, 3, map(side), map(output)));
    }
    let wider = Shape::map(48, 9, 9);
    run(&Case::new(Op::Pad(op::Pad { fill: Fill::Zero, top: 1, left: 2, front: 8 }), 3, map(6), wider));
}

#[test]
fn many_inputs_and_many_channels() {
    let (map, one) = (Shape::map(24, 8, 9), Shape::map(24, 1, 1));
    for inputs in [vec![map; 2], vec![map; 11], vec![map; 17]] {
        run(&Case { inputs, ..Case::new(Op::Add, 3, map, map) });
    }
    for inputs in [vec![map, one], vec![one, map, map, one], vec![map; 10]] {
        run(&Case { inputs, ..Case::new(Op::Mul, 3, map, map) });
    }
    let (mask, rows, columns) = (Shape::map(1, 8, 9), Shape::map(24, 8, 1), Shape::map(24, 1, 9));
    for inputs in [vec![map, mask], vec![mask, one], vec![columns, map, rows, one], vec![rows, columns, mask]] {
        run(&Case { inputs, ..Case::new(Op::Mul, 3, map, map) });
    }
    for inputs in [vec![map; 2], vec![one; 2]] {
        let shape = inputs[0];
        run(&Case { inputs, ..Case::new(Op::Maximum, 3, shape, shape) });
    }
    for weights in [vec![24], vec![24; 2]] {
        run(&Case { weights, ..Case::new(Op::Scale, 5, map, map) });
    }
    run(&Case::new(Op::Activation(Activation::Multiple { factor: 0.17 }), 5, map, map));
    let parts = [8, 16, 32].map(|channels| Shape::map(channels, 8, 9)).to_vec();
    let whole = Shape::map(56, 8, 9);
    run(&Case { inputs: parts, ..Case::new(Op::Concat, 3, whole, whole) });
    run(&Case::new(Op::Slice(op::Slice { start: 16 }), 3, whole, map));
    run(&Case::new(Op::ChannelShuffle(op::ChannelShuffle { groups: 7 }), 3, whole, whole));
    run(&Case::new(Op::Flatten, 3, whole, Shape::Vector(whole.elements())));
    for weights in [1, 24] {
        run(&Case { weights: vec![weights], ..Case::new(Op::Prelu, 5, map, map) });
    }
    for op in
        [Op::Dropout(op::Dropout { p: 0.3 }), Op::DropPath(op::DropPath { p: 0.4 }), Op::Activation(Activation::Silu)]
    {
        run(&Case::new(op, 37, map, map));
    }
}

#[test]
fn what_cannot_be_counted_is_refused() {
    let window = |kernel, padding| Window {
        kernel: Pair::square(kernel),
        stride: Pair::square(1 << 40),
        padding: Pair::square(padding),
        dilation: Pair::square(1),
        ceil: false,
    };
    for (op, shape, expected) in [
        (Op::Add, Shape::Vector(1 << 31), "too large for a GPU"),
        (Op::Add, Shape::Vector((1 << 31) - 1), ""),
        (Op::MaxPool2d(op::MaxPool2d { window: window(1 << 31, 1 << 30) }), Shape::map(1, 8, 8), "a window of"),
        (Op::MaxPool2d(op::MaxPool2d { window: window(3, 1) }), Shape::map(1, 8, 8), ""),
    ] {
        let found = crate::kernels::cuda::check(&op, std::iter::once(shape));
        let found = found.err().map_or(String::new(), |error| error.to_string());
        assert!(found.contains(expected) && found.is_empty() == expected.is_empty(), "{op:?}: `{found}`");
    }
}
