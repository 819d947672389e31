//! Transposed convolution, as <https://docs.pytorch.org/docs/stable/generated/torch.nn.ConvTranspose2d.html>: it
//! enlarges a map the way a convolution with the same arguments shrinks it.
//!
//! `conv_transpose 64 2x2 s2`, `conv_transpose 64 3x3 s2 p1 d1 g1 output_padding=1 bias=false in=32`

use super::window::{DILATION, KERNEL, PADDING, STRIDE, with_kernel};
use super::{Definition, Layer, Reach, Window};
use crate::arguments::{Arguments, Parameter, Positive, ResolvedCall};
use crate::diagnostic::{Code, Diagnostic};
use crate::ir::{Init, Pair, Shape, fans};
use crate::layers::{Culprit, Mismatch, Weight};
use crate::program::{Op, op};

pub(super) const CONV_TRANSPOSE: Definition = Definition {
    name: "conv_transpose",
    usage: "conv_transpose OUT KERNEL [sN pN dN gN output_padding=N bias=false in=N]",
    inputs: Some(1),
    parameters: &[
        Parameter::positional::<Positive>("out"),
        KERNEL,
        STRIDE,
        PADDING,
        DILATION,
        Parameter::named::<Pair>("output_padding"),
        Parameter::named::<Positive>("groups"),
        Parameter::named::<bool>("bias"),
        Parameter::named::<Positive>("in"),
    ],
    parse: |arguments| Ok(Box::new(ConvTranspose::parse(arguments)?)),
};

/// So much larger or smaller kernels, and so many pixels of padding, are tried to reach a size.
const MOST_STEPS: usize = 4;

#[derive(Debug)]
struct ConvTranspose {
    out: usize,
    /// Of the convolution whose way is gone back.
    window: Window,
    /// Rows and columns that are added at the end: several inputs of that convolution have outputs of one size.
    output_padding: Pair,
    groups: usize,
    bias: bool,
    /// What the user wrote as `in=`, to be checked.
    r#in: Option<usize>,
}

impl ConvTranspose {
    fn parse(arguments: &mut Arguments) -> Result<ConvTranspose, Diagnostic> {
        let Positive(out) = arguments.required("out")?;
        let window = Window::parse_transposed(arguments)?;
        let output_padding = arguments.optional("output_padding")?.unwrap_or(Pair::square(0));
        let groups = super::conv::groups(arguments, out)?;
        let bias = arguments.optional("bias")?.unwrap_or(true);
        let r#in = arguments.optional("in")?.map(|Positive(r#in)| r#in);
        let layer = ConvTranspose { out, window, output_padding, groups, bias, r#in };
        match layer.axes().into_iter().find(|axis| axis.output_padding >= axis.stride.max(axis.dilation)) {
            None => Ok(layer),
            Some(axis) => {
                let message = "`output_padding` must be less than the stride or the dilation";
                let largest = axis.stride.max(axis.dilation);
                Err(arguments
                    .invalid("output_padding", message)
                    .label(format!("{} is not less than {largest}", axis.output_padding)))
            }
        }
    }

    /// Down and across.
    fn axes(&self) -> [Axis; 2] {
        [|pair: Pair| pair.height, |pair: Pair| pair.width].map(|side| Axis {
            kernel: side(self.window.kernel),
            stride: side(self.window.stride),
            padding: side(self.window.padding),
            output_padding: side(self.output_padding),
            dilation: side(self.window.dilation),
        })
    }
}

impl Layer for ConvTranspose {
    fn output(&self, inputs: &[Shape]) -> Result<Shape, Mismatch> {
        let (_, height, width) = super::map_input("conv_transpose", inputs[0])?;
        super::conv::check_input(inputs[0], self.r#in, self.groups)?;
        let [down, across] = self.axes();
        match (down.size(height), across.size(width)) {
            (Some(height), Some(width)) => Ok(Shape::map(self.out, height, width)),
            (down_fits, _) => {
                let (axis, size) = if down_fits.is_none() { (down, height) } else { (across, width) };
                Err(Mismatch {
                    code: Code::WindowDoesNotFit,
                    at: Culprit::Argument("padding"),
                    message: format!("the padding leaves nothing of the output of a {height}×{width} input"),
                    arithmetic: format!("{} < 1", axis.formula(size)),
                    help: None,
                })
            }
        }
    }

    fn weights(&self, inputs: &[Shape]) -> Vec<Weight> {
        let Pair { height, width } = self.window.kernel;
        let shape = vec![inputs[0].channels(), self.out / self.groups, height, width];
        let bias =
            Weight { name: "bias", shape: vec![self.out], init: Init::pytorch_bias(fans(&shape).0), trainable: true };
        let weight = Weight { name: "weight", shape, init: Init::pytorch_weight(), trainable: true };
        if self.bias { vec![weight, bias] } else { vec![weight] }
    }

    fn macs(&self, inputs: &[Shape]) -> u64 {
        let Pair { height, width } = self.window.kernel;
        let taps = height * width * (self.out / self.groups);
        (inputs[0].elements() as u64).saturating_mul(taps as u64)
    }

    fn arithmetic(&self, inputs: &[Shape]) -> Option<String> {
        let Shape::Map { height, width, .. } = inputs[0] else { return None };
        let [down, across] = self.axes();
        let line = |axis: Axis, size| Some(format!("{} = {}", axis.formula(size), axis.size(size)?));
        if height == width && down == across {
            return line(down, height);
        }
        Some(format!("{}, {}", line(down, height)?, line(across, width)?))
    }

    /// An output reads every S-th tap of the kernel; neighbours read the same pixels, or the next ones.
    fn reach(&self, _inputs: &[Shape]) -> Reach {
        let [height, width] = self.axes().map(|axis| axis.span().div_ceil(axis.stride));
        Reach { span: Pair { height, width }, step: Pair::square(1) }
    }

    /// With another output padding, then with another padding or kernel too.
    fn enlarging_to(&self, call: &ResolvedCall, _size: Pair) -> Vec<ResolvedCall> {
        let Window { kernel, padding, .. } = self.window;
        let added = |call: &ResolvedCall, rows: usize| match rows {
            0 => call.clone().without("output_padding"),
            rows => call.clone().with("output_padding", Pair::square(rows).into()),
        };
        let around = |side: usize, step: usize| [side.checked_sub(step), Some(side + step)].into_iter().flatten();
        let mut calls: Vec<ResolvedCall> = (0..MOST_STEPS).map(|rows| added(call, rows)).collect();
        for step in 0..MOST_STEPS {
            for height in around(kernel.height, step).filter(|height| *height > 0) {
                let larger = Pair { height, width: (kernel.width + height).saturating_sub(kernel.height).max(1) };
                for pixels in (0..MOST_STEPS).flat_map(|more| around(padding.height, more)) {
                    let changed = with_kernel(call, larger, Pair::square(pixels));
                    calls.extend((0..2).map(|rows| added(&changed, rows)));
                }
            }
        }
        calls.retain(|other| other != call);
        calls
    }

    fn lower(&self, _inputs: &[Shape]) -> Op {
        Op::ConvTranspose2d(op::ConvTranspose2d(op::Conv2d { window: self.window, groups: self.groups }))
    }
}

/// One direction.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Axis {
    kernel: usize,
    stride: usize,
    padding: usize,
    output_padding: usize,
    dilation: usize,
}

impl Axis {
    /// D·(F−1) + 1: how many pixels an input pixel is spread over.
    fn span(self) -> usize {
        self.dilation * (self.kernel - 1) + 1
    }

    /// (W−1)·S − 2P + D·(F−1) + 1 + output padding, if that is one or more.
    /// Source: <https://docs.pytorch.org/docs/stable/generated/torch.nn.ConvTranspose2d.html>.
    fn size(self, input: usize) -> Option<usize> {
        let whole = (input - 1).saturating_mul(self.stride).saturating_add(self.span() + self.output_padding);
        whole.checked_sub(2 * self.padding).filter(|size| *size > 0)
    }

    /// `(7 − 1)·2 − 2·1 + 3 + 1`.
    fn formula(self, input: usize) -> String {
        let kernel = match self.dilation {
            1 => format!("{}", self.kernel),
            dilation => format!("{dilation}·({} − 1) + 1", self.kernel),
        };
        let more = if self.output_padding > 0 { format!(" + {}", self.output_padding) } else { String::new() };
        format!("({input} − 1)·{} − 2·{} + {kernel}{more}", self.stride, self.padding)
    }
}

#[cfg(test)]
mod tests {
    use crate::layers::testing::check;

    /// Sizes, weights and MACs are PyTorch 2.15's.
    #[test]
    fn follows_pytorch() {
        check(&[
            (
                "conv_transpose 32 2x2 stride=2",
                "64x7x7",
                "32×14×14 | weight 64×32×2×2, bias 32 | 401408 MACs | (7 − 1)·2 − 2·0 + 2 = 14",
            ),
            (
                "conv_transpose 32 3 stride=2 padding=1 output_padding=1 bias=false in=64",
                "64x7x7",
                "32×14×14 | weight 64×32×3×3 | 903168 MACs | (7 − 1)·2 − 2·1 + 3 + 1 = 14",
            ),
            (
                "conv_transpose 6 3x4 groups=2 dilation=2x1 padding=1x0",
                "4x5x7",
                "6×7×10 | weight 4×3×3×4, bias 6 | 5040 MACs | (5 − 1)·1 − 2·1 + 2·(3 − 1) + 1 = 7, (7 − 1)·1 − 2·0 + 4 = 10",
            ),
        ]);
    }

    #[test]
    fn refuses_what_has_no_meaning() {
        check(&[
            (
                "conv_transpose 32 3 stride=2 output_padding=2",
                "8x4x4",
                "E013 `output_padding` must be less than the stride or the dilation: 2 is not less than 2",
            ),
            (
                "conv_transpose 32 3 padding=3",
                "8x4x4",
                "E021 the padding leaves nothing of the output of a 4×4 input: (4 − 1)·1 − 2·3 + 3 < 1",
            ),
            ("conv_transpose 6 3 groups=4", "8x4x4", "E025 6 output channels do not split into 4 groups: 6 mod 4 = 2"),
            ("conv_transpose 6 3 groups=3", "8x4x4", "E025 8 input channels do not split into 3 groups: 8 mod 3 = 2"),
            (
                "conv_transpose 6 3 in=4",
                "8x4x4",
                "E022 `in=4`, but 8 channels arrive: the input is 8×4×4; write `in=8`, or leave `in` out: it is worked out from the shapes",
            ),
            (
                "conv_transpose 2147483648 1 stride=2147483648",
                "1x1x1",
                "2147483648×1×1 | weight 1×2147483648×1×1, bias 2147483648 | 2147483648 MACs | (1 − 1)·2147483648 − 2·0 + 1 = 1",
            ),
            (
                "conv_transpose 6 3",
                "512",
                "E020 `conv_transpose` needs a feature map C×H×W, but a vector of 512 arrives; put `conv_transpose` before `flatten`",
            ),
        ]);
    }
}
