use std::time::Duration;

use image::{ImageBuffer, Luma, RgbImage};

use super::room::make_room;
use super::*;
use crate::train::data::fixture::Folder;

/// As many files as it takes, of which the last is no image.
fn photos(folder: &Folder) -> Vec<PathBuf> {
    let one = |index: usize| {
        let path = folder.path(&format!("photos/{index:03}.png"));
        match index + 1 == FEWEST {
            true => fs::write(&path, "no image").unwrap(),
            false => {
                RgbImage::from_pixel(1 + index as u32 % 3, 2, image::Rgb([index as u8, 7, 9])).save(&path).unwrap();
            }
        }
        path
    };
    (0..FEWEST).map(one).collect()
}

fn open(files: &[PathBuf], part: &str, channels: usize, cache: &Path) -> Option<Decoded> {
    let files: Vec<ImageFile> = files.iter().cloned().map(ImageFile::from).collect();
    let files = files.as_slice();
    Decoded::open(files, part, &contents::digest(files, part, Some(cache)), channels, cache)
}

/// An image's width and first value.
fn value(decoded: &Decoded, example: usize) -> Option<(usize, f32)> {
    let mut image = Image::default();
    decoded.read(example, 3, &mut image).then(|| (image.size.width, image.pixels[0] * 255.0))
}

/// The files of images in a folder.
fn made(cache: &Path) -> Vec<PathBuf> {
    let paths = fs::read_dir(cache).unwrap().map(|entry| entry.unwrap().path());
    let mut paths: Vec<PathBuf> = paths.filter(|path| path.extension().is_some_and(|end| end == "images")).collect();
    paths.sort();
    paths
}

#[test]
fn is_made_anew_when_a_file_changes() {
    let folder = Folder::new("decoded");
    let (files, cache) = (photos(&folder), folder.path("cache/x"));
    let cache = cache.parent().unwrap();
    assert!(!worthwhile(files.len() - 1) && worthwhile(files.len()), "few images are decoded each time");
    let first = open(&files, "train", 3, cache).unwrap();
    assert_eq!([0, 5, FEWEST - 1].map(|example| value(&first, example)), [Some((1, 0.0)), Some((3, 5.0)), None]);
    assert!(!first.read(0, 1, &mut Image::default()), "another number of channels");
    let before = made(cache);
    let again = open(&files, "train", 3, cache).unwrap();
    assert_eq!((made(cache), value(&again, 5)), (before.clone(), Some((3, 5.0))));

    // Of the same length and time.
    let time = fs::metadata(&files[5]).unwrap().modified().unwrap();
    RgbImage::from_pixel(3, 2, image::Rgb([77, 7, 9])).save(&files[5]).unwrap();
    File::options().write(true).open(&files[5]).unwrap().set_modified(time).unwrap();
    let changed = open(&files, "train", 3, cache).unwrap();
    assert_eq!((value(&changed, 5), value(&again, 5)), (Some((3, 77.0)), Some((3, 5.0))));
    assert!(made(cache).len() == 1 && made(cache) != before, "the old one is gone: {:?}", made(cache));

    // Other images have a file of their own, until there is no room.
    drop(open(&files, "validation", 3, cache).unwrap());
    let both = made(cache);
    assert_eq!(both.len(), 2);
    let length = |path: &Path| fs::metadata(path).unwrap().len();
    File::open(&both[1]).unwrap().set_modified(SystemTime::now() - Duration::from_secs(60)).unwrap();
    make_room(cache, length(&both[0]) + 1000, &both[0]);
    assert_eq!(made(cache), both[..1]);
    make_room(cache, 0, &both[0]);
    assert_eq!(made(cache), both[..1], "what was just made stays");
}

/// Whatever was cut off, zeroed or changed in it: every image is as it was, or is not here.
#[test]
fn what_is_damaged_is_not_taken() {
    let folder = Folder::new("damaged");
    let (files, cache) = (photos(&folder), folder.path("cache/x"));
    let cache = cache.parent().unwrap();
    let decoded = open(&files, "train", 3, cache).unwrap();
    let (path, count) = (made(cache)[0].clone(), files.len());
    let whole = fs::read(&path).unwrap();
    let expected: Vec<_> = (0..count).map(|example| value(&decoded, example)).collect();

    // While it is open.
    File::options().write(true).open(&path).unwrap().set_len(whole.len() as u64 - 1).unwrap();
    let cut: Vec<_> = (0..count).map(|example| value(&decoded, example)).collect();
    assert!(cut.iter().zip(&expected).all(|(cut, expected)| cut == expected || cut.is_none()));
    assert!(cut.iter().any(Option::is_some) && cut.iter().any(Option::is_none), "{cut:?}");

    for (at, length) in [(0, 16), (16, 4), (20, 4), (24, 4), (HEAD, 4), (HEAD + 9 * ENTRY, 16), (0, whole.len())] {
        let mut damaged = whole.clone();
        damaged[at..at + length].iter_mut().for_each(|byte| *byte = if *byte == 0 { 1 } else { 0 });
        fs::write(&path, damaged).unwrap();
        assert!(Decoded::at(&path, count, 3).is_none(), "{length} bytes at {at}");
    }
    for bytes in [&whole[..whole.len() - 1], &whole[..HEAD], &[], &vec![0; whole.len()]] {
        fs::write(&path, bytes).unwrap();
        assert!(Decoded::at(&path, count, 3).is_none(), "{} bytes", bytes.len());
    }
    let mut damaged = whole.clone();
    damaged[HEAD + ENTRY * count] ^= 1;
    fs::write(&path, damaged).unwrap();
    let decoded = Decoded::at(&path, count, 3).unwrap();
    assert_eq!((value(&decoded, 0), value(&decoded, 1)), (None, expected[1]), "an image's own checksum");
    fs::write(&path, &whole[..whole.len() - 1]).unwrap();
    drop(open(&files, "train", 3, cache).unwrap());
    assert!(fs::read(&path).unwrap() == whole, "made anew");
}

/// The folder may be the user's Documents.
#[test]
fn only_what_archc_made_is_removed() {
    let folder = Folder::new("room");
    let (files, cache) = (photos(&folder), folder.path("cache/x"));
    let cache = cache.parent().unwrap();
    let (a, b) = ("0123456789abcdef01234567", "89abcdef0123456789abcdef");
    let mut mine = Vec::new();
    for (name, text) in [
        ("thesis.odt", "mine".to_owned()),
        ("photos.images", "mine".to_owned()),
        (&format!("{a}-{b}.images"), "named like archc's".to_owned()),
        (&format!("{a}.contents"), "named like archc's".to_owned()),
        (&format!("{a}-{b}.images.partial"), "archc images  2\n".to_owned()),
        (&format!("{a}-{}.images", b.to_uppercase()), "archc images  2\n".to_owned()),
        ("holiday/1.images", "archc images  2\n".to_owned()),
    ] {
        let path = folder.path(&format!("cache/{name}"));
        fs::write(&path, text).unwrap();
        File::open(&path).unwrap().set_modified(SystemTime::now() - Duration::from_secs(600)).unwrap();
        mine.push(path);
    }
    // An earlier version's file, of one image of 2×3 pixels and three channels.
    let old = folder.path(&format!("cache/{b}-{a}.images"));
    let [height, width] = [2u32, 3].map(u32::to_le_bytes);
    fs::write(&old, [&height[..], &width, &[7; 18]].concat()).unwrap();
    let kept = folder.path("cache/nothing");
    make_room(cache, 1 << 20, &kept);
    assert!(old.exists(), "there is room");
    drop(open(&files, "train", 3, cache).unwrap());
    make_room(cache, 0, &kept);
    assert!(mine.iter().all(|path| path.exists()) && !old.exists() && made(cache).len() == 3, "{:?}", made(cache));
}

#[test]
fn values_of_16_bits_are_kept_as_they_are() {
    let folder = Folder::new("fine");
    let cache = folder.path("cache/x");
    let one = |index: usize| {
        let path = folder.path(&format!("photos/{index:03}.png"));
        ImageBuffer::<Luma<u16>, Vec<u16>>::from_pixel(2, 2, Luma([1000 + index as u16])).save(&path).unwrap();
        path
    };
    let files: Vec<PathBuf> = (0..FEWEST).map(one).collect();
    let decoded = open(&files, "train", 1, cache.parent().unwrap()).unwrap();
    for example in [0, 1, FEWEST - 1] {
        let (mut kept, mut expected) = (Image::default(), Image::default());
        assert!(decoded.read(example, 1, &mut kept));
        super::super::image::decode(&files[example].clone().into(), 1, MaxPixels::default(), &mut expected).unwrap();
        assert_eq!(kept, expected);
    }
}
