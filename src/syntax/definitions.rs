//! The keys of a document that define something: `blocks:`, `let:` and `init:`.

use super::ast::{Argument, Block, Call, Expr, InitRule, Parameter, Section, Setting, Term, Text};
use super::document::{Context, expr, map};
use super::notation;
use super::structure::items;
use super::value::{key_text, wrong_type};
use crate::diagnostic::{Code, Diagnostic, Help, Span, Spanned};

/// Every unknown name is compared with every block.
const MOST_BLOCKS: usize = 1000;

/// Every value is searched for the names that come behind it.
const MOST_LETS: usize = 1000;

/// Every argument is compared with every parameter.
const MOST_PARAMETERS: usize = 100;

/// A block whose body is read when all blocks are known.
struct Head<'a> {
    name: Spanned<String>,
    parameters: Option<Vec<Parameter>>,
    body: &'a Spanned<Setting>,
    home: Option<usize>,
}

/// The blocks of several files, each with where its `let:` is. They have one name space.
pub(super) fn blocks<'a>(
    context: &mut Context<'a>,
    files: impl Iterator<Item = (Option<usize>, &'a Section)>,
) -> Vec<Block> {
    let mut heads: Vec<Head> = Vec::new();
    for (home, file) in files {
        let Some(value) = file.get("blocks") else { continue };
        let Some(section) = map(context, "`blocks`", "a mapping from `name(parameters)` to layers", value) else {
            if let (Setting::List(_), Some(error)) = (&value.value, context.errors.last_mut()) {
                error.help.push(Help::words("leave out the dash before each name"));
            }
            context.lost_blocks = true;
            continue;
        };
        if section.entries.len() + heads.len() > MOST_BLOCKS {
            let message = format!("there are {} blocks; at most {MOST_BLOCKS} are read", section.entries.len());
            context.errors.push(Diagnostic::error(Code::Limit, value.span, message));
            context.lost_blocks = true;
            continue;
        }
        let mut split = false;
        for (key, body) in &section.entries {
            // A merge key, which has been refused.
            if body.span == key.span {
                context.lost_blocks = true;
                continue;
            }
            // Inside `{…}`, YAML ends a key at a comma: `b(width, stride=1)` comes as two.
            let (opens, closes) = (key.value.contains('('), key.value.contains(')'));
            match (split, opens && !closes) {
                (true, _) => split = !closes,
                (false, true) if matches!(body.value, Setting::Null) => {
                    let message = format!("`{}` ends at the comma", key.value);
                    let error = Diagnostic::error(Code::Notation, key.span, message);
                    context
                        .errors
                        .push(error.help("inside `{…}`, a key with a comma must be quoted: `\"b(width, stride=1)\"`"));
                    (split, context.lost_blocks) = (true, true);
                }
                _ => heads.extend(head(context, key, body, home, &heads)),
            }
        }
    }
    context.callable.extend(heads.iter().map(|head| head.name.value.clone()));
    let block = |Head { name, parameters, body, home }| Block { name, parameters, body: items(context, body), home };
    heads.into_iter().map(block).collect()
}

/// The key of a block; `None` if the name is taken, or not even that can be made out.
fn head<'a>(
    context: &mut Context<'_>,
    key: &Spanned<String>,
    body: &'a Spanned<Setting>,
    home: Option<usize>,
    others: &[Head],
) -> Option<Head<'a>> {
    let text = key_text(context.sources, key);
    let (name, parameters) = match context.note(notation::signature(&text)) {
        Some((name, parameters)) => (name, Some(parameters)),
        None => match called(&text) {
            Some(name) => (name, None),
            None => {
                context.lost_blocks = true;
                return None;
            }
        },
    };
    let parameters = parameters.filter(|parameters| are_sound(context, parameters));
    if context.callable.contains(&name.value) {
        let message = format!("`{}` is a layer; a block needs a different name", name.value);
        context.errors.push(Diagnostic::error(Code::Duplicate, name.span, message));
        return None;
    }
    if let Some(first) = others.iter().find(|first| first.name.value == name.value) {
        let message = format!("the block `{}` is defined twice", name.value);
        let error = Diagnostic::error(Code::Duplicate, name.span, message);
        context.errors.push(error.other(first.name.span, "first here"));
        return None;
    }
    Some(Head { name, parameters, body, home })
}

/// The name at the start of a signature that cannot be read: what calls the block is no second mistake.
fn called(text: &Text) -> Option<Spanned<String>> {
    let start = text.text.len() - text.text.trim_start().len();
    let rest = &text.text[start..];
    let length = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
    (length > 0).then(|| Spanned::new(rest[..length].to_string(), text.place(start..start + length)))
}

fn are_sound(context: &mut Context<'_>, parameters: &[Parameter]) -> bool {
    let before = context.errors.len();
    if let Some((parameter, _)) = parameters.get(MOST_PARAMETERS) {
        let message = format!("a block has at most {MOST_PARAMETERS} parameters, not {}", parameters.len());
        context.errors.push(Diagnostic::error(Code::Limit, parameter.span, message));
        return false;
    }
    for (index, (parameter, _)) in parameters.iter().enumerate() {
        refuse_reserved(context, parameter);
        if let Some((first, _)) = parameters[..index].iter().find(|(first, _)| first.value == parameter.value) {
            let message = format!("two parameters are called `{}`", parameter.value);
            let error = Diagnostic::error(Code::Duplicate, parameter.span, message);
            context.errors.push(error.other(first.span, "first here"));
        }
    }
    context.errors.len() == before && !context.errors.is_full()
}

/// Names that expressions have without anybody's defining them.
const RESERVED: [&str; 4] = ["classes", "in", "channels", "i"];

fn refuse_reserved(context: &mut Context<'_>, name: &Spanned<String>) {
    if RESERVED.contains(&name.value.as_str()) {
        let message = format!("`{}` has a meaning of its own in expressions", name.value);
        context.errors.push(Diagnostic::error(Code::Duplicate, name.span, message).help("choose another name"));
    }
}

/// `let:`, in order.
pub(super) fn lets(context: &mut Context<'_>, value: &Spanned<Setting>) -> Vec<(Spanned<String>, Spanned<Expr>)> {
    let Some(section) = map(context, "`let`", "a mapping from names to values", value) else { return Vec::new() };
    if section.entries.len() > MOST_LETS {
        let message = format!("there are {} names; at most {MOST_LETS} are read", section.entries.len());
        context.errors.push(Diagnostic::error(Code::Limit, value.span, message));
    }
    let mut lets = Vec::new();
    for (key, value) in section.entries.iter().take(MOST_LETS) {
        let name = notation::expression(&key_text(context.sources, key));
        refuse_reserved(context, key);
        if !matches!(name, Ok(Spanned { value: Expr::Name(_), .. })) {
            let message = format!("`{}` cannot be a name in expressions", key.value);
            let error = Diagnostic::error(Code::Notation, key.span, message);
            context.errors.push(error.help("a name is made of letters, digits and `_`"));
            continue;
        }
        let value = expr(context, &format!("`{}`", key.value), value);
        lets.push((key.clone(), value));
    }
    lets
}

/// `init:`, in order.
pub(super) fn init_rules(context: &mut Context<'_>, value: &Spanned<Setting>) -> Vec<InitRule> {
    let expected = "a mapping from layers or weight names to initialisers";
    let Some(section) = map(context, "`init`", expected, value) else { return Vec::new() };
    let mut rules = Vec::new();
    for (pattern, value) in &section.entries {
        if context.errors.is_full() {
            break;
        }
        let initialiser = match &value.value {
            Setting::Text(text) => context.note(notation::call(text)),
            Setting::Int(number) => Some(constant(value.span, Expr::Int(*number))),
            Setting::Float(number) => Some(constant(value.span, Expr::Float(*number))),
            _ => {
                let what = format!("the initialiser of `{}`", pattern.value);
                context.errors.push(wrong_type(&what, "a number, or text such as `normal 0 0.01`", value));
                None
            }
        };
        rules.extend(initialiser.map(|initialiser| InitRule { pattern: pattern.clone(), initialiser }));
    }
    rules
}

/// A bare number as an initialiser.
fn constant(span: Span, value: Expr) -> Call {
    let value = Spanned::new(Term::Expr(Spanned::new(value, span)), span);
    let argument = Argument { key: None, value, span };
    let name = Spanned::new("constant".to_string(), span);
    Call::new(name, vec![argument], span)
}
