//! What is in a data set's folder or table and cannot be used.

use super::DataError;
use crate::recipe::BadImages;

/// What is not used, and whether anything may be left out.
#[derive(Debug)]
pub struct LeftOut {
    /// What the recipe says of images that cannot be used.
    pub bad: BadImages,
    /// What has been left out.
    pub list: Vec<DataError>,
}

impl LeftOut {
    /// Nothing so far.
    pub fn new(bad: BadImages) -> LeftOut {
        LeftOut { bad, list: Vec::new() }
    }

    /// Leaves something out: an error, if the recipe has it so.
    pub fn add(&mut self, error: DataError) -> Result<(), DataError> {
        match self.bad {
            BadImages::Refuse => Err(error),
            BadImages::Skip => {
                self.list.push(error);
                Ok(())
            }
        }
    }
}
