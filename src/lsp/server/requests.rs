//! Requests about documents, each handed to the file of its feature.

use std::io::Write;

use gen_lsp_types::{
    CodeActionParams, CompletionParams, DefinitionParams, DocumentSymbolParams, FoldingRangeParams, HoverParams,
    InlayHintParams, PrepareRenameParams, PrepareRenamePlaceholder, ReferenceParams, RenameParams,
    SemanticTokensParams, TextDocumentPositionParams,
};
use lsp_server::ErrorCode;
use serde_json::{Value, json};

use super::{Server, read};
use crate::lsp::analysis::Analysis;
use crate::lsp::document::{Document, Sound};
use crate::lsp::navigation::Open;
use crate::lsp::{completion, fixes, folding, hints, hover, navigation, rename, symbols, tokens};

/// What is answered, or why it cannot be.
type Answer = Result<Value, (ErrorCode, String)>;

impl<W: Write> Server<'_, W> {
    /// Answers a request about a document; with nothing, if that is not open, or describes no network.
    pub(super) fn feature(&mut self, method: &str, params: Value) -> Answer {
        match method {
            "textDocument/hover" => {
                let HoverParams { text_document_position_params: at, .. } = read(params)?;
                Ok(self.at(&at, |server, (document, analysis), offset| {
                    json!(hover::hover(document, analysis, &server.layers, offset, server.encoding))
                }))
            }
            "textDocument/definition" => {
                let DefinitionParams { text_document_position_params: at, .. } = read(params)?;
                Ok(self.at(&at, |server, open, offset| {
                    json!(navigation::definition(open, &server.layers, offset, server.encoding))
                }))
            }
            "textDocument/references" => {
                let ReferenceParams { text_document_position_params: at, context, .. } = read(params)?;
                self.analyse_all();
                Ok(self.at(&at, |server, open, offset| {
                    let others = server.others(open.0);
                    let all = navigation::references(open, &others, &server.layers, offset, server.encoding);
                    let wanted =
                        all.into_iter().filter(|(_, is_definition)| context.include_declaration || !is_definition);
                    json!(wanted.map(|(place, _)| place).collect::<Vec<_>>())
                }))
            }
            "textDocument/prepareRename" => {
                let PrepareRenameParams { text_document_position_params: at, .. } = read(params)?;
                self.fallible(&at, |server, open, offset| {
                    let found = rename::prepare(open, &server.layers, offset)?;
                    let range = open.0.lines.range(found.span.range(), &open.0.text, server.encoding);
                    let placeholder = open.1.sources().text(found.span).to_string();
                    Ok(json!(PrepareRenamePlaceholder { range, placeholder }))
                })
            }
            "textDocument/rename" => {
                let RenameParams { text_document_position_params: at, new_name, .. } = read(params)?;
                self.analyse_all();
                self.fallible(&at, |server, open, offset| {
                    let others = server.others(open.0);
                    let edit = rename::rename(open, &others, &server.layers, offset, &new_name, server.encoding)?;
                    Ok(json!(edit))
                })
            }
            "textDocument/completion" => {
                let CompletionParams { text_document_position_params: at, .. } = read(params)?;
                Ok(self.completion(&at))
            }
            "textDocument/codeAction" => {
                let CodeActionParams { text_document, range, .. } = read(params)?;
                self.analyse_network(&text_document.uri.0);
                self.advise_on(&text_document.uri.0, &|_| true);
                Ok(self.of(&text_document.uri.0, |server, (document, analysis)| {
                    json!(fixes::fixes(document, analysis, range, server.encoding))
                }))
            }
            "textDocument/inlayHint" => {
                let InlayHintParams { text_document, range, .. } = read(params)?;
                Ok(self.of(&text_document.uri.0, |server, (document, analysis)| match server.choices.hints {
                    true => json!(hints::hints(document, analysis, range, server.encoding)),
                    false => json!([]),
                }))
            }
            "textDocument/documentSymbol" => {
                let DocumentSymbolParams { text_document, .. } = read(params)?;
                Ok(self.of(&text_document.uri.0, |server, (document, analysis)| {
                    json!(symbols::symbols(document, analysis, &server.layers, server.encoding))
                }))
            }
            "textDocument/foldingRange" => {
                let FoldingRangeParams { text_document, .. } = read(params)?;
                let document = self.documents.get(&text_document.uri.0).filter(|document| document.is_network());
                let ranges = |document: &Document| folding::folding(&document.text, &document.lines, document.format);
                Ok(json!(document.map(ranges)))
            }
            "textDocument/semanticTokens/full" => {
                let SemanticTokensParams { text_document, .. } = read(params)?;
                Ok(self.of(&text_document.uri.0, |server, (document, analysis)| {
                    json!(tokens::tokens(document, analysis, &server.layers, server.encoding))
                }))
            }
            _ => Err((ErrorCode::MethodNotFound, format!("`{method}` is not known here"))),
        }
    }

    /// What `answer` says of a document.
    fn of(&mut self, uri: &str, answer: impl FnOnce(&Self, Open<'_>) -> Value) -> Value {
        self.analyse_network(uri);
        let document = self.documents.get(uri);
        let open = document.and_then(|document| Some((document, document.analysis.as_ref()?)));
        open.map_or(Value::Null, |open| answer(self, open))
    }

    /// What `answer` says of a place in a document.
    fn at(&mut self, at: &TextDocumentPositionParams, answer: impl FnOnce(&Self, Open<'_>, usize) -> Value) -> Value {
        self.of(&at.text_document.uri.0, |server, open| {
            let offset = open.0.offset(at.position, server.encoding);
            answer(server, open, offset)
        })
    }

    /// As [`Server::at`], where the answer may be why there is none.
    fn fallible(
        &mut self,
        at: &TextDocumentPositionParams,
        answer: impl FnOnce(&Self, Open<'_>, usize) -> Result<Value, String>,
    ) -> Answer {
        let mut refused = None;
        let result = self.at(at, |server, open, offset| match answer(server, open, offset) {
            Ok(result) => result,
            Err(why) => {
                refused = Some(why);
                Value::Null
            }
        });
        refused.map_or(Ok(result), |why| Err((ErrorCode::RequestFailed, why)))
    }

    fn completion(&mut self, at: &TextDocumentPositionParams) -> Value {
        let uri = &at.text_document.uri.0;
        self.analyse_network(uri);
        let Some(document) = self.documents.get(uri) else { return Value::Null };
        // In a new file there is nothing yet to know it by.
        let is_new = document.text.split_whitespace().nth(1).is_none();
        if !document.is_network() && !is_new {
            return Value::Null;
        }
        let readable = document.analysis.as_ref().filter(|analysis| analysis.document().is_some());
        if readable.is_none() {
            self.name_sound(uri);
        }
        let Some(document) = self.documents.get(uri) else { return Value::Null };
        let readable = document.analysis.as_ref().filter(|analysis| analysis.document().is_some());
        let sound = || document.sound.as_ref()?.names.as_ref();
        let names = readable.map(|analysis| analysis.names(&self.layers)).or_else(sound);
        let offset = document.offset(at.position, self.encoding);
        json!(completion::completion(document, names, &self.layers, offset, self.encoding))
    }

    /// Sees to it that the names of the last text that could be read are known.
    fn name_sound(&mut self, uri: &str) {
        let Some(document) = self.documents.get(uri) else { return };
        let Some(Sound { text, names: None }) = &document.sound else { return };
        let analysis = Analysis::of(&self.layers, &self.load(document), &document.path, text, document.format);
        let names = analysis.into_names(&self.layers);
        if let Some(sound) = self.documents.get_mut(uri).and_then(|document| document.sound.as_mut()) {
            sound.names = names;
        }
    }

    fn analyse_all(&mut self) {
        let uris: Vec<String> = self.documents.keys().cloned().collect();
        uris.iter().for_each(|uri| self.analyse_network(uri));
    }

    /// All documents but this one.
    fn others(&self, document: &Document) -> Vec<(&Document, &Analysis)> {
        let others = self.documents.values().filter(|other| other.uri != document.uri);
        others.filter_map(|other| Some((other, other.analysis.as_ref()?))).collect()
    }
}
