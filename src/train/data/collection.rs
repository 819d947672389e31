//! Images as they are: where a set's files lie, read into two splits with the names of their classes.

use std::path::PathBuf;

use image::{Rgb, RgbImage};

use super::augment::shrink;
use super::image::Image;
use super::split::shuffle;
use super::{DataError, Split, cifar, digits, folder, idx, masked, medmnist, table, webdataset};
use crate::ir::Pair;
use crate::random::{Purpose, generator};
use crate::recipe::{BadImages, Data, DataSet, Task};

/// A data set before any transform.
#[derive(Debug)]
pub struct Collection {
    /// What a network learns from.
    pub train: Split,
    /// What it is judged by.
    pub validation: Split,
    /// What it is tested with at the very end; only looked at when asked for.
    pub test: TestImages,
    /// Names of classes or labels, by number.
    pub classes: Vec<String>,
    /// Files in a folder that are no images, and rows of a table without one, left out because of
    /// `on_bad_image: skip`; rows that say the same again.
    pub left_out: Vec<DataError>,
    /// What there is to say about the files that the images are in.
    pub notes: Vec<String>,
    /// What a table, an archive or the like was taken for.
    pub taken_for: Option<String>,
}

/// The longer side of an image that is to be looked at, at most.
const LARGEST_SAMPLE: usize = 256;

/// Where the images are that are for testing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TestImages {
    /// There are none.
    Nowhere,
    /// They are what the network is judged by: the set's authors published no others.
    Validation,
    /// In the folder that is called so; in none or several it is an error to ask for them.
    Folders(Vec<PathBuf>),
    /// In rows of a table, if it has such.
    Table,
    /// In the files that have the others too, if they do.
    Same,
}

/// One of the parts of a data set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// What a network learns from.
    Train,
    /// What it is judged by.
    Validation,
    /// What it is tested with at the very end.
    Test,
}

/// The folder in which `set`'s files are, if they are in any of the usual places.
pub fn locate(set: DataSet) -> Option<PathBuf> {
    match set {
        DataSet::Mnist | DataSet::FashionMnist => idx::locate(set, None).ok(),
        DataSet::Cifar10 | DataSet::Cifar100 => cifar::locate(set, None).ok(),
        DataSet::Digits | DataSet::Folder | DataSet::Table | DataSet::Medmnist | DataSet::WebDataset => None,
    }
}

impl Collection {
    /// Finds and reads the set. Of folders and tables only the names are read, of everything else all images.
    ///
    /// # Errors
    /// If files are missing, cut off or not what they should be.
    pub fn open(data: &Data) -> Result<Collection, DataError> {
        let path = data.path.as_deref();
        let masks = match (data.task, &data.masks) {
            (Task::Segment, None) => {
                let message = "`task: segment` needs the names of the classes: write `classes:` under `data:`";
                return Err(DataError::Mismatch(message.to_owned()));
            }
            (_, masks) => masks.as_ref(),
        };
        if let (Some(masks), DataSet::Folder) = (masks, data.set) {
            return masked::open(data, masks);
        }
        let tells_other = match data.set {
            DataSet::Table => true,
            DataSet::Medmnist => data.task != Task::Segment,
            _ => false,
        };
        if data.task != Task::Class && !tells_other {
            let message = format!("`task: {}` needs a table that says what each image has", data.task);
            return Err(DataError::Mismatch(message));
        }
        let (train, validation) = match data.set {
            DataSet::Digits => digits::open(),
            DataSet::Mnist | DataSet::FashionMnist => idx::open(data.set, path)?,
            DataSet::Cifar10 | DataSet::Cifar100 => cifar::open(data.set, path)?,
            DataSet::Folder => return folder::open(data),
            DataSet::Table => return table::open(data),
            DataSet::Medmnist => return medmnist::open(data),
            DataSet::WebDataset => return webdataset::open(data),
        };
        let classes = data.set.classes().iter().map(|name| name.to_string()).collect();
        let test = if data.set == DataSet::Digits { TestImages::Nowhere } else { TestImages::Validation };
        Ok(Collection { train, validation, test, classes, left_out: Vec::new(), notes: Vec::new(), taken_for: None })
    }

    /// The images for testing, and what is left out of them.
    ///
    /// # Errors
    /// If there are none, or they are not what they should be.
    pub fn test(&self, data: &Data) -> Result<(Split, Vec<DataError>), DataError> {
        match &self.test {
            TestImages::Nowhere => Err(DataError::Mismatch(format!(
                "{} has no images for testing alone: those that it is judged by are its validation images",
                data.set
            ))),
            TestImages::Validation => Ok((self.validation.clone(), Vec::new())),
            TestImages::Folders(folders) => match &data.masks {
                Some(masks) => masked::test(data, masks),
                None => folder::test(data, folders, &self.classes),
            },
            TestImages::Table => table::test(data, &self.classes),
            TestImages::Same if data.set == DataSet::Medmnist => Ok((medmnist::test(data, &self.classes)?, Vec::new())),
            TestImages::Same => webdataset::test(data, &self.classes),
        }
    }

    /// Whether a part for testing is among the files that have the others too.
    pub fn has_test(&self, data: &Data) -> bool {
        match data.set {
            DataSet::WebDataset => webdataset::has_test(data),
            _ => self.test == TestImages::Same,
        }
    }

    /// So many images of `split`, drawn from `seed`, as they are looked at, with 1 or 3 `channels`, and what is known
    /// of them, in these `names`. Those that cannot be read are left out if `bad` says so.
    ///
    /// # Errors
    /// If one cannot be read.
    pub fn sample(
        split: &Split,
        channels: usize,
        bad: BadImages,
        seed: u64,
        count: usize,
        names: &[String],
    ) -> Result<Vec<(RgbImage, String)>, DataError> {
        let (mut images, mut image) = (Vec::new(), Image::default());
        for example in some(split, seed, 0, count) {
            match split.read_smaller(example, channels, LARGEST_SAMPLE, &mut image) {
                Ok(()) => images.push((looked_at(&mut image), split.targets().caption(example, names))),
                Err(error) if bad == BadImages::Skip && error.is_of_one_image() => {}
                Err(error) => return Err(error),
            }
        }
        Ok(images)
    }
}

/// An image as it is looked at: not too large for that, and in bytes. What is beyond 0 and 1 is cut off.
pub fn looked_at(image: &mut Image) -> RgbImage {
    shrink(image, LARGEST_SAMPLE);
    let Pair { height, width } = image.size;
    RgbImage::from_fn(width as u32, height as u32, |x, y| {
        let at = y as usize * width + x as usize;
        // One channel stands for all three; casts saturate.
        let level = |channel: usize| image.pixels[channel % image.channels * height * width + at] * 255.0;
        Rgb([0, 1, 2].map(|channel| level(channel).round() as u8))
    })
}

/// The first examples that training from `seed` sees in `epoch`.
pub fn some(split: &Split, seed: u64, epoch: u64, count: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..split.len()).collect();
    shuffle(&mut order, &mut generator(seed, Purpose::Shuffle, epoch, 0));
    order.truncate(count);
    order
}
