//! `archc completions SHELL` and `archc man`: what shells and manuals are told, made from the command line's own
//! description.

use std::fs;
use std::io::Write;
use std::path::PathBuf;

use clap::{Args, CommandFactory};
use clap_complete::Shell;
use clap_mangen::Man;

use super::files::there;
use super::{CommandLine, Failure, terminal};
use crate::durable;

/// Print what a shell needs to complete commands and options
#[derive(Debug, Args)]
#[command(after_help = crate::cli::examples::COMPLETIONS)]
pub struct Completions {
    /// The shell
    #[arg(value_name = "SHELL", value_enum)]
    shell: Shell,
}

impl Completions {
    pub fn run(self) -> Result<(), Failure> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut CommandLine::command(), "archc", &mut script);
        terminal::data(&String::from_utf8_lossy(&script))
    }
}

/// Write manual pages, one for each command
#[derive(Debug, Args)]
#[command(after_help = crate::cli::examples::MAN)]
pub struct Manual {
    /// Where to; without it the page of archc itself is printed
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Overwrite existing files
    #[arg(long, requires = "out")]
    force: bool,
}

impl Manual {
    pub fn run(self) -> Result<(), Failure> {
        let command = CommandLine::command();
        let Some(folder) = self.out else { return terminal::data(&page(command)?) };
        let failed =
            |error: std::io::Error| Failure::Message(format!("cannot write to `{}`: {error}", folder.display()));
        fs::create_dir_all(&folder).map_err(failed)?;
        let pages = commands(command)
            .into_iter()
            .map(|(name, command)| Ok((folder.join(format!("{name}.1")), page(command)?)))
            .collect::<Result<Vec<_>, Failure>>()?;
        for (path, page) in &pages {
            // The same page is no loss.
            let is_other = || fs::read(path).map_or(true, |found| found != page.as_bytes());
            if !self.force && fs::symlink_metadata(path).is_ok() && is_other() {
                return Err(there(path));
            }
        }
        for (path, page) in &pages {
            durable::replace(path, |file| file.write_all(page.as_bytes())).map_err(failed)?;
        }
        terminal::print(&format!("{}: {} pages\n", folder.display(), pages.len()))
    }
}

/// The program and all its commands, each with the name of its page: `archc-data-fetch`.
fn commands(command: clap::Command) -> Vec<(String, clap::Command)> {
    let name = command.get_display_name().unwrap_or(command.get_name()).replace(' ', "-");
    let inner = command.get_subcommands().filter(|inner| !inner.is_hide_set() && inner.get_name() != "help");
    let inner = inner.flat_map(|inner| {
        let full = format!("{name}-{}", inner.get_name());
        commands(
            inner.clone().display_name(full.clone()).bin_name(full.replace('-', " ")).disable_help_subcommand(true),
        )
    });
    let all: Vec<(String, clap::Command)> = inner.collect();
    std::iter::once((name, command)).chain(all).collect()
}

fn page(command: clap::Command) -> Result<String, Failure> {
    let mut page = Vec::new();
    let rendered = Man::new(command).render(&mut page);
    rendered.map_err(|error| Failure::Message(format!("cannot write the page: {error}")))?;
    Ok(String::from_utf8_lossy(&page).into_owned())
}
