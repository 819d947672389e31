//! Servers that misbehave, with a file of which its sum is known.

use std::fs;
use std::net::TcpListener;

use sha2::{Digest, Sha256};
use ureq::http::HeaderMap;

use super::super::part::{DownloadOrigin, PartialFile};
use super::super::sources::{Expected, Length};
use super::*;
use crate::train::data::fixture::Folder;

/// Makes the file that an earlier download has left.
pub fn arrived(path: &Path, bytes: &[u8], origin: DownloadOrigin) {
    let mut part = PartialFile::open(path).unwrap();
    part.begin(origin).unwrap();
    part.append(bytes).unwrap();
}

/// For each server: what is there before, its answers, what becomes of it, and the ranges that it is asked for.
#[test]
fn servers_that_misbehave() {
    let file = noise();
    let hash: String = Sha256::digest(&file).iter().map(|byte| format!("{byte:02x}")).collect();
    let expected = Expected { length: Length::Exactly(file.len() as u64), sha256: hash.leak() };
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
    let chunked = |body: &[u8]| answer("200 OK\r\ntransfer-encoding: chunked", body);
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
        (
            "is too slow",
            nothing,
            vec![Answer::Drip(answer(&length, &file[..5000]), b"\x07")],
            Err("the server is too slow: "),
            vec!["", "bytes=", "bytes="],
        ),
        (
            "sends one byte after the other, each with its length",
            nothing,
            vec![Answer::Drip(chunked(&[]), b"1\r\nx\r\n")],
            Err("the server is too slow: "),
            vec!["", "bytes=", "bytes="],
        ),
        (
            "says more and more about what it is going to send",
            nothing,
            vec![Answer::Drip(chunked(b"5;"), b"x")],
            Err("the server is too slow: "),
            vec!["", "", ""],
        ),
        (
            "says more and more about what it has sent",
            nothing,
            vec![Answer::Drip(chunked(&[b"1388\r\n", &file[..5000], b"\r\n0\r\nx: "].concat()), b"x")],
            Err(""),
            vec!["", "bytes=", "bytes="],
        ),
        (
            "is too slow from the beginning",
            nothing,
            vec![Answer::Drip(b"HTTP/1.1 200 OK\r\nx: ".to_vec(), b"x")],
            Err("timeout"),
            vec!["", "", ""],
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
        let (url, asked) = serve(answers);
        let part = folder.path("part");
        arrived(&part, before, DownloadOrigin::new(&url, &HeaderMap::new(), Some(20_000)));
        let found = download(&url, Some(&expected), &part, PATIENCE, &mut |_| {});
        match (&found, result) {
            (Ok(()), Ok(())) => assert!(fs::read(&part).unwrap() == file, "{case}: the file is another"),
            (Err(problem), Err(text)) => assert!(problem.to_string().contains(text), "{case}: {problem}"),
            _ => panic!("{case}: {found:?}"),
        }
        let asked: Vec<String> = asked.try_iter().collect();
        let alike = |(asked, range): (&String, &&str)| {
            if range.ends_with('=') { asked.starts_with(range) } else { asked == range }
        };
        assert!(asked.len() == ranges.len() && asked.iter().zip(&ranges).all(alike), "{case}: {asked:?}");
        if let Err(DownloadProblem::Checksum { .. } | DownloadProblem::TooLong(_)) = found {
            assert_eq!(fs::metadata(&part).unwrap().len(), 0, "{case}: nothing wrong stays");
        }
    }
    // Nobody listens.
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let folder = Folder::new("download-nobody");
    let found = download(&format!("http://{address}/x"), None, &folder.path("part"), PATIENCE, &mut |_| {});
    assert!(matches!(found, Err(DownloadProblem::Broken(_))), "{found:?}");
}
