//! TrivialAugment's fourteen changes and their strengths, in its wide space.
//!
//! Source: torchvision's `TrivialAugmentWide`.

use rand_chacha::ChaCha8Rng;

use super::warp::{Placement, warp};
use super::{colour, levels};
use crate::random::{below, chance};
use crate::recipe::Sampling;
use crate::train::data::image::Image;

/// One change of an image.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Change {
    None,
    /// Moves each row by this part of its distance from the top.
    ShearX(f64),
    /// Moves each column by this part of its distance from the left.
    ShearY(f64),
    /// Pixels to the right.
    TranslateX(f64),
    /// Pixels down.
    TranslateY(f64),
    /// Degrees against the clock.
    Rotate(f64),
    /// The factor is 1 more, as with the next three.
    Brightness(f64),
    Saturation(f64),
    Contrast(f64),
    Sharpness(f64),
    /// Bits that are kept.
    Posterize(u32),
    /// The least of 256 levels that is inverted.
    Solarize(f64),
    Autocontrast,
    Equalize,
}

impl Change {
    /// Any of them, with any of `bins` strengths, in either direction.
    pub fn random(bins: usize, numbers: &mut ChaCha8Rng) -> Change {
        let kind = below(numbers, 14);
        let strength = below(numbers, bins) as f64 / (bins - 1) as f64;
        let sign = if chance(numbers, 0.5) { -1.0 } else { 1.0 };
        match kind {
            0 => Change::None,
            1 => Change::ShearX(sign * 0.99 * strength),
            2 => Change::ShearY(sign * 0.99 * strength),
            3 => Change::TranslateX((sign * 32.0 * strength).trunc()),
            4 => Change::TranslateY((sign * 32.0 * strength).trunc()),
            5 => Change::Rotate(sign * 135.0 * strength),
            6 => Change::Brightness(sign * 0.99 * strength),
            7 => Change::Saturation(sign * 0.99 * strength),
            8 => Change::Contrast(sign * 0.99 * strength),
            9 => Change::Sharpness(sign * 0.99 * strength),
            10 => Change::Posterize(8 - (6.0 * strength).round_ties_even() as u32),
            11 => Change::Solarize(255.0 * (1.0 - strength)),
            12 => Change::Autocontrast,
            _ => Change::Equalize,
        }
    }

    /// Whether it changes where something is, and no colours.
    pub fn moves(self) -> bool {
        matches!(
            self,
            Change::ShearX(_) | Change::ShearY(_) | Change::TranslateX(_) | Change::TranslateY(_) | Change::Rotate(_)
        )
    }

    /// Changes `image`; `fill` has what comes in from outside.
    pub fn apply(self, image: &mut Image, spare: &mut Image, sampling: Sampling, fill: &[f64]) {
        let corner = [-0.5 * image.size.width as f64, -0.5 * image.size.height as f64];
        let mut place = |placement: Placement| warp(image, spare, &placement, sampling, fill);
        let factor = |strength: f64| (1.0 + strength) as f32;
        let lean = |part: f64| part.atan().to_degrees();
        let still = Placement::IDENTITY;
        match self {
            Change::None => {}
            Change::ShearX(part) => place(Placement { shear: [lean(part), 0.0], centre: corner, ..still }),
            Change::ShearY(part) => place(Placement { shear: [0.0, lean(part)], centre: corner, ..still }),
            Change::TranslateX(pixels) => place(Placement { translate: [pixels, 0.0], ..still }),
            Change::TranslateY(pixels) => place(Placement { translate: [0.0, pixels], ..still }),
            Change::Rotate(degrees) => place(Placement { degrees: -degrees, ..still }),
            Change::Brightness(strength) => colour::brightness(image, factor(strength)),
            Change::Saturation(strength) => colour::saturation(image, factor(strength)),
            Change::Contrast(strength) => colour::contrast(image, factor(strength)),
            Change::Sharpness(strength) => levels::sharpness(image, spare, factor(strength)),
            Change::Posterize(bits) => levels::posterize(image, bits),
            Change::Solarize(threshold) => levels::solarize(image, threshold),
            Change::Autocontrast => levels::autocontrast(image),
            Change::Equalize => levels::equalize(image),
        }
    }
}
