//! Turning, moving, scaling and shearing: each pixel of the result is looked up where it comes from.
//!
//! Source: torchvision's `functional.affine` on tensors.

use std::mem;

use crate::recipe::Sampling;
use crate::train::data::image::Image;

/// An affine map in numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Placement {
    /// With the clock.
    pub degrees: f64,
    /// Pixels to the right and down.
    pub translate: [f64; 2],
    pub scale: f64,
    /// Degrees along x and along y.
    pub shear: [f64; 2],
    /// What stays in its place: x and y from the middle of the image.
    pub centre: [f64; 2],
}

impl Placement {
    /// Nothing moves.
    pub const IDENTITY: Placement =
        Placement { degrees: 0.0, translate: [0.0; 2], scale: 1.0, shear: [0.0; 2], centre: [0.0; 2] };

    /// `[a, b, c, d, e, f]`: what stands at (x, y) comes from (a·x + b·y + c, d·x + e·y + f), both from the middle of
    /// the image.
    ///
    /// The inverse of translation · centre · rotation · scale · shear along y · shear along x · centre⁻¹.
    fn source(&self) -> [f64; 6] {
        let [turn, shear_x, shear_y] = [self.degrees, self.shear[0], self.shear[1]].map(f64::to_radians);
        let ([x, y], [right, down]) = (self.centre, self.translate);
        let lean = turn - shear_y;
        let a = lean.cos() / shear_y.cos();
        let b = -lean.cos() * shear_x.tan() / shear_y.cos() - turn.sin();
        let c = lean.sin() / shear_y.cos();
        let d = -lean.sin() * shear_x.tan() / shear_y.cos() + turn.cos();
        // The determinant of a, b, c, d is 1.
        let [a, b, c, d] = [d, -b, -c, a].map(|entry| entry / self.scale);
        [a, b, a * (-x - right) + b * (-y - down) + x, c, d, c * (-x - right) + d * (-y - down) + y]
    }
}

/// Replaces `image` by what `placement` makes of it; `fill` has what comes in from outside, channel by channel.
pub fn warp(image: &mut Image, spare: &mut Image, placement: &Placement, sampling: Sampling, fill: &[f64]) {
    let (height, width) = (image.size.height, image.size.width);
    let [a, b, c, d, e, f] = placement.source();
    let middle = |length: usize| (length as f64 - 1.0) / 2.0;
    let (middle_x, middle_y) = (middle(width), middle(height));
    spare.pixels.clear();
    spare.pixels.resize(image.pixels.len(), 0.0);
    for row in 0..height {
        let y = row as f64 - middle_y;
        for column in 0..width {
            let x = column as f64 - middle_x;
            let from = (a * x + b * y + c + middle_x, d * x + e * y + f + middle_y);
            let planes = image.pixels.chunks_exact(height * width);
            for ((plane, to), fill) in planes.zip(spare.pixels.chunks_exact_mut(height * width)).zip(fill) {
                to[row * width + column] = match sampling {
                    Sampling::Nearest => nearest(plane, width, height, from).unwrap_or(*fill as f32),
                    Sampling::Bilinear => bilinear(plane, width, height, from, *fill as f32),
                };
            }
        }
    }
    mem::swap(&mut image.pixels, &mut spare.pixels);
}

fn nearest(plane: &[f32], width: usize, height: usize, (x, y): (f64, f64)) -> Option<f32> {
    pixel(plane, width, height, x.round_ties_even(), y.round_ties_even())
}

/// Between the four pixels around a place. Outside are zeros; the fill is then weighed by how much of the place is
/// outside.
fn bilinear(plane: &[f32], width: usize, height: usize, (x, y): (f64, f64), fill: f32) -> f32 {
    let (left, top) = (x.floor(), y.floor());
    let (right_share, bottom_share) = ((x - left) as f32, (y - top) as f32);
    let (mut value, mut inside) = (0.0, 0.0);
    for (row, row_share) in [(top, 1.0 - bottom_share), (top + 1.0, bottom_share)] {
        for (column, column_share) in [(left, 1.0 - right_share), (left + 1.0, right_share)] {
            if let Some(pixel) = pixel(plane, width, height, column, row) {
                value += row_share * column_share * pixel;
                inside += row_share * column_share;
            }
        }
    }
    value * inside + (1.0 - inside) * fill
}

fn pixel(plane: &[f32], width: usize, height: usize, x: f64, y: f64) -> Option<f32> {
    let inside = x >= 0.0 && y >= 0.0 && x < width as f64 && y < height as f64;
    inside.then(|| plane[y as usize * width + x as usize])
}
