//! Layer norm, softmax, means and maxima of channels, and cross-entropy: what takes all numbers of a row together.

use super::Kernel;
use super::shape::{Cut, Divisor, WARP, small};
use super::sums::{self, Terms, Totals};
use crate::cuda::call::{Backward, Forward, Weight};
use crate::cuda::{Call, Gpu, Grid, KernelSource, Result, THREADS, View};
use crate::ir::Shape;
use crate::program::Over;
use crate::program::call::Order;
use crate::program::op::{ChannelPool, LayerNorm, Softmax};

pub(super) const SOURCE: KernelSource = KernelSource { name: "rows.cu", text: include_str!("rows.cu") };

/// Rows of so many numbers belong to a warp each, longer ones to a block.
const SHORT: usize = 1024;

/// More blocks are not worth having.
const MOST: usize = 1 << 16;

/// Rows, and how far their numbers lie apart.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub(super) struct Rows {
    rows: u64,
    length: u32,
    positions: u32,
}

impl Rows {
    /// Of numbers that lie side by side.
    pub(super) fn new(rows: usize, length: usize) -> Rows {
        Rows { rows: rows as u64, length: small(length), positions: 0 }
    }

    /// Of the channels at each position.
    fn of_channels(gpu: &Gpu, batch: usize, shape: Shape) -> Rows {
        let rows = Rows::new(batch * shape.positions(), shape.channels());
        let apart = gpu.settings().order == Order::ChannelsFirst && !shape.has_one_order();
        Rows { positions: if apart { small(shape.positions()) } else { 0 }, ..rows }
    }

    /// The kernel for rows that lie together, or for those that do not.
    fn kernel(self, [together, apart]: [&'static str; 2]) -> &'static str {
        if self.positions == 0 { together } else { apart }
    }

    pub(super) fn grid(self) -> Grid {
        let (warp, teams) = (WARP as u32, THREADS / WARP as u32);
        let rows = self.rows as usize;
        if self.positions > 0 {
            let positions = self.positions as usize;
            let blocks = rows / positions * positions.div_ceil(WARP);
            return Grid { blocks: [blocks.clamp(1, MOST) as u32, 1], threads: [warp, teams] };
        }
        let (threads, blocks) = match self.length as usize {
            ..=SHORT => ([warp, teams], rows.div_ceil(teams as usize)),
            _ => ([THREADS, 1], rows),
        };
        Grid { blocks: [blocks.clamp(1, MOST) as u32, 1], threads }
    }
}

#[repr(C)]
#[derive(Clone, Copy)]
struct NormRows {
    rows: Rows,
    x: u64,
    g: u64,
    y: u64,
    means: u64,
    inverses: u64,
    gamma: u64,
    beta: u64,
    eps: f64,
    channels: u32,
    positions: u32,
    by_channels: Divisor,
}

// SAFETY: as in rows.cu.
unsafe impl Call for NormRows {}

impl NormRows {
    fn new(gpu: &Gpu, over: Over, batch: usize, shape: Shape, weights: &[Weight], kept: View) -> NormRows {
        let rows = match over {
            Over::Example => Rows::new(batch, shape.elements()),
            Over::Channels => Rows::of_channels(gpu, batch, shape),
        };
        let [means, inverses] = super::batch_norm::halves(kept).map(View::pointer);
        let [gamma, beta] = match weights {
            [gamma, beta] => [gamma.values.pointer(), beta.values.pointer()],
            _ => [0; 2],
        };
        let transposed = transposed_weights(gpu, over, shape);
        let (channels, positions) = transposed.map_or((0, 0), |shape| (shape.channels(), shape.positions()));
        let (by_channels, channels, positions) = (Divisor::by(channels), small(channels), small(positions));
        NormRows { rows, x: 0, g: 0, y: 0, means, inverses, gamma, beta, eps: 0.0, channels, positions, by_channels }
    }
}

/// The shape of examples whose numbers lie in another order than their weights, which have the channels first.
fn transposed_weights(gpu: &Gpu, over: Over, shape: Shape) -> Option<Shape> {
    let transposed = over == Over::Example && gpu.settings().order == Order::ChannelsLast && !shape.has_one_order();
    transposed.then_some(shape)
}

impl Kernel for LayerNorm {
    /// Layer norm. Keeps every row's mean, then every row's 1/√(variance + eps).
    fn forward(&self, call: Forward) -> Result<()> {
        let LayerNorm { over, eps } = *self;
        let Forward { device: gpu, batch, inputs, weights, output, output_shape, saved, .. } = call;
        let call = NormRows {
            x: inputs[0].0.pointer(),
            y: output.pointer(),
            eps,
            ..NormRows::new(gpu, over, batch, output_shape, weights, saved.reals)
        };
        let kernel = call.rows.kernel(["layer_norm_forward", "layer_norm_forward_apart"]);
        gpu.launch(&SOURCE, kernel, call.rows.grid(), &call)
    }

    fn backward(&self, call: Backward) -> Result<()> {
        let LayerNorm { over, .. } = *self;
        let Backward { device: gpu, batch, inputs, weights, output_shape: shape, saved, output_gradient: g, .. } = call;
        let x = inputs[0].0;
        if let Some(dx) = call.input_gradients[0] {
            let norm = NormRows::new(gpu, over, batch, shape, weights, saved.reals);
            let norm = NormRows { x: x.pointer(), g: g.pointer(), y: dx.pointer(), ..norm };
            let kernel = norm.rows.kernel(["layer_norm_backward", "layer_norm_backward_apart"]);
            gpu.launch(&SOURCE, kernel, norm.rows.grid(), &norm)?;
        }
        let &[dgamma, dbeta] = call.weight_gradients else { return Ok(()) };
        if dgamma.is_none() && dbeta.is_none() {
            return Ok(());
        }
        let cut = match over {
            // Every number of an example is a channel.
            Over::Example => Cut { rows: batch, channels: shape.elements(), run: 1 },
            Over::Channels => Cut::new(gpu.settings(), batch, shape),
        };
        let totals = Totals { first: dbeta, second: dgamma, of_maps: transposed_weights(gpu, over, shape) };
        sums::totals(gpu, cut, Terms::Layer { g, x, statistics: super::batch_norm::halves(saved.reals) }, totals)
    }
}

#[repr(C)]
#[derive(Clone, Copy)]
struct SoftmaxRows {
    rows: Rows,
    x: u64,
    g: u64,
    y: u64,
}

// SAFETY: as in rows.cu.
unsafe impl Call for SoftmaxRows {}

impl Softmax {
    /// A row for each group at each position. Groups are like examples of their own, in either order.
    fn rows(&self, gpu: &Gpu, batch: usize, shape: Shape) -> Rows {
        let each = shape.channels() / self.groups;
        let group = shape.sides().map_or(Shape::Vector(each), |(height, width)| Shape::map(each, height, width));
        Rows::of_channels(gpu, batch * self.groups, group)
    }
}

impl Kernel for Softmax {
    /// Softmax over the features of a vector, over the channels at each position of a map, or over groups of them.
    fn forward(&self, call: Forward) -> Result<()> {
        let Forward { device: gpu, batch, inputs, output, output_shape, .. } = call;
        let rows = self.rows(gpu, batch, output_shape);
        let call = SoftmaxRows { rows, x: inputs[0].0.pointer(), g: 0, y: output.pointer() };
        gpu.launch(&SOURCE, rows.kernel(["softmax_forward", "softmax_forward_apart"]), rows.grid(), &call)
    }

    fn backward(&self, call: Backward) -> Result<()> {
        let Backward { device: gpu, batch, output, output_shape, output_gradient, .. } = call;
        let Some(dx) = call.input_gradients[0] else { return Ok(()) };
        let rows = self.rows(gpu, batch, output_shape);
        let call = SoftmaxRows { rows, x: output.pointer(), g: output_gradient.pointer(), y: dx.pointer() };
        gpu.launch(&SOURCE, rows.kernel(["softmax_backward", "softmax_backward_apart"]), rows.grid(), &call)
    }
}

#[repr(C)]
#[derive(Clone, Copy)]
struct PooledRows {
    rows: Rows,
    x: u64,
    y: u64,
    g: u64,
    dx: u64,
}

// SAFETY: as in rows.cu.
unsafe impl Call for PooledRows {}

impl Kernel for ChannelPool {
    /// The mean or the largest of the channels at each position.
    fn forward(&self, call: Forward) -> Result<()> {
        let Forward { device: gpu, batch, inputs: &[(x, shape), ..], output, .. } = call else {
            unreachable!("it has an input")
        };
        let names = match self {
            ChannelPool::Mean => ["mean_forward", "mean_forward_apart"],
            ChannelPool::Max => ["max_forward", "max_forward_apart"],
        };
        let rows = Rows::of_channels(gpu, batch, shape);
        let call = PooledRows { rows, x: x.pointer(), y: output.pointer(), g: 0, dx: 0 };
        gpu.launch(&SOURCE, rows.kernel(names), rows.grid(), &call)
    }

    fn backward(&self, call: Backward) -> Result<()> {
        let Backward { device: gpu, batch, output, output_gradient: g, .. } = call;
        let (Some(dx), (x, shape)) = (call.input_gradients[0], call.inputs[0]) else { return Ok(()) };
        let names = match self {
            ChannelPool::Mean => ["mean_backward", "mean_backward_apart"],
            ChannelPool::Max => ["max_backward", "max_backward_apart"],
        };
        let rows = Rows::of_channels(gpu, batch, shape);
        let call = PooledRows { rows, x: x.pointer(), y: output.pointer(), g: g.pointer(), dx: dx.pointer() };
        gpu.launch(&SOURCE, rows.kernel(names), rows.grid(), &call)
    }
}
