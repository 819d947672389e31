//! `archc data show`

use std::io::Cursor;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use image::{ImageFormat, RgbImage};

use super::{count, subject};
use crate::cli::source::Changes;
use crate::cli::{Failure, picture, terminal};
use crate::train::data::{Collection, Dataset, Part, Split, Tile, named, sheet};

/// Draw images as the network receives them, after augmentation, with their labels
#[derive(Debug, Args)]
pub struct Show {
    /// A network's file; or, for the original images, the name of a set or a folder
    #[arg(value_name = "FILE|SET|FOLDER")]
    what: String,
    #[command(flatten)]
    changes: Changes,
    /// The file to write
    #[arg(long, value_name = "PNG", default_value = "data.png")]
    out: PathBuf,
    /// Overwrite an existing file
    #[arg(long)]
    force: bool,
    /// The number of images
    #[arg(long, value_name = "N", default_value_t = 36, value_parser = clap::value_parser!(u16).range(1..=1000))]
    count: u16,
    /// The split to use
    #[arg(long, value_enum, default_value_t = Which::Train)]
    split: Which,
    /// The seed for random choices [default: the file's]
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// The epoch to show, from 1 [default: 1]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    epoch: Option<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Which {
    /// Those that the network learns from.
    Train,
    /// Those that it is judged by.
    Validation,
    /// Those that it is tested with at the very end.
    Test,
}

impl Show {
    pub fn run(self) -> Result<(), Failure> {
        picture::free(&self.out, self.force, &[PathBuf::from(&self.what)])?;
        let subject = subject(&self.what, &self.changes)?;
        let free = |images: &[&Split]| {
            let images = images.iter().flat_map(|split| split.files().iter().map(|file| file.holder().to_owned()));
            let read: Vec<PathBuf> = named(&subject.recipe).into_iter().chain(images).collect();
            picture::free(&self.out, self.force, &read)
        };
        let part = match self.split {
            Which::Train => Part::Train,
            Which::Validation => Part::Validation,
            Which::Test => Part::Test,
        };
        let count_of_them = usize::from(self.count);
        let tiles = match &subject.network {
            Some(network) => {
                let dataset = Dataset::open(&subject.recipe, network.graph.input, None)?;
                free(&[&dataset.train, &dataset.validation])?;
                let own = network.train.as_ref().map_or(0, |train| train.seed);
                let (seed, epoch) = (self.seed.unwrap_or(own), self.epoch.unwrap_or(1) as usize - 1);
                dataset.sample(part, seed, epoch, count_of_them)?
            }
            None if self.epoch.is_some() => {
                let why = "`--epoch` is for a network's file, which says how images change: leave it out";
                return Err(Failure::Message(why.to_owned()));
            }
            None => {
                let collection = subject.open()?;
                let split = match part {
                    Part::Train => collection.train.clone(),
                    Part::Validation => collection.validation.clone(),
                    Part::Test => subject.test(&collection)?,
                };
                free(&[&collection.train, &collection.validation, &split])?;
                let (channels, bad) = (subject.channels(), subject.recipe.bad_images);
                let (seed, names) = (self.seed.unwrap_or(0), &collection.classes);
                Collection::sample(&split, channels, bad, seed, count_of_them, names)?
            }
        };
        if tiles.is_empty() {
            return Err(Failure::Message("there is no such image".to_string()));
        }
        let drawn: Vec<Tile> = tiles.into_iter().map(|(image, caption)| Tile { image, caption }).collect();
        let out = self.out.display();
        self.save(&sheet(&drawn))?;
        terminal::print(&format!("{} in {out}\n", count(drawn.len(), "image")))
    }

    fn save(&self, sheet: &RgbImage) -> Result<(), Failure> {
        let out = self.out.display();
        let failed = |error: &dyn std::fmt::Display| Failure::Message(format!("cannot write `{out}`: {error}"));
        let format = ImageFormat::from_path(&self.out).map_err(|error| failed(&error))?;
        let mut bytes = Cursor::new(Vec::new());
        sheet.write_to(&mut bytes, format).map_err(|error| failed(&error))?;
        picture::save(&self.out, self.force, bytes.get_ref())
    }
}
