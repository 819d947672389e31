//! `archc expand FILE`

use clap::Args;

use super::source::SourceArguments;
use super::{Failure, terminal};

/// Print a network with everything spelled out: one item per layer, under its full name
#[derive(Debug, Args)]
#[command(after_help = crate::cli::examples::EXPAND)]
pub struct Expand {
    #[command(flatten)]
    source: SourceArguments,
}

impl Expand {
    pub fn run(self) -> Result<(), Failure> {
        let compiled = self.source.compile()?;
        terminal::data(&crate::expand::expand(&compiled.network))
    }
}
