//! Decoding: what Pillow makes of files, and what is refused.

use std::fs::{self, File};
use std::path::Path;

use image::{GrayImage, RgbImage};

use super::*;
use crate::train::data::fixture::Folder;

const USUAL: MaxPixels = MaxPixels(None);

fn decode(path: &Path, channels: usize, most: MaxPixels, image: &mut Image) -> Result<(), DataError> {
    super::decode(&path.to_owned().into(), channels, most, image)
}

fn size(path: &Path, most: MaxPixels) -> Result<Pair, DataError> {
    super::size(&path.to_owned().into(), most)
}

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
        decode(file, channels, USUAL, &mut image).unwrap();
        let pixels = expected.iter().map(|value| value / 255.0).collect();
        let size = Pair { height: size.0, width: size.1 };
        assert_eq!(image, Image { channels, size, pixels }, "{} as {channels}", file.display());
    }
    let mut image = Image::default();
    image.fill_from_planes(&[255, 10, 0, 20, 51, 30], 3, Pair { height: 1, width: 2 }, 255, 1);
    assert_eq!(image.pixels, [82.0 / 255.0, 18.0 / 255.0]);
}

/// The fixture is made by tests/scripts/images.py with Pillow: in each line a file, its height and width, and its
/// bytes.
#[test]
fn unusual_files_are_what_pillow_makes_of_them() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/train/data/images");
    for line in include_str!("../images/images.txt").lines() {
        let [name, height, width, bytes] = line.split(' ').collect::<Vec<_>>()[..] else { panic!("{line}") };
        let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
        let expected: Vec<u8> = bytes.as_bytes().chunks(2).map(byte).collect();
        let path = folder.join(name);
        let size = Pair { height: height.parse().unwrap(), width: width.parse().unwrap() };
        assert_eq!(super::size(&path.clone().into(), USUAL).unwrap(), size, "{name}");
        let mut image = Image::default();
        decode(&path, 3, USUAL, &mut image).unwrap();
        assert_eq!((image.size, image.pixels.len()), (size, expected.len()), "{name}");
        // JPEG decoders round differently, and Pillow does not interpolate colours as others do.
        // Of 16 bits it keeps the upper 8.
        let tolerance = if name.ends_with(".jpg") {
            4.0
        } else if name.starts_with("sixteen_bits") || name == "big_endian.tif" {
            1.0
        } else {
            0.01
        };
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
    decode(&turned, 1, USUAL, &mut image).unwrap();
    assert_eq!(image.size, Pair { height: 16, width: 8 });
    let (top, bottom) = image.pixels.split_at(64);
    assert!(top.iter().all(|value| *value < 0.1) && bottom.iter().all(|value| *value > 0.9), "{:?}", image.pixels);
}

#[test]
fn a_file_that_is_cut_off_anywhere_is_refused() {
    let folder = Folder::new("cut");
    for name in ["whole.jpg", "whole.png", "whole.bmp", "whole.gif", "whole.webp"] {
        let whole = folder.path(name);
        RgbImage::from_fn(24, 16, |x, y| image::Rgb([x as u8 * 9, y as u8 * 13, (x * y) as u8])).save(&whole).unwrap();
        let bytes = fs::read(&whole).unwrap();
        decode(&whole, 3, USUAL, &mut Image::default()).unwrap();
        for length in [0, 1, 10, bytes.len() / 3, bytes.len() / 2, bytes.len() * 9 / 10] {
            let cut = folder.write(&format!("cut_{name}"), &bytes[..length]);
            match decode(&cut, 3, USUAL, &mut Image::default()) {
                Err(DataError::BadImage { path, .. }) => assert_eq!(path, cut),
                other => panic!("{name} cut to {length} of {} bytes: {other:?}", bytes.len()),
            }
        }
    }
}

#[test]
fn sixteen_bits_stay_sixteen() {
    use image::{ImageBuffer, Luma, LumaA, Rgb, Rgba};
    let folder = Folder::new("sixteen");
    let path = folder.path("image.png");
    // An X-ray of 12 bits, of which the upper 8 of 16 show nothing.
    let ray: Vec<u16> = (0..107).map(|value| 1000 + value).collect();
    let parts = |values: &[u16]| values.iter().map(|value| f32::from(*value) / 65_535.0).collect::<Vec<f32>>();
    let read = |channels| {
        let mut image = Image::default();
        decode(&path, channels, USUAL, &mut image).unwrap();
        image
    };
    ImageBuffer::<Luma<u16>, _>::from_raw(107, 1, ray.clone()).unwrap().save(&path).unwrap();
    assert_eq!((read(1).pixels, read(1).is_of_bytes()), (parts(&ray), false));
    assert_eq!(read(3).pixels, parts(&[&ray[..], &ray, &ray].concat()));
    ImageBuffer::<LumaA<u16>, _>::from_raw(1, 2, vec![1000, 7, 1001, 9]).unwrap().save(&path).unwrap();
    assert_eq!(read(1).pixels, parts(&[1000, 1001]));
    for (alpha, save) in [(false, [1u16, 2, 60_000].to_vec()), (true, [1, 2, 60_000, 5].to_vec())] {
        match alpha {
            true => ImageBuffer::<Rgba<u16>, _>::from_raw(1, 1, save).unwrap().save(&path).unwrap(),
            false => ImageBuffer::<Rgb<u16>, _>::from_raw(1, 1, save).unwrap().save(&path).unwrap(),
        }
        assert_eq!(read(3).pixels, parts(&[1, 2, 60_000]));
        // 0.299·1 + 0.587·2 + 0.114·60000 = 6841.5
        let grey = read(1).pixels[0] * 65_535.0;
        assert!((grey - 6841.5).abs() <= 1.0, "{grey}");
    }
    // Of 12 bits by its header; the largest of them is white.
    let twelve = folder.write("twelve.pgm", b"P5 2 1 4095\n\x0f\xff\x03\xe8");
    let mut image = Image::default();
    decode(&twelve, 1, USUAL, &mut image).unwrap();
    assert!(image.pixels[0] == 1.0 && (image.pixels[1] - 1000.0 / 4095.0).abs() < 1e-5, "{:?}", image.pixels);
    // Bytes are told from them.
    GrayImage::from_raw(256, 1, (0..=255).collect()).unwrap().save(&path).unwrap();
    assert!(read(1).is_of_bytes() && read(3).is_of_bytes());
}

/// Files of a few bytes that promise many pixels, and none.
#[test]
fn sizes_are_looked_at_before_memory_is_taken() {
    let folder = Folder::new("sizes");
    let blank = folder.path("blank.png");
    GrayImage::new(3000, 3000).save(&blank).unwrap();
    let length = fs::metadata(&blank).unwrap().len();
    let bmp = |width: u32, height: u32| {
        let sizes = [&width.to_le_bytes()[..], &height.to_le_bytes(), &[1, 0, 24, 0], &[0; 24], &[0; 10]].concat();
        [b"BM\x40\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0", &sizes[..]].concat()
    };
    // VP8L: 14 bits each for width − 1 and height − 1.
    let webp = [&b"RIFF\x1a\0\0\0WEBPVP8L\x0d\0\0\0\x2f"[..], &0x0fff_bffeu32.to_le_bytes(), &[0; 9]].concat();
    let gif =
        [&b"GIF89a\xff\xff\xff\xff\0\0\0,\0\0\0\0\xff\xff\xff\xff\0"[..], &[2, 2, 0x4c, 1, 0, 0x3b, 0, 0, 0, 0, 0, 0]]
            .concat();
    for (name, bytes, expected) in [
        ("huge.bmp", bmp(20_000, 20_000), "20000×20000 is 400000000 pixels, more than 4194304"),
        ("huge.webp", webp, "16383×16383 is 268402689 pixels"),
        ("huge.gif", gif, "65535×65535 is 4294836225 pixels"),
        ("huge.ppm", b"P6 100000 100000 255\n".to_vec(), "100000×100000 is 10000000000 pixels"),
        ("none.pgm", b"P5 0 0 255\n".to_vec(), "0×0"),
        ("flat.ppm", b"P6 5 0 255\n".to_vec(), "0×5"),
        ("narrow.pgm", b"P2 0 7 255\n".to_vec(), "7×0"),
        ("none.bmp", bmp(0, 4), "is no image that can be decoded"),
    ] {
        let path = folder.write(name, &bytes);
        for error in [decode(&path, 3, USUAL, &mut Image::default()).unwrap_err(), size(&path, USUAL).unwrap_err()] {
            let said = error.to_string();
            assert!(error.is_of_one_image() && said.contains(expected), "{name}: {said}");
        }
    }
    let refused = decode(&blank, 1, USUAL, &mut Image::default()).unwrap_err().to_string();
    let most = 100 * length;
    let expected = format!("3000×3000 is 9000000 pixels, more than {most}, the most for a file of {length} bytes");
    assert!(refused.contains(&expected) && refused.contains("write `max_pixels: 9000000`"), "{refused}");
    let mut image = Image::default();
    decode(&blank, 1, MaxPixels(Some(9_000_000)), &mut image).unwrap();
    assert_eq!(image.size, Pair::square(3000));
    let few = MaxPixels(Some(8_999_999));
    assert!(size(&blank, few).is_err());
}

/// Lists that are longer than their file cost nothing, whichever way round and however wide its numbers are.
#[test]
fn lists_of_a_tiff_file_fit_into_it() {
    let folder = Folder::new("lists");
    let images = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/train/data/images");
    // The number of values of StripByteCounts, behind its tag and type.
    for (file, entry, count) in
        [("grey.tif", &[0x17, 1, 4, 0][..], [1, 0, 0x6c, 0]), ("big_endian.tif", &[1, 0x17, 0, 4], [0, 0x6c, 0, 1])]
    {
        let mut bytes = fs::read(images.join(file)).unwrap();
        let at = bytes.windows(entry.len()).rposition(|window| window == entry).expect(file);
        bytes[at + 4..at + 8].copy_from_slice(&count);
        let path = folder.write(file, &bytes);
        for error in [decode(&path, 3, USUAL, &mut Image::default()).unwrap_err(), size(&path, USUAL).unwrap_err()] {
            assert!(error.to_string().contains("longer than the file"), "{file}: {error}");
        }
    }
}

#[cfg(unix)]
#[test]
fn only_files_are_read() {
    let folder = Folder::new("no-file");
    let link = |name: &str, target: &str| {
        let path = folder.path(name);
        std::os::unix::fs::symlink(target, &path).unwrap();
        path
    };
    let sparse = folder.path("sparse.png");
    File::create(&sparse).unwrap().set_len(1 << 40).unwrap();
    fs::create_dir(folder.path("folder.jpg")).unwrap();
    for (path, expected) in [
        (link("dangling.jpg", "nowhere.jpg"), "cannot read"),
        (link("zero.png", "/dev/zero"), "no regular file"),
        (link("self.png", "self.png"), "cannot read"),
        (folder.path("folder.jpg"), "it is a folder"),
        (folder.path("gone.jpg"), "cannot read"),
        (sparse, "is no image that can be decoded"),
    ] {
        let error = decode(&path, 3, USUAL, &mut Image::default()).unwrap_err();
        assert!(error.is_of_one_image() && error.to_string().contains(expected), "{}: {error}", path.display());
        assert!(size(&path, USUAL).unwrap_err().is_of_one_image());
    }
}
