//! Maps of another height and width, with more around them, and without their edges.

use super::Kernel;
use super::shape::{Sites, site_width, small, widths};
use crate::cuda::call::{Backward, Forward};
use crate::cuda::{Call, Gpu, KernelSource, Result};
use crate::ir::Shape;
use crate::program::op::{Crop, Fill, Pad, Resampling, Upsample};

const UPSAMPLE: KernelSource = KernelSource { name: "upsample.cu", text: include_str!("upsample.cu") };
const PAD: KernelSource = KernelSource { name: "pad.cu", text: include_str!("pad.cu") };

#[repr(C)]
#[derive(Clone, Copy)]
struct Resample {
    x: u64,
    y: u64,
    sites: Sites,
    steps: [f64; 2],
    resampling: u32,
}

// SAFETY: as in upsample.cu.
unsafe impl Call for Resample {}

fn number(resampling: Resampling) -> u32 {
    match resampling {
        Resampling::Nearest => 0,
        Resampling::Bilinear => 1,
        Resampling::BilinearAligned => 2,
    }
}

impl Kernel for Upsample {
    /// Another height and width.
    fn forward(&self, call: Forward) -> Result<()> {
        let Forward { device: gpu, batch, inputs, output, output_shape, .. } = call;
        let (x, shape) = inputs[0];
        let width = site_width(gpu, shape.channels());
        let sites = Sites::new(gpu, batch, [shape, output_shape], output_shape, width);
        let call = Resample {
            x: x.pointer(),
            y: output.pointer(),
            sites,
            steps: self.step,
            resampling: number(self.resampling),
        };
        gpu.launch(&UPSAMPLE, widths!("upsample_forward").of(width), sites.grid(), &call)
    }

    fn backward(&self, call: Backward) -> Result<()> {
        let Backward { device: gpu, batch, inputs, output_shape, output_gradient, .. } = call;
        let (Some(dx), shape) = (call.input_gradients[0], inputs[0].1) else { return Ok(()) };
        let width = site_width(gpu, shape.channels());
        let sites = Sites::new(gpu, batch, [shape, output_shape], shape, width);
        let call = Resample {
            x: output_gradient.pointer(),
            y: dx.pointer(),
            sites,
            steps: self.step,
            resampling: number(self.resampling),
        };
        gpu.launch(&UPSAMPLE, widths!("upsample_backward").of(width), sites.grid(), &call)
    }
}

#[repr(C)]
#[derive(Clone, Copy)]
struct Around {
    x: u64,
    y: u64,
    sites: Sites,
    fill: u32,
    top: u32,
    left: u32,
    front: u32,
}

// SAFETY: as in pad.cu.
unsafe impl Call for Around {}

impl Pad {
    /// How many channels are taken at once: as many as neither tear the input nor what comes before it.
    fn width(self, gpu: &Gpu, input: usize, output: usize) -> usize {
        [input, output, self.front].into_iter().map(|channels| site_width(gpu, channels)).min().unwrap_or(1)
    }

    fn call(self, sites: Sites, x: u64, y: u64) -> Around {
        let fill = match self.fill {
            Fill::Zero => 0,
            Fill::Reflect => 1,
            Fill::Replicate => 2,
        };
        Around { x, y, sites, fill, top: small(self.top), left: small(self.left), front: small(self.front) }
    }
}

impl Kernel for Pad {
    /// More rows, columns and channels.
    fn forward(&self, call: Forward) -> Result<()> {
        let Forward { device: gpu, batch, inputs, output, output_shape, .. } = call;
        let (x, shape) = inputs[0];
        let width = self.width(gpu, shape.channels(), output_shape.channels());
        let sites = Sites::new(gpu, batch, [shape, output_shape], output_shape, width);
        let call = self.call(sites, x.pointer(), output.pointer());
        gpu.launch(&PAD, widths!("pad_forward").of(width), sites.grid(), &call)
    }

    fn backward(&self, call: Backward) -> Result<()> {
        let Backward { device: gpu, batch, inputs, output_shape, output_gradient, .. } = call;
        let (Some(dx), shape) = (call.input_gradients[0], inputs[0].1) else { return Ok(()) };
        let width = self.width(gpu, shape.channels(), output_shape.channels());
        let sites = Sites::new(gpu, batch, [shape, output_shape], shape, width);
        let call = self.call(sites, output_gradient.pointer(), dx.pointer());
        gpu.launch(&PAD, widths!("pad_backward").of(width), sites.grid(), &call)
    }
}

impl Crop {
    /// What a padding with zeros takes that makes the whole map of the window.
    fn call(
        self,
        gpu: &Gpu,
        batch: usize,
        [window, map]: [Shape; 2],
        written: Shape,
        [x, y]: [u64; 2],
    ) -> (Around, usize) {
        let Crop { top, left } = self;
        let width = site_width(gpu, map.channels());
        let sites = Sites::new(gpu, batch, [window, map], written, width);
        (Pad { fill: Fill::Zero, top, left, front: 0 }.call(sites, x, y), width)
    }
}

impl Kernel for Crop {
    /// A window of each map: what a padding with zeros does to gradients.
    fn forward(&self, call: Forward) -> Result<()> {
        let Forward { device: gpu, batch, inputs, output, output_shape, .. } = call;
        let (x, shape) = inputs[0];
        let pointers = [x.pointer(), output.pointer()];
        let (call, width) = self.call(gpu, batch, [output_shape, shape], output_shape, pointers);
        gpu.launch(&PAD, widths!("pad_backward").of(width), call.sites.grid(), &call)
    }

    fn backward(&self, call: Backward) -> Result<()> {
        let Backward { device: gpu, batch, inputs, output_shape, output_gradient, .. } = call;
        let (Some(dx), shape) = (call.input_gradients[0], inputs[0].1) else { return Ok(()) };
        let pointers = [output_gradient.pointer(), dx.pointer()];
        let (call, width) = self.call(gpu, batch, [output_shape, shape], shape, pointers);
        gpu.launch(&PAD, widths!("pad_forward").of(width), call.sites.grid(), &call)
    }
}
