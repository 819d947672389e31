//! What a layer says of how its weights learn: `param { lr_mult: 2 decay_mult: 0 }`, or `blobs_lr` and `weight_decay`.

use super::fields::Fields;
use super::reading::Reading;
use crate::diagnostic::Span;
use crate::import::net::Value;

/// A weight that learns in a way of its own.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameter {
    /// Its full name here.
    pub name: String,
    /// Whether it is a bias.
    pub is_bias: bool,
    /// By what the rate and the decay are multiplied for it.
    pub rate: f64,
    pub decay: f64,
    pub span: Span,
}

impl Reading<'_> {
    /// Notes how the weights `parts` of what a layer makes learn.
    pub fn learns(&mut self, fields: &Fields<'_>, made: Option<Value>, parts: &[&str]) {
        let (rates, decays) = (fields.numbers("blobs_lr"), fields.numbers("weight_decay"));
        let messages = fields.messages("param");
        let own: Vec<(Option<f64>, Option<f64>, Span)> = messages
            .into_iter()
            .map(|message| {
                let param = fields.inside("`param`", message);
                param.ignore(&["name", "share_mode"]);
                let read = |key| param.number(key).map(|number| number.value);
                let found = (read("lr_mult"), read("decay_mult"), message.span);
                param.finish();
                found
            })
            .collect();
        let Some(made) = made.filter(|made| self.net.name(*made).is_some()) else { return };
        for (index, part) in parts.iter().enumerate() {
            let older =
                |list: &[crate::diagnostic::Spanned<f64>]| list.get(index).map(|number| (number.value, number.span));
            let (rate, decay, span) = match own.get(index) {
                Some((rate, decay, span)) => (*rate, *decay, Some(*span)),
                None => (
                    older(&rates).map(|(rate, _)| rate),
                    older(&decays).map(|(decay, _)| decay),
                    older(&rates).or(older(&decays)).map(|(_, span)| span),
                ),
            };
            self.parameters.push(Parameter {
                name: self.net.weight_name(made, part),
                is_bias: *part == "bias",
                rate: rate.unwrap_or(1.0),
                decay: decay.unwrap_or(1.0),
                span: span.unwrap_or(fields.span()),
            });
        }
    }
}
