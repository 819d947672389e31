//! Why a run cannot start or go on.

use std::fmt;
use std::io;
use std::path::PathBuf;

use super::data::DataError;
use super::workers::Lost;
use crate::device::DeviceError;
use crate::executor::IMAGES;
use crate::weights::WeightsError;

/// Why a run cannot start or go on, in words for whoever started it.
#[derive(Debug)]
pub enum TrainError {
    /// Images cannot be read.
    Data(DataError),
    /// Weights cannot be read or written.
    Weights(WeightsError),
    /// Another file cannot be.
    Io {
        /// `create`, `lock`, `read` or `write`.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The recipe cannot be carried out, and why.
    Refused(String),
    /// The device failed.
    Device(DeviceError),
    /// Numbers grew beyond all bounds.
    Diverged(Divergence),
    /// Another process of the run has ended.
    Lost(Lost),
}

/// Where a run diverged.
#[derive(Debug, Clone, PartialEq)]
pub struct Divergence {
    /// From 1.
    pub epoch: usize,
    /// From 1, over all epochs.
    pub step: u64,
    /// Learning rate.
    pub lr: f64,
    /// What first held a number that is not finite: `the output of `net.3``.
    pub first: String,
    /// The last checkpoint, which is still good.
    pub kept: Option<PathBuf>,
}

impl fmt::Display for TrainError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TrainError::Data(error) => error.fmt(f),
            TrainError::Weights(error) => error.fmt(f),
            TrainError::Io { action, path, source } => write!(f, "cannot {action} {}: {source}", path.display()),
            TrainError::Refused(why) => f.write_str(why),
            TrainError::Device(error) => error.fmt(f),
            TrainError::Diverged(divergence) => divergence.fmt(f),
            TrainError::Lost(lost) => lost.fmt(f),
        }
    }
}

impl fmt::Display for Divergence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Divergence { epoch, step, lr, first, kept } = self;
        if first == IMAGES {
            // No step has changed them.
            write!(f, "an image of epoch {epoch}, step {step}, holds a number that is not finite: ")?;
            return f.write_str("look at what is done to images under `data:`");
        }
        write!(f, "training diverged in epoch {epoch}, step {step}, at learning rate {lr:?}: ")?;
        write!(f, "{first} is the first that is not finite; ")?;
        match kept {
            Some(path) => write!(f, "the last good checkpoint is {}; ", path.display())?,
            None => f.write_str("there is no checkpoint yet; ")?,
        }
        f.write_str("a lower learning rate may help")
    }
}

impl std::error::Error for TrainError {}

impl From<DataError> for TrainError {
    fn from(error: DataError) -> TrainError {
        TrainError::Data(error)
    }
}

impl From<DeviceError> for TrainError {
    fn from(error: DeviceError) -> TrainError {
        TrainError::Device(error)
    }
}

impl From<Lost> for TrainError {
    fn from(lost: Lost) -> TrainError {
        TrainError::Lost(lost)
    }
}

impl From<WeightsError> for TrainError {
    fn from(error: WeightsError) -> TrainError {
        TrainError::Weights(error)
    }
}
