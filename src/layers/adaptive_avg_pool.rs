//! Average pooling to a given size, as <https://docs.pytorch.org/docs/stable/generated/torch.nn.AdaptiveAvgPool2d.html>.
//!
//! `adaptive_avgpool 7`, `adaptive_avgpool 7x7`; `adaptive_avgpool 1` is global average pooling

use super::{Definition, Layer, Reach};
use crate::arguments::{Arguments, Pair, PositivePair};
use crate::diagnostic::Diagnostic;
use crate::graph::{Mismatch, Shape};
use crate::program::Op;

pub(super) const ADAPTIVE_AVG_POOL: Definition = Definition {
    name: "adaptive_avgpool",
    usage: "adaptive_avgpool SIZE",
    inputs: Some(1),
    parse: |arguments| Ok(Box::new(AdaptiveAvgPool::parse(arguments)?)),
};

#[derive(Debug)]
struct AdaptiveAvgPool {
    size: Pair,
}

impl AdaptiveAvgPool {
    fn parse(arguments: &mut Arguments) -> Result<AdaptiveAvgPool, Diagnostic> {
        let PositivePair(size) = arguments.required("size")?;
        Ok(AdaptiveAvgPool { size })
    }
}

impl Layer for AdaptiveAvgPool {
    fn output(&self, inputs: &[Shape]) -> Result<Shape, Mismatch> {
        let (channels, ..) = super::map_input("adaptive_avgpool", inputs[0])?;
        Ok(Shape::map(channels, self.size.height, self.size.width))
    }

    fn arithmetic(&self, inputs: &[Shape]) -> Option<String> {
        let (_, height, width) = super::map_input("adaptive_avgpool", inputs[0]).ok()?;
        Some(format!("{height}×{width} in {} bins", self.size))
    }

    fn reach(&self, inputs: &[Shape]) -> Reach {
        let Shape::Map { height, width, .. } = inputs[0] else { return Reach::POINT };
        let [(down, step_down), (across, step_across)] =
            [widest_bin(height, self.size.height), widest_bin(width, self.size.width)];
        Reach { span: Pair { height: down, width: across }, step: Pair { height: step_down, width: step_across } }
    }

    fn lower(&self, _inputs: &[Shape]) -> Op {
        Op::AdaptiveAvgPool2d
    }
}

/// The length of the longest of the `m` bins ⌊i·n/m⌋ to ⌈(i+1)·n/m⌉, and the largest distance between two neighbours' starts.
fn widest_bin(n: usize, m: usize) -> (usize, usize) {
    let step = n.div_ceil(m);
    // In units of 1/m pixel all bins are n long and start at multiples of gcd(n, m). Rounding outwards adds a whole pixel
    // to some bin exactly if n leaves more than one such unit over.
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
