//! Images that a program gives, as the network reads them.

use std::thread::available_parallelism;

use super::augment::Pipeline;
use super::collection::TestImages;
use super::split::Images;
use super::{DataError, Dataset, MOST_WORKERS, Split};
use crate::ir::{Pair, Shape};
use crate::recipe::{BadImages, Data, DataSet, MaxPixels, Task};

impl Dataset {
    /// Images that are in memory: for each part, the values N×C×H×W of its images and their labels. No transform is
    /// applied to them. There may be none to validate with.
    ///
    /// # Errors
    /// If the values are not those of whole images of the network's `input`, one for each label, if one is not finite,
    /// if there is nothing to train on, and if a label has no name among `classes`.
    pub fn of_values(
        input: Shape,
        classes: Vec<String>,
        train: (Vec<f32>, Vec<u32>),
        validation: (Vec<f32>, Vec<u32>),
    ) -> Result<Dataset, DataError> {
        let train = split(input, classes.len(), train, "training")?;
        let validation = split(input, classes.len(), validation, "validation")?;
        if train.is_empty() {
            return Err(DataError::Mismatch("there are no training images".to_owned()));
        }
        let nothing = Pipeline::nothing(input);
        let data = Data {
            task: Task::Class,
            table: None,
            masks: None,
            set: DataSet::Folder,
            path: None,
            train: Vec::new(),
            eval: Vec::new(),
            bad_images: BadImages::Refuse,
            max_pixels: MaxPixels::default(),
        };
        Ok(Dataset {
            train,
            validation,
            test: TestImages::Nowhere,
            classes,
            left_out: Vec::new(),
            notes: Vec::new(),
            augmented: nothing.clone(),
            plain: nothing,
            data,
            workers: available_parallelism().map_or(1, usize::from).min(MOST_WORKERS),
        })
    }
}

fn split(input: Shape, classes: usize, (values, labels): (Vec<f32>, Vec<u32>), what: &str) -> Result<Split, DataError> {
    let refuse = |why: String| Err(DataError::Mismatch(why));
    let (found, count, each) = (values.len(), labels.len(), input.elements());
    if Some(found) != count.checked_mul(each) {
        return refuse(format!(
            "{found} {what} values are not {count} images of {input}, which have {each} values each"
        ));
    }
    if let Some(at) = values.iter().position(|value| !value.is_finite()) {
        return refuse(format!("{what} image {} has a value that is not finite: {}", at / each.max(1), values[at]));
    }
    if let Some(at) = labels.iter().position(|label| *label as usize >= classes) {
        let (label, last) = (labels[at], classes.saturating_sub(1));
        return refuse(format!("{what} image {at} has label {label}, but there are {classes} classes, 0 to {last}"));
    }
    let (channels, size) = match input {
        Shape::Map { channels, height, width } => (channels, Pair { height, width }),
        Shape::Vector(features) => (features, Pair::square(1)),
    };
    Ok(Split::new(Images::Values { values, channels, size }, labels))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recipe::Train;

    const INPUT: Shape = Shape::map(2, 1, 2);

    fn classes() -> Vec<String> {
        ["a", "b"].map(str::to_owned).to_vec()
    }

    #[test]
    fn values_come_out_as_they_went_in() {
        let values: Vec<f32> = (0..12).map(|value| value as f32 - 5.5).collect();
        let dataset = Dataset::of_values(INPUT, classes(), (values.clone(), vec![0, 1, 1]), (Vec::new(), Vec::new()));
        let dataset = dataset.expect("three images");
        let batches = dataset.evaluation_batches(&dataset.train, 2).map(|batch| batch.expect("it is in memory"));
        let (images, labels): (Vec<_>, Vec<_>) = batches.map(|batch| (batch.images, batch.labels)).unzip();
        assert_eq!((images.concat(), labels.concat()), (values, vec![0, 1, 1]));
        let recipe = Train { batch: 3, ..Train::default() };
        let batch = dataset.training_batches(&recipe, 0, 0).next().expect("one").expect("it is in memory");
        let first = batch.examples[0] as f32 * 4.0 - 5.5;
        assert_eq!(batch.images[..4], [first, first + 1.0, first + 2.0, first + 3.0]);
    }

    #[test]
    fn refuses_what_is_no_image() {
        let none = || (Vec::new(), Vec::new());
        for (train, validation, expected) in [
            (
                (vec![0.0; 7], vec![0, 1]),
                none(),
                "7 training values are not 2 images of 2×1×2, which have 4 values each",
            ),
            ((vec![0.0; 8], vec![0, 2]), none(), "training image 1 has label 2, but there are 2 classes, 0 to 1"),
            (
                (vec![0.0; 4], vec![0]),
                (vec![f32::NAN; 4], vec![0]),
                "validation image 0 has a value that is not finite: NaN",
            ),
            (none(), (vec![0.0; 4], vec![0]), "there are no training images"),
        ] {
            let refused = Dataset::of_values(INPUT, classes(), train, validation).expect_err(expected);
            assert_eq!(refused.to_string(), expected);
        }
    }
}
