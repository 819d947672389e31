//! Mixing the images of a batch: image i with image N−1−i, in place. The part λ of each that is left comes from the
//! run's seed, the epoch and the batch, so neither workers nor threads change it.
//!
//! ```text
//! mixup    x_i ← λx_i + (1−λ)x_j
//! cutmix   x_i and x_j change a rectangle of √(1−λ) of their height and width; λ ← the part of the image outside it
//! ```

use std::ops::Range;

use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use crate::ir::Shape;
use crate::random::{Purpose, below, beta, chance, generator};
use crate::recipe::{Mix, MixKind};

/// Which batch is mixed.
#[derive(Debug, Clone, Copy)]
pub struct BatchKey {
    /// The run's.
    pub seed: u64,
    /// From 0.
    pub epoch: usize,
    /// Its number in the epoch, from 0.
    pub batch: usize,
}

/// Mixes images N×C×H×W, each of `shape`, in one of these ways. The result is the part of an image that is its own, as
/// [`crate::kernels::Objective`] wants it; `None` if the batch stays as it is. Where `pixels` N×H×W have classes, they
/// change places with the images' pixels, and what is known of them is whole then.
pub fn mix(ways: &[Mix], images: &mut [f32], pixels: &mut [u32], shape: Shape, place: BatchKey) -> Option<f64> {
    if ways.is_empty() {
        return None;
    }
    let mut numbers = generator(place.seed, Purpose::Mix, place.epoch as u64, place.batch as u64);
    let way = ways[below(&mut numbers, ways.len())];
    if !chance(&mut numbers, way.probability) {
        return None;
    }
    let own = beta(&mut numbers, way.alpha);
    let size = shape.elements();
    let pairs = pairs(images, size);
    match way.kind {
        MixKind::Mixup => {
            let (own, other) = (own as f32, (1.0 - own) as f32);
            pairs.for_each(|(a, b)| {
                for (a, b) in a.iter_mut().zip(b) {
                    (*a, *b) = (own * *a + other * *b, own * *b + other * *a);
                }
            });
            Some(f64::from(own))
        }
        MixKind::CutMix => {
            let (height, width) = match shape {
                Shape::Map { height, width, .. } => (height, width),
                Shape::Vector(_) => (1, 1),
            };
            let part = (1.0 - own).sqrt();
            let (rows, columns) = (span(&mut numbers, height, part), span(&mut numbers, width, part));
            pairs.for_each(|(a, b)| {
                for (a, b) in a.chunks_exact_mut(height * width).zip(b.chunks_exact_mut(height * width)) {
                    swap(a, b, width, rows.clone(), columns.clone());
                }
            });
            if !pixels.is_empty() {
                self::pairs(pixels, height * width).for_each(|(a, b)| swap(a, b, width, rows.clone(), columns.clone()));
                return None;
            }
            Some(1.0 - (rows.len() * columns.len()) as f64 / (height * width) as f64)
        }
    }
}

/// What is mixed with each other, of parts of this size: the first with the last, the second with the one before.
fn pairs<V: Send>(all: &mut [V], size: usize) -> impl IndexedParallelIterator<Item = (&mut [V], &mut [V])> {
    let half = all.len() / size / 2 * size;
    let (front, rest) = all.split_at_mut(half);
    let middle = rest.len() - half;
    front.par_chunks_exact_mut(size).zip(rest[middle..].par_chunks_exact_mut(size).rev())
}

/// A rectangle of two planes changes places.
fn swap<V>(a: &mut [V], b: &mut [V], width: usize, rows: Range<usize>, columns: Range<usize>) {
    for row in rows {
        let place = row * width + columns.start..row * width + columns.end;
        a[place.clone()].swap_with_slice(&mut b[place]);
    }
}

/// `part` of a side around a random place, as far as the side goes.
fn span(numbers: &mut ChaCha8Rng, side: usize, part: f64) -> Range<usize> {
    let length = (side as f64 * part) as usize;
    let centre = below(numbers, side);
    centre.saturating_sub(length / 2)..(centre + length.div_ceil(2)).min(side)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHAPE: Shape = Shape::Map { channels: 2, height: 6, width: 5 };
    const SIZE: usize = 60;

    /// Images whose numbers are all that of the image.
    fn images(count: usize) -> Vec<f32> {
        (0..count).flat_map(|image| [image as f32; SIZE]).collect()
    }

    fn way(kind: MixKind, probability: f64) -> Mix {
        Mix { kind, alpha: 1.0, probability }
    }

    fn place(batch: usize) -> BatchKey {
        BatchKey { seed: 7, epoch: 2, batch }
    }

    #[test]
    fn each_image_keeps_its_part() {
        for kind in [MixKind::Mixup, MixKind::CutMix] {
            for count in [1, 4, 5] {
                for batch in 0..50 {
                    let mut mixed = images(count);
                    let own = mix(&[way(kind, 1.0)], &mut mixed, &mut [], SHAPE, place(batch)).expect("always mixed");
                    for (index, image) in mixed.chunks_exact(SIZE).enumerate() {
                        let expected = own * index as f64 + (1.0 - own) * (count - 1 - index) as f64;
                        let mean = image.iter().map(|value| f64::from(*value)).sum::<f64>() / SIZE as f64;
                        assert!(
                            (mean - expected).abs() < 1e-5,
                            "{kind:?} of {count}, image {index}: {mean}, {expected}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn rectangles_are_changed() {
        let mut mixed: Vec<f32> = (0..2 * SIZE).map(|index| index as f32).collect();
        // Whatever is known of each pixel goes with it.
        let (mut masked, mut pixels) = (mixed.clone(), (0..2 * SIZE as u32 / 2).collect::<Vec<u32>>());
        assert_eq!(mix(&[way(MixKind::CutMix, 1.0)], &mut masked, &mut pixels, SHAPE, place(3)), None);
        for (image, mask) in masked.chunks_exact(SIZE).zip(pixels.chunks_exact(SIZE / 2)) {
            let places = image[..SIZE / 2].iter().map(|value| *value as u32);
            assert!(places.zip(mask).all(|(image, mask)| image / SIZE as u32 * 30 + image % SIZE as u32 == *mask));
        }
        let own = mix(&[way(MixKind::CutMix, 1.0)], &mut mixed, &mut [], SHAPE, place(3)).expect("always mixed");
        let foreign = |index: usize| mixed[index] != index as f32;
        let changed: Vec<usize> = (0..SIZE).filter(|index| foreign(*index)).collect();
        assert_eq!(changed.len(), ((1.0 - own) * SIZE as f64).round() as usize);
        assert!(!changed.is_empty() && changed.len() < SIZE, "{own}");
        // Both channels alike, each pixel from the same place of the other image, and a full rectangle.
        for index in &changed {
            assert_eq!(mixed[*index], (index + SIZE) as f32);
            assert_eq!(mixed[index + SIZE], *index as f32);
            assert_eq!(foreign(index % 30), foreign(index % 30 + 30));
        }
        let rows: Vec<usize> = changed.iter().map(|index| index % 30 / 5).collect();
        let columns: Vec<usize> = changed.iter().map(|index| index % 5).collect();
        let extent = |values: &[usize]| values.iter().max().expect("some") - values.iter().min().expect("some") + 1;
        assert_eq!(changed.len(), 2 * extent(&rows) * extent(&columns));
    }

    #[test]
    fn chance_decides_by_seed_epoch_and_batch() {
        let both = [way(MixKind::Mixup, 0.5), way(MixKind::CutMix, 0.5)];
        let made = |batch| {
            let mut mixed = images(4);
            (mix(&both, &mut mixed, &mut [], SHAPE, place(batch)), mixed)
        };
        let all: Vec<_> = (0..400).map(made).collect();
        assert_eq!(all[17], made(17));
        let mixed = all.iter().filter(|(own, _)| own.is_some()).count();
        assert!((150..250).contains(&mixed), "{mixed} of 400");
        let cut =
            all.iter().filter(|(own, mixed)| own.is_some() && mixed.iter().all(|value| value.fract() == 0.0)).count();
        assert!((70..130).contains(&cut), "{cut} of 400");
        assert_eq!(mix(&[], &mut images(4), &mut [], SHAPE, place(0)), None);
    }
}
