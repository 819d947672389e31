//! What is written: lines of calls, and structures of such lines. Numbers in them are kept apart, because in a block
//! they may differ.

use std::fmt::Write;

use crate::expand::yaml::scalar;

/// A number of a call, or what stands for it in a block.
#[derive(Debug, Clone, PartialEq)]
pub struct Number {
    /// What stands before it: `s` of `s2`, `eps=`.
    pub prefix: String,
    /// What a parameter for it is called.
    pub role: &'static str,
    /// As it is written.
    pub value: String,
    /// What it is if it is not written.
    pub usual: Option<&'static str>,
}

/// A word of a call.
#[derive(Debug, Clone, PartialEq)]
pub enum Token {
    Word(String),
    Number(Number),
}

/// A call of a layer or a block.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    pub tokens: Vec<Token>,
    /// The full name of the layer, where it matters; of a block, that of its first layer.
    pub name: Option<String>,
    /// Whether the name is written.
    pub is_named: bool,
    pub is_block: bool,
}

/// An entry of a list of layers.
#[derive(Debug, Clone, PartialEq)]
pub enum Piece {
    /// `conv 64 3x3 -> bn -> relu`
    Line(Vec<Call>),
    /// `residual:` or `branches:`, with the keys beside it.
    Structure(Structure),
}

#[derive(Debug, Clone, PartialEq)]
pub struct Structure {
    /// `residual` or `branches`.
    pub key: &'static str,
    /// One of a residual, several of branches.
    pub ways: Vec<Vec<Piece>>,
    pub shortcut: Option<Vec<Piece>>,
    pub merge: Option<&'static str>,
    pub after: Vec<Call>,
}

impl Call {
    pub fn text(&self) -> String {
        let mut text = String::new();
        for token in &self.tokens {
            let space = if text.is_empty() { "" } else { " " };
            match token {
                Token::Word(word) => write!(text, "{space}{word}"),
                Token::Number(number) if number.usual == Some(number.value.as_str()) => Ok(()),
                Token::Number(number) => write!(text, "{space}{}{}", number.prefix, number.value),
            }
            .expect("a String takes everything");
        }
        match self.name.as_ref().filter(|_| self.is_named) {
            Some(name) => format!("{text} as {name}"),
            None => text,
        }
    }
}

/// Writes pieces as entries of a list; equal calls of a block that follow each other are repeats.
pub fn write(pieces: &[Piece], indent: usize, text: &mut String) {
    let mut index = 0;
    while let Some(piece) = pieces.get(index) {
        let call = unnamed_block(piece);
        let same = pieces[index..].iter().take_while(|other| unnamed_block(other) == call).count();
        let times = if call.is_some() { same } else { 1 };
        text.push_str(&" ".repeat(indent));
        text.push_str("- ");
        match piece {
            Piece::Line(calls) => {
                let repeat = if times > 1 { format!(" x {times}") } else { String::new() };
                text.push_str(&quoted(&(line(calls) + &repeat)));
                text.push('\n');
            }
            Piece::Structure(structure) => write_structure(structure, indent + 2, text),
        }
        index += times;
    }
}

/// The words of a piece that is a call of a block, and does not write a name.
fn unnamed_block(piece: &Piece) -> Option<&[Token]> {
    match piece {
        Piece::Line(calls) => match calls.as_slice() {
            [call] if call.is_block && !call.is_named => Some(&call.tokens),
            _ => None,
        },
        Piece::Structure(_) => None,
    }
}

pub fn line(calls: &[Call]) -> String {
    calls.iter().map(Call::text).collect::<Vec<_>>().join(" -> ")
}

/// A line of a list, in quotes if it must be.
fn quoted(line: &str) -> String {
    let is_plain = !line.starts_with('{') && !line.contains(": ") && !line.contains(" #");
    if is_plain { line.to_string() } else { scalar(line) }
}

/// A structure, of which the first line is indented already.
pub fn write_structure(structure: &Structure, indent: usize, text: &mut String) {
    let pad = " ".repeat(indent);
    text.push_str(structure.key);
    text.push_str(":\n");
    match structure.key {
        "residual" => structure.ways.iter().for_each(|way| write(way, indent + 2, text)),
        _ => structure.ways.iter().for_each(|way| write_branch(way, indent + 2, text)),
    }
    if let Some(shortcut) = &structure.shortcut {
        text.push_str(&format!("{pad}shortcut:\n"));
        write(shortcut, indent + 2, text);
    }
    if let Some(merge) = structure.merge {
        text.push_str(&format!("{pad}merge: {merge}\n"));
    }
    if !structure.after.is_empty() {
        text.push_str(&format!("{pad}after: {}\n", scalar(&line(&structure.after))));
    }
}

/// A branch is one entry: a line, or a list of several.
fn write_branch(way: &[Piece], indent: usize, text: &mut String) {
    let pad = " ".repeat(indent);
    match way {
        [] => text.push_str(&format!("{pad}- []\n")),
        [Piece::Line(_)] => write(way, indent, text),
        _ => {
            let mut inner = String::new();
            write(way, indent + 2, &mut inner);
            // The first entry of the inner list begins on the line of the outer one.
            text.push_str(&format!("{pad}- {}", &inner[indent + 2..]));
        }
    }
}
