//! How the best weights of a run did on its validation images, on the disk beside them.

use std::io::Write;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::TrainError;
use super::evaluate::Evaluation;
use crate::{durable, regular};

/// The file's name.
pub const FILE: &str = "best.json";

/// The longest file that is read. It had 200 MB for ten thousand classes once.
const LONGEST: u64 = 1 << 28;

/// An evaluation, and of which weights.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Findings {
    /// The epoch in which they were the best so far, from 1.
    pub epoch: usize,
    /// Steps that had been done.
    pub step: u64,
    /// What became of the images.
    pub evaluation: Evaluation,
}

impl Findings {
    /// Writes them into the folder of a run, in place of earlier ones.
    ///
    /// # Errors
    /// If the disk is full.
    pub fn save(&self, folder: &Path) -> Result<(), TrainError> {
        let path = folder.join(FILE);
        durable::replace(&path, |file| {
            Ok(serde_json::to_writer(&mut *file, self)?).and_then(|()| file.write_all(b"\n"))
        })
        .map_err(|source| TrainError::Io { action: "write", path, source })
    }

    /// Those in the folder of a run, if there are any that can be read.
    pub fn load(folder: &Path) -> Option<Findings> {
        regular::read(&folder.join(FILE), LONGEST).ok().and_then(|text| serde_json::from_slice(&text).ok())
    }
}
