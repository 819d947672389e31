//! What the server and the editor can do.

use std::io::Write;

use gen_lsp_types::{
    CodeActionKind, CodeActionOptions, CodeActionProvider, CompletionOptions, DefinitionProvider,
    DocumentSymbolProvider, FoldingRangeProvider, Full, HoverProvider, InitializeResult, InlayHintProvider,
    PositionEncodingKind, ReferencesProvider, RenameOptions, RenameProvider, SemanticTokensLegend,
    SemanticTokensOptions, SemanticTokensProvider, ServerCapabilities, ServerInfo, TextDocumentSync,
    TextDocumentSyncKind, TextDocumentSyncOptions,
};
use serde_json::Value;

use super::{Encoding, Server};
use crate::lsp::tokens::{KINDS, MODIFIERS};

impl<W: Write> Server<'_, W> {
    /// The answer to `initialize`. Of what the editor can do only what matters is read: nobody has to be able to do all
    /// of it.
    pub(super) fn initialize(&mut self, params: &Value) -> InitializeResult {
        let encodings = params["capabilities"]["general"]["positionEncodings"].as_array();
        let takes_utf8 = encodings.is_some_and(|encodings| encodings.iter().any(|encoding| encoding == "utf-8"));
        self.encoding = if takes_utf8 { Encoding::Utf8 } else { Encoding::Utf16 };
        self.choose(&params["initializationOptions"]);
        let words = |words: &[&str]| words.iter().map(ToString::to_string).collect();
        let capabilities = ServerCapabilities {
            position_encoding: Some(match self.encoding {
                Encoding::Utf8 => PositionEncodingKind::UTF8,
                Encoding::Utf16 => PositionEncodingKind::UTF16,
            }),
            text_document_sync: Some(TextDocumentSync::Options(TextDocumentSyncOptions {
                open_close: Some(true),
                change: Some(TextDocumentSyncKind::Incremental),
                ..TextDocumentSyncOptions::default()
            })),
            completion_provider: Some(CompletionOptions {
                trigger_characters: Some(words(&[" ", "{", "=", "[", "("])),
                ..CompletionOptions::default()
            }),
            hover_provider: Some(HoverProvider::Bool(true)),
            definition_provider: Some(DefinitionProvider::Bool(true)),
            references_provider: Some(ReferencesProvider::Bool(true)),
            rename_provider: Some(RenameProvider::RenameOptions(RenameOptions {
                prepare_provider: Some(true),
                ..RenameOptions::default()
            })),
            document_symbol_provider: Some(DocumentSymbolProvider::Bool(true)),
            folding_range_provider: Some(FoldingRangeProvider::Bool(true)),
            inlay_hint_provider: Some(InlayHintProvider::Bool(true)),
            code_action_provider: Some(CodeActionProvider::CodeActionOptions(CodeActionOptions {
                code_action_kinds: Some(vec![CodeActionKind::QuickFix]),
                ..CodeActionOptions::default()
            })),
            semantic_tokens_provider: Some(SemanticTokensProvider::SemanticTokensOptions(SemanticTokensOptions {
                legend: SemanticTokensLegend { token_types: words(&KINDS), token_modifiers: words(&MODIFIERS) },
                full: Some(Full::Bool(true)),
                ..SemanticTokensOptions::default()
            })),
            ..ServerCapabilities::default()
        };
        let version = Some(env!("CARGO_PKG_VERSION").to_string());
        InitializeResult { capabilities, server_info: Some(ServerInfo { name: "archc".to_string(), version }) }
    }
}
