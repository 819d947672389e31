//! Depthwise convolution: every channel by itself, as a [`Conv`] with as many groups as channels
//! (<https://docs.pytorch.org/docs/stable/generated/torch.nn.Conv2d.html>).
//!
//! `depthwise 3x3 s2 p1 d1 multiplier=1 bias=false`

use super::conv::Conv;
use super::window::{DILATION, KERNEL, PADDING, STRIDE};
use super::{Definition, Layer, Window};
use crate::arguments::{Arguments, Parameter, Positive};
use crate::diagnostic::Diagnostic;
use crate::ir::Shape;
use crate::layers::{Mismatch, Weight};
use crate::program::Op;

pub(super) const DEPTHWISE: Definition = Definition {
    name: "depthwise",
    usage: "depthwise KERNEL [sN pN dN multiplier=N bias=false]",
    inputs: Some(1),
    parameters: &[
        KERNEL,
        STRIDE,
        PADDING,
        DILATION,
        Parameter::named::<Positive>("multiplier"),
        Parameter::named::<bool>("bias"),
    ],
    parse: |arguments| Ok(Box::new(Depthwise::parse(arguments)?)),
};

#[derive(Debug)]
struct Depthwise {
    window: Window,
    /// Output channels for each input channel.
    multiplier: usize,
    bias: bool,
}

impl Depthwise {
    fn parse(arguments: &mut Arguments) -> Result<Depthwise, Diagnostic> {
        let window = Window::parse_conv(arguments)?;
        let multiplier = arguments.optional("multiplier")?.map_or(1, |Positive(multiplier)| multiplier);
        let bias = arguments.optional("bias")?.unwrap_or(true);
        Ok(Depthwise { window, multiplier, bias })
    }

    fn over(&self, input: Shape) -> Conv {
        let groups = input.channels();
        Conv { out: groups.saturating_mul(self.multiplier), window: self.window, groups, bias: self.bias, r#in: None }
    }
}

impl Layer for Depthwise {
    fn output(&self, inputs: &[Shape]) -> Result<Shape, Mismatch> {
        super::map_input("depthwise", inputs[0])?;
        self.over(inputs[0]).output(inputs)
    }

    fn weights(&self, inputs: &[Shape]) -> Vec<Weight> {
        self.over(inputs[0]).weights(inputs)
    }

    fn macs(&self, inputs: &[Shape]) -> u64 {
        self.over(inputs[0]).macs(inputs)
    }

    fn arithmetic(&self, inputs: &[Shape]) -> Option<String> {
        self.window.arithmetic(inputs[0])
    }

    fn window(&self) -> Option<Window> {
        Some(self.window)
    }

    fn keeps_shape(&self, _input: Shape) -> bool {
        self.multiplier == 1 && self.window.keeps_size()
    }

    fn lower(&self, inputs: &[Shape]) -> Op {
        self.over(inputs[0]).lower(inputs)
    }
}

#[cfg(test)]
mod tests {
    use crate::layers::testing::check;

    #[test]
    fn is_a_convolution_in_groups_of_one() {
        check(&[
            (
                "depthwise 3x3 padding=1 bias=false",
                "32x112x112",
                "32×112×112 | weight 32×1×3×3 | 3612672 MACs | (112 − 3 + 2·1)/1 + 1 = 112",
            ),
            (
                "depthwise 5 stride=2 padding=2 multiplier=2",
                "8x7x7",
                "16×4×4 | weight 16×1×5×5, bias 16 | 6400 MACs | (7 − 5 + 2·2)/2 + 1 = 4",
            ),
        ]);
    }

    #[test]
    fn refuses_what_has_no_meaning() {
        check(&[
            (
                "depthwise",
                "8x4x4",
                "E012 `depthwise` needs `kernel`: `kernel` (a whole number or a size such as `3x5`, one or more) is missing",
            ),
            ("depthwise 3 groups=2", "8x4x4", "E011 `depthwise` has no argument `groups`"),
            ("depthwise 5", "8x4x4", "E021 kernel 5×5 does not fit the 4×4 input: (4 − 5 + 2·0)/1 + 1 < 1"),
            (
                "depthwise 3 multiplier=0",
                "8x4x4",
                "E013 `multiplier` of `depthwise` must be a whole number, one or more: found `0`",
            ),
            (
                "depthwise 3",
                "8",
                "E020 `depthwise` needs a feature map C×H×W, but a vector of 8 arrives; put `depthwise` before `flatten`",
            ),
        ]);
    }
}
