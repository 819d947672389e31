//! Maps of another height and width, and with more around them.

use super::shape::{Sites, site_width, small, widths};
use crate::cuda::call::{Backward, Forward};
use crate::cuda::{Call, Result, Source};
use crate::program::{Fill, Resampling};

const UPSAMPLE: Source = Source { name: "upsample.cu", text: include_str!("upsample.cu") };
const PAD: Source = Source { name: "pad.cu", text: include_str!("pad.cu") };

#[repr(C)]
#[derive(Clone, Copy)]
struct Upsample {
    x: u64,
    y: u64,
    sites: Sites,
    steps: [f64; 2],
    resampling: u32,
}

// SAFETY: as in upsample.cu.
unsafe impl Call for Upsample {}

fn number(resampling: Resampling) -> u32 {
    match resampling {
        Resampling::Nearest => 0,
        Resampling::Bilinear => 1,
        Resampling::BilinearAligned => 2,
    }
}

/// Another height and width.
pub fn upsample_forward(resampling: Resampling, steps: [f64; 2], call: Forward) -> Result<()> {
    let Forward { gpu, batch, inputs, output, output_shape, .. } = call;
    let (x, shape) = inputs[0];
    let width = site_width(gpu, shape.channels());
    let sites = Sites::new(gpu, batch, [shape, output_shape], output_shape, width);
    let call = Upsample { x: x.pointer(), y: output.pointer(), sites, steps, resampling: number(resampling) };
    gpu.launch(&UPSAMPLE, widths!("upsample_forward").of(width), sites.grid(), &call)
}

pub fn upsample_backward(resampling: Resampling, steps: [f64; 2], call: Backward) -> Result<()> {
    let Backward { gpu, batch, inputs, output_shape, output_gradient, .. } = call;
    let (Some(dx), shape) = (call.input_gradients[0], inputs[0].1) else { return Ok(()) };
    let width = site_width(gpu, shape.channels());
    let sites = Sites::new(gpu, batch, [shape, output_shape], shape, width);
    let call = Upsample { x: output_gradient.pointer(), y: dx.pointer(), sites, steps, resampling: number(resampling) };
    gpu.launch(&UPSAMPLE, widths!("upsample_backward").of(width), sites.grid(), &call)
}

#[repr(C)]
#[derive(Clone, Copy)]
struct Pad {
    x: u64,
    y: u64,
    sites: Sites,
    fill: u32,
    top: u32,
    left: u32,
    front: u32,
}

// SAFETY: as in pad.cu.
unsafe impl Call for Pad {}

/// What comes before the input.
#[derive(Debug, Clone, Copy)]
pub struct Before {
    pub fill: Fill,
    pub top: usize,
    pub left: usize,
    pub front: usize,
}

impl Before {
    /// How many channels are taken at once: as many as neither tear the input nor what comes before it.
    fn width(self, gpu: &crate::cuda::Gpu, input: usize, output: usize) -> usize {
        [input, output, self.front].into_iter().map(|channels| site_width(gpu, channels)).min().unwrap_or(1)
    }

    fn call(self, sites: Sites, x: u64, y: u64) -> Pad {
        let fill = match self.fill {
            Fill::Zero => 0,
            Fill::Reflect => 1,
            Fill::Replicate => 2,
        };
        Pad { x, y, sites, fill, top: small(self.top), left: small(self.left), front: small(self.front) }
    }
}

/// More rows, columns and channels.
pub fn pad_forward(before: Before, call: Forward) -> Result<()> {
    let Forward { gpu, batch, inputs, output, output_shape, .. } = call;
    let (x, shape) = inputs[0];
    let width = before.width(gpu, shape.channels(), output_shape.channels());
    let sites = Sites::new(gpu, batch, [shape, output_shape], output_shape, width);
    let call = before.call(sites, x.pointer(), output.pointer());
    gpu.launch(&PAD, widths!("pad_forward").of(width), sites.grid(), &call)
}

pub fn pad_backward(before: Before, call: Backward) -> Result<()> {
    let Backward { gpu, batch, inputs, output_shape, output_gradient, .. } = call;
    let (Some(dx), shape) = (call.input_gradients[0], inputs[0].1) else { return Ok(()) };
    let width = before.width(gpu, shape.channels(), output_shape.channels());
    let sites = Sites::new(gpu, batch, [shape, output_shape], shape, width);
    let call = before.call(sites, output_gradient.pointer(), dx.pointer());
    gpu.launch(&PAD, widths!("pad_backward").of(width), sites.grid(), &call)
}
