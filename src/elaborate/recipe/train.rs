//! `train:`, with its schedules.

use super::named::{self, Kind};
use super::optimizers::OPTIMIZERS;
use super::ranges::{above_zero, at_least_zero};
use crate::arguments::{Arguments, FromValue, Positive, Value};
use crate::diagnostic::{Code, Diagnostic};
use crate::elaborate::scope::Scope;
use crate::elaborate::settings::Settings;
use crate::recipe::{Schedule, Train};
use crate::syntax::ast::Section;

const SCHEDULES: Kind<Schedule> = Kind {
    what: "schedule",
    example: "step 30 gamma=0.1",
    table: &[("constant", constant), ("step", step), ("multistep", multistep), ("cosine", cosine)],
};

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
    if let Some(setting) = settings.take("schedule") {
        train.schedule = named::read(setting, &SCHEDULES, scope, problems).unwrap_or(train.schedule);
    }
    if let Some(Seed(seed)) = value(&mut settings, "seed") {
        train.seed = seed;
    }
    train.checkpoint_every = value(&mut settings, "checkpoint_every").map(|Positive(every)| every);
    let errors = settings.finish().err().unwrap_or_default();
    problems.extend(errors.into_iter().map(|error| point_to_optimizer(error, section)));
    (problems.len() == before).then_some(train)
}

fn value<T: FromValue>(settings: &mut Settings, key: &'static str) -> Option<T> {
    settings.optional(key).map(|found| found.value)
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

/// Epochs as a list, in mapping form.
struct Milestones(Vec<usize>);

impl FromValue for Milestones {
    const EXPECTED: &'static str = "a list of whole numbers, one or more each";
    fn from_value(value: &Value) -> Option<Milestones> {
        let Value::List(epochs) = value else { return None };
        let epochs = epochs.iter().map(|epoch| Positive::from_value(&epoch.value).map(|Positive(epoch)| epoch));
        epochs.collect::<Option<_>>().map(Milestones)
    }
}

fn constant(_: &mut Arguments) -> Result<Schedule, Diagnostic> {
    Ok(Schedule::Constant)
}

fn step(arguments: &mut Arguments) -> Result<Schedule, Diagnostic> {
    let Positive(every) = arguments.required("every")?;
    Ok(Schedule::Step { every, gamma: gamma(arguments)? })
}

fn multistep(arguments: &mut Arguments) -> Result<Schedule, Diagnostic> {
    let milestones = match arguments.optional("milestones")? {
        Some(Milestones(epochs)) => epochs,
        None => arguments.rest("milestones")?.into_iter().map(|Positive(epoch)| epoch).collect(),
    };
    if milestones.is_empty() {
        let callee = arguments.callee();
        let error =
            Diagnostic::error(Code::MissingArgument, callee.span, "`multistep` needs the epochs after which to reduce");
        return Err(error.help("write for example `multistep 50 100 gamma=0.1`"));
    }
    if let Some(pair) = milestones.windows(2).find(|pair| pair[0] >= pair[1]) {
        let message = "the epochs of `multistep` must ascend";
        return Err(arguments.invalid("milestones", message).label(format!("{} comes after {}", pair[1], pair[0])));
    }
    Ok(Schedule::MultiStep { milestones, gamma: gamma(arguments)? })
}

fn cosine(arguments: &mut Arguments) -> Result<Schedule, Diagnostic> {
    let min = arguments.optional("min")?.unwrap_or(0.0);
    at_least_zero(arguments, "min", min)?;
    Ok(Schedule::Cosine { min })
}

/// PyTorch's factor is 0.1 if there is none.
fn gamma(arguments: &mut Arguments) -> Result<f64, Diagnostic> {
    let gamma = arguments.optional("gamma")?.unwrap_or(0.1);
    above_zero(arguments, "gamma", gamma)
}
