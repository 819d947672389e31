//! What happens to an image between its file and the network, and what size it has then.

mod notation;
mod size;
mod statistics;
mod values;

use std::fmt;

use notation::{around_zero, named, numbers, side, write_affine, write_edges, write_filter, write_number};
use notation::{write_unless, write_values, write_warp};
use size::{padded, within};

pub use size::{MaxPixels, Obstacle, way};
pub use statistics::STATISTICS;
pub use values::{Affine, Edges, Erased, Filter, Interval, Padding, Resize, Sampling};

use crate::ir::Pair;

/// One step from a decoded image, C×H×W with values in \[0, 1\], to the network's input. Parameters, ranges and
/// defaults are those of torchvision's transforms. Source: <https://docs.pytorch.org/vision/stable/transforms.html>.
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
    /// `resize 256`: the shorter side becomes this long; `resize 32x48`: exactly this size. With anti-aliasing, as
    /// Pillow does.
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
    /// Source: Krizhevsky et al., "ImageNet classification with deep convolutional neural networks" (2012), section
    /// 4.1.
    Lighting {
        /// Standard deviation of the three factors.
        std: f64,
    },
    /// `grayscale`, or with a probability `grayscale 0.1`; all channels stay.
    Grayscale {
        /// Between 0 and 1.
        probability: f64,
    },
    /// `gaussian_blur 5`: each pixel becomes the mean of those around it, weighed by the bell curve.
    GaussianBlur {
        /// Rows and columns that are weighed; odd.
        kernel: Pair,
        /// Standard deviation in pixels; positive.
        sigma: Interval,
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
    /// `trivial_augment`: one of fourteen changes, of a random strength. Source: Müller and Hutter, "TrivialAugment:
    /// tuning-free yet state-of-the-art data augmentation" (2021), the wide space.
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

/// What is asked of every transform.
struct Traits {
    name: &'static str,
    is_random: bool,
    needs_colours: bool,
}

impl Transform {
    /// The default area of `resized_crop`.
    pub const CROP_SCALE: Interval = Interval::new(0.08, 1.0);
    /// The default shape of `resized_crop`.
    pub const CROP_RATIO: Interval = Interval::new(3.0 / 4.0, 4.0 / 3.0);
    /// The default area of `erase`.
    pub const ERASED_SCALE: Interval = Interval::new(0.02, 0.33);
    /// The default shape of `erase`.
    pub const ERASED_RATIO: Interval = Interval::new(0.3, 3.3);
    /// The default deviation of `lighting`: that of the paper.
    pub const LIGHTING: f64 = 0.1;
    /// The default deviation of `gaussian_blur`.
    pub const SIGMA: Interval = Interval::new(0.1, 2.0);
    /// The default strengths of `trivial_augment`.
    pub const BINS: usize = 31;
    /// A factor or a scale that changes nothing.
    pub const ONE: Interval = Interval::only(1.0);
    /// An angle or a hue that changes nothing.
    pub const ZERO: Interval = Interval::only(0.0);

    fn traits(&self) -> Traits {
        let traits = |name, is_random, needs_colours| Traits { name, is_random, needs_colours };
        match self {
            Transform::Pad(_) => traits("pad", false, false),
            Transform::RandomCrop { .. } => traits("crop", true, false),
            Transform::CenterCrop { .. } => traits("center_crop", false, false),
            Transform::ResizedCrop { .. } => traits("resized_crop", true, false),
            Transform::Resize { .. } => traits("resize", false, false),
            Transform::HorizontalFlip { .. } => traits("hflip", true, false),
            Transform::VerticalFlip { .. } => traits("vflip", true, false),
            Transform::Rotate { .. } => traits("rotate", true, false),
            Transform::Affine(_) => traits("affine", true, false),
            Transform::ColorJitter { .. } => traits("color_jitter", true, true),
            Transform::Lighting { .. } => traits("lighting", true, true),
            Transform::Grayscale { probability } => traits("grayscale", *probability < 1.0, true),
            Transform::GaussianBlur { sigma, .. } => traits("gaussian_blur", sigma.low < sigma.high, false),
            Transform::Erase { .. } => traits("erase", true, false),
            Transform::TrivialAugment { .. } => traits("trivial_augment", true, true),
            Transform::Normalize { .. } | Transform::NormalizeMeasured => traits("normalize", false, false),
        }
    }

    /// As the notation calls it.
    pub fn name(&self) -> &'static str {
        self.traits().name
    }

    /// Whether it draws random numbers, and so has no place in evaluation.
    pub fn is_random(&self) -> bool {
        self.traits().is_random
    }

    /// Whether it takes values for what they are as colours, from 0 to 1, and so comes before `normalize`.
    pub fn needs_colours(&self) -> bool {
        self.traits().needs_colours
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

    /// Height and width of what it makes of an image of `size`, or the arithmetic that shows why it cannot.
    pub fn output(&self, size: Pair, most: MaxPixels) -> Result<Pair, String> {
        let made = match self {
            Transform::Pad(padding) => padded(size, padding)?,
            Transform::RandomCrop { size: window, padding } => size::window(size, padding, *window)?,
            Transform::CenterCrop { size } | Transform::ResizedCrop { size, .. } => *size,
            Transform::Resize { target, .. } => target.of(size),
            Transform::GaussianBlur { kernel, .. } => {
                // Where the kernel reaches over the edge it sees the image mirrored.
                let pixels = Pair { height: kernel.height / 2, width: kernel.width / 2 };
                padded(size, &Padding { pixels, edges: Edges::Reflect })?;
                size
            }
            Transform::HorizontalFlip { .. }
            | Transform::VerticalFlip { .. }
            | Transform::Rotate { .. }
            | Transform::Affine(_)
            | Transform::ColorJitter { .. }
            | Transform::Lighting { .. }
            | Transform::Grayscale { .. }
            | Transform::Erase { .. }
            | Transform::TrivialAugment { .. }
            | Transform::Normalize { .. }
            | Transform::NormalizeMeasured => size,
        };
        within(made, most.of_transformed(size))
    }
}

/// As the notation writes it, so that it can be read again.
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
            // One of them is to be named.
            Transform::ColorJitter {
                brightness: Self::ONE,
                contrast: Self::ONE,
                saturation: Self::ONE,
                hue: Self::ZERO,
            } => f.write_str(" brightness=0.0"),
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
            Transform::GaussianBlur { kernel, sigma } => {
                write!(f, " {}", side(*kernel))?;
                match sigma {
                    Interval { low, high } if low == high => write!(f, " sigma={low:?}"),
                    sigma => write_unless(f, "sigma", *sigma, Self::SIGMA),
                }
            }
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
