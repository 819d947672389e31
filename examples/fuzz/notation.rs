//! Texts read by every rule of the notation.

use archc::diagnostic::{Diagnostics, Sources, Span};
use archc::syntax::text::Text;
use archc::syntax::{Format, notation};

use crate::said;
use crate::target::{Input, Target};

pub const TARGET: Target =
    Target { name: "notation", corpus: &["fuzz/notation"], input: Input::Text { words: WORDS, run } };

const WORDS: &[&str] = &[
    "(",
    ")",
    "{",
    "}",
    "[",
    "]",
    "->",
    " x ",
    " as ",
    "=",
    ",",
    "3x3",
    "s2",
    "p1",
    "g{",
    "-",
    "1e9",
    "0.5",
    "**",
    "//",
    "if(",
    "i",
    "\t",
    "é",
    "層",
    "9223372036854775807",
    "x",
    "conv 64 3x3",
    "{4*w}",
    "true",
];

fn run(text: &str, _: Format) {
    let mut sources = Sources::default();
    let source = sources.add("text", text);
    let scalar = Text::verbatim(text, Span::new(source, 0..text.len()));
    let errors = [
        notation::chain(&scalar).err(),
        notation::call(&scalar).err(),
        notation::arguments(&scalar).err(),
        notation::expression(&scalar).err(),
        notation::term(&scalar).err(),
        notation::template(&scalar).err(),
        notation::shape(&scalar).err(),
        notation::signature(&scalar).err(),
    ];
    said::check(&Diagnostics { sources: sources.into(), list: errors.into_iter().flatten().collect() });
}
