//! The schedules of the language.

use super::named::Registry;
use super::ranges::{above_zero, at_least_zero, below_one, in_range};
use crate::aliases;
use crate::arguments::{Arguments, FromValue, Positive, Value};
use crate::diagnostic::{Code, Diagnostic, Span, Spanned};
use crate::recipe::{Better, Curve, LrSchedule, Margin, Measure, OneCycle, Per, Plateau, Warmup};

/// Every schedule.
pub const SCHEDULES: Registry<LrSchedule> = Registry {
    what: "schedule",
    example: "step 30 gamma=0.1",
    tables: &[&[
        ("constant", constant),
        ("step", step),
        ("multistep", multistep),
        ("exponential", exponential),
        ("cosine", cosine),
        ("polynomial", polynomial),
        ("inverse", inverse),
        ("onecycle", onecycle),
        ("plateau", plateau),
    ]],
    aliases: aliases::SCHEDULES,
};

fn constant(arguments: &mut Arguments) -> Result<LrSchedule, Diagnostic> {
    followed(arguments, Curve::Constant)
}

fn step(arguments: &mut Arguments) -> Result<LrSchedule, Diagnostic> {
    let Epochs(every) = arguments.required("every")?;
    let gamma = gamma(arguments)?;
    let schedule = followed(arguments, Curve::Step { every, gamma })?;
    check_whole(&schedule, "every", every, arguments.place("every"))?;
    Ok(schedule)
}

fn multistep(arguments: &mut Arguments) -> Result<LrSchedule, Diagnostic> {
    let milestones = match arguments.optional("milestones")? {
        Some(Milestones(epochs)) => epochs,
        None => arguments.rest("milestones")?,
    };
    if milestones.is_empty() {
        let callee = arguments.callee();
        let error =
            Diagnostic::error(Code::MissingArgument, callee.span, "`multistep` needs the epochs after which to reduce");
        return Err(error.help("write for example `multistep 50 100 gamma=0.1`"));
    }
    if let Some(pair) = milestones.windows(2).find(|pair| pair[0].value.0 >= pair[1].value.0) {
        let error = Diagnostic::error(Code::InvalidArgument, pair[1].span, "the epochs of `multistep` must ascend");
        return Err(error.label(format!("{} comes after {}", pair[1].value.0, pair[0].value.0)));
    }
    let gamma = gamma(arguments)?;
    let epochs = milestones.iter().map(|epoch| epoch.value.0).collect();
    let schedule = followed(arguments, Curve::MultiStep { milestones: epochs, gamma })?;
    milestones.iter().try_for_each(|epoch| check_whole(&schedule, "milestones", epoch.value.0, epoch.span))?;
    Ok(schedule)
}

fn exponential(arguments: &mut Arguments) -> Result<LrSchedule, Diagnostic> {
    let gamma = arguments.required("gamma")?;
    above_zero(arguments, "gamma", gamma)?;
    followed(arguments, Curve::Exponential { gamma })
}

fn cosine(arguments: &mut Arguments) -> Result<LrSchedule, Diagnostic> {
    let first: Option<Epochs> = arguments.optional("restart")?;
    let mult: Option<Positive> = arguments.optional("mult")?;
    let min = arguments.optional("min")?.unwrap_or(0.0);
    at_least_zero(arguments, "min", min)?;
    let Some(Epochs(first)) = first else {
        if mult.is_some() {
            let error = arguments.invalid("mult", "`mult` is how much longer each restart takes, and there is none");
            return Err(error.help("add `restart=10`, the epochs until the first"));
        }
        return followed(arguments, Curve::Cosine { min });
    };
    let schedule = followed(arguments, Curve::Restarts { first, mult: mult.map_or(1, |Positive(mult)| mult), min })?;
    check_whole(&schedule, "restart", first, arguments.place("restart"))?;
    Ok(schedule)
}

fn polynomial(arguments: &mut Arguments) -> Result<LrSchedule, Diagnostic> {
    let power = arguments.positional("power")?.unwrap_or(1.0);
    above_zero(arguments, "power", power)?;
    followed(arguments, Curve::Polynomial { power })
}

/// Caffe's `inv`.
fn inverse(arguments: &mut Arguments) -> Result<LrSchedule, Diagnostic> {
    let gamma = arguments.required("gamma")?;
    above_zero(arguments, "gamma", gamma)?;
    let power = arguments.optional("power")?.unwrap_or(1.0);
    above_zero(arguments, "power", power)?;
    followed(arguments, Curve::Inverse { gamma, power })
}

/// Defaults: PyTorch's.
fn onecycle(arguments: &mut Arguments) -> Result<LrSchedule, Diagnostic> {
    let cycle = OneCycle {
        rise: arguments.optional("rise")?.unwrap_or(0.3),
        div: arguments.optional("div")?.unwrap_or(25.0),
        final_div: arguments.optional("final_div")?.unwrap_or(1e4),
        linear: arguments.flag("linear")?,
        three_phase: arguments.flag("three_phase")?,
    };
    let (most, range) = if cycle.three_phase { (0.5, "between 0 and 0.5") } else { (1.0, "between 0 and 1") };
    in_range(arguments, "rise", cycle.rise, (0.0..=most).contains(&cycle.rise), range)?;
    above_zero(arguments, "div", cycle.div)?;
    above_zero(arguments, "final_div", cycle.final_div)?;
    followed(arguments, Curve::OneCycle(cycle))
}

/// Defaults: PyTorch's.
fn plateau(arguments: &mut Arguments) -> Result<LrSchedule, Diagnostic> {
    let factor = arguments.optional("factor")?.unwrap_or(0.1);
    below_one(arguments, "factor", factor)?;
    let patience = arguments.optional("patience")?.unwrap_or(10);
    let better = better(arguments, Measure::Loss, 1e-4)?;
    let cooldown = arguments.optional("cooldown")?.unwrap_or(0);
    let min = arguments.optional("min")?.unwrap_or(0.0);
    at_least_zero(arguments, "min", min)?;
    followed(arguments, Curve::Plateau(Plateau { better, factor, patience, cooldown, min }))
}

/// `by=loss threshold=1e-4 absolute`: when a validation is better than the best before it.
fn better(arguments: &mut Arguments, by: Measure, threshold: f64) -> Result<Better, Diagnostic> {
    let by = arguments.optional("by")?.unwrap_or(by);
    Ok(Better { by, margin: margin(arguments, threshold)? })
}

/// By how much it must be better.
pub fn margin(arguments: &mut Arguments, threshold: f64) -> Result<Margin, Diagnostic> {
    let threshold = arguments.optional("threshold")?.unwrap_or(threshold);
    at_least_zero(arguments, "threshold", threshold)?;
    Ok(if arguments.flag("absolute")? { Margin::Absolute(threshold) } else { Margin::Relative(threshold) })
}

/// What every schedule takes: how often the rate changes, and a warm-up.
fn followed(arguments: &mut Arguments, curve: Curve) -> Result<LrSchedule, Diagnostic> {
    let per = arguments.optional("per")?.unwrap_or(Per::Epoch);
    let epochs = arguments.optional("warmup")?.map_or(0.0, |Epochs(epochs)| epochs);
    let from: Option<f64> = arguments.optional("warmup_from")?;
    let power: Option<f64> = arguments.optional("warmup_power")?;
    if let Some(from) = from {
        in_range(arguments, "warmup_from", from, (0.0..=1.0).contains(&from), "between 0 and 1")?;
    }
    if let Some(power) = power {
        above_zero(arguments, "warmup_power", power)?;
    }
    for (key, is_given) in [("warmup_from", from.is_some()), ("warmup_power", power.is_some())] {
        if is_given && epochs == 0.0 {
            let error = arguments.invalid(key, format!("`{key}` needs a warm-up"));
            return Err(error.help("add `warmup=5`, the epochs that it takes"));
        }
    }
    let warmup = Warmup { epochs, from: from.unwrap_or(Warmup::NONE.from), power: power.unwrap_or(1.0) };
    let schedule = LrSchedule { curve, per, warmup };
    check_whole(&schedule, "warmup", epochs, arguments.place("warmup"))?;
    Ok(schedule)
}

/// From epoch to epoch, nothing can happen within one.
fn check_whole(schedule: &LrSchedule, key: &str, epochs: f64, place: Span) -> Result<(), Diagnostic> {
    if schedule.per == Per::Step || epochs.fract() == 0.0 {
        return Ok(());
    }
    let error = Diagnostic::error(Code::InvalidArgument, place, format!("`{key}` must be whole epochs"));
    Err(error.label(format!("found `{epochs}`")).help("with `per=step` the rate changes within epochs too"))
}

/// PyTorch's factor is 0.1 if there is none.
fn gamma(arguments: &mut Arguments) -> Result<f64, Diagnostic> {
    let gamma = arguments.optional("gamma")?.unwrap_or(0.1);
    above_zero(arguments, "gamma", gamma)
}

/// A length of time.
struct Epochs(f64);

impl FromValue for Epochs {
    const EXPECTED: &'static str = "a number of epochs above 0";
    fn from_value(value: &Value) -> Option<Epochs> {
        f64::from_value(value).filter(|epochs| *epochs > 0.0).map(Epochs)
    }
}

/// Epochs as a list, in mapping form.
struct Milestones(Vec<Spanned<Epochs>>);

impl FromValue for Milestones {
    const EXPECTED: &'static str = "a list of epochs, each above 0";
    fn from_value(value: &Value) -> Option<Milestones> {
        let Value::List(epochs) = value else { return None };
        let epochs = epochs.iter().map(|epoch| Some(Spanned::new(Epochs::from_value(&epoch.value)?, epoch.span)));
        epochs.collect::<Option<_>>().map(Milestones)
    }
}

impl FromValue for Per {
    const EXPECTED: &'static str = "`epoch` or `step`";
    const WORD: bool = true;
    fn from_value(value: &Value) -> Option<Per> {
        match String::from_value(value)?.as_str() {
            "epoch" => Some(Per::Epoch),
            "step" => Some(Per::Step),
            _ => None,
        }
    }
}

impl FromValue for Measure {
    const EXPECTED: &'static str =
        "`loss`, `accuracy`, `balanced_accuracy`, `macro_f1`, `auroc`, `ece`, `map`, `mae` or `r2`";
    const WORD: bool = true;
    fn from_value(value: &Value) -> Option<Measure> {
        Measure::of(&String::from_value(value)?)
    }
}
