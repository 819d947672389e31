//! `expect:`, a shape that must hold where it stands.

use super::call;
use super::level::Wire;
use super::meet::reach;
use super::origin::with_origin;
use super::scope::Scope;
use super::walk::{MOST_ADVISED, Walk};
use crate::diagnostic::{Choice, Code, Diagnostic, Edit, Span, Spanned, ranked};
use crate::ir::{Shape, ValueId};
use crate::syntax::ast::Expr;

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
        let written: Vec<String> = expected.iter().map(i64::to_string).collect();
        let error = Diagnostic::error(
            Code::ExpectationFailed,
            span,
            format!("expected {}, but {found} arrives", written.join("×")),
        );
        if !self.is_reported(error.code, span) {
            let error = with_origin(error, value, &self.graph, self.document);
            let choices = expected_otherwise(&expected, value, span, self);
            self.report_with(error, choices);
        }
    }
}

/// What would make the value what is expected, or expect what arrives.
fn expected_otherwise(expected: &[i64], value: ValueId, span: Span, walk: &Walk) -> Vec<Choice> {
    let sizes: Option<Vec<usize>> =
        expected.iter().map(|size| usize::try_from(*size).ok().filter(|size| *size > 0)).collect();
    let target = match sizes.as_deref() {
        Some([channels, height, width]) => Some(Shape::map(*channels, *height, *width)),
        Some([features]) => Some(Shape::Vector(*features)),
        _ => None,
    };
    let groups = target
        .filter(|_| walk.mistakes() < MOST_ADVISED)
        .map_or(Vec::new(), |target| reach(value, target, &walk.graph, walk.layers, walk.document));
    let found: Vec<String> = walk.graph.shape(value).dims().iter().map(usize::to_string).collect();
    let found = format!("[{}]", found.join(", "));
    let text = format!("write `{found}`, if that is what should arrive");
    ranked(groups.into_iter().chain([vec![Choice::new(text, vec![Edit { span, text: found }])]]))
}
