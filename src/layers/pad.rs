//! Pixels around a map, and channels before and after, as
//! <https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.pad.html>.
//!
//! `pad 1`, `pad 1x2 reflect`, `pad bottom=1 right=1`; `pad channels=8` adds eight channels of zeros on either side,
//! `pad back=8` behind the last

use super::{Definition, Layer};
use crate::arguments::{Arguments, Parameter};
use crate::diagnostic::{Code, Diagnostic};
use crate::ir::{Pair, Shape};
use crate::layers::{Culprit, Mismatch};
use crate::program::{Fill, Op, op};

pub(crate) const PAD: Definition = Definition {
    name: "pad",
    usage: "pad [SIZE] [top=N bottom=N left=N right=N channels=N front=N back=N reflect replicate]",
    inputs: Some(1),
    parameters: &[
        Parameter::named::<usize>("top"),
        Parameter::named::<usize>("bottom"),
        Parameter::named::<usize>("left"),
        Parameter::named::<usize>("right"),
        Parameter::named::<usize>("channels"),
        Parameter::named::<usize>("front"),
        Parameter::named::<usize>("back"),
        Parameter::positional::<Pair>("size"),
        Parameter::flag("reflect"),
        Parameter::flag("replicate"),
    ],
    parse: |arguments| Ok(Box::new(Pad::parse(arguments)?)),
};

#[derive(Debug)]
struct Pad {
    fill: Fill,
    /// Before and after.
    rows: (usize, usize),
    columns: (usize, usize),
    channels: (usize, usize),
}

impl Pad {
    fn parse(arguments: &mut Arguments) -> Result<Pad, Diagnostic> {
        let mut sides = [None; 7];
        for (side, key) in sides.iter_mut().zip(["top", "bottom", "left", "right", "channels", "front", "back"]) {
            *side = arguments.optional(key)?;
        }
        let size = match sides.iter().flatten().next() {
            Some(_) => arguments.positional("size")?.unwrap_or(Pair::square(0)),
            None => arguments.required("size")?,
        };
        let [top, bottom, left, right, channels, front, back] = sides;
        let channels = channels.unwrap_or(0);
        let (reflect, replicate) = (arguments.flag("reflect")?, arguments.flag("replicate")?);
        let fill = match (reflect, replicate) {
            (false, false) => Fill::Zero,
            (true, false) => Fill::Reflect,
            (false, true) => Fill::Replicate,
            (true, true) => {
                return Err(arguments.invalid("replicate", "a padding is `reflect` or `replicate`, not both"));
            }
        };
        Ok(Pad {
            fill,
            rows: (top.unwrap_or(size.height), bottom.unwrap_or(size.height)),
            columns: (left.unwrap_or(size.width), right.unwrap_or(size.width)),
            channels: (front.unwrap_or(channels), back.unwrap_or(channels)),
        })
    }
}

impl Layer for Pad {
    fn output(&self, inputs: &[Shape]) -> Result<Shape, Mismatch> {
        let (channels, height, width) = super::map_input("pad", inputs[0])?;
        for (size, (before, after)) in [(height, self.rows), (width, self.columns)] {
            if self.fill == Fill::Reflect && before.max(after) >= size {
                return Err(Mismatch {
                    code: Code::WindowDoesNotFit,
                    at: Culprit::Argument("size"),
                    message: format!(
                        "a {height}×{width} map is too small to mirror {} pixels of it",
                        before.max(after)
                    ),
                    arithmetic: format!("{} > {size} − 1", before.max(after)),
                    help: None,
                });
            }
        }
        let padded = |size: usize, (before, after): (usize, usize)| size + before + after;
        let channels = padded(channels, self.channels);
        Ok(Shape::map(channels, padded(height, self.rows), padded(width, self.columns)))
    }

    fn arithmetic(&self, inputs: &[Shape]) -> Option<String> {
        let Shape::Map { channels, height, width } = inputs[0] else { return None };
        let sides = [(channels, self.channels), (height, self.rows), (width, self.columns)];
        let line = |&(size, (before, after)): &(usize, (usize, usize))| {
            (before + after > 0).then(|| format!("{size} + {before} + {after} = {}", size + before + after))
        };
        let mut lines: Vec<String> = sides.iter().filter_map(line).collect();
        lines.dedup();
        (!lines.is_empty()).then(|| lines.join(", "))
    }

    fn keeps_shape(&self, _input: Shape) -> bool {
        (self.rows, self.columns, self.channels) == ((0, 0), (0, 0), (0, 0))
    }

    fn lower(&self, _inputs: &[Shape]) -> Op {
        Op::Pad(op::Pad { fill: self.fill, top: self.rows.0, left: self.columns.0, front: self.channels.0 })
    }
}

#[cfg(test)]
mod tests {
    use crate::layers::testing::check;

    #[test]
    fn follows_pytorch() {
        check(&[
            ("pad 1", "3x32x32", "3×34×34 | 32 + 1 + 1 = 34"),
            ("pad 1x2 reflect", "3x4x4", "3×6×8 | 4 + 1 + 1 = 6, 4 + 2 + 2 = 8"),
            ("pad bottom=1 right=1", "3x32x32", "3×33×33 | 32 + 0 + 1 = 33"),
            ("pad 3 top=0 replicate", "3x2x2", "3×5×8 | 2 + 0 + 3 = 5, 2 + 3 + 3 = 8"),
            ("pad channels=8", "16x32x32", "32×32×32 | 16 + 8 + 8 = 32"),
            ("pad back=16", "16x8x8", "32×8×8 | 16 + 0 + 16 = 32"),
            ("pad front=1", "16x8x8", "17×8×8 | 16 + 1 + 0 = 17"),
            ("pad channels=2 back=0", "16x8x8", "18×8×8 | 16 + 2 + 0 = 18"),
            ("pad 0", "16x32x32", "16×32×32"),
        ]);
    }

    #[test]
    fn refuses_what_has_no_meaning() {
        check(&[
            ("pad", "3x8x8", "E012 `pad` needs `size`: `size` (a whole number or a size such as `3x5`) is missing"),
            ("pad 1 mirror", "3x8x8", "E011 `pad` does not take `mirror`"),
            ("pad 1 reflect replicate", "3x8x8", "E013 a padding is `reflect` or `replicate`, not both"),
            ("pad 4 reflect", "3x4x8", "E021 a 4×8 map is too small to mirror 4 pixels of it: 4 > 4 − 1"),
            (
                "pad 1",
                "512",
                "E020 `pad` needs a feature map C×H×W, but a vector of 512 arrives; put `pad` before `flatten`",
            ),
        ]);
    }
}
