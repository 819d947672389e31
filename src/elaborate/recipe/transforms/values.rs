//! The kinds of values that transforms take.

use crate::arguments::{FromValue, Value};
use crate::recipe::{Edges, Erased, Interval, Sampling};

/// Between 0 and 1.
pub struct Probability(pub f64);

impl FromValue for Probability {
    const EXPECTED: &'static str = "a probability, between 0 and 1";
    fn from_value(value: &Value) -> Option<Probability> {
        f64::from_value(value).filter(|value| (0.0..=1.0).contains(value)).map(Probability)
    }
}

/// One number, or one for each channel.
pub struct Channels(pub Vec<f64>);

impl FromValue for Channels {
    const EXPECTED: &'static str = "a number, or a list with one for each channel";
    fn from_value(value: &Value) -> Option<Channels> {
        match value {
            Value::List(values) if values.is_empty() => None,
            Value::List(values) => list(values.iter().map(|value| &value.value)).map(Channels),
            one => f64::from_value(one).map(|one| Channels(vec![one])),
        }
    }
}

/// Two ascending numbers above 0, up to 1.
pub struct Fraction(pub Interval);

impl FromValue for Fraction {
    const EXPECTED: &'static str = "two ascending numbers above 0 and at most 1, such as `{[0.5, 1]}`";
    fn from_value(value: &Value) -> Option<Fraction> {
        ends(value).filter(|ends| ends.low > 0.0 && ends.high <= 1.0).map(Fraction)
    }
}

/// Two ascending numbers above 0.
pub struct Ratio(pub Interval);

impl FromValue for Ratio {
    const EXPECTED: &'static str = "two ascending numbers above 0, such as `{[0.75, 1.5]}`";
    fn from_value(value: &Value) -> Option<Ratio> {
        ends(value).filter(|ends| ends.low > 0.0).map(Ratio)
    }
}

/// A range of angles: a number stands for all from −x to x.
pub struct Degrees(pub Interval);

impl FromValue for Degrees {
    const EXPECTED: &'static str = "a number of degrees, 0 or more, or two ascending ones such as `{[-10, 30]}`";
    fn from_value(value: &Value) -> Option<Degrees> {
        around(value, 0.0).map(Degrees)
    }
}

/// Angles of shearing along x, and perhaps along y.
pub struct Shear(pub [Interval; 2]);

impl FromValue for Shear {
    const EXPECTED: &'static str =
        "a number of degrees below 90, or two or four: from and to along x, from and to along y";
    fn from_value(value: &Value) -> Option<Shear> {
        let both = match value {
            Value::List(values) if values.len() == 4 => match list(values.iter().map(|value| &value.value))?[..] {
                [a, b, c, d] if a <= b && c <= d => [Interval::new(a, b), Interval::new(c, d)],
                _ => return None,
            },
            other => [around(other, 0.0)?, Interval::only(0.0)],
        };
        both.iter().all(|angles| angles.low > -90.0 && angles.high < 90.0).then_some(Shear(both))
    }
}

/// How far an image moves, in parts of its width and height.
pub struct Shift(pub [f64; 2]);

impl FromValue for Shift {
    const EXPECTED: &'static str = "a number from 0 to 1, or two, across and down";
    fn from_value(value: &Value) -> Option<Shift> {
        let shift = match value {
            Value::List(values) => list(values.iter().map(|value| &value.value))?.try_into().ok()?,
            one => [f64::from_value(one)?; 2],
        };
        shift.iter().all(|part| (0.0..=1.0).contains(part)).then_some(Shift(shift))
    }
}

/// A range of factors: a number stands for all from 1 − x, but not below 0, to 1 + x.
pub struct Factor(pub Interval);

impl FromValue for Factor {
    const EXPECTED: &'static str = "a number, 0 or more, or two ascending ones such as `{[0.5, 1.5]}`";
    fn from_value(value: &Value) -> Option<Factor> {
        let range = match value {
            Value::List(_) => ends(value)?,
            one => {
                let range = around(one, 1.0)?;
                Interval { low: range.low.max(0.0), ..range }
            }
        };
        (range.low >= 0.0).then_some(Factor(range))
    }
}

/// A range within half a circle of hues either way; a number stands for all from −x to x.
pub struct Hue(pub Interval);

impl FromValue for Hue {
    const EXPECTED: &'static str = "a number from 0 to 0.5, or two ascending ones from −0.5 to 0.5";
    fn from_value(value: &Value) -> Option<Hue> {
        around(value, 0.0).filter(|hue| hue.low >= -0.5 && hue.high <= 0.5).map(Hue)
    }
}

impl FromValue for Sampling {
    const EXPECTED: &'static str = "`nearest` or `bilinear`";
    fn from_value(value: &Value) -> Option<Sampling> {
        match value {
            Value::Word(word) if word == "nearest" => Some(Sampling::Nearest),
            Value::Word(word) if word == "bilinear" => Some(Sampling::Bilinear),
            _ => None,
        }
    }
}

/// `mode=`; `constant` means a fill.
impl FromValue for Edges {
    const EXPECTED: &'static str = "`constant`, `edge`, `reflect` or `symmetric`";
    fn from_value(value: &Value) -> Option<Edges> {
        let Value::Word(word) = value else { return None };
        match word.as_str() {
            "constant" => Some(Edges::Fill(vec![0.0])),
            "edge" => Some(Edges::Edge),
            "reflect" => Some(Edges::Reflect),
            "symmetric" => Some(Edges::Symmetric),
            _ => None,
        }
    }
}

impl FromValue for Erased {
    const EXPECTED: &'static str = "a number, a list with one for each channel, or `random`";
    fn from_value(value: &Value) -> Option<Erased> {
        match value {
            Value::Word(word) if word == "random" => Some(Erased::Random),
            other => Channels::from_value(other).map(|Channels(values)| Erased::Fill(values)),
        }
    }
}

/// From `centre` − x to `centre` + x for a number x that is not negative, or both ends.
fn around(value: &Value, centre: f64) -> Option<Interval> {
    match value {
        Value::List(_) => ends(value),
        one => f64::from_value(one).filter(|x| *x >= 0.0).map(|x| Interval::new(centre - x, centre + x)),
    }
}

/// Two ascending numbers.
fn ends(value: &Value) -> Option<Interval> {
    let Value::List(values) = value else { return None };
    match list(values.iter().map(|value| &value.value))?[..] {
        [low, high] if low <= high => Some(Interval { low, high }),
        _ => None,
    }
}

fn list<'a>(values: impl Iterator<Item = &'a Value>) -> Option<Vec<f64>> {
    values.map(f64::from_value).collect()
}
