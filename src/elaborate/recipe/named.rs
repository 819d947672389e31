//! Calls in a recipe: `sgd lr=0.1`, or in mapping form `sgd: {lr: 0.1}`.

use crate::aliases;
use crate::arguments::Arguments;
use crate::diagnostic::{Code, Diagnostic, Spanned};
use crate::elaborate::call::arguments;
use crate::elaborate::language::{Callable, Takes};
use crate::elaborate::scope::Scope;
use crate::syntax::ast::{Argument, Call, Expr, Setting, Term};
use crate::syntax::notation;

/// A kind of thing that recipes name: how to say it, and what can be read.
pub struct Registry<T: 'static> {
    /// `optimizer`
    pub what: &'static str,
    /// `sgd lr=0.1`
    pub example: &'static str,
    /// Names, and what reads their arguments, in tables of some that belong together.
    pub tables: &'static [Table<T>],
    /// What other frameworks have of the kind.
    pub aliases: &'static [aliases::Name],
}

pub type Table<T> = &'static [(&'static str, Parse<T>)];

/// Reads a call's arguments; those it leaves over are an error.
pub type Parse<T> = fn(&mut Arguments) -> Result<T, Diagnostic>;

impl<T> Registry<T> {
    /// Calls of what is registered.
    pub fn takes(&self) -> Takes {
        let call = |(name, parse)| Callable { name, parameters: Arguments::asked_by(name, parse), usage: None };
        Takes::Call(self.entries().map(call).collect())
    }

    /// Every name, and what reads its arguments.
    pub fn entries(&self) -> impl Iterator<Item = (&'static str, Parse<T>)> {
        self.tables.iter().flat_map(|table| table.iter().copied())
    }
}

/// What `setting` calls, with where each argument stands. `None` if something is wrong, which is added to `problems`.
pub fn read<T>(
    setting: &Spanned<Setting>,
    kind: &Registry<T>,
    scope: &Scope,
    problems: &mut Vec<Diagnostic>,
) -> Option<T> {
    let call = call(setting, kind).map_err(|error| problems.push(error)).ok()?;
    let Some((_, parse)) = kind.entries().find(|(name, _)| *name == call.name.value) else {
        problems.push(unknown(&call.name, kind));
        return None;
    };
    let mut arguments = arguments(&call, scope).map_err(|errors| problems.extend(errors)).ok()??;
    let parsed = parse(&mut arguments).map_err(|error| problems.push(error)).ok()?;
    arguments.finish().map_err(|errors| problems.extend(errors)).ok()?;
    Some(parsed)
}

fn unknown<T>(name: &Spanned<String>, kind: &Registry<T>) -> Diagnostic {
    let names = || kind.entries().map(|(name, _)| name);
    let error = Diagnostic::error(Code::UnknownName, name.span, format!("no {} is called `{}`", kind.what, name.value));
    let known = aliases::find(&name.value, kind.aliases.iter(), |ours| names().any(|name| name == ours));
    match known {
        Some(known) => known.advise(error, &name.value),
        None => {
            error.did_you_mean(&name.value, names(), || format!("there are {}", names().collect::<Vec<_>>().join(", ")))
        }
    }
}

fn call<T>(setting: &Spanned<Setting>, kind: &Registry<T>) -> Result<Call, Diagnostic> {
    match &setting.value {
        Setting::Text(text) => notation::call(text),
        Setting::Map(section) => match section.entries.as_slice() {
            [(name, value)] => {
                let span = name.span.to(value.span);
                Ok(Call::new(name.clone(), in_mapping(value)?, span))
            }
            entries => {
                let message = format!("one {} is expected here, but the mapping has {} keys", kind.what, entries.len());
                Err(Diagnostic::error(Code::WrongType, setting.span, message))
            }
        },
        _ => Err(Diagnostic::error(Code::WrongType, setting.span, format!("one {} is expected here", kind.what))),
    }
    .map_err(|error| match error.help.is_empty() {
        true => error.help(format!("write for example `{}`", kind.example)),
        false => error,
    })
}

/// Arguments under a key: named ones in a mapping, a list or a single value by position.
fn in_mapping(value: &Spanned<Setting>) -> Result<Vec<Argument>, Diagnostic> {
    let positional = |value: &Spanned<Setting>| Ok(Argument { key: None, value: term(value)?, span: value.span });
    match &value.value {
        Setting::Null => Ok(Vec::new()),
        Setting::Text(text) => notation::arguments(text),
        Setting::List(values) => values.iter().map(positional).collect(),
        Setting::Map(section) => section
            .entries
            .iter()
            .map(|(key, value)| {
                Ok(Argument { key: Some(key.clone()), value: term(value)?, span: key.span.to(value.span) })
            })
            .collect(),
        Setting::Bool(_) | Setting::Int(_) | Setting::Float(_) => Ok(vec![positional(value)?]),
    }
}

fn term(setting: &Spanned<Setting>) -> Result<Spanned<Term>, Diagnostic> {
    let expr = match &setting.value {
        Setting::Text(text) => return notation::term(text),
        Setting::List(values) => {
            let values = values.iter().map(term).collect::<Result<_, _>>()?;
            return Ok(Spanned::new(Term::List(values), setting.span));
        }
        Setting::Bool(value) => Expr::Bool(*value),
        Setting::Int(value) => Expr::Int(*value),
        Setting::Float(value) => Expr::Float(*value),
        Setting::Null | Setting::Map(_) => {
            return Err(Diagnostic::error(
                Code::WrongType,
                setting.span,
                "an argument must be a value or a list of values",
            ));
        }
    };
    Ok(Spanned::new(Term::Expr(Spanned::new(expr, setting.span)), setting.span))
}
