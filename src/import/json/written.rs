//! JSON as a text that can be read.

use super::{Json, Value};

/// The value with a line for each entry of a mapping; numbers side by side.
pub fn pretty(json: &Json) -> String {
    let mut text = String::new();
    write(json, 0, &mut text);
    text.push('\n');
    text
}

fn write(json: &Json, depth: usize, text: &mut String) {
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    let line = |text: &mut String, depth: usize| {
        text.push('\n');
        text.extend(std::iter::repeat_n(' ', depth));
    };
    match &json.value {
        Value::Null => text.push_str("null"),
        Value::Bool(truth) => text.push_str(if *truth { "true" } else { "false" }),
        Value::Int(number) => text.push_str(&number.to_string()),
        Value::Float(number) if number.is_nan() => text.push_str("NaN"),
        Value::Float(number) if number.is_infinite() => {
            text.push_str(if *number > 0.0 { "Infinity" } else { "-Infinity" });
        }
        Value::Float(number) => text.push_str(&format!("{number:?}")),
        Value::Text(own) => text.push_str(&quoted(own)),
        Value::List(values) => {
            let is_flat = values.iter().all(|value| !matches!(value.value, Value::List(_) | Value::Map(_)));
            text.push('[');
            for (index, value) in values.iter().enumerate() {
                match (index, is_flat) {
                    (0, true) => {}
                    (_, true) => text.push_str(", "),
                    (_, false) => {
                        if index > 0 {
                            text.push(',');
                        }
                        line(text, depth + 1);
                    }
                }
                write(value, depth + 1, text);
            }
            if !is_flat {
                line(text, depth);
            }
            text.push(']');
        }
        Value::Map(entries) => {
            text.push('{');
            for (index, (key, value)) in entries.iter().enumerate() {
                if index > 0 {
                    text.push(',');
                }
                line(text, depth + 1);
                text.push_str(&quoted(&key.value));
                text.push_str(": ");
                write(value, depth + 1, text);
            }
            if !entries.is_empty() {
                line(text, depth);
            }
            text.push('}');
        }
    }
}
