//! What an operation needs besides its inputs, output and weights: numbers that it keeps for the backward pass, and
//! memory that it works in.
//!
//! The kernels allocate what [`Op::kept`](super::Op::kept) says and divide their work as
//! [`Op::workspace`](super::Op::workspace) supposes, by the same functions;
//! [`crate::footprint::Footprint`] adds it all up. So an estimate and what training takes cannot drift apart.

use crate::ir::Shape;

/// What a forward pass keeps for the backward pass besides inputs and output: statistics, the places of maxima, masks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Kept {
    /// Numbers.
    pub reals: usize,
    /// Indices and bits, in words of 32 bits.
    pub indices: usize,
    /// Numbers that fit a byte.
    pub bytes: usize,
}

impl Kept {
    /// Nothing.
    pub const NONE: Kept = Kept { reals: 0, indices: 0, bytes: 0 };
}

/// One operation's sizes, for [`Op::workspace`](super::Op::workspace).
#[derive(Debug, Clone, Copy)]
pub struct Sizes {
    /// N
    pub batch: usize,
    /// One example's shape of its first input.
    pub input: Shape,
    /// One example's shape of its output.
    pub output: Shape,
    /// How many threads compute.
    pub threads: usize,
}

/// Numbers that the kernels of an operation work in, forward or backward.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Workspace {
    /// For all threads together.
    pub shared: usize,
    /// For each thread besides.
    pub each: usize,
}

impl Workspace {
    /// Nothing.
    pub const NONE: Workspace = Workspace { shared: 0, each: 0 };

    /// What serves one operation after the other: threads keep what they once allocated.
    pub fn or(self, other: Workspace) -> Workspace {
        Workspace { shared: self.shared.max(other.shared), each: self.each.max(other.each) }
    }
}

/// Columns to which the right factor of a product is filled up, of numbers in single precision: two registers of this
/// processor, or a few more.
pub(crate) fn panel() -> usize {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx512f") {
        return 32;
    }
    16
}
