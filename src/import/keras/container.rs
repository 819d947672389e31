//! What Keras keeps a model in: an archive with the description and the weights, one file of HDF5 with both, or JSON
//! alone.

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use hdf5_reader::{Hdf5File, OpenOptions};
use zip::ZipArchive;
use zip::read::{ArchiveOffset, Config};

use crate::regular;

/// Texts longer than this are refused.
const LONGEST_TEXT: u64 = 32 << 20;

/// Bytes of one array, and of what stands before arrays; compressed ones may promise more.
const LARGEST_ARRAY: usize = 2 << 30;
const LARGEST_CHUNK: usize = 64 << 20;
const LARGEST_HEADER: usize = 16 << 20;

/// Files in an archive.
const MOST_FILES: usize = 1000;

enum Kind {
    Archive,
    Hdf5,
    Text,
}

fn kind(file: &mut File) -> Result<Kind, String> {
    let mut start = Vec::new();
    file.by_ref().take(8).read_to_end(&mut start).map_err(|error| error.to_string())?;
    file.seek(SeekFrom::Start(0)).map_err(|error| error.to_string())?;
    Ok(match start.as_slice() {
        [b'P', b'K', 3, 4, ..] => Kind::Archive,
        b"\x89HDF\r\n\x1a\n" => Kind::Hdf5,
        _ => Kind::Text,
    })
}

/// The description in the file at `path`; `None` if the file is that itself.
pub fn text(path: &Path) -> Option<Result<String, String>> {
    let mut file = match regular::open(path) {
        Ok(file) => file,
        Err(error) => return Some(Err(error.to_string())),
    };
    match kind(&mut file) {
        Ok(Kind::Text) => None,
        Ok(Kind::Archive) => Some(
            member(file, "config.json", LONGEST_TEXT)
                .and_then(|bytes| String::from_utf8(bytes).map_err(|_| "its `config.json` is not text".to_string())),
        ),
        Ok(Kind::Hdf5) => Some(hdf5(file).and_then(|file| {
            let root = file.root_group().map_err(|error| error.to_string())?;
            let config = root.attribute("model_config").map_err(|_| {
                "it holds weights, and does not say of which network: name the network's file, then `--weights`"
                    .to_string()
            })?;
            config.read_string().map_err(|error| error.to_string())
        })),
        Err(error) => Some(Err(error)),
    }
}

/// The weights in the file at `path`.
pub fn weights(path: &Path) -> Result<Hdf5File, String> {
    let mut file = regular::open(path).map_err(|error| error.to_string())?;
    match kind(&mut file)? {
        Kind::Hdf5 => hdf5(file),
        Kind::Archive => {
            let length = file.metadata().map_err(|error| error.to_string())?.len();
            let bytes = member(file, "model.weights.h5", length)?;
            Hdf5File::from_vec_with_options(bytes, options()).map_err(|error| error.to_string())
        }
        Kind::Text => Err("it holds no weights: those of Keras are in a `.keras` or `.h5` file".to_string()),
    }
}

fn options() -> OpenOptions {
    OpenOptions::default()
        .with_max_read_bytes(LARGEST_ARRAY)
        .with_max_chunk_bytes(LARGEST_CHUNK)
        .with_max_object_header_bytes(LARGEST_HEADER)
}

fn hdf5(mut file: File) -> Result<Hdf5File, String> {
    // Read as a whole: what lies in a map of the file could change under the reader.
    let length = file.metadata().map_err(|error| error.to_string())?.len();
    let mut bytes = Vec::new();
    file.by_ref().take(length).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    Hdf5File::from_vec_with_options(bytes, options()).map_err(|error| error.to_string())
}

/// A file in an archive, of at most so many bytes.
fn member(file: File, name: &str, most: u64) -> Result<Vec<u8>, String> {
    let whole = Config { archive_offset: ArchiveOffset::Known(0) };
    let mut archive = ZipArchive::with_config(whole, BufReader::new(file)).map_err(|error| error.to_string())?;
    if archive.len() > MOST_FILES {
        return Err(format!("it holds {} files, and a model of Keras three", archive.len()));
    }
    let member = archive.by_name(name).map_err(|error| format!("its `{name}` cannot be read: {error}"))?;
    if member.size() > most {
        return Err(format!("its `{name}` has {} bytes; at most {most} are read", member.size()));
    }
    let mut bytes = Vec::new();
    member.take(most + 1).read_to_end(&mut bytes).map_err(|error| format!("its `{name}` cannot be read: {error}"))?;
    match bytes.len() as u64 > most {
        true => Err(format!("its `{name}` is longer than {most} bytes")),
        false => Ok(bytes),
    }
}
