//! One part of a data set: images in memory or as files, and what is known of each.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, OnceLock};

use flate2::Crc;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::DataError;
use super::contents::{self, Sum};
use super::decoded::{self, Decoded};
use super::file::ImageFile;
use super::image::{self, Image, decode, decode_smaller};
use super::mask;
use super::pixels::PixelRows;
use super::targets::Targets;
use crate::ir::Pair;
use crate::random::{Purpose, below, generator};
use crate::recipe::MaxPixels;

/// Some images with what is known of them, in memory or as files.
#[derive(Debug, Clone)]
pub struct Split {
    images: Arc<Images>,
    targets: Targets,
}

/// Where the images of a split are.
#[derive(Debug)]
pub enum Images {
    /// All of one size, each C×H×W, one after the other.
    Memory {
        /// The values, from 0 to `white`.
        pixels: Vec<u8>,
        /// 1 or 3.
        channels: usize,
        /// Height and width.
        size: Pair,
        /// The value that becomes 1.
        white: u8,
    },
    /// As the network reads them.
    Values {
        /// One image after the other, each C×H×W.
        values: Vec<f32>,
        /// C.
        channels: usize,
        /// Height and width.
        size: Pair,
    },
    /// All of one size, in an archive.
    Rows(PixelRows),
    /// To be decoded.
    Files {
        /// One for each image.
        files: Vec<ImageFile>,
        /// The set's name for what these are.
        part: String,
        /// A digest of what is in them, once it was asked for.
        contents: OnceLock<Sum>,
        /// What was decoded before.
        decoded: Option<Decoded>,
        /// The most that one may have.
        max_pixels: MaxPixels,
    },
}

impl Split {
    /// The files of its images; none where they are in memory.
    pub fn files(&self) -> &[ImageFile] {
        match &*self.images {
            Images::Files { files, .. } => files,
            Images::Memory { .. } | Images::Values { .. } | Images::Rows(_) => &[],
        }
    }

    /// A split of as many images as there are targets.
    pub(super) fn new(images: Images, targets: impl Into<Targets>) -> Split {
        let targets = targets.into();
        let count = match &images {
            Images::Memory { pixels, channels, size, .. } => pixels.len() / (channels * size.height * size.width),
            Images::Values { values, channels, size } => values.len() / (channels * size.height * size.width),
            Images::Rows(rows) => rows.count,
            Images::Files { files, .. } => files.len(),
        };
        debug_assert_eq!(count, targets.len());
        Split { images: Arc::new(images), targets }
    }

    /// A split of files.
    pub(super) fn of_files(files: Vec<ImageFile>, targets: impl Into<Targets>, max_pixels: MaxPixels) -> Split {
        let (part, contents) = (String::new(), OnceLock::new());
        Split::new(Images::Files { files, part, contents, decoded: None, max_pixels }, targets)
    }

    /// The same, with its files decoded for `channels` and kept between runs, if there is a place for that. `part` is
    /// what the kept file goes by.
    pub(super) fn decoded(self, part: &str, channels: usize) -> Split {
        let Images::Files { files, max_pixels, .. } = &*self.images else { return self };
        let of_files = |contents, decoded| {
            let (files, part, max_pixels) = (files.clone(), part.to_owned(), *max_pixels);
            let images = Images::Files { files, part, contents, decoded, max_pixels };
            Split { images: Arc::new(images), targets: self.targets.clone() }
        };
        let named = of_files(OnceLock::new(), None);
        let Some(folder) = decoded::folder().filter(|_| decoded::worthwhile(files.len())) else { return named };
        let Some(sum) = named.contents() else { return named };
        let decoded = Decoded::open(files, part, &sum, channels, &folder);
        of_files(OnceLock::from(sum), decoded)
    }

    /// A digest of what is in the files; `None` of images in memory.
    pub(super) fn contents(&self) -> Option<Sum> {
        match &*self.images {
            Images::Memory { .. } | Images::Values { .. } | Images::Rows(_) => None,
            Images::Files { files, part, contents, .. } => {
                Some(*contents.get_or_init(|| contents::digest(files, part, decoded::folder().as_deref())))
            }
        }
    }

    /// Digests of what is in the files of the images and in those of their masks.
    pub(super) fn all_contents(&self) -> impl Iterator<Item = Sum> {
        let masks = match &self.targets {
            Targets::Masks(masks) => {
                let files: Vec<ImageFile> = masks.files.iter().map(|mask| mask.file.clone().into()).collect();
                let part = match &*self.images {
                    Images::Files { part, .. } => format!("masks of {part}"),
                    Images::Memory { .. } | Images::Values { .. } | Images::Rows(_) => String::new(),
                };
                Some(contents::digest(&files, &part, decoded::folder().as_deref()))
            }
            Targets::Classes(_) | Targets::Labels(_) | Targets::Numbers(_) => None,
        };
        self.contents().into_iter().chain(masks)
    }

    /// How many images each of so many classes or labels has, or how many pixels; those that are not known count for
    /// nothing.
    ///
    /// # Errors
    /// If a mask cannot be read.
    pub fn counts(&self, classes: usize) -> Result<Vec<usize>, DataError> {
        let Targets::Masks(masks) = &self.targets else { return Ok(self.targets.counts(classes)) };
        let of_one = |example: usize| {
            let mut counts = vec![0; classes];
            for label in mask::labels(&masks.read(example, self.size(example)?)?) {
                counts.get_mut(label as usize).into_iter().for_each(|count| *count += 1);
            }
            Ok(counts)
        };
        let mut total = vec![0; classes];
        let all: Vec<Vec<usize>> = (0..self.len()).into_par_iter().map(of_one).collect::<Result<_, DataError>>()?;
        all.iter().for_each(|counts| total.iter_mut().zip(counts).for_each(|(total, count)| *total += count));
        Ok(total)
    }

    /// How many examples there are.
    pub fn len(&self) -> usize {
        self.targets.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The class of each example; nothing where another task has other targets.
    pub fn labels(&self) -> &[u32] {
        self.targets.classes()
    }

    /// What is known of each example.
    pub fn targets(&self) -> &Targets {
        &self.targets
    }

    /// Gives every class or label the number that stands at its place in `new`.
    pub(super) fn renumber(&mut self, new: &[u32]) {
        self.targets = self.targets.renumbered(new);
    }

    /// The file of an example, if it has one of its own.
    pub fn file(&self, example: usize) -> Option<&Path> {
        match &*self.images {
            Images::Files { files, .. } => files.get(example).map(ImageFile::path),
            Images::Memory { .. } | Images::Values { .. } | Images::Rows(_) => None,
        }
    }

    /// Adds to `sum` what tells these images from others: their labels, and their values, or their files' names and
    /// lengths; what is in files is told by [`Split::contents`].
    pub(super) fn check(&self, sum: &mut Crc) {
        self.targets.check(sum);
        match &*self.images {
            Images::Memory { pixels, .. } => sum.update(pixels),
            Images::Values { values, .. } => values.iter().for_each(|value| sum.update(&value.to_le_bytes())),
            Images::Rows(rows) => sum.update(&rows.sum().to_le_bytes()),
            Images::Files { files, .. } => {
                for file in files {
                    sum.update(file.path().file_name().unwrap_or_default().as_encoded_bytes());
                    sum.update(&file.lengths().map_or(0, |(length, _)| length).to_le_bytes());
                }
            }
        }
    }

    /// Height and width of an example's image as it is; of a file, only the header is read.
    ///
    /// # Errors
    /// If the header cannot be read.
    pub fn size(&self, example: usize) -> Result<Pair, DataError> {
        match &*self.images {
            Images::Memory { size, .. } | Images::Values { size, .. } => Ok(*size),
            Images::Rows(rows) => Ok(rows.size),
            Images::Files { files, max_pixels, .. } => image::size(&files[example], *max_pixels),
        }
    }

    /// Those images that can be read with 1 or 3 `channels`, and why the others cannot.
    ///
    /// # Errors
    /// Those that are not of one image.
    pub fn sound(&self, channels: usize) -> Result<(Split, Vec<DataError>), DataError> {
        let Images::Files { files, max_pixels, .. } = &*self.images else { return Ok((self.clone(), Vec::new())) };
        let read_one = |example: usize| {
            let mut image = Image::default();
            self.read(example, channels, &mut image)?;
            self.targets.mask(example, image.size)
        };
        let read = |example: usize| match read_one(example) {
            Ok(_) => Ok(None),
            Err(error) if error.is_of_one_image() => Ok(Some(error)),
            Err(error) => Err(error),
        };
        let found: Vec<Option<DataError>> =
            (0..self.len()).into_par_iter().map(read).collect::<Result<_, DataError>>()?;
        let sound: Vec<usize> = (0..self.len()).filter(|example| found[*example].is_none()).collect();
        let kept = sound.iter().map(|example| files[*example].clone()).collect();
        Ok((Split::of_files(kept, self.targets.some(&sound), *max_pixels), found.into_iter().flatten().collect()))
    }

    /// Reads one example's image into `image`, with 1 or 3 `channels`.
    pub(in crate::train) fn read(&self, example: usize, channels: usize, image: &mut Image) -> Result<(), DataError> {
        match &*self.images {
            Images::Files { files, decoded, max_pixels, .. } => match decoded {
                Some(decoded) if decoded.read(example, channels, image) => Ok(()),
                _ => decode(&files[example], channels, *max_pixels, image),
            },
            Images::Memory { pixels, channels: stored, size, white } => {
                let length = stored * size.height * size.width;
                let pixels = &pixels[example * length..][..length];
                image.fill_from_planes(pixels, *stored, *size, *white, channels);
                Ok(())
            }
            Images::Rows(rows) => rows.read(example, channels, image),
            Images::Values { values, channels, size } => {
                let length = channels * size.height * size.width;
                image.fill_from_values(&values[example * length..][..length], *channels, *size);
                Ok(())
            }
        }
    }

    /// As [`Split::read`], of a large file an image that is smaller, but at least `side` pixels high or wide.
    pub(super) fn read_smaller(
        &self,
        example: usize,
        channels: usize,
        side: usize,
        image: &mut Image,
    ) -> Result<(), DataError> {
        match &*self.images {
            Images::Files { files, max_pixels, .. } => {
                decode_smaller(&files[example], channels, *max_pixels, side, image)
            }
            Images::Memory { .. } | Images::Values { .. } | Images::Rows(_) => self.read(example, channels, image),
        }
    }
}

/// Divides examples with these labels in two: this part of every class, at least one where it has two, to the second.
/// Examples of a group stay together, if there are groups; then the parts of the classes are as near to it as they
/// come.
///
/// The seed is fixed and no part of a recipe: whoever evaluates later must not meet images that were trained on.
pub fn hold_out(labels: &[u32], groups: Option<&[u32]>, part: f64) -> (Vec<usize>, Vec<usize>) {
    let classes = labels.iter().max().map_or(0, |largest| *largest as usize + 1);
    let mut by_class: Vec<Vec<usize>> = vec![Vec::new(); classes];
    for (example, label) in labels.iter().enumerate() {
        by_class[*label as usize].push(example);
    }
    let (mut kept, mut held) = (Vec::new(), Vec::new());
    if let Some(groups) = groups {
        let sizes: Vec<usize> = by_class.iter().map(Vec::len).collect();
        let chosen = held_groups(labels, groups, &sizes, part);
        (held, kept) = (0..labels.len()).partition(|example| chosen.contains(&groups[*example]));
        return (kept, held);
    }
    for (class, mut examples) in by_class.into_iter().enumerate() {
        shuffle(&mut examples, &mut generator(0, Purpose::Split, 0, class as u64));
        let nearest = (examples.len() as f64 * part).round() as usize;
        let count = if examples.len() >= 2 { nearest.clamp(1, examples.len() - 1) } else { 0 };
        held.extend_from_slice(&examples[..count]);
        kept.extend_from_slice(&examples[count..]);
    }
    kept.sort_unstable();
    held.sort_unstable();
    (kept, held)
}

/// The groups that are held out. In random order, each is taken that brings the classes nearer to the part of them that
/// is wanted, and leaves something of each to learn from; if none does, the one that comes nearest.
fn held_groups(labels: &[u32], groups: &[u32], sizes: &[usize], part: f64) -> BTreeSet<u32> {
    let mut by_group: BTreeMap<u32, BTreeMap<usize, usize>> = BTreeMap::new();
    for (label, group) in labels.iter().zip(groups) {
        *by_group.entry(*group).or_default().entry(*label as usize).or_default() += 1;
    }
    let mut order: Vec<(u32, BTreeMap<usize, usize>)> = by_group.into_iter().collect();
    shuffle(&mut order, &mut generator(0, Purpose::Split, 1, 0));
    let mut held = vec![0; sizes.len()];
    // How much farther from what is wanted the classes are with a group than without it; infinite where nothing is left
    // to learn from.
    let farther = |held: &[usize], counts: &BTreeMap<usize, usize>| -> f64 {
        let of_class = |(class, count): (&usize, &usize)| {
            let (size, goal) = (sizes[*class] as f64, part * sizes[*class] as f64);
            let apart = |held: usize| (held as f64 - goal).powi(2) / size;
            match held[*class] + count < sizes[*class] {
                true => apart(held[*class] + count) - apart(held[*class]),
                false => f64::INFINITY,
            }
        };
        counts.iter().map(of_class).sum()
    };
    let mut chosen = BTreeSet::new();
    for (group, counts) in &order {
        if farther(&held, counts) < 0.0 {
            counts.iter().for_each(|(class, count)| held[*class] += count);
            chosen.insert(*group);
        }
    }
    if chosen.is_empty() {
        let distances = order.iter().map(|(group, counts)| (farther(&held, counts), *group));
        let nearest =
            distances.filter(|(farther, _)| farther.is_finite()).min_by(|one, other| one.0.total_cmp(&other.0));
        chosen.extend(nearest.map(|(_, group)| group));
    }
    chosen
}

/// Brings `items` into a random order (Fisher and Yates).
pub fn shuffle<T>(items: &mut [T], numbers: &mut ChaCha8Rng) {
    for last in (1..items.len()).rev() {
        items.swap(last, below(numbers, last + 1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holds_out_a_fifth_of_every_class() {
        let labels: Vec<u32> = [0; 10].into_iter().chain([1; 5]).chain([2; 1]).chain([3; 2]).collect();
        let (kept, held) = hold_out(&labels, None, 0.2);
        let of_class = |examples: &[usize], class| examples.iter().filter(|e| labels[**e] == class).count();
        for (class, expected) in [(0, (8, 2)), (1, (4, 1)), (2, (1, 0)), (3, (1, 1))] {
            assert_eq!((of_class(&kept, class), of_class(&held, class)), expected, "class {class}");
        }
        let mut all: Vec<usize> = kept.iter().chain(&held).copied().collect();
        all.sort_unstable();
        assert_eq!(all, (0..labels.len()).collect::<Vec<_>>());
    }

    #[test]
    fn groups_stay_together() {
        // Each group has images of two of three classes.
        let labels: Vec<u32> = (0..300).map(|example| (example / 2 % 3 + example % 2) % 3).collect();
        let groups: Vec<u32> = (0..300).map(|example| example / 6 * 7 % 50).collect();
        for part in [0.1, 0.2, 0.5] {
            let (kept, held) = hold_out(&labels, Some(&groups), part);
            let of = |examples: &[usize]| examples.iter().map(|example| groups[*example]).collect::<BTreeSet<_>>();
            assert!(of(&kept).is_disjoint(&of(&held)) && kept.len() + held.len() == 300);
            for class in 0..3 {
                let count = held.iter().filter(|example| labels[**example] == class).count();
                assert!((count as f64 / 100.0 - part).abs() < 0.05, "{part}: {count} of class {class}");
            }
            assert_eq!(hold_out(&labels, Some(&groups), part), (kept, held));
        }
        // A class that is in one group is never held out as a whole, and one group cannot be divided.
        let (kept, held) = hold_out(&[0, 0, 1, 1, 1, 0], Some(&[4, 4, 5, 5, 5, 6]), 0.2);
        assert_eq!((kept, held), (vec![0, 1, 2, 3, 4], vec![5]));
        assert!(hold_out(&[0, 1, 0, 1], Some(&[3; 4]), 0.2).1.is_empty());
    }
}
