//! Trees as short text, for the tables of tests.

use super::ast::*;

/// `conv(64, 3x3), [relu]*2`
pub(super) fn items(items: &[Item]) -> String {
    items.iter().map(item).collect::<Vec<_>>().join(", ")
}

pub(super) fn item(item: &Item) -> String {
    let body = match &item.body {
        ItemBody::Call(inner) => call(inner),
        ItemBody::Sequence(inner) => format!("[{}]", items(inner)),
        ItemBody::Repeat { body, count } => match &body.name {
            None => format!("{}*{}", self::item(body), expr(&count.value)),
            Some(_) => format!("({})*{}", self::item(body), expr(&count.value)),
        },
        ItemBody::Residual { body, shortcut, after } => {
            let shortcut = match &shortcut.value {
                Shortcut::Items(inner) => format!("[{}]", items(inner)),
                other => format!("{other:?}").to_lowercase(),
            };
            format!("residual([{}], {shortcut}, [{}])", items(body), items(after))
        }
        ItemBody::Branches { branches, times, merge } => {
            let merge = merge.as_ref().map_or(String::new(), |merge| format!("{:?}", merge.value));
            let times = times.as_ref().map_or(String::new(), |times| format!("*{}", expr(&times.value)));
            format!("branches({}; {merge}){times}", items(branches))
        }
        ItemBody::From { sources, merge, then } => {
            let source = |source: &Source| match &source.condition {
                None => template(&source.name.value),
                Some(condition) => format!("{}*{}", template(&source.name.value), expr(&condition.value)),
            };
            let sources: Vec<String> = sources.iter().map(source).collect();
            let merge = merge.as_ref().map_or(String::new(), |merge| format!("{:?}", merge.value));
            format!("from({}; {merge}; [{}])", sources.join(" "), items(then))
        }
        ItemBody::Split(parts) => {
            let part = |part: &Part| match &part.channels {
                None => template(&part.name.value),
                Some(channels) => format!("{}={}", template(&part.name.value), expr(&channels.value)),
            };
            format!("split({})", parts.iter().map(part).collect::<Vec<_>>().join(", "))
        }
        ItemBody::Expect(sides) => {
            format!("expect({})", sides.iter().map(|side| expr(&side.value)).collect::<Vec<_>>().join("x"))
        }
        ItemBody::Unreadable => "?".to_string(),
    };
    match &item.name {
        Some(name) => format!("{}: {body}", template(&name.value)),
        None => body,
    }
}

pub(super) fn call(call: &Call) -> String {
    let arguments: Vec<String> = call
        .arguments
        .iter()
        .map(|argument| match &argument.key {
            Some(key) => format!("{}={}", key.value, term(&argument.value.value)),
            None => term(&argument.value.value),
        })
        .collect();
    match arguments.as_slice() {
        [] => call.name.value.clone(),
        _ => format!("{}({})", call.name.value, arguments.join(", ")),
    }
}

pub(super) fn term(value: &Term) -> String {
    match value {
        Term::Expr(value) => expr(&value.value),
        Term::Size(height, width) => format!("{}x{}", expr(&height.value), expr(&width.value)),
        Term::Word(word) => word.clone(),
        Term::NameOrWord(word) => format!("?{word}"),
        Term::List(terms) => {
            format!("[{}]", terms.iter().map(|inner| term(&inner.value)).collect::<Vec<_>>().join(", "))
        }
    }
}

pub(super) fn template(template: &Template) -> String {
    let parts = template.0.iter().map(|part| match part {
        TemplatePart::Text(text) => text.clone(),
        TemplatePart::Expr(inner) => format!("{{{}}}", expr(&inner.value)),
    });
    parts.collect()
}

pub(super) fn signature((name, parameters): &super::notation::Signature) -> String {
    let parameters: Vec<String> = parameters
        .iter()
        .map(|(name, default)| match default {
            Some(default) => format!("{}={}", name.value, expr(&default.value)),
            None => name.value.clone(),
        })
        .collect();
    format!("{}({})", name.value, parameters.join(", "))
}

pub(super) fn expr(value: &Expr) -> String {
    let list = |values: &[crate::diagnostic::Spanned<Expr>]| {
        values.iter().map(|inner| expr(&inner.value)).collect::<Vec<_>>().join(", ")
    };
    match value {
        Expr::Int(value) => value.to_string(),
        Expr::Float(value) => format!("{value:?}"),
        Expr::Bool(value) => value.to_string(),
        Expr::Name(name) => name.clone(),
        Expr::List(values) => format!("[{}]", list(values)),
        Expr::Index(inner, index) => format!("{}[{}]", expr(&inner.value), expr(&index.value)),
        Expr::Negate(inner) => format!("-{}", expr(&inner.value)),
        Expr::Not(inner) => format!("not {}", expr(&inner.value)),
        Expr::Binary(operator, left, right) => {
            let sign = match operator {
                Operator::Or => "or",
                Operator::And => "and",
                Operator::Equal => "==",
                Operator::NotEqual => "!=",
                Operator::Less => "<",
                Operator::LessEqual => "<=",
                Operator::Greater => ">",
                Operator::GreaterEqual => ">=",
                Operator::Add => "+",
                Operator::Subtract => "-",
                Operator::Multiply => "*",
                Operator::Divide => "/",
                Operator::FloorDivide => "//",
                Operator::Remainder => "%",
                Operator::Power => "**",
            };
            format!("({} {sign} {})", expr(&left.value), expr(&right.value))
        }
        Expr::Call(name, arguments) => format!("{}({})", name.value, list(arguments)),
        Expr::Unreadable => "?".to_string(),
    }
}

/// `{epochs: 3, set: 'digits'}`
pub(super) fn section(section: &Section) -> String {
    let entries = section.entries.iter().map(|(key, value)| format!("{}: {}", key.value, setting(&value.value)));
    format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
}

fn setting(value: &Setting) -> String {
    match value {
        Setting::Null => "null".to_string(),
        Setting::Bool(value) => value.to_string(),
        Setting::Int(value) => value.to_string(),
        Setting::Float(value) => format!("{value:?}"),
        Setting::Text(text) => format!("'{}'", text.text),
        Setting::List(values) => {
            format!("[{}]", values.iter().map(|inner| setting(&inner.value)).collect::<Vec<_>>().join(", "))
        }
        Setting::Map(inner) => section(inner),
    }
}
