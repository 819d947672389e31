//! The size of a map, in numbers or as that of an earlier one: `size=28x28`, `like=stem`.

use crate::arguments::{FromValue, Parameter, Value};

/// The argument that stands for `size`. Those who know the values put the size of the named one in its place before
/// the layer reads it.
pub(super) const LIKE: Parameter = Parameter::named::<Like>("like");

pub(super) struct Like;

impl FromValue for Like {
    const EXPECTED: &'static str = "the name of an earlier layer";
    const WORD: bool = true;
    fn from_value(value: &Value) -> Option<Like> {
        matches!(value, Value::Word(_)).then_some(Like)
    }
}
