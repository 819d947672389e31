//! What the commands that use a network share: its sections, its data, and its weights.

use std::path::Path;

use super::Failure;
use super::terminal::complain;
use crate::device::Device;
use crate::executor::Evaluator;
use crate::network::Network;
use crate::program::lower;
use crate::recipe::{Data, Train};
use crate::train::TrainError;
use crate::train::checkpoint::About;
use crate::train::data::{DataError, Dataset};
use crate::weights::{self, WeightsError};

/// The `train:` section.
pub fn recipe(network: &Network) -> Result<&Train, Failure> {
    network.train.as_ref().ok_or_else(|| {
        Failure::Message(format!(
            "`{}` does not say how to train it; add a section, such as\n  train: {{epochs: 10, batch: 64, optimizer: adam}}",
            network.name
        ))
    })
}

/// The `data:` section.
pub fn data(network: &Network) -> Result<&Data, Failure> {
    network.data.as_ref().ok_or_else(|| {
        Failure::Message(format!(
            "`{}` does not say which images it is for; add a section, such as\n  data: {{set: folder, path: photos}}",
            network.name
        ))
    })
}

/// Opens the data set of the `data:` section.
pub fn open_data(network: &Network) -> Result<Dataset, Failure> {
    let logits = network.graph.shape(network.output).elements();
    let dataset = Dataset::open(data(network)?, network.graph.input, Some(logits)).map_err(unreadable)?;
    for file in dataset.left_out() {
        complain(&format!("left out: {file}"));
    }
    Ok(dataset)
}

/// What is wrong with the images of a network's file, and what the file can say about it.
pub fn unreadable(error: DataError) -> Failure {
    let advice = match &error {
        DataError::BadImage { .. } => "\nto leave such files out, write `on_bad_image: skip` under `data:`",
        _ => "",
    };
    Failure::Message(format!("{error}{advice}"))
}

/// The network with weights from a file, ready to be evaluated, and what the file says about itself.
pub fn load(
    network: &Network,
    weights: &Path,
    device: &Device,
) -> Result<(Box<dyn Evaluator>, Option<About>), Failure> {
    let program = lower(network);
    let (values, note) = weights::load(weights, &program.weights)?;
    Ok((device.evaluator(program, values)?, note.as_deref().and_then(About::read)))
}

impl From<TrainError> for Failure {
    fn from(error: TrainError) -> Failure {
        match error {
            TrainError::Data(error) => unreadable(error),
            error => Failure::Message(error.to_string()),
        }
    }
}

impl From<DataError> for Failure {
    fn from(error: DataError) -> Failure {
        Failure::Message(error.to_string())
    }
}

impl From<WeightsError> for Failure {
    fn from(error: WeightsError) -> Failure {
        Failure::Message(error.to_string())
    }
}
