//! What a network ends in: a score for each class, if it is to be trained or says how many classes there are.

use super::view::View;
use super::{origin, recipe};
use crate::arguments::Value;
use crate::diagnostic::{Code, Diagnostic, Edit, Spanned};
use crate::graph::Graph;
use crate::ir::{Shape, ValueId};
use crate::recipe::Task;
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
        (None, Some((graph, output))) if graph.shape(output).positions() == 1 || tells_pixels(document) => {
            let maker = origin::made(graph, output).node();
            let span = maker.map_or(document.input.span, |index| origins[index].span);
            Some(Spanned::new(graph.shape(output).channels(), span))
        }
        _ => None,
    }
}

/// Whether there is to be a score for each class of every pixel.
fn tells_pixels(document: &Document) -> bool {
    recipe::told(document) == Some(Task::Segment)
}

/// Whether a network that reads `input` and ends in this shape should end in something else.
pub(super) fn is_wrong(document: &Document, input: Shape, shape: Shape, classes: Option<usize>) -> bool {
    match classes {
        _ if tells_pixels(document) => wanted(input, shape, classes).is_some_and(|wanted| shape != wanted),
        Some(classes) => shape != Shape::Vector(classes),
        None => document.train.is_some() && document.classes.is_none() && shape.positions() > 1,
    }
}

/// What a network should end in that tells the classes of pixels apart, if images are what it reads.
fn wanted(input: Shape, shape: Shape, classes: Option<usize>) -> Option<Shape> {
    let Shape::Map { height, width, .. } = input else { return None };
    Some(Shape::Map { channels: classes.unwrap_or(shape.channels()), height, width })
}

/// What there is to say of one that does not.
fn wrong_pixels(view: &View, shape: Shape, classes: Option<usize>, error: Diagnostic) -> Diagnostic {
    let input = view.graph.input;
    let Shape::Map { height, width, .. } = input else { return error };
    let task = view.document.data.as_ref().and_then(|data| data.entry("task"));
    let error =
        task.into_iter().fold(error, |error, (_, task)| error.other(task.span, "each pixel is to have a class"));
    let last = classes.map_or("CLASSES".to_owned(), |classes| classes.to_string());
    let factor = |from: usize, to: usize| (from > 0 && to.is_multiple_of(from)).then(|| to / from);
    match shape {
        Shape::Map { height: rows, width: columns, .. } if (rows, columns) == (height, width) => {
            error.help(format!("end with `conv {last} 1x1`"))
        }
        Shape::Map { height: rows, width: columns, .. } => match (factor(rows, height), factor(columns, width)) {
            (Some(down), Some(across)) if down == across => error
                .help(format!("make it as large as the input: end with `conv {last} 1x1 -> upsample {down} bilinear`")),
            _ => error.help(format!(
                "make it as large as the input: pad what makes it smaller, or end with `conv {last} 1x1 -> upsample \
                 size={height}x{width} bilinear`"
            )),
        },
        Shape::Vector(_) => {
            error.help(format!("end with `conv {last} 1x1`, where the map is as large as the input, {height}×{width}"))
        }
    }
}

/// What there is to say then.
pub(super) fn wrong(view: &View, output: ValueId, classes: Option<usize>) -> Diagnostic {
    let shape = view.shape(output);
    let maker = view.node(origin::made(view.graph, output));
    let span = maker.map_or(view.document.input.span, |maker| view.origin(maker).span);
    let error =
        |message: String| Diagnostic::error(Code::ClassesMismatch, span, message).label(format!("this makes {shape}"));
    if tells_pixels(view.document)
        && let Some(wanted) = wanted(view.graph.input, shape, classes)
    {
        let message = format!(
            "the network ends in {shape}, but `task: segment` needs a score for each class of every pixel, {wanted}"
        );
        let error = match (&view.document.classes, classes) {
            (Some(written), Some(classes)) => error(message).other(written.span, format!("{classes} classes")),
            _ => error(message),
        };
        return wrong_pixels(view, shape, classes, error);
    }
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
