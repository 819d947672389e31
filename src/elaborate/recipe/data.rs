//! `data:`, checked against what the network reads.

use super::masks;
use super::named;
use super::tables;
use super::transforms::{TRANSFORMS, spread, without_chance};
use crate::arguments::Positive;
use crate::diagnostic::{Code, Diagnostic, Span, Spanned};
use crate::elaborate::language::{Key, Takes};
use crate::elaborate::scope::{Effort, Scope};
use crate::elaborate::settings::{MOST_ENTRIES, Settings, too_long};
use crate::ir::{Pair, Shape};
use crate::recipe::{BadImages, Data, DataSet, Interval, MaxPixels, Obstacle, Task, Transform, way};
use crate::syntax::ast::{Document, Section, Setting};

/// What the data must fit to; `None` where an earlier error left it unknown.
pub struct Requirements<'a> {
    /// What the network reads.
    pub input: Option<Shape>,
    /// How many classes it tells apart, and where that stands.
    pub classes: Option<&'a Spanned<usize>>,
    /// Where the input was written.
    pub document: &'a Document,
}

/// Reads the section; `None` if there is an error in it.
pub fn read(section: &Section, scope: &Scope, target: &Requirements, problems: &mut Vec<Diagnostic>) -> Option<Data> {
    let mut settings = Settings::new("data", section, scope);
    let Entries { set, path, task, table, masks, bad_images, max_pixels, train, eval } =
        Entries::read(&mut settings, scope, target, problems);
    problems.extend(settings.finish().err().unwrap_or_default());

    let set = set?;
    let task = match task {
        Some(task) => task?,
        None => Spanned::new(Task::Class, set.span),
    };
    let table = table.table(&set, &task, problems);
    let masks = masks.masks(&task, target.classes, problems);
    check_classes(&set, target, problems);
    if let (DataSet::Digits, Some(path)) = (set.value, &path) {
        let message = "`path` has no effect: digits are part of the program";
        problems.push(Diagnostic::warning(Code::Unused, path.span, message));
    }
    let route = Route::new(&set, target, max_pixels);
    let train = train.unwrap_or(Some(Transforms { span: set.span, entries: Vec::new() }));
    let train_fits = train.as_ref().is_some_and(|train| Route::check(&route, train, problems));
    let eval = match eval {
        Some(eval) => {
            let eval = eval?;
            refuse_chance(&eval, problems);
            Route::check(&route, &eval, problems);
            eval.values()
        }
        None => {
            let train = train.as_ref()?;
            let derived = train.derived();
            if let Some(route) = route.filter(|_| train_fits) {
                route.check_derived(train, &derived, problems);
            }
            derived
        }
    };
    Some(Data {
        set: set.value,
        path: path.map(|path| path.value),
        task: task.value,
        table: table?,
        masks: masks?,
        train: train?.values(),
        eval,
        bad_images: bad_images.map_or(BadImages::Refuse, |policy| policy.value),
        max_pixels,
    })
}

/// The keys of the section.
pub fn keys() -> Vec<Key> {
    let effort = Effort::default();
    let scope = Scope::root(&[], &effort);
    let document = Document::empty();
    let target = Requirements { input: None, classes: None, document: &document };
    Settings::taken_by("data", |settings| drop(Entries::read(settings, &scope, &target, &mut Vec::new())))
}

/// What stands under each key; of what is wrong, nothing.
struct Entries {
    set: Option<Spanned<DataSet>>,
    path: Option<Spanned<String>>,
    /// Nothing inside if it is wrong.
    task: Option<Option<Spanned<Task>>>,
    table: tables::Entries,
    masks: masks::Entries,
    bad_images: Option<Spanned<BadImages>>,
    max_pixels: MaxPixels,
    train: Option<Option<Transforms>>,
    eval: Option<Option<Transforms>>,
}

impl Entries {
    fn read(settings: &mut Settings, scope: &Scope, target: &Requirements, problems: &mut Vec<Diagnostic>) -> Entries {
        let sets = DataSet::ALL.map(|set| (set.name(), set));
        let names = || Takes::Words(sets.iter().map(|(name, _)| *name).collect());
        let set = settings.required("set", names).and_then(|set| choice(set, "data set", &sets, problems));
        let path = settings.take_as("path", || Takes::Text).and_then(|path| text(path, "path", problems));
        let tasks = Task::ALL.map(|task| (task.name(), task));
        let names = || Takes::Words(tasks.iter().map(|(name, _)| *name).collect());
        let task = settings.take_as("task", names).map(|task| choice(task, "task", &tasks, problems));
        let table = tables::Entries::read(settings, problems);
        let masks = masks::Entries::read(settings, problems);
        let policies = [BadImages::Refuse, BadImages::Skip].map(|policy| (policy.name(), policy));
        let names = || Takes::Words(policies.iter().map(|(name, _)| *name).collect());
        let bad_images = settings.take_as("on_bad_image", names);
        let bad_images = bad_images.and_then(|bad| choice(bad, "policy for bad images", &policies, problems));
        let max_pixels = MaxPixels(settings.optional("max_pixels").map(|most: Spanned<Positive>| most.value.0));
        let channels = channels(target, problems);
        let transforms = || Takes::List(Box::new(TRANSFORMS.takes()));
        let mut list = |key: &'static str| {
            let list = settings.take_as(key, transforms);
            list.map(|list| Transforms::read(list, key, channels, scope, problems))
        };
        let (train, eval) = (list("train"), list("eval"));
        Entries { set, path, task, table, masks, bad_images, max_pixels, train, eval }
    }
}

/// A list of transforms as it was written.
struct Transforms {
    /// The whole list, or what stands for it.
    span: Span,
    entries: Vec<Spanned<Transform>>,
}

impl Transforms {
    /// `None` if something in the list is wrong, which is reported.
    fn read(
        setting: &Spanned<Setting>,
        key: &str,
        channels: Option<usize>,
        scope: &Scope,
        problems: &mut Vec<Diagnostic>,
    ) -> Option<Transforms> {
        let Setting::List(list) = &setting.value else {
            let error = Diagnostic::error(
                Code::WrongType,
                setting.span,
                format!("`{key}` of `data` must be a list of transforms"),
            );
            problems.push(error.help(format!("write for example `{key}: [crop 32 pad=4, hflip, normalize cifar10]`")));
            return None;
        };
        if list.len() > MOST_ENTRIES {
            problems.push(too_long(setting.span, list.len(), MOST_ENTRIES));
            return None;
        }
        let mut entries = Vec::new();
        for setting in list {
            let Some(transform) = named::read(setting, &TRANSFORMS, scope, problems) else { continue };
            let Some(channels) = channels else { continue };
            let name = transform.name();
            match spread(transform, channels) {
                Ok(transform) => entries.push(Spanned::new(transform, setting.span)),
                Err(count) => {
                    let message = format!("`{name}` and the network's input have different numbers of channels");
                    problems.push(Diagnostic::error(Code::DataMismatch, setting.span, message).label(count));
                }
            }
        }
        check_order(&entries, problems);
        warn_of_grey(&entries, channels, problems);
        (entries.len() == list.len()).then_some(Transforms { span: setting.span, entries })
    }

    fn values(&self) -> Vec<Transform> {
        self.entries.iter().map(|entry| entry.value.clone()).collect()
    }

    /// What evaluation does if the file does not say: all that is not random.
    fn derived(&self) -> Vec<Transform> {
        self.entries.iter().map(|entry| &entry.value).filter(|transform| !transform.is_random()).cloned().collect()
    }
}

/// From a set whose images have one size to the network's input.
struct Route<'a> {
    set: DataSet,
    from: Pair,
    to: Pair,
    max_pixels: MaxPixels,
    document: &'a Document,
}

impl<'a> Route<'a> {
    /// `None` if either end is unknown.
    fn new(set: &Spanned<DataSet>, target: &Requirements<'a>, max_pixels: MaxPixels) -> Option<Route<'a>> {
        let size = |shape: Shape| match shape {
            Shape::Map { height, width, .. } => Some(Pair { height, width }),
            Shape::Vector(_) => None,
        };
        let (from, to) = (size(set.value.image()?)?, size(target.input?)?);
        Some(Route { set: set.value, from, to, max_pixels, document: target.document })
    }

    /// Whether `list` ends in the network's size, as far as that can be known; if not, the problem is reported.
    fn check(route: &Option<Route>, list: &Transforms, problems: &mut Vec<Diagnostic>) -> bool {
        route.as_ref().and_then(|route| route.problem(list)).map(|problem| problems.push(problem)).is_none()
    }

    fn problem(&self, list: &Transforms) -> Option<Diagnostic> {
        let values = list.values();
        match way(&values, self.from, self.max_pixels) {
            Ok(_) if Transform::output_of_all(&values, self.from, self.max_pixels) == Some(self.to) => None,
            Ok(way) => {
                let Pair { height, width } = self.to;
                let advice = format!("end with `resize {height}x{width}`, or change `input`");
                Some(self.mismatch(list.span, &way).help(advice))
            }
            Err(Obstacle { index, way, arithmetic }) => {
                let entry = &list.entries[index];
                let message = format!("`{}` does not fit the images of {}: {way}", entry.value, self.set);
                Some(Diagnostic::error(Code::DataMismatch, entry.span, message).label(arithmetic))
            }
        }
    }

    /// As [`Route::check`] for what evaluation makes of `train`, which fits.
    fn check_derived(&self, train: &Transforms, derived: &[Transform], problems: &mut Vec<Diagnostic>) {
        if Transform::output_of_all(derived, self.from, self.max_pixels) == Some(self.to) {
            return;
        }
        let way = match way(derived, self.from, self.max_pixels) {
            Ok(way) => way,
            Err(Obstacle { way, arithmetic, .. }) => format!("{way}, and then {arithmetic}"),
        };
        let fixed: Vec<String> = without_chance(&train.values()).iter().map(Transform::to_string).collect();
        let error = self.mismatch(train.span, &format!("without the random ones: {way}"));
        problems.push(error.help(format!(
            "evaluation takes the entries of `train` that are not random; write its own: `eval: [{}]`",
            fixed.join(", ")
        )));
    }

    fn mismatch(&self, span: Span, way: &str) -> Diagnostic {
        let message = format!("the images of {} do not reach the network's size {}", self.set, self.to);
        let error = Diagnostic::error(Code::DataMismatch, span, message).label(way);
        error.other(self.document.input.span, "the network reads this")
    }
}

/// How many channels images are decoded to; `None` if no image has what the network reads, or that is unknown.
fn channels(target: &Requirements, problems: &mut Vec<Diagnostic>) -> Option<usize> {
    let span = target.document.input.span;
    let error = |message: String| Diagnostic::error(Code::DataMismatch, span, message);
    match target.input? {
        Shape::Map { channels: channels @ (1 | 3), .. } => return Some(channels),
        Shape::Map { channels, .. } => {
            problems.push(error(format!("images have 1 or 3 channels, but the network reads {channels}")));
        }
        Shape::Vector(features) => {
            let message = format!("images are C×H×W, but the network reads a vector of {features}");
            problems.push(error(message).help("write `input: [C, H, W]`, and begin with `flatten`"));
        }
    }
    None
}

/// Every label must have a class in the network.
fn check_classes(set: &Spanned<DataSet>, target: &Requirements, problems: &mut Vec<Diagnostic>) {
    let Some(Spanned { value: classes, span }) = target.classes else { return };
    let in_set = set.value.classes().len();
    if *classes < in_set {
        let message = format!("{} has {in_set} classes, but the network only distinguishes {classes}", set.value);
        let error = Diagnostic::error(Code::DataMismatch, set.span, message).label(format!("{in_set} classes"));
        problems.push(error.other(*span, format!("{classes} classes")));
    }
}

/// Colours are no colours any more once they are normalised.
fn check_order(entries: &[Spanned<Transform>], problems: &mut Vec<Diagnostic>) {
    let is_normalize = |entry: &&Spanned<Transform>| entry.value.name() == "normalize";
    let Some(first) = entries.iter().position(|entry| is_normalize(&entry)) else { return };
    for entry in entries[first..].iter().filter(|entry| entry.value.needs_colours()) {
        let name = entry.value.name();
        let message = format!("`{name}` works on colours from 0 to 1 and makes no sense after `normalize`");
        let error = Diagnostic::error(Code::InvalidArgument, entry.span, message);
        problems.push(error.other(entries[first].span, "normalised here").help(format!("put `{name}` first")));
    }
}

/// What makes colours out of colours leaves a single channel as it is.
fn warn_of_grey(entries: &[Spanned<Transform>], channels: Option<usize>, problems: &mut Vec<Diagnostic>) {
    for entry in entries.iter().filter(|_| channels == Some(1)) {
        let part = match &entry.value {
            Transform::Grayscale { .. } => "`grayscale`",
            Transform::ColorJitter { saturation, .. } if *saturation != Transform::ONE => "`saturation`",
            Transform::ColorJitter { hue, .. } if *hue != Transform::ZERO => "`hue`",
            _ => continue,
        };
        let message = format!("{part} has no effect on images of one channel");
        problems.push(Diagnostic::warning(Code::Unused, entry.span, message));
    }
}

/// Evaluation gives the same numbers each time.
fn refuse_chance(eval: &Transforms, problems: &mut Vec<Diagnostic>) {
    for entry in eval.entries.iter().filter(|entry| entry.value.is_random()) {
        let message = format!("`{}` is random and has no place in `eval`", entry.value);
        let error = Diagnostic::error(Code::InvalidArgument, entry.span, message);
        problems.push(match &entry.value {
            Transform::RandomCrop { .. } | Transform::ResizedCrop { .. } => {
                let fixed: Vec<String> =
                    without_chance(std::slice::from_ref(&entry.value)).iter().map(Transform::to_string).collect();
                error.help(format!("`{}` takes the window in the middle", fixed.join(", ")))
            }
            Transform::Grayscale { .. } => error.help("`grayscale` without a probability makes every image grey"),
            Transform::GaussianBlur { kernel, sigma } => {
                let fixed = Transform::GaussianBlur { kernel: *kernel, sigma: Interval::only(sigma.high) };
                error.help(format!("`{fixed}` blurs every image alike"))
            }
            _ => error,
        });
    }
}

/// One of several words. `what` is what the message says they are.
fn choice<T: Copy>(
    setting: &Spanned<Setting>,
    what: &str,
    choices: &[(&'static str, T)],
    problems: &mut Vec<Diagnostic>,
) -> Option<Spanned<T>> {
    let written = text(setting, what, problems)?;
    if let Some((_, value)) = choices.iter().find(|(name, _)| *name == written.value) {
        return Some(Spanned::new(*value, setting.span));
    }
    let names = || choices.iter().map(|(name, _)| *name);
    let error = Diagnostic::error(Code::UnknownName, setting.span, format!("no {what} is called `{}`", written.value));
    let list = || format!("there are {}", names().collect::<Vec<_>>().join(", "));
    problems.push(error.did_you_mean(&written.value, names(), list));
    None
}

/// Text as it stands there, no expression.
pub fn text(setting: &Spanned<Setting>, what: &str, problems: &mut Vec<Diagnostic>) -> Option<Spanned<String>> {
    match &setting.value {
        Setting::Text(text) => Some(Spanned::new(text.text.clone(), setting.span)),
        _ => {
            problems.push(Diagnostic::error(Code::WrongType, setting.span, format!("`{what}` must be text")));
            None
        }
    }
}
