//! `archc predict FILE IMAGE…`

use std::io::{self, IsTerminal};
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use rayon::prelude::*;
use serde_json::json;

use super::data::count;
use super::eval::class_name;
use super::machine::Machine;
use super::trained::{self, Trained};
use super::{Failure, picture, terminal};
use crate::diagnostic::printable;
use crate::executor::{Evaluator, largest};
use crate::ir::Shape;
use crate::network::Network;
use crate::program::Mode;
use crate::recipe::{Data, MaxPixels, Table, Transform};
use crate::train::data::{DataError, Listed, conventions, images_in, is_table, listed, read_image};

/// Predict the classes of images
#[derive(Debug, Args)]
#[command(after_help = crate::cli::examples::PREDICT)]
pub struct Predict {
    #[command(flatten)]
    trained: Trained,
    /// Images, in any common format; of a folder, all that are in it and in its subfolders; of a table, those of its
    /// rows
    #[arg(id = "image", required = true, value_name = "IMAGE")]
    images: Vec<PathBuf>,
    /// The format of the output
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Write a table with a row for each image into this file: what tells the images apart, and their classes, as the
    /// tables have them that the network learned from or is given
    #[arg(long, value_name = "FILE.csv", conflicts_with_all = ["format", "top"])]
    to: Option<PathBuf>,
    /// In that table: the probability of every class, each in a column of its own, in place of the likeliest class
    #[arg(long, requires = "to")]
    probabilities: bool,
    /// Overwrite an existing file
    #[arg(long, requires = "to")]
    force: bool,
    /// How many classes are named for each image
    #[arg(long, value_name = "N", default_value = "5")]
    top: NonZeroU32,
    /// Images per batch
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..))]
    batch: u32,
    #[command(flatten)]
    machine: Machine,
}

/// How predictions are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Text
    Text,
    /// JSON for programs, one object a line for each image
    Json,
    /// A table for programs, one row for each image and class, the names of its columns first
    Csv,
}

/// What becomes of an image before the network reads it.
struct Way<'a> {
    transforms: &'a [Transform],
    input: Shape,
    max_pixels: MaxPixels,
}

impl Way<'_> {
    /// The images that can be read one after the other, and for each file why it cannot be.
    fn read(&self, files: &[PathBuf]) -> (Vec<f32>, Vec<Option<DataError>>) {
        let read: Vec<Result<Vec<f32>, DataError>> =
            files.par_iter().map(|path| read_image(path, self.transforms, self.input, self.max_pixels)).collect();
        let mut images = Vec::with_capacity(read.len() * self.input.elements());
        let errors = read.into_iter().map(|image| image.map(|image| images.extend_from_slice(&image)).err()).collect();
        (images, errors)
    }
}

/// What is done with the number of an image and its probabilities.
type Tell<'a> = dyn FnMut(usize, &[f64]) -> Result<(), Failure> + 'a;

impl Predict {
    pub fn run(self) -> Result<(), Failure> {
        self.machine.run(|| self.predict())
    }

    /// Goes on after an image that cannot be read.
    fn predict(&self) -> Result<(), Failure> {
        let mut network = self.trained.network()?;
        let (mut evaluator, about) = self.trained.evaluator(&network, &self.machine.device())?;
        trained::measured(&mut network, about.as_ref());
        let mut names = trained::class_names(&network, about);
        if network.data.as_ref().is_some_and(|data| data.eval.contains(&Transform::NormalizeMeasured)) {
            // Nobody knows the numbers but the images.
            let dataset = trained::open_data(&network)?;
            network.data = Some(dataset.data().clone());
            if names.is_empty() {
                names = dataset.classes().to_vec();
            }
        }
        if let Some(to) = &self.to {
            let read: Vec<PathBuf> = self.trained.files().into_iter().chain(self.images.iter().cloned()).collect();
            picture::free(to, self.force, &read)?;
        }
        let Subjects { id, label, ids, files } = Subjects::of(&self.images, network.data.as_ref())?;
        let batch = (self.batch as usize).min(files.len());
        self.machine.check_memory(&network, Mode::Eval, batch)?;
        if self.format == Format::Csv {
            terminal::data("image,rank,class,name,probability\n")?;
        }
        let Some(to) = &self.to else {
            let sound = self.predict_all(&network, &files, batch, &mut *evaluator, &mut |index, probabilities| {
                self.put(&self.describe(&files[index], probabilities, &names))
            })?;
            return if sound { Ok(()) } else { Err(Failure::Reported) };
        };
        let classes = network.graph.shape(network.output).elements();
        let heads: Vec<String> = match self.probabilities {
            true => (0..classes).map(|class| field(&class_name(&names, class))).collect(),
            false => vec![field(&label)],
        };
        let mut table = format!("{},{}\n", field(&id), heads.join(","));
        let sound = self.predict_all(&network, &files, batch, &mut *evaluator, &mut |index, probabilities| {
            let told = match self.probabilities {
                true => probabilities.iter().map(f64::to_string).collect::<Vec<_>>().join(","),
                false => field(&class_name(&names, largest(probabilities))),
            };
            table.push_str(&format!("{},{told}\n", field(&ids[index])));
            Ok(())
        })?;
        if !sound {
            // With a row missing, a table would be taken for another.
            terminal::refuse(&format!("nothing was written into {}", to.display()));
            return Err(Failure::Reported);
        }
        picture::save(to, self.force, table.as_bytes())?;
        terminal::print(&format!("{} in {}\n", count(files.len(), "row"), to.display()))
    }

    /// Hands every file's number and probabilities to `tell`. Whether all could be read. While some images are
    /// computed, the next are read.
    fn predict_all(
        &self,
        network: &Network,
        files: &[PathBuf],
        batch: usize,
        evaluator: &mut dyn Evaluator,
        tell: &mut Tell<'_>,
    ) -> Result<bool, Failure> {
        let data = network.data.as_ref();
        let way = Way {
            transforms: data.map_or(&[], |data| &data.eval),
            input: network.graph.input,
            max_pixels: data.map_or(MaxPixels::default(), |data| data.max_pixels),
        };
        let bar = progress(files.len(), batch);
        let mut sound = true;
        let mut batches = files.chunks(batch.max(1));
        let mut index = 0;
        let mut files = batches.next().unwrap_or_default();
        let mut read = way.read(files);
        while !files.is_empty() {
            let following = batches.next().unwrap_or_default();
            let (images, errors) = read;
            let mut next = (Vec::new(), Vec::new());
            let logits = rayon::in_place_scope(|scope| {
                scope.spawn(|_| next = way.read(following));
                if images.is_empty() { Ok(&[][..]) } else { evaluator.evaluate(&images) }
            })?;
            let mut rows = logits.chunks_exact(network.graph.shape(network.output).elements());
            for (path, error) in files.iter().zip(errors) {
                if let Some(error) = error {
                    bar.suspend(|| terminal::refuse(&error.to_string()));
                    sound = false;
                } else if let Some(logits) = rows.next() {
                    match probabilities(logits) {
                        Ok(probabilities) => bar.suspend(|| tell(index, &probabilities))?,
                        Err(reason) => {
                            bar.suspend(|| terminal::refuse(&format!("{}: {reason}", path.display())));
                            sound = false;
                        }
                    }
                }
                bar.inc(1);
                index += 1;
            }
            (files, read) = (following, next);
        }
        bar.finish_and_clear();
        Ok(sound)
    }

    fn put(&self, text: &str) -> Result<(), Failure> {
        match self.format {
            Format::Text => terminal::print(text),
            Format::Json | Format::Csv => terminal::data(text),
        }
    }

    fn describe(&self, path: &Path, probabilities: &[f64], names: &[String]) -> String {
        let mut order: Vec<usize> = (0..probabilities.len()).collect();
        order.sort_by(|a, b| probabilities[*b].total_cmp(&probabilities[*a]));
        order.truncate(self.top.get() as usize);
        match self.format {
            Format::Json => {
                let entry = |class: &usize| json!({"class": *class, "name": class_name(names, *class), "probability": probabilities[*class]});
                let predictions: Vec<_> = order.iter().map(entry).collect();
                format!("{}\n", json!({"image": path.to_string_lossy(), "predictions": predictions}))
            }
            Format::Csv => {
                let row = |(rank, class): (usize, &usize)| {
                    let (image, name) = (field(&path.to_string_lossy()), field(&class_name(names, *class)));
                    format!("{image},{},{class},{name},{}\n", rank + 1, probabilities[*class])
                };
                order.iter().enumerate().map(row).collect()
            }
            Format::Text => {
                let line = |class: &usize| {
                    format!("  {:>6.2} %  {}\n", 100.0 * probabilities[*class], printable(&class_name(names, *class)))
                };
                let lines: String = order.iter().map(line).collect();
                format!("{}\n{lines}", printable(&path.display().to_string()))
            }
        }
    }
}

/// What is to be predicted, and how a table calls it.
struct Subjects {
    /// The column that tells images apart, and that of their classes.
    id: String,
    label: String,
    /// What tells them apart.
    ids: Vec<String>,
    files: Vec<PathBuf>,
}

impl Subjects {
    /// The images that were named, those in folders, and those in tables, which are like the table of `data`, if that
    /// is one.
    fn of(paths: &[PathBuf], data: Option<&Data>) -> Result<Subjects, Failure> {
        let own = data.and_then(|data| data.table.as_ref());
        // Where the network's own table is gone, nothing is known of its columns.
        let known = own.and_then(|table| conventions(table).ok());
        let (id, label, ending) = known.unwrap_or_else(|| ("image".to_owned(), "label".to_owned(), String::new()));
        let mut all = Subjects { id, label, ids: Vec::new(), files: Vec::new() };
        let of_file = |path: &Path| {
            let name = path.to_string_lossy();
            name.strip_suffix(ending.as_str()).unwrap_or(&name).to_owned()
        };
        for path in paths {
            if path.is_dir() {
                let inside = images_in(path)?;
                if inside.is_empty() {
                    return Err(Failure::Message(format!("no image is in `{}`", path.display())));
                }
                all.ids.extend(inside.iter().map(|file| of_file(file.strip_prefix(path).unwrap_or(file))));
                all.files.extend(inside);
            } else if is_table(path) {
                let plain = Table::of("");
                let Listed { id, ids, files } = listed(path, own.unwrap_or(&plain), None)?;
                if files.is_empty() {
                    return Err(Failure::Message(format!("no row is in `{}`", path.display())));
                }
                all.id = id;
                all.ids.extend(ids);
                all.files.extend(files);
            } else {
                all.ids.push(of_file(path));
                all.files.push(path.clone());
            }
        }
        Ok(all)
    }
}

/// A bar, where there is more than one batch to wait for and nothing else is written to the terminal.
fn progress(files: usize, batch: usize) -> ProgressBar {
    let hidden = files <= batch || io::stdout().is_terminal();
    let target = if hidden { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
    let style = ProgressStyle::with_template("{wide_bar} {pos}/{len} images, {per_sec}, {eta} left");
    ProgressBar::with_draw_target(Some(files as u64), target).with_style(style.expect("the template is valid"))
}

/// A field of a table, as <https://www.rfc-editor.org/rfc/rfc4180> has it.
fn field(text: &str) -> String {
    match text.contains(['"', ',', '\n', '\r']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")),
        false => text.to_owned(),
    }
}

/// The softmax of the logits.
fn probabilities(logits: &[f32]) -> Result<Vec<f64>, String> {
    let largest = logits.iter().fold(f64::NEG_INFINITY, |largest, x| largest.max(f64::from(*x)));
    let powers: Vec<f64> = logits.iter().map(|x| (f64::from(*x) - largest).exp()).collect();
    let total: f64 = powers.iter().sum();
    if !total.is_finite() {
        let (class, logit) =
            logits.iter().enumerate().find(|(_, logit)| !logit.is_finite()).expect("one is the reason");
        return Err(format!(
            "the network gives class {class} a score of {logit}, from which no probabilities follow: are these its weights?"
        ));
    }
    Ok(powers.into_iter().map(|power| power / total).collect())
}
