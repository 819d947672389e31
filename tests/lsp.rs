//! `archc lsp` from outside: the protocol's rules, and answers on any text. tests/editor/server.py drives it with an
//! editor's client.
#![cfg(feature = "cli")]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

struct Server {
    process: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    last: i32,
}

impl Server {
    fn start() -> Server {
        let mut command = Command::new(env!("CARGO_BIN_EXE_archc"));
        command.arg("lsp").stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn().expect("it starts");
        let (input, output) = (process.stdin.take(), process.stdout.take().expect("a pipe"));
        Server { process, input, output: BufReader::new(output), last: 0 }
    }

    fn initialized() -> Server {
        let mut server = Server::start();
        let result = server.ask("initialize", json!({"capabilities": {}}));
        assert_eq!(result["result"]["capabilities"]["positionEncoding"], "utf-16");
        server.tell("initialized", json!({}));
        server
    }

    fn write(&mut self, body: &str) {
        let input = self.input.as_mut().expect("it is open");
        write!(input, "Content-Length: {}\r\n\r\n{body}", body.len()).expect("it reads");
        input.flush().expect("it reads");
    }

    fn tell(&mut self, method: &str, params: Value) {
        self.write(&json!({"jsonrpc": "2.0", "method": method, "params": params}).to_string());
    }

    /// The answer to a request.
    fn ask(&mut self, method: &str, params: Value) -> Value {
        self.last += 1;
        let id = self.last;
        self.write(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}).to_string());
        self.until(|message| message["id"] == id)
    }

    /// The next message that is wanted.
    fn until(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        loop {
            let mut length = 0;
            loop {
                let mut line = String::new();
                assert!(self.output.read_line(&mut line).expect("text") > 0, "the server has ended");
                match line.trim_end().split_once(": ") {
                    Some((_, value)) => length = value.parse().expect("a number"),
                    None => break,
                }
            }
            let mut body = vec![0; length];
            self.output.read_exact(&mut body).expect("a whole message");
            let message: Value = serde_json::from_slice(&body).expect("JSON");
            assert_eq!(message["jsonrpc"], "2.0");
            if wanted(&message) {
                return message;
            }
        }
    }

    fn open(&mut self, uri: &str, text: &str) {
        let document = json!({"uri": uri, "languageId": "yaml", "version": 1, "text": text});
        self.tell("textDocument/didOpen", json!({"textDocument": document}));
    }

    /// What is said of a document that has just been opened or changed.
    fn diagnostics(&mut self, uri: &str, version: i32) -> Vec<Value> {
        let told = self.until(|message| message["params"]["uri"] == uri && message["params"]["version"] == version);
        told["params"]["diagnostics"].as_array().expect("a list").clone()
    }

    /// Closes the pipe; the exit code.
    fn end(mut self) -> Option<i32> {
        drop(self.input.take());
        self.process.wait().expect("it ends").code()
    }
}

#[test]
fn the_protocol_is_kept() {
    let mut server = Server::start();
    assert_eq!(server.ask("textDocument/hover", json!({}))["error"]["code"], -32002);
    server.tell("textDocument/didOpen", json!({"nonsense": true}));
    assert!(server.ask("initialize", json!({"capabilities": {}}))["result"]["serverInfo"]["name"] == "archc");
    server.tell("initialized", json!({}));
    assert_eq!(server.ask("initialize", json!({"capabilities": {}}))["error"]["code"], -32600);
    assert_eq!(server.ask("textDocument/unheardOf", json!({}))["error"]["code"], -32601);
    assert_eq!(server.ask("textDocument/hover", json!({"textDocument": 3}))["error"]["code"], -32602);
    server.tell("$/unheardOf", json!({}));
    server.tell("textDocument/didChange", json!([1, 2]));
    let nowhere = json!({"textDocument": {"uri": "file:///none.yaml"}, "position": {"line": 1, "character": 1}});
    assert!(server.ask("textDocument/hover", nowhere)["result"].is_null());
    server.write("{this is no JSON");
    let refused = server.until(|message| message["id"].is_null() && message["error"].is_object());
    assert_eq!(refused["error"]["code"], -32700);
    assert!(server.ask("shutdown", Value::Null)["error"].is_null());
    assert_eq!(server.ask("textDocument/hover", json!({}))["error"]["code"], -32600);
    server.tell("exit", Value::Null);
    assert_eq!(server.end(), Some(0));

    let mut server = Server::initialized();
    server.tell("exit", Value::Null);
    assert_eq!(server.end(), Some(1), "it was not asked to stop before");
    assert_eq!(Server::initialized().end(), Some(1), "the pipe was closed");
}

#[test]
fn changes_and_their_versions() {
    let mut server = Server::initialized();
    let uri = "file:///changes.yaml";
    server.open(uri, "input: [3, 8, 8]\nlayers: [conv 4 9x9 as 😀]\n");
    assert_eq!(server.diagnostics(uri, 1).len(), 1);
    // Two changes at once, the second in the text that the first leaves.
    let at = |line: u32, character: u32| json!({"line": line, "character": character});
    let changes = json!([
        {"range": {"start": at(1, 16), "end": at(1, 19)}, "text": "3x3"},
        {"range": {"start": at(1, 19), "end": at(1, 25)}, "text": ""},
    ]);
    server
        .tell("textDocument/didChange", json!({"textDocument": {"uri": uri, "version": 2}, "contentChanges": changes}));
    assert_eq!(server.diagnostics(uri, 2), [] as [Value; 0]);
    // A request sees what was changed before it, even if nothing has been said of that yet.
    let whole = json!({"text": "input: [3, 8, 8]\nlayers: [conv 5 3x3]\n"});
    server
        .tell("textDocument/didChange", json!({"textDocument": {"uri": uri, "version": 3}, "contentChanges": [whole]}));
    let hover = server.ask("textDocument/hover", json!({"textDocument": {"uri": uri}, "position": at(1, 10)}));
    let said = hover["result"]["contents"]["value"].as_str().expect("text");
    assert!(said.contains("3×8×8 → **5×6×6**"), "{said}");
    // What is cancelled before it is looked at is not answered, and the next one is.
    let id = 1000;
    server.write(&json!({"jsonrpc": "2.0", "method": "$/cancelRequest", "params": {"id": id}}).to_string());
    assert!(server.ask("textDocument/foldingRange", json!({"textDocument": {"uri": uri}}))["error"].is_null());
    server.tell("textDocument/didClose", json!({"textDocument": {"uri": uri}}));
    let closed = server.until(|message| message["method"] == "textDocument/publishDiagnostics");
    assert_eq!(closed["params"]["diagnostics"], json!([]));
}

/// Every file with a mistake, as a whole and cut off: each request is answered, whatever stands there.
#[test]
fn any_text_is_answered() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ui");
    let mut files: Vec<PathBuf> =
        fs::read_dir(folder).expect("it is in the repository").map(|entry| entry.expect("listed").path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "yaml" || extension == "toml"));
    files.sort();
    assert!(files.len() > 300);
    let mut server = Server::initialized();
    for (number, path) in files.iter().enumerate() {
        let text = fs::read_to_string(path).expect("text");
        let uri = format!("file://{}", path.display());
        // Somewhere in the middle of what is being typed.
        let cut = text.floor_char_boundary((number * 37) % (text.len() + 1));
        server.open(&uri, &text[..cut]);
        let whole = json!([{"text": text}]);
        let lines = text.lines().count() as u32;
        for version in 1..=2 {
            for (method, params) in [
                ("completion", json!({"position": {"line": lines / 2, "character": 7}})),
                ("completion", json!({"position": {"line": lines, "character": 0}})),
                ("hover", json!({"position": {"line": lines / 2, "character": 5}})),
                ("definition", json!({"position": {"line": lines / 3, "character": 9}})),
                (
                    "references",
                    json!({"position": {"line": 2, "character": 4}, "context": {"includeDeclaration": true}}),
                ),
                ("rename", json!({"position": {"line": lines / 2, "character": 5}, "newName": "other"})),
                ("semanticTokens/full", json!({})),
                ("documentSymbol", json!({})),
                ("foldingRange", json!({})),
                (
                    "inlayHint",
                    json!({"range": {"start": {"line": 0, "character": 0}, "end": {"line": lines, "character": 0}}}),
                ),
            ] {
                let mut params = params;
                params["textDocument"] = json!({"uri": uri});
                let answer = server.ask(&format!("textDocument/{method}"), params);
                let is_refused = answer["error"]["code"] == -32803 && method == "rename";
                assert!(answer["error"].is_null() || is_refused, "{}: {method}: {answer}", path.display());
            }
            server.tell(
                "textDocument/didChange",
                json!({"textDocument": {"uri": uri, "version": version + 1}, "contentChanges": whole}),
            );
        }
        server.tell("textDocument/didClose", json!({"textDocument": {"uri": uri}}));
    }
}
