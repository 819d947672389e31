//! What is wrong with a `train:` section.

use super::check_complaints;

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
                "E013 `f1`: `best_by` of `train` must be `loss`, `accuracy`, `balanced_accuracy`, `macro_f1`, `auroc`, `ece`, `map`, `mae` or `r2`",
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
                "E013 `error`: `by` of `plateau` must be `loss`, `accuracy`, `balanced_accuracy`, `macro_f1`, `auroc`, `ece`, `map`, `mae` or `r2` | found `error`",
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
            &["E013 `speed`: `by` of `patience` must be `loss`, `accuracy`, `balanced_accuracy`"],
        ),
    ] {
        check_complaints("1, 8, 8", section, expected);
    }
}
