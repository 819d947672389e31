//! Some of the channels, as `x[:, start:end]` in PyTorch.
//!
//! `slice 0 58`, `slice {channels // 2}`: without an end, all from there on

use super::{Definition, Layer};
use crate::arguments::{Arguments, Parameter};
use crate::diagnostic::{Code, Diagnostic};
use crate::ir::Shape;
use crate::layers::{Culprit, Mismatch};
use crate::program::{Op, op};

pub(crate) const SLICE: Definition = Definition {
    name: "slice",
    usage: "slice START [END]",
    inputs: Some(1),
    parameters: &[Parameter::positional::<usize>("start"), Parameter::positional::<usize>("end")],
    parse: |arguments| Ok(Box::new(Slice::parse(arguments)?)),
};

#[derive(Debug)]
struct Slice {
    start: usize,
    /// The first channel that is left out again.
    end: Option<usize>,
}

impl Slice {
    fn parse(arguments: &mut Arguments) -> Result<Slice, Diagnostic> {
        let start = arguments.required("start")?;
        let end = arguments.positional("end")?;
        match end.filter(|end| *end <= start) {
            None => Ok(Slice { start, end }),
            Some(end) => {
                Err(arguments.invalid("end", "`end` must be larger than `start`").label(format!("{end} ≤ {start}")))
            }
        }
    }
}

impl Layer for Slice {
    fn output(&self, inputs: &[Shape]) -> Result<Shape, Mismatch> {
        let all = inputs[0].channels();
        let end = self.end.unwrap_or(all);
        if end > all || self.start >= all {
            let (at, last) = if self.start >= all { ("start", self.start) } else { ("end", end) };
            return Err(Mismatch {
                code: Code::SizeMismatch,
                at: Culprit::Argument(at),
                message: format!("channels from {} to {end} are wanted, but {all} arrive", self.start),
                arithmetic: format!("{last} > {}", if at == "start" { all - 1 } else { all }),
                help: None,
            });
        }
        Ok(match inputs[0] {
            Shape::Map { height, width, .. } => Shape::map(end - self.start, height, width),
            Shape::Vector(_) => Shape::Vector(end - self.start),
        })
    }

    fn arithmetic(&self, inputs: &[Shape]) -> Option<String> {
        let end = self.end.unwrap_or(inputs[0].channels());
        Some(format!("{end} − {} = {}", self.start, end - self.start))
    }

    fn keeps_shape(&self, _input: Shape) -> bool {
        self.start == 0 && self.end.is_none()
    }

    fn lower(&self, _inputs: &[Shape]) -> Op {
        Op::Slice(op::Slice { start: self.start })
    }
}

#[cfg(test)]
mod tests {
    use crate::layers::testing::check;

    #[test]
    fn takes_channels() {
        check(&[
            ("slice 0 58", "116x28x28", "58×28×28 | 58 − 0 = 58"),
            ("slice 58", "116x28x28", "58×28×28 | 116 − 58 = 58"),
            ("slice start=2 end=5", "10", "3 | 5 − 2 = 3"),
            ("slice", "10", "E012 `slice` needs `start`: `start` (a whole number, zero or more) is missing"),
            ("slice 5 5", "10", "E013 `end` must be larger than `start`: 5 ≤ 5"),
            ("slice 5 11", "10", "E022 channels from 5 to 11 are wanted, but 10 arrive: 11 > 10"),
            ("slice 10", "10x2x2", "E022 channels from 10 to 10 are wanted, but 10 arrive: 10 > 9"),
        ]);
    }
}
