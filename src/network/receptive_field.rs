//! How much of the network's input each value depends on.
//!
//! A layer that reads F pixels, S apart from one output to the next, makes of a field r with jump j the field r + (F −
//! 1)·j with jump S·j. Where several values meet, the largest field counts; what is stretched over all positions is the
//! same field for all of them. Padding plays no part, so a field can be larger than the input. Source: Araujo et al.
//! 2019, <https://distill.pub/2019/computing-receptive-fields/>.

use std::fmt;

use super::Network;
use crate::ir::{Pair, Reach, ValueId};

/// The part of the network's input that one position of a value depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReceptiveField {
    /// Height and width, in pixels of the input.
    pub size: Pair,
    /// Pixels of the input between the fields of two neighbours.
    pub jump: Pair,
}

impl ReceptiveField {
    const PIXEL: ReceptiveField = ReceptiveField { size: Pair::square(1), jump: Pair::square(1) };

    fn through(self, reach: Reach) -> ReceptiveField {
        let grow = |size: usize, jump: usize, span: usize| size.saturating_add(jump.saturating_mul(span - 1));
        ReceptiveField {
            size: Pair {
                height: grow(self.size.height, self.jump.height, reach.span.height),
                width: grow(self.size.width, self.jump.width, reach.span.width),
            },
            jump: Pair {
                height: self.jump.height.saturating_mul(reach.step.height),
                width: self.jump.width.saturating_mul(reach.step.width),
            },
        }
    }

    fn union(self, other: ReceptiveField) -> ReceptiveField {
        let larger = |a: Pair, b: Pair| Pair { height: a.height.max(b.height), width: a.width.max(b.width) };
        ReceptiveField { size: larger(self.size, other.size), jump: larger(self.jump, other.jump) }
    }
}

impl fmt::Display for ReceptiveField {
    /// `11`, or `11×7` where height and width differ.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.size.height, self.size.width) {
            // Where sizes stop.
            (usize::MAX, _) | (_, usize::MAX) => f.write_str("over 10^19"),
            (height, width) if height == width => write!(f, "{height}"),
            _ => write!(f, "{}", self.size),
        }
    }
}

impl Network {
    /// The receptive field of every value, by [`crate::ir::ValueId::index`]: the network's input first.
    pub fn receptive_fields(&self) -> Vec<ReceptiveField> {
        let mut fields = vec![ReceptiveField::PIXEL];
        for node in &self.graph.nodes {
            let reach = node.layer.reach(&self.graph.input_shapes(node));
            let is_stretched = |input: &ValueId| {
                node.inputs.len() > 1 && self.graph.shape(*input).positions() < node.output.positions()
            };
            let inputs = node.inputs.iter().map(|input| match fields[input.index()] {
                field if is_stretched(input) => ReceptiveField { jump: Pair::square(0), ..field },
                field => field.through(reach),
            });
            fields.push(inputs.reduce(ReceptiveField::union).unwrap_or(ReceptiveField::PIXEL));
        }
        fields
    }
}

#[cfg(test)]
mod tests {
    use crate::compile;

    /// Layers, and the field that their last output has. AlexNet's and VGG16's are those of Araujo et al. 2019.
    #[test]
    fn grows_by_the_jump() {
        for (layers, expected) in [
            ("relu -> bn", "1"),
            ("conv 8 3x3 -> conv 8 3x3", "5"),
            ("conv 8 3x3 s2 -> conv 8 3x3", "7"),
            ("conv 8 3x3 d2 -> conv 8 1x1", "5"),
            ("conv 8 1x7 p0x3 -> conv 8 3x1 s2x1", "3×7"),
            ("maxpool 2 -> maxpool 2 -> conv 8 3x3", "12"),
            ("conv 8 3x3 -> adaptive_avgpool 1", "224"),
            // Bins of up to 46 pixels, at most 45 apart.
            ("adaptive_avgpool 5 -> conv 8 2x2", "91"),
            // Pixels of an enlarged map count as far apart as those that they were made of, so that the field is an
            // upper bound.
            ("conv 8 3x3 s2 -> conv_transpose 8 4x4 s2 -> conv 8 3x3", "9"),
            ("conv 8 3x3 -> upsample 2 -> upsample 2 bilinear -> depthwise 3x3", "6"),
            ("conv 8 3x3 -> flatten -> linear 10", "224"),
            (
                "conv 96 11x11 s4 p2 -> maxpool 3 s2 -> conv 8 5x5 p2 -> maxpool 3 s2 -> (conv 8 3x3 p1) x 3 -> maxpool 3 s2",
                "195",
            ),
            ("((conv 8 3x3 p1) x 2 -> maxpool 2) x 2 -> ((conv 8 3x3 p1) x 3 -> maxpool 2) x 3", "212"),
        ] {
            let network = compile(&format!("input: [3, 224, 224]\nlayers: [{layers}]")).expect("a sound network");
            let fields = network.receptive_fields();
            assert_eq!(fields[network.output.index()].to_string(), expected, "{layers}");
        }
    }

    #[test]
    fn is_the_largest_of_what_meets() {
        let network = compile(
            "input: [8, 32, 32]\nlayers:\n  - residual: [conv 8 3x3 p1, conv 8 5x3 p2x1]\n    shortcut: [conv 8 1x1]",
        );
        let network = network.expect("a sound network");
        assert_eq!(network.receptive_fields()[network.output.index()].to_string(), "7×5");
        // What is one number for all positions sees everything, and moves nowhere.
        let network = compile(
            "input: [8, 32, 32]\nlayers:\n  - branches: [identity, global_avgpool -> sigmoid]\n    merge: mul\n  - conv 8 3x3",
        );
        let network = network.expect("a sound network");
        assert_eq!(network.receptive_fields()[network.output.index()].to_string(), "34");
    }
}
