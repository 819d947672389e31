//! The weights of a layer.

use crate::ir::Init;

/// One parameter or running statistic of a layer.
#[derive(Debug, Clone, PartialEq)]
pub struct Weight {
    /// As PyTorch names it: `weight`, `bias`, `running_mean`; empty if the layer is no module there, but a parameter.
    pub name: &'static str,
    /// Its sizes, in PyTorch's order: O×(I/groups)×H×W for a convolution, O×I for a linear layer.
    pub shape: Vec<usize>,
    /// How it starts.
    pub init: Init,
    /// Whether the optimizer changes it; running statistics are not trainable.
    pub trainable: bool,
}

impl Weight {
    /// What it is called in a network: `layer1.0.weight`, or the layer's own name if it has none of its own.
    pub fn full_name(&self, layer: &str) -> String {
        let mut name = String::with_capacity(layer.len() + 1 + self.name.len());
        self.write_name(layer, &mut name);
        name
    }

    /// Adds that name to a text.
    pub(crate) fn write_name(&self, layer: &str, text: &mut String) {
        text.push_str(layer);
        if !self.name.is_empty() {
            text.extend([".", self.name]);
        }
    }

    /// Which part of its layer it is: `weight` if it has no name of its own.
    pub fn part(&self) -> &'static str {
        if self.name.is_empty() { "weight" } else { self.name }
    }

    /// How many numbers it holds.
    pub fn elements(&self) -> usize {
        self.shape.iter().product()
    }
}
