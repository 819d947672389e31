//! CIFAR-10 and CIFAR-100 in their binary version: records of one or two label bytes and 3×32×32 pixels.
//!
//! Source: <https://www.cs.toronto.edu/~kriz/cifar.html>.

use std::fs;
use std::path::Path;

use super::split::{Images, Split};
use super::{DataError, check_labels, places};
use crate::arguments::Pair;
use crate::recipe::DataSet;

/// Bytes of one image.
const PIXELS: usize = 3 * 32 * 32;

/// How the files of a set look.
struct Form {
    train: &'static [&'static str],
    test: &'static str,
    subfolder: &'static str,
    /// Label bytes before the pixels; the last one is the label (before it stands CIFAR-100's coarse one).
    labels: usize,
}

const CIFAR10: Form = Form {
    train: &["data_batch_1.bin", "data_batch_2.bin", "data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin"],
    test: "test_batch.bin",
    subfolder: "cifar-10-batches-bin",
    labels: 1,
};

const CIFAR100: Form = Form { train: &["train.bin"], test: "test.bin", subfolder: "cifar-100-binary", labels: 2 };

/// Both splits.
pub fn open(set: DataSet, path: Option<&str>) -> Result<(Split, Split), DataError> {
    let form = if set == DataSet::Cifar100 { CIFAR100 } else { CIFAR10 };
    let first = form.train[0];
    let folder = places::find(set, path, &[form.subfolder], first, &[first.to_string()])?;
    Ok((split(set, &folder, &form, form.train)?, split(set, &folder, &form, &[form.test])?))
}

fn split(set: DataSet, folder: &Path, form: &Form, files: &[&str]) -> Result<Split, DataError> {
    let record = form.labels + PIXELS;
    let (mut pixels, mut labels) = (Vec::new(), Vec::new());
    for file in files {
        let path = folder.join(file);
        let bytes = fs::read(&path).map_err(|error| DataError::io(&path, error))?;
        let (whole, rest) = (bytes.len() / record, bytes.len() % record);
        if whole == 0 || rest != 0 {
            let message = format!(
                "{} bytes are {whole} records of {record} and {rest} bytes over: the file is cut off",
                bytes.len()
            );
            return Err(DataError::malformed(&path, message));
        }
        let first = labels.len();
        for record in bytes.chunks_exact(record) {
            labels.push(u32::from(record[form.labels - 1]));
            pixels.extend_from_slice(&record[form.labels..]);
        }
        check_labels(&labels[first..], set.classes().len(), &path)?;
    }
    Ok(Split::new(Images::Memory { pixels, channels: 3, size: Pair::square(32), white: u8::MAX }, labels))
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
        for (i, name) in CIFAR10.train.iter().chain([&CIFAR10.test]).enumerate() {
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
        let folder = Folder::new("cifar-python");
        folder.write("cifar-10-batches-py/data_batch_1", b"");
        let error = open(DataSet::Cifar10, Some(folder.root())).unwrap_err().to_string();
        assert!(error.contains("Python version") && error.contains("binary version"), "{error}");
    }
}
