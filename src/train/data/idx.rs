//! MNIST's file format, IDX: a header of big-endian numbers, then bytes. Plain or packed with gzip.
//!
//! ```text
//! 00 00 08 03 | count | height | width | pixels…       images: 08 means bytes, 03 three sizes
//! 00 00 08 01 | count | labels…
//! ```
//!
//! Source: <https://yann.lecun.com/exdb/mnist/>.

use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;

use super::split::{Images, Split};
use super::targets::check_labels;
use super::{DataError, places};
use crate::ir::Pair;
use crate::recipe::DataSet;
use crate::regular;

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
    // Nothing of this size is read before both headers are known to be of what is expected.
    let (images, labels) = (Idx::open(&images_file)?, Idx::open(&labels_file)?);
    let ([count, height, width], [labelled]) = (images.sizes, labels.sizes);
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
    if count > MOST {
        let message = format!("it has {count} images, but of a set of this form {MOST} at most are read");
        return Err(DataError::malformed(&images_file, message));
    }
    let labels: Vec<u32> = labels.read()?.into_iter().map(u32::from).collect();
    check_labels(&labels, set.classes().len(), &labels_file)?;
    let pixels = images.read()?;
    Ok(Split::new(Images::Memory { pixels, channels: 1, size, white: u8::MAX }, labels))
}

/// The most images of a part. MNIST has 60,000, the largest set of its form that is known to be in use 240,000
/// (EMNIST's digits).
const MOST: usize = 1 << 18;

/// A file whose header was read.
struct Idx<'a, const RANK: usize> {
    path: &'a Path,
    sizes: [usize; RANK],
    /// Bytes that follow the header, if it says the truth.
    promised: u64,
    rest: Box<dyn Read>,
}

impl<'a, const RANK: usize> Idx<'a, RANK> {
    /// Reads the header, whose promise must be possible.
    fn open(path: &'a Path) -> Result<Self, DataError> {
        let io = |error| DataError::io(path, error);
        let bad = |message: String| DataError::malformed(path, message);
        let file = regular::open(path).map_err(io)?;
        let stored = file.metadata().map_err(io)?.len();
        let mut file = BufReader::new(file);
        let packed = file.fill_buf().map_err(io)?.starts_with(&[0x1f, 0x8b]);
        let mut rest: Box<dyn Read> = if packed { Box::new(MultiGzDecoder::new(file)) } else { Box::new(file) };
        let mut word = || {
            let mut bytes = [0; 4];
            rest.read_exact(&mut bytes).map(|()| bytes).map_err(|error| unpack(path, error))
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
        match promised.filter(|promised| *promised <= possible) {
            Some(promised) => Ok(Idx { path, sizes, promised, rest }),
            None => {
                let found = if packed { format!("{stored} bytes, packed") } else { format!("{stored} bytes") };
                Err(bad(format!("the header promises {} bytes, but the file has {found}", product(&sizes))))
            }
        }
    }

    /// All that follows the header: as much as that promises.
    fn read(self) -> Result<Vec<u8>, DataError> {
        let Idx { path, sizes, promised, rest } = self;
        let bad = |message: String| Err(DataError::malformed(path, message));
        let mut bytes = Vec::with_capacity(promised as usize + 1);
        rest.take(promised + 1).read_to_end(&mut bytes).map_err(|error| unpack(path, error))?;
        match bytes.len() as u64 {
            found if found == promised && promised > 0 => Ok(bytes),
            0 => bad(format!("the header promises {} bytes, and none follow", product(&sizes))),
            found if found < promised => {
                bad(format!("the header promises {} bytes, but {found} follow: the file is cut off", product(&sizes)))
            }
            _ => bad(format!("more than the {} bytes that the header promises follow", product(&sizes))),
        }
    }
}

/// What went wrong while a file was read that may be packed.
fn unpack(path: &Path, error: io::Error) -> DataError {
    match error.kind() {
        io::ErrorKind::UnexpectedEof => DataError::malformed(path, "the file is cut off"),
        io::ErrorKind::InvalidInput | io::ErrorKind::InvalidData => {
            DataError::malformed(path, format!("not gzip: {error}"))
        }
        _ => DataError::io(path, error),
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
            ("long", 0, images(3, 784 * 4), "more than the 3·28·28 = 2352 bytes"),
            ("header", 0, vec![0, 0, 8], "cut off"),
            ("magic", 1, images(3, 3 * 784), "starts with [00, 00, 08, 03], but an IDX file of bytes with 1 sizes"),
            ("empty", 1, labels(&[]), "0 labels, but"),
            ("count", 1, labels(&[1, 2]), "2 labels, but"),
            ("label", 3, labels(&[10]), "label 10"),
            ("size", 0, wide, "images are 28×14, but those of mnist are 1×28×28"),
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

    /// Files that are long without taking room on the disk, and what is no file.
    #[test]
    fn reads_no_more_than_a_set_may_have() {
        let folder = Folder::new("idx-sparse");
        for (name, bytes) in NAMES.iter().zip(good()) {
            folder.write(name, &bytes);
        }
        let count = MOST as u32 + 1;
        let refused = || open(DataSet::Mnist, Some(folder.root())).unwrap_err().to_string();
        for (name, header, length) in [(NAMES[0], images(count, 0), 784), (NAMES[1], labels(&[]), 1)] {
            let path = folder.write(name, &header);
            let header_length = header.len() as u64;
            let mut file = std::fs::File::options().write(true).open(&path).unwrap();
            file.set_len(header_length + u64::from(count) * length).unwrap();
            std::io::Seek::seek(&mut file, io::SeekFrom::Start(4)).unwrap();
            std::io::Write::write_all(&mut file, &count.to_be_bytes()).unwrap();
        }
        assert!(
            refused().contains("it has 262145 images, but of a set of this form 262144 at most are read"),
            "{}",
            refused()
        );
        #[cfg(unix)]
        {
            std::fs::remove_file(folder.path(NAMES[0])).unwrap();
            std::os::unix::fs::symlink("/dev/zero", folder.path(NAMES[0])).unwrap();
            assert!(refused().contains("there is no train-images-idx3-ubyte"), "{}", refused());
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
