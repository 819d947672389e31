//! Values one after the other.

use super::interface::{OpInterface, Passes, Reads, Role, Takes, Traits, ViewRule, Weights};
use super::operands::{Operands, require};
use crate::ir::Shape;
use crate::program::Mode;
use crate::program::encoding::Encoding;
use crate::program::memory::{Kept, Sizes, Workspace};

/// All inputs, one after the other along the channels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Concat;

fn joined(a: Shape, b: Shape) -> Shape {
    match a {
        Shape::Map { channels, height, width } => Shape::map(channels + b.channels(), height, width),
        Shape::Vector(features) => Shape::Vector(features + b.channels()),
    }
}

impl OpInterface for Concat {
    fn traits(&self) -> Traits {
        Traits {
            name: "concat",
            window: None,
            reads: Reads::NOTHING,
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
        let channels: usize = operands.inputs.iter().map(|input| input.channels()).sum();
        let sides = operands.inputs.iter().all(|input| input.sides() == operands.output.sides());
        require(sides && channels == operands.output.channels(), || {
            format!("it makes {} of {:?}", operands.output, operands.inputs)
        })?;
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
