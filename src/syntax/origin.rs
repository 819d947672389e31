//! Where the parts of a network were written.

use std::sync::Arc;

use super::CallId;
use crate::diagnostic::{Frame, Span};

/// Where a layer comes from. A network has none of this; whoever makes one out of a text keeps it beside, by the node's
/// index.
#[derive(Debug, Clone)]
pub struct Origin {
    /// The call.
    pub span: Span,
    /// How it came from there, outermost first.
    pub trace: Arc<[Frame]>,
    /// The call's number; none if a preset or a structure wrote it.
    pub call: Option<CallId>,
}
