//! Documents, compiled; what compiles is expanded and compiled again.

use archc::syntax::Format;
use archc::{compile, compile_source, expand};

use crate::said;
use crate::target::{Input, Target};

pub const TARGET: Target = Target {
    name: "elaboration",
    corpus: &["fuzz/elaboration", "tests/ui", "architectures"],
    input: Input::Text { words: WORDS, run },
};

const WORDS: &[&str] = &[
    "conv 8 3x3 p1",
    "conv {in} 1x1",
    " s2",
    " g4",
    " d3",
    "maxpool 2",
    "avgpool 3 s1 p1",
    "adaptive_avgpool 1",
    "flatten",
    "linear 10",
    "bn",
    "relu",
    "dropout 0.5",
    " x 3",
    " x {len(ws)}",
    " x 1000000",
    "{i}",
    "{channels}",
    "{ws[i]}",
    "{2**40}",
    "{1/3}",
    "2147483648",
    " in=3",
    " -> ",
    " as a",
    "{from: [a, .], merge: add}",
    "{from: ['{a}', 'a x {b}'], merge: add}",
    "times: 2",
    "padding=same",
    "like=a",
    "crop {a.height}",
    "{width}",
    "{from: a, then: relu}",
    "\n  - ",
    "\n    shortcut: identity",
    "classes: 10\n",
    "b 8",
    "{act}",
    " act=relu",
    "(",
    ")",
    "0",
    "-1",
    "{residual: [",
    "]}",
    "round_to(",
    "expect: [8, 4, 4]",
    "init: {conv: normal 0 0.1}\n",
];

fn run(text: &str, format: Format) {
    match compile_source("text", text, format, &[]) {
        Err(errors) => said::check(&errors),
        Ok(compiled) => {
            said::check(&compiled.warnings);
            let network = compiled.network;
            network.totals();
            network.receptive_fields();
            if network.graph.nodes.len() < 1000 {
                let expanded = expand::expand(&network);
                let again = compile(&expanded).unwrap_or_else(|errors| panic!("{expanded}\n{errors}"));
                assert_eq!(expand::expand(&again), expanded, "{text}");
            }
        }
    }
}
