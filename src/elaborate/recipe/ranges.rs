//! Ranges of numbers in a recipe, with an error for what lies outside.

use crate::arguments::Arguments;
use crate::diagnostic::Diagnostic;

pub fn at_least_zero(arguments: &Arguments, key: &str, value: f64) -> Result<f64, Diagnostic> {
    in_range(arguments, key, value, value >= 0.0, "0 or more")
}

pub fn above_zero(arguments: &Arguments, key: &str, value: f64) -> Result<f64, Diagnostic> {
    in_range(arguments, key, value, value > 0.0, "above 0")
}

pub fn below_one(arguments: &Arguments, key: &str, value: f64) -> Result<f64, Diagnostic> {
    in_range(arguments, key, value, (0.0..1.0).contains(&value), "at least 0 and below 1")
}

/// `value`, or an error if it is not `inside` its range, which is `range` in words.
pub fn in_range(arguments: &Arguments, key: &str, value: f64, inside: bool, range: &str) -> Result<f64, Diagnostic> {
    match inside {
        true => Ok(value),
        false => Err(arguments.invalid(key, format!("`{key}` must be {range}")).label(format!("found `{value}`"))),
    }
}
