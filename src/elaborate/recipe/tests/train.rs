//! The `train:` section.

use super::{check_complaints, compile};
use crate::pattern::Rename;
use crate::recipe::{
    Betas, Better, ClassWeights, Clip, CrossEntropy, Curve, Decayed, EarlyStopping, Every, LrSchedule, Margin, Measure,
    Mix, MixKind, OneCycle, Optimizer, Per, Plateau, Rule, Train, Warmup,
};

fn train(section: &str) -> Train {
    compile("1, 8, 8", section).train.expect("there is a train section")
}

#[test]
fn train_sections() {
    let default = Train::default();
    let accuracy = Better { by: Measure::Accuracy, margin: Margin::Relative(0.0) };
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
        (
            "train: {freeze: 1.weight, replace: [1.*, \"*.bias\"]}",
            Train {
                freeze: vec!["1.weight".to_owned()],
                replace: vec!["1.*".to_owned(), "*.bias".to_owned()],
                ..default.clone()
            },
        ),
        (
            "train: {rename: {\"backbone.*\": \"*\", head.fc.bias: fc.bias, 'aux.*': ''}, adapt: input}",
            Train {
                rename: [("backbone.*", "*"), ("head.fc.bias", "fc.bias"), ("aux.*", "")]
                    .map(|(pattern, name)| Rename::new(pattern, name).expect("it is sound"))
                    .to_vec(),
                adapt_input: true,
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
        (
            "train: {optimizer: lion}",
            Train { optimizer: Optimizer::new(Rule::Lion { beta1: 0.9, beta2: 0.99 }, 1e-4), ..default.clone() },
        ),
        (
            "train: {optimizer: {lion: {lr: 1e-3, beta2: 0.9, weight_decay: 0.5}}}",
            Train {
                optimizer: Optimizer {
                    weight_decay: 0.5,
                    ..Optimizer::new(Rule::Lion { beta1: 0.9, beta2: 0.9 }, 1e-3)
                },
                ..default.clone()
            },
        ),
        ("train: {schedule: constant}", default.clone()),
        (
            "train: {accumulate: 4, clip: norm 1, ema: 0.999, validate_every: 2, early_stopping: patience 5}",
            Train {
                accumulate: 4,
                clip: Some(Clip::Norm(1.0)),
                ema: Some(0.999),
                validate_every: Every::Epochs(2),
                early_stopping: Some(EarlyStopping { better: accuracy, patience: 5 }),
                ..default.clone()
            },
        ),
        (
            "train: {clip: value 0.5, validate_every: steps 500, early_stopping: patience 3 by=loss threshold=0.1 absolute}",
            Train {
                clip: Some(Clip::Value(0.5)),
                validate_every: Every::Steps(500),
                early_stopping: Some(EarlyStopping {
                    better: Better { by: Measure::Loss, margin: Margin::Absolute(0.1) },
                    patience: 3,
                }),
                ..default.clone()
            },
        ),
        ("train: {best_by: ece}", Train { best_by: Measure::CalibrationError, ..default.clone() }),
        (
            "train: {best_by: macro_f1, early_stopping: patience 2 by=balanced_accuracy}",
            Train {
                best_by: Measure::MacroF1,
                early_stopping: Some(EarlyStopping {
                    better: Better { by: Measure::BalancedAccuracy, margin: Margin::Relative(0.0) },
                    patience: 2,
                }),
                ..default.clone()
            },
        ),
        ("train: {validate_every: epochs 3}", Train { validate_every: Every::Epochs(3), ..default.clone() }),
        ("train: {loss: cross_entropy}", default.clone()),
        (
            "train: {loss: cross_entropy label_smoothing=0.1, mix: mixup 0.2}",
            Train {
                loss: CrossEntropy { label_smoothing: 0.1, class_weights: ClassWeights::Equal },
                mix: vec![Mix { kind: MixKind::Mixup, alpha: 0.2, probability: 1.0 }],
                ..default.clone()
            },
        ),
        (
            "train: {loss: {cross_entropy: {class_weights: [1, 2, 3, 4, 5, 6, 7, 8, 9, 0.5]}}, mix: [mixup, cutmix 0.5 probability=0.5]}",
            Train {
                loss: CrossEntropy {
                    label_smoothing: 0.0,
                    class_weights: ClassWeights::Given(vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 0.5]),
                },
                mix: vec![
                    Mix { kind: MixKind::Mixup, alpha: 1.0, probability: 1.0 },
                    Mix { kind: MixKind::CutMix, alpha: 0.5, probability: 0.5 },
                ],
                ..default.clone()
            },
        ),
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
        let expected = LrSchedule::new(expected);
        assert_eq!(train(&format!("train: {{schedule: {section}}}")).schedule, expected, "{section}");
    }
    let followed =
        |per, epochs, from| LrSchedule { curve: Curve::Constant, per, warmup: Warmup { epochs, from, power: 1.0 } };
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
        "polynomial per=step warmup=3 warmup_from=0 warmup_power=4",
        "inverse 0.01 power=0.75",
        "onecycle",
        "onecycle rise=0.1 linear three_phase per=step warmup=0.1",
        "plateau",
        "plateau by=accuracy threshold=0.5 absolute cooldown=1",
    ] {
        let schedule = train(&format!("train: {{schedule: {call}}}")).schedule;
        assert_eq!(train(&format!("train: {{schedule: {schedule}}}")).schedule, schedule, "{call}");
    }
    for entry in [
        "loss: cross_entropy label_smoothing=0.25",
        "loss: {cross_entropy: {class_weights: [1, 2, 3, 4, 5, 6, 7, 8, 9, 0.5]}}",
        "loss: cross_entropy class_weights=auto",
        "sampler: balanced",
        "sampler: {weighted: {weights: [1, 0, 3, 4, 5, 6, 7, 8, 9, 0.5]}}",
        "mix: [mixup 0.2, cutmix 1e-3 probability=0.5]",
        "clip: norm 0.1",
        "clip: value 2",
        "ema: 0.9999",
        "accumulate: 8",
        "validate_every: steps 100",
        "validate_every: 3",
        "early_stopping: patience 3 by=loss",
        "best_by: auroc",
    ] {
        let network = compile("1, 8, 8", &format!("train: {{{entry}}}"));
        let again = crate::compile(&crate::expand::expand(&network)).unwrap_or_else(|errors| panic!("{errors}"));
        assert_eq!(again.train, network.train, "{entry}");
        assert_ne!(again.train, Some(Train::default()), "{entry}");
    }
}

/// For each section, every complaint, of which the text here is the beginning.
#[test]
fn mistakes() {
    for (section, expected) in [
        ("train: {epochs: 0}", &["E013 `0`: `epochs` of `train` must be a whole number, one or more | found `0`"]),
        ("train: {batch: many}", &["E013 `many`: `batch` of `train` must be"]),
        ("train: {seed: -1}", &["E013 `-1`: `seed` of `train` must be"]),
        ("train: {freeze: [3]}", &["E003 `3`: `freeze` of `train` is for names of weights | write `freeze: [conv1.*"]),
        (
            "train: {best_by: f1}",
            &[
                "E013 `f1`: `best_by` of `train` must be `loss`, `accuracy`, `balanced_accuracy`, `macro_f1`, `auroc` or `ece`",
            ],
        ),
        ("train: {drop_last: 1}", &["E013 `1`: `drop_last` of `train` must be `true` or `false`"]),
        ("train: {epoch: 3}", &["E004 `epoch`: `train` has no setting `epoch` | did you mean `epochs`?"]),
        (
            "train: {momentum: 0.9}",
            &[
                "E004 `momentum`: `train` has no setting `momentum` | its settings are epochs, batch, drop_last, sampler, accumulate, optimizer, schedule, loss, mix, clip, ema, validate_every, best_by, early_stopping, freeze, replace, rename, adapt, seed, checkpoint_every | it belongs to the optimizer",
            ],
        ),
        ("train: {optimizer: sdg lr=0.1}", &["E010 `sdg`: no optimizer is called `sdg` | did you mean `sgd`?"]),
        ("train: {optimizer: sgd}", &["E012 `sgd`: `sgd` needs `lr`"]),
        ("train: {optimizer: sgd lr=-0.1}", &["E013 `-0.1`: `lr` must be 0 or more | found `-0.1`"]),
        ("train: {optimizer: sgd lr=0.1 momentum=1}", &["E013 `1`: `momentum` must be at least 0 and below 1"]),
        (
            "train: {optimizer: sgd lr=0.1 nesterov}",
            &["E013 `nesterov`: `nesterov` needs a momentum above 0 | add `momentum=0.9`"],
        ),
        (
            "train: {optimizer: sgd lr=0.1 dampening=0.5}",
            &["E013 `0.5`: `dampening` needs a momentum above 0 | add `momentum=0.9`"],
        ),
        (
            "train: {optimizer: sgd lr=0.1 momentum=0.9 nesterov dampening=0.5}",
            &["E013 `0.5`: `nesterov` excludes dampening | found `0.5` | leave one of them out"],
        ),
        (
            "train: {optimizer: adam no_bias_decay}",
            &["E013 `no_bias_decay`: `no_bias_decay` needs a weight decay above 0 | add `weight_decay=5e-4`"],
        ),
        ("train: {optimizer: rmsprop alpha=1}", &["E013 `1`: `alpha` must be at least 0 and below 1"]),
        ("train: {optimizer: rmsprop eps=0 centered}", &["E013 `0`: `eps` must be above 0 | found `0`"]),
        ("train: {optimizer: adam beta2=1.5}", &["E013 `1.5`: `beta2` must be"]),
        (
            "train: {optimizer: [sgd]}",
            &["E003 `[sgd]`: one optimizer is expected here | write for example `sgd lr=0.1"],
        ),
        ("train: {schedule: step}", &["E012 `step`: `step` needs `every`"]),
        ("train: {schedule: step 0}", &["E013 `0`: `every` of `step` must be"]),
        ("train: {schedule: step 3 gamma=0}", &["E013 `0`: `gamma` must be above 0"]),
        ("train: {schedule: multistep}", &["E012 `multistep`: `multistep` needs the epochs"]),
        ("train: {schedule: multistep 6 5}", &["E013 `5`: the epochs of `multistep` must ascend | 5 comes after 6"]),
        ("train: {schedule: {multistep: {milestones: [6, 5]}}}", &["E013 `5`: the epochs of `multistep` must ascend"]),
        ("train: {schedule: cosine min=-1}", &["E013 `-1`: `min` must be 0 or more"]),
        (
            "train: {schedule: cosine mult=2}",
            &["E013 `2`: `mult` is how much longer each restart takes, and there is none | add `restart=10`"],
        ),
        ("train: {schedule: cosine restart=0}", &["E013 `0`: `restart` of `cosine` must be a number of epochs"]),
        (
            "train: {schedule: step 0.5}",
            &[
                "E013 `0.5`: `every` must be whole epochs | found `0.5` | with `per=step` the rate changes within epochs too",
            ],
        ),
        ("train: {schedule: multistep 1 3.5 5}", &["E013 `3.5`: `milestones` must be whole epochs | found `3.5`"]),
        ("train: {schedule: exponential}", &["E012 `exponential`: `exponential` needs `gamma`"]),
        ("train: {schedule: exponential 0}", &["E013 `0`: `gamma` must be above 0"]),
        ("train: {schedule: polynomial power=0}", &["E013 `0`: `power` must be above 0"]),
        ("train: {schedule: onecycle rise=1.5}", &["E013 `1.5`: `rise` must be between 0 and 1"]),
        ("train: {schedule: onecycle rise=0.6 three_phase}", &["E013 `0.6`: `rise` must be between 0 and 0.5"]),
        ("train: {schedule: plateau factor=1}", &["E013 `1`: `factor` must be at least 0 and below 1"]),
        (
            "train: {schedule: plateau by=error}",
            &[
                "E013 `error`: `by` of `plateau` must be `loss`, `accuracy`, `balanced_accuracy`, `macro_f1`, `auroc` or `ece` | found `error`",
            ],
        ),
        (
            "train: {schedule: cosine per=batch}",
            &["E013 `batch`: `per` of `cosine` must be `epoch` or `step` | found `batch`"],
        ),
        (
            "train: {schedule: cosine warmup=0.5}",
            &["E013 `0.5`: `warmup` must be whole epochs | found `0.5` | with `per=step`"],
        ),
        ("train: {schedule: cosine warmup_from=0.1}", &["E013 `0.1`: `warmup_from` needs a warm-up | add `warmup=5`"]),
        ("train: {schedule: cosine warmup=5 warmup_from=2}", &["E013 `2`: `warmup_from` must be between 0 and 1"]),
        (
            "train: {epochs: 5, schedule: cosine warmup=5}",
            &["W005 `cosine warmup=5`: the schedule never begins | 5 epochs of warm-up of 5 in all"],
        ),
        ("train: {accumulate: 0}", &["E013 `0`: `accumulate` of `train` must be a whole number, one or more"]),
        (
            "train: {loss: cross_entropi}",
            &["E010 `cross_entropi`: no loss is called `cross_entropi` | did you mean `cross_entropy`?"],
        ),
        (
            "train: {loss: cross_entropy label_smoothing=1}",
            &["E013 `1`: `label_smoothing` must be at least 0 and below 1"],
        ),
        (
            "train: {loss: {cross_entropy: {class_weights: [1, 0]}}}",
            &["E013 `[1, 0]`: the weight of a class must be above 0 | class 1 has `0`"],
        ),
        (
            "train: {loss: cross_entropy class_weights=balanced}",
            &[
                "E013 `balanced`: `class_weights` of `cross_entropy` must be a list with a number for each class, or `auto`",
            ],
        ),
        (
            "train: {sampler: random}",
            &["E010 `random`: no sampler is called `random` | there are shuffle, balanced, weighted"],
        ),
        ("train: {sampler: weighted}", &["E012 `weighted`: `weighted` needs `weights`"]),
        (
            "train: {sampler: {weighted: {weights: [1, -1]}}}",
            &["E013 `[1, -1]`: the weight of a class must be 0 or more | class 1 has `-1`"],
        ),
        ("train: {sampler: {weighted: {weights: [0, 0]}}}", &["E013 `[0, 0]`: some class must have a weight above 0"]),
        (
            "train: {sampler: {weighted: {weights: [1, 2]}}}",
            &["E013 `{weighted: {weights: [1, 2]}}`: `weighted` has 2 weights, but the network tells"],
        ),
        (
            "train: {loss: {cross_entropy: {class_weights: [1, 2]}}}",
            &[
                "E013 `{cross_entropy: {class_weights: [1, 2]}}`: `class_weights` has 2 weights, but the network tells 10 classes apart | write one for each class",
            ],
        ),
        (
            "train: {label_smoothing: 0.1}",
            &[
                "E004 `label_smoothing`: `train` has no setting `label_smoothing` | its settings are epochs, batch, drop_last, sampler, accumulate, optimizer, schedule, loss, mix, clip, ema, validate_every, best_by, early_stopping, freeze, replace, rename, adapt, seed, checkpoint_every | it belongs to the loss",
            ],
        ),
        ("train: {mix: mixupp}", &["E010 `mixupp`: no way to mix images is called `mixupp` | did you mean `mixup`?"]),
        ("train: {mix: mixup 0}", &["E013 `0`: `alpha` must be above 0"]),
        ("train: {mix: [mixup, cutmix probability=2]}", &["E013 `2`: `probability` must be between 0 and 1"]),
        ("train: {clip: norm 0}", &["E013 `0`: `norm` must be above 0"]),
        ("train: {clip: 1.0}", &["E003 `1.0`: one bound on gradients is expected here | write for example `norm 1.0`"]),
        ("train: {ema: 1}", &["E013 `1`: `ema` of `train` must be a decay above 0 and below 1"]),
        ("train: {validate_every: 0}", &["E013 `0`: `validate_every` of `train` must be"]),
        ("train: {validate_every: steps 0}", &["E013 `0`: `count` of `steps` must be a whole number, one or more"]),
        (
            "train: {early_stopping: 5}",
            &["E003 `5`: one rule for early stopping is expected here | write for example `patience 10`"],
        ),
        (
            "train: {early_stopping: patience 5 by=speed}",
            &["E013 `speed`: `by` of `patience` must be `loss` or `accuracy`"],
        ),
    ] {
        check_complaints("1, 8, 8", section, expected);
    }
}
