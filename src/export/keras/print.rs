//! Python's text.

use super::{Body, Statement, input_sizes, model_name};
use crate::export::source::{Argument, Class, WIDTH, quoted};
use crate::network::Network;

/// A function that makes a block.
pub fn function(text: &mut String, Class { name, parameters, body }: &Class<Body>) {
    let parameters: String = parameters.iter().map(|parameter| format!("{parameter}, ")).collect();
    text.push_str(&format!("\n\ndef {name}(x, {parameters}name):\n"));
    statements(text, &body.statements, &|label| format!("f\"{{name}}_{label}\""), "{name}_");
    text.push_str(&format!("    return {}\n", body.result));
}

/// The function that makes the model.
pub fn model(text: &mut String, name: &str, network: &Network, body: &Body) {
    text.push_str(&format!("\n\ndef {name}():\n"));
    text.push_str(&format!("    x = inputs = keras.Input({}, name=\"input\")\n", input_sizes(network)));
    statements(text, &body.statements, &quoted, "");
    text.push_str(&format!("    return keras.Model(inputs, {}, name={})\n", body.result, model_name(network)));
}

/// A line for each, and a loop for blocks that differ only in the number behind their names; `name` writes a label,
/// `before` stands before it.
fn statements(text: &mut String, mut all: &[Statement], name: &dyn Fn(&str) -> String, before: &str) {
    while let [first, rest @ ..] = all {
        let again = repeated(first, rest);
        if again > 0 {
            let (stem, number) = numbered(&first.label).expect("it repeats");
            let last = number + again;
            let range = if number == 0 { (last + 1).to_string() } else { format!("{number}, {}", last + 1) };
            text.push_str(&format!("    for index in range({range}):\n"));
            text.push_str(&line(first, &format!("f\"{before}{stem}{{index}}\""), 8));
        } else {
            text.push_str(&line(first, &name(&first.label), 4));
        }
        all = &rest[again..];
    }
}

/// How many of the statements that follow a block repeat it.
fn repeated(first: &Statement, rest: &[Statement]) -> usize {
    let Some((stem, number)) = numbered(&first.label).filter(|_| first.is_block) else { return 0 };
    if first.inputs != [first.target.clone()] {
        return 0;
    }
    let follows = |(index, other): (usize, &Statement)| {
        numbered(&other.label) == Some((stem, number + index + 1))
            && Statement { label: first.label.clone(), ..other.clone() } == *first
    };
    rest.iter().enumerate().take_while(|(index, other)| follows((*index, other))).count()
}

/// A label and the number at its end, unless that has zeros before it.
fn numbered(label: &str) -> Option<(&str, usize)> {
    let stem = label.trim_end_matches(|c: char| c.is_ascii_digit());
    let digits = &label[stem.len()..];
    let number = digits.parse().ok().filter(|number: &usize| number.to_string() == digits)?;
    Some((stem, number))
}

fn line(Statement { target, call, inputs, is_block, .. }: &Statement, name: &str, indent: usize) -> String {
    let inputs = match inputs.as_slice() {
        [one] => one.clone(),
        several => format!("[{}]", several.join(", ")),
    };
    let argument = |Argument { key, value, positional }: &Argument| match positional {
        true => value.clone(),
        false => format!("{key}={value}"),
    };
    let mut arguments: Vec<String> = call.arguments.iter().map(argument).collect();
    arguments.push(format!("name={name}"));
    let after = match is_block {
        true => {
            arguments.insert(0, inputs);
            String::new()
        }
        false => format!("({inputs})"),
    };
    let space = " ".repeat(indent);
    let line = format!("{space}{target} = {}({}){after}\n", call.name, arguments.join(", "));
    if line.chars().count() <= WIDTH + 1 {
        return line;
    }
    let lines: String = arguments.iter().map(|argument| format!("{space}    {argument},\n")).collect();
    format!("{space}{target} = {}(\n{lines}{space}){after}\n", call.name)
}
