//! The command line: one file a command. Reading files, printing and exit codes live here and nowhere else.
//!
//! Exit codes: 0 good, 1 the user's input is wrong, 2 the command line is wrong.

mod check;
mod expand;
mod source;
mod terminal;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// A compiler for convolutional networks: YAML or TOML in, checked shapes and a trained network out.
#[derive(Debug, Parser)]
#[command(name = "archc", version)]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Check(check::Check),
    Expand(expand::Expand),
}

/// Why a command stopped early.
#[derive(Debug)]
enum Failure {
    /// What is wrong has been said already.
    Reported,
    /// One line to say.
    Message(String),
    /// Nobody reads our output any more, as in `archc check … | head`.
    OutputClosed,
}

/// Runs the program with the arguments of its process.
pub fn run() -> ExitCode {
    let result = match CommandLine::parse().command {
        Command::Check(check) => check.run(),
        Command::Expand(expand) => expand.run(),
    };
    match result {
        Ok(()) | Err(Failure::OutputClosed) => ExitCode::SUCCESS,
        Err(Failure::Reported) => ExitCode::FAILURE,
        Err(Failure::Message(message)) => {
            terminal::complain(&format!("error: {message}"));
            ExitCode::FAILURE
        }
    }
}
