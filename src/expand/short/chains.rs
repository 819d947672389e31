//! From the structure of a network to pieces: which layers stand on a line, and how a call is taken apart.

use super::piece::{Call, Number, Piece, Structure, Token};
use super::tree::Part;
use crate::graph::Node;
use crate::network::Network;

/// The pieces of parts in their order.
pub fn pieces(network: &Network, parts: &[Part]) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    for part in parts {
        match part {
            Part::Layer(index) => layer(&network.graph.nodes[*index], &mut pieces),
            Part::Residual { body, shortcut, .. } => pieces.push(Piece::Structure(Structure {
                key: "residual",
                ways: vec![self::pieces(network, body)],
                shortcut: (!shortcut.is_empty()).then(|| self::pieces(network, shortcut)),
                merge: None,
                after: Vec::new(),
            })),
            Part::Branches { branches, merge } => pieces.push(Piece::Structure(Structure {
                key: "branches",
                ways: branches.iter().map(|branch| self::pieces(network, branch)).collect(),
                shortcut: None,
                merge: Some(network.graph.nodes[*merge].kind).filter(|kind| *kind != "concat"),
                after: Vec::new(),
            })),
        }
    }
    pieces
}

/// Adds a layer to the line before it, if it belongs there.
fn layer(node: &Node, pieces: &mut Vec<Piece>) {
    let call = call(node);
    let follows = !starts_a_line(node.kind);
    match pieces.last_mut() {
        Some(Piece::Line(calls)) if follows => calls.push(call),
        Some(Piece::Structure(structure))
            if structure.key == "residual" && structure.after.is_empty() && is_plain(node) =>
        {
            structure.after.push(call);
        }
        _ => pieces.push(Piece::Line(vec![call])),
    }
}

/// Layers that compute, pool or reshape begin a line; what norms, activates or drops what they make stands behind them.
fn starts_a_line(kind: &str) -> bool {
    matches!(
        kind,
        "conv"
            | "depthwise"
            | "conv_transpose"
            | "linear"
            | "maxpool"
            | "avgpool"
            | "adaptive_avgpool"
            | "global_avgpool"
            | "global_maxpool"
            | "upsample"
            | "pad"
    )
}

/// An activation without weights.
fn is_plain(node: &Node) -> bool {
    node.weights.is_empty() && !starts_a_line(node.kind) && node.kind != "dropout" && node.kind != "flatten"
}

/// A layer's call with its numbers apart.
fn call(node: &Node) -> Call {
    let mut positional: &[&'static str] = match node.kind {
        "conv" | "conv_transpose" => &["out", "kernel"],
        "depthwise" | "maxpool" | "avgpool" => &["kernel"],
        "linear" => &["out"],
        "slice" => &["start", "end"],
        "dropout" => &["rate"],
        _ => &[],
    };
    let text = node.call.to_string();
    let mut words = text.split(' ');
    let mut tokens: Vec<Token> = words.next().map(|kind| Token::Word(kind.to_string())).into_iter().collect();
    let takes_window = matches!(node.kind, "conv" | "depthwise");
    let mut window =
        takes_window.then(|| [number("s", "stride", "1", Some("1")), number("p", "padding", "0", Some("0"))]);
    let mut others = Vec::new();
    for word in words {
        let named = [
            ("s", "stride"),
            ("p", "padding"),
            ("d", "dilation"),
            ("g", "groups"),
            ("back=", "back"),
            ("in=", "inputs"),
        ];
        let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'x');
        let with_name = named.iter().find(|(prefix, _)| word.strip_prefix(prefix).is_some_and(is_number));
        match (with_name, positional.split_first()) {
            (Some((prefix, role)), _) => {
                let value = &word[prefix.len()..];
                match (&mut window, *prefix) {
                    (Some([stride, _]), "s") => stride.value = value.to_string(),
                    (Some([_, padding]), "p") => padding.value = value.to_string(),
                    _ => others.push(Token::Number(number(prefix, role, value, None))),
                }
            }
            (None, Some((role, rest))) if is_number(word) => {
                tokens.push(Token::Number(number("", role, word, None)));
                positional = rest;
            }
            _ => others.push(Token::Word(word.to_string())),
        }
    }
    tokens.extend(window.into_iter().flatten().map(Token::Number));
    tokens.extend(others);
    let name = (!node.weights.is_empty()).then(|| node.name.clone());
    Call { tokens, is_named: name.is_some(), name, is_block: false }
}

fn number(prefix: &str, role: &'static str, value: &str, usual: Option<&'static str>) -> Number {
    Number { prefix: prefix.to_string(), role, value: value.to_string(), usual }
}
