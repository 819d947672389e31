//! The curves of a run for TensorBoard: `tensorboard --logdir runs`.
//!
//! A file of records, each with its length and checksums around an `Event` in protocol buffers' encoding:
//!
//! ```text
//! length: u64   crc(length): u32   data   crc(data): u32                                  little-endian
//! Event { 1: wall_time: double, 2: step: int64, 3: file_version: string | 5: Summary }
//! Summary { 1: repeated Value { 1: tag: string, 2: simple_value: float } }
//! ```
//!
//! Sources: tensorflow/core/lib/io/record_writer.h, tensorflow/core/util/event.proto,
//! tensorflow/core/framework/summary.proto.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::regular;

/// The file's name; TensorBoard asks for `tfevents` in it.
pub const FILE: &str = "events.out.tfevents.archc";

/// More than so many bytes are not kept.
const LONGEST: u64 = 1 << 30;

/// What the first event of every file says.
const VERSION: &str = "brain.Event:2";

/// A run's file, open for more events.
#[derive(Debug)]
pub struct Events(File);

impl Events {
    /// Opens the file of a run that has done so many steps, creates it if need be, and removes all later events.
    ///
    /// # Errors
    /// If it cannot be read or written.
    pub fn open(folder: &Path, steps: u64) -> io::Result<Events> {
        let path = folder.join(FILE);
        let mut file = regular::open_own(&path)?;
        let mut bytes = Vec::new();
        (&mut file).take(LONGEST).read_to_end(&mut bytes)?;
        let kept = kept(&bytes, steps);
        file.set_len(kept as u64)?;
        file.seek(SeekFrom::End(0))?;
        if kept == 0 {
            file.write_all(&record(&first(now())))?;
        }
        Ok(Events(file))
    }

    /// Adds the values that curves have after so many steps. What is not finite is left out.
    ///
    /// # Errors
    /// If the disk is full.
    pub fn add(&mut self, step: u64, values: &[(&str, f64)]) -> io::Result<()> {
        self.0.write_all(&record(&event(now(), step, values)))
    }

    /// Waits until everything is on the disk.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn sync(&self) -> io::Result<()> {
        self.0.sync_data()
    }
}

/// Seconds since 1970. TensorBoard draws curves over this, if asked.
fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |time| time.as_secs_f64())
}

/// How many of the bytes are whole records of events up to a step.
fn kept(bytes: &[u8], steps: u64) -> usize {
    let mut at = 0;
    while let Some(data) = data(&bytes[at..]) {
        let expected = if at == 0 { 0..=0 } else { 0..=steps };
        if !step(data).is_some_and(|step| expected.contains(&step)) {
            break;
        }
        at += data.len() + 16;
    }
    at
}

/// What the record at the beginning of `bytes` holds, if it is whole.
fn data(bytes: &[u8]) -> Option<&[u8]> {
    let (length, rest) = bytes.split_first_chunk::<8>()?;
    let (length_crc, rest) = rest.split_first_chunk::<4>()?;
    let data = rest.get(..usize::try_from(u64::from_le_bytes(*length)).ok()?)?;
    let data_crc = rest[data.len()..].first_chunk::<4>()?;
    let sound = *length_crc == masked(crc(length)).to_le_bytes() && *data_crc == masked(crc(data)).to_le_bytes();
    sound.then_some(data)
}

/// The step of an event that was written here, after its time; 0 is left out.
fn step(event: &[u8]) -> Option<u64> {
    let mut number = event.get(9..)?.iter().copied();
    if number.next()? != key(2, VARINT) {
        return Some(0);
    }
    let mut value = 0;
    for (index, byte) in number.take(10).enumerate() {
        value |= u64::from(byte & 0x7f) << (7 * index);
        if byte < 0x80 {
            return Some(value);
        }
    }
    None
}

/// How a field's value is encoded. Source: <https://protobuf.dev/programming-guides/encoding>.
const VARINT: u8 = 0;
const I64: u8 = 1;
const LEN: u8 = 2;
const I32: u8 = 5;

const fn key(field: u8, encoding: u8) -> u8 {
    field << 3 | encoding
}

/// The event that begins a file.
fn first(time: f64) -> Vec<u8> {
    let mut event = vec![key(1, I64)];
    event.extend(time.to_le_bytes());
    nested(&mut event, key(3, LEN), VERSION.as_bytes());
    event
}

fn event(time: f64, step: u64, values: &[(&str, f64)]) -> Vec<u8> {
    let mut summary = Vec::new();
    for (tag, value) in values.iter().filter(|(_, value)| value.is_finite()) {
        let mut one = Vec::new();
        nested(&mut one, key(1, LEN), tag.as_bytes());
        one.push(key(2, I32));
        one.extend((*value as f32).to_le_bytes());
        nested(&mut summary, key(1, LEN), &one);
    }
    let mut event = vec![key(1, I64)];
    event.extend(time.to_le_bytes());
    if step > 0 {
        event.push(key(2, VARINT));
        varint(&mut event, step);
    }
    nested(&mut event, key(5, LEN), &summary);
    event
}

fn nested(bytes: &mut Vec<u8>, key: u8, content: &[u8]) {
    bytes.push(key);
    varint(bytes, content.len() as u64);
    bytes.extend(content);
}

/// Seven bits a byte, the lowest first; all but the last have the highest bit set.
fn varint(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

fn record(data: &[u8]) -> Vec<u8> {
    let length = (data.len() as u64).to_le_bytes();
    [&length[..], &masked(crc(&length)).to_le_bytes(), data, &masked(crc(data)).to_le_bytes()].concat()
}

/// The checksum as it is stored, so that one over data with checksums in it stays sound.
fn masked(crc: u32) -> u32 {
    crc.rotate_right(15).wrapping_add(0xa282_ead8)
}

/// CRC-32C (Castagnoli). Source: RFC 3720, appendix B.4.
fn crc(data: &[u8]) -> u32 {
    const POLYNOMIAL: u32 = 0x82f6_3b78;
    let shifted = |crc: u32| (crc >> 1) ^ (POLYNOMIAL & (crc & 1).wrapping_neg());
    !data.iter().fold(!0, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), |crc, _| shifted(crc)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What TensorBoard's own writer wrote and its reader read: tests/fixtures/events/events.py.
    const WRITTEN: &[u8] = include_bytes!("../../tests/fixtures/events/events.out.tfevents.fixture");

    #[test]
    fn bytes_are_tensorboards() {
        let values: [(u64, &[(&str, f64)]); 4] = [
            (0, &[("learning_rate", 0.1)]),
            (15, &[("loss/train", 2.25), ("accuracy/train", 0.125), ("learning_rate", 0.1)]),
            (15, &[("loss/validation", 1.5), ("accuracy/validation", 0.5)]),
            (70_000, &[("loss/train", f64::NAN), ("loss/step", 1e-3)]),
        ];
        let mut bytes = record(&first(1.7e9));
        values.iter().for_each(|(step, values)| bytes.extend(record(&event(1.7e9 + *step as f64, *step, values))));
        assert_eq!(bytes, WRITTEN);
    }

    /// Sources: RFC 3720, appendix B.4, and the check value that is usual for this polynomial.
    #[test]
    fn checksums_are_castagnolis() {
        for (data, expected) in [(&[0u8; 32][..], 0x8a91_36aa), (&[0xff; 32], 0x62a8_ab43), (b"123456789", 0xe306_9283)]
        {
            assert_eq!(crc(data), expected);
        }
    }

    #[test]
    fn a_resumed_run_goes_on_after_its_checkpoint() {
        // What is in the file, how many steps are done, and what is kept.
        let (first, whole) = (record(&first(0.0)), WRITTEN.len());
        let last = record(&event(0.0, 70_000, &[("loss/step", 1e-3)])).len();
        let mut broken = WRITTEN.to_vec();
        broken[whole - 6] ^= 1;
        for (bytes, steps, expected) in [
            (WRITTEN, 70_000, whole),
            (WRITTEN, 69_999, whole - last),
            (WRITTEN, 14, 40 + 49),
            (&WRITTEN[..whole - 1], 70_000, whole - last),
            (&broken, 70_000, whole - last),
            (&first, 0, first.len()),
            (&first[..20], 0, 0),
            (b"this is something else", 0, 0),
            (&[], 0, 0),
        ] {
            assert_eq!(kept(bytes, steps), expected, "{} bytes after {steps} steps", bytes.len());
            let folder = tempfile::tempdir().expect("a temporary folder");
            std::fs::write(folder.path().join(FILE), bytes).expect("room on the disk");
            Events::open(folder.path(), steps)
                .and_then(|mut events| events.add(70_001, &[]))
                .expect("room on the disk");
            let found = std::fs::read(folder.path().join(FILE)).expect("readable");
            assert!(kept(&found, 70_001) == found.len() && found.starts_with(&bytes[..expected]), "{}", found.len());
        }
    }
}
