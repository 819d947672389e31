//! Networks and weights of Caffe and Darknet.

use std::path::Path;
use std::{env, fs, process, str};

use archc::compile_source;
use archc::diagnostic::Sources;
use archc::expand::short;
use archc::import::{Given, Language};
use archc::lower::lower;
use archc::program::ProgramWeight;
use archc::syntax::no_files;

use crate::said;
use crate::target::{Input, Target};

pub const DARKNET: Target = Target {
    name: "darknet",
    corpus: &["tests/fixtures/foreign/darknet", "tests/fixtures/foreign/small", "tests/ui"],
    input: Input::Bytes { words: OPTIONS, made: Vec::new, longest: 4096, run: |bytes| network(bytes, "cfg") },
};

pub const CAFFE: Target = Target {
    name: "caffe",
    corpus: &["tests/fixtures/foreign/caffe", "tests/fixtures/foreign/small", "tests/ui"],
    input: Input::Bytes { words: FIELDS, made: Vec::new, longest: 4096, run: |bytes| network(bytes, "prototxt") },
};

pub const DARKNET_WEIGHTS: Target = Target {
    name: "darknet_weights",
    corpus: &["tests/fixtures/foreign/small"],
    input: Input::Bytes { words: NUMBERS, made: Vec::new, longest: 16384, run: |bytes| weights(bytes, "plain.cfg") },
};

pub const CAFFE_WEIGHTS: Target = Target {
    name: "caffe_weights",
    corpus: &["tests/fixtures/foreign/small"],
    input: Input::Bytes {
        words: NUMBERS,
        made: Vec::new,
        longest: 16384,
        run: |bytes| weights(bytes, "rich.prototxt"),
    },
};

const OPTIONS: &[&[u8]] = &[
    b"\n",
    b"=",
    b"#",
    b"-1",
    b"0",
    b"2147483647",
    b"1e999",
    b"[net]\nheight=8\nwidth=8\nchannels=3\n",
    b"[convolutional]\n",
    b"[maxpool]\nsize=2\nstride=2\n",
    b"[route]\nlayers=-1,-2\n",
    b"[shortcut]\nfrom=-2\n",
    b"[upsample]\n",
    b"[crop]\ncrop_height=4\n",
    b"batch_normalize=1\n",
    b"groups=2\n",
    b"dilation=2\n",
    b"padding=1\n",
    b"activation=linear\n",
    b"policy=steps\n",
    "\u{feff}é".as_bytes(),
];

const FIELDS: &[&[u8]] = &[
    b"{",
    b"}",
    b"<",
    b">",
    b"[",
    b"]",
    b":",
    b"\"",
    b"'",
    b"\\",
    b"#",
    b"-1",
    b"0x7fffffffffffffff",
    b"1e999",
    b"layer { name: \"a\" type: \"ReLU\" bottom: \"data\" top: \"data\" }",
    b"layers { type: POOLING bottom: \"data\" top: \"data\" pooling_param { kernel_size: 2 stride: 3 } }",
    b"include { phase: TEST }",
    b"type: \"Scale\"",
    b"type: \"BatchNorm\"",
    b"type: \"Slice\" top: \"b\"",
    b"type: \"Concat\"",
    b"input_dim: 1",
    b"base_lr: 1",
    b"net: \"a.prototxt\"",
    "é".as_bytes(),
];

const NUMBERS: &[&[u8]] = &[
    b"\0\0\0\0",
    b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
    b"\x7f",
    b"\xa2\x06",
    b"\x3a",
    b"\x2a\xff\x7f",
    b"\x0a\x05conv1",
];

/// What can be read is written again, and is the same network.
fn network(bytes: &[u8], ending: &str) {
    let Ok(text) = str::from_utf8(bytes) else { return };
    let language = Language::from_extension(ending).expect("it is one");
    match compile_source(&format!("net.{ending}"), text, language, &[]) {
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

/// Files are read or refused.
fn weights(bytes: &[u8], net: &str) {
    let net = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/foreign/small").join(net);
    let text = fs::read_to_string(&net).expect("it is in the repository");
    let Some(Language::Foreign(front)) =
        net.extension().and_then(|ending| Language::from_extension(&ending.to_string_lossy()))
    else {
        unreachable!("it is foreign")
    };
    let mut sources = Sources::default();
    let source = sources.add("net", text.as_str());
    let imported = front.read(&mut sources, source, &Given::default(), &no_files);
    let compiled = compile_source("net", &text, Language::Foreign(front), &[]).expect("it is sound");
    let weights: Vec<ProgramWeight> = lower(&compiled.network).weights;
    let path = env::temp_dir().join(format!("archc-fuzz-{}", process::id()));
    fs::write(&path, bytes).expect("there is room for temporary files");
    match front.weights(&path, &imported.stored, &weights) {
        Ok(values) => assert_eq!(values.weights.len(), weights.len()),
        Err(message) => assert!(!message.is_empty()),
    }
    fs::remove_file(&path).expect("it has just been written");
}
