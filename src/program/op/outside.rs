//! Operations from outside the crate: what they must say of themselves.
//!
//! A layer that another crate registers lowers to [`Op::Custom`](super::Op::Outside). The executor and the Candle
//! module run it like any other operation.

use std::any::Any;
use std::fmt::Debug;
use std::sync::Arc;

use super::interface::{OpInterface, Passes, Reads, Role, Takes, Traits, ViewRule, Weights};
use super::operands::Operands;
use crate::ir::Shape;
use crate::program::Mode;
use crate::program::call::{Backward, Forward};
use crate::program::encoding::Encoding;
use crate::program::memory::{Kept, Sizes, Workspace};

/// Computes an operation with numbers of one type.
pub trait Kernel<T> {
    /// Fills the output, and in training what the backward pass needs of it.
    fn forward(&self, call: Forward<T>);

    /// Fills the gradients that somebody needs, after [`Kernel::forward`] in the same mode.
    fn backward(&self, call: Backward<T>);
}

/// An operation from outside. `impl<T: Real> Kernel<T>` serves both kinds of numbers: training uses f32, tests f64.
///
/// The Candle module can run it if its inputs and trainable weights are three tensors at most.
pub trait Operation: Kernel<f32> + Kernel<f64> + Debug + Send + Sync {
    /// What it is called in error messages.
    fn name(&self) -> &'static str;

    /// What a forward pass over `batch` examples keeps for the backward pass; `output` is one example's shape.
    fn kept(&self, _mode: Mode, _batch: usize, _output: Shape) -> Kept {
        Kept::NONE
    }

    /// Numbers that its kernels allocate while they run.
    fn workspace(&self, _sizes: Sizes) -> Workspace {
        Workspace::NONE
    }

    /// What it has against a batch of this size; `input` is one example's shape. Shapes are the layer's to check.
    fn check(&self, _mode: Mode, _batch: usize, _input: Shape) -> Result<(), String> {
        Ok(())
    }
}

/// An [`Operation`] in a program. Two of them are equal if they are the same object.
#[derive(Debug, Clone)]
pub struct CustomOp {
    operation: Arc<dyn Operation>,
    /// What other devices compute it with, each a `Box` of that device's own trait, which programs do not know.
    kernels: Vec<Arc<dyn Any + Send + Sync>>,
}

impl CustomOp {
    /// To be returned by [`Layer::lower`](crate::layers::Layer::lower).
    pub fn new(operation: impl Operation + 'static) -> CustomOp {
        CustomOp { operation: Arc::new(operation), kernels: Vec::new() }
    }

    /// The same with a kernel for another device than the processor, as that device's trait:
    /// `with_kernel::<dyn archc::gpu::Kernel>(…)` for GPUs, which refuse an operation without one.
    #[must_use]
    pub fn with_kernel<K: ?Sized + Send + Sync + 'static>(mut self, kernel: Box<K>) -> CustomOp {
        self.kernels.push(Arc::new(kernel));
        self
    }

    /// Its kernel of that trait.
    pub fn kernel<K: ?Sized + 'static>(&self) -> Option<&K> {
        self.kernels.iter().find_map(|kernel| kernel.downcast_ref::<Box<K>>()).map(|kernel| &**kernel)
    }

    /// What it computes.
    pub fn operation(&self) -> &dyn Operation {
        &*self.operation
    }
}

impl PartialEq for CustomOp {
    fn eq(&self, other: &CustomOp) -> bool {
        Arc::ptr_eq(&self.operation, &other.operation)
    }
}

impl OpInterface for CustomOp {
    fn traits(&self) -> Traits {
        Traits {
            name: self.operation().name(),
            window: None,
            reads: Reads::BOTH,
            passes: Passes::Nothing,
            view: ViewRule::Never,
            weights: Weights::Plain,
            epilogue: Takes::NOTHING,
            role: Role::Other,
            pairwise: None,
        }
    }

    /// Shapes are its layer's to check.
    fn verify(&self, _operands: &Operands) -> Result<(), String> {
        Ok(())
    }

    fn check(&self, mode: Mode, batch: usize, input: Shape) -> Result<(), String> {
        self.operation().check(mode, batch, input)
    }

    fn kept(&self, mode: Mode, batch: usize, output: Shape) -> Kept {
        self.operation().kept(mode, batch, output)
    }

    fn workspace(&self, sizes: Sizes) -> Workspace {
        self.operation().workspace(sizes)
    }

    /// Only its name is known.
    fn encode(&self, _arguments: &mut Encoding) {}
}
