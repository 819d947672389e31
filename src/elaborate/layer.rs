//! Wiring one layer: its arguments are read, and it is asked for the shape of its output.

use std::sync::Arc;

use super::call;
use super::level::Wire;
use super::mismatch::{Refused, place_of};
use super::problem::{Problem, Ungrouped};
use super::residual::Unprojected;
use super::scope::Scope;
use super::unread::{in_words_of_call, mistakes_besides};
use super::walk::Walk;
use crate::diagnostic::Code;
use crate::graph::{Node, NodeLabel, Unwired};
use crate::ir::{Shape, ValueId};
use crate::layers::Definition;
use crate::syntax::Origin;
use crate::syntax::ast::Call;

impl Walk<'_> {
    /// Reads a layer's arguments and wires it. Arguments are checked even where an input is unknown. `shortcut` is what
    /// it adds to the body of a residual connection as it is, if it does.
    pub(super) fn layer(
        &mut self,
        definition: &Definition,
        call: &Call,
        name: &str,
        scope: &Scope,
        inputs: &[Wire],
        shortcut: Option<Unprojected>,
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
                let error = in_words_of_call(error, definition, call, scope, self.calling.last().copied());
                if self.is_reported(error.code, error.primary.span) {
                    return None;
                }
                let is_missing = matches!(error.code, Code::MissingArgument | Code::UnknownArgument);
                match error.code {
                    Code::Groups => {
                        let given = arguments.untaken();
                        let ungrouped = Ungrouped { error, given, origin: self.origin(call), input };
                        self.report_later(Problem::Ungrouped(Box::new(ungrouped)));
                        return None;
                    }
                    _ if error.help.is_empty() => self.report(error.help(format!("usage: `{}`", definition.usage))),
                    _ => self.report(error),
                }
                if is_missing && arguments.missing().is_some() {
                    let given = arguments.untaken();
                    self.report_surplus(mistakes_besides(definition, &given), call, &given, arriving);
                }
                return None;
            }
        };
        let (resolved, places) = match arguments.finish() {
            Ok(read) => read,
            Err(errors) => {
                if let Ok(Some(given)) = call::arguments(call, scope) {
                    self.report_surplus(errors, call, &given, arriving);
                }
                return None;
            }
        };
        let label = NodeLabel { name: name.to_string(), kind: definition.name, call: resolved };
        let Some(inputs) = inputs.iter().copied().collect::<Option<Vec<ValueId>>>() else {
            self.comes_behind(|_| Some(label));
            return None;
        };
        match self.graph.wire(Arc::from(layer), inputs, label) {
            Ok(value) => {
                self.origins.push(self.origin(call));
                self.comes_behind(|graph| graph.nodes.last().map(Node::label));
                Some(value)
            }
            Err(unwired) => {
                let Unwired { mismatch, inputs, label } = *unwired;
                if !self.is_reported(mismatch.code, place_of(&places, mismatch.at, call.span)) {
                    let (origin, call) = (self.origin(call), label.call.clone());
                    let refused = Refused { mismatch, inputs, places, call, origin, shortcut };
                    self.report_later(Problem::Refused(Box::new(refused)));
                }
                self.comes_behind(|_| Some(label));
                None
            }
        }
    }

    /// Where what `call` makes was written.
    fn origin(&self, call: &Call) -> Origin {
        Origin { span: call.span, trace: self.trace.clone(), call: call.id }
    }
}
