//! One image as floats, and the way there from a file.

#[cfg(test)]
mod tests;
mod tiff;

use std::io::{self, BufRead, Cursor, Read, Seek, SeekFrom};

use image::metadata::Orientation;
use image::{ColorType, DynamicImage, ImageDecoder, ImageFormat, ImageReader, Limits};

use super::file::{ImageFile, Reading};
use super::{DataError, foreign};
use crate::ir::Pair;
use crate::recipe::MaxPixels;

/// An image, plane after plane, with values in \[0, 1\] until it is normalised.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Image {
    /// C: 1 or 3, but for values that are given.
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
                self.pixels.extend(colours.map(|((red, green), blue)| scale(u8::luma([*red, *green, *blue]))));
            }
            (1, 3) => (0..3).for_each(|_| self.pixels.extend(bytes.iter().map(|value| scale(*value)))),
            _ => self.pixels.extend(bytes.iter().map(|value| scale(*value))),
        }
    }

    /// Takes over rows of pixels of `stored` bytes each, as an image of `channels` channels.
    pub fn fill_from_rows(&mut self, bytes: &[u8], stored: usize, size: Pair, channels: usize) {
        match stored {
            1 => self.fill_from_pixels(bytes.as_chunks::<1>().0, size, channels),
            _ => self.fill_from_pixels(bytes.as_chunks::<3>().0, size, channels),
        }
    }

    /// Takes over C×H×W values as they are.
    pub fn fill_from_values(&mut self, values: &[f32], channels: usize, size: Pair) {
        self.clear(channels, size);
        self.pixels.extend_from_slice(values);
    }

    /// Takes over a decoded image of any kind: 16 bits stay 16, transparency is dropped.
    fn fill_from_decoded(&mut self, decoded: DynamicImage, channels: usize) {
        let size = Pair { height: decoded.height() as usize, width: decoded.width() as usize };
        match decoded {
            DynamicImage::ImageLuma8(image) => self.fill_from_pixels(image.as_raw().as_chunks::<1>().0, size, channels),
            DynamicImage::ImageLumaA8(image) => {
                self.fill_from_pixels(image.as_raw().as_chunks::<2>().0, size, channels)
            }
            DynamicImage::ImageRgb8(image) => self.fill_from_pixels(image.as_raw().as_chunks::<3>().0, size, channels),
            DynamicImage::ImageRgba8(image) => self.fill_from_pixels(image.as_raw().as_chunks::<4>().0, size, channels),
            DynamicImage::ImageLuma16(image) => {
                self.fill_from_pixels(image.as_raw().as_chunks::<1>().0, size, channels)
            }
            DynamicImage::ImageLumaA16(image) => {
                self.fill_from_pixels(image.as_raw().as_chunks::<2>().0, size, channels)
            }
            DynamicImage::ImageRgb16(image) => self.fill_from_pixels(image.as_raw().as_chunks::<3>().0, size, channels),
            DynamicImage::ImageRgba16(image) => {
                self.fill_from_pixels(image.as_raw().as_chunks::<4>().0, size, channels)
            }
            // Floats are refused before.
            other => self.fill_from_pixels(other.into_rgb16().as_raw().as_chunks::<3>().0, size, channels),
        }
    }

    /// Takes over pixels of one or two levels (grey, and transparency) or of three or four (colours, and transparency).
    fn fill_from_pixels<L: Level, const LEVELS: usize>(&mut self, from: &[[L; LEVELS]], size: Pair, channels: usize) {
        let grey = LEVELS < 3;
        self.clear(channels, size);
        match channels {
            1 if !grey => self.pixels.extend(from.iter().map(|pixel| L::luma([pixel[0], pixel[1], pixel[2]]).part())),
            _ => {
                for channel in 0..channels {
                    let level = if grey { 0 } else { channel };
                    self.pixels.extend(from.iter().map(|pixel| pixel[level].part()));
                }
            }
        }
    }

    /// Whether all values are bytes that were divided by 255.
    pub fn is_of_bytes(&self) -> bool {
        self.pixels.iter().all(|value| ((value * 255.0).round() as u8).part() == *value)
    }

    fn clear(&mut self, channels: usize, size: Pair) {
        self.pixels.clear();
        self.pixels.reserve(channels * size.height * size.width);
        self.channels = channels;
        self.size = size;
    }
}

/// A level of brightness, from 0 to the largest there is.
trait Level: Copy {
    /// `x/white`: a division, as PyTorch's `ToTensor` does it, so that the last bit agrees too.
    fn part(self) -> f32;

    /// Brightness, 0.299·R + 0.587·G + 0.114·B (ITU-R 601-2), rounded from 16-bit fixed point as Pillow's
    /// `convert("L")` is.
    fn luma(colours: [Self; 3]) -> Self;
}

impl Level for u8 {
    fn part(self) -> f32 {
        f32::from(self) / 255.0
    }

    fn luma(colours: [u8; 3]) -> u8 {
        luma(colours.map(u64::from)) as u8
    }
}

impl Level for u16 {
    fn part(self) -> f32 {
        f32::from(self) / 65_535.0
    }

    fn luma(colours: [u16; 3]) -> u16 {
        luma(colours.map(u64::from)) as u16
    }
}

fn luma([red, green, blue]: [u64; 3]) -> u64 {
    (19_595 * red + 38_470 * green + 7_471 * blue + 0x8000) >> 16
}

/// `x/white`, as [`Level::part`].
fn scale(white: u8) -> impl Fn(u8) -> f32 + Copy {
    let white = f32::from(white);
    move |value| f32::from(value) / white
}

/// Height and width that a file's image has once it is turned upright; only its header is read.
pub fn size(file: &ImageFile, most: MaxPixels) -> Result<Pair, DataError> {
    let (reading, read) = open(file, most)?;
    let stored = reading.stored();
    let source = reading.source(read).map_err(|error| unreadable(file, error))?;
    let mut decoder = decoder(file, ImageReader::new(source), stored, most)?;
    let (width, height) = decoder.dimensions();
    let turned = matches!(
        decoder.orientation().map_err(|error| DataError::bad_image(file.path(), error))?,
        Orientation::Rotate90 | Orientation::Rotate270 | Orientation::Rotate90FlipH | Orientation::Rotate270FlipH
    );
    let (height, width) = if turned { (width, height) } else { (height, width) };
    Ok(Pair { height: height as usize, width: width as usize })
}

/// Decodes a file into `image`, turned upright as its EXIF data says, with 1 or 3 `channels`.
pub fn decode(file: &ImageFile, channels: usize, most: MaxPixels, image: &mut Image) -> Result<(), DataError> {
    image.fill_from_decoded(decoded(file, most)?, channels);
    Ok(())
}

/// As [`decode`], of a large image one that is smaller, but at least `side` pixels high or wide: before its values
/// become floats, which take four times the memory.
pub fn decode_smaller(
    file: &ImageFile,
    channels: usize,
    most: MaxPixels,
    side: usize,
    image: &mut Image,
) -> Result<(), DataError> {
    let decoded = decoded(file, most)?;
    let most = 2 * side as u32;
    let smaller = if decoded.width().max(decoded.height()) > most { decoded.thumbnail(most, most) } else { decoded };
    image.fill_from_decoded(smaller, channels);
    Ok(())
}

fn decoded(file: &ImageFile, most: MaxPixels) -> Result<DynamicImage, DataError> {
    let (reading, read) = open(file, most)?;
    let stored = reading.stored();
    let bytes = reading.bytes(read).map_err(|error| unreadable(file, error))?;
    let bad = |reason: &dyn std::fmt::Display| DataError::bad_image(file.path(), reason);
    let mut may_be_turned = true;
    if image::guess_format(&bytes).is_ok_and(|format| format == ImageFormat::Jpeg) {
        let Some(markers) = jpeg_markers(&bytes) else { return Err(bad(&"the JPEG data is cut off")) };
        may_be_turned = markers.contains(&EXIF);
    }
    let mut decoder = decoder(file, ImageReader::new(Cursor::new(&bytes)), stored, most)?;
    // The JPEG decoder parses the header anew for this, which takes as long as decoding a small image.
    let orientation = if may_be_turned { decoder.orientation() } else { Ok(Orientation::NoTransforms) };
    let orientation = orientation.map_err(|error| bad(&error))?;
    let mut decoded = DynamicImage::from_decoder(decoder).map_err(|error| bad(&error))?;
    decoded.apply_orientation(orientation);
    Ok(decoded)
}

/// A PNG file may unpack so many bytes besides its pixels: the description of its colours, which nothing here uses.
const LONGEST_PROFILE: u64 = 4 << 20;

/// How many pixels the head of a PNG file promises; 0 if it is cut off. Source: <https://www.w3.org/TR/png-3/#11IHDR>.
fn png_pixels(file: &mut (impl Read + Seek)) -> io::Result<u64> {
    let mut head = [0; 24];
    let start = file.stream_position()?;
    let pixels = match file.read_exact(&mut head) {
        Ok(()) => {
            let side = |at: usize| u64::from(u32::from_be_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]));
            side(16) * side(20)
        }
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => 0,
        Err(error) => return Err(error),
    };
    file.seek(SeekFrom::Start(start))?;
    Ok(pixels)
}

/// The bytes of one pixel, at most: four levels of 16 bits.
const WIDEST_PIXEL: u64 = 8;

/// How long a signature is, at most.
const SIGNATURE: u64 = 16;

/// A file that begins as an image does and is no longer than one needs, and how much of it is to be read.
fn open(file: &ImageFile, most: MaxPixels) -> Result<(Reading<'_>, u64), DataError> {
    let mut reading = file.open().map_err(|error| unreadable(file, error))?;
    let head = reading.head(SIGNATURE).map_err(|error| unreadable(file, error))?;
    let bad = |reason: String| Err(DataError::bad_image(file.path(), reason));
    if let Some(reason) = foreign::refused(&head) {
        return bad(reason);
    }
    let (length, stored) = (reading.length(), reading.stored());
    let is_short = (head.len() as u64) < SIGNATURE;
    if !is_short && !image::guess_format(&head).is_ok_and(|format| format.reading_enabled()) {
        // Of what has no signature the decoder says that, whatever follows.
        return Ok((reading, length.min(SIGNATURE)));
    }
    // What is about the image, such as a preview, is shorter than the longest image.
    let longest = WIDEST_PIXEL * most.of_file(u64::MAX) as u64;
    if length > longest {
        return bad(format!("it is longer than {longest} bytes"));
    }
    // Compressed, it could unpack to far more than its image needs.
    if length > stored && length > WIDEST_PIXEL.saturating_mul(most.of_file(stored) as u64) {
        return bad(format!("{length} bytes are too many for an image that takes {stored} in the archive"));
    }
    Ok((reading, length))
}

fn unreadable(file: &ImageFile, error: io::Error) -> DataError {
    let path = file.path().to_path_buf();
    match error.kind() {
        io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof => DataError::bad_image(&path, error),
        _ => DataError::UnreadableImage { path, error },
    }
}

/// The decoder of an image whose header has been read, and found to be no larger than it may be.
fn decoder<'a, R: BufRead + Seek + 'a>(
    file: &ImageFile,
    reader: ImageReader<R>,
    length: u64,
    most: MaxPixels,
) -> Result<impl ImageDecoder + 'a, DataError> {
    let bad = |reason: &dyn std::fmt::Display| DataError::bad_image(file.path(), reason);
    let mut reader = reader.with_guessed_format().map_err(|error| unreadable(file, error))?;
    let most = most.of_file(length);
    let mut limits = Limits::default();
    // A frame may claim to be larger than the image that it is part of.
    limits.max_alloc = Some((most as u64).saturating_mul(2 * WIDEST_PIXEL));
    if reader.format() == Some(ImageFormat::Png) {
        let mut inner = reader.into_inner();
        let pixels = png_pixels(&mut inner).map_err(|error| unreadable(file, error))?;
        limits.max_alloc = limits
            .max_alloc
            .map(|all| all.min(pixels.saturating_mul(2 * WIDEST_PIXEL).saturating_add(LONGEST_PROFILE)));
        reader = ImageReader::with_format(inner, ImageFormat::Png);
    }
    if reader.format() == Some(ImageFormat::Tiff) {
        let mut inner = reader.into_inner();
        if tiff::promises_too_much(&mut inner).map_err(|error| unreadable(file, error))? {
            return Err(bad(&"it is damaged: a list in its directory is to be longer than the file"));
        }
        reader = ImageReader::with_format(inner, ImageFormat::Tiff);
    }
    reader.limits(limits);
    let decoder = reader.into_decoder().map_err(|error| bad(&error))?;
    let (width, height) = decoder.dimensions();
    if matches!(decoder.color_type(), ColorType::Rgb32F | ColorType::Rgba32F) {
        return Err(bad(&"its values are floating-point numbers, of which nobody says which is white"));
    }
    match u64::from(width) * u64::from(height) {
        0 => Err(bad(&format!("it is {height}×{width}, which is no pixel"))),
        pixels if pixels > most as u64 => Err(bad(&format!(
            "{height}×{width} is {pixels} pixels, more than {most}, the most for a file of {length} bytes: if it is sound, write \
             `max_pixels: {pixels}` under `data:`"
        ))),
        _ => Ok(decoder),
    }
}

/// APP1, the segment of a JPEG file in which cameras leave EXIF data.
const EXIF: u8 = 0xE1;

/// The markers of a JPEG file's segments up to the image itself, or `None` if the marker that ends the image is
/// missing: decoders fill up what is cut off with grey, and say nothing.
///
/// The end is searched for behind the first "start of scan": a thumbnail in the header has an end of its own. In a
/// scan, the two bytes occur as the marker only. Source: ITU-T T.81, annex B.
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
