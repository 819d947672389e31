//! Safetensors whose headers have any length, and such as nobody writes.

use super::super::safetensors::LONGEST_HEADER;
use super::*;

/// A file with this header, made longer with spaces, and these numbers.
fn file(header: &str, length: usize, numbers: &[u8]) -> Vec<u8> {
    let spaces = vec![b' '; length.saturating_sub(header.len())];
    let length = (header.len() + spaces.len()) as u64;
    [&length.to_le_bytes()[..], header.as_bytes(), &spaces, numbers].concat()
}

fn written(bytes: &[u8]) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("w.safetensors");
    std::fs::write(&path, bytes).expect("room on the disk");
    (folder, path)
}

/// Also 128, 384, 640 …, where the file begins with 0x80 and a number, as pickles do, and those that are `PK` and text.
#[test]
fn a_header_may_have_any_length() {
    let header = r#"{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#;
    let numbers: Vec<u8> = [1.5f32, -2.0].iter().flat_map(|number| number.to_le_bytes()).collect();
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("w.safetensors");
    for length in (header.len()..=4096).chain([0x4b50, 0x3c21, 0x8b1f, 0x20_2020]) {
        std::fs::write(&path, file(header, length, &numbers)).expect("room on the disk");
        let mut stored = read(&path).unwrap_or_else(|error| panic!("a header of {length} bytes: {error}"));
        assert_eq!(stored.values::<f32>("w").expect("numbers"), [1.5, -2.0], "a header of {length} bytes");
    }
}

/// As any network and any class names would have it.
#[test]
fn what_was_written_with_a_header_of_any_length_is_read() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("w.safetensors");
    let values = numbers();
    let mut lengths = std::collections::BTreeSet::new();
    for letters in (0..=4096).step_by(8) {
        let note = "x".repeat(letters);
        save(&path, &entries(&declared(), &values), 1, &note).expect("room on the disk");
        let found = load::<f32>(&path, &declared()).unwrap_or_else(|error| panic!("a note of {letters}: {error}"));
        assert_eq!(found, (values.clone(), Some(note)));
        lengths.insert(std::fs::read(&path).expect("just written")[..2].to_vec());
    }
    assert!(lengths.len() > 500 && lengths.contains(&vec![0x80, 3]), "all multiples of eight");
}

#[test]
fn every_type_is_read() {
    for (dtype, bytes, expected) in [
        ("F64", &[0, 0, 0, 0, 0, 0, 0xf8, 0x3f][..], 1.5),
        ("F32", &[0, 0, 0xc0, 0x3f], 1.5),
        ("F16", &[0, 0x3e], 1.5),
        ("BF16", &[0xc0, 0x3f], 1.5),
        ("I64", &[0xff; 8], -1.0),
        ("I32", &[0xff; 4], -1.0),
        ("I16", &[0xff; 2], -1.0),
        ("I8", &[0xff], -1.0),
        ("U64", &[1, 1, 0, 0, 0, 0, 0, 0], 257.0),
        ("U32", &[1, 1, 0, 0], 257.0),
        ("U16", &[1, 1], 257.0),
        ("U8", &[0xff], 255.0),
        ("BOOL", &[1], 1.0),
    ] {
        let header = format!(r#"{{"w":{{"dtype":"{dtype}","shape":[],"data_offsets":[0,{}]}}}}"#, bytes.len());
        let (_folder, path) = written(&file(&header, 0, bytes));
        assert_eq!(read(&path).expect(dtype).values::<f64>("w").expect(dtype), [expected], "{dtype}");
    }
    let (_folder, path) = written(&file(r#"{"w":{"dtype":"F8_E4M3","shape":[],"data_offsets":[0,1]}}"#, 0, &[0]));
    let message = read(&path).expect("nobody asks for it yet").values::<f32>("w").expect_err("unknown").to_string();
    assert!(message.contains("`w` holds numbers of the type `F8_E4M3`, which are not read"), "{message}");
}

#[test]
fn what_is_wrong_is_said() {
    let entry = |text: &str| format!(r#"{{"w":{text}}}"#);
    let many = format!(r#"{{"dtype":"F32","shape":[{}1],"data_offsets":[0,4]}}"#, "1,".repeat(1 << 20));
    for (header, expected) in [
        (entry(r#"{"dtype":"F32","shape":[2],"data_offsets":[0,8]}"#), "its header promises 8 bytes of numbers, and it has 4"),
        (entry(r#"{"dtype":"F32","shape":[2],"data_offsets":[0,4]}"#), "`w` has the sizes [2], which do not take 4 bytes"),
        (entry(r#"{"dtype":"F32","shape":[],"data_offsets":[4,0]}"#), "`w` ends before it begins"),
        (
            entry(r#"{"dtype":"F32","shape":[9223372036854775807,4],"data_offsets":[0,4]}"#),
            "which do not take 4 bytes",
        ),
        (entry(r#"{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}"#), "not valid safetensors: in its header, invalid value"),
        (entry("3"), "not valid safetensors"),
        (entry(&many), "at most 16 sizes"),
        (
            r#"{"w":{"dtype":"F32","shape":[],"data_offsets":[0,4]},"w":{"dtype":"F32","shape":[],"data_offsets":[0,4]}}"#.to_owned(),
            "`w` is there twice",
        ),
        ("{".to_owned(), "not valid safetensors"),
    ] {
        let (_folder, path) = written(&file(&header, 0, &[0; 4]));
        let message = read(&path).expect_err(expected).to_string();
        assert!(message.contains(expected), "{message}, not {expected}");
    }
}

#[test]
fn a_header_that_is_too_long_is_neither_read_nor_written() {
    let (_folder, path) = written(&file("{}", LONGEST_HEADER as usize + 8, &[]));
    let message = read(&path).expect_err("too long").to_string();
    assert!(message.contains("its header has 16777224 bytes; at most 16777216 are read"), "{message}");
    let message = save(&path, &[], 0, &"x".repeat(LONGEST_HEADER as usize)).expect_err("too long").to_string();
    assert!(message.contains("more than 16777216"), "{message}");
}
