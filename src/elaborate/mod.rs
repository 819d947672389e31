//! From a [`Document`] to a checked [`Network`]: presets, blocks and repeats are expanded, and every layer is wired into the
//! graph, which works out its shape.
//!
//! The document is walked once, in order. After an error the value has no shape; checks on it are left out, names,
//! arguments and everything else are still checked. So one mistake is reported once, and independent ones all together.

mod blocks;
mod call;
mod expression;
mod init;
mod level;
mod merge;
mod mismatch;
mod presets;
mod recipe;
mod scope;
mod settings;
mod walk;

pub(crate) use mismatch::traced;
pub use presets::names as preset_names;

use crate::arguments::Value;
use crate::diagnostic::{Code, Diagnostic, Severity, Spanned, nearest};
use crate::graph::{Frame, Shape};
use crate::layers::Layers;
use crate::network::Network;
use crate::syntax::ast::{Document, DocumentBody, Expr, Item};
use scope::{Binding, Scope};

/// A network, with whatever is doubtful about it.
#[derive(Debug)]
pub struct Elaborated {
    /// The checked network.
    pub network: Network,
    /// Warnings.
    pub warnings: Vec<Diagnostic>,
}

/// Checks a document that calls these layers. `stem` is the network's name if the document gives none. Every independent error is in the `Err`.
pub fn elaborate(document: &Document, stem: &str, layers: &Layers) -> Result<Elaborated, Vec<Diagnostic>> {
    let mut problems = Vec::new();
    let mut names = Vec::new();
    let classes = document.classes.as_ref().and_then(|expr| positive(expr, "`classes`", &names, &mut problems));
    if document.classes.is_some() {
        names.push(Binding::size("classes", classes));
    }
    for (name, expr) in &document.lets {
        let value = expression::evaluate(expr, &Scope::root(&names)).unwrap_or_else(|error| {
            problems.push(error);
            None
        });
        names.push(Binding::new(&name.value, value));
    }
    let scope = Scope::root(&names);
    let input = input_shape(&document.input, &scope, &mut problems);

    let expanded;
    let mut trace = Vec::new();
    let items: &[Item] = match &document.body {
        DocumentBody::Layers(items) => items,
        DocumentBody::Preset { name, settings } => {
            trace.push(Frame::preset(&name.value, name.span));
            expanded = presets::expand(name, settings, classes, &scope).unwrap_or_else(|errors| {
                problems.extend(errors);
                Vec::new()
            });
            &expanded
        }
    };
    let preset_failed = items.is_empty() && !problems.is_empty();
    let walked = walk::walk(items, document, layers, input, trace, &scope);
    problems.extend(walked.problems);
    if walked.graph.nodes.is_empty() && problems.is_empty() {
        problems.push(Diagnostic::error(Code::MissingKey, document.input.span, "the network has no layers"));
    }
    let mut graph = walked.graph;
    let complete = !preset_failed && walked.output.is_some();
    problems.extend(init::apply(&document.init, &mut graph, layers, &scope, complete));
    let shape = input.map(|_| graph.input);
    let (data, train, errors) = recipe::read(document, &scope, shape, classes);
    problems.extend(errors);

    let silenced = silenced(document, &mut problems);
    let has_errors = problems.iter().any(|problem| problem.severity == Severity::Error);
    let Some(output) = walked.output.filter(|_| !has_errors) else { return Err(problems) };
    if let Some(error) = classes.and_then(|classes| check_classes(document, &graph, output, classes)) {
        problems.push(error);
        return Err(problems);
    }
    let name = document.name.as_ref().map_or(stem, |name| &name.value).to_string();
    let network = Network { name, graph, output, classes, data, train };
    problems.extend(crate::lint::lint(&network));
    problems.retain(|warning| !silenced.contains(&warning.code));
    Ok(Elaborated { network, warnings: problems })
}

/// `allow:`, as codes.
fn silenced(document: &Document, problems: &mut Vec<Diagnostic>) -> Vec<Code> {
    let warnings = || Code::ALL.iter().filter(|code| code.id().starts_with('W'));
    let mut silenced = Vec::new();
    for id in &document.allow {
        match warnings().find(|code| code.id() == id.value) {
            Some(code) => silenced.push(*code),
            None => {
                let error =
                    Diagnostic::error(Code::UnknownName, id.span, format!("no warning is called `{}`", id.value));
                problems.push(match nearest(&id.value, warnings().map(|code| code.id())) {
                    Some(near) => error.help(format!("did you mean `{near}`?")),
                    None => error.help("warnings are called W001, W002, …"),
                });
            }
        }
    }
    silenced
}

/// The network must end in one score for each class.
fn check_classes(
    document: &Document,
    graph: &crate::graph::Graph,
    output: crate::graph::ValueId,
    classes: usize,
) -> Option<Diagnostic> {
    let shape = graph.shape(output);
    if shape == Shape::Vector(classes) {
        return None;
    }
    let span = output.node().map_or(document.input.span, |index| graph.nodes[index].span);
    let mut error = Diagnostic::error(
        Code::ClassesMismatch,
        span,
        format!("the network ends in {shape}, but `classes` is {classes}"),
    )
    .label(format!("this makes {shape}"));
    if let Some(written) = &document.classes {
        error = error.other(written.span, format!("{classes} classes"));
    }
    Some(match shape {
        Shape::Map { .. } => error.help("end with `adaptive_avgpool 1 -> flatten -> linear {classes}`"),
        Shape::Vector(_) => error.help("end with `linear {classes}`"),
    })
}

/// A whole number, one or more.
fn positive(expr: &Spanned<Expr>, what: &str, names: &[Binding], problems: &mut Vec<Diagnostic>) -> Option<usize> {
    match call::integer(expr, what, &Scope::root(names)) {
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

/// `input:` as a shape.
fn input_shape(input: &Spanned<Vec<Spanned<Expr>>>, scope: &Scope, problems: &mut Vec<Diagnostic>) -> Option<Shape> {
    let before = problems.len();
    let mut sizes = Vec::new();
    for expr in &input.value {
        match expression::evaluate(expr, scope) {
            Ok(Some(Value::Int(value))) if (1..=1 << 31).contains(&value) => sizes.push(value as usize),
            Ok(None) => {}
            Ok(Some(other)) => problems.push(
                Diagnostic::error(
                    Code::InvalidArgument,
                    expr.span,
                    "a size of the input must be a whole number, one or more",
                )
                .label(format!("found `{other}`")),
            ),
            Err(error) => problems.push(error),
        }
    }
    if problems.len() > before || sizes.len() < input.value.len() {
        return None;
    }
    let shape = match sizes.as_slice() {
        [features] => Shape::Vector(*features),
        [channels, height, width] => Shape::map(*channels, *height, *width),
        _ => {
            let error = Diagnostic::error(
                Code::InvalidArgument,
                input.span,
                format!("an input has one or three sizes, not {}", sizes.len()),
            );
            problems.push(error.help("write C, H, W: `input: [3, 32, 32]`; the batch is not part of an architecture"));
            return None;
        }
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
