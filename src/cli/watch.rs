//! `archc watch PATH…`

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, SystemTime};

use clap::Args;

use super::check::Check;
use super::{Failure, terminal};
use crate::compile::live;
use crate::layers::Layers;
use crate::syntax::Format;

/// Check again whenever a file is saved, or one that it includes; takes what `check` takes
#[derive(Debug, Args)]
#[command(after_help = crate::cli::examples::WATCH)]
pub struct Watch {
    #[command(flatten)]
    check: Check,
}

/// How long to wait before files are looked at again.
const PAUSE: Duration = Duration::from_millis(200);

/// What tells whether a file is another one.
type State = Option<(SystemTime, u64)>;

impl Watch {
    /// Until it is stopped, or nobody reads what it says.
    pub fn run(self) -> Result<(), Failure> {
        loop {
            // As they were before they are read: what is saved while they are is seen.
            let before = self.states();
            if terminal::is_terminal() {
                terminal::data("\u{1b}[2J\u{1b}[H")?;
            }
            match self.check.run() {
                Ok(()) | Err(Failure::Reported) => {}
                Err(other) => return Err(other),
            }
            terminal::complain("watching; Ctrl-C ends");
            while self.states() == before {
                thread::sleep(PAUSE);
            }
        }
    }

    /// Every file that takes part.
    fn states(&self) -> BTreeMap<PathBuf, State> {
        let mut states = BTreeMap::new();
        for path in self.check.files() {
            for included in self.included(&path) {
                let state = state(&included);
                states.insert(included, state);
            }
            let state = state(&path);
            states.insert(path, state);
        }
        states
    }

    fn included(&self, path: &Path) -> Vec<PathBuf> {
        let Ok(text) = super::source::text(path) else { return Vec::new() };
        if !text.contains("include") {
            return Vec::new();
        }
        let format = super::source::format(path).unwrap_or(Format::Yaml);
        let load = self.check.changes().includes().load(path);
        let live = live(&Layers::default(), &load, &path.to_string_lossy(), &text, format);
        live.sources.names().skip(1).map(PathBuf::from).collect()
    }
}

fn state(path: &Path) -> State {
    let found = fs::metadata(path).ok()?;
    Some((found.modified().ok()?, found.len()))
}
