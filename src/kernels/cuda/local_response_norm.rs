//! Local response normalisation across channels.

use super::Kernel;
use super::shape::{Cut, Table};
use crate::cuda::call::{Backward, Forward};
use crate::cuda::{Call, KernelSource, Result};
use crate::program::op::LocalResponseNorm;

const SOURCE: KernelSource =
    KernelSource { name: "local_response_norm.cu", text: include_str!("local_response_norm.cu") };

#[repr(C)]
#[derive(Clone, Copy)]
struct ResponseNorm {
    table: Table,
    x: u64,
    out: u64,
    g: u64,
    y: u64,
    denominators: u64,
    before: u32,
    after: u32,
    share: f32,
    k: f32,
    beta: f32,
}

// SAFETY: as in local_response_norm.cu.
unsafe impl Call for ResponseNorm {}

impl ResponseNorm {
    fn new(op: LocalResponseNorm, table: Table) -> ResponseNorm {
        // A window reaches no further than all channels do.
        let reach = |channels: usize| channels.min(i32::MAX as usize) as u32;
        ResponseNorm {
            table,
            x: 0,
            out: 0,
            g: 0,
            y: 0,
            denominators: 0,
            // With an even n there is one more before the centre.
            before: reach(op.size / 2),
            after: reach(op.size.div_ceil(2) - 1),
            share: (op.alpha / op.size as f64) as f32,
            k: op.k as f32,
            beta: op.beta as f32,
        }
    }
}

impl Kernel for LocalResponseNorm {
    /// Keeps the denominators.
    fn forward(&self, call: Forward) -> Result<()> {
        let Forward { device: gpu, batch, inputs, output, output_shape, saved, .. } = call;
        let table = Cut::new(gpu.settings(), batch, output_shape).table(1);
        let (x, y, denominators) = (inputs[0].0.pointer(), output.pointer(), saved.reals.pointer());
        let call = ResponseNorm { x, y, denominators, ..ResponseNorm::new(*self, table) };
        gpu.launch(&SOURCE, "response_norm_forward", table.grid(), &call)
    }

    fn backward(&self, call: Backward) -> Result<()> {
        let Backward { device: gpu, batch, inputs, output, output_shape, saved, output_gradient, .. } = call;
        let Some(dx) = call.input_gradients[0] else { return Ok(()) };
        let table = Cut::new(gpu.settings(), batch, output_shape).table(1);
        let call = ResponseNorm {
            x: inputs[0].0.pointer(),
            out: output.pointer(),
            g: output_gradient.pointer(),
            y: dx.pointer(),
            denominators: saved.reals.pointer(),
            ..ResponseNorm::new(*self, table)
        };
        gpu.launch(&SOURCE, "response_norm_backward", table.grid(), &call)
    }
}
