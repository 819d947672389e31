//! Average pooling, as <https://docs.pytorch.org/docs/stable/generated/torch.nn.AvgPool2d.html>.
//!
//! `avgpool 3x3 s2 p1 ceil count_include_pad=false`

use super::window::{CEIL, KERNEL, PADDING, STRIDE};
use super::{Definition, Layer, Window};
use crate::arguments::{Arguments, Parameter};
use crate::diagnostic::Diagnostic;
use crate::ir::Shape;
use crate::layers::Mismatch;
use crate::program::{Op, op};

pub(super) const AVG_POOL: Definition = Definition {
    name: "avgpool",
    usage: "avgpool KERNEL [sN pN ceil count_include_pad=false]",
    inputs: Some(1),
    parameters: &[KERNEL, STRIDE, PADDING, CEIL, Parameter::named::<bool>("count_include_pad")],
    parse: |arguments| Ok(Box::new(AvgPool::parse(arguments)?)),
};

#[derive(Debug)]
struct AvgPool {
    window: Window,
    count_include_pad: bool,
}

impl AvgPool {
    fn parse(arguments: &mut Arguments) -> Result<AvgPool, Diagnostic> {
        let window = Window::parse_avg_pool(arguments)?;
        let count_include_pad = arguments.optional("count_include_pad")?.unwrap_or(true);
        Ok(AvgPool { window, count_include_pad })
    }
}

impl Layer for AvgPool {
    fn output(&self, inputs: &[Shape]) -> Result<Shape, Mismatch> {
        let (channels, height, width) = super::map_input("avgpool", inputs[0])?;
        let (height, width) = self.window.output(height, width, "window")?;
        Ok(Shape::map(channels, height, width))
    }

    fn arithmetic(&self, inputs: &[Shape]) -> Option<String> {
        self.window.arithmetic(inputs[0])
    }

    fn window(&self) -> Option<Window> {
        Some(self.window)
    }

    fn keeps_shape(&self, _input: Shape) -> bool {
        self.window.keeps_size()
    }

    fn lower(&self, _inputs: &[Shape]) -> Op {
        Op::AvgPool2d(op::AvgPool2d { window: self.window, count_include_pad: self.count_include_pad })
    }
}

#[cfg(test)]
mod tests {
    use crate::ir::Shape;
    use crate::layers::testing::{check, layer};
    use crate::program::{Op, op};

    #[test]
    fn follows_pytorch() {
        check(&[
            ("avgpool 7", "512x7x7", "512×1×1 | (7 − 7 + 2·0)/7 + 1 = 1"),
            ("avgpool 2", "512x7x7", "512×3×3 | ⌊(7 − 2 + 2·0)/2⌋ + 1 = 3"),
            ("avgpool 2 ceil", "512x7x7", "512×4×4 | ⌈(7 − 2 + 2·0)/2⌉ + 1 = 4"),
            ("avgpool 3 stride=1 padding=1", "192x35x35", "192×35×35 | (35 − 3 + 2·1)/1 + 1 = 35"),
        ]);
    }

    #[test]
    fn counts_the_padding_unless_told_otherwise() {
        for (call, expected) in [("avgpool 3 padding=1", true), ("avgpool 3 padding=1 count_include_pad=false", false)]
        {
            let op = layer(call).expect("a valid call").lower(&[Shape::map(1, 5, 5)]);
            assert!(
                matches!(op, Op::AvgPool2d(op::AvgPool2d { count_include_pad, .. }) if count_include_pad == expected),
                "{op:?}"
            );
        }
    }

    #[test]
    fn refuses_what_has_no_meaning() {
        check(&[
            ("avgpool 3 dilation=2", "8x9x9", "E011 `avgpool` has no argument `dilation`"),
            ("avgpool 2 padding=2", "8x9x9", "E013 the padding of `avgpool` is at most half its kernel: 2 > 2/2"),
            ("avgpool 7", "512x4x4", "E021 window 7×7 does not fit the 4×4 input: ⌊(4 − 7 + 2·0)/7⌋ + 1 < 1"),
            (
                "avgpool 7",
                "512",
                "E020 `avgpool` needs a feature map C×H×W, but a vector of 512 arrives; put `avgpool` before `flatten`",
            ),
        ]);
    }
}
