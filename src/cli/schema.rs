//! `archc schema`

use clap::Args;

use super::{Failure, terminal};
use crate::layers::Layers;
use crate::schema;

/// Print the JSON Schema of a file, for editors that check YAML and TOML by one
#[derive(Debug, Args)]
#[command(after_help = crate::cli::examples::SCHEMA)]
pub struct Schema {}

impl Schema {
    pub fn run(self) -> Result<(), Failure> {
        let schema = serde_json::to_string_pretty(&schema::schema(&Layers::default())).expect("strings and numbers");
        terminal::data(&(schema + "\n"))
    }
}
