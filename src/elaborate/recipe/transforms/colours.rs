//! Transforms that change values.

use super::geometry::{fill, sampling};
use super::probability;
use super::values::{Factor, Fraction, Hue, Ratio};
use crate::arguments::{Arguments, FromValue, Positive, PositivePair, Value};
use crate::diagnostic::{Code, Diagnostic};
use crate::elaborate::recipe::named::Table;
use crate::recipe::{Erased, Interval, Transform};

pub const TABLE: Table<Transform> = &[
    ("color_jitter", color_jitter),
    ("lighting", lighting),
    ("grayscale", grayscale),
    ("trivial_augment", trivial_augment),
    ("gaussian_blur", gaussian_blur),
    ("erase", erase),
];

fn color_jitter(arguments: &mut Arguments) -> Result<Transform, Diagnostic> {
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

fn lighting(arguments: &mut Arguments) -> Result<Transform, Diagnostic> {
    let std = arguments.positional("std")?.unwrap_or(Transform::LIGHTING);
    match std >= 0.0 {
        true => Ok(Transform::Lighting { std }),
        false => Err(arguments.invalid("std", "`std` must be 0 or more").label(format!("found `{std}`"))),
    }
}

fn grayscale(arguments: &mut Arguments) -> Result<Transform, Diagnostic> {
    Ok(Transform::Grayscale { probability: probability(arguments, 1.0)? })
}

fn erase(arguments: &mut Arguments) -> Result<Transform, Diagnostic> {
    let probability = probability(arguments, 0.5)?;
    let scale = arguments.optional("scale")?.map_or(Transform::ERASED_SCALE, |Fraction(scale)| scale);
    let ratio = arguments.optional("ratio")?.map_or(Transform::ERASED_RATIO, |Ratio(ratio)| ratio);
    let value = arguments.optional("value")?.unwrap_or(Erased::Fill(vec![0.0]));
    Ok(Transform::Erase { probability, scale, ratio, value })
}

fn trivial_augment(arguments: &mut Arguments) -> Result<Transform, Diagnostic> {
    let bins = arguments.positional("bins")?.map_or(Transform::BINS, |Positive(bins)| bins);
    if bins < 2 {
        let error = arguments.invalid("bins", "a strength is chosen from at least 2");
        return Err(error.label(format!("found `{bins}`")));
    }
    Ok(Transform::TrivialAugment { bins, sampling: sampling(arguments)?, fill: fill(arguments)? })
}

fn gaussian_blur(arguments: &mut Arguments) -> Result<Transform, Diagnostic> {
    let PositivePair(kernel) = arguments.required("kernel")?;
    if kernel.height % 2 == 0 || kernel.width % 2 == 0 {
        let error = arguments.invalid("kernel", "`kernel` must be odd: a pixel is in its middle");
        let written = |height: usize, width: usize| match height == width {
            true => height.to_string(),
            false => format!("{height}x{width}"),
        };
        let odd = written(kernel.height | 1, kernel.width | 1);
        let error = error.label(format!("found `{}`", written(kernel.height, kernel.width)));
        return Err(error.fix(format!("write `{odd}`"), arguments.place("kernel"), odd));
    }
    let sigma = arguments.optional("sigma")?.map_or(Transform::SIGMA, |Deviation(sigma)| sigma);
    Ok(Transform::GaussianBlur { kernel, sigma })
}

/// A range of standard deviations; a number stands for itself.
struct Deviation(Interval);

impl FromValue for Deviation {
    const EXPECTED: &'static str = "a number of pixels above 0, or two ascending ones such as `{[0.1, 2]}`";
    fn from_value(value: &Value) -> Option<Deviation> {
        if let Some(one) = f64::from_value(value) {
            return (one > 0.0).then_some(Deviation(Interval::only(one)));
        }
        Ratio::from_value(value).map(|Ratio(range)| Deviation(range))
    }
}
