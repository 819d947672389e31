//! The transforms of a recipe, carried out: from a decoded image to the network's input.
//!
//! Sizes, ranges and rounding are torchvision's. What is random follows from the generator that comes with each image,
//! so the result does not depend on who makes it, or when. Source:
//! <https://docs.pytorch.org/vision/stable/transforms.html>.

mod blur;
mod colour;
#[cfg(test)]
mod extremes;
mod levels;
mod mask;
mod resize;
#[cfg(test)]
mod tests;
mod trivial;
mod warp;
mod window;

use rand_chacha::ChaCha8Rng;

use self::resize::resize;
use self::trivial::Change;
use self::warp::{Placement, warp};
use self::window::Rectangle;
use super::DataError;
use super::image::Image;
use super::split::shuffle;
use crate::ir::{Pair, Shape};
use crate::random::{between, chance, normal};
use crate::recipe::{Affine, Erased, Filter, Interval, MaxPixels, Obstacle, Transform, way};

/// Transforms that end in the network's input.
#[derive(Debug, Clone)]
pub struct Pipeline {
    transforms: Vec<Transform>,
    channels: usize,
    size: Pair,
    max_pixels: MaxPixels,
}

impl Pipeline {
    /// `transforms` for a network that reads `input`.
    pub fn new(transforms: &[Transform], input: Shape, max_pixels: MaxPixels) -> Result<Pipeline, DataError> {
        let Shape::Map { channels: channels @ (1 | 3), height, width } = input else {
            let message = format!("the network reads {input}, but images have 1 or 3 channels, a height and a width");
            return Err(DataError::Mismatch(message));
        };
        for transform in transforms {
            if *transform == Transform::NormalizeMeasured {
                let message = "`normalize measured` has no numbers before the training images are measured";
                return Err(DataError::Mismatch(message.to_string()));
            }
            let mut transform = transform.clone();
            let text = transform.to_string();
            for (what, values) in transform.per_channel() {
                if values.len() != channels {
                    let message = format!("`{text}` has {} {what} for {channels} channels", values.len());
                    return Err(DataError::Mismatch(message));
                }
            }
        }
        Ok(Pipeline { transforms: transforms.to_vec(), channels, size: Pair { height, width }, max_pixels })
    }

    /// For what is given as the network reads it, `input` of any kind: nothing happens to it.
    pub fn nothing(input: Shape) -> Pipeline {
        let (channels, size) = match input {
            Shape::Map { channels, height, width } => (channels, Pair { height, width }),
            Shape::Vector(features) => (features, Pair::square(1)),
        };
        Pipeline { transforms: Vec::new(), channels, size, max_pixels: MaxPixels::default() }
    }

    /// Channels that an image must be decoded to.
    pub fn channels(&self) -> usize {
        self.channels
    }

    /// Values of one image at the end.
    pub fn elements(&self) -> usize {
        self.channels * self.size.height * self.size.width
    }

    /// Whether an image of `size` ends in the network's; otherwise why not, with the sizes on the way.
    pub fn check(&self, size: Pair) -> Result<(), String> {
        if size.height == 0 || size.width == 0 {
            return Err(format!("it is {size}, which is no pixel"));
        }
        if Transform::output_of_all(&self.transforms, size, self.max_pixels) == Some(self.size) {
            return Ok(());
        }
        match way(&self.transforms, size, self.max_pixels) {
            Ok(way) => {
                let Pair { height, width } = self.size;
                let advice = format!("end with `center_crop` or `resize {height}x{width}`");
                Err(format!("it is {way}, but the network reads {}: {advice}", self.size))
            }
            Err(Obstacle { index, way, arithmetic }) => {
                Err(format!("it is {way}, and `{}` does not fit: {arithmetic}", self.transforms[index]))
            }
        }
    }

    /// The colours that a network's input `values` has, from 0 to 1, as far as they were not lost: what was normalised
    /// is undone.
    pub fn colours(&self, values: &[f32]) -> Image {
        let mut pixels = values.to_vec();
        for transform in self.transforms.iter().rev() {
            let Transform::Normalize { mean, std } = transform else { continue };
            let plane = self.size.height * self.size.width;
            for ((plane, mean), std) in pixels.chunks_exact_mut(plane).zip(mean).zip(std) {
                let (mean, std) = (*mean as f32, *std as f32);
                plane.iter_mut().for_each(|value| *value = *value * std + mean);
            }
        }
        Image { channels: self.channels, size: self.size, pixels }
    }

    /// Turns `image` into the network's input, in place, and appends it to `output`; its mask, if it has one, becomes
    /// that of the result. `spare` is memory to work in.
    ///
    /// [`Pipeline::check`] must have accepted the image's size.
    pub fn apply(
        &self,
        image: &mut Image,
        mut mask: Option<&mut Image>,
        spare: &mut Image,
        numbers: &mut ChaCha8Rng,
        output: &mut Vec<f32>,
    ) {
        for transform in &self.transforms {
            if let Some(mask) = &mut mask {
                mask::apply(transform, mask, spare, numbers.clone());
            }
            apply(transform, image, spare, numbers);
        }
        output.extend_from_slice(&image.pixels);
    }
}

fn apply(transform: &Transform, image: &mut Image, spare: &mut Image, numbers: &mut ChaCha8Rng) {
    match transform {
        Transform::Pad(padding) => window::pad(image, spare, padding),
        Transform::RandomCrop { size, padding } => window::random_crop(image, spare, numbers, *size, padding),
        Transform::CenterCrop { size } => window::center_crop(image, spare, *size, 0.0),
        Transform::ResizedCrop { size, scale, ratio, filter } => {
            let rectangle = window::random_rectangle(numbers, image.size, *scale, *ratio);
            window::cut(image, spare, rectangle);
            resize(image, spare, *size, *filter);
        }
        Transform::Resize { target, filter } => {
            let size = target.of(image.size);
            resize(image, spare, size, *filter);
        }
        Transform::HorizontalFlip { probability } => {
            if chance(numbers, *probability) {
                image.pixels.chunks_exact_mut(image.size.width).for_each(<[f32]>::reverse);
            }
        }
        Transform::VerticalFlip { probability } => {
            if chance(numbers, *probability) {
                turn_over(image);
            }
        }
        Transform::Rotate { degrees, sampling, fill } => {
            // The angle counts against the clock.
            let placement = Placement { degrees: -between(numbers, *degrees), ..Placement::IDENTITY };
            warp(image, spare, &placement, *sampling, fill);
        }
        Transform::Affine(affine) => {
            let placement = random_placement(affine, image.size, numbers);
            warp(image, spare, &placement, affine.sampling, &affine.fill);
        }
        Transform::ColorJitter { brightness, contrast, saturation, hue } => {
            type Adjust = fn(&mut Image, f32);
            let changes: [(Adjust, Interval, f64); 4] = [
                (colour::brightness, *brightness, 1.0),
                (colour::contrast, *contrast, 1.0),
                (colour::saturation, *saturation, 1.0),
                (colour::hue, *hue, 0.0),
            ];
            let mut changes = changes.map(|(change, range, nothing)| (change, between(numbers, range), nothing));
            shuffle(&mut changes, numbers);
            for (change, strength, _) in changes.into_iter().filter(|(_, strength, nothing)| strength != nothing) {
                change(image, strength as f32);
            }
        }
        Transform::Lighting { std } => {
            let factors = [(); 3].map(|()| std * normal(numbers));
            colour::lighting(image, factors);
        }
        Transform::Grayscale { probability } => {
            if chance(numbers, *probability) {
                colour::grayscale(image);
            }
        }
        Transform::GaussianBlur { kernel, sigma } => {
            let sigma = between(numbers, *sigma);
            blur::gaussian(image, spare, *kernel, sigma);
        }
        Transform::Erase { probability, scale, ratio, value } => {
            if chance(numbers, *probability)
                && let Some(hole) = window::random_hole(numbers, image.size, *scale, *ratio)
            {
                erase(image, hole, value, numbers);
            }
        }
        Transform::TrivialAugment { bins, sampling, fill } => {
            let change = Change::random(*bins, numbers);
            change.apply(image, spare, *sampling, fill);
        }
        Transform::Normalize { mean, std } => {
            let plane = image.size.height * image.size.width;
            for ((plane, mean), std) in image.pixels.chunks_exact_mut(plane).zip(mean).zip(std) {
                let (mean, std) = (*mean as f32, *std as f32);
                plane.iter_mut().for_each(|value| *value = (*value - mean) / std);
            }
        }
        Transform::NormalizeMeasured => unreachable!("a pipeline has numbers in its place"),
    }
}

/// Makes `image` smaller until its longer side is at most `longest`.
pub fn shrink(image: &mut Image, longest: usize) {
    let Pair { height, width } = image.size;
    let side = height.max(width);
    if side > longest {
        let scaled = |length: usize| (length * longest / side).max(1);
        let size = Pair { height: scaled(height), width: scaled(width) };
        resize(image, &mut Image::default(), size, Filter::Bilinear);
    }
}

/// Top and bottom change places.
fn turn_over(image: &mut Image) {
    let Pair { height, width } = image.size;
    for plane in image.pixels.chunks_exact_mut(height * width) {
        let (upper, lower) = plane.split_at_mut(height / 2 * width);
        let lower = lower.rchunks_exact_mut(width);
        upper.chunks_exact_mut(width).zip(lower).for_each(|(above, below)| above.swap_with_slice(below));
    }
}

fn random_placement(affine: &Affine, size: Pair, numbers: &mut ChaCha8Rng) -> Placement {
    let Affine { degrees, translate: [right, down], scale, shear, .. } = affine;
    let degrees = between(numbers, *degrees);
    let mut shift = |part: f64, length: usize| {
        let most = part * length as f64;
        between(numbers, Interval::new(-most, most)).round_ties_even()
    };
    let translate = [shift(*right, size.width), shift(*down, size.height)];
    let scale = between(numbers, *scale);
    Placement { degrees, translate, scale, shear: shear.map(|range| between(numbers, range)), centre: [0.0; 2] }
}

/// Overwrites `hole`; noise has its own numbers for each channel.
fn erase(image: &mut Image, hole: Rectangle, value: &Erased, numbers: &mut ChaCha8Rng) {
    let Pair { height, width } = image.size;
    for (channel, plane) in image.pixels.chunks_exact_mut(height * width).enumerate() {
        for row in plane.chunks_exact_mut(width).skip(hole.top).take(hole.size.height) {
            let row = &mut row[hole.left..][..hole.size.width];
            match value {
                Erased::Fill(fill) => row.fill(fill[channel] as f32),
                Erased::Random => row.iter_mut().for_each(|pixel| *pixel = normal(numbers) as f32),
            }
        }
    }
}
