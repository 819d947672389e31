//! How weights start: Caffe's fillers as rules of `init:`.

use super::fields::Fields;
use super::reading::Reading;
use super::text::Message;
use crate::diagnostic::{Code, Diagnostic, Span, Spanned};
use crate::import::net::{Value, map, text};
use crate::syntax::ast::Setting;

impl Reading<'_> {
    /// Rules for the weights of what a layer makes, from the messages under these keys: a weight without a message
    /// starts with `usual`. Of a layer that has none, as in a network for deployment, nothing is said.
    pub fn start(&mut self, fields: &Fields<'_>, made: Value, weights: &[(&'static str, &'static str, f64)]) {
        let fillers: Vec<(&str, Option<&Message>, f64)> =
            weights.iter().map(|(part, key, usual)| (*part, fields.message(key), *usual)).collect();
        let Some(place) = fillers.iter().find_map(|(_, filler, _)| filler.map(|filler| filler.span)) else { return };
        for (part, filler, usual) in fillers {
            let start = match filler {
                Some(message) => self.filler(&fields.inside("a filler", message), message.span),
                None => Some(Spanned::new(format!("constant {usual:?}"), place)),
            };
            let (Some(start), Some(name)) = (start, self.net.name(made)) else { continue };
            // With a star a name is never that of a kind of layer; that of the layer alone could be.
            let pattern = if part.is_empty() { name.to_owned() } else { format!("{name}.{part}*") };
            self.starts.push((pattern, start));
        }
    }

    /// Notation for a filler.
    fn filler(&self, filler: &Fields<'_>, span: Span) -> Option<Spanned<String>> {
        let kind = filler.text("type");
        let number = |key, usual: f64| filler.number(key).map_or(usual, |number| number.value);
        let (value, mean, std) = (number("value", 0.0), number("mean", 0.0), number("std", 1.0));
        let (min, max) = (number("min", 0.0), number("max", 1.0));
        let sparse = filler.whole("sparse").filter(|sparse| sparse.value >= 0);
        let norm = filler.word("variance_norm").map_or("FAN_IN", |norm| norm.value.as_str());
        let place = kind.map_or(span, |kind| kind.span);
        let of_fan = |usual: &str, gain: &str| match norm {
            "FAN_IN" | "0" => Some(format!("kaiming_{usual} fan_in{gain}")),
            "FAN_OUT" | "1" => Some(format!("kaiming_{usual} fan_out{gain}")),
            // He's, of the mean of both, is √2 times Glorot's.
            _ if usual == "uniform" => Some("xavier_uniform".to_string()),
            _ => None,
        };
        let start = match kind.map_or("constant", |kind| kind.value.as_str()) {
            "constant" => Some(format!("constant {value:?}")),
            "gaussian" if sparse.is_none() => Some(format!("normal {mean:?} {std:?}")),
            "uniform" if min == -max && max > 0.0 => Some(format!("uniform {max:?}")),
            "xavier" => of_fan("uniform", " gain=1"),
            "msra" => of_fan("normal", ""),
            _ => None,
        };
        filler.ignore(&["variance_norm"]);
        if start.is_none() {
            let name = kind.map_or("constant", |kind| kind.value.as_str());
            let message = format!("archc starts no weights as this filler `{name}` does");
            let warning = Diagnostic::warning(Code::Unused, place, message);
            self.report(warning.label("the weights start as PyTorch's do"));
        }
        start.map(|start| Spanned::new(start, place))
    }

    /// `init:`, if there is anything to say.
    pub fn init(&self) -> Option<(&'static str, Span, Spanned<Setting>)> {
        let (_, first) = self.starts.first()?;
        let entries =
            self.starts.iter().map(|(pattern, start)| (pattern.as_str(), start.span, text(&start.value, start.span)));
        Some(("init", first.span, map(first.span, entries.collect())))
    }
}
