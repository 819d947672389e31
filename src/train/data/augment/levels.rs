//! Changes of single values and of their distribution, as TrivialAugment has them, for values from 0 to 1.
//!
//! What torchvision does to bytes only is done to the nearest of 256 levels here.
//! Source: torchvision's `functional` on tensors.

use std::mem;

use super::colour::blend;
use crate::train::data::image::Image;

/// The nearest byte.
fn level(value: f32) -> u8 {
    // Casts saturate.
    (value * 255.0).round_ties_even() as u8
}

fn value(level: u8) -> f32 {
    f32::from(level) / 255.0
}

/// Keeps the highest `bits` bits of each byte.
pub fn posterize(image: &mut Image, bits: u32) {
    let mask = !(0xff >> bits.min(8)) as u8;
    image.pixels.iter_mut().for_each(|pixel| *pixel = value(level(*pixel) & mask));
}

/// Inverts what is at least `threshold`, of 255.
pub fn solarize(image: &mut Image, threshold: f64) {
    for pixel in image.pixels.iter_mut().filter(|pixel| f64::from(level(**pixel)) >= threshold) {
        *pixel = 1.0 - *pixel;
    }
}

/// Stretches each channel from 0 to 1.
pub fn autocontrast(image: &mut Image) {
    let plane = image.size.height * image.size.width;
    for plane in image.pixels.chunks_exact_mut(plane) {
        let (least, most) = plane
            .iter()
            .fold((f32::INFINITY, f32::NEG_INFINITY), |(least, most), value| (least.min(*value), most.max(*value)));
        if most > least {
            plane.iter_mut().for_each(|value| *value = ((*value - least) / (most - least)).clamp(0.0, 1.0));
        }
    }
}

/// Spreads the levels of each channel so that all are about equally frequent.
pub fn equalize(image: &mut Image) {
    let plane = image.size.height * image.size.width;
    for plane in image.pixels.chunks_exact_mut(plane) {
        let mut counts = [0usize; 256];
        plane.iter().for_each(|pixel| counts[usize::from(level(*pixel))] += 1);
        let highest = counts.iter().rposition(|count| *count > 0).unwrap_or(0);
        let step = (plane.len() - counts[highest]) / 255;
        if step == 0 {
            continue;
        }
        let mut below = 0;
        let new = counts.map(|count| {
            let level = (below + step / 2) / step;
            below += count;
            level.min(255) as u8
        });
        plane.iter_mut().for_each(|pixel| *pixel = value(new[usize::from(level(*pixel))]));
    }
}

/// Away from a blurred image, or towards it; the outermost pixels stay.
pub fn sharpness(image: &mut Image, spare: &mut Image, factor: f32) {
    let (height, width) = (image.size.height, image.size.width);
    if height <= 2 || width <= 2 {
        return;
    }
    spare.pixels.clear();
    spare.pixels.extend_from_slice(&image.pixels);
    for (from, to) in image.pixels.chunks_exact(height * width).zip(spare.pixels.chunks_exact_mut(height * width)) {
        for row in 1..height - 1 {
            for column in 1..width - 1 {
                let around: f32 =
                    (row - 1..=row + 1).map(|row| from[row * width + column - 1..][..3].iter().sum::<f32>()).sum();
                let own = from[row * width + column];
                to[row * width + column] = blend(own, (around + 4.0 * own) / 13.0, factor);
            }
        }
    }
    mem::swap(&mut image.pixels, &mut spare.pixels);
}
