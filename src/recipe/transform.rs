//! What happens to an image between its file and the network, and what size it has then.

use std::fmt;

use crate::arguments::Pair;

/// One step from a decoded image, C×H×W with values in \[0, 1\], to the network's input.
#[derive(Debug, Clone, PartialEq)]
pub enum Transform {
    /// `pad 4`: zeros on all sides.
    Pad {
        /// Pixels on each side.
        pixels: usize,
    },
    /// `crop 32 pad=4`: a random window, after padding with zeros.
    RandomCrop {
        /// Of the window.
        size: Pair,
        /// Pixels of padding on each side.
        pad: usize,
    },
    /// `center_crop 227`: the window in the middle; padded with zeros if the image is smaller.
    CenterCrop {
        /// Of the window.
        size: Pair,
    },
    /// `hflip` or `hflip 0.3`: mirrored with this probability.
    HorizontalFlip {
        /// Between 0 and 1.
        probability: f64,
    },
    /// `resize 256`: the shorter side becomes this long; `resize 32x48`: exactly this size. Bilinear with anti-aliasing, as Pillow does.
    Resize(Resize),
    /// `normalize cifar10`, or `normalize mean=0.5 std=0.25`: (x − mean)/std, channel by channel.
    Normalize {
        /// One for each channel.
        mean: Vec<f64>,
        /// One for each channel; positive.
        std: Vec<f64>,
    },
}

/// What `resize` aims at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resize {
    /// The shorter side, keeping the aspect ratio.
    Shorter(usize),
    /// Both sides.
    Exact(Pair),
}

/// The most pixels an image may have, on its way too: enough for the largest cameras, far from what exhausts memory.
pub const LARGEST_IMAGE: usize = 1 << 27;

/// Means and standard deviations that are known by name, channel by channel, for values in \[0, 1\].
///
/// CIFAR-10's are those of seed 004 and most published recipes; ImageNet's are torchvision's; the others were measured
/// over the training images and are the customary roundings.
pub const STATISTICS: [(&str, &[f64], &[f64]); 6] = [
    ("cifar10", &[0.4914, 0.4822, 0.4465], &[0.2023, 0.1994, 0.2010]),
    ("cifar100", &[0.5071, 0.4865, 0.4409], &[0.2673, 0.2564, 0.2762]),
    ("imagenet", &[0.485, 0.456, 0.406], &[0.229, 0.224, 0.225]),
    ("mnist", &[0.1307], &[0.3081]),
    ("fashion-mnist", &[0.2860], &[0.3530]),
    ("half", &[0.5], &[0.5]),
];

impl Transform {
    /// Height and width after all of `transforms`, one after the other; `None` if one of them cannot be applied.
    pub fn output_of_all(transforms: &[Transform], size: Pair) -> Option<Pair> {
        transforms.iter().try_fold(size, |size, transform| transform.output(size).ok())
    }

    /// Whether it draws random numbers, and so has no place in evaluation.
    pub fn is_random(&self) -> bool {
        matches!(self, Transform::RandomCrop { .. } | Transform::HorizontalFlip { .. })
    }

    /// Height and width of what it makes of an image of `size`, or the arithmetic that shows why it cannot.
    pub fn output(&self, size: Pair) -> Result<Pair, String> {
        let made = match self {
            Transform::Pad { pixels } => padded(size, *pixels),
            Transform::RandomCrop { size: window, pad } => {
                let room = padded(size, *pad);
                for (given, room, wanted) in
                    [(size.height, room.height, window.height), (size.width, room.width, window.width)]
                {
                    if room < wanted {
                        let sum = if *pad == 0 { format!("{given}") } else { format!("{given} + 2·{pad} = {room}") };
                        return Err(format!("{sum} < {wanted}"));
                    }
                }
                *window
            }
            Transform::CenterCrop { size } => *size,
            Transform::Resize(Resize::Exact(size)) => *size,
            Transform::Resize(Resize::Shorter(side)) => {
                let longer = side * size.height.max(size.width) / size.height.min(size.width).max(1);
                match size.height < size.width {
                    true => Pair { height: *side, width: longer },
                    false => Pair { height: longer, width: *side },
                }
            }
            Transform::HorizontalFlip { .. } | Transform::Normalize { .. } => size,
        };
        match made.height.checked_mul(made.width) {
            Some(pixels) if pixels <= LARGEST_IMAGE => Ok(made),
            _ => Err(format!("{made} is more than {LARGEST_IMAGE} pixels")),
        }
    }
}

/// The sizes that an image of `size` has on its way through `transforms`, for people: "28×28, after `pad 2` 32×32".
///
/// # Errors
/// The first transform that cannot be applied.
pub fn way(transforms: &[Transform], size: Pair) -> Result<String, Obstacle> {
    let mut way = size.to_string();
    let mut reached = size;
    for (index, transform) in transforms.iter().enumerate() {
        match transform.output(reached) {
            Err(arithmetic) => return Err(Obstacle { index, way, arithmetic }),
            Ok(output) if output != reached => {
                way.push_str(&format!(", after `{transform}` {output}"));
                reached = output;
            }
            Ok(_) => {}
        }
    }
    Ok(way)
}

/// Where an image's [`way`] through transforms ends early.
#[derive(Debug, Clone, PartialEq)]
pub struct Obstacle {
    /// Of the transform that cannot be applied.
    pub index: usize,
    /// The way up to there.
    pub way: String,
    /// Why it cannot.
    pub arithmetic: String,
}

fn padded(size: Pair, pixels: usize) -> Pair {
    Pair { height: size.height + 2 * pixels, width: size.width + 2 * pixels }
}

/// As the notation writes it, so that it can be read again.
impl fmt::Display for Transform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Transform::Pad { pixels } => write!(f, "pad {pixels}"),
            Transform::RandomCrop { size, pad: 0 } => write!(f, "crop {}", side(*size)),
            Transform::RandomCrop { size, pad } => write!(f, "crop {} pad={pad}", side(*size)),
            Transform::CenterCrop { size } => write!(f, "center_crop {}", side(*size)),
            Transform::HorizontalFlip { probability: 0.5 } => write!(f, "hflip"),
            Transform::HorizontalFlip { probability } => write!(f, "hflip {probability:?}"),
            Transform::Resize(Resize::Shorter(side)) => write!(f, "resize {side}"),
            Transform::Resize(Resize::Exact(size)) => write!(f, "resize {}x{}", size.height, size.width),
            Transform::Normalize { mean, std } => match named(mean, std) {
                Some(name) => write!(f, "normalize {name}"),
                None => write!(f, "normalize mean={} std={}", numbers(mean), numbers(std)),
            },
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_follow_torchvision() {
        let crop = |side, pad| Transform::RandomCrop { size: Pair::square(side), pad };
        let shorter = |side| Transform::Resize(Resize::Shorter(side));
        let too_small = |text: &str| Err(text.to_string());
        for (transform, (height, width), expected) in [
            (Transform::Pad { pixels: 4 }, (32, 30), Ok((40, 38))),
            (crop(32, 4), (28, 26), Ok((32, 32))),
            (crop(32, 1), (28, 28), too_small("28 + 2·1 = 30 < 32")),
            (crop(32, 0), (40, 28), too_small("28 < 32")),
            (Transform::CenterCrop { size: Pair::square(40) }, (8, 64), Ok((40, 40))),
            (shorter(256), (375, 500), Ok((256, 341))),
            (shorter(256), (500, 375), Ok((341, 256))),
            (shorter(256), (1, 60_000_000), too_small("256×15360000000 is more than 134217728 pixels")),
            (Transform::Resize(Resize::Exact(Pair { height: 3, width: 5 })), (9, 9), Ok((3, 5))),
            (Transform::HorizontalFlip { probability: 0.5 }, (9, 7), Ok((9, 7))),
        ] {
            let expected = expected.map(|(height, width)| Pair { height, width });
            assert_eq!(transform.output(Pair { height, width }), expected, "{transform}");
        }
    }
}
