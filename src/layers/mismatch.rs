//! What a layer answers when its inputs do not fit.

use crate::diagnostic::Code;

/// What a layer says when its inputs do not fit.
#[derive(Debug, Clone, PartialEq)]
pub struct Mismatch {
    /// The kind of mistake.
    pub code: Code,
    /// What it is about.
    pub at: Culprit,
    /// `kernel 3×3 does not fit the 2×2 input`.
    pub message: String,
    /// The arithmetic: `(2 − 3 + 2·0)/2 + 1 < 1`.
    pub arithmetic: String,
    /// What would help.
    pub help: Option<String>,
}

/// What a [`Mismatch`] is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Culprit {
    /// The layer as a whole.
    Layer,
    /// The argument of this name; the layer, if it was not written.
    Argument(&'static str),
    /// The input with this index.
    Input(usize),
}
