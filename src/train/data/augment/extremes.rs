//! Every transform on images of any size: the size that was foretold comes out, or a reason why not, and never a panic.

use super::*;
use crate::random::{Purpose, generator};
use crate::recipe::{Edges, Padding, Resize, Sampling};

/// One of each, and some more where an argument decides which way is taken.
fn every_transform(channels: usize) -> Vec<Transform> {
    let fill = vec![0.5; channels];
    let (low, whole) = (Interval::new(0.3, 0.9), Interval::only(1.0));
    let mut all = vec![
        Transform::CenterCrop { size: Pair { height: 5, width: 3 } },
        Transform::HorizontalFlip { probability: 1.0 },
        Transform::VerticalFlip { probability: 1.0 },
        Transform::Rotate { degrees: Interval::new(-180.0, 180.0), sampling: Sampling::Bilinear, fill: fill.clone() },
        Transform::Affine(Affine {
            degrees: Interval::new(-90.0, 90.0),
            translate: [1.0, 1.0],
            scale: Interval::new(1e-3, 1e3),
            shear: [Interval::new(-89.0, 89.0); 2],
            sampling: Sampling::Nearest,
            fill: fill.clone(),
        }),
        Transform::ColorJitter { brightness: low, contrast: low, saturation: low, hue: Interval::new(-0.5, 0.5) },
        Transform::Lighting { std: 0.1 },
        Transform::Grayscale { probability: 1.0 },
        Transform::GaussianBlur { kernel: Pair { height: 3, width: 1 }, sigma: low },
        Transform::GaussianBlur { kernel: Pair { height: 1, width: 199_999 }, sigma: Interval::only(1e-300) },
        Transform::Erase { probability: 1.0, scale: low, ratio: low, value: Erased::Random },
        Transform::Erase {
            probability: 1.0,
            scale: whole,
            ratio: Interval::only(1e9),
            value: Erased::Fill(fill.clone()),
        },
        Transform::TrivialAugment { bins: 31, sampling: Sampling::Bilinear, fill: fill.clone() },
        Transform::Normalize { mean: vec![0.5; channels], std: vec![0.5; channels] },
    ];
    for edges in [Edges::Fill(fill.clone()), Edges::Edge, Edges::Reflect, Edges::Symmetric] {
        let padding = Padding { pixels: Pair { height: 1, width: 2 }, edges };
        all.push(Transform::Pad(padding.clone()));
        all.push(Transform::RandomCrop { size: Pair { height: 3, width: 2 }, padding });
    }
    for filter in [Filter::Bilinear, Filter::Bicubic] {
        for target in [
            Resize::Shorter(7),
            Resize::Shorter(200),
            Resize::Exact(Pair { height: 4, width: 9 }),
            Resize::Exact(Pair::square(300)),
        ] {
            all.push(Transform::Resize { target, filter });
        }
        for ratio in [Transform::CROP_RATIO, Interval::only(1e-9), Interval::only(1e9)] {
            all.push(Transform::ResizedCrop {
                size: Pair { height: 4, width: 3 },
                scale: Interval::new(1e-9, 1.0),
                ratio,
                filter,
            });
        }
    }
    all
}

#[test]
fn images_of_every_size_come_through_or_are_refused() {
    let sides = [0, 1, 2, 100_000];
    let sizes = sides.iter().flat_map(|height| sides.iter().map(|width| Pair { height: *height, width: *width }));
    let mut refused = Vec::new();
    for size in sizes.filter(|size| size.height * size.width < 1 << 20) {
        for (channels, transform) in
            [1, 3].into_iter().flat_map(|c| every_transform(c).into_iter().map(move |t| (c, t)))
        {
            let made = match transform.output(size, MaxPixels::default()) {
                Ok(made) => made,
                Err(reason) => {
                    refused.push(format!("{transform} of {size}: {reason}"));
                    continue;
                }
            };
            let input = Shape::map(channels, made.height, made.width);
            let pipeline = Pipeline::new(std::slice::from_ref(&transform), input, MaxPixels::default()).unwrap();
            if size.height * size.width == 0 {
                let reason = pipeline.check(size).expect_err("no image has no pixels");
                assert!(reason.contains("which is no pixel"), "{transform} of {size}: {reason}");
                continue;
            }
            assert_eq!(pipeline.check(size), Ok(()), "{transform} of {size}");
            for example in 0..5 {
                let pixels = vec![0.25; channels * size.height * size.width];
                let (mut image, mut output) = (Image { channels, size, pixels }, Vec::new());
                let mut numbers = generator(0, Purpose::Augment, 0, example);
                pipeline.apply(&mut image, None, &mut Image::default(), &mut numbers, &mut output);
                assert_eq!((image.size, output.len()), (made, pipeline.elements()), "{transform} of {size}");
                assert!(output.iter().all(|value| value.is_finite()), "{transform} of {size}");
            }
        }
    }
    for expected in [
        "resize 200 of 1×100000: 200×20000000 is more than 4194304 pixels",
        "resize 200 of 100000×2: 10000000×200 is more than 4194304 pixels",
        "pad 1x2 mode=reflect of 2×1: mirrored, 1 pixels give 0 at most",
        "crop 3x2 pad=1x2 mode=symmetric of 2×1: mirrored",
        "gaussian_blur 3x1 sigma={[0.3, 0.9]} of 1×2: mirrored, 1 pixels give 0 at most",
    ] {
        assert!(refused.iter().any(|reason| reason.starts_with(expected)), "{expected} is not in {refused:#?}");
    }
}
