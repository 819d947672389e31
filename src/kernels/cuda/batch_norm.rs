//! Batch normalisation, with what may follow it in the same pass: y = clamp(γ·x̂ + β + r). Formulas are at
//! [`crate::kernels`]' batch norm.

use super::Kernel;
use super::shape::{Cut, Limits, Table, widths};
use super::sums::{self, Terms, Totals};
use crate::cuda::call::{Backward, Forward, Weight};
use crate::cuda::{Call, Gpu, KernelSource, Result, View};
use crate::kernels::Mode;
use crate::program::op::BatchNorm;

pub(super) const SOURCE: KernelSource = KernelSource { name: "channels.cu", text: include_str!("channels.cu") };

#[repr(C)]
#[derive(Clone, Copy)]
struct Normalise {
    table: Table,
    x: u64,
    residual: u64,
    y: u64,
    means: u64,
    inverses: u64,
    gamma: u64,
    beta: u64,
    bounds: Limits,
}

// SAFETY: as in channels.cu.
unsafe impl Call for Normalise {}

#[repr(C)]
#[derive(Clone, Copy)]
struct NormaliseBack {
    table: Table,
    x: u64,
    g: u64,
    dx: u64,
    means: u64,
    inverses: u64,
    gamma: u64,
    beta: u64,
    constants: u64,
    slopes: u64,
    bounds: Limits,
}

// SAFETY: as in channels.cu.
unsafe impl Call for NormaliseBack {}

impl Kernel for BatchNorm {
    /// Keeps every channel's mean, then every channel's 1/√(variance + eps).
    fn forward(&self, call: Forward) -> Result<()> {
        let BatchNorm { eps, momentum, .. } = *self;
        let Forward {
            device: gpu,
            batch,
            mode,
            epilogue,
            inputs,
            weights,
            statistics,
            output,
            output_shape,
            saved,
            ..
        } = call;
        let &[mean, variance] = statistics else { unreachable!("batch norm has running statistics") };
        let x = inputs[0].0;
        let cut = Cut::new(gpu.settings(), batch, output_shape);
        let kept = halves(saved.reals);
        match mode {
            Mode::Train => sums::moments(gpu, cut, x, kept, [mean, variance], (eps, momentum))?,
            Mode::Eval => sums::running(gpu, [mean, variance], eps, kept)?,
        }
        let [means, inverses] = kept.map(View::pointer);
        let width = cut.width(gpu.settings());
        let table = cut.table(width);
        with_affine(gpu, cut.channels, weights, |[gamma, beta]| {
            let call = Normalise {
                table,
                x: x.pointer(),
                residual: inputs.get(1).map_or(0, |(residual, _)| residual.pointer()),
                y: output.pointer(),
                means,
                inverses,
                gamma: gamma.pointer(),
                beta: beta.pointer(),
                bounds: epilogue.bounds.into(),
            };
            gpu.launch(&SOURCE, widths!("normalise").of(width), table.grid(), &call)
        })
    }

    fn backward(&self, call: Backward) -> Result<()> {
        let Backward {
            device: gpu, batch, mode, bounds, inputs, weights, output_shape, saved, output_gradient: g, ..
        } = call;
        let (dgamma, dbeta) = match *call.weight_gradients {
            [dgamma, dbeta] => (dgamma, dbeta),
            _ => (None, None),
        };
        let [dx, others @ ..] = call.input_gradients else { unreachable!("batch norm has an input") };
        if let [Some(added)] = others {
            gpu.copy(g, *added)?;
        }
        let x = inputs[0].0;
        let cut = Cut::new(gpu.settings(), batch, output_shape);
        let statistics = halves(saved.reals);
        let share = match mode {
            Mode::Train => 1.0 / (batch * output_shape.positions()) as f64,
            Mode::Eval => 0.0,
        };
        let totals = Totals { first: dbeta, second: dgamma, of_maps: None };
        with_affine(gpu, cut.channels, weights, |affine| {
            sums::batch_totals(gpu, cut, Terms::Batch { g, x, statistics, affine, bounds }, share, totals, |taken| {
                let Some(dx) = dx else { return Ok(()) };
                let width = cut.width(gpu.settings());
                let table = cut.table(width);
                let ([means, inverses], [gamma, beta]) = (statistics.map(View::pointer), affine.map(View::pointer));
                let [constants, slopes] = taken.map(View::pointer);
                let (x, g, dx, bounds) = (x.pointer(), g.pointer(), dx.pointer(), bounds.into());
                let call = NormaliseBack { table, x, g, dx, means, inverses, gamma, beta, constants, slopes, bounds };
                gpu.launch(&SOURCE, widths!("normalise_back").of(width), table.grid(), &call)
            })
        })
    }
}

/// Works with γ and β: 1 and 0 where there are no weights.
fn with_affine(
    gpu: &Gpu,
    channels: usize,
    weights: &[Weight],
    work: impl FnOnce([View; 2]) -> Result<()>,
) -> Result<()> {
    if let [gamma, beta] = weights {
        return work([gamma.values, beta.values]);
    }
    let each = channels * size_of::<f32>();
    gpu.with_aside(2 * each, |aside| {
        let [gamma, beta] = [aside.part(0, each), aside.part(each, each)];
        gpu.clear(aside)?;
        // Running statistics of 0 and 0 with ε = 1 make a mean of 0, and 1/√(0 + 1).
        sums::running(gpu, [beta, gamma], 1.0, [beta, gamma])?;
        work([gamma, beta])
    })
}

/// What is kept: all means, then all scales.
pub(super) fn halves(kept: View) -> [View; 2] {
    let half = kept.bytes() / 2;
    [kept.part(0, half), kept.part(half, half)]
}
