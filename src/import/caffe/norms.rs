//! Local response normalisation, across channels or within each, and powers.

use super::fields::Fields;
use super::reading::Reading;
use super::types::Layer;
use crate::arguments::Value as Argument;
use crate::diagnostic::{Code, Diagnostic, Span, Spanned};
use crate::import::net::{Call, Value};

impl<'a> Reading<'a> {
    /// α is divided by the size in both programs.
    pub fn lrn(&mut self, layer: &Layer<'a>, fields: &Fields<'a>, bottom: Value) -> Option<Value> {
        let (mut size, mut alpha) = (Spanned::new(5, layer.span), Spanned::new(1.0, layer.span));
        let (mut beta, mut k, mut is_within) = (None, None, false);
        if let Some(message) = fields.message("lrn_param") {
            let own = fields.inside("`lrn_param`", message);
            own.ignore(&["engine"]);
            size = own.whole("local_size").unwrap_or(size);
            alpha = own.number("alpha").unwrap_or(alpha);
            beta = own.number("beta");
            k = own.number("k");
            let region = own.word("norm_region");
            is_within = region.is_some_and(|region| matches!(region.value.as_str(), "WITHIN_CHANNEL" | "1"));
            own.finish();
        }
        if size.value % 2 == 0 || size.value < 1 {
            let message = format!("`local_size` must be odd and positive, and is {}", size.value);
            self.report(Diagnostic::error(Code::InvalidArgument, size.span, message));
            return None;
        }
        if is_within {
            let beta = beta.unwrap_or(Spanned::new(0.75, layer.span));
            return Some(self.within_channels(layer, bottom, size, alpha, beta));
        }
        let mut call = Call::new("lrn", layer.span).at(Argument::Int(size.value), size.span);
        for (key, number) in [("alpha", Some(alpha)), ("beta", beta), ("k", k)] {
            if let Some(number) = number {
                call = call.with(key, Argument::Float(number.value), number.span);
            }
        }
        Some(self.net.layer(&layer.name, call, vec![bottom]))
    }

    /// x·(1 + α·mean of x²)^−β, of the layers that Caffe makes it of: the mean is over a window, with zeros around the
    /// map, and `k` has no part in it.
    fn within_channels(
        &mut self,
        layer: &Layer<'a>,
        bottom: Value,
        size: Spanned<i64>,
        alpha: Spanned<f64>,
        beta: Spanned<f64>,
    ) -> Value {
        let name = |part: &str| Spanned::new(format!("{}/{part}", layer.name.value), layer.name.span);
        let call = Call::new("power", layer.span).at(Argument::Int(2), layer.span);
        let squares = self.net.layer(&name("squares"), call, vec![bottom]);
        let side = |side: i64| [Spanned::new(side, size.span), Spanned::new(side, size.span)];
        let call = Call::new("avgpool", layer.span).window(side(size.value));
        let call = call.size(i64::MIN, "stride", side(1)).size(0, "padding", side(size.value / 2));
        let means = self.net.layer(&name("means"), call, vec![squares]);
        let exponent = Spanned::new(-beta.value, beta.span);
        let call = power(layer.span, exponent, alpha, Spanned::new(1.0, layer.span));
        let factors = self.net.layer(&name("factors"), call, vec![means]);
        self.net.layer(&layer.name, Call::new("mul", layer.span), vec![bottom, factors])
    }
}

/// (shift + scale·x)^power.
pub fn power(span: Span, power: Spanned<f64>, scale: Spanned<f64>, shift: Spanned<f64>) -> Call {
    let mut call = Call::new("power", span).at(Argument::Float(power.value), power.span);
    for (key, usual, number) in [("scale", 1.0, scale), ("shift", 0.0, shift)] {
        if number.value != usual {
            call = call.with(key, Argument::Float(number.value), number.span);
        }
    }
    call
}
