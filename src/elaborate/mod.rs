//! From a [`Document`] to a checked [`Network`]: presets, blocks and repeats are expanded, and every layer is wired
//! into the graph, which works out its shape.
//!
//! The document is walked once, in order. After an error the value has no shape; checks on it are left out, names,
//! arguments and everything else are still checked. So one mistake is reported once, and independent ones all together.

mod blocks;
mod call;
mod callee;
mod clash;
mod ending;
mod enlarge;
mod even_kernel;
mod expect;
mod expression;
mod init;
mod initialiser;
mod input_size;
pub mod language;
mod larger_input;
mod layer;
mod level;
mod library;
mod meet;
mod merge;
mod mismatch;
mod one_value;
mod origin;
mod parting;
mod presets;
mod problem;
mod recipe;
mod remedy;
mod residual;
mod rounds;
mod same;
mod scope;
mod settings;
mod size;
mod sizes;
mod split;
mod too_small;
mod unread;
mod usage;
mod vanished;
mod view;
mod walk;
mod written;

pub use library::check_library;
#[cfg(feature = "cli")]
pub(crate) use presets::names as preset_names;

use std::collections::{HashMap, HashSet};

use crate::arguments::Value;
use crate::diagnostic::{Choices, Code, Diagnostic, Frame, MOST_MISTAKES, Severity, Span, Spanned};
use crate::graph::NodeLabel;
use crate::ir::{Shape, ValueId};
use crate::layers::Layers;
use crate::lint::lint;
use crate::network::Network;
use crate::syntax::ast::{Document, DocumentBody, Expr, Item};
use crate::syntax::{Origin, Vocabulary};
pub(crate) use scope::Effort;
use scope::{Binding, Scope};
use view::View;
use walk::Walked;

/// What a document may call that has these layers.
pub fn vocabulary(layers: &Layers) -> Vocabulary {
    Vocabulary::new(layers.names(), presets::names())
}

/// What there is of a network in which something is wrong. The program shows it; the library alone does not.
#[derive(Debug, Clone)]
#[cfg_attr(not(feature = "cli"), expect(dead_code))]
pub(crate) struct Part {
    /// The layers before the first mistake.
    pub network: Network,
    /// The layers from there on, as far as they can be read.
    pub behind: Vec<NodeLabel>,
}

/// What becomes of a document.
#[derive(Debug, Default)]
pub struct Elaborated {
    /// The checked network, if no problem is an error.
    pub network: Option<Network>,
    /// Where each layer of the network was written, by its node's index.
    pub origins: Vec<Origin>,
    /// Every independent error; if there is none, what is doubtful about the network.
    pub problems: Vec<Diagnostic>,
    /// What could be done about problems, still to be tried.
    pub(crate) choices: Choices,
    /// If there is a mistake: what there is besides.
    pub(crate) part: Option<Part>,
    /// What it has cost, in items that were walked.
    pub(crate) cost: usize,
}

/// Checks a document that calls these layers, also one of which parts could not be read. `stem` is the network's name
/// if the document gives none. Advice about sizes is not tried, for which it takes the text:
/// [`compile`](crate::compile()) does so.
pub fn elaborate(document: &Document, stem: &str, layers: &Layers) -> Elaborated {
    let mut elaborated = examine(document, stem, layers, &Effort::default());
    let choices = std::mem::take(&mut elaborated.choices);
    for problem in &mut elaborated.problems {
        if let Some(choices) = choices.get(&(problem.code, problem.primary.span)) {
            problem.choose(choices, |_| None, |_| None);
        }
    }
    elaborated
}

/// As [`elaborate`], with advice that is still to be tried.
pub(crate) fn examine(document: &Document, stem: &str, layers: &Layers, effort: &Effort) -> Elaborated {
    let mut problems = [document.missing.as_slice(), &document.doubts].concat();
    let mut names = Vec::new();
    let classes = document
        .classes
        .as_ref()
        .and_then(|expr| positive(expr, "`classes`", &Scope::root(&names, effort), &mut problems));
    if document.classes.is_some() {
        names.push(Binding::size("classes", classes));
    }
    let included: Vec<Vec<Binding>> =
        document.included.iter().map(|lets| with_lets(names.clone(), lets, effort, &mut problems)).collect();
    let names = with_lets(names, &document.lets, effort, &mut problems);
    let homes: Vec<Scope> = included.iter().map(|names| Scope::root(names, effort)).collect();
    let scope = Scope::root(&names, effort);
    let input = input_shape(&document.input, &scope, &mut problems);
    problems.extend(input.and_then(|shape| channels_last(shape, document.input.span)));

    let expanded;
    let mut trace = Vec::new();
    let items: &[Item] = match &document.body {
        DocumentBody::Layers(items) => items,
        DocumentBody::Preset { name, settings } => {
            trace.push(Frame::preset(&name.value, name.span));
            expanded = presets::expand(name, settings, classes, &scope).unwrap_or_else(|errors| {
                problems.extend(errors);
                vec![Item::unreadable(name.span)]
            });
            &expanded
        }
        DocumentBody::Unreadable => {
            expanded = vec![Item::unreadable(document.input.span)];
            &expanded
        }
    };
    let Walked { mut graph, origins, output, sound, behind, walked, problems: found, choices, called } =
        walk::walk(items, document, layers, input, trace, &scope, &homes);
    problems.extend(found);
    // What is too large to be walked has not called all of its blocks.
    if problems.iter().all(|problem| problem.code != Code::Limit) {
        let key = |problem: &Diagnostic| (problem.code, problem.primary.span);
        let known: HashSet<(Code, Span)> = problems.iter().map(key).collect();
        let uncalled = library::uncalled(document, &called, layers, &scope, &homes);
        problems.extend(uncalled.into_iter().filter(|problem| !known.contains(&key(problem))));
    }
    if graph.nodes.is_empty() && output.is_some() {
        problems.push(Diagnostic::error(Code::MissingKey, document.input.span, "the network has no layers"));
    }
    problems.extend(clash::found(&graph, &origins));
    problems.extend(init::apply(&document.init, &mut graph, layers, &scope, output.is_some()));
    let shape = input.map(|_| graph.input);
    let is_whole = output.is_some() && problems.iter().all(|problem| problem.severity != Severity::Error);
    let whole = output.filter(|_| is_whole).map(|output| (&graph, output));
    let told = ending::told_apart(document, classes, whole, &origins);
    let (data, train, errors) = recipe::read(document, &scope, shape, told, whole.map(|(graph, _)| graph));
    problems.extend(errors);
    problems.extend(output.and_then(|output| {
        let is_wrong = ending::is_wrong(document, graph.input, graph.shape(output), classes);
        is_wrong.then(|| ending::wrong(&View::new(&graph, &origins, layers, document), output, classes))
    }));

    if problems.iter().all(|problem| problem.severity != Severity::Error) {
        problems.extend(one_value::single_values(document, &graph, &origins, data.as_ref(), train.as_ref()));
    }
    let silenced = silenced(document, &mut problems);
    let has_errors = problems.iter().any(|problem| problem.severity == Severity::Error);
    let name = document.name.as_ref().map_or(stem, |name| &name.value).to_string();
    let cost = walked.saturating_add(effort.spent() / STEPS_AN_ITEM);
    if has_errors {
        graph.nodes.truncate(sound);
        let output = graph.nodes.len().checked_sub(1).map(ValueId::of_node).filter(|_| input.is_some());
        let network = output.map(|output| Network { name, graph, output, classes: None, data: None, train: None });
        let part = network.map(|network| Part { network, behind });
        problems.retain(|problem| !silenced.contains(&problem.code));
        return Elaborated { network: None, origins, problems, choices, part, cost };
    }
    let network = output.map(|output| Network { name, graph, output, classes, data, train });
    if network.is_some() {
        problems.extend(usage::unused(document));
    }
    let warnings = network.as_ref().map_or(Vec::new(), |network| lint(network, &origins));
    if let Some(network) = network.as_ref().filter(|_| !warnings.is_empty()) {
        let view = View::new(&network.graph, &origins, layers, document);
        let warnings = warnings.into_iter().enumerate();
        problems.extend(warnings.map(|(index, (node, warning))| match index {
            ..walk::MOST_ADVISED => without_bias(warning, node, &view),
            _ => warning,
        }));
    }
    problems.retain(|problem| !silenced.contains(&problem.code));
    Elaborated { network, origins, problems, choices, part: None, cost }
}

/// A warning about a node whose advice is to write `bias=false`, with that as an edit where it can be made.
fn without_bias(mut warning: Diagnostic, node: usize, view: &View) -> Diagnostic {
    if let (Code::BiasBeforeNorm, [help]) = (warning.code, warning.help.as_mut_slice()) {
        let written = view.node(ValueId::of_node(node)).and_then(|node| view.written(node));
        help.edit = written.and_then(|written| written.set("bias", &Value::Bool(false)));
        // The norm takes away what the bias would add.
        help.is_certain = true;
    }
    warning
}

/// Steps of expressions that cost as much as walking an item.
const STEPS_AN_ITEM: usize = 16;

/// `names` and those of a `let:`, each of which may use those before it.
fn with_lets<'d>(
    mut names: Vec<Binding<'d>>,
    lets: &'d [(Spanned<String>, Spanned<Expr>)],
    effort: &Effort,
    problems: &mut Vec<Diagnostic>,
) -> Vec<Binding<'d>> {
    for (index, (name, expr)) in lets.iter().enumerate() {
        let used: HashMap<&str, Span> = expr.names().into_iter().rev().collect();
        let too_early = lets[index..].iter().find_map(|(late, _)| Some((late, *used.get(late.value.as_str())?)));
        let value = match too_early {
            Some((late, span)) => Err(no_value_yet(late, span, name)),
            None => expression::evaluate(expr, &Scope::root(&names, effort)),
        };
        let value = value.unwrap_or_else(|error| {
            problems.push(error);
            None
        });
        names.push(Binding::new(&name.value, value));
    }
    names
}

/// The value of `name` uses `late`, which is defined behind it.
fn no_value_yet(late: &Spanned<String>, span: Span, name: &Spanned<String>) -> Diagnostic {
    if late.span == name.span {
        return Diagnostic::error(Code::Expression, span, format!("`{}` is defined by itself", late.value));
    }
    Diagnostic::error(Code::Expression, span, format!("`{}` has no value yet", late.value))
        .other(late.span, "defined here")
        .help(format!("move `{}` up: a value can use those before it", late.value))
}

/// `allow:`, as codes.
fn silenced(document: &Document, problems: &mut Vec<Diagnostic>) -> Vec<Code> {
    let warnings = || Code::ALL.iter().filter(|code| code.id().starts_with('W'));
    let mut silenced = Vec::new();
    for id in document.allow.iter().take(MOST_MISTAKES) {
        match warnings().find(|code| code.id() == id.value) {
            Some(code) => silenced.push(*code),
            None => {
                let error =
                    Diagnostic::error(Code::UnknownName, id.span, format!("no warning is called `{}`", id.value));
                let known = warnings().map(|code| code.id());
                problems.push(error.did_you_mean(&id.value, known, || "warnings are called W001, W002, …".to_string()));
            }
        }
    }
    silenced
}

/// A whole number, one or more.
fn positive(expr: &Spanned<Expr>, what: &str, scope: &Scope, problems: &mut Vec<Diagnostic>) -> Option<usize> {
    match call::integer(expr, what, scope) {
        Ok(Some(value)) if (1..=1 << 31).contains(&value) => Some(value as usize),
        Ok(Some(value)) => {
            let range = if value < 1 { "at least 1" } else { "at most 2^31" };
            problems.push(
                Diagnostic::error(Code::InvalidArgument, expr.span, format!("{what} must be {range}"))
                    .label(format!("found `{value}`")),
            );
            None
        }
        Ok(None) => None,
        Err(error) => {
            problems.push(error);
            None
        }
    }
}

/// W006: sizes as other frameworks order them.
fn channels_last(input: Shape, span: Span) -> Option<Diagnostic> {
    let Shape::Map { channels, height, width } = input else { return None };
    if !is_written_last(channels, height, width) {
        return None;
    }
    let warning =
        Diagnostic::warning(Code::ChannelsLast, span, format!("an image {height}×{width} of {channels} channels"));
    let meant = format!("[{width}, {channels}, {height}]");
    let what = if width == 1 { "channel" } else { "channels" };
    let advice = format!("for {width} {what} of {channels}×{height} write `{meant}`");
    Some(warning.label("channels, height, width").fix(advice, span, meant))
}

/// Whether what stands last looks like a number of channels, and what stands first like an image's height.
fn is_written_last(channels: usize, height: usize, width: usize) -> bool {
    if channels < SMALLEST_IMAGE || height < SMALLEST_IMAGE {
        return false;
    }
    match width {
        3 => true,
        // A map with a single column may be a sequence, one with a few the readings of sensors.
        ..=MOST_CHANNELS if channels == height => 2 * width <= height,
        2 | 4 => height >= NARROWEST * width && channels >= NARROWEST * width,
        _ => false,
    }
}

/// No image has a shorter side.
const SMALLEST_IMAGE: usize = 8;

/// Images from satellites have a dozen.
const MOST_CHANNELS: usize = 16;

/// No image is so many times as high as it is wide.
const NARROWEST: usize = 16;

/// `input:` as a shape.
fn input_shape(input: &Spanned<Vec<Spanned<Expr>>>, scope: &Scope, problems: &mut Vec<Diagnostic>) -> Option<Shape> {
    if !matches!(input.value.len(), 1 | 3) {
        let message = format!("an input has one or three sizes, not {}", input.value.len());
        let error = Diagnostic::error(Code::InvalidArgument, input.span, message);
        problems.push(error.help("write C, H, W: `input: [3, 32, 32]`; the batch is not part of an architecture"));
        return None;
    }
    let before = problems.len();
    let mut sizes = Vec::new();
    for expr in &input.value {
        sizes.extend(positive(expr, "a size of the input", scope, problems));
    }
    if problems.len() > before || sizes.len() < input.value.len() {
        return None;
    }
    let shape = match sizes.as_slice() {
        [channels, height, width] => Shape::map(*channels, *height, *width),
        features => Shape::Vector(features[0]),
    };
    if !shape.is_reasonable() {
        problems.push(Diagnostic::error(
            Code::TooLarge,
            input.span,
            format!("the input {shape} is too large to compute with"),
        ));
        return None;
    }
    Some(shape)
}
