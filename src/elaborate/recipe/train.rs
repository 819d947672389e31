//! `train:`

use super::losses::{self, LOSSES};
use super::named::{self, Registry};
use super::optimizers::OPTIMIZERS;
use super::patterns::{self, Names, is_any_learning};
use super::ranges::above_zero;
use super::schedules::{SCHEDULES, margin};
use super::tasks;
use super::transforms::Channels;
use crate::arguments::{Arguments, Form, FromValue, Positive, Value};
use crate::diagnostic::{Code, Diagnostic, SourceId, Span, Spanned};
use crate::elaborate::language::{Key, Takes};
use crate::elaborate::scope::{Effort, Scope};
use crate::elaborate::settings::Settings;
use crate::graph::Graph;
use crate::recipe::{Better, ClassWeights, Clip, EarlyStopping, Every, Margin, Measure, Sampler, Task, Train};
use crate::syntax::ast::{Section, Setting};

const CLIPS: Registry<Clip> = Registry {
    what: "bound on gradients",
    example: "norm 1.0",
    tables: &[&[
        ("norm", |arguments| bound(arguments, "norm").map(Clip::Norm)),
        ("value", |arguments| bound(arguments, "value").map(Clip::Value)),
    ]],
    aliases: &[],
};

const SAMPLERS: Registry<Sampler> = Registry {
    what: "sampler",
    example: "balanced",
    tables: &[&[
        ("shuffle", |_| Ok(Sampler::Shuffle)),
        ("balanced", |_| Ok(Sampler::Balanced)),
        ("weighted", weighted),
    ]],
    aliases: &[],
};

const INTERVALS: Registry<Every> = Registry {
    what: "interval",
    example: "steps 500",
    tables: &[&[
        ("epochs", |arguments| arguments.required("count").map(|Positive(count)| Every::Epochs(count))),
        ("steps", |arguments| arguments.required("count").map(|Positive(count)| Every::Steps(count))),
    ]],
    aliases: &[],
};

const STOPPINGS: Registry<Patience> = Registry {
    what: "rule for early stopping",
    example: "patience 10",
    tables: &[&[("patience", patience)]],
    aliases: &[],
};

/// The section; what it leaves out is as in [`Train::of`] the task. `classes` are those that the network tells apart,
/// `graph` its layers, and `task` what it is to learn, if known.
pub fn read(
    section: &Section,
    scope: &Scope,
    classes: Option<usize>,
    graph: Option<&Graph>,
    task: Option<Task>,
    problems: &mut Vec<Diagnostic>,
) -> Option<Train> {
    let before = problems.len();
    let mut settings = Settings::new("train", section, scope);
    let (train, schedule) = entries(&mut settings, section, scope, Network { classes, graph, task }, problems);
    if let Some(task) = task.filter(|_| problems.len() == before) {
        tasks::check(section, &train, task, problems);
    }
    let errors = settings.finish().err().unwrap_or_default();
    problems.extend(errors.into_iter().map(|error| point_to_its_place(error, section)));
    if problems.len() > before {
        return None;
    }
    problems.extend(schedule.and_then(|setting| never_begins(&train, setting.span)));
    Some(train)
}

/// The keys of the section.
pub fn keys() -> Vec<Key> {
    let effort = Effort::default();
    let scope = Scope::root(&[], &effort);
    let section = Section { span: Span::new(SourceId(0), 0..0), entries: Vec::new() };
    Settings::taken_by("train", |settings| {
        entries(settings, &section, &scope, Network::default(), &mut Vec::new());
    })
}

/// What the entries say, and where the schedule stands.
fn entries<'a>(
    settings: &mut Settings<'a>,
    section: &Section,
    scope: &Scope,
    network: Network,
    problems: &mut Vec<Diagnostic>,
) -> (Train, Option<&'a Spanned<Setting>>) {
    let Network { classes, graph, task } = network;
    let mut train = Train::of(task.unwrap_or_default());
    if let Some(Positive(epochs)) = value(settings, "epochs") {
        train.epochs = epochs;
    }
    if let Some(Positive(batch)) = value(settings, "batch") {
        train.batch = batch;
    }
    if let Some(drop_last) = value(settings, "drop_last") {
        train.drop_last = drop_last;
    }
    if let Some(setting) = settings.take_as("sampler", || SAMPLERS.takes()) {
        train.sampler = named::read(setting, &SAMPLERS, scope, problems).unwrap_or(train.sampler);
        // Where images have no class, there is more to say than how many weights there should be.
        if let Sampler::Weighted(weights) = &train.sampler
            && task.is_none_or(|task| task == Task::Class)
        {
            losses::check_classes("weighted", weights, setting, classes, problems);
        }
    }
    if let Some(Positive(accumulate)) = value(settings, "accumulate") {
        train.accumulate = accumulate;
    }
    if let Some(setting) = settings.take_as("optimizer", || OPTIMIZERS.takes()) {
        train.optimizer = named::read(setting, &OPTIMIZERS, scope, problems).unwrap_or(train.optimizer);
    }
    let schedule = settings.take_as("schedule", || SCHEDULES.takes());
    if let Some(setting) = schedule {
        train.schedule = named::read(setting, &SCHEDULES, scope, problems).unwrap_or(train.schedule);
    }
    if let Some(setting) = settings.take_as("loss", || LOSSES.takes()) {
        let before = problems.len();
        train.loss = named::read(setting, &LOSSES, scope, problems).unwrap_or(train.loss);
        tasks::say_why(&mut problems[before..]);
        if let Some((key, ClassWeights::Given(weights))) = train.loss.weights() {
            losses::check_classes(key, weights, setting, classes, problems);
        }
    }
    if let Some(setting) = settings.take_as("mix", losses::takes_mixes) {
        train.mix = losses::mixes(setting, scope, problems);
    }
    if let Some(setting) = settings.take_as("clip", || CLIPS.takes()) {
        train.clip = named::read(setting, &CLIPS, scope, problems);
    }
    train.ema = value(settings, "ema").map(|Decay(decay)| decay);
    train.validate_every = match settings.take_as("validate_every", takes_interval) {
        Some(Spanned { value: Setting::Int(_), .. }) => {
            value(settings, "validate_every").map_or(train.validate_every, |Positive(count)| Every::Epochs(count))
        }
        Some(setting) => named::read(setting, &INTERVALS, scope, problems).unwrap_or(train.validate_every),
        None => train.validate_every,
    };
    if let Some(best_by) = value(settings, "best_by") {
        train.best_by = best_by;
    }
    if let Some(setting) = settings.take_as("early_stopping", || STOPPINGS.takes()) {
        let rule = named::read(setting, &STOPPINGS, scope, problems);
        train.early_stopping = rule.map(|rule| rule.of(task.unwrap_or_default()));
    }
    let [freeze, replace] = ["freeze", "replace"].map(|key| patterns::read(settings, key));
    if let Some(graph) = graph {
        // Most files have no patterns, and large networks many names.
        let names = (!freeze.is_empty() || !replace.is_empty()).then(|| Names::new(graph));
        for (key, patterns) in [("freeze", &freeze), ("replace", &replace)] {
            let idle = names.iter().flat_map(|names| names.idle(patterns, key));
            idle.for_each(|error| settings.report(error));
        }
        let place = section.entries.first().map_or(section.span, |(key, _)| key.span);
        let are_all_frozen = names.is_some_and(|names| names.are_all_frozen(&freeze));
        let frozen = section.entry("freeze").filter(|_| are_all_frozen);
        let reason = match frozen {
            Some((key, _)) => Some((key.span, "every weight of the network is frozen")),
            None if is_any_learning(graph) => None,
            None => Some((place, "no layer of the network has weights that learn")),
        };
        if let Some((place, reason)) = reason {
            settings.report(Diagnostic::error(Code::InvalidArgument, place, "there is nothing to learn").label(reason));
        }
    }
    [train.freeze, train.replace] =
        [freeze, replace].map(|patterns| patterns.into_iter().map(|pattern| pattern.value).collect());
    train.rename = patterns::renames(settings);
    train.adapt_input = value(settings, "adapt").is_some_and(|Adapt| true);
    if let Some(Seed(seed)) = value(settings, "seed") {
        train.seed = seed;
    }
    train.checkpoint_every = value(settings, "checkpoint_every").map(|Positive(every)| every);
    (train, schedule)
}

fn takes_interval() -> Takes {
    Takes::Either(vec![Takes::Value(Form::of::<Positive>()), INTERVALS.takes()])
}

/// Drawing needs something that is drawn at all.
fn weighted(arguments: &mut Arguments) -> Result<Sampler, Diagnostic> {
    let Channels(weights) = arguments.required("weights")?;
    if let Some((class, weight)) = weights.iter().enumerate().find(|(_, weight)| **weight < 0.0) {
        let error = arguments.invalid("weights", "the weight of a class must be 0 or more");
        return Err(error.label(format!("class {class} has `{weight}`")));
    }
    if weights.iter().all(|weight| *weight == 0.0) {
        return Err(arguments.invalid("weights", "some class must have a weight above 0"));
    }
    Ok(Sampler::Weighted(weights))
}

fn bound(arguments: &mut Arguments, key: &'static str) -> Result<f64, Diagnostic> {
    let most = arguments.required(key)?;
    above_zero(arguments, key, most)
}

/// What is known of the network that is trained.
#[derive(Default)]
struct Network<'a> {
    classes: Option<usize>,
    graph: Option<&'a Graph>,
    task: Option<Task>,
}

/// When to stop, where it may be left open what should get better.
struct Patience {
    by: Option<Measure>,
    margin: Margin,
    patience: usize,
}

impl Patience {
    /// Unless `best_by` says otherwise, a run keeps the weights that are best by the task's measure, so that is what it
    /// stops by.
    fn of(self, task: Task) -> EarlyStopping {
        let Patience { by, margin, patience } = self;
        EarlyStopping { better: Better { by: by.unwrap_or(task.best_by()), margin }, patience }
    }
}

fn patience(arguments: &mut Arguments) -> Result<Patience, Diagnostic> {
    let Positive(patience) = arguments.required("validations")?;
    Ok(Patience { by: arguments.optional("by")?, margin: margin(arguments, 0.0)?, patience })
}

fn value<T: FromValue>(settings: &mut Settings, key: &'static str) -> Option<T> {
    settings.optional(key).map(|found| found.value)
}

/// A warm-up may take all epochs, but that is rarely meant.
fn never_begins(train: &Train, schedule: Span) -> Option<Diagnostic> {
    let (warmup, epochs) = (train.schedule.warmup.epochs, train.epochs);
    (warmup >= epochs as f64).then(|| {
        let message = "the schedule never begins";
        let warning = Diagnostic::warning(Code::Unused, schedule, message);
        warning
            .label(format!("{warmup} epochs of warm-up of {epochs} in all"))
            .help("train longer, or warm up for less")
    })
}

/// Says where a learning rate goes to whoever writes `lr: 0.1` under `train:`, and so on.
fn point_to_its_place(error: Diagnostic, section: &Section) -> Diagnostic {
    let key = section.entries.iter().map(|(key, _)| key).find(|key| key.span == error.primary.span);
    let Some(key) = key.filter(|_| error.code == Code::UnknownKey) else { return error };
    match key.value.as_str() {
        "lr" | "learning_rate" | "momentum" | "weight_decay" | "nesterov" | "no_bias_decay" => {
            error.help("it belongs to the optimizer: `optimizer: sgd lr=0.1 momentum=0.9 weight_decay=5e-4 nesterov`")
        }
        "warmup" | "gamma" => error.help("it belongs to the schedule: `schedule: step 30 gamma=0.1 warmup=5`"),
        "label_smoothing" | "class_weights" => {
            error.help("it belongs to the loss: `loss: cross_entropy label_smoothing=0.1`")
        }
        "mixup" | "cutmix" => error.help("it is a way to mix: `mix: mixup 0.2`, or `mix: [mixup 0.2, cutmix 1]`"),
        "patience" => error.help("write `early_stopping: patience 10`"),
        _ => error,
    }
}

/// How much of a moving average stays at each step.
struct Decay(f64);

impl FromValue for Decay {
    const EXPECTED: &'static str = "a decay above 0 and below 1, such as 0.999";
    fn from_value(value: &Value) -> Option<Decay> {
        f64::from_value(value).filter(|decay| *decay > 0.0 && *decay < 1.0).map(Decay)
    }
}

/// What weights of another network are adapted to.
struct Adapt;

impl FromValue for Adapt {
    const EXPECTED: &'static str = "`input`";
    const WORD: bool = true;
    fn from_value(value: &Value) -> Option<Adapt> {
        matches!(value, Value::Word(word) if word == "input").then_some(Adapt)
    }
}

/// Any number that a run can be repeated from.
struct Seed(u64);

impl FromValue for Seed {
    const EXPECTED: &'static str = "a whole number, zero or more";
    fn from_value(value: &Value) -> Option<Seed> {
        match value {
            Value::Int(value) => u64::try_from(*value).ok().map(Seed),
            Value::Float(value) if value.fract() == 0.0 && (0.0..9e15).contains(value) => Some(Seed(*value as u64)),
            _ => None,
        }
    }
}
