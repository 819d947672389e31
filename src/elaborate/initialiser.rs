//! Calls of initialisers: `kaiming_normal fan_out`, `normal 0 0.01`.

use super::language::Callable;
use crate::aliases;
use crate::arguments::Arguments;
use crate::diagnostic::{Code, Diagnostic};
use crate::ir::{Fan, Init};

/// Names of the initialisers in the language.
const NAMES: [&str; 9] = [
    "constant",
    "uniform",
    "normal",
    "truncated_normal",
    "kaiming_uniform",
    "kaiming_normal",
    "xavier_uniform",
    "xavier_normal",
    "default",
];

/// Reads `kaiming_normal fan_out`, `normal 0 0.01`, `uniform 0.1`, `constant 1`. `Ok(None)` for `default`.
pub fn parse(mut arguments: Arguments) -> Result<Option<Init>, Vec<Diagnostic>> {
    let init = read(&mut arguments).map_err(|error| vec![error])?;
    arguments.finish()?;
    Ok(init)
}

/// All of them, with what they take.
pub fn callables() -> Vec<Callable> {
    let callable = |name| Callable { name, parameters: Arguments::asked_by(name, read), usage: None };
    NAMES.into_iter().map(callable).collect()
}

fn read(arguments: &mut Arguments) -> Result<Option<Init>, Diagnostic> {
    let name = arguments.callee().clone();
    let init = match name.value.as_str() {
        "default" => return Ok(None),
        "constant" => Init::Constant(arguments.required("value")?),
        "uniform" => Init::Uniform { bound: arguments.required("bound")? },
        "normal" => {
            let (mean, std) = moments(arguments)?;
            Init::Normal { mean, std }
        }
        "truncated_normal" => {
            let (mean, std) = moments(arguments)?;
            Init::TruncatedNormal { mean, std }
        }
        "kaiming_uniform" => {
            let (fan, gain) = kaiming(arguments)?;
            Init::KaimingUniform { fan, gain }
        }
        "kaiming_normal" => {
            let (fan, gain) = kaiming(arguments)?;
            Init::KaimingNormal { fan, gain }
        }
        "xavier_uniform" => Init::XavierUniform,
        "xavier_normal" => Init::XavierNormal,
        other => {
            let error = Diagnostic::error(Code::UnknownName, name.span, format!("no initialiser is called `{other}`"));
            return Err(match aliases::find(other, aliases::INITIALISERS.iter(), |ours| NAMES.contains(&ours)) {
                Some(known) => known.advise(error, other),
                None => error.did_you_mean(other, NAMES, || format!("the initialisers are {}", NAMES.join(", "))),
            });
        }
    };
    let spread = match init {
        Init::Normal { std, .. } | Init::TruncatedNormal { std, .. } => std,
        Init::Uniform { bound } => bound,
        _ => 0.0,
    };
    if spread < 0.0 {
        let key = if matches!(init, Init::Uniform { .. }) { "bound" } else { "std" };
        return Err(arguments.invalid(key, format!("`{key}` must not be negative")).label(format!("found `{spread}`")));
    }
    Ok(Some(init))
}

/// Mean and standard deviation: `0 0.01`, or `std=0.01` around 0.
fn moments(arguments: &mut Arguments) -> Result<(f64, f64), Diagnostic> {
    match arguments.optional("std")? {
        Some(std) => Ok((arguments.positional("mean")?.unwrap_or(0.0), std)),
        None => Ok((arguments.required("mean")?, arguments.required("std")?)),
    }
}

/// `fan_in` (the default) or `fan_out`, and the gain: √2, ReLU's, unless `gain=` says otherwise.
fn kaiming(arguments: &mut Arguments) -> Result<(Fan, f64), Diagnostic> {
    let out = arguments.flag("fan_out")?;
    let r#in = arguments.flag("fan_in")?;
    if out && r#in {
        return Err(arguments.invalid("fan_in", "an initialiser has one fan: `fan_in` or `fan_out`"));
    }
    let gain = arguments.optional("gain")?.unwrap_or(std::f64::consts::SQRT_2);
    Ok((if out { Fan::Out } else { Fan::In }, gain))
}
