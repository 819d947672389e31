//! What the tests of all layers share: one line of call, inputs and outcome each.

use super::{LAYERS, Layer};
use crate::arguments::{Arguments, Evaluated, Value};
use crate::diagnostic::{Diagnostic, SourceId, Sources, Span, Spanned};
use crate::ir::Shape;

/// Builds the layer of a call and applies it: (call, inputs separated by spaces, outcome). The outcome is the output's
/// shape, weights, MACs and arithmetic, as far as there are any, or the error.
#[track_caller]
pub(super) fn check(cases: &[(&str, &str, &str)]) {
    for (call, inputs, expected) in cases {
        let inputs: Vec<Shape> = inputs.split(' ').map(shape).collect();
        assert_eq!(outcome(call, &inputs), *expected, "{call}");
    }
}

fn outcome(call: &str, inputs: &[Shape]) -> String {
    let layer = match layer(call) {
        Ok(layer) => layer,
        Err(error) => return describe(error.code.id(), &error.message, &error.primary.text, None),
    };
    let output = match layer.output(inputs) {
        Ok(output) => output,
        Err(mismatch) => {
            return describe(mismatch.code.id(), &mismatch.message, &mismatch.arithmetic, mismatch.help);
        }
    };
    let mut parts = vec![output.to_string()];
    let weights: Vec<String> = layer
        .weights(inputs)
        .iter()
        .map(|weight| {
            let sizes: Vec<String> = weight.shape.iter().map(usize::to_string).collect();
            format!("{} {}", weight.name, sizes.join("×"))
        })
        .collect();
    if !weights.is_empty() {
        parts.push(weights.join(", "));
    }
    if layer.macs(inputs) > 0 {
        parts.push(format!("{} MACs", layer.macs(inputs)));
    }
    parts.extend(layer.arithmetic(inputs));
    parts.join(" | ")
}

fn describe(code: &str, message: &str, detail: &str, help: Option<String>) -> String {
    let detail = if detail.is_empty() { String::new() } else { format!(": {detail}") };
    let help = help.map_or(String::new(), |help| format!("; {help}"));
    format!("{code} {message}{detail}{help}")
}

/// The layer of a call such as `conv 64 3x3 stride=2`; every argument must be one that it takes.
pub(super) fn layer(call: &str) -> Result<Box<dyn Layer>, Diagnostic> {
    let source = Sources::default().add("test", call);
    let mut words = words(call, source);
    let callee = words.remove(0);
    let definition = LAYERS.iter().find(|definition| definition.name == callee.value).expect("a layer of the language");
    let mut arguments = Arguments::new(callee, words.into_iter().map(argument).collect());
    let layer = (definition.parse)(&mut arguments)?;
    arguments.finish().map_err(|mut errors| errors.remove(0))?;
    Ok(layer)
}

fn words(call: &str, source: SourceId) -> Vec<Spanned<String>> {
    let mut start = 0;
    call.split(' ')
        .map(|word| {
            let span = Span::new(source, start..start + word.len());
            start += word.len() + 1;
            Spanned::new(word.to_string(), span)
        })
        .collect()
}

fn argument(word: Spanned<String>) -> Evaluated {
    let Spanned { value: text, span } = word;
    match text.split_once('=') {
        Some((key, text)) => {
            Evaluated { key: Some(Spanned::new(key.to_string(), span)), value: Spanned::new(value(text), span) }
        }
        None => Evaluated { key: None, value: Spanned::new(value(&text), span) },
    }
}

fn value(text: &str) -> Value {
    let size = || text.split_once('x').and_then(|(a, b)| Some(Value::Size(a.parse().ok()?, b.parse().ok()?)));
    let int = text.parse().ok().map(Value::Int);
    let bool = text.parse().ok().map(Value::Bool);
    let float = || text.parse().ok().map(Value::Float);
    int.or(bool).or_else(size).or_else(float).unwrap_or_else(|| Value::Word(text.to_string()))
}

/// `3x32x32` or `10`.
fn shape(text: &str) -> Shape {
    let sizes: Vec<usize> = text.split('x').map(|size| size.parse().expect("a size")).collect();
    match sizes[..] {
        [channels, height, width] => Shape::map(channels, height, width),
        [features] => Shape::Vector(features),
        _ => panic!("{text} is no shape"),
    }
}
