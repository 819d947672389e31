//! Servers on the loopback that misbehave, archives that do, and places where no data set can go.

mod archives;
mod places;
mod resume;
mod servers;

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use super::*;

/// What a server does with one connection, after it has read the request.
#[derive(Debug, Clone)]
enum Answer {
    /// Sends these bytes and hangs up.
    Raw(Vec<u8>),
    /// Sends these bytes, and then nothing.
    Silence(Vec<u8>),
    /// Sends these bytes, and then these few again and again, for as long as somebody listens.
    Drip(Vec<u8>, &'static [u8]),
}

/// A status line, headers and a body.
fn answer(head: &str, body: &[u8]) -> Vec<u8> {
    [format!("HTTP/1.1 {head}\r\nconnection: close\r\n\r\n").as_bytes(), body].concat()
}

fn whole(body: &[u8]) -> Answer {
    Answer::Raw(answer(&format!("200 OK\r\ncontent-length: {}", body.len()), body))
}

/// A server with an answer for each connection, the last one for all that follow; its address, and what each request
/// asks for, see [`asks`].
fn serve(answers: Vec<Answer>) -> (String, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/file", listener.local_addr().unwrap());
    let (send, asked) = channel();
    thread::spawn(move || {
        for (index, stream) in listener.incoming().enumerate() {
            let mut stream = stream.unwrap();
            if send.send(asks(&stream)).is_err() {
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
                Answer::Drip(bytes, few) => {
                    let few = *few;
                    drop(stream.write_all(bytes));
                    thread::spawn(move || {
                        while stream.write_all(few).is_ok() {
                            thread::sleep(Duration::from_millis(5));
                        }
                    });
                }
            }
        }
    });
    (url, asked)
}

/// Reads a request: the value of its `range`, and the condition that stands with it, if there is one.
fn asks(stream: &TcpStream) -> String {
    let lines = BufReader::new(stream).lines().map_while(Result::ok).take_while(|line| !line.is_empty());
    let headers: Vec<String> = lines.collect();
    let value = |name: &str| {
        let of = |line: &String| {
            Some(line.split_once(": ")?.1.to_string()).filter(|_| line.to_lowercase().starts_with(name))
        };
        headers.iter().find_map(of)
    };
    let conditions = ["if-range", "if-none-match", "if-modified-since"];
    let conditions = conditions.iter().filter_map(|name| Some(format!("{name} {}", value(name)?)));
    value("range").into_iter().chain(conditions).collect::<Vec<_>>().join(", ")
}

const PATIENCE: Patience = Patience {
    silence: Duration::from_millis(300),
    pause: Duration::from_millis(1),
    attempts: 3,
    window: Duration::from_millis(200),
    least: 1000,
};

/// A file that is no archive.
fn noise() -> Vec<u8> {
    (0..20_000u32).map(|i| (i * i / 7) as u8).collect()
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
