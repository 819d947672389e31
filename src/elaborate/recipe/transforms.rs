//! The transforms of the language.

use super::named::Kind;
use crate::arguments::{Arguments, FromValue, Positive, PositivePair, Value};
use crate::diagnostic::{Code, Diagnostic};
use crate::recipe::{Resize, STATISTICS, Transform};

/// Every transform. A `normalize` has its numbers as they were written: see [`spread`].
pub const TRANSFORMS: Kind<Transform> = Kind {
    what: "transform",
    example: "crop 32 pad=4",
    table: &[
        ("pad", pad),
        ("crop", crop),
        ("center_crop", center_crop),
        ("hflip", hflip),
        ("resize", resize),
        ("normalize", normalize),
    ],
};

/// A single mean or standard deviation stands for all `channels`.
///
/// # Errors
/// What does not fit: `3 means for 1 channel`.
pub fn spread(transform: Transform, channels: usize) -> Result<Transform, String> {
    let Transform::Normalize { mean, std } = transform else { return Ok(transform) };
    let to_all = |values: Vec<f64>, what| match values.as_slice() {
        [one] => Ok(vec![*one; channels]),
        several if several.len() == channels => Ok(values),
        several => {
            Err(format!("{} {what} for {channels} channel{}", several.len(), if channels == 1 { "" } else { "s" }))
        }
    };
    Ok(Transform::Normalize { mean: to_all(mean, "means")?, std: to_all(std, "standard deviations")? })
}

fn pad(arguments: &mut Arguments) -> Result<Transform, Diagnostic> {
    Ok(Transform::Pad { pixels: arguments.required("pixels")? })
}

fn crop(arguments: &mut Arguments) -> Result<Transform, Diagnostic> {
    let PositivePair(size) = arguments.required("size")?;
    Ok(Transform::RandomCrop { size, pad: arguments.optional("pad")?.unwrap_or(0) })
}

fn center_crop(arguments: &mut Arguments) -> Result<Transform, Diagnostic> {
    let PositivePair(size) = arguments.required("size")?;
    Ok(Transform::CenterCrop { size })
}

fn hflip(arguments: &mut Arguments) -> Result<Transform, Diagnostic> {
    let probability = arguments.positional("probability")?.unwrap_or(0.5);
    if !(0.0..=1.0).contains(&probability) {
        let error = arguments.invalid("probability", "a probability must be between 0 and 1");
        return Err(error.label(format!("found `{probability}`")));
    }
    Ok(Transform::HorizontalFlip { probability })
}

fn resize(arguments: &mut Arguments) -> Result<Transform, Diagnostic> {
    Ok(Transform::Resize(arguments.required::<Target>("size")?.0))
}

/// A single number is the shorter side, not both.
struct Target(Resize);

impl FromValue for Target {
    const EXPECTED: &'static str = PositivePair::EXPECTED;
    fn from_value(value: &Value) -> Option<Target> {
        if let Some(Positive(side)) = Positive::from_value(value) {
            return Some(Target(Resize::Shorter(side)));
        }
        PositivePair::from_value(value).map(|PositivePair(size)| Target(Resize::Exact(size)))
    }
}

/// `normalize imagenet`, or `mean` and `std`: a number, or one for each channel.
fn normalize(arguments: &mut Arguments) -> Result<Transform, Diagnostic> {
    if let Some(name) = arguments.positional::<String>("statistics")? {
        let Some((_, mean, std)) = STATISTICS.iter().find(|(known, ..)| *known == name) else {
            let names = || STATISTICS.iter().map(|(name, ..)| *name);
            let message = format!("no means and standard deviations are called `{name}`");
            let error = Diagnostic::error(Code::UnknownName, arguments.place("statistics"), message);
            let list = || format!("there are {}; or give `mean=` and `std=`", names().collect::<Vec<_>>().join(", "));
            return Err(error.did_you_mean(&name, names(), list));
        };
        return Ok(Transform::Normalize { mean: mean.to_vec(), std: std.to_vec() });
    }
    let Numbers(mean) = arguments.required("mean")?;
    let Numbers(std) = arguments.required("std")?;
    if let Some(bad) = std.iter().find(|std| **std <= 0.0) {
        let error = arguments.invalid("std", "a standard deviation must be above 0");
        return Err(error.label(format!("found `{bad}`")));
    }
    Ok(Transform::Normalize { mean, std })
}

/// One number, or one for each channel.
pub struct Numbers(pub Vec<f64>);

impl FromValue for Numbers {
    const EXPECTED: &'static str = "a number, or a list with one for each channel";
    fn from_value(value: &Value) -> Option<Numbers> {
        match value {
            Value::List(values) if values.is_empty() => None,
            Value::List(values) => {
                values.iter().map(|value| f64::from_value(&value.value)).collect::<Option<_>>().map(Numbers)
            }
            one => f64::from_value(one).map(|one| Numbers(vec![one])),
        }
    }
}

/// What evaluation could do in the place of `train`: windows in the middle for random ones, and nothing mirrored.
pub fn without_chance(train: &[Transform]) -> Vec<Transform> {
    let fixed = |transform: &Transform| match transform {
        Transform::HorizontalFlip { .. } => None,
        // A window in the middle is padded where it must be.
        Transform::RandomCrop { size, .. } => Some(Transform::CenterCrop { size: *size }),
        other => Some(other.clone()),
    };
    train.iter().filter_map(fixed).collect()
}
