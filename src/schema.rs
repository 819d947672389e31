//! The JSON Schema of a file, made from [`language`]: who reads an argument says what it can be, so the schema cannot
//! say anything else. For editors that check YAML and TOML by a schema; the language server knows more.
//!
//! A schema sees keys and kinds of values. Of a line of notation it sees a text: what stands in it, and every size, is
//! for the compiler.

mod calls;
mod items;

use serde_json::{Map, Value, json};

use crate::diagnostic::Code;
use crate::elaborate::language::{self, Callable, Key, Takes};
use crate::layers::Layers;
use crate::manual;
use calls::{call, number};

/// Of the language with these layers.
pub fn schema(layers: &Layers) -> Value {
    let mut properties = Map::new();
    let expression = json!({"$ref": "#/$defs/expression"});
    let items = json!({"$ref": "#/$defs/items"});
    let warnings = Code::ALL.iter().map(|code| code.id()).filter(|id| id.starts_with('W'));
    let warning = json!({"enum": warnings.collect::<Vec<_>>()});
    for (key, value) in [
        ("name", json!({"type": ["string", "number", "boolean"]})),
        ("input", json!({"$ref": "#/$defs/shape"})),
        ("classes", expression.clone()),
        ("include", one_or_more(json!({"type": "string", "minLength": 1}))),
        ("let", json!({"type": "object", "additionalProperties": expression})),
        ("blocks", json!({"type": "object", "additionalProperties": items})),
        ("layers", items),
        ("init", json!({"type": "object", "additionalProperties": {"type": ["number", "string"]}})),
        ("data", section(language::data())),
        ("train", section(language::train())),
        ("allow", one_or_more(warning)),
    ] {
        properties.insert(key.to_string(), described(value, &[key]));
    }
    let presets = language::presets();
    for (name, keys) in &presets {
        properties.insert((*name).to_string(), described(preset(name, keys), &[name]));
    }
    let bodies: Vec<&str> = std::iter::once("layers").chain(presets.iter().map(|(name, _)| *name)).collect();
    let has = |key: &&str| json!({"required": [key]});
    let of_network = ["input", "classes", "init", "data", "train", "allow"];
    let describes = of_network.iter().chain(&bodies).map(has).collect::<Vec<_>>();
    let body = bodies.iter().map(has).collect::<Vec<_>>();
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "archc",
        "description": "A convolutional network, with its data and its recipe",
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
        // What does not describe a network defines blocks for files that do.
        "if": {"anyOf": describes},
        "then": {"required": ["input"], "oneOf": body},
        "else": {"anyOf": [{"required": ["blocks"]}, {"required": ["include"]}]},
        "$defs": items::definitions(layers),
    })
}

/// `value` with what the manual says of the key.
fn described(mut value: Value, path: &[&str]) -> Value {
    if let (Some(about), Some(object)) = (manual::about_key(path), value.as_object_mut()) {
        let row = about.trim().trim_matches('|').split(" | ").skip(1).map(str::trim).collect::<Vec<_>>().join(": ");
        let text = if about.starts_with('|') { row } else { paragraph(about) };
        object.insert("description".to_string(), text.into());
    }
    value
}

/// The first paragraph behind a heading.
fn paragraph(section: &str) -> String {
    let mut paragraphs = section.split("\n\n").map(str::trim);
    let first = paragraphs.find(|paragraph| !paragraph.starts_with(['#', '`', '|']) && !paragraph.is_empty());
    first.unwrap_or_default().replace('\n', " ")
}

fn one_or_more(one: Value) -> Value {
    let list = json!({"type": "array", "items": one});
    json!({"anyOf": [one, list]})
}

/// `data:` or `train:`, which may be left empty.
fn section(keys: Vec<Key>) -> Value {
    let mut value = mapping(&keys);
    value["type"] = json!(["object", "null"]);
    value
}

fn preset(name: &str, keys: &[Key]) -> Value {
    let mut value = mapping(keys);
    for key in keys {
        let entry = value["properties"][key.name].take();
        value["properties"][key.name] = described(entry, &[name, key.name]);
    }
    value
}

fn mapping(keys: &[Key]) -> Value {
    let properties: Map<String, Value> = keys.iter().map(|key| (key.name.to_string(), takes(&key.takes))).collect();
    let required: Vec<&str> = keys.iter().filter(|key| key.is_required).map(|key| key.name).collect();
    json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false})
}

fn takes(what: &Takes) -> Value {
    match what {
        Takes::Anything => json!({}),
        Takes::Value(form) => number(form),
        Takes::Text => json!({"type": "string"}),
        Takes::Words(words) => json!({"enum": words}),
        Takes::Call(calls) => of_calls(calls),
        Takes::List(inner) => json!({"type": "array", "items": takes(inner)}),
        Takes::OneOrMore(inner) => one_or_more(takes(inner)),
        Takes::Mapping(inner) => json!({"type": "object", "additionalProperties": takes(inner)}),
        Takes::Either(ways) => json!({"anyOf": ways.iter().map(takes).collect::<Vec<_>>()}),
    }
}

/// A call as notation, or as a mapping of one key.
fn of_calls(calls: &[Callable]) -> Value {
    let properties: Map<String, Value> =
        calls.iter().map(|callee| (callee.name.to_string(), call(callee, false))).collect();
    let mapping = json!({
        "type": "object", "properties": properties, "additionalProperties": false, "minProperties": 1, "maxProperties": 1,
    });
    let names: Vec<&str> = calls.iter().map(|callee| callee.name).collect();
    let line = json!({"type": "string", "pattern": format!("^\\s*({})(\\s|$)", names.join("|"))});
    json!({"anyOf": [line, mapping]})
}
