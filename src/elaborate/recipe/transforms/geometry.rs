//! Transforms that move pixels.

use super::values::{Channels, Degrees, Fraction, Ratio, Shear, Shift};
use super::{filter, probability};
use crate::arguments::{Arguments, FromValue, Positive, PositivePair, Value};
use crate::diagnostic::Diagnostic;
use crate::elaborate::recipe::named::Table;
use crate::ir::Pair;
use crate::recipe::{Affine, Edges, Padding, Resize, Sampling, Transform};

pub const TABLE: Table<Transform> = &[
    ("pad", pad),
    ("crop", crop),
    ("center_crop", center_crop),
    ("resized_crop", resized_crop),
    ("resize", resize),
    ("hflip", hflip),
    ("vflip", vflip),
    ("rotate", rotate),
    ("affine", affine),
];

fn pad(arguments: &mut Arguments) -> Result<Transform, Diagnostic> {
    let pixels = arguments.required("pixels")?;
    Ok(Transform::Pad(Padding { pixels, edges: edges(arguments)? }))
}

fn crop(arguments: &mut Arguments) -> Result<Transform, Diagnostic> {
    let PositivePair(size) = arguments.required("size")?;
    let pixels = arguments.optional("pad")?.unwrap_or(Pair::square(0));
    Ok(Transform::RandomCrop { size, padding: Padding { pixels, edges: edges(arguments)? } })
}

/// `mode=reflect`, or `fill=0.5`.
fn edges(arguments: &mut Arguments) -> Result<Edges, Diagnostic> {
    let mode = arguments.optional("mode")?;
    let Some(Channels(fill)) = arguments.optional("fill")? else {
        return Ok(mode.unwrap_or(Edges::Fill(vec![0.0])));
    };
    match mode {
        None | Some(Edges::Fill(_)) => Ok(Edges::Fill(fill)),
        Some(_) => Err(arguments.invalid("fill", "`fill` needs `mode=constant`: other modes repeat the image")),
    }
}

fn center_crop(arguments: &mut Arguments) -> Result<Transform, Diagnostic> {
    let PositivePair(size) = arguments.required("size")?;
    Ok(Transform::CenterCrop { size })
}

fn resized_crop(arguments: &mut Arguments) -> Result<Transform, Diagnostic> {
    let PositivePair(size) = arguments.required("size")?;
    let scale = arguments.optional("scale")?.map_or(Transform::CROP_SCALE, |Fraction(scale)| scale);
    let ratio = arguments.optional("ratio")?.map_or(Transform::CROP_RATIO, |Ratio(ratio)| ratio);
    Ok(Transform::ResizedCrop { size, scale, ratio, filter: filter(arguments)? })
}

fn resize(arguments: &mut Arguments) -> Result<Transform, Diagnostic> {
    let ResizeTarget(target) = arguments.required("size")?;
    Ok(Transform::Resize { target, filter: filter(arguments)? })
}

/// A single number is the shorter side, not both.
struct ResizeTarget(Resize);

impl FromValue for ResizeTarget {
    const EXPECTED: &'static str = PositivePair::EXPECTED;
    fn from_value(value: &Value) -> Option<ResizeTarget> {
        if let Some(Positive(side)) = Positive::from_value(value) {
            return Some(ResizeTarget(Resize::Shorter(side)));
        }
        PositivePair::from_value(value).map(|PositivePair(size)| ResizeTarget(Resize::Exact(size)))
    }
}

fn hflip(arguments: &mut Arguments) -> Result<Transform, Diagnostic> {
    Ok(Transform::HorizontalFlip { probability: probability(arguments, 0.5)? })
}

fn vflip(arguments: &mut Arguments) -> Result<Transform, Diagnostic> {
    Ok(Transform::VerticalFlip { probability: probability(arguments, 0.5)? })
}

fn rotate(arguments: &mut Arguments) -> Result<Transform, Diagnostic> {
    let Degrees(degrees) = arguments.required("degrees")?;
    Ok(Transform::Rotate { degrees, sampling: sampling(arguments)?, fill: fill(arguments)? })
}

fn affine(arguments: &mut Arguments) -> Result<Transform, Diagnostic> {
    let Degrees(degrees) = arguments.required("degrees")?;
    let translate = arguments.optional("translate")?.map_or([0.0; 2], |Shift(shift)| shift);
    let scale = arguments.optional("scale")?.map_or(Transform::ONE, |Ratio(scale)| scale);
    let shear = arguments.optional("shear")?.map_or([Transform::ZERO; 2], |Shear(shear)| shear);
    let (sampling, fill) = (sampling(arguments)?, fill(arguments)?);
    Ok(Transform::Affine(Affine { degrees, translate, scale, shear, sampling, fill }))
}

/// `interpolation=nearest` or `bilinear`.
pub fn sampling(arguments: &mut Arguments) -> Result<Sampling, Diagnostic> {
    Ok(arguments.optional("interpolation")?.unwrap_or(Sampling::Nearest))
}

/// `fill=0.5`, or one for each channel.
pub fn fill(arguments: &mut Arguments) -> Result<Vec<f64>, Diagnostic> {
    Ok(arguments.optional("fill")?.map_or(vec![0.0], |Channels(fill)| fill))
}
