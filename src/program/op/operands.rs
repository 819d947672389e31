//! The shapes that an operation is handed, for [`OpInterface::verify`](super::interface::OpInterface::verify).

use crate::ir::{Shape, Window};

/// Shapes of one example, and of the operation's own weights.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Operands<'a> {
    pub(crate) inputs: &'a [Shape],
    pub(crate) output: Shape,
    pub(crate) weights: &'a [&'a [usize]],
}

/// Channels, height and width.
pub(super) type Sizes = [usize; 3];

impl Operands<'_> {
    /// The only input.
    pub(super) fn input(&self) -> Result<Shape, String> {
        match self.inputs {
            [input] => Ok(*input),
            inputs => Err(format!("it has {} inputs, not one", inputs.len())),
        }
    }

    /// The only input, whose shape is the output's.
    pub(super) fn unchanged(&self) -> Result<Shape, String> {
        let input = self.input()?;
        require(input == self.output, || format!("it makes {} of {input}", self.output))?;
        Ok(input)
    }

    /// Only one input, which has as many numbers as the output.
    pub(super) fn rearranged(&self) -> Result<(), String> {
        let input = self.input()?;
        require(input.elements() == self.output.elements(), || format!("it makes {} of {input}", self.output))
    }

    /// The only input and the output, both of which are maps.
    pub(super) fn maps(&self) -> Result<[Sizes; 2], String> {
        let sizes = |shape: Shape| match shape {
            Shape::Map { channels, height, width } => Ok([channels, height, width]),
            Shape::Vector(_) => Err(format!("{shape} is no map")),
        };
        Ok([sizes(self.input()?)?, sizes(self.output)?])
    }

    /// As [`Operands::maps`], and that both have the same channels.
    pub(super) fn planes(&self) -> Result<[Sizes; 2], String> {
        let maps @ [[before, ..], [after, ..]] = self.maps()?;
        require(before == after, || format!("it makes {after} channels of {before}"))?;
        Ok(maps)
    }

    /// That there are several inputs.
    pub(super) fn several(&self) -> Result<(), String> {
        require(self.inputs.len() > 1, || format!("it has {} inputs, not several", self.inputs.len()))
    }

    /// That there are no weights.
    pub(super) fn no_weights(&self) -> Result<(), String> {
        self.weights_are(&[&[]])
    }

    /// That the weights have the shapes of one of these lists.
    pub(super) fn weights_are(&self, lists: &[&[&[usize]]]) -> Result<(), String> {
        require(lists.contains(&self.weights), || format!("its weights are {:?}, not one of {lists:?}", self.weights))
    }
}

/// That a window makes the rows and columns of `output` of those of `input`.
pub(super) fn slides(window: &Window, [_, height, width]: Sizes, [_, rows, columns]: Sizes) -> Result<(), String> {
    let [down, across] = window.axes();
    [(down, height, rows), (across, width, columns)].into_iter().try_for_each(|(axis, input, output)| {
        require(axis.count(input) == Some(output), || format!("{} is not {output}", axis.formula(input)))
    })
}

pub(super) fn require(holds: bool, otherwise: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(otherwise()) }
}
