//! Writing to whoever reads: a terminal, with colours and a width, or a pipe or file, plain and as wide as it gets.

use std::borrow::Cow;
use std::env;
use std::fmt;
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

/// What stands below each other has room for so many characters; longer ones take what they need.
#[cfg(feature = "train")]
pub const WIDEST: usize = 80;

/// Whom a command writes for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// People.
    Text,
    /// Programs.
    Json,
}

/// Writes to standard output, for people. What files and classes are called may hold anything, and is not for the
/// terminal to obey.
pub fn print(text: &str) -> Result<(), Failure> {
    data(&harmless(text, colour()))
}

/// As [`print`], of a text that may be long: only some lines of it are in memory at a time.
pub fn show(text: fmt::Arguments) -> Result<(), Failure> {
    write(|output| {
        let mut lines = Lines { output, held: String::new(), colour: colour(), written: Ok(()) };
        // What failed is in there.
        let _ = fmt::Write::write_fmt(&mut lines, text);
        lines.pass_on();
        lines.written
    })
}

/// So many bytes of lines are passed on together.
const SEVERAL: usize = 4096;

/// Passes lines on, made [`harmless`].
struct Lines<'a> {
    output: &'a mut dyn Write,
    held: String,
    colour: bool,
    written: io::Result<()>,
}

impl Lines<'_> {
    fn pass_on(&mut self) {
        if self.written.is_ok() {
            self.written = self.output.write_all(harmless(&self.held, self.colour).as_bytes());
        }
        self.held.clear();
    }
}

impl fmt::Write for Lines<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.held.push_str(text);
        if self.held.len() >= SEVERAL && text.ends_with('\n') {
            self.pass_on();
        }
        if self.written.is_ok() { Ok(()) } else { Err(fmt::Error) }
    }
}

/// Writes to standard output, for programs: as it is.
pub fn data(text: &str) -> Result<(), Failure> {
    write(|output| output.write_all(text.as_bytes()))
}

/// Writes to standard output, for whom `format` is meant.
#[cfg(feature = "train")]
pub fn put(format: Format, text: &str) -> Result<(), Failure> {
    match format {
        Format::Text => print(text),
        Format::Json => data(text),
    }
}

/// Without control characters, save for line breaks and, with `colour`, what [`painted`](crate::report::table::painted)
/// adds.
fn harmless(text: &str, colour: bool) -> Cow<'_, str> {
    const OWN: [&str; 3] = ["[0m", "[1m", "[2m"];
    if !colour || !text.contains('\u{1b}') {
        return printable_lines(text);
    }
    let mut parts = text.split('\u{1b}');
    let mut harmless = printable_lines(parts.next().unwrap_or_default()).into_owned();
    for part in parts {
        harmless.push(if OWN.iter().any(|own| part.starts_with(own)) { '\u{1b}' } else { '\u{fffd}' });
        harmless.push_str(&printable_lines(part));
    }
    Cow::Owned(harmless)
}

/// Lets `write` write to standard output, as much as it likes.
pub fn write(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Failure> {
    let mut output = BufWriter::new(io::stdout().lock());
    write(&mut output).and_then(|()| output.flush()).map_err(|error| match error.kind() {
        ErrorKind::BrokenPipe => Failure::OutputClosed,
        _ => Failure::Message(format!("cannot write to standard output: {error}")),
    })
}

/// Writes a line, or several, to standard error. If nobody reads that, there is no one to tell.
pub fn complain(text: &str) {
    let _ = writeln!(io::stderr().lock(), "{}", harmless(text, false));
}

/// Says on standard error why something cannot be done.
pub fn refuse(reason: &str) {
    complain(&format!("error: {reason}"));
}

/// As [`refuse`], of a file that cannot be read.
pub fn refuse_file(reason: &str) {
    complain(&format!("error[{}]: {reason}", Code::Unreadable.id()));
}

/// Draws errors and warnings on standard error.
pub fn report(diagnostics: &Diagnostics) {
    if diagnostics.list.is_empty() {
        return;
    }
    let width = width_of(io::stderr()).unwrap_or(DIAGNOSTIC_WIDTH);
    let colour = coloured(&io::stderr());
    // With colours of its own; the texts in it are harmless already.
    let _ = writeln!(io::stderr().lock(), "{}", diagnostics.render(colour, width));
}

/// The width of standard output; `None` if it has none.
pub fn width() -> Option<usize> {
    width_of(io::stdout())
}

/// Whether standard output is a terminal, which can be cleared.
pub fn is_terminal() -> bool {
    io::stdout().is_terminal()
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

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use super::{Lines, harmless};

    #[test]
    fn only_our_own_sequences_reach_a_terminal() {
        let text = "\u{1b}[1mhead\u{1b}[0m\n\u{1b}[31mred\u{1b}[2mfaint\u{9b}8m\r\u{1b}";
        let without = "\u{fffd}[1mhead\u{fffd}[0m\n\u{fffd}[31mred\u{fffd}[2mfaint\u{fffd}8m\u{fffd}\u{fffd}";
        let with = "\u{1b}[1mhead\u{1b}[0m\n\u{fffd}[31mred\u{1b}[2mfaint\u{fffd}8m\u{fffd}\u{fffd}";
        assert_eq!((harmless(text, false), harmless(text, true)), (without.into(), with.into()));
        for (colour, expected) in [(false, without), (true, with)] {
            let mut output = Vec::new();
            let mut lines = Lines { output: &mut output, held: String::new(), colour, written: Ok(()) };
            // In pieces, as they come from a format.
            text.split_inclusive('m').for_each(|piece| write!(lines, "{piece}").expect("a Vec takes everything"));
            lines.pass_on();
            lines.written.expect("a Vec takes everything");
            assert_eq!(String::from_utf8(output).as_deref(), Ok(expected));
        }
    }
}
