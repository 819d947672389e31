//! Files of weights: a head, and then every number in the order of the cfg.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use crate::import::net::{Array, Order, Stored};
use crate::import::values::{Values, numbers, transposed};
use crate::program::ProgramWeight;
use crate::regular;

/// The weights of the network, in its order, from the file at `path`.
pub fn read(path: &Path, stored: &[Stored], weights: &[ProgramWeight]) -> Result<Values, String> {
    let file = regular::open(path).map_err(|error| error.to_string())?;
    let length = file.metadata().map_err(|error| error.to_string())?.len();
    let mut file = BufReader::new(file);
    let head = Head::read(&mut file)?;
    let sizes: HashMap<&str, usize> = weights.iter().map(|weight| (weight.name.as_str(), weight.elements())).collect();
    let size = |array: &Array| sizes.get(array.name.as_str()).copied().unwrap_or(0);
    check_length(length, head.length, stored, size)?;
    let mut values: HashMap<&str, Vec<f32>> = HashMap::new();
    for layer in stored {
        for array in &layer.arrays {
            let count = size(array);
            let found = numbers(&mut file, count, &layer.layer)?;
            let is_transposed = match array.order {
                Order::Transposed => true,
                Order::ByHeader => head.is_transposed,
                _ => false,
            };
            let weight = weights.iter().find(|weight| weight.name == array.name);
            let rows = weight.and_then(|weight| weight.shape.first()).copied().unwrap_or(1);
            values.insert(&array.name, if is_transposed { transposed(&found, rows) } else { found });
        }
    }
    Values::collect(weights, |name| values.remove(name), Vec::new())
}

/// What stands before the numbers.
struct Head {
    /// Bytes.
    length: u64,
    /// Whether the matrices of connected layers are stored with rows and columns exchanged.
    is_transposed: bool,
}

impl Head {
    fn read(file: &mut BufReader<File>) -> Result<Head, String> {
        let mut start = [0; 12];
        file.read_exact(&mut start)
            .map_err(|_| "the file is shorter than the head of Darknet's weights".to_string())?;
        let version = start.as_chunks::<4>().0.iter().map(|bytes| i32::from_le_bytes(*bytes)).collect::<Vec<i32>>();
        let [major, minor, revision] = version[..] else { unreachable!("twelve bytes are three numbers") };
        const MOST: i32 = 1000;
        if major < 0 || minor < 0 || revision < 0 || major > 2 * MOST || minor > 2 * MOST {
            return Err(format!(
                "it does not begin as Darknet's weights do: the version would be {major}.{minor}.{revision}"
            ));
        }
        // How many images the network has seen, in as many bytes as the version says.
        let is_long = 10 * major + minor >= 2 && major < MOST && minor < MOST;
        let mut seen = vec![0; if is_long { 8 } else { 4 }];
        file.read_exact(&mut seen).map_err(|_| "the file ends within its head".to_string())?;
        Ok(Head { length: 12 + seen.len() as u64, is_transposed: major > MOST || minor > MOST })
    }
}

/// The file must have exactly the numbers of the network.
fn check_length(length: u64, head: u64, stored: &[Stored], size: impl Fn(&Array) -> usize) -> Result<(), String> {
    let all: u64 = stored.iter().flat_map(|layer| &layer.arrays).map(|array| size(array) as u64).sum();
    let bytes = length.saturating_sub(head);
    let there = bytes / 4;
    if there == all && bytes.is_multiple_of(4) {
        return Ok(());
    }
    let counts = format!("the network has {all} numbers, and the file, behind its head of {head} bytes, {there}");
    if there >= all {
        return Err(format!("{counts}: it is for another network"));
    }
    let mut left = there;
    let cut = stored.iter().find(|layer| {
        let own: u64 = layer.arrays.iter().map(|array| size(array) as u64).sum();
        let is_whole = own <= left;
        left = left.saturating_sub(own);
        !is_whole
    });
    let place = cut.map_or(String::new(), |layer| format!(": it ends within section {}", layer.layer));
    Err(format!("{counts}{place}"))
}
