//! archc compiles a declarative description of a convolutional network, checks every size in it, and trains it.
//!
//! One way through, each stage making the next one's input:
//!
//! ```text
//! text ──syntax──▶ Document ──elaborate──▶ Network ──lower──▶ Program ──▶ executor, Candle module
//! ```
//!
//! Most programs need [`compile`], and what a [`Network`](network::Network) answers. Sizes are those of one example, in
//! numbers; memory is in bytes; a mistake in the text is a [`Diagnostic`](diagnostic::Diagnostic) with its place.
//!
//! ```
//! # fn main() -> Result<(), archc::diagnostic::Diagnostics> {
//! let network = archc::compile("
//! input: [3, 32, 32]
//! layers:
//!   - features: (conv 16 3x3 p1 -> bn -> relu) x 2 -> maxpool 2x2
//!   - flatten -> linear 10 as fc
//! ")?;
//! let totals = network.totals();
//! assert_eq!((totals.params, totals.macs), (43_802, 2_842_624));
//!
//! // Every layer, in an order in which they can be computed; none has to be known.
//! for node in &network.graph.nodes {
//!     println!("{:12} {:12} {} {} MACs", node.name, node.call, node.output, network.macs(node));
//! }
//! let heaviest = network.graph.nodes.iter().max_by_key(|node| network.params(node)).unwrap();
//! assert_eq!((heaviest.name.as_str(), heaviest.output.dims()), ("fc", vec![10]));
//!
//! // What training with 64 examples a step takes, on two threads.
//! assert!(network.footprint(2).training(64).total() < 100 << 20);
//!
//! // The same network, every name and number spelt out, compiles again.
//! assert_eq!(archc::compile(&archc::expand::expand(&network))?.totals(), totals);
//! # Ok(()) }
//! ```
//!
//! | to | there is |
//! |---|---|
//! | compile a file, with its warnings, overrides and includes | [`compile_source`], [`compile_with`], [`files`] |
//! | read and change a network's tree | [`syntax::parse`], [`syntax::ast`], [`elaborate::elaborate`] |
//! | show it: a table, Markdown, JSON | [`report`] |
//! | run it elsewhere: plain operations, and the memory that they need | [`lower`], [`program`], [`footprint`] |
//! | add a layer and its kernels | [`layers::Layers`], [`layers::Layer`], [`program::Operation`], `gpu` (`cuda`) |
//! | build a Candle module (feature `train`) | `Network::build`, `model` |
//! | train (feature `train`) | `executor`, `train` |
//! | draw it (feature `train`) | `draw` |
//! | take a trained network elsewhere (feature `train`) | `export` |
#![deny(missing_docs)]

mod aliases;
pub mod arguments;
mod budget;
mod compile;
pub mod diagnostic;
#[cfg(feature = "train")]
pub mod draw;
pub mod elaborate;
pub mod expand;
#[cfg(feature = "train")]
pub mod export;
pub mod files;
pub mod footprint;
pub mod graph;
pub mod import;
pub mod ir;
pub mod layers;
mod lint;
pub mod lower;
pub mod network;
mod pattern;
pub mod program;
mod quantity;
pub mod recipe;
pub mod report;
pub mod syntax;

#[cfg(feature = "cli")]
#[doc(hidden)]
pub mod cli;
#[cfg(feature = "cli")]
mod lsp;
#[cfg(feature = "cli")]
mod manual;
#[cfg(feature = "cli")]
mod schema;

#[cfg(feature = "cuda")]
mod cuda;
#[cfg(feature = "train")]
pub mod device;
#[cfg(any(feature = "cli", feature = "train"))]
mod durable;
#[cfg(feature = "train")]
pub mod executor;
#[cfg(feature = "cuda")]
pub mod gpu;
#[cfg(feature = "train")]
pub mod kernels;
#[cfg(feature = "train")]
pub mod model;
#[cfg(feature = "train")]
mod pickle;
#[cfg(feature = "train")]
pub mod plot;
#[cfg(feature = "train")]
pub mod random;
#[cfg(feature = "train")]
mod regular;
#[cfg(feature = "train")]
pub mod system;
#[cfg(feature = "train")]
pub mod train;
#[cfg(feature = "train")]
pub mod weights;

pub use compile::{Checked, Compiled, check_with, compile, compile_source, compile_with};
