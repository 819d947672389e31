//! UCI's handwritten digits, built into the program: 1,797 images of 8×8 pixels with values from 0 to 16.
//!
//! `digits.csv.gz` is the copy that scikit-learn distributes: one line an image, 64 values and the digit. It is the
//! test set of "Optical Recognition of Handwritten Digits" by E. Alpaydin and C. Kaynak (1998), UCI Machine Learning
//! Repository,
//! <https://doi.org/10.24432/C50P49>, licensed under CC BY 4.0.
//!
//! The split is fixed: 1,438 images to train, 359 to validate, the classes in proportion.

use std::io::Read;

use flate2::read::GzDecoder;

use super::split::{Images, Split, hold_out};
use crate::ir::Pair;
use crate::recipe::Table;

const FILE: &[u8] = include_bytes!("digits.csv.gz");

/// Values of one image.
const PIXELS: usize = 8 * 8;

/// Both splits.
pub fn open() -> (Split, Split) {
    let mut text = String::new();
    GzDecoder::new(FILE).read_to_string(&mut text).expect("the built-in file is whole");
    let number = |value: &str| value.parse::<u8>().expect("the built-in file holds numbers");
    let rows: Vec<Vec<u8>> = text.lines().map(|line| line.split(',').map(number).collect()).collect();
    let labels: Vec<u32> = rows.iter().map(|row| u32::from(row[PIXELS])).collect();
    let (train, validation) = hold_out(&labels, None, Table::USUAL_PART);
    let part = |examples: Vec<usize>| {
        let pixels = examples.iter().flat_map(|example| &rows[*example][..PIXELS]).copied().collect();
        let images = Images::Memory { pixels, channels: 1, size: Pair::square(8), white: 16 };
        Split::new(images, examples.iter().map(|example| labels[*example]).collect::<Vec<u32>>())
    };
    (part(train), part(validation))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::data::image::Image;

    #[test]
    fn is_whole_and_split_as_documented() {
        let (train, validation) = open();
        assert_eq!((train.len(), validation.len()), (1438, 359));
        let mut sum = 0.0;
        let mut image = Image::default();
        for split in [&train, &validation] {
            for example in 0..split.len() {
                split.read(example, 1, &mut image).unwrap();
                sum += image.pixels.iter().map(|value| f64::from(*value) * 16.0).sum::<f64>();
            }
        }
        // sklearn.datasets.load_digits().data.sum()
        assert_eq!(sum, 561_718.0);
    }
}
