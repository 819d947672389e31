//! Whole data sets: what comes out of [`Dataset::open`] and its batches.

use std::path::PathBuf;

use ::image::RgbImage;

use super::fixture::Folder;
use super::*;
use crate::ir::Pair;
use crate::recipe::{BadImages, DataSet, Filter, MaxPixels, Padding, Resize, Sampler, Train};

mod readers;

fn digits() -> Data {
    Data::of(DataSet::Digits, None)
}

fn recipe(batch: usize, drop_last: bool) -> Train {
    Train { batch, drop_last, seed: 7, ..Train::default() }
}

/// Digits, cropped and mirrored at random.
fn augmented() -> Dataset {
    let crop = Transform::RandomCrop { size: Pair::square(8), padding: Padding::zeros(2, 1) };
    let data = Data { train: vec![crop, Transform::HorizontalFlip { probability: 0.5 }], ..digits() };
    Dataset::open(&data, Shape::map(1, 8, 8), Some(10)).unwrap()
}

fn all(batches: Batches) -> Vec<(usize, Vec<f32>, Vec<u32>)> {
    batches.map(Result::unwrap).map(|batch| (batch.index, batch.images, batch.labels)).collect()
}

/// Twenty images of two classes, 6×4, to read as 3×6×4; every `bad`-th of the file names holds text.
pub(super) fn photos(name: &str, bad: usize) -> (Folder, Data) {
    let folder = Folder::new(name);
    for split in ["train", "val"] {
        for i in 0..20 {
            let path = folder.path(&format!("{split}/{}/{i:02}.png", ["cat", "dog"][i % 2]));
            match (i + 1) % bad {
                0 => std::fs::write(path, "no image").unwrap(),
                _ => RgbImage::from_pixel(4, 6, ::image::Rgb([i as u8, 0, 255])).save(path).unwrap(),
            }
        }
    }
    let data = Data { set: DataSet::Folder, path: Some(folder.root().to_string()), ..digits() };
    (folder, data)
}

#[test]
fn workers_and_recycling_change_nothing() {
    let mut dataset = augmented();
    let train = recipe(100, false);
    let expected = all(dataset.training_batches(&train, 3, 0));
    assert_eq!(expected.len(), 15);
    for workers in [2, 5, 40] {
        dataset.workers = workers;
        let mut batches = dataset.training_batches(&train, 3, 0);
        for (index, images, labels) in &expected {
            let batch = batches.next().unwrap().unwrap();
            assert_eq!((&batch.index, &batch.images, &batch.labels), (index, images, labels), "{workers} workers");
            batches.recycle(batch);
        }
        assert!(batches.next().is_none());
    }
}

#[test]
fn an_epoch_goes_on_where_it_stopped() {
    let mut dataset = augmented();
    dataset.workers = 2;
    let train = recipe(64, false);
    let whole = all(dataset.training_batches(&train, 1, 0));
    for start in [1, 7, 22, 23, 24] {
        let rest = all(dataset.training_batches(&train, 1, start));
        assert_eq!(rest, whole[start.min(whole.len())..], "from {start}");
    }
}

#[test]
fn an_epoch_has_every_example_once_in_an_order_of_its_own() {
    let dataset = Dataset::open(&digits(), Shape::map(1, 8, 8), Some(10)).unwrap();
    let train = recipe(100, false);
    let images = |batches| {
        let pixels: Vec<f32> = all(batches).into_iter().flat_map(|(_, images, _)| images).collect();
        pixels.chunks(64).map(|image| image.iter().map(|value| (value * 16.0) as u8).collect()).collect()
    };
    let in_order: Vec<Vec<u8>> = images(dataset.evaluation_batches(&dataset.train, 100));
    let mut epochs = vec![in_order];
    epochs.extend((0..3).map(|epoch| images(dataset.training_batches(&train, epoch, 0))));
    let other_seed = Train { seed: 8, ..train };
    epochs.push(images(dataset.training_batches(&other_seed, 0, 0)));
    for (i, epoch) in epochs.iter().enumerate() {
        assert!(epochs[..i].iter().all(|other| other != epoch), "epoch {i} has the order of another");
    }
    for epoch in &mut epochs {
        epoch.sort();
    }
    assert!(epochs.iter().all(|epoch| epoch.len() == 1438 && *epoch == epochs[0]));
}

#[test]
fn an_example_that_is_drawn_again_is_another_image() {
    let dataset = augmented();
    let mut weights = vec![0.0; 10];
    weights[4] = 1.0;
    let train = Train { sampler: Sampler::Weighted(weights), ..recipe(64, false) };
    let batches: Vec<Batch> = dataset.training_batches(&train, 1, 0).map(Result::unwrap).collect();
    let mut by_example: BTreeMap<usize, Vec<Vec<u32>>> = BTreeMap::new();
    for batch in &batches {
        assert!(batch.labels.iter().all(|label| *label == 4));
        for (example, image) in batch.examples.iter().zip(batch.images.chunks(64)) {
            by_example.entry(*example).or_default().push(image.iter().map(|value| value.to_bits()).collect());
        }
    }
    let images: usize = by_example.values().map(Vec::len).sum();
    // Ten times as many as there are of the class, of which each may be cropped and mirrored in fifty ways.
    assert!(images == 1438 && by_example.len() < 200, "{} examples", by_example.len());
    let different = by_example.values_mut().map(|images| {
        images.sort();
        images.dedup();
        images.len()
    });
    assert!(different.sum::<usize>() > images / 2);
    let rest = all(dataset.training_batches(&train, 1, 9));
    assert!(rest.iter().map(|(_, images, _)| images).eq(batches[9..].iter().map(|batch| &batch.images)));
}

#[test]
fn the_last_batch_is_smaller_or_left_out() {
    let dataset = Dataset::open(&digits(), Shape::map(1, 8, 8), Some(10)).unwrap();
    for (batch, drop_last, steps, last) in
        [(100, false, 15, 38), (100, true, 14, 100), (719, true, 2, 719), (2000, true, 0, 0)]
    {
        let train = recipe(batch, drop_last);
        let sizes: Vec<usize> = all(dataset.training_batches(&train, 0, 0)).iter().map(|batch| batch.2.len()).collect();
        assert_eq!((sizes.len(), sizes.last().copied().unwrap_or(0)), (steps, last), "{batch}");
        assert_eq!(dataset.steps(&train), steps, "{batch}");
    }
}

#[test]
fn bad_images_are_refused_or_skipped() {
    let (_folder, data) = photos("bad", 4);
    let open = |bad_images| Dataset::open(&Data { bad_images, ..data.clone() }, Shape::map(3, 6, 4), None).unwrap();
    let train = recipe(2, false);

    let refusing = open(BadImages::Refuse);
    let mut batches = refusing.training_batches(&train, 0, 0);
    let error = batches.find_map(Result::err).unwrap().to_string();
    assert!(error.contains(".png is no image"), "{error}");
    assert!(batches.next().is_none());

    // Five of twenty are replaced, and the epoch has every other one.
    for batch in [2, 1, 3, 40] {
        let mut skipping = open(BadImages::Skip);
        let recipe = recipe(batch, false);
        let mut batches = skipping.training_batches(&recipe, 0, 0);
        let whole: Vec<Batch> = batches.by_ref().map(Result::unwrap).collect();
        let mut examples: Vec<usize> = whole.iter().flat_map(|batch| batch.examples.clone()).collect();
        assert_eq!((examples.len(), batches.skipped().len()), (20, 5), "{batch}");
        examples.sort_unstable();
        examples.dedup();
        assert_eq!(examples.len(), 15, "{batch}");
        // They are the same however many make them, and from the middle on.
        let told = |batch: &Batch| (batch.index, batch.images.clone(), batch.labels.clone(), batch.examples.clone());
        for (workers, start) in [(1, 0), (7, 0), (2, 1), (3, 5)] {
            skipping.workers = workers;
            let rest = skipping.training_batches(&recipe, 0, start).map(|batch| told(&batch.unwrap()));
            let expected = whole.iter().skip(start).map(told);
            assert!(rest.eq(expected), "batches of {batch} from {start} on, {workers} workers");
        }
    }
    // To measure with, no image counts twice.
    let skipping = open(BadImages::Skip);
    let mut batches = skipping.evaluation_batches(&skipping.validation, 4);
    let images: usize = batches.by_ref().map(|batch| batch.unwrap().labels.len()).sum();
    assert_eq!((images, batches.skipped().len()), (15, 5));
}

/// What is left when files go bad, for each way in which they can.
#[cfg(unix)]
#[test]
fn what_cannot_be_read_is_skipped_until_nothing_is_left() {
    type Ruin = fn(&Path);
    let ways: [(&str, Ruin); 4] = [
        ("text", |path| std::fs::write(path, "no image").unwrap()),
        ("dangling", |path| {
            std::fs::remove_file(path).unwrap();
            std::os::unix::fs::symlink("nowhere.png", path).unwrap();
        }),
        ("folderish", |path| {
            std::fs::remove_file(path).unwrap();
            std::os::unix::fs::symlink("/dev/zero", path).unwrap();
        }),
        ("no pixels", |path| std::fs::write(path, b"P5 0 0 255\n").unwrap()),
    ];
    for (name, ruin) in ways {
        let (folder, data) = photos(&format!("ruined-{name}"), 100);
        let open = |bad_images| Dataset::open(&Data { bad_images, ..data.clone() }, Shape::map(3, 6, 4), None);
        let cats: Vec<PathBuf> = (0..10).map(|i| folder.path(&format!("train/cat/{:02}.png", 2 * i))).collect();
        cats[1..].iter().for_each(|path| ruin(path));
        let dataset = open(BadImages::Skip).unwrap();
        let mut batches = dataset.training_batches(&recipe(8, false), 2, 0);
        let sizes: Vec<usize> = batches.by_ref().map(|batch| batch.unwrap().labels.len()).collect();
        assert_eq!((sizes, batches.skipped().len()), (vec![8, 8, 4], 9), "{name}");
        // One that is gone after the set was opened is skipped too.
        std::fs::remove_file(folder.path("train/dog/01.png")).unwrap();
        let mut batches = dataset.training_batches(&recipe(20, false), 2, 0);
        assert_eq!((batches.by_ref().map(Result::unwrap).count(), batches.skipped().len()), (1, 10), "{name}");

        ruin(&cats[0]);
        let refused = open(BadImages::Skip).unwrap_err().to_string();
        assert!(
            refused.starts_with("no image for the class `cat`: none of 10 images can be read; one of them: "),
            "{refused}"
        );
        let (folder, data) = photos(&format!("ruined-validation-{name}"), 100);
        for i in 0..20 {
            ruin(&folder.path(&format!("val/{}/{i:02}.png", ["cat", "dog"][i % 2])));
        }
        let data = Data { bad_images: BadImages::Skip, ..data };
        let refused = Dataset::open(&data, Shape::map(3, 6, 4), None).unwrap_err().to_string();
        assert!(refused.starts_with("no validation image: none of 20 images can be read"), "{refused}");
    }
}

#[test]
fn folders_give_labels_and_pixels() {
    let (folder, data) = photos("photos", 100);
    let dataset = Dataset::open(&data, Shape::map(3, 6, 4), Some(2)).unwrap();
    assert_eq!(dataset.classes(), ["cat", "dog"]);
    let batches = all(dataset.evaluation_batches(&dataset.validation, 20));
    let (_, images, labels) = &batches[0];
    assert_eq!(labels.iter().sum::<u32>(), 10);
    // The cats come first: images 0, 2, 4, …; each has red at its index, no green, all blue.
    for (position, image) in images.chunks(72).enumerate() {
        let index = if position < 10 { 2 * position } else { 2 * (position - 10) + 1 };
        let expected = [index as f32 / 255.0, 0.0, 1.0].map(|value| [value; 24]);
        assert_eq!(image, expected.as_flattened(), "image {position}");
    }
    let half = Transform::Resize { target: Resize::Exact(Pair { height: 3, width: 2 }), filter: Filter::Bilinear };
    let pixels =
        read_image(&folder.path("val/dog/05.png"), &[half], Shape::map(3, 3, 2), MaxPixels::default()).unwrap();
    assert!(
        pixels.iter().zip([5.0 / 255.0, 0.0, 1.0].map(|v| [v; 6]).as_flattened()).all(|(a, b)| (a - b).abs() < 1e-6)
    );
}

#[test]
fn what_does_not_fit_is_said_before_training() {
    let (_folder, photos) = photos("unfit", 100);
    let resize = |data: &Data| Data {
        train: vec![Transform::Resize { target: Resize::Shorter(3), filter: Filter::Bilinear }],
        ..data.clone()
    };
    for (data, input, classes, expected) in [
        (digits(), Shape::map(1, 8, 8), Some(9), "the data has 10 classes, and the network gives 9 numbers"),
        (digits(), Shape::map(1, 28, 28), Some(10), "an image does not fit: it is 8×8, but the network reads 28×28"),
        (digits(), Shape::Vector(64), Some(10), "the network reads 64"),
        (photos.clone(), Shape::map(3, 6, 4), Some(1), "the data has 2 classes"),
        (
            photos.clone(),
            Shape::map(3, 4, 4),
            Some(2),
            "train/cat/00.png does not fit: it is 6×4, but the network reads 4×4",
        ),
        (resize(&photos), Shape::map(3, 3, 3), None, "it is 6×4, after `resize 3` 4×3, but the network reads 3×3"),
    ] {
        let error = Dataset::open(&data, input, classes).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
    // More classes than the data has are legal.
    Dataset::open(&digits(), Shape::map(3, 8, 8), Some(11)).unwrap();
}
