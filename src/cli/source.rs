//! The file that a command works on, and what the command line changes in it.

use std::fs::File;
use std::io::Read;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use clap::Args;

use super::Failure;
use crate::compile::{Checked, Compiled, check_with, compile_with};
use crate::diagnostic::Diagnostics;
use crate::layers::Layers;
use crate::network::Network;
use crate::report::Training;
use crate::syntax::{Format, Override};

/// The longest text that is read, in bytes.
const LONGEST: u64 = 32 << 20;

/// Changes to a file, on the command line.
#[derive(Debug, Args)]
pub struct Changes {
    /// Another input: channels, height and width
    #[arg(long, value_name = "CxHxW")]
    input: Option<String>,
    /// Another value for an entry of the file, as `train.epochs=3`; may be given several times
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = parse_override)]
    set: Vec<Override>,
}

fn parse_override(text: &str) -> Result<Override, String> {
    let (path, value) = text.split_once('=').ok_or("write KEY=VALUE, such as `train.epochs=3`")?;
    Ok(Override { path: path.to_string(), value: value.to_string(), option: None })
}

impl Changes {
    /// Whether the network gets another input than its file says.
    pub fn input(&self) -> bool {
        self.input.is_some()
    }

    /// What stands for them.
    pub fn overrides(&self) -> Vec<Override> {
        let input = self.input.iter().map(|input| Override {
            path: "input".to_string(),
            value: input.clone(),
            option: Some("--input"),
        });
        input.chain(self.set.iter().cloned()).collect()
    }
}

/// Compiles the file at `path`. The outer error is that it cannot be read.
pub fn compile(path: &Path, overrides: &[Override]) -> Result<Result<Compiled, Diagnostics>, String> {
    let text = text(path)?;
    Ok(compile_text(path, &text, format(path).unwrap_or(Format::Yaml), overrides))
}

/// Checks the file at `path`, which may also be one that others include. The outer error is that it cannot be read.
pub fn check(path: &Path, overrides: &[Override]) -> Result<Result<Checked, Diagnostics>, String> {
    let (text, name) = (text(path)?, path.to_string_lossy());
    let format = format(path).unwrap_or(Format::Yaml);
    Ok(check_with(&Layers::default(), &load, &name, &text, format, overrides))
}

/// Compiles a text as if it stood at `path`, to which what it includes is relative.
pub fn compile_text(path: &Path, text: &str, format: Format, overrides: &[Override]) -> Result<Compiled, Diagnostics> {
    compile_with(&Layers::default(), &load, &path.to_string_lossy(), text, format, overrides)
}

/// The text of an included file: a file is read because the user says so, an included one because another file does.
fn load(name: &str) -> Result<String, String> {
    match Path::new(name) {
        path if path.is_file() || path.is_dir() || !path.exists() => read(path),
        _ => Err("it is no file".to_string()),
    }
}

/// What a file is written in, by the ending of its name.
pub fn format(path: &Path) -> Option<Format> {
    Format::from_extension(&path.extension()?.to_string_lossy())
}

/// The text of a file, or a line that says why there is none.
pub fn text(path: &Path) -> Result<String, String> {
    read(path).map_err(|reason| format!("cannot read `{}`: {reason}", path.display()))
}

fn read(path: &Path) -> Result<String, String> {
    if path.is_dir() {
        return Err("it is a directory".to_string());
    }
    #[cfg(unix)]
    refuse_pipe(path)?;
    let file = File::open(path).map_err(|error| error.to_string())?;
    let mut bytes = Vec::new();
    file.take(LONGEST + 1).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    if bytes.len() as u64 > LONGEST {
        return Err(format!("it is longer than {} MB", LONGEST >> 20));
    }
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err("it is written in UTF-16; save it as UTF-8".to_string());
    }
    String::from_utf8(bytes)
        .map_err(|error| format!("it is not text: byte {} is not UTF-8", error.utf8_error().valid_up_to()))
}

/// A pipe in a folder may have no writer, and would be waited for; `/dev/stdin` and what a shell writes for `<(…)` are links.
#[cfg(unix)]
fn refuse_pipe(path: &Path) -> Result<(), String> {
    use std::os::unix::fs::FileTypeExt;
    match path.symlink_metadata() {
        Ok(found) if found.file_type().is_fifo() => Err("it is a pipe; `/dev/stdin` reads one".to_string()),
        _ => Ok(()),
    }
}

/// A file to work on.
#[derive(Debug, Args)]
pub struct Source {
    /// The network, in YAML or TOML
    #[arg(value_name = "FILE")]
    pub path: PathBuf,
    #[command(flatten)]
    changes: Changes,
}

impl Source {
    /// Compiles it, and reports whatever there is to report.
    pub fn compile(&self) -> Result<Compiled, Failure> {
        compile_and_report(&self.path, &self.changes)
    }
}

/// Compiles the file at `path`, and reports whatever there is to report.
pub fn compile_and_report(path: &Path, changes: &Changes) -> Result<Compiled, Failure> {
    match compile(path, &changes.overrides()).map_err(Failure::Unreadable)? {
        Ok(compiled) => {
            super::terminal::report(&compiled.warnings);
            Ok(compiled)
        }
        Err(errors) => Err(reported(&errors)),
    }
}

/// After saying what is wrong with a file.
pub fn reported(errors: &Diagnostics) -> Failure {
    super::terminal::report(errors);
    Failure::Reported
}

/// The training step whose memory is shown: on as many threads as there are processors.
pub fn usual_training(network: &Network, batch: Option<u32>) -> Training {
    let threads = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    Training { batch: usual_batch(network, batch), threads }
}

/// Examples a step: `given` on the command line, else the file's own, else 32.
pub fn usual_batch(network: &Network, given: Option<u32>) -> usize {
    let given = given.map(|batch| batch as usize);
    given.or_else(|| network.train.as_ref().map(|train| train.batch)).unwrap_or(32)
}
