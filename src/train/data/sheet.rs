//! Images with captions on one picture.

use std::num::NonZeroUsize;

use font8x8::UnicodeFonts;
use image::{Rgb, RgbImage};

use super::image::Image;

/// An image with a line of text.
#[derive(Debug)]
pub struct Tile {
    /// Values from 0 to 1; what is beyond is cut off.
    pub image: Image,
    /// Below it; as much as there is room for.
    pub caption: String,
}

/// Small images are enlarged to about this many pixels.
const SIDE: usize = 96;

/// Pixels between tiles.
const GAP: usize = 8;

/// Pixels of a character each way.
const CHARACTER: usize = 8;

const PAPER: Rgb<u8> = Rgb([255; 3]);
const INK: Rgb<u8> = Rgb([0; 3]);

/// Lays `tiles` out in rows, about as many as columns. Without tiles, nothing but paper.
pub fn sheet(tiles: &[Tile]) -> RgbImage {
    let height = tiles.iter().map(|tile| tile.image.size.height * tile.scale()).max().unwrap_or(0);
    let width = tiles.iter().map(|tile| tile.image.size.width * tile.scale()).max().unwrap_or(0).max(6 * CHARACTER);
    let columns = NonZeroUsize::new(tiles.len().isqrt()).map_or(1, NonZeroUsize::get);
    let columns = if columns * columns < tiles.len() { columns + 1 } else { columns };
    let rows = tiles.len().div_ceil(columns);
    let (step_down, step_right) = (height + CHARACTER + 2 * GAP, width + GAP);
    let mut sheet = RgbImage::from_pixel((columns * step_right + GAP) as u32, (rows * step_down + GAP) as u32, PAPER);
    for (index, tile) in tiles.iter().enumerate() {
        let (top, left) = (GAP + index / columns * step_down, GAP + index % columns * step_right);
        let scale = tile.scale();
        draw(&mut sheet, &tile.image, top, left, scale);
        write(&mut sheet, &tile.caption, top + tile.image.size.height * scale + GAP / 2, left, width / CHARACTER);
    }
    sheet
}

impl Tile {
    fn scale(&self) -> usize {
        (SIDE / self.image.size.height.max(self.image.size.width).max(1)).max(1)
    }
}

fn draw(sheet: &mut RgbImage, image: &Image, top: usize, left: usize, scale: usize) {
    let plane = image.size.height * image.size.width;
    for y in 0..image.size.height * scale {
        for x in 0..image.size.width * scale {
            let at = y / scale * image.size.width + x / scale;
            // One channel stands for all three; casts saturate.
            let level = |channel: usize| (image.pixels[channel % image.channels * plane + at] * 255.0).round() as u8;
            sheet.put_pixel((left + x) as u32, (top + y) as u32, Rgb([level(0), level(1), level(2)]));
        }
    }
}

/// Writes at most `room` characters; one that has no glyph becomes a question mark.
fn write(sheet: &mut RgbImage, text: &str, top: usize, left: usize, room: usize) {
    for (index, character) in text.chars().take(room).enumerate() {
        let glyph = glyph(character).or_else(|| glyph('?')).unwrap_or_default();
        for (y, row) in glyph.into_iter().enumerate() {
            for x in (0..CHARACTER).filter(|x| row >> x & 1 == 1) {
                sheet.put_pixel((left + index * CHARACTER + x) as u32, (top + y) as u32, INK);
            }
        }
    }
}

fn glyph(character: char) -> Option<[u8; CHARACTER]> {
    font8x8::BASIC_FONTS
        .get(character)
        .or_else(|| font8x8::LATIN_FONTS.get(character))
        .or_else(|| font8x8::GREEK_FONTS.get(character))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::Pair;

    #[test]
    fn tiles_are_enlarged_and_captioned() {
        let grey = |value, side| Image { channels: 1, size: Pair::square(side), pixels: vec![value; side * side] };
        let tile = |value, side, caption: &str| Tile { image: grey(value, side), caption: caption.to_string() };
        let drawn = sheet(&[tile(0.0, 8, "I"), tile(0.5, 4, "数"), tile(2.0, 8, "")]);
        // Two columns and two rows of 8·12 pixels, with a line of text below each.
        assert_eq!(drawn.dimensions(), (2 * 104 + 8, 2 * (96 + 8 + 16) + 8));
        assert_eq!(*drawn.get_pixel(8 + 95, 8 + 95), INK);
        assert_eq!(*drawn.get_pixel(112 + 95, 8 + 95), Rgb([128; 3]));
        assert_eq!(*drawn.get_pixel(8, 8 + 120), PAPER);
        let ink = |left: u32, top: u32| {
            (left..left + 8)
                .flat_map(|x| (top..top + 8).map(move |y| (x, y)))
                .filter(|(x, y)| *drawn.get_pixel(*x, *y) == INK)
                .count()
        };
        assert!(ink(8, 8 + 96 + 4) > 8, "the letter is there");
        assert!(ink(112, 8 + 96 + 4) > 8, "a question mark stands for what has no glyph");
        assert_eq!(ink(8, 128 + 96 + 4), 0);
        assert_eq!(sheet(&[]).width(), 64);
    }
}
