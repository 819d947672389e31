//! What transforms make of a mask: the same changes of place as of its image, by the same random numbers. A pixel of
//! the result is one of the mask's, the nearest; where nothing was before, nothing is known. Colours are no concern of
//! it.
//!
//! So torchvision's transforms of version 2 have it, which also leave masks alone where something is erased.

use std::mem;

use rand_chacha::ChaCha8Rng;

use super::trivial::Change;
use super::warp::{Placement, warp};
use super::{random_placement, turn_over, window};
use crate::ir::Pair;
use crate::random::{between, chance};
use crate::recipe::{Edges, Padding, Sampling, Transform};
use crate::train::data::image::Image;
use crate::train::data::mask::UNKNOWN;

/// What comes in from outside.
const OUTSIDE: [f64; 1] = [UNKNOWN as f64];

/// Changes a mask as `transform` changes its image, which draws from the same `numbers`.
pub fn apply(transform: &Transform, mask: &mut Image, spare: &mut Image, mut numbers: ChaCha8Rng) {
    let numbers = &mut numbers;
    match transform {
        Transform::Pad(padding) => window::pad(mask, spare, &around(padding)),
        Transform::RandomCrop { size, padding } => window::random_crop(mask, spare, numbers, *size, &around(padding)),
        Transform::CenterCrop { size } => window::center_crop(mask, spare, *size, OUTSIDE[0]),
        Transform::ResizedCrop { size, scale, ratio, .. } => {
            let rectangle = window::random_rectangle(numbers, mask.size, *scale, *ratio);
            window::cut(mask, spare, rectangle);
            resize(mask, spare, *size);
        }
        Transform::Resize { target, .. } => {
            let size = target.of(mask.size);
            resize(mask, spare, size);
        }
        Transform::HorizontalFlip { probability } => {
            if chance(numbers, *probability) {
                mask.pixels.chunks_exact_mut(mask.size.width).for_each(<[f32]>::reverse);
            }
        }
        Transform::VerticalFlip { probability } => {
            if chance(numbers, *probability) {
                turn_over(mask);
            }
        }
        Transform::Rotate { degrees, .. } => {
            let placement = Placement { degrees: -between(numbers, *degrees), ..Placement::IDENTITY };
            warp(mask, spare, &placement, Sampling::Nearest, &OUTSIDE);
        }
        Transform::Affine(affine) => {
            let placement = random_placement(affine, mask.size, numbers);
            warp(mask, spare, &placement, Sampling::Nearest, &OUTSIDE);
        }
        Transform::TrivialAugment { bins, .. } => {
            let change = Change::random(*bins, numbers);
            if change.moves() {
                change.apply(mask, spare, Sampling::Nearest, &OUTSIDE);
            }
        }
        Transform::ColorJitter { .. }
        | Transform::Lighting { .. }
        | Transform::Grayscale { .. }
        | Transform::GaussianBlur { .. }
        | Transform::Erase { .. }
        | Transform::Normalize { .. }
        | Transform::NormalizeMeasured => {}
    }
}

/// What is mirrored or repeated has its classes; what is filled up has none.
fn around(padding: &Padding) -> Padding {
    let edges = match &padding.edges {
        Edges::Fill(_) => Edges::Fill(OUTSIDE.to_vec()),
        edges => edges.clone(),
    };
    Padding { pixels: padding.pixels, edges }
}

/// Replaces `mask` by itself in another size: each pixel is the one at its middle, as with Pillow's `NEAREST`.
pub fn resize(mask: &mut Image, spare: &mut Image, size: Pair) {
    let from = mask.size;
    let place = |to: usize, from: usize, all: usize| ((2 * to + 1) * from / (2 * all)).min(from - 1);
    let columns: Vec<usize> = (0..size.width).map(|column| place(column, from.width, size.width)).collect();
    spare.pixels.clear();
    spare.pixels.reserve(size.height * size.width);
    for row in 0..size.height {
        let row = &mask.pixels[place(row, from.height, size.height) * from.width..][..from.width];
        spare.pixels.extend(columns.iter().map(|column| row[*column]));
    }
    mem::swap(&mut mask.pixels, &mut spare.pixels);
    mask.size = size;
}
