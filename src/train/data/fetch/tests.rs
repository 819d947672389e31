//! Servers on the loopback that misbehave, and archives that do.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder};
use sha2::{Digest, Sha256};

use super::sources::Expected;
use super::*;
use crate::train::data::fixture::Folder;

/// What a server does with one connection, after it has read the request.
#[derive(Debug, Clone)]
enum Answer {
    /// Sends these bytes and hangs up.
    Raw(Vec<u8>),
    /// Sends these bytes, and then nothing.
    Silence(Vec<u8>),
}

/// A status line, headers and a body.
fn answer(head: &str, body: &[u8]) -> Vec<u8> {
    [format!("HTTP/1.1 {head}\r\nconnection: close\r\n\r\n").as_bytes(), body].concat()
}

fn whole(body: &[u8]) -> Answer {
    Answer::Raw(answer(&format!("200 OK\r\ncontent-length: {}", body.len()), body))
}

/// A server with an answer for each connection, the last one for all that follow; its address, and the `range` of each request.
fn serve(answers: Vec<Answer>) -> (String, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/file", listener.local_addr().unwrap());
    let (send, ranges) = channel();
    thread::spawn(move || {
        for (index, stream) in listener.incoming().enumerate() {
            let mut stream = stream.unwrap();
            if send.send(range(&stream)).is_err() {
                return;
            }
            match &answers[index.min(answers.len() - 1)] {
                Answer::Raw(bytes) => drop(stream.write_all(bytes)),
                Answer::Silence(bytes) => {
                    drop(stream.write_all(bytes));
                    thread::spawn(move || {
                        thread::sleep(Duration::from_secs(5));
                        drop(stream);
                    });
                }
            }
        }
    });
    (url, ranges)
}

/// Reads a request; the value of its `range`.
fn range(stream: &TcpStream) -> String {
    let lines = BufReader::new(stream).lines().map_while(Result::ok).take_while(|line| !line.is_empty());
    let headers: Vec<String> = lines.map(|line| line.to_lowercase()).collect();
    headers.iter().find_map(|line| line.strip_prefix("range: ")).unwrap_or("").to_string()
}

const PATIENCE: Patience =
    Patience { silence: Duration::from_millis(300), pause: Duration::from_millis(1), attempts: 3 };

/// For each server: what is there before, its answers, what becomes of it, and the ranges that it is asked for.
#[test]
fn servers_that_misbehave() {
    let file: Vec<u8> = (0..20_000u32).map(|i| (i * i / 7) as u8).collect();
    let hash: String = Sha256::digest(&file).iter().map(|byte| format!("{byte:02x}")).collect();
    let expected = Expected { bytes: file.len() as u64, sha256: hash.leak() };
    let length = format!("200 OK\r\ncontent-length: {}", file.len());
    let cut = |at: usize| Answer::Raw(answer(&length, &file[..at]));
    let rest = |from: usize, claimed: usize| {
        let head = format!(
            "206 Partial Content\r\ncontent-range: bytes {claimed}-19999/20000\r\ncontent-length: {}",
            20_000 - from
        );
        Answer::Raw(answer(&head, &file[from..]))
    };
    let status = |head: &str| Answer::Raw(answer(&format!("{head}\r\ncontent-length: 0"), b""));
    let other: Vec<u8> = file.iter().map(|byte| byte ^ 1).collect();
    let nothing: &[u8] = &[];
    for (case, before, answers, result, ranges) in [
        ("sound", nothing, vec![whole(&file)], Ok(()), vec![""]),
        ("there already", &file, vec![status("500 Oops")], Ok(()), vec![]),
        ("cut off, goes on", nothing, vec![cut(7000), rest(7000, 7000)], Ok(()), vec!["", "bytes=7000-"]),
        ("broke off before", &file[..9000], vec![rest(9000, 9000)], Ok(()), vec!["bytes=9000-"]),
        ("knows no ranges", &file[..9000], vec![whole(&file)], Ok(()), vec!["bytes=9000-"]),
        ("sends another range", &file[..9000], vec![rest(8000, 8000), whole(&file)], Ok(()), vec!["bytes=9000-", ""]),
        (
            "has a shorter file at first",
            &file[..9000],
            vec![status("416 Range Not Satisfiable"), whole(&file)],
            Ok(()),
            vec!["bytes=9000-", ""],
        ),
        (
            "what is there is of another file",
            &other[..9000],
            vec![rest(9000, 9000), whole(&file)],
            Ok(()),
            vec!["bytes=9000-", ""],
        ),
        (
            "always cut off",
            nothing,
            vec![cut(7000), rest(20_000, 7000)],
            Err("ended after 7000 of 20000 bytes"),
            vec!["", "bytes=7000-", "bytes=7000-"],
        ),
        (
            "silent in the middle",
            nothing,
            vec![Answer::Silence(answer(&length, &file[..5000])), rest(5000, 5000)],
            Ok(()),
            vec!["", "bytes=5000-"],
        ),
        ("always silent", nothing, vec![Answer::Silence(Vec::new())], Err("timeout"), vec!["", "", ""]),
        (
            "promises less",
            nothing,
            vec![Answer::Raw(answer("200 OK\r\ncontent-length: 100", &file))],
            Err("this is another file: it has 100 bytes, not 20000"),
            vec![""],
        ),
        (
            "promises more",
            nothing,
            vec![Answer::Raw(answer("200 OK\r\ncontent-length: 30000", &[&file[..], &file].concat()))],
            Err("it has 30000 bytes, not 20000"),
            vec![""],
        ),
        (
            "never ends",
            nothing,
            vec![Answer::Raw(answer("200 OK", &[7; 300_000]))],
            Err("more than the 20000"),
            vec![""],
        ),
        ("another file", nothing, vec![whole(&other)], Err("this is another file: its SHA-256 is "), vec![""]),
        ("speaks no HTTP", nothing, vec![Answer::Raw(b"220 ftp ready\r\n".repeat(10))], Err(""), vec!["", "", ""]),
        ("hangs up", nothing, vec![Answer::Raw(Vec::new())], Err(""), vec!["", "", ""]),
        ("has it not", nothing, vec![status("404 Not Found")], Err("the server answers 404 Not Found"), vec![""]),
        (
            "is busy at first",
            nothing,
            vec![status("503 Service Unavailable"), status("429 Too Many Requests"), whole(&file)],
            Ok(()),
            vec!["", "", ""],
        ),
    ] {
        let folder = Folder::new(&format!("download-{}", case.replace([' ', ','], "-")));
        let part = folder.write("part", before);
        let (url, asked) = serve(answers);
        let found = download(&url, Some(&expected), &part, PATIENCE, &mut |_| {});
        match (&found, result) {
            (Ok(()), Ok(())) => assert!(fs::read(&part).unwrap() == file, "{case}: the file is another"),
            (Err(problem), Err(text)) => assert!(problem.to_string().contains(text), "{case}: {problem}"),
            _ => panic!("{case}: {found:?}"),
        }
        assert_eq!(asked.try_iter().collect::<Vec<_>>(), ranges, "{case}");
        if let Err(Problem::Checksum { .. } | Problem::TooLong(_)) = found {
            assert_eq!(fs::metadata(&part).unwrap().len(), 0, "{case}: nothing wrong stays");
        }
    }
    // Nobody listens.
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let folder = Folder::new("download-nobody");
    let found = download(&format!("http://{address}/x"), None, &folder.path("part"), PATIENCE, &mut |_| {});
    assert!(matches!(found, Err(Problem::Broken(_))), "{found:?}");
}

/// CIFAR-10's files with one image each, and a file more.
fn members() -> Vec<(String, Vec<u8>)> {
    let record = |label: u8| [&[label][..], &[9; 3072]].concat();
    let batch = |number: u8| (format!("cifar-10-batches-bin/data_batch_{number}.bin"), record(number));
    let mut members: Vec<_> = (1..=5).map(batch).collect();
    members.push(("cifar-10-batches-bin/test_batch.bin".to_string(), record(0)));
    members.push(("cifar-10-batches-bin/readme.html".to_string(), b"<html>".to_vec()));
    members
}

fn tar(members: &[(String, Vec<u8>)]) -> Vec<u8> {
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

/// For each archive, what is said of it; nothing if the set is in its place afterwards.
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
        ("bomb", ".tar.gz", bomb, "`data_batch_1.bin` in it is longer than 268435456 bytes"),
        ("damaged", ".zip", zip(&sound, 1), "is damaged"),
        ("cut off", ".tar.gz", gzip(&tar(&sound))[..200].to_vec(), "cannot unpack"),
        ("no zip", ".zip", b"<html>not found</html>".to_vec(), "cannot unpack"),
        (
            "one is missing",
            ".tar",
            tar(&sound[1..]),
            "what has arrived is no cifar10: the data set cifar10 is not there",
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

#[test]
fn orders_that_cannot_be_carried_out() {
    let folder = Folder::new("orders");
    folder.write("taken/notes.txt", b"mine");
    fs::create_dir_all(folder.path("busy.partial/x").parent().unwrap()).unwrap();
    let lock = File::create(folder.path("busy.partial/lock")).unwrap();
    lock.lock().unwrap();
    for (set, mirror, to, expected) in [
        (DataSet::Digits, None, "new", "there is nothing to fetch"),
        (DataSet::Folder, None, "new", "a folder of images is your own"),
        (DataSet::Mnist, Some("ftp://example.org"), "new", "`ftp://example.org` is no address"),
        (DataSet::Mnist, Some("example.org"), "new", "`example.org` is no address"),
        (DataSet::Mnist, None, "taken", "is there already, but is no sound mnist"),
        (DataSet::Mnist, Some("http://127.0.0.1:9"), "busy", "another archc is at work"),
    ] {
        let order = Order { set, mirror: mirror.map(String::from), to: Some(folder.path(to)), patience: PATIENCE };
        let error = fetch(&order, &mut |_| {}).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
        assert!(!folder.path("new").exists());
    }
}

/// What every set has on its servers.
#[test]
fn sources_are_whole() {
    for set in [DataSet::Mnist, DataSet::FashionMnist, DataSet::Cifar10, DataSet::Cifar100] {
        let source = source(set).unwrap();
        for file in source.downloads(source.homes) {
            let expected = file.expected.unwrap();
            assert!(expected.sha256.len() == 64 && expected.sha256.bytes().all(|byte| byte.is_ascii_hexdigit()));
            assert!(file.urls.iter().all(|url| url.ends_with(&format!("/{}", file.name)) && !url.contains("org//")));
            let member = file.name.strip_suffix(".gz").is_none_or(|name| source.members.contains(&name));
            assert!(member || file.name.ends_with(".tar.gz"), "{}", file.name);
        }
    }
}
