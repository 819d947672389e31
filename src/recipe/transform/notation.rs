//! Transforms as the notation writes them, so that they can be read again.

use std::fmt;

use super::{Affine, Edges, Erased, Filter, Interval, Padding, Resize, STATISTICS, Sampling, Transform};
use crate::ir::Pair;

impl Transform {
    /// The area of `resized_crop` unless given.
    pub const CROP_SCALE: Interval = Interval::new(0.08, 1.0);
    /// The shape of `resized_crop` unless given.
    pub const CROP_RATIO: Interval = Interval::new(3.0 / 4.0, 4.0 / 3.0);
    /// The area of `erase` unless given.
    pub const ERASED_SCALE: Interval = Interval::new(0.02, 0.33);
    /// The shape of `erase` unless given.
    pub const ERASED_RATIO: Interval = Interval::new(0.3, 3.3);
    /// The deviation of `lighting` unless given: that of the paper.
    pub const LIGHTING: f64 = 0.1;
    /// The strengths of `trivial_augment` unless given.
    pub const BINS: usize = 31;
    /// A factor or a scale that changes nothing.
    pub const ONE: Interval = Interval::only(1.0);
    /// An angle or a hue that changes nothing.
    pub const ZERO: Interval = Interval::only(0.0);
}

impl fmt::Display for Transform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())?;
        match self {
            Transform::Pad(Padding { pixels, edges }) => {
                write!(f, " {}", side(*pixels))?;
                write_edges(f, edges)
            }
            Transform::RandomCrop { size, padding: Padding { pixels, edges } } => {
                write!(f, " {}", side(*size))?;
                if *pixels != Pair::square(0) {
                    write!(f, " pad={}", side(*pixels))?;
                }
                write_edges(f, edges)
            }
            Transform::CenterCrop { size } => write!(f, " {}", side(*size)),
            Transform::ResizedCrop { size, scale, ratio, filter } => {
                write!(f, " {}", side(*size))?;
                write_unless(f, "scale", *scale, Self::CROP_SCALE)?;
                write_unless(f, "ratio", *ratio, Self::CROP_RATIO)?;
                write_filter(f, *filter)
            }
            Transform::Resize { target, filter } => {
                match target {
                    Resize::Shorter(side) => write!(f, " {side}")?,
                    Resize::Exact(size) => write!(f, " {}x{}", size.height, size.width)?,
                }
                write_filter(f, *filter)
            }
            Transform::HorizontalFlip { probability } | Transform::VerticalFlip { probability } => {
                write_number(f, *probability, 0.5)
            }
            Transform::Rotate { degrees, sampling, fill } => {
                write!(f, " {}", around_zero(*degrees))?;
                write_warp(f, *sampling, fill)
            }
            Transform::Affine(affine) => write_affine(f, affine),
            Transform::ColorJitter { brightness, contrast, saturation, hue } => {
                for (key, value) in [("brightness", brightness), ("contrast", contrast), ("saturation", saturation)] {
                    write_unless(f, key, *value, Self::ONE)?;
                }
                if *hue != Self::ZERO {
                    write!(f, " hue={}", around_zero(*hue))?;
                }
                Ok(())
            }
            Transform::Lighting { std } => write_number(f, *std, Self::LIGHTING),
            Transform::Grayscale { probability } => write_number(f, *probability, 1.0),
            Transform::Erase { probability, scale, ratio, value } => {
                write_number(f, *probability, 0.5)?;
                write_unless(f, "scale", *scale, Self::ERASED_SCALE)?;
                write_unless(f, "ratio", *ratio, Self::ERASED_RATIO)?;
                match value {
                    Erased::Random => f.write_str(" value=random"),
                    Erased::Fill(fill) => write_values(f, "value", fill),
                }
            }
            Transform::TrivialAugment { bins, sampling, fill } => {
                if *bins != Self::BINS {
                    write!(f, " bins={bins}")?;
                }
                write_warp(f, *sampling, fill)
            }
            Transform::Normalize { mean, std } => match named(mean, std) {
                Some(name) => write!(f, " {name}"),
                None => write!(f, " mean={} std={}", numbers(mean), numbers(std)),
            },
            Transform::NormalizeMeasured => f.write_str(" measured"),
        }
    }
}

fn write_affine(f: &mut fmt::Formatter<'_>, affine: &Affine) -> fmt::Result {
    let Affine { degrees, translate, scale, shear, sampling, fill } = affine;
    write!(f, " {}", around_zero(*degrees))?;
    if *translate != [0.0; 2] {
        write!(f, " translate={}", numbers(translate))?;
    }
    write_unless(f, "scale", *scale, Transform::ONE)?;
    match shear {
        [along_x, along_y] if *along_y == Transform::ZERO => {
            if *along_x != Transform::ZERO {
                write!(f, " shear={}", around_zero(*along_x))?;
            }
        }
        [along_x, along_y] => {
            write!(f, " shear={{{:?}}}", [along_x.low, along_x.high, along_y.low, along_y.high])?;
        }
    }
    write_warp(f, *sampling, fill)
}

fn write_edges(f: &mut fmt::Formatter<'_>, edges: &Edges) -> fmt::Result {
    match edges {
        Edges::Fill(fill) => write_values(f, "fill", fill),
        Edges::Edge => f.write_str(" mode=edge"),
        Edges::Reflect => f.write_str(" mode=reflect"),
        Edges::Symmetric => f.write_str(" mode=symmetric"),
    }
}

fn write_warp(f: &mut fmt::Formatter<'_>, sampling: Sampling, fill: &[f64]) -> fmt::Result {
    if sampling == Sampling::Bilinear {
        f.write_str(" interpolation=bilinear")?;
    }
    write_values(f, "fill", fill)
}

fn write_filter(f: &mut fmt::Formatter<'_>, filter: Filter) -> fmt::Result {
    f.write_str(if filter == Filter::Bicubic { " interpolation=bicubic" } else { "" })
}

/// ` key={[low, high]}`, unless it is what a file gets that does not say.
fn write_unless(f: &mut fmt::Formatter<'_>, key: &str, value: Interval, default: Interval) -> fmt::Result {
    if value == default {
        return Ok(());
    }
    write!(f, " {key}={{[{:?}, {:?}]}}", value.low, value.high)
}

/// A number by position, unless it is the default.
fn write_number(f: &mut fmt::Formatter<'_>, value: f64, default: f64) -> fmt::Result {
    if value == default { Ok(()) } else { write!(f, " {value:?}") }
}

/// ` key=…`, unless all are 0.
fn write_values(f: &mut fmt::Formatter<'_>, key: &str, values: &[f64]) -> fmt::Result {
    if values.iter().all(|value| *value == 0.0) { Ok(()) } else { write!(f, " {key}={}", numbers(values)) }
}

/// `15.0` for all from −15 to 15, else both ends.
fn around_zero(interval: Interval) -> String {
    match interval {
        Interval { low, high } if -low == high => format!("{high:?}"),
        Interval { low, high } => format!("{{[{low:?}, {high:?}]}}"),
    }
}

/// `32`, or `32x48` where the sides differ.
fn side(size: Pair) -> String {
    if size.height == size.width { size.height.to_string() } else { format!("{}x{}", size.height, size.width) }
}

/// The entry of [`STATISTICS`] that has these values; a single one there stands for all channels.
fn named(mean: &[f64], std: &[f64]) -> Option<&'static str> {
    let agrees = |values: &[f64], known: &[f64]| match known {
        [one] => values.iter().all(|value| value == one),
        known => values == known,
    };
    let found = STATISTICS.iter().find(|(_, m, s)| agrees(mean, m) && agrees(std, s));
    found.map(|(name, ..)| *name)
}

/// `0.5` if all are the same, else `{[0.5, 0.25]}`.
fn numbers(values: &[f64]) -> String {
    match values {
        [first, rest @ ..] if rest.iter().all(|value| value == first) => format!("{first:?}"),
        values => format!("{{{values:?}}}"),
    }
}
