//! What `task: segment` asks of the network and of the other keys.

use super::said;
use crate::compile_source;
use crate::expand::{expand, portable};
use crate::recipe::{ClassWeights, CrossEntropy, Dice, Loss, Masks, Measure, Task};
use crate::syntax::Format;

/// Data of masks, and a recipe.
fn masks(data: &str, train: &str) -> String {
    format!("data: {{set: folder, path: photos, task: segment{data}}}\ntrain: {{{train}}}")
}

/// A network that gives as many maps as there are classes, each as large as the input.
fn pixels(layers: &str, rest: &str) -> String {
    format!("input: [3, 16, 12]\nlayers: [{layers}]\n{rest}")
}

#[test]
fn pixels_have_classes_and_losses() {
    let network = |rest: &str| {
        let text = pixels("conv 3 1x1", rest);
        let compiled = compile_source("net.yaml", &text, Format::Yaml, &[]);
        compiled.unwrap_or_else(|errors| panic!("{errors}")).network
    };
    let numbered = network(&masks("", "epochs: 2"));
    let data = numbered.data.clone().expect("it has data");
    assert_eq!((data.task, data.masks), (Task::Segment, Some(Masks::numbered(3))));
    let train = numbered.train.expect("it has a recipe");
    assert_eq!((train.loss, train.best_by), (Loss::CrossEntropy(CrossEntropy::default()), Measure::MeanIou));
    let options = CrossEntropy { label_smoothing: 0.1, class_weights: ClassWeights::Given(vec![1.0, 2.0, 0.5]) };
    for (text, expected) in [
        ("loss: dice", Loss::Dice(Dice::default())),
        ("loss: dice smooth=1", Loss::Dice(Dice { smooth: 1.0, cross_entropy: None })),
        ("loss: dice_ce", Loss::Dice(Dice { smooth: 0.0, cross_entropy: Some(CrossEntropy::default()) })),
        (
            "loss: {dice_ce: {smooth: 2, label_smoothing: 0.1, class_weights: [1, 2, 0.5]}}",
            Loss::Dice(Dice { smooth: 2.0, cross_entropy: Some(options.clone()) }),
        ),
        ("loss: {cross_entropy: {label_smoothing: 0.1, class_weights: [1, 2, 0.5]}}", Loss::CrossEntropy(options)),
    ] {
        let train = network(&masks("", text)).train.expect("it has a recipe");
        assert_eq!(train.loss, expected, "{text}");
        let again = network(&masks("", &format!("loss: '{}'", train.loss))).train.expect("it has a recipe");
        assert_eq!(again.loss, expected, "{}", train.loss);
    }
    let named = network(&masks(", classes: [sky, 'a: b', sea], ignore: 0", "mix: cutmix 1"));
    let data = named.data.clone().expect("it has data");
    for text in [expand(&named), portable(&named, &data)] {
        let again = compile_source("again.yaml", &text, Format::Yaml, &[]).unwrap_or_else(|errors| panic!("{errors}"));
        let classes = ["sky", "a: b", "sea"].map(str::to_owned).into();
        assert_eq!(again.network.data.expect("it has data").masks, Some(Masks { classes, ignore: 0 }), "{text}");
    }
}

#[test]
fn mistakes_about_pixels() {
    let sound = "conv 3 1x1";
    for (layers, rest, expected) in [
        (
            "conv 3 3x3 s2 p1",
            masks("", "epochs: 2"),
            "E031 `conv 3 3x3 s2 p1`: the network ends in 3×8×6, but `task: segment` needs a score for each class of every \
             pixel, 3×16×12 | this makes 3×8×6 | make it as large as the input: end with `conv CLASSES 1x1 -> upsample 2 bilinear`",
        ),
        (
            "flatten, linear 3",
            masks("", "epochs: 2"),
            "E031 `linear 3`: the network ends in 3, but `task: segment` needs a score for each class of every pixel, 3×16×12 | \
             this makes 3 | end with `conv CLASSES 1x1`, where the map is as large as the input, 16×12",
        ),
        ("conv 3 3x3", masks("", "epochs: 2"), "E031 `conv 3 3x3`: the network ends in 3×14×10, but"),
        (
            sound,
            masks(", classes: [a, b]", "epochs: 2"),
            "E040 `[a, b]`: `classes` of `data` names 2 classes, and the network tells 3",
        ),
        (sound, masks(", classes: [a, b, a]", "epochs: 2"), "E013 `a`: two classes are called the same"),
        (
            sound,
            masks(", classes: 3", "epochs: 2"),
            "E003 `3`: `classes` of `data` must be a list of names | write for example",
        ),
        (sound, masks(", ignore: -1", "epochs: 2"), "E013 `-1`: `ignore` of `data` must be a level of a mask"),
        ("conv 1 1x1", masks("", "epochs: 2"), "E040 `conv 1 1x1`: there is nothing to tell apart"),
        ("conv 300 1x1", masks("", "epochs: 2"), "E040 `conv 300 1x1`: masks have at most 255 classes"),
        (sound, masks("", "mix: mixup 0.2"), "E013 `mixup 0.2`: `mixup` lays two images over each other"),
        (
            sound,
            masks("", "loss: cross_entropy class_weights=auto"),
            "E013 `cross_entropy class_weights=auto`: `class_weights=auto` goes by how many images",
        ),
        (
            sound,
            masks("", "loss: dice class_weights=auto"),
            "E011 `class_weights`: `dice` has no argument `class_weights` | `dice` takes `smooth` | it is about the loss of each pixel",
        ),
        (sound, masks("", "loss: dice smooth=-1"), "E013 `-1`: `smooth` must be 0 or more"),
        (
            sound,
            masks("", "loss: mse"),
            "E013 `mse`: `mse` is a loss for numbers, and `task: segment` has one class a pixel | write `task: regression`",
        ),
        (
            sound,
            masks("", "sampler: balanced"),
            "E013 `balanced`: `balanced` draws images by their class, and `task: segment`",
        ),
        (
            sound,
            masks("", "best_by: accuracy"),
            "E013 `accuracy`: `accuracy` is not measured with `task: segment` | there are loss, mean_iou, pixel_accuracy",
        ),
        (
            sound,
            "data: {set: cifar10, task: segment}".to_owned(),
            "E040 `segment`: `task: segment` needs `set: folder` or `set: table` | write `set: folder`",
        ),
        (
            sound,
            "data: {set: table, file: a.csv, task: segment, label: [a, b]}".to_owned(),
            "E013 `[a, b]`: `task: segment` has one mask an image",
        ),
        (
            sound,
            "data: {set: table, file: a.csv, task: segment, separator: ';'}".to_owned(),
            "E013 `';'`: `separator` divides labels, and `task: segment` has masks",
        ),
        (
            "flatten, linear 3",
            "data: {set: folder, path: a, classes: [a, b]}".to_owned(),
            "E013 `[a, b]`: `classes` of `data` is about masks, and `task: class` has none",
        ),
        (
            "flatten, linear 3",
            "data: {set: folder, path: a}\ntrain: {loss: dice}".to_owned(),
            "E013 `dice`: `dice` is a loss for one class a pixel, and `task: class` has one class an image | write `task: segment`",
        ),
    ] {
        let text = pixels(layers, &rest);
        let found = said(&text);
        assert!(found.iter().any(|found| found.starts_with(expected)), "{text}:\n{found:#?}");
    }
}
