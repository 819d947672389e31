//! The transforms of the language, with torchvision's parameters and defaults.

mod colours;
mod geometry;
#[cfg(test)]
mod tests;
mod values;

pub use self::values::Channels;
use self::values::Probability;
use super::named::Registry;
use crate::aliases;
use crate::arguments::{Arguments, FromValue, Value};
use crate::diagnostic::{Code, Diagnostic};
use crate::recipe::{Filter, Resize, STATISTICS, Transform};

/// Every transform. What has one value for each channel has them as they were written: see [`spread`].
pub const TRANSFORMS: Registry<Transform> = Registry {
    what: "transform",
    example: "crop 32 pad=4",
    tables: &[geometry::TABLE, colours::TABLE, &[("normalize", normalize)]],
    aliases: aliases::TRANSFORMS,
};

/// A single value stands for all `channels`.
///
/// # Errors
/// What does not fit: `3 means for 1 channel`.
pub fn spread(mut transform: Transform, channels: usize) -> Result<Transform, String> {
    for (what, values) in transform.per_channel() {
        match values.as_slice() {
            [one] => *values = vec![*one; channels],
            several if several.len() == channels => {}
            several => {
                let plural = if channels == 1 { "" } else { "s" };
                return Err(format!("{} {what} for {channels} channel{plural}", several.len()));
            }
        }
    }
    match transform {
        Transform::Lighting { .. } if channels != 3 => {
            Err("`lighting` shifts red, green and blue, and there is 1 channel".to_string())
        }
        transform => Ok(transform),
    }
}

/// What evaluation could do in place of `train`: windows in the middle for random ones, and nothing else that is
/// random.
pub fn without_chance(train: &[Transform]) -> Vec<Transform> {
    let fixed = |transform: &Transform| match transform {
        // A window in the middle is padded where it must be.
        Transform::RandomCrop { size, .. } => vec![Transform::CenterCrop { size: *size }],
        Transform::ResizedCrop { size, filter, .. } => {
            // As torchvision evaluates what was trained so: 256 for 224.
            let shorter = size.height.max(size.width) * 8 / 7;
            let resize = Transform::Resize { target: Resize::Shorter(shorter), filter: *filter };
            vec![resize, Transform::CenterCrop { size: *size }]
        }
        other if other.is_random() => Vec::new(),
        other => vec![other.clone()],
    };
    train.iter().flat_map(fixed).collect()
}

fn probability(arguments: &mut Arguments, default: f64) -> Result<f64, Diagnostic> {
    let probability = arguments.positional("probability")?.map_or(default, |Probability(probability)| probability);
    Ok(probability)
}

/// `interpolation=bilinear` or `bicubic`.
fn filter(arguments: &mut Arguments) -> Result<Filter, Diagnostic> {
    Ok(arguments.optional("interpolation")?.unwrap_or(Filter::Bilinear))
}

impl FromValue for Filter {
    const EXPECTED: &'static str = "`bilinear` or `bicubic`";
    fn from_value(value: &Value) -> Option<Filter> {
        match value {
            Value::Word(word) if word == "bilinear" => Some(Filter::Bilinear),
            Value::Word(word) if word == "bicubic" => Some(Filter::Bicubic),
            _ => None,
        }
    }
}

/// `normalize imagenet`, `normalize measured`, or `mean` and `std`: a number, or one for each channel.
fn normalize(arguments: &mut Arguments) -> Result<Transform, Diagnostic> {
    if let Some(name) = arguments.positional::<String>("statistics")? {
        if name == MEASURED {
            return Ok(Transform::NormalizeMeasured);
        }
        let Some((_, mean, std)) = STATISTICS.iter().find(|(known, ..)| *known == name) else {
            let names = || STATISTICS.iter().map(|(name, ..)| *name).chain([MEASURED]);
            let message = format!("no means and standard deviations are called `{name}`");
            let error = Diagnostic::error(Code::UnknownName, arguments.place("statistics"), message);
            let list = || format!("there are {}; or give `mean=` and `std=`", names().collect::<Vec<_>>().join(", "));
            return Err(error.did_you_mean(&name, names(), list));
        };
        return Ok(Transform::Normalize { mean: mean.to_vec(), std: std.to_vec() });
    }
    let Channels(mean) = arguments.required("mean")?;
    let Channels(std) = arguments.required("std")?;
    // As single precision has it.
    if let Some(bad) = std.iter().find(|std| **std as f32 <= 0.0) {
        let error = arguments.invalid("std", "a standard deviation must be above 0");
        return Err(error.label(format!("found `{bad}`")));
    }
    Ok(Transform::Normalize { mean, std })
}

/// Mean and deviation of whatever the training images are.
const MEASURED: &str = "measured";
