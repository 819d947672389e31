//! `archc fetch`, and the bar that shows how a download gets on

use std::path::{Path, PathBuf};

use clap::Args;
use clap::builder::PossibleValuesParser;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::{Failure, terminal};
use crate::train::data::fetch::{Event, Fetched, Patience, fetch_one};
use crate::train::published::{PUBLISHED, Published};

/// Download and verify the weights that torchvision publishes for a network; an interrupted download is resumed
#[derive(Debug, Args)]
#[command(after_help = crate::cli::examples::FETCH)]
pub struct Fetch {
    /// The network: one of those in architectures/ that are torchvision's
    #[arg(value_name = "NETWORK", value_parser = PossibleValuesParser::new(networks()))]
    network: String,
    /// Which of several that there are: 2 is torchvision's `IMAGENET1K_V2`
    #[arg(long, value_name = "N", default_value_t = 1)]
    release: u32,
    /// Another server: a folder that has the file under its usual name
    #[arg(long, value_name = "URL")]
    mirror: Option<String>,
    /// The folder to put the file into [default: this one]
    #[arg(long, value_name = "FOLDER")]
    to: Option<PathBuf>,
}

/// The names of all networks that there are weights for.
fn networks() -> Vec<&'static str> {
    let mut names: Vec<&str> = PUBLISHED.iter().map(|one| one.network).collect();
    names.dedup();
    names
}

impl Fetch {
    pub fn run(self) -> Result<(), Failure> {
        let published = self.published()?;
        let folder = self.to.as_deref().unwrap_or(Path::new(""));
        let fetched = with_bar(|report| {
            fetch_one(&published.file(), self.mirror.as_deref(), folder, Patience::default(), report)
        });
        let (path, word) = match fetched.map_err(|error| Failure::Message(error.to_string()))? {
            Fetched::Placed(path) => (path, "are in"),
            Fetched::WasThere(path) => (path, "are already in"),
        };
        terminal::print(&format!("the weights of {} {word} {}\n", published.network, path.display()))
    }

    fn published(&self) -> Result<&'static Published, Failure> {
        let mut of_network = PUBLISHED.iter().filter(|one| one.network == self.network);
        of_network.clone().find(|one| one.version == self.release).ok_or_else(|| {
            let last = of_network.next_back().map_or(1, |one| one.version);
            let there = if last == 1 { "there is only release 1".to_owned() } else { format!("the last is {last}") };
            Failure::Message(format!("no weights of {} have release {}; {there}", self.network, self.release))
        })
    }
}

/// Shows how a download gets on while it does.
pub fn with_bar<T>(work: impl FnOnce(&mut dyn FnMut(Event)) -> T) -> T {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    let known = ProgressStyle::with_template("{wide_bar} {bytes}/{total_bytes}, {bytes_per_sec}, {eta} left");
    let unknown = ProgressStyle::with_template("{bytes}, {bytes_per_sec}");
    let (known, unknown) = (known.expect("the template is valid"), unknown.expect("the template is valid"));
    let say = |line: &str| bar.suspend(|| terminal::complain(line));
    let result = work(&mut |event| match event {
        Event::Begins { url, done, total } => {
            say(&if done > 0 { format!("{url}, from byte {done}") } else { url });
            bar.set_style(if total.is_some() { known.clone() } else { unknown.clone() });
            bar.set_length(total.unwrap_or(0));
            bar.set_position(done);
            bar.reset_eta();
        }
        Event::Arrived(done) => bar.set_position(done),
        Event::Again(problem) => say(&format!("{problem}; once more")),
        Event::Unverified(hash) => say(&format!("SHA-256 {hash}: nobody knows what it should be")),
        Event::Unpacks(name) => say(&format!("unpacking {name}")),
    });
    bar.finish_and_clear();
    result
}
