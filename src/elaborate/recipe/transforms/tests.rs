//! Transforms as they are written, and what is made of them.

use crate::elaborate::recipe::tests::data;
use crate::ir::Pair;
use crate::recipe::{Affine, Edges, Erased, Filter, Interval, Padding, Sampling, Transform};

/// Transforms for a network that reads three channels.
#[test]
fn transforms() {
    let size = Pair::square(8);
    let affine = Affine {
        degrees: Interval::new(-10.0, 10.0),
        translate: [0.0; 2],
        scale: Transform::ONE,
        shear: [Transform::ZERO; 2],
        sampling: Sampling::Nearest,
        fill: vec![0.0; 3],
    };
    let jitter = |brightness, hue| Transform::ColorJitter {
        brightness,
        contrast: Transform::ONE,
        saturation: Transform::ONE,
        hue,
    };
    let erase = |probability, value| Transform::Erase {
        probability,
        scale: Transform::ERASED_SCALE,
        ratio: Transform::ERASED_RATIO,
        value,
    };
    let rotate =
        |low, high, sampling| Transform::Rotate { degrees: Interval { low, high }, sampling, fill: vec![0.5; 3] };
    let blur = |height, width, sigma| Transform::GaussianBlur { kernel: Pair { height, width }, sigma };
    let padding = |height, width, edges| Padding { pixels: Pair { height, width }, edges };
    for (call, expected) in [
        ("pad 1x2 mode=reflect", Transform::Pad(padding(1, 2, Edges::Reflect))),
        ("pad 1 fill=0.5", Transform::Pad(padding(1, 1, Edges::Fill(vec![0.5; 3])))),
        (
            "crop 8 pad=2 mode=constant fill={[0.1, 0.2, 0.3]}",
            Transform::RandomCrop { size, padding: padding(2, 2, Edges::Fill(vec![0.1, 0.2, 0.3])) },
        ),
        (
            "resized_crop 8",
            Transform::ResizedCrop {
                size,
                scale: Interval::new(0.08, 1.0),
                ratio: Interval::new(3.0 / 4.0, 4.0 / 3.0),
                filter: Filter::Bilinear,
            },
        ),
        (
            "resized_crop 8 scale={[0.5, 1]} ratio={[1, 1]} interpolation=bicubic",
            Transform::ResizedCrop {
                size,
                scale: Interval::new(0.5, 1.0),
                ratio: Interval::only(1.0),
                filter: Filter::Bicubic,
            },
        ),
        ("vflip", Transform::VerticalFlip { probability: 0.5 }),
        ("rotate 15 fill=0.5", rotate(-15.0, 15.0, Sampling::Nearest)),
        ("rotate {[0, 90]} interpolation=bilinear fill=0.5", rotate(0.0, 90.0, Sampling::Bilinear)),
        ("affine 10", Transform::Affine(affine.clone())),
        (
            "affine 10 translate={[0.1, 0.2]} scale={[0.9, 1.1]} shear={[-1, 1, -2, 2]}",
            Transform::Affine(Affine {
                translate: [0.1, 0.2],
                scale: Interval::new(0.9, 1.1),
                shear: [Interval::new(-1.0, 1.0), Interval::new(-2.0, 2.0)],
                ..affine.clone()
            }),
        ),
        (
            "affine 10 translate=0.5 shear=5",
            Transform::Affine(Affine {
                translate: [0.5; 2],
                shear: [Interval::new(-5.0, 5.0), Transform::ZERO],
                ..affine.clone()
            }),
        ),
        ("color_jitter brightness=0.25", jitter(Interval::new(0.75, 1.25), Transform::ZERO)),
        ("color_jitter brightness=3 hue=0.1", jitter(Interval::new(0.0, 4.0), Interval::new(-0.1, 0.1))),
        ("color_jitter hue={[0, 0.5]}", jitter(Transform::ONE, Interval::new(0.0, 0.5))),
        ("lighting", Transform::Lighting { std: 0.1 }),
        ("grayscale", Transform::Grayscale { probability: 1.0 }),
        ("grayscale 0.1", Transform::Grayscale { probability: 0.1 }),
        ("gaussian_blur 5", blur(5, 5, Transform::SIGMA)),
        ("gaussian_blur 3x7 sigma=1.5", blur(3, 7, Interval::only(1.5))),
        ("gaussian_blur 3 sigma={[0.5, 1]}", blur(3, 3, Interval::new(0.5, 1.0))),
        ("erase", erase(0.5, Erased::Fill(vec![0.0; 3]))),
        ("erase 0.25 value=random", erase(0.25, Erased::Random)),
        ("trivial_augment", Transform::TrivialAugment { bins: 31, sampling: Sampling::Nearest, fill: vec![0.0; 3] }),
        ("normalize measured", Transform::NormalizeMeasured),
    ] {
        let read = data("3, 8, 8", &format!("data: {{set: folder, train: ['{call}']}}"));
        assert_eq!(read.train, [expected], "{call}");
    }
}
