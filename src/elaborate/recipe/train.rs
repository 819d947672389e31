//! `train:`

use super::named;
use super::optimizers::OPTIMIZERS;
use super::schedules::SCHEDULES;
use crate::arguments::{FromValue, Positive, Value};
use crate::diagnostic::{Code, Diagnostic, Span};
use crate::elaborate::scope::Scope;
use crate::elaborate::settings::Settings;
use crate::recipe::Train;
use crate::syntax::ast::Section;

/// The section; what it leaves out is as in [`Train::default`].
pub fn read(section: &Section, scope: &Scope, problems: &mut Vec<Diagnostic>) -> Option<Train> {
    let before = problems.len();
    let mut settings = Settings::new("train", section, scope);
    let mut train = Train::default();
    if let Some(Positive(epochs)) = value(&mut settings, "epochs") {
        train.epochs = epochs;
    }
    if let Some(Positive(batch)) = value(&mut settings, "batch") {
        train.batch = batch;
    }
    if let Some(drop_last) = value(&mut settings, "drop_last") {
        train.drop_last = drop_last;
    }
    if let Some(setting) = settings.take("optimizer") {
        train.optimizer = named::read(setting, &OPTIMIZERS, scope, problems).unwrap_or(train.optimizer);
    }
    let schedule = settings.take("schedule");
    if let Some(setting) = schedule {
        train.schedule = named::read(setting, &SCHEDULES, scope, problems).unwrap_or(train.schedule);
    }
    if let Some(Seed(seed)) = value(&mut settings, "seed") {
        train.seed = seed;
    }
    train.checkpoint_every = value(&mut settings, "checkpoint_every").map(|Positive(every)| every);
    let errors = settings.finish().err().unwrap_or_default();
    problems.extend(errors.into_iter().map(|error| point_to_optimizer(error, section)));
    if problems.len() > before {
        return None;
    }
    problems.extend(schedule.and_then(|setting| never_begins(&train, setting.span)));
    Some(train)
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
        warning.label(format!("{warmup} epochs of warm-up of {epochs} in all")).help("train longer, or warm up for less")
    })
}

/// Says where a learning rate goes to whoever writes `lr: 0.1` under `train:`.
fn point_to_optimizer(error: Diagnostic, section: &Section) -> Diagnostic {
    let key = section.entries.iter().map(|(key, _)| key).find(|key| key.span == error.primary.span);
    match key.map(|key| key.value.as_str()) {
        Some("lr" | "learning_rate" | "momentum" | "weight_decay" | "nesterov" | "no_bias_decay")
            if error.code == Code::UnknownKey =>
        {
            error.help("it belongs to the optimizer: `optimizer: sgd lr=0.1 momentum=0.9 weight_decay=5e-4 nesterov`")
        }
        _ => error,
    }
}

/// Any number that a run can be repeated from.
struct Seed(u64);

impl FromValue for Seed {
    const EXPECTED: &'static str = "a whole number, zero or more";
    fn from_value(value: &Value) -> Option<Seed> {
        match value {
            Value::Int(value) => u64::try_from(*value).ok().map(Seed),
            _ => None,
        }
    }
}
