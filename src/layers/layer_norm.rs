//! Layer normalisation (Ba et al. 2016), as <https://docs.pytorch.org/docs/stable/generated/torch.nn.LayerNorm.html>.
//!
//! `ln` normalises all features of an example, as `LayerNorm([C, H, W])` or `LayerNorm(C)`; `ln channels eps=1e-6`
//! normalises the channels at each position of a map, as ConvNeXt does (Liu et al. 2022) and `LayerNorm2d` in
//! torchvision and timm

use super::{Definition, Layer, batch_norm, group_norm};
use crate::arguments::{Arguments, Parameter};
use crate::diagnostic::Diagnostic;
use crate::ir::Shape;
use crate::layers::{Mismatch, Weight};
use crate::program::{Op, Over, op};

pub(super) const LAYER_NORM: Definition = Definition {
    name: "ln",
    usage: "ln [channels eps=1e-5 affine=false]",
    inputs: Some(1),
    parameters: &[Parameter::flag("channels"), Parameter::named::<f64>("eps"), Parameter::named::<bool>("affine")],
    parse: |arguments| Ok(Box::new(LayerNorm::parse(arguments)?)),
};

#[derive(Debug)]
struct LayerNorm {
    over: Over,
    eps: f64,
    affine: bool,
}

impl LayerNorm {
    fn parse(arguments: &mut Arguments) -> Result<LayerNorm, Diagnostic> {
        let over = if arguments.flag("channels")? { Over::Channels } else { Over::Example };
        let eps = batch_norm::eps(arguments)?;
        let affine = arguments.optional("affine")?.unwrap_or(true);
        Ok(LayerNorm { over, eps, affine })
    }
}

impl Layer for LayerNorm {
    fn output(&self, inputs: &[Shape]) -> Result<Shape, Mismatch> {
        Ok(inputs[0])
    }

    fn weights(&self, inputs: &[Shape]) -> Vec<Weight> {
        match (self.affine, self.over) {
            (false, _) => Vec::new(),
            (true, Over::Example) => group_norm::affine(&inputs[0].dims()),
            (true, Over::Channels) => group_norm::affine(&[inputs[0].channels()]),
        }
    }

    fn keeps_shape(&self, _input: Shape) -> bool {
        true
    }

    fn lower(&self, inputs: &[Shape]) -> Op {
        // A vector has one position: its channels are the example.
        let over = if let Shape::Vector(_) = inputs[0] { Over::Example } else { self.over };
        Op::LayerNorm(op::LayerNorm { over, eps: self.eps })
    }
}

#[cfg(test)]
mod tests {
    use crate::ir::Shape;
    use crate::layers::testing::{check, layer};
    use crate::program::{Op, Over, op};

    #[test]
    fn has_a_weight_for_what_differs() {
        check(&[
            ("ln", "64x8x8", "64×8×8 | weight 64×8×8, bias 64×8×8"),
            ("ln channels eps=1e-6", "64x8x8", "64×8×8 | weight 64, bias 64"),
            ("ln", "512", "512 | weight 512, bias 512"),
            ("ln channels", "512", "512 | weight 512, bias 512"),
            ("ln affine=false", "64x8x8", "64×8×8"),
            ("ln 64", "64x8x8", "E011 `ln` does not take `64`"),
            ("ln eps=-1", "64x8x8", "E013 `eps` must be positive: found `-1`"),
        ]);
    }

    #[test]
    fn says_what_is_normalised_together() {
        let (map, vector) = (Shape::map(2, 3, 3), Shape::Vector(4));
        for (call, input, over) in [
            ("ln", map, Over::Example),
            ("ln channels", map, Over::Channels),
            ("ln", vector, Over::Example),
            ("ln channels", vector, Over::Example),
        ] {
            let op = layer(call).expect("a valid call").lower(&[input]);
            assert_eq!(op, Op::LayerNorm(op::LayerNorm { over, eps: 1e-5 }), "{call} over {input}");
        }
    }
}
