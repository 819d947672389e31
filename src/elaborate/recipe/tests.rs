//! Sections as they are written, and what is made of them or said about them; [`train`] and [`train_mistakes`] have
//! the `train:` section's.

mod names;
mod pixels;
mod tasks;
mod train;
mod train_mistakes;

use crate::compile_source;
use crate::ir::Pair;
use crate::network::Network;
use crate::recipe::{BadImages, Data, DataSet, Filter, Padding, Resize, Transform};
use crate::syntax::Format;

/// A network of 10 classes that reads `input`, with `sections`.
fn file(input: &str, sections: &str) -> String {
    format!(
        "input: [{input}]\nclasses: 10\nlet: {{half: 4}}\nlayers: [flatten, \"linear {{max(classes, half)}}\"]\n{sections}"
    )
}

fn compile(input: &str, sections: &str) -> Network {
    match compile_source("net.yaml", &file(input, sections), Format::Yaml, &[]) {
        Ok(compiled) => compiled.network,
        Err(diagnostics) => panic!("{diagnostics}"),
    }
}

pub fn data(input: &str, sections: &str) -> Data {
    compile(input, sections).data.expect("there is a data section")
}

/// The diagnostics of a file as the user sees them, one line each: `E040 10:7 message | label | help`.
fn complaints(input: &str, sections: &str) -> Vec<String> {
    said(&file(input, sections))
}

/// Every complaint about a file.
fn said(text: &str) -> Vec<String> {
    let diagnostics = match compile_source("net.yaml", text, Format::Yaml, &[]) {
        Ok(compiled) => compiled.warnings,
        Err(diagnostics) => diagnostics,
    };
    let line = |diagnostic: &crate::diagnostic::Diagnostic| {
        let text = diagnostics.sources.text(diagnostic.primary.span);
        let parts = [&diagnostic.message, &diagnostic.primary.text]
            .into_iter()
            .chain(diagnostic.help.iter().map(|help| &help.text));
        let parts: Vec<&str> = parts.map(String::as_str).filter(|part| !part.is_empty()).collect();
        format!("{} `{text}`: {}", diagnostic.code.id(), parts.join(" | "))
    };
    diagnostics.list.iter().filter(|d| d.code.id() != "W004").map(line).collect()
}

#[test]
fn data_sections() {
    let crop = |side, pad| Transform::RandomCrop { size: Pair::square(side), padding: Padding::zeros(pad, 3) };
    let resize = |target| Transform::Resize { target, filter: Filter::Bilinear };
    let flip = Transform::HorizontalFlip { probability: 0.5 };
    let normalize = |mean: &[f64], std: &[f64]| Transform::Normalize { mean: mean.to_vec(), std: std.to_vec() };
    let cifar10 = normalize(&[0.4914, 0.4822, 0.4465], &[0.2023, 0.1994, 0.2010]);
    for (input, section, expected) in [
        ("1, 8, 8", "data: {set: digits}", (DataSet::Digits, None, vec![], vec![], BadImages::Refuse)),
        (
            "3, 32, 32",
            "data: {set: cifar10, path: some/where, train: [crop 32 pad=4, hflip, normalize cifar10]}",
            (
                DataSet::Cifar10,
                Some("some/where"),
                vec![crop(32, 4), flip.clone(), cifar10.clone()],
                vec![cifar10],
                BadImages::Refuse,
            ),
        ),
        (
            "3, 8, 8",
            "data:\n  set: folder\n  on_bad_image: skip\n  train:\n    - crop: {size: 2*half, pad: half}\n    - normalize: {mean: 0.5, std: [0.1, 0.2, 0.3]}\n  eval:\n    - resize: 10\n    - center_crop 8x{2*half}\n    - normalize half",
            (
                DataSet::Folder,
                None,
                vec![crop(8, 4), normalize(&[0.5; 3], &[0.1, 0.2, 0.3])],
                vec![
                    resize(Resize::Shorter(10)),
                    Transform::CenterCrop { size: Pair::square(8) },
                    normalize(&[0.5; 3], &[0.5; 3]),
                ],
                BadImages::Skip,
            ),
        ),
        (
            "3, 10, 12",
            "data: {set: fashion-mnist, train: [pad 1, hflip 0.25, resize 10x12, \"normalize mean={[0.1, 0.2, 0.3]} std=1\"]}",
            (
                DataSet::FashionMnist,
                None,
                vec![
                    Transform::Pad(Padding::zeros(1, 3)),
                    Transform::HorizontalFlip { probability: 0.25 },
                    resize(Resize::Exact(Pair { height: 10, width: 12 })),
                    normalize(&[0.1, 0.2, 0.3], &[1.0; 3]),
                ],
                vec![
                    Transform::Pad(Padding::zeros(1, 3)),
                    resize(Resize::Exact(Pair { height: 10, width: 12 })),
                    normalize(&[0.1, 0.2, 0.3], &[1.0; 3]),
                ],
                BadImages::Refuse,
            ),
        ),
    ] {
        let (set, path, train, eval, bad_images) = expected;
        let expected = Data { train, eval, bad_images, ..Data::of(set, path.map(String::from)) };
        assert_eq!(data(input, section), expected, "{section}");
    }
}

#[test]
fn pixels_are_limited_as_the_file_says() {
    let most = |value: &str| data("3, 8, 8", &format!("data: {{set: folder, max_pixels: {value}}}")).max_pixels.0;
    assert_eq!([most("200000000"), most("1000*half")], [Some(200_000_000), Some(4000)]);
    let network = compile("3, 8, 8", "data: {set: folder, path: x, max_pixels: 4000}");
    assert!(crate::expand::expand(&network).contains("\n  max_pixels: 4000\n"));
    for value in ["0", "-5", "many", "[1, 2]", "1.5"] {
        let said = complaints("3, 8, 8", &format!("data: {{set: folder, max_pixels: {value}}}"));
        assert!(said.len() == 1 && said[0].contains("max_pixels"), "{value}: {said:?}");
    }
    // What check passes, training does not refuse: it is told where the sizes are known.
    let enlarged = |more: &str| {
        complaints("1, 28, 28", &format!("data: {{set: mnist, train: [resize 4000, center_crop 28]{more}}}"))
    };
    assert!(
        enlarged("")[0].contains("4000×4000 is more than 4194304 pixels, which `max_pixels` under `data:` can raise")
    );
    assert_eq!(enlarged(", max_pixels: 16000000"), [""; 0]);
}

/// What a recipe prints is notation that gives the recipe again.
#[test]
fn what_is_printed_can_be_read() {
    let calls = "pad 1\ncrop 32 pad=4\ncrop 8x9\ncenter_crop 227\ncenter_crop 3x5\nhflip\nhflip 0.25\nresize 256\nresize 32x32\n\
                 normalize cifar10\nnormalize half\nnormalize mnist\nnormalize fashion-mnist\nnormalize mean=0.25 std=1e-3\n\
                 normalize mean={[0.1, 0.2, 0.3]} std=0.5\nnormalize measured\npad 2x4 mode=reflect\npad 1 fill=0.5\n\
                 crop 32 pad=4 mode=symmetric\nresized_crop 224\nresized_crop 8x9 scale={[0.25, 1.0]} ratio={[0.5, 2.0]} interpolation=bicubic\n\
                 resize 256 interpolation=bicubic\nvflip\nvflip 0.25\nrotate 15.0\nrotate {[-10.0, 30.0]} interpolation=bilinear fill=0.5\n\
                 affine 0.0 translate=0.1\naffine 5.0 translate={[0.1, 0.2]} scale={[0.9, 1.1]} shear=5.0 fill={[0.1, 0.2, 0.3]}\n\
                 affine 5.0 shear={[-1.0, 2.0, 0.0, 3.0]}\ncolor_jitter brightness={[0.5, 1.5]} saturation={[0.0, 2.0]} hue=0.25\ncolor_jitter brightness=0.0\nlighting\n\
                 lighting 0.5\ngrayscale\ngrayscale 0.25\nerase\nerase 0.25 scale={[0.1, 0.2]} ratio={[1.0, 2.0]} value=random\nerase value=0.5\n\
                 trivial_augment\ntrivial_augment bins=10 interpolation=bilinear fill=0.5";
    for call in calls.lines() {
        let read = |call: &str| data("3, 8, 8", &format!("data: {{set: folder, train: ['{call}']}}")).train.remove(0);
        let transform = read(call);
        assert_eq!(read(&transform.to_string()), transform, "{call}");
        if !call.contains("mean=") {
            assert_eq!(transform.to_string(), call);
        }
    }
}

/// Also of epochs that are fractions, or beyond all whole numbers.
#[test]
fn schedules_that_are_printed_can_be_read() {
    for call in [
        "step 30 gamma=0.1",
        "step 1e38 gamma=0.5",
        "step 9007199254740993 gamma=0.5",
        "multistep 50 1001e22 gamma=0.2",
        "multistep 1e-7 2.5 gamma=0.1 per=step",
        "cosine restart=3e25 mult=2 min=0.0",
        "cosine min=0.0 warmup=1e19 warmup_from=0.5",
        "constant warmup=0.125 warmup_from=0.01 per=step",
    ] {
        let read = |call: &str| {
            let network =
                compile("3, 8, 8", &format!("train: {{epochs: 1, batch: 1, optimizer: adam, schedule: '{call}'}}"));
            network.train.expect("it is there").schedule
        };
        let schedule = read(call);
        assert_eq!(read(&schedule.to_string()), schedule, "{call} as {schedule}");
    }
}

/// For each file, every complaint, of which the text here is the beginning.
#[test]
fn mistakes() {
    for (input, section, expected) in [
        (
            "1, 8, 8",
            "data: {set: digit}",
            &["E010 `digit`: no data set is called `digit` | did you mean `digits`?"][..],
        ),
        ("1, 8, 8", "data: {set: 5}", &["E003 `5`: `data set` must be text"]),
        ("1, 8, 8", "data: {path: x}", &["E005 `{path: x}`: `data` needs `set`"]),
        (
            "1, 8, 8",
            "data: {set: digits, trian: []}",
            &["E004 `trian`: `data` has no setting `trian` | did you mean `train`?"],
        ),
        ("1, 8, 8", "data: {set: digits, path: x}", &["W005 `x`: `path` has no effect"]),
        (
            "1, 8, 8",
            "data: {set: digits, on_bad_image: ignore}",
            &["E010 `ignore`: no policy for bad images is called `ignore` | there are refuse, skip"],
        ),
        (
            "1, 8, 8",
            "data: {set: digits, train: hflip}",
            &["E003 `hflip`: `train` of `data` must be a list of transforms | write for example"],
        ),
        (
            "1, 8, 8",
            "data: {set: digits, train: [flip]}",
            &["E010 `flip`: no transform is called `flip` | `flip` (Darknet) is called `hflip` here"],
        ),
        (
            "1, 8, 8",
            "data: {set: digits, train: [hflip 2]}",
            &["E013 `2`: `probability` of `hflip` must be a probability, between 0 and 1 | found `2`"],
        ),
        ("1, 8, 8", "data: {set: digits, train: [crop]}", &["E012 `crop`: `crop` needs `size`"]),
        (
            "1, 8, 8",
            "data: {set: digits, train: [crop 8 padd=2]}",
            &["E011 `padd`: `crop` has no argument `padd` | did you mean `pad`?"],
        ),
        (
            "1, 8, 8",
            "data: {set: digits, train: [crop 8 pad=-1]}",
            &["E013 `-1`: `pad` of `crop` must be a whole number"],
        ),
        (
            "1, 8, 8",
            "data: {set: digits, train: [normalize cifar]}",
            &["E010 `cifar`: no means and standard deviations are called `cifar`"],
        ),
        (
            "1, 8, 8",
            "data: {set: digits, train: [normalize cifar10]}",
            &[
                "E040 `normalize cifar10`: `normalize` and the network's input have different numbers of channels | 3 means for 1 channel",
            ],
        ),
        ("1, 8, 8", "data: {set: digits, train: [normalize mean=0.5]}", &["E012 `normalize`: `normalize` needs `std`"]),
        (
            "1, 8, 8",
            "data: {set: digits, train: [normalize mean=0.5 std=0]}",
            &["E013 `0`: a standard deviation must be above 0 | found `0`"],
        ),
        (
            "1, 8, 8",
            "data: {set: digits, eval: [hflip]}",
            &["E013 `hflip`: `hflip` is random and has no place in `eval`"],
        ),
        (
            "1, 8, 8",
            "data: {set: cifar100, train: [resize 8]}",
            &["E040 `cifar100`: cifar100 has 100 classes, but the network only distinguishes 10 | 100 classes"],
        ),
        (
            "1, 28, 28",
            "data: {set: digits}",
            &[
                "E040 `digits`: the images of digits do not reach the network's size 28×28 | 8×8 | end with `resize 28x28`, or change `input`",
            ],
        ),
        (
            "1, 32, 32",
            "data: {set: mnist, train: [crop 32 pad=1]}",
            &["E040 `crop 32 pad=1`: `crop 32 pad=1` does not fit the images of mnist: 28×28 | 28 + 2·1 = 30 < 32"],
        ),
        (
            "1, 32, 32",
            "data: {set: mnist, train: [pad 1]}",
            &[
                "E040 `[pad 1]`: the images of mnist do not reach the network's size 32×32 | 28×28, after `pad 1` 30×30 | end with",
            ],
        ),
        (
            "1, 24, 24",
            "data: {set: mnist, train: [crop 24, normalize mnist]}",
            &[
                "E040 `[crop 24, normalize mnist]`: the images of mnist do not reach the network's size 24×24 | without the random ones: 28×28 | evaluation takes the entries of `train` that are not random; write its own: `eval: [center_crop 24, normalize mnist]`",
            ],
        ),
        ("2, 8, 8", "data: {set: digits}", &["E040 `[2, 8, 8]`: images have 1 or 3 channels, but the network reads 2"]),
        (
            "1, 8, 8",
            "data: {set: digits, train: [hflip 2, nose], eval: [resize 9]}",
            &[
                "E013 `2`:",
                "E010 `nose`: no transform is called `nose` | there are pad, crop",
                "E040 `[resize 9]`: the images of digits do not reach the network's size 8×8 | 8×8, after `resize 9` 9×9",
            ],
        ),
        (
            "1, 8, 8",
            "train: {batch: 0, optimizer: adma, schedule: stp 3}\ndata: {set: dgits}",
            &[
                "E013 `0`: `batch`",
                "E010 `adma`: no optimizer is called `adma` | did you mean `adam`?",
                "E010 `stp`: no schedule is called `stp` | did you mean `step`?",
                "E010 `dgits`:",
            ],
        ),
        (
            "1, 8, 8",
            "train: {batch: 1, optimizer: Momentum lr=0.1, schedule: CosineAnnealingLR}\ndata: {set: digits, train: [RandomHorizontalFlip]}",
            &[
                "E010 `Momentum`: no optimizer is called `Momentum` | for `Momentum` (TensorFlow) write `sgd lr=0.1 momentum=0.9`",
                "E010 `CosineAnnealingLR`: no schedule is called `CosineAnnealingLR` | `CosineAnnealingLR` (PyTorch) is called `cosine` here",
                "E010 `RandomHorizontalFlip`: no transform is called `RandomHorizontalFlip` | `RandomHorizontalFlip` (torchvision) is called `hflip` here",
            ],
        ),
    ] {
        check_complaints(input, section, expected);
    }
}

/// Every complaint about `section`, of which each expected text is the beginning.
fn check_complaints(input: &str, section: &str, expected: &[&str]) {
    let found = complaints(input, section);
    let agrees =
        found.len() == expected.len() && found.iter().zip(expected).all(|(found, start)| found.starts_with(start));
    assert!(agrees, "{section}\nfound    {found:#?}\nexpected {expected:#?}");
}
