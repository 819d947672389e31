//! Channels as pixels, and back.

use super::Kernel;
use super::shape::{Sites, small};
use crate::cuda::call::{Backward, Forward};
use crate::cuda::{Call, Gpu, KernelSource, Result, View};
use crate::ir::Shape;
use crate::program::op::{PixelShuffle, PixelUnshuffle};

/// So short that it stands here. A thread copies one number; bound by memory.
const SOURCE: KernelSource = KernelSource {
    name: "pixel_shuffle.cu",
    text: r"
struct Shuffle {
    const Number *x;
    Number *y;
    Sites sites;
    u32 factor;
};

KERNEL(pixel_shuffle, Shuffle) {
    Steps steps = steps_of(call.sites, call.sites.input);
    u32 r = call.factor;
    over_sites<1>(call.sites, [&](const Site &of, u64 input, u64 output) {
        u32 channel = (of.channel * r + of.row % r) * r + of.column % r;
        const Number *x = call.x + input + channel * steps.channel;
        store(call.y + output + of.at, load<1>(x + of.row / r * steps.row + of.column / r * steps.column));
    });
}

KERNEL(pixel_unshuffle, Shuffle) {
    Steps steps = steps_of(call.sites, call.sites.input);
    u32 r = call.factor;
    over_sites<1>(call.sites, [&](const Site &of, u64 input, u64 output) {
        u32 row = of.row * r + of.channel / r % r, column = of.column * r + of.channel % r;
        const Number *x = call.x + input + of.channel / (r * r) * steps.channel;
        store(call.y + output + of.at, load<1>(x + row * steps.row + column * steps.column));
    });
}
",
};

#[repr(C)]
#[derive(Clone, Copy)]
struct Shuffle {
    x: u64,
    y: u64,
    sites: Sites,
    factor: u32,
}

// SAFETY: as in the source above.
unsafe impl Call for Shuffle {}

impl Kernel for PixelShuffle {
    fn forward(&self, call: Forward) -> Result<()> {
        let shapes = [call.inputs[0].1, call.output_shape];
        queue(call.device, "pixel_shuffle", self.factor, call.batch, shapes, [call.inputs[0].0, call.output])
    }

    fn backward(&self, call: Backward) -> Result<()> {
        let Some(dx) = call.input_gradients[0] else { return Ok(()) };
        let shapes = [call.output_shape, call.inputs[0].1];
        queue(call.device, "pixel_unshuffle", self.factor, call.batch, shapes, [call.output_gradient, dx])
    }
}

impl Kernel for PixelUnshuffle {
    fn forward(&self, call: Forward) -> Result<()> {
        let shapes = [call.inputs[0].1, call.output_shape];
        queue(call.device, "pixel_unshuffle", self.factor, call.batch, shapes, [call.inputs[0].0, call.output])
    }

    fn backward(&self, call: Backward) -> Result<()> {
        let Some(dx) = call.input_gradients[0] else { return Ok(()) };
        let shapes = [call.output_shape, call.inputs[0].1];
        queue(call.device, "pixel_shuffle", self.factor, call.batch, shapes, [call.output_gradient, dx])
    }
}

/// One way or the other.
fn queue(
    gpu: &Gpu,
    kernel: &'static str,
    factor: usize,
    batch: usize,
    shapes: [Shape; 2],
    [x, y]: [View; 2],
) -> Result<()> {
    let sites = Sites::new(gpu, batch, shapes, shapes[1], 1);
    let call = Shuffle { x: x.pointer(), y: y.pointer(), sites, factor: small(factor) };
    gpu.launch(&SOURCE, kernel, sites.grid(), &call)
}
