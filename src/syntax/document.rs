//! From the spanned tree to a [`Document`].
//!
//! Every mistake that does not follow from another one is reported. What a layer, block or preset does with its
//! arguments is not known here; only which names there are, because a key of a mapping either calls or names.

use std::collections::BTreeSet;

use super::ast::{Document, DocumentBody, Expr, Section, Setting, Text};
use super::include::Included;
use super::structure::items;
use super::value::wrong_type;
use super::{Vocabulary, definitions, notation};
use crate::diagnostic::{Code, Diagnostic, Mistakes, Sources, Span, Spanned, nearest};

/// Keys of a document, besides presets.
pub(crate) const KEYS: [&str; 11] =
    ["name", "input", "classes", "include", "let", "blocks", "layers", "init", "data", "train", "allow"];

/// What reading a part of a document needs to know, and where it leaves its mistakes.
pub(super) struct Context<'a> {
    pub sources: &'a Sources,
    /// Layers, and the blocks of this document.
    pub callable: BTreeSet<String>,
    pub vocabulary: &'a Vocabulary,
    /// See [`Document::lost_blocks`].
    pub lost_blocks: bool,
    /// The structure around what is being read.
    pub within: Option<&'a Spanned<String>>,
    /// The structure that is being read, or was read last in the same list.
    pub structure: Option<&'a Spanned<String>>,
    /// What is legal, but rarely meant.
    pub doubts: Mistakes,
    /// Notation that has been read.
    pub lines: notation::Lines<'a>,
    pub errors: Mistakes,
}

impl Context<'_> {
    /// The value, or `None` after noting why there is none.
    pub fn note<T>(&mut self, result: Result<T, Diagnostic>) -> Option<T> {
        self.errors.note(result)
    }
}

/// Makes a document of what a file and those that it includes hold, as far as it can be read, and lists everything that
/// is wrong.
pub(super) fn document<'a>(
    sources: &'a Sources,
    root: &'a Spanned<Setting>,
    included: &'a Included,
    vocabulary: &'a Vocabulary,
) -> (Option<Document>, Vec<Diagnostic>) {
    let root = match &root.value {
        Setting::Map(section) => section,
        Setting::Null => return (None, vec![empty(sources, root.span)]),
        Setting::Text(text) if text.text.contains(" = ") => {
            let error = wrong_type("a file", "a mapping with `input` and `layers`", root);
            return (None, vec![error.help("this looks like TOML, which is read from files that end in `.toml`")]);
        }
        _ => return (None, vec![wrong_type("a file", "a mapping with `input` and `layers`", root)]),
    };
    if root.entries.is_empty() {
        return (None, vec![empty(sources, Span { end: root.span.start, ..root.span })]);
    }
    let callable = vocabulary.layers.iter().map(ToString::to_string).collect();
    let mut context = Context {
        sources,
        callable,
        vocabulary,
        lost_blocks: !included.complete,
        within: None,
        structure: None,
        doubts: Mistakes::default(),
        lines: notation::Lines::default(),
        errors: Mistakes::default(),
    };
    let included: Vec<&Section> = included.files.iter().filter_map(as_section).collect();
    let homes = included.iter().enumerate().map(|(index, section)| (Some(index), *section));
    let blocks = definitions::blocks(&mut context, homes.chain([(None, root)]));

    let span = root.entries[0].0.span;
    let lost_blocks = context.lost_blocks;
    let mut document = Document { input: unreadable_shape(span), lost_blocks, blocks, ..Document::empty() };
    document.included = included
        .iter()
        .map(|section| section.get("let").map_or(Vec::new(), |lets| definitions::lets(&mut context, lets)))
        .collect();
    keys(&mut context, root, vocabulary, &mut document);
    document.doubts = context.doubts.into_list();
    document.number_calls();
    (Some(document), context.errors.into_list())
}

/// Reads every key of a document but `blocks` and `include`.
fn keys<'a>(context: &mut Context<'a>, root: &'a Section, vocabulary: &Vocabulary, document: &mut Document) {
    let mut bodies: Vec<&Spanned<String>> = Vec::new();
    let mut body = |context: &mut Context<'a>, key, value: DocumentBody| {
        document.body = match bodies.first() {
            None => value,
            Some(first) => {
                context.errors.push(second_network(first, key));
                DocumentBody::Unreadable
            }
        };
        bodies.push(key);
    };
    // Keys that misspelled ones stand for; that they are missing is no second mistake.
    let mut meant = Vec::new();
    for (key, value) in &root.entries {
        if context.errors.is_full() {
            break;
        }
        match key.value.as_str() {
            "name" => document.name = name(context, value),
            "input" => document.input = shape(context, "`input`", value),
            "classes" => document.classes = Some(expr(context, "`classes`", value)),
            "let" => document.lets = definitions::lets(context, value),
            "blocks" | "include" => {}
            "layers" => {
                let items = items(context, value);
                body(context, key, DocumentBody::Layers(items));
            }
            "init" => document.init = definitions::init_rules(context, value),
            // As if it were not there: `--set data=null` leaves a section out.
            "data" | "train" if matches!(value.value, Setting::Null) => {}
            "data" => document.data = section(context, "`data`", value),
            "train" => document.train = section(context, "`train`", value),
            "allow" => document.allow = texts(context, "`allow`", value),
            preset if vocabulary.presets.contains(&preset) => {
                let settings = section(context, &format!("`{preset}`"), value);
                let preset = settings.map(|settings| DocumentBody::Preset { name: key.clone(), settings });
                body(context, key, preset.unwrap_or(DocumentBody::Unreadable));
            }
            _ => {
                let known = KEYS.iter().chain(&vocabulary.presets).copied();
                meant.extend(nearest(&key.value, known.clone()));
                context.errors.push(unknown_key(key, "a file", known));
            }
        }
    }
    let start = root.entries[0].0.span;
    let is_toml = super::is_toml(context.sources, start);
    let mut missing_keys = Vec::new();
    if root.get("input").is_none() && !meant.contains(&"input") {
        let missing = Diagnostic::error(Code::MissingKey, start, "the file has no `input`");
        missing_keys.push(missing.help(match is_toml {
            true => "add `input = [3, 32, 32]`: channels, height, width",
            false => "add `input: [3, 32, 32]`: channels, height, width",
        }));
    }
    if bodies.is_empty() && !meant.iter().any(|key| *key == "layers" || vocabulary.presets.contains(key)) {
        let missing = Diagnostic::error(Code::MissingKey, start, "the file describes no network");
        let written = |preset: &&str| if is_toml { format!("`[{preset}]`") } else { format!("`{preset}:`") };
        let presets: Vec<String> = vocabulary.presets.iter().map(written).collect();
        let layers = if is_toml { "`layers = […]`" } else { "`layers:`" };
        missing_keys.push(missing.help(format!("add {layers}, or a preset: {}", presets.join(", "))));
    }
    match is_library(root) && (document.lost_blocks || !document.blocks.is_empty()) {
        true => document.missing = missing_keys,
        false => context.errors.extend(missing_keys),
    }
}

/// Whether a file only defines what others include. What the command line sets is for the networks among several files.
fn is_library(root: &Section) -> bool {
    let written = || root.entries.iter().filter(|(key, _)| key.span.source == root.span.source);
    let has = |keys: &[&str], (key, _): &(Spanned<String>, _)| keys.contains(&key.value.as_str());
    written().all(|entry| has(&["name", "include", "let", "blocks"], entry))
        && written().any(|entry| has(&["include", "blocks"], entry))
}

fn second_network(first: &Spanned<String>, second: &Spanned<String>) -> Diagnostic {
    let message = format!("a file describes one network, and here are two: `{}` and `{}`", first.value, second.value);
    Diagnostic::error(Code::Duplicate, second.span, message).other(first.span, "the first")
}

/// The keys of a file, if it has any.
fn as_section(file: &Spanned<Setting>) -> Option<&Section> {
    match &file.value {
        Setting::Map(section) => Some(section),
        _ => None,
    }
}

fn empty(sources: &Sources, span: Span) -> Diagnostic {
    Diagnostic::error(Code::MissingKey, span, "the file is empty").help(match super::is_toml(sources, span) {
        true => "a network needs `input = [3, 32, 32]` and `layers = […]` or a preset",
        false => "a network needs `input: [3, 32, 32]` and `layers:` or a preset",
    })
}

/// A key that `owner` does not have.
pub(super) fn unknown_key<'a>(
    key: &Spanned<String>,
    owner: &str,
    known: impl Iterator<Item = &'a str> + Clone,
) -> Diagnostic {
    let error = Diagnostic::error(Code::UnknownKey, key.span, format!("{owner} has no key `{}`", key.value));
    error.did_you_mean(&key.value, known.clone(), || {
        let known: Vec<String> = known.map(|key| format!("`{key}`")).collect();
        format!("the keys are {}", known.join(", "))
    })
}

/// A shape: a list of numbers, `3x32x32`, or one number. [`Expr::Unreadable`] after a mistake.
pub(super) fn shape(context: &mut Context<'_>, what: &str, value: &Spanned<Setting>) -> Spanned<Vec<Spanned<Expr>>> {
    let sides = match &value.value {
        Setting::Text(text) => match context.note(notation::shape(text)) {
            Some(sides) => sides,
            None => return unreadable_shape(value.span),
        },
        Setting::List(sides) if !sides.is_empty() => {
            sides.iter().map(|side| expr(context, &format!("a size of {what}"), side)).collect()
        }
        Setting::Int(_) | Setting::Float(_) => vec![expr(context, what, value)],
        _ => {
            context.errors.push(wrong_type(what, "sizes such as `[3, 32, 32]`", value));
            return unreadable_shape(value.span);
        }
    };
    Spanned::new(sides, value.span)
}

fn unreadable_shape(span: Span) -> Spanned<Vec<Spanned<Expr>>> {
    Spanned::new(vec![Spanned::new(Expr::Unreadable, span)], span)
}

/// A number, or text that is an expression, or a list of such. [`Expr::Unreadable`] after a mistake.
pub(super) fn expr(context: &mut Context<'_>, what: &str, value: &Spanned<Setting>) -> Spanned<Expr> {
    let expr = match &value.value {
        Setting::Int(number) => Expr::Int(*number),
        Setting::Float(number) => Expr::Float(*number),
        Setting::Bool(truth) => Expr::Bool(*truth),
        _ if context.errors.is_full() => Expr::Unreadable,
        Setting::Text(text) => match context.note(notation::expression(text)) {
            Some(expr) => return expr,
            None => Expr::Unreadable,
        },
        Setting::List(values) => Expr::List(values.iter().map(|value| expr(context, what, value)).collect()),
        Setting::Null | Setting::Map(_) => {
            context.errors.push(number_expected(what, value));
            Expr::Unreadable
        }
    };
    Spanned::new(expr, value.span)
}

/// `what` must be a number. Braces look like a mapping to YAML, so that mistake gets its own advice.
pub(super) fn number_expected(what: &str, value: &Spanned<Setting>) -> Diagnostic {
    let error = wrong_type(what, "a number or an expression", value);
    let is_braces = |section: &Section| {
        !section.entries.is_empty() && section.entries.iter().all(|(_, value)| matches!(value.value, Setting::Null))
    };
    match &value.value {
        Setting::Map(section) if is_braces(section) => {
            error.help("outside notation, expressions have no braces: `4*width`")
        }
        _ => error,
    }
}

pub(super) fn plain_text(context: &mut Context<'_>, what: &str, value: &Spanned<Setting>) -> Option<Spanned<String>> {
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

/// The network's name, which is printed as it is.
fn name(context: &mut Context<'_>, value: &Spanned<Setting>) -> Option<Spanned<String>> {
    let Spanned { value: name, span } = plain_text(context, "`name`", value)?;
    let name = name.trim().to_string();
    if name.is_empty() {
        let error = Diagnostic::error(Code::InvalidArgument, span, "`name` is empty");
        context.errors.push(error.help("leave it out: the network is then called after its file"));
        return None;
    }
    if name.contains(char::is_control) {
        let message = "`name` must not hold line breaks or other control characters";
        context.errors.push(Diagnostic::error(Code::InvalidArgument, span, message));
        return None;
    }
    Some(Spanned::new(name, span))
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

pub(super) fn map<'a>(
    context: &mut Context<'_>,
    what: &str,
    expected: &str,
    value: &'a Spanned<Setting>,
) -> Option<&'a Section> {
    match &value.value {
        Setting::Map(section) => Some(section),
        _ => {
            context.errors.push(wrong_type(what, expected, value));
            None
        }
    }
}
