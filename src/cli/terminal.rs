//! Writing to whoever reads: a terminal, with colours and a width, or a pipe or file, plain and as wide as it gets.

use std::env;
use std::io::{self, BufWriter, ErrorKind, IsTerminal, Write};
// What the system knows a stream by.
#[cfg(unix)]
use std::os::fd::AsFd as Stream;
#[cfg(windows)]
use std::os::windows::io::AsHandle as Stream;

use clap::ValueEnum;
use terminal_size::{Width, terminal_size_of};

use super::Failure;
use crate::diagnostic::{Code, Diagnostics, printable_lines};

/// How wide diagnostics are where there is no terminal.
const DIAGNOSTIC_WIDTH: usize = 100;

/// How wide a terminal is that does not say.
const USUAL_WIDTH: usize = 80;

/// Whom a command writes for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// People.
    Text,
    /// Programs.
    Json,
}

/// Writes to standard output.
pub fn print(text: &str) -> Result<(), Failure> {
    write(|output| output.write_all(text.as_bytes()))
}

/// Lets `write` write to standard output, as much as it likes.
pub fn write(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Failure> {
    let mut output = BufWriter::new(io::stdout().lock());
    write(&mut output).and_then(|()| output.flush()).map_err(|error| match error.kind() {
        ErrorKind::BrokenPipe => Failure::OutputClosed,
        _ => Failure::Message(format!("cannot write to standard output: {error}")),
    })
}

/// Writes a line to standard error. If nobody reads that, there is no one to tell.
pub fn complain(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}

/// Says on standard error why something cannot be done. What files are called may hold anything, and
/// is not for the terminal to obey.
pub fn refuse(reason: &str) {
    complain(&format!("error: {}", printable_lines(reason)));
}

/// As [`refuse`], of a file that cannot be read.
pub fn refuse_file(reason: &str) {
    complain(&format!("error[{}]: {}", Code::Unreadable.id(), printable_lines(reason)));
}

/// Draws errors and warnings on standard error.
pub fn report(diagnostics: &Diagnostics) {
    if diagnostics.list.is_empty() {
        return;
    }
    let width = width_of(io::stderr()).unwrap_or(DIAGNOSTIC_WIDTH);
    complain(&diagnostics.render(coloured(&io::stderr()), width));
}

/// The width of standard output; `None` if it has none.
pub fn width() -> Option<usize> {
    width_of(io::stdout())
}

/// Whether standard output takes colours.
pub fn colour() -> bool {
    coloured(&io::stdout())
}

/// What the user has set `COLUMNS` to, else what the terminal says, if it is one.
fn width_of(stream: impl IsTerminal + Stream) -> Option<usize> {
    let set = env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok()).filter(|columns| *columns > 0);
    set.or_else(|| {
        let usual = stream.is_terminal().then_some(USUAL_WIDTH);
        terminal_size_of(stream).map(|(Width(width), _)| usize::from(width)).or(usual)
    })
}

/// A terminal, unless the user wants none: <https://no-color.org>.
fn coloured(stream: &impl IsTerminal) -> bool {
    let unwanted = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let dumb = env::var_os("TERM").is_some_and(|term| term == "dumb");
    stream.is_terminal() && !unwanted && !dumb
}
