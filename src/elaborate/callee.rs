//! Which layer or block a call is for: the one that is named, or the one that a block's argument names.

use super::blocks;
use super::call;
use super::expression::evaluate;
use super::level::{Level, Wire};
use super::scope::Scope;
use super::walk::Walk;
use crate::aliases::is_spelt_as;
use crate::arguments::Value;
use crate::diagnostic::{Code, Diagnostic, Help, Span, Spanned, nearest};
use crate::layers::{Definition, Layers};
use crate::syntax::ast::{Argument, Block, Call, Expr, Term};

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
        if let Some(error) = self.repeat_in_one_word(call) {
            self.report(error);
            return self.lost();
        }
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
            // What is wrong with the arguments does not follow from the name.
            match translated(call, self.layers) {
                Some((definition, call)) => drop(self.layer(definition, &call, &name, scope, &[None], None)),
                None => call::arguments(call, scope).err().into_iter().flatten().for_each(|error| self.report(error)),
            }
            return self.lost();
        };
        self.declare(&name, span);
        if definition.inputs.is_none() && !(definition.is_callable() && is_of_numbers(call)) {
            let merge = definition.name;
            let error = Diagnostic::error(Code::InvalidArgument, call.span, format!("`{merge}` needs several inputs"));
            self.report(error.help(written_merge(merge, call)));
            return None;
        }
        let sized = self.sized(definition, call, scope, level, input);
        let call = sized.as_ref().unwrap_or(call);
        let output = match self.same_padded(definition, call, &name, scope, input) {
            Some((call, input)) => self.layer(definition, &call, &name, scope, &[input], None),
            None => self.layer(definition, call, &name, scope, &[input], None),
        };
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
        let own = blocks.iter().copied().find(|own| is_spelt_as(own, &name.value));
        let own = own.or_else(|| self.layers.names().find(|own| is_spelt_as(own, &name.value)));
        match (own, self.layers.alias(&name.value)) {
            (None, Some(known)) => known.advise(error, &name.value),
            (Some(own), _) if self.layers.find(own).is_some_and(|layer| layer.inputs.is_none()) => {
                error.help(format!("write `{{from: [NAME, .], merge: {own}}}`"))
            }
            (Some(own), _) => error.spelt(own),
            (None, _) => {
                let near = nearest(&name.value, blocks).or_else(|| self.layers.suggest(&name.value));
                error.meant(near, || wrapped("the layers are", self.layers.names()))
            }
        }
    }

    /// What `bottleneck 64 x3` and `conv 8 3x3 x3` mean, unless `x3` is a flag of the block.
    fn repeat_in_one_word(&self, call: &Call) -> Option<Diagnostic> {
        let last = call.arguments.last().filter(|last| last.key.is_none())?;
        let Term::Word(word) = &last.value.value else { return None };
        let count = word.strip_prefix('x').filter(|count| count.chars().all(|c| c.is_ascii_digit()))?;
        let block = self.blocks.get(call.name.value.as_str());
        let is_flag = |block: &Block| block.parameters.iter().flatten().any(|(name, _)| name.value == *word);
        if count.is_empty() || block.is_some_and(|block| is_flag(block)) {
            return None;
        }
        let error =
            Diagnostic::error(Code::Notation, last.span, format!("a repetition is written `x {count}`, with a space"));
        Some(match block {
            Some(_) => error.certain(format!("write `x {count}`"), last.span, format!("x {count}")),
            None => error.help(format!("only a block or a group is repeated: `({} …) x {count}`", call.name.value)),
        })
    }
}

/// The call of the layer that another framework calls so, if it is exactly that, or that is spelt so but for case and
/// underscores.
fn translated<'l>(call: &Call, layers: &'l Layers) -> Option<(&'l Definition, Call)> {
    let own = layers.names().find(|own| is_spelt_as(own, &call.name.value));
    let definition = layers.find(own.or_else(|| layers.alias(&call.name.value)?.ours())?)?;
    let name = Spanned::new(definition.name.to_string(), call.name.span);
    let one_input = definition.inputs.is_some();
    one_input.then(|| (definition, Call { name, ..call.clone() }))
}

/// Whether a call has arguments, and none of them is a name: `mul 0.5` is one of a single value.
fn is_of_numbers(call: &Call) -> bool {
    // `nan` and `inf` are numbers to their writer, and the layer says what is wrong with them.
    let is_name = |argument: &Argument| match &argument.value.value {
        Term::Word(word) | Term::NameOrWord(word) => word.parse::<f64>().is_err(),
        _ => false,
    };
    !call.arguments.is_empty() && !call.arguments.iter().any(is_name)
}

/// What merges is a call with the names of its inputs: `add a b`.
fn written_merge(merge: &str, call: &Call) -> String {
    let word = |argument: &Argument| match &argument.value.value {
        Term::Word(word) | Term::NameOrWord(word) if argument.key.is_none() && word.parse::<f64>().is_err() => {
            Some(word.clone())
        }
        _ => None,
    };
    match call.arguments.iter().map(word).collect::<Option<Vec<_>>>() {
        Some(names) if names.len() > 1 => format!("write `{{from: [{}], merge: {merge}}}`", names.join(", ")),
        Some(names) if names.len() == 1 => format!("write `{{from: [{}, .], merge: {merge}}}`", names[0]),
        _ => format!("write `{{from: [NAME, .], merge: {merge}}}`"),
    }
}

/// A single layer is repeated `count` times; `span` is the layer's.
pub(super) fn repeated_layer(call: &Call, span: Span, count: &Spanned<Expr>) -> Diagnostic {
    let name = &call.name.value;
    let message = "a single layer cannot be repeated with `x`";
    let error = Diagnostic::error(Code::Notation, span.to(count.span), message);
    let times = match count.value {
        Expr::Int(times) => times.to_string(),
        _ => "{…}".to_string(),
    };
    if call.arguments.is_empty() {
        return error.certain(format!("put it in parentheses: `({name}) x {times}`"), span, format!("({name})"));
    }
    let repeated = format!("to repeat the layer put it in parentheses: `({name} …) x {times}`");
    match call.arguments.last().filter(|last| last.key.is_none()) {
        Some(_) => error.help(format!("for a kernel write it without spaces, `3x3`; {repeated}")),
        None => error.help(repeated),
    }
}

/// `start` and all the names, on lines that a terminal shows whole.
fn wrapped<'a>(start: &str, names: impl Iterator<Item = &'a str>) -> String {
    let mut text = start.to_string();
    let mut column = text.len();
    for (index, name) in names.enumerate() {
        text.push_str(if index > 0 { "," } else { "" });
        column += name.len() + 2;
        if column > WIDEST {
            text.push('\n');
            column = name.len();
        } else {
            text.push(' ');
        }
        text.push_str(name);
    }
    text
}

/// Columns of a line of advice.
const WIDEST: usize = 80;
