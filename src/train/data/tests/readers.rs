//! Readers of files, held against the libraries that wrote them. The fixture is made by tests/scripts/datasets.py,
//! which says what is in it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::recipe::{Data, DataSet, Task};
use crate::train::data::fixture::Folder;
use crate::train::data::image::Image;
use crate::train::data::{Collection, DataError, Split, Targets};

/// Labels, height and width, and the levels of each channel.
type Told = (String, usize, usize, Vec<u8>);

fn datasets() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/datasets")
}

/// What the libraries read, by file and part.
fn expected() -> BTreeMap<(String, String), Vec<Told>> {
    let mut all: BTreeMap<(String, String), Vec<Told>> = BTreeMap::new();
    for line in fs::read_to_string(datasets().join("expected.txt")).expect("it is in the repository").lines() {
        let [file, part, at, labels, height, width, bytes] = line.split(' ').collect::<Vec<_>>()[..] else {
            panic!("{line}")
        };
        let byte = |pair: &[u8]| u8::from_str_radix(str::from_utf8(pair).expect("text"), 16).expect("digits");
        let bytes = bytes.as_bytes().chunks(2).map(byte).collect();
        let number = |text: &str| text.parse::<usize>().expect("a number");
        let images = all.entry((file.to_owned(), part.to_owned())).or_default();
        assert_eq!(images.len(), number(at));
        images.push((labels.to_owned(), number(height), number(width), bytes));
    }
    all
}

fn told(split: &Split, channels: usize) -> Vec<Told> {
    let one = |example: usize| {
        let mut image = Image::default();
        split.read(example, channels, &mut image).expect("readable");
        assert_eq!(split.size(example).expect("readable"), image.size);
        let labels: Vec<String> = match split.targets() {
            Targets::Labels(sets) => {
                (0..14).map(|label| u32::from(sets.of(example).contains(&label)).to_string()).collect()
            }
            targets => targets.of(example).iter().map(u32::to_string).collect(),
        };
        let bytes = image.pixels.iter().map(|value| (value * 255.0).round() as u8).collect();
        (labels.join(","), image.size.height, image.size.width, bytes)
    };
    (0..split.len()).map(one).collect()
}

fn open(set: DataSet, path: &Path, task: Task) -> Result<(Collection, Data), DataError> {
    let data = Data { task, ..Data::of(set, Some(path.to_str().expect("UTF-8").to_owned())) };
    Ok((Collection::open(&data)?, data))
}

/// All parts, as they are called in the fixture.
fn parts(collection: &Collection, data: &Data) -> [(&'static str, Split); 3] {
    let test = collection.test(data).expect("there is one").0;
    [("train", collection.train.clone()), ("val", collection.validation.clone()), ("test", test)]
}

#[test]
fn medmnist_s_files_are_what_medmnist_reads() {
    let expected = expected();
    for (file, channels, task, classes) in [
        ("breastmnist.npz", 1, Task::Class, 2),
        ("pathmnist.npz", 3, Task::Class, 9),
        ("chestmnist.npz", 1, Task::Multilabel, 14),
        ("retinamnist.npz", 3, Task::Class, 5),
    ] {
        let (collection, data) = open(DataSet::Medmnist, &datasets().join(file), task).expect(file);
        assert_eq!(collection.classes.len(), classes, "{file}");
        for (part, split) in parts(&collection, &data) {
            assert_eq!(told(&split, channels), expected[&(file.to_owned(), part.to_owned())], "{file} {part}");
        }
    }
    let chest = datasets().join("chestmnist.npz");
    let refused = open(DataSet::Medmnist, &chest, Task::Class).expect_err("it has 14 labels").to_string();
    assert!(refused.contains("each image has 14 labels: write `task: multilabel`"), "{refused}");
    let (numbers, _) = open(DataSet::Medmnist, &chest, Task::Regression).expect("numbers are numbers");
    assert!(matches!(numbers.train.targets(), Targets::Numbers(rows) if rows.columns == 14));
}

#[test]
fn shards_are_what_webdataset_reads() {
    let expected = expected();
    let (collection, data) = open(DataSet::WebDataset, &datasets().join("shards"), Task::Class).expect("shards");
    assert_eq!((collection.classes.len(), collection.notes.len()), (3, 0));
    for (part, split) in parts(&collection, &data) {
        let of_part = expected.iter().filter(|((file, other), _)| file.starts_with("shards/") && other == part);
        let all: Vec<Told> = of_part.flat_map(|(_, images)| images.clone()).collect();
        assert_eq!(told(&split, 3), all, "{part}");
    }
    // Without words for parts, a fifth of each class is held out.
    let one = datasets().join("shards/train-{000000..000001}.tar");
    let (collection, _) = open(DataSet::WebDataset, &one, Task::Class).expect("two shards");
    assert_eq!((collection.train.len(), collection.validation.len()), (5, 3));
}

#[test]
fn archives_are_the_folders_in_them() {
    let expected = expected();
    for file in ["stored.zip", "deflated.zip", "gnu.tar", "pax.tar", "ustar.tar"] {
        let (collection, data) = open(DataSet::Folder, &datasets().join(file), Task::Class).expect(file);
        assert_eq!(collection.classes, ["ant", "bee"], "{file}");
        for (part, split) in parts(&collection, &data) {
            // Long names are sorted as short ones are.
            assert_eq!(told(&split, 3), expected[&("photos".to_owned(), part.to_owned())], "{file} {part}");
        }
    }
}

/// Archives in which something is not as it should be, by what is put into one of the bytes of a sound one.
#[test]
fn damage_is_named() {
    let folder = Folder::new("damaged-archives");
    let changed = |file: &str, change: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = fs::read(datasets().join(file)).expect("it is in the repository");
        change(&mut bytes);
        folder.write(file, &bytes)
    };
    let find = |bytes: &[u8], what: &[u8]| bytes.windows(what.len()).position(|window| window == what).expect("there");
    // Of an image that is stored, one byte.
    let path = changed("stored.zip", &|bytes| {
        let file = find(bytes, b"photos/train/ant/0.png");
        let at = file + find(&bytes[file..], b"IDAT");
        bytes[at + 6] ^= 1;
    });
    let (collection, _) = open(DataSet::Folder, &path, Task::Class).expect("names are sound");
    let mut image = Image::default();
    let results: Vec<_> = (0..collection.train.len())
        .map(|at| collection.train.read(at, 3, &mut image).map_err(|e| e.to_string()))
        .collect();
    let bad: Vec<&String> = results.iter().filter_map(|result| result.as_ref().err()).collect();
    assert!(bad.len() == 1 && bad[0].contains("do not have the checksum"), "{bad:?}");

    for (case, file, change, expected) in [
        (
            "cut",
            "stored.zip",
            (&|bytes: &mut Vec<u8>| bytes.truncate(bytes.len() / 2)) as &dyn Fn(&mut Vec<u8>),
            "cut off or damaged",
        ),
        ("cut", "gnu.tar", &|bytes| bytes.truncate(5 * 512 + 4), "cut off"),
        ("gzip", "gnu.tar", &|bytes| bytes.splice(0..2, [0x1f, 0x8b]).for_each(drop), "unpack it, with `gunzip`"),
        (
            "escape",
            "stored.zip",
            &|bytes| {
                while let Some(at) = bytes.windows(12).position(|window| window == b"photos/train") {
                    bytes[at..at + 12].copy_from_slice(b"../../../.ss");
                }
            },
            "leads out of it",
        ),
    ] {
        let error = open(DataSet::Folder, &changed(file, change), Task::Class).expect_err(case).to_string();
        assert!(error.contains(expected), "{case}: {error}");
    }
    let shards = datasets().join("shards");
    let error = open(DataSet::Folder, &shards, Task::Class).expect_err("shards").to_string();
    assert!(error.contains("write `set: webdataset`"), "{error}");

    for (case, change, expected) in [
        ("few", (&|bytes: &mut Vec<u8>| bytes.truncate(300)) as &dyn Fn(&mut Vec<u8>), "cut off or damaged"),
        (
            "another name",
            &|bytes| {
                while let Some(at) = bytes.windows(10).position(|window| window == b"val_images") {
                    bytes[at..at + 3].copy_from_slice(b"dev");
                }
            },
            "there is no array `val_images` in it, as MedMNIST's files have them; those in it: dev_images",
        ),
    ] {
        let path = changed("breastmnist.npz", change);
        let error = open(DataSet::Medmnist, &path, Task::Class).expect_err(case).to_string();
        assert!(error.contains(expected), "{case}: {error}");
    }
    // Of a packed array the directory says how long it is, which may be less than its header.
    let path = changed("pathmnist.npz", &|bytes| {
        let directory = find(bytes, b"PK\x01\x02");
        let name = directory + find(&bytes[directory..], b"train_labels.npy");
        bytes[name - 22..name - 18].copy_from_slice(&10u32.to_le_bytes());
    });
    let error = open(DataSet::Medmnist, &path, Task::Class).expect_err("it is short").to_string();
    assert!(error.contains("`train_labels` is to have 4·1·1 bytes, and 0 follow"), "{error}");
    // The header of the first array is stored as it is; its length, and what it says, are looked at.
    for (case, from, to, expected) in [
        ("more", "(4, 28, 28)", "(9, 28, 28)", "is to have 9·28·28·1 bytes, and 3136 follow"),
        ("floats", "'|u1'", "'<f4'", "and images are bytes"),
        ("volumes", "(4, 28, 28)", "(4,7,4,28) ", "volumes are no images"),
        ("columns", "False", "True ", "stored column by column"),
        ("no header", "NUMPY", "numpy", "no array of NumPy's"),
    ] {
        let path = changed("breastmnist.npz", &|bytes| {
            let at = find(bytes, from.as_bytes());
            bytes[at..at + to.len()].copy_from_slice(to.as_bytes());
        });
        let error = open(DataSet::Medmnist, &path, Task::Class).expect_err(case).to_string();
        assert!(error.contains(expected), "{case}: {error}");
    }
}
