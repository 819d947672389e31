//! The way from the user's text to what is reported.

use std::sync::Arc;

use super::{Diagnostic, Span};

/// A step on the way from the user's text to a layer: a block call, a preset, a repeat.
#[derive(Debug, Clone, PartialEq)]
pub struct Frame {
    /// `in block bottleneck`.
    pub what: Arc<str>,
    /// The call.
    pub span: Span,
}

impl Frame {
    /// The expansion of a preset, asked for at `span`.
    pub fn preset(name: &str, span: Span) -> Frame {
        Frame { what: format!("{IN_PRESET}{name}`").into(), span }
    }

    /// Whether it is a preset's, so that the user wrote none of the layers in it.
    pub fn is_preset(&self) -> bool {
        self.what.starts_with(IN_PRESET)
    }
}

const IN_PRESET: &str = "in preset `";

impl Diagnostic {
    /// Adds how its place was reached, innermost first. Places that it shows already are left out.
    pub fn traced(mut self, trace: &[Frame]) -> Diagnostic {
        for frame in trace.iter().rev() {
            let known = self.primary.span == frame.span || self.others.iter().any(|other| other.span == frame.span);
            if !known {
                self = self.called(frame.span, &*frame.what);
            }
        }
        self
    }
}
