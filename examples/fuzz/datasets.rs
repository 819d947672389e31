//! MNIST's and CIFAR's files: sound sets in which one file is another.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::sync::OnceLock;

use archc::recipe::{Data, DataSet};
use archc::train::data::Collection;
use flate2::Compression;
use flate2::write::GzEncoder;
use tempfile::TempDir;

use crate::target::{Input, Target};

pub const IDX: Target = Target {
    name: "idx",
    corpus: &[],
    input: Input::Bytes {
        words: &[&[0, 0, 8, 3], &[0, 0, 8, 1], &[0, 0, 0, 28], &[0x1f, 0x8b, 8], &[0xff; 4], &[0, 3, 0xff, 0xff]],
        made: || {
            idx().iter().enumerate().flat_map(|(at, file)| [chosen(at, file), chosen(at, &packed(file))]).collect()
        },
        longest: 8192,
        run: |bytes| read(&IDX_SET, bytes),
    },
};

pub const CIFAR: Target = Target {
    name: "cifar",
    corpus: &[],
    input: Input::Bytes {
        words: &[
            b"data",
            b"labels",
            b"fine_labels",
            b"K\x01K\x02M\x00\x0c\x86",
            b"cnumpy\ndtype\n",
            b"}(",
            b"](",
            b"e",
            b"u.",
            b"R",
            b"b",
        ],
        made: || {
            let files = [record(&[1]), batch("labels"), record(&[3, 99]), batch("fine_labels")];
            files.iter().enumerate().map(|(at, file)| chosen(at, file)).collect()
        },
        longest: 16_384,
        run: |bytes| read(&CIFAR_SETS, bytes),
    },
};

/// A choice of files of sets: the set, the file that is replaced, and its sound fellows.
type Files = Vec<(DataSet, &'static str, Vec<(&'static str, Vec<u8>)>)>;

static IDX_SET: OnceLock<(TempDir, Files)> = OnceLock::new();
static CIFAR_SETS: OnceLock<(TempDir, Files)> = OnceLock::new();

const IDX_NAMES: [&str; 4] =
    ["train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"];

/// Opens the set of which the first byte of `bytes` chooses a file, with the others as that file.
fn read(sets: &'static OnceLock<(TempDir, Files)>, bytes: &[u8]) {
    let made = || {
        (tempfile::tempdir().expect("a temporary folder"), if std::ptr::eq(sets, &IDX_SET) { mnist() } else { cifar() })
    };
    let (folder, files) = sets.get_or_init(made);
    let Some((choice, bytes)) = bytes.split_first() else { return };
    let (set, replaced, fellows) = &files[usize::from(*choice) % files.len()];
    let folder = folder.path().join(format!("{choice}"));
    let write = |name: &str, bytes: &[u8]| {
        let path: &Path = &folder.join(name);
        fs::create_dir_all(path.parent().expect("it is in a folder")).expect("the folder can be made");
        fs::write(path, bytes).expect("room on the disk");
    };
    if !folder.exists() {
        fellows.iter().for_each(|(name, bytes)| write(name, bytes));
    }
    write(replaced, bytes);
    let path = Some(folder.to_str().expect("a plain name").to_owned());
    let data = match set {
        DataSet::Table => Data::of_table(folder.join(replaced).to_str().expect("a plain name")),
        _ => Data::of(*set, path),
    };
    match Collection::open(&data) {
        Ok(collection) => assert!(collection.train.len() + collection.validation.len() > 1),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

fn mnist() -> Files {
    let sound: Vec<(&str, Vec<u8>)> = IDX_NAMES.into_iter().zip(idx()).collect();
    IDX_NAMES.into_iter().map(|name| (DataSet::Mnist, name, sound.clone())).collect()
}

fn cifar() -> Files {
    const TEN: [&str; 6] = [
        "data_batch_1.bin",
        "data_batch_2.bin",
        "data_batch_3.bin",
        "data_batch_4.bin",
        "data_batch_5.bin",
        "test_batch.bin",
    ];
    const PICKLED: [&str; 6] =
        ["data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5", "test_batch"];
    vec![
        (DataSet::Cifar10, TEN[0], TEN.map(|name| (name, record(&[1]))).to_vec()),
        (DataSet::Cifar10, PICKLED[0], PICKLED.map(|name| (name, batch("labels"))).to_vec()),
        (DataSet::Cifar100, "train.bin", vec![("test.bin", record(&[3, 99]))]),
        (DataSet::Cifar100, "train", vec![("test", batch("fine_labels"))]),
    ]
}

fn chosen(choice: usize, file: &[u8]) -> Vec<u8> {
    [&[choice as u8], file].concat()
}

/// MNIST's four files: three images to train with, and one to test.
fn idx() -> [Vec<u8>; 4] {
    let images = |count: u8| {
        [&[0, 0, 8, 3, 0, 0, 0, count, 0, 0, 0, 28, 0, 0, 0, 28], &vec![7; 784 * usize::from(count)][..]].concat()
    };
    let labels = |labels: &[u8]| [&[0, 0, 8, 1, 0, 0, 0, labels.len() as u8], labels].concat();
    [images(3), labels(&[7, 0, 9]), images(1), labels(&[4])]
}

fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).expect("memory is there");
    encoder.finish().expect("memory is there")
}

fn record(labels: &[u8]) -> Vec<u8> {
    [labels, &[7; 3072]].concat()
}

/// Two images as Python pickles them.
fn batch(labels: &str) -> Vec<u8> {
    [
        b"\x80\x02}(X\x04\x00\x00\x00datacnumpy.core.multiarray\n_reconstruct\n)R(K\x01K\x02M\x00\x0c\x86",
        &b"cnumpy\ndtype\nU\x02u1\x85R\x89T\x00\x18\x00\x00"[..],
        &[7; 6144],
        b"tbU",
        &[labels.len() as u8],
        labels.as_bytes(),
        b"](K\x01K\x02eu.",
    ]
    .concat()
}
