//! Group normalisation (Wu and He 2018), as <https://docs.pytorch.org/docs/stable/generated/torch.nn.GroupNorm.html>.
//!
//! `gn 32 eps=1e-5`; with as many groups as channels and `affine=false` it is instance normalisation

use super::{Definition, Layer, batch_norm};
use crate::arguments::{Arguments, Parameter, Positive};
use crate::diagnostic::Diagnostic;
use crate::ir::{Init, Shape};
use crate::layers::{Mismatch, Weight};
use crate::program::{Op, op};

pub(super) const GROUP_NORM: Definition = Definition {
    name: "gn",
    usage: "gn GROUPS [eps=1e-5 affine=false]",
    inputs: Some(1),
    parameters: &[
        Parameter::positional::<Positive>("groups"),
        Parameter::named::<f64>("eps"),
        Parameter::named::<bool>("affine"),
    ],
    parse: |arguments| Ok(Box::new(GroupNorm::parse(arguments)?)),
};

#[derive(Debug)]
struct GroupNorm {
    groups: usize,
    eps: f64,
    affine: bool,
}

impl GroupNorm {
    fn parse(arguments: &mut Arguments) -> Result<GroupNorm, Diagnostic> {
        let Positive(groups) = arguments.required("groups")?;
        let eps = batch_norm::eps(arguments)?;
        let affine = arguments.optional("affine")?.unwrap_or(true);
        Ok(GroupNorm { groups, eps, affine })
    }
}

impl Layer for GroupNorm {
    fn output(&self, inputs: &[Shape]) -> Result<Shape, Mismatch> {
        super::check_groups(inputs[0].channels(), self.groups, "channels")?;
        Ok(inputs[0])
    }

    fn weights(&self, inputs: &[Shape]) -> Vec<Weight> {
        if self.affine { affine(&[inputs[0].channels()]) } else { Vec::new() }
    }

    fn keeps_shape(&self, _input: Shape) -> bool {
        true
    }

    fn lower(&self, _inputs: &[Shape]) -> Op {
        Op::GroupNorm(op::GroupNorm { groups: self.groups, eps: self.eps })
    }
}

/// γ and β, which start as 1 and 0.
pub(super) fn affine(shape: &[usize]) -> Vec<Weight> {
    let weight = |name, value| Weight { name, shape: shape.to_vec(), init: Init::Constant(value), trainable: true };
    vec![weight("weight", 1.0), weight("bias", 0.0)]
}

#[cfg(test)]
mod tests {
    use crate::layers::testing::check;

    #[test]
    fn has_two_weights_a_channel() {
        check(&[
            ("gn 32", "64x8x8", "64×8×8 | weight 64, bias 64"),
            ("gn groups=4 eps=1e-3", "8", "8 | weight 8, bias 8"),
            ("gn 64 affine=false", "64x8x8", "64×8×8"),
            ("gn", "64x8x8", "E012 `gn` needs `groups`: `groups` (a whole number, one or more) is missing"),
            ("gn 0", "64x8x8", "E013 `groups` of `gn` must be a whole number, one or more: found `0`"),
            ("gn 32 eps=0", "64x8x8", "E013 `eps` must be positive: found `0`"),
            ("gn 32", "48x8x8", "E025 48 channels do not split into 32 groups: 48 mod 32 = 16"),
        ]);
    }
}
