//! `archc expand FILE`

use clap::Args;

use super::source::Source;
use super::{Failure, terminal};

/// Write a network with everything spelt out: one item a layer, under its full name
#[derive(Debug, Args)]
pub struct Expand {
    #[command(flatten)]
    source: Source,
}

impl Expand {
    pub fn run(self) -> Result<(), Failure> {
        let compiled = self.source.compile()?;
        terminal::data(&crate::expand::expand(&compiled.network))
    }
}
