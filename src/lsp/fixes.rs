//! Quick fixes: the suggestions that diagnostics carry, each of which has been tried.

use std::collections::HashMap;

use gen_lsp_types::{CodeAction, CodeActionKind, Range, TextEdit, WorkspaceEdit};

use super::analysis::Analysis;
use super::diagnostics::{location, told};
use super::document::Document;
use super::text::Encoding;

/// Those for what is wrong within a range.
pub fn fixes(document: &Document, analysis: &Analysis, range: Range, encoding: Encoding) -> Vec<CodeAction> {
    let mut actions = Vec::new();
    for diagnostic in analysis.list() {
        let told = told(diagnostic, document, analysis, encoding);
        let touches = told.range.start <= range.end && range.start <= told.range.end;
        if !touches {
            continue;
        }
        let edits = diagnostic.help.iter().filter_map(|help| Some((help, help.edit.as_ref()?)));
        let is_only = edits.clone().count() == 1;
        for (help, edit) in edits {
            let Some(place) = location(edit.span, document, analysis, encoding) else { continue };
            let change = TextEdit { range: place.range, new_text: edit.text.clone() };
            actions.push(CodeAction {
                title: help.text.clone(),
                kind: Some(CodeActionKind::QuickFix),
                diagnostics: Some(vec![told.clone()]),
                is_preferred: is_only.then_some(true),
                edit: Some(WorkspaceEdit {
                    changes: Some(HashMap::from([(place.uri, vec![change])])),
                    ..WorkspaceEdit::default()
                }),
                ..CodeAction::default()
            });
        }
    }
    actions
}
