//! Processes on one machine, which the first one has started: it writes to their standard input and reads what they
//! print. Each message has its length before it.
//!
//! A thread for each process reads ahead, and so notices at once when the other side is gone. What was started ends
//! then, whatever it is doing; the one that started it has some time to notice at its next message, and to end well.

use std::io::{self, Read, Stdout, Write};
use std::process::{self, Child, ChildStdin};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use super::{Lost, Transport};

/// Messages that wait to be received.
const WAITING: usize = 2;

/// How long the first process may go on computing after another one has ended.
const GRACE: Duration = Duration::from_secs(20);

/// What the first process has of the others.
#[derive(Debug)]
pub struct ToWorkers {
    workers: Vec<Worker>,
    state: Arc<State>,
}

#[derive(Debug)]
struct Worker {
    /// The process ends when this does.
    input: ChildStdin,
    messages: Receiver<Vec<u8>>,
}

/// What the threads know.
#[derive(Debug, Default)]
struct State {
    known: Mutex<Known>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Known {
    /// The first process that ended while it was needed.
    lost: Option<Lost>,
    /// Whether that is known where it matters, or all is over.
    noticed: bool,
}

impl State {
    fn notice(&self) -> Option<Lost> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.noticed = true;
        self.changed.notify_all();
        known.lost.clone()
    }

    /// Keeps how a process ended.
    fn lose(&self, lost: Lost) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.lost.get_or_insert(lost);
        self.changed.notify_all();
    }

    /// Once a process was lost: if nobody has noticed after some time, tells `unnoticed`.
    fn watch(&self, unnoticed: &dyn Fn(&Lost)) {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.changed.wait_timeout_while(known, GRACE, |known| !known.noticed);
        let known = waited.unwrap_or_else(PoisonError::into_inner).0;
        if let (false, Some(lost)) = (known.noticed, &known.lost) {
            unnoticed(lost);
        }
    }
}

impl ToWorkers {
    /// The processes 1, 2, … of a run, which were started with pipes. If one ends, and the next message is long in
    /// coming, `unnoticed` is told.
    ///
    /// # Errors
    /// If there are no pipes, or no thread can be started.
    pub fn new(children: Vec<Child>, unnoticed: Arc<dyn Fn(&Lost) + Send + Sync>) -> io::Result<ToWorkers> {
        let (state, size) = (Arc::new(State::default()), children.len() + 1);
        let mut all = ToWorkers { workers: Vec::new(), state };
        for (mut child, rank) in children.into_iter().zip(1..) {
            let missing = || io::Error::other("a process was started without pipes");
            let input = child.stdin.take().ok_or_else(missing)?;
            let mut output = child.stdout.take().ok_or_else(missing)?;
            let (send, messages) = sync_channel(WAITING);
            let (state, unnoticed) = (Arc::clone(&all.state), Arc::clone(&unnoticed));
            thread::Builder::new().spawn(move || {
                pass_on(&mut output, &send);
                let how = child.wait().map_or_else(|error| error.to_string(), |status| status.to_string());
                state.lose(Lost { rank, size, how });
                // After it is known, for whoever waits at it.
                drop(send);
                state.watch(unnoticed.as_ref());
            })?;
            all.workers.push(Worker { input, messages });
        }
        Ok(all)
    }

    /// A process that has ended, in a way that is known soon: its pipes end first.
    fn lost(&self, rank: usize) -> Lost {
        const SOON: Duration = Duration::from_secs(2);
        let known = self.state.known.lock().unwrap_or_else(PoisonError::into_inner);
        drop(self.state.changed.wait_timeout_while(known, SOON, |known| known.lost.is_none()));
        let unknown = Lost { rank, size: self.size(), how: "its pipe is closed".to_owned() };
        self.state.notice().unwrap_or(unknown)
    }
}

impl Transport for ToWorkers {
    fn rank(&self) -> usize {
        0
    }

    fn size(&self) -> usize {
        self.workers.len() + 1
    }

    fn send(&mut self, to: usize, message: &[u8]) -> Result<(), Lost> {
        write(&mut self.workers[to - 1].input, message).map_err(|_| self.lost(to))
    }

    fn receive(&mut self, from: usize) -> Result<Vec<u8>, Lost> {
        self.workers[from - 1].messages.recv().map_err(|_| self.lost(from))
    }
}

/// The others end with their standard input, and are not missed.
impl Drop for ToWorkers {
    fn drop(&mut self) {
        self.state.notice();
    }
}

/// What one of the other processes has of the first one.
#[derive(Debug)]
pub struct ToLeader {
    rank: usize,
    size: usize,
    output: Stdout,
    messages: Receiver<Vec<u8>>,
}

impl ToLeader {
    /// Over this process's own standard input and output. The process ends when the input does.
    ///
    /// # Errors
    /// If no thread can be started.
    pub fn new(rank: usize, size: usize) -> io::Result<ToLeader> {
        let (send, messages) = sync_channel(WAITING);
        thread::Builder::new().spawn(move || {
            pass_on(&mut io::stdin().lock(), &send);
            // Nobody wants anything any more: all is over, or the first process has ended.
            process::exit(0);
        })?;
        Ok(ToLeader { rank, size, output: io::stdout(), messages })
    }

    fn lost(&self) -> Lost {
        Lost { rank: 0, size: self.size, how: "its pipe is closed".to_owned() }
    }
}

impl Transport for ToLeader {
    fn rank(&self) -> usize {
        self.rank
    }

    fn size(&self) -> usize {
        self.size
    }

    fn send(&mut self, _: usize, message: &[u8]) -> Result<(), Lost> {
        write(&mut self.output.lock(), message).map_err(|_| self.lost())
    }

    fn receive(&mut self, _: usize) -> Result<Vec<u8>, Lost> {
        self.messages.recv().map_err(|_| self.lost())
    }
}

fn write(output: &mut impl Write, message: &[u8]) -> io::Result<()> {
    output.write_all(&(message.len() as u64).to_le_bytes())?;
    output.write_all(message)?;
    output.flush()
}

/// Passes messages on until there are no more, or nobody takes them.
fn pass_on(input: &mut impl Read, to: &SyncSender<Vec<u8>>) {
    while let Ok(message) = read(input) {
        if to.send(message).is_err() {
            return;
        }
    }
}

/// No message is longer: what claims to be is none.
const LONGEST: u64 = 1 << 36;

/// Room that is made for a message before any of it is here.
const AHEAD: u64 = 1 << 24;

fn read(input: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut length = [0; 8];
    input.read_exact(&mut length)?;
    let length = u64::from_le_bytes(length);
    if length > LONGEST {
        return Err(io::ErrorKind::InvalidData.into());
    }
    let mut message = Vec::with_capacity(length.min(AHEAD) as usize);
    match input.take(length).read_to_end(&mut message)? as u64 == length {
        true => Ok(message),
        false => Err(io::ErrorKind::UnexpectedEof.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_come_whole_or_not_at_all() {
        let mut bytes = Vec::new();
        for message in [&b"one"[..], b"", &[7; 100_000]] {
            write(&mut bytes, message).expect("memory");
        }
        let mut input = bytes.as_slice();
        let lengths = [0; 3].map(|_| read(&mut input).expect("three of them").len());
        assert_eq!((lengths, read(&mut input).is_err()), ([3, 0, 100_000], true));
        assert!(read(&mut &bytes[..7]).is_err() && read(&mut &bytes[..9]).is_err());
        assert!(read(&mut [255; 100].as_slice()).is_err(), "no room is made for what is not there");
    }
}
