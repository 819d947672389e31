//! The types of layers that read one blob.

use super::fields::Fields;
use super::lacking;
use super::norms;
use super::reading::Reading;
use super::types::{Kind, Layer};
use crate::arguments::Value as Argument;
use crate::diagnostic::{Code, Diagnostic, Span, Spanned};
use crate::import::net::{Array, Call, Order, Stored, Value};

impl<'a> Reading<'a> {
    /// Makes what a layer stands for.
    pub fn build(&mut self, layer: &Layer<'a>, fields: &Fields<'a>) {
        match layer.kind {
            Kind::Data => return self.data(layer, fields),
            Kind::Accuracy => {
                layer.tops.iter().for_each(|top| self.labels(&top.value));
                return fields.ignore(&["loss_weight", "param"]);
            }
            Kind::Silence => return fields.ignore(&["param"]),
            Kind::SoftmaxWithLoss | Kind::MultinomialLogisticLoss => return self.loss(layer, fields),
            Kind::Slice => return self.slice(layer, fields),
            Kind::Split => {
                let value = self.one_bottom(layer);
                return layer.tops.iter().for_each(|top| self.top(top, value));
            }
            _ => {}
        }
        let Some(top) = self.one_top(layer) else { return };
        let value = match layer.kind {
            Kind::Eltwise => self.eltwise(layer, fields),
            Kind::Concat => self.concat(layer, fields),
            Kind::Scale => self.scale(layer, fields),
            _ => self.one_bottom(layer).and_then(|bottom| self.of_one(layer, fields, bottom)),
        };
        if !matches!(
            layer.kind,
            Kind::Convolution | Kind::Deconvolution | Kind::InnerProduct | Kind::Scale | Kind::Prelu
        ) {
            // Weights that do not learn, or none.
            fields.ignore(&["param", "blobs_lr", "weight_decay"]);
        }
        self.top(top, value);
    }

    fn one_top(&mut self, layer: &Layer<'a>) -> Option<&'a Spanned<String>> {
        match layer.tops.as_slice() {
            [top] => Some(top),
            tops => {
                let message = format!("`{}` makes one `top`, and here are {}", layer.r#type, tops.len());
                self.report(Diagnostic::error(Code::InvalidArgument, layer.span, message));
                None
            }
        }
    }

    pub fn one_bottom(&mut self, layer: &Layer<'a>) -> Option<Value> {
        match layer.bottoms.as_slice() {
            [bottom] => Some(self.bottom(bottom)),
            bottoms => {
                let message = format!("`{}` reads one `bottom`, and here are {}", layer.r#type, bottoms.len());
                self.report(Diagnostic::error(Code::InvalidArgument, layer.span, message));
                None
            }
        }
    }

    fn of_one(&mut self, layer: &Layer<'a>, fields: &Fields<'a>, bottom: Value) -> Option<Value> {
        let span = layer.span;
        let plain = |kind| Some(Call::new(kind, span));
        let call = match layer.kind {
            Kind::Convolution => return self.convolution(layer, fields, bottom, "conv"),
            Kind::Deconvolution => return self.convolution(layer, fields, bottom, "conv_transpose"),
            Kind::InnerProduct => return self.inner_product(layer, fields, bottom),
            Kind::BatchNorm => return self.batch_norm(layer, fields, bottom),
            Kind::Prelu => return self.prelu(layer, fields, bottom),
            Kind::Softmax => return self.softmax_layer(layer, fields, bottom),
            Kind::Flatten => return self.flatten(layer, fields, bottom),
            Kind::Reshape => return self.reshape(layer, fields, bottom),
            Kind::Lrn => return self.lrn(layer, fields, bottom),
            Kind::Pooling => self.pooling(layer, fields, bottom),
            Kind::Relu => self.relu(layer, fields),
            Kind::Relu6 => plain("relu6"),
            Kind::Sigmoid => plain("sigmoid"),
            Kind::Tanh => plain("tanh"),
            // log(1 + eˣ), without an end.
            Kind::Bnll => plain("softplus"),
            Kind::Elu => {
                let alpha = own(fields, "elu_param", |own| own.number("alpha"));
                Some(match alpha {
                    Some(alpha) => Call::new("elu", span).at(Argument::Float(alpha.value), alpha.span),
                    None => Call::new("elu", span),
                })
            }
            Kind::Swish => {
                let beta = own(fields, "swish_param", |own| own.number("beta"));
                self.only(beta, 1.0, "beta");
                plain("silu")
            }
            Kind::Dropout => {
                let ratio = own(fields, "dropout_param", |own| own.number("dropout_ratio"));
                let (ratio, place) = ratio.map_or((0.5, span), |ratio| (ratio.value, ratio.span));
                Some(Call::new("dropout", span).at(Argument::Float(ratio), place))
            }
            Kind::Power => {
                let [power, scale, shift] = [("power", 1.0), ("scale", 1.0), ("shift", 0.0)].map(|(key, usual)| {
                    let found = own(fields, "power_param", |own| own.number(key));
                    found.unwrap_or(Spanned::new(usual, span))
                });
                match (power.value == 1.0, scale.value == 1.0, shift.value == 0.0) {
                    (true, true, true) => return Some(bottom),
                    (true, false, true) => Some(Call::new("mul", span).at(Argument::Float(scale.value), scale.span)),
                    _ => Some(norms::power(span, power, scale, shift)),
                }
            }
            Kind::Clip => {
                let [low, high] = ["min", "max"].map(|key| own(fields, "clip_param", |own| own.number(key)));
                match (low, high) {
                    (Some(low), Some(high)) if low.value == 0.0 && high.value == 6.0 => plain("relu6"),
                    _ => {
                        self.report(lacking(span, "archc has no layer that clips but `relu6`, from 0 to 6"));
                        None
                    }
                }
            }
            Kind::ShuffleChannel => {
                let group = own(fields, "shuffle_channel_param", |own| own.whole("group"));
                let (group, place) = group.map_or((1, span), |group| (group.value, group.span));
                Some(Call::new("channel_shuffle", span).at(Argument::Int(group), place))
            }
            other => unreachable!("`{}` is built elsewhere", other.name()),
        }?;
        fields.ignore(&[
            "relu_param",
            "sigmoid_param",
            "tanh_param",
            "dropout_param",
            "pooling_param",
            "power_param",
            "loss_weight",
        ]);
        Some(self.net.layer(&layer.name, call, vec![bottom]))
    }

    /// Reports a number that archc only knows as `usual`.
    pub fn only(&self, found: Option<Spanned<f64>>, usual: f64, key: &str) {
        if let Some(found) = found.filter(|found| found.value != usual) {
            let message = format!("`{key}: {}` is not in archc's layer, in which it is {usual}", found.value);
            self.report(Diagnostic::error(Code::InvalidArgument, found.span, message));
        }
    }

    fn relu(&mut self, layer: &Layer<'_>, fields: &Fields<'_>) -> Option<Call> {
        let slope = own(fields, "relu_param", |own| {
            own.ignore(&["engine"]);
            let slope = own.number("negative_slope");
            own.ignore(&["negative_slope"]);
            slope
        });
        Some(match slope.filter(|slope| slope.value != 0.0) {
            Some(slope) => Call::new("leaky_relu", layer.span).at(Argument::Float(slope.value), slope.span),
            None => Call::new("relu", layer.span),
        })
    }

    /// `key` with `_h` and `_w`, or one number, or one for each side; height and width.
    pub fn sides(
        &self,
        own: &Fields<'_>,
        key: &'static str,
        [high, wide]: [&'static str; 2],
        usual: Option<i64>,
        span: Span,
    ) -> Option<[Spanned<i64>; 2]> {
        let (both, high, wide) = (own.wholes(key), own.whole(high), own.whole(wide));
        let usual = usual.map(|usual| Spanned::new(usual, span));
        let [height, width] = match both.as_slice() {
            [] => [usual.clone(), usual],
            [side] => [Some(side.clone()), Some(side.clone())],
            [height, width] => [Some(height.clone()), Some(width.clone())],
            [_, _, third, ..] => {
                let message = format!("`{key}` of {} dimensions; a map has two", both.len());
                self.report(Diagnostic::error(Code::InvalidArgument, third.span, message));
                return None;
            }
        };
        match (high.or(height), wide.or(width)) {
            (Some(height), Some(width)) => Some([height, width]),
            _ => {
                self.report(Diagnostic::error(Code::MissingKey, span, format!("`{key}` is missing")));
                None
            }
        }
    }

    fn convolution(
        &mut self,
        layer: &Layer<'a>,
        fields: &Fields<'a>,
        bottom: Value,
        kind: &'static str,
    ) -> Option<Value> {
        let span = layer.span;
        let Some(message) = fields.message("convolution_param") else {
            self.report(Diagnostic::error(Code::MissingKey, span, "a convolution needs its `convolution_param`"));
            return None;
        };
        let own = fields.inside("`convolution_param`", message);
        own.ignore(&["engine", "force_nd_im2col"]);
        let out = self.needs(&own, "num_output", span);
        let kernel = self.sides(&own, "kernel_size", ["kernel_h", "kernel_w"], None, span);
        let stride = self.sides(&own, "stride", ["stride_h", "stride_w"], Some(1), span);
        let padding = self.sides(&own, "pad", ["pad_h", "pad_w"], Some(0), span);
        let dilation = self.sides(&own, "dilation", ["dilation", "dilation"], Some(1), span);
        let group = own.whole("group").unwrap_or(Spanned::new(1, span));
        let bias = own.truth("bias_term", true);
        let axis = own.number("axis");
        self.only(axis, 1.0, "axis");
        let call = Call::new(kind, span)
            .at(Argument::Int(out.as_ref()?.value), out?.span)
            .window(kernel?)
            .size(1, "stride", stride?)
            .size(0, "padding", padding?)
            .size(1, "dilation", dilation?)
            .unless(1, "groups", group);
        let call = if bias { call } else { call.plus("bias", Argument::Bool(false)) };
        let made = self.net.layer(&layer.name, call, vec![bottom]);
        self.with_weights(layer, fields, &own, made, bias, Order::Same);
        own.finish();
        Some(made)
    }

    /// Notes where the weights of what a layer makes are stored, how they start and how they learn.
    fn with_weights(
        &mut self,
        layer: &Layer<'a>,
        fields: &Fields<'a>,
        own: &Fields<'a>,
        made: Value,
        bias: bool,
        order: Order,
    ) {
        let parts: &[&str] = if bias { &["weight", "bias"] } else { &["weight"] };
        let name = self.net.name(made).unwrap_or_default().to_owned();
        let orders = [order, Order::Same];
        let arrays = parts.iter().zip(orders).map(|(part, order)| Array { name: format!("{name}.{part}"), order });
        self.stored.push(Stored { layer: layer.name.value.clone(), arrays: arrays.collect() });
        let fillers = [("weight", "weight_filler", 0.0), ("bias", "bias_filler", 0.0)];
        self.start(own, made, &fillers[..parts.len()]);
        own.ignore(&["weight_filler", "bias_filler"]);
        self.learns(fields, Some(made), parts);
    }

    /// A field without which nothing can be built.
    pub fn needs(&self, own: &Fields<'_>, key: &'static str, span: Span) -> Option<Spanned<i64>> {
        let found = own.whole(key);
        if found.is_none() {
            self.report(Diagnostic::error(Code::MissingKey, span, format!("`{key}` is missing")));
        }
        found
    }

    /// Every blob is a vector to it, in the order C×H×W.
    fn inner_product(&mut self, layer: &Layer<'a>, fields: &Fields<'a>, bottom: Value) -> Option<Value> {
        let span = layer.span;
        let Some(message) = fields.message("inner_product_param") else {
            let message = "an inner product needs its `inner_product_param`";
            self.report(Diagnostic::error(Code::MissingKey, span, message));
            return None;
        };
        let own = fields.inside("`inner_product_param`", message);
        let out = self.needs(&own, "num_output", span);
        let bias = own.truth("bias_term", true);
        let order = if own.truth("transpose", false) { Order::Transposed } else { Order::Same };
        let axis = own.number("axis");
        self.only(axis, 1.0, "axis");
        let out = out?;
        let call = Call::new("linear", span).at(Argument::Int(out.value), out.span);
        let call = if bias { call } else { call.plus("bias", Argument::Bool(false)) };
        let flat = self.net.flat(&layer.name, bottom);
        let made = self.net.layer(&layer.name, call, vec![flat]);
        self.with_weights(layer, fields, &own, made, bias, order);
        own.finish();
        Some(made)
    }

    fn prelu(&mut self, layer: &Layer<'a>, fields: &Fields<'a>, bottom: Value) -> Option<Value> {
        let message = fields.message("prelu_param");
        let own = message.map(|message| fields.inside("`prelu_param`", message));
        let is_shared = own.as_ref().is_some_and(|own| own.truth("channel_shared", false));
        let call = Call::new("prelu", layer.span).flag("channels", !is_shared);
        let made = self.net.layer(&layer.name, call, vec![bottom]);
        let name = self.net.name(made)?.to_owned();
        let arrays = vec![Array { name: format!("{name}.weight"), order: Order::Same }];
        self.stored.push(Stored { layer: layer.name.value.clone(), arrays });
        if let Some(own) = own {
            self.start(&own, made, &[("weight", "filler", 0.25)]);
            own.finish();
        }
        self.learns(fields, Some(made), &["weight"]);
        Some(made)
    }
}

/// What `read` finds in the message `key`.
pub fn own<T>(fields: &Fields<'_>, key: &'static str, read: impl FnOnce(&Fields<'_>) -> Option<T>) -> Option<T> {
    let message = fields.message(key)?;
    read(&fields.inside(key, message))
}
