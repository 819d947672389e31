//! The sections that read others than the one before: `[route]`, `[shortcut]`, and products.

use super::Reading;
use super::options::Options;
use crate::arguments::Value as Argument;
use crate::diagnostic::{Code, Diagnostic, Spanned};
use crate::import::net::{Call, Value};
use crate::ir::Shape;

impl Reading {
    /// The maps of several sections one after the other, or a group of the channels of each.
    pub(super) fn route(&mut self, options: &Options<'_>) -> Option<Value> {
        let span = options.span();
        let groups = options.positive("groups", 1);
        let group = options.not_negative("group_id", 0);
        options.ignore(&["stopbackward"]);
        let Some(layers) = options.wholes("layers").or_else(|| options.wholes("layer")) else {
            let error = Diagnostic::error(Code::MissingKey, span, "`[route]` needs `layers`");
            options.refuse(error.help("such as `layers=-1,-3`: what those sections make, one after the other"));
            return None;
        };
        let mut values = Vec::new();
        for index in &layers.value {
            values.push(self.other(options, "layers", *index, layers.span)?);
        }
        if groups.value > 1 {
            if group.value >= groups.value {
                let message = format!("there is no group {} of {}", group.value, groups.value);
                options.refuse(Diagnostic::error(Code::InvalidArgument, group.span, message).label("counted from 0"));
                return None;
            }
            for value in &mut values {
                *value = self.group(options, *value, &groups, group.value)?;
            }
        }
        match values.as_slice() {
            [] => None,
            [value] => Some(*value),
            _ => {
                let name = self.name("route", span);
                Some(self.net.layer(&name, Call::new("concat", layers.span), values))
            }
        }
    }

    /// One group of a value's channels.
    fn group(&mut self, options: &Options<'_>, value: Value, groups: &Spanned<i64>, group: i64) -> Option<Value> {
        let channels = self.net.shape(value)?.channels() as i64;
        if channels % groups.value != 0 {
            let message = format!("{channels} channels do not split into {} groups", groups.value);
            let error = Diagnostic::error(Code::Groups, groups.span, message);
            options.refuse(error.label(format!("{channels} mod {} = {}", groups.value, channels % groups.value)));
            return None;
        }
        let size = channels / groups.value;
        let name = self.name("slice", options.span());
        let call = Call::new("slice", options.span())
            .at(Argument::Int(group * size), groups.span)
            .at(Argument::Int((group + 1) * size), groups.span);
        Some(self.net.layer(&name, call, vec![value]))
    }

    /// The sum with an earlier map. Where that is larger Darknet takes every so manieth pixel of it; where it has fewer
    /// channels, it adds nothing to the others; where it has more, it leaves them out.
    pub(super) fn shortcut(&mut self, options: &Options<'_>) -> Option<Value> {
        let span = options.span();
        for key in ["alpha", "beta"] {
            let factor = options.number(key, 1.0);
            if factor.value != 1.0 {
                let message = format!("`{key}={}` weighs the sum, which archc has no layer for", factor.value);
                options.refuse(Diagnostic::error(Code::InvalidArgument, factor.span, message));
            }
        }
        if let Some(kind) = options.text("weights_type").filter(|kind| kind.value != "none") {
            let message =
                format!("`weights_type={}` learns to weigh the sum, which archc has no layer for", kind.value);
            options.refuse(Diagnostic::error(Code::InvalidArgument, kind.span, message));
        }
        options.ignore(&["weights_normalization"]);
        let Some(from) = options.wholes("from") else {
            let error = Diagnostic::error(Code::MissingKey, span, "`[shortcut]` needs `from`");
            options.refuse(error.help("such as `from=-3`: the section whose output is added"));
            return None;
        };
        let current = self.current();
        let mut values = vec![current];
        for index in &from.value {
            let other = self.other(options, "from", *index, from.span)?;
            values.push(self.fitted(options, other, current, &from)?);
        }
        let name = self.name("shortcut", span);
        let sum = self.net.layer(&name, Call::new("add", from.span), values);
        self.activated(options, "shortcut", sum, "linear")
    }

    /// What is added of `other` to `current`.
    fn fitted(
        &mut self,
        options: &Options<'_>,
        other: Value,
        current: Value,
        from: &Spanned<Vec<i64>>,
    ) -> Option<Value> {
        let (Some(Shape::Map { .. }), Some(Shape::Map { .. })) = (self.net.shape(other), self.net.shape(current))
        else {
            return Some(other);
        };
        let (theirs, ours) = (self.net.shape(other)?, self.net.shape(current)?);
        let ((height, width), (rows, columns)) = (theirs.sides()?, ours.sides()?);
        let mut value = other;
        if (height, width) != (rows, columns) {
            let stride = height / rows.max(1);
            let fits = |size: usize, wanted: usize| stride > 0 && size.div_ceil(stride) == wanted;
            if !fits(height, rows) || !fits(width, columns) {
                let message = format!("a map of {height}×{width} cannot be added to one of {rows}×{columns}");
                let error = Diagnostic::error(Code::InputsDisagree, from.span, message);
                options.refuse(error.label(match stride {
                    0 => format!("{height} < {rows}: archc does not spread pixels"),
                    _ => {
                        let (down, across) = (height.div_ceil(stride), width.div_ceil(stride));
                        format!("one pixel of {stride} each way makes {down}×{across}")
                    }
                }));
                return None;
            }
            let call = Call::new("maxpool", from.span).at(Argument::Size(1, 1), from.span).with(
                "stride",
                Argument::Int(stride as i64),
                from.span,
            );
            let name = self.name("subsample", from.span);
            value = self.net.layer(&name, call, vec![value]);
        }
        let (channels, wanted) = (theirs.channels(), ours.channels());
        if channels == wanted {
            return Some(value);
        }
        let (name, call) = match channels < wanted {
            true => {
                let more = Argument::Int((wanted - channels) as i64);
                (self.name("widen", from.span), Call::new("pad", from.span).with("back", more, from.span))
            }
            false => {
                let call = Call::new("slice", from.span);
                let call = call.at(Argument::Int(0), from.span).at(Argument::Int(wanted as i64), from.span);
                (self.name("narrow", from.span), call)
            }
        };
        Some(self.net.layer(&name, call, vec![value]))
    }

    /// `[scale_channels]` multiplies each channel of an earlier map by a number, `[sam]` each of its numbers.
    pub(super) fn product(&mut self, options: &Options<'_>) -> Option<Value> {
        let span = options.span();
        options.lacking("scale_wh", 0, "has a factor for each pixel");
        let Some(from) = options.whole_if_given("from") else {
            let message = format!("`[{}]` needs `from`", options.header().value);
            options.refuse(Diagnostic::error(Code::MissingKey, span, message));
            return None;
        };
        let other = self.other(options, "from", from.value, from.span)?;
        let current = self.current();
        let name = self.name("scale", span);
        let product = self.net.layer(&name, Call::new("mul", from.span), vec![other, current]);
        self.activated(options, "scale", product, "linear")
    }
}
