//! 2-D convolution (cross-correlation), as <https://docs.pytorch.org/docs/stable/generated/torch.nn.Conv2d.html>.
//!
//! `conv 64 3x3 s2 p1 g1 d1 bias=false in=32`

use super::window::{DILATION, KERNEL, PADDING, STRIDE};
use super::{Definition, Layer, Window};
use crate::arguments::{Arguments, Parameter, Positive};
use crate::diagnostic::{Code, Diagnostic};
use crate::ir::{Init, Pair, Shape, fans};
use crate::layers::{Culprit, Mismatch, Weight};
use crate::program::Op;
use crate::program::op::Conv2d;

pub(super) const CONV: Definition = Definition {
    name: "conv",
    usage: "conv OUT KERNEL [sN pN dN gN bias=false in=N]",
    inputs: Some(1),
    parameters: &[
        Parameter::positional::<Positive>("out"),
        KERNEL,
        STRIDE,
        PADDING,
        DILATION,
        Parameter::named::<Positive>("groups"),
        Parameter::named::<bool>("bias"),
        Parameter::named::<Positive>("in"),
    ],
    parse: |arguments| Ok(Box::new(Conv::parse(arguments)?)),
};

#[derive(Debug)]
pub(super) struct Conv {
    pub(super) out: usize,
    pub(super) window: Window,
    pub(super) groups: usize,
    pub(super) bias: bool,
    /// What the user wrote as `in=`, to be checked.
    pub(super) r#in: Option<usize>,
}

impl Conv {
    fn parse(arguments: &mut Arguments) -> Result<Conv, Diagnostic> {
        let Positive(out) = arguments.required("out")?;
        let window = Window::parse_conv(arguments)?;
        let groups = groups(arguments, out)?;
        let bias = arguments.optional("bias")?.unwrap_or(true);
        let r#in = arguments.optional("in")?.map(|Positive(r#in)| r#in);
        Ok(Conv { out, window, groups, bias, r#in })
    }
}

/// The argument `groups`, 1 by default, which must divide the output channels.
pub(super) fn groups(arguments: &mut Arguments, out: usize) -> Result<usize, Diagnostic> {
    let groups = arguments.optional("groups")?.map_or(1, |Positive(groups)| groups);
    if out.is_multiple_of(groups) {
        return Ok(groups);
    }
    let message = format!("{out} output channels do not split into {groups} groups");
    let error =
        arguments.refused(Code::Groups, "groups", message).label(format!("{out} mod {groups} = {}", out % groups));
    Err(arguments.beside(error, "out", "output channels"))
}

/// Whether an input's channels are as many as the user wrote, and split into groups.
pub(super) fn check_input(input: Shape, r#in: Option<usize>, groups: usize) -> Result<(), Mismatch> {
    let channels = input.channels();
    if let Some(r#in) = r#in.filter(|r#in| *r#in != channels) {
        return Err(Mismatch {
            code: Code::SizeMismatch,
            at: Culprit::Argument("in"),
            message: format!("`in={}`, but {channels} channels arrive", r#in),
            arithmetic: format!("the input is {input}"),
            help: Some(format!("write `in={channels}`, or leave `in` out: it is worked out from the shapes")),
        });
    }
    super::check_groups(channels, groups, "input channels")
}

impl Layer for Conv {
    fn output(&self, inputs: &[Shape]) -> Result<Shape, Mismatch> {
        let (_, height, width) = super::map_input("conv", inputs[0])?;
        check_input(inputs[0], self.r#in, self.groups)?;
        let (height, width) = self.window.output(height, width, "kernel")?;
        Ok(Shape::map(self.out, height, width))
    }

    fn weights(&self, inputs: &[Shape]) -> Vec<Weight> {
        let Pair { height, width } = self.window.kernel;
        let shape = vec![self.out, inputs[0].channels() / self.groups, height, width];
        let bias =
            Weight { name: "bias", shape: vec![self.out], init: Init::pytorch_bias(fans(&shape).0), trainable: true };
        let weight = Weight { name: "weight", shape, init: Init::pytorch_weight(), trainable: true };
        if self.bias { vec![weight, bias] } else { vec![weight] }
    }

    fn macs(&self, inputs: &[Shape]) -> u64 {
        let Ok(output) = self.output(inputs) else { return 0 };
        let Pair { height, width } = self.window.kernel;
        let taps = height * width * (inputs[0].channels() / self.groups);
        (output.elements() as u64).saturating_mul(taps as u64)
    }

    fn arithmetic(&self, inputs: &[Shape]) -> Option<String> {
        self.window.arithmetic(inputs[0])
    }

    fn window(&self) -> Option<Window> {
        Some(self.window)
    }

    fn lower(&self, _inputs: &[Shape]) -> Op {
        Op::Conv2d(Conv2d { window: self.window, groups: self.groups })
    }
}

#[cfg(test)]
mod tests {
    use crate::layers::testing::check;

    #[test]
    fn follows_pytorch() {
        check(&[
            (
                "conv 96 11x11 stride=4",
                "3x227x227",
                "96×55×55 | weight 96×3×11×11, bias 96 | 105415200 MACs | (227 − 11 + 2·0)/4 + 1 = 55",
            ),
            (
                "conv 64 7 stride=2 padding=3 bias=false",
                "3x224x224",
                "64×112×112 | weight 64×3×7×7 | 118013952 MACs | ⌊(224 − 7 + 2·3)/2⌋ + 1 = 112",
            ),
            // AlexNet's two halves.
            (
                "conv 256 5x5 padding=2 groups=2",
                "96x27x27",
                "256×27×27 | weight 256×48×5×5, bias 256 | 223948800 MACs | (27 − 5 + 2·2)/1 + 1 = 27",
            ),
            (
                "conv 8 1x7 padding=0x3 bias=false",
                "4x17x17",
                "8×17×17 | weight 8×4×1×7 | 64736 MACs | (17 − 1 + 2·0)/1 + 1 = 17, (17 − 7 + 2·3)/1 + 1 = 17",
            ),
            (
                "conv out=8 kernel=3 dilation=2 in=4",
                "4x9x9",
                "8×5×5 | weight 8×4×3×3, bias 8 | 7200 MACs | (9 − (2·(3 − 1) + 1) + 2·0)/1 + 1 = 5",
            ),
        ]);
    }

    #[test]
    fn refuses_what_has_no_meaning() {
        check(&[
            ("conv", "3x8x8", "E012 `conv` needs `out`: `out` (a whole number, one or more) is missing"),
            (
                "conv 64",
                "3x8x8",
                "E012 `conv` needs `kernel`: `kernel` (a whole number or a size such as `3x5`, one or more) is missing",
            ),
            (
                "conv 64 0",
                "3x8x8",
                "E013 `kernel` of `conv` must be a whole number or a size such as `3x5`, one or more: found `0`",
            ),
            (
                "conv 64 3 stride=0",
                "3x8x8",
                "E013 `stride` of `conv` must be a whole number or a size such as `3x5`, one or more: found `0`",
            ),
            (
                "conv 64 3 padding=-1",
                "3x8x8",
                "E013 `padding` of `conv` must be a whole number, a size such as `3x5`, or `same`: found `-1`",
            ),
            ("conv 0 3", "3x8x8", "E013 `out` of `conv` must be a whole number, one or more: found `0`"),
            ("conv 2.5 3", "3x8x8", "E013 `out` of `conv` must be a whole number, one or more: found `2.5`"),
            ("conv 64 3 groups=0", "3x8x8", "E013 `groups` of `conv` must be a whole number, one or more: found `0`"),
            ("conv 64 3 groups=3", "3x8x8", "E025 64 output channels do not split into 3 groups: 64 mod 3 = 1"),
            ("conv 64 3 groups=2", "3x8x8", "E025 3 input channels do not split into 2 groups: 3 mod 2 = 1"),
            (
                "conv 64 3 in=4",
                "3x8x8",
                "E022 `in=4`, but 3 channels arrive: the input is 3×8×8; write `in=3`, or leave `in` out: it is worked out from the shapes",
            ),
            ("conv 64 3 ceil", "3x8x8", "E011 `conv` does not take `ceil`"),
            ("conv 64 3 strid=2", "3x8x8", "E011 `conv` has no argument `strid`"),
            ("conv 64 9", "3x8x8", "E021 kernel 9×9 does not fit the 8×8 input: (8 − 9 + 2·0)/1 + 1 < 1"),
            (
                "conv 64 3 dilation=5 padding=1",
                "3x8x8",
                "E021 kernel 3×3, dilated by 5×5 does not fit the 8×8 input, padded by 1×1: (8 − (5·(3 − 1) + 1) + 2·1)/1 + 1 < 1",
            ),
            (
                "conv 64 3",
                "512",
                "E020 `conv` needs a feature map C×H×W, but a vector of 512 arrives; put `conv` before `flatten`",
            ),
        ]);
    }
}
