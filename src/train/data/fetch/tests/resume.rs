//! What has arrived of a file, and when it is gone on with: only where it is the same file.

use std::fs;

use ureq::http::{HeaderMap, HeaderName, HeaderValue};

use super::super::part::DownloadOrigin;
use super::super::sources::{Expected, Length};
use super::archives::{members, tar};
use super::servers::arrived;
use super::*;
use crate::train::data::fixture::Folder;

/// Headers from lines of `NAME: VALUE`.
fn headers(lines: &str) -> HeaderMap {
    let header = |line: &str| {
        let (name, value) = line.split_once(": ").unwrap();
        (name.parse::<HeaderName>().unwrap(), HeaderValue::from_str(value).unwrap())
    };
    lines.lines().map(header).collect()
}

const DATE: &str = "last-modified: Wed, 21 Oct 2015 07:28:00 GMT";

/// A file of which nobody knows what it should be. For each server: what was known of what is there, how much that is,
/// the answers, what is asked for, and whether the file is the old one in the end.
#[test]
fn bytes_of_two_files_are_never_joined() {
    let old = noise();
    let new: Vec<u8> = old.iter().map(|byte| byte ^ 1).collect();
    let rest = |file: &[u8], from: usize, extra: &str| {
        let head = format!("206 Partial Content\r\ncontent-range: bytes {from}-19999/20000{extra}");
        Answer::Raw(answer(&head, &file[from..]))
    };
    let all = |file: &[u8], extra: &str| {
        Answer::Raw(answer(&format!("200 OK\r\ncontent-length: {}{extra}", file.len()), file))
    };
    let longer = Answer::Raw(answer("206 Partial Content\r\ncontent-range: bytes 9000-29999/30000", &new[..]));
    let unchanged = Answer::Raw(answer("304 Not Modified", b""));
    let if_range = "bytes=9000-, if-range \"a\"";
    let if_date = "bytes=9000-, if-range Wed, 21 Oct 2015 07:28:00 GMT";
    let tag = "etag: \"a\"";
    for (case, known, have, answers, asked, is_old) in [
        ("the same", tag, 9000, vec![rest(&old, 9000, "\r\netag: \"a\"")], vec![if_range], true),
        ("says no tag again", tag, 9000, vec![rest(&old, 9000, "")], vec![if_range], true),
        ("the same by its date", DATE, 9000, vec![rest(&old, 9000, &format!("\r\n{DATE}"))], vec![if_date], true),
        ("changed", tag, 9000, vec![all(&new, "\r\netag: \"b\"")], vec![if_range], false),
        (
            "changed, and knows no condition",
            tag,
            9000,
            vec![rest(&new, 9000, "\r\netag: \"b\""), all(&new, "")],
            vec![if_range, ""],
            false,
        ),
        (
            "changed by its date, and knows no condition",
            DATE,
            9000,
            vec![rest(&new, 9000, "\r\nlast-modified: Thu, 22 Oct 2015 07:28:00 GMT"), all(&new, "")],
            vec![if_date, ""],
            false,
        ),
        ("has another length", tag, 9000, vec![longer, all(&new, "")], vec![if_range, ""], false),
        ("no condition is known", "server: x", 9000, vec![all(&new, "")], vec![""], false),
        ("a weak tag", "etag: W/\"a\"", 9000, vec![all(&new, "")], vec![""], false),
        ("whole", tag, 20_000, vec![unchanged.clone()], vec!["if-none-match \"a\""], true),
        (
            "whole by its date",
            DATE,
            20_000,
            vec![unchanged],
            vec!["if-modified-since Wed, 21 Oct 2015 07:28:00 GMT"],
            true,
        ),
        ("whole, and changed", tag, 20_000, vec![all(&new, "")], vec!["if-none-match \"a\""], false),
        (
            "breaks off, and changes meanwhile",
            tag,
            0,
            vec![
                Answer::Raw(answer("200 OK\r\ncontent-length: 20000\r\netag: \"a\"", &old[..9000])),
                all(&new, "\r\netag: \"b\""),
            ],
            vec!["", if_range],
            false,
        ),
        (
            "breaks off without a condition",
            tag,
            0,
            vec![Answer::Raw(answer("200 OK\r\ncontent-length: 20000", &old[..9000])), all(&new, "")],
            vec!["", ""],
            false,
        ),
    ] {
        let folder = Folder::new(&format!("resume-{}", case.replace([' ', ','], "-")));
        let (url, requests) = serve(answers);
        let part = folder.path("part");
        arrived(&part, &old[..have], DownloadOrigin::new(&url, &headers(known), Some(20_000)));
        let result = download(&url, None, &part, PATIENCE, &mut |_| {});
        assert!(result.is_ok(), "{case}: {result:?}");
        assert_eq!(requests.try_iter().collect::<Vec<_>>(), asked, "{case}");
        assert!(fs::read(&part).unwrap() == if is_old { &old[..] } else { &new[..] }, "{case}");
    }
}

/// What is there is of another address, of nobody knows which, or of a record that cannot be read.
#[test]
fn another_address_begins_anew() {
    let file = noise();
    let sum = "0".repeat(64).leak();
    for (case, expected) in
        [("unknown", None), ("known", Some(Expected { length: Length::Exactly(20_000), sha256: sum }))]
    {
        for record in [None, Some("{}"), Some("\u{1b}["), Some("other")] {
            let folder =
                Folder::new(&format!("another-{case}-{record:?}").replace(['"', '\\', '{', '}', '[', '('], "-"));
            let (url, requests) = serve(vec![whole(&file)]);
            let part = folder.path("part");
            arrived(&part, &[1; 9000], DownloadOrigin::new("http://other/file", &headers("etag: \"a\""), Some(20_000)));
            match record {
                None => fs::remove_file(folder.path("part.from")).unwrap(),
                Some("other") => {}
                Some(text) => fs::write(folder.path("part.from"), text).unwrap(),
            }
            let result = download(&url, expected.as_ref(), &part, PATIENCE, &mut |_| {});
            assert_eq!(requests.recv().unwrap(), "", "{case} {record:?}");
            match expected {
                None => assert!(result.is_ok() && fs::read(&part).unwrap() == file, "{case} {record:?}: {result:?}"),
                Some(_) => {
                    assert!(matches!(result, Err(DownloadProblem::Checksum { .. })), "{case} {record:?}: {result:?}")
                }
            }
        }
    }
}

/// A page to log in does not stand for the archive ever after, and neither does half of another mirror's.
#[test]
fn a_wrong_archive_is_not_kept() {
    let folder = Folder::new("wrong-archive");
    let sound = tar(&members());
    let other: Vec<u8> = sound.iter().map(|byte| byte ^ 1).collect();
    let half = format!("200 OK\r\netag: \"a\"\r\ncontent-length: {}", sound.len());
    let half = Answer::Raw(answer(&half, &other[..9000]));
    let (page, _page) = serve(vec![whole(b"<html>log in</html>")]);
    let (broken, _broken) = serve(vec![half]);
    let (good, asked) = serve(vec![whole(&tar(&members()[1..])), whole(&sound)]);
    let mut order = Order { set: DataSet::Cifar10, mirror: None, to: Some(folder.path("set")), patience: PATIENCE };
    let mut attempt = |url: &str| {
        order.mirror = Some(format!("{url}.tar"));
        fetch(&order, &mut |_| {}).map_err(|error| error.to_string())
    };
    let refused = attempt(&page).unwrap_err();
    assert!(refused.contains(&format!("cannot unpack {page}.tar: it is a web page")), "{refused}");
    assert!(!folder.path("set.partial/archive.tar").exists() && !folder.path("set.partial/unpacked").exists());
    let refused = attempt(&broken).unwrap_err();
    // Said of the last of several attempts.
    assert!(refused.contains("cannot get archive.tar"), "{refused}");
    assert!(folder.path("set.partial/archive.tar").exists(), "what has come is kept");
    let refused = attempt(&good).unwrap_err();
    assert!(refused.contains("what has arrived is no cifar10: it has no data_batch_1.bin"), "{refused}");
    assert!(!folder.path("set.partial/archive.tar").exists() && !folder.path("set.partial/unpacked").exists());
    assert_eq!(attempt(&good), Ok(Fetched::Placed(folder.path("set"))));
    assert_eq!(asked.try_iter().collect::<Vec<_>>(), ["", ""]);
}
