//! Whole documents.

mod meaning;
mod mistakes;

use super::*;
use crate::diagnostic::settle;
use crate::syntax::ast::DocumentBody;

const LAYERS: [&str; 17] = [
    "conv",
    "maxpool",
    "avgpool",
    "adaptive_avgpool",
    "bn",
    "lrn",
    "linear",
    "dropout",
    "flatten",
    "relu",
    "leaky_relu",
    "sigmoid",
    "tanh",
    "gelu",
    "silu",
    "softmax",
    "add",
];

fn read(
    sources: &mut Sources,
    text: &str,
    format: Format,
    overrides: &[(&str, &str)],
) -> Result<Document, Vec<Diagnostic>> {
    let id = sources.add("test", text);
    let overrides: Vec<Override> = overrides
        .iter()
        .map(|(path, value)| Override { path: path.to_string(), value: value.to_string(), option: None })
        .collect();
    let load = |_: &str| Err("there is none".to_string());
    let vocabulary = Vocabulary::new(LAYERS, ["vgg", "resnet"]);
    match parse(sources, id, format, &overrides, &vocabulary, &load) {
        Parsed { document: Some(document), errors } if errors.is_empty() => Ok(document),
        Parsed { errors, .. } => Err(settle(sources, errors)),
    }
}

/// The document, one line a part.
fn show(document: &Document) -> String {
    let mut lines = Vec::new();
    let exprs = |list: &[crate::diagnostic::Spanned<ast::Expr>]| {
        list.iter().map(|value| compact::expr(&value.value)).collect::<Vec<_>>().join("x")
    };
    lines.extend(document.name.as_ref().map(|name| format!("name {}", name.value)));
    lines.push(format!("input {}", exprs(&document.input.value)));
    lines.extend(document.classes.as_ref().map(|classes| format!("classes {}", compact::expr(&classes.value))));
    lines.extend(
        document.lets.iter().map(|(name, value)| format!("let {} = {}", name.value, compact::expr(&value.value))),
    );
    for block in &document.blocks {
        let parameters = block.parameters.clone().unwrap_or_default();
        let signature = compact::signature(&(block.name.clone(), parameters));
        lines.push(format!("block {signature}: {}", compact::items(&block.body)));
    }
    lines.push(match &document.body {
        DocumentBody::Layers(items) => format!("layers {}", compact::items(items)),
        DocumentBody::Preset { name, settings } => format!("preset {} {}", name.value, compact::section(settings)),
        DocumentBody::Unreadable => "?".to_string(),
    });
    lines.extend(
        document.init.iter().map(|rule| format!("init {}: {}", rule.pattern.value, compact::call(&rule.initialiser))),
    );
    lines.extend(document.data.as_ref().map(|data| format!("data {}", compact::section(data))));
    lines.extend(document.train.as_ref().map(|train| format!("train {}", compact::section(train))));
    lines.extend(document.allow.iter().map(|code| format!("allow {}", code.value)));
    lines.join("\n")
}
