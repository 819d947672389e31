//! Pooling to a given size, as <https://docs.pytorch.org/docs/stable/generated/torch.nn.AdaptiveAvgPool2d.html> and
//! <https://docs.pytorch.org/docs/stable/generated/torch.nn.AdaptiveMaxPool2d.html>.
//!
//! `adaptive_avgpool 7`, `adaptive_maxpool 7x5`; `global_avgpool` and `global_maxpool` pool to 1×1, a map still

use super::{Definition, Layer, Reach};
use crate::arguments::{Arguments, Parameter, PositivePair};
use crate::diagnostic::Diagnostic;
use crate::ir::{Pair, Shape};
use crate::layers::Mismatch;
use crate::program::Op;

pub(super) const ADAPTIVE_AVG_POOL: Definition = Definition {
    name: "adaptive_avgpool",
    usage: "adaptive_avgpool SIZE",
    inputs: Some(1),
    parameters: &[Parameter::positional::<PositivePair>("size")],
    parse: |arguments| AdaptivePool::parse(arguments, Op::AdaptiveAvgPool2d),
};

pub(super) const ADAPTIVE_MAX_POOL: Definition = Definition {
    name: "adaptive_maxpool",
    usage: "adaptive_maxpool SIZE",
    inputs: Some(1),
    parameters: &[Parameter::positional::<PositivePair>("size")],
    parse: |arguments| AdaptivePool::parse(arguments, Op::AdaptiveMaxPool2d),
};

pub(super) const GLOBAL_AVG_POOL: Definition = Definition {
    name: "global_avgpool",
    usage: "global_avgpool",
    inputs: Some(1),
    parameters: &[],
    parse: |_| Ok(AdaptivePool::global("global_avgpool", Op::AdaptiveAvgPool2d)),
};

pub(super) const GLOBAL_MAX_POOL: Definition = Definition {
    name: "global_maxpool",
    usage: "global_maxpool",
    inputs: Some(1),
    parameters: &[],
    parse: |_| Ok(AdaptivePool::global("global_maxpool", Op::AdaptiveMaxPool2d)),
};

#[derive(Debug)]
struct AdaptivePool {
    /// What messages call it.
    kind: String,
    size: Pair,
    op: Op,
}

impl AdaptivePool {
    fn parse(arguments: &mut Arguments, op: Op) -> Result<Box<dyn Layer>, Diagnostic> {
        let PositivePair(size) = arguments.required("size")?;
        Ok(Box::new(AdaptivePool { kind: arguments.callee().value.clone(), size, op }))
    }

    fn global(kind: &str, op: Op) -> Box<dyn Layer> {
        Box::new(AdaptivePool { kind: kind.to_string(), size: Pair::square(1), op })
    }
}

impl Layer for AdaptivePool {
    fn output(&self, inputs: &[Shape]) -> Result<Shape, Mismatch> {
        let (channels, ..) = super::map_input(&self.kind, inputs[0])?;
        Ok(Shape::map(channels, self.size.height, self.size.width))
    }

    fn arithmetic(&self, inputs: &[Shape]) -> Option<String> {
        let (_, height, width) = super::map_input(&self.kind, inputs[0]).ok()?;
        Some(format!("{height}×{width} in {} bins", self.size))
    }

    fn reach(&self, inputs: &[Shape]) -> Reach {
        let Shape::Map { height, width, .. } = inputs[0] else { return Reach::POINT };
        let [(down, step_down), (across, step_across)] =
            [widest_bin(height, self.size.height), widest_bin(width, self.size.width)];
        Reach { span: Pair { height: down, width: across }, step: Pair { height: step_down, width: step_across } }
    }

    fn lower(&self, _inputs: &[Shape]) -> Op {
        self.op.clone()
    }
}

/// The length of the longest of the `m` bins ⌊i·n/m⌋ to ⌈(i+1)·n/m⌉, and the largest distance between two neighbours'
/// starts.
fn widest_bin(n: usize, m: usize) -> (usize, usize) {
    let step = n.div_ceil(m);
    // In units of 1/m pixel all bins are n long and start at multiples of gcd(n, m). Rounding outwards adds a whole
    // pixel to some bin exactly if n leaves more than one such unit over.
    let longest = if n % m > gcd(n, m) { step + 1 } else { step };
    (longest, step)
}

fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::widest_bin;
    use crate::layers::testing::check;

    #[test]
    fn follows_pytorch() {
        check(&[
            ("adaptive_avgpool 7", "512x14x14", "512×7×7 | 14×14 in 7×7 bins"),
            ("adaptive_avgpool 1", "2048x7x5", "2048×1×1 | 7×5 in 1×1 bins"),
            ("adaptive_avgpool 3x2", "8x7x7", "8×3×2 | 7×7 in 3×2 bins"),
            // PyTorch repeats pixels rather than refuse.
            ("adaptive_avgpool size=7", "512x1x1", "512×7×7 | 1×1 in 7×7 bins"),
            ("adaptive_maxpool 3x2", "8x7x7", "8×3×2 | 7×7 in 3×2 bins"),
            ("global_avgpool", "2048x7x5", "2048×1×1 | 7×5 in 1×1 bins"),
            ("global_maxpool", "2048x7x5", "2048×1×1 | 7×5 in 1×1 bins"),
        ]);
    }

    #[test]
    fn refuses_what_has_no_meaning() {
        check(&[
            (
                "adaptive_avgpool 0",
                "8x4x4",
                "E013 `size` of `adaptive_avgpool` must be a whole number or a size such as `3x5`, one or more: found `0`",
            ),
            ("adaptive_avgpool 7 stride=2", "8x4x4", "E011 `adaptive_avgpool` has no argument `stride`"),
            ("global_avgpool 7", "8x4x4", "E011 `global_avgpool` does not take `7`"),
            (
                "global_maxpool",
                "512",
                "E020 `global_maxpool` needs a feature map C×H×W, but a vector of 512 arrives; put `global_maxpool` before `flatten`",
            ),
            (
                "adaptive_avgpool 1",
                "512",
                "E020 `adaptive_avgpool` needs a feature map C×H×W, but a vector of 512 arrives; put `adaptive_avgpool` before `flatten`",
            ),
        ]);
    }

    #[test]
    fn finds_the_widest_bin() {
        for n in 1..30 {
            for m in 1..30 {
                let start = |i: usize| i * n / m;
                let length = (0..m).map(|i| ((i + 1) * n).div_ceil(m) - start(i)).max().expect("m > 0");
                assert_eq!(widest_bin(n, m).0, length, "{n} in {m} bins");
                let step = (1..m).map(|i| start(i) - start(i - 1)).max().unwrap_or(0);
                assert!(step <= widest_bin(n, m).1, "{n} in {m} bins");
            }
        }
    }
}
