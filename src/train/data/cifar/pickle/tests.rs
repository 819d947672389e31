//! Pickles of several Pythons, and such as nobody writes.

use super::*;

/// Made by tests/scripts/pickles.py: `{"data": np.arange(8, dtype=np.uint8).reshape(2, 4), "labels": [3, 250]}` as
/// Python 2 wrote CIFAR's files, and as today's Pythons write it.
const FILES: [&[u8]; 4] = [
    include_bytes!("python2.pickle"),
    include_bytes!("protocol3.pickle"),
    include_bytes!("protocol4.pickle"),
    include_bytes!("protocol5.pickle"),
];

#[test]
fn reads_what_every_python_writes() {
    for (index, file) in FILES.into_iter().enumerate() {
        let table = read(file, 4, "labels").unwrap_or_else(|error| panic!("file {index}: {error}"));
        assert_eq!((&file[table.pixels], table.labels), (&[0, 1, 2, 3, 4, 5, 6, 7][..], vec![3, 250]), "file {index}");
    }
}

#[test]
fn refuses_what_is_wrong() {
    for (bytes, expected) in [
        (&b"cos\nsystem\n(U\x02lstR."[..], "it holds no dictionary, but what a call of `os.system` would make"),
        (b"cos\nsystem\n.", "it holds no dictionary, but the name `os.system`"),
        (b"", "the file is cut off at byte 0"),
        (b"N.", "it holds no dictionary"),
        (b"}.", "its dictionary has no `data`"),
        (b"}(U\x04dataNU\x06labels]u.", "`data` is no array of bytes: it is None"),
        (
            b"}(U\x04datacos\nsystem\n(U\x02lstRU\x06labels]u.",
            "`data` is no array of bytes: it is what a call of `os.system`",
        ),
    ] {
        let error = read(bytes, 4, "labels").unwrap_err();
        assert!(error.contains(expected), "{error}, not {expected}");
    }
    assert!(read(FILES[0], 3, "labels").unwrap_err().contains("[2, 4], but there are 2 labels and images of 3 bytes"));
    assert!(read(FILES[0], 4, "fine_labels").unwrap_err().contains("no `fine_labels`"));
}

/// Whatever becomes of any byte, the file is read or refused, and what is read lies in it.
#[test]
fn no_byte_does_harm() {
    for file in FILES {
        for at in 0..file.len() {
            for byte in 0..=255 {
                let mut changed = file.to_vec();
                changed[at] = byte;
                if let Ok(table) = read(&changed, 4, "labels") {
                    assert!(table.pixels.end <= changed.len() && table.pixels.len() == 8 && table.labels.len() == 2);
                }
            }
            let cut = read(&file[..at], 4, "labels");
            assert!(cut.is_err(), "cut to {at} bytes");
        }
    }
}
