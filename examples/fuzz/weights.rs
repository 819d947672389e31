//! Files of weights: safetensors, and PyTorch's with and without the zip archive around its pickle.

use std::path::Path;
use std::{env, fs, process};

use archc::weights;

use crate::target::{Input, Target};

/// More inputs in which the checksums are left out, as PyTorch can: otherwise few changes would come further than
/// these.
pub const PTH: Target = Target {
    name: "pth",
    corpus: &["tests/fixtures/weights"],
    input: Input::Bytes { words: PICKLED, made: unchecked, longest: 16384, run },
};

pub const SAFETENSORS: Target =
    Target { name: "safetensors", corpus: &[], input: Input::Bytes { words: HEADERS, made, longest: 16384, run } };

const PICKLED: &[&[u8]] = &[
    b"PK\x03\x04",
    b"PK\x01\x02",
    b"PK\x05\x06",
    b"PK\x06\x06",
    b"PK\x06\x07",
    b"data.pkl",
    b"\x80\x02",
    b"\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.",
    b"(",
    b"t",
    b"u",
    b"R",
    b"b",
    b"0",
    b"2",
    b".",
    b"}",
    b"]",
    b")",
    b"Q",
    b"\x85",
    b"\x86",
    b"\x94",
    b"h\x00",
    b"q\x01",
    b"K\x01",
    b"J\xff\xff\xff\x7f",
    b"J\xff\xff\xff\xff",
    b"\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f",
    b"X\x05\x00\x00\x00model",
    b"ctorch._utils\n_rebuild_tensor_v2\n",
    b"ctorch._utils\n_rebuild_parameter\n",
    b"ccollections\nOrderedDict\n)R",
    b"ctorch\nDoubleStorage\n",
];

const HEADERS: &[&[u8]] = &[
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b"\"dtype\":\"F64\"",
    b"\"dtype\":\"?\"",
    b"\"shape\":[0]",
    b"\"shape\":[18446744073709551615,2]",
    b"\"data_offsets\":[0,0]",
    b"\"__metadata__\":{}",
    b"18446744073709551615",
    b"-1",
    b"1e999",
    b"\"w\":",
    b"\\u0000",
    b"\\ud800",
    b"null",
];

/// PyTorch's files without checksums.
fn unchecked() -> Vec<Vec<u8>> {
    let without = |mut file: Vec<u8>| {
        for at in 0..file.len().saturating_sub(20) {
            if file[at..].starts_with(b"PK\x01\x02") {
                file[at + 16..at + 20].fill(0);
            }
        }
        file
    };
    let files = PTH.bytes().into_iter().filter(|file| file.starts_with(b"PK")).map(without);
    // Most of the time goes to them.
    files.cycle().take(64).collect()
}

/// Two arrays and a note.
fn made() -> Vec<Vec<u8>> {
    let header = br#"{"__metadata__":{"archc":"a note"},"a.weight":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]},"a.count":{"dtype":"I64","shape":[],"data_offsets":[16,24]},"b":{"dtype":"BF16","shape":[3],"data_offsets":[24,30]}}"#;
    [0usize, 40, 640]
        .map(|longer| {
            let length = (header.len() + longer) as u64;
            [&length.to_le_bytes()[..], header, &vec![b' '; longer], &[0x3f; 30]].concat()
        })
        .into()
}

/// What the file says can be read is read or refused. Arrays are asked for as a network of their sizes would, which is
/// not larger than these inputs justify.
fn run(bytes: &[u8]) {
    const LARGEST: usize = 1 << 20;
    let path = env::temp_dir().join(format!("archc-fuzz-{}", process::id()));
    fs::write(&path, bytes).expect("there is room for temporary files");
    read(&path, LARGEST);
    fs::remove_file(&path).expect("it has just been written");
}

fn read(path: &Path, largest: usize) {
    let mut stored = match weights::read(path) {
        Ok(stored) => stored,
        Err(error) => return assert!(!error.to_string().is_empty()),
    };
    let elements = |sizes: &[usize]| sizes.iter().try_fold(1usize, |elements, size| elements.checked_mul(*size));
    let sizes: Vec<(String, usize)> = stored
        .sizes()
        .into_iter()
        .filter_map(|(name, sizes)| Some((name.to_owned(), elements(sizes)?)))
        .filter(|(_, elements)| *elements <= largest)
        .collect();
    for (name, elements) in sizes {
        match stored.values::<f32>(&name) {
            Ok(values) => assert_eq!(values.len(), elements, "{name}"),
            Err(error) => assert!(!error.to_string().is_empty()),
        }
    }
}
