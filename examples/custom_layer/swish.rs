//! The layer `swish` (Ramachandran, Zoph and Le 2017): y = x·σ(βx), σ(z) = 1/(1 + e⁻ᶻ), with a β for each channel that
//! is learned.

use archc::arguments::Parameter;
use archc::ir::{Init, Shape};
use archc::layers::{Definition, Layer, Mismatch, Weight};
use archc::program::call::{Backward, Forward};
use archc::program::{CustomOp, Kernel, Op, Operation, Real};

#[cfg(feature = "cuda")]
#[path = "swish_gpu.rs"]
mod swish_gpu;

/// What the language is told: `swish`, or `swish 1.5`, the value that every β starts with.
pub const SWISH: Definition = Definition {
    name: "swish",
    usage: "swish [START]",
    inputs: Some(1),
    parameters: &[Parameter::positional::<f64>("start")],
    parse: |arguments| Ok(Box::new(Swish { start: arguments.positional("start")?.unwrap_or(1.0) })),
};

#[derive(Debug, Clone, Copy)]
struct Swish {
    start: f64,
}

impl Layer for Swish {
    fn output(&self, inputs: &[Shape]) -> Result<Shape, Mismatch> {
        Ok(inputs[0])
    }

    fn weights(&self, inputs: &[Shape]) -> Vec<Weight> {
        let init = Init::Constant(self.start);
        vec![Weight { name: "beta", shape: vec![inputs[0].channels()], init, trainable: true }]
    }

    fn lower(&self, _inputs: &[Shape]) -> Op {
        let operation = CustomOp::new(*self);
        #[cfg(feature = "cuda")]
        let operation = operation.with_kernel::<dyn archc::gpu::Kernel>(Box::new(*self));
        Op::Custom(operation)
    }
}

impl Operation for Swish {
    fn name(&self) -> &'static str {
        SWISH.name
    }
}

impl<T: Real> Kernel<T> for Swish {
    fn forward(&self, call: Forward<T>) {
        // The channels are last: each position has one number of every channel.
        let betas = call.weights[0].iter().cycle();
        for ((x, y), beta) in call.inputs[0].0.iter().zip(call.output).zip(betas) {
            *y = *x * sigmoid(*beta * *x);
        }
    }

    /// With s = σ(βx): dx = g·(s + βx·s·(1 − s)), and dβ = Σ g·x²·s·(1 − s) over all positions of a channel.
    fn backward(&self, call: Backward<T>) {
        let betas = call.weights[0];
        let values = || call.inputs[0].0.iter().zip(call.output_gradient);
        if let Some(dx) = &mut call.input_gradients[0] {
            for ((dx, (x, g)), beta) in dx.iter_mut().zip(values()).zip(betas.iter().cycle()) {
                let s = sigmoid(*beta * *x);
                *dx = *g * (s + *beta * *x * s * (T::ONE - s));
            }
        }
        if let Some(dbeta) = &mut call.weight_gradients[0] {
            dbeta.fill(T::ZERO);
            for ((x, g), channel) in values().zip((0..betas.len()).cycle()) {
                let s = sigmoid(betas[channel] * *x);
                dbeta[channel] += *g * *x * *x * s * (T::ONE - s);
            }
        }
    }
}

fn sigmoid<T: Real>(z: T) -> T {
    T::ONE / (T::ONE + (-z).exp())
}
