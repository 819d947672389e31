//! Sections as they are written, and what is made of them or said about them.

use crate::arguments::Pair;
use crate::compile_source;
use crate::network::Network;
use crate::recipe::{
    BadImages, Betas, Better, Curve, Data, DataSet, Decayed, Margin, Measure, OneCycle, Optimizer, Per, Plateau,
    Resize, Rule, Schedule, Train, Transform, Warmup,
};
use crate::syntax::Format;

/// A network of 10 classes that reads `input`, with `sections`.
fn file(input: &str, sections: &str) -> String {
    format!("input: [{input}]\nclasses: 10\nlet: {{half: 4}}\nlayers: [flatten, \"linear {{classes}}\"]\n{sections}")
}

fn compile(input: &str, sections: &str) -> Network {
    match compile_source("net.yaml", &file(input, sections), Format::Yaml, &[]) {
        Ok(compiled) => compiled.network,
        Err(diagnostics) => panic!("{diagnostics}"),
    }
}

fn data(input: &str, sections: &str) -> Data {
    compile(input, sections).data.expect("there is a data section")
}

fn train(section: &str) -> Train {
    compile("1, 8, 8", section).train.expect("there is a train section")
}

/// The diagnostics of a file as the user sees them, one line each: `E040 10:7 message | label | help`.
fn complaints(input: &str, sections: &str) -> Vec<String> {
    let diagnostics = match compile_source("net.yaml", &file(input, sections), Format::Yaml, &[]) {
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
    let crop = |side, pad| Transform::RandomCrop { size: Pair::square(side), pad };
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
                    Transform::Resize(Resize::Shorter(10)),
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
                    Transform::Pad { pixels: 1 },
                    Transform::HorizontalFlip { probability: 0.25 },
                    Transform::Resize(Resize::Exact(Pair { height: 10, width: 12 })),
                    normalize(&[0.1, 0.2, 0.3], &[1.0; 3]),
                ],
                vec![
                    Transform::Pad { pixels: 1 },
                    Transform::Resize(Resize::Exact(Pair { height: 10, width: 12 })),
                    normalize(&[0.1, 0.2, 0.3], &[1.0; 3]),
                ],
                BadImages::Refuse,
            ),
        ),
    ] {
        let (set, path, train, eval, bad_images) = expected;
        let expected = Data { set, path: path.map(String::from), train, eval, bad_images };
        assert_eq!(data(input, section), expected, "{section}");
    }
}

#[test]
fn train_sections() {
    let default = Train::default();
    let nesterov = Optimizer::new(Rule::Sgd { momentum: 0.9, dampening: 0.0, nesterov: true }, 0.1);
    let adam = Optimizer::new(Rule::Adam(Betas::default()), 1e-3);
    let adamw = Optimizer { weight_decay: 0.01, ..Optimizer::new(Rule::AdamW(Betas::default()), 1e-3) };
    let rmsprop = Rule::RmsProp { alpha: 0.99, eps: 1e-8, momentum: 0.0, centered: false };
    for (section, expected) in [
        ("train: {epochs: 3}", Train { epochs: 3, ..default.clone() }),
        (
            "train: {epochs: 2*half, batch: 512, drop_last: true, seed: 123456789012, checkpoint_every: 5}",
            Train {
                epochs: 8,
                batch: 512,
                drop_last: true,
                seed: 123_456_789_012,
                checkpoint_every: Some(5),
                ..default.clone()
            },
        ),
        ("train: {optimizer: sgd lr=0.1}", Train { optimizer: Optimizer::sgd(0.1, 0.0), ..default.clone() }),
        (
            "train: {optimizer: sgd 0.1 momentum=0.9 weight_decay=5e-4 nesterov}",
            Train { optimizer: Optimizer { weight_decay: 5e-4, ..nesterov }, ..default.clone() },
        ),
        (
            "train:\n  optimizer: {sgd: {lr: 1e-1, momentum: 0.9, nesterov: false}}",
            Train { optimizer: Optimizer::sgd(0.1, 0.9), ..default.clone() },
        ),
        (
            "train: {optimizer: sgd 0.1 momentum=0.9 dampening=0.5 weight_decay=0.1 no_bias_decay}",
            Train {
                optimizer: Optimizer {
                    rule: Rule::Sgd { momentum: 0.9, dampening: 0.5, nesterov: false },
                    lr: 0.1,
                    weight_decay: 0.1,
                    decayed: Decayed::NoBias,
                },
                ..default.clone()
            },
        ),
        ("train: {optimizer: adam}", Train { optimizer: adam, ..default.clone() }),
        (
            "train: {optimizer: adam 0.01 beta1=0.5}",
            Train {
                optimizer: Optimizer::new(Rule::Adam(Betas { beta1: 0.5, ..Betas::default() }), 0.01),
                ..default.clone()
            },
        ),
        ("train: {optimizer: adamw}", Train { optimizer: adamw, ..default.clone() }),
        ("train: {optimizer: rmsprop}", Train { optimizer: Optimizer::new(rmsprop, 0.01), ..default.clone() }),
        (
            "train: {optimizer: {rmsprop: {lr: 0.1, alpha: 0.9, eps: 1e-3, momentum: 0.5, centered: true}}}",
            Train {
                optimizer: Optimizer::new(Rule::RmsProp { alpha: 0.9, eps: 1e-3, momentum: 0.5, centered: true }, 0.1),
                ..default.clone()
            },
        ),
        ("train: {schedule: constant}", default.clone()),
    ] {
        assert_eq!(train(section), expected, "{section}");
    }
}

#[test]
fn schedules() {
    let plateau = Plateau {
        better: Better { by: Measure::Loss, margin: Margin::Relative(1e-4) },
        factor: 0.1,
        patience: 10,
        cooldown: 0,
        min: 0.0,
    };
    let cycle = OneCycle { rise: 0.3, div: 25.0, final_div: 1e4, linear: false, three_phase: false };
    for (section, expected) in [
        ("constant", Curve::Constant),
        ("step 30", Curve::Step { every: 30.0, gamma: 0.1 }),
        ("{step: {every: 5, gamma: 0.9}}", Curve::Step { every: 5.0, gamma: 0.9 }),
        ("multistep 50 100 gamma=0.2", Curve::MultiStep { milestones: vec![50.0, 100.0], gamma: 0.2 }),
        ("{multistep: {milestones: [1, 2]}}", Curve::MultiStep { milestones: vec![1.0, 2.0], gamma: 0.1 }),
        ("{multistep: [1, 2]}", Curve::MultiStep { milestones: vec![1.0, 2.0], gamma: 0.1 }),
        ("exponential 0.95", Curve::Exponential { gamma: 0.95 }),
        ("cosine min=1e-5", Curve::Cosine { min: 1e-5 }),
        ("cosine", Curve::Cosine { min: 0.0 }),
        ("cosine restart=10", Curve::Restarts { first: 10.0, mult: 1, min: 0.0 }),
        ("cosine restart=10 mult=2 min=0.1", Curve::Restarts { first: 10.0, mult: 2, min: 0.1 }),
        ("polynomial", Curve::Polynomial { power: 1.0 }),
        ("polynomial 2", Curve::Polynomial { power: 2.0 }),
        ("onecycle", Curve::OneCycle(cycle)),
        (
            "onecycle rise=0.5 div=2 final_div=3 linear three_phase",
            Curve::OneCycle(OneCycle { rise: 0.5, div: 2.0, final_div: 3.0, linear: true, three_phase: true }),
        ),
        ("plateau", Curve::Plateau(plateau)),
        (
            "plateau factor=0.5 patience=0 by=accuracy threshold=0.01 absolute cooldown=3 min=1e-5",
            Curve::Plateau(Plateau {
                better: Better { by: Measure::Accuracy, margin: Margin::Absolute(0.01) },
                factor: 0.5,
                patience: 0,
                cooldown: 3,
                min: 1e-5,
            }),
        ),
    ] {
        let expected = Schedule::new(expected);
        assert_eq!(train(&format!("train: {{schedule: {section}}}")).schedule, expected, "{section}");
    }
    let followed = |per, epochs, from| Schedule { curve: Curve::Constant, per, warmup: Warmup { epochs, from } };
    for (section, expected) in [
        ("constant per=epoch", followed(Per::Epoch, 0.0, 1.0 / 3.0)),
        ("constant per=step", followed(Per::Step, 0.0, 1.0 / 3.0)),
        ("constant warmup=5", followed(Per::Epoch, 5.0, 1.0 / 3.0)),
        ("constant per=step warmup=0.5 warmup_from=0", followed(Per::Step, 0.5, 0.0)),
    ] {
        assert_eq!(train(&format!("train: {{schedule: {section}}}")).schedule, expected, "{section}");
    }
}

/// What a recipe prints is notation that gives the recipe again.
#[test]
fn what_is_printed_can_be_read() {
    for call in [
        "sgd lr=0.05 momentum=0.9 weight_decay=0.0005",
        "sgd lr=1e-300 momentum=0.0 weight_decay=0.0 nesterov=false",
        "sgd 1 momentum=0.9 nesterov",
        "adam",
        "adamw lr=3e-4 eps=1e-7",
        "sgd 1 momentum=0.9 dampening=0.25 weight_decay=1e-4 no_bias_decay",
        "rmsprop",
        "rmsprop 1e-4 alpha=0.5 eps=1e-3 momentum=0.9 centered weight_decay=1e-5 no_bias_decay",
    ] {
        let optimizer = train(&format!("train: {{optimizer: {call}}}")).optimizer;
        assert_eq!(train(&format!("train: {{optimizer: {optimizer}}}")).optimizer, optimizer, "{call}");
    }
    for call in [
        "constant",
        "step 3",
        "step 0.3 per=step",
        "multistep 1 20 300 gamma=0.25",
        "multistep 0.25 0.5 per=step",
        "exponential 0.9",
        "cosine min=1e-5",
        "cosine restart=3 mult=2 warmup=2",
        "polynomial power=0.9 warmup=3 warmup_from=0.01",
        "onecycle",
        "onecycle rise=0.1 linear three_phase per=step warmup=0.1",
        "plateau",
        "plateau by=accuracy threshold=0.5 absolute cooldown=1",
    ] {
        let schedule = train(&format!("train: {{schedule: {call}}}")).schedule;
        assert_eq!(train(&format!("train: {{schedule: {schedule}}}")).schedule, schedule, "{call}");
    }
    let calls = "pad 1\ncrop 32 pad=4\ncrop 8x9\ncenter_crop 227\ncenter_crop 3x5\nhflip\nhflip 0.25\nresize 256\nresize 32x32\n\
                 normalize cifar10\nnormalize half\nnormalize mnist\nnormalize fashion-mnist\nnormalize mean=0.25 std=1e-3\n\
                 normalize mean={[0.1, 0.2, 0.3]} std=0.5";
    for call in calls.lines() {
        let read = |call: &str| data("3, 8, 8", &format!("data: {{set: folder, train: ['{call}']}}")).train.remove(0);
        let transform = read(call);
        assert_eq!(read(&transform.to_string()), transform, "{call}");
        if !call.contains("mean=") {
            assert_eq!(transform.to_string(), call);
        }
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
            &["E010 `flip`: no transform is called `flip` | did you mean `hflip`?"],
        ),
        (
            "1, 8, 8",
            "data: {set: digits, train: [hflip 2]}",
            &["E013 `2`: a probability must be between 0 and 1 | found `2`"],
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
            &["E040 `cifar100`: cifar100 has 100 classes, but the network tells only 10 apart | 100 classes"],
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
            "train: {epochs: 0}",
            &["E013 `0`: `epochs` of `train` must be a whole number, one or more | found `0`"],
        ),
        ("1, 8, 8", "train: {batch: many}", &["E013 `many`: `batch` of `train` must be"]),
        ("1, 8, 8", "train: {seed: -1}", &["E013 `-1`: `seed` of `train` must be"]),
        ("1, 8, 8", "train: {drop_last: 1}", &["E013 `1`: `drop_last` of `train` must be `true` or `false`"]),
        ("1, 8, 8", "train: {epoch: 3}", &["E004 `epoch`: `train` has no setting `epoch` | did you mean `epochs`?"]),
        (
            "1, 8, 8",
            "train: {momentum: 0.9}",
            &[
                "E004 `momentum`: `train` has no setting `momentum` | its settings are epochs, batch, drop_last, optimizer, schedule, seed, checkpoint_every | it belongs to the optimizer",
            ],
        ),
        (
            "1, 8, 8",
            "train: {optimizer: sdg lr=0.1}",
            &["E010 `sdg`: no optimizer is called `sdg` | did you mean `sgd`?"],
        ),
        ("1, 8, 8", "train: {optimizer: sgd}", &["E012 `sgd`: `sgd` needs `lr`"]),
        ("1, 8, 8", "train: {optimizer: sgd lr=-0.1}", &["E013 `-0.1`: `lr` must be 0 or more | found `-0.1`"]),
        (
            "1, 8, 8",
            "train: {optimizer: sgd lr=0.1 momentum=1}",
            &["E013 `1`: `momentum` must be at least 0 and below 1"],
        ),
        (
            "1, 8, 8",
            "train: {optimizer: sgd lr=0.1 nesterov}",
            &["E013 `nesterov`: `nesterov` needs a momentum above 0 | add `momentum=0.9`"],
        ),
        (
            "1, 8, 8",
            "train: {optimizer: sgd lr=0.1 dampening=0.5}",
            &["E013 `0.5`: `dampening` needs a momentum above 0 | add `momentum=0.9`"],
        ),
        (
            "1, 8, 8",
            "train: {optimizer: sgd lr=0.1 momentum=0.9 nesterov dampening=0.5}",
            &["E013 `0.5`: `nesterov` goes without dampening | found `0.5` | leave one of them out"],
        ),
        (
            "1, 8, 8",
            "train: {optimizer: adam no_bias_decay}",
            &["E013 `no_bias_decay`: `no_bias_decay` needs a weight decay above 0 | add `weight_decay=5e-4`"],
        ),
        ("1, 8, 8", "train: {optimizer: rmsprop alpha=1}", &["E013 `1`: `alpha` must be at least 0 and below 1"]),
        ("1, 8, 8", "train: {optimizer: rmsprop eps=0 centered}", &["E013 `0`: `eps` must be above 0 | found `0`"]),
        ("1, 8, 8", "train: {optimizer: adam beta2=1.5}", &["E013 `1.5`: `beta2` must be"]),
        (
            "1, 8, 8",
            "train: {optimizer: [sgd]}",
            &["E003 `[sgd]`: one optimizer is expected here | write for example `sgd lr=0.1"],
        ),
        ("1, 8, 8", "train: {schedule: step}", &["E012 `step`: `step` needs `every`"]),
        ("1, 8, 8", "train: {schedule: step 0}", &["E013 `0`: `every` of `step` must be"]),
        ("1, 8, 8", "train: {schedule: step 3 gamma=0}", &["E013 `0`: `gamma` must be above 0"]),
        ("1, 8, 8", "train: {schedule: multistep}", &["E012 `multistep`: `multistep` needs the epochs"]),
        ("1, 8, 8", "train: {schedule: multistep 5 5}", &["E013 `5`: the epochs of `multistep` must ascend"]),
        ("1, 8, 8", "train: {schedule: cosine min=-1}", &["E013 `-1`: `min` must be 0 or more"]),
        (
            "1, 8, 8",
            "train: {schedule: cosine mult=2}",
            &["E013 `2`: `mult` is how much longer each restart takes, and there is none | add `restart=10`"],
        ),
        (
            "1, 8, 8",
            "train: {schedule: cosine restart=0}",
            &["E013 `0`: `restart` of `cosine` must be a number of epochs"],
        ),
        (
            "1, 8, 8",
            "train: {schedule: step 0.5}",
            &[
                "E013 `0.5`: `every` must be whole epochs | found `0.5` | with `per=step` the rate changes within epochs too",
            ],
        ),
        (
            "1, 8, 8",
            "train: {schedule: multistep 1.5 3}",
            &["E013 `1.5`: `milestones` must be whole epochs | found `1.5`"],
        ),
        ("1, 8, 8", "train: {schedule: exponential}", &["E012 `exponential`: `exponential` needs `gamma`"]),
        ("1, 8, 8", "train: {schedule: exponential 0}", &["E013 `0`: `gamma` must be above 0"]),
        ("1, 8, 8", "train: {schedule: polynomial power=0}", &["E013 `0`: `power` must be above 0"]),
        ("1, 8, 8", "train: {schedule: onecycle rise=1.5}", &["E013 `1.5`: `rise` must be between 0 and 1"]),
        (
            "1, 8, 8",
            "train: {schedule: onecycle rise=0.6 three_phase}",
            &["E013 `0.6`: `rise` must be between 0 and 0.5"],
        ),
        ("1, 8, 8", "train: {schedule: plateau factor=1}", &["E013 `1`: `factor` must be at least 0 and below 1"]),
        (
            "1, 8, 8",
            "train: {schedule: plateau by=error}",
            &["E013 `error`: `by` of `plateau` must be `loss` or `accuracy` | found `error`"],
        ),
        (
            "1, 8, 8",
            "train: {schedule: cosine per=batch}",
            &["E013 `batch`: `per` of `cosine` must be `epoch` or `step` | found `batch`"],
        ),
        (
            "1, 8, 8",
            "train: {schedule: cosine warmup=0.5}",
            &["E013 `0.5`: `warmup` must be whole epochs | found `0.5` | with `per=step`"],
        ),
        (
            "1, 8, 8",
            "train: {schedule: cosine warmup_from=0.1}",
            &["E013 `0.1`: `warmup_from` needs a warm-up | add `warmup=5`"],
        ),
        (
            "1, 8, 8",
            "train: {schedule: cosine warmup=5 warmup_from=2}",
            &["E013 `2`: `warmup_from` must be between 0 and 1"],
        ),
        (
            "1, 8, 8",
            "train: {epochs: 5, schedule: cosine warmup=5}",
            &["W005 `cosine warmup=5`: the schedule never begins | 5 epochs of warm-up of 5 in all"],
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
    ] {
        let found = complaints(input, section);
        let agrees =
            found.len() == expected.len() && found.iter().zip(expected).all(|(found, start)| found.starts_with(start));
        assert!(agrees, "{section}\nfound    {found:#?}\nexpected {expected:#?}");
    }
}
