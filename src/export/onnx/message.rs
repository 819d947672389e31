//! Messages of protocol buffers, as far as ONNX needs them: <https://protobuf.dev/programming-guides/encoding/>.
//!
//! Encoded here rather than by a library, whose messages would hold every weight once more: the numbers of a tensor go
//! straight from the weights into the file, and all that a message has to know of them is how many there are.

/// A message in its encoding.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Message(Vec<u8>);

/// How a field is encoded.
const VARINT: u64 = 0;
const DELIMITED: u64 = 2;
const FIXED: u64 = 5;

impl Message {
    pub fn new() -> Message {
        Message::default()
    }

    /// A whole number; negative ones take ten bytes.
    pub fn number(mut self, field: u64, value: i64) -> Message {
        self.varint(field << 3 | VARINT);
        self.varint(value as u64);
        self
    }

    pub fn float(mut self, field: u64, value: f32) -> Message {
        self.varint(field << 3 | FIXED);
        self.0.extend_from_slice(&value.to_le_bytes());
        self
    }

    pub fn text(self, field: u64, text: &str) -> Message {
        self.bytes(field, text.as_bytes())
    }

    pub fn bytes(mut self, field: u64, bytes: &[u8]) -> Message {
        self.begin(field, bytes.len() as u64);
        self.0.extend_from_slice(bytes);
        self
    }

    pub fn message(self, field: u64, message: &Message) -> Message {
        self.bytes(field, &message.0)
    }

    /// The beginning of a field of so many bytes, which follow elsewhere.
    pub fn begin(&mut self, field: u64, length: u64) {
        self.varint(field << 3 | DELIMITED);
        self.varint(length);
    }

    /// More fields behind these.
    pub fn then(mut self, others: &Message) -> Message {
        self.0.extend_from_slice(&others.0);
        self
    }

    fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.0.push(value as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }

    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    pub fn length(&self) -> u64 {
        self.0.len() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::Message;

    /// The examples of the format's own page.
    #[test]
    fn encodes_as_the_format_says() {
        assert_eq!(Message::new().number(1, 150).as_bytes(), [0x08, 0x96, 0x01]);
        assert_eq!(Message::new().text(2, "testing").as_bytes(), b"\x12\x07testing");
        let inner = Message::new().number(1, 150);
        assert_eq!(Message::new().message(3, &inner).as_bytes(), [0x1a, 0x03, 0x08, 0x96, 0x01]);
        assert_eq!(Message::new().number(1, -2).as_bytes()[1..], [0xfe, 255, 255, 255, 255, 255, 255, 255, 255, 1]);
        assert_eq!(Message::new().float(16, 1.0).as_bytes(), [0x85, 0x01, 0, 0, 0x80, 0x3f]);
        let mut begun = Message::new();
        begun.begin(9, 300);
        assert_eq!((begun.as_bytes(), begun.length()), (&[0x4a, 0xac, 0x02][..], 3));
    }
}
