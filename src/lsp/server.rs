//! The server: which documents are open, which messages there are, and what to do when there are none.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::io::{self, Write};
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use gen_lsp_types::{
    DidChangeTextDocumentParams, DidCloseTextDocumentParams, DidOpenTextDocumentParams, PublishDiagnosticsParams,
    TextDocumentContentChangeEvent, Uri,
};
use lsp_server::{ErrorCode, Message, Notification, Request, RequestId, Response};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::Disk;
use super::analysis::Analysis;
use super::diagnostics::diagnostics;
use super::document::Document;
use super::text::Encoding;
use super::transport::Arrival;
use crate::layers::Layers;

mod capabilities;
mod requests;

/// Advice is tried after so long without a message: while one types nobody reads it.
const PAUSE: Duration = Duration::from_millis(120);

/// How far the editor has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// It has not said what it can do.
    New,
    Running,
    /// It has asked to stop.
    Stopped,
}

/// What the editor can choose.
#[derive(Debug, Clone, Copy)]
struct Choices {
    /// Whether shapes are shown at the ends of lines.
    hints: bool,
}

/// A server for one editor.
pub struct Server<'a, W> {
    output: W,
    disk: &'a Disk<'a>,
    layers: Layers,
    documents: BTreeMap<String, Document>,
    encoding: Encoding,
    choices: Choices,
    stage: Stage,
    /// Messages that have arrived and not been looked at.
    waiting: RefCell<VecDeque<Arrival>>,
}

impl<'a, W: Write> Server<'a, W> {
    /// A server that writes to `output`.
    pub fn new(output: W, disk: &'a Disk<'a>) -> Server<'a, W> {
        Server {
            output,
            disk,
            layers: Layers::default(),
            documents: BTreeMap::new(),
            encoding: Encoding::Utf16,
            choices: Choices { hints: true },
            stage: Stage::New,
            waiting: RefCell::default(),
        }
    }

    /// Answers messages until the last; whether the editor has said that it leaves.
    ///
    /// # Errors
    /// Those of writing.
    pub fn run(mut self, arrivals: Receiver<Arrival>) -> io::Result<bool> {
        loop {
            self.waiting.borrow_mut().extend(arrivals.try_iter());
            let next = self.waiting.borrow_mut().pop_front();
            let next = match next {
                Some(arrival) => arrival,
                None => match self.next(&arrivals)? {
                    Some(arrival) => arrival,
                    None => return Ok(false),
                },
            };
            match next {
                Arrival::Malformed(why) => self.refuse_unread(&why)?,
                Arrival::Message(message) => match *message {
                    Message::Notification(notification) if notification.method == "exit" => {
                        return Ok(self.stage == Stage::Stopped);
                    }
                    Message::Notification(notification) => self.notified(notification)?,
                    Message::Request(request) => {
                        let response = self.answer(request);
                        self.send(&response.into())?;
                    }
                    // Nothing is asked of the editor whose answer matters.
                    Message::Response(_) => {}
                },
            }
        }
    }

    /// The next message, and until it comes what there is to do; `None` when there will be no more.
    fn next(&mut self, arrivals: &Receiver<Arrival>) -> io::Result<Option<Arrival>> {
        self.tell()?;
        self.documents.values_mut().for_each(Document::tidy);
        if self.documents.values().any(|document| document.analysis.as_ref().is_some_and(Analysis::is_unadvised)) {
            match arrivals.recv_timeout(PAUSE) {
                Ok(arrival) => return Ok(Some(arrival)),
                Err(RecvTimeoutError::Disconnected) => return Ok(None),
                Err(RecvTimeoutError::Timeout) => self.advise(arrivals)?,
            }
            if let Some(arrival) = self.waiting.borrow_mut().pop_front() {
                return Ok(Some(arrival));
            }
        }
        Ok(arrivals.recv().ok())
    }

    /// Tries advice for each document, until a message arrives.
    fn advise(&mut self, arrivals: &Receiver<Arrival>) -> io::Result<()> {
        let is_unadvised = |document: &Document| document.analysis.as_ref().is_some_and(Analysis::is_unadvised);
        let unadvised = self.documents.iter().filter(|(_, document)| is_unadvised(document));
        let uris: Vec<String> = unadvised.map(|(uri, _)| uri.clone()).collect();
        for uri in uris {
            let goes_on = |server: &Self| {
                let mut waiting = server.waiting.borrow_mut();
                waiting.extend(arrivals.try_iter());
                waiting.is_empty()
            };
            self.advise_on(&uri, &goes_on);
        }
        self.tell()
    }

    /// Tries advice for one document, as long as `goes_on` says so.
    fn advise_on(&mut self, uri: &str, goes_on: &dyn Fn(&Self) -> bool) {
        let taken = self.documents.get_mut(uri).and_then(|document| document.analysis.take());
        let (Some(mut analysis), Some(document)) = (taken, self.documents.get(uri)) else { return };
        let was_unadvised = analysis.is_unadvised();
        analysis.advise(&self.layers, &self.load(document), &|| goes_on(self));
        let has_changed = was_unadvised && !analysis.is_unadvised();
        if let Some(document) = self.documents.get_mut(uri) {
            document.analysis = Some(analysis);
            document.is_told &= !has_changed;
        }
    }

    fn send(&mut self, message: &Message) -> io::Result<()> {
        message.write(&mut self.output)
    }

    /// That what came is no message: nobody knows which request it was to be.
    fn refuse_unread(&mut self, why: &str) -> io::Result<()> {
        let error = json!({"code": ErrorCode::ParseError as i32, "message": why});
        let body = json!({"jsonrpc": "2.0", "id": null, "error": error}).to_string();
        write!(self.output, "Content-Length: {}\r\n\r\n{body}", body.len())?;
        self.output.flush()
    }

    fn notify(&mut self, method: &str, params: impl serde::Serialize) -> io::Result<()> {
        self.send(&Notification::new(method.to_string(), params).into())
    }

    fn notified(&mut self, notification: Notification) -> io::Result<()> {
        let Notification { method, params } = notification;
        if self.stage != Stage::Running {
            return Ok(());
        }
        match method.as_str() {
            "textDocument/didOpen" => {
                if let Ok(DidOpenTextDocumentParams { text_document: opened }) = serde_json::from_value(params) {
                    let language = String::from(opened.language_id);
                    let document = Document::new(opened.uri, &language, opened.version, opened.text);
                    self.forget_others(&document.uri.0.clone());
                    self.documents.insert(document.uri.0.clone(), document);
                }
            }
            "textDocument/didChange" => self.changed(params),
            "textDocument/didClose" => {
                if let Ok(DidCloseTextDocumentParams { text_document }) = serde_json::from_value(params)
                    && self.documents.remove(&text_document.uri.0).is_some()
                {
                    self.forget_others(&text_document.uri.0);
                    self.publish(text_document.uri, None, Vec::new())?;
                }
            }
            "workspace/didChangeWatchedFiles" => self.forget_others(""),
            "workspace/didChangeConfiguration" => {
                let settings = &params["settings"];
                self.choose(settings.get("archc").unwrap_or(settings));
            }
            // What an editor tells that nobody asked for.
            _ => {}
        }
        Ok(())
    }

    fn choose(&mut self, settings: &Value) {
        let hints = &settings["inlayHints"];
        if let Some(hints) = hints.as_bool().or_else(|| hints["enable"].as_bool()) {
            self.choices.hints = hints;
        }
    }

    fn changed(&mut self, params: Value) {
        let Ok(DidChangeTextDocumentParams { text_document, content_changes }) = serde_json::from_value(params) else {
            return;
        };
        let uri = text_document.text_document_identifier.uri.0;
        let Some(document) = self.documents.get_mut(&uri) else { return };
        for change in content_changes {
            use TextDocumentContentChangeEvent::*;
            match change {
                TextDocumentContentChangePartial(part) => {
                    document.change(Some(part.range), &part.text, self.encoding);
                }
                TextDocumentContentChangeWholeDocument(whole) => document.change(None, &whole.text, self.encoding),
            }
        }
        document.version = text_document.version;
        self.forget_others(&uri);
    }

    /// What is known of other documents may no longer hold, if they include some.
    fn forget_others(&mut self, uri: &str) {
        let others = self.documents.iter_mut().filter(|(other, _)| *other != uri).map(|(_, document)| document);
        others.filter(|document| document.text.contains("include")).for_each(Document::forget);
    }

    /// Sees to it that the document has been compiled as it is now.
    fn analyse(&mut self, uri: &str) {
        let Some(document) = self.documents.get(uri).filter(|document| document.analysis.is_none()) else { return };
        let load = self.load(document);
        let analysis = Analysis::of(&self.layers, &load, &document.path, &document.text, document.format);
        drop(load);
        if let Some(document) = self.documents.get_mut(uri) {
            document.analysis = Some(analysis);
        }
    }

    /// Gives what `document` includes, as it is in the editor.
    fn load<'s>(&'s self, document: &'s Document) -> impl Fn(&str) -> Result<String, String> + 's {
        move |name| {
            // Whether it may be included is for the disk to say.
            let text = (self.disk)(Path::new(&document.path), name)?;
            let open = self.documents.values().find(|other| other.path == name);
            Ok(open.map_or(text, |open| open.text.clone()))
        }
    }

    /// Tells the editor what is wrong, where it does not know yet.
    fn tell(&mut self) -> io::Result<()> {
        let untold: Vec<String> =
            self.documents.iter().filter(|(_, document)| !document.is_told).map(|(uri, _)| uri.clone()).collect();
        for uri in untold {
            self.analyse_network(&uri);
            let Some(document) = self.documents.get_mut(&uri) else { continue };
            document.is_told = true;
            let told = match document.analysis.take() {
                Some(analysis) => {
                    let told = diagnostics(document, &analysis, self.encoding);
                    document.analysis = Some(analysis);
                    told
                }
                None => Vec::new(),
            };
            let (uri, version) = (document.uri.clone(), document.version);
            self.publish(uri, Some(version), told)?;
        }
        Ok(())
    }

    /// Compiles the document, if it describes a network.
    fn analyse_network(&mut self, uri: &str) {
        if self.documents.get(uri).is_some_and(Document::is_network) {
            self.analyse(uri);
        }
    }

    fn publish(
        &mut self,
        uri: Uri,
        version: Option<i32>,
        diagnostics: Vec<gen_lsp_types::Diagnostic>,
    ) -> io::Result<()> {
        self.notify("textDocument/publishDiagnostics", PublishDiagnosticsParams { uri, version, diagnostics })
    }

    fn answer(&mut self, request: Request) -> Response {
        let Request { id, method, params } = request;
        let refuse = |id, code: ErrorCode, why: String| Response::new_err(id, code as i32, why);
        if self.is_cancelled(&id) {
            return refuse(id, ErrorCode::RequestCanceled, "cancelled".to_string());
        }
        match (self.stage, method.as_str()) {
            (Stage::New, "initialize") => {
                self.stage = Stage::Running;
                Response::new_ok(id, self.initialize(&params))
            }
            (Stage::New, _) => refuse(id, ErrorCode::ServerNotInitialized, "`initialize` comes first".to_string()),
            (Stage::Stopped, _) => refuse(id, ErrorCode::InvalidRequest, "the server has been shut down".to_string()),
            (Stage::Running, "initialize") => {
                refuse(id, ErrorCode::InvalidRequest, "`initialize` comes once".to_string())
            }
            (Stage::Running, "shutdown") => {
                self.stage = Stage::Stopped;
                Response::new_ok(id, Value::Null)
            }
            (Stage::Running, method) => match self.feature(method, params) {
                Ok(result) => Response::new_ok(id, result),
                Err((code, why)) => refuse(id, code, why),
            },
        }
    }

    /// Whether the editor no longer waits for the answer.
    fn is_cancelled(&self, id: &RequestId) -> bool {
        let id = json!(id);
        self.waiting.borrow().iter().any(|arrival| match arrival {
            Arrival::Message(message) => match &**message {
                Message::Notification(Notification { method, params }) => {
                    method == "$/cancelRequest" && params["id"] == id
                }
                _ => false,
            },
            Arrival::Malformed(_) => false,
        })
    }
}

/// Parameters of a request.
fn read<T: DeserializeOwned>(params: Value) -> Result<T, (ErrorCode, String)> {
    serde_json::from_value(params).map_err(|error| (ErrorCode::InvalidParams, error.to_string()))
}
