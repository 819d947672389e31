//! What happens to an image between its file and the network, and what size it has then.

mod notation;
mod size;
mod statistics;

pub use size::{MaxPixels, Obstacle, way};
pub use statistics::STATISTICS;

use crate::ir::Pair;

/// One step from a decoded image, C×H×W with values in \[0, 1\], to the network's input. Parameters, ranges and defaults are
/// those of torchvision's transforms. Source: <https://docs.pytorch.org/vision/stable/transforms.html>.
///
/// A `fill` has one value for each channel.
#[derive(Debug, Clone, PartialEq)]
pub enum Transform {
    /// `pad 4`, `pad 2x4 mode=reflect`
    Pad(Padding),
    /// `crop 32 pad=4`: a random window, after padding.
    RandomCrop {
        /// Of the window.
        size: Pair,
        /// Around the image, before the window is chosen.
        padding: Padding,
    },
    /// `center_crop 227`: the window in the middle; padded with zeros if the image is smaller.
    CenterCrop {
        /// Of the window.
        size: Pair,
    },
    /// `resized_crop 224`: a random window of random area and shape, resized.
    ResizedCrop {
        /// Height and width at the end.
        size: Pair,
        /// The window's area in parts of the image's.
        scale: Interval,
        /// The window's width in parts of its height, drawn from its logarithm's range.
        ratio: Interval,
        /// How values between pixels are found.
        filter: Filter,
    },
    /// `resize 256`: the shorter side becomes this long; `resize 32x48`: exactly this size. With anti-aliasing, as Pillow does.
    Resize {
        /// One side or both.
        target: Resize,
        /// How values between pixels are found.
        filter: Filter,
    },
    /// `hflip` or `hflip 0.3`: left and right change places with this probability.
    HorizontalFlip {
        /// Between 0 and 1.
        probability: f64,
    },
    /// `vflip` or `vflip 0.3`: top and bottom change places with this probability.
    VerticalFlip {
        /// Between 0 and 1.
        probability: f64,
    },
    /// `rotate 15`: about the middle, by up to so many degrees either way.
    Rotate {
        /// Against the clock.
        degrees: Interval,
        /// How values between pixels are found.
        sampling: Sampling,
        /// What comes in from outside.
        fill: Vec<f64>,
    },
    /// `affine 10 translate=0.1 scale={[0.9, 1.1]} shear=5`
    Affine(Affine),
    /// `color_jitter brightness=0.4 contrast=0.4 saturation=0.4 hue=0.1`, one after the other in a random order.
    ColorJitter {
        /// Factor; 0 is black, 1 leaves the image as it is.
        brightness: Interval,
        /// Factor of the distance from the mean brightness.
        contrast: Interval,
        /// Factor of the distance from grey.
        saturation: Interval,
        /// Added to the hue, of which 1 is the full circle; between −0.5 and 0.5.
        hue: Interval,
    },
    /// `lighting` or `lighting 0.1`: red, green and blue shifted along the principal components of ImageNet's colours.
    /// Source: Krizhevsky et al., "ImageNet classification with deep convolutional neural networks" (2012), section 4.1.
    Lighting {
        /// Standard deviation of the three factors.
        std: f64,
    },
    /// `grayscale`, or with a probability `grayscale 0.1`; all channels stay.
    Grayscale {
        /// Between 0 and 1.
        probability: f64,
    },
    /// `erase`: a random rectangle is overwritten.
    /// Source: Zhong et al., "Random erasing data augmentation" (2017).
    Erase {
        /// Between 0 and 1.
        probability: f64,
        /// The rectangle's area in parts of the image's.
        scale: Interval,
        /// The rectangle's height in parts of its width.
        ratio: Interval,
        /// What is written there.
        value: Erased,
    },
    /// `trivial_augment`: one of fourteen changes, of a random strength.
    /// Source: Müller and Hutter, "TrivialAugment: tuning-free yet state-of-the-art data augmentation" (2021), the wide space.
    TrivialAugment {
        /// Strengths to choose from; at least 2.
        bins: usize,
        /// How values between pixels are found.
        sampling: Sampling,
        /// What comes in from outside.
        fill: Vec<f64>,
    },
    /// `normalize cifar10`, or `normalize mean=0.5 std=0.25`: (x − mean)/std, channel by channel.
    Normalize {
        /// One for each channel.
        mean: Vec<f64>,
        /// One for each channel; positive.
        std: Vec<f64>,
    },
    /// `normalize measured`: with mean and deviation of the training images, found when the data set is opened.
    NormalizeMeasured,
}

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

impl Transform {
    /// As the notation calls it.
    pub fn name(&self) -> &'static str {
        match self {
            Transform::Pad(_) => "pad",
            Transform::RandomCrop { .. } => "crop",
            Transform::CenterCrop { .. } => "center_crop",
            Transform::ResizedCrop { .. } => "resized_crop",
            Transform::Resize { .. } => "resize",
            Transform::HorizontalFlip { .. } => "hflip",
            Transform::VerticalFlip { .. } => "vflip",
            Transform::Rotate { .. } => "rotate",
            Transform::Affine(_) => "affine",
            Transform::ColorJitter { .. } => "color_jitter",
            Transform::Lighting { .. } => "lighting",
            Transform::Grayscale { .. } => "grayscale",
            Transform::Erase { .. } => "erase",
            Transform::TrivialAugment { .. } => "trivial_augment",
            Transform::Normalize { .. } | Transform::NormalizeMeasured => "normalize",
        }
    }

    /// Whether it draws random numbers, and so has no place in evaluation.
    pub fn is_random(&self) -> bool {
        match self {
            Transform::RandomCrop { .. }
            | Transform::ResizedCrop { .. }
            | Transform::HorizontalFlip { .. }
            | Transform::VerticalFlip { .. }
            | Transform::Rotate { .. }
            | Transform::Affine(_)
            | Transform::ColorJitter { .. }
            | Transform::Lighting { .. }
            | Transform::Erase { .. }
            | Transform::TrivialAugment { .. } => true,
            Transform::Grayscale { probability } => *probability < 1.0,
            Transform::Pad(_)
            | Transform::CenterCrop { .. }
            | Transform::Resize { .. }
            | Transform::Normalize { .. }
            | Transform::NormalizeMeasured => false,
        }
    }

    /// Whether it takes values for what they are as colours, from 0 to 1, and so comes before `normalize`.
    pub fn needs_colours(&self) -> bool {
        matches!(
            self,
            Transform::ColorJitter { .. }
                | Transform::Lighting { .. }
                | Transform::Grayscale { .. }
                | Transform::TrivialAugment { .. }
        )
    }

    /// Every list in it that has one value for each channel, with what the notation calls the values.
    pub fn per_channel(&mut self) -> Vec<(&'static str, &mut Vec<f64>)> {
        match self {
            Transform::Pad(Padding { edges: Edges::Fill(fill), .. })
            | Transform::RandomCrop { padding: Padding { edges: Edges::Fill(fill), .. }, .. }
            | Transform::Rotate { fill, .. }
            | Transform::Affine(Affine { fill, .. })
            | Transform::TrivialAugment { fill, .. } => vec![("fill values", fill)],
            Transform::Erase { value: Erased::Fill(fill), .. } => vec![("values", fill)],
            Transform::Normalize { mean, std } => vec![("means", mean), ("standard deviations", std)],
            _ => Vec::new(),
        }
    }
}
