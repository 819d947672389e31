//! Channels in other places, and products with one number a channel.

use super::Kernel;
use super::batch_norm::SOURCE;
use super::elementwise;
use super::shape::{Cut, Divisor, grid_each, grid_of, small, wide, widths};
use super::sums::{self, Terms};
use crate::cuda::call::{Backward, Forward};
use crate::cuda::{Call, Gpu, Result, View};
use crate::ir::Shape;
use crate::program::op::{ChannelShuffle, Concat, Mul, Slice};

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

#[repr(C)]
#[derive(Clone, Copy)]
struct Stretch {
    x: u64,
    factors: u64,
    y: u64,
    batch: u64,
    channels: u32,
    columns: u32,
    channels_last: u32,
    by_inner: Divisor,
}

// SAFETY: as in channels.cu.
unsafe impl Call for Stretch {}

/// y ← x·factors, of which there is one for each channel of each example.
fn stretch(gpu: &Gpu, batch: usize, shape: Shape, [x, factors, y]: [View; 3]) -> Result<()> {
    let cut = Cut::new(gpu.settings(), batch, shape);
    let width = cut.width(gpu.settings());
    let columns = shape.elements() / width;
    let call = Stretch {
        x: x.pointer(),
        factors: factors.pointer(),
        y: y.pointer(),
        batch: batch as u64,
        channels: small(cut.channels),
        columns: small(columns),
        channels_last: u32::from(cut.run == 1),
        by_inner: Divisor::by(if cut.run == 1 { cut.channels } else { cut.run } / width),
    };
    gpu.launch(&SOURCE, widths!("stretch").of(width), grid_each(batch, columns), &call)
}

/// The inputs of a product that have all positions, and those of one that are stretched.
fn sorted<'a>(inputs: impl Iterator<Item = (View<'a>, Shape)>, output: Shape) -> [Vec<View<'a>>; 2] {
    let (full, stretched): (Vec<_>, Vec<_>) = inputs.partition(|(_, shape)| shape.positions() == output.positions());
    [full, stretched].map(|inputs| inputs.into_iter().map(|(values, _)| values).collect())
}

/// y ← Π full · Π stretched
fn product(gpu: &Gpu, batch: usize, shape: Shape, [full, stretched]: &[Vec<View>; 2], y: View) -> Result<()> {
    let mut so_far = full[0];
    if full.len() > 1 || stretched.is_empty() {
        elementwise::multiply(gpu, full, y)?;
        so_far = y;
    }
    for factors in stretched {
        stretch(gpu, batch, shape, [so_far, *factors, y])?;
        so_far = y;
    }
    Ok(())
}

impl Kernel for Mul {
    /// The product of all inputs; those of one position are stretched over all.
    fn forward(&self, call: Forward) -> Result<()> {
        let Forward { device: gpu, batch, inputs, output, output_shape, .. } = call;
        product(gpu, batch, output_shape, &sorted(inputs.iter().copied(), output_shape), output)
    }

    /// An input's gradient is the output's times all other inputs, summed over the positions that it was stretched
    /// over.
    fn backward(&self, call: Backward) -> Result<()> {
        let Backward { device: gpu, batch, inputs, output_shape, output_gradient: g, .. } = call;
        for (index, dx) in call.input_gradients.iter().enumerate() {
            let Some(dx) = *dx else { continue };
            let others = inputs[..index].iter().chain(&inputs[index + 1..]).copied();
            let [mut full, stretched] = sorted(others, output_shape);
            if inputs[index].1.positions() == output_shape.positions() {
                full.insert(0, g);
                product(gpu, batch, output_shape, &[full, stretched], dx)?;
            } else {
                stretched_gradient(gpu, batch, output_shape, g, [full, stretched], dx)?;
            }
        }
        Ok(())
    }
}

/// dx ← Σ g·Π full over the positions, times the other factors of its channel.
fn stretched_gradient(
    gpu: &Gpu,
    batch: usize,
    shape: Shape,
    g: View,
    [full, stretched]: [Vec<View>; 2],
    dx: View,
) -> Result<()> {
    let cut = Cut::new(gpu.settings(), batch, shape);
    let finish = |sums: View| {
        sums::shares(gpu, 1.0, sums, dx)?;
        stretched.iter().try_for_each(|factors| elementwise::multiply(gpu, &[dx, *factors], dx))
    };
    if let [x] = *full {
        return sums::of_examples(gpu, batch, cut, Terms::Products { g, x }, 0, |[sums, _]| finish(sums));
    }
    // All but the last are multiplied with the gradient first, in memory of their own.
    let [factors @ .., x] = full.as_slice() else { unreachable!("something has all positions") };
    gpu.with_aside(g.bytes(), |aside| {
        let all: Vec<View> = std::iter::once(g).chain(factors.iter().copied()).collect();
        elementwise::multiply(gpu, &all, aside)?;
        sums::of_examples(gpu, batch, cut, Terms::Products { g: aside, x: *x }, 0, |[sums, _]| finish(sums))
    })
}
