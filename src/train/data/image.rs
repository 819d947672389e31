//! One image as floats, and the way there from a file.

use std::fs;
use std::io::Cursor;
use std::path::Path;

use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageFormat, ImageReader};

use super::DataError;
use crate::ir::Pair;
use crate::recipe::LARGEST_IMAGE;

/// An image, plane after plane, with values in \[0, 1\] until it is normalised.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Image {
    /// C, 1 or 3.
    pub channels: usize,
    /// H and W.
    pub size: Pair,
    /// C×H×W values.
    pub pixels: Vec<f32>,
}

impl Image {
    /// Takes over `stored` planes of bytes, where `white` means 1, as an image of `channels` channels.
    pub fn fill_from_planes(&mut self, bytes: &[u8], stored: usize, size: Pair, white: u8, channels: usize) {
        let plane = size.height * size.width;
        let scale = scale(white);
        self.clear(channels, size);
        match (stored, channels) {
            (3, 1) => {
                let [red, green, blue] = [0, 1, 2].map(|channel| &bytes[channel * plane..][..plane]);
                let colours = red.iter().zip(green).zip(blue);
                self.pixels.extend(colours.map(|((red, green), blue)| scale(luma(*red, *green, *blue))));
            }
            (1, 3) => (0..3).for_each(|_| self.pixels.extend(bytes.iter().map(|value| scale(*value)))),
            _ => self.pixels.extend(bytes.iter().map(|value| scale(*value))),
        }
    }

    /// Takes over a decoded image of any kind: 16 bits become 8, transparency is dropped.
    fn fill_from_decoded(&mut self, decoded: DynamicImage, channels: usize) {
        let size = Pair { height: decoded.height() as usize, width: decoded.width() as usize };
        if !decoded.color().has_color() {
            return self.fill_from_planes(&decoded.into_luma8(), 1, size, u8::MAX, channels);
        }
        let colours = decoded.into_rgb8().into_raw();
        let colours = colours.as_chunks::<3>().0;
        let scale = scale(u8::MAX);
        self.clear(channels, size);
        if channels == 1 {
            self.pixels.extend(colours.iter().map(|[red, green, blue]| scale(luma(*red, *green, *blue))));
        } else {
            (0..3).for_each(|channel| self.pixels.extend(colours.iter().map(|colour| scale(colour[channel]))));
        }
    }

    fn clear(&mut self, channels: usize, size: Pair) {
        self.pixels.clear();
        self.pixels.reserve(channels * size.height * size.width);
        self.channels = channels;
        self.size = size;
    }
}

/// Height and width that a file's image has once it is turned upright; only its header is read.
pub fn size(path: &Path) -> Result<Pair, DataError> {
    let bad = |reason: &dyn std::fmt::Display| DataError::bad_image(path, reason);
    let reader = ImageReader::open(path)
        .and_then(ImageReader::with_guessed_format)
        .map_err(|error| DataError::io(path, error))?;
    let mut decoder = reader.into_decoder().map_err(|error| bad(&error))?;
    let (width, height) = decoder.dimensions();
    let turned = matches!(
        decoder.orientation().map_err(|error| bad(&error))?,
        Orientation::Rotate90 | Orientation::Rotate270 | Orientation::Rotate90FlipH | Orientation::Rotate270FlipH
    );
    let (height, width) = if turned { (width, height) } else { (height, width) };
    Ok(Pair { height: height as usize, width: width as usize })
}

/// Decodes a file into `image`, turned upright as its EXIF data says, with 1 or 3 `channels`.
pub fn decode(path: &Path, channels: usize, image: &mut Image) -> Result<(), DataError> {
    // Reading a pipe would wait for ever.
    if !fs::metadata(path).map_err(|error| DataError::io(path, error))?.is_file() {
        return Err(DataError::bad_image(path, "it is no regular file"));
    }
    let bytes = fs::read(path).map_err(|error| DataError::io(path, error))?;
    let bad = |reason: &dyn std::fmt::Display| DataError::bad_image(path, reason);
    let reader = ImageReader::new(Cursor::new(&bytes)).with_guessed_format().expect("a cursor does not fail to read");
    let mut may_be_turned = true;
    if reader.format() == Some(ImageFormat::Jpeg) {
        let Some(markers) = jpeg_markers(&bytes) else { return Err(bad(&"the JPEG data is cut off")) };
        may_be_turned = markers.contains(&EXIF);
    }
    let mut decoder = reader.into_decoder().map_err(|error| bad(&error))?;
    let (width, height) = decoder.dimensions();
    if (width as usize).saturating_mul(height as usize) > LARGEST_IMAGE {
        return Err(bad(&format!("{height}×{width} is more than {LARGEST_IMAGE} pixels")));
    }
    // The JPEG decoder parses the header anew for this, which takes as long as decoding a small image.
    let orientation = if may_be_turned { decoder.orientation() } else { Ok(Orientation::NoTransforms) };
    let orientation = orientation.map_err(|error| bad(&error))?;
    let mut decoded = DynamicImage::from_decoder(decoder).map_err(|error| bad(&error))?;
    decoded.apply_orientation(orientation);
    image.fill_from_decoded(decoded, channels);
    Ok(())
}

/// `x/white`: a division, as PyTorch's `ToTensor` does it, so that the last bit agrees too.
fn scale(white: u8) -> impl Fn(u8) -> f32 + Copy {
    let white = f32::from(white);
    move |value| f32::from(value) / white
}

/// Brightness, 0.299·R + 0.587·G + 0.114·B (ITU-R 601-2), rounded from 16-bit fixed point as Pillow's `convert("L")` is.
fn luma(red: u8, green: u8, blue: u8) -> u8 {
    let sum = 19_595 * u32::from(red) + 38_470 * u32::from(green) + 7_471 * u32::from(blue);
    ((sum + 0x8000) >> 16) as u8
}

/// APP1, the segment of a JPEG file in which cameras leave EXIF data.
const EXIF: u8 = 0xE1;

/// The markers of a JPEG file's segments up to the image itself, or `None` if the marker that ends the image is missing:
/// decoders fill up what is cut off with grey, and say nothing.
///
/// The end is searched for behind the first "start of scan": a thumbnail in the header has an end of its own. In a scan, the
/// two bytes occur as the marker only. Source: ITU-T T.81, annex B.
fn jpeg_markers(bytes: &[u8]) -> Option<Vec<u8>> {
    const START_OF_SCAN: u8 = 0xDA;
    let mut markers = Vec::new();
    let mut at = 2;
    while let Some([0xFF, marker, high, low]) = bytes.get(at..at + 4) {
        match *marker {
            START_OF_SCAN => return bytes[at..].windows(2).any(|pair| pair == [0xFF, 0xD9]).then_some(markers),
            // A marker may be preceded by any number of these.
            0xFF => at += 1,
            marker => {
                markers.push(marker);
                at += 2 + usize::from(u16::from_be_bytes([*high, *low]));
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use image::{GrayImage, RgbImage};

    use super::*;
    use crate::train::data::fixture::Folder;

    #[test]
    fn channels_are_converted() {
        let folder = Folder::new("channels");
        let (colour, grey) = (folder.path("colour.png"), folder.path("grey.png"));
        RgbImage::from_raw(2, 1, vec![255, 0, 51, 10, 20, 30]).unwrap().save(&colour).unwrap();
        GrayImage::from_raw(1, 2, vec![0, 102]).unwrap().save(&grey).unwrap();
        // Pillow 13: Image.open("colour.png").convert("L") has 82 and 18.
        for (file, channels, size, expected) in [
            (&colour, 3, (1, 2), vec![255.0, 10.0, 0.0, 20.0, 51.0, 30.0]),
            (&colour, 1, (1, 2), vec![82.0, 18.0]),
            (&grey, 1, (2, 1), vec![0.0, 102.0]),
            (&grey, 3, (2, 1), vec![0.0, 102.0, 0.0, 102.0, 0.0, 102.0]),
        ] {
            let mut image = Image::default();
            decode(file, channels, &mut image).unwrap();
            let pixels = expected.iter().map(|value| value / 255.0).collect();
            let size = Pair { height: size.0, width: size.1 };
            assert_eq!(image, Image { channels, size, pixels }, "{} as {channels}", file.display());
        }
        let mut image = Image::default();
        image.fill_from_planes(&[255, 10, 0, 20, 51, 30], 3, Pair { height: 1, width: 2 }, 255, 1);
        assert_eq!(image.pixels, [82.0 / 255.0, 18.0 / 255.0]);
    }

    /// The fixture is made by tests/scripts/images.py with Pillow: in each line a file, its height and width, and its bytes.
    #[test]
    fn unusual_files_are_what_pillow_makes_of_them() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/train/data/images");
        for line in include_str!("images/images.txt").lines() {
            let [name, height, width, bytes] = line.split(' ').collect::<Vec<_>>()[..] else { panic!("{line}") };
            let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
            let expected: Vec<u8> = bytes.as_bytes().chunks(2).map(byte).collect();
            let path = folder.join(name);
            let size = Pair { height: height.parse().unwrap(), width: width.parse().unwrap() };
            assert_eq!(super::size(&path).unwrap(), size, "{name}");
            let mut image = Image::default();
            decode(&path, 3, &mut image).unwrap();
            assert_eq!((image.size, image.pixels.len()), (size, expected.len()), "{name}");
            // JPEG decoders round differently, and Pillow does not interpolate colours as others do.
            let tolerance = if name.ends_with(".jpg") { 4.0 } else { 0.01 };
            for (at, (ours, pillows)) in image.pixels.iter().zip(&expected).enumerate() {
                let difference = (ours * 255.0 - f32::from(*pillows)).abs();
                assert!(difference <= tolerance, "{name}: {} for {pillows} at {at}", ours * 255.0);
            }
        }
    }

    /// A JPEG as a camera held sideways writes it: EXIF orientation 6, to be turned clockwise.
    #[test]
    fn photos_are_turned_upright() {
        let folder = Folder::new("turned");
        let flat = folder.path("flat.jpg");
        // Left half black, right half white; 16×8.
        GrayImage::from_fn(16, 8, |x, _| image::Luma([if x < 8 { 0 } else { 255 }])).save(&flat).unwrap();
        let bytes = fs::read(&flat).unwrap();
        let tag = [0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, 6, 0, 0];
        let exif: Vec<u8> = [&b"Exif\0\0MM\0*\0\0\0\x08\0\x01"[..], &tag, &[0; 4]].concat();
        let length = (exif.len() as u16 + 2).to_be_bytes();
        let turned = folder.write("turned.jpg", &[&bytes[..2], &[0xFF, EXIF], &length, &exif, &bytes[2..]].concat());
        let mut image = Image::default();
        decode(&turned, 1, &mut image).unwrap();
        assert_eq!(image.size, Pair { height: 16, width: 8 });
        let (top, bottom) = image.pixels.split_at(64);
        assert!(top.iter().all(|value| *value < 0.1) && bottom.iter().all(|value| *value > 0.9), "{:?}", image.pixels);
    }

    #[test]
    fn a_file_that_is_cut_off_anywhere_is_refused() {
        let folder = Folder::new("cut");
        for name in ["whole.jpg", "whole.png", "whole.bmp", "whole.gif", "whole.webp"] {
            let whole = folder.path(name);
            RgbImage::from_fn(24, 16, |x, y| image::Rgb([x as u8 * 9, y as u8 * 13, (x * y) as u8]))
                .save(&whole)
                .unwrap();
            let bytes = fs::read(&whole).unwrap();
            decode(&whole, 3, &mut Image::default()).unwrap();
            for length in [0, 1, 10, bytes.len() / 3, bytes.len() / 2, bytes.len() * 9 / 10] {
                let cut = folder.write(&format!("cut_{name}"), &bytes[..length]);
                match decode(&cut, 3, &mut Image::default()) {
                    Err(DataError::BadImage { path, .. }) => assert_eq!(path, cut),
                    other => panic!("{name} cut to {length} of {} bytes: {other:?}", bytes.len()),
                }
            }
        }
    }
}
