//! Wiring one layer: its arguments are read, and it is asked for the shape of its output.

use std::sync::Arc;

use super::call;
use super::level::Wire;
use super::mismatch::{Refused, diagnose, place_of};
use super::remedy::regroup;
use super::scope::Scope;
use super::unread::{in_words_of_call, surplus_besides};
use super::walk::{MOST_ADVISED, Walk};
use crate::diagnostic::{Choice, Code, Diagnostic};
use crate::graph::NodeLabel;
use crate::ir::{Shape, ValueId};
use crate::layers::Definition;
use crate::syntax::ast::Call;

impl Walk<'_> {
    /// Reads a layer's arguments and wires it. Arguments are checked even where an input is unknown. `remedy` is what the caller
    /// would advise if the inputs do not fit.
    pub(super) fn layer(
        &mut self,
        definition: &Definition,
        call: &Call,
        name: &str,
        scope: &Scope,
        inputs: &[Wire],
        remedy: Vec<Choice>,
    ) -> Wire {
        if self.has_surplus(call.span) {
            return None;
        }
        let input = inputs.first().and_then(|input| self.shape(*input));
        let arriving = input.map(Shape::channels);
        let mut arguments = match call::arguments(call, scope) {
            Ok(arguments) => arguments?,
            Err(errors) => {
                errors.into_iter().for_each(|error| self.report(error));
                return None;
            }
        };
        let layer = match (definition.parse)(&mut arguments) {
            Ok(layer) => layer,
            Err(error) => {
                let text = || arguments.notation();
                let error = in_words_of_call(error, definition, call, scope, self.calling.last().copied());
                if self.is_reported(error.code, error.primary.span) {
                    return None;
                }
                let is_missing = matches!(error.code, Code::MissingArgument | Code::UnknownArgument);
                self.report(match error.code {
                    Code::Groups => regroup(error, definition, (&text(), call.span), input, self.document),
                    _ if error.help.is_empty() => error.help(format!("usage: `{}`", definition.usage)),
                    _ => error,
                });
                if let (Some(missing), Ok(Some(given))) = (arguments.missing(), call::arguments(call, scope))
                    && is_missing
                {
                    self.report_surplus(surplus_besides(definition, &given, missing), call, &given, arriving);
                }
                return None;
            }
        };
        let text = arguments.notation();
        let places = match arguments.finish() {
            Ok(places) => places,
            Err(errors) => {
                if let Ok(Some(given)) = call::arguments(call, scope) {
                    self.report_surplus(errors, call, &given, arriving);
                }
                return None;
            }
        };
        let inputs: Vec<ValueId> = inputs.iter().copied().collect::<Option<_>>()?;
        let label = NodeLabel {
            name: name.to_string(),
            kind: definition.name,
            call: text.clone(),
            span: call.span,
            trace: self.trace.clone(),
        };
        match self.graph.wire(Arc::from(layer), inputs.clone(), label) {
            Ok(value) => Some(value),
            Err(mismatch) if self.is_reported(mismatch.code, place_of(&places, mismatch.at).unwrap_or(call.span)) => {
                None
            }
            Err(mismatch) => {
                let refused = Refused {
                    mismatch,
                    inputs: &inputs,
                    places: &places,
                    definition,
                    text: &text,
                    span: call.span,
                    trace: &self.trace,
                };
                let (error, choices) = match self.mistakes() {
                    ..MOST_ADVISED => diagnose(refused, remedy, &self.graph, self.layers, self.document),
                    _ => {
                        let Refused { mismatch, .. } = refused;
                        (Diagnostic::error(mismatch.code, call.span, mismatch.message), Vec::new())
                    }
                };
                self.report_with(error, choices);
                None
            }
        }
    }
}
