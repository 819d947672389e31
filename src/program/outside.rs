//! Operations from outside the crate: what they must say of themselves, and their kernels.
//!
//! A layer that another crate registers lowers to [`Op::Outside`](super::Op::Outside). The executor and the Candle module
//! run it like any other operation.

use std::fmt::Debug;
use std::sync::Arc;

use super::Mode;
use super::call::{Backward, Forward};
use super::memory::{Kept, Sizes, Workspace};
use crate::ir::Shape;

/// Computes with numbers of one type.
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
        Kept::default()
    }

    /// Numbers that its kernels allocate while they run.
    fn workspace(&self, _sizes: Sizes) -> Workspace {
        Workspace::default()
    }

    /// What it has against a batch of this size; `input` is one example's shape. Shapes are the layer's to check.
    fn check(&self, _mode: Mode, _batch: usize, _input: Shape) -> Result<(), String> {
        Ok(())
    }
}

/// An [`Operation`] in a program. Two of them are equal if they are the same object.
#[derive(Debug, Clone)]
pub struct Outside(Arc<dyn Operation>);

impl Outside {
    /// To be returned by [`Layer::lower`](crate::layers::Layer::lower).
    pub fn new(operation: impl Operation + 'static) -> Outside {
        Outside(Arc::new(operation))
    }

    /// What it computes.
    pub fn operation(&self) -> &dyn Operation {
        &*self.0
    }
}

impl PartialEq for Outside {
    fn eq(&self, other: &Outside) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}
