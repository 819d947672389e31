//! `archc check FILE…`

use std::path::{Path, PathBuf};

use clap::Args;

use super::source::{Changes, compile, usual_training};
use super::terminal::Format;
use super::{Failure, terminal};
use crate::compile::Compiled;
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Sources, Span};
use crate::report;
use crate::syntax::Override;

/// Show what every layer does to the shapes and what it costs, or what is wrong
#[derive(Debug, Args)]
pub struct Check {
    /// Networks, in YAML or TOML
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    changes: Changes,
    /// Examples a training step, for the memory that it takes; the file's own unless given
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    batch: Option<u32>,
    /// A table for people, or JSON for programs, one object a line for each file
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

impl Check {
    /// Looks at every file, even after one that is wrong.
    pub fn run(self) -> Result<(), Failure> {
        let mut overrides = self.changes.overrides();
        if self.changes.input() {
            // The file's data are for its own input; what is asked is what the layers do with another.
            overrides.insert(0, Override { path: "data".to_string(), value: "null".to_string(), option: None });
        }
        let mut sound = true;
        for (index, path) in self.files.iter().enumerate() {
            let result = match compile(path, &overrides) {
                Ok(result) => result,
                Err(Failure::Message(message)) => {
                    match self.format {
                        Format::Json => self.print_json(&path.to_string_lossy(), &Err(unreadable(path, message)))?,
                        Format::Text => terminal::complain(&format!("error: {message}")),
                    }
                    sound = false;
                    continue;
                }
                Err(failure) => return Err(failure),
            };
            sound &= result.is_ok();
            match self.format {
                Format::Json => self.print_json(&path.to_string_lossy(), &result)?,
                Format::Text => self.print_text(index > 0, &result)?,
            }
        }
        if sound { Ok(()) } else { Err(Failure::Reported) }
    }

    fn print_json(&self, file: &str, result: &Result<Compiled, Diagnostics>) -> Result<(), Failure> {
        let line = report::json::check(file, result, |network| usual_training(network, self.batch));
        terminal::print(&format!("{line}\n"))
    }

    fn print_text(&self, follows: bool, result: &Result<Compiled, Diagnostics>) -> Result<(), Failure> {
        match result {
            Ok(Compiled { network, warnings }) => {
                let blank = if follows { "\n" } else { "" };
                let table = report::check::table(
                    network,
                    usual_training(network, self.batch),
                    terminal::width(),
                    terminal::colour(),
                );
                terminal::print(&format!("{blank}{table}"))?;
                if !warnings.list.is_empty() {
                    terminal::complain("");
                }
                terminal::report(warnings);
            }
            Err(errors) => terminal::report(errors),
        }
        Ok(())
    }
}

/// What programs are told of a file that cannot be read, at its start.
fn unreadable(path: &Path, message: String) -> Diagnostics {
    let mut sources = Sources::default();
    let source = sources.add(path.to_string_lossy(), "");
    let error = Diagnostic::error(Code::Unreadable, Span::new(source, 0..0), message);
    Diagnostics { sources: sources.into(), list: vec![error] }
}
