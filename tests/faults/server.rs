//! A server on the loopback that has one file, and sends the rest of it to whoever has its beginning.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

/// Tells the file from any other.
const TAG: &str = "\"1\"";

/// Serves `file` until the process ends, under every name; the server's address.
pub fn serve(file: Vec<u8>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("the loopback is there");
    let address = format!("http://{}", listener.local_addr().expect("it listens"));
    let file = Arc::new(file);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let file = Arc::clone(&file);
            // Whoever asked may have been killed.
            thread::spawn(move || drop(answer(stream, &file)));
        }
    });
    address
}

fn answer(mut stream: TcpStream, file: &[u8]) -> std::io::Result<()> {
    let (mut start, mut is_known) = (0, false);
    for line in BufReader::new(&stream).lines() {
        let line = line?.to_lowercase();
        match line.split_once(": ") {
            Some(("range", range)) => {
                start =
                    range.strip_prefix("bytes=").and_then(|range| range.strip_suffix('-')?.parse().ok()).unwrap_or(0);
            }
            Some(("if-none-match", tag)) => is_known = tag == TAG,
            _ if line.is_empty() => break,
            _ => {}
        }
    }
    let (length, rest) = (file.len(), &file[start.min(file.len())..]);
    let status = match start {
        _ if is_known => "304 Not Modified".to_owned(),
        0 => "200 OK".to_owned(),
        _ => format!("206 Partial Content\r\ncontent-range: bytes {start}-{}/{length}", length - 1),
    };
    let body = if is_known { &[] } else { rest };
    let head =
        format!("HTTP/1.1 {status}\r\netag: {TAG}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
    stream.write_all(head.as_bytes())?;
    stream.write_all(body)
}
