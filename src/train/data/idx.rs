//! MNIST's file format, IDX: a header of big-endian numbers, then bytes. Plain or packed with gzip.
//!
//! ```text
//! 00 00 08 03 | count | height | width | pixels…       images: 08 means bytes, 03 three sizes
//! 00 00 08 01 | count | labels…
//! ```
//!
//! Source: <https://yann.lecun.com/exdb/mnist/>.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;

use super::split::{Images, Split};
use super::{DataError, check_labels, places};
use crate::ir::Pair;
use crate::recipe::DataSet;

/// Both splits of MNIST or a set of the same form.
pub fn open(set: DataSet, path: Option<&str>) -> Result<(Split, Split), DataError> {
    let folder = locate(set, path)?;
    Ok((split(set, &folder, "train")?, split(set, &folder, "t10k")?))
}

/// The folder with the files.
pub fn locate(set: DataSet, path: Option<&str>) -> Result<PathBuf, DataError> {
    // As torchvision unpacks them.
    let subfolders: &[&str] = match set {
        DataSet::FashionMnist => &["raw", "FashionMNIST/raw"],
        _ => &["raw", "MNIST/raw"],
    };
    let wanted = "train-images-idx3-ubyte(.gz)";
    places::find(set, path, subfolders, wanted, &spellings("train", "images", 3))
}

/// Some archives have a dot before `idx`.
fn spellings(part: &str, what: &str, rank: usize) -> Vec<String> {
    let spell = |separator, ending| format!("{part}-{what}{separator}idx{rank}-ubyte{ending}");
    ["-", "."].iter().flat_map(|separator| ["", ".gz"].map(|ending| spell(separator, ending))).collect()
}

fn split(set: DataSet, folder: &Path, part: &str) -> Result<Split, DataError> {
    let file = |what, rank| {
        let names = spellings(part, what, rank);
        let found = names.iter().map(|name| folder.join(name)).find(|path| path.is_file());
        found.ok_or_else(|| DataError::malformed(folder, format!("{} or {}.gz is not there", names[0], names[0])))
    };
    let (images_file, labels_file) = (file("images", 3)?, file("labels", 1)?);
    let ([count, height, width], pixels) = read::<3>(&images_file)?;
    let ([labelled], labels) = read::<1>(&labels_file)?;
    if count != labelled {
        let message = format!("{labelled} labels, but {} has {count} images", images_file.display());
        return Err(DataError::malformed(&labels_file, message));
    }
    let size = Pair { height, width };
    let expected = set.image().expect("sets of this form have one size");
    if expected.dims() != [1, height, width] {
        let message = format!("images are {size}, but those of {set} are {expected}");
        return Err(DataError::malformed(&images_file, message));
    }
    let labels: Vec<u32> = labels.into_iter().map(u32::from).collect();
    check_labels(&labels, set.classes().len(), &labels_file)?;
    Ok(Split::new(Images::Memory { pixels, channels: 1, size, white: u8::MAX }, labels))
}

/// The sizes in the header, and all that follows it.
fn read<const RANK: usize>(path: &PathBuf) -> Result<([usize; RANK], Vec<u8>), DataError> {
    let io = |error| DataError::io(path, error);
    let bad = |message: String| DataError::malformed(path, message);
    let file = File::open(path).map_err(io)?;
    let stored = file.metadata().map_err(io)?.len();
    let mut file = BufReader::new(file);
    let packed = file.fill_buf().map_err(io)?.starts_with(&[0x1f, 0x8b]);
    let mut reader: Box<dyn Read> = if packed { Box::new(MultiGzDecoder::new(file)) } else { Box::new(file) };
    let unpack = |error: io::Error| match error.kind() {
        io::ErrorKind::UnexpectedEof => bad("the file is cut off".to_string()),
        io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => bad(format!("not gzip: {error}")),
        _ => io(error),
    };
    let mut word = || {
        let mut bytes = [0; 4];
        reader.read_exact(&mut bytes).map(|()| bytes).map_err(unpack)
    };
    let magic = word()?;
    let expected = [0, 0, 8, RANK as u8];
    if magic != expected {
        return Err(bad(format!(
            "starts with {magic:02x?}, but an IDX file of bytes with {RANK} sizes with {expected:02x?}"
        )));
    }
    let mut sizes = [0; RANK];
    for size in &mut sizes {
        *size = u32::from_be_bytes(word()?) as usize;
    }
    let promised = sizes.iter().try_fold(1u64, |product, size| product.checked_mul(*size as u64));
    // Deflate packs at most 1,032 bytes into one (Deutsch, RFC 1951).
    let possible = if packed { stored.saturating_mul(1032) } else { stored };
    let Some(promised) = promised.filter(|promised| *promised <= possible) else {
        let found = if packed { format!("{stored} bytes, packed") } else { format!("{stored} bytes") };
        return Err(bad(format!("the header promises {} bytes, but the file has {found}", product(&sizes))));
    };
    let mut bytes = Vec::new();
    reader.take(promised + 1).read_to_end(&mut bytes).map_err(unpack)?;
    match bytes.len() as u64 {
        found if found == promised && promised > 0 => Ok((sizes, bytes)),
        0 => Err(bad(format!("the header promises {} bytes, and none follow", product(&sizes)))),
        found if found < promised => {
            Err(bad(format!("the header promises {} bytes, but {found} follow: the file is cut off", product(&sizes))))
        }
        _ => Err(bad(format!("more than the {} bytes that the header promises follow", product(&sizes)))),
    }
}

/// `60000·28·28 = 47040000`.
fn product(sizes: &[usize]) -> String {
    let factors: Vec<String> = sizes.iter().map(usize::to_string).collect();
    match sizes {
        [one] => one.to_string(),
        _ => format!("{} = {}", factors.join("·"), sizes.iter().map(|size| *size as u128).product::<u128>()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::data::fixture::Folder;

    const NAMES: [&str; 4] =
        ["train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"];

    /// A header and its bytes; `count` images of 28×28, or labels.
    fn images(count: u32, bytes: usize) -> Vec<u8> {
        let sizes = [[0, 0, 8, 3], count.to_be_bytes(), 28u32.to_be_bytes(), 28u32.to_be_bytes()];
        sizes.into_iter().flatten().chain((0..bytes).map(|i| i as u8)).collect()
    }

    fn labels(labels: &[u8]) -> Vec<u8> {
        [[0, 0, 8, 1], (labels.len() as u32).to_be_bytes()]
            .into_iter()
            .flatten()
            .chain(labels.iter().copied())
            .collect()
    }

    fn good() -> [Vec<u8>; 4] {
        [images(3, 3 * 784), labels(&[7, 0, 9]), images(1, 784), labels(&[4])]
    }

    #[test]
    fn reads_plain_and_packed() {
        for packed in [false, true] {
            let folder = Folder::new(&format!("idx-{packed}"));
            for (name, bytes) in NAMES.iter().zip(good()) {
                match packed {
                    true => folder.write_gz(&format!("raw/{name}.gz"), &bytes),
                    false => folder.write(name, &bytes),
                };
            }
            let (train, validation) = open(DataSet::Mnist, Some(folder.root())).unwrap();
            assert_eq!((train.labels(), validation.labels()), (&[7, 0, 9][..], &[4][..]));
            let mut image = crate::train::data::image::Image::default();
            train.read(1, 1, &mut image).unwrap();
            assert_eq!(image.pixels[..3], [16.0 / 255.0, 17.0 / 255.0, 18.0 / 255.0]);
        }
    }

    #[test]
    fn refuses_what_lies() {
        let wide = images(3, 3 * 784).into_iter().enumerate().map(|(i, b)| if i == 15 { 14 } else { b }).collect();
        let cases: [(&str, usize, Vec<u8>, &str); 9] = [
            ("cut", 0, images(3, 3 * 784 - 1), "promises 3·28·28 = 2352 bytes, but 2351 follow: the file is cut off"),
            (
                "huge",
                0,
                images(u32::MAX, 5),
                "promises 4294967295·28·28 = 3367254359280 bytes, but the file has 21 bytes",
            ),
            ("long", 0, images(2, 784 * 3), "more than the 2·28·28 = 1568 bytes"),
            ("header", 0, vec![0, 0, 8], "cut off"),
            ("magic", 1, images(3, 3 * 784), "starts with [00, 00, 08, 03], but an IDX file of bytes with 1 sizes"),
            ("empty", 0, images(0, 0), "none follow"),
            ("count", 1, labels(&[1, 2]), "2 labels, but"),
            ("label", 3, labels(&[10]), "label 10"),
            ("size", 0, wide, "more than the 3·28·14"),
        ];
        for (name, file, bytes, expected) in cases {
            for packed in [false, true] {
                let folder = Folder::new(&format!("idx-bad-{name}-{packed}"));
                let mut files = good();
                files[file] = bytes.clone();
                for (name, bytes) in NAMES.iter().zip(files) {
                    match packed {
                        true => folder.write_gz(&format!("{name}.gz"), &bytes),
                        false => folder.write(name, &bytes),
                    };
                }
                let error = open(DataSet::Mnist, Some(folder.root())).unwrap_err().to_string();
                let expected = if packed { expected.split(", but the file has").next().unwrap() } else { expected };
                assert!(error.contains(expected) && error.contains(NAMES[file]), "{name}: {error}");
            }
        }
    }

    #[test]
    fn refuses_broken_gzip_and_missing_files() {
        let folder = Folder::new("idx-gzip");
        let packed = folder.write_gz("train-images-idx3-ubyte.gz", &images(3, 3 * 784));
        let whole = std::fs::read(&packed).unwrap();
        let open = || open(DataSet::Mnist, Some(folder.root())).unwrap_err().to_string();
        assert!(open().contains("train-labels-idx1-ubyte"), "{}", open());
        folder.write("train-labels-idx1-ubyte", &labels(&[0, 0, 0]));
        for (bytes, expected) in [
            (&whole[..whole.len() / 2], "cut off"),
            (b"\x1f\x8bno gzip at all, is it?", "not gzip"),
            (b"not IDX", "starts with"),
        ] {
            folder.write("train-images-idx3-ubyte.gz", bytes);
            assert!(open().contains(expected), "{}", open());
        }
    }
}
