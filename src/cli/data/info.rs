//! `archc data info`

use clap::Args;
use serde_json::json;

use super::{Images, Subject, by_class, count, subject};
use crate::cli::Failure;
use crate::cli::terminal::{self, Format};
use crate::ir::Pair;
use crate::train::data::{Collection, Split};

/// How many images of which size each class has
#[derive(Debug, Args)]
pub struct Info {
    #[command(flatten)]
    images: Images,
    /// A table for people, or JSON for programs
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

impl Info {
    pub fn run(self) -> Result<(), Failure> {
        let subject = subject(&self.images.what, &self.images.changes)?;
        let collection = subject.open()?;
        let sizes = [sizes(&collection.train)?, sizes(&collection.validation)?];
        let text = match self.format {
            Format::Text => text(&subject, &collection, &sizes),
            Format::Json => format!("{}\n", json(&subject, &collection, &sizes)),
        };
        terminal::put(self.format, &text)
    }
}

/// The least and the greatest height and width; `None` without images.
type Sizes = Option<(Pair, Pair)>;

fn sizes(split: &Split) -> Result<Sizes, Failure> {
    let mut found: Sizes = None;
    for example in 0..split.len() {
        let size = split.size(example)?;
        let (least, most) = found.unwrap_or((size, size));
        let least = Pair { height: least.height.min(size.height), width: least.width.min(size.width) };
        let most = Pair { height: most.height.max(size.height), width: most.width.max(size.width) };
        found = Some((least, most));
    }
    Ok(found)
}

fn json(subject: &Subject, collection: &Collection, sizes: &[Sizes; 2]) -> serde_json::Value {
    let classes = collection.classes.len();
    let part = |split: &Split, sizes: Sizes| {
        let side = |pair: Pair| [pair.height, pair.width];
        json!({
            "images": split.len(),
            "by_class": by_class(split, classes),
            "smallest": sizes.map(|(least, _)| side(least)),
            "largest": sizes.map(|(_, most)| side(most)),
        })
    };
    json!({
        "set": subject.recipe.set.name(),
        "classes": collection.classes,
        "train": part(&collection.train, sizes[0]),
        "validation": part(&collection.validation, sizes[1]),
    })
}

fn text(subject: &Subject, collection: &Collection, sizes: &[Sizes; 2]) -> String {
    let classes = collection.classes.len();
    let mut text = format!("{}: {}\n", subject.name, count(classes, "class"));
    for (name, split, sizes) in
        [("training", &collection.train, sizes[0]), ("validation", &collection.validation, sizes[1])]
    {
        let sizes = match sizes {
            None => String::new(),
            Some((least, most)) if least == most => format!(", {least}"),
            Some((least, most)) => format!(", from {least} to {most}"),
        };
        text.push_str(&format!("{name:11} {}{sizes}\n", count(split.len(), "image")));
    }
    let widest = collection.classes.iter().map(|name| name.chars().count()).max().unwrap_or(0).max(5);
    text.push_str(&format!("\nlabel  {:widest$}  training  validation\n", "class"));
    let (train, validation) = (by_class(&collection.train, classes), by_class(&collection.validation, classes));
    for (label, name) in collection.classes.iter().enumerate() {
        text.push_str(&format!("{label:>5}  {name:widest$}  {:>8}  {:>10}\n", train[label], validation[label]));
    }
    text
}
