//! Where networks end: softmax, losses, and what makes vectors of maps.

use super::fields::Fields;
use super::lacking;
use super::reading::Reading;
use super::types::{Kind, Layer};
use crate::diagnostic::{Code, Diagnostic};
use crate::import::net::{Call, Value};
use crate::ir::Shape;

impl<'a> Reading<'a> {
    /// A softmax that nothing reads belongs to the loss, which takes scores.
    pub fn softmax_layer(&mut self, layer: &Layer<'a>, fields: &Fields<'a>, bottom: Value) -> Option<Value> {
        if let Some(message) = fields.message("softmax_param") {
            let own = fields.inside("`softmax_param`", message);
            own.ignore(&["engine"]);
            let axis = own.number("axis");
            self.only(axis, 1.0, "axis");
            own.finish();
        }
        fields.ignore(&["loss_weight"]);
        let made = self.net.layer(&layer.name, Call::new("softmax", layer.span), vec![bottom]);
        self.softmax(made, bottom);
        Some(made)
    }

    /// From the channels on to the end.
    pub fn flatten(&mut self, layer: &Layer<'a>, fields: &Fields<'a>, bottom: Value) -> Option<Value> {
        if let Some(message) = fields.message("flatten_param") {
            let own = fields.inside("`flatten_param`", message);
            let (axis, end) = (own.number("axis"), own.number("end_axis"));
            self.only(axis, 1.0, "axis");
            self.only(end, -1.0, "end_axis");
            own.finish();
        }
        if layer.kind == Kind::Reshape {
            let dims = fields.message("reshape_param").map(|message| {
                let own = fields.inside("`reshape_param`", message);
                let shape = own.message("shape").map(|shape| own.inside("a shape", shape).wholes("dim"));
                own.ignore(&["shape"]);
                let others = ["axis", "num_axes"].map(|key| own.whole(key));
                own.finish();
                let is_plain = others.iter().all(Option::is_none);
                (shape.unwrap_or_default(), is_plain)
            });
            let features = self.net.shape(bottom).map(Shape::elements);
            let is_flat = dims.is_some_and(|(dims, is_plain)| {
                let dims: Vec<i64> = dims.iter().map(|dim| dim.value).collect();
                let all = features.map(|features| features as i64);
                is_plain && matches!(dims.as_slice(), [0 | -1, last] if *last == -1 || Some(*last) == all)
            });
            if !is_flat {
                let message = "archc reshapes a map to a vector only, `dim: 0 dim: -1`";
                self.report(lacking(layer.span, message));
                return None;
            }
        }
        match self.net.shape(bottom) {
            Some(Shape::Vector(_)) => Some(bottom),
            _ => Some(self.net.layer(&layer.name, Call::new("flatten", layer.span), vec![bottom])),
        }
    }

    pub fn loss(&mut self, layer: &Layer<'a>, fields: &Fields<'a>) {
        fields.ignore(&["param", "softmax_param"]);
        let weight = fields.numbers("loss_weight").first().map_or(1.0, |weight| weight.value);
        layer.tops.iter().for_each(|top| self.labels(&top.value));
        let Some((scores, _labels)) = layer.bottoms.split_first() else {
            self.report(Diagnostic::error(Code::MissingKey, layer.span, "a loss needs a `bottom`"));
            return;
        };
        let value = self.bottom(scores);
        let scores = match layer.kind {
            Kind::MultinomialLogisticLoss => {
                let scores = self.scores(value);
                if scores == value {
                    let message = "archc takes the logarithm of a softmax only";
                    self.report(lacking(layer.span, message).label("no softmax arrives"));
                }
                scores
            }
            _ => value,
        };
        self.head(scores, weight, layer.span);
    }
}
