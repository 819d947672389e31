//! Working out expressions.
//!
//! Integers stay integers as long as they can: `/` gives one where it divides evenly. A value that depends on a shape
//! which an earlier error left unknown is `None`, and so is everything computed from it.

mod function;

pub use function::FUNCTIONS;

use std::cmp::Ordering;
use std::collections::HashSet;

use super::scope::Scope;
use crate::arguments::Value;
use crate::diagnostic::{Code, Diagnostic, Span, Spanned};
use crate::syntax::ast::{Expr, Operator};

/// `Ok(None)` if the value is unknown for an error that has been reported already.
pub type Evaluated = Result<Option<Value>, Diagnostic>;

/// The value of an expression.
pub fn evaluate(expr: &Spanned<Expr>, scope: &Scope) -> Evaluated {
    let span = expr.span;
    if !scope.spend(STEPS) {
        let message = "working out the expressions of this network takes too long";
        let error = Diagnostic::error(Code::Limit, span, message);
        return Err(error.help("give long expressions and lists a name under `let:`, where they are worked out once"));
    }
    let known = |value| Ok(Some(value));
    match &expr.value {
        Expr::Int(value) => known(Value::Int(*value)),
        Expr::Float(value) => known(Value::Float(*value)),
        Expr::Bool(value) => known(Value::Bool(*value)),
        Expr::Name(name) => match scope.get(name) {
            Some(value) => Ok(value.cloned()),
            None => Err(unknown_name(name, span, scope)),
        },
        Expr::List(items) => {
            let mut values = Vec::with_capacity(items.len());
            for item in items {
                let Some(value) = evaluate(item, scope)? else { return Ok(None) };
                values.push(Spanned::new(value, item.span));
            }
            // Lists of lists of lists grow tenfold with every `let`.
            let elements = values.iter().map(|value| elements(&value.value)).sum();
            scope.spend(elements);
            if elements > MOST_ELEMENTS {
                let message = format!("the list has more than {MOST_ELEMENTS} elements");
                return Err(Diagnostic::error(Code::Limit, span, message));
            }
            known(Value::List(values.into()))
        }
        Expr::Index(list, index) => {
            let (list_value, index_value) = (evaluate(list, scope)?, evaluate(index, scope)?);
            let (Some(list_value), Some(index_value)) = (list_value, index_value) else { return Ok(None) };
            let Value::List(items) = &list_value else {
                return Err(Diagnostic::error(
                    Code::Expression,
                    list.span,
                    format!("`{}` is no list", list_value.quoted()),
                ));
            };
            let item = as_int(&index_value).and_then(|index| items.get(usize::try_from(index).ok()?));
            match item {
                Some(item) => known(item.value.clone()),
                None => {
                    Err(Diagnostic::error(Code::Expression, index.span, format!("the list has no entry {index_value}"))
                        .label(format!("it has {}, counted from 0", items.len())))
                }
            }
        }
        Expr::Negate(operand) => {
            let Some(value) = evaluate(operand, scope)? else { return Ok(None) };
            let negated = match value {
                Value::Int(value) => value.checked_neg().map(Value::Int),
                Value::Float(value) => Some(Value::Float(-value)),
                ref other => return Err(not_a_number(other, operand.span)),
            };
            negated.map(Some).ok_or_else(|| overflow(span))
        }
        Expr::Not(operand) => {
            let Some(truth) = condition(operand, scope)? else { return Ok(None) };
            known(Value::Bool(!truth))
        }
        Expr::Binary(operator @ (Operator::And | Operator::Or), left, right) => {
            let Some(truth) = condition(left, scope)? else { return Ok(None) };
            // The other is not looked at where it could change nothing.
            match (operator, truth) {
                (Operator::And, false) | (Operator::Or, true) => known(Value::Bool(truth)),
                _ => Ok(condition(right, scope)?.map(Value::Bool)),
            }
        }
        Expr::Binary(operator, left, right) => {
            let (a, b) = (evaluate(left, scope)?, evaluate(right, scope)?);
            let (Some(a), Some(b)) = (a, b) else { return Ok(None) };
            let outcome = binary(*operator, Spanned::new(a, left.span), Spanned::new(b, right.span), span);
            outcome.map(Some).map_err(|error| about_truth(error, *operator, left, right))
        }
        Expr::Call(function, arguments) => function::call(function, arguments, scope, span),
        Expr::Unreadable => Ok(None),
    }
}

/// What each part of an expression costs, in names that could be compared instead.
const STEPS: usize = 4;

/// The most numbers that a list may hold, those of the lists in it counted too.
const MOST_ELEMENTS: usize = 1 << 16;

fn elements(value: &Value) -> usize {
    match value {
        Value::List(values) => values.iter().map(|value| elements(&value.value)).sum(),
        _ => 1,
    }
}

fn unknown_name(name: &str, span: Span, scope: &Scope) -> Diagnostic {
    let mut seen = HashSet::new();
    let names: Vec<&str> = scope.names().into_iter().filter(|name| !name.contains('.') && seen.insert(*name)).collect();
    let error = Diagnostic::error(Code::Expression, span, format!("nothing here is called `{name}`"));
    match name {
        "i" => return error.help("`i` counts the rounds of a repeat, from 0, and has no value outside of one; a block takes it as an argument"),
        "classes" => return error.help("add for example `classes: 10` at the top of the file"),
        "height" | "width" => {
            let advice = format!("`{name}` is that of the map which arrives at a layer; a vector has none");
            return error.help(advice);
        }
        _ if name.contains('.') => {
            return error.help("sizes of values, such as `stem.width`, are known under `layers:` and in blocks");
        }
        _ => {}
    }
    error.did_you_mean(name, names.iter().copied(), || match names.as_slice() {
        [] => "give it a value under `let:`".to_string(),
        names => format!("names in scope: {}", names.join(", ")),
    })
}

/// Whether `expr` holds; what is neither true nor false is refused.
pub(super) fn condition(expr: &Spanned<Expr>, scope: &Scope) -> Result<Option<bool>, Diagnostic> {
    match evaluate(expr, scope)? {
        None => Ok(None),
        Some(Value::Bool(truth)) => Ok(Some(truth)),
        Some(other) => {
            let message = format!("`{}` is neither true nor false", other.quoted());
            let error = Diagnostic::error(Code::Expression, expr.span, message);
            Err(error.help("a condition is a comparison, such as `width > 64`"))
        }
    }
}

/// What to do about arithmetic with a name that is true or false.
fn about_truth(error: Diagnostic, operator: Operator, left: &Spanned<Expr>, right: &Spanned<Expr>) -> Diagnostic {
    let span = left.span.to(right.span);
    match (operator, &left.value, &right.value) {
        (Operator::Subtract, Expr::Int(1), Expr::Name(name)) if error.primary.span == right.span => {
            error.fix(format!("`{name}` is true or false: `not {name}`"), span, format!("not {name}"))
        }
        _ => error,
    }
}

fn not_a_number(value: &Value, span: Span) -> Diagnostic {
    Diagnostic::error(Code::Expression, span, format!("`{}` is not a number", value.quoted()))
}

fn overflow(span: Span) -> Diagnostic {
    Diagnostic::error(Code::Expression, span, "the result is too large").label("beyond 64 bits")
}

/// An integer, or a float that is one.
fn as_int(value: &Value) -> Option<i64> {
    match value {
        Value::Int(value) => Some(*value),
        Value::Float(value) if value.fract() == 0.0 && value.abs() < 9e15 => Some(*value as i64),
        _ => None,
    }
}

fn as_float(value: &Spanned<Value>) -> Result<f64, Diagnostic> {
    match value.value {
        Value::Int(int) => Ok(int as f64),
        Value::Float(float) => Ok(float),
        ref other => Err(not_a_number(other, value.span)),
    }
}

fn binary(operator: Operator, a: Spanned<Value>, b: Spanned<Value>, span: Span) -> Result<Value, Diagnostic> {
    use Operator::*;
    if let (Equal | NotEqual, Value::Bool(x), Value::Bool(y)) = (operator, &a.value, &b.value) {
        return Ok(Value::Bool((x == y) == (operator == Equal)));
    }
    let (x, y) = (as_float(&a)?, as_float(&b)?);
    let order = order(&a, &b)?;
    let compared = match operator {
        Equal => Some(order.is_eq()),
        NotEqual => Some(order.is_ne()),
        Less => Some(order.is_lt()),
        LessEqual => Some(order.is_le()),
        Greater => Some(order.is_gt()),
        GreaterEqual => Some(order.is_ge()),
        _ => None,
    };
    if let Some(truth) = compared {
        return Ok(Value::Bool(truth));
    }
    let divides = match operator {
        Divide | FloorDivide | Remainder => y == 0.0,
        Power => x == 0.0 && y < 0.0,
        _ => false,
    };
    if divides {
        let zero = if operator == Power { a.span } else { b.span };
        return Err(Diagnostic::error(Code::Expression, zero, "division by zero"));
    }
    if operator == Power && x < 0.0 && y.fract() != 0.0 {
        let error = Diagnostic::error(Code::Expression, span, "a root of a negative number");
        return Err(error.label(format!("{} to the power of {}", a.value, b.value)));
    }
    if let (Value::Int(x), Value::Int(y)) = (&a.value, &b.value)
        && let Some(result) = integers(operator, *x, *y)
    {
        return result.map(Value::Int).ok_or_else(|| overflow(span));
    }
    let result = match operator {
        Add => x + y,
        Subtract => x - y,
        Multiply => x * y,
        Divide => x / y,
        FloorDivide => (x / y).floor(),
        Remainder => x - y * (x / y).floor(),
        Power => x.powf(y),
        Or | And | Equal | NotEqual | Less | LessEqual | Greater | GreaterEqual => {
            unreachable!("these have returned, or are no arithmetic")
        }
    };
    if result.is_finite() { Ok(Value::Float(result)) } else { Err(overflow(span)) }
}

/// Which of two numbers is larger. Integers are compared as such: not all of them are floats.
fn order(a: &Spanned<Value>, b: &Spanned<Value>) -> Result<Ordering, Diagnostic> {
    match (&a.value, &b.value) {
        (Value::Int(a), Value::Int(b)) => Ok(a.cmp(b)),
        _ => Ok(as_float(a)?.partial_cmp(&as_float(b)?).expect("all values are finite")),
    }
}

/// `None` if the result is no integer, `Some(None)` if it overflows.
fn integers(operator: Operator, x: i64, y: i64) -> Option<Option<i64>> {
    match operator {
        Operator::Add => Some(x.checked_add(y)),
        Operator::Subtract => Some(x.checked_sub(y)),
        Operator::Multiply => Some(x.checked_mul(y)),
        Operator::Divide => (x.checked_rem(y) == Some(0)).then(|| x.checked_div(y)),
        Operator::FloorDivide => {
            Some(x.checked_div(y).map(|q| if x % y != 0 && (x < 0) != (y < 0) { q - 1 } else { q }))
        }
        Operator::Remainder => Some(x.checked_rem(y).map(|r| if r != 0 && (r < 0) != (y < 0) { r + y } else { r })),
        Operator::Power => u32::try_from(y).ok().map(|y| x.checked_pow(y)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Sources;
    use crate::elaborate::scope::{Binding, Effort};
    use crate::syntax::notation;
    use crate::syntax::text::Text;

    /// What an expression gives with width = 32, list = [3, 4, 6] and an unknown name `lost`; the message if it is
    /// wrong.
    fn outcome(expression: &str) -> String {
        let mut sources = Sources::default();
        let source = sources.add("test", expression);
        let span = Span::new(source, 0..expression.len());
        let item = |value| Spanned::new(Value::Int(value), span);
        let names = [
            Binding::new("width", Some(Value::Int(32))),
            Binding::new("list", Some(Value::List([item(3), item(4), item(6)].into()))),
            Binding::new("lost", None),
            Binding::new("last", Some(Value::Bool(true))),
        ];
        let parsed = notation::expression(&Text::verbatim(expression, span));
        match parsed.and_then(|expr| evaluate(&expr, &Scope::root(&names, &Effort::default()))) {
            Ok(Some(value)) => value.to_string(),
            Ok(None) => "unknown".to_string(),
            Err(error) => format!("{} at `{}`", error.message, sources.text(error.primary.span)),
        }
    }

    #[test]
    fn evaluates() {
        for (expression, expected) in [
            ("4*width + 1", "129"),
            ("width/2", "16"),
            ("width/3 > 10", "true"),
            ("7/2", "3.5"),
            ("-7//2", "-4"),
            ("-7 % 3", "2"),
            ("7 % -3", "-2"),
            ("7.5 // 2", "3"),
            ("2**10", "1024"),
            ("2**-1", "0.5"),
            ("2 + 3 * 4 - 1", "13"),
            ("(2 + 3) * 4", "20"),
            ("-2**2", "-4"),
            ("list[1]", "4"),
            ("len(list) + len([])", "3"),
            ("len(width)", "`32` is no list at `width`"),
            ("max(list[0], 5, 2)", "5"),
            ("min(3, 2.5)", "2.5"),
            ("ceil(3*0.7)", "3"),
            ("floor(-0.5)", "-1"),
            ("round(2.5)", "2"),
            ("round_to(32*0.75, 8)", "24"),
            ("round_to(18, 8)", "24"),
            ("round_to(4, 8)", "8"),
            ("if(width > 16, width, 1/0)", "32"),
            ("if(1 == 1.0, 1, 2)", "1"),
            ("width > 16 and not width > 64 or false", "true"),
            ("not true or not 1 == 2", "true"),
            ("false and lost or true", "true"),
            ("width > 1 or 1/0", "true"),
            ("width < 1 and 1/0", "false"),
            ("lost > 1 and true", "unknown"),
            ("true and lost > 1", "unknown"),
            ("true and 3", "`3` is neither true nor false at `3`"),
            ("not width", "`32` is neither true nor false at `width`"),
            ("1 - last", "`true` is not a number at `last`"),
            ("lost * 2", "unknown"),
            ("1 // 0", "division by zero at `0`"),
            ("9223372036854775807 + 1", "the result is too large at `9223372036854775807 + 1`"),
            ("9007199254740993 > 9007199254740992", "true"),
            ("max(9007199254740992, 9007199254740993)", "9007199254740993"),
            ("floor(9223372036854775807)", "9223372036854775807"),
            ("0.0 == -0.0", "true"),
            ("0 ** -1", "division by zero at `0`"),
            ("(-8) ** 0.5", "a root of a negative number at `(-8) ** 0.5`"),
            ("10**400", "the result is too large at `10**400`"),
            ("wdth", "nothing here is called `wdth` at `wdth`"),
            ("list[3]", "the list has no entry 3 at `3`"),
            ("list + 1", "`{[3, 4, 6]}` is not a number at `list`"),
            ("if(width, 1, 2)", "`32` is neither true nor false at `width`"),
            ("mix(1)", "no function is called `mix` at `mix`"),
            ("ceil(1, 2)", "`ceil` does not take 2 arguments at `ceil(1, 2)`"),
            ("round_to(3, 0)", "the divisor must be a whole number, one or more at `0`"),
        ] {
            assert_eq!(outcome(expression), expected, "{expression}");
        }
    }
}
