//! What `archc check` shows of a network: a table for people ([`check`]), JSON for programs ([`json`]).

pub mod check;
pub mod github;
#[cfg(feature = "cli")]
pub mod json;
pub(crate) mod quantity;
pub(crate) mod table;

/// The training step whose memory is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Training {
    /// N
    pub batch: usize,
    /// How many threads compute; each has a workspace of its own.
    pub threads: usize,
}
