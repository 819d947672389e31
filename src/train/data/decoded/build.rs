//! Decodes images into a file.

use std::fs::File;
use std::io::{self, BufWriter, Seek, SeekFrom, Write};

use rayon::prelude::*;

use super::{ENTRY, FINE_WHITE, HEAD, LARGEST, MAGIC, WHITE, checksum};
use crate::ir::Pair;
use crate::recipe::MaxPixels;
use crate::train::data::file::ImageFile;
use crate::train::data::image::{Image, decode, size};

/// Images that are decoded before they are written: at most so many,
const MOST: usize = 64;

/// and no more than take about so many bytes, decoded twice (as their decoder gives them, and as floats) and packed.
const MEMORY: usize = 128 << 20;

/// One image's values as they are written.
struct Packed {
    size: Pair,
    depth: usize,
    values: Vec<u8>,
}

/// Decodes `files`, several at once, and writes them in order.
pub fn write(files: &[ImageFile], channels: usize, out: &mut BufWriter<File>) -> io::Result<()> {
    let mut table: Vec<u8> = Vec::with_capacity(ENTRY * files.len());
    // Of a file that is not finished, the name and this say whose it is.
    out.write_all(MAGIC)?;
    out.write_all(&vec![0; HEAD - MAGIC.len() + ENTRY * files.len()])?;
    let mut length = 0;
    let mut rest = files;
    while !rest.is_empty() {
        let (now, later) = rest.split_at(chunk(rest, channels));
        rest = later;
        let packed: Vec<Packed> = now.par_iter().map(|file| pack(file, channels)).collect();
        for Packed { size, depth, values } in packed {
            length += values.len() as u64;
            if length > LARGEST {
                return Err(io::Error::from(io::ErrorKind::FileTooLarge));
            }
            for number in [size.height as u32, size.width as u32, depth as u32, checksum(&values)] {
                table.extend_from_slice(&number.to_le_bytes());
            }
            out.write_all(&values)?;
        }
    }
    out.seek(SeekFrom::Start(MAGIC.len() as u64))?;
    for number in [files.len() as u32, channels as u32, checksum(&table)] {
        out.write_all(&number.to_le_bytes())?;
    }
    out.write_all(&table)
}

/// How many of the first files are decoded together.
fn chunk(files: &[ImageFile], channels: usize) -> usize {
    let mut memory = 0usize;
    let fits = |file: &&ImageFile| {
        let pixels = size(file, MaxPixels::default()).map_or(0, |size| size.height.saturating_mul(size.width));
        memory = memory.saturating_add(pixels.saturating_mul(2 * channels + 4 * channels));
        memory <= MEMORY
    };
    files.iter().take(MOST).take_while(fits).count().max(1)
}

/// A decoded file. What cannot be decoded is left to whoever reads it: it knows what to say.
fn pack(file: &ImageFile, channels: usize) -> Packed {
    let none = Packed { size: Pair::default(), depth: 0, values: Vec::new() };
    let mut image = Image::default();
    if decode(file, channels, MaxPixels::default(), &mut image).is_err() {
        return none;
    }
    let values = &image.pixels;
    // The values are whole numbers that were divided: those of 8 bits, mostly.
    if image.is_of_bytes() {
        let bytes = values.iter().map(|value| (value * WHITE).round() as u8);
        return Packed { size: image.size, depth: 1, values: bytes.collect() };
    }
    let fine = values.iter().map(|value| (value * FINE_WHITE).round() as u16);
    if fine.clone().zip(values).all(|(number, value)| f32::from(number) / FINE_WHITE == *value) {
        return Packed { size: image.size, depth: 2, values: fine.flat_map(u16::to_le_bytes).collect() };
    }
    none
}
