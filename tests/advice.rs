//! What is advised fixes: a thousand networks are drawn and broken in one place, and every suggestion that a program
//! can follow is followed. The text then compiles with fewer errors.

use std::collections::BTreeMap;

use archc::compile_source;
use archc::diagnostic::{Diagnostics, Edit, Severity};
use archc::syntax::Format;

const NETWORKS: usize = 1000;

/// Of these so many come with a suggestion, and so many with any advice at all.
const MOST_SILENT: usize = 60;

#[test]
fn suggestions_mend() {
    let mut random = Random(20);
    let (mut broken, mut followed, mut silent) = (0, 0, Vec::new());
    let mut codes: BTreeMap<&str, usize> = BTreeMap::new();
    while broken < NETWORKS {
        let (text, format) = drawn(&mut random);
        let Some(before) = errors(&text, format) else { continue };
        broken += 1;
        for diagnostic in &before.list {
            *codes.entry(diagnostic.code.id()).or_default() += 1;
            if diagnostic.help.is_empty() {
                silent.push(format!("{text}\n{before}"));
            }
            for edit in diagnostic.help.iter().filter_map(|help| help.edit.as_ref()) {
                let after = edited(&text, edit);
                let left = errors(&after, format);
                assert!(
                    count(left.as_ref()) < count(Some(&before)),
                    "{text}\n{before}\nfollowed:\n{after}\n{}",
                    left.unwrap_or_default()
                );
                followed += 1;
            }
        }
    }
    assert!(followed > NETWORKS / 2, "only {followed} suggestions of {broken}: {codes:?}");
    assert!(silent.len() < MOST_SILENT, "{} of {broken} have no advice, such as\n{}", silent.len(), silent[0]);
    for code in ["E020", "E021", "E022", "E023", "E024", "E025", "E031"] {
        assert!(codes.contains_key(code), "no network is broken so that {code} is said: {codes:?}");
    }
}

fn errors(text: &str, format: Format) -> Option<Diagnostics> {
    compile_source("broken", text, format, &[]).err()
}

fn count(said: Option<&Diagnostics>) -> usize {
    let list = said.iter().flat_map(|said| &said.list);
    list.filter(|diagnostic| diagnostic.severity == Severity::Error).count()
}

fn edited(text: &str, edit: &Edit) -> String {
    let mut text = text.to_string();
    text.replace_range(edit.span.range(), &edit.text);
    text
}

/// Numbers that are the same every time.
struct Random(u64);

impl Random {
    fn next(&mut self) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize
    }

    fn below(&mut self, end: usize) -> usize {
        self.next() % end
    }

    fn one<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())].clone()
    }
}

/// A network in which something has been changed, written in one of several ways.
fn drawn(random: &mut Random) -> (String, Format) {
    let mut lines = [unet, inception, residual, classifier, blocks, decoder, attention][random.below(7)](random);
    for _ in 0..=random.below(2) {
        let at = random.below(lines.len());
        let line = lines[at].clone();
        lines[at] = changed(random, &line);
    }
    let side = random.one(&[32, 48, 64, 31, 33, 50]);
    let input = match random.below(8) {
        0 => format!("[3, {side}, {}]", side + 2),
        _ => format!("[3, {side}, {side}]"),
    };
    let classes = random.one(&["", "classes: 10\n"]);
    let blocks = "\
blocks:
  down(width, stride=2): conv {width} 3x3 s{stride} p1 -> bn -> relu
  up(width): conv_transpose {width} 2x2 s2 -> relu
";
    match random.below(3) {
        0 => {
            let quoted: Vec<String> = lines.iter().map(|line| in_flow(line)).collect();
            (format!("input: {input}\n{classes}{blocks}layers: [{}]\n", quoted.join(", ")), Format::Yaml)
        }
        _ => {
            let listed: String = lines.iter().map(|line| format!("  - {line}\n")).collect();
            (format!("input: {input}\n{classes}{blocks}layers:\n{listed}"), Format::Yaml)
        }
    }
}

/// Chains are quoted in a flow sequence; mappings are put in braces.
fn in_flow(line: &str) -> String {
    match line.split_once(": ") {
        Some(_) if line.starts_with('{') => line.to_string(),
        Some((name, chain)) if chain.starts_with(['[', '{']) => format!("{{{name}: {chain}}}"),
        Some((name, chain)) => format!("{{{name}: \"{chain}\"}}"),
        None => format!("\"{line}\""),
    }
}

/// The line with one of its words exchanged.
fn changed(random: &mut Random, line: &str) -> String {
    let exchanges: &[(&str, &[&str])] = &[
        ("3x3 p1", &["3x3", "5x5 p1", "3x3 p2", "4x4 p1", "2x2", "1x3 p1", "3x3 p1 s2", "3x3 p1 d2"]),
        ("1x1", &["1x1 s2", "1x1 p1", "2x2", "3x3"]),
        (
            "maxpool 2",
            &["maxpool 3", "maxpool 2 ceil", "maxpool 2 s1", "maxpool 3 s2 p1", "avgpool 4", "conv 8 3x3 s2 p1"],
        ),
        ("upsample 2", &["upsample 3", "relu", "upsample 2 bilinear", "upsample 1.5"]),
        ("2x2 s2", &["3x3 s2", "2x2", "4x4 s2", "3x3 s2 p1"]),
        ("conv 8", &["conv 16", "conv 12", "conv 8 g3", "conv 6 g4"]),
        ("conv 16", &["conv 8", "conv 16 g5", "conv 18 g16"]),
        ("flatten -> linear", &["linear", "relu -> linear", "flatten -> flatten -> linear"]),
        ("linear 10", &["linear 12", "linear 10 in=100", "linear 10 in=4096"]),
        (
            "global_avgpool ->",
            &["", "avgpool 7 ->", "flatten ->", "conv 8 7x7 -> conv 8 7x7 -> conv 8 7x7 -> conv 8 7x7 ->"],
        ),
        ("shortcut: auto", &["shortcut: identity", "shortcut: conv 8 1x1"]),
        ("merge: add", &["merge: concat", "merge: mul"]),
        ("expect: [8", &["expect: [7", "expect: [16"]),
        ("down 8", &["down 12", "down 8 1", "down 8 3"]),
    ];
    let usable: Vec<_> = exchanges.iter().filter(|(word, _)| line.contains(word)).collect();
    if usable.is_empty() {
        return line.to_string();
    }
    let (word, others) = random.one(&usable);
    let places: Vec<usize> = line.match_indices(word).map(|(place, _)| place).collect();
    let place = random.one(&places);
    format!("{}{}{}", &line[..place], random.one(others), &line[place + word.len()..])
}

fn head() -> String {
    "global_avgpool -> flatten -> linear 10".to_string()
}

fn lines(text: &str) -> Vec<String> {
    text.lines().map(|line| line.trim().to_string()).chain([head()]).collect()
}

fn unet(random: &mut Random) -> Vec<String> {
    let enlarge = random.one(&["upsample 2 -> conv 8 3x3 p1", "conv_transpose 8 2x2 s2", "up 8"]);
    let shrink = random.one(&["maxpool 2 -> conv 8 3x3 p1 -> relu", "down 8", "conv 8 3x3 p1 -> maxpool 2"]);
    lines(&format!(
        "a: conv 8 3x3 p1 -> relu
        b: {shrink}
        c: {shrink}
        {enlarge}
        {{from: [b, .], merge: concat}}
        conv 8 3x3 p1
        {enlarge}
        {{from: [a, .], merge: add}}"
    ))
}

fn inception(random: &mut Random) -> Vec<String> {
    let last = random.one(&["maxpool 3 s1 p1 -> conv 8 1x1", "conv 8 1x1 -> conv 8 5x5 p2"]);
    lines(&format!(
        "conv 16 3x3 p1 -> maxpool 2
        branches: [conv 8 1x1, \"conv 8 1x1 -> conv 8 3x3 p1\", \"{last}\"]
        conv 8 1x1
        expect: [8, 16, 16]"
    ))
}

fn residual(random: &mut Random) -> Vec<String> {
    let shortcut = random.one(&["shortcut: auto", "shortcut: identity"]);
    lines(&format!(
        "conv 8 3x3 p1 -> bn -> relu
        {{residual: [conv 8 3x3 p1, bn, relu, conv 8 3x3 p1], {shortcut}}}
        maxpool 2
        {{residual: \"conv 8 3x3 p1 -> bn\", {shortcut}, after: relu}}"
    ))
}

fn classifier(random: &mut Random) -> Vec<String> {
    let body = random.one(&["conv 8 3x3 p1 -> relu -> maxpool 2", "conv 16 3x3 p1 -> maxpool 2 -> conv 8 3x3 p1"]);
    lines(&format!("{body}\n{body}\n{body}\nexpect: [8, 4, 4]\nconv 16 3x3 p1"))
}

fn blocks(_: &mut Random) -> Vec<String> {
    lines("a: down 8 1\nb: down 8 1\n{from: [a, b], merge: add}\ndown 8\ndown 8\nexpect: [8, 8, 8]")
}

fn decoder(_: &mut Random) -> Vec<String> {
    lines(
        "first: conv 8 3x3 p1 -> relu
        second: maxpool 2 -> conv 16 3x3 p1 -> maxpool 2
        conv_transpose 8 2x2 s2 -> relu -> conv_transpose 8 2x2 s2
        {from: [first, .], merge: add}",
    )
}

fn attention(_: &mut Random) -> Vec<String> {
    lines(
        "x: conv 8 3x3 p1
        global_avgpool -> conv 8 1x1 -> sigmoid
        {from: [x, .], merge: mul}
        y: conv 8 3x3 p1
        adaptive_avgpool 1 -> conv 8 1x1 -> sigmoid
        {from: [y, .], merge: mul}",
    )
}
