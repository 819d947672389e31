//! Activations: layers of their own, or the argument `activation` of others.

use super::model::{Data, Layer, Made, Reading};
use super::named;
use crate::arguments::Value as Argument;
use crate::diagnostic::{Code, Diagnostic, Span, Spanned};
use crate::import::json::Json;
use crate::import::net::Call;

/// SELU is the second times ELU with the first as its α (Klambauer et al. 2017).
const SELU: [f64; 2] = [1.673_263_242_354_377_2, 1.050_700_987_355_480_5];

/// An activation by its name: `None` if it changes nothing, or why it is none of the language.
fn call(name: &str, span: Span) -> Result<Option<Call>, &'static str> {
    let plain = |kind| Ok(Some(Call::new(kind, span)));
    match name {
        "linear" => Ok(None),
        "relu" => plain("relu"),
        "relu6" => plain("relu6"),
        "sigmoid" => plain("sigmoid"),
        "tanh" => plain("tanh"),
        "elu" => plain("elu"),
        "gelu" => plain("gelu"),
        "silu" | "swish" => plain("silu"),
        "mish" => plain("mish"),
        "softplus" => plain("softplus"),
        "hard_sigmoid" => plain("hardsigmoid"),
        "hard_silu" | "hard_swish" => plain("hardswish"),
        "leaky_relu" => Ok(Some(Call::new("leaky_relu", span).at(Argument::Float(0.2), span))),
        "softmax" | "log_softmax" => plain("softmax"),
        _ => Err("is an activation that archc has not"),
    }
}

impl Reading {
    /// The activation that a layer applies to what it makes.
    pub fn activated(&mut self, layer: &Layer<'_>, data: Data) -> Made {
        let Some(json) = layer.get("activation") else { return Ok(data) };
        self.activation(layer, json, &named(&self.full(layer), "activation"), data)
    }

    pub fn activation(&mut self, layer: &Layer<'_>, json: &Json, name: &Spanned<String>, data: Data) -> Made {
        // A function is its name, or a mapping that holds it.
        let function = json.text().or_else(|| json.get("config")?.text()).or_else(|| json.get("class_name")?.text());
        let function = function.unwrap_or_default();
        if function == "selu" {
            let number = |kind, number| Call::new(kind, json.span).at(Argument::Float(number), json.span);
            let data = self.element_wise(&named(name, "elu"), number("elu", SELU[0]), data, false)?;
            return self.element_wise(name, number("mul", SELU[1]), data, false);
        }
        let call = call(function, json.span).map_err(|why| {
            let message = format!("`{function}` of `{}` {why}", layer.name.value);
            Diagnostic::error(Code::UnknownName, json.span, message)
        })?;
        match call {
            None => Ok(data),
            Some(call) => self.element_wise(name, call, data, function.ends_with("softmax")),
        }
    }

    /// A layer that leaves the axes as they are.
    pub fn element_wise(&mut self, name: &Spanned<String>, call: Call, data: Data, is_softmax: bool) -> Made {
        let value = self.add(name, call, vec![data.value])?;
        if is_softmax {
            self.softmaxes.push((value, data));
        }
        Ok(Data { value, ..data })
    }

    /// `ReLU` with its arguments.
    pub fn relu(&mut self, layer: &Layer<'_>, data: Data) -> Made {
        let slope = layer.number("negative_slope", 0.0);
        let threshold = layer.number("threshold", 0.0);
        let most = layer.get("max_value").and_then(Json::number);
        let span = layer.class.span;
        let call = match (slope.value, threshold.value, most) {
            (0.0, 0.0, None) => Call::new("relu", span),
            (0.0, 0.0, Some(6.0)) => Call::new("relu6", span),
            (slope, 0.0, None) => Call::new("leaky_relu", span).at(Argument::Float(slope), span),
            _ => {
                let message = format!("`{}` cuts or bends where archc's `relu` and `relu6` do not", layer.name.value);
                return Err(Diagnostic::error(Code::UnknownName, span, message).into());
            }
        };
        self.element_wise(&self.full(layer), call, data, false)
    }
}
