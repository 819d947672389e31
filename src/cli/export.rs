//! `archc export FILE --format onnx`

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Args, ValueEnum};

use super::trained::{self, Trained};
use super::{Failure, picture, terminal};
use crate::export::{ExportError, Exported, FORMATS, Format, NeedsWeights, Options};
use crate::lower::lower;
use crate::network::Network;
use crate::quantity;
use crate::recipe::Transform;
use crate::train::checkpoint::About;
use crate::train::data::named;

/// Write a trained network for other programs
#[derive(Debug, Args)]
pub struct Export {
    #[command(flatten)]
    trained: Trained,
    /// What to write
    #[arg(long, value_name = "FORMAT", value_parser = PossibleValuesParser::new(FORMATS.iter().map(|format| format.name())))]
    format: String,
    /// The file to write; the network's name in this folder unless given
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Write over files that are there, also those that `--out` does not name
    #[arg(long)]
    force: bool,
    /// The version of ONNX's operators, from 13 on; 17 unless given, which most readers know
    #[arg(long, value_name = "N")]
    opset: Option<u32>,
    /// Images that are computed at a time: a number, or `dynamic` for any, which it is unless given
    #[arg(long, value_name = "N|dynamic", value_parser = parse_batch)]
    batch: Option<Batch>,
    /// End in probabilities instead of logits: those of classes, of which an image has one
    #[arg(long)]
    softmax: bool,
    /// End in probabilities instead of logits: those of labels, of which an image has any number
    #[arg(long, conflicts_with = "softmax")]
    sigmoid: bool,
    /// Begin with images as they are decoded, bytes N×H×W×C of the network's size, and normalise them in the graph
    #[arg(long)]
    preprocess: bool,
    /// Leave batch norms as they are, instead of folding them into the weights before them
    #[arg(long)]
    keep_bn: bool,
    /// The type that kernels and matrices are written in
    #[arg(long, value_name = "TYPE", value_enum)]
    weights_as: Option<Type>,
    /// Write weights to a file of their own, FILE.data, as is done anyway beyond 2 GiB
    #[arg(long)]
    external_data: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Batch {
    Dynamic,
    Fixed(NonZeroUsize),
}

fn parse_batch(text: &str) -> Result<Batch, String> {
    match text.parse::<u32>().ok().and_then(|number| NonZeroUsize::new(number as usize)) {
        Some(number) => Ok(Batch::Fixed(number)),
        None if text == "dynamic" => Ok(Batch::Dynamic),
        None => Err("expected a number from 1 on, or `dynamic`".to_owned()),
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Type {
    Fp32,
    Fp16,
}

impl Export {
    pub fn run(self) -> Result<(), Failure> {
        let format = FORMATS.iter().find(|format| format.name() == self.format);
        let format = *format.expect("clap lets no other name pass");
        self.refuse_options(format)?;
        let mut network = self.trained.network()?;
        let path = self.path(&network, format);
        let declared = lower(&network).weights;
        let needed = match format.needs_weights() {
            NeedsWeights::No => false,
            // Who says how to read them says that there are some.
            NeedsWeights::IfThereAreSome => self.trained.about_weights().is_some() || self.trained.weights().is_ok(),
            NeedsWeights::Yes => true,
        };
        let bytes = declared.iter().map(|weight| 4 * weight.elements() as u64).sum();
        let beside = needed.then(|| format.beside(&path, &self.options(), bytes)).flatten();
        let is_measured = self.preprocess && eval(&network).contains(&Transform::NormalizeMeasured);
        let data = network.data.as_ref().filter(|_| is_measured).map(named).unwrap_or_default();
        let read: Vec<PathBuf> = self.trained.files().into_iter().chain(data).collect();
        picture::free(&path, self.force || self.out.is_some(), &read)?;
        beside.map_or(Ok(()), |beside| picture::free(&beside, self.force, &read))?;
        let (weights, note) = match needed && !declared.is_empty() {
            true => self.trained.values(&network)?,
            false => (Vec::new(), None),
        };
        let about = note.as_deref().and_then(About::read);
        trained::measured(&mut network, about.as_ref());
        if self.preprocess && eval(&network).contains(&Transform::NormalizeMeasured) {
            network.data = Some(trained::open_data(&network)?.data().clone());
        }
        let steps = about.as_ref().map_or(0, |about| about.step);
        let classes = trained::class_names(&network, about.as_ref());
        // A file that says nothing of its images may be trained all the same, by way of another that does.
        let told = || trained::carried_network(about.as_ref()?.text.as_deref()?)?.data;
        let task = network.data.as_ref().map(|data| data.task).or_else(|| told().map(|data| data.task));
        let exported = Exported { network, weights, classes, task, steps };
        let written = format.write(exported, &self.options(), &path)?;
        let files: Vec<String> = written
            .files
            .iter()
            .map(|(path, length)| format!("{} ({})", path.display(), quantity::bytes(*length)))
            .collect();
        terminal::print(&format!("{}: {}\n", files.join(" and "), written.summary))
    }

    fn options(&self) -> Options {
        Options {
            opset: self.opset,
            batch: match self.batch {
                Some(Batch::Fixed(number)) => Some(number.get()),
                Some(Batch::Dynamic) | None => None,
            },
            softmax: self.softmax,
            sigmoid: self.sigmoid,
            preprocess: self.preprocess,
            keep_bn: self.keep_bn,
            fp16: self.weights_as == Some(Type::Fp16),
            external_data: self.external_data,
        }
    }

    /// Options that are given must mean something.
    fn refuse_options(&self, format: &dyn Format) -> Result<(), Failure> {
        let given = [
            ("opset", self.opset.is_some()),
            ("batch", self.batch.is_some()),
            ("softmax", self.softmax),
            ("sigmoid", self.sigmoid),
            ("preprocess", self.preprocess),
            ("keep-bn", self.keep_bn),
            ("weights-as", self.weights_as.is_some()),
            ("external-data", self.external_data),
        ];
        let given = given.iter().find(|(name, given)| *given && !format.options().contains(name));
        let of_weights = || self.trained.about_weights().filter(|_| format.needs_weights() == NeedsWeights::No);
        match given.map(|(name, _)| format!("--{name}")).or_else(|| of_weights().map(str::to_owned)) {
            None => Ok(()),
            Some(option) => Err(Failure::Message(format!(
                "`{option}` means nothing for the format `{}`: leave it out",
                format.name()
            ))),
        }
    }

    /// Where to write.
    fn path(&self, network: &Network, format: &dyn Format) -> PathBuf {
        let name = || network.name.replace(|c: char| std::path::is_separator(c) || c.is_control(), "_");
        self.out.clone().unwrap_or_else(|| PathBuf::from(format!("{}.{}", name(), format.extension())))
    }
}

fn eval(network: &Network) -> &[Transform] {
    network.data.as_ref().map_or(&[], |data| &data.eval)
}

impl From<ExportError> for Failure {
    fn from(error: ExportError) -> Failure {
        Failure::Message(error.to_string())
    }
}
