//! The file that a command works on, and what the command line changes in it.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;
use std::{fs, mem};

use clap::Args;

use super::Failure;
use crate::compile::{Compiled, InPart, check_in_part, compile_with};
use crate::diagnostic::Diagnostics;
use crate::files;
use crate::import::Language;
use crate::layers::Layers;
use crate::network::Network;
use crate::report::Training;
use crate::syntax::{Format, Override};

/// Changes to a file, on the command line.
#[derive(Debug, Args)]
pub struct Changes {
    /// Use another input size: channels, height and width
    #[arg(long, value_name = "CxHxW")]
    input: Option<String>,
    /// Set how many training images there are, for a foreign file whose recipe counts steps
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    images: Option<u32>,
    /// Set an entry of the file, such as `train.epochs=3`; can be repeated
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = parse_override)]
    set: Vec<Override>,
    #[command(flatten)]
    includes: Includes,
}

/// Where the files lie that other files may include.
#[derive(Debug, Default, Args)]
pub struct Includes {
    /// Another folder whose files may be included, besides the file's own; can be repeated
    #[arg(long = "allow-include", value_name = "DIR")]
    allowed: Vec<PathBuf>,
    /// Every file that was asked for, as it was before it was read.
    #[arg(skip)]
    asked: Arc<Mutex<States>>,
}

/// Files, and what tells whether they are still the same; `None` where there is nothing.
pub type States = BTreeMap<PathBuf, Option<(SystemTime, u64)>>;

/// What tells whether a file is another one.
pub fn state(path: &Path) -> Option<(SystemTime, u64)> {
    let found = fs::metadata(path).ok()?;
    Some((found.modified().ok()?, found.len()))
}

/// How a folder is allowed.
fn advice(folder: &Path) -> String {
    format!("`--allow-include {}` allows it", folder.display())
}

impl Includes {
    /// Gives the files that the one at `path` includes.
    pub fn load(&self, path: &Path) -> impl Fn(&str) -> Result<String, String> + use<> {
        let (load, asked) = (files::beside(path, &self.allowed, advice), Arc::clone(&self.asked));
        move |name| {
            let path = PathBuf::from(name);
            let found = state(&path);
            // What is read twice counts as it was when it was first.
            asked.lock().unwrap_or_else(PoisonError::into_inner).entry(path).or_insert(found);
            load(name)
        }
    }

    /// The files that were asked for since this was called last, as they were before they were read.
    pub fn take_asked(&self) -> States {
        mem::take(&mut self.asked.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

fn parse_override(text: &str) -> Result<Override, String> {
    let (path, value) = text.split_once('=').ok_or("write KEY=VALUE, such as `train.epochs=3`")?;
    Ok(Override { path: path.to_string(), value: value.to_string(), option: None })
}

impl Changes {
    /// Where the files lie that may be included.
    pub fn includes(&self) -> &Includes {
        &self.includes
    }

    /// The first option that is given.
    #[cfg(feature = "train")]
    pub fn given(&self) -> Option<&'static str> {
        let given = [
            ("--input", self.input.is_some()),
            ("--images", self.images.is_some()),
            ("--set", !self.set.is_empty()),
            ("--allow-include", !self.includes.allowed.is_empty()),
        ];
        given.into_iter().find(|(_, given)| *given).map(|(name, _)| name)
    }

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
        let images = self.images.iter().map(|images| Override {
            path: "images".to_string(),
            value: images.to_string(),
            option: Some("--images"),
        });
        input.chain(images).chain(self.set.iter().cloned()).collect()
    }
}

/// Checks the file at `path`, which may also be one that others include; with the layers before a mistake. The outer
/// error is that it cannot be read.
pub fn check(path: &Path, overrides: &[Override], changes: &Changes) -> Result<InPart, String> {
    let (text, name) = (text(path)?, path.to_string_lossy());
    Ok(check_in_part(&Layers::default(), &changes.includes.load(path), &name, &text, language(path), overrides))
}

/// As [`check`], of a text that is not in the file yet.
pub fn check_text(path: &Path, text: &str, changes: &Changes) -> InPart {
    let (name, load) = (path.to_string_lossy(), changes.includes.load(path));
    check_in_part(&Layers::default(), &load, &name, text, language(path), &changes.overrides())
}

/// Compiles a text as if it stood at `path`, to which what it includes is relative.
#[cfg(feature = "train")]
pub fn compile_text(path: &Path, text: &str, format: Format, overrides: &[Override]) -> Result<Compiled, Diagnostics> {
    let load = Includes::default().load(path);
    compile_with(&Layers::default(), &load, &path.to_string_lossy(), text, format, overrides)
}

/// Which of the language's own formats a file has, by the ending of its name.
#[cfg(feature = "train")]
pub fn format(path: &Path) -> Option<Format> {
    Format::from_extension(&path.extension()?.to_string_lossy())
}

/// What a file is written in, by the ending of its name.
pub fn language(path: &Path) -> Language {
    let extension = path.extension().map(|extension| extension.to_string_lossy());
    extension.and_then(|extension| Language::from_extension(&extension)).unwrap_or(Language::Own(Format::Yaml))
}

/// The text of a file, or a line that says why there is none. Weights may carry their network's.
pub fn text(path: &Path) -> Result<String, String> {
    #[cfg(feature = "train")]
    if let Language::Foreign(front) = language(path)
        && let Some(text) = front.text(path)
    {
        return text.map_err(|reason| format!("cannot read `{}`: {reason}", path.display()));
    }
    #[cfg(feature = "train")]
    if crate::weights::is_one(path) {
        return super::trained::carried(path);
    }
    own_text(path)
}

/// The text that stands in a file itself, for whoever writes it back.
pub fn own_text(path: &Path) -> Result<String, String> {
    files::text(path).map_err(|reason| format!("cannot read `{}`: {reason}", path.display()))
}

/// A file to work on.
#[derive(Debug, Args)]
pub struct SourceArguments {
    /// The network, in YAML or TOML, or a file of Caffe, Darknet, Keras or ONNX
    #[arg(value_name = "FILE")]
    pub path: PathBuf,
    #[command(flatten)]
    changes: Changes,
}

impl SourceArguments {
    /// Compiles it, and reports whatever there is to report.
    pub fn compile(&self) -> Result<Compiled, Failure> {
        compile_and_report(&self.path, &self.changes)
    }
}

/// Compiles the file at `path`, and reports whatever there is to report.
pub fn compile_and_report(path: &Path, changes: &Changes) -> Result<Compiled, Failure> {
    let text = text(path).map_err(Failure::Unreadable)?;
    let name = path.to_string_lossy();
    let load = changes.includes.load(path);
    match compile_with(&Layers::default(), &load, &name, &text, language(path), &changes.overrides()) {
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
