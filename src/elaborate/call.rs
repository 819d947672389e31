//! From a call as it was written to its arguments as values.

use super::expression::evaluate;
use super::scope::Scope;
use crate::arguments::{Arguments, Evaluated, Value};
use crate::diagnostic::{Code, Diagnostic, Spanned};
use crate::syntax::ast::{Call, Expr, Template, TemplatePart, Term};

/// The arguments of `call`, every expression worked out. `Ok(None)` if one depends on a shape that is unknown for an
/// error reported earlier; all errors in the call are given together.
pub fn arguments(call: &Call, scope: &Scope) -> Result<Option<Arguments>, Vec<Diagnostic>> {
    let mut given = Vec::with_capacity(call.arguments.len());
    let mut errors = Vec::new();
    let mut unknown = false;
    for argument in &call.arguments {
        match term(&argument.value, scope) {
            Ok(Some(value)) => {
                let value = Spanned::new(value, argument.value.span);
                given.push(Evaluated { key: argument.key.clone(), value });
            }
            Ok(None) => unknown = true,
            Err(error) => errors.push(error),
        }
    }
    match (errors.is_empty(), unknown) {
        (false, _) => Err(errors),
        (true, true) => Ok(None),
        (true, false) => Ok(Some(Arguments::new(call.name.clone(), given))),
    }
}

/// The value of one argument; `Ok(None)` if it is unknown.
pub fn term(term: &Spanned<Term>, scope: &Scope) -> Result<Option<Value>, Diagnostic> {
    match &term.value {
        Term::Expr(expr) => evaluate(expr, scope),
        Term::Size(height, width) => {
            let (Some(height), Some(width)) = (side(height, scope)?, side(width, scope)?) else { return Ok(None) };
            Ok(Some(Value::Size(height, width)))
        }
        Term::Word(word) => Ok(Some(Value::Word(word.clone()))),
        Term::NameOrWord(word) => match scope.get(word) {
            Some(value) => Ok(value.cloned()),
            None => Ok(Some(Value::Word(word.clone()))),
        },
        Term::List(items) => {
            let mut values = Vec::with_capacity(items.len());
            for item in items {
                let Some(value) = self::term(item, scope)? else { return Ok(None) };
                values.push(Spanned::new(value, item.span));
            }
            Ok(Some(Value::List(values.into())))
        }
    }
}

/// One side of a size: a whole number.
fn side(expr: &Spanned<Expr>, scope: &Scope) -> Result<Option<i64>, Diagnostic> {
    integer(expr, "a size", scope)
}

/// The value of an expression that must be a whole number. `what` begins the message: `a size`, `the count`.
pub fn integer(expr: &Spanned<Expr>, what: &str, scope: &Scope) -> Result<Option<i64>, Diagnostic> {
    whole(evaluate(expr, scope)?, what, expr)
}

/// How often something is repeated; a flag says whether it is there.
pub fn count(expr: &Spanned<Expr>, scope: &Scope) -> Result<Option<i64>, Diagnostic> {
    match evaluate(expr, scope)? {
        Some(Value::Bool(flag)) => Ok(Some(flag.into())),
        other => whole(other, "the count", expr),
    }
}

fn whole(value: Option<Value>, what: &str, expr: &Spanned<Expr>) -> Result<Option<i64>, Diagnostic> {
    match value {
        None => Ok(None),
        Some(Value::Int(value)) => Ok(Some(value)),
        Some(Value::Float(value)) if value.fract() == 0.0 && value.abs() < 9e15 => Ok(Some(value as i64)),
        Some(other) => {
            Err(Diagnostic::error(Code::InvalidArgument, expr.span, format!("{what} must be a whole number"))
                .label(format!("found `{}`", other.quoted())))
        }
    }
}

/// Bytes of a name that is given to an item.
const LONGEST_NAME: usize = 1000;

/// A name with its expressions worked out; `Ok(None)` if one is unknown.
pub fn template(template: &Spanned<Template>, scope: &Scope) -> Result<Option<String>, Diagnostic> {
    let mut name = String::new();
    for part in &template.value.0 {
        match part {
            TemplatePart::Text(text) => name.push_str(text),
            TemplatePart::Expr(expr) => match evaluate(expr, scope)? {
                Some(Value::Word(word)) => name.push_str(&word),
                value => match whole(value, "a number in a name", expr)? {
                    Some(value) => name.push_str(&value.to_string()),
                    None => return Ok(None),
                },
            },
        }
        if name.len() > LONGEST_NAME {
            let message = format!("a name of more than {LONGEST_NAME} bytes");
            return Err(Diagnostic::error(Code::Limit, template.span, message));
        }
    }
    if name.split('.').any(str::is_empty) {
        let error = Diagnostic::error(Code::InvalidArgument, template.span, format!("`{name}` is no name"));
        return Err(error.help("a name has at least one character, and one between any two dots"));
    }
    Ok(Some(name))
}
