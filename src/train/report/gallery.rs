//! Images with what they are and what they were taken for.

use std::io::Cursor;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use image::imageops::thumbnail;
use image::{ImageFormat, Rgb, RgbImage};

use super::super::data::{Dataset, Image};
use super::super::evaluate::Guess;
use crate::plot::escaped;

/// The longer side of a picture, at most.
const SIDE: u32 = 192;
/// Up to here pixels are shown as squares.
const SMALL: u32 = 96;

/// A figure for each guess. A file that can no longer be read leaves only its caption.
pub fn gallery(guesses: &[Guess], names: &[String], dataset: &Dataset) -> String {
    let mut image = Image::default();
    let mut figures = String::new();
    for guess in guesses {
        let [truth, taken_for] = [guess.label, guess.taken_for].map(|class| escaped(&names[class as usize]));
        let picture = match dataset.validation.read(guess.example, 3, &mut image) {
            Ok(()) => picture(&image),
            Err(_) => String::new(),
        };
        let (class, sign) = if guess.label == guess.taken_for { ("", "✓") } else { (" class=\"wrong\"", "✗") };
        let file = dataset.validation.file(guess.example).map(|file| file.display().to_string());
        let hover = escaped(&file.unwrap_or_else(|| format!("validation image {}", guess.example)));
        figures.push_str(&format!(
            "<figure{class} title=\"{hover}\"><div>{picture}</div><figcaption><b>{truth}</b>\
             <span>{sign} {taken_for} {:.0} %</span></figcaption></figure>\n",
            100.0 * guess.probability,
        ));
    }
    figures
}

/// The image as a part of a page.
fn picture(image: &Image) -> String {
    let picture = pixels(image);
    let class = if picture.width().max(picture.height()) <= SMALL { " class=\"small\"" } else { "" };
    let mut png = Cursor::new(Vec::new());
    picture.write_to(&mut png, ImageFormat::Png).expect("memory takes everything");
    format!("<img{class} alt=\"\" src=\"data:image/png;base64,{}\">", BASE64_STANDARD.encode(png.into_inner()))
}

/// Its pixels, of a large image fewer.
fn pixels(image: &Image) -> RgbImage {
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
