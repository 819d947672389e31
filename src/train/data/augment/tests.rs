//! Transforms against torchvision.

use serde_json::Value;

use super::*;
use crate::random::{Purpose, generator};
use crate::recipe::{Edges, Padding, Resize, Sampling};

const USUAL: MaxPixels = MaxPixels(None);

/// A transform that is what it is called with.
fn on(image: &mut Image, transform: &Transform) {
    apply(transform, image, &mut Image::default(), &mut generator(0, Purpose::Augment, 0, 0));
}

/// Carries out a line of the fixture: its first word, and the numbers and words after it.
fn carry_out(call: &str, image: &mut Image) {
    let mut words = call.split(' ');
    let name = words.next().unwrap();
    let (numbers, words): (Vec<&str>, Vec<&str>) = words.partition(|word| word.parse::<f64>().is_ok());
    let numbers: Vec<f64> = numbers.iter().map(|number| number.parse().unwrap()).collect();
    let sampling = if words.contains(&"bilinear") { Sampling::Bilinear } else { Sampling::Nearest };
    let spare = &mut Image::default();
    match (name, numbers.as_slice()) {
        ("pad", []) => {
            let (height, edges) = match words[..] {
                ["edge"] => (2, Edges::Edge),
                ["reflect"] => (2, Edges::Reflect),
                ["symmetric"] => (2, Edges::Symmetric),
                _ => (2, Edges::Fill(vec![0.5, 0.25, 1.0])),
            };
            let width = if words == ["fill"] { 1 } else { 3 };
            on(image, &Transform::Pad(Padding { pixels: Pair { height, width }, edges }));
        }
        ("vflip", []) => on(image, &Transform::VerticalFlip { probability: 1.0 }),
        ("rotate", [degrees]) => {
            let fill = vec![0.5; image.channels];
            on(image, &Transform::Rotate { degrees: Interval::only(*degrees), sampling, fill });
        }
        ("affine", [degrees, right, down, scale, shear_x, shear_y]) => {
            let (translate, shear) = ([*right, *down], [*shear_x, *shear_y]);
            let placement = Placement { degrees: *degrees, translate, scale: *scale, shear, ..Placement::IDENTITY };
            warp(image, spare, &placement, sampling, &[0.25, 0.5, 0.75]);
        }
        ("brightness", [factor]) => colour::brightness(image, *factor as f32),
        ("contrast", [factor]) => colour::contrast(image, *factor as f32),
        ("saturation", [factor]) => colour::saturation(image, *factor as f32),
        ("sharpness", [factor]) => levels::sharpness(image, spare, *factor as f32),
        ("hue", [turn]) => colour::hue(image, *turn as f32),
        ("gaussian_blur", [height, width, sigma]) => {
            let kernel = Pair { height: *height as usize, width: *width as usize };
            on(image, &Transform::GaussianBlur { kernel, sigma: Interval::only(*sigma) });
        }
        ("grayscale", []) => on(image, &Transform::Grayscale { probability: 1.0 }),
        ("autocontrast", []) => levels::autocontrast(image),
        ("equalize", []) => levels::equalize(image),
        ("posterize", [bits]) => levels::posterize(image, *bits as u32),
        ("solarize", [threshold]) => levels::solarize(image, *threshold),
        ("erase", _) => {
            let (hole, value) = (rectangle(&numbers), Erased::Fill(vec![0.5, 0.25, 0.125]));
            erase(image, hole, &value, &mut generator(0, Purpose::Augment, 0, 0));
        }
        ("resized_crop", [window @ .., height, width]) => {
            let filter = if words == ["bicubic"] { Filter::Bicubic } else { Filter::Bilinear };
            window::cut(image, spare, rectangle(window));
            resize(image, spare, Pair { height: *height as usize, width: *width as usize }, filter);
        }
        ("trivial", [strength]) => {
            let change = match words[0] {
                "ShearX" => Change::ShearX(*strength),
                "ShearY" => Change::ShearY(*strength),
                "TranslateX" => Change::TranslateX(strength.trunc()),
                "TranslateY" => Change::TranslateY(strength.trunc()),
                "Rotate" => Change::Rotate(*strength),
                "Brightness" => Change::Brightness(*strength),
                "Color" => Change::Saturation(*strength),
                "Contrast" => Change::Contrast(*strength),
                "Sharpness" => Change::Sharpness(*strength),
                "AutoContrast" => Change::Autocontrast,
                other => panic!("no change is called {other}"),
            };
            change.apply(image, spare, Sampling::Nearest, &[0.5; 3]);
        }
        _ => panic!("{call}"),
    }
}

fn rectangle(numbers: &[f64]) -> Rectangle {
    let [top, left, height, width] = numbers else { panic!("{numbers:?}") };
    let size = Pair { height: *height as usize, width: *width as usize };
    Rectangle { top: *top as usize, left: *left as usize, size }
}

/// The fixture is made by tests/scripts/transforms.py, with five decimals.
#[test]
fn agrees_with_torchvision() {
    let cases: Vec<Value> = serde_json::from_str(include_str!("torchvision.json")).unwrap();
    for case in &cases {
        let numbers = |key: &str| -> Vec<f64> {
            case[key].as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
        };
        let call = case["call"].as_str().unwrap();
        let sizes = |key| -> Vec<usize> { numbers(key).iter().map(|size| *size as usize).collect() };
        let [channels, height, width] = sizes("size")[..] else { panic!("{call}") };
        let bytes: Vec<u8> = numbers("bytes").iter().map(|byte| *byte as u8).collect();
        let mut image = Image::default();
        image.fill_from_planes(&bytes, channels, Pair { height, width }, u8::MAX, channels);
        carry_out(call, &mut image);
        assert_eq!([image.channels, image.size.height, image.size.width], sizes("result_size")[..], "{call}");
        let expected = numbers("result");
        assert_eq!(image.pixels.len(), expected.len(), "{call}");
        for (at, (ours, theirs)) in image.pixels.iter().zip(&expected).enumerate() {
            let difference = (f64::from(*ours) - theirs).abs();
            assert!(difference < 2e-5, "{call} of {channels}×{height}×{width}: {ours} for {theirs} at {at}");
        }
    }
    assert_eq!(cases.len(), 121);
}

/// What each random transform does to an image depends on its generator only, and differs between generators; its draws
/// stay in their ranges, which the images show: a constant image of 0.5 on black, and how much of it is left.
#[test]
fn random_transforms_draw_anew_for_every_image() {
    let fill = vec![0.0];
    let square = Interval::new(0.25, 0.5);
    for transform in [
        Transform::ResizedCrop {
            size: Pair::square(8),
            scale: Transform::CROP_SCALE,
            ratio: Transform::CROP_RATIO,
            filter: Filter::Bilinear,
        },
        Transform::VerticalFlip { probability: 0.5 },
        Transform::Rotate { degrees: Interval::new(-90.0, 90.0), sampling: Sampling::Bilinear, fill: fill.clone() },
        Transform::Affine(Affine {
            degrees: Interval::only(0.0),
            translate: [0.3, 0.3],
            scale: Interval::only(1.0),
            shear: [Interval::only(0.0); 2],
            sampling: Sampling::Nearest,
            fill: fill.clone(),
        }),
        Transform::ColorJitter {
            brightness: Interval::new(0.5, 1.5),
            contrast: Interval::only(1.0),
            saturation: Interval::only(1.0),
            hue: Interval::only(0.0),
        },
        Transform::GaussianBlur { kernel: Pair::square(3), sigma: Transform::SIGMA },
        Transform::Erase { probability: 0.5, scale: square, ratio: Interval::new(0.5, 2.0), value: Erased::Random },
        Transform::TrivialAugment { bins: 31, sampling: Sampling::Nearest, fill },
    ] {
        let changed = |example: u64| {
            let mut image = counting(8, 9);
            image.pixels.iter_mut().for_each(|value| *value /= 80.0);
            apply(&transform, &mut image, &mut Image::default(), &mut generator(3, Purpose::Augment, 1, example));
            image
        };
        let all: Vec<Image> = (0..40).map(changed).collect();
        assert_eq!(changed(7), all[7], "{transform}");
        let mut different: Vec<&Image> = Vec::new();
        for image in &all {
            if !different.contains(&image) {
                different.push(image);
            }
        }
        let least = if transform.name() == "vflip" { 2 } else { 15 };
        assert!(different.len() >= least, "{transform}: {} of 40 are different", different.len());
    }
}

/// Areas and shapes of random rectangles are those of the ranges, up to rounding, and impossible ones end in the
/// middle.
#[test]
fn random_rectangles_keep_to_their_ranges() {
    let image = Pair { height: 200, width: 300 };
    let (scale, ratio) = (Interval::new(0.1, 0.3), Interval::new(0.5, 2.0));
    let (mut areas, mut ratios) = (Vec::new(), Vec::new());
    for example in 0..400 {
        let numbers = &mut generator(1, Purpose::Augment, 0, example);
        let Rectangle { top, left, size } = window::random_rectangle(numbers, image, scale, ratio);
        let hole = window::random_hole(numbers, image, scale, ratio).unwrap();
        assert!(top + size.height <= 200 && left + size.width <= 300);
        assert!(hole.top + hole.size.height <= 200 && hole.left + hole.size.width <= 300);
        for (size, ratio) in [
            (size, size.width as f64 / size.height as f64),
            (hole.size, hole.size.height as f64 / hole.size.width as f64),
        ] {
            areas.push((size.height * size.width) as f64 / 60_000.0);
            ratios.push(ratio);
        }
    }
    for (found, expected) in [(areas, scale), (ratios, ratio)] {
        let (least, most) = (found.iter().copied().fold(f64::MAX, f64::min), found.iter().copied().fold(0.0, f64::max));
        // Sides are rounded to whole pixels, of at least 50.
        assert!(least > expected.low * 0.97 && most < expected.high * 1.03, "{least} to {most} in {expected:?}");
        assert!(least < expected.low * 1.1 && most > expected.high * 0.9, "{least} to {most} in {expected:?}");
    }
    let numbers = &mut generator(1, Purpose::Augment, 0, 0);
    for (ratio, middle) in [
        (Interval::only(1e-9), Rectangle { top: 0, left: 150, size: Pair { height: 200, width: 1 } }),
        (Interval::only(1e9), Rectangle { top: 100, left: 0, size: Pair { height: 1, width: 300 } }),
    ] {
        let found = window::random_rectangle(numbers, image, Interval::only(1.0), ratio);
        let expected = middle.size;
        assert_eq!(found.size, expected, "{ratio:?}");
        assert!(found.top.abs_diff(middle.top) <= 1 && found.left.abs_diff(middle.left) <= 1, "{found:?}");
        assert_eq!(window::random_hole(numbers, image, Interval::only(1.0), ratio), None);
    }
}

/// Every change comes up, about equally often, and strengths reach both ends.
#[test]
fn trivial_augment_chooses_evenly() {
    let mut kinds = std::collections::BTreeMap::new();
    let (mut least, mut most) = (0.0f64, 0.0f64);
    for example in 0..2800 {
        let change = Change::random(31, &mut generator(0, Purpose::Augment, 0, example));
        *kinds.entry(format!("{change:?}").split('(').next().unwrap().to_string()).or_insert(0) += 1;
        match change {
            Change::Rotate(degrees) => (least, most) = (least.min(degrees), most.max(degrees)),
            Change::Posterize(bits) => assert!((2..=8).contains(&bits)),
            Change::Solarize(threshold) => assert!((0.0..=255.0).contains(&threshold)),
            Change::TranslateX(pixels) => assert!(pixels.abs() <= 32.0 && pixels.fract() == 0.0),
            _ => {}
        }
    }
    assert_eq!((least, most), (-135.0, 135.0));
    assert_eq!(kinds.len(), 14);
    assert!(kinds.values().all(|count| (140..260).contains(count)), "{kinds:?}");
}

/// Lighting moves all pixels of a channel alike, by what the first component says most: all channels in one direction.
#[test]
fn lighting_shifts_along_the_principal_components() {
    let mut image = Image { channels: 3, size: Pair::square(1), pixels: vec![0.5; 3] };
    colour::lighting(&mut image, [1.0, 0.0, 0.0]);
    let shifts = image.pixels.iter().map(|value| f64::from(*value) - 0.5);
    let expected = [-0.5675, -0.5808, -0.5836].map(|entry| entry * 0.2175);
    assert!(shifts.zip(expected).all(|(found, expected)| (found - expected).abs() < 1e-6), "{:?}", image.pixels);
}

fn square(side: usize) -> Pair {
    Pair::square(side)
}

/// A height×width image of one channel with the values 1, 2, 3, …
fn counting(height: usize, width: usize) -> Image {
    let pixels = (1..=height * width).map(|value| value as f32).collect();
    Image { channels: 1, size: Pair { height, width }, pixels }
}

#[test]
fn windows_are_torchvisions() {
    // torchvision 0.29: F.center_crop and F.pad of the counting images, rows joined.
    for (transform, (height, width), expected) in [
        (Transform::Pad(Padding::zeros(1, 1)), (1, 2), vec![0., 0., 0., 0., 0., 1., 2., 0., 0., 0., 0., 0.]),
        (Transform::CenterCrop { size: square(2) }, (3, 3), vec![1., 2., 4., 5.]),
        (Transform::CenterCrop { size: square(2) }, (2, 5), vec![3., 4., 8., 9.]),
        (Transform::CenterCrop { size: square(1) }, (4, 4), vec![11.]),
        (Transform::CenterCrop { size: square(3) }, (2, 4), vec![1., 2., 3., 5., 6., 7., 0., 0., 0.]),
        (Transform::CenterCrop { size: square(4) }, (1, 1), [0.; 5].into_iter().chain([1.]).chain([0.; 10]).collect()),
        (Transform::HorizontalFlip { probability: 1.0 }, (2, 3), vec![3., 2., 1., 6., 5., 4.]),
        (Transform::HorizontalFlip { probability: 0.0 }, (1, 3), vec![1., 2., 3.]),
        (Transform::Normalize { mean: vec![1.0], std: vec![2.0] }, (1, 3), vec![0., 0.5, 1.]),
    ] {
        let mut image = counting(height, width);
        let size = transform.output(image.size, USUAL).unwrap();
        apply(&transform, &mut image, &mut Image::default(), &mut generator(0, Purpose::Augment, 0, 0));
        assert_eq!((image.size, image.pixels), (size, expected), "{transform} of {height}×{width}");
    }
}

/// Every window that is possible comes up, about equally often, and holds what the padded image has there.
#[test]
fn random_crops_reach_every_place() {
    let crop = Transform::RandomCrop { size: square(2), padding: Padding::zeros(1, 1) };
    let mut seen = [0; 9];
    for example in 0..900 {
        let mut image = counting(2, 2);
        apply(&crop, &mut image, &mut Image::default(), &mut generator(3, Purpose::Augment, 0, example));
        let windows = [
            [0., 0., 0., 1.],
            [0., 0., 1., 2.],
            [0., 0., 2., 0.],
            [0., 1., 0., 3.],
            [1., 2., 3., 4.],
            [2., 0., 4., 0.],
            [0., 3., 0., 0.],
            [3., 4., 0., 0.],
            [4., 0., 0., 0.],
        ];
        seen[windows.iter().position(|window| *window == image.pixels[..]).unwrap()] += 1;
    }
    assert!(seen.iter().all(|count| (60..140).contains(count)), "{seen:?}");
}

#[test]
fn says_why_an_image_does_not_fit() {
    let resize = Transform::Resize { target: Resize::Shorter(32), filter: Filter::Bilinear };
    let crop = Transform::RandomCrop { size: square(32), padding: Padding::zeros(1, 1) };
    for (transforms, (height, width), expected) in [
        (vec![resize.clone()], (8, 8), None),
        (vec![resize], (10, 20), Some("it is 10×20, after `resize 32` 32×64, but the network reads 32×32: end with")),
        (vec![crop], (28, 40), Some("it is 28×40, and `crop 32 pad=1` does not fit: 28 + 2·1 = 30 < 32")),
        (vec![], (28, 28), Some("it is 28×28, but the network reads 32×32")),
    ] {
        let pipeline = Pipeline::new(&transforms, Shape::map(1, 32, 32), USUAL).unwrap();
        match (pipeline.check(Pair { height, width }), expected) {
            (Ok(()), None) => {}
            (Err(found), Some(expected)) if found.starts_with(expected) => {}
            (found, _) => panic!("{transforms:?} of {height}×{width}: {found:?}"),
        }
    }
    assert!(Pipeline::new(&[], Shape::Vector(64), USUAL).is_err());
    assert!(Pipeline::new(&[], Shape::map(4, 8, 8), USUAL).is_err());
    let normalize = Transform::Normalize { mean: vec![0.5], std: vec![0.5] };
    assert!(Pipeline::new(&[normalize], Shape::map(3, 8, 8), USUAL).is_err());
}
