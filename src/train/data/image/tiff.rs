//! The directory of a TIFF file, held against the file.

use std::io::{self, Read, Seek, SeekFrom};

/// Whether a list in the first directory of a file is to be longer than the whole file. Decoders make room for lists,
/// of 32 bytes for each number, before they read them. Source: TIFF 6.0 (Adobe 1992), section 2.
pub fn promises_too_much(file: &mut (impl Read + Seek)) -> io::Result<bool> {
    let length = file.seek(SeekFrom::End(0))?;
    file.rewind()?;
    let found = first_directory(file, length);
    file.rewind()?;
    match found {
        // Of what is cut off the decoder says that.
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        other => other,
    }
}

fn first_directory(file: &mut (impl Read + Seek), length: u64) -> io::Result<bool> {
    let [order, .., first, second, third, fourth] = bytes::<8>(file)?;
    let number = |bytes: &[u8]| {
        let add = |sum: u64, byte: &u8| sum << 8 | u64::from(*byte);
        if order == b'M' { bytes.iter().fold(0, add) } else { bytes.iter().rev().fold(0, add) }
    };
    let place = number(&[first, second, third, fourth]);
    if place >= length {
        return Ok(false);
    }
    file.seek(SeekFrom::Start(place))?;
    for _ in 0..number(&bytes::<2>(file)?) {
        let entry: [u8; 12] = bytes(file)?;
        if number(&entry[4..8]).saturating_mul(size(number(&entry[2..4]))) > length {
            return Ok(true);
        }
    }
    Ok(false)
}

fn bytes<const COUNT: usize>(file: &mut impl Read) -> io::Result<[u8; COUNT]> {
    let mut bytes = [0; COUNT];
    file.read_exact(&mut bytes)?;
    Ok(bytes)
}

/// Bytes of a value of this type.
fn size(kind: u64) -> u64 {
    match kind {
        3 | 8 => 2,
        4 | 9 | 11 => 4,
        5 | 10 | 12 => 8,
        _ => 1,
    }
}
