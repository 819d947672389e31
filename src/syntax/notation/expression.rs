//! Arithmetic: from pest's flat list of operands and operators to a tree.

use std::sync::LazyLock;

use pest::iterators::Pair;
use pest::pratt_parser::{Assoc, Op, PrattParser};

use super::{Rule, place};
use crate::diagnostic::{Code, Diagnostic, Span, Spanned};
use crate::syntax::ast::{Expr, Operator};
use crate::syntax::text::Text;

/// Operators, signs and indices in one expression; a tree of more would be too deep to walk by recursion.
const MOST_OPERATORS: usize = 400;

/// From loose to tight. As in Python, `-2**2` is −4, `2**3**2` is 2⁹, `2**-1` is ½, and `not a == b` negates the
/// comparison, of which the grammar allows one at a time.
static PRECEDENCE: LazyLock<PrattParser<Rule>> = LazyLock::new(|| {
    PrattParser::new()
        .op(Op::infix(Rule::or, Assoc::Left))
        .op(Op::infix(Rule::and, Assoc::Left))
        .op(Op::prefix(Rule::not))
        .op(Op::infix(Rule::equal, Assoc::Left)
            | Op::infix(Rule::not_equal, Assoc::Left)
            | Op::infix(Rule::less_equal, Assoc::Left)
            | Op::infix(Rule::greater_equal, Assoc::Left)
            | Op::infix(Rule::less, Assoc::Left)
            | Op::infix(Rule::greater, Assoc::Left))
        .op(Op::infix(Rule::add, Assoc::Left) | Op::infix(Rule::subtract, Assoc::Left))
        .op(Op::infix(Rule::multiply, Assoc::Left)
            | Op::infix(Rule::divide, Assoc::Left)
            | Op::infix(Rule::floor_divide, Assoc::Left)
            | Op::infix(Rule::remainder, Assoc::Left))
        .op(Op::prefix(Rule::negate))
        .op(Op::infix(Rule::power, Assoc::Right))
        .op(Op::postfix(Rule::index))
});

/// A number, an expression in braces, or an expression.
pub(super) fn expression(text: &Text, pair: Pair<'_, Rule>) -> Result<Spanned<Expr>, Diagnostic> {
    if pair.as_rule() == Rule::number {
        return tree(text, pair);
    }
    let operators = pair.clone().into_inner().flatten().filter(|inner| is_operator(inner.as_rule())).count();
    if operators > MOST_OPERATORS {
        let message = format!("this expression has {operators} operators; at most {MOST_OPERATORS} are read");
        return Err(Diagnostic::error(Code::Limit, place(text, &pair), message).help("name parts of it with `let:`"));
    }
    tree(text, pair)
}

/// As [`expression`], for a part of one.
fn tree(text: &Text, pair: Pair<'_, Rule>) -> Result<Spanned<Expr>, Diagnostic> {
    let span = place(text, &pair);
    let value = match pair.as_rule() {
        Rule::number | Rule::number_unsigned => number(pair.as_str(), span)?,
        Rule::truth => Expr::Bool(pair.as_str() == "true"),
        Rule::dotted => Expr::Name(pair.as_str().to_string()),
        Rule::list => Expr::List(operands(text, pair)?),
        Rule::function => {
            let mut inner = pair.into_inner();
            let name = inner.next().expect("a function has a name");
            let name = Spanned::new(name.as_str().to_string(), place(text, &name));
            let arguments =
                inner.filter(|inner| inner.as_rule() == Rule::expression).map(|argument| tree(text, argument));
            Expr::Call(name, arguments.collect::<Result<_, _>>()?)
        }
        Rule::braces => return tree(text, pair.into_inner().next().expect("braces hold an expression")),
        Rule::parenthesis => tree(text, pair.into_inner().next().expect("brackets hold an expression"))?.value,
        Rule::expression => return calculation(text, pair),
        rule => unreachable!("{rule:?} is no part of an expression"),
    };
    Ok(Spanned::new(value, span))
}

/// The expressions directly inside brackets.
fn operands(text: &Text, pair: Pair<'_, Rule>) -> Result<Vec<Spanned<Expr>>, Diagnostic> {
    let inner = pair.into_inner().filter(|inner| inner.as_rule() == Rule::expression);
    inner.map(|operand| tree(text, operand)).collect()
}

/// Operands with what stands between them.
fn calculation(text: &Text, pair: Pair<'_, Rule>) -> Result<Spanned<Expr>, Diagnostic> {
    PRECEDENCE
        .map_primary(|primary| tree(text, primary))
        .map_prefix(|sign, operand| {
            let operand = operand?;
            let span = place(text, &sign).to(operand.span);
            let prefixed = match sign.as_rule() {
                Rule::not => Expr::Not(Box::new(operand)),
                _ => Expr::Negate(Box::new(operand)),
            };
            Ok(Spanned::new(prefixed, span))
        })
        .map_postfix(|list, index| {
            let list = list?;
            let span = list.span.to(place(text, &index));
            let index = tree(text, index.into_inner().next().expect("an index holds an expression"))?;
            Ok(Spanned::new(Expr::Index(Box::new(list), Box::new(index)), span))
        })
        .map_infix(|left, operator, right| Ok(binary(infix(operator.as_rule()), left?, right?)))
        .parse(pair.into_inner())
}

fn binary(operator: Operator, left: Spanned<Expr>, right: Spanned<Expr>) -> Spanned<Expr> {
    let span = left.span.to(right.span);
    Spanned::new(Expr::Binary(operator, Box::new(left), Box::new(right)), span)
}

fn infix(rule: Rule) -> Operator {
    match rule {
        Rule::or => Operator::Or,
        Rule::and => Operator::And,
        Rule::equal => Operator::Equal,
        Rule::not_equal => Operator::NotEqual,
        Rule::less => Operator::Less,
        Rule::less_equal => Operator::LessEqual,
        Rule::greater => Operator::Greater,
        Rule::greater_equal => Operator::GreaterEqual,
        Rule::add => Operator::Add,
        Rule::subtract => Operator::Subtract,
        Rule::multiply => Operator::Multiply,
        Rule::divide => Operator::Divide,
        Rule::floor_divide => Operator::FloorDivide,
        Rule::remainder => Operator::Remainder,
        Rule::power => Operator::Power,
        rule => unreachable!("{rule:?} is no infix operator"),
    }
}

fn is_operator(rule: Rule) -> bool {
    matches!(
        rule,
        Rule::add
            | Rule::subtract
            | Rule::multiply
            | Rule::divide
            | Rule::floor_divide
            | Rule::remainder
            | Rule::power
            | Rule::negate
            | Rule::index
            | Rule::equal
            | Rule::not_equal
            | Rule::less
            | Rule::less_equal
            | Rule::greater
            | Rule::greater_equal
            | Rule::and
            | Rule::or
            | Rule::not
    )
}

/// An integer if it is written as one, else a float.
fn number(digits: &str, span: Span) -> Result<Expr, Diagnostic> {
    let too_large = |what: &str| Diagnostic::error(Code::TooLarge, span, format!("`{digits}` is too large for {what}"));
    if digits.contains(['.', 'e', 'E']) {
        let value: f64 = digits.parse().expect("the grammar accepts what Rust reads as a float");
        return if value.is_finite() { Ok(Expr::Float(value)) } else { Err(too_large("a number")) };
    }
    digits.parse().map(Expr::Int).map_err(|_| too_large("a whole number"))
}
