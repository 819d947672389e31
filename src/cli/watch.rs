//! `archc watch PATH…`

use std::thread;
use std::time::Duration;

use clap::Args;

use super::check::Check;
use super::source::{States, state};
use super::{Failure, terminal};

/// Check again whenever a file is saved, or one that it includes; takes what `check` takes
#[derive(Debug, Args)]
#[command(after_help = crate::cli::examples::WATCH)]
pub struct Watch {
    #[command(flatten)]
    check: Check,
}

/// How long to wait before files are looked at again.
const PAUSE: Duration = Duration::from_millis(200);

impl Watch {
    /// Until it is stopped, or nobody reads what it says.
    pub fn run(self) -> Result<(), Failure> {
        loop {
            // As they were before they are read: what is saved while they are is seen.
            let named = self.named();
            if terminal::is_terminal() {
                terminal::data("\u{1b}[2J\u{1b}[H")?;
            }
            match self.check.run() {
                Ok(()) | Err(Failure::Reported) => {}
                Err(other) => return Err(other),
            }
            // With --fix, what the program itself has written is no reason to begin again.
            let named = if self.check.fixes() { self.named() } else { named };
            let included = self.check.changes().includes().take_asked();
            terminal::complain("watching; Ctrl-C ends");
            while self.named() == named && included.iter().all(|(path, before)| state(path) == *before) {
                thread::sleep(PAUSE);
            }
        }
    }

    /// The files that are meant, as they are now.
    fn named(&self) -> States {
        self.check.files().into_iter().map(|path| (path.clone(), state(&path))).collect()
    }
}
