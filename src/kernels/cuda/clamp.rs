//! Gradients of what was cut to bounds.

use super::elementwise::combine;
use super::shape::widths;
use crate::cuda::{Gpu, Result, View};
use crate::program::Bounds;

/// Sets the gradient of every output that was cut to zero.
pub fn clamp_gradient(gpu: &Gpu, bounds: Bounds, output: View, gradient: View) -> Result<()> {
    combine(gpu, widths!("clamp_gradient"), &[output], bounds, gradient)
}
