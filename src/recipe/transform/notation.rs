//! Pieces of notation that several transforms are written with.

use std::fmt;

use super::{Affine, Edges, Filter, Interval, STATISTICS, Sampling, Transform};
use crate::ir::Pair;

pub fn write_affine(f: &mut fmt::Formatter<'_>, affine: &Affine) -> fmt::Result {
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

pub fn write_edges(f: &mut fmt::Formatter<'_>, edges: &Edges) -> fmt::Result {
    match edges {
        Edges::Fill(fill) => write_values(f, "fill", fill),
        Edges::Edge => f.write_str(" mode=edge"),
        Edges::Reflect => f.write_str(" mode=reflect"),
        Edges::Symmetric => f.write_str(" mode=symmetric"),
    }
}

pub fn write_warp(f: &mut fmt::Formatter<'_>, sampling: Sampling, fill: &[f64]) -> fmt::Result {
    if sampling == Sampling::Bilinear {
        f.write_str(" interpolation=bilinear")?;
    }
    write_values(f, "fill", fill)
}

pub fn write_filter(f: &mut fmt::Formatter<'_>, filter: Filter) -> fmt::Result {
    f.write_str(if filter == Filter::Bicubic { " interpolation=bicubic" } else { "" })
}

/// ` key={[low, high]}`, unless it is what a file gets that does not say.
pub fn write_unless(f: &mut fmt::Formatter<'_>, key: &str, value: Interval, default: Interval) -> fmt::Result {
    if value == default {
        return Ok(());
    }
    write!(f, " {key}={{[{:?}, {:?}]}}", value.low, value.high)
}

/// A number by position, unless it is the default.
pub fn write_number(f: &mut fmt::Formatter<'_>, value: f64, default: f64) -> fmt::Result {
    if value == default { Ok(()) } else { write!(f, " {value:?}") }
}

/// ` key=…`, unless all are 0.
pub fn write_values(f: &mut fmt::Formatter<'_>, key: &str, values: &[f64]) -> fmt::Result {
    if values.iter().all(|value| *value == 0.0) { Ok(()) } else { write!(f, " {key}={}", numbers(values)) }
}

/// `15.0` for all from −15 to 15, else both ends.
pub fn around_zero(interval: Interval) -> String {
    match interval {
        Interval { low, high } if -low == high => format!("{high:?}"),
        Interval { low, high } => format!("{{[{low:?}, {high:?}]}}"),
    }
}

/// `32`, or `32x48` where the sides differ.
pub fn side(size: Pair) -> String {
    if size.height == size.width { size.height.to_string() } else { format!("{}x{}", size.height, size.width) }
}

/// The entry of [`STATISTICS`] that has these values; a single one there stands for all channels.
pub fn named(mean: &[f64], std: &[f64]) -> Option<&'static str> {
    let agrees = |values: &[f64], known: &[f64]| match known {
        [one] => values.iter().all(|value| value == one),
        known => values == known,
    };
    let found = STATISTICS.iter().find(|(_, m, s)| agrees(mean, m) && agrees(std, s));
    found.map(|(name, ..)| *name)
}

/// `0.5` if all are the same, else `{[0.5, 0.25]}`.
pub fn numbers(values: &[f64]) -> String {
    match values {
        [first, rest @ ..] if rest.iter().all(|value| value == first) => format!("{first:?}"),
        values => format!("{{{values:?}}}"),
    }
}
