//! Which layer or block a call is for: the one that is named, or the one that a block's argument names.

use super::blocks;
use super::expression::evaluate;
use super::level::{Level, Wire};
use super::scope::Scope;
use super::walk::Walk;
use crate::arguments::Value;
use crate::diagnostic::{Code, Diagnostic, Help, Spanned, nearest};
use crate::syntax::ast::{Call, Expr};

impl Walk<'_> {
    /// Expands a block, or wires a layer, under the name that was given to it.
    pub(super) fn call(
        &mut self,
        call: &Call,
        given: Option<Spanned<String>>,
        scope: &Scope,
        level: &mut Level,
        input: Wire,
    ) -> Wire {
        let chosen;
        let call = match &call.chosen {
            None => call,
            Some(expr) => match self.chosen(call, expr, scope) {
                Some(call) => {
                    chosen = call;
                    &chosen
                }
                None => return self.lost(),
            },
        };
        let name = level.next(given.as_ref().map(|name| name.value.as_str()));
        let named = given.is_some();
        let span = given.map_or(call.name.span, |name| name.span);
        if let Some(block) = self.blocks.get(call.name.value.as_str()).copied() {
            self.declare(&name, span);
            let output = blocks::expand(self, block, call, &name, scope, input);
            self.names.define(&name, output);
            return output;
        }
        let Some(definition) = self.layers.find(&call.name.value) else {
            if !self.lost_blocks && !self.is_reported(Code::UnknownName, call.name.span) {
                self.report(self.unknown_name(&call.name));
            }
            if named {
                self.declare(&name, span);
            }
            return self.lost();
        };
        self.declare(&name, span);
        if definition.inputs.is_none() {
            let merge = definition.name;
            let error = Diagnostic::error(Code::InvalidArgument, call.span, format!("`{merge}` needs several inputs"));
            self.report(error.help(format!("write `{{from: [NAME, .], merge: {merge}}}`")));
            return None;
        }
        let output = self.layer(definition, call, &name, scope, &[input], None);
        self.names.define(&name, output);
        output
    }

    /// The call of the layer or block that `expr` names: `{act}` is `relu` where `act` is.
    fn chosen(&mut self, call: &Call, expr: &Spanned<Expr>, scope: &Scope) -> Option<Call> {
        let found = self.checked(evaluate(expr, scope))??;
        let error = match found {
            Value::Word(name) if self.is_callable(&name) => {
                let name = Spanned::new(name, call.name.span);
                return Some(Call { name, chosen: None, ..call.clone() });
            }
            Value::Word(_) if self.lost_blocks => return None,
            Value::Word(name) => {
                let unknown = self.unknown_name(&Spanned::new(name.clone(), call.name.span));
                // What is to be changed stands elsewhere.
                let help = unknown.help.into_iter().map(|help| Help { edit: None, ..help }).collect();
                Diagnostic { help, ..unknown }.label(format!("`{}` is `{name}`", call.name.value))
            }
            other => {
                let message = format!("`{}` is no layer or block", call.name.value);
                let error = Diagnostic::error(Code::InvalidArgument, call.name.span, message);
                error
                    .label(format!("found `{}`", other.quoted()))
                    .help("`act=relu` as an argument or a default gives the name of one")
            }
        };
        self.report(error);
        None
    }

    /// Whether a layer or block has this name.
    pub(super) fn is_callable(&self, name: &str) -> bool {
        self.blocks.contains_key(name) || self.layers.find(name).is_some()
    }

    fn unknown_name(&self, name: &Spanned<String>) -> Diagnostic {
        let error =
            Diagnostic::error(Code::UnknownName, name.span, format!("no layer or block is called `{}`", name.value));
        let mut blocks: Vec<&str> = self.blocks.keys().copied().collect();
        blocks.sort_unstable();
        error.meant(nearest(&name.value, blocks).or_else(|| self.layers.suggest(&name.value)), || {
            format!("the layers are {}", self.layers.names().collect::<Vec<_>>().join(", "))
        })
    }
}
