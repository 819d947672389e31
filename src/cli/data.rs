//! `archc data list | info | stats | show | fetch`

#[cfg(feature = "fetch")]
mod fetch;
mod info;
mod list;
mod show;
mod stats;

use std::path::Path;

use clap::{Args, Subcommand};

use super::Failure;
use super::source::{Changes, compile_and_report};
use super::terminal::complain;
use crate::network::Network;
use crate::recipe::{BadImages, Data as Recipe, DataSet, Task};
use crate::train::data::{Collection, DataError, Split, is_table, tells_several, told};

/// List, measure, show and download data sets
#[derive(Debug, Subcommand)]
#[command(after_help = crate::cli::examples::DATA)]
pub enum Data {
    List(list::List),
    Info(info::Info),
    Stats(stats::Stats),
    Show(show::Show),
    #[cfg(feature = "fetch")]
    Fetch(fetch::Fetch),
}

impl Data {
    pub fn run(self) -> Result<(), Failure> {
        match self {
            Data::List(list) => list.run(),
            Data::Info(info) => info.run(),
            Data::Stats(stats) => stats.run(),
            Data::Show(show) => show.run(),
            #[cfg(feature = "fetch")]
            Data::Fetch(fetch) => fetch.run(),
        }
    }
}

/// Images that a command is about.
struct Subject {
    /// What the user called them.
    name: String,
    /// Where they are, and what happens to them.
    recipe: Recipe,
    /// The network that reads them, if a file was named.
    network: Option<Network>,
}

/// Which images a command is about.
#[derive(Debug, Args)]
struct Images {
    /// A set's name, a folder of images or an archive of it, a table of them, or a network's file
    #[arg(value_name = "SET|FOLDER|TABLE|FILE")]
    what: String,
    #[command(flatten)]
    changes: Changes,
}

/// The set of this name, or what the files of this name are; otherwise the names that there are.
pub(super) fn set_or_files(text: &str) -> Result<DataSet, String> {
    let sets = || DataSet::ALL.into_iter().filter(|set| !set.is_own());
    match sets().find(|set| set.name() == text).or_else(|| told(Path::new(text)).filter(|set| *set != DataSet::Table)) {
        Some(set) => Ok(set),
        None => Err(sets().map(DataSet::name).collect::<Vec<_>>().join(", ")),
    }
}

/// What `text` names: a network's file, a folder of images, or a set.
fn subject(text: &str, changes: &Changes) -> Result<Subject, Failure> {
    let path = Path::new(text);
    let ending = path.extension().and_then(|ending| ending.to_str());
    let is_network = told(path).is_none() && path.is_file() || matches!(ending, Some("yaml" | "yml" | "toml"));
    if let Some(option) = changes.given().filter(|_| !is_network) {
        return Err(Failure::Message(format!(
            "`{option}` changes a network's file, and `{text}` is none: leave it out"
        )));
    }
    if is_table(path) {
        return Ok(Subject { name: text.to_string(), recipe: Recipe::of_table(text), network: None });
    }
    if is_network {
        let network = compile_and_report(path, changes)?.network;
        let recipe = super::trained::data(&network)?.clone();
        return Ok(Subject { name: network.name.clone(), recipe, network: Some(network) });
    }
    let set = set_or_files(text).map_err(|names| {
        Failure::Message(format!(
            "`{text}` is no network's file, no table, no folder or archive of images and none of the sets {names}"
        ))
    })?;
    let path = set.is_own().then(|| text.to_string());
    let several = set == DataSet::Medmnist && tells_several(path.as_deref());
    let task = if several { Task::Multilabel } else { Task::Class };
    Ok(Subject { name: text.to_string(), recipe: Recipe { task, ..Recipe::of(set, path) }, network: None })
}

impl Subject {
    /// Finds the images.
    fn open(&self) -> Result<Collection, Failure> {
        let collection = Collection::open(&self.recipe)?;
        say_left_out(&collection.left_out);
        super::trained::say_notes(&collection.notes);
        Ok(collection)
    }

    /// The images for testing.
    fn test(&self, collection: &Collection) -> Result<Split, Failure> {
        let (test, left_out) = collection.test(&self.recipe)?;
        say_left_out(&left_out);
        Ok(test)
    }

    /// The images of `split` that can be read, and how many were left out of it and named. All can where an image that
    /// cannot is an error anyway.
    fn sound(&self, split: &Split) -> Result<(Split, usize), Failure> {
        if self.recipe.bad_images == BadImages::Refuse {
            return Ok((split.clone(), 0));
        }
        let (sound, left_out) = split.sound(self.channels())?;
        say_left_out(&left_out);
        Ok((sound, left_out.len()))
    }

    /// What images have, for people.
    fn kind(&self) -> &'static str {
        match self.recipe.task {
            Task::Class | Task::Segment => "class",
            Task::Multilabel => "label",
            Task::Regression => "number",
        }
    }

    /// Channels that images are decoded to.
    fn channels(&self) -> usize {
        let own = self.recipe.set.image();
        let read = self.network.as_ref().map(|network| network.graph.input).or(own);
        read.map_or(3, |shape| shape.channels())
    }
}

/// Names images that are left out.
fn say_left_out(images: &[DataError]) {
    images.iter().for_each(|image| complain(&format!("left out: {image}")));
}

/// How many images each class or label has, or how many pixels.
fn by_class(split: &Split, classes: usize) -> Result<Vec<usize>, Failure> {
    Ok(split.counts(classes)?)
}

/// `3 classes`, `1 class`.
pub(super) fn count(number: usize, what: &str) -> String {
    let plural = if what.ends_with('s') { "es" } else { "s" };
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}{plural}") }
}
