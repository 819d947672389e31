//! What a network ends in: a score for each class, if it is to be trained or says how many classes there are.

use super::origin;
use super::view::View;
use crate::arguments::Value;
use crate::diagnostic::{Code, Diagnostic, Edit, Spanned};
use crate::graph::Graph;
use crate::ir::{Shape, ValueId};
use crate::syntax::Origin;
use crate::syntax::ast::Document;

/// How many classes the network tells apart, and where that stands: as many as were written, else as it has scores.
pub(super) fn told_apart(
    document: &Document,
    classes: Option<usize>,
    whole: Option<(&Graph, ValueId)>,
    origins: &[Origin],
) -> Option<Spanned<usize>> {
    match (&document.classes, whole) {
        (Some(written), _) => classes.map(|classes| Spanned::new(classes, written.span)),
        (None, Some((graph, output))) if graph.shape(output).positions() == 1 => {
            let maker = origin::made(graph, output).node();
            let span = maker.map_or(document.input.span, |index| origins[index].span);
            Some(Spanned::new(graph.shape(output).elements(), span))
        }
        _ => None,
    }
}

/// Whether a network that ends in this shape should end in something else.
pub(super) fn is_wrong(document: &Document, shape: Shape, classes: Option<usize>) -> bool {
    match classes {
        Some(classes) => shape != Shape::Vector(classes),
        None => document.train.is_some() && document.classes.is_none() && shape.positions() > 1,
    }
}

/// What there is to say then.
pub(super) fn wrong(view: &View, output: ValueId, classes: Option<usize>) -> Diagnostic {
    let shape = view.shape(output);
    let maker = view.node(origin::made(view.graph, output));
    let span = maker.map_or(view.document.input.span, |maker| view.origin(maker).span);
    let error =
        |message: String| Diagnostic::error(Code::ClassesMismatch, span, message).label(format!("this makes {shape}"));
    let Some(classes) = classes else {
        let error = error(format!("the network ends in a map {shape}, but training needs a score for each class"));
        let section = view.document.train.as_ref();
        let section = section.map(|train| train.entries.first().map_or(train.span, |(key, _)| key.span));
        let error = section.into_iter().fold(error, |error, section| error.other(section, "it is to be trained"));
        return error.help("end with `adaptive_avgpool 1 -> flatten -> linear CLASSES`");
    };
    let mut error = error(format!("the network ends in {shape}, but `classes` is {classes}"));
    if let Some(written) = &view.document.classes {
        error = error.other(written.span, format!("{classes} classes"));
    }
    let Shape::Vector(_) = shape else {
        return error.help("end with `adaptive_avgpool 1 -> flatten -> linear {classes}`");
    };
    let last = maker.filter(|maker| maker.kind == "linear").and_then(|maker| view.written(maker));
    let edit = last.filter(|last| last.site.once).and_then(|last| last.set("out", &Value::Int(classes as i64)));
    match edit {
        Some(Edit { span, text }) => error.fix(format!("write {classes} there, or `{{classes}}`"), span, text),
        None => error.help("end with `linear {classes}`"),
    }
}
