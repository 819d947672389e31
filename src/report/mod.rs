//! What `archc check` shows of a network: a table for people ([`check`]), JSON for programs ([`json`]), and Markdown
//! for documents ([`markdown`]).

pub mod check;
pub mod github;
#[cfg(feature = "cli")]
pub mod json;
pub mod markdown;
mod outline;
pub mod part;
pub(crate) mod table;
mod totals;

pub use outline::Arrangement;

/// The training step whose memory is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Training {
    /// N
    pub batch: usize,
    /// How many threads compute; each has a workspace of its own.
    pub threads: usize,
}

/// What is shown of a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct View {
    /// The training step whose memory is shown.
    pub training: Training,
    /// Bytes of memory for which the largest batch is worked out.
    pub memory: Option<u64>,
    /// How rows are arranged.
    pub arrangement: Arrangement,
    /// How many parts a name has, at most; what lies deeper is summed up in one row. At least 1.
    pub depth: Option<usize>,
}

impl View {
    /// Every layer in a list.
    pub const fn new(training: Training) -> View {
        View { training, memory: None, arrangement: Arrangement::List, depth: None }
    }
}
