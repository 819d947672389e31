//! Transforms that change values.

use super::geometry::{fill, sampling};
use super::probability;
use super::values::{Factor, Fraction, Hue, Ratio};
use crate::arguments::{Arguments, Positive};
use crate::diagnostic::{Code, Diagnostic};
use crate::recipe::{Erased, Transform};

pub fn color_jitter(arguments: &mut Arguments) -> Result<Transform, Diagnostic> {
    let mut given = false;
    let mut factor = |key| -> Result<_, Diagnostic> {
        let factor = arguments.optional(key)?;
        given |= factor.is_some();
        Ok(factor.map_or(Transform::ONE, |Factor(factor)| factor))
    };
    let (brightness, contrast, saturation) = (factor("brightness")?, factor("contrast")?, factor("saturation")?);
    let hue = arguments.optional("hue")?;
    if !given && hue.is_none() {
        let span = arguments.callee().span;
        let message = "`color_jitter` needs at least one of `brightness`, `contrast`, `saturation` and `hue`";
        let error = Diagnostic::error(Code::MissingArgument, span, message);
        return Err(error.help("write for example `color_jitter brightness=0.4 contrast=0.4 saturation=0.4`"));
    }
    let hue = hue.map_or(Transform::ZERO, |Hue(hue)| hue);
    Ok(Transform::ColorJitter { brightness, contrast, saturation, hue })
}

pub fn lighting(arguments: &mut Arguments) -> Result<Transform, Diagnostic> {
    let std = arguments.positional("std")?.unwrap_or(Transform::LIGHTING);
    match std >= 0.0 {
        true => Ok(Transform::Lighting { std }),
        false => Err(arguments.invalid("std", "`std` must be 0 or more").label(format!("found `{std}`"))),
    }
}

pub fn grayscale(arguments: &mut Arguments) -> Result<Transform, Diagnostic> {
    Ok(Transform::Grayscale { probability: probability(arguments, 1.0)? })
}

pub fn erase(arguments: &mut Arguments) -> Result<Transform, Diagnostic> {
    let probability = probability(arguments, 0.5)?;
    let scale = arguments.optional("scale")?.map_or(Transform::ERASED_SCALE, |Fraction(scale)| scale);
    let ratio = arguments.optional("ratio")?.map_or(Transform::ERASED_RATIO, |Ratio(ratio)| ratio);
    let value = arguments.optional("value")?.unwrap_or(Erased::Fill(vec![0.0]));
    Ok(Transform::Erase { probability, scale, ratio, value })
}

pub fn trivial_augment(arguments: &mut Arguments) -> Result<Transform, Diagnostic> {
    let bins = arguments.positional("bins")?.map_or(Transform::BINS, |Positive(bins)| bins);
    if bins < 2 {
        let error = arguments.invalid("bins", "a strength is chosen from at least 2");
        return Err(error.label(format!("found `{bins}`")));
    }
    Ok(Transform::TrivialAugment { bins, sampling: sampling(arguments)?, fill: fill(arguments)? })
}
