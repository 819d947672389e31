//! 2-D convolution (cross-correlation), as <https://docs.pytorch.org/docs/stable/generated/torch.nn.Conv2d.html>.
//!
//! `conv 64 3x3 s2 p1 g1 d1 bias=false in=32`

use super::{Definition, Layer, Window};
use crate::arguments::{Arguments, Pair, Positive, PositivePair};
use crate::diagnostic::{Code, Diagnostic};
use crate::graph::{Culprit, Mismatch, Shape, Weight};
use crate::init::{Init, fans};
use crate::program::Op;

pub(super) const CONV: Definition = Definition {
    name: "conv",
    usage: "conv OUT KERNEL [sN pN dN gN bias=false in=N]",
    inputs: Some(1),
    parse: |arguments| Ok(Box::new(Conv::parse(arguments)?)),
};

#[derive(Debug)]
struct Conv {
    out: usize,
    window: Window,
    groups: usize,
    bias: bool,
    /// What the user wrote as `in=`, to be checked.
    r#in: Option<usize>,
}

impl Conv {
    fn parse(arguments: &mut Arguments) -> Result<Conv, Diagnostic> {
        let Positive(out) = arguments.required("out")?;
        let PositivePair(kernel) = arguments.required("kernel")?;
        let window = Window::parse(arguments, kernel, Pair::square(1))?;
        let groups = arguments.optional("groups")?.map_or(1, |Positive(groups)| groups);
        let bias = arguments.optional("bias")?.unwrap_or(true);
        let r#in = arguments.optional("in")?.map(|Positive(r#in)| r#in);
        if !out.is_multiple_of(groups) {
            let error = Diagnostic::error(
                Code::Groups,
                arguments.place("groups"),
                format!("{out} output channels do not split into {groups} groups"),
            );
            return Err(error
                .label(format!("{out} mod {groups} = {}", out % groups))
                .other(arguments.place("out"), "output channels"));
        }
        Ok(Conv { out, window, groups, bias, r#in })
    }
}

impl Layer for Conv {
    fn output(&self, inputs: &[Shape]) -> Result<Shape, Mismatch> {
        let (channels, height, width) = super::map_input("conv", inputs[0])?;
        if let Some(r#in) = self.r#in.filter(|r#in| *r#in != channels) {
            return Err(Mismatch {
                code: Code::SizeMismatch,
                at: Culprit::Argument("in"),
                message: format!("`in={}`, but {channels} channels arrive", r#in),
                arithmetic: format!("the input is {}", inputs[0]),
                help: Some(format!("write `in={channels}`, or leave `in` out: it is worked out from the shapes")),
            });
        }
        if !channels.is_multiple_of(self.groups) {
            return Err(Mismatch {
                code: Code::Groups,
                at: Culprit::Argument("groups"),
                message: format!("{channels} input channels do not split into {} groups", self.groups),
                arithmetic: format!("{channels} mod {} = {}", self.groups, channels % self.groups),
                help: None,
            });
        }
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
        let taps = self.window.kernel.height * self.window.kernel.width * (inputs[0].channels() / self.groups);
        output.elements() as u64 * taps as u64
    }

    fn arithmetic(&self, inputs: &[Shape]) -> Option<String> {
        self.window.arithmetic(inputs[0])
    }

    fn window(&self) -> Option<Window> {
        Some(self.window)
    }

    fn lower(&self, _inputs: &[Shape]) -> Op {
        let Window { kernel, stride, padding, dilation, .. } = self.window;
        Op::Conv2d { kernel, stride, padding, dilation, groups: self.groups }
    }
}
