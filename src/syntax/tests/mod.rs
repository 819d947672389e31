//! Whole documents.

mod meaning;
mod mistakes;

use super::*;
use crate::syntax::ast::DocumentBody;

const VOCABULARY: Vocabulary<'_> = Vocabulary {
    layers: &[
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
    ],
    presets: &["vgg", "resnet"],
};

fn read(
    sources: &mut Sources,
    text: &str,
    format: Format,
    overrides: &[(&str, &str)],
) -> Result<Document, Vec<Diagnostic>> {
    let id = sources.add("test", text);
    let overrides: Vec<Override> =
        overrides.iter().map(|(path, value)| Override { path: path.to_string(), value: value.to_string() }).collect();
    parse_with(sources, id, format, &overrides, VOCABULARY)
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
        let signature = compact::signature(&(block.name.clone(), block.parameters.clone()));
        lines.push(format!("block {signature}: {}", compact::items(&block.body)));
    }
    lines.push(match &document.body {
        DocumentBody::Layers(items) => format!("layers {}", compact::items(items)),
        DocumentBody::Preset { name, settings } => format!("preset {} {}", name.value, compact::section(settings)),
    });
    lines.extend(
        document.init.iter().map(|rule| format!("init {}: {}", rule.pattern.value, compact::call(&rule.initialiser))),
    );
    lines.extend(document.data.as_ref().map(|data| format!("data {}", compact::section(data))));
    lines.extend(document.train.as_ref().map(|train| format!("train {}", compact::section(train))));
    lines.extend(document.allow.iter().map(|code| format!("allow {}", code.value)));
    lines.join("\n")
}
