//! Archives that are not what they should be.

use std::fs;
use std::io::Write;

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder};
use tar::EntryType;

use super::*;
use crate::train::data::fixture::Folder;

/// CIFAR-10's files with one image each, and a file more.
pub fn members() -> Vec<(String, Vec<u8>)> {
    let record = |label: u8| [&[label][..], &[9; 3072]].concat();
    let batch = |number: u8| (format!("cifar-10-batches-bin/data_batch_{number}.bin"), record(number));
    let mut members: Vec<_> = (1..=5).map(batch).collect();
    members.push(("cifar-10-batches-bin/test_batch.bin".to_string(), record(0)));
    members.push(("cifar-10-batches-bin/readme.html".to_string(), b"<html>".to_vec()));
    members
}

pub fn tar(members: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    for (name, bytes) in members {
        let mut header = tar::Header::new_gnu();
        // As it stands there: the builder itself refuses `..`.
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_size(bytes.len() as u64);
        header.set_entry_type(if bytes.is_empty() { tar::EntryType::Symlink } else { tar::EntryType::Regular });
        header.set_cksum();
        archive.append(&header, bytes.as_slice()).unwrap();
    }
    archive.into_inner().unwrap()
}

/// A header of a tar archive with what follows it.
fn preface(kind: EntryType, bytes: &[u8]) -> Vec<u8> {
    let mut header = tar::Header::new_gnu();
    header.set_path("cifar-10-batches-bin/data_batch_1.bin").unwrap();
    header.set_size(bytes.len() as u64);
    header.set_entry_type(kind);
    header.set_cksum();
    let padding = vec![0; bytes.len().next_multiple_of(512) - bytes.len()];
    [header.as_bytes(), bytes, &padding].concat()
}

/// As [`tar`], but every name stands before the file's header, which has another.
fn named(members: &[(String, Vec<u8>)], kind: EntryType, name: &dyn Fn(&str) -> Vec<u8>) -> Vec<u8> {
    let member = |(path, bytes): &(String, Vec<u8>)| {
        let path = format!("{}/{path}", "a".repeat(200));
        [
            preface(kind, &name(&path)),
            tar(&[("short".to_string(), bytes.clone())])[..512 + bytes.len().next_multiple_of(512)].to_vec(),
        ]
        .concat()
    };
    members.iter().flat_map(member).collect()
}

/// What pax says of a name.
fn pax(name: &str) -> Vec<u8> {
    let rest = format!(" path={name}\n");
    let digits = |length: usize| length.to_string().len();
    let length = (1..).map(|digits| digits + rest.len()).find(|length| digits(*length) + rest.len() == *length);
    [b"13 comment=x\n", format!("{}{rest}", length.unwrap()).as_bytes()].concat()
}

/// A name that is a gigabyte long, packed.
fn gigabyte(kind: EntryType) -> Vec<u8> {
    let mut header = tar::Header::new_gnu();
    header.set_size(1 << 30);
    header.set_entry_type(kind);
    header.set_cksum();
    gzip(&[header.as_bytes(), &[b'a'; 4096][..]].concat())
}

/// A zip file whose first member has another length than its index says.
fn promising(length: u32) -> Vec<u8> {
    let mut file = zip(&members(), 0);
    let directory = file.windows(4).position(|window| window == b"PK\x01\x02").unwrap();
    file[directory + 24..directory + 28].copy_from_slice(&length.to_le_bytes());
    file
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(bytes).unwrap();
    packed.finish().unwrap()
}

/// A zip file, deflated; `damage` is added to each checksum. Source: PKWARE's APPNOTE.TXT.
fn zip(members: &[(String, Vec<u8>)], damage: u32) -> Vec<u8> {
    let (mut file, mut directory) = (Vec::new(), Vec::new());
    for (name, bytes) in members {
        let mut packed = DeflateEncoder::new(Vec::new(), Compression::fast());
        packed.write_all(bytes).unwrap();
        let packed = packed.finish().unwrap();
        let mut crc = flate2::Crc::new();
        crc.update(bytes);
        let mut entry = vec![20, 0, 0, 0, 8, 0, 0, 0, 0, 0];
        for number in [crc.sum().wrapping_add(damage), packed.len() as u32, bytes.len() as u32] {
            entry.extend(number.to_le_bytes());
        }
        entry.extend((name.len() as u16).to_le_bytes());
        entry.extend([0, 0]);
        let start = (file.len() as u32).to_le_bytes();
        directory.extend([&b"PK\x01\x02\x14\x00"[..], &entry, &[0; 10], &start, name.as_bytes()].concat());
        file.extend([&b"PK\x03\x04"[..], &entry, name.as_bytes(), &packed].concat());
    }
    let count = (members.len() as u16).to_le_bytes();
    let (length, start) = ((directory.len() as u32).to_le_bytes(), (file.len() as u32).to_le_bytes());
    file.extend([&directory[..], b"PK\x05\x06\0\0\0\0", &count, &count, &length, &start, &[0; 2]].concat());
    file
}

/// For each archive, what is said about it; nothing if the set is in its place afterwards.
#[test]
fn archives_that_misbehave() {
    let sound = members();
    let with = |name: &str, bytes: &[u8]| {
        let mut members = members();
        members.push((name.to_string(), bytes.to_vec()));
        members
    };
    let renamed = |from: &str, to: &str| -> Vec<_> {
        members().into_iter().map(|(name, bytes)| (name.replace(from, to), bytes)).collect()
    };
    let bomb = {
        // A member of 300 MB of zeros, packed.
        let mut header = tar::Header::new_gnu();
        header.set_path("data_batch_1.bin").unwrap();
        header.set_size(300 << 20);
        header.set_cksum();
        let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
        packed.write_all(header.as_bytes()).unwrap();
        (0..300).for_each(|_| packed.write_all(&[0; 1 << 20]).unwrap());
        packed.finish().unwrap()
    };
    for (case, ending, archive, expected) in [
        ("tar", ".tar", tar(&sound), ""),
        ("tar.gz", ".tar.gz", gzip(&tar(&sound)), ""),
        ("zip", ".zip", zip(&sound, 0), ""),
        ("query", ".tgz?token=1", gzip(&tar(&sound)), ""),
        ("up", ".tar", tar(&renamed("cifar-10-batches-bin", "../../..")), ""),
        ("absolute", ".tar.gz", gzip(&tar(&renamed("cifar-10-batches-bin", "/tmp/archc-escaped"))), ""),
        ("backslashes", ".zip", zip(&renamed("cifar-10-batches-bin/", "..\\..\\"), 0), ""),
        ("evil neighbour", ".zip", zip(&with("../../evil", b"evil"), 0), ""),
        ("link", ".tar", tar(&with("cifar-10-batches-bin/data_batch_1.bin", b"")), ""),
        ("twice", ".tar", tar(&with("again/data_batch_1.bin", b"x")), "it has `data_batch_1.bin` twice"),
        ("bomb", ".tar.gz", bomb, "`data_batch_1.bin` in it is longer than 67108864 bytes"),
        ("damaged", ".zip", zip(&sound, 1), "is damaged"),
        ("cut off", ".tar.gz", gzip(&tar(&sound))[..200].to_vec(), "cannot unpack"),
        ("no zip", ".zip", b"\n<html>log in</html>".to_vec(), "cannot unpack http://127.0.0.1:"),
        ("a page", ".tar.gz", b"<!doctype html>".to_vec(), "it is a web page"),
        ("a pointer", ".tar", b"version https://git-lfs.github.com/spec/v1\n".to_vec(), "it is a pointer of Git LFS"),
        ("a message", ".tgz", b"quota exceeded".to_vec(), "it is a text"),
        ("nothing", ".tar", Vec::new(), "it is an empty file"),
        ("another packing", ".tar.gz", zip(&sound, 0), "it is a zip file"),
        ("not packed", ".tar.gz", tar(&sound), "it is a tar file"),
        ("long name", ".tar", named(&sound, EntryType::GNULongName, &|name| format!("{name}\0").into_bytes()), ""),
        ("long pax name", ".tar", named(&sound, EntryType::XHeader, &pax), ""),
        (
            "long link and globals",
            ".tar",
            [preface(EntryType::GNULongLink, b"x"), preface(EntryType::XGlobalHeader, &pax("x")), tar(&sound)].concat(),
            "",
        ),
        ("a name of a gigabyte", ".tar.gz", gigabyte(EntryType::GNULongName), "1073741824 bytes before a file"),
        ("pax of a gigabyte", ".tar.gz", gigabyte(EntryType::XHeader), "1073741824 bytes before a file"),
        (
            "pax that lies",
            ".tar",
            [preface(EntryType::XHeader, b"99999999999999999999 path=x\n"), tar(&sound)].concat(),
            "",
        ),
        ("hard link", ".tar", [preface(EntryType::Link, b""), tar(&sound)].concat(), ""),
        (
            "cut off in a file",
            ".tar",
            tar(&sound)[..2000].to_vec(),
            "`data_batch_1.bin` in it is to have 3073 bytes, and 1488 follow",
        ),
        ("promises less", ".zip", promising(3000), "`data_batch_1.bin` in it is to have 3000 bytes, and more follow"),
        ("promises more", ".zip", promising(4000), "is to have 4000 bytes, and 3073 follow"),
        ("promises much more", ".zip", promising(u32::MAX - 1), "is longer than 67108864 bytes"),
        (
            "one is missing",
            ".tar",
            tar(&sound[1..]),
            "what has arrived is no cifar10: it has no data_batch_1.bin or data_batch_1",
        ),
        ("a batch is cut", ".zip", zip(&renamed("data_batch_5.bin", "readme"), 0), "what has arrived is no cifar10"),
    ] {
        let folder = Folder::new(&format!("archive-{}", case.replace(' ', "-")));
        let (url, _asked) = serve(vec![whole(&archive)]);
        let to = folder.path("sets/cifar10");
        let order = Order {
            set: DataSet::Cifar10,
            mirror: Some(format!("{url}{ending}")),
            to: Some(to.clone()),
            patience: PATIENCE,
        };
        let found = fetch(&order, &mut |_| {});
        let left: Vec<String> = fs::read_dir(folder.path("sets"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        match found {
            Ok(fetched) => {
                assert_eq!(
                    (fetched, expected, left),
                    (Fetched::Placed(to.clone()), "", vec!["cifar10".to_string()]),
                    "{case}"
                );
                assert_eq!(fs::read_dir(&to).unwrap().count(), 6, "{case}: only the set's files");
                assert_eq!(fetch(&order, &mut |_| {}).unwrap(), Fetched::WasThere(to));
            }
            Err(error) => {
                assert!(!expected.is_empty() && error.to_string().contains(expected), "{case}: {error}");
                assert_eq!(left, ["cifar10.partial"], "{case}: no half of a set is in its place");
            }
        }
        assert!(!folder.path("evil").exists() && !Path::new("/tmp/archc-escaped").exists());
    }
}
