//! What `task:` asks of the other keys.

use super::{check_complaints, compile};
use crate::compile_source;
use crate::expand::{expand, portable};
use crate::recipe::{
    Asymmetric, Better, BinaryCrossEntropy, ClassWeights, CrossEntropy, Curve, Loss, Margin, Measure, Regression, Task,
    Train,
};
use crate::syntax::Format;

const INPUT: &str = "1, 8, 8";

/// Data of labels, and a recipe.
fn labels(train: &str) -> String {
    format!("data: {{set: table, file: a.csv, task: multilabel, label: tags, separator: '|'}}\ntrain: {{{train}}}")
}

#[test]
fn a_task_has_its_loss_and_its_measures() {
    let network = compile(INPUT, &labels("epochs: 2"));
    let (data, train) = (network.data.expect("it has data"), network.train.expect("it has a recipe"));
    assert_eq!((data.task, data.table.expect("a table").separator.as_deref()), (Task::Multilabel, Some("|")));
    let usual = Train { epochs: 2, ..Train::of(Task::Multilabel) };
    assert_eq!((train.loss.tasks(), train.best_by), (&[Task::Multilabel][..], Measure::MeanPrecision));
    assert_eq!(train, usual);
    let columns = "data: {set: table, file: a.csv, task: multilabel, label: [cat, dog]}";
    assert_eq!(compile(INPUT, columns).data.expect("it has data").table.expect("a table").label, ["cat", "dog"]);
    let weights = ClassWeights::Given(vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 0.5]);
    for (text, expected) in [
        ("loss: binary_cross_entropy", Loss::Binary(BinaryCrossEntropy::default())),
        (
            "loss: binary_cross_entropy pos_weight=auto label_smoothing=0.1",
            Loss::Binary(BinaryCrossEntropy { label_smoothing: 0.1, pos_weight: ClassWeights::Auto }),
        ),
        (
            "loss: {binary_cross_entropy: {pos_weight: [1, 2, 3, 4, 5, 6, 7, 8, 9, 0.5]}}",
            Loss::Binary(BinaryCrossEntropy { label_smoothing: 0.0, pos_weight: weights }),
        ),
        ("loss: asymmetric", Loss::Asymmetric(Asymmetric { gamma_neg: 4.0, gamma_pos: 1.0, clip: 0.05 })),
        (
            "loss: asymmetric gamma_neg=2 gamma_pos=0 clip=0",
            Loss::Asymmetric(Asymmetric { gamma_neg: 2.0, gamma_pos: 0.0, clip: 0.0 }),
        ),
    ] {
        let train = compile(INPUT, &labels(text)).train.expect("it has a recipe");
        assert_eq!(train.loss, expected, "{text}");
        // As a run writes it down.
        let again = compile(INPUT, &labels(&format!("loss: '{}'", train.loss))).train.expect("it has a recipe");
        assert_eq!(again.loss, expected, "{}", train.loss);
    }
    let stopping = compile(INPUT, &labels("early_stopping: patience 3")).train.expect("it has a recipe").early_stopping;
    let better = Better { by: Measure::MeanPrecision, margin: Margin::Relative(0.0) };
    assert_eq!(stopping.map(|rule| rule.better), Some(better));
    let plateau = compile(INPUT, &labels("schedule: plateau by=map")).train.expect("it has a recipe").schedule.curve;
    assert!(matches!(plateau, Curve::Plateau(plateau) if plateau.better.by == Measure::MeanPrecision));
    let class = compile(INPUT, "data: {set: digits, task: class}\ntrain: {epochs: 2}");
    assert_eq!(class.train.expect("it has a recipe").loss, Loss::CrossEntropy(CrossEntropy::default()));
}

/// Data of numbers, and a recipe.
fn numbers(train: &str) -> String {
    format!("data: {{set: table, file: a.csv, task: regression, label: [x, y]}}\ntrain: {{{train}}}")
}

#[test]
fn numbers_have_losses_of_their_own() {
    for (text, expected) in [
        ("epochs: 2", Regression::Mse),
        ("loss: mse", Regression::Mse),
        ("loss: l1", Regression::L1),
        ("loss: huber", Regression::Huber { delta: 1.0 }),
        ("loss: huber delta=0.25", Regression::Huber { delta: 0.25 }),
    ] {
        let train = compile(INPUT, &numbers(text)).train.expect("it has a recipe");
        assert_eq!((&train.loss, train.best_by), (&Loss::Regression(expected), Measure::Explained), "{text}");
        let again = compile(INPUT, &numbers(&format!("loss: {}", train.loss))).train.expect("it has a recipe");
        assert_eq!(again.loss, train.loss);
    }
    assert!(!Measure::MeanDistance.rises() && Measure::Explained.rises());
}

#[test]
fn what_a_run_keeps_says_its_task() {
    let network = compile(INPUT, &labels("loss: asymmetric"));
    let data = network.data.clone().expect("it has data");
    for text in [expand(&network), portable(&network, &data)] {
        let again = compile_source("again.yaml", &text, Format::Yaml, &[]).unwrap_or_else(|errors| panic!("{errors}"));
        let found = again.network.data.expect("it has data");
        let table = found.table.expect("a table");
        assert_eq!((found.task, table.label, table.separator.as_deref()), (data.task, vec!["tags".into()], Some("|")));
    }
    assert!(!expand(&compile(INPUT, "data: {set: digits}")).contains("task:"), "as in earlier versions");
}

/// For each section, every complaint, of which the text here is the beginning.
#[test]
fn mistakes() {
    let data = |rest: &str| format!("data: {{set: table, file: a.csv, {rest}}}");
    for (section, expected) in [
        (
            data("task: multi_label, label: [a, b]"),
            &["E010 `multi_label`: no task is called `multi_label` | did you mean `multilabel`?"][..],
        ),
        (
            data("task: detect"),
            &["E010 `detect`: no task is called `detect` | there are class, multilabel, regression, segment"],
        ),
        (
            "data: {set: digits, task: multilabel}".to_owned(),
            &["E040 `multilabel`: `task: multilabel` needs `set: table` or `set: medmnist` | write `set: table`"],
        ),
        (
            data("task: multilabel, label: tags"),
            &[
                "E013 `tags`: `task: multilabel` has to know how a row says which labels its image has | write what stands",
            ],
        ),
        (data("task: multilabel"), &["E013 `multilabel`: `task: multilabel` has to know how"]),
        (
            data("task: multilabel, label: [a, b], separator: ','"),
            &["E013 `','`: `separator` divides the labels in one column, and `label` names one for each"],
        ),
        (data("task: multilabel, label: a, separator: ''"), &["E013 `''`: `separator` of `data` is empty"]),
        (data("label: [a, b]"), &["E013 `[a, b]`: a list of columns says which of several labels"]),
        (
            data("label: a, separator: '|'"),
            &["E013 `'|'`: `separator` divides the labels of an image, and `task: class`"],
        ),
        (data("task: multilabel, label: []"), &["E013 `[]`: `label` of `data` names no column"]),
        (data("task: multilabel, label: [a, b, a]"), &["E013 `a`: `label` of `data` names the column `a` twice"]),
        (data("task: multilabel, label: 3"), &["E003 `3`: `label` must be text"]),
        (
            labels("loss: cross_entropy"),
            &[
                "E013 `cross_entropy`: `cross_entropy` is a loss for one class an image or one class a pixel, and `task: multilabel` has any number of \
               labels an image | write `loss: binary_cross_entropy`",
            ],
        ),
        (
            "data: {set: digits}\ntrain: {loss: asymmetric}".to_owned(),
            &[
                "E013 `asymmetric`: `asymmetric` is a loss for any number of labels an image, and `task: class` has one class an \
               image | write `task: multilabel` under `data:`, or `loss: cross_entropy`",
            ],
        ),
        (
            labels("sampler: balanced"),
            &[
                "E013 `balanced`: `balanced` draws images by their class, and `task: multilabel` has any number of labels an image \
               | leave `sampler` out; so that rare",
            ],
        ),
        (
            labels("loss: asymmetric, mix: mixup 0.2"),
            &["E013 `mixup 0.2`: `asymmetric` cannot be used with `mix`: it treats labels"],
        ),
        (
            labels("best_by: ece"),
            &[
                "E013 `ece`: `ece` is not measured with `task: multilabel` | there are loss, accuracy, map, macro_f1, auroc",
            ],
        ),
        (
            labels("early_stopping: patience 3 by=balanced_accuracy"),
            &["E013 `patience 3 by=balanced_accuracy`: `balanced_accuracy` is not measured with `task: multilabel`"],
        ),
        (labels("schedule: plateau by=ece"), &["E013 `plateau by=ece`: `ece` is not measured with `task: multilabel`"]),
        (
            "data: {set: digits}\ntrain: {best_by: map}".to_owned(),
            &[
                "E013 `map`: `map` is not measured with `task: class` | there are loss, accuracy, balanced_accuracy, macro_f1, \
               auroc, ece",
            ],
        ),
        (
            labels("loss: binary_cross_entropy class_weights=auto"),
            &["E011 `class_weights`: `binary_cross_entropy` has no argument `class_weights`"],
        ),
        (
            labels("loss: asymmetric label_smoothing=0.1"),
            &["E011 `label_smoothing`: `asymmetric` has no argument `label_smoothing`"],
        ),
        (
            labels("loss: {binary_cross_entropy: {pos_weight: [1, 2]}}"),
            &[
                "E013 `{binary_cross_entropy: {pos_weight: [1, 2]}}`: `pos_weight` has 2 weights, but the network tells 10 classes \
               apart | write one for each",
            ],
        ),
        (
            numbers("loss: cross_entropy"),
            &[
                "E013 `cross_entropy`: `cross_entropy` is a loss for one class an image or one class a pixel, and `task: regression` has numbers | \
               write `loss: mse`",
            ],
        ),
        (
            labels("loss: l1"),
            &[
                "E013 `l1`: `l1` is a loss for numbers, and `task: multilabel` has any number of labels an image | write `task: \
               regression` under `data:`, or `loss: binary_cross_entropy`",
            ],
        ),
        (numbers("mix: [mixup, cutmix]"), &["E013 `[mixup, cutmix]`: `cutmix` pastes a part of another image"]),
        (numbers("loss: huber delta=0"), &["E013 `0`: `delta` must be above 0"]),
        (
            numbers("loss: mse label_smoothing=0.1"),
            &["E011 `label_smoothing`: `mse` has no argument `label_smoothing`"],
        ),
        (
            numbers("best_by: accuracy"),
            &["E013 `accuracy`: `accuracy` is not measured with `task: regression` | there are loss, mae, r2"],
        ),
        (
            data("task: regression, label: [a, b], separator: ';'"),
            &["E013 `';'`: `separator` divides labels, and `task: regression` has numbers"],
        ),
        (labels("loss: asymmetric clip=1"), &["E013 `1`: `clip` must be at least 0 and below 1"]),
        (labels("loss: asymmetric gamma_neg=-1"), &["E013 `-1`: `gamma_neg` must be 0 or more"]),
    ] {
        check_complaints(INPUT, &section, expected);
    }
}
