//! Dropout and drop path, with the masks of the CPU's kernels.

use super::Kernel;
use super::shape::{Divisor, grid_each, small, wide, width_for, widths};
use crate::cuda::call::{Backward, Forward};
use crate::cuda::{Call, Gpu, Grid, KernelSource, Result, View};
use crate::ir::Shape;
use crate::kernels::{MaskKey, Mode};
use crate::program::call::Order;
use crate::program::op::{DropPath, Dropout};
use crate::random::{Purpose, key};

const SOURCE: KernelSource = KernelSource { name: "mask.cu", text: include_str!("mask.cu") };

#[repr(C)]
#[derive(Clone, Copy)]
struct Draw {
    key: [u32; 8],
    mask: u64,
    words: u64,
    dropped: u64,
}

// SAFETY: as in mask.cu.
unsafe impl Call for Draw {}

#[repr(C)]
#[derive(Clone, Copy)]
struct Apply {
    x: u64,
    mask: u64,
    y: u64,
    batch: u64,
    elements: u32,
    scale: f32,
    positions: u32,
    channels: u32,
    by_positions: Divisor,
}

// SAFETY: as in mask.cu.
unsafe impl Call for Apply {}

/// What is dropped together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Dropped {
    /// Each number by itself.
    Numbers,
    /// Whole examples.
    Examples,
}

impl Kernel for Dropout {
    fn forward(&self, call: Forward) -> Result<()> {
        forward(Dropped::Numbers, self.p, call)
    }

    fn backward(&self, call: Backward) -> Result<()> {
        backward(Dropped::Numbers, self.p, call)
    }
}

impl Kernel for DropPath {
    fn forward(&self, call: Forward) -> Result<()> {
        forward(Dropped::Examples, self.p, call)
    }

    fn backward(&self, call: Backward) -> Result<()> {
        backward(Dropped::Examples, self.p, call)
    }
}

fn forward(dropped: Dropped, p: f64, call: Forward) -> Result<()> {
    let Forward { device: gpu, batch, mode, inputs, output, output_shape, saved, .. } = call;
    if mode == Mode::Eval {
        return gpu.copy(inputs[0].0, output);
    }
    draw(gpu, dropped, p, call.key, saved.indices)?;
    apply(gpu, dropped, p, (batch, output_shape), saved.indices, inputs[0].0, output)
}

fn backward(dropped: Dropped, p: f64, call: Backward) -> Result<()> {
    let Backward { device: gpu, batch, mode, output_shape, saved, output_gradient, .. } = call;
    let Some(dx) = call.input_gradients[0] else { return Ok(()) };
    match mode {
        Mode::Eval => gpu.copy(output_gradient, dx),
        Mode::Train => apply(gpu, dropped, p, (batch, output_shape), saved.indices, output_gradient, dx),
    }
}

fn draw(gpu: &Gpu, dropped: Dropped, p: f64, MaskKey { seed, step, place }: MaskKey, mask: View) -> Result<()> {
    let bytes = key(seed, Purpose::Dropout, step, place);
    let mut words = [0; 8];
    for (word, bytes) in words.iter_mut().zip(bytes.as_chunks().0) {
        *word = u32::from_le_bytes(*bytes);
    }
    let count = mask.elements(size_of::<u32>());
    // Exact: a word is below 2³², and p·2³² is representable.
    let call = Draw { key: words, mask: mask.pointer(), words: count as u64, dropped: (p * 2f64.powi(32)) as u64 };
    match dropped {
        Dropped::Numbers => gpu.launch(&SOURCE, "draw_bits", Grid::over(count), &call),
        Dropped::Examples => gpu.launch(&SOURCE, "draw_examples", Grid::over(count.div_ceil(16)), &call),
    }
}

fn apply(
    gpu: &Gpu,
    dropped: Dropped,
    p: f64,
    (batch, shape): (usize, Shape),
    mask: View,
    x: View,
    y: View,
) -> Result<()> {
    let elements = shape.elements();
    let call = Apply {
        x: x.pointer(),
        mask: mask.pointer(),
        y: y.pointer(),
        batch: batch as u64,
        elements: small(elements),
        // With p = 1 nothing survives, and 1/(1 − p) is never used.
        scale: (1.0 / (1.0 - p)) as f32,
        positions: small(shape.positions()),
        channels: small(shape.channels()),
        by_positions: Divisor::by(shape.positions()),
    };
    let settings = gpu.settings();
    let transposed = settings.order == Order::ChannelsFirst && !shape.has_one_order();
    match dropped {
        Dropped::Examples => {
            let width = width_for(settings, elements);
            gpu.launch(&SOURCE, widths!("apply_examples").of(width), grid_each(batch, elements / width), &call)
        }
        Dropped::Numbers if transposed => {
            gpu.launch(&SOURCE, "apply_bits_transposed", grid_each(batch, elements), &call)
        }
        Dropped::Numbers => {
            let width = if batch * elements < wide(settings) { 1 } else { wide(settings) };
            let grid = Grid::over(batch * elements / width);
            gpu.launch(&SOURCE, widths!("apply_bits").of(width), grid, &call)
        }
    }
}
