//! `archc check PATH…`

use std::mem;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::source::{Changes, check, usual_training};
use super::{Failure, explain, files, fix, terminal};
use crate::compile::{Checked, Compiled};
use crate::diagnostic::{Code, Diagnostic, Diagnostics, Severity, Sources, Span};
use crate::elaborate::Part;
use crate::network::Network;
use crate::quantity::parse_bytes;
use crate::report::{self, Arrangement, View};
use crate::syntax::Override;

/// Show what every layer does to the shapes and what it costs, or every mistake
#[derive(Debug, Args)]
#[command(after_help = crate::cli::examples::CHECK)]
pub struct Check {
    /// Networks, in YAML or TOML; for a folder, all networks in it and its subfolders
    #[arg(required = true, value_name = "PATH")]
    paths: Vec<PathBuf>,
    #[command(flatten)]
    changes: Changes,
    /// Examples per training step, for the memory estimate [default: the file's]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    batch: Option<u32>,
    /// Treat warnings as errors: `warnings` for all of them, or a code such as W001; can be repeated
    #[arg(long, value_name = "WHAT", value_parser = parse_denied)]
    deny: Vec<Denied>,
    /// Also print the largest batch that can be trained with this much memory: 8GiB, 512MiB
    #[arg(long, value_name = "BYTES", value_parser = parse_memory)]
    memory: Option<u64>,
    /// Summarise deeper levels: with 1, one line for each top-level name
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    depth: Option<u32>,
    /// Apply the suggestions that can only be what was meant to the file, and list them
    #[arg(long, conflicts_with_all = ["set", "input"])]
    fix: bool,
    /// Print a line with the sums of each level of names, followed by its contents
    #[arg(long, conflicts_with = "format")]
    tree: bool,
    /// The output format
    #[arg(long, value_enum, default_value_t = ReportFormat::Text)]
    format: ReportFormat,
}

/// For whom it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ReportFormat {
    /// A table for people
    Text,
    /// JSON for programs, one object per line and file
    Json,
    /// Annotations for a GitHub workflow, one line per problem
    Github,
    /// A table for a README or a paper
    Markdown,
}

/// Warnings that are errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Denied {
    All,
    One(Code),
}

fn parse_denied(text: &str) -> Result<Denied, String> {
    match text {
        "warnings" => Ok(Denied::All),
        code => explain::parse_code(code)
            .ok()
            .filter(|code| code.id().starts_with('W'))
            .map(Denied::One)
            .ok_or_else(|| "write `warnings`, or the code of one such as W001".to_string()),
    }
}

fn parse_memory(text: &str) -> Result<u64, String> {
    parse_bytes(text).ok_or_else(|| "write a number with a unit, such as `8GiB`".to_string())
}

impl Check {
    /// Looks at every file, even after one that is wrong.
    pub fn run(&self) -> Result<(), Failure> {
        let mut overrides = self.changes.overrides();
        if self.changes.input() {
            // The file's data are for its own input; what is asked is what the layers do with another.
            let data = Override { path: "data".to_string(), value: "null".to_string(), option: None };
            overrides.insert(0, data);
        }
        let mut sound = true;
        let files = files::networks(&self.paths);
        let last = files.len().saturating_sub(1);
        for (index, (path, found)) in files.into_iter().enumerate() {
            let name = path.to_string_lossy();
            if self.fix && found.is_ok() {
                sound &= self.fix(&path);
            }
            let (result, part) = match found.and_then(|()| check(&path, &overrides, &self.changes)) {
                Ok((result, part)) => (self.denied(result), part),
                Err(message) if matches!(self.format, ReportFormat::Text | ReportFormat::Markdown) => {
                    terminal::refuse_file(&message);
                    sound = false;
                    continue;
                }
                Err(message) => (Err(unreadable(&path, message)), None),
            };
            sound &= result.is_ok();
            match self.format {
                ReportFormat::Json => self.print_json(&name, &result)?,
                ReportFormat::Github => terminal::data(&report::github::annotations(said(&result)))?,
                ReportFormat::Text | ReportFormat::Markdown => {
                    self.print_part(index > 0, part.as_ref())?;
                    self.print_text(&name, index > 0, &result)?;
                }
            }
            if index == last {
                // The process ends, which gives its memory back sooner than one layer after the other would.
                mem::forget(result);
            }
        }
        if sound { Ok(()) } else { Err(Failure::Reported) }
    }

    /// Mends the file as far as that is certain; whether it could be written, if it had to be.
    fn fix(&self, path: &Path) -> bool {
        match fix::fix(path, &self.changes) {
            Ok(said) => {
                said.iter().for_each(|line| terminal::complain(line));
                true
            }
            Err(message) => {
                terminal::refuse_file(&message);
                false
            }
        }
    }

    /// The result if those warnings that are denied are errors.
    fn denied(&self, result: Result<Checked, Diagnostics>) -> Result<Checked, Diagnostics> {
        let is_denied =
            |code| self.deny.iter().any(|denied| matches!(denied, Denied::All) || *denied == Denied::One(code));
        let mut checked = result?;
        let warnings = match &mut checked {
            Checked::Network(compiled) => &mut compiled.warnings,
            Checked::Library { warnings, .. } => warnings,
        };
        for warning in warnings.list.iter_mut().filter(|warning| is_denied(warning.code)) {
            warning.severity = Severity::Error;
        }
        if warnings.has_errors() { Err(mem::take(warnings)) } else { Ok(checked) }
    }

    fn print_json(&self, file: &str, result: &Result<Checked, Diagnostics>) -> Result<(), Failure> {
        terminal::write(|out| report::json::check(out, file, result, |network| self.view(network)))
    }

    /// The layers before a mistake: what arrives where it goes wrong. Those behind it stand out less.
    fn print_part(&self, follows: bool, part: Option<&Part>) -> Result<(), Failure> {
        let Some(Part { network, behind }) = part.filter(|_| self.format == ReportFormat::Text) else { return Ok(()) };
        let blank = if follows { "\n" } else { "" };
        let (width, colour) = (terminal::width(), terminal::colour());
        let table = report::check::Table { network, view: self.view(network), width, colour };
        let behind = if self.depth.is_none() { behind } else { &[][..] };
        terminal::write(|out| write!(out, "{blank}{}", report::part::PartTable { table, behind }))?;
        terminal::complain("");
        Ok(())
    }

    fn print_text(&self, file: &str, follows: bool, result: &Result<Checked, Diagnostics>) -> Result<(), Failure> {
        let blank = if follows { "\n" } else { "" };
        match result {
            Ok(Checked::Library { blocks, warnings }) => {
                let what = if blocks.len() == 1 { "block" } else { "blocks" };
                terminal::print(&format!("{blank}{file}: {} {what}\n", blocks.len()))?;
                terminal::report(warnings);
            }
            Ok(Checked::Network(compiled)) => {
                let Compiled { network, warnings, .. } = &**compiled;
                let view = self.view(network);
                match self.format {
                    ReportFormat::Markdown => {
                        let table = report::markdown::Table { network, depth: view.depth };
                        terminal::show(format_args!("{blank}{table}"))?;
                    }
                    _ => {
                        let (width, colour) = (terminal::width(), terminal::colour());
                        let table = report::check::Table { network, view, width, colour };
                        terminal::show(format_args!("{blank}{table}"))?;
                    }
                }
                if !warnings.list.is_empty() {
                    terminal::complain("");
                }
                terminal::report(warnings);
            }
            Err(errors) => terminal::report(errors),
        }
        Ok(())
    }

    fn view(&self, network: &Network) -> View {
        View {
            memory: self.memory,
            depth: self.depth.map(|depth| depth as usize),
            arrangement: if self.tree { Arrangement::Tree } else { Arrangement::List },
            ..View::new(usual_training(network, self.batch))
        }
    }
}

impl Check {
    /// The files that are meant, as they are now.
    pub fn files(&self) -> Vec<PathBuf> {
        files::networks(&self.paths).into_iter().map(|(path, _)| path).collect()
    }

    /// Whether it writes into them.
    pub fn fixes(&self) -> bool {
        self.fix
    }

    /// What the command line changes in them.
    pub fn changes(&self) -> &Changes {
        &self.changes
    }
}

/// Everything that is said about a file.
pub fn said(result: &Result<Checked, Diagnostics>) -> &Diagnostics {
    match result {
        Ok(Checked::Network(compiled)) => &compiled.warnings,
        Ok(Checked::Library { warnings, .. }) => warnings,
        Err(errors) => errors,
    }
}

/// What programs are told of a file that cannot be read, at its start.
fn unreadable(path: &Path, message: String) -> Diagnostics {
    let mut sources = Sources::default();
    let source = sources.add(path.to_string_lossy(), "");
    let error = Diagnostic::error(Code::Unreadable, Span::new(source, 0..0), message);
    Diagnostics { sources: sources.into(), list: vec![error] }
}
