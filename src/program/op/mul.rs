//! A product.

use super::interface::{OpInterface, Passes, Reads, Role, Takes, Traits, ViewRule, Weights};
use super::operands::{Operands, require};
use crate::ir::Shape;
use crate::program::Mode;
use crate::program::encoding::Encoding;
use crate::program::memory::{Kept, Sizes, Workspace};

/// The product of all inputs; sizes of 1 are stretched over those of the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mul;

/// The larger of both sizes, each time.
fn joined(a: Shape, b: Shape) -> Shape {
    match a.sides().zip(b.sides()) {
        Some(((rows, columns), (height, width))) => {
            Shape::map(a.channels().max(b.channels()), rows.max(height), columns.max(width))
        }
        None => a,
    }
}

impl OpInterface for Mul {
    fn traits(&self) -> Traits {
        Traits {
            name: "mul",
            window: None,
            reads: Reads::INPUTS,
            passes: Passes::Nothing,
            view: ViewRule::Never,
            weights: Weights::None,
            epilogue: Takes::NOTHING,
            role: Role::Other,
            pairwise: Some(joined),
        }
    }

    fn verify(&self, operands: &Operands) -> Result<(), String> {
        operands.several()?;
        let together = operands.inputs[1..].iter().fold(operands.inputs[0], |a, b| joined(a, *b));
        let is_part = |input: &Shape| {
            let sizes = input.dims().into_iter().zip(operands.output.dims());
            input.sides().is_some() == operands.output.sides().is_some()
                && sizes.into_iter().all(|(size, whole)| size == whole || size == 1 && input.sides().is_some())
        };
        let fits = together == operands.output && operands.inputs.iter().all(is_part);
        require(fits, || format!("it makes {} of {:?}", operands.output, operands.inputs))?;
        operands.no_weights()
    }

    fn check(&self, _mode: Mode, _batch: usize, _input: Shape) -> Result<(), String> {
        Ok(())
    }

    fn kept(&self, _mode: Mode, _batch: usize, _output: Shape) -> Kept {
        Kept::NONE
    }

    fn workspace(&self, _sizes: Sizes) -> Workspace {
        Workspace::NONE
    }

    fn encode(&self, _arguments: &mut Encoding) {}
}
