//! A map of another size, as <https://docs.pytorch.org/docs/stable/generated/torch.nn.Upsample.html>.
//!
//! `upsample 2`, `upsample 1.5 bilinear`, `upsample size=28x28 bilinear align_corners`, `upsample like=stem`

use super::like::{LIKE, Like};
use super::{Definition, Layer, Reach};
use crate::arguments::{Arguments, FromValue, Parameter, PositivePair, ResolvedCall, Value};
use crate::diagnostic::{Code, Diagnostic};
use crate::ir::{Pair, Shape};
use crate::layers::{Culprit, Mismatch};
use crate::program::{Op, Resampling, op};

pub(super) const UPSAMPLE: Definition = Definition {
    name: "upsample",
    usage: "upsample SCALE [bilinear align_corners], or with size=N or like=NAME in place of SCALE",
    inputs: Some(1),
    parameters: &[
        LIKE,
        Parameter::named::<PositivePair>("size"),
        Parameter::positional::<Scale>("scale"),
        Parameter::flag("align_corners"),
        Parameter::flag("bilinear"),
        Parameter::flag("nearest"),
    ],
    parse: |arguments| Ok(Box::new(Upsample::parse(arguments)?)),
};

#[derive(Debug)]
struct Upsample {
    to: To,
    resampling: Resampling,
}

/// What the user said about the output's size.
#[derive(Debug)]
enum To {
    Scale(Scale),
    Size(Pair),
}

/// How many times the input's height and width, more than 0: `2`, `1.5` or `2x3`.
#[derive(Debug, Clone, Copy)]
struct Scale {
    height: f64,
    width: f64,
}

impl FromValue for Scale {
    const EXPECTED: &'static str = "a number or a size such as `2x3`, more than 0";
    fn from_value(value: &Value) -> Option<Scale> {
        let scale = match PositivePair::from_value(value) {
            Some(PositivePair(Pair { height, width })) => Scale { height: height as f64, width: width as f64 },
            None => f64::from_value(value).map(|scale| Scale { height: scale, width: scale })?,
        };
        (scale.height > 0.0).then_some(scale)
    }
}

impl Upsample {
    fn parse(arguments: &mut Arguments) -> Result<Upsample, Diagnostic> {
        arguments.optional::<Like>("like")?;
        let to = match arguments.optional("size")? {
            Some(PositivePair(size)) => To::Size(size),
            None => To::Scale(arguments.required("scale")?),
        };
        let align_corners = arguments.flag("align_corners")?;
        let (bilinear, nearest) = (arguments.flag("bilinear")?, arguments.flag("nearest")?);
        let resampling = match (bilinear, align_corners) {
            (true, _) if nearest => {
                return Err(arguments.invalid("nearest", "an upsampling is `bilinear` or `nearest`, not both"));
            }
            (true, true) => Resampling::BilinearAligned,
            (true, false) => Resampling::Bilinear,
            (false, true) => {
                return Err(arguments.invalid("align_corners", "`align_corners` is for `bilinear` only"));
            }
            (false, false) => Resampling::Nearest,
        };
        Ok(Upsample { to, resampling })
    }

    /// ⌊W·scale⌋, or the size that was given.
    fn size(&self, height: usize, width: usize) -> (usize, usize) {
        match self.to {
            To::Size(size) => (size.height, size.width),
            // A number that is too large stops at the largest there is.
            To::Scale(scale) => ((height as f64 * scale.height) as usize, (width as f64 * scale.width) as usize),
        }
    }
}

impl Layer for Upsample {
    fn output(&self, inputs: &[Shape]) -> Result<Shape, Mismatch> {
        let (channels, height, width) = super::map_input("upsample", inputs[0])?;
        match self.size(height, width) {
            (0, _) | (_, 0) => Err(Mismatch {
                code: Code::WindowDoesNotFit,
                at: Culprit::Argument("scale"),
                message: format!("this scale leaves nothing of the {height}×{width} input"),
                arithmetic: self.arithmetic(inputs).unwrap_or_default(),
                help: None,
            }),
            (height, width) => Ok(Shape::map(channels, height, width)),
        }
    }

    fn arithmetic(&self, inputs: &[Shape]) -> Option<String> {
        let (Shape::Map { height, width, .. }, To::Scale(scale)) = (inputs[0], &self.to) else { return None };
        let (rows, columns) = self.size(height, width);
        let line = |size: usize, scale: f64, result: usize| match (size as f64 * scale).fract() == 0.0 {
            true => format!("{size}·{scale} = {result}"),
            false => format!("⌊{size}·{scale}⌋ = {result}"),
        };
        let (down, across) = (line(height, scale.height, rows), line(width, scale.width, columns));
        Some(if down == across { down } else { format!("{down}, {across}") })
    }

    /// Neighbours may read the same pixels, or the next ones.
    fn reach(&self, inputs: &[Shape]) -> Reach {
        let Shape::Map { height, width, .. } = inputs[0] else { return Reach::POINT };
        let (rows, columns) = self.size(height, width);
        let span = |input: usize| if self.resampling == Resampling::Nearest { 1 } else { input.min(2) };
        Reach {
            span: Pair { height: span(height), width: span(width) },
            step: Pair { height: height.div_ceil(rows), width: width.div_ceil(columns) },
        }
    }

    fn keeps_shape(&self, _input: Shape) -> bool {
        matches!(self.to, To::Scale(Scale { height: 1.0, width: 1.0 }))
    }

    fn enlarging_to(&self, call: &ResolvedCall, size: Pair) -> Vec<ResolvedCall> {
        vec![call.clone().with_instead("scale", "size", size.into())]
    }

    /// A scale that was given is also the distance between pixels, even where it does not divide the output's size, as
    /// in PyTorch.
    fn lower(&self, inputs: &[Shape]) -> Op {
        let Shape::Map { height, width, .. } = inputs[0] else { unreachable!("a map was checked for") };
        let (rows, columns) = self.size(height, width);
        let step = match (self.resampling, &self.to) {
            (Resampling::BilinearAligned, _) => {
                [(height, rows), (width, columns)].map(|(input, output)| match output {
                    1 => 0.0,
                    output => (input - 1) as f64 / (output - 1) as f64,
                })
            }
            (_, To::Scale(scale)) => [1.0 / scale.height, 1.0 / scale.width],
            (_, To::Size(_)) => [height as f64 / rows as f64, width as f64 / columns as f64],
        };
        Op::Upsample(op::Upsample { resampling: self.resampling, step })
    }
}

#[cfg(test)]
mod tests {
    use crate::ir::Shape;
    use crate::layers::testing::{check, layer};
    use crate::program::{Op, Resampling, op};

    #[test]
    fn follows_pytorch() {
        check(&[
            ("upsample 2", "64x7x7", "64×14×14 | 7·2 = 14"),
            ("upsample scale=2x3 nearest", "64x7x5", "64×14×15 | 7·2 = 14, 5·3 = 15"),
            ("upsample 1.5 bilinear", "8x7x4", "8×10×6 | ⌊7·1.5⌋ = 10, 4·1.5 = 6"),
            ("upsample size=28x20 bilinear align_corners", "8x7x5", "8×28×20"),
            ("upsample 0.5", "8x7x4", "8×3×2 | ⌊7·0.5⌋ = 3, 4·0.5 = 2"),
        ]);
    }

    #[test]
    fn knows_how_far_pixels_are_apart() {
        for (call, resampling, step) in [
            ("upsample 2", Resampling::Nearest, [0.5, 0.5]),
            ("upsample 1.6 bilinear", Resampling::Bilinear, [0.625, 0.625]),
            ("upsample size=8x5 bilinear", Resampling::Bilinear, [0.5, 0.8]),
            ("upsample size=7x1 bilinear align_corners", Resampling::BilinearAligned, [0.5, 0.0]),
        ] {
            let op = layer(call).expect("a valid call").lower(&[Shape::map(3, 4, 4)]);
            assert_eq!(op, Op::Upsample(op::Upsample { resampling, step }), "{call}");
        }
    }

    #[test]
    fn refuses_what_has_no_meaning() {
        check(&[
            (
                "upsample",
                "8x4x4",
                "E012 `upsample` needs `scale`: `scale` (a number or a size such as `2x3`, more than 0) is missing",
            ),
            (
                "upsample 0",
                "8x4x4",
                "E013 `scale` of `upsample` must be a number or a size such as `2x3`, more than 0: found `0`",
            ),
            ("upsample 2 align_corners", "8x4x4", "E013 `align_corners` is for `bilinear` only"),
            ("upsample 2 nearest bilinear", "8x4x4", "E013 an upsampling is `bilinear` or `nearest`, not both"),
            ("upsample 2 bicubic", "8x4x4", "E011 `upsample` does not take `bicubic`"),
            ("upsample 0.1", "8x4x4", "E021 this scale leaves nothing of the 4×4 input: ⌊4·0.1⌋ = 0"),
            (
                "upsample 2",
                "512",
                "E020 `upsample` needs a feature map C×H×W, but a vector of 512 arrives; put `upsample` before `flatten`",
            ),
        ]);
    }
}
