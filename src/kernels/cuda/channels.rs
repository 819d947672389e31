//! Channels in other places.

use super::Kernel;
use super::batch_norm::SOURCE;
use super::shape::{Cut, Divisor, grid_of, small, wide, widths};
use crate::cuda::call::{Backward, Forward};
use crate::cuda::{Call, Gpu, Result, View};
use crate::ir::Shape;
use crate::program::op::{ChannelShuffle, Concat, Slice};

#[repr(C)]
#[derive(Clone, Copy)]
struct Strip {
    x: u64,
    y: u64,
    rows: u64,
    from_step: u64,
    to_step: u64,
    length: u32,
    start: u32,
    taken: u32,
}

// SAFETY: as in channels.cu.
unsafe impl Call for Strip {}

/// Some of the channels of a batch: where they begin among all, and how many those are.
#[derive(Debug, Clone, Copy)]
struct ChannelRange {
    start: usize,
    channels: usize,
    all: usize,
}

/// Puts the channels of `from` in place of the part of `to`.
fn put(gpu: &Gpu, batch: usize, shape: Shape, part: ChannelRange, from: View, to: View) -> Result<()> {
    let Cut { rows, run, .. } = Cut::new(gpu.settings(), batch, shape);
    let offset = part.start * run * gpu.settings().storage.width();
    let (length, to_step) = (part.channels * run, part.all * run);
    strips(gpu, rows, (from.pointer(), length), (to.pointer() + offset as u64, to_step), [length, 0, length])
}

/// Takes the part of `from` that `to` is.
fn take(gpu: &Gpu, batch: usize, shape: Shape, part: ChannelRange, from: View, to: View) -> Result<()> {
    let Cut { rows, run, .. } = Cut::new(gpu.settings(), batch, shape);
    let offset = part.start * run * gpu.settings().storage.width();
    let (length, from_step) = (part.channels * run, part.all * run);
    strips(gpu, rows, (from.pointer() + offset as u64, from_step), (to.pointer(), length), [length, 0, length])
}

/// Rows in place of rows. Places come with the numbers from one row to the next; the sizes are how long a row of the
/// target is, where what is taken begins in it, and how long that is.
fn strips(
    gpu: &Gpu,
    rows: usize,
    (x, from_step): (u64, usize),
    (y, to_step): (u64, usize),
    [length, start, taken]: [usize; 3],
) -> Result<()> {
    let all = wide(gpu.settings());
    let fits = [from_step, to_step, length, start, taken].iter().all(|size| size.is_multiple_of(all));
    let width = if fits && (x | y).is_multiple_of(16) { all } else { 1 };
    let call = Strip {
        x,
        y,
        rows: rows as u64,
        from_step: from_step as u64,
        to_step: to_step as u64,
        length: small(length),
        start: small(start),
        taken: small(taken),
    };
    gpu.launch(&SOURCE, widths!("strips").of(width), grid_of(rows, length / width), &call)
}

impl Kernel for Concat {
    /// All inputs, one after the other along the channels.
    fn forward(&self, call: Forward) -> Result<()> {
        let Forward { device: gpu, batch, inputs, output, output_shape, .. } = call;
        let mut start = 0;
        for (x, shape) in inputs {
            let part = ChannelRange { start, channels: shape.channels(), all: output_shape.channels() };
            put(gpu, batch, output_shape, part, *x, output)?;
            start += part.channels;
        }
        Ok(())
    }

    fn backward(&self, call: Backward) -> Result<()> {
        let Backward { device: gpu, batch, inputs, output_shape, output_gradient, .. } = call;
        let mut start = 0;
        for ((_, shape), dx) in inputs.iter().zip(call.input_gradients) {
            let part = ChannelRange { start, channels: shape.channels(), all: output_shape.channels() };
            if let Some(dx) = dx {
                take(gpu, batch, output_shape, part, output_gradient, *dx)?;
            }
            start += part.channels;
        }
        Ok(())
    }
}

impl Kernel for Slice {
    /// The channels from `start` on.
    fn forward(&self, call: Forward) -> Result<()> {
        let Slice { start } = *self;
        let Forward { device: gpu, batch, inputs, output, output_shape, .. } = call;
        let (x, shape) = inputs[0];
        let part = ChannelRange { start, channels: output_shape.channels(), all: shape.channels() };
        take(gpu, batch, output_shape, part, x, output)
    }

    /// All other channels have no gradient.
    fn backward(&self, call: Backward) -> Result<()> {
        let Slice { start } = *self;
        let Backward { device: gpu, batch, inputs, output_shape, output_gradient, .. } = call;
        let (Some(dx), shape) = (call.input_gradients[0], inputs[0].1) else { return Ok(()) };
        let Cut { rows, run, .. } = Cut::new(gpu.settings(), batch, output_shape);
        let [all, start, taken] = [shape.channels(), start, output_shape.channels()].map(|channels| channels * run);
        strips(gpu, rows, (output_gradient.pointer(), taken), (dx.pointer(), all), [all, start, taken])
    }
}

#[repr(C)]
#[derive(Clone, Copy)]
struct Shuffle {
    x: u64,
    y: u64,
    rows: u64,
    channels: u32,
    run: u32,
    groups: u32,
    each: u32,
    by_run: Divisor,
    by_groups: Divisor,
}

// SAFETY: as in channels.cu.
unsafe impl Call for Shuffle {}

impl Kernel for ChannelShuffle {
    /// Channel i of group g becomes channel i·groups + g.
    fn forward(&self, call: Forward) -> Result<()> {
        let ChannelShuffle { groups } = *self;
        shuffle(call.device, groups, call.batch, call.output_shape, call.inputs[0].0, call.output)
    }

    /// Reading a matrix row by row that was written column by column is the same with the matrix transposed.
    fn backward(&self, call: Backward) -> Result<()> {
        let ChannelShuffle { groups } = *self;
        let Some(dx) = call.input_gradients[0] else { return Ok(()) };
        let shape = call.output_shape;
        shuffle(call.device, shape.channels() / groups, call.batch, shape, call.output_gradient, dx)
    }
}

fn shuffle(gpu: &Gpu, groups: usize, batch: usize, shape: Shape, x: View, y: View) -> Result<()> {
    let Cut { rows, channels, run } = Cut::new(gpu.settings(), batch, shape);
    let call = Shuffle {
        x: x.pointer(),
        y: y.pointer(),
        rows: rows as u64,
        channels: small(channels),
        run: small(run),
        groups: small(groups),
        each: small(channels / groups),
        by_run: Divisor::by(run),
        by_groups: Divisor::by(groups),
    };
    gpu.launch(&SOURCE, "shuffle", grid_of(rows, channels * run), &call)
}
