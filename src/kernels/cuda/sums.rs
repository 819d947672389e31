//! Moments and sums of each channel over a batch, or over each example: how batches are cut, and what is made of the
//! sums.
//!
//! A batch is cut into slices, whose number follows from the sizes alone: so a sum is the same on every device.

mod terms;

pub use self::terms::Terms;
use super::shape::{Cut, Divisor, Table, WARP, Widths, small, widths};
use crate::cuda::{Call, Gpu, Grid, KernelSource, Result, THREADS, View};
use crate::ir::Shape;

const SUMS: KernelSource = KernelSource { name: "sums.cu", text: include_str!("sums.cu") };
const MOMENTS: KernelSource = KernelSource { name: "moments.cu", text: include_str!("moments.cu") };

/// Blocks that a reduction has, about: several for each multiprocessor of a large device.
const BLOCKS: usize = 2048;

/// The most slices: they are put together by few threads.
const MOST_SLICES: usize = 512;

/// Rows that a thread should sum up at least.
const ROWS_EACH: usize = 8;

/// Channels that lie side by side and belong to one block, in packs.
const PACKS: usize = WARP;

/// Channels of a block that puts slices together.
const CHANNELS: usize = 8;

#[repr(C)]
#[derive(Clone, Copy)]
struct Slices {
    table: Table,
    rows_each: u64,
    parts: u64,
    blocks: u32,
}

#[repr(C)]
#[derive(Clone, Copy)]
struct MomentsCall {
    slices: Slices,
    x: u64,
}

// SAFETY: as in sums.cu.
unsafe impl Call for MomentsCall {}

#[repr(C)]
#[derive(Clone, Copy)]
struct FinishMoments {
    parts: u64,
    rows: u64,
    rows_each: u64,
    channels: u32,
    run: u32,
    slices: u32,
    means: u64,
    inverses: u64,
    running_means: u64,
    running_variances: u64,
    eps: f64,
    momentum: f64,
}

// SAFETY: as in sums.cu.
unsafe impl Call for FinishMoments {}

#[repr(C)]
#[derive(Clone, Copy)]
struct FinishSums {
    parts: u64,
    channels: u32,
    slices: u32,
    kinds: u32,
    first: u64,
    second: u64,
    inverses: u64,
    constants: u64,
    slopes: u64,
    gamma: u64,
    share: f64,
    of_maps: u32,
    positions: u32,
    by_channels: Divisor,
}

// SAFETY: as in sums.cu.
unsafe impl Call for FinishSums {}

#[repr(C)]
#[derive(Clone, Copy)]
struct RunningStatistics {
    means: u64,
    variances: u64,
    to_means: u64,
    to_inverses: u64,
    eps: f64,
    channels: u32,
}

// SAFETY: as in sums.cu.
unsafe impl Call for RunningStatistics {}

#[repr(C)]
#[derive(Clone, Copy)]
struct Shares {
    sums: u64,
    y: u64,
    count: u64,
    factor: f32,
}

// SAFETY: as in sums.cu.
unsafe impl Call for Shares {}

/// A batch in slices of whole rows.
#[derive(Debug, Clone, Copy)]
struct Sliced {
    cut: Cut,
    width: usize,
    rows_each: usize,
    count: usize,
}

impl Sliced {
    /// As many slices as keep the device busy.
    fn batch(gpu: &Gpu, cut: Cut) -> Sliced {
        let width = cut.width(gpu.settings());
        let packs = cut.channels * cut.run / width;
        let (blocks, most) = match cut.run {
            1 => (packs.div_ceil(PACKS), cut.rows.div_ceil(ROWS_EACH * THREADS as usize / packs.clamp(1, PACKS))),
            _ => (cut.channels, cut.rows),
        };
        // Within a slice numbers are counted in 32 bits.
        let least = cut.rows.saturating_mul(cut.run).div_ceil(1 << 30).min(cut.rows).max(1);
        let count = (BLOCKS / blocks).clamp(1, MOST_SLICES).min(most).max(least);
        let rows_each = cut.rows.div_ceil(count).max(1);
        Sliced { cut, width, rows_each, count: cut.rows.div_ceil(rows_each) }
    }

    /// A slice for each example.
    fn examples(gpu: &Gpu, batch: usize, cut: Cut) -> Sliced {
        Sliced { cut, width: cut.width(gpu.settings()), rows_each: cut.rows / batch, count: batch }
    }

    /// Bytes of so many sums a channel and slice.
    fn bytes(&self, kinds: usize) -> usize {
        self.count * kinds * self.cut.channels * size_of::<f32>()
    }

    fn slices(&self, parts: View) -> Slices {
        let table = self.cut.table(self.width);
        let packs = self.cut.channels / self.width;
        let blocks = if self.cut.run == 1 { packs.div_ceil(PACKS) } else { self.cut.channels };
        Slices { table, rows_each: self.rows_each as u64, parts: parts.pointer(), blocks: small(blocks) }
    }

    fn grid(&self) -> Grid {
        let blocks = |each: usize| [small(self.count * each), 1];
        if self.cut.run == 1 {
            let packs = self.cut.channels / self.width;
            let across = packs.next_power_of_two().clamp(1, PACKS) as u32;
            return Grid { blocks: blocks(packs.div_ceil(PACKS)), threads: [across, THREADS / across] };
        }
        let packs = self.rows_each * self.cut.run / self.width;
        let threads = packs.next_power_of_two().clamp(WARP, THREADS as usize) as u32;
        Grid { blocks: blocks(self.cut.channels), threads: [threads, 1] }
    }

    /// The kernel for the order of the channels.
    fn kernel(&self, [first, last]: [Widths; 2]) -> &'static str {
        if self.cut.run == 1 { last.of(self.width) } else { first.of(self.width) }
    }

    fn moments(&self, gpu: &Gpu, x: View, parts: View) -> Result<()> {
        let call = MomentsCall { slices: self.slices(parts), x: x.pointer() };
        gpu.launch(&MOMENTS, self.kernel([widths!("moments_first"), widths!("moments_last")]), self.grid(), &call)
    }

    fn sums(&self, gpu: &Gpu, terms: Terms, parts: View) -> Result<()> {
        gpu.launch(&SUMS, self.kernel(terms.kernels()), self.grid(), &terms.call(self.slices(parts)))
    }
}

/// Mean and 1/√(variance + eps) of each channel; running mean and variance follow.
pub fn moments(
    gpu: &Gpu,
    cut: Cut,
    x: View,
    [means, inverses]: [View; 2],
    [running_means, running_variances]: [View; 2],
    (eps, momentum): (f64, f64),
) -> Result<()> {
    let sliced = Sliced::batch(gpu, cut);
    gpu.with_scratch(sliced.bytes(2), |parts| {
        sliced.moments(gpu, x, parts)?;
        let call = FinishMoments {
            parts: parts.pointer(),
            rows: cut.rows as u64,
            rows_each: sliced.rows_each as u64,
            channels: small(cut.channels),
            run: small(cut.run),
            slices: small(sliced.count),
            means: means.pointer(),
            inverses: inverses.pointer(),
            running_means: running_means.pointer(),
            running_variances: running_variances.pointer(),
            eps,
            momentum,
        };
        gpu.launch(&MOMENTS, "finish_moments", finishing_grid(cut.channels), &call)
    })
}

/// What a batch norm in evaluation normalises by.
pub fn running(gpu: &Gpu, [means, variances]: [View; 2], eps: f64, [to_means, to_inverses]: [View; 2]) -> Result<()> {
    let channels = means.elements(size_of::<f32>());
    let call = RunningStatistics {
        means: means.pointer(),
        variances: variances.pointer(),
        to_means: to_means.pointer(),
        to_inverses: to_inverses.pointer(),
        eps,
        channels: small(channels),
    };
    gpu.launch(&MOMENTS, "running_statistics", Grid::over(channels), &call)
}

/// Mean and squares around it of each channel of each example, for `work`, in scratch memory with so many bytes more.
pub fn moments_of_examples(
    gpu: &Gpu,
    batch: usize,
    cut: Cut,
    x: View,
    more: usize,
    work: impl FnOnce([View; 2]) -> Result<()>,
) -> Result<()> {
    let sliced = Sliced::examples(gpu, batch, cut);
    with_parts(gpu, sliced.bytes(2), more, |[parts, more]| {
        sliced.moments(gpu, x, parts)?;
        work([parts, more])
    })
}

/// The sums of each channel of each example, for `work`.
pub fn of_examples(
    gpu: &Gpu,
    batch: usize,
    cut: Cut,
    terms: Terms,
    more: usize,
    work: impl FnOnce([View; 2]) -> Result<()>,
) -> Result<()> {
    let sliced = Sliced::examples(gpu, batch, cut);
    with_parts(gpu, sliced.bytes(terms.kinds()), more, |[parts, more]| {
        sliced.sums(gpu, terms, parts)?;
        work([parts, more])
    })
}

/// Two parts of the scratch memory.
fn with_parts(gpu: &Gpu, first: usize, second: usize, work: impl FnOnce([View; 2]) -> Result<()>) -> Result<()> {
    let start = first.next_multiple_of(ALIGNMENT);
    gpu.with_scratch(start + second, |all| work([all.part(0, first), all.part(start, second)]))
}

/// Where the second part begins.
const ALIGNMENT: usize = 256;

/// Where the sums over a batch go; nowhere if nobody needs them.
#[derive(Debug, Clone, Copy)]
pub struct Totals<'a> {
    /// Of the first term.
    pub first: Option<View<'a>>,
    /// Of the second.
    pub second: Option<View<'a>>,
    /// Of examples in place of channels, whose weights lie with the channels first.
    pub of_maps: Option<Shape>,
}

impl Totals<'_> {
    fn call(self, channels: usize, slices: usize, kinds: usize, parts: View) -> FinishSums {
        let pointer = |view: Option<View>| view.map_or(0, View::pointer);
        let (of_maps, positions) = self.of_maps.map_or((0, 0), |shape| (shape.channels(), shape.positions()));
        FinishSums {
            parts: parts.pointer(),
            channels: small(channels),
            slices: small(slices),
            kinds: small(kinds),
            first: pointer(self.first),
            second: pointer(self.second),
            inverses: 0,
            constants: 0,
            slopes: 0,
            gamma: 0,
            share: 0.0,
            of_maps: small(of_maps),
            positions: small(positions),
            by_channels: Divisor::by(of_maps),
        }
    }
}

/// The sums of each channel over a batch.
pub fn totals(gpu: &Gpu, cut: Cut, terms: Terms, totals: Totals) -> Result<()> {
    let sliced = Sliced::batch(gpu, cut);
    gpu.with_scratch(sliced.bytes(terms.kinds()), |parts| {
        sliced.sums(gpu, terms, parts)?;
        let call = totals.call(cut.channels, sliced.count, terms.kinds(), parts);
        gpu.launch(&SUMS, "finish_sums", finishing_grid(cut.channels), &call)
    })
}

/// The sums over examples of what [`of_examples`] gave.
pub fn totals_of_examples(gpu: &Gpu, batch: usize, channels: usize, parts: View, totals: Totals) -> Result<()> {
    gpu.launch(&SUMS, "finish_sums", finishing_grid(channels), &totals.call(channels, batch, 2, parts))
}

/// The sums of a batch norm. `work` gets for each channel what is taken from its gradients, and what for each x − mean;
/// `share` is 1/count, or 0 if the statistics do not depend on the batch.
pub fn batch_totals(
    gpu: &Gpu,
    cut: Cut,
    terms: Terms,
    share: f64,
    totals: Totals,
    work: impl FnOnce([View; 2]) -> Result<()>,
) -> Result<()> {
    let Terms::Batch { statistics: [_, inverses], affine: [gamma, _], .. } = terms else {
        unreachable!("a batch norm has its own terms")
    };
    let sliced = Sliced::batch(gpu, cut);
    let each = cut.channels * size_of::<f32>();
    with_parts(gpu, sliced.bytes(terms.kinds()), 2 * each, |[parts, more]| {
        let [constants, slopes] = [more.part(0, each), more.part(each, each)];
        sliced.sums(gpu, terms, parts)?;
        let call = FinishSums {
            inverses: inverses.pointer(),
            constants: constants.pointer(),
            slopes: slopes.pointer(),
            gamma: gamma.pointer(),
            share,
            ..totals.call(cut.channels, sliced.count, terms.kinds(), parts)
        };
        gpu.launch(&SUMS, "finish_sums", finishing_grid(cut.channels), &call)?;
        work([constants, slopes])
    })
}

/// y ← factor·sums
pub fn shares(gpu: &Gpu, factor: f32, sums: View, y: View) -> Result<()> {
    let count = sums.elements(size_of::<f32>());
    let call = Shares { sums: sums.pointer(), y: y.pointer(), count: count as u64, factor };
    gpu.launch(&SUMS, "shares", Grid::over(count), &call)
}

fn finishing_grid(channels: usize) -> Grid {
    let lanes = THREADS / CHANNELS as u32;
    Grid { blocks: [small(channels.div_ceil(CHANNELS)), 1], threads: [CHANNELS as u32, lanes] }
}
