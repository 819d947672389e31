//! What can be written here: keys, layers, blocks, arguments, and names that the file gives.

mod candidates;
mod context;
mod notation;

use gen_lsp_types::{
    CompletionItem, CompletionItemKind, CompletionItemTextEdit, Documentation, MarkupContent, MarkupKind, TextEdit,
};

use super::document::Document;
use super::names::Names;
use super::text::Encoding;
use crate::layers::Layers;
use crate::syntax::Format;
use candidates::{Candidate, What, candidates};
use context::{Context, context};

/// What can stand at byte `offset`. `names` are those of the last text that could be read.
pub fn completion(
    document: &Document,
    names: Option<&Names>,
    layers: &Layers,
    offset: usize,
    encoding: Encoding,
) -> Vec<CompletionItem> {
    let text = &document.text;
    let context = context(text, &document.lines, document.format, offset);
    let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    let start = text[..offset].trim_end_matches(is_word).len();
    let range = document.lines.range(start..offset, text, encoding);
    let behind = text[offset..].trim_start_matches(is_word).trim_start_matches([' ', '"', '\'']);
    let separator = match (document.format, behind.chars().next()) {
        (_, Some(':' | '=')) => "",
        (Format::Yaml, _) => ": ",
        (Format::Toml, _) => " = ",
    };
    let none = Names::default();
    let mut found = candidates(&context, names.unwrap_or(&none), layers);
    let mut seen = std::collections::HashSet::new();
    found.retain(|candidate| seen.insert(candidate.text.clone()));
    let item = |(index, candidate): (usize, Candidate)| {
        let new_text = match candidate.what {
            What::Key => format!("{}{separator}", candidate.text),
            _ => candidate.text.clone(),
        };
        let documentation = candidate
            .about
            .map(|value| Documentation::MarkupContent(MarkupContent { kind: MarkupKind::Markdown, value }));
        CompletionItem {
            label: candidate.text,
            kind: Some(kind(candidate.what)),
            detail: candidate.detail,
            documentation,
            // In this order, which is the language's.
            sort_text: Some(format!("{index:04}")),
            text_edit: Some(CompletionItemTextEdit::TextEdit(TextEdit { range, new_text })),
            ..CompletionItem::default()
        }
    };
    found.into_iter().enumerate().map(item).collect()
}

fn kind(what: What) -> CompletionItemKind {
    match what {
        What::Key => CompletionItemKind::Property,
        What::Layer => CompletionItemKind::Function,
        What::Block => CompletionItemKind::Class,
        What::Argument => CompletionItemKind::Field,
        What::Word => CompletionItemKind::EnumMember,
        What::Name => CompletionItemKind::Variable,
        What::Item => CompletionItemKind::Reference,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lsp::analysis::Analysis;
    use crate::syntax::no_files;

    /// What is suggested at `|`, with the names of the text around it.
    fn suggested(text: &str, sound: &str, format: Format) -> Vec<String> {
        let offset = text.find('|').expect("a cursor");
        let text = text.replacen('|', "", 1);
        let language = if format == Format::Toml { "toml" } else { "yaml" };
        let document = Document::new("untitled:a".into(), language, 1, text);
        let layers = Layers::default();
        let analysis = Analysis::of(&layers, &no_files, "a", sound, format);
        let items = completion(&document, Some(analysis.names(&layers)), &layers, offset, Encoding::Utf16);
        items.into_iter().map(|item| item.label).collect()
    }

    const SOUND: &str = "input: [3, 8, 8]\nclasses: 2\nlet: {width: 8}\nblocks:\n  unit(out, act=relu, se=false): conv {out} 1x1 -> {act}\n\
                         layers:\n  - unit {width} as stem\n  - tail: [bn]\n";

    #[test]
    fn suggests_what_fits() {
        for (text, wanted, unwanted) in [
            ("|", &["input", "layers", "train", "resnet"][..], &["conv", "epochs"][..]),
            ("input: 3\n|", &["layers"], &["input"]),
            ("layers:\n  - |", &["conv", "unit", "residual", "branches"], &["after", "add", "epochs"]),
            ("layers:\n  - conv 64 3x3 -> |", &["relu", "unit"], &["residual", "stride="]),
            ("layers:\n  - conv 64 |", &["kernel=", "stride=", "bias=", "as"], &["relu", "out="]),
            ("layers:\n  - conv 64 3x3 bias=|", &["true", "false"], &["stride="]),
            ("layers:\n  - maxpool 2 ce|", &["ceil"], &["groups="]),
            ("layers:\n  - unit {|", &["width", "channels", "round_to"], &["out", "conv"]),
            ("layers:\n  - unit 8 |", &["se", "act="], &["stride="]),
            ("layers:\n  - unit 8 act=|", &["relu", "silu", "unit"], &["true"]),
            ("layers:\n  - upsample 2 bil|", &["bilinear", "align_corners"], &[]),
            ("layers:\n  - (conv 1 1 -> re|", &["relu"], &["input"]),
            ("layers:\n  - {from: [st|", &["stem", "tail", ".", "input"], &["conv"]),
            ("layers:\n  - from: stem\n    |", &["merge", "then", "name"], &["from", "after"]),
            ("layers:\n  - residual: relu\n    shortcut: |", &["project", "conv"], &["concat"]),
            ("layers:\n  - branches: []\n    merge: |", &["concat", "add", "mul"], &["conv"]),
            ("layers:\n  - conv: {out: 8, |", &["kernel", "bias"], &["out", "relu"]),
            ("blocks:\n  unit(out, act=relu, se=false):\n    - conv {|", &["out", "width"], &[]),
            ("train:\n  |", &["epochs", "optimizer"], &["set"]),
            ("train:\n  optimizer: |", &["sgd", "adamw"], &["cosine"]),
            ("train:\n  optimizer: sgd lr=0.1 |", &["momentum=", "nesterov"], &["beta1="]),
            ("train:\n  schedule: {cosine: {|", &["warmup", "restart"], &["lr"]),
            ("train:\n  mix: [|", &["mixup", "cutmix"], &[]),
            ("data: {set: |", &["digits", "cifar10", "folder"], &["crop"]),
            ("data:\n  train:\n    - |", &["crop", "normalize"], &["sgd"]),
            ("resnet:\n  block: |", &["basic", "bottleneck"], &[]),
            ("resnet:\n  |", &["counts", "stem"], &["cfg"]),
            ("init:\n  conv: |", &["kaiming_normal"], &["conv"]),
            ("init:\n  |", &["conv", "stem"], &["kaiming_normal"]),
            ("allow: [|", &["W001", "W005"], &["E001"]),
            ("let:\n  deep: 2*|", &["width", "classes"], &[]),
        ] {
            let found = suggested(text, SOUND, Format::Yaml);
            let has = |name: &&&str| found.iter().any(|found| found == **name);
            assert!(wanted.iter().all(|name| has(&name)), "{text}: {found:?} lacks some of {wanted:?}");
            assert!(!unwanted.iter().any(|name| has(&name)), "{text}: {found:?} has some of {unwanted:?}");
        }
        let found = suggested("layers = [\n  \"conv 8 |", "", Format::Toml);
        assert!(found.contains(&"kernel=".to_string()), "{found:?}");
        assert_eq!(suggested("name: |", SOUND, Format::Yaml), [""; 0]);
    }
}
