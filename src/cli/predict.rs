//! `archc predict FILE IMAGE…`

mod answer;
mod masks;

use std::io::{self, IsTerminal};
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use clap::{ArgGroup, Args, ValueEnum};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use rayon::prelude::*;

use self::answer::{Answer, Columns, field};
use self::masks::MaskFolder;
use super::data::count;
use super::machine::Machine;
use super::trained::{self, Trained};
use super::{Failure, picture, terminal};
use crate::executor::Evaluator;
use crate::ir::Shape;
use crate::network::Network;
use crate::program::Mode;
use crate::recipe::{Data, MaxPixels, Table, Transform};
use crate::train::data::{Conventions, DataError, Listed, conventions, images_in, is_table, listed, named, read_image};

/// Predict the classes, labels or numbers of images, or the classes of their pixels
#[derive(Debug, Args)]
#[command(after_help = crate::cli::examples::PREDICT, group = ArgGroup::new("written").args(["to", "out"]).multiple(true))]
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
    /// Write the mask of each image into this folder, as a PNG file with a palette, whose pixels are the numbers of
    /// classes; of networks that tell the classes of pixels apart
    #[arg(long, value_name = "FOLDER")]
    out: Option<PathBuf>,
    /// Overwrite existing files
    #[arg(long, requires = "written")]
    force: bool,
    /// How many classes are named for each image; labels that it has are always named
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
        let mut names = trained::class_names(&network, about.as_ref());
        let is_measured = network.data.as_ref().is_some_and(|data| data.eval.contains(&Transform::NormalizeMeasured));
        if is_measured {
            // Nobody knows the numbers but the images.
            let dataset = trained::open_data(&network)?;
            network.data = Some(dataset.data().clone());
            if names.is_empty() {
                names = dataset.classes().to_vec();
            }
        }
        let Subjects { id, labels, ids, names: mask_names, files } = Subjects::of(&self.images, network.data.as_ref())?;
        let data = is_measured.then(|| network.data.as_ref().map(named)).flatten().unwrap_or_default();
        let given = self.trained.files().into_iter().chain(self.images.iter().chain(&files).cloned());
        let read: Vec<PathBuf> = given.chain(data).collect();
        if let Some(to) = &self.to {
            picture::free(to, self.force, &read)?;
        }
        let answer = &Answer::new(&network, about.as_ref(), names);
        if self.probabilities && !answer.has_probabilities() {
            let why = "`--probabilities`: the network gives numbers, of which none is a probability";
            return Err(Failure::Message(why.to_owned()));
        }
        let masks = match (&self.out, answer.mask()) {
            (None, _) => None,
            (Some(folder), Some(size)) => Some(MaskFolder::new(folder, &mask_names, size, self.force, &read)?),
            (Some(_), None) => {
                let why = "`--out`: the network tells what whole images are of, and no pixels; masks are what `task: segment` gives";
                return Err(Failure::Message(why.to_owned()));
            }
        };
        let write = |index: usize, values: &[f64]| masks.as_ref().map(|masks| masks.write(index, values)).transpose();
        let batch = (self.batch as usize).min(files.len());
        self.machine.check_memory(&network, Mode::Eval, batch)?;
        if self.format == Format::Csv {
            terminal::data(answer.heads())?;
        }
        let Some(to) = &self.to else {
            let sound =
                self.predict_all(&network, answer, &files, batch, &mut *evaluator, &mut |index, probabilities| {
                    let top = self.top.get() as usize;
                    let mask = write(index, probabilities)?;
                    self.put(&answer.describe(self.format, &files[index], mask, probabilities, top))
                })?;
            return if sound { Ok(()) } else { Err(Failure::Reported) };
        };
        let table = network.data.as_ref().and_then(|data| data.table.as_ref());
        let separator = table.and_then(|table| table.separator.clone());
        let columns = Columns { labels, separator, probabilities: self.probabilities };
        let mut table = format!("{},{}\n", field(&id), answer.columns(&columns).join(","));
        let tell: &mut Tell<'_> = &mut |index, probabilities| {
            write(index, probabilities)?;
            table.push_str(&format!("{},{}\n", field(&ids[index]), answer.row(&columns, probabilities).join(",")));
            Ok(())
        };
        let sound = self.predict_all(&network, answer, &files, batch, &mut *evaluator, tell)?;
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
        answer: &Answer,
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
                    match answer.values(logits) {
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
}

/// What is to be predicted, and how a table calls it.
struct Subjects {
    /// The column that tells images apart.
    id: String,
    /// That of their classes or labels, or one for each.
    labels: Vec<String>,
    /// What tells them apart.
    ids: Vec<String>,
    /// What masks are called: the images' names below the folder that was named, or in the table.
    names: Vec<PathBuf>,
    files: Vec<PathBuf>,
}

impl Subjects {
    /// The images that were named, those in folders, and those in tables, which are like the table of `data`, if that
    /// is one.
    fn of(paths: &[PathBuf], data: Option<&Data>) -> Result<Subjects, Failure> {
        let own = data.and_then(|data| data.table.as_ref());
        // Where the network's own table is gone, nothing is known of its columns.
        let known = own.zip(data).and_then(|(table, data)| conventions(table, data.task).ok());
        let Conventions { id, labels, ending } = known.unwrap_or_else(|| Conventions {
            id: "image".to_owned(),
            labels: own.map_or(Vec::new(), |table| table.label.clone()),
            ending: String::new(),
        });
        let mut all = Subjects { id, labels, ids: Vec::new(), names: Vec::new(), files: Vec::new() };
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
                // Files of several folders may have one name.
                let within = if paths.len() == 1 { path.as_path() } else { Path::new("") };
                all.ids.extend(inside.iter().map(|file| of_file(file.strip_prefix(within).unwrap_or(file))));
                all.names.extend(inside.iter().map(|file| file.strip_prefix(path).unwrap_or(file).to_owned()));
                all.files.extend(inside);
            } else if is_table(path) {
                let plain = Table::of("");
                let Listed { id, ids, files } = listed(path, own.unwrap_or(&plain), None)?;
                if files.is_empty() {
                    return Err(Failure::Message(format!("no row is in `{}`", path.display())));
                }
                all.id = id;
                all.names.extend(ids.iter().map(PathBuf::from));
                all.ids.extend(ids);
                all.files.extend(files);
            } else {
                all.ids.push(of_file(path));
                all.names.push(path.file_name().map_or_else(|| path.clone(), PathBuf::from));
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
