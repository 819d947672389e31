//! Maxima and means under windows, and over bins.

use super::Kernel;
use super::shape::{Cut, Limits, Sites, Widths, site_width, small, widths};
use super::sums;
use crate::cuda::call::{Backward, Forward};
use crate::cuda::{Call, Gpu, KernelSource, Result, View};
use crate::ir::{Pair, Shape, Window};
use crate::program::Bounds;
use crate::program::op::{AdaptiveAvgPool2d, AdaptiveMaxPool2d, AvgPool2d, MaxPool2d};

const SOURCE: KernelSource = KernelSource { name: "pool.cu", text: include_str!("pool.cu") };

/// More positions than these are worth a block of threads, where all of them have one mean.
const MANY: usize = 1024;

/// How a window slides in one direction.
#[repr(C)]
#[derive(Clone, Copy)]
struct Side {
    input: u32,
    output: u32,
    kernel: u32,
    stride: u32,
    padding: u32,
    dilation: u32,
}

#[repr(C)]
#[derive(Clone, Copy)]
struct Pool {
    x: u64,
    g: u64,
    y: u64,
    bytes: u64,
    words: u64,
    sites: Sites,
    down: Side,
    across: Side,
    adaptive: u32,
    count_padding: u32,
    bounds: Limits,
}

// SAFETY: as in pool.cu.
unsafe impl Call for Pool {}

/// What is taken of the numbers, and of which.
#[derive(Debug, Clone, Copy)]
enum Pooling {
    /// The largest under each window.
    Max(MaxPool2d),
    /// The mean under each window.
    Mean(AvgPool2d),
    /// The largest of each bin.
    AdaptiveMax,
    /// The mean of each bin.
    AdaptiveMean,
}

impl Pooling {
    /// Forward and backward.
    fn kernels(self) -> [Widths; 2] {
        match self {
            Pooling::Max(_) => [widths!("max_pool_forward"), widths!("max_pool_backward")],
            Pooling::AdaptiveMax => [widths!("adaptive_max_forward"), widths!("adaptive_max_backward")],
            Pooling::Mean(_) | Pooling::AdaptiveMean => [widths!("means_forward"), widths!("means_backward")],
        }
    }

    /// Its window; bins have none.
    fn window(self) -> Window {
        let none = Pair::square(1);
        match self {
            Pooling::Max(MaxPool2d { window }) => window,
            // Means are not dilated.
            Pooling::Mean(AvgPool2d { window, .. }) => Window { dilation: none, ..window },
            Pooling::AdaptiveMax | Pooling::AdaptiveMean => {
                Window { kernel: none, stride: none, padding: Pair::square(0), dilation: none, ceil: false }
            }
        }
    }

    fn call(self, sites: Sites, input: Shape, output: Shape) -> Pool {
        let ((height, width), (rows, columns)) = (sides(input), sides(output));
        let window = self.window();
        let side = |of: fn(Pair) -> usize, input, output| Side {
            input: small(input),
            output: small(output),
            kernel: small(of(window.kernel)),
            // Beyond the map there is no second output to step to.
            stride: small(of(window.stride).min(FAR)),
            padding: small(of(window.padding)),
            dilation: small(of(window.dilation)),
        };
        Pool {
            x: 0,
            g: 0,
            y: 0,
            bytes: 0,
            words: 0,
            sites,
            down: side(|pair| pair.height, height, rows),
            across: side(|pair| pair.width, width, columns),
            adaptive: u32::from(matches!(self, Pooling::AdaptiveMax | Pooling::AdaptiveMean)),
            count_padding: u32::from(matches!(self, Pooling::Mean(AvgPool2d { count_include_pad: true, .. }))),
            bounds: Bounds::NONE.into(),
        }
    }

    /// Where the places of maxima are kept: bytes and words, of which one is there.
    fn places<'a>(self, bytes: View<'a>, words: View<'a>) -> [View<'a>; 2] {
        match self {
            Pooling::Max(op) if op.fits_a_byte() => [bytes, View::NONE],
            Pooling::Max(_) | Pooling::AdaptiveMax => [View::NONE, words],
            Pooling::Mean(_) | Pooling::AdaptiveMean => [View::NONE; 2],
        }
    }
}

/// Further than any window reaches.
pub(super) const FAR: usize = 1 << 30;

fn sides(shape: Shape) -> (usize, usize) {
    shape.sides().unwrap_or((1, 1))
}

impl Kernel for MaxPool2d {
    fn forward(&self, call: Forward) -> Result<()> {
        forward(Pooling::Max(*self), call)
    }

    fn backward(&self, call: Backward) -> Result<()> {
        backward(Pooling::Max(*self), call)
    }
}

impl Kernel for AvgPool2d {
    fn forward(&self, call: Forward) -> Result<()> {
        forward(Pooling::Mean(*self), call)
    }

    fn backward(&self, call: Backward) -> Result<()> {
        backward(Pooling::Mean(*self), call)
    }
}

impl Kernel for AdaptiveMaxPool2d {
    fn forward(&self, call: Forward) -> Result<()> {
        forward(Pooling::AdaptiveMax, call)
    }

    fn backward(&self, call: Backward) -> Result<()> {
        backward(Pooling::AdaptiveMax, call)
    }
}

impl Kernel for AdaptiveAvgPool2d {
    fn forward(&self, call: Forward) -> Result<()> {
        forward(Pooling::AdaptiveMean, call)
    }

    fn backward(&self, call: Backward) -> Result<()> {
        backward(Pooling::AdaptiveMean, call)
    }
}

fn forward(pooling: Pooling, call: Forward) -> Result<()> {
    let Forward { device: gpu, batch, epilogue, inputs, output, output_shape, saved, .. } = call;
    let (x, shape) = inputs[0];
    if matches!(pooling, Pooling::AdaptiveMean) && output_shape.positions() == 1 && shape.positions() >= MANY {
        return mean_of_all(gpu, batch, shape, x, output);
    }
    let width = site_width(gpu, shape.channels());
    let sites = Sites::new(gpu, batch, [shape, output_shape], output_shape, width);
    let [bytes, words] = pooling.places(saved.bytes, saved.indices).map(View::pointer);
    let bounds = epilogue.bounds.into();
    let (x, y) = (x.pointer(), output.pointer());
    let call = Pool { x, y, bytes, words, bounds, ..pooling.call(sites, shape, output_shape) };
    let [kernel, _] = pooling.kernels();
    gpu.launch(&SOURCE, kernel.of(width), sites.grid(), &call)
}

fn backward(pooling: Pooling, call: Backward) -> Result<()> {
    let Backward { device: gpu, batch, inputs, output_shape, saved, output_gradient, .. } = call;
    let (Some(dx), shape) = (call.input_gradients[0], inputs[0].1) else { return Ok(()) };
    let width = site_width(gpu, shape.channels());
    let sites = Sites::new(gpu, batch, [shape, output_shape], shape, width);
    let [bytes, words] = pooling.places(saved.bytes, saved.indices).map(View::pointer);
    let (g, y) = (output_gradient.pointer(), dx.pointer());
    let call = Pool { g, y, bytes, words, ..pooling.call(sites, shape, output_shape) };
    let [_, kernel] = pooling.kernels();
    gpu.launch(&SOURCE, kernel.of(width), sites.grid(), &call)
}

/// The mean of each channel of each example.
fn mean_of_all(gpu: &Gpu, batch: usize, shape: Shape, x: View, y: View) -> Result<()> {
    let cut = Cut::new(gpu.settings(), batch, shape);
    let share = 1.0 / shape.positions() as f32;
    sums::of_examples(gpu, batch, cut, sums::Terms::Plain { x }, 0, |[sums, _]| sums::shares(gpu, share, sums, y))
}
