//! Windows of an image: cropping, padding, and choosing a rectangle at random.

use std::mem;

use rand_chacha::ChaCha8Rng;

use crate::ir::Pair;
use crate::random::{below, between};
use crate::recipe::{Edges, Interval, Padding};
use crate::train::data::image::Image;

/// Adds rows and columns on all sides.
pub fn pad(image: &mut Image, spare: &mut Image, padding: &Padding) {
    let Padding { pixels, edges } = padding;
    let Pair { height, width } = image.size;
    let size = Pair { height: height + 2 * pixels.height, width: width + 2 * pixels.width };
    window(image, spare, size, -(pixels.height as isize), -(pixels.width as isize), edges);
}

/// A window anywhere in the padded image.
pub fn random_crop(
    image: &mut Image,
    spare: &mut Image,
    numbers: &mut ChaCha8Rng,
    size: Pair,
    Padding { pixels, edges }: &Padding,
) {
    let top = below(numbers, image.size.height + 2 * pixels.height - size.height + 1) as isize;
    let left = below(numbers, image.size.width + 2 * pixels.width - size.width + 1) as isize;
    window(image, spare, size, top - pixels.height as isize, left - pixels.width as isize, edges);
}

/// The window in the middle, and `fill` around the image.
pub fn center_crop(image: &mut Image, spare: &mut Image, size: Pair, fill: f64) {
    let top = margin(image.size.height, size.height);
    let left = margin(image.size.width, size.width);
    window(image, spare, size, top, left, &Edges::Fill(vec![fill; image.channels]));
}

/// Where a window in the middle begins; negative if it is larger than the image. Halves are rounded to the even
/// neighbour, as in Python, except that the padding of a smaller image has its odd pixel at the end.
fn margin(image: usize, window: usize) -> isize {
    if window > image {
        return -(((window - image) / 2) as isize);
    }
    ((image - window) as f64 / 2.0).round_ties_even() as isize
}

/// A rectangle in an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rectangle {
    pub top: usize,
    pub left: usize,
    pub size: Pair,
}

/// How often a rectangle that does not fit is drawn anew.
const ATTEMPTS: usize = 10;

/// The rectangle of `resized_crop`, whose `ratio` is that of width to height. After ten that do not fit, the one in the
/// middle with the nearest ratio that does.
pub fn random_rectangle(numbers: &mut ChaCha8Rng, image: Pair, scale: Interval, ratio: Interval) -> Rectangle {
    let Pair { height, width } = image;
    let area = (height * width) as f64;
    for _ in 0..ATTEMPTS {
        let (area, ratio) = (area * between(numbers, scale), between_logarithms(numbers, ratio));
        let size = Pair { height: rounded((area / ratio).sqrt()), width: rounded((area * ratio).sqrt()) };
        if (1..=height).contains(&size.height) && (1..=width).contains(&size.width) {
            return anywhere(numbers, image, size);
        }
    }
    let own = width as f64 / height as f64;
    // A rectangle has at least one pixel, however extreme the ratio.
    let size = if own < ratio.low {
        Pair { height: rounded(width as f64 / ratio.low).clamp(1, height), width }
    } else if own > ratio.high {
        Pair { height, width: rounded(height as f64 * ratio.high).clamp(1, width) }
    } else {
        image
    };
    Rectangle { top: (height - size.height) / 2, left: (width - size.width) / 2, size }
}

/// The rectangle of `erase`, whose `ratio` is that of height to width; `None` after ten that do not fit.
pub fn random_hole(numbers: &mut ChaCha8Rng, image: Pair, scale: Interval, ratio: Interval) -> Option<Rectangle> {
    let area = (image.height * image.width) as f64;
    for _ in 0..ATTEMPTS {
        let (area, ratio) = (area * between(numbers, scale), between_logarithms(numbers, ratio));
        let size = Pair { height: rounded((area * ratio).sqrt()), width: rounded((area / ratio).sqrt()) };
        if size.height < image.height && size.width < image.width {
            return Some(anywhere(numbers, image, size));
        }
    }
    None
}

fn anywhere(numbers: &mut ChaCha8Rng, image: Pair, size: Pair) -> Rectangle {
    let top = below(numbers, image.height - size.height + 1);
    let left = below(numbers, image.width - size.width + 1);
    Rectangle { top, left, size }
}

fn between_logarithms(numbers: &mut ChaCha8Rng, interval: Interval) -> f64 {
    between(numbers, Interval::new(interval.low.ln(), interval.high.ln())).exp()
}

/// To the nearest whole number, halves to the even one, as in Python.
fn rounded(value: f64) -> usize {
    value.round_ties_even() as usize
}

/// Replaces `image` by the part of it in `rectangle`.
pub fn cut(image: &mut Image, spare: &mut Image, rectangle: Rectangle) {
    let Rectangle { top, left, size } = rectangle;
    window(image, spare, size, top as isize, left as isize, &Edges::Edge);
}

/// Replaces `image` by the window of `size` whose first pixel is at (`top`, `left`); `edges` say what is around the
/// image.
fn window(image: &mut Image, spare: &mut Image, size: Pair, top: isize, left: isize, edges: &Edges) {
    let Pair { height, width } = image.size;
    let from = left.clamp(0, width as isize) as usize;
    let to = (left + size.width as isize).clamp(0, width as isize) as usize;
    let before = (-left).clamp(0, size.width as isize) as usize;
    let after = size.width - before - (to - from);
    let pixels = &mut spare.pixels;
    pixels.clear();
    pixels.reserve(image.channels * size.height * size.width);
    for (channel, plane) in image.pixels.chunks_exact(height * width).enumerate() {
        for row in top..top + size.height as isize {
            let inside = usize::try_from(row).ok().filter(|row| *row < height);
            match (edges, inside) {
                (Edges::Fill(fill), None) => pixels.extend(std::iter::repeat_n(fill[channel] as f32, size.width)),
                (Edges::Fill(fill), Some(row)) => {
                    let fill = fill[channel] as f32;
                    pixels.extend(std::iter::repeat_n(fill, before));
                    pixels.extend_from_slice(&plane[row * width..][from..to]);
                    pixels.extend(std::iter::repeat_n(fill, after));
                }
                (edges, inside) => {
                    let row = &plane[inside.unwrap_or_else(|| repeated(edges, row, height)) * width..][..width];
                    let last = left + size.width as isize;
                    pixels.extend((left..left + before as isize).map(|column| row[repeated(edges, column, width)]));
                    pixels.extend_from_slice(&row[from..to]);
                    pixels.extend((last - after as isize..last).map(|column| row[repeated(edges, column, width)]));
                }
            }
        }
    }
    mem::swap(&mut image.pixels, pixels);
    image.size = size;
}

/// Which of `length` pixels stands at place `at` outside of them.
fn repeated(edges: &Edges, at: isize, length: usize) -> usize {
    let last = length as isize - 1;
    let place = match edges {
        Edges::Fill(_) | Edges::Edge => at,
        Edges::Reflect if at < 0 => -at,
        Edges::Reflect => 2 * last - at,
        Edges::Symmetric if at < 0 => -at - 1,
        Edges::Symmetric => 2 * last + 1 - at,
    };
    place.clamp(0, last) as usize
}
