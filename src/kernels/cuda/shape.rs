//! How kernels see a batch: the structures of `prelude.cuh`, and grids for them.

use crate::cuda::{Gpu, GpuSettings, Grid, THREADS};
use crate::ir::Shape;
use crate::program::Bounds;
use crate::program::call::Order;

/// Threads that step together.
pub const WARP: usize = 32;

/// More blocks than these are not worth having: kernels step by the grid's size.
const MOST: usize = 1 << 14;

/// The largest number of blocks along y.
pub const MOST_Y: usize = u16::MAX as usize;

/// A kernel that takes one number at a time, and its twin that takes as many as fit into 16 bytes.
#[derive(Debug, Clone, Copy)]
pub struct Widths {
    one: &'static str,
    wide: &'static str,
}

impl Widths {
    pub const fn new(one: &'static str, wide: &'static str) -> Widths {
        Widths { one, wide }
    }

    /// The one that takes so many numbers.
    pub fn of(self, width: usize) -> &'static str {
        if width == 1 { self.one } else { self.wide }
    }
}

/// Both kernels of a name.
macro_rules! widths {
    ($name:expr) => {
        $crate::kernels::cuda::shape::Widths::new($name, concat!($name, "_wide"))
    };
}
pub(super) use widths;

/// Numbers in 16 bytes.
pub fn wide(settings: GpuSettings) -> usize {
    16 / settings.storage.width()
}

/// As many numbers at once as divide `size`: all that fit into 16 bytes, or one.
pub fn width_for(settings: GpuSettings, size: usize) -> usize {
    let wide = wide(settings);
    if size.is_multiple_of(wide) { wide } else { 1 }
}

/// A size within an example, all of which were held against 2³¹ when the program was given to the device.
pub fn small(size: usize) -> u32 {
    u32::try_from(size).expect("sizes within an example are below 2³¹")
}

/// Bounds as numbers to compare with; none at all are NaN, with which no comparison is true.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    low: f32,
    high: f32,
}

impl From<Bounds> for Limits {
    fn from(bounds: Bounds) -> Limits {
        match bounds {
            Bounds::NONE => Limits { low: f32::NAN, high: f32::NAN },
            Bounds { low, high } => Limits { low: low as f32, high: high as f32 },
        }
    }
}

/// Divides numbers below 2³¹ by a product and a shift (Granlund and Montgomery 1994).
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct Divisor {
    divisor: u32,
    factor: u32,
    shift: u32,
}

impl Divisor {
    pub fn by(divisor: usize) -> Divisor {
        let divisor = small(divisor.max(1));
        let shift = divisor.next_power_of_two().trailing_zeros();
        let factor = ((((1u64 << shift) - u64::from(divisor)) << 32) / u64::from(divisor) + 1) as u32;
        Divisor { divisor, factor, shift }
    }
}

/// A batch as rows of channels times a run: with the channels first an example of channels times positions, with the
/// channels last a position of channels.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct Table {
    rows: u64,
    channels: u32,
    run: u32,
    columns: u32,
    by_run: Divisor,
}

/// What a [`Table`] is made of.
#[derive(Debug, Clone, Copy)]
pub struct Cut {
    pub rows: usize,
    pub channels: usize,
    pub run: usize,
}

impl Cut {
    /// Of a batch in the run's order.
    pub fn new(settings: GpuSettings, batch: usize, shape: Shape) -> Cut {
        let (channels, positions) = (shape.channels(), shape.positions());
        match settings.order {
            Order::ChannelsFirst => Cut { rows: batch, channels, run: positions },
            Order::ChannelsLast => Cut { rows: batch * positions, channels, run: 1 },
        }
    }

    /// How many numbers of a row can be taken at once.
    pub fn width(self, settings: GpuSettings) -> usize {
        width_for(settings, if self.run == 1 { self.channels } else { self.run })
    }

    pub fn table(self, width: usize) -> Table {
        let Cut { rows, channels, run } = self;
        Table {
            rows: rows as u64,
            channels: small(channels),
            run: small(run),
            columns: small(channels * run / width),
            by_run: Divisor::by(if run == 1 { 1 } else { run / width }),
        }
    }
}

impl Table {
    /// Blocks as wide as the columns, if they are few, and of several rows then.
    pub fn grid(&self) -> Grid {
        grid_of(self.rows as usize, self.columns as usize)
    }
}

/// Threads for some rows of some columns, which stay with their columns.
pub fn grid_of(rows: usize, columns: usize) -> Grid {
    let across = columns.next_power_of_two().clamp(1, THREADS as usize);
    let down = THREADS as usize / across;
    let blocks_across = columns.div_ceil(across).clamp(1, MOST_Y);
    let blocks_down = rows.div_ceil(down).clamp(1, (MOST / blocks_across).max(1));
    Grid { blocks: [blocks_down as u32, blocks_across as u32], threads: [across as u32, down as u32] }
}

/// Threads for all elements of an example along x, examples along y.
pub fn grid_each(batch: usize, elements: usize) -> Grid {
    let along = elements.div_ceil(THREADS as usize).clamp(1, MOST);
    let examples = batch.clamp(1, (MOST / along).clamp(1, MOST_Y));
    Grid { blocks: [along as u32, examples as u32], threads: [THREADS, 1] }
}

/// One example of a map.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct Map {
    channels: u32,
    rows: u32,
    columns: u32,
}

impl From<Shape> for Map {
    fn from(shape: Shape) -> Map {
        let (rows, columns) = shape.sides().unwrap_or((1, 1));
        Map { channels: small(shape.channels()), rows: small(rows), columns: small(columns) }
    }
}

/// The numbers of maps that an operation writes, one thread for each.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
pub struct Sites {
    batch: u64,
    input: Map,
    output: Map,
    channels_last: u32,
    units: u32,
    by_inner: Divisor,
    by_middle: Divisor,
}

impl Sites {
    /// `written` is the shape of input or output, whichever the kernel makes; it takes `width` numbers at once.
    pub fn new(gpu: &Gpu, batch: usize, [input, output]: [Shape; 2], written: Shape, width: usize) -> Sites {
        let (rows, columns) = written.sides().unwrap_or((1, 1));
        let (inner, middle) = match gpu.settings().order {
            Order::ChannelsFirst => (columns, rows),
            Order::ChannelsLast => (written.channels() / width, columns),
        };
        Sites {
            batch: batch as u64,
            input: input.into(),
            output: output.into(),
            channels_last: u32::from(gpu.settings().order == Order::ChannelsLast),
            units: small(written.elements() / width),
            by_inner: Divisor::by(inner),
            by_middle: Divisor::by(middle),
        }
    }

    pub fn grid(&self) -> Grid {
        grid_each(self.batch as usize, self.units as usize)
    }
}

/// How many channels of maps a thread can take at once: several only where they lie side by side.
pub fn site_width(gpu: &Gpu, channels: usize) -> usize {
    match gpu.settings().order {
        Order::ChannelsFirst => 1,
        Order::ChannelsLast => width_for(gpu.settings(), channels),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_and_shifts_divide() {
        for divisor in [1usize, 2, 3, 5, 7, 49, 64, 100, 1000, 12_544, 65_537, (1 << 30) + 1, (1 << 31) - 1] {
            let Divisor { factor, shift, .. } = Divisor::by(divisor);
            let near = |n: usize| [n.saturating_sub(1), n, n + 1];
            for n in [0, divisor, 2 * divisor, 1_000_000, 1 << 30, (1 << 31) - 2].into_iter().flat_map(near) {
                let Some(n) = u32::try_from(n).ok().filter(|n| *n < 1 << 31) else { continue };
                let high = ((u64::from(n) * u64::from(factor)) >> 32) as u32;
                assert_eq!((high + n) >> shift, n / divisor as u32, "{n}/{divisor}");
            }
        }
    }
}
