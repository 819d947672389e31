//! Data sets: from files to batches of floats.
//!
//! A [`Dataset`] knows where its images are and what happens to each on the way to the network; [`Batches`] carries
//! that out on threads of its own, ahead of whoever computes. Nothing here knows about layers or weights.
//!
//! ```text
//! let dataset = Dataset::open(&data, input, classes)?;
//! let mut batches = dataset.training_batches(&train, epoch, 0);
//! while let Some(batch) = batches.next() {
//!     let batch = batch?;                       // images N×C×H×W, labels N
//!     …
//!     batches.recycle(batch);                   // its memory serves a later one
//! }
//! ```

mod archive;
mod augment;
mod cifar;
mod collection;
mod contents;
mod decoded;
mod digits;
mod error;
mod file;
mod folder;
mod foreign;
mod idx;
mod image;
mod layout;
mod left_out;
mod loader;
mod mask;
mod masked;
mod medmnist;
mod naming;
mod pixels;
pub(crate) mod places;
mod sampler;
mod sheet;
mod split;
mod statistics;
mod table;
mod targets;
mod values;
mod webdataset;

#[cfg(feature = "fetch")]
pub mod fetch;
#[cfg(test)]
mod fixture;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::Path;
use std::thread::available_parallelism;

use ::image::RgbImage;
use flate2::Crc;
use rayon::prelude::*;
use sha2::{Digest, Sha256};

pub use collection::{Collection, Part, TestImages, locate};
pub use error::DataError;
pub use file::ImageFile;
pub use folder::images_in;
pub use image::Image;
pub use layout::is_image;
pub use loader::{Batch, Batches};
pub use mask::{MaskFile, MaskFiles, palette_png};
pub use medmnist::tells_several;
pub use places::{named, told};
pub use sheet::{Tile, sheet};

pub use split::Split;
pub use statistics::Statistics;
pub use table::{Conventions, Listed, conventions, is_table, listed};
pub use targets::{LabelSets, NumberRows, Targets};

use self::augment::Pipeline;
use self::collection::{looked_at, some};
use self::image::decode;
use self::loader::{SplitPass, Unreadable, none_left};
use self::mask::overlay;
use self::split::shuffle;
use crate::ir::Shape;
use crate::random::{Purpose, generator};
use crate::recipe::{BadImages, Data, MaxPixels, Sampler, Task, Train, Transform};
use crate::train::workers::Share;

/// Images with labels, in two splits, and the way from an image to the network's input.
#[derive(Debug)]
pub struct Dataset {
    /// What the network learns from.
    pub train: Split,
    /// What it is judged by.
    pub validation: Split,
    test: TestImages,
    classes: Vec<String>,
    left_out: Vec<DataError>,
    notes: Vec<String>,
    augmented: Pipeline,
    plain: Pipeline,
    data: Data,
    workers: usize,
}

/// That data has so many classes, labels or numbers, and the network gives another number of outputs.
pub fn other_outputs(task: Task, names: usize, outputs: usize) -> String {
    let what = match (task, names) {
        (Task::Class | Task::Segment, 1) => "class",
        (Task::Class | Task::Segment, _) => "classes",
        (Task::Multilabel, 1) => "label",
        (Task::Multilabel, _) => "labels",
        (Task::Regression, 1) => "number",
        (Task::Regression, _) => "numbers",
    };
    let ending = match task {
        Task::Segment => format!("conv {names} 1x1"),
        Task::Class | Task::Multilabel | Task::Regression => format!("linear {names}"),
    };
    let gives = if outputs == 1 { "number" } else { "numbers" };
    format!(
        "the data has {names} {what}, and the network gives {outputs} {gives}: let it end with `{ending}`, and write \
         `classes: {names}` if the file says how many there are"
    )
}

/// Threads that make batches, at most: each holds up to two batches.
const MOST_WORKERS: usize = 8;

impl Dataset {
    /// Finds and reads `data`'s set for a network that reads `input` and tells `classes` classes apart. Of folders
    /// and tables only the names and one image of each split are read, of everything else all images.
    ///
    /// # Errors
    /// If files are missing, cut off or not what they should be, if a label has no class in the network, and if images
    /// do not come out of the transforms in the network's size.
    pub fn open(data: &Data, input: Shape, classes: Option<usize>) -> Result<Dataset, DataError> {
        let Collection { train, validation, test, classes: names, left_out, notes, .. } = Collection::open(data)?;
        if let Some(classes) = classes.filter(|classes| *classes < names.len()) {
            return Err(DataError::Mismatch(other_outputs(data.task, names.len(), classes)));
        }
        let place = data.table.as_ref().map(|table| table.file.as_str()).or(data.path.as_deref());
        let path = places::expand_home(place.unwrap_or_default());
        let path = path.canonicalize().unwrap_or(path);
        let [train, validation] = [(train, "train"), (validation, "validation")].map(|(split, part)| match input {
            Shape::Map { channels: channels @ (1 | 3), .. } => {
                split.decoded(&format!("{part} of {}", path.display()), channels)
            }
            _ => split,
        });
        if data.bad_images == BadImages::Skip {
            check_readable(&train, &validation, &names)?;
        }
        let data = measured(data, &train, input)?;
        let augmented = Pipeline::new(&data.train, input, data.max_pixels)?;
        let plain = Pipeline::new(&data.eval, input, data.max_pixels)?;
        let cores = available_parallelism().map_or(1, usize::from);
        let workers = cores.min(MOST_WORKERS);
        let dataset =
            Dataset { train, validation, test, classes: names, left_out, notes, augmented, plain, data, workers };
        dataset.try_one_of_each()?;
        Ok(dataset)
    }

    /// Names of classes or labels, by number.
    pub fn classes(&self) -> &[String] {
        &self.classes
    }

    /// The recipe that it was opened with, with numbers in place of `normalize measured`.
    pub fn data(&self) -> &Data {
        &self.data
    }

    /// Files in a folder that are no images, or of no class, left out because of `on_bad_image: skip`. What cannot be
    /// read is found later: see [`Batches::skipped`].
    pub fn left_out(&self) -> &[DataError] {
        &self.left_out
    }

    /// What there is to say about the files that the images are in.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// The images for testing, which training never sees, and what is left out of them.
    ///
    /// # Errors
    /// If there are none, or they are not what they should be.
    pub fn test(&self) -> Result<(Split, Vec<DataError>), DataError> {
        let Dataset { train, validation, test, classes, .. } = self;
        let (train, validation, test, classes) = (train.clone(), validation.clone(), test.clone(), classes.clone());
        Collection { train, validation, test, classes, left_out: Vec::new(), notes: Vec::new(), taken_for: None }
            .test(&self.data)
    }

    /// A number that is another one if images, labels or classes are others, as far as the names and lengths of their
    /// files tell.
    pub fn checksum(&self) -> u32 {
        let mut sum = Crc::new();
        self.classes.iter().for_each(|class| sum.update(format!("{class}\n").as_bytes()));
        [&self.train, &self.validation].into_iter().for_each(|split| split.check(&mut sum));
        sum.sum()
    }

    /// A number that is another one if there is something else in the files of the images; `None` where images have
    /// none of their own.
    pub fn contents(&self) -> Option<u64> {
        let sums: Vec<contents::Sum> =
            [&self.train, &self.validation].into_iter().flat_map(|split| split.all_contents()).collect();
        let first = |sum: &[u8]| sum.first_chunk().map(|bytes| u64::from_le_bytes(*bytes));
        if sums.is_empty() { None } else { first(&Sha256::digest(sums.concat())) }
    }

    /// How many batches an epoch has.
    pub fn steps(&self, train: &Train) -> usize {
        match train.drop_last {
            true => self.train.len() / train.batch,
            false => self.train.len().div_ceil(train.batch),
        }
    }

    /// The batches of epoch `epoch` (from 0), shuffled or drawn, and augmented, from `train`'s seed, from batch number
    /// `start` on.
    pub fn training_batches(&self, train: &Train, epoch: usize, start: usize) -> Batches {
        self.shared_training_batches(train, epoch, start, Share::ALL)
    }

    /// Those of them that are of a process's share.
    pub fn shared_training_batches(&self, train: &Train, epoch: usize, start: usize, share: Share) -> Batches {
        let epoch = epoch as u64;
        let mut pass = self.pass(&self.train, &self.augmented, train.batch);
        match &train.sampler {
            Sampler::Shuffle => shuffle(&mut pass.order, &mut generator(train.seed, Purpose::Shuffle, epoch, 0)),
            sampler => {
                let mut numbers = generator(train.seed, Purpose::Sample, epoch, 0);
                pass.order = sampler::draw(sampler, self.train.labels(), &mut numbers).unwrap_or_default();
                pass.repeats = true;
            }
        }
        pass.order.truncate(self.steps(train).saturating_mul(train.batch));
        Batches::start(SplitPass { seed: train.seed, epoch, ..pass.replacing() }, start, self.workers, share)
    }

    /// All of `split` in its own order, without augmentation, `batch` at a time; the last batch may be smaller.
    pub fn evaluation_batches(&self, split: &Split, batch: usize) -> Batches {
        self.shared_evaluation_batches(split, batch, Share::ALL)
    }

    /// Those of them that are of a process's share.
    pub fn shared_evaluation_batches(&self, split: &Split, batch: usize, share: Share) -> Batches {
        Batches::start(self.pass(split, &self.plain, batch), 0, self.workers, share)
    }

    /// So many images of a part as the network gets them in `epoch` (from 0) of a run with this seed, before
    /// `normalize`, as they are looked at, and what is known of them.
    ///
    /// # Errors
    /// If one cannot be read.
    pub fn sample(
        &self,
        part: Part,
        seed: u64,
        epoch: usize,
        count: usize,
    ) -> Result<Vec<(RgbImage, String)>, DataError> {
        let (split, pipeline) = match part {
            Part::Train => (self.train.clone(), &self.augmented),
            Part::Validation => (self.validation.clone(), &self.plain),
            Part::Test => (self.test()?.0, &self.plain),
        };
        let order = some(&split, seed, epoch as u64, count);
        let pass = SplitPass { order, seed, epoch: epoch as u64, ..self.pass(&split, pipeline, 1) };
        let (mut sample, mut batch) = (Vec::new(), Batch::default());
        let (mut image, mut spare) = (Image::default(), Image::default());
        // Of a batch of one image with a mask.
        let pixels = match split.targets() {
            Targets::Masks(_) => pipeline.elements() / pipeline.channels(),
            Targets::Classes(_) | Targets::Labels(_) | Targets::Numbers(_) => usize::MAX,
        };
        for index in 0..pass.order.len() {
            (batch, _) = pass.make(index, batch, &mut image, &mut spare)?.into_parts();
            let images = batch.images.chunks_exact(pipeline.elements());
            let images = images.map(|values| match batch.labels.len() == pixels {
                true => looked_at(&mut overlay(&pipeline.colours(values), batch.labels.iter().copied())),
                false => looked_at(&mut pipeline.colours(values)),
            });
            let caption = |example: &usize| pass.split.targets().caption(*example, &self.classes);
            sample.extend(images.zip(batch.examples.iter().map(caption)));
        }
        Ok(sample)
    }

    /// A pass through `split` in its own order, whose random transforms, if it has any, are those of seed 0.
    fn pass(&self, split: &Split, pipeline: &Pipeline, batch: usize) -> SplitPass {
        let (split, pipeline) = (split.clone(), pipeline.clone());
        let order = (0..split.len()).collect();
        let unreadable = match self.data.bad_images {
            BadImages::Refuse => Unreadable::Refuse,
            BadImages::Skip => Unreadable::LeaveOut,
        };
        let classes = self.classes.len();
        SplitPass { split, pipeline, classes, unreadable, order, repeats: false, batch, seed: 0, epoch: 0 }
    }

    /// Sends one image of each split through its transforms: sets are often of one size, and so a mistake shows at
    /// once.
    fn try_one_of_each(&self) -> Result<(), DataError> {
        for (split, pipeline) in [(&self.train, &self.augmented), (&self.validation, &self.plain)] {
            self.pass(split, pipeline, 1).replacing().make(
                0,
                Batch::default(),
                &mut Image::default(),
                &mut Image::default(),
            )?;
        }
        Ok(())
    }
}

/// Whether every class has a training image that can be read, and there is one to validate with; what cannot be read is
/// skipped.
fn check_readable(train: &Split, validation: &Split, classes: &[String]) -> Result<(), DataError> {
    // Why the first of them cannot be read; `None` if any can. Whether it can does not depend on the channels.
    let first_reason = |split: &Split, examples: &[usize]| {
        let mut image = Image::default();
        let mut reason = None;
        for example in examples {
            match split.read(*example, 3, &mut image) {
                Ok(()) => return Ok(None),
                Err(error) if error.is_of_one_image() => reason = reason.or(Some(error)),
                Err(error) => return Err(error),
            }
        }
        Ok(reason)
    };
    let mut by_class: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
    for example in (0..train.len()).filter(|example| train.file(*example).is_some()) {
        for label in train.targets().of(example) {
            by_class.entry(*label).or_default().push(example);
        }
    }
    let by_class: Vec<(u32, Vec<usize>)> = by_class.into_iter().collect();
    let empty =
        by_class.par_iter().map(|(label, examples)| Ok((*label, examples.len(), first_reason(train, examples)?)));
    let empty: Vec<(u32, usize, Option<DataError>)> = empty.collect::<Result<_, DataError>>()?;
    for (label, count, reason) in empty {
        if let Some(reason) = reason {
            let message = folder::no_image(&classes[label as usize]);
            return Err(DataError::Mismatch(format!("{message}: {}", none_left(count, &reason))));
        }
    }
    let all: Vec<usize> = (0..validation.len()).collect();
    match first_reason(validation, &all)? {
        Some(reason) => Err(DataError::Mismatch(format!("no validation image: {}", none_left(all.len(), &reason)))),
        None => Ok(()),
    }
}

/// `data` with the training images' mean and deviation in place of `normalize measured`.
fn measured(data: &Data, train: &Split, input: Shape) -> Result<Data, DataError> {
    let mut data = data.clone();
    // Anything else is refused where the pipeline is made.
    let Shape::Map { channels: channels @ (1 | 3), .. } = input else { return Ok(data) };
    let mut found = None;
    for transform in data.train.iter_mut().chain(&mut data.eval) {
        if *transform == Transform::NormalizeMeasured {
            let normalize = match &found {
                Some(normalize) => normalize,
                None => found.insert(Statistics::measure(train, channels, data.bad_images)?.normalize()?),
            };
            *transform = normalize.clone();
        }
    }
    Ok(data)
}

/// One image file as the network's input C×H×W, after `transforms`; for prediction, those of evaluation.
pub fn read_image(
    path: &Path,
    transforms: &[Transform],
    input: Shape,
    max_pixels: MaxPixels,
) -> Result<Vec<f32>, DataError> {
    let pipeline = Pipeline::new(transforms, input, max_pixels)?;
    let (mut image, mut spare, mut output) = (Image::default(), Image::default(), Vec::new());
    decode(&path.to_owned().into(), pipeline.channels(), max_pixels, &mut image)?;
    pipeline.check(image.size).map_err(|reason| DataError::Mismatch(format!("{}: {reason}", path.display())))?;
    pipeline.apply(&mut image, None, &mut spare, &mut generator(0, Purpose::Augment, 0, 0), &mut output);
    Ok(output)
}
