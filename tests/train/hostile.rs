//! Files of weights that are made to cost much: something is said about each within a second and 200 MB; here, without
//! optimisation, within ten times the time and the address space that goes with it.
#![cfg(target_os = "linux")]

use std::io::{Cursor, Write};
use std::process::Command;

use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::place::Place;

/// Seconds of a processor, and kB of addresses.
const LIMITS: &str = "ulimit -t 10; ulimit -v 500000";

const M: usize = 1 << 20;

/// An archive as PyTorch writes, with this pickle and one storage of four bytes.
fn archive(pickle: &[u8]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in [("w/data.pkl", pickle), ("w/data/0", &[0; 4])] {
        let stored = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
        zip.start_file(name, stored).expect("in memory");
        zip.write_all(bytes).expect("in memory");
    }
    zip.finish().expect("in memory").into_inner()
}

/// A tensor of 2^30 × 2^30 times the same number.
const TENSOR: &[u8] =
    b"ctorch._utils\n_rebuild_tensor_v2\n((U\x07storagectorch\nFloatStorage\nU\x010U\x03cpuK\x01tQK\x00\
                        (J\x00\x00\x00\x40J\x00\x00\x00\x10t(K\x00K\x00tNNtR";

/// A directory of so many entries without names or contents.
fn entries(count: usize) -> Vec<u8> {
    let entry = [&b"PK\x01\x02"[..], &[0; 42]].concat().repeat(count);
    let [count, length] = [count as u64, entry.len() as u64].map(u64::to_le_bytes);
    let end =
        [&b"PK\x06\x06"[..], &44u64.to_le_bytes(), &[0; 12], &count, &count, &length, &4u64.to_le_bytes()].concat();
    let at = (4 + entry.len() as u64).to_le_bytes();
    let rest = [&b"PK\x06\x07\0\0\0\0"[..], &at, b"\x01\0\0\0PK\x05\x06\0\0\0\0", &[0xff; 12], b"\0\0"].concat();
    [&b"PK\x03\x04"[..], &entry, &end, &rest].concat()
}

fn header(text: &str) -> Vec<u8> {
    [&(text.len() as u64).to_le_bytes()[..], text.as_bytes()].concat()
}

fn arrays(count: usize) -> Vec<u8> {
    let array = |index: usize| format!("\"{index:x}\":{{\"dtype\":\"U8\",\"shape\":[],\"data_offsets\":[0,1]}}");
    let arrays: Vec<String> = (0..count).map(array).collect();
    [header(&format!("{{{}}}", arrays.join(","))), vec![0]].concat()
}

#[test]
fn hostile_weights_cost_little() {
    let place = Place::new();
    let named = |tensor: &[u8]| [b"\x80\x02}U\x09fc.weight", tensor, b"s."].concat();
    let many: Vec<u8> =
        (0..30_000u32).flat_map(|index| [&b"X\x04\0\0\0"[..], &index.to_le_bytes(), b"h\0"].concat()).collect();
    for (name, bytes, expected) in [
        ("kilobyte.pth", archive(&named(TENSOR)), "fc.weight is 1073741824×268435456 in the file"),
        (
            "views.pth",
            archive(&[b"\x80\x02", TENSOR, b"q\x000}(", &many, b"u."].concat()),
            "the weights do not fit the network",
        ),
        ("dictionaries.pth", archive(&b"}".repeat(15 * M)), "more than 2097152 instructions"),
        ("tuples.pth", archive(&[b"N".to_vec(), b"\x85".repeat(15 * M)].concat()), "more than 2097152 instructions"),
        ("objects.pth", archive(&[&b"NN"[..], &b"22R".repeat(5 * M)].concat()), "more than 2097152 instructions"),
        ("memo.pth", archive(&[&b"N"[..], &b"\x94".repeat(15 * M)].concat()), "more than 2097152 instructions"),
        ("long.pth", archive(&vec![b'N'; 17 * M]), "at most 16777216 are read"),
        ("text.pth", archive(b"\x80\x02\x8d\xff\xff\xff\xff\xff\xff\xff\x7f"), "the file is cut off at byte"),
        ("entries.pth", entries(600_000), "its directory has more than 8388608 bytes"),
        ("some_entries.pth", entries(150_000), "there is no `data.pkl` in it"),
        ("old.pth", b"\x80\x02".repeat(15 * M), "more than 2097152 instructions"),
        ("many.safetensors", arrays(200_000), "the weights do not fit the network"),
        ("more.safetensors", arrays(600_000), "at most 16777216 are read"),
        ("deep.safetensors", header(&format!("{{\"a\":{}", "[".repeat(15 * M))), "not valid safetensors"),
        (
            "deep_note.safetensors",
            header(&format!("{{\"__metadata__\":{}", "{\"a\":".repeat(3 * M))),
            "not valid safetensors",
        ),
        ("shape.safetensors", header(&format!("{{\"a\":{{\"shape\":[{}", "1,".repeat(7 * M))), "at most 16 sizes"),
        ("name.safetensors", header(&format!("{{\"{}", "a".repeat(15 * M))), "not valid safetensors"),
    ] {
        std::fs::write(place.path(name), bytes).expect("room on the disk");
        let program = env!("CARGO_BIN_EXE_archc");
        let command = format!("{LIMITS}; exec '{program}' predict tiny.yaml --weights {name} --threads 1 none.png");
        let output = Command::new("sh").args(["-c", &command]).current_dir(place.path("")).output().expect("sh starts");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(1) && said.contains(expected), "{name}: {:?}, {said}", output.status);
        std::fs::remove_file(place.path(name)).expect("just written");
    }
}

/// A chunk of a PNG file: its length, its kind, and a checksum of what is in it.
fn chunk(kind: &[u8], content: &[u8]) -> Vec<u8> {
    let mut sum = flate2::Crc::new();
    sum.update(kind);
    sum.update(content);
    [&(content.len() as u32).to_be_bytes()[..], kind, content, &sum.sum().to_be_bytes()].concat()
}

fn compressed(blocks: usize, block: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
    (0..blocks).for_each(|_| encoder.write_all(block).expect("in memory"));
    encoder.finish().expect("in memory")
}

/// What describes the colours of an image unpacks to 450 MB, and is of no use here.
#[test]
fn a_profile_of_colours_costs_nothing() {
    let place = Place::new();
    let head = [&8u32.to_be_bytes()[..], &8u32.to_be_bytes(), &[8, 2, 0, 0, 0]].concat();
    let profile = [b"a\0\0".to_vec(), compressed(450, &vec![0; M])].concat();
    let chunks = [
        chunk(b"IHDR", &head),
        chunk(b"iCCP", &profile),
        chunk(b"IDAT", &compressed(8, &[0; 25])),
        chunk(b"IEND", b""),
    ];
    let image = [b"\x89PNG\r\n\x1a\n".to_vec(), chunks.concat()].concat();
    for (class, number) in ["a", "b"].into_iter().flat_map(|class| (0..4).map(move |number| (class, number))) {
        let path = place.path(&format!("set/{class}/{number}.png"));
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("room on the disk");
        std::fs::write(path, &image).expect("room on the disk");
    }
    let program = env!("CARGO_BIN_EXE_archc");
    let command = format!("{LIMITS}; exec '{program}' data info set");
    let output = Command::new("sh").args(["-c", &command]).current_dir(place.path("")).output().expect("sh starts");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("training    6 images, 8×8"), "{said}{output:?}");
}
