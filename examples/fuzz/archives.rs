//! Data sets in one file each: archives of class folders, shards, and NumPy's arrays.

use std::fs;
use std::sync::OnceLock;

use archc::compile;
use archc::ir::Shape;
use archc::recipe::{BadImages, Data, DataSet, Task};
use archc::train::data::Dataset;
use tempfile::TempDir;

use crate::target::{Input, Target};

pub const TARGET: Target = Target {
    name: "archives",
    corpus: &[],
    input: Input::Bytes {
        words: &[
            b"PK\x01\x02",
            b"PK\x03\x04",
            b"PK\x05\x06",
            b"PK\x06\x06",
            b"\x01\0\x10\0",
            b"ustar",
            b"path=",
            b"L",
            b"x",
            b"../",
            b"{'descr': '|u1', 'fortran_order': False, 'shape': (",
            b"99999999999,",
            b"((((((((",
            b"'<f8'",
            b"\x93NUMPY\x02\0",
            b".cls",
            b"\0\0\0\0",
            b"\xff\xff\xff\xff",
        ],
        made: || SOUND.iter().zip(0u8..).map(|((.., file), at)| [&[at], *file].concat()).collect(),
        longest: 32_768,
        run,
    },
};

macro_rules! fixture {
    ($name:literal) => {
        include_bytes!(concat!("../../tests/fixtures/datasets/", $name)).as_slice()
    };
}

/// What each is read as, and sound ones.
const SOUND: [(DataSet, Task, &[u8]); 9] = [
    (DataSet::Folder, Task::Class, fixture!("stored.zip")),
    (DataSet::Folder, Task::Class, fixture!("deflated.zip")),
    (DataSet::Folder, Task::Class, fixture!("gnu.tar")),
    (DataSet::Folder, Task::Class, fixture!("pax.tar")),
    (DataSet::WebDataset, Task::Class, fixture!("shards/train-000000.tar")),
    (DataSet::Medmnist, Task::Class, fixture!("breastmnist.npz")),
    (DataSet::Medmnist, Task::Class, fixture!("pathmnist.npz")),
    (DataSet::Medmnist, Task::Multilabel, fixture!("chestmnist.npz")),
    (DataSet::Medmnist, Task::Regression, fixture!("chestmnist.npz")),
];

/// The first byte chooses what the rest is read as. All images are read that can be.
fn run(bytes: &[u8]) {
    static PLACE: OnceLock<(TempDir, Data)> = OnceLock::new();
    let (folder, recipe) = PLACE.get_or_init(|| (tempfile::tempdir().expect("a temporary folder"), recipe()));
    let Some((choice, file)) = bytes.split_first() else { return };
    let (set, task, _) = SOUND[usize::from(*choice) % SOUND.len()];
    // A file that is still read by a thread is not written over.
    let path = folder.path().join("archive");
    let _ = fs::remove_file(&path);
    fs::write(&path, file).expect("room on the disk");
    let path = Some(path.to_str().expect("a plain name").to_owned());
    let data = Data { set, task, path, bad_images: BadImages::Skip, ..recipe.clone() };
    match Dataset::open(&data, Shape::map(3, 8, 8), None) {
        Ok(dataset) => {
            for split in
                [Some(dataset.train.clone()), dataset.test().ok().map(|(split, _)| split)].into_iter().flatten()
            {
                for batch in dataset.evaluation_batches(&split, 8).flatten() {
                    assert!(batch.images.iter().all(|value| (0.0..=1.0).contains(value)));
                }
            }
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

fn recipe() -> Data {
    let text = "input: [3, 8, 8]\nclasses: 2\nlayers: [flatten, linear 2]\n\
                data: {set: folder, path: x, train: [resize 8x8]}\n";
    compile(text).unwrap_or_else(|errors| panic!("{errors}")).data.expect("it has one")
}
