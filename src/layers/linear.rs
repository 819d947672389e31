//! Fully connected layer, as <https://docs.pytorch.org/docs/stable/generated/torch.nn.Linear.html>.
//!
//! `linear 4096 bias=false in=25088`; the input's size is worked out from the shapes, and `in` is checked against it.
//! `linear 4096 channels` is applied to the channels at each position, as ConvNeXt does (Liu et al. 2022)

use super::{Definition, Layer};
use crate::arguments::{Arguments, Parameter, Positive};
use crate::diagnostic::{Code, Diagnostic};
use crate::ir::{Init, Shape, Window};
use crate::layers::{Culprit, Mismatch, Weight};
use crate::program::Op;
use crate::program::op::Conv2d;

pub(super) const LINEAR: Definition = Definition {
    name: "linear",
    usage: "linear OUT [channels bias=false in=N]",
    inputs: Some(1),
    parameters: &[
        Parameter::positional::<Positive>("out"),
        Parameter::flag("channels"),
        Parameter::named::<bool>("bias"),
        Parameter::named::<Positive>("in"),
    ],
    parse: |arguments| Ok(Box::new(Linear::parse(arguments)?)),
};

#[derive(Debug)]
struct Linear {
    out: usize,
    /// Whether it is applied to the channels at each position of a map.
    channels: bool,
    bias: bool,
    /// What the user wrote as `in=`, to be checked.
    r#in: Option<usize>,
}

impl Linear {
    fn parse(arguments: &mut Arguments) -> Result<Linear, Diagnostic> {
        let Positive(out) = arguments.required("out")?;
        let channels = arguments.flag("channels")?;
        let bias = arguments.optional("bias")?.unwrap_or(true);
        let r#in = arguments.optional("in")?.map(|Positive(r#in)| r#in);
        Ok(Linear { out, channels, bias, r#in })
    }
}

impl Layer for Linear {
    fn output(&self, inputs: &[Shape]) -> Result<Shape, Mismatch> {
        let (features, output) = match inputs[0] {
            Shape::Map { channels, height, width } if self.channels => (channels, Shape::map(self.out, height, width)),
            input => (super::vector_input("linear", input)?, Shape::Vector(self.out)),
        };
        if let Some(r#in) = self.r#in.filter(|r#in| *r#in != features) {
            return Err(Mismatch {
                code: Code::SizeMismatch,
                at: Culprit::Argument("in"),
                message: format!("`in={}`, but {features} features arrive", r#in),
                arithmetic: format!("the input has {features}"),
                help: Some(format!("write `in={features}`, or leave `in` out: it is worked out from the shapes")),
            });
        }
        Ok(output)
    }

    fn weights(&self, inputs: &[Shape]) -> Vec<Weight> {
        let r#in = inputs[0].channels();
        let bias = Weight { name: "bias", shape: vec![self.out], init: Init::pytorch_bias(r#in), trainable: true };
        let shape = vec![self.out, r#in];
        let weight = Weight { name: "weight", shape, init: Init::pytorch_weight(), trainable: true };
        if self.bias { vec![weight, bias] } else { vec![weight] }
    }

    fn macs(&self, inputs: &[Shape]) -> u64 {
        inputs[0].elements() as u64 * self.out as u64
    }

    /// Over a map, a convolution of one pixel.
    fn lower(&self, inputs: &[Shape]) -> Op {
        match inputs[0] {
            Shape::Vector(_) => Op::Linear,
            Shape::Map { .. } => Op::Conv2d(Conv2d { window: Window::PIXEL, groups: 1 }),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::layers::testing::check;

    #[test]
    fn follows_pytorch() {
        check(&[
            ("linear 4096", "25088", "4096 | weight 4096×25088, bias 4096 | 102760448 MACs"),
            ("linear 10 bias=false", "8192", "10 | weight 10×8192 | 81920 MACs"),
            ("linear 32 channels", "8x7x7", "32×7×7 | weight 32×8, bias 32 | 12544 MACs"),
            ("linear 10 channels bias=false", "8", "10 | weight 10×8 | 80 MACs"),
            ("linear 10 in=8192", "8192", "10 | weight 10×8192, bias 10 | 81920 MACs"),
        ]);
    }

    #[test]
    fn refuses_what_does_not_fit() {
        check(&[
            (
                "linear 4096 in=25088",
                "8192",
                "E022 `in=25088`, but 8192 features arrive: the input has 8192; write `in=8192`, or leave `in` out: it is worked out from the shapes",
            ),
            (
                "linear 4096",
                "512x4x4",
                "E020 `linear` needs a vector, but a feature map 512×4×4 arrives; put `flatten` before `linear`: 512·4·4 = 8192",
            ),
            ("linear", "512", "E012 `linear` needs `out`: `out` (a whole number, one or more) is missing"),
            ("linear 0", "512", "E013 `out` of `linear` must be a whole number, one or more: found `0`"),
            ("linear -3", "512", "E013 `out` of `linear` must be a whole number, one or more: found `-3`"),
            ("linear 0.5", "512", "E013 `out` of `linear` must be a whole number, one or more: found `0.5`"),
            ("linear 10 bias=0", "512", "E013 `bias` of `linear` must be `true` or `false`: found `0`"),
            ("linear 10 10", "512", "E011 `linear` does not take `10`"),
        ]);
    }
}
