//! Values that come from several places: references to earlier layers, and what joins them.

use super::level::{Level, Wire};
use super::scope::{Effort, Scope};
use super::walk::{MOST_ADVISED, Walk};
use crate::diagnostic::{Code, Diagnostic, Help, Span, Spanned};
use crate::layers;
use crate::syntax::ast::{Call, Merge};

/// Every reference may take several.
const MOST_LOOKUPS: usize = 1 << 22;

impl Walk<'_> {
    /// Several values become one. A single value is passed on. `remedy` is for values that do not fit.
    pub(super) fn merge(
        &mut self,
        merge: &Spanned<Merge>,
        values: Vec<Wire>,
        span: Span,
        given: Option<&Spanned<String>>,
        level: &mut Level,
        remedy: Option<Help>,
    ) -> Wire {
        if let [value] = values.as_slice() {
            return *value;
        }
        let definition = match merge.value {
            Merge::Concat => &layers::CONCAT,
            Merge::Add => &layers::ADD,
            Merge::Mul => &layers::MUL,
        };
        let call = Call {
            name: Spanned::new(definition.name.to_string(), merge.span),
            chosen: None,
            arguments: Vec::new(),
            span,
            room: None,
        };
        let name = level.next(given.map(|name| name.value.as_str()));
        self.declare(&name, given.map_or(span, |name| name.span));
        let output = self.layer(definition, &call, &name, &Scope::root(&[], &Effort::default()), &values, remedy);
        self.names.define(&name, output);
        output
    }

    /// An earlier value: `.` is the current one, `input` the network's input unless a layer is called so.
    pub(super) fn source(&mut self, source: &Spanned<String>, level: &Level, current: Wire) -> Wire {
        self.lookups += level.cost(&source.value);
        if self.lookups > MOST_LOOKUPS {
            let message = "the references of this network are too many to be looked up";
            self.stop(Diagnostic::error(Code::Limit, source.span, message));
            return None;
        }
        if source.value == "." {
            return current;
        }
        match self.names.resolve(&source.value, level) {
            Some(wire) => wire,
            None if source.value == "input" => self.entry,
            None => {
                if !self.lost_names && !self.is_reported(Code::UnknownReference, source.span) {
                    self.report(match self.mistakes() {
                        ..MOST_ADVISED => self.names.unknown(&source.value, source.span),
                        _ => {
                            let message = format!("no layer before this one is called `{}`", source.value);
                            Diagnostic::error(Code::UnknownReference, source.span, message)
                        }
                    });
                }
                None
            }
        }
    }
}
