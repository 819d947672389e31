//! Masks: PNG files that say of each pixel of an image which class it is of.
//!
//! What counts is the level of a grey pixel, or the number of its colour in the palette: the colours are for people.
//! Labelling tools and data sets (Pascal VOC's, Cityscapes') write them so, and Pillow's `np.array(Image.open(…))`
//! reads them so.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use png::{BitDepth, ColorType, Decoder, Limits, Transformations};

use super::DataError;
use super::image::Image;
use crate::ir::Pair;
use crate::kernels::IGNORED;
use crate::recipe::Masks;
use crate::regular;

/// A pixel of which nothing is known, among the numbers of classes.
pub const UNKNOWN: f32 = -1.0;

/// The mask of an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MaskFile {
    /// Where it is.
    pub file: PathBuf,
    /// The table that says so, and the line there.
    pub row: Option<(Arc<Path>, u64)>,
}

/// The masks of a split's images.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MaskFiles {
    /// One for each image.
    pub files: Vec<MaskFile>,
    /// What their levels stand for.
    pub masks: Masks,
}

impl MaskFiles {
    /// The mask of an image of this size, as an image of one channel: the number of each pixel's class, or
    /// −1 where nothing is known.
    ///
    /// # Errors
    /// If it cannot be read, is of another size, or has a level that stands for nothing.
    pub fn read(&self, example: usize, size: Pair) -> Result<Image, DataError> {
        let MaskFile { file, row } = &self.files[example];
        let bad = |reason: String| DataError::BadMask { path: file.clone(), row: row.clone(), reason };
        let levels = levels(file, size).map_err(bad)?;
        let (known, ignore) = (self.masks.classes.len(), self.masks.ignore);
        let class = |(at, level): (usize, &u16)| match *level {
            level if level == ignore => Ok(UNKNOWN),
            level if usize::from(level) < known => Ok(f32::from(level)),
            level => Err(bad(format!(
                "the pixel in row {} and column {} is {level}, which is no class: there are 0 to {}, and {ignore} for what \
                 is ignored",
                at / size.width + 1,
                at % size.width + 1,
                known - 1,
            ))),
        };
        let pixels = levels.iter().enumerate().map(class).collect::<Result<_, _>>()?;
        Ok(Image { channels: 1, size, pixels })
    }
}

/// The classes of a mask's pixels.
pub fn labels(mask: &Image) -> impl Iterator<Item = u32> {
    mask.pixels.iter().map(|class| if *class == UNKNOWN { IGNORED } else { *class as u32 })
}

/// A PNG file may unpack so many bytes besides its pixels.
const MOST_BESIDES: usize = 1 << 20;

/// The levels of a file that must be of this size, row by row, or why there are none.
fn levels(path: &Path, size: Pair) -> Result<Vec<u16>, String> {
    let file = regular::open(path).map_err(|error| format!("it cannot be read: {error}"))?;
    let (mut decoder, no_mask) = (decoder(file, size), |error: png::DecodingError| match error {
        png::DecodingError::Format(_) => format!("it is no PNG file that can be decoded: {error}"),
        error => format!("it cannot be decoded: {error}"),
    });
    let head = decoder.read_header_info().map_err(no_mask)?;
    let found = Pair { height: head.height as usize, width: head.width as usize };
    if found != size {
        return Err(format!("it is {found}, and its image is {size}"));
    }
    match head.color_type {
        ColorType::Grayscale | ColorType::Indexed => {}
        _ => {
            return Err(
                "it is a picture in colours, or transparent; a mask has one number for each pixel: grey levels, or a \
                        palette"
                    .to_owned(),
            );
        }
    }
    let mut reader = decoder.read_info().map_err(no_mask)?;
    let Some(length) = reader.output_buffer_size() else { return Err(format!("{size} is too large")) };
    let mut bytes = vec![0; length];
    let info = reader.next_frame(&mut bytes).map_err(no_mask)?;
    if (info.height as usize, info.width as usize) != (size.height, size.width) || info.line_size == 0 {
        return Err("its first picture is smaller than the file says".to_owned());
    }
    let mut levels = Vec::with_capacity(size.height * size.width);
    for row in bytes.chunks_exact(info.line_size).take(size.height) {
        let packed = |bits: usize| {
            let within = 8 / bits;
            let level = move |at: usize| row[at / within] >> (8 - bits - at % within * bits) & ((1 << bits) - 1);
            (0..size.width).map(level).map(u16::from)
        };
        match info.bit_depth {
            BitDepth::One => levels.extend(packed(1)),
            BitDepth::Two => levels.extend(packed(2)),
            BitDepth::Four => levels.extend(packed(4)),
            BitDepth::Eight => levels.extend(row.iter().copied().map(u16::from)),
            BitDepth::Sixteen => levels.extend(row.as_chunks::<2>().0.iter().map(|level| u16::from_be_bytes(*level))),
        }
    }
    Ok(levels)
}

fn decoder(file: File, size: Pair) -> Decoder<BufReader<File>> {
    let bytes = size.height.saturating_mul(size.width).saturating_mul(4).saturating_add(MOST_BESIDES);
    let mut decoder = Decoder::new_with_limits(BufReader::new(file), Limits { bytes });
    decoder.set_transformations(Transformations::IDENTITY);
    decoder.set_ignore_text_chunk(true);
    decoder.set_ignore_iccp_chunk(true);
    decoder
}

/// The colours of classes in pictures: those of Pascal VOC, whose bits are the class's, the lowest first. Source: its
/// development kit's `VOCcolormap.m`.
pub fn colour(class: usize) -> [u8; 3] {
    let mut colour = [0; 3];
    for bit in 0..8 {
        for (channel, level) in colour.iter_mut().enumerate() {
            *level |= ((class >> (3 * bit + channel) & 1) as u8) << (7 - bit);
        }
    }
    colour
}

/// A PNG file with a palette, of classes H×W.
pub fn palette_png(size: Pair, classes: &[u8]) -> Result<Vec<u8>, png::EncodingError> {
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, size.width as u32, size.height as u32);
    encoder.set_color(ColorType::Indexed);
    encoder.set_depth(BitDepth::Eight);
    encoder.set_palette((0..256).flat_map(colour).collect::<Vec<u8>>());
    let mut writer = encoder.write_header()?;
    writer.write_image_data(classes)?;
    writer.finish()?;
    Ok(file)
}

/// Lays the colours of a mask's classes over an image: `image` has three channels then.
pub fn overlay(image: &Image, classes: impl Iterator<Item = u32>) -> Image {
    let plane = image.size.height * image.size.width;
    let mut pixels: Vec<f32> =
        (0..3).flat_map(|channel| image.pixels[channel % image.channels * plane..][..plane].to_vec()).collect();
    for (at, class) in classes.enumerate().take(plane).filter(|(_, class)| *class != IGNORED && *class != 0) {
        for (channel, level) in colour(class as usize).into_iter().enumerate() {
            let pixel = &mut pixels[channel * plane + at];
            *pixel = 0.5 * *pixel + 0.5 * f32::from(level) / 255.0;
        }
    }
    Image { channels: 3, size: image.size, pixels }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::data::fixture::Folder;

    const SIZE: Pair = Pair { height: 2, width: 5 };

    fn png(size: Pair, kind: ColorType, depth: BitDepth, bytes: &[u8]) -> Vec<u8> {
        let mut file = Vec::new();
        let mut encoder = png::Encoder::new(&mut file, size.width as u32, size.height as u32);
        encoder.set_color(kind);
        encoder.set_depth(depth);
        if kind == ColorType::Indexed {
            encoder.set_palette(vec![200; 3 * 16]);
        }
        encoder.write_header().and_then(|mut writer| writer.write_image_data(bytes)).expect("room in memory");
        file
    }

    fn read(file: &[u8], size: Pair) -> Result<Vec<f32>, String> {
        let folder = Folder::new("masks");
        let path = folder.write("a.png", file);
        let row = Some((Arc::from(Path::new("a.csv")), 7));
        let masks = MaskFiles { files: vec![MaskFile { file: path, row }], masks: Masks::numbered(4) };
        masks.read(0, size).map(|mask| mask.pixels).map_err(|error| error.to_string())
    }

    #[test]
    fn levels_and_numbers_of_colours_are_classes() {
        let expected = [0.0, 1.0, 2.0, 3.0, 0.0, 3.0, 2.0, 1.0, 0.0, 1.0];
        for kind in [ColorType::Grayscale, ColorType::Indexed] {
            for (depth, bytes) in [
                (BitDepth::Two, &[0b00_01_10_11, 0b00_00_00_00, 0b11_10_01_00, 0b01_00_00_00][..]),
                (BitDepth::Four, &[0x01, 0x23, 0x00, 0x32, 0x10, 0x10]),
                (BitDepth::Eight, &[0, 1, 2, 3, 0, 3, 2, 1, 0, 1]),
            ] {
                assert_eq!(read(&png(SIZE, kind, depth, bytes), SIZE).expect("a mask"), expected, "{kind:?} {depth:?}");
            }
        }
        let fine: Vec<u8> = expected.iter().flat_map(|level| [0, *level as u8]).collect();
        assert_eq!(read(&png(SIZE, ColorType::Grayscale, BitDepth::Sixteen, &fine), SIZE).expect("a mask"), expected);
        let one = png(SIZE, ColorType::Grayscale, BitDepth::One, &[0b0101_0000, 0b1111_1000]);
        assert_eq!(read(&one, SIZE).expect("a mask"), [0.0, 1.0, 0.0, 1.0, 0.0, 1.0, 1.0, 1.0, 1.0, 1.0]);
        let some = png(SIZE, ColorType::Grayscale, BitDepth::Eight, &[255, 1, 0, 255, 0, 0, 0, 0, 0, 3]);
        let mask = Image { channels: 1, size: SIZE, pixels: read(&some, SIZE).expect("a mask") };
        assert_eq!(labels(&mask).collect::<Vec<_>>(), [IGNORED, 1, 0, IGNORED, 0, 0, 0, 0, 0, 3]);
    }

    #[test]
    fn what_is_no_mask_is_named() {
        let grey = |size: Pair, bytes: &[u8]| png(size, ColorType::Grayscale, BitDepth::Eight, bytes);
        let sound = grey(SIZE, &[0; 10]);
        let long = Pair { height: 1, width: 100_000 };
        let mut huge = sound.clone();
        huge[16..24].copy_from_slice(&[0x7f, 0xff, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff]);
        for (file, expected) in [
            (
                grey(SIZE, &[0, 1, 2, 3, 0, 0, 4, 0, 0, 0]),
                "the pixel in row 2 and column 2 is 4, which is no class: there are 0 to 3, and 255",
            ),
            (grey(Pair { height: 5, width: 2 }, &[0; 10]), "it is 5×2, and its image is 2×5"),
            (grey(long, &[0; 100_000]), "it is 1×100000, and its image is 2×5"),
            (png(SIZE, ColorType::Rgb, BitDepth::Eight, &[0; 30]), "it is a picture in colours"),
            (png(SIZE, ColorType::GrayscaleAlpha, BitDepth::Eight, &[0; 20]), "it is a picture in colours"),
            (sound[..sound.len() - 20].to_vec(), "it cannot be decoded"),
            (sound[..20].to_vec(), "it cannot be decoded"),
            (Vec::new(), "it cannot be decoded"),
            (b"GIF89a, or so it says".to_vec(), "it is no PNG file"),
            (huge, "it is no PNG file"),
        ] {
            let error = read(&file, SIZE).expect_err(expected);
            assert!(
                error.starts_with("a.csv: line 7: the mask ") && error.contains(expected),
                "{error}, not {expected}"
            );
        }
        for at in 0..sound.len() {
            let mut damaged = sound.clone();
            damaged[at] ^= 0x15;
            // Whatever comes of it.
            drop(read(&damaged, SIZE));
        }
        assert_eq!(read(&grey(long, &[2; 100_000]), long).expect("a mask").len(), 100_000);
    }

    #[test]
    fn what_is_written_is_read_and_has_the_usual_colours() {
        assert_eq!(
            [0, 1, 2, 3, 15, 20].map(colour),
            [[0, 0, 0], [128, 0, 0], [0, 128, 0], [128, 128, 0], [192, 128, 128], [0, 64, 128],]
        );
        let classes = [0, 1, 2, 3, 0, 3, 2, 1, 0, 1];
        let file = palette_png(SIZE, &classes).expect("room in memory");
        assert_eq!(read(&file, SIZE).expect("a mask"), classes.map(f32::from));
        let image = Image { channels: 1, size: SIZE, pixels: vec![1.0; 10] };
        let laid = overlay(&image, [0, 1, IGNORED].into_iter());
        assert_eq!((laid.channels, &laid.pixels[..3]), (3, &[1.0, 0.5 + 64.0 / 255.0, 1.0][..]));
    }
}
