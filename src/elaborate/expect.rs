//! `expect:`, a shape that must hold where it stands.

use std::sync::Arc;

use super::call;
use super::level::Wire;
use super::meet::reach;
use super::origin::with_origin;
use super::problem::Problem;
use super::scope::Scope;
use super::view::View;
use super::walk::Walk;
use crate::diagnostic::{Choice, Code, Diagnostic, Edit, Frame, Span, Spanned, ranked};
use crate::ir::{Shape, ValueId};
use crate::syntax::ast::Expr;

/// A value that has another shape than `expect:` says.
#[derive(Debug)]
pub(super) struct Unexpected {
    expected: Vec<i64>,
    value: ValueId,
    pub span: Span,
    pub trace: Arc<[Frame]>,
}

impl Walk<'_> {
    /// Holds the shape of `input` against what `expect:` says.
    pub(super) fn expect(&mut self, sizes: &[Spanned<Expr>], span: Span, scope: &Scope, input: Wire) {
        let mut expected = Vec::new();
        for size in sizes {
            let size = call::integer(size, "a size", scope);
            let Some(Some(size)) = self.checked(size) else { return };
            expected.push(size);
        }
        let Some(value) = input else { return };
        let found = self.graph.shape(value);
        if found.dims().iter().map(|size| *size as i64).eq(expected.iter().copied()) {
            return;
        }
        let trace = self.trace.clone();
        self.report_later(Problem::Unexpected(Box::new(Unexpected { expected, value, span, trace })));
    }
}

impl Unexpected {
    /// The diagnostic, and what would make the value what is expected, or expect what arrives.
    pub fn diagnose(&self, view: &View, advises: bool) -> (Diagnostic, Vec<Choice>) {
        let found = view.shape(self.value);
        let written: Vec<String> = self.expected.iter().map(i64::to_string).collect();
        let message = format!("expected {}, but {found} arrives", written.join("×"));
        let error = Diagnostic::error(Code::ExpectationFailed, self.span, message);
        let error = with_origin(error, self.value, view);
        let groups = self.target().filter(|_| advises).map_or(Vec::new(), |target| reach(self.value, target, view));
        let found: Vec<String> = found.dims().iter().map(usize::to_string).collect();
        let found = format!("[{}]", found.join(", "));
        let text = format!("write `{found}`, if that is what should arrive");
        let other = Choice::new(text, vec![Edit { span: self.span, text: found }]);
        (error, ranked(groups.into_iter().chain([vec![other]])))
    }

    /// The shape that is expected, if there is such a one.
    fn target(&self) -> Option<Shape> {
        let size = |size: &i64| usize::try_from(*size).ok().filter(|size| *size > 0);
        match self.expected.iter().map(size).collect::<Option<Vec<usize>>>()?.as_slice() {
            [channels, height, width] => Some(Shape::map(*channels, *height, *width)),
            [features] => Some(Shape::Vector(*features)),
            _ => None,
        }
    }
}
