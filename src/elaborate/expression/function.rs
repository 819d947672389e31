//! The functions that expressions can call.

use std::cmp::Ordering;

use super::{Evaluated, as_float, condition, evaluate, order, overflow};
use crate::arguments::Value;
use crate::diagnostic::{Code, Diagnostic, Span, Spanned};
use crate::elaborate::scope::Scope;
use crate::syntax::ast::Expr;

/// Each, with what it takes.
pub const FUNCTIONS: [(&str, &str); 8] = [
    ("min", "min(a, b, …)"),
    ("max", "max(a, b, …)"),
    ("ceil", "ceil(x)"),
    ("floor", "floor(x)"),
    ("round", "round(x)"),
    ("round_to", "round_to(x, divisor)"),
    ("len", "len(list)"),
    ("if", "if(condition, then, else)"),
];

/// The value of a call.
pub(super) fn call(function: &Spanned<String>, arguments: &[Spanned<Expr>], scope: &Scope, span: Span) -> Evaluated {
    let name = function.value.as_str();
    let Some((_, usage)) = FUNCTIONS.iter().find(|(known, _)| *known == name) else {
        let error = Diagnostic::error(Code::Expression, function.span, format!("no function is called `{name}`"));
        let list = || format!("there are {}", FUNCTIONS.map(|(_, usage)| usage).join(", "));
        return Err(error.did_you_mean(name, FUNCTIONS.map(|(known, _)| known), list));
    };
    let expected = match name {
        "min" | "max" => 1..=usize::MAX,
        "round_to" => 2..=2,
        "if" => 3..=3,
        _ => 1..=1,
    };
    if !expected.contains(&arguments.len()) {
        let error =
            Diagnostic::error(Code::Expression, span, format!("`{name}` does not take {} arguments", arguments.len()));
        return Err(error.help(format!("write `{usage}`")));
    }
    if name == "if" {
        return match condition(&arguments[0], scope)? {
            None => Ok(None),
            Some(true) => evaluate(&arguments[1], scope),
            Some(false) => evaluate(&arguments[2], scope),
        };
    }
    let mut values = Vec::with_capacity(arguments.len());
    for argument in arguments {
        let Some(value) = evaluate(argument, scope)? else { return Ok(None) };
        values.push(Spanned::new(value, argument.span));
    }
    if name == "len" {
        return match &values[0].value {
            Value::List(items) => Ok(Some(Value::Int(items.len() as i64))),
            other => {
                Err(Diagnostic::error(Code::Expression, values[0].span, format!("`{}` is no list", other.quoted())))
            }
        };
    }
    let numbers = values.iter().map(as_float).collect::<Result<Vec<f64>, _>>()?;
    let pick = |wanted: Ordering| {
        let mut best = &values[0];
        for value in &values[1..] {
            if order(value, best)? == wanted {
                best = value;
            }
        }
        Ok(best.value.clone())
    };
    let whole = |number: f64| if number.abs() < 9e15 { Ok(Value::Int(number as i64)) } else { Err(overflow(span)) };
    Ok(Some(match name {
        "min" => pick(Ordering::Less)?,
        "max" => pick(Ordering::Greater)?,
        "ceil" | "floor" | "round" if matches!(values[0].value, Value::Int(_)) => values[0].value.clone(),
        "ceil" => whole(numbers[0].ceil())?,
        "floor" => whole(numbers[0].floor())?,
        "round" => whole(numbers[0].round_ties_even())?,
        _ => {
            let (x, divisor) = (numbers[0], numbers[1]);
            if divisor < 1.0 || divisor.fract() != 0.0 {
                return Err(Diagnostic::error(
                    Code::Expression,
                    arguments[1].span,
                    "the divisor must be a whole number, one or more",
                ));
            }
            whole(round_to(x, divisor))?
        }
    }))
}

/// The multiple of `divisor` nearest to `x`, at least `divisor`, and never more than a tenth below `x`: how MobileNet
/// and its successors round widths (Sandler et al. 2018, reference code).
fn round_to(x: f64, divisor: f64) -> f64 {
    let nearest = (((x + divisor / 2.0) / divisor).floor() * divisor).max(divisor);
    if nearest < 0.9 * x { nearest + divisor } else { nearest }
}
