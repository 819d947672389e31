//! From the spanned tree to a [`Document`].
//!
//! Every mistake that does not follow from another one is reported. What a layer, block or preset does with its
//! arguments is not known here; only which names there are, because a key of a mapping either calls or names.

use super::ast::{Argument, Text};
use std::collections::BTreeSet;

use super::ast::{Block, Call, Document, DocumentBody, Expr, InitRule, Section, Setting, Term};
use super::notation;
use super::structure::items;
use super::value::{key_text, wrong_type};
use crate::diagnostic::{Code, Diagnostic, Sources, Span, Spanned, nearest};

/// The names that have a meaning before any document is read.
#[derive(Debug, Clone, Copy)]
pub struct Vocabulary<'a> {
    /// Names of layers.
    pub layers: &'a [&'a str],
    /// Top-level keys that stand for a whole network.
    pub presets: &'a [&'a str],
}

/// Keys of a document, besides presets.
const KEYS: [&str; 10] = ["name", "input", "classes", "let", "blocks", "layers", "init", "data", "train", "allow"];

/// What reading a part of a document needs to know, and where it leaves its mistakes.
pub(super) struct Context<'a> {
    pub sources: &'a Sources,
    /// Layers, and the blocks of this document.
    pub callable: BTreeSet<String>,
    pub errors: Vec<Diagnostic>,
}

impl Context<'_> {
    /// The value, or `None` after noting why there is none.
    pub fn note<T>(&mut self, result: Result<T, Diagnostic>) -> Option<T> {
        result.map_err(|error| self.errors.push(error)).ok()
    }
}

/// Makes a document of what a file holds.
pub(super) fn document(
    sources: &Sources,
    root: &Spanned<Setting>,
    vocabulary: Vocabulary<'_>,
) -> Result<Document, Vec<Diagnostic>> {
    let root = match &root.value {
        Setting::Map(section) => section,
        Setting::Null => return Err(vec![empty(root.span)]),
        _ => return Err(vec![wrong_type("a file", "a mapping with `input` and `layers`", root)]),
    };
    if root.entries.is_empty() {
        return Err(vec![empty(Span { end: root.span.start, ..root.span })]);
    }
    let callable = vocabulary.layers.iter().map(ToString::to_string).collect();
    let mut context = Context { sources, callable, errors: Vec::new() };
    let signatures = root.get("blocks").map(|value| signatures(&mut context, value)).unwrap_or_default();
    context.callable.extend(signatures.iter().map(|(signature, _)| signature.0.value.clone()));

    let mut name = None;
    let mut input = None;
    let mut classes = None;
    let mut lets = Vec::new();
    let mut bodies: Vec<(&Spanned<String>, Option<DocumentBody>)> = Vec::new();
    let mut init = Vec::new();
    let (mut data, mut train) = (None, None);
    let mut allow = Vec::new();
    // Keys that misspelled ones stand for; that they are missing is no second mistake.
    let mut meant = Vec::new();
    for (key, value) in &root.entries {
        match key.value.as_str() {
            "name" => name = plain_text(&mut context, "`name`", value),
            "input" => input = shape(&mut context, "`input`", value),
            "classes" => classes = expr(&mut context, "`classes`", value),
            "let" => lets = definitions(&mut context, value),
            "blocks" => {}
            "layers" => bodies.push((key, Some(DocumentBody::Layers(items(&mut context, value))))),
            "init" => init = init_rules(&mut context, value),
            // As if it were not there: `--set data=null` leaves a section out.
            "data" | "train" if matches!(value.value, Setting::Null) => {}
            "data" => data = section(&mut context, "`data`", value),
            "train" => train = section(&mut context, "`train`", value),
            "allow" => allow = texts(&mut context, "`allow`", value),
            preset if vocabulary.presets.contains(&preset) => {
                let settings = section(&mut context, &format!("`{preset}`"), value);
                let body = settings.map(|settings| DocumentBody::Preset { name: key.clone(), settings });
                bodies.push((key, body));
            }
            _ => {
                let known = KEYS.iter().chain(vocabulary.presets).copied();
                meant.extend(nearest(&key.value, known.clone()));
                context.errors.push(unknown_key(key, "a file", known));
            }
        }
    }
    let blocks: Vec<Block> = signatures
        .into_iter()
        .map(|((name, parameters), body)| Block { name, parameters, body: items(&mut context, body) })
        .collect();
    let start = root.entries[0].0.span;
    if root.get("input").is_none() && !meant.contains(&"input") {
        let missing = Diagnostic::error(Code::MissingKey, start, "the file has no `input`");
        context.errors.push(missing.help("add `input: [3, 32, 32]`: channels, height, width"));
    }
    if bodies.is_empty() && !meant.iter().any(|key| *key == "layers" || vocabulary.presets.contains(key)) {
        let missing = Diagnostic::error(Code::MissingKey, start, "the file describes no network");
        let presets: Vec<String> = vocabulary.presets.iter().map(|preset| format!("`{preset}:`")).collect();
        context.errors.push(missing.help(format!("add `layers:`, or a preset: {}", presets.join(", "))));
    }
    for (second, _) in bodies.iter().skip(1) {
        let first = bodies[0].0;
        let message =
            format!("a file describes one network, and here are two: `{}` and `{}`", first.value, second.value);
        let error = Diagnostic::error(Code::Duplicate, second.span, message);
        context.errors.push(error.other(first.span, "the first"));
    }
    let body = bodies.into_iter().next().and_then(|(_, body)| body);
    match (input, body) {
        (Some(input), Some(body)) if context.errors.is_empty() => {
            Ok(Document { name, input, classes, lets, blocks, body, init, data, train, allow })
        }
        _ => Err(in_order(context.errors)),
    }
}

/// No one reads more mistakes than this, and drawing each takes a walk through the text.
const MOST_MISTAKES: usize = 100;

/// In the order of the file; the first of them, if there are too many.
fn in_order(mut errors: Vec<Diagnostic>) -> Vec<Diagnostic> {
    errors.sort_by_key(|error| (error.primary.span.source, error.primary.span.start));
    let more = errors.len().saturating_sub(MOST_MISTAKES);
    errors.truncate(MOST_MISTAKES);
    if let Some(last) = errors.last_mut().filter(|_| more > 0) {
        last.help.push(format!("{more} more mistakes are not shown"));
    }
    errors
}

fn empty(span: Span) -> Diagnostic {
    Diagnostic::error(Code::MissingKey, span, "the file is empty")
        .help("a network needs `input: [3, 32, 32]` and `layers:` or a preset")
}

/// A key that `owner` does not have.
pub(super) fn unknown_key<'a>(
    key: &Spanned<String>,
    owner: &str,
    known: impl Iterator<Item = &'a str> + Clone,
) -> Diagnostic {
    let error = Diagnostic::error(Code::UnknownKey, key.span, format!("{owner} has no key `{}`", key.value));
    match nearest(&key.value, known.clone()) {
        Some(near) => error.help(format!("did you mean `{near}`?")),
        None => {
            let known: Vec<String> = known.map(|key| format!("`{key}`")).collect();
            error.help(format!("the keys are {}", known.join(", ")))
        }
    }
}

/// Every unknown name is compared with every block.
const MOST_BLOCKS: usize = 1000;

/// A block's signature with its body, which is read when all blocks are known.
type Definition<'a> = (notation::Signature, &'a Spanned<Setting>);

fn signatures<'a>(context: &mut Context<'_>, value: &'a Spanned<Setting>) -> Vec<Definition<'a>> {
    let Some(section) = map(context, "`blocks`", "a mapping from `name(parameters)` to layers", value) else {
        return Vec::new();
    };
    if section.entries.len() > MOST_BLOCKS {
        let message = format!("there are {} blocks; at most {MOST_BLOCKS} are read", section.entries.len());
        context.errors.push(Diagnostic::error(Code::Limit, value.span, message));
        return Vec::new();
    }
    let mut definitions: Vec<Definition<'a>> = Vec::new();
    for (key, body) in &section.entries {
        let Some(signature) = context.note(notation::signature(&key_text(context.sources, key))) else { continue };
        let (name, parameters) = &signature;
        for (index, (parameter, _)) in parameters.iter().enumerate() {
            refuse_reserved(context, parameter);
            if let Some((first, _)) = parameters[..index].iter().find(|(first, _)| first.value == parameter.value) {
                let message = format!("two parameters are called `{}`", parameter.value);
                let error = Diagnostic::error(Code::Duplicate, parameter.span, message);
                context.errors.push(error.other(first.span, "first here"));
            }
        }
        if context.callable.contains(&name.value) {
            let message = format!("`{}` is a layer; a block needs a name of its own", name.value);
            context.errors.push(Diagnostic::error(Code::Duplicate, name.span, message));
        } else if let Some(first) = definitions.iter().find(|(first, _)| first.0.value == name.value) {
            let message = format!("the block `{}` is defined twice", name.value);
            context
                .errors
                .push(Diagnostic::error(Code::Duplicate, name.span, message).other(first.0.0.span, "first here"));
        } else {
            definitions.push((signature, body));
        }
    }
    definitions
}

/// Names that expressions have without anybody's defining them.
const RESERVED: [&str; 4] = ["classes", "in", "channels", "i"];

fn refuse_reserved(context: &mut Context<'_>, name: &Spanned<String>) {
    if RESERVED.contains(&name.value.as_str()) {
        let message = format!("`{}` has a meaning of its own in expressions", name.value);
        context.errors.push(Diagnostic::error(Code::Duplicate, name.span, message).help("choose another name"));
    }
}

fn definitions(context: &mut Context<'_>, value: &Spanned<Setting>) -> Vec<(Spanned<String>, Spanned<Expr>)> {
    let Some(section) = map(context, "`let`", "a mapping from names to values", value) else { return Vec::new() };
    let mut lets = Vec::new();
    for (key, value) in &section.entries {
        let name = notation::expression(&key_text(context.sources, key));
        refuse_reserved(context, key);
        if !matches!(name, Ok(Spanned { value: Expr::Name(_), .. })) {
            let message = format!("`{}` cannot be a name in expressions", key.value);
            let error = Diagnostic::error(Code::Notation, key.span, message);
            context.errors.push(error.help("a name is made of letters, digits and `_`"));
        }
        if let Some(value) = expr(context, &format!("`{}`", key.value), value) {
            lets.push((key.clone(), value));
        }
    }
    lets
}

fn init_rules(context: &mut Context<'_>, value: &Spanned<Setting>) -> Vec<InitRule> {
    let expected = "a mapping from layers or weight names to initialisers";
    let Some(section) = map(context, "`init`", expected, value) else { return Vec::new() };
    let mut rules = Vec::new();
    for (pattern, value) in &section.entries {
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
    let value = Spanned::new(Term::Expr(value), span);
    let argument = Argument { key: None, value, span };
    Call { name: Spanned::new("constant".to_string(), span), arguments: vec![argument], span }
}

/// A shape: a list of numbers, `3x32x32`, or one number.
pub(super) fn shape(
    context: &mut Context<'_>,
    what: &str,
    value: &Spanned<Setting>,
) -> Option<Spanned<Vec<Spanned<Expr>>>> {
    let sides = match &value.value {
        Setting::Text(text) => context.note(notation::shape(text))?,
        Setting::List(sides) if !sides.is_empty() => {
            let sides: Vec<_> = sides.iter().map(|side| expr(context, &format!("a size of {what}"), side)).collect();
            sides.into_iter().collect::<Option<_>>()?
        }
        Setting::Int(side) => vec![Spanned::new(Expr::Int(*side), value.span)],
        _ => {
            context.errors.push(wrong_type(what, "sizes such as `[3, 32, 32]`", value));
            return None;
        }
    };
    Some(Spanned::new(sides, value.span))
}

/// A number, or text that is an expression, or a list of such.
pub(super) fn expr(context: &mut Context<'_>, what: &str, value: &Spanned<Setting>) -> Option<Spanned<Expr>> {
    let expr = match &value.value {
        Setting::Int(number) => Expr::Int(*number),
        Setting::Float(number) => Expr::Float(*number),
        Setting::Bool(truth) => Expr::Bool(*truth),
        Setting::Text(text) => return context.note(notation::expression(text)),
        Setting::List(values) => {
            let values: Vec<_> = values.iter().map(|value| expr(context, what, value)).collect();
            Expr::List(values.into_iter().collect::<Option<_>>()?)
        }
        Setting::Null | Setting::Map(_) => {
            context.errors.push(number_expected(what, value));
            return None;
        }
    };
    Some(Spanned::new(expr, value.span))
}

/// `what` must be a number. Braces look like a mapping to YAML, so that mistake gets its own advice.
pub(super) fn number_expected(what: &str, value: &Spanned<Setting>) -> Diagnostic {
    let error = wrong_type(what, "a number or an expression", value);
    let is_braces = |section: &Section| {
        !section.entries.is_empty() && section.entries.iter().all(|(_, value)| matches!(value.value, Setting::Null))
    };
    match &value.value {
        Setting::Map(section) if is_braces(section) => {
            error.help("outside of notation an expression stands without braces: `4*width`")
        }
        _ => error,
    }
}

fn plain_text(context: &mut Context<'_>, what: &str, value: &Spanned<Setting>) -> Option<Spanned<String>> {
    match &value.value {
        Setting::Text(Text { text, .. }) => Some(Spanned::new(text.clone(), value.span)),
        // A name such as `2048` is a number to YAML.
        Setting::Int(_) | Setting::Float(_) | Setting::Bool(_) => {
            Some(Spanned::new(context.sources.text(value.span).to_string(), value.span))
        }
        _ => {
            context.errors.push(wrong_type(what, "text", value));
            None
        }
    }
}

/// One text, or a list of texts.
pub(super) fn texts(context: &mut Context<'_>, what: &str, value: &Spanned<Setting>) -> Vec<Spanned<String>> {
    match &value.value {
        Setting::List(values) => values.iter().filter_map(|value| plain_text(context, what, value)).collect(),
        _ => plain_text(context, what, value).into_iter().collect(),
    }
}

/// A mapping whose keys are looked up later; nothing at all is an empty one.
fn section(context: &mut Context<'_>, what: &str, value: &Spanned<Setting>) -> Option<Section> {
    match &value.value {
        Setting::Null => Some(Section { span: value.span, entries: Vec::new() }),
        _ => map(context, what, "a mapping", value).cloned(),
    }
}

fn map<'a>(context: &mut Context<'_>, what: &str, expected: &str, value: &'a Spanned<Setting>) -> Option<&'a Section> {
    match &value.value {
        Setting::Map(section) => Some(section),
        _ => {
            context.errors.push(wrong_type(what, expected, value));
            None
        }
    }
}
