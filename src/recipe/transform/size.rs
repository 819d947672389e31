//! What size an image has after each transform.

use super::{Edges, Padding, Resize, Transform};
use crate::ir::Pair;

/// `max_pixels:`, the most pixels that an image may have, as it is decoded and on its way through the transforms.
///
/// Unless it is given, an image may have [`MaxPixels::USUAL`], a phone's 50 megapixels. But a file that holds far more
/// pixels than its length lets one expect is more often a mistake or an attack than a drawing, and may have
/// [`MaxPixels::SMALL`]; so may what a transform enlarges.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MaxPixels(pub Option<usize>);

impl MaxPixels {
    /// Of any image.
    pub const USUAL: usize = 50_000_000;

    /// Of any image, however short its file is. At most this takes some 100 MB on the way through the transforms.
    pub const SMALL: usize = 1 << 22;

    /// For each byte of a longer file. Photographs have 1 to 20.
    pub const A_BYTE: u64 = 100;

    /// Of an image whose file has this length.
    pub fn of_file(self, length: u64) -> usize {
        let expected = usize::try_from(length.saturating_mul(Self::A_BYTE)).unwrap_or(usize::MAX);
        self.0.unwrap_or(expected.clamp(Self::SMALL, Self::USUAL))
    }

    /// Of what a transform makes of an image of `size`.
    pub(super) fn of_transformed(self, size: Pair) -> usize {
        self.0.unwrap_or(Self::SMALL).max(size.height.saturating_mul(size.width))
    }
}

impl Transform {
    /// Height and width after all of `transforms`, one after the other; `None` if one of them cannot be applied.
    pub fn output_of_all(transforms: &[Transform], size: Pair, most: MaxPixels) -> Option<Pair> {
        transforms.iter().try_fold(size, |size, transform| transform.output(size, most).ok())
    }
}

/// The size that was made, if it has at most so many pixels.
pub fn within(made: Pair, most: usize) -> Result<Pair, String> {
    match made.height.checked_mul(made.width) {
        Some(pixels) if pixels <= most => Ok(made),
        _ => Err(format!("{made} is more than {most} pixels, which `max_pixels` under `data:` can raise")),
    }
}

impl Resize {
    /// What an image of `size` becomes.
    pub fn of(self, size: Pair) -> Pair {
        match self {
            Resize::Exact(size) => size,
            Resize::Shorter(side) => {
                let longer = side.saturating_mul(size.height.max(size.width)) / size.height.min(size.width).max(1);
                match size.height < size.width {
                    true => Pair { height: side, width: longer },
                    false => Pair { height: longer, width: side },
                }
            }
        }
    }
}

/// The `window`, if it lies within an image of `size` with its padding.
pub fn window(size: Pair, padding: &Padding, window: Pair) -> Result<Pair, String> {
    let room = padded(size, padding)?;
    let Padding { pixels, .. } = padding;
    for (given, pad, room, wanted) in
        [(size.height, pixels.height, room.height, window.height), (size.width, pixels.width, room.width, window.width)]
    {
        if room < wanted {
            let sum = if pad == 0 { format!("{given}") } else { format!("{given} + 2·{pad} = {room}") };
            return Err(format!("{sum} < {wanted}"));
        }
    }
    Ok(window)
}

/// The size with padding, which must not reach further than the mirrored image.
pub fn padded(size: Pair, padding: &Padding) -> Result<Pair, String> {
    let Padding { pixels, edges } = padding;
    for (side, pad) in [(size.height, pixels.height), (size.width, pixels.width)] {
        match edges {
            Edges::Reflect if pad >= side => {
                return Err(format!("mirrored, {side} pixels give {} at most", side.saturating_sub(1)));
            }
            Edges::Symmetric if pad > side => return Err(format!("mirrored, {side} pixels give {side} at most")),
            _ => {}
        }
    }
    let with = |side: usize, pad: usize| side.saturating_add(pad.saturating_mul(2));
    Ok(Pair { height: with(size.height, pixels.height), width: with(size.width, pixels.width) })
}

/// The sizes that an image of `size` has on its way through `transforms`, for people: "28×28, after `pad 2` 32×32".
///
/// # Errors
/// The first transform that cannot be applied.
pub fn way(transforms: &[Transform], size: Pair, most: MaxPixels) -> Result<String, Obstacle> {
    let mut way = size.to_string();
    let mut reached = size;
    for (index, transform) in transforms.iter().enumerate() {
        match transform.output(reached, most) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recipe::{Filter, Interval};

    #[test]
    fn sizes_follow_torchvision() {
        let crop = |side, pad| Transform::RandomCrop { size: Pair::square(side), padding: Padding::zeros(pad, 1) };
        let resize = |target| Transform::Resize { target, filter: Filter::Bilinear };
        let shorter = |side| resize(Resize::Shorter(side));
        let mirrored = |pixels, edges| Transform::Pad(Padding { pixels: Pair { height: 0, width: pixels }, edges });
        let area = Interval::new(0.1, 1.0);
        let size = Pair { height: 20, width: 30 };
        let resized_crop = Transform::ResizedCrop { size, scale: area, ratio: area, filter: Filter::Bicubic };
        let impossible = |text: &str| Err(text.to_string());
        for (transform, (height, width), expected) in [
            (Transform::Pad(Padding::zeros(4, 1)), (32, 30), Ok((40, 38))),
            (mirrored(3, Edges::Edge), (2, 2), Ok((2, 8))),
            (mirrored(2, Edges::Symmetric), (2, 2), Ok((2, 6))),
            (mirrored(3, Edges::Symmetric), (2, 2), impossible("mirrored, 2 pixels give 2 at most")),
            (mirrored(1, Edges::Reflect), (2, 2), Ok((2, 4))),
            (mirrored(2, Edges::Reflect), (2, 2), impossible("mirrored, 2 pixels give 1 at most")),
            (crop(32, 4), (28, 26), Ok((32, 32))),
            (crop(32, 1), (28, 28), impossible("28 + 2·1 = 30 < 32")),
            (crop(32, 0), (40, 28), impossible("28 < 32")),
            (Transform::CenterCrop { size: Pair::square(40) }, (8, 64), Ok((40, 40))),
            (resized_crop, (8, 64), Ok((20, 30))),
            (shorter(256), (375, 500), Ok((256, 341))),
            (shorter(256), (500, 375), Ok((341, 256))),
            (
                shorter(256),
                (1, 60_000_000),
                impossible("256×15360000000 is more than 60000000 pixels, which `max_pixels` under `data:` can raise"),
            ),
            (
                shorter(10),
                (1, 100_000),
                impossible("10×1000000 is more than 4194304 pixels, which `max_pixels` under `data:` can raise"),
            ),
            (
                Transform::Pad(Padding::zeros(usize::MAX, 1)),
                (1, 1),
                impossible(&format!(
                    "{0}×{0} is more than 4194304 pixels, which `max_pixels` under `data:` can raise",
                    usize::MAX
                )),
            ),
            (resize(Resize::Exact(Pair { height: 3, width: 5 })), (9, 9), Ok((3, 5))),
            (Transform::HorizontalFlip { probability: 0.5 }, (9, 7), Ok((9, 7))),
        ] {
            let expected = expected.map(|(height, width)| Pair { height, width });
            assert_eq!(transform.output(Pair { height, width }, MaxPixels::default()), expected, "{transform}");
        }
    }

    #[test]
    fn what_is_given_holds_everywhere() {
        let usual = MaxPixels::default();
        assert_eq!([0, 100_000, 1 << 20].map(|length| usual.of_file(length)), [1 << 22, 10_000_000, 50_000_000]);
        let given = MaxPixels(Some(100));
        assert_eq!([0, u64::MAX].map(|length| given.of_file(length)), [100, 100]);
        let resize = |side| Transform::Resize { target: Resize::Exact(Pair::square(side)), filter: Filter::Bilinear };
        for (side, from, fits) in [(10, 1, true), (11, 1, false), (11, 11, true)] {
            assert_eq!(resize(side).output(Pair::square(from), given).is_ok(), fits, "{side} from {from}");
        }
    }
}
