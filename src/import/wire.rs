//! The wire format of protocol buffers, as much of it as files of networks and weights take. Nothing is kept of numbers
//! but where they stand.

use std::io::{self, BufReader, Read, Seek, SeekFrom};

/// Where a field's contents are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Field {
    /// A whole number.
    Whole(u64),
    /// Bytes: a message, a text, or packed numbers.
    Bytes { start: u64, length: u64 },
    /// Four bytes.
    Four([u8; 4]),
    /// Eight bytes.
    Eight([u8; 8]),
}

/// A file whose fields are read one after the other.
pub struct Wire<R> {
    file: BufReader<R>,
    at: u64,
    left: u64,
}

/// What is done with each field of a message, which has a number.
pub type Visit<'v, R> = dyn FnMut(&mut Wire<R>, u64, Field) -> Result<(), String> + 'v;

/// Where a file stands that somebody else has read on in.
const NOWHERE: u64 = u64::MAX;

/// Fields that are looked at in a whole file: each blob has a few.
const MOST_FIELDS: u64 = 4_000_000;

impl<R: Read + Seek> Wire<R> {
    pub fn new(file: R) -> Wire<R> {
        Wire { file: BufReader::with_capacity(1 << 12, file), at: 0, left: MOST_FIELDS }
    }

    /// Goes to a place of the file.
    fn seek(&mut self, to: u64) -> Result<(), String> {
        let found = match (self.at, to as i64 - self.at as i64) {
            (NOWHERE, _) => self.file.seek(SeekFrom::Start(to)).map(drop),
            (_, 0) => Ok(()),
            (_, by) => self.file.seek_relative(by),
        };
        self.at = to;
        found.map_err(|error| error.to_string())
    }

    fn bytes<const N: usize>(&mut self) -> Result<[u8; N], String> {
        let mut bytes = [0; N];
        self.file.read_exact(&mut bytes).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => "the file ends within a field".to_string(),
            _ => error.to_string(),
        })?;
        self.at += N as u64;
        Ok(bytes)
    }

    /// A whole number of up to ten bytes.
    fn varint(&mut self) -> Result<u64, String> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let [byte] = self.bytes()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(format!("a number at byte {} does not end", self.at))
    }

    /// The next field of the message that ends at `end`, with its number.
    fn field(&mut self, end: u64) -> Result<(u64, Field), String> {
        self.left = self.left.checked_sub(1).ok_or_else(|| format!("it has more than {MOST_FIELDS} fields"))?;
        let begin = self.at;
        let tag = self.varint()?;
        let field = match tag & 7 {
            0 => Field::Whole(self.varint()?),
            1 => Field::Eight(self.bytes()?),
            5 => Field::Four(self.bytes()?),
            2 => {
                let length = self.varint()?;
                let start = self.at;
                let is_inside = start.checked_add(length).is_some_and(|stop| stop <= end);
                if !is_inside {
                    let room = end.saturating_sub(start);
                    return Err(format!("a field at byte {begin} promises {length} bytes, and {room} are left"));
                }
                Field::Bytes { start, length }
            }
            other => return Err(format!("a field at byte {begin} is of the kind {other}, which there is not")),
        };
        if self.at > end {
            return Err(format!("a field at byte {begin} ends behind the message that holds it"));
        }
        Ok((tag >> 3, field))
    }

    /// Gives every field of the message at these bytes to `each`, which may read others.
    pub fn fields(&mut self, start: u64, length: u64, each: &mut Visit<'_, R>) -> Result<(), String> {
        let end = start.checked_add(length).ok_or("a message ends nowhere")?;
        self.seek(start)?;
        while self.at < end {
            let (number, field) = self.field(end)?;
            let next = match field {
                Field::Bytes { start, length } => start + length,
                _ => self.at,
            };
            each(self, number, field)?;
            self.seek(next)?;
        }
        Ok(())
    }

    /// A text, which must be short.
    pub fn text(&mut self, start: u64, length: u64) -> Result<String, String> {
        const LONGEST: u64 = 1 << 12;
        if length > LONGEST {
            return Err(format!("a name has {length} bytes"));
        }
        self.seek(start)?;
        let mut bytes = vec![0; length as usize];
        self.file.read_exact(&mut bytes).map_err(|error| error.to_string())?;
        self.at += length;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Whole numbers that are packed at these bytes, at most so many.
    pub fn packed(&mut self, start: u64, length: u64, most: usize) -> Result<Vec<u64>, String> {
        self.seek(start)?;
        let mut numbers = Vec::new();
        while self.at < start + length {
            if numbers.len() == most {
                return Err(format!("a list has more than {most} numbers"));
            }
            numbers.push(self.varint()?);
        }
        Ok(numbers)
    }

    /// The bytes from here on.
    pub fn open(&mut self, start: u64) -> Result<&mut impl Read, String> {
        self.seek(start)?;
        // Whoever reads does not say how far.
        self.at = NOWHERE;
        Ok(&mut self.file)
    }
}
