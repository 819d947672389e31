//! Pickles of several Pythons, and such as nobody writes.

use super::*;

/// Made by tests/scripts/pickles.py: `{"data": np.arange(8, dtype=np.uint8).reshape(2, 4), "labels": [3, 250]}` as Python 2 wrote CIFAR's
/// files, and as today's Pythons write it.
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
    let deep = [vec![b'N'], vec![0x85; 1 << 20], vec![b'.']].concat();
    let many = vec![b'N'; 3 << 20];
    let twice: Vec<u8> = [&b"]q\x00"[..], &b"h\x00".repeat(3 << 20)].concat();
    for (bytes, expected) in [
        (&b"cos\nsystem\n(U\x02lst R."[..], "byte 17 is the instruction 0x20"),
        (b"cos\nsystem\n(U\x02lstR.", "it wants `os.system` called, which no data set needs; nothing was called"),
        (b"cos\nsystem\n.", "it holds no dictionary"),
        (b"", "the file is cut off at byte 0"),
        (b"T\xff\xff\xff\x7fabc.", "the file is cut off at byte 9"),
        (b"\x8e\xff\xff\xff\xff\xff\xff\xff\xffabc.", "the file is cut off at byte 13"),
        (b"R.", "does not fit"),
        (b"t.", "does not fit"),
        (b"(0.", "instruction 0x30"),
        (b"(N}u.", "does not fit"),
        (b"N.", "it holds no dictionary"),
        (b"}.", "its dictionary has no `data`"),
        (b"}(U\x04dataNU\x06labels]u.", "`data` is no array"),
        (b"h\x05.", "does not fit"),
        (b"c0123", "does not fit"),
        (&deep, "it holds no dictionary"),
        (&many, "more than 2097152 instructions"),
        (&twice, "more than 2097152 instructions"),
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
