//! Calls in mapping form, and the values of their arguments.

use serde_json::{Map, Value, json};

use crate::arguments::{Form, Given, long_form};
use crate::elaborate::language::Callable;

/// The letters that stand for names.
const LETTERS: [&str; 4] = ["s", "p", "d", "g"];

/// What can stand under the name of `callee`: its arguments in a mapping, in a list, as notation, or a single one. In a
/// layer a word may be a name, in a recipe it is one of those that there are.
pub fn call(callee: &Callable, is_layer: bool) -> Value {
    let parameters = &callee.parameters;
    let mut properties = Map::new();
    for parameter in parameters {
        let value = if is_layer { number(&parameter.form) } else { chosen(&parameter.form) };
        properties.insert(parameter.name.to_string(), value);
    }
    for letter in LETTERS.iter().filter(|_| is_layer) {
        if let Some(parameter) = parameters.iter().find(|parameter| parameter.name == long_form(letter)) {
            properties.insert((*letter).to_string(), number(&parameter.form));
        }
    }
    let required: Vec<&str> = parameters
        .iter()
        .filter(|parameter| parameter.given == Given::Always)
        .map(|parameter| parameter.name)
        .collect();
    let mapping = json!({
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    });
    let mut ways = vec![mapping, json!({"type": "string"}), json!({"type": "array"})];
    match parameters.is_empty() {
        true => ways.push(json!({"type": "null"})),
        false if required.is_empty() => ways.push(json!({"type": ["null", "number", "boolean"]})),
        false => ways.push(json!({"type": ["number", "boolean"]})),
    }
    json!({"anyOf": ways})
}

/// A value in a recipe: a word is one of those that there are.
fn chosen(form: &Form) -> Value {
    match !form.is_number() && !form.list && !form.any_word && !form.truth {
        true => json!({"enum": form.words}),
        false => number(form),
    }
}

/// A value, or text that is an expression or a size.
pub fn number(form: &Form) -> Value {
    let mut ways = vec![json!({"type": "string"})];
    if form.is_number() {
        let kind = if form.fraction { "number" } else { "integer" };
        ways.push(match form.least {
            Some(..0) => json!({"type": kind}),
            Some(0) => json!({"type": kind, "minimum": 0}),
            // Half of one may do.
            _ if form.fraction => json!({"type": kind, "exclusiveMinimum": 0}),
            _ => json!({"type": kind, "minimum": 1}),
        });
    }
    if form.truth {
        ways.push(json!({"type": "boolean"}));
    }
    if form.list {
        ways.push(json!({"type": "array"}));
    }
    json!({"anyOf": ways, "description": form.expected})
}
