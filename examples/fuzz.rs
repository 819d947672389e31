//! Feeds mutated texts to the compiler and looks for what must not happen: a panic, a text that takes longer than a second, a place
//! outside its text, a network whose expansion is another network.
//!
//! `cargo run --example fuzz -- TARGET SECONDS [SEED]`, with TARGET one of notation, syntax and elaboration. The corpus is fuzz/TARGET,
//! with the files of tests/ui and architectures for the last two. A text that fails is left in fuzz/failed-TARGET.txt; add it to the corpus
//! when it is mended. Runs with one seed are alike.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use std::{env, fs, process};

use archc::diagnostic::{Diagnostic, Diagnostics, Sources, Span};
use archc::layers::Layers;
use archc::syntax::text::Text;
use archc::syntax::{Format, Parsed, no_files, notation, parse};
use archc::{compile, compile_source, expand};

/// A text takes this long at most.
const LONGEST: Duration = Duration::from_secs(1);

/// Texts are not made longer than this.
const MOST_BYTES: usize = 4096;

struct Target {
    name: &'static str,
    /// Folders of seeds, from the crate's own.
    corpus: &'static [&'static str],
    /// What is put into texts.
    words: &'static [&'static str],
    /// Panics if something is wrong.
    run: fn(&str, Format),
}

const TARGETS: [Target; 3] = [
    Target { name: "notation", corpus: &["fuzz/notation"], words: NOTATION, run: read_notation },
    Target { name: "syntax", corpus: &["fuzz/syntax", "tests/ui", "architectures"], words: SYNTAX, run: read_document },
    Target {
        name: "elaboration",
        corpus: &["fuzz/elaboration", "tests/ui", "architectures"],
        words: ELABORATION,
        run: compile_document,
    },
];

const NOTATION: &[&str] = &[
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

const SYNTAX: &[&str] = &[
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

const ELABORATION: &[&str] = &[
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

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let usage = || -> ! {
        eprintln!("usage: fuzz notation|syntax|elaboration SECONDS [SEED]");
        process::exit(2)
    };
    let [name, seconds, rest @ ..] = arguments.as_slice() else { usage() };
    let Some(target) = TARGETS.iter().find(|target| target.name == *name) else { usage() };
    let (Ok(seconds), Ok(seed)) = (seconds.parse(), rest.first().map_or(Ok(1), |seed| seed.parse())) else { usage() };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let failed = folder.join(format!("fuzz/failed-{name}.txt"));
    let seeds: Vec<(String, Format)> =
        target.corpus.iter().flat_map(|corpus| read_seeds(&folder.join(corpus))).collect();
    let mut random = Random(seed);
    let (started, mut runs) = (Instant::now(), 0u64);
    // Every seed as it is, then mutations of them.
    while started.elapsed() < Duration::from_secs(seconds) {
        let (text, format) = match seeds.get(runs as usize) {
            Some((text, format)) => (text.clone(), *format),
            None => mutated(&seeds, target.words, &mut random),
        };
        // Written beforehand: an overflow of the stack leaves no time for it.
        fs::write(&failed, &text).expect("the folder can be written to");
        let before = busy(started);
        (target.run)(&text, format);
        let took = busy(started).saturating_sub(before);
        assert!(took < LONGEST, "this took {took:?}:\n{text}");
        runs += 1;
    }
    fs::remove_file(&failed).expect("it has been written");
    println!("{name}: {runs} texts from {} seeds in {seconds} s, nothing found", seeds.len());
}

/// How long this thread has computed, where the system tells; else the time since `started`.
fn busy(started: Instant) -> Duration {
    let scheduled = fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanoseconds = scheduled.and_then(|line| line.split(' ').next()?.parse().ok());
    nanoseconds.map_or(started.elapsed(), Duration::from_nanos)
}

fn read_seeds(folder: &Path) -> Vec<(String, Format)> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("it can be listed").path()).collect();
    paths.sort();
    let extension = |path: &Path| path.extension().map(|extension| extension.to_string_lossy().into_owned());
    let seed = |path: PathBuf| match extension(&path)?.as_str() {
        "seed" => Some((fs::read_to_string(&path).ok()?, Format::Yaml)),
        extension => Some((fs::read_to_string(&path).ok()?, Format::from_extension(extension)?)),
    };
    paths.into_iter().filter_map(seed).collect()
}

/// Knuth's linear congruential generator, the upper half.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound.max(1)
    }
}

fn mutated(seeds: &[(String, Format)], words: &[&str], random: &mut Random) -> (String, Format) {
    let (seed, format) = &seeds[random.below(seeds.len())];
    let mut text: Vec<char> = seed.chars().take(MOST_BYTES).collect();
    for _ in 0..1 + random.below(8) {
        let at = random.below(text.len() + 1);
        let end = (at + 1 + random.below(12)).min(text.len());
        match random.below(7) {
            0 => drop(text.drain(at..end)),
            1 => drop(text.splice(at..at, words[random.below(words.len())].chars())),
            2 => drop(text.splice(at..end, words[random.below(words.len())].chars())),
            3 => text.extend_from_within(at..(at + 40).min(text.len())),
            4 => {
                let piece: Vec<char> = text[at..end].repeat(1 + random.below(20));
                drop(text.splice(at..at, piece));
            }
            5 => {
                let other: Vec<char> = seeds[random.below(seeds.len())].0.chars().take(MOST_BYTES).collect();
                let from = random.below(other.len() + 1);
                let to = (from + random.below(200)).min(other.len());
                drop(text.splice(at..end, other[from..to].iter().copied()));
            }
            _ => {
                if let Some(digit) = text.iter().skip(at).position(char::is_ascii_digit) {
                    text[at + digit] = char::from(b'0' + random.below(10) as u8);
                }
            }
        }
        text.truncate(MOST_BYTES);
    }
    (text.into_iter().collect(), *format)
}

fn read_notation(text: &str, _: Format) {
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
    check(&Diagnostics { sources: sources.into(), list: errors.into_iter().flatten().collect() });
}

fn read_document(text: &str, format: Format) {
    let mut sources = Sources::default();
    let source = sources.add("text", text);
    let Parsed { errors, .. } = parse(&mut sources, source, format, &[], &Layers::default(), &no_files);
    check(&Diagnostics { sources: sources.into(), list: errors });
}

fn compile_document(text: &str, format: Format) {
    match compile_source("text", text, format, &[]) {
        Err(errors) => check(&errors),
        Ok(compiled) => {
            check(&compiled.warnings);
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

/// Every place lies in its text, on the borders of characters, and what is said can be drawn.
fn check(said: &Diagnostics) {
    for Diagnostic { primary, others, help, .. } in &said.list {
        let edits = help.iter().filter_map(|help| help.edit.as_ref()).map(|edit| edit.span);
        for span in others.iter().map(|label| label.span).chain([primary.span]).chain(edits) {
            let text = &said.sources.get(span.source).text;
            assert!(text.get(span.range()).is_some(), "{span:?} is no place in {text:?}");
        }
    }
    assert!(said.list.is_empty() || !said.to_string().is_empty());
}
