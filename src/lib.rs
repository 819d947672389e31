//! archc compiles a declarative description of a convolutional network, checks every size in it, and trains it.
//!
//! One way through, each stage making the next one's input:
//!
//! ```text
//! text ──syntax──▶ Document ──elaborate──▶ Network ──program::lower──▶ Program ──▶ executor, Candle module
//! ```
#![deny(missing_docs)]

pub mod arguments;
pub mod diagnostic;
#[cfg(feature = "train")]
pub mod durable;
pub mod elaborate;
pub mod graph;
pub mod init;
pub mod layers;
pub mod network;
pub mod program;
pub mod recipe;
pub mod syntax;

#[cfg(feature = "train")]
pub mod executor;
#[cfg(feature = "train")]
pub mod kernels;
#[cfg(feature = "train")]
pub mod model;
#[cfg(feature = "train")]
pub mod random;
#[cfg(feature = "train")]
pub mod train;
#[cfg(feature = "train")]
pub mod weights;
