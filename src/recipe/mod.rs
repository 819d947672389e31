//! How a network is trained: the `data:` and `train:` sections, checked, as plain data.
//!
//! Reading them from a document is [`crate::elaborate`]'s work; carrying them out is [`crate::train`]'s.
//! What is written with [`Display`](std::fmt::Display) is notation again, for the file that a run keeps.

mod loss;
mod masks;
mod optimizer;
mod schedule;
mod sets;
mod table;
mod task;
mod train;
mod transform;

use std::fmt;

pub use loss::{Asymmetric, BinaryCrossEntropy, ClassWeights, CrossEntropy, Dice, Loss, Mix, MixKind, Regression};
pub use masks::Masks;
pub use optimizer::{Betas, Decayed, Optimizer, Rule};
pub use schedule::{Better, Curve, LrSchedule, Margin, Measure, OneCycle, Per, Plateau, Warmup};
pub use sets::DataSet;
pub use table::{Held, Table};
pub use task::Task;
pub use train::{Clip, EarlyStopping, Every, Sampler, Train};
pub use transform::{
    Affine, Edges, Erased, Filter, Interval, MaxPixels, Obstacle, Padding, Resize, STATISTICS, Sampling, Transform, way,
};

/// `data:`.
#[derive(Debug, Clone, PartialEq)]
pub struct Data {
    /// `set:`: `digits`, `mnist`, `fashion-mnist`, `cifar10`, `cifar100`, `folder`, `table`, `medmnist` or
    /// `webdataset`.
    pub set: DataSet,
    /// `path:`, where the files are; the set's usual places if there is none.
    pub path: Option<String>,
    /// `task:`.
    pub task: Task,
    /// What a table's columns say; of other sets, nothing.
    pub table: Option<Table>,
    /// What masks say, where pixels have classes.
    pub masks: Option<Masks>,
    /// `train:`, applied to every training image in this order.
    pub train: Vec<Transform>,
    /// `eval:`; the entries of `train` that are not random, if left out.
    pub eval: Vec<Transform>,
    /// `on_bad_image: refuse` (the default) or `skip`.
    pub bad_images: BadImages,
    /// `max_pixels:`.
    pub max_pixels: MaxPixels,
}

impl Data {
    /// A set as it is, without any transform.
    pub fn of(set: DataSet, path: Option<String>) -> Data {
        let (train, eval) = (Vec::new(), Vec::new());
        let (bad_images, max_pixels) = (BadImages::Refuse, MaxPixels::default());
        Data { set, path, task: Task::Class, table: None, masks: None, train, eval, bad_images, max_pixels }
    }

    /// A table as it is, of which nothing is known but its file.
    pub fn of_table(file: impl Into<String>) -> Data {
        Data { table: Some(Table::of(file)), ..Data::of(DataSet::Table, None) }
    }
}

/// What to do with an image that cannot be read or decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadImages {
    /// Stop, and name it.
    Refuse,
    /// Go on without it, and name it.
    Skip,
}

impl BadImages {
    /// As `on_bad_image:` has it.
    pub fn name(self) -> &'static str {
        match self {
            BadImages::Refuse => "refuse",
            BadImages::Skip => "skip",
        }
    }
}

impl fmt::Display for BadImages {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
