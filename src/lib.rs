//! archc compiles a declarative description of a convolutional network, checks every size in it, and trains it.
//!
//! One way through, each stage making the next one's input:
//!
//! ```text
//! text ──syntax──▶ Document ──elaborate──▶ Network ──program::lower──▶ Program ──▶ executor, Candle module
//! ```
#![deny(missing_docs)]

pub mod arguments;
mod compile;
pub mod diagnostic;
pub mod elaborate;
pub mod expand;
pub mod graph;
pub mod init;
pub mod layers;
mod lint;
pub mod network;
pub mod program;
pub mod recipe;
pub mod report;
pub mod syntax;

#[cfg(feature = "cli")]
pub mod cli;

#[cfg(feature = "train")]
mod durable;
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

pub use compile::{Compiled, compile, compile_source, compile_with};
