//! What can stand under `layers:`.

use serde_json::{Map, Value, json};

use super::calls::call;
use crate::elaborate::language;
use crate::layers::Layers;
use crate::manual;
use crate::syntax::{MERGES, SHORTCUTS, STRUCTURES};

/// The parts that refer to each other.
pub fn definitions(layers: &Layers) -> Value {
    let expression = reference("expression");
    let items = reference("items");
    let sizes = json!({"type": "array", "minItems": 1, "maxItems": 3, "not": {"minItems": 2, "maxItems": 2}, "items": expression});
    let mut definitions = json!({
        "expression": {
            "description": "a number, true or false, an expression, or a list of them",
            "anyOf": [{"type": ["number", "string", "boolean"]}, {"type": "array", "items": expression}],
        },
        "shape": {"anyOf": [{"type": ["number", "string"]}, sizes]},
        "items": {
            "description": "a line of notation such as `conv 64 3x3 p1 -> relu`, a mapping, or a list of them",
            "anyOf": [{"type": "string", "minLength": 1}, {"type": "array", "items": items}, reference("item")],
        },
        "name": {"type": ["string", "number", "boolean"]},
        "item": item(),
        "residual": structure("residual", json!({
            "residual": items,
            "shortcut": {"anyOf": [{"enum": SHORTCUTS}, items]},
            "after": items,
        })),
        "branches": structure("branches", json!({
            "branches": {"type": "array", "minItems": 1, "items": items},
            "merge": {"enum": MERGES},
            "times": expression,
        })),
        "from": from(&items),
        "split": structure("split", json!({"split": {"anyOf": [
            {"type": "array", "minItems": 2, "items": {"type": "string"}},
            {"type": "object", "minProperties": 2, "additionalProperties": expression},
        ]}})),
        "expect": structure("expect", json!({"expect": reference("shape")})),
        "call": calls(layers),
    });
    for (owner, _) in STRUCTURES {
        let about = manual::about_layer(owner).map(super::paragraph).unwrap_or_default();
        definitions[owner]["description"] = about.into();
    }
    definitions
}

fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/$defs/{name}")})
}

/// A mapping is a structure if it has the key of one; else it calls or names.
fn item() -> Value {
    let otherwise = reference("call");
    let choose = |otherwise: Value, (owner, _): &(&str, &[&str])| json!({"if": {"required": [owner]}, "then": reference(owner), "else": otherwise});
    let mut chosen = STRUCTURES.iter().rev().fold(otherwise, choose);
    chosen["type"] = json!("object");
    chosen
}

/// A structure with these keys, and those that may stand beside all of them.
fn structure(owner: &str, mut properties: Value) -> Value {
    let beside = STRUCTURES.iter().find(|(known, _)| *known == owner).map_or(&[][..], |(_, beside)| beside);
    if beside.contains(&"name") {
        properties["name"] = reference("name");
    }
    json!({"properties": properties, "required": [owner], "additionalProperties": false})
}

/// Several values need a way to meet.
fn from(items: &Value) -> Value {
    let names = json!({"anyOf": [
        {"type": ["string", "number", "boolean"]},
        {"type": "array", "minItems": 1, "items": {"type": ["string", "number", "boolean"]}},
    ]});
    let mut value = structure("from", json!({"from": names, "merge": {"enum": MERGES}, "then": items}));
    value["if"] = json!({"properties": {"from": {"type": "array", "minItems": 2}}});
    value["then"] = json!({"required": ["merge"]});
    value
}

/// One layer, block or name, and perhaps a name beside it.
fn calls(layers: &Layers) -> Value {
    let mut properties = Map::new();
    properties.insert("name".to_string(), reference("name"));
    for callee in language::layers(layers) {
        let mut value = call(&callee, true);
        if let Some(about) = manual::about_layer(callee.name) {
            value["description"] =
                format!("{}\n\n{}", callee.usage.unwrap_or_default(), super::paragraph(about)).into();
        }
        properties.insert(callee.name.to_string(), value);
    }
    // Keys of structures belong beside them, and layers that merge are written `merge:`.
    let misplaced = STRUCTURES.iter().flat_map(|(_, beside)| beside.iter().copied()).filter(|key| *key != "name");
    let merging = layers.names().filter(|name| layers.find(name).is_some_and(|layer| !layer.is_callable()));
    let refused: Vec<&str> = misplaced.chain(merging).collect();
    json!({
        "properties": properties,
        "propertyNames": {"not": {"enum": refused}},
        "minProperties": 1,
        "oneOf": [
            {"maxProperties": 1, "not": {"required": ["name"]}},
            {"minProperties": 2, "maxProperties": 2, "required": ["name"]},
        ],
    })
}
