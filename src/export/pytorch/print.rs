//! Python's text.

use std::collections::HashSet;
use std::fmt::Write;

use super::Body;
use crate::export::source::{Argument, Call, Class, WIDTH, is_identifier, quoted};

/// Whether a name may stand behind `self.` in a class, where Python takes `__name` for another.
fn is_plain(name: &str) -> bool {
    is_identifier(name) && !name.starts_with("__")
}

/// How an attribute is reached.
pub fn reach(name: &str) -> String {
    let mut text = "self".to_owned();
    for part in name.split('.') {
        text = match is_plain(part) {
            true => format!("{text}.{part}"),
            false => format!("getattr({text}, {})", quoted(part)),
        };
    }
    text
}

pub fn class(text: &mut String, Class { name, parameters, body }: &Class<Body>) {
    let Body { attributes, forward, init } = body;
    let parameters: String = parameters.iter().map(|parameter| format!(", {parameter}")).collect();
    let mut line = |content: String| text.write_str(&(content + "\n")).expect("a String takes everything");
    line(format!("class {name}(nn.Module):"));
    line(format!("    def __init__(self{parameters}):"));
    line("        super().__init__()".to_owned());
    // What lies in another comes after it.
    let mut attributes: Vec<&(String, Call)> = attributes.iter().collect();
    attributes.sort_by_key(|(name, _)| name.matches('.').count());
    let mut known: HashSet<&str> = attributes.iter().map(|(name, _)| name.as_str()).collect();
    for (name, call) in attributes {
        for (dot, _) in name.match_indices('.') {
            let owner = &name[..dot];
            if known.insert(owner) {
                line(assignment(owner, "nn.Module()"));
            }
        }
        line(assignment(name, &written(call, 8)));
    }
    init.iter().for_each(|content| line(format!("        {content}")));
    line(String::new());
    line("    def forward(self, x):".to_owned());
    forward.iter().for_each(|content| line(format!("        {content}")));
}

fn assignment(name: &str, value: &str) -> String {
    let (owner, last) = name.rsplit_once('.').map_or(("self".to_owned(), name), |(owner, last)| (reach(owner), last));
    match is_plain(last) {
        true => format!("        {owner}.{last} = {value}"),
        false if value.starts_with("nn.Parameter(") => {
            format!("        {owner}.register_parameter({}, {value})", quoted(last))
        }
        false => format!("        {owner}.add_module({}, {value})", quoted(last)),
    }
}

/// A call, in one line or, if it is a long sequence, a line for each module; `indent` is that of the line it stands in.
fn written(call: &Call, indent: usize) -> String {
    let argument = |Argument { key, value, positional }: &Argument| match positional {
        true => value.clone(),
        false => format!("{key}={value}"),
    };
    let mut parts: Vec<String> = call.arguments.iter().map(argument).collect();
    let mut children = call.children.as_slice();
    while let [first, rest @ ..] = children {
        let again = rest.iter().take_while(|other| *other == first).count();
        let text = written(first, indent + 4);
        if again > 1 {
            parts.push(format!("*[{text} for _ in range({})]", again + 1));
            children = &rest[again..];
        } else {
            parts.push(text);
            children = rest;
        }
    }
    let line = format!("{}({})", call.name, parts.join(", "));
    if call.children.is_empty() || indent + line.len() <= WIDTH && !line.contains('\n') && call.children.len() <= 2 {
        return line;
    }
    let space = " ".repeat(indent + 4);
    let lines: String = parts.iter().map(|part| format!("{space}{part},\n")).collect();
    format!("{}(\n{lines}{})", call.name, " ".repeat(indent))
}
