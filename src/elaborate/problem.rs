//! What a walk finds wrong. What takes nothing but its place is said at once; where advice is looked for, that waits
//! until the walk is over, so that what is tried is tried on a network to which nothing is added any more.

use super::expect::Unexpected;
use super::mismatch::Refused;
use super::remedy::regroup;
use super::view::View;
use super::walk::MOST_ADVISED;
use crate::arguments::Arguments;
use crate::diagnostic::{Choice, Choices, Code, Diagnostic, Span};
use crate::ir::Shape;
use crate::syntax::Origin;

/// Something wrong.
#[derive(Debug)]
pub(super) enum Problem {
    /// In words.
    Said(Box<Diagnostic>),
    /// A layer that does not take its inputs.
    Refused(Box<Refused>),
    /// A shape that was expected otherwise.
    Unexpected(Box<Unexpected>),
    /// Channels that do not split into groups, whatever arrives.
    Ungrouped(Box<Ungrouped>),
}

/// A layer whose own channels do not split into its groups.
#[derive(Debug)]
pub(super) struct Ungrouped {
    pub error: Diagnostic,
    pub given: Arguments,
    pub origin: Origin,
    /// What arrives, if that is known.
    pub input: Option<Shape>,
}

impl Problem {
    /// What is reported once.
    pub fn key(&self) -> (Code, Span) {
        match self {
            Problem::Said(diagnostic) => (diagnostic.code, diagnostic.primary.span),
            Problem::Refused(refused) => (refused.mismatch.code, refused.place()),
            Problem::Unexpected(unexpected) => (Code::ExpectationFailed, unexpected.span),
            Problem::Ungrouped(ungrouped) => (ungrouped.error.code, ungrouped.error.primary.span),
        }
    }

    /// In words, with what could be done about it if that is wanted.
    pub fn told(self, view: &View, advises: bool) -> (Diagnostic, Vec<Choice>) {
        match self {
            Problem::Said(diagnostic) => (*diagnostic, Vec::new()),
            Problem::Refused(refused) => {
                let (error, choices) = if advises { refused.diagnose(view) } else { (refused.briefly(), Vec::new()) };
                (error.traced(&refused.origin.trace), choices)
            }
            Problem::Unexpected(unexpected) => {
                let (error, choices) = unexpected.diagnose(view, advises);
                (error.traced(&unexpected.trace), choices)
            }
            Problem::Ungrouped(ungrouped) => {
                let Ungrouped { error, given, origin, input } = *ungrouped;
                (regroup(error, &given, origin.call, input, view).traced(&origin.trace), Vec::new())
            }
        }
    }
}

/// Everything that was found, in words, and what could be done about it.
pub(super) fn told(found: Vec<Problem>, view: &View, advises: bool) -> (Vec<Diagnostic>, Choices) {
    let (mut problems, mut choices) = (Vec::with_capacity(found.len()), Choices::new());
    for (index, problem) in found.into_iter().enumerate() {
        let (problem, found) = problem.told(view, advises && index < MOST_ADVISED);
        if !found.is_empty() {
            choices.insert((problem.code, problem.primary.span), found);
        }
        problems.push(problem);
    }
    (problems, choices)
}
