//! A window of a map: the one in the middle, as
//! <https://docs.pytorch.org/vision/stable/generated/torchvision.transforms.v2.CenterCrop.html>, or what is left when
//! rows and columns are cut off.
//!
//! `crop 28`, `crop like=down1`, `crop top=1 left=1`

use super::like::{LIKE, Like};
use super::{Definition, Layer};
use crate::arguments::{Arguments, Parameter, PositivePair};
use crate::diagnostic::{Code, Diagnostic};
use crate::ir::{Pair, Shape};
use crate::layers::{Culprit, Mismatch};
use crate::program::{Op, op};

pub(super) const CROP: Definition = Definition {
    name: "crop",
    usage: "crop SIZE, crop like=NAME, or crop [top=N bottom=N left=N right=N]",
    inputs: Some(1),
    parameters: &[
        Parameter::named::<usize>("top"),
        Parameter::named::<usize>("bottom"),
        Parameter::named::<usize>("left"),
        Parameter::named::<usize>("right"),
        LIKE,
        Parameter::positional::<PositivePair>("size"),
    ],
    parse: |arguments| Ok(Box::new(Crop::parse(arguments)?)),
};

#[derive(Debug)]
enum Crop {
    To(Pair),
    /// How many rows and columns are cut off before and behind.
    Off {
        rows: (usize, usize),
        columns: (usize, usize),
    },
}

impl Crop {
    fn parse(arguments: &mut Arguments) -> Result<Crop, Diagnostic> {
        const SIDES: [&str; 4] = ["top", "bottom", "left", "right"];
        let mut sides = [None; 4];
        for (side, key) in sides.iter_mut().zip(SIDES) {
            *side = arguments.optional(key)?;
        }
        arguments.optional::<Like>("like")?;
        let Some(first) = sides.iter().position(Option::is_some) else {
            let PositivePair(size) = arguments.required("size")?;
            return Ok(Crop::To(size));
        };
        if arguments.positional::<PositivePair>("size")?.is_some() {
            let message = "a crop has a size, or it cuts off its sides, not both";
            return Err(arguments.beside(arguments.invalid("size", message), SIDES[first], "cuts off a side"));
        }
        let [top, bottom, left, right] = sides.map(Option::unwrap_or_default);
        Ok(Crop::Off { rows: (top, bottom), columns: (left, right) })
    }

    /// What is cut off before and behind `height` rows and `width` columns; too much of what is too small.
    fn cut(&self, height: usize, width: usize) -> [(usize, usize); 2] {
        match self {
            Crop::To(size) => [(height, size.height), (width, size.width)].map(|(all, kept)| {
                let rest = all.saturating_sub(kept);
                let before = half_even(rest);
                (before, rest - before)
            }),
            Crop::Off { rows, columns } => [*rows, *columns],
        }
    }
}

/// Half of it, rounded to an even number where it is not whole, as Python rounds.
fn half_even(number: usize) -> usize {
    number / 2 + usize::from(number % 4 == 3)
}

impl Layer for Crop {
    fn output(&self, inputs: &[Shape]) -> Result<Shape, Mismatch> {
        let (channels, height, width) = super::map_input("crop", inputs[0])?;
        let too_small = |at, message, arithmetic| Mismatch {
            code: Code::WindowDoesNotFit,
            at: Culprit::Argument(at),
            message,
            arithmetic,
            help: None,
        };
        if let Crop::To(size) = self {
            for (kept, all) in [(size.height, height), (size.width, width)] {
                if kept > all {
                    let message = format!("a crop to {size} does not fit the {height}×{width} input");
                    return Err(too_small("size", message, format!("{kept} > {all}")));
                }
            }
            return Ok(Shape::map(channels, size.height, size.width));
        }
        let [rows, columns] = self.cut(height, width);
        for (at, (before, behind), all) in [("top", rows, height), ("left", columns, width)] {
            if before + behind >= all {
                let message = format!("nothing is left of the {height}×{width} input");
                return Err(too_small(at, message, format!("{before} + {behind} ≥ {all}")));
            }
        }
        Ok(Shape::map(channels, height - rows.0 - rows.1, width - columns.0 - columns.1))
    }

    fn arithmetic(&self, inputs: &[Shape]) -> Option<String> {
        let (height, width) = inputs[0].sides()?;
        let [rows, columns] = self.cut(height, width);
        let line = |(all, (before, behind)): (usize, (usize, usize))| {
            (before + behind > 0).then(|| format!("{all} − {before} − {behind} = {}", all - before - behind))
        };
        let mut lines: Vec<String> = [(height, rows), (width, columns)].into_iter().filter_map(line).collect();
        lines.dedup();
        (!lines.is_empty()).then(|| lines.join(", "))
    }

    fn keeps_shape(&self, _input: Shape) -> bool {
        matches!(self, Crop::Off { rows: (0, 0), columns: (0, 0) })
    }

    fn lower(&self, inputs: &[Shape]) -> Op {
        let (height, width) = inputs[0].sides().expect("a map was checked for");
        let [(top, _), (left, _)] = self.cut(height, width);
        Op::Crop(op::Crop { top, left })
    }
}

#[cfg(test)]
mod tests {
    use crate::ir::Shape;
    use crate::layers::testing::{check, layer};
    use crate::program::{Op, op};

    #[test]
    fn takes_windows() {
        check(&[
            ("crop 28", "64x32x32", "64×28×28 | 32 − 2 − 2 = 28"),
            ("crop 56x5", "64x64x8", "64×56×5 | 64 − 4 − 4 = 56, 8 − 2 − 1 = 5"),
            ("crop size=4", "3x4x4", "3×4×4"),
            ("crop top=1 right=2", "3x8x8", "3×7×6 | 8 − 1 − 0 = 7, 8 − 0 − 2 = 6"),
            ("crop top=0", "3x8x8", "3×8×8"),
        ]);
    }

    /// The corners are those of torchvision 0.29's `center_crop`.
    #[test]
    fn takes_the_middle_as_torchvision_does() {
        for (height, kept, top) in [(5, 4, 0), (5, 2, 2), (7, 2, 2), (9, 2, 4), (568, 392, 88), (8, 8, 0)] {
            let op = layer(&format!("crop {kept}x1")).expect("a valid call").lower(&[Shape::map(3, height, 1)]);
            assert_eq!(op, Op::Crop(op::Crop { top, left: 0 }), "{kept} of {height}");
        }
    }

    #[test]
    fn refuses_what_has_no_meaning() {
        check(&[
            (
                "crop",
                "3x8x8",
                "E012 `crop` needs `size`: `size` (a whole number or a size such as `3x5`, one or more) is missing",
            ),
            ("crop 3 top=1", "3x8x8", "E013 a crop has a size, or it cuts off its sides, not both"),
            ("crop 4x9", "3x8x8", "E021 a crop to 4×9 does not fit the 8×8 input: 9 > 8"),
            ("crop top=4 bottom=4", "3x8x8", "E021 nothing is left of the 8×8 input: 4 + 4 ≥ 8"),
            (
                "crop 2",
                "512",
                "E020 `crop` needs a feature map C×H×W, but a vector of 512 arrives; put `crop` before `flatten`",
            ),
        ]);
    }
}
