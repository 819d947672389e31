//! Files that are no weights: what they are.

use super::*;

#[test]
fn what_a_file_is_instead_is_said() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("weights.pth");
    let tar = [&b"weights.bin"[..], &[0; 246], b"ustar\x0000", &[0; 300]].concat();
    let zip = std::fs::read(fixture("plain.pth")).expect("a fixture");
    let old = std::fs::read(fixture("old.pth")).expect("a fixture");
    let safetensors = |header: u64, text: &[u8]| [&header.to_le_bytes()[..], text].concat();
    let cut = r#"{"w":{"dtype":"F32","shape":[9],"data_offsets":[0,36]}}"#;
    for (bytes, expected) in [
        (&b""[..], "it is empty"),
        (b"this is no checkpoint\nat all", "it is a text, which begins with `this is no checkpoint`"),
        (b"{\"epoch\": 3}", "it is a text, which begins with `{\"epoch\": 3}`"),
        (b"7.5\n", "it is a text"),
        ("größe\n".as_bytes(), "it is a text, which begins with `größe`"),
        (b"\xef\xbb\xbf\n <!DOCTYPE html>\n<title>Log in</title>", "it is an HTML page"),
        (b"<html><body>404</body></html>", "it is an HTML page"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 2\n", "it is a Git LFS pointer"),
        (b"\x1f\x8b\x08\0\0\0\0\0", "it is compressed with gzip"),
        (b"BZh91AY&SY", "it is compressed with bzip2"),
        (b"\xfd7zXZ\0\0\x04", "it is compressed with xz"),
        (&tar, "it is a tar archive"),
        (b"\x89HDF\r\n\x1a\n\0", "it is an HDF5 file, as Keras writes"),
        (b"\x93NUMPY\x01\0", "it is an array of numpy"),
        (b"\x89PNG\r\n\x1a\n", "it is a picture (PNG)"),
        (&[0; 5000], "it is full of zeros at its beginning"),
        (&[0xde, 0xad, 0xbe, 0xef, 0, 1, 2, 3, 4], "it begins with the bytes de ad be ef 00 01 02 03"),
        (&zip[..zip.len() / 2], "a zip archive, as of PyTorch, that is cut off or damaged"),
        (&zip[..4], "a zip archive, as of PyTorch, that is cut off or damaged"),
        (b"PK\x05\x06", "a zip archive, as of PyTorch, that is cut off or damaged"),
        (&old[..old.len() / 2], "it is a pickle, as of PyTorch before 1.6, that is broken: the file is cut off"),
        (&old[..old.len() - 3], "it is cut off: its storages begin at byte"),
        (b"\x80\x02]q\x00(K\x01K\x02e.", "it is a pickle of Python, but not of PyTorch: it holds a list of 2 values"),
        (b"\x80\x04\x95\x02\0\0\0\0\0\0\0N.", "it is a pickle of Python, but not of PyTorch: it holds None"),
        (&safetensors(1000, b"{\"w\":"), "it is cut off: its header alone has 1000 bytes, the file 13"),
        (&safetensors(55, cut.as_bytes()), "it is cut off: its header promises 36 bytes of numbers, and it has 0"),
    ] {
        std::fs::write(&path, bytes).expect("room on the disk");
        let message = read(&path).expect_err(expected).to_string();
        assert!(message.contains(expected) && message.contains("weights.pth: "), "{message}, not {expected}");
    }
}

#[test]
fn what_is_no_file_is_not_read() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (path, expected) in [
        (folder.path().join("none.pth"), "cannot read"),
        (folder.path().to_owned(), "it is a folder"),
        (PathBuf::from("/dev/zero"), "it is no regular file"),
    ] {
        let message = read(&path).expect_err(expected).to_string();
        assert!(message.contains(expected), "{message}, not {expected}");
    }
}
