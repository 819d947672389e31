//! Writing to whoever reads: a terminal, with colours and a width, or a pipe or file, plain and as wide as it gets.

use std::env;
use std::io::{self, ErrorKind, IsTerminal, Write};

use terminal_size::{Width, terminal_size_of};

use super::Failure;
use crate::diagnostic::Diagnostics;

/// How wide diagnostics are where no terminal says.
const DIAGNOSTIC_WIDTH: usize = 100;

/// Writes to standard output.
pub fn print(text: &str) -> Result<(), Failure> {
    let mut output = io::stdout().lock();
    output.write_all(text.as_bytes()).and_then(|()| output.flush()).map_err(|error| match error.kind() {
        ErrorKind::BrokenPipe => Failure::OutputClosed,
        _ => Failure::Message(format!("cannot write to standard output: {error}")),
    })
}

/// Writes a line to standard error. If nobody reads that, there is no one to tell.
pub fn complain(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}

/// Draws errors and warnings on standard error.
pub fn report(diagnostics: &Diagnostics) {
    if diagnostics.list.is_empty() {
        return;
    }
    let width = columns().or_else(|| width_of(io::stderr())).unwrap_or(DIAGNOSTIC_WIDTH);
    complain(&diagnostics.render(coloured(&io::stderr()), width));
}

/// The width of standard output; `None` if it has none.
pub fn width() -> Option<usize> {
    columns().or_else(|| width_of(io::stdout()))
}

/// Whether standard output takes colours.
pub fn colour() -> bool {
    coloured(&io::stdout())
}

/// What the user has set `COLUMNS` to.
fn columns() -> Option<usize> {
    env::var("COLUMNS").ok()?.parse().ok().filter(|columns| *columns > 0)
}

#[cfg(unix)]
fn width_of(stream: impl std::os::fd::AsFd) -> Option<usize> {
    terminal_size_of(stream).map(|(Width(width), _)| usize::from(width))
}

#[cfg(windows)]
fn width_of(stream: impl std::os::windows::io::AsHandle) -> Option<usize> {
    terminal_size_of(stream).map(|(Width(width), _)| usize::from(width))
}

/// A terminal, unless the user wants none: <https://no-color.org>.
fn coloured(stream: &impl IsTerminal) -> bool {
    let unwanted = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let dumb = env::var_os("TERM").is_some_and(|term| term == "dumb");
    stream.is_terminal() && !unwanted && !dumb
}
