//! What a recipe may ask for depends on the task. Each mistake says what takes its place, or why nothing does.

use crate::diagnostic::{Code, Diagnostic, Span};
use crate::recipe::{ClassWeights, Curve, Loss, Measure, MixKind, Sampler, Task, Train};
use crate::syntax::ast::{Document, Section, Setting};

/// The task that a document tells, if its `data:` is there and not wrong about it.
pub fn told(document: &Document) -> Option<Task> {
    match document.data.as_ref()?.entry("task") {
        None => Some(Task::Class),
        Some((_, setting)) => match &setting.value {
            Setting::Text(text) => Task::ALL.into_iter().find(|task| task.name() == text.text),
            _ => None,
        },
    }
}

/// Adds what does not fit the task.
pub fn check(section: &Section, train: &Train, task: Task, problems: &mut Vec<Diagnostic>) {
    let place = |key: &str| section.entry(key).map_or(section.span, |(_, setting)| setting.span);
    if !train.loss.tasks().contains(&task) {
        problems.push(other_loss(&train.loss, task, place("loss")));
    }
    if task == Task::Segment {
        check_pixels(train, place, problems);
    }
    if train.sampler != Sampler::Shuffle && task != Task::Class {
        let message =
            format!("`{}` draws images by their class, and `task: {task}` has {}", sampler(train), task.of_image());
        let error = Diagnostic::error(Code::InvalidArgument, place("sampler"), message);
        problems.push(error.help(match task {
            Task::Class | Task::Regression | Task::Segment => "leave `sampler` out",
            Task::Multilabel => {
                "leave `sampler` out; so that rare labels matter more, write `loss: binary_cross_entropy pos_weight=auto`"
            }
        }));
    }
    if let (Loss::Asymmetric(_), [_, ..]) = (&train.loss, train.mix.as_slice()) {
        let message = "`asymmetric` cannot be used with `mix`: it treats labels that are there and labels that are not \
                       differently, and those of a mixed image are neither";
        let error = Diagnostic::error(Code::InvalidArgument, place("mix"), message);
        problems.push(
            error.other(place("loss"), "asked for here").help("write `loss: binary_cross_entropy`, or leave `mix` out"),
        );
    }
    if task == Task::Regression && train.mix.iter().any(|mix| mix.kind == MixKind::CutMix) {
        let message = "`cutmix` pastes a part of another image, and the numbers of such an image are not known";
        let error = Diagnostic::error(Code::InvalidArgument, place("mix"), message);
        problems.push(error.help("write `mix: mixup 0.2`, which mixes numbers as it mixes images, or leave it out"));
    }
    let plateau = match &train.schedule.curve {
        Curve::Plateau(plateau) => Some(plateau.better.by),
        _ => None,
    };
    let stopping = train.early_stopping.map(|rule| rule.better.by);
    for (key, measure) in [("best_by", Some(train.best_by)), ("early_stopping", stopping), ("schedule", plateau)] {
        if let Some(measure) = measure.filter(|measure| !task.measures().contains(measure)) {
            let message = format!("`{measure}` is not measured with `task: {task}`");
            let names: Vec<&str> = task.measures().iter().map(|measure: &Measure| measure.name()).collect();
            let error = Diagnostic::error(Code::InvalidArgument, place(key), message);
            problems.push(error.help(format!("there are {}", names.join(", "))));
        }
    }
}

/// Adds what does not fit where each pixel has a class.
fn check_pixels(train: &Train, place: impl Fn(&str) -> Span, problems: &mut Vec<Diagnostic>) {
    let error = |key: &str, message: &str| Diagnostic::error(Code::InvalidArgument, place(key), message);
    if train.mix.iter().any(|mix| mix.kind == MixKind::Mixup) {
        let message = "`mixup` lays two images over each other, and each pixel of a mask has one class";
        problems.push(
            error("mix", message).help("write `mix: cutmix 1`, which cuts masks as it cuts images, or leave it out"),
        );
    }
    if let Some((key, ClassWeights::Auto)) = train.loss.weights() {
        let message = format!("`{key}=auto` goes by how many images each class has, and here each pixel has a class");
        problems.push(
            error("loss", &message).help("write a list with a number for each class; `archc data stats` prints one"),
        );
    }
}

fn sampler(train: &Train) -> &'static str {
    match train.sampler {
        Sampler::Shuffle => "shuffle",
        Sampler::Balanced => "balanced",
        Sampler::Weighted(_) => "weighted",
    }
}

fn other_loss(loss: &Loss, task: Task, place: Span) -> Diagnostic {
    let name = loss.name();
    let message = format!("`{name}` is a loss for {}, and `task: {task}` has {}", loss.of_images(), task.of_image());
    let error = Diagnostic::error(Code::InvalidArgument, place, message);
    match loss.tasks() {
        [Task::Class, ..] => error.help(format!("write `loss: {}`", Loss::of(task).name())),
        own => error.help(format!("write `task: {}` under `data:`, or `loss: {}`", own[0], Loss::of(task).name())),
    }
}

/// Adds why a loss does not take what others do.
pub fn say_why(problems: &mut [Diagnostic]) {
    const ABSENT: &str = "`gamma_neg` and `clip` already make common absent labels matter less";
    const DICE: &str = "it is about the loss of each pixel, and `dice` compares whole masks; `dice_ce` takes it";
    const CLASSES: &str = "it is about classes, and numbers have none";
    let reasons = [
        (
            "binary_cross_entropy",
            "class_weights",
            "a label that is absent has a loss too: `pos_weight=auto`, or a list, weighs labels where they are present",
        ),
        ("asymmetric", "class_weights", ABSENT),
        ("asymmetric", "pos_weight", ABSENT),
        (
            "asymmetric",
            "label_smoothing",
            "it needs labels that are either present or absent; `binary_cross_entropy` takes it",
        ),
        ("l1", "class_weights", CLASSES),
        ("l1", "label_smoothing", CLASSES),
        ("mse", "class_weights", CLASSES),
        ("mse", "label_smoothing", CLASSES),
        ("huber", "class_weights", CLASSES),
        ("huber", "label_smoothing", CLASSES),
        ("dice", "class_weights", DICE),
        ("dice", "label_smoothing", DICE),
    ];
    for problem in problems.iter_mut().filter(|problem| problem.code == Code::UnknownArgument) {
        let says = |part: &str| problem.message.contains(&format!("`{part}`"));
        if let Some((.., why)) = reasons.iter().find(|(loss, argument, _)| says(loss) && says(argument)) {
            *problem = problem.clone().help(*why);
        }
    }
}
