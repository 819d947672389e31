//! Documents, as far as the tree of syntax.

use archc::diagnostic::{Diagnostics, Sources};
use archc::elaborate::vocabulary;
use archc::layers::Layers;
use archc::syntax::{Format, Parsed, no_files, parse};

use crate::said;
use crate::target::{Input, Target};

pub const TARGET: Target = Target {
    name: "syntax",
    corpus: &["fuzz/syntax", "tests/ui", "architectures"],
    input: Input::Text { words: WORDS, run },
};

const WORDS: &[&str] = &[
    "\n",
    "  ",
    "- ",
    ": ",
    "\"",
    "'",
    "{",
    "}",
    "[",
    "]",
    "&a ",
    "*a",
    "|",
    ">-",
    "#",
    "\\",
    "\\u0033",
    "\\x41",
    "!!str ",
    "? ",
    "---\n",
    "null",
    "1e999",
    "layers: ",
    "blocks: ",
    "let: ",
    "input: ",
    "name: ",
    "from: ",
    "merge: concat",
    "residual: ",
    "branches: ",
    "expect: ",
    "include: a.yaml",
    "shortcut: auto",
    "vgg: ",
    "resnet: ",
    "= ",
    "\"\"\"",
    "'''",
    "\0",
    "\r\n",
    "\u{feff}",
    "漢",
];

fn run(text: &str, format: Format) {
    let mut sources = Sources::default();
    let source = sources.add("text", text);
    let Parsed { errors, .. } = parse(&mut sources, source, format, &[], &vocabulary(&Layers::default()), &no_files);
    said::check(&Diagnostics { sources: sources.into(), list: errors });
}
