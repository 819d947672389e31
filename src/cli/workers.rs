//! `archc train FILE --workers N`: the program starts itself again, as often as it takes, and computes with the others.

use std::ffi::OsString;
use std::io::IsTerminal;
use std::num::NonZeroUsize;
use std::path::Path;
use std::process::{self, Child, Command, Stdio};
use std::sync::Arc;
use std::{env, io};

use clap::Args;

use super::signals;
use super::source::{compile_text, own_text};
use super::trained::{data, recipe, unreadable};
use super::{Failure, data::count, terminal};
use crate::device::Device;
use crate::lower::lower;
use crate::syntax::Format;
use crate::train::data::Dataset;
use crate::train::folder::NETWORK;
use crate::train::workers::pipes::{ToLeader, ToWorkers};
use crate::train::workers::{Lost, Transport, receive_classes, refuse, send_classes};
use crate::train::{Run, SAVE_EVERY, Setting, TrainError};

/// Processes of a run, on the command line.
#[derive(Debug, Args)]
pub struct Workers {
    /// Share each step among N processes, of which `accumulate` is a multiple, with the same result [default: 1]
    #[arg(long, value_name = "N", value_parser = parse_count)]
    workers: Option<NonZeroUsize>,
    /// Which of these processes this is, as the first one tells those that it starts
    #[arg(long, hide = true, value_name = "K/N", value_parser = parse_place, requires = "resume")]
    worker: Option<Place>,
}

/// A process other than the first, numbered from 0.
#[derive(Debug, Clone, Copy)]
pub struct Place {
    rank: usize,
    size: usize,
}

/// Each is a whole program.
const MOST: usize = 256;

fn parse_count(text: &str) -> Result<NonZeroUsize, String> {
    let count = text.parse::<NonZeroUsize>().ok().filter(|count| count.get() <= MOST);
    count.ok_or_else(|| format!("expected a number from 1 to {MOST}"))
}

fn parse_place(text: &str) -> Result<Place, String> {
    let (number, size) =
        text.split_once('/').and_then(|(k, n)| Some((k.parse().ok()?, n.parse().ok()?))).unwrap_or((0, 0));
    match (2..=size).contains(&number) && size <= MOST {
        true => Ok(Place { rank: number - 1, size }),
        false => Err("expected 2/4".to_owned()),
    }
}

impl Workers {
    /// How many processes there are to be.
    pub fn size(&self) -> usize {
        self.workers.map_or(1, NonZeroUsize::get)
    }

    /// Which one this is, if another one has started it.
    pub fn place(&self) -> Option<Place> {
        self.worker
    }

    /// How many compute: `2 threads`, or `4 workers of 1 thread each`.
    pub fn described(&self, threads: usize) -> String {
        match self.size() {
            1 => count(threads, "thread"),
            size => format!("{} of {} each", count(size, "worker"), count(threads, "thread")),
        }
    }

    /// ` --workers 4`, for a command that goes on with a run.
    pub fn option(&self) -> String {
        if self.size() > 1 { format!(" --workers {}", self.size()) } else { String::new() }
    }

    /// Refuses a GPU.
    pub fn check(&self, device: &Device) -> Result<(), Failure> {
        match (self.size(), device) {
            (1, _) | (_, Device::Cpu(_)) => Ok(()),
            _ => Err(Failure::Message(
                "`--workers` shares out processors: write `--device cpu`, or leave `--workers` out".to_owned(),
            )),
        }
    }

    /// Starts the other processes of a run whose state is in `folder`, of which each has its share of so many threads.
    /// They end when this process does.
    pub fn start(&self, folder: &Path, threads: usize, classes: &[String]) -> Result<Box<dyn Transport>, Failure> {
        let failed = |error: io::Error| Failure::Message(format!("cannot start other processes: {error}"));
        let size = self.size();
        let program = env::current_exe().map_err(failed)?;
        let spawn = |rank: usize| -> io::Result<Child> {
            let mut command = Command::new(&program);
            // In one word, whatever the folder's name begins with.
            let mut resume = OsString::from("--resume=");
            resume.push(folder);
            command.arg("train").arg(resume);
            command.args(["--worker", &format!("{}/{size}", rank + 1)]);
            command.args(["--threads", &share(threads, rank, size).to_string()]);
            apart(&mut command);
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()
        };
        let children = (1..size).map(spawn).collect::<io::Result<Vec<Child>>>().map_err(failed)?;
        let message = self.lost(folder);
        let unnoticed = move |lost: &Lost| {
            terminal::refuse(&message(lost));
            process::exit(1);
        };
        let mut transport = ToWorkers::new(children, Arc::new(unnoticed)).map_err(failed)?;
        send_classes(&mut transport, classes).map_err(TrainError::Lost)?;
        Ok(Box::new(transport))
    }

    /// What to say when one of them has ended.
    pub fn lost(&self, folder: &Path) -> impl Fn(&Lost) -> String + Send + Sync + use<> {
        let advice = format!("archc train --resume {}{}", folder.display(), self.option());
        move |lost| format!("{lost}, and the run with it; to go on from its last checkpoint:\n  {advice}")
    }
}

/// The threads of a process, of so many that all share.
pub fn share(threads: usize, rank: usize, size: usize) -> usize {
    (threads / size + usize::from(rank < threads % size)).max(1)
}

/// What a terminal sends to all of its programs reaches only the first process, which tells the others.
#[cfg(unix)]
fn apart(command: &mut Command) {
    std::os::unix::process::CommandExt::process_group(command, 0);
}

/// As above.
#[cfg(windows)]
fn apart(command: &mut Command) {
    const CREATE_NEW_PROCESS_GROUP: u32 = 0x200;
    std::os::windows::process::CommandExt::creation_flags(command, CREATE_NEW_PROCESS_GROUP);
}

/// Computes for the process that started this one, until that ends. Nothing is printed: there the pipe is, and that
/// process says what there is to say.
pub fn follow(folder: &Path, place: Place, device: &Device) -> Result<(), Failure> {
    if io::stdin().is_terminal() || io::stdout().is_terminal() {
        return Err(Failure::Message("`--worker` is for processes that `archc train --workers` starts".to_owned()));
    }
    signals::leave_to_others()?;
    let transport = ToLeader::new(place.rank, place.size);
    let mut transport = transport.map_err(|error| Failure::Message(format!("cannot start a thread: {error}")))?;
    let why = match compute(folder, device, &mut transport) {
        Ok(()) => return Ok(()),
        Err(Failure::Message(why) | Failure::Unreadable(why)) => why,
        Err(_) => format!("{} is not what it was", folder.join(NETWORK).display()),
    };
    // The other one says it, and ends; then this one does.
    let _ = refuse(&mut transport, &why);
    while transport.receive(0).is_ok() {}
    Ok(())
}

fn compute(folder: &Path, device: &Device, transport: &mut dyn Transport) -> Result<(), Failure> {
    let classes = receive_classes(transport)?;
    let path = folder.join(NETWORK);
    let text = own_text(&path).map_err(Failure::Unreadable)?;
    let mut network = compile_text(&path, &text, Format::Yaml, &[]).map_err(|_| Failure::Reported)?.network;
    let recipe = recipe(&network)?.clone();
    let mut dataset = Dataset::open(data(&network)?, network.graph.input, None).map_err(unreadable)?;
    // Where they are others, the run's identity says so.
    let _ = dataset.number_as(&classes);
    network.data = Some(dataset.data().clone());
    let mut run = Run::resume(lower(&network), &recipe, &dataset, folder, device)?;
    let setting = Setting { network: &network, recipe: &recipe, dataset: &dataset, folder, save_every: SAVE_EVERY };
    Ok(run.follow(setting, transport)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_thread_is_somebodys() {
        for (threads, size, expected) in [(2, 2, &[1, 1][..]), (7, 3, &[3, 2, 2]), (4, 1, &[4]), (2, 4, &[1, 1, 1, 1])]
        {
            let shares: Vec<usize> = (0..size).map(|rank| share(threads, rank, size)).collect();
            assert_eq!(shares, expected);
        }
    }

    #[test]
    fn places_are_whole() {
        assert!(parse_place("2/2").is_ok_and(|place| (place.rank, place.size) == (1, 2)));
        for text in ["", "1/4", "5/4", "0/0", "2", "a/b", "2/1000"] {
            assert!(parse_place(text).is_err(), "{text}");
        }
        assert!(parse_count("4").is_ok() && parse_count("0").is_err() && parse_count("1000000").is_err());
    }
}
