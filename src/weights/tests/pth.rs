//! Files of PyTorch's as they are, and such as PyTorch never wrote.

use std::io::{Cursor, Write};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::*;

/// Sizes and numbers of the tensors that `tests/fixtures/views.py` saves.
fn expected() -> BTreeMap<String, (Vec<usize>, Vec<f64>)> {
    let text = std::fs::read(fixture("views.json")).expect("views.py wrote it");
    serde_json::from_slice(&text).expect("it is JSON")
}

#[test]
fn whatever_the_strides_and_types_numbers_are_pytorchs() {
    let expected = expected();
    assert_eq!(expected.len(), 26);
    for (name, types) in [
        ("views.pth", 26),
        ("views_protocol3.pth", 23),
        ("views_protocol4.pth", 23),
        ("views_protocol5.pth", 23),
        ("views_old.pth", 23),
    ] {
        let mut stored = read(&fixture(name)).unwrap_or_else(|error| panic!("{error}"));
        let sizes: Vec<(String, Vec<usize>)> =
            stored.sizes().into_iter().map(|(key, sizes)| (key.to_owned(), sizes.to_vec())).collect();
        assert_eq!(sizes.len(), types, "{name}");
        for (key, sizes) in sizes {
            let (shape, numbers) = &expected[&key];
            let found: Vec<f64> = stored.values(&key).unwrap_or_else(|error| panic!("{key}: {error}"));
            assert_eq!((&sizes, &found), (shape, numbers), "{name}: {key}");
            let single: Vec<f32> = stored.values(&key).expect("a second time");
            let rounded: Vec<f32> = numbers.iter().map(|number| *number as f32).collect();
            assert_eq!(single, rounded, "{name}: {key} in f32");
        }
    }
}

#[test]
fn checksums_are_compared_where_there_are_some() {
    let mut stored = read(&fixture("no_checksums.pth")).expect("PyTorch reads it too");
    assert_eq!(stored.values::<f64>("shared").expect("numbers"), expected()["shared"].1);

    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("damaged.pth");
    let mut bytes = std::fs::read(fixture("plain.pth")).expect("a fixture");
    // The first number of `conv.weight`, wherever it is in the file.
    let numbers: Vec<u8> = [0.5f32, 1.5, 2.5, 3.5].iter().flat_map(|number| number.to_le_bytes()).collect();
    let at = bytes.windows(numbers.len()).position(|window| window == numbers).expect("it is stored as it is");
    bytes[at + 2] ^= 1;
    std::fs::write(&path, &bytes).expect("room on the disk");
    let message = load::<f32>(&path, &declared()).expect_err("a flipped bit").to_string();
    assert!(message.contains("in it is damaged: its checksum is "), "{message}");
}

#[test]
fn what_holds_no_state_dict_says_what_it_holds() {
    for (name, expected) in [
        ("module.pth", "there is no state dict in it, but what a call of `__main__.Net` would make"),
        ("numbers.pth", "there is no state dict in it, but a dictionary of 2 entries without tensors"),
        ("script.pth", "it is a program for TorchScript, not a state dict"),
        ("sparse.pth", "`sparse` in it is a special tensor (`sparse_tensor`), which is not read"),
    ] {
        let message = read(&fixture(name)).expect_err(name).to_string();
        assert!(message.contains(expected), "{message}");
    }
    let mut complex = read(&fixture("complex.pth")).expect("it has another tensor");
    assert_eq!(complex.values::<f64>("shared").expect("numbers"), super::pth::expected()["shared"].1);
    let message = complex.values::<f64>("complex").expect_err("two numbers each").to_string();
    assert!(
        message.contains("`complex` holds numbers of the type `ComplexFloatStorage`, which are not read"),
        "{message}"
    );
}

/// A zip archive with these entries.
fn archive(entries: &[(&str, &[u8])], compression: CompressionMethod) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in entries {
        zip.start_file(*name, SimpleFileOptions::default().compression_method(compression)).expect("in memory");
        zip.write_all(bytes).expect("in memory");
    }
    zip.finish().expect("in memory").into_inner()
}

/// `{"w": tensor}`: a storage of `length` floats, and a tensor from its `offset` on with these sizes and strides.
fn pickle(length: i32, offset: i32, sizes: &[i32], strides: &[i32]) -> Vec<u8> {
    let integer = |number: i32| [&b"J"[..], &number.to_le_bytes()].concat();
    let tuple = |numbers: &[i32]| {
        let items: Vec<u8> = numbers.iter().flat_map(|number| integer(*number)).collect();
        [b"(", &items[..], b"t"].concat()
    };
    [
        &b"\x80\x02}U\x01wctorch._utils\n_rebuild_tensor_v2\n((U\x07storagectorch\nFloatStorage\nU\x010U\x03cpu"[..],
        &integer(length),
        b"tQ",
        &integer(offset),
        &tuple(sizes),
        &tuple(strides),
        b"\x89ccollections\nOrderedDict\n)RtRs.",
    ]
    .concat()
}

fn refused(bytes: &[u8]) -> String {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("w.pth");
    std::fs::write(&path, bytes).expect("room on the disk");
    let weight = ProgramWeight { name: "w".to_owned(), ..declared()[1].clone() };
    match load::<f32>(&path, &[weight]) {
        Ok((values, _)) => format!("{values:?}"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn what_pytorch_never_wrote_is_refused_before_it_costs_anything() {
    let numbers: Vec<u8> = [1f32, 2.0, 3.0, 4.0].iter().flat_map(|number| number.to_le_bytes()).collect();
    let stored = CompressionMethod::Stored;
    let file = |length, offset, sizes: &[i32], strides: &[i32]| {
        let pickle = pickle(length, offset, sizes, strides);
        archive(&[("w/data.pkl", &pickle), ("w/data/0", &numbers)], stored)
    };
    assert_eq!(refused(&file(4, 1, &[3], &[1])), "[[2.0, 3.0, 4.0]]", "the file itself is good");
    assert_eq!(refused(&file(4, 3, &[3], &[0])), "[[4.0, 4.0, 4.0]]");
    for (bytes, expected) in [
        (file(4, 2, &[3], &[1]), "`w` in it has the sizes [3], more than its storage of 16 bytes holds"),
        (file(4, 0, &[3], &[2]), "more than its storage"),
        (file(4, 0, &[i32::MAX; 4], &[0; 4]), "more than its storage"),
        (file(4, 0, &[i32::MAX; 3], &[i32::MAX; 3]), "more than its storage"),
        (file(5, 0, &[3], &[1]), "`w/data/0` in it has 16 bytes, fewer than the 20 that its pickle promises"),
        (file(i32::MAX, 0, &[i32::MAX], &[1]), "fewer than the"),
        // As much as a network may have, but it is another's.
        (file(4, 0, &[1 << 30, 1 << 30], &[0, 0]), "w is 1073741824×1073741824 in the file, 3 in the network"),
        (file(4, 0, &[-3], &[1]), "made in a way that PyTorch does not"),
        (file(4, -1, &[3], &[1]), "made in a way that PyTorch does not"),
        (file(4, 0, &[3], &[]), "made in a way that PyTorch does not"),
        (file(4, 0, &[1; 17], &[1; 17]), "has 17 dimensions; at most 16 are read"),
        (archive(&[("w/data.pkl", &pickle(4, 0, &[3], &[1]))], stored), "`w/data/0` is missing in it"),
        (archive(&[("w/data.pkl", b"\x80\x02]")], stored), "its pickle is broken: the file is cut off at byte 3"),
        (archive(&[("w/data.pkl", b"\x80\x02cos\nsystem\n(U\x02lstR.")], stored), "a call of `os.system`"),
        (archive(&[("photo.jpg", b"")], stored), "a zip archive, but not of PyTorch"),
        (archive(&[], stored), "a zip archive, but not of PyTorch"),
        (
            archive(&[("data.pkl", &vec![b'N'; 17 << 20])], stored),
            "`data.pkl` in it has 17825792 bytes; at most 16777216",
        ),
    ] {
        let message = refused(&bytes);
        assert!(message.contains(expected), "{message}, not {expected}");
    }
    // Without the folder around it, as some pack it anew.
    let bare = archive(&[("data.pkl", &pickle(4, 1, &[3], &[1])), ("data/0", &numbers)], stored);
    assert_eq!(refused(&bare), "[[2.0, 3.0, 4.0]]");
}

/// Whatever becomes of any byte, the file is read or refused.
#[test]
fn no_byte_does_harm() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("changed.pth");
    for name in ["old.pth", "plain.pth"] {
        let file = std::fs::read(fixture(name)).expect("a fixture");
        for at in (0..file.len()).step_by(3) {
            let mut changed = file.clone();
            changed[at] ^= 1 << (at % 8);
            std::fs::write(&path, &changed).expect("room on the disk");
            let _ = load::<f32>(&path, &declared());
            if at % 16 == 0 {
                std::fs::write(&path, &file[..at]).expect("room on the disk");
                assert!(load::<f32>(&path, &declared()).is_err(), "{name}, cut to {at} bytes");
            }
        }
    }
}
