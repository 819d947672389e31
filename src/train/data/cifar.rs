//! CIFAR-10 and CIFAR-100 in their binary version, records of one or two label bytes and 3×32×32 pixels, or in their
//! Python version.
//!
//! Source: <https://www.cs.toronto.edu/~kriz/cifar.html>.

mod pickle;

use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use super::split::{Images, Split};
use super::targets::check_labels;
use super::{DataError, places};
use crate::ir::Pair;
use crate::recipe::DataSet;
use crate::regular;

/// Bytes of one image.
const PIXELS: usize = 3 * 32 * 32;

/// How the files of a set look.
struct Form {
    train: &'static [&'static str],
    test: &'static str,
    /// What the archive unpacks to.
    subfolder: &'static str,
    content: Content,
}

/// What a file of a set holds.
#[derive(Clone, Copy)]
enum Content {
    /// Label bytes before the pixels of each image; the last one is the label (before it stands CIFAR-100's coarse
    /// one).
    Records { labels: usize },
    /// A pickled dictionary with the labels under this name.
    Pickle { labels: &'static str },
}

const CIFAR10: [Form; 2] = [
    Form {
        train: &["data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin"],
        test: "test_batch.bin",
        subfolder: "cifar-10-batches-bin",
        content: Content::Records { labels: 1 },
    },
    Form {
        train: &["data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5"],
        test: "test_batch",
        subfolder: "cifar-10-batches-py",
        content: Content::Pickle { labels: "labels" },
    },
];

const CIFAR100: [Form; 2] = [
    Form {
        train: &["train.bin"],
        test: "test.bin",
        subfolder: "cifar-100-binary",
        content: Content::Records { labels: 2 },
    },
    Form {
        train: &["train"],
        test: "test",
        subfolder: "cifar-100-python",
        content: Content::Pickle { labels: "fine_labels" },
    },
];

/// The most images of a part; both sets have 50,000 to train with.
const MOST: usize = 1 << 16;

/// What a pickle may have beside its images: CIFAR-100's have 2 MB of file names and labels.
const BESIDE: usize = 1 << 23;

/// Both splits.
pub fn open(set: DataSet, path: Option<&str>) -> Result<(Split, Split), DataError> {
    let folder = locate(set, path)?;
    let forms = forms(set);
    let form = forms.iter().find(|form| folder.join(form.train[0]).is_file()).unwrap_or(&forms[0]);
    Ok((split(set, &folder, form, form.train)?, split(set, &folder, form, &[form.test])?))
}

/// The folder with the files.
pub fn locate(set: DataSet, path: Option<&str>) -> Result<PathBuf, DataError> {
    let forms = forms(set);
    let subfolders = forms.each_ref().map(|form| form.subfolder);
    let spellings = forms.each_ref().map(|form| form.train[0].to_string());
    places::find(set, path, &subfolders, &spellings.join(" or "), &spellings)
}

fn forms(set: DataSet) -> &'static [Form; 2] {
    if set == DataSet::Cifar100 { &CIFAR100 } else { &CIFAR10 }
}

fn split(set: DataSet, folder: &Path, form: &Form, files: &[&str]) -> Result<Split, DataError> {
    let (mut pixels, mut labels) = (Vec::new(), Vec::new());
    for file in files {
        let path = folder.join(file);
        let first = labels.len();
        match form.content {
            Content::Records { labels: count } => records(&path, count, &mut pixels, &mut labels)?,
            Content::Pickle { labels: name } => {
                let most = (MOST - first) * PIXELS + BESIDE;
                let mut bytes = regular::read(&path, most as u64).map_err(|error| DataError::io(&path, error))?;
                let bad =
                    |reason| DataError::malformed(&path, format!("this is no batch of the Python version: {reason}"));
                let table = pickle::read(&bytes, PIXELS, name).map_err(bad)?;
                if table.labels.is_empty() {
                    return Err(DataError::malformed(&path, "no images"));
                }
                labels.extend(table.labels);
                check_count(&path, labels.len())?;
                if pixels.is_empty() {
                    // A set of one file is not held twice.
                    bytes.truncate(table.pixels.end);
                    bytes.drain(..table.pixels.start);
                    pixels = bytes;
                } else {
                    pixels.extend_from_slice(&bytes[table.pixels]);
                }
            }
        }
        check_labels(&labels[first..], set.classes().len(), &path)?;
    }
    Ok(Split::new(Images::Memory { pixels, channels: 3, size: Pair::square(32), white: u8::MAX }, labels))
}

/// Adds the images and labels of a file of records, of which each begins with `count` label bytes.
fn records(path: &Path, count: usize, pixels: &mut Vec<u8>, labels: &mut Vec<u32>) -> Result<(), DataError> {
    let io = |error| DataError::io(path, error);
    let file = regular::open(path).map_err(io)?;
    let (bytes, length) = (file.metadata().map_err(io)?.len(), (count + PIXELS) as u64);
    let (images, rest) = (bytes / length, bytes % length);
    if images == 0 || rest > 0 {
        let message =
            format!("{bytes} bytes are {images} records of {length} and {rest} bytes over: the file is cut off");
        return Err(DataError::malformed(path, message));
    }
    check_count(path, labels.len().saturating_add(usize::try_from(images).unwrap_or(usize::MAX)))?;
    pixels.reserve_exact(images as usize * PIXELS);
    let mut file = BufReader::new(file);
    for _ in 0..images {
        let mut own = [0; 2];
        file.read_exact(&mut own[..count]).map_err(io)?;
        labels.push(u32::from(own[count - 1]));
        let start = pixels.len();
        pixels.resize(start + PIXELS, 0);
        file.read_exact(&mut pixels[start..]).map_err(io)?;
    }
    Ok(())
}

/// An error if there are more images than a part may have, up to the file `path`.
fn check_count(path: &Path, images: usize) -> Result<(), DataError> {
    match images > MOST {
        true => Err(DataError::malformed(
            path,
            format!("with it there are {images} images, but of a part {MOST} at most are read"),
        )),
        false => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::data::fixture::Folder;
    use crate::train::data::image::Image;

    /// One record: its label bytes, then the bytes 0, 1, 2, …
    fn record(labels: &[u8]) -> Vec<u8> {
        labels.iter().copied().chain((0..PIXELS).map(|i| i as u8)).collect()
    }

    fn write_cifar10(folder: &Folder) {
        for (i, name) in CIFAR10[0].train.iter().chain([&CIFAR10[0].test]).enumerate() {
            folder.write(name, &record(&[i as u8]));
        }
    }

    #[test]
    fn reads_labels_and_planes() {
        let ten = Folder::new("cifar10");
        write_cifar10(&ten);
        let (train, test) = open(DataSet::Cifar10, Some(ten.root())).unwrap();
        assert_eq!((train.labels(), test.labels()), (&[0, 1, 2, 3, 4][..], &[5][..]));
        let mut image = Image::default();
        train.read(4, 3, &mut image).unwrap();
        assert_eq!(image.pixels[1024 + 7], 7.0 / 255.0);

        let hundred = Folder::new("cifar100");
        hundred.write("cifar-100-binary/train.bin", &[record(&[3, 99]), record(&[19, 0])].concat());
        hundred.write("cifar-100-binary/test.bin", &record(&[0, 42]));
        let (train, test) = open(DataSet::Cifar100, Some(hundred.root())).unwrap();
        assert_eq!((train.labels(), test.labels()), (&[99, 0][..], &[42][..]));
    }

    #[test]
    fn refuses_what_is_wrong() {
        for (case, bytes, expected) in [
            ("cut", record(&[1])[..3000].to_vec(), "3000 bytes are 0 records of 3073 and 3000 bytes over"),
            ("uneven", [record(&[1]), vec![1]].concat(), "3074 bytes are 1 records of 3073 and 1 bytes over"),
            ("empty", Vec::new(), "0 bytes are 0 records"),
            ("label", record(&[10]), "label 10"),
        ] {
            let folder = Folder::new(&format!("cifar-{case}"));
            write_cifar10(&folder);
            folder.write("data_batch_3.bin", &bytes);
            let error = open(DataSet::Cifar10, Some(folder.root())).unwrap_err().to_string();
            assert!(error.contains(expected) && error.contains("data_batch_3.bin"), "{case}: {error}");
        }
        // Long, but of no room on the disk.
        for (case, name) in [("records", "data_batch_2.bin"), ("pickle", "cifar-10-batches-py/data_batch_1")] {
            let folder = Folder::new(&format!("cifar-sparse-{case}"));
            if case == "records" {
                write_cifar10(&folder);
            }
            let file = std::fs::File::create(folder.path(name)).unwrap();
            file.set_len(70_000 * 3073).unwrap();
            let error = open(DataSet::Cifar10, Some(folder.root())).unwrap_err().to_string();
            let expected = ["with it there are 70001 images, but of a part 65536 at most", "it is longer than 200 MiB"];
            assert!(error.contains(expected[usize::from(case == "pickle")]), "{error}");
        }
        let folder = Folder::new("cifar-python-cut");
        folder.write("cifar-10-batches-py/data_batch_1", b"\x80\x02}");
        let error = open(DataSet::Cifar10, Some(folder.root())).unwrap_err().to_string();
        assert!(error.contains("data_batch_1: this is no batch of the Python version: the file is cut off"), "{error}");
    }

    #[test]
    fn reads_the_python_version() {
        // {"data": bytes of zeros, 2×3072, "labels" or "fine_labels": [first, first + 1]}
        let batch = |labels: &str, first: u8| {
            let start =
                b"\x80\x02}(X\x04\x00\x00\x00datacnumpy.core.multiarray\n_reconstruct\n)R(K\x01K\x02M\x00\x0c\x86";
            let kind = b"cnumpy\ndtype\nU\x02u1\x85R\x89T\x00\x18\x00\x00";
            let rest =
                [b"tbU", &[labels.len() as u8][..], labels.as_bytes(), b"](K", &[first], b"K", &[first + 1], b"eu."]
                    .concat();
            [&start[..], kind, &[7; 2 * PIXELS], &rest].concat()
        };
        for (set, name, labels) in
            [(DataSet::Cifar10, "cifar10", "labels"), (DataSet::Cifar100, "cifar100", "fine_labels")]
        {
            let folder = Folder::new(&format!("python-{name}"));
            let form = &forms(set)[1];
            for (i, file) in form.train.iter().chain([&form.test]).enumerate() {
                folder.write(&format!("{}/{file}", form.subfolder), &batch(labels, i as u8));
            }
            let (train, test) = open(set, Some(folder.root())).unwrap();
            let files = form.train.len();
            assert_eq!((train.len(), test.labels()), (2 * files, &[files as u32, files as u32 + 1][..]));
            let mut image = Image::default();
            train.read(1, 3, &mut image).unwrap();
            assert_eq!(image.pixels, [7.0 / 255.0; PIXELS]);
        }
    }
}
