//! Images with captions on one picture.

use std::num::NonZeroUsize;

use image::{Rgb, RgbImage};

use crate::ir::Pair;
use crate::plot::{CAPTION, caption};

/// An image with a line of text.
#[derive(Debug)]
pub struct Tile {
    /// Not too large to be looked at.
    pub image: RgbImage,
    /// Below it; as much as there is room for.
    pub caption: String,
}

/// Small images are enlarged to about this many pixels.
const SIDE: usize = 96;

/// Pixels between tiles.
const GAP: usize = 8;

/// So wide is a tile at least, for its caption.
const NARROWEST: usize = 48;

const PAPER: Rgb<u8> = Rgb([255; 3]);

/// Lays `tiles` out in rows, about as many as columns. Without tiles, nothing but paper.
pub fn sheet(tiles: &[Tile]) -> RgbImage {
    let height = tiles.iter().map(|tile| tile.size().height).max().unwrap_or(0);
    let width = tiles.iter().map(|tile| tile.size().width).max().unwrap_or(0).max(NARROWEST);
    let columns = NonZeroUsize::new(tiles.len().isqrt()).map_or(1, NonZeroUsize::get);
    let columns = if columns * columns < tiles.len() { columns + 1 } else { columns };
    let rows = tiles.len().div_ceil(columns);
    let (step_down, step_right) = (height + CAPTION + 2 * GAP, width + GAP);
    let mut sheet = RgbImage::from_pixel((columns * step_right + GAP) as u32, (rows * step_down + GAP) as u32, PAPER);
    for (index, tile) in tiles.iter().enumerate() {
        let (top, left) = (GAP + index / columns * step_down, GAP + index % columns * step_right);
        draw(&mut sheet, tile, top, left);
        caption(&mut sheet, [left, top + tile.size().height + GAP / 2], width, &tile.caption);
    }
    sheet
}

impl Tile {
    /// What a pixel is enlarged to.
    fn scale(&self) -> usize {
        let (width, height) = self.image.dimensions();
        (SIDE / height.max(width).max(1) as usize).max(1)
    }

    /// On the sheet.
    fn size(&self) -> Pair {
        let (width, height) = self.image.dimensions();
        Pair { height: height as usize * self.scale(), width: width as usize * self.scale() }
    }
}

fn draw(sheet: &mut RgbImage, tile: &Tile, top: usize, left: usize) {
    let (Pair { height, width }, scale) = (tile.size(), tile.scale());
    for y in 0..height {
        for x in 0..width {
            let pixel = tile.image.get_pixel((x / scale) as u32, (y / scale) as u32);
            sheet.put_pixel((left + x) as u32, (top + y) as u32, *pixel);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_are_enlarged_and_captioned() {
        let grey = |value, side| RgbImage::from_pixel(side, side, Rgb([value; 3]));
        let tile = |value, side, caption: &str| Tile { image: grey(value, side), caption: caption.to_string() };
        let long = "a caption that is longer than what it stands below";
        let drawn = sheet(&[tile(0, 8, "I"), tile(128, 4, long), tile(255, 8, "")]);
        // Two columns and two rows of 8·12 pixels, with a line of text below each.
        let step = 96 + CAPTION as u32 + 16;
        assert_eq!(drawn.dimensions(), (2 * 104 + 8, 2 * step + 8));
        assert_eq!(*drawn.get_pixel(8 + 95, 8 + 95), Rgb([0; 3]));
        assert_eq!(*drawn.get_pixel(112 + 95, 8 + 95), Rgb([128; 3]));
        assert_eq!(*drawn.get_pixel(8, 8 + step), PAPER);
        let ink = |left: u32, width: u32, top: u32| {
            let line = (left..left + width).flat_map(|x| (top..top + CAPTION as u32).map(move |y| (x, y)));
            line.filter(|(x, y)| drawn.get_pixel(*x, *y).0[0] < 128).count()
        };
        assert!(ink(8, 96, 8 + 96 + 4) > 5, "the letter is there");
        assert!(ink(112, 96, 8 + 96 + 4) > 100, "as many letters as there is room for");
        assert_eq!(ink(112 + 96, 8, 8 + 96 + 4), 0, "and no more");
        assert_eq!(ink(8, 96, 8 + step + 96 + 4), 0);
        assert_eq!(sheet(&[]).width(), 48 + 2 * 8);
    }
}
