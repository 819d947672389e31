//! The kernel of `swish` for GPUs.

use archc::gpu::{Backward, Call, Forward, Grid, Kernel, KernelSource, Result, View};
use archc::ir::Shape;
use archc::program::call::Order;

use super::Swish;

/// Numbers of maps have the type `Number`; they are computed with, as everything else is, in single precision.
const SOURCE: KernelSource = KernelSource {
    name: "swish.cu",
    text: r"
struct Swish {
    const Number *x, *g;
    Number *y;
    const float *betas;
    float *dbetas;
    u64 count;
    // Numbers of a channel that lie side by side: all positions where the channels come first, else one.
    u32 channels, run;
};

__device__ inline float sigmoid(float z) { return 1.0f / (1.0f + expf(-z)); }

KERNEL(swish_forward, Swish) {
    for (u64 at = place(); at < call.count; at += places()) {
        float x = single(call.x[at]), beta = call.betas[at / call.run % call.channels];
        put(call.y[at], x * sigmoid(beta * x));
    }
}

KERNEL(swish_backward, Swish) {
    for (u64 at = place(); at < call.count; at += places()) {
        float x = single(call.x[at]), beta = call.betas[at / call.run % call.channels], s = sigmoid(beta * x);
        put(call.y[at], single(call.g[at]) * (s + beta * x * s * (1.0f - s)));
    }
}

// A thread adds all numbers of its channel, always in the same order.
KERNEL(swish_backward_betas, Swish) {
    for (u64 channel = place(); channel < call.channels; channel += places()) {
        double sum = 0.0;
        for (u64 first = channel * call.run; first < call.count; first += (u64)call.channels * call.run) {
            for (u64 at = first; at < first + call.run; at++) {
                float x = single(call.x[at]), s = sigmoid(call.betas[channel] * x);
                sum += single(call.g[at]) * x * x * s * (1.0f - s);
            }
        }
        call.dbetas[channel] = (float)sum;
    }
}
",
};

/// The structure of the source.
#[repr(C)]
#[derive(Clone, Copy)]
struct Numbers {
    x: u64,
    g: u64,
    y: u64,
    betas: u64,
    dbetas: u64,
    count: u64,
    channels: u32,
    run: u32,
}

// SAFETY: its fields are those of the source.
unsafe impl Call for Numbers {}

impl Numbers {
    fn new(order: Order, batch: usize, shape: Shape, x: View, betas: View) -> Numbers {
        let run = if order == Order::ChannelsFirst { shape.positions() } else { 1 };
        let (channels, run) = (shape.channels() as u32, run as u32);
        let count = (batch * shape.elements()) as u64;
        Numbers { x: x.pointer(), g: 0, y: 0, betas: betas.pointer(), dbetas: 0, count, channels, run }
    }

    fn grid(&self) -> Grid {
        Grid::over(self.count as usize)
    }
}

impl Kernel for Swish {
    fn forward(&self, call: Forward) -> Result<()> {
        let Forward { device: gpu, batch, inputs, weights, output, output_shape, .. } = call;
        let numbers = Numbers::new(gpu.settings().order, batch, output_shape, inputs[0].0, weights[0].values);
        gpu.launch(&SOURCE, "swish_forward", numbers.grid(), &Numbers { y: output.pointer(), ..numbers })
    }

    fn backward(&self, call: Backward) -> Result<()> {
        let Backward { device: gpu, batch, inputs, weights, output_shape, output_gradient: g, .. } = call;
        let numbers = Numbers::new(gpu.settings().order, batch, output_shape, inputs[0].0, weights[0].values);
        let numbers = Numbers { g: g.pointer(), ..numbers };
        if let Some(dx) = call.input_gradients[0] {
            gpu.launch(&SOURCE, "swish_backward", numbers.grid(), &Numbers { y: dx.pointer(), ..numbers })?;
        }
        let Some(dbetas) = call.weight_gradients[0] else { return Ok(()) };
        let numbers = Numbers { dbetas: dbetas.pointer(), ..numbers };
        gpu.launch(&SOURCE, "swish_backward_betas", Grid::over(numbers.channels as usize), &numbers)
    }
}
