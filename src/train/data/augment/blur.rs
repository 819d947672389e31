//! Blurring: each pixel becomes a weighed mean of those around it.
//!
//! Source: torchvision's `gaussian_blur`, which mirrors an image at its outermost pixels for what lies beyond them.

use crate::ir::Pair;
use crate::train::data::image::Image;

/// Blurs along rows, then along columns, which is the same as both at once.
///
/// Half of `kernel`, whose sides are odd, must be less than the image: [`crate::recipe::Transform::output`].
pub fn gaussian(image: &mut Image, spare: &mut Image, kernel: Pair, sigma: f64) {
    let Pair { height, width } = image.size;
    let (across, down) = (bell(kernel.width, sigma), bell(kernel.height, sigma));
    spare.pixels.clear();
    spare.pixels.resize(image.pixels.len(), 0.0);
    let mut continued = vec![0.0; width + across.len() - 1];
    for (from, to) in image.pixels.chunks_exact(width).zip(spare.pixels.chunks_exact_mut(width)) {
        for (at, value) in continued.iter_mut().enumerate() {
            *value = from[mirrored(at, across.len() / 2, width)];
        }
        for (window, to) in continued.windows(across.len()).zip(to) {
            *to = window.iter().zip(&across).map(|(value, weight)| value * weight).sum();
        }
    }
    let planes = image.pixels.chunks_exact_mut(height * width).zip(spare.pixels.chunks_exact(height * width));
    for (to, from) in planes {
        for (row, to) in to.chunks_exact_mut(width).enumerate() {
            to.fill(0.0);
            for (tap, weight) in down.iter().enumerate() {
                let from = &from[mirrored(row + tap, down.len() / 2, height) * width..][..width];
                to.iter_mut().zip(from).for_each(|(to, from)| *to += weight * from);
            }
        }
    }
}

/// Where place `at` of a line that is continued by `reach` on both sides lies in the line, which has `length` places.
fn mirrored(at: usize, reach: usize, length: usize) -> usize {
    let inside = at.abs_diff(reach);
    if inside < length { inside } else { 2 * (length - 1) - inside }
}

/// The normal density at as many whole numbers around 0, whose sum is 1, without those at both ends that are nothing: a
/// large kernel takes no longer than its bell is wide.
fn bell(taps: usize, sigma: f64) -> Vec<f32> {
    let density = |at: usize| (-0.5 * (at as f64 / sigma).powi(2)).exp();
    let half: Vec<f64> = (0..=taps / 2).map(density).take_while(|density| *density as f32 > 0.0).collect();
    let sum = half[0] + 2.0 * half[1..].iter().sum::<f64>();
    let weights = half[1..].iter().rev().chain(&half);
    weights.map(|density| (density / sum) as f32).collect()
}
