//! Resizing with anti-aliasing: what Pillow and, for images, torchvision do.
//!
//! Each output pixel is a weighted mean of the inputs around its centre. The weights are a triangle that reaches one
//! pixel to each side, or a cubic that reaches two; when the image shrinks, times what it shrinks by. Rows first, then
//! columns. Source: <https://pillow.readthedocs.io/en/stable/handbook/concepts.html#filters>.

use std::mem;

use crate::ir::Pair;
use crate::recipe::Filter;
use crate::train::data::image::Image;

/// Replaces `image` by itself in another size; `spare` is memory to work in.
///
/// Rows come first, as with Pillow. But where the image would be larger after them than before and at the end, as one
/// of 100,000×1 on its way to 200×200, columns do: what is in between is never larger than both ends.
pub fn resize(image: &mut Image, spare: &mut Image, size: Pair, filter: Filter) {
    let Pair { height, width } = image.size;
    let between = height * size.width;
    if between > (height * width).max(size.height * size.width) {
        resize_columns(image, spare, size.height, filter);
        resize_rows(image, spare, size.width, filter);
    } else {
        resize_rows(image, spare, size.width, filter);
        resize_columns(image, spare, size.height, filter);
    }
}

/// Makes every row `width` pixels long.
fn resize_rows(image: &mut Image, spare: &mut Image, width: usize, filter: Filter) {
    if width == image.size.width {
        return;
    }
    let taps = taps(image.size.width, width, filter);
    spare.pixels.clear();
    spare.pixels.reserve(image.channels * image.size.height * width);
    for row in image.pixels.chunks_exact(image.size.width) {
        spare.pixels.extend(taps.iter().map(|(first, weights)| {
            let inputs = &row[first..][..weights.len()];
            inputs.iter().zip(weights).map(|(value, weight)| value * weight).sum::<f32>()
        }));
    }
    mem::swap(&mut image.pixels, &mut spare.pixels);
    image.size.width = width;
}

/// Makes every column `height` pixels long.
fn resize_columns(image: &mut Image, spare: &mut Image, height: usize, filter: Filter) {
    let width = image.size.width;
    if height == image.size.height {
        return;
    }
    let taps = taps(image.size.height, height, filter);
    spare.pixels.clear();
    spare.pixels.resize(image.channels * height * width, 0.0);
    let planes = image.pixels.chunks_exact(image.size.height * width);
    for (from, to) in planes.zip(spare.pixels.chunks_exact_mut(height * width)) {
        for ((first, weights), row) in taps.iter().zip(to.chunks_exact_mut(width)) {
            let inputs = from[first * width..].chunks_exact(width);
            for (input, weight) in inputs.zip(weights) {
                row.iter_mut().zip(input).for_each(|(sum, value)| *sum += value * weight);
            }
        }
    }
    mem::swap(&mut image.pixels, &mut spare.pixels);
    image.size.height = height;
}

/// What each output pixel is made of, along one axis.
struct Taps {
    /// Of each, the first input pixel, and where its weights end; they begin where those of the one before end.
    places: Vec<(usize, usize)>,
    /// From the first input pixel on; the sum of each tap's is 1.
    weights: Vec<f32>,
}

impl Taps {
    /// First input pixel and weights of each.
    fn iter(&self) -> impl Iterator<Item = (usize, &[f32])> {
        let mut start = 0;
        self.places.iter().map(move |(first, end)| (*first, &self.weights[mem::replace(&mut start, *end)..*end]))
    }
}

/// A tap for each of `to` output pixels over `from` input pixels.
fn taps(from: usize, to: usize, filter: Filter) -> Taps {
    let scale = from as f64 / to as f64;
    let shrink = scale.max(1.0);
    let (curve, reach): (fn(f64) -> f64, f64) = match filter {
        Filter::Bilinear => (triangle, shrink),
        Filter::Bicubic => (cubic, 2.0 * shrink),
    };
    let mut taps = Taps { places: Vec::with_capacity(to), weights: Vec::new() };
    for index in 0..to {
        let centre = (index as f64 + 0.5) * scale;
        let first = (centre - reach + 0.5).max(0.0) as usize;
        let last = ((centre + reach + 0.5) as usize).min(from);
        let weight = |pixel: usize| curve(((pixel as f64 + 0.5 - centre) / shrink).abs());
        let sum: f64 = (first..last).map(weight).sum();
        taps.weights.extend((first..last).map(|pixel| (weight(pixel) / sum) as f32));
        taps.places.push((first, taps.weights.len()));
    }
    taps
}

fn triangle(distance: f64) -> f64 {
    (1.0 - distance).max(0.0)
}

/// Source: Keys, "Cubic convolution interpolation for digital image processing" (1981), with Pillow's a.
fn cubic(distance: f64) -> f64 {
    const A: f64 = -0.5;
    match distance {
        x if x < 1.0 => ((A + 2.0) * x - (A + 3.0)) * x * x + 1.0,
        x if x < 2.0 => (((x - 5.0) * x + 8.0) * x - 4.0) * A,
        _ => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The fixture is made by tests/scripts/resize.py with Pillow 13: for each case "height width new_height
    /// new_width", the bytes of an image with three channels, interleaved, and those of Pillow's result. Pillow rounds
    /// after each of the two passes.
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
            resize(&mut image, &mut Image::default(), Pair { height: new_height, width: new_width }, Filter::Bilinear);
            assert_eq!(image.pixels.len(), expected.len());
            for (ours, pillows) in image.pixels.iter().zip(&expected) {
                assert!((ours * 255.0 - f32::from(*pillows)).abs() <= 1.0, "{sizes:?}: {} and {pillows}", ours * 255.0);
            }
            cases += 1;
        }
        assert_eq!(cases, 6);
    }

    /// Rows first and columns first give the same, and no more memory is taken on the way than for both ends.
    #[test]
    fn the_way_is_no_larger_than_its_ends() {
        for (from, to) in [
            (Pair { height: 300, width: 2 }, Pair { height: 5, width: 40 }),
            (Pair { height: 2, width: 300 }, Pair { height: 40, width: 5 }),
            (Pair { height: 100_000, width: 1 }, Pair { height: 200, width: 200 }),
        ] {
            for filter in [Filter::Bilinear, Filter::Bicubic] {
                let pixels = (0..from.height * from.width).map(|index| (index % 97) as f32 / 97.0).collect();
                let image = Image { channels: 1, size: from, pixels };
                let (mut found, mut spare) = (image.clone(), Image::default());
                resize(&mut found, &mut spare, to, filter);
                let most = found.pixels.capacity().max(spare.pixels.capacity());
                assert!(most <= 2 * (from.height * from.width).max(to.height * to.width), "{from} to {to}: {most}");
                let mut expected = image;
                resize_rows(&mut expected, &mut spare, to.width, filter);
                resize_columns(&mut expected, &mut spare, to.height, filter);
                assert_eq!(found.size, to);
                for (found, expected) in found.pixels.iter().zip(&expected.pixels) {
                    assert!((found - expected).abs() < 1e-5, "{from} to {to}: {found}, {expected}");
                }
            }
        }
    }
}
