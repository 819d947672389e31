//! Mean and standard deviation of images, channel by channel.

use rayon::prelude::*;

use super::image::Image;
use super::{DataError, Split};
use crate::recipe::{BadImages, Transform};

/// Of all values of each channel, from 0 to 1. Every image counts the same, however large it is, as it does after
/// resizing.
#[derive(Debug, Clone, PartialEq)]
pub struct Statistics {
    /// One for each channel.
    pub mean: Vec<f64>,
    /// One for each channel.
    pub std: Vec<f64>,
}

/// Images that are summed up in one go; the sums are then added in order, so that threads change nothing.
const CHUNK: usize = 64;

impl Statistics {
    /// Measures `split`'s images as they are before all transforms, with 1 or 3 `channels`.
    ///
    /// # Errors
    /// For an image that cannot be read, unless those are skipped, and if there is none.
    pub fn measure(split: &Split, channels: usize, bad: BadImages) -> Result<Statistics, DataError> {
        let chunks: Vec<Sums> = (0..split.len().div_ceil(CHUNK))
            .into_par_iter()
            .map(|chunk| {
                let (mut sums, mut image) = (Sums::new(channels), Image::default());
                for example in chunk * CHUNK..split.len().min((chunk + 1) * CHUNK) {
                    match split.read(example, channels, &mut image) {
                        Ok(()) => sums.add_image(&image),
                        Err(error) if bad == BadImages::Skip && error.is_of_one_image() => {}
                        Err(error) => return Err(error),
                    }
                }
                Ok(sums)
            })
            .collect::<Result<_, DataError>>()?;
        let mut total = Sums::new(channels);
        chunks.iter().for_each(|sums| total.add(sums));
        if total.images == 0.0 {
            return Err(DataError::Mismatch("there is no training image to measure".to_string()));
        }
        let mean: Vec<f64> = total.values.iter().map(|sum| sum / total.images).collect();
        let variance = total.squares.iter().zip(&mean).map(|(sum, mean)| sum / total.images - mean * mean);
        let std = variance.map(|variance| rounded(variance.max(0.0).sqrt())).collect();
        Ok(Statistics { mean: mean.into_iter().map(rounded).collect(), std })
    }

    /// The transform that brings every channel to mean 0 and deviation 1.
    ///
    /// # Errors
    /// If a channel has the same value everywhere.
    pub fn normalize(&self) -> Result<Transform, DataError> {
        if let Some(channel) = self.std.iter().position(|std| *std == 0.0) {
            let message = format!(
                "`normalize measured` has nothing to divide by: channel {channel} is {} in every pixel of every image",
                self.mean[channel]
            );
            return Err(DataError::Mismatch(message));
        }
        Ok(Transform::Normalize { mean: self.mean.clone(), std: self.std.clone() })
    }
}

/// Sums over images.
struct Sums {
    images: f64,
    /// Of each image's mean, by channel.
    values: Vec<f64>,
    /// Of each image's mean square.
    squares: Vec<f64>,
}

impl Sums {
    fn new(channels: usize) -> Sums {
        Sums { images: 0.0, values: vec![0.0; channels], squares: vec![0.0; channels] }
    }

    fn add_image(&mut self, image: &Image) {
        let plane = image.size.height * image.size.width;
        self.images += 1.0;
        for (channel, plane) in image.pixels.chunks_exact(plane).enumerate() {
            let (sum, squares) = plane.iter().fold((0.0, 0.0), |(sum, squares), value| {
                let value = f64::from(*value);
                (sum + value, squares + value * value)
            });
            self.values[channel] += sum / plane.len() as f64;
            self.squares[channel] += squares / plane.len() as f64;
        }
    }

    fn add(&mut self, other: &Sums) {
        self.images += other.images;
        self.values.iter_mut().zip(&other.values).for_each(|(sum, value)| *sum += value);
        self.squares.iter_mut().zip(&other.squares).for_each(|(sum, value)| *sum += value);
    }
}

/// To four digits, as they are published: what is printed and pasted is what is computed with.
fn rounded(value: f64) -> f64 {
    format!("{value:.3e}").parse().expect("a number was printed")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::Pair;
    use crate::train::data::split::Images;

    #[test]
    fn every_image_counts() {
        let split = |pixels: Vec<u8>, white| {
            let labels = vec![0; pixels.len() / 4];
            Split::new(Images::Memory { pixels, channels: 1, size: Pair::square(2), white }, labels)
        };
        // numpy: x = np.array([0, 1, 2, 3, 4, 4, 4, 4]) / 4; x.mean(), x.std()
        let mixed = split(vec![0, 1, 2, 3, 4, 4, 4, 4], 4);
        for (split, channels, mean, std) in
            [(&mixed, 1, 0.6875, 0.3698), (&mixed, 3, 0.6875, 0.3698), (&split(vec![5; 400], 255), 1, 0.01961, 0.0)]
        {
            let found = Statistics::measure(split, channels, BadImages::Refuse).unwrap();
            assert_eq!(found, Statistics { mean: vec![mean; channels], std: vec![std; channels] });
            assert_eq!(found.normalize().is_ok(), std > 0.0);
        }
        assert!(Statistics::measure(&split(Vec::new(), 255), 1, BadImages::Skip).is_err());
    }
}
