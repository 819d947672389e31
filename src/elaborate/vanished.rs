//! A number of channels that a division has made nothing of: `8 // 16`.

use super::expression::evaluate;
use super::scope::Scope;
use crate::arguments::Value;
use crate::diagnostic::{Code, Diagnostic, Spanned};
use crate::syntax::ast::{Call, Expr, Operator, Term};

/// The same refusal of a 0 that has been worked out, with the arithmetic, and what keeps it at 1.
pub(super) fn with_arithmetic(error: Diagnostic, call: &Call, scope: &Scope) -> Diagnostic {
    let given = call.arguments.iter().find(|given| given.value.span == error.primary.span);
    let Some(Term::Expr(expr)) = given.map(|given| &given.value.value) else { return error };
    let is_worked_out = !matches!(expr.value, Expr::Int(_) | Expr::Float(_) | Expr::Name(_));
    let is_nothing = || matches!(evaluate(expr, scope), Ok(Some(Value::Int(0))));
    if error.code != Code::InvalidArgument || !is_worked_out || !is_nothing() {
        return error;
    }
    let (Some(written), Some(values)) = (text(expr, None), text(expr, Some(scope))) else { return error };
    let label = format!("{}: {values} = 0", error.primary.text);
    let advice = format!("write `max(1, {written})`: 1 is the minimum");
    error.label(label).fix(advice, expr.span, format!("max(1, {written})"))
}

/// The expression as it is written, or, in a scope, with the values of its names.
fn text(expr: &Spanned<Expr>, scope: Option<&Scope>) -> Option<String> {
    part(expr, scope, 0)
}

/// In parentheses, if it binds less than `least`.
fn part(expr: &Spanned<Expr>, scope: Option<&Scope>, least: u8) -> Option<String> {
    let list = |items: &[Spanned<Expr>]| {
        items.iter().map(|item| part(item, scope, 0)).collect::<Option<Vec<_>>>().map(|items| items.join(", "))
    };
    let (text, strength) = match &expr.value {
        Expr::Int(value) => (value.to_string(), ATOM),
        Expr::Float(value) => (format!("{value:?}"), ATOM),
        Expr::Bool(value) => (value.to_string(), ATOM),
        Expr::Name(name) => match scope {
            Some(scope) => (scope.get(name)??.quoted(), ATOM),
            None => (name.clone(), ATOM),
        },
        Expr::List(items) => (format!("[{}]", list(items)?), ATOM),
        Expr::Index(..) if scope.is_some() => (evaluate(expr, scope?).ok()??.quoted(), ATOM),
        Expr::Index(items, index) => (format!("{}[{}]", part(items, scope, ATOM)?, part(index, scope, 0)?), ATOM),
        Expr::Call(function, values) => (format!("{}({})", function.value, list(values)?), ATOM),
        Expr::Negate(operand) => (format!("-{}", part(operand, scope, UNARY)?), UNARY),
        Expr::Not(operand) => (format!("not {}", part(operand, scope, NOT)?), NOT),
        Expr::Binary(operator, left, right) => {
            let (sign, strength) = sign(*operator);
            let (left, right) = (part(left, scope, strength)?, part(right, scope, strength + 1)?);
            (format!("{left} {sign} {right}"), strength)
        }
        Expr::Unreadable => return None,
    };
    Some(if strength < least { format!("({text})") } else { text })
}

const NOT: u8 = 3;
const UNARY: u8 = 7;
const ATOM: u8 = 10;

/// How an operator is written, and how much it binds.
fn sign(operator: Operator) -> (&'static str, u8) {
    match operator {
        Operator::Or => ("or", 1),
        Operator::And => ("and", 2),
        Operator::Equal => ("==", 4),
        Operator::NotEqual => ("!=", 4),
        Operator::Less => ("<", 4),
        Operator::LessEqual => ("<=", 4),
        Operator::Greater => (">", 4),
        Operator::GreaterEqual => (">=", 4),
        Operator::Add => ("+", 5),
        Operator::Subtract => ("-", 5),
        Operator::Multiply => ("*", 6),
        Operator::Divide => ("/", 6),
        Operator::FloorDivide => ("//", 6),
        Operator::Remainder => ("%", 6),
        Operator::Power => ("**", 8),
    }
}
