//! Messages of the protocol from a stream of bytes.
//!
//! The crate's own reader takes memory for whatever length a header claims, and ends at the first message that is no
//! JSON. This one refuses what is too long, and says so.

use std::io::{self, BufRead, Read};
use std::sync::mpsc::{Receiver, sync_channel};
use std::thread;

use lsp_server::Message;

/// What comes from the editor.
#[derive(Debug)]
pub enum Arrival {
    /// A message.
    Message(Box<Message>),
    /// Bytes that are none, and why.
    Malformed(String),
}

/// The longest message that is read: a document may have 32 MB, and JSON writes some characters as six.
const LONGEST: usize = 256 << 20;

/// The longest line of a header.
const LONGEST_LINE: u64 = 1 << 12;

/// So many messages wait before the editor has to.
const MOST_WAITING: usize = 1 << 10;

/// Reads messages on a thread of its own, until the stream ends or the editor says that it leaves.
pub fn read_from(mut input: impl BufRead + Send + 'static) -> Receiver<Arrival> {
    let (sender, receiver) = sync_channel(MOST_WAITING);
    thread::spawn(move || {
        while let Ok(Some(arrival)) = read(&mut input) {
            let ends = matches!(&arrival, Arrival::Message(message) if is_exit(message));
            if sender.send(arrival).is_err() || ends {
                break;
            }
        }
    });
    receiver
}

fn is_exit(message: &Message) -> bool {
    matches!(message, Message::Notification(notification) if notification.method == "exit")
}

/// The next message; `None` at the end.
fn read(input: &mut impl BufRead) -> io::Result<Option<Arrival>> {
    let mut length = None;
    loop {
        let mut line = Vec::new();
        if input.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line)? == 0 {
            return Ok(None);
        }
        let line = String::from_utf8_lossy(&line);
        let line = line.trim_end_matches(['\r', '\n']);
        if line.is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse::<usize>().ok();
        }
    }
    let Some(length) = length else {
        return Ok(Some(Arrival::Malformed("a message needs the header Content-Length".to_string())));
    };
    if length > LONGEST {
        // What follows is skipped, so that the next message is found.
        io::copy(&mut input.by_ref().take(length as u64), &mut io::sink())?;
        return Ok(Some(Arrival::Malformed(format!("a message of {length} bytes; at most {LONGEST} are read"))));
    }
    let mut body = Vec::new();
    if input.by_ref().take(length as u64).read_to_end(&mut body)? < length {
        return Ok(None);
    }
    Ok(Some(match serde_json::from_slice(&body) {
        Ok(message) => Arrival::Message(Box::new(message)),
        Err(error) => Arrival::Malformed(format!("this is no message: {error}")),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arrivals(text: &str) -> Vec<String> {
        let word = |arrival: Arrival| match arrival {
            Arrival::Message(message) => match *message {
                Message::Request(request) => request.method,
                Message::Notification(notification) => notification.method,
                Message::Response(_) => "response".to_string(),
            },
            Arrival::Malformed(why) => why,
        };
        read_from(io::Cursor::new(text.to_string())).into_iter().map(word).collect()
    }

    #[test]
    fn reads_what_is_whole_and_says_what_is_not() {
        let framed = |body: &str| format!("Content-Length: {}\r\n\r\n{body}", body.len());
        let request = framed(r#"{"jsonrpc":"2.0","id":1,"method":"shutdown"}"#);
        let notification = framed(r#"{"jsonrpc":"2.0","method":"initialized","params":{}}"#);
        let exit = framed(r#"{"jsonrpc":"2.0","method":"exit"}"#);
        assert_eq!(arrivals(&(request.clone() + &notification)), ["shutdown", "initialized"]);
        assert_eq!(arrivals(&(exit + &request)), ["exit"], "nothing comes after it");
        assert_eq!(arrivals(&format!("content-length:{}\n\n{}", 2, "[]{")).len(), 1);
        assert_eq!(arrivals(&request[..request.len() - 3]), [""; 0], "the stream ended within it");
        assert_eq!(arrivals("\r\n"), ["a message needs the header Content-Length"]);
        let long = arrivals(&(format!("Content-Length: {}\r\n\r\n", usize::MAX) + &request));
        assert_eq!(long.len(), 1, "what it claims to have is skipped: {long:?}");
        let mixed = arrivals(&(framed("{oh}") + &request));
        assert!(mixed[0].starts_with("this is no message: ") && mixed[1] == "shutdown", "{mixed:?}");
        assert_eq!(arrivals(&"x".repeat(10_000)), [""; 0]);
    }
}
