//! `archc lsp`

use std::io::{self, BufReader};

use clap::Args;

use super::Failure;
use super::source::Includes;
use crate::lsp;

/// Serve an editor over standard input and output, by the Language Server Protocol
#[derive(Debug, Args)]
#[command(after_help = crate::cli::examples::LSP)]
pub struct Lsp {
    /// For editors that say how they speak; there is no other way
    #[arg(long, hide = true)]
    stdio: bool,
    #[command(flatten)]
    includes: Includes,
}

impl Lsp {
    pub fn run(self) -> Result<(), Failure> {
        let disk = |path: &std::path::Path, name: &str| self.includes.load(path)(name);
        match lsp::serve(BufReader::new(io::stdin()), io::stdout().lock(), &disk) {
            Ok(true) => Ok(()),
            // As the protocol has it, for an editor that left before it said so.
            Ok(false) => Err(Failure::Reported),
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Err(Failure::Reported),
            Err(error) => Err(Failure::Message(format!("cannot write to the editor: {error}"))),
        }
    }
}
