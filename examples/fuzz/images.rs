//! Files of images, sent through transforms.

use std::fs;
use std::io::Cursor;
use std::sync::OnceLock;

use archc::compile;
use archc::ir::Shape;
use archc::recipe::{MaxPixels, Transform};
use archc::train::data::read_image;
use image::{DynamicImage, ImageFormat};
use tempfile::TempDir;

use crate::target::{Input, Target};

pub const TARGET: Target = Target {
    name: "images",
    corpus: &["src/train/data/images"],
    input: Input::Bytes {
        words: &[
            b"P5 ",
            b"P6 ",
            b"P1 ",
            b"P7\n",
            b" 65535\n",
            b"IHDR",
            b"IDAT",
            b"tRNS",
            b"\xff\xda",
            b"\xff\xd9",
            b"\xff\xc4",
            b"\xff\xc2",
            b"VP8L",
            b"VP8X",
            b"ANMF",
            b"GIF89a",
            b"II*\0",
            b"MM\0*",
            b"\x06\x01\x03\0",
            b"\x11\x01\x04\0",
            b"\x2c",
            b"BM",
            b"\0\0\0\0",
            b"\xff\xff\xff\xff",
            b"100000",
        ],
        made: || {
            let seeds = written();
            let count = TRANSFORMS.len() * TRANSFORMS.len();
            // Every transform once on a sound image, and every image once.
            let every = (0..count.max(seeds.len())).map(|at| {
                let choice = [(at % TRANSFORMS.len()) as u8, (at / TRANSFORMS.len()) as u8];
                [&choice, &seeds[at % seeds.len()][..]].concat()
            });
            every.collect()
        },
        longest: 16_384,
        run,
    },
};

const TRANSFORMS: &[&str] = &[
    "pad 2x3",
    "pad 1 mode=reflect",
    "pad 2 mode=symmetric",
    "pad 300 mode=edge",
    "crop 5x3 pad=3",
    "crop 2x7 pad=4 mode=edge",
    "center_crop 300",
    "resized_crop 9",
    "resized_crop 9 ratio={[1e-6, 1e-5]} interpolation=bicubic",
    "resize 7",
    "resize 200 interpolation=bicubic",
    "resize 3x900",
    "hflip 1",
    "vflip 1",
    "rotate {[90, 90]} interpolation=bilinear",
    "rotate 180",
    "affine 90 translate=1 scale={[0.001, 1000]} shear=80",
    "color_jitter brightness=1 contrast=1 saturation=1 hue=0.5",
    "lighting 1",
    "grayscale",
    "erase 1 value=random",
    "erase 1 ratio={[100, 1000]}",
    "trivial_augment",
    "trivial_augment bins=2 interpolation=bilinear",
];

/// The first two bytes choose transforms, the rest is the file.
fn run(bytes: &[u8]) {
    static PLACE: OnceLock<(TempDir, Vec<Vec<Transform>>)> = OnceLock::new();
    let (folder, transforms) = PLACE.get_or_init(|| (tempfile::tempdir().expect("a temporary folder"), transforms()));
    let &[first, second, ref file @ ..] = bytes else { return };
    let path = folder.path().join("image");
    fs::write(&path, file).expect("room on the disk");
    let [first, second] = [first, second].map(|choice| &transforms[usize::from(choice) % transforms.len()]);
    let chosen = [first[0].clone(), second[0].clone(), first[1].clone()];
    match read_image(&path, &chosen, Shape::map(3, 8, 8), MaxPixels::default()) {
        Ok(values) => assert!(values.len() == 192 && values.iter().all(|value| value.is_finite())),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

/// Each transform, and the one that ends in the network's size.
fn transforms() -> Vec<Vec<Transform>> {
    let one = |transform: &&str| {
        let text = format!(
            "input: [3, 8, 8]\nclasses: 2\nlayers: [flatten, linear 2]\n\
             data: {{set: folder, path: x, train: ['{transform}', 'resize 8x8']}}\n"
        );
        compile(&text).unwrap_or_else(|errors| panic!("{errors}")).data.expect("it has one").train
    };
    TRANSFORMS.iter().map(one).collect()
}

/// Small images of every kind that is read.
fn written() -> Vec<Vec<u8>> {
    let small = DynamicImage::ImageRgba8(image::RgbaImage::from_fn(9, 6, |x, y| {
        image::Rgba([x as u8 * 28, y as u8 * 40, 99, 200])
    }));
    let kinds = [
        DynamicImage::ImageLuma8(small.to_luma8()),
        DynamicImage::ImageRgb8(small.to_rgb8()),
        DynamicImage::ImageRgba8(small.to_rgba8()),
        DynamicImage::ImageLuma16(small.to_luma16()),
        DynamicImage::ImageRgb16(small.to_rgb16()),
        DynamicImage::ImageRgba16(small.to_rgba16()),
    ];
    let formats = [
        ImageFormat::Png,
        ImageFormat::Jpeg,
        ImageFormat::Bmp,
        ImageFormat::Gif,
        ImageFormat::WebP,
        ImageFormat::Pnm,
        ImageFormat::Tiff,
    ];
    let mut files = Vec::new();
    for (kind, format) in kinds.iter().flat_map(|kind| formats.map(|format| (kind, format))) {
        let mut file = Cursor::new(Vec::new());
        // Not every format has every kind.
        if kind.write_to(&mut file, format).is_ok() {
            files.push(file.into_inner());
        }
    }
    files.extend(
        [&b"P1 3 2 1 0 1 0 1 0"[..], b"P2 2 2 7 1 2 3 7", b"P3 1 1 255 1 2 3", b"P4 8 1 \xaa", b"P5 0 0 255\n"]
            .map(<[u8]>::to_vec),
    );
    files
}
