//! Products, in which sizes of 1 are stretched.

use super::Kernel;
use super::batch_norm::SOURCE;
use super::elementwise;
use super::shape::{Cut, Divisor, grid_each, small, widths};
use super::sums::{self, Terms};
use crate::cuda::call::{Backward, Forward};
use crate::cuda::{Call, Gpu, Result, View};
use crate::ir::Shape;
use crate::program::call::Order;
use crate::program::op::Mul;

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

/// The inputs of a product: those of its shape, those with one number a channel, and others, with their shapes.
struct Factors<'a> {
    full: Vec<View<'a>>,
    of_channels: Vec<View<'a>>,
    others: Vec<(View<'a>, Shape)>,
}

impl<'a> Factors<'a> {
    fn new(inputs: impl Iterator<Item = (View<'a>, Shape)>, output: Shape) -> Factors<'a> {
        let mut factors = Factors { full: Vec::new(), of_channels: Vec::new(), others: Vec::new() };
        for (values, shape) in inputs {
            if shape == output {
                factors.full.push(values);
            } else if is_of_channels(shape, output) {
                factors.of_channels.push(values);
            } else {
                factors.others.push((values, shape));
            }
        }
        factors
    }

    /// y ← the product
    fn multiply(&self, gpu: &Gpu, batch: usize, shape: Shape, y: View) -> Result<()> {
        let mut so_far = self.full.first().copied();
        if self.full.len() > 1 {
            elementwise::multiply(gpu, &self.full, y)?;
            so_far = Some(y);
        }
        for (factors, own) in &self.others {
            broadcast(gpu, batch, [shape, *own], so_far, *factors, y)?;
            so_far = Some(y);
        }
        for factors in &self.of_channels {
            match so_far {
                Some(so_far) => stretch(gpu, batch, shape, [so_far, *factors, y])?,
                None => {
                    let own = Shape::map(shape.channels(), 1, 1);
                    broadcast(gpu, batch, [shape, own], None, *factors, y)?;
                }
            }
            so_far = Some(y);
        }
        Ok(())
    }
}

/// Whether a map has one number for each channel of another.
fn is_of_channels(shape: Shape, output: Shape) -> bool {
    shape.channels() == output.channels() && shape.positions() == 1
}

#[repr(C)]
#[derive(Clone, Copy)]
struct Broadcast {
    x: u64,
    factors: u64,
    y: u64,
    batch: u64,
    large: [u32; 3],
    small: [u32; 3],
    by_inner: Divisor,
    by_middle: Divisor,
}

// SAFETY: as in channels.cu.
unsafe impl Call for Broadcast {}

impl Broadcast {
    fn new(gpu: &Gpu, batch: usize, [large, own]: [Shape; 2], [x, factors, y]: [u64; 3]) -> Broadcast {
        let sizes = |shape: Shape| {
            let (height, width) = shape.sides().unwrap_or((1, 1));
            match gpu.settings().order {
                Order::ChannelsFirst => [shape.channels(), height, width],
                Order::ChannelsLast => [height, width, shape.channels()],
            }
        };
        let [_, middle, inner] = sizes(large);
        Broadcast {
            x,
            factors,
            y,
            batch: batch as u64,
            large: sizes(large).map(small),
            small: sizes(own).map(small),
            by_inner: Divisor::by(inner),
            by_middle: Divisor::by(middle),
        }
    }
}

/// y ← x·factors, which are stretched; without x only the factors.
fn broadcast(gpu: &Gpu, batch: usize, [shape, own]: [Shape; 2], x: Option<View>, factors: View, y: View) -> Result<()> {
    let call = Broadcast::new(gpu, batch, [shape, own], [x.map_or(0, View::pointer), factors.pointer(), y.pointer()]);
    gpu.launch(&SOURCE, "broadcast", grid_each(batch, shape.elements()), &call)
}

/// y ← Σ x over what y was stretched over
fn fold(gpu: &Gpu, batch: usize, [shape, own]: [Shape; 2], x: View, y: View) -> Result<()> {
    let call = Broadcast::new(gpu, batch, [shape, own], [x.pointer(), 0, y.pointer()]);
    gpu.launch(&SOURCE, "fold", grid_each(batch, own.elements()), &call)
}

impl Kernel for Mul {
    /// The product of all inputs; sizes of 1 are stretched.
    fn forward(&self, call: Forward) -> Result<()> {
        let Forward { device: gpu, batch, inputs, output, output_shape, .. } = call;
        Factors::new(inputs.iter().copied(), output_shape).multiply(gpu, batch, output_shape, output)
    }

    /// An input's gradient is the output's times all other inputs, summed over what it was stretched over.
    fn backward(&self, call: Backward) -> Result<()> {
        let Backward { device: gpu, batch, inputs, output_shape, output_gradient: g, .. } = call;
        for (index, dx) in call.input_gradients.iter().enumerate() {
            let Some(dx) = *dx else { continue };
            let (others, own) = (inputs[..index].iter().chain(&inputs[index + 1..]).copied(), inputs[index].1);
            let mut factors = Factors::new(others, output_shape);
            if own == output_shape {
                factors.full.insert(0, g);
                factors.multiply(gpu, batch, output_shape, dx)?;
            } else if is_of_channels(own, output_shape) && factors.others.is_empty() && !factors.full.is_empty() {
                stretched_gradient(gpu, batch, output_shape, g, factors, dx)?;
            } else {
                factors.full.insert(0, g);
                gpu.with_aside(g.bytes(), |aside| {
                    factors.multiply(gpu, batch, output_shape, aside)?;
                    fold(gpu, batch, [output_shape, own], aside, dx)
                })?;
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
    Factors { full, of_channels, .. }: Factors,
    dx: View,
) -> Result<()> {
    let cut = Cut::new(gpu.settings(), batch, shape);
    let finish = |sums: View| {
        sums::shares(gpu, 1.0, sums, dx)?;
        of_channels.iter().try_for_each(|factors| elementwise::multiply(gpu, &[dx, *factors], dx))
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
