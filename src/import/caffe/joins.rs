//! The types of layers that read or make several blobs, and the scale behind a batch norm.

use super::fields::Fields;
use super::lacking;
use super::reading::Reading;
use super::types::Layer;
use crate::arguments::Value as Argument;
use crate::diagnostic::{Code, Diagnostic, Spanned};
use crate::import::net::{Array, Call, Order, Stored, Value};

impl<'a> Reading<'a> {
    fn bottoms(&mut self, layer: &Layer<'a>) -> Vec<Value> {
        layer.bottoms.iter().map(|bottom| self.bottom(bottom)).collect()
    }

    /// The values joined by `call`; one alone is itself.
    fn joined(&mut self, layer: &Layer<'a>, call: Call, values: Vec<Value>) -> Option<Value> {
        match values.as_slice() {
            [] => {
                self.report(Diagnostic::error(Code::MissingKey, layer.span, "a `bottom` is missing"));
                None
            }
            [value] => Some(*value),
            _ => Some(self.net.layer(&layer.name, call, values)),
        }
    }

    pub fn eltwise(&mut self, layer: &Layer<'a>, fields: &Fields<'a>) -> Option<Value> {
        let mut values = self.bottoms(layer);
        let mut kind = "add";
        if let Some(message) = fields.message("eltwise_param") {
            let own = fields.inside("`eltwise_param`", message);
            own.ignore(&["stable_prod_grad"]);
            let operation = own.word("operation");
            let coefficients = own.numbers("coeff");
            own.finish();
            kind = match operation.map_or("SUM", |operation| operation.value.as_str()) {
                "SUM" | "1" => "add",
                "PROD" | "0" => "mul",
                "MAX" | "2" => "max",
                other => {
                    let place = operation.map_or(layer.span, |operation| operation.span);
                    self.report(lacking(place, format!("archc has no layer for `{other}` of several blobs")));
                    return None;
                }
            };
            self.weigh(layer, kind, &mut values, coefficients)?;
        }
        self.joined(layer, Call::new(kind, layer.span), values)
    }

    /// Multiplies the values of a sum by their coefficients.
    fn weigh(
        &mut self,
        layer: &Layer<'a>,
        kind: &str,
        values: &mut [Value],
        coefficients: Vec<Spanned<f64>>,
    ) -> Option<()> {
        if let Some(first) = coefficients.first().filter(|_| kind != "add" || coefficients.len() != values.len()) {
            let message = match kind {
                "add" => format!("{} coefficients for {} blobs", coefficients.len(), values.len()),
                _ => "only a sum has coefficients".to_owned(),
            };
            self.report(Diagnostic::error(Code::InvalidArgument, first.span, message));
            return None;
        }
        for (index, (value, factor)) in values.iter_mut().zip(coefficients).enumerate() {
            if factor.value != 1.0 {
                let name = Spanned::new(format!("{}/times{index}", layer.name.value), layer.name.span);
                let call = Call::new("mul", factor.span).at(Argument::Float(factor.value), factor.span);
                *value = self.net.layer(&name, call, vec![*value]);
            }
        }
        Some(())
    }

    pub fn concat(&mut self, layer: &Layer<'a>, fields: &Fields<'a>) -> Option<Value> {
        let values = self.bottoms(layer);
        self.axis(fields, "concat_param", "concat_dim");
        self.joined(layer, Call::new("concat", layer.span), values)
    }

    /// Only channels are joined and taken apart.
    fn axis(&self, fields: &Fields<'a>, param: &'static str, older: &'static str) {
        let Some(message) = fields.message(param) else { return };
        let own = fields.inside(param, message);
        let axes = [own.number("axis"), own.number(older)];
        own.ignore(&["slice_point"]);
        own.finish();
        for axis in axes {
            self.only(axis, 1.0, "axis");
        }
    }

    pub fn slice(&mut self, layer: &Layer<'a>, fields: &Fields<'a>) {
        fields.ignore(&["param"]);
        self.axis(fields, "slice_param", "slice_dim");
        let points = fields
            .message("slice_param")
            .map(|message| fields.inside("`slice_param`", message).wholes("slice_point"))
            .unwrap_or_default();
        let bottom = self.one_bottom(layer);
        let channels = bottom.and_then(|bottom| self.net.shape(bottom)).map(|shape| shape.channels() as i64);
        let tops = layer.tops.len() as i64;
        let (Some(bottom), Some(channels)) = (bottom, channels) else {
            return layer.tops.iter().for_each(|top| self.top(top, None));
        };
        let bounds = match points.as_slice() {
            [] if tops > 0 && channels % tops == 0 => (0..=tops).map(|index| channels / tops * index).collect(),
            [] => {
                let message = format!("{channels} channels do not split into {tops} parts");
                self.report(Diagnostic::error(Code::Groups, layer.span, message));
                Vec::new()
            }
            points => {
                let inner = points.iter().map(|point| point.value);
                std::iter::once(0).chain(inner).chain([channels]).collect::<Vec<i64>>()
            }
        };
        let ascends = bounds.windows(2).all(|pair| pair[0] < pair[1]);
        if !bounds.is_empty() && (bounds.len() as i64 != tops + 1 || !ascends) {
            let place = points.first().map_or(layer.span, |point| point.span);
            let message = format!("{} slice points do not make {tops} parts of {channels} channels", points.len());
            self.report(Diagnostic::error(Code::InvalidArgument, place, message));
            return layer.tops.iter().for_each(|top| self.top(top, None));
        }
        for (index, top) in layer.tops.iter().enumerate() {
            let value = bounds.get(index..index + 2).map(|pair| {
                let place = points.get(index).or(points.last()).map_or(layer.span, |point| point.span);
                let call =
                    Call::new("slice", layer.span).at(Argument::Int(pair[0]), place).at(Argument::Int(pair[1]), place);
                let name = Spanned::new(format!("{}/{index}", layer.name.value), layer.name.span);
                self.net.layer(&name, call, vec![bottom])
            });
            self.top(top, value);
        }
    }

    /// Normalises without weights; a scale behind it brings them.
    pub fn batch_norm(&mut self, layer: &Layer<'a>, fields: &Fields<'a>, bottom: Value) -> Option<Value> {
        let mut call = Call::new("bn", layer.span);
        let (mut eps, mut fraction) = (None, None);
        if let Some(message) = fields.message("batch_norm_param") {
            let own = fields.inside("`batch_norm_param`", message);
            own.ignore(&["use_global_stats"]);
            eps = own.number("eps");
            fraction = own.number("moving_average_fraction");
            own.finish();
        }
        if let Some(eps) = eps {
            call = call.with("eps", Argument::Float(eps.value), eps.span);
        }
        let (momentum, place) = match fraction {
            Some(fraction) => (rounded(1.0 - fraction.value), fraction.span),
            None => (0.001, layer.span),
        };
        let call = call.with("momentum", Argument::Float(momentum), place).plus("affine", Argument::Bool(false));
        let made = self.net.layer(&layer.name, call, vec![bottom]);
        let name = self.net.name(made)?.to_owned();
        let array = |part: &str| Array { name: format!("{name}.{part}"), order: Order::Accumulated };
        let arrays = ["running_mean", "running_var"].map(array).into();
        self.stored.push(Stored { layer: layer.name.value.clone(), arrays });
        self.norms.push(made);
        Some(made)
    }

    /// A factor for each channel, and perhaps a summand: the weights of the batch norm before it, or a layer of its
    /// own.
    pub fn scale(&mut self, layer: &Layer<'a>, fields: &Fields<'a>) -> Option<Value> {
        let message = fields.message("scale_param");
        let own = message.map(|message| fields.inside("`scale_param`", message));
        let axis = own.as_ref().and_then(|own| own.number("axis"));
        if let [first, second] = layer.bottoms.as_slice() {
            return self.product(layer, [first, second], axis);
        }
        self.only(axis, 1.0, "axis");
        let axes = own.as_ref().and_then(|own| own.number("num_axes"));
        self.only(axes, 1.0, "num_axes");
        let bias = own.as_ref().is_some_and(|own| own.truth("bias_term", false));
        let bottom = self.one_bottom(layer)?;
        let is_norm = self.norms.contains(&bottom) && bias;
        let made = if is_norm {
            self.net.drop_argument(bottom, "affine");
            self.norms.retain(|norm| *norm != bottom);
            if let Some(name) = layer.bottoms.first() {
                self.take(&name.value);
            }
            bottom
        } else {
            self.net.layer(&layer.name, Call::new("scale", layer.span).flag("bias", bias), vec![bottom])
        };
        self.net.name(made)?;
        // A factor alone has the name of its layer.
        let parts: &[&str] = if bias { &["weight", "bias"] } else { &[""] };
        let array = |part: &&str| Array { name: self.net.weight_name(made, part), order: Order::Same };
        let arrays = parts.iter().map(array).collect();
        self.stored.push(Stored { layer: layer.name.value.clone(), arrays });
        if let Some(own) = own {
            let fillers = [(parts[0], "filler", 1.0), ("bias", "bias_filler", 0.0)];
            self.start(&own, made, &fillers[..parts.len()]);
            own.ignore(&["filler", "bias_filler"]);
            own.finish();
        }
        self.learns(fields, Some(made), parts);
        Some(made)
    }

    /// A map times a number for each of its channels that another layer makes.
    fn product(
        &mut self,
        layer: &Layer<'a>,
        bottoms: [&Spanned<String>; 2],
        axis: Option<Spanned<f64>>,
    ) -> Option<Value> {
        let [map, factors] = bottoms.map(|bottom| self.bottom(bottom));
        if !axis.as_ref().is_some_and(|axis| axis.value == 0.0) {
            self.report(lacking(layer.span, "archc multiplies two blobs from the batch on, with `axis: 0`"));
            return None;
        }
        Some(self.net.layer(&layer.name, Call::new("mul", layer.span), vec![map, factors]))
    }
}

/// Without what subtraction adds: 1 − 0.95 is 0.05.
fn rounded(number: f64) -> f64 {
    (number * 1e12).round() / 1e12
}
