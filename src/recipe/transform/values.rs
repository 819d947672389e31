//! What the settings of transforms are made of.

use crate::ir::Pair;

/// All numbers from `low` to `high`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Interval {
    /// The least.
    pub low: f64,
    /// The greatest.
    pub high: f64,
}

impl Interval {
    /// From `low` to `high`.
    pub const fn new(low: f64, high: f64) -> Interval {
        Interval { low, high }
    }

    /// Only `value`.
    pub const fn only(value: f64) -> Interval {
        Interval { low: value, high: value }
    }
}

/// Rows and columns around an image.
#[derive(Debug, Clone, PartialEq)]
pub struct Padding {
    /// Rows above and below, columns left and right.
    pub pixels: Pair,
    /// What they hold.
    pub edges: Edges,
}

impl Padding {
    /// `pixels` zeros on each side of an image of `channels` channels.
    pub fn zeros(pixels: usize, channels: usize) -> Padding {
        Padding { pixels: Pair::square(pixels), edges: Edges::Fill(vec![0.0; channels]) }
    }
}

/// What lies outside an image.
#[derive(Debug, Clone, PartialEq)]
pub enum Edges {
    /// A value for each channel.
    Fill(Vec<f64>),
    /// The pixels at the edge.
    Edge,
    /// The image mirrored at its outermost pixels: `c b | a b c | b a`.
    Reflect,
    /// The image mirrored at its border: `b a | a b c | c b`.
    Symmetric,
}

/// What `resize` aims at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resize {
    /// The shorter side, keeping the aspect ratio.
    Shorter(usize),
    /// Both sides.
    Exact(Pair),
}

/// How an image is resized; both average when it shrinks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Filter {
    /// A triangle over the nearest pixels.
    Bilinear,
    /// Keys's cubic with a = −½; may leave \[0, 1\] a little.
    Bicubic,
}

/// How a value between the pixels of an image that is turned or sheared is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sampling {
    /// The nearest pixel's.
    Nearest,
    /// Weighed between the four around it.
    Bilinear,
}

/// Ranges of an affine map; each value of it is drawn on its own.
#[derive(Debug, Clone, PartialEq)]
pub struct Affine {
    /// With the clock.
    pub degrees: Interval,
    /// At most this much of the width to the right or left, and of the height down or up; between 0 and 1.
    pub translate: [f64; 2],
    /// Factor of the size; positive.
    pub scale: Interval,
    /// Degrees along the x axis and along the y axis.
    pub shear: [Interval; 2],
    /// How values between pixels are found.
    pub sampling: Sampling,
    /// What comes in from outside.
    pub fill: Vec<f64>,
}

/// What random erasing leaves.
#[derive(Debug, Clone, PartialEq)]
pub enum Erased {
    /// A value for each channel.
    Fill(Vec<f64>),
    /// Noise: standard normal numbers.
    Random,
}
