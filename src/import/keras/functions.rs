//! Functions of `keras.ops` in a model: arithmetic of its values, and of values and numbers.

use super::model::{Data, Layer, Made, Reading};
use crate::diagnostic::{Code, Diagnostic};
use crate::import::json::Json;
use crate::import::net::Call;

impl Reading {
    /// What a function makes.
    pub fn function(&mut self, layer: &Layer<'_>, inputs: &[Data]) -> Made {
        let class = layer.class.value.as_str();
        let refused = || {
            let message = format!("`{}`: a function of Keras, `{class}`, is none of archc's layers", layer.name.value);
            Err(Diagnostic::error(Code::UnknownName, layer.class.span, message).into())
        };
        if inputs.len() == 2 {
            return match class {
                "Add" => self.merge(layer, inputs, "add"),
                "Subtract" => self.merge(layer, inputs, "sub"),
                "Multiply" => self.merge(layer, inputs, "mul"),
                "Maximum" => self.merge(layer, inputs, "max"),
                _ => refused(),
            };
        }
        let &[data] = inputs else { return refused() };
        // A value and a number, in either order.
        let number = match arguments(layer.json) {
            [first, second] => {
                second.number().map(|number| (number, false)).or(first.number().map(|number| (number, true)))
            }
            _ => None,
        };
        let Some((number, comes_first)) = number else { return refused() };
        let (factor, shift) = match (class, comes_first) {
            ("Add", _) => (1.0, number),
            ("Subtract", false) => (1.0, -number),
            ("Subtract", true) => (-1.0, number),
            ("Multiply", _) => (number, 0.0),
            ("Divide" | "TrueDivide", false) if number != 0.0 => (1.0 / number, 0.0),
            _ => return refused(),
        };
        self.element_wise(&self.full(layer), Call::rescaled(factor, shift, layer.class.span), data, false)
    }
}

/// What a function is called with.
pub fn arguments(json: &Json) -> &[Json] {
    let node = json.get("inbound_nodes").and_then(|nodes| nodes.list().first());
    node.and_then(|node| node.get("args")).map(Json::list).unwrap_or_default()
}
