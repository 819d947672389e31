//! The transforms of a recipe, carried out: from a decoded image to the network's input.
//!
//! Sizes and rounding are torchvision's.
//! Source: <https://docs.pytorch.org/vision/stable/transforms.html>.

use std::mem;

use rand_chacha::ChaCha8Rng;

use super::DataError;
use super::image::Image;
use super::resize::resize;
use crate::arguments::Pair;
use crate::graph::Shape;
use crate::random::{below, chance};
use crate::recipe::{Obstacle, Transform, way};

/// Transforms that end in the network's input.
#[derive(Debug, Clone)]
pub struct Pipeline {
    transforms: Vec<Transform>,
    channels: usize,
    size: Pair,
}

impl Pipeline {
    /// `transforms` for a network that reads `input`.
    pub fn new(transforms: &[Transform], input: Shape) -> Result<Pipeline, DataError> {
        let Shape::Map { channels: channels @ (1 | 3), height, width } = input else {
            let message = format!("the network reads {input}, but images have 1 or 3 channels, a height and a width");
            return Err(DataError::Mismatch(message));
        };
        for transform in transforms {
            let Transform::Normalize { mean, std } = transform else { continue };
            if mean.len() != channels || std.len() != channels {
                let message =
                    format!("`{transform}` has {} means and {} stds for {channels} channels", mean.len(), std.len());
                return Err(DataError::Mismatch(message));
            }
        }
        Ok(Pipeline { transforms: transforms.to_vec(), channels, size: Pair { height, width } })
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
        if Transform::output_of_all(&self.transforms, size) == Some(self.size) {
            return Ok(());
        }
        match way(&self.transforms, size) {
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

    /// Turns `image` into the network's input, in place, and appends it to `output`. `spare` is memory to work in.
    ///
    /// [`Pipeline::check`] must have accepted the image's size.
    pub fn apply(&self, image: &mut Image, spare: &mut Image, numbers: &mut ChaCha8Rng, output: &mut Vec<f32>) {
        for transform in &self.transforms {
            apply(transform, image, spare, numbers);
        }
        output.extend_from_slice(&image.pixels);
    }
}

fn apply(transform: &Transform, image: &mut Image, spare: &mut Image, numbers: &mut ChaCha8Rng) {
    match transform {
        Transform::Pad { pixels } => {
            let Pair { height, width } = image.size;
            let size = Pair { height: height + 2 * pixels, width: width + 2 * pixels };
            window(image, spare, size, -(*pixels as isize), -(*pixels as isize));
        }
        Transform::RandomCrop { size, pad } => {
            let top = below(numbers, image.size.height + 2 * pad - size.height + 1) as isize;
            let left = below(numbers, image.size.width + 2 * pad - size.width + 1) as isize;
            window(image, spare, *size, top - *pad as isize, left - *pad as isize);
        }
        Transform::CenterCrop { size } => {
            let top = margin(image.size.height, size.height);
            let left = margin(image.size.width, size.width);
            window(image, spare, *size, top, left);
        }
        Transform::HorizontalFlip { probability } => {
            if chance(numbers, *probability) {
                image.pixels.chunks_exact_mut(image.size.width).for_each(<[f32]>::reverse);
            }
        }
        Transform::Resize(_) => {
            let size = transform.output(image.size).expect("the size was checked before");
            if size != image.size {
                resize(image, spare, size);
            }
        }
        Transform::Normalize { mean, std } => {
            let plane = image.size.height * image.size.width;
            for ((plane, mean), std) in image.pixels.chunks_exact_mut(plane).zip(mean).zip(std) {
                let (mean, std) = (*mean as f32, *std as f32);
                plane.iter_mut().for_each(|value| *value = (*value - mean) / std);
            }
        }
    }
}

/// Where a window in the middle begins; negative if it is larger than the image. Halves are rounded to the even
/// neighbour, as in Python, except that the padding of a smaller image has its odd pixel at the end.
fn margin(image: usize, window: usize) -> isize {
    if window > image {
        return -(((window - image) / 2) as isize);
    }
    ((image - window) as f64 / 2.0).round_ties_even() as isize
}

/// Replaces `image` by the window of `size` whose first pixel is at (`top`, `left`); zeros are around the image.
fn window(image: &mut Image, spare: &mut Image, size: Pair, top: isize, left: isize) {
    let Pair { height, width } = image.size;
    let from = left.clamp(0, width as isize) as usize;
    let to = (left + size.width as isize).clamp(0, width as isize) as usize;
    let before = (-left).clamp(0, size.width as isize) as usize;
    let after = size.width - before - (to - from);
    let pixels = &mut spare.pixels;
    pixels.clear();
    for plane in image.pixels.chunks_exact(height * width) {
        for row in top..top + size.height as isize {
            let Some(row) = usize::try_from(row).ok().filter(|row| *row < height) else {
                pixels.extend(std::iter::repeat_n(0.0, size.width));
                continue;
            };
            pixels.extend(std::iter::repeat_n(0.0, before));
            pixels.extend_from_slice(&plane[row * width..][from..to]);
            pixels.extend(std::iter::repeat_n(0.0, after));
        }
    }
    mem::swap(&mut image.pixels, pixels);
    image.size = size;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, generator};
    use crate::recipe::Resize;

    fn square(side: usize) -> Pair {
        Pair::square(side)
    }

    /// A height×width image of one channel with the values 1, 2, 3, …
    fn counting(height: usize, width: usize) -> Image {
        let pixels = (1..=height * width).map(|value| value as f32).collect();
        Image { channels: 1, size: Pair { height, width }, pixels }
    }

    #[test]
    fn windows_are_torchvisions() {
        // torchvision 0.29: F.center_crop and F.pad of the counting images, rows joined.
        for (transform, (height, width), expected) in [
            (Transform::Pad { pixels: 1 }, (1, 2), vec![0., 0., 0., 0., 0., 1., 2., 0., 0., 0., 0., 0.]),
            (Transform::CenterCrop { size: square(2) }, (3, 3), vec![1., 2., 4., 5.]),
            (Transform::CenterCrop { size: square(2) }, (2, 5), vec![3., 4., 8., 9.]),
            (Transform::CenterCrop { size: square(1) }, (4, 4), vec![11.]),
            (Transform::CenterCrop { size: square(3) }, (2, 4), vec![1., 2., 3., 5., 6., 7., 0., 0., 0.]),
            (
                Transform::CenterCrop { size: square(4) },
                (1, 1),
                [0.; 5].into_iter().chain([1.]).chain([0.; 10]).collect(),
            ),
            (Transform::HorizontalFlip { probability: 1.0 }, (2, 3), vec![3., 2., 1., 6., 5., 4.]),
            (Transform::HorizontalFlip { probability: 0.0 }, (1, 3), vec![1., 2., 3.]),
            (Transform::Normalize { mean: vec![1.0], std: vec![2.0] }, (1, 3), vec![0., 0.5, 1.]),
        ] {
            let mut image = counting(height, width);
            let size = transform.output(image.size).unwrap();
            apply(&transform, &mut image, &mut Image::default(), &mut generator(0, Purpose::Augment, 0, 0));
            assert_eq!((image.size, image.pixels), (size, expected), "{transform} of {height}×{width}");
        }
    }

    /// Every window that is possible comes up, about equally often, and holds what the padded image has there.
    #[test]
    fn random_crops_reach_every_place() {
        let crop = Transform::RandomCrop { size: square(2), pad: 1 };
        let mut seen = [0; 9];
        for example in 0..900 {
            let mut image = counting(2, 2);
            apply(&crop, &mut image, &mut Image::default(), &mut generator(3, Purpose::Augment, 0, example));
            let windows = [
                [0., 0., 0., 1.],
                [0., 0., 1., 2.],
                [0., 0., 2., 0.],
                [0., 1., 0., 3.],
                [1., 2., 3., 4.],
                [2., 0., 4., 0.],
                [0., 3., 0., 0.],
                [3., 4., 0., 0.],
                [4., 0., 0., 0.],
            ];
            seen[windows.iter().position(|window| *window == image.pixels[..]).unwrap()] += 1;
        }
        assert!(seen.iter().all(|count| (60..140).contains(count)), "{seen:?}");
    }

    #[test]
    fn says_why_an_image_does_not_fit() {
        let resize = Transform::Resize(Resize::Shorter(32));
        let crop = Transform::RandomCrop { size: square(32), pad: 1 };
        for (transforms, (height, width), expected) in [
            (vec![resize.clone()], (8, 8), None),
            (
                vec![resize],
                (10, 20),
                Some("it is 10×20, after `resize 32` 32×64, but the network reads 32×32: end with"),
            ),
            (vec![crop], (28, 40), Some("it is 28×40, and `crop 32 pad=1` does not fit: 28 + 2·1 = 30 < 32")),
            (vec![], (28, 28), Some("it is 28×28, but the network reads 32×32")),
        ] {
            let pipeline = Pipeline::new(&transforms, Shape::map(1, 32, 32)).unwrap();
            match (pipeline.check(Pair { height, width }), expected) {
                (Ok(()), None) => {}
                (Err(found), Some(expected)) if found.starts_with(expected) => {}
                (found, _) => panic!("{transforms:?} of {height}×{width}: {found:?}"),
            }
        }
        assert!(Pipeline::new(&[], Shape::Vector(64)).is_err());
        assert!(Pipeline::new(&[], Shape::map(4, 8, 8)).is_err());
        let normalize = Transform::Normalize { mean: vec![0.5], std: vec![0.5] };
        assert!(Pipeline::new(&[normalize], Shape::map(3, 8, 8)).is_err());
    }
}
