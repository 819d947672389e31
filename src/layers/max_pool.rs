//! Max pooling, as <https://docs.pytorch.org/docs/stable/generated/torch.nn.MaxPool2d.html>.
//!
//! `maxpool 3x3 s2 p1 d1 ceil`

use super::window::{CEIL, DILATION, KERNEL, PADDING, STRIDE};
use super::{Definition, Layer, Window};
use crate::arguments::Arguments;
use crate::diagnostic::Diagnostic;
use crate::ir::Shape;
use crate::layers::Mismatch;
use crate::program::{Op, op};

pub(super) const MAX_POOL: Definition = Definition {
    name: "maxpool",
    usage: "maxpool KERNEL [sN pN dN ceil]",
    inputs: Some(1),
    parameters: &[KERNEL, STRIDE, PADDING, DILATION, CEIL],
    parse: |arguments| Ok(Box::new(MaxPool::parse(arguments)?)),
};

#[derive(Debug)]
struct MaxPool {
    window: Window,
}

impl MaxPool {
    fn parse(arguments: &mut Arguments) -> Result<MaxPool, Diagnostic> {
        Ok(MaxPool { window: Window::parse_max_pool(arguments)? })
    }
}

impl Layer for MaxPool {
    fn output(&self, inputs: &[Shape]) -> Result<Shape, Mismatch> {
        let (channels, height, width) = super::map_input("maxpool", inputs[0])?;
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
        Op::MaxPool2d(op::MaxPool2d { window: self.window })
    }
}

#[cfg(test)]
mod tests {
    use crate::layers::testing::check;

    #[test]
    fn follows_pytorch() {
        check(&[
            // AlexNet's overlapping pool.
            ("maxpool 3x3 stride=2", "96x55x55", "96×27×27 | (55 − 3 + 2·0)/2 + 1 = 27"),
            ("maxpool 2", "64x224x224", "64×112×112 | (224 − 2 + 2·0)/2 + 1 = 112"),
            ("maxpool 3 stride=2 padding=1", "64x112x112", "64×56×56 | ⌊(112 − 3 + 2·1)/2⌋ + 1 = 56"),
            ("maxpool 3 stride=2 ceil", "64x112x112", "64×56×56 | ⌈(112 − 3 + 2·0)/2⌉ + 1 = 56"),
            ("maxpool 3 stride=2 ceil=false", "64x112x112", "64×55×55 | ⌊(112 − 3 + 2·0)/2⌋ + 1 = 55"),
            ("maxpool 2 padding=1 ceil", "8x5x5", "8×3×3 | ⌊(5 − 2 + 2·1)/2⌋ + 1 = 3"),
            ("maxpool 2x3 stride=1x2", "8x4x9", "8×3×4 | (4 − 2 + 2·0)/1 + 1 = 3, (9 − 3 + 2·0)/2 + 1 = 4"),
            ("maxpool 3 stride=1 dilation=2", "8x7x7", "8×3×3 | (7 − (2·(3 − 1) + 1) + 2·0)/1 + 1 = 3"),
            ("maxpool 3 dilation=2 padding=1", "8x7x7", "8×2×2 | ⌊(7 − (2·(3 − 1) + 1) + 2·1)/3⌋ + 1 = 2"),
        ]);
    }

    #[test]
    fn refuses_what_has_no_meaning() {
        check(&[
            (
                "maxpool",
                "8x4x4",
                "E012 `maxpool` needs `kernel`: `kernel` (a whole number or a size such as `3x5`, one or more) is missing",
            ),
            (
                "maxpool 0",
                "8x4x4",
                "E013 `kernel` of `maxpool` must be a whole number or a size such as `3x5`, one or more: found `0`",
            ),
            (
                "maxpool 3 stride=0",
                "8x4x4",
                "E013 `stride` of `maxpool` must be a whole number or a size such as `3x5`, one or more: found `0`",
            ),
            ("maxpool 3 padding=2", "8x4x4", "E013 the padding of `maxpool` is at most half its kernel: 2 > 3/2"),
            (
                "maxpool 3 padding=2 dilation=2",
                "8x7x7",
                "E013 the padding of `maxpool` is at most half its kernel: 2 > 3/2",
            ),
            ("maxpool 3 padding=1x2", "8x4x4", "E013 the padding of `maxpool` is at most half its kernel: 2 > 3/2"),
            ("maxpool 3 ceiling", "8x4x4", "E011 `maxpool` does not take `ceiling`"),
            ("maxpool 3 stride=2", "512x2x2", "E021 window 3×3 does not fit the 2×2 input: ⌊(2 − 3 + 2·0)/2⌋ + 1 < 1"),
            (
                "maxpool 2",
                "512",
                "E020 `maxpool` needs a feature map C×H×W, but a vector of 512 arrives; put `maxpool` before `flatten`",
            ),
        ]);
    }
}
