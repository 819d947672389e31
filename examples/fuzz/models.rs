//! Models of ONNX and Keras: their files, and what is read of them as text.

use std::path::{Path, PathBuf};
use std::{env, fs, process, str};

use archc::compile_with;
use archc::diagnostic::Sources;
use archc::expand::short;
use archc::import::{FrontEnd, Language, read};
use archc::layers::Layers;
use archc::lower::lower;
use archc::syntax::no_files;

use crate::said;
use crate::target::{Input, Target};

const CORPUS: &[&str] = &["tests/fixtures/foreign/models"];

pub const ONNX: Target = Target {
    name: "onnx",
    corpus: CORPUS,
    input: Input::Bytes { words: FIELDS, made: Vec::new, longest: 1 << 17, run: |bytes| file(bytes, "onnx") },
};

pub const ONNX_GRAPH: Target = Target {
    name: "onnx_graph",
    corpus: &[],
    input: Input::Bytes { words: NODES, made: listings, longest: 1 << 14, run: |bytes| graph(bytes, "onnx") },
};

pub const KERAS: Target = Target {
    name: "keras",
    corpus: CORPUS,
    input: Input::Bytes { words: FIELDS, made: Vec::new, longest: 1 << 17, run: |bytes| file(bytes, "keras") },
};

pub const KERAS_GRAPH: Target = Target {
    name: "keras_graph",
    corpus: CORPUS,
    input: Input::Bytes { words: LAYERS, made: Vec::new, longest: 1 << 15, run: |bytes| graph(bytes, "json") },
};

const FIELDS: &[&[u8]] = &[
    b"\0\0\0\0",
    b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
    b"\x7f",
    b"\x0a",
    b"\x12",
    b"\x2a",
    b"\x3a",
    b"\x42",
    b"\x4a\xff\x7f",
    b"Reshape",
    b"Conv",
    b"PK\x03\x04",
    b"OHDR",
    b"TREE",
    b"SNOD",
    b"HEAP",
];

const NODES: &[&[u8]] = &[
    b"0",
    b"-1",
    b"9223372036854775807",
    b"1e999",
    b"NaN",
    b"\"Reshape\"",
    b"\"Transpose\"",
    b"\"Concat\"",
    b"\"Slice\"",
    b"\"Split\"",
    b"\"MatMul\"",
    b"\"Mul\"",
    b"\"Add\"",
    b"\"ReduceMean\"",
    b"\"MaxPool\"",
    b"\"pads\"",
    b"\"perm\"",
    b"[0, 2, 3, 1]",
    b"\"auto_pad\": \"SAME_UPPER\"",
    b"\"\"",
];

const LAYERS: &[&[u8]] = &[
    b"0",
    b"-1",
    b"9223372036854775807",
    b"1e999",
    b"NaN",
    b"null",
    b"[]",
    b"{}",
    b"\"same\"",
    b"\"Dense\"",
    b"\"Flatten\"",
    b"\"Sequential\"",
    b"\"Functional\"",
    b"\"Conv2DTranspose\"",
    b"\"target_shape\": [1, 1, 6]",
];

/// The front end of files with this ending.
fn front(ending: &str) -> &'static dyn FrontEnd {
    match Language::from_extension(ending) {
        Some(Language::Foreign(front)) => front,
        _ => unreachable!("it is foreign"),
    }
}

/// What files of the corpus come to as text.
fn listings() -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(CORPUS[0]);
    let entries = fs::read_dir(folder).expect("it is in the repository");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("it can be listed").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|ending| ending == "onnx"));
    paths.sort();
    paths.iter().filter_map(|path| Some(front("onnx").text(path)?.ok()?.into_bytes())).collect()
}

/// A file is read, with its weights, or refused.
fn file(bytes: &[u8], ending: &str) {
    let path = env::temp_dir().join(format!("archc-fuzz-{}.{ending}", process::id()));
    fs::write(&path, bytes).expect("there is room for temporary files");
    let front = front(ending);
    if let Some(Ok(text)) = front.text(&path) {
        let compiled = compile_with(&Layers::default(), &no_files, "model", &text, Language::Foreign(front), &[]);
        if let Ok(compiled) = compiled {
            let mut sources = Sources::default();
            let source = sources.add("model", text);
            let stored = read(front, &mut sources, source, &[], &no_files).stored;
            // A network that needs much memory is for another test.
            if compiled.network.totals().params < 1 << 20 {
                drop(front.weights(&path, &stored, &lower(&compiled.network).weights));
            }
        }
    }
    fs::remove_file(&path).expect("it has been written");
}

/// What can be read is written again, and is the same network.
fn graph(bytes: &[u8], ending: &str) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    match compile_with(&Layers::default(), &no_files, "model", text, Language::Foreign(front(ending)), &[]) {
        Ok(compiled) => {
            said::check(&compiled.warnings);
            let network = compiled.network;
            // What takes long to write out is not for this.
            if network.graph.nodes.len() < 1000 {
                assert_eq!(short(&network).network.totals(), network.totals());
            }
        }
        Err(errors) => said::check(&errors),
    }
}
