//! The layer `prelu` (He et al. 2015): max(x, 0) + a·min(x, 0), with an a for each channel that is learned,
//! as <https://docs.pytorch.org/docs/stable/generated/torch.nn.PReLU.html>.

use archc::graph::{Mismatch, Shape, Weight};
use archc::init::Init;
use archc::layers::{Definition, Layer};
use archc::program::call::{Backward, Forward};
use archc::program::{Kernel, Op, Operation, Outside, Real};

/// What the language is told: `prelu` or `prelu 0.1`, the value that every a starts with.
pub const PRELU: Definition = Definition {
    name: "prelu",
    usage: "prelu [START]",
    inputs: Some(1),
    parse: |arguments| Ok(Box::new(Prelu { start: arguments.positional("start")?.unwrap_or(0.25) })),
};

#[derive(Debug, Clone, Copy)]
struct Prelu {
    start: f64,
}

impl Layer for Prelu {
    fn output(&self, inputs: &[Shape]) -> Result<Shape, Mismatch> {
        Ok(inputs[0])
    }

    fn weights(&self, inputs: &[Shape]) -> Vec<Weight> {
        let init = Init::Constant(self.start);
        vec![Weight { name: "weight", shape: vec![inputs[0].channels()], init, trainable: true }]
    }

    fn lower(&self, _inputs: &[Shape]) -> Op {
        Op::Outside(Outside::new(*self))
    }
}

impl Operation for Prelu {
    fn name(&self) -> &'static str {
        PRELU.name
    }
}

impl<T: Real> Kernel<T> for Prelu {
    fn forward(&self, call: Forward<T>) {
        let (x, shape) = call.inputs[0];
        let (slopes, positions) = (call.weights[0], shape.positions());
        let planes = x.chunks_exact(positions).zip(call.output.chunks_exact_mut(positions));
        for ((x, y), slope) in planes.zip(slopes.iter().cycle()) {
            for (x, y) in x.iter().zip(y) {
                *y = if *x > T::ZERO { *x } else { *slope * *x };
            }
        }
    }

    /// dx = g where x > 0, else a·g; da = Σ g·x over all other places.
    fn backward(&self, call: Backward<T>) {
        let (x, shape) = call.inputs[0];
        let (slopes, positions) = (call.weights[0], shape.positions());
        let planes = || x.chunks_exact(positions).zip(call.output_gradient.chunks_exact(positions));
        if let Some(dx) = &mut call.input_gradients[0] {
            for ((dx, (x, g)), slope) in dx.chunks_exact_mut(positions).zip(planes()).zip(slopes.iter().cycle()) {
                for ((dx, x), g) in dx.iter_mut().zip(x).zip(g) {
                    *dx = if *x > T::ZERO { *g } else { *slope * *g };
                }
            }
        }
        if let Some(da) = &mut call.weight_gradients[0] {
            da.fill(T::ZERO);
            for (plane, (x, g)) in planes().enumerate() {
                let negative = x.iter().zip(g).filter(|(x, _)| **x <= T::ZERO);
                da[plane % slopes.len()] += negative.map(|(x, g)| *x * *g).sum();
            }
        }
    }
}
