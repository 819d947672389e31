//! `archc data info`

use clap::Args;
use serde_json::json;

use super::{Images, Subject, by_class, count, subject};
use crate::cli::Failure;
use crate::cli::terminal::{self, Format, WIDEST, complain};
use crate::diagnostic::printable;
use crate::ir::Pair;
use crate::recipe::Task;
use crate::train::data::{Collection, Split, Targets, TestImages};

/// Show how many images each class has, and their sizes
#[derive(Debug, Args)]
pub struct Info {
    #[command(flatten)]
    images: Images,
    /// A table, or JSON for programs
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

impl Info {
    pub fn run(self) -> Result<(), Failure> {
        let subject = subject(&self.images.what, &self.images.changes)?;
        let collection = subject.open()?;
        let classes = collection.classes.len();
        let mut parts = vec![
            Part::of("train", "training", &collection.train, &subject, classes)?,
            Part::of("validation", "validation", &collection.validation, &subject, classes)?,
        ];
        let has_test = match &collection.test {
            TestImages::Folders(folders) => !folders.is_empty(),
            TestImages::Table => {
                subject.recipe.table.as_ref().is_some_and(|table| table.split.is_some() || table.test.is_some())
            }
            TestImages::Same => collection.has_test(&subject.recipe),
            TestImages::Nowhere | TestImages::Validation => false,
        };
        if has_test {
            match subject.test(&collection) {
                Ok(test) => parts.push(Part::of("test", "test", &test, &subject, classes)?),
                // The others are none the worse for it.
                Err(Failure::Message(message)) => complain(&format!("no images for testing: {message}")),
                Err(other) => return Err(other),
            }
        }
        let text = match self.format {
            Format::Text => text(&subject, &collection, &parts),
            Format::Json => format!("{}\n", json(&subject, &collection, &parts)),
        };
        terminal::put(self.format, &text)
    }
}

/// The images of one part.
struct Part {
    /// In JSON.
    key: &'static str,
    /// For people.
    name: &'static str,
    split: Split,
    /// How many are not in it because they cannot be read.
    left_out: usize,
    sizes: Sizes,
    /// How many images each class or label has, or how many pixels.
    counts: Vec<usize>,
}

impl Part {
    fn of(
        key: &'static str,
        name: &'static str,
        split: &Split,
        subject: &Subject,
        classes: usize,
    ) -> Result<Part, Failure> {
        let (split, left_out) = subject.sound(split)?;
        let sizes = sizes(&split)?;
        let counts = by_class(&split, classes)?;
        Ok(Part { key, name, split, left_out, sizes, counts })
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

fn json(subject: &Subject, collection: &Collection, parts: &[Part]) -> serde_json::Value {
    let classes = &collection.classes;
    let side = |pair: Pair| [pair.height, pair.width];
    let no_images = collection.left_out.len();
    let mut told = json!({"set": subject.recipe.set.name(), "classes": classes, "left_out": no_images});
    if let Some(table) = &collection.taken_for {
        told["taken_for"] = json!(table);
    }
    for part in parts {
        told[part.key] = json!({
            "images": part.split.len(),
            "left_out": part.left_out,
            "by_class": part.counts,
            "smallest": part.sizes.map(|(least, _)| side(least)),
            "largest": part.sizes.map(|(_, most)| side(most)),
        });
    }
    told
}

fn text(subject: &Subject, collection: &Collection, parts: &[Part]) -> String {
    let classes = &collection.classes;
    let mut text = format!("{}: {}\n", subject.name, count(classes.len(), subject.kind()));
    if let Some(table) = &collection.taken_for {
        text.push_str(&format!("taken for a {}\n", printable(table)));
    }
    for Part { name, split, left_out, sizes, .. } in parts {
        let sizes = match sizes {
            None => String::new(),
            Some((least, most)) if least == most => format!(", {least}"),
            Some((least, most)) => format!(", from {least} to {most}"),
        };
        let left_out = if *left_out > 0 { format!(", and {left_out} left out") } else { String::new() };
        text.push_str(&format!("{name:11} {}{sizes}{left_out}\n", count(split.len(), "image")));
    }
    if !collection.left_out.is_empty() {
        text.push_str(&format!("beside them {}, left out\n", count(collection.left_out.len(), "other file")));
    }
    if subject.recipe.task == Task::Regression {
        text.push_str(&numbers(classes, parts));
        return text;
    }
    let widest = classes.iter().map(|name| name.chars().count()).max().unwrap_or(0).clamp(5, WIDEST);
    let (label, name) = match subject.recipe.task {
        Task::Class => ("label", "class"),
        Task::Segment => ("level", "class, pixels"),
        Task::Multilabel | Task::Regression => ("label", "name"),
    };
    let widest = widest.max(name.len());
    text.push_str(&format!("\n{label}  {name:widest$}"));
    parts.iter().for_each(|part| text.push_str(&format!("  {:>8}", part.name)));
    text.push('\n');
    for (label, name) in classes.iter().enumerate() {
        text.push_str(&format!("{label:>5}  {name:widest$}"));
        for part in parts {
            text.push_str(&format!("  {:>width$}", part.counts[label], width = part.name.len().max(8)));
        }
        text.push('\n');
    }
    text
}

/// The least, the mean and the greatest of every number, in every part.
fn numbers(columns: &[String], parts: &[Part]) -> String {
    let widest = columns.iter().map(|name| name.chars().count()).max().unwrap_or(0).clamp(6, WIDEST);
    let mut text = format!("\n{:widest$}  {:11}  {:>10}  {:>10}  {:>10}\n", "number", "", "least", "mean", "greatest");
    for (index, name) in columns.iter().enumerate() {
        for Part { name: part, split, .. } in parts {
            let Targets::Numbers(rows) = split.targets() else { continue };
            let values = (0..split.len()).map(|example| f64::from(rows.of(example)[index]));
            let least = values.clone().fold(f64::INFINITY, f64::min);
            let most = values.clone().fold(f64::NEG_INFINITY, f64::max);
            let mean = values.sum::<f64>() / split.len() as f64;
            text.push_str(&format!(
                "{:widest$}  {part:11}  {least:>10.4}  {mean:>10.4}  {most:>10.4}\n",
                printable(name)
            ));
        }
    }
    text
}
