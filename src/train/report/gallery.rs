//! Images with what they are and what they were taken for.

use image::imageops::thumbnail;
use image::{Rgb, RgbImage};

use super::super::data::{Dataset, Image};
use crate::plot::{Tile, address, escaped, is_small};

/// The longer side of a picture, at most.
const SIDE: u32 = 192;
/// The longest name of a class in a caption, whose lines may break.
const NAME: usize = 40;

/// An image, and what is said of it.
pub struct Shown {
    /// Its number in its split.
    pub example: usize,
    /// What it is.
    pub truth: String,
    /// What it was taken for.
    pub taken_for: String,
    /// How likely that is, to the network; NaN if that is no single number.
    pub probability: f64,
}

/// An image for each guess. Where the file can no longer be read there is only its caption.
pub fn tiles(guesses: &[Shown], dataset: &Dataset) -> Vec<Tile> {
    let mut image = Image::default();
    let tile = |guess: &Shown| {
        let (truth, taken_for) = (guess.truth.clone(), guess.taken_for.clone());
        let targets = dataset.validation.targets();
        let read = dataset.validation.read(guess.example, 3, &mut image).ok();
        let picture = read.map(|()| picture(&targets.over(guess.example, &image)));
        Tile { image: picture, truth, taken_for, probability: guess.probability }
    };
    guesses.iter().map(tile).collect()
}

/// A figure for each guess and its tile.
pub fn gallery(guesses: &[Shown], tiles: &[Tile], dataset: &Dataset) -> String {
    let figure = |(guess, tile): (&Shown, &Tile)| {
        let class = if tile.is_right() { "" } else { " class=\"wrong\"" };
        let file = dataset.validation.file(guess.example).map(|file| file.display().to_string());
        let hover = escaped(&file.unwrap_or_else(|| format!("validation image {}", guess.example)));
        let image = tile.image.as_ref().map_or(String::new(), |image| {
            let class = if is_small(image) { " class=\"small\"" } else { "" };
            format!("<img{class} alt=\"\" src=\"{}\">", address(image))
        });
        let (truth, verdict) = (escaped(&tile.truth), escaped(&tile.verdict(NAME)));
        format!(
            "<figure{class} title=\"{hover}\"><div>{image}</div><figcaption><b>{truth}</b>\
             <span>{verdict}</span></figcaption></figure>\n"
        )
    };
    guesses.iter().zip(tiles).map(figure).collect()
}

/// The image, of a large one fewer pixels.
fn picture(image: &Image) -> RgbImage {
    let (height, width) = (image.size.height, image.size.width);
    let level = |channel: usize, at: usize| (image.pixels[channel * height * width + at] * 255.0).round() as u8;
    let picture = RgbImage::from_fn(width as u32, height as u32, |x, y| {
        let at = y as usize * width + x as usize;
        Rgb([level(0, at), level(1, at), level(2, at)])
    });
    let longest = picture.width().max(picture.height());
    if longest <= SIDE {
        return picture;
    }
    let scaled = |side: u32| (u64::from(side) * u64::from(SIDE)).div_ceil(u64::from(longest)) as u32;
    thumbnail(&picture, scaled(picture.width()), scaled(picture.height()))
}
