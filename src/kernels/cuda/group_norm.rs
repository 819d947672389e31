//! Normalisation of each group of channels of each example.

use super::Kernel;
use super::batch_norm::halves;
use super::shape::{Cut, Divisor, WARP, grid_each, small, widths};
use super::sums::{self, Terms, Totals};
use crate::cuda::call::{Backward, Forward, Weight};
use crate::cuda::{Call, Gpu, Grid, KernelSource, Result, View};
use crate::ir::Shape;
use crate::program::op::GroupNorm;

const SOURCE: KernelSource = KernelSource { name: "group_norm.cu", text: include_str!("group_norm.cu") };

#[repr(C)]
#[derive(Clone, Copy)]
struct Groups {
    parts: u64,
    means: u64,
    inverses: u64,
    table: u64,
    gamma: u64,
    batch: u64,
    channels: u32,
    groups: u32,
    each: u32,
    positions: u32,
    eps: f64,
}

// SAFETY: as in group_norm.cu.
unsafe impl Call for Groups {}

#[repr(C)]
#[derive(Clone, Copy)]
struct NormaliseGroups {
    x: u64,
    g: u64,
    y: u64,
    table: u64,
    beta: u64,
    batch: u64,
    packs: u32,
    channels: u32,
    by_inner: Divisor,
    channels_last: u32,
}

// SAFETY: as in group_norm.cu.
unsafe impl Call for NormaliseGroups {}

/// What both passes know.
#[derive(Clone, Copy)]
struct Setting<'a> {
    gpu: &'a Gpu,
    batch: usize,
    shape: Shape,
    groups: usize,
    weights: &'a [Weight<'a>],
    cut: Cut,
}

impl Setting<'_> {
    /// Bytes of so many numbers for each channel of each example.
    fn table(&self, numbers: usize) -> usize {
        numbers * self.batch * self.shape.channels() * size_of::<f32>()
    }

    /// γ and β.
    fn affine(&self) -> [u64; 2] {
        match self.weights {
            [gamma, beta] => [gamma.values.pointer(), beta.values.pointer()],
            _ => [0; 2],
        }
    }

    /// Makes a table out of what was summed up.
    fn groups(&self, kernel: &'static str, kept: View, [parts, table]: [View; 2], eps: f64) -> Result<()> {
        let [means, inverses] = halves(kept).map(View::pointer);
        let channels = self.shape.channels();
        let call = Groups {
            parts: parts.pointer(),
            means,
            inverses,
            table: table.pointer(),
            gamma: self.affine()[0],
            batch: self.batch as u64,
            channels: small(channels),
            groups: small(self.groups),
            each: small(channels / self.groups),
            positions: small(self.shape.positions()),
            eps,
        };
        self.gpu.launch(&SOURCE, kernel, Grid::over(self.batch * self.groups * WARP), &call)
    }

    /// Normalises by a table.
    fn normalise(&self, kernel: super::shape::Widths, [x, g, y]: [View; 3], table: View) -> Result<()> {
        let width = self.cut.width(self.gpu.settings());
        let (channels_last, inner) =
            (self.cut.run == 1, if self.cut.run == 1 { self.cut.channels } else { self.cut.run });
        let packs = self.shape.elements() / width;
        let call = NormaliseGroups {
            x: x.pointer(),
            g: g.pointer(),
            y: y.pointer(),
            table: table.pointer(),
            beta: self.affine()[1],
            batch: self.batch as u64,
            packs: small(packs),
            channels: small(self.cut.channels),
            by_inner: Divisor::by(inner / width),
            channels_last: u32::from(channels_last),
        };
        self.gpu.launch(&SOURCE, kernel.of(width), grid_each(self.batch, packs), &call)
    }
}

impl Kernel for GroupNorm {
    /// Keeps every group's mean, then every group's 1/√(variance + eps).
    fn forward(&self, call: Forward) -> Result<()> {
        let GroupNorm { groups, eps } = *self;
        let Forward { device: gpu, batch, inputs, weights, output, output_shape: shape, saved, .. } = call;
        let x = inputs[0].0;
        let cut = Cut::new(gpu.settings(), batch, shape);
        let setting = Setting { gpu, batch, shape, groups, weights, cut };
        sums::moments_of_examples(gpu, batch, cut, x, setting.table(2), |[parts, table]| {
            setting.groups("group_moments", saved.reals, [parts, table], eps)?;
            setting.normalise(widths!("normalise_groups"), [x, View::NONE, output], table)
        })
    }

    fn backward(&self, call: Backward) -> Result<()> {
        let GroupNorm { groups, .. } = *self;
        let Backward { device: gpu, batch, inputs, weights, output_shape: shape, saved, output_gradient: g, .. } = call;
        let x = inputs[0].0;
        let cut = Cut::new(gpu.settings(), batch, shape);
        let setting = Setting { gpu, batch, shape, groups, weights, cut };
        let each = shape.channels() / groups;
        let terms = Terms::Group { g, x, statistics: halves(saved.reals), groups, each };
        sums::of_examples(gpu, batch, cut, terms, setting.table(4), |[parts, table]| {
            if let &[dgamma, dbeta] = call.weight_gradients
                && (dgamma.is_some() || dbeta.is_some())
            {
                let totals = Totals { first: dbeta, second: dgamma, of_maps: None };
                sums::totals_of_examples(gpu, batch, shape.channels(), parts, totals)?;
            }
            let Some(dx) = call.input_gradients[0] else { return Ok(()) };
            setting.groups("group_means", saved.reals, [parts, table], 0.0)?;
            setting.normalise(widths!("normalise_groups_back"), [x, g, dx], table)
        })
    }
}
