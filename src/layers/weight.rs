//! The weights of a layer.

use crate::ir::Init;

/// One parameter or running statistic of a layer.
#[derive(Debug, Clone, PartialEq)]
pub struct Weight {
    /// As PyTorch names it: `weight`, `bias`, `running_mean`.
    pub name: &'static str,
    /// Its sizes, in PyTorch's order: O×(I/groups)×H×W for a convolution, O×I for a linear layer.
    pub shape: Vec<usize>,
    /// How it starts.
    pub init: Init,
    /// Whether the optimizer changes it; running statistics are not trainable.
    pub trainable: bool,
}

impl Weight {
    /// How many numbers it holds.
    pub fn elements(&self) -> usize {
        self.shape.iter().product()
    }
}
