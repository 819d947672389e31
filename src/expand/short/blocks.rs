//! What is there several times becomes a block; numbers in which its places differ become parameters.

use std::collections::BTreeMap;

use super::piece::{Call, Number, Piece, Structure, Token, line, write_structure};

/// A block that has been found.
#[derive(Debug)]
pub struct Block {
    name: String,
    /// With what each has by default.
    parameters: Vec<(String, Option<&'static str>)>,
    body: Piece,
}

/// How often a line must be there, and how many layers it must have; how often a structure must be there.
const LINES: usize = 3;
const LAYERS: usize = 3;
const STRUCTURES: usize = 2;

/// Parameters of a block that one still reads.
const MOST_PARAMETERS: usize = 8;

/// Replaces what is there several times by calls of blocks, from the inside out.
pub fn fold(pieces: &mut [Piece]) -> Vec<Block> {
    let mut blocks = Vec::new();
    fold_all(pieces, &mut blocks, "unit", LINES, |piece| match piece {
        Piece::Line(calls) => calls.len() >= LAYERS && !calls.iter().any(|call| call.is_block),
        Piece::Structure(_) => false,
    });
    // Each round makes lines of the innermost structures.
    const ROUNDS: usize = 4;
    for _ in 0..ROUNDS {
        let before = blocks.len();
        fold_all(pieces, &mut blocks, "block", STRUCTURES, |piece| match piece {
            Piece::Line(_) => false,
            Piece::Structure(structure) => is_innermost(structure),
        });
        if blocks.len() == before {
            break;
        }
    }
    blocks
}

fn is_innermost(structure: &Structure) -> bool {
    let ways = structure.ways.iter().chain(structure.shortcut.as_ref());
    ways.flatten().all(|piece| matches!(piece, Piece::Line(_)))
}

fn fold_all(
    pieces: &mut [Piece],
    blocks: &mut Vec<Block>,
    name: &str,
    least: usize,
    is_wanted: impl Fn(&Piece) -> bool + Copy,
) {
    let mut found: BTreeMap<String, Vec<Piece>> = BTreeMap::new();
    let mut order: Vec<String> = Vec::new();
    each(pieces, &mut |piece| {
        if is_wanted(piece) {
            let key = skeleton(piece);
            if !found.contains_key(&key) {
                order.push(key.clone());
            }
            found.entry(key).or_default().push(piece.clone());
        }
    });
    for key in order {
        let places = &found[&key];
        if places.len() < least {
            continue;
        }
        let count = blocks.iter().filter(|block| block.name.trim_end_matches(char::is_numeric) == name).count();
        let name = if count == 0 { name.to_string() } else { format!("{name}{}", count + 1) };
        let Some(block) = block(name, places) else { continue };
        let keys = &block.keys;
        each(pieces, &mut |piece| {
            if is_wanted(piece) && skeleton(piece) == key {
                *piece = called(&block.block, keys, piece);
            }
        });
        blocks.push(block.block);
    }
}

/// Gives every piece, and every piece in a structure before it, to `visit`.
fn each(pieces: &mut [Piece], visit: &mut dyn FnMut(&mut Piece)) {
    for piece in pieces {
        if let Piece::Structure(structure) = piece {
            let ways = structure.ways.iter_mut().chain(structure.shortcut.as_mut());
            ways.for_each(|way| each(way, visit));
        }
        visit(piece);
    }
}

fn calls(piece: &Piece) -> Vec<&Call> {
    match piece {
        Piece::Line(calls) => calls.iter().collect(),
        Piece::Structure(structure) => {
            let ways = structure.ways.iter().chain(structure.shortcut.as_ref());
            ways.flatten().flat_map(calls).chain(&structure.after).collect()
        }
    }
}

fn calls_mut(piece: &mut Piece) -> Vec<&mut Call> {
    match piece {
        Piece::Line(calls) => calls.iter_mut().collect(),
        Piece::Structure(structure) => {
            let ways = structure.ways.iter_mut().chain(structure.shortcut.as_mut());
            ways.flatten().flat_map(calls_mut).chain(&mut structure.after).collect()
        }
    }
}

fn numbers(piece: &Piece) -> Vec<&Number> {
    fn number(token: &Token) -> Option<&Number> {
        match token {
            Token::Number(number) => Some(number),
            Token::Word(_) => None,
        }
    }
    calls(piece).into_iter().flat_map(|call| &call.tokens).filter_map(number).collect()
}

/// All of a piece but its numbers and names.
fn skeleton(piece: &Piece) -> String {
    let mut plain = piece.clone();
    for call in calls_mut(&mut plain) {
        call.is_named = false;
        for token in &mut call.tokens {
            if let Token::Number(number) = token {
                number.value = "?".to_string();
                number.usual = None;
            }
        }
    }
    match &plain {
        Piece::Line(calls) => line(calls),
        Piece::Structure(structure) => {
            let mut text = String::new();
            write_structure(structure, 0, &mut text);
            text
        }
    }
}

/// The level in which all layers of a piece stand, if there is one: `inception_3a`.
fn level(piece: &Piece) -> Option<&str> {
    let mut names = calls(piece).into_iter().filter_map(|call| call.name.as_deref());
    let level = names.next()?.rsplit_once('.')?.0;
    let is_in = |name: &str| name.strip_prefix(level).is_some_and(|rest| rest.starts_with('.'));
    names.all(is_in).then_some(level)
}

struct Found {
    block: Block,
    /// For each parameter, the index of a number that it stands for.
    keys: Vec<usize>,
}

/// The block that all these places are calls of; `None` if it would have too many parameters.
fn block(name: String, places: &[Piece]) -> Option<Found> {
    let columns: Vec<Vec<&Number>> = places.iter().map(numbers).collect();
    let mut body = places[0].clone();
    let mut parameters: Vec<(String, Option<&'static str>)> = Vec::new();
    let mut keys: Vec<usize> = Vec::new();
    let mut written: Vec<String> = Vec::new();
    for index in 0..columns[0].len() {
        let values = |index: usize| columns.iter().map(move |column| column[index].value.as_str());
        let first = columns[0][index];
        if values(index).all(|value| value == first.value) {
            written.push(first.value.clone());
            continue;
        }
        let known = keys.iter().position(|key| values(*key).eq(values(index)));
        let multiple = || {
            let times = |key: usize| {
                let pairs: Vec<(u64, u64)> = values(key)
                    .zip(values(index))
                    .map(|(one, other)| Some((one.parse().ok()?, other.parse().ok()?)))
                    .collect::<Option<_>>()?;
                let factor = pairs.first().and_then(|(one, other)| other.checked_div(*one))?;
                (factor > 1 && pairs.iter().all(|(one, other)| one.checked_mul(factor) == Some(*other)))
                    .then_some(factor)
            };
            keys.iter().enumerate().find_map(|(place, key)| Some((place, times(*key)?)))
        };
        if let Some(place) = known {
            written.push(format!("{{{}}}", parameters[place].0));
        } else if let Some((place, factor)) = multiple() {
            written.push(format!("{{{factor}*{}}}", parameters[place].0));
        } else {
            let same =
                parameters.iter().filter(|(name, _)| name.trim_end_matches(char::is_numeric) == first.role).count();
            let name = if same == 0 { first.role.to_string() } else { format!("{}{}", first.role, same + 1) };
            written.push(format!("{{{name}}}"));
            parameters.push((name, first.usual));
            keys.push(index);
        }
    }
    if parameters.len() > MOST_PARAMETERS {
        return None;
    }
    // Those with a default come last.
    let mut order: Vec<usize> = (0..parameters.len()).collect();
    order.sort_by_key(|index| parameters[*index].1.is_some());
    let parameters = order.iter().map(|index| parameters[*index].clone()).collect();
    let keys = order.iter().map(|index| keys[*index]).collect();
    let mut written = written.into_iter();
    for token in calls_mut(&mut body).into_iter().flat_map(|call| &mut call.tokens) {
        if let Token::Number(number) = token {
            number.value = written.next()?;
        }
    }
    name_inside(&mut body, places);
    Some(Found { block: Block { name, parameters, body }, keys })
}

/// In the block, layers keep the last part of their names, where that is the same in all places.
fn name_inside(body: &mut Piece, places: &[Piece]) {
    fn inner(piece: &Piece) -> Option<Vec<Option<String>>> {
        let level = level(piece)?;
        let inner = |call: &&Call| call.name.as_ref().map(|name| name[level.len() + 1..].to_string());
        Some(calls(piece).iter().map(inner).collect())
    }
    let first = inner(&places[0]);
    let is_same = first.is_some() && places.iter().all(|place| inner(place) == first);
    let names = first.filter(|_| is_same).unwrap_or_default().into_iter().chain(std::iter::repeat(None));
    for (call, name) in calls_mut(body).into_iter().zip(names) {
        call.is_named = name.is_some();
        call.name = name;
    }
}

/// The call that stands in the place of `piece`.
fn called(block: &Block, keys: &[usize], piece: &Piece) -> Piece {
    let numbers = numbers(piece);
    let mut tokens = vec![Token::Word(block.name.clone())];
    for (key, (name, _)) in keys.iter().zip(&block.parameters) {
        let number = numbers[*key];
        let prefix = if number.usual.is_some() { format!("{name}=") } else { String::new() };
        tokens.push(Token::Number(Number { prefix, ..number.clone() }));
    }
    let name = level(piece).map(str::to_string);
    let first = calls(piece).into_iter().find_map(|call| call.name.clone());
    let is_named = name.is_some();
    Piece::Line(vec![Call { tokens, name: name.or(first), is_named, is_block: true }])
}

impl Block {
    /// Writes it as an entry of `blocks:`.
    pub fn write(&self, text: &mut String) {
        let parameter = |(name, usual): &(String, Option<&str>)| match usual {
            Some(usual) => format!("{name}={usual}"),
            None => name.clone(),
        };
        let parameters: Vec<String> = self.parameters.iter().map(parameter).collect();
        let parameters = if parameters.is_empty() { String::new() } else { format!("({})", parameters.join(", ")) };
        text.push_str(&format!("  {}{parameters}:\n", self.name));
        match &self.body {
            Piece::Line(calls) => text.push_str(&format!("    - {}\n", line(calls))),
            Piece::Structure(structure) => {
                text.push_str("    - ");
                write_structure(structure, 6, text);
            }
        }
    }
}
