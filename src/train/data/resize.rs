//! Bilinear resizing with anti-aliasing: what Pillow and, for images, torchvision do.
//!
//! Each output pixel is a weighted mean of the inputs around its centre. The weights are a triangle that reaches one pixel
//! to each side, or, when the image shrinks, as many as it shrinks by. Rows first, then columns.
//! Source: <https://pillow.readthedocs.io/en/stable/handbook/concepts.html#filters>.

use std::mem;

use super::image::Image;
use crate::arguments::Pair;

/// Replaces `image` by itself in another size; `spare` is memory to work in.
pub fn resize(image: &mut Image, spare: &mut Image, size: Pair) {
    let Pair { height, width } = image.size;
    if size.width != width {
        let taps = taps(width, size.width);
        spare.pixels.clear();
        for row in image.pixels.chunks_exact(width) {
            spare.pixels.extend(taps.iter().map(|tap| {
                let inputs = &row[tap.first..][..tap.weights.len()];
                inputs.iter().zip(&tap.weights).map(|(value, weight)| value * weight).sum::<f32>()
            }));
        }
        mem::swap(&mut image.pixels, &mut spare.pixels);
    }
    if size.height != height {
        let taps = taps(height, size.height);
        spare.pixels.clear();
        spare.pixels.resize(image.channels * size.height * size.width, 0.0);
        let planes = image.pixels.chunks_exact(height * size.width);
        for (from, to) in planes.zip(spare.pixels.chunks_exact_mut(size.height * size.width)) {
            for (tap, row) in taps.iter().zip(to.chunks_exact_mut(size.width)) {
                let inputs = from[tap.first * size.width..].chunks_exact(size.width);
                for (input, weight) in inputs.zip(&tap.weights) {
                    row.iter_mut().zip(input).for_each(|(sum, value)| *sum += value * weight);
                }
            }
        }
        mem::swap(&mut image.pixels, &mut spare.pixels);
    }
    image.size = size;
}

/// What one output pixel is made of, along one axis.
struct Tap {
    /// The first input pixel.
    first: usize,
    /// Weights from there on; their sum is 1.
    weights: Vec<f32>,
}

/// A tap for each of `to` output pixels over `from` input pixels.
fn taps(from: usize, to: usize) -> Vec<Tap> {
    let scale = from as f64 / to as f64;
    let reach = scale.max(1.0);
    let tap = |index: usize| {
        let centre = (index as f64 + 0.5) * scale;
        let first = (centre - reach + 0.5).max(0.0) as usize;
        let last = ((centre + reach + 0.5) as usize).min(from);
        let triangle = |pixel: usize| (1.0 - ((pixel as f64 + 0.5 - centre) / reach).abs()).max(0.0);
        let sum: f64 = (first..last).map(triangle).sum();
        Tap { first, weights: (first..last).map(|pixel| (triangle(pixel) / sum) as f32).collect() }
    };
    (0..to).map(tap).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The fixture is made by tests/scripts/resize.py with Pillow 13: for each case "height width new_height new_width", the
    /// bytes of an image with three channels, interleaved, and those of Pillow's result. Pillow rounds after each of
    /// the two passes.
    #[test]
    fn agrees_with_pillow() {
        let mut lines = include_str!("resize_pillow.txt").lines();
        let mut cases = 0;
        while let Some(sizes) = lines.next() {
            let sizes: Vec<usize> = sizes.split(' ').map(|size| size.parse().unwrap()).collect();
            let [height, width, new_height, new_width] = sizes[..] else { panic!("{sizes:?}") };
            let mut bytes = || -> Vec<u8> {
                let line = lines.next().unwrap().as_bytes();
                line.chunks(2).map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
            };
            let (input, expected) = (bytes(), bytes());
            let mut image = Image::default();
            image.fill_from_planes(&input, 3, Pair { height, width }, u8::MAX, 3);
            resize(&mut image, &mut Image::default(), Pair { height: new_height, width: new_width });
            assert_eq!(image.pixels.len(), expected.len());
            for (ours, pillows) in image.pixels.iter().zip(&expected) {
                assert!((ours * 255.0 - f32::from(*pillows)).abs() <= 1.0, "{sizes:?}: {} and {pillows}", ours * 255.0);
            }
            cases += 1;
        }
        assert_eq!(cases, 6);
    }
}
