//! The command line: one file a command. Reading files, printing and exit codes live here and nowhere else.
//!
//! Exit codes: 0 good, 1 the user's input is wrong, 2 the command line is wrong, 129 stopped by a closed terminal, 130
//! with Ctrl-C, 143 with SIGTERM.

mod check;
mod examples;
mod expand;
mod explain;
mod files;
mod fix;
mod import;
mod lsp;
mod schema;
mod shell;
mod source;
mod terminal;
mod watch;

#[cfg(feature = "train")]
mod bench;
#[cfg(feature = "train")]
mod data;
#[cfg(feature = "train")]
mod doctor;
#[cfg(feature = "train")]
mod draw;
#[cfg(feature = "train")]
mod eval;
#[cfg(feature = "train")]
mod export;
#[cfg(feature = "fetch")]
mod fetch;
#[cfg(feature = "train")]
mod given;
#[cfg(feature = "train")]
mod machine;
#[cfg(feature = "train")]
mod names;
#[cfg(feature = "train")]
mod new;
#[cfg(feature = "train")]
mod picture;
#[cfg(feature = "train")]
mod plot_schedule;
#[cfg(feature = "train")]
mod predict;
#[cfg(feature = "train")]
mod runs;
#[cfg(feature = "train")]
mod signals;
#[cfg(feature = "train")]
mod train;
#[cfg(feature = "train")]
mod trained;
#[cfg(feature = "train")]
mod weights;
#[cfg(feature = "train")]
mod workers;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// A compiler for convolutional networks: YAML or TOML in, checked shapes and a trained network out.
#[derive(Debug, Parser)]
#[command(name = "archc", version, after_help = examples::ALL)]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Check(check::Check),
    Expand(expand::Expand),
    Import(import::Import),
    Explain(explain::Explain),
    Lsp(lsp::Lsp),
    Schema(schema::Schema),
    Watch(watch::Watch),
    Completions(shell::Completions),
    Man(shell::Manual),
    #[cfg(feature = "train")]
    New(new::New),
    #[cfg(feature = "train")]
    Train(train::Train),
    #[cfg(feature = "train")]
    Eval(eval::Eval),
    #[cfg(feature = "train")]
    Predict(predict::Predict),
    #[cfg(feature = "train")]
    Export(export::Export),
    #[cfg(feature = "train")]
    Draw(draw::Draw),
    #[cfg(feature = "train")]
    Weights(weights::Weights),
    #[cfg(feature = "fetch")]
    Fetch(fetch::Fetch),
    #[cfg(feature = "train")]
    Runs(runs::Runs),
    #[cfg(feature = "train")]
    Bench(bench::Bench),
    #[cfg(feature = "train")]
    #[command(subcommand)]
    Data(data::Data),
    #[cfg(feature = "train")]
    Doctor(doctor::Doctor),
}

/// Why a command stopped early.
#[derive(Debug)]
enum Failure {
    /// What is wrong has been said already.
    Reported,
    /// One line to say.
    Message(String),
    /// Why the file to work on cannot be read.
    Unreadable(String),
    /// Nobody reads our output any more, as in `archc check … | head`.
    OutputClosed,
    /// The user pressed Ctrl-C, or the system asked it to end, and what there was to save is saved.
    #[cfg(feature = "train")]
    Stopped { signal: usize },
}

/// Runs the program with the arguments of its process.
pub fn run() -> ExitCode {
    let command = CommandLine::parse().command;
    #[cfg(feature = "train")]
    if let Err(reason) = machine::check_environment() {
        terminal::refuse(&reason);
        return ExitCode::FAILURE;
    }
    let result = match command {
        Command::Check(check) => check.run(),
        Command::Expand(expand) => expand.run(),
        Command::Import(import) => import.run(),
        Command::Explain(explain) => explain.run(),
        Command::Lsp(lsp) => lsp.run(),
        Command::Schema(schema) => schema.run(),
        Command::Watch(watch) => watch.run(),
        Command::Completions(completions) => completions.run(),
        Command::Man(manual) => manual.run(),
        #[cfg(feature = "train")]
        Command::New(new) => new.run(),
        #[cfg(feature = "train")]
        Command::Train(train) => train.run(),
        #[cfg(feature = "train")]
        Command::Eval(eval) => eval.run(),
        #[cfg(feature = "train")]
        Command::Predict(predict) => predict.run(),
        #[cfg(feature = "train")]
        Command::Export(export) => export.run(),
        #[cfg(feature = "train")]
        Command::Draw(draw) => draw.run(),
        #[cfg(feature = "train")]
        Command::Weights(weights) => weights.run(),
        #[cfg(feature = "fetch")]
        Command::Fetch(fetch) => fetch.run(),
        #[cfg(feature = "train")]
        Command::Runs(runs) => runs.run(),
        #[cfg(feature = "train")]
        Command::Bench(bench) => bench.run(),
        #[cfg(feature = "train")]
        Command::Data(data) => data.run(),
        #[cfg(feature = "train")]
        Command::Doctor(doctor) => doctor.run(),
    };
    match result {
        Ok(()) | Err(Failure::OutputClosed) => ExitCode::SUCCESS,
        Err(Failure::Reported) => ExitCode::FAILURE,
        #[cfg(feature = "train")]
        // As shells have it for a program that the signal ended.
        Err(Failure::Stopped { signal }) => ExitCode::from(128 + signal as u8),
        Err(Failure::Unreadable(message)) => {
            terminal::refuse_file(&message);
            ExitCode::FAILURE
        }
        Err(Failure::Message(message)) => {
            terminal::refuse(&message);
            ExitCode::FAILURE
        }
    }
}
