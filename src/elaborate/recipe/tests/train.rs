//! The `train:` section.

use super::compile;
use crate::pattern::Rename;
use crate::recipe::{
    Betas, Better, ClassWeights, Clip, CrossEntropy, Curve, Decayed, EarlyStopping, Every, Loss, LrSchedule, Margin,
    Measure, Mix, MixKind, OneCycle, Optimizer, Per, Plateau, Rule, Train, Warmup,
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
                loss: Loss::CrossEntropy(CrossEntropy { label_smoothing: 0.1, class_weights: ClassWeights::Equal }),
                mix: vec![Mix { kind: MixKind::Mixup, alpha: 0.2, probability: 1.0 }],
                ..default.clone()
            },
        ),
        (
            "train: {loss: {cross_entropy: {class_weights: [1, 2, 3, 4, 5, 6, 7, 8, 9, 0.5]}}, mix: [mixup, cutmix 0.5 probability=0.5]}",
            Train {
                loss: Loss::CrossEntropy(CrossEntropy {
                    label_smoothing: 0.0,
                    class_weights: ClassWeights::Given(vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 0.5]),
                }),
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
