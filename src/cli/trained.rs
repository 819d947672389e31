//! What the commands that use a network share: its sections, its data, and its weights.

use std::fmt::Display;
use std::path::{Path, PathBuf};

use clap::Args;

use super::Failure;
use super::names::{Names, say};
use super::source::{Changes, compile_and_report};
use super::terminal::complain;
use crate::compile::compile_with;
use crate::device::Device;
use crate::diagnostic::printable;
use crate::executor::Evaluator;
use crate::import::Language;
use crate::layers::Layers;
use crate::lower::lower;
use crate::network::Network;
use crate::recipe::{Data, Task, Train};
use crate::syntax::{Format, no_files};
use crate::train::TrainError;
use crate::train::checkpoint::{About, weights_file};
use crate::train::data::{DataError, Dataset};
use crate::train::evaluate::USUAL_THRESHOLD;
use crate::train::folder::NETWORK;
use crate::weights::{self, WeightsError};

/// A trained network, on the command line: a file of the network and one of its weights, or what stands for both.
#[derive(Debug, Args)]
pub struct Trained {
    /// The network, in YAML or TOML; the folder of a run; or weights that carry their network, as archc writes them
    #[arg(value_name = "FILE")]
    path: PathBuf,
    #[command(flatten)]
    changes: Changes,
    /// Its weights: safetensors, or PyTorch's .pth; of a run, the best unless given
    #[arg(long, value_name = "WEIGHTS")]
    weights: Option<PathBuf>,
    #[command(flatten)]
    names: Names,
}

impl Trained {
    /// The network; what there is to report is reported.
    pub fn network(&self) -> Result<Network, Failure> {
        let network = if self.path.is_dir() { self.path.join(NETWORK) } else { self.path.clone() };
        if self.path.is_dir() && !network.exists() {
            return Err(Failure::Message(format!(
                "`{}` is no run's folder: there is no {NETWORK} in it",
                self.path.display()
            )));
        }
        Ok(compile_and_report(&network, &self.changes)?.network)
    }

    /// The files that it is read from.
    pub fn files(&self) -> Vec<PathBuf> {
        let network = if self.path.is_dir() { self.path.join(NETWORK) } else { self.path.clone() };
        [network].into_iter().chain(self.weights().ok()).collect()
    }

    /// Its weights, all of them, and what their file says about itself; what there is to say about them is said.
    pub fn values(&self, network: &Network) -> Result<(Vec<Vec<f32>>, Option<String>), Failure> {
        let program = lower(network);
        let loaded = weights::load_as(&self.weights()?, &program.weights, &self.names.reading())?;
        say(&loaded.remarks);
        let values = loaded.weights.into_iter().collect::<Option<Vec<_>>>();
        Ok((values.expect("none was asked to begin anew"), loaded.note))
    }

    /// As [`Trained::values`], ready to be evaluated.
    pub fn evaluator(
        &self,
        network: &Network,
        device: &Device,
    ) -> Result<(Box<dyn Evaluator>, Option<About>), Failure> {
        let (values, note) = self.values(network)?;
        Ok((device.evaluator(lower(network), values)?, note.as_deref().and_then(About::read)))
    }

    /// The first option about weights that is given.
    pub fn about_weights(&self) -> Option<&'static str> {
        self.weights.as_ref().map(|_| "--weights").or(self.names.given())
    }

    /// The file of its weights.
    pub fn weights(&self) -> Result<PathBuf, Failure> {
        if let Some(weights) = &self.weights {
            return Ok(weights.clone());
        }
        let path = &self.path;
        if path.is_dir() {
            let [best, last] = ["best", "last"].map(|kind| weights_file(path, kind));
            let found = [best, last].into_iter().find(|file| file.exists());
            return found
                .ok_or_else(|| Failure::Message(format!("the run in `{}` has no weights yet", path.display())));
        }
        match weights::is_one(path) {
            true => Ok(path.clone()),
            false => Err(Failure::Message(format!(
                "`{}` has no weights: name a file of them with `--weights`",
                path.display()
            ))),
        }
    }
}

/// The network's text that a file of weights carries.
pub fn carried(path: &Path) -> Result<String, String> {
    let stored = weights::read(path).map_err(|error| error.to_string())?;
    stored.note().and_then(About::read).and_then(|about| about.text).ok_or_else(|| {
        let path = path.display();
        format!("`{path}` holds weights, and does not say of which network: name the network's file, then `--weights {path}`")
    })
}

/// The network that weights carry, if this version understands it.
pub fn carried_network(text: &str) -> Option<Network> {
    let language = Language::Own(Format::Yaml);
    compile_with(&Layers::default(), &no_files, "weights", text, language, &[]).ok().map(|compiled| compiled.network)
}

/// What the classes of a network are called, by its weights or else by the set of its data, as far as it is known.
pub fn class_names(network: &Network, about: Option<&About>) -> Vec<String> {
    let names = match (about, &network.data) {
        (Some(about), _) => about.classes.clone(),
        (None, Some(Data { masks: Some(masks), .. })) => masks.classes.clone(),
        (None, Some(data)) => data.set.classes().iter().map(|name| (*name).to_owned()).collect(),
        (None, None) => Vec::new(),
    };
    // Those of another network's classes are none.
    let known = network.graph.shape(network.output).channels();
    if names.len() > known { Vec::new() } else { names }
}

/// Puts the numbers that were measured when the weights learned in the place of `normalize measured`, if they are
/// known.
pub fn measured(network: &mut Network, about: Option<&About>) {
    about.into_iter().for_each(|about| about.complete(network));
}

/// From which probability on an image has each label: what its weights say, or else the usual. Nobody asks for those of
/// classes or numbers.
pub fn thresholds(network: &Network, about: Option<&About>) -> Vec<f64> {
    let outputs = network.graph.shape(network.output).channels();
    if let Some(about) = about
        && about.thresholds.len() == outputs
    {
        return about.thresholds.clone();
    }
    if network.data.as_ref().is_some_and(|data| data.task == Task::Multilabel) {
        complain(&format!(
            "the weights do not say from which probability on a label is there: {USUAL_THRESHOLD} is taken for each"
        ));
    }
    vec![USUAL_THRESHOLD; outputs]
}

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
    open(network, Some(network.graph.shape(network.output).channels()))
}

/// As [`open_data`], with the classes as the weights in `file` number them: by their names, wherever they are in the
/// data set and however many are left. `advice` is what to do about a class that the weights do not know, as a line of
/// its own.
pub fn open_known_data(network: &Network, file: &Path, about: &About, advice: &str) -> Result<Dataset, Failure> {
    // The names of another network's classes: its weights will not fit.
    if about.classes.len() > network.graph.shape(network.output).channels() {
        return open_data(network);
    }
    let mut dataset = open(network, None)?;
    match dataset.number_as(&about.classes) {
        Ok(()) => Ok(dataset),
        Err(unknown) => Err(Failure::Message(format!(
            "the network of {} does not know the {} {} of the data set; it tells {} apart{advice}",
            file.display(),
            if unknown.len() == 1 { "class" } else { "classes" },
            listed(&unknown),
            listed(&about.classes),
        ))),
    }
}

/// The first few of some names.
fn listed(names: &[String]) -> String {
    const LISTED: usize = 10;
    let shown: Vec<String> = names.iter().take(LISTED).map(|name| format!("`{}`", printable(name))).collect();
    match names.len().saturating_sub(LISTED) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

fn open(network: &Network, classes: Option<usize>) -> Result<Dataset, Failure> {
    let dataset = Dataset::open(data(network)?, network.graph.input, classes).map_err(unreadable)?;
    say_left_out(dataset.left_out());
    say_notes(dataset.notes());
    Ok(dataset)
}

/// The most images that are named before the others are counted.
const MOST_NAMED: usize = 20;

/// Names images that are left out.
pub fn say_left_out(images: &[impl Display]) {
    images.iter().take(MOST_NAMED).for_each(|image| complain(&format!("left out: {image}")));
    if images.len() > MOST_NAMED {
        complain(&format!("left out: {} more, which `archc data info` lists", images.len() - MOST_NAMED));
    }
}

/// Says what there is to say about the files that images are in.
pub fn say_notes(notes: &[String]) {
    notes.iter().for_each(|note| complain(&format!("warning: {note}")));
}

/// What is wrong with the images of a network's file, and what the file can say about it.
pub fn unreadable(error: DataError) -> Failure {
    let advice = match &error {
        error if error.is_of_one_image() => "\nto leave such files out, write `on_bad_image: skip` under `data:`",
        _ => "",
    };
    Failure::Message(format!("{error}{advice}"))
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
