//! What is known of each image of a split: the one place where tasks part in the data.

use std::path::Path;
use std::sync::Arc;

use flate2::Crc;

use super::DataError;
use super::image::Image;
use super::loader::Batch;
use super::mask::{MaskFiles, labels, overlay};
use crate::ir::Pair;

/// What is known of each image.
#[derive(Debug, Clone, PartialEq)]
pub enum Targets {
    /// Its class.
    Classes(Arc<[u32]>),
    /// Its labels.
    Labels(Arc<LabelSets>),
    /// Its numbers.
    Numbers(Arc<NumberRows>),
    /// Its mask.
    Masks(Arc<MaskFiles>),
}

/// The numbers of each image, one image after the other.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct NumberRows {
    /// How many an image has; at least 1.
    pub columns: usize,
    /// N×C
    pub values: Vec<f32>,
}

impl NumberRows {
    /// Those of an image.
    pub fn of(&self, example: usize) -> &[f32] {
        &self.values[example * self.columns..][..self.columns]
    }
}

/// The labels of each image, in ascending order, one image after the other.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LabelSets {
    /// Where those of each image end.
    ends: Vec<usize>,
    labels: Vec<u32>,
}

impl LabelSets {
    /// Adds an image with these labels, which may come in any order and more than once.
    pub fn push(&mut self, labels: &[u32]) {
        let start = self.labels.len();
        self.labels.extend_from_slice(labels);
        self.labels[start..].sort_unstable();
        let mut kept = start;
        for at in start..self.labels.len() {
            if at == start || self.labels[at] != self.labels[kept - 1] {
                self.labels[kept] = self.labels[at];
                kept += 1;
            }
        }
        self.labels.truncate(kept);
        self.ends.push(kept);
    }

    /// How many images there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The labels of an image.
    pub fn of(&self, example: usize) -> &[u32] {
        let start = if example == 0 { 0 } else { self.ends[example - 1] };
        &self.labels[start..self.ends[example]]
    }

    /// Those of every image.
    pub fn iter(&self) -> impl Iterator<Item = &[u32]> {
        (0..self.len()).map(|example| self.of(example))
    }
}

impl<'a> FromIterator<&'a [u32]> for LabelSets {
    fn from_iter<I: IntoIterator<Item = &'a [u32]>>(sets: I) -> LabelSets {
        let mut all = LabelSets::default();
        sets.into_iter().for_each(|labels| all.push(labels));
        all
    }
}

impl From<Vec<u32>> for Targets {
    fn from(labels: Vec<u32>) -> Targets {
        Targets::Classes(labels.into())
    }
}

impl From<LabelSets> for Targets {
    fn from(sets: LabelSets) -> Targets {
        Targets::Labels(Arc::new(sets))
    }
}

impl Targets {
    /// How many images there are.
    pub fn len(&self) -> usize {
        match self {
            Targets::Classes(labels) => labels.len(),
            Targets::Labels(sets) => sets.len(),
            Targets::Numbers(rows) => rows.values.len() / rows.columns,
            Targets::Masks(masks) => masks.files.len(),
        }
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The class of each image; nothing where that is not what is known of them.
    pub fn classes(&self) -> &[u32] {
        match self {
            Targets::Classes(labels) => labels,
            Targets::Labels(_) | Targets::Numbers(_) | Targets::Masks(_) => &[],
        }
    }

    /// The classes or labels of an image, if it has such.
    pub fn of(&self, example: usize) -> &[u32] {
        match self {
            Targets::Classes(labels) => &labels[example..=example],
            Targets::Labels(sets) => sets.of(example),
            Targets::Numbers(_) | Targets::Masks(_) => &[],
        }
    }

    /// How many images each of so many classes or labels has.
    pub fn counts(&self, classes: usize) -> Vec<usize> {
        let mut counts = vec![0; classes];
        (0..self.len()).flat_map(|example| self.of(example)).for_each(|label| counts[*label as usize] += 1);
        counts
    }

    /// Those of some images.
    pub fn some(&self, examples: &[usize]) -> Targets {
        match self {
            Targets::Classes(labels) => Targets::Classes(examples.iter().map(|example| labels[*example]).collect()),
            Targets::Labels(sets) => examples.iter().map(|example| sets.of(*example)).collect::<LabelSets>().into(),
            Targets::Numbers(rows) => {
                let values = examples.iter().flat_map(|example| rows.of(*example)).copied().collect();
                Targets::Numbers(Arc::new(NumberRows { columns: rows.columns, values }))
            }
            Targets::Masks(all) => {
                let files = examples.iter().map(|example| all.files[*example].clone()).collect();
                Targets::Masks(Arc::new(MaskFiles { files, masks: all.masks.clone() }))
            }
        }
    }

    /// The same with the number that stands at its place in `new` for every class, label or column; of columns, `new`
    /// is a permutation, and masks stay as they are: their pixels are numbers already.
    pub fn renumbered(&self, new: &[u32]) -> Targets {
        let number = |label: &u32| new[*label as usize];
        match self {
            Targets::Classes(labels) => Targets::Classes(labels.iter().map(number).collect()),
            Targets::Labels(sets) => {
                let mut all = LabelSets::default();
                sets.iter().for_each(|labels| all.push(&labels.iter().map(number).collect::<Vec<_>>()));
                all.into()
            }
            Targets::Numbers(rows) => {
                let mut values = vec![0.0; rows.values.len()];
                for (from, to) in rows.values.chunks_exact(rows.columns).zip(values.chunks_exact_mut(rows.columns)) {
                    from.iter().zip(new).for_each(|(value, place)| to[*place as usize] = *value);
                }
                Targets::Numbers(Arc::new(NumberRows { columns: rows.columns, values }))
            }
            Targets::Masks(masks) => Targets::Masks(Arc::clone(masks)),
        }
    }

    /// Adds to `sum` what tells these from others.
    pub fn check(&self, sum: &mut Crc) {
        match self {
            Targets::Classes(labels) => labels.iter().for_each(|label| sum.update(&label.to_le_bytes())),
            Targets::Labels(sets) => {
                for labels in sets.iter() {
                    sum.update(&(labels.len() as u32).to_le_bytes());
                    labels.iter().for_each(|label| sum.update(&label.to_le_bytes()));
                }
            }
            Targets::Numbers(rows) => rows.values.iter().for_each(|value| sum.update(&value.to_le_bytes())),
            Targets::Masks(masks) => {
                sum.update(&masks.masks.ignore.to_le_bytes());
                for mask in &masks.files {
                    sum.update(mask.file.file_name().unwrap_or_default().as_encoded_bytes());
                    sum.update(&mask.file.metadata().map_or(0, |metadata| metadata.len()).to_le_bytes());
                }
            }
        }
    }

    /// The mask of an image of this size, if that is what is known of it.
    ///
    /// # Errors
    /// If it cannot be read, or is none of that image.
    pub fn mask(&self, example: usize, size: Pair) -> Result<Option<Image>, DataError> {
        match self {
            Targets::Masks(masks) => masks.read(example, size).map(Some),
            Targets::Classes(_) | Targets::Labels(_) | Targets::Numbers(_) => Ok(None),
        }
    }

    /// An image with its mask over it, if it has one that can be read.
    pub fn over(&self, example: usize, image: &Image) -> Image {
        match self.mask(example, image.size) {
            Ok(Some(mask)) => overlay(image, labels(&mask)),
            Ok(None) | Err(_) => image.clone(),
        }
    }

    /// Puts what is known of an image at the end of a batch, of so many labels; its mask is as the transforms left it.
    pub fn put(&self, example: usize, count: usize, mask: Option<&Image>, batch: &mut Batch) {
        match self {
            Targets::Classes(classes) => batch.labels.push(classes[example]),
            Targets::Labels(sets) => {
                let start = batch.targets.len();
                batch.targets.resize(start + count, 0.0);
                sets.of(example).iter().for_each(|label| batch.targets[start + *label as usize] = 1.0);
            }
            Targets::Numbers(rows) => batch.targets.extend_from_slice(rows.of(example)),
            Targets::Masks(_) => batch.labels.extend(mask.into_iter().flat_map(labels)),
        }
    }

    /// What is known of an image, for people.
    pub fn caption(&self, example: usize, names: &[String]) -> String {
        match self {
            Targets::Numbers(rows) => {
                return rows.of(example).iter().map(f32::to_string).collect::<Vec<_>>().join(", ");
            }
            Targets::Masks(masks) => {
                return masks.files[example].file.file_name().unwrap_or_default().to_string_lossy().into_owned();
            }
            Targets::Classes(_) | Targets::Labels(_) => {}
        }
        let name = |label: &u32| names.get(*label as usize).cloned().unwrap_or_else(|| label.to_string());
        self.of(example).iter().map(name).collect::<Vec<_>>().join(", ")
    }
}

/// An error if a label has no class.
pub(super) fn check_labels(labels: &[u32], classes: usize, file: &Path) -> Result<(), DataError> {
    match labels.iter().position(|label| *label as usize >= classes) {
        None => Ok(()),
        Some(at) => {
            let message =
                format!("label {} of example {at}, but there are {classes} classes, 0 to {}", labels[at], classes - 1);
            Err(DataError::malformed(file, message))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_sets() {
        let sets: LabelSets = [&[2, 0, 2][..], &[], &[1], &[3, 1, 1, 3, 0]].into_iter().collect();
        assert_eq!(sets.iter().collect::<Vec<_>>(), [&[0, 2][..], &[], &[1], &[0, 1, 3]]);
        let targets = Targets::from(sets);
        assert_eq!((targets.len(), targets.counts(5)), (4, vec![2, 2, 1, 1, 0]));
        let names: Vec<String> = ["a", "b", "c", "d"].map(str::to_owned).into();
        assert_eq!((targets.caption(3, &names), targets.caption(1, &names)), ("a, b, d".into(), String::new()));
        assert_eq!(targets.some(&[3, 1]), [&[0, 1, 3][..], &[]].into_iter().collect::<LabelSets>().into());
        let renumbered = targets.renumbered(&[4, 0, 3, 1]);
        assert_eq!(
            (0..4).map(|example| renumbered.of(example)).collect::<Vec<_>>(),
            [&[3, 4][..], &[], &[0], &[0, 1, 4]]
        );
        let mut batch = Batch::default();
        [3, 1].into_iter().for_each(|example| targets.put(example, 5, None, &mut batch));
        assert_eq!(batch.targets, [1.0, 1.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
        let sum = |sets: &[&[u32]]| {
            let mut sum = Crc::new();
            Targets::from(sets.iter().copied().collect::<LabelSets>()).check(&mut sum);
            sum.sum()
        };
        assert_ne!(sum(&[&[0, 1], &[2]]), sum(&[&[0], &[1, 2]]));
    }
}
