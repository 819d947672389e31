//! `archc import FILE`

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use clap::Args;

#[cfg(feature = "train")]
use super::names::{Names, say};
use super::source::{Changes, compile_and_report, language};
use super::{Failure, terminal};
use crate::diagnostic::printable;
use crate::expand::short;
use crate::import::Language;
#[cfg(feature = "train")]
use crate::import::{self, FrontEnd, Values};
#[cfg(feature = "train")]
use crate::{diagnostic::Sources, lower::lower, network::Network, weights};

/// Write a network of another program as a file of archc, with its weights beside it
#[derive(Debug, Args)]
#[cfg_attr(
    feature = "train",
    command(
        mut_arg("rename", |option| option.requires("weights")),
        mut_arg("ema", |option| option.requires("weights")),
        mut_arg("strict", |option| option.requires("weights"))
    )
)]
pub struct Import {
    /// The network: a prototxt of Caffe, a cfg of Darknet, or a model of Keras or ONNX
    #[arg(value_name = "FILE")]
    path: PathBuf,
    #[command(flatten)]
    changes: Changes,
    /// Its weights: a caffemodel, a file of weights of Darknet, safetensors or a .pth; they become NAME.safetensors.
    /// Models of Keras and ONNX hold their own
    #[cfg(feature = "train")]
    #[arg(long, value_name = "WEIGHTS")]
    weights: Option<PathBuf>,
    #[cfg(feature = "train")]
    #[command(flatten)]
    names: Names,
    /// The file to write; FILE's name with .yaml, in the folder that one is in, unless given
    #[arg(short, long, value_name = "NAME.yaml")]
    out: Option<PathBuf>,
}

impl Import {
    pub fn run(self) -> Result<(), Failure> {
        let Language::Foreign(front) = language(&self.path) else {
            return Err(Failure::Message(format!(
                "{} is in archc's own language; `archc import` reads Darknet's .cfg, Caffe's .prototxt, Keras's .keras and .h5, and ONNX's .onnx",
                self.path.display()
            )));
        };
        let out = self
            .out
            .clone()
            .unwrap_or_else(|| PathBuf::from(self.path.file_stem().unwrap_or_default()).with_extension("yaml"));
        let network = compile_and_report(&self.path, &self.changes)?.network;
        let short = short(&network);
        let head = format!("# From {} of {}.\n", file_name(&self.path), front.program());
        #[cfg(feature = "train")]
        let own = front.has_own_weights(&self.path).then_some(&self.path);
        #[cfg(feature = "train")]
        if let Some(path) = self.weights.as_ref().or(own) {
            let values = self.values(front, path, &network)?;
            let safetensors = out.with_extension("safetensors");
            if safetensors.exists() {
                return Err(taken(&safetensors));
            }
            create(&out, &(head + &short.text))?;
            return save(&short, values, &out, &safetensors);
        }
        create(&out, &(head + &short.text))?;
        terminal::print(&format!("{}\n", out.display()))
    }

    #[cfg(feature = "train")]
    fn values(&self, front: &dyn FrontEnd, path: &Path, network: &Network) -> Result<Values, Failure> {
        // Those of somebody who built the network once more in PyTorch.
        let is_own = matches!(language(path), Language::Foreign(_));
        if !is_own && weights::is_one(path) {
            let loaded = weights::load_as(path, &lower(network).weights, &self.names.reading())?;
            say(&loaded.remarks);
            let weights = loaded.weights.into_iter().map(Option::unwrap_or_default).collect();
            return Ok(Values { weights, left_out: Vec::new() });
        }
        if let Some(option) = self.names.given() {
            return Err(Failure::Message(format!(
                "`{option}` means nothing for weights of {}, whose layers are told by their own names: leave it out",
                front.program()
            )));
        }
        let text = super::source::text(&self.path).map_err(Failure::Unreadable)?;
        let mut sources = Sources::default();
        let source = sources.add(self.path.to_string_lossy(), text);
        let load = self.changes.includes().load(&self.path);
        let imported = import::read(front, &mut sources, source, &self.changes.overrides(), &load);
        let weights = lower(network).weights;
        let values = front.weights(path, &imported.stored, &weights);
        values.map_err(|message| Failure::Message(format!("{}: {message}", path.display())))
    }
}

/// Writes the weights under the names that the new file gives them.
#[cfg(feature = "train")]
fn save(short: &crate::expand::Short, mut values: Values, out: &Path, safetensors: &Path) -> Result<(), Failure> {
    let mut weights = lower(&short.network).weights;
    let ordered: Vec<Vec<f32>> =
        short.weights.iter().map(|index| std::mem::take(&mut values.weights[*index])).collect();
    for weight in &mut weights {
        weight.frozen = false;
    }
    let entries = weights::entries(&weights, &ordered);
    weights::save(safetensors, &entries, 0, "")?;
    if !values.left_out.is_empty() {
        let names: Vec<String> = values.left_out.iter().map(|name| format!("`{}`", printable(name))).collect();
        let layers = if names.len() == 1 { "layer" } else { "layers" };
        terminal::complain(&format!("left out: the weights of {} other {layers}: {}", names.len(), names.join(", ")));
    }
    terminal::print(&format!("{}\n{}\n", out.display(), safetensors.display()))
}

fn file_name(path: &Path) -> String {
    printable(&path.file_name().unwrap_or_default().to_string_lossy())
}

fn create(path: &Path, text: &str) -> Result<(), Failure> {
    let mut file = OpenOptions::new().write(true).create_new(true).open(path).map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => taken(path),
        _ => Failure::Message(format!("cannot create {}: {error}", path.display())),
    })?;
    file.write_all(text.as_bytes())
        .map_err(|error| Failure::Message(format!("cannot write {}: {error}", path.display())))
}

fn taken(path: &Path) -> Failure {
    Failure::Message(format!(
        "{} is there already, and nothing is overwritten: name another with `--out`",
        path.display()
    ))
}
