//! `archc new --from ARCHITECTURE --data IMAGES`

mod architectures;
mod sections;

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use clap::Args;

use self::architectures::Architecture;
use self::sections::rest;
use super::data::{count, set_or_files};
use super::source::{compile_text, reported};
use super::{Failure, terminal};
use crate::diagnostic::{Code, Diagnostics};
use crate::ir::{Pair, Shape};
use crate::network::Network;
use crate::recipe::{Data, DataSet, Filter, Masks, Resize, Task, Transform};
use crate::syntax::{Format, Override};
use crate::train::data::Dataset;

/// Write a network's file for your own images, ready to be trained from the weights of a pretrained network
#[derive(Debug, Args)]
#[command(after_help = crate::cli::examples::NEW)]
pub struct New {
    /// A network that comes with archc, such as resnet18, or a file of your own
    #[arg(long, value_name = "ARCHITECTURE")]
    from: String,
    /// A folder with a subfolder of images for each class, or with `images` and `masks` where pixels are told apart; or
    /// the name of a data set
    #[arg(long, value_name = "IMAGES")]
    data: String,
    /// The file to write [default: ARCHITECTURE_IMAGES.yaml]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

impl New {
    pub fn run(self) -> Result<(), Failure> {
        let architecture = architectures::find(&self.from).map_err(Failure::Message)?;
        let network = architecture.compile(&[]).map_err(|errors| reported(&errors))?;
        let set = set_or_files(&self.data).map_err(|names| {
            Failure::Message(format!("`{}` is no folder, no archive of one and none of the sets {names}", self.data))
        })?;
        let path = set.is_own().then(|| self.data.clone());
        let [train, eval] = transforms(&network, set);
        let mut data = Data { train, eval, ..Data::of(set, path) };
        if tells_pixels(&network) {
            (data.task, data.masks) = (Task::Segment, Some(Masks::numbered(Masks::MOST_CLASSES)));
        }
        let dataset = Dataset::open(&data, network.graph.input, None)?;
        let classes = match &mut data.masks {
            None => dataset.classes().len(),
            Some(masks) => {
                let counts = dataset.train.counts(Masks::MOST_CLASSES)?;
                let classes = counts.iter().rposition(|pixels| *pixels > 0).map_or(2, |last| (last + 1).max(2));
                *masks = Masks::numbered(classes);
                classes
            }
        };

        let images = Path::new(&self.data).file_name().map_or_else(|| "images".into(), |name| name.to_string_lossy());
        let images: String = images.chars().map(|c| if c.is_alphanumeric() || c == '-' { c } else { '_' }).collect();
        let name = format!("{}_{images}", network.name);
        let head = head(&architecture, classes).map_err(|errors| match errors.list.as_slice() {
            // The file itself is right; what is wrong with it for other classes is nothing that the user wrote.
            [error] if error.code == Code::ClassesMismatch => Failure::Message(format!(
                "`{}` ends in as many outputs as are written in it, whatever `classes` is: write `{}` there",
                architecture.name(),
                if tells_pixels(&network) { "conv {classes} 1x1" } else { "linear {classes}" },
            )),
            _ => reported(&errors),
        })?;
        let settings =
            RecipeDraft { name: &name, classes, data: &data, batch: batch(dataset.train.len()), head: &head };
        let text = settings.text(&architecture, network.graph.input);
        let output = self.output.unwrap_or_else(|| PathBuf::from(format!("{name}.{}", architecture.ending())));
        compile_text(&output, &text, architecture.format(), &[]).map_err(|errors| reported(&errors))?;
        create(&output, &text)?;
        // The names under which torchvision's weights are to be had, all of ImageNet's classes, and where archc leaves
        // them.
        let known = network.graph.shape(network.output).channels();
        let weights = match architecture.name() == self.from && known == IMAGENET_CLASSES {
            true => format!("{}.pth", self.from),
            false => format!("runs/{}-1/best.safetensors", network.name),
        };
        let (shown, train, validation) = (output.display(), dataset.train.len(), dataset.validation.len());
        let classes = count(classes, "class");
        terminal::print(&format!(
            "{shown}: {classes}, {train} training and {validation} validation images; now\n  \
             archc check {shown}\n  archc train {shown} --weights {weights}\n"
        ))
    }
}

/// What the network's own file does to its images, after a change of their size where the new ones may have another.
fn transforms(network: &Network, set: DataSet) -> [Vec<Transform>; 2] {
    let (input, own) = (network.graph.input, network.data.as_ref());
    let resize = match (set.image(), own) {
        (Some(image), _) if image == input => None,
        // They take images of any size already.
        (_, Some(own)) if own.set.is_own() => None,
        _ => input.sides().map(|(height, width)| Transform::Resize {
            target: Resize::Exact(Pair { height, width }),
            filter: Filter::Bilinear,
        }),
    };
    let all = |own: Option<&Vec<Transform>>| resize.iter().chain(own.into_iter().flatten()).cloned().collect();
    [all(own.map(|own| &own.train)), all(own.map(|own| &own.eval))]
}

/// Examples a step: 32, or fewer where that would leave one alone in the last step, which a batch norm cannot use.
fn batch(images: usize) -> usize {
    (16..=32).rev().find(|batch| images % batch != 1).unwrap_or(32)
}

/// Whether it is pixels that have classes.
fn tells_pixels(network: &Network) -> bool {
    network.data.as_ref().is_some_and(|data| data.task == Task::Segment)
}

/// The names of the weights whose shape follows from the number of classes, as patterns: `fc.*`.
fn head(architecture: &Architecture, classes: usize) -> Result<Vec<String>, Diagnostics> {
    // What the network is to end in goes by the task.
    let of_pixels = tells_pixels(&architecture.compile(&[])?);
    let own = if of_pixels { "{set: folder, path: images, task: segment}" } else { "null" };
    let with = |classes: usize| {
        let change = |path: &str, value: String| Override { path: path.to_owned(), value, option: None };
        // The file's own images are of other classes.
        let changes = [change("data", own.to_owned()), change("classes", classes.to_string())];
        architecture.compile(&changes).map(|network| network.graph.nodes)
    };
    let (one, other) = (with(classes)?, with(classes + 1)?);
    let changed = one.iter().zip(&other).filter(|(one, other)| one.weights != other.weights);
    Ok(changed.map(|(node, _)| format!("{}.*", node.name)).collect())
}

/// What is written anew.
struct RecipeDraft<'a> {
    name: &'a str,
    classes: usize,
    data: &'a Data,
    batch: usize,
    /// Patterns of the weights that no other network's can stand for.
    head: &'a [String],
}

const IMAGENET_CLASSES: usize = 1000;

/// How often a network that knows other images sees the new ones, and the rest of its recipe: small steps, for a short
/// time.
const EPOCHS: usize = 15;
const RECIPE: [(&str, &str); 3] = [
    ("optimizer", "sgd lr=0.01 momentum=0.9 weight_decay=1e-4"),
    ("schedule", "cosine per=step warmup=1"),
    ("loss", "cross_entropy label_smoothing=0.1"),
];

impl RecipeDraft<'_> {
    /// The whole file. JSON's strings and lists are YAML's and TOML's too.
    fn text(&self, architecture: &Architecture, input: Shape) -> String {
        let rest = rest(&architecture.text, architecture.format());
        let quoted = |text: &str| serde_json::Value::from(text).to_string();
        let list = |items: Vec<String>| serde_json::Value::from(items).to_string().replace("\",\"", "\", \"");
        let transforms = |list_of: &[Transform]| list(list_of.iter().map(Transform::to_string).collect());
        let mut data = vec![("set", quoted(self.data.set.name()))];
        data.extend(self.data.path.as_deref().map(|path| ("path", quoted(path))));
        if !self.data.task.is_class() {
            data.push(("task", quoted(self.data.task.name())));
        }
        data.extend([("train", transforms(&self.data.train)), ("eval", transforms(&self.data.eval))]);
        let mut train = vec![("epochs", EPOCHS.to_string()), ("batch", self.batch.to_string())];
        train.extend(RECIPE.map(|(key, value)| (key, quoted(value))));
        train.push(("replace", list(self.head.to_vec())));
        train.push(("seed", "1".to_owned()));

        let (equals, [data_head, train_head], indent) = match architecture.format() {
            Format::Yaml => (": ", ["data:\n", "train:\n"], "  "),
            Format::Toml => (" = ", ["\n[data]\n", "\n[train]\n"], ""),
        };
        let lines = |entries: &[(&str, String)]| -> String {
            entries.iter().map(|(key, value)| format!("{indent}{key}{equals}{value}\n")).collect()
        };
        let sizes: Vec<String> = input.dims().iter().map(usize::to_string).collect();
        format!(
            "{}name{equals}{}\ninput{equals}[{}]\nclasses{equals}{}\n{}{}{}{}{}{}",
            rest.comment,
            quoted(self.name),
            sizes.join(", "),
            self.classes,
            rest.entries,
            rest.sections,
            data_head,
            lines(&data),
            train_head,
            lines(&train),
        )
    }
}

/// Writes a file that is not there yet.
fn create(path: &Path, text: &str) -> Result<(), Failure> {
    let mut file = OpenOptions::new().write(true).create_new(true).open(path).map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => Failure::Message(format!(
            "{} is there already, and nothing is overwritten: name another with `-o`",
            path.display()
        )),
        _ => Failure::Message(format!("cannot create {}: {error}", path.display())),
    })?;
    file.write_all(text.as_bytes())
        .map_err(|error| Failure::Message(format!("cannot write {}: {error}", path.display())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compile_source;

    /// Every network can be had for other classes, and all that depends on their number is found.
    #[test]
    fn every_architecture_can_be_made_anew() {
        for architecture in &architectures::ALL {
            let file = &architecture.file;
            let network = architecture.compile(&[]).expect("a test compiles all of them");
            let head = head(architecture, 7).expect("for any number of classes");
            let [train, eval] = transforms(&network, DataSet::Folder);
            let path = Some("a: \"b\"".to_owned());
            let mut data = Data { train, eval, ..Data::of(DataSet::Folder, path) };
            if tells_pixels(&network) {
                (data.task, data.masks) = (Task::Segment, Some(Masks::numbered(7)));
            }
            let settings = RecipeDraft { name: "new", classes: 7, data: &data, batch: 31, head: &head };
            let text = settings.text(architecture, network.graph.input);
            let made = compile_source("new", &text, architecture.format(), &[]);
            let made = made.unwrap_or_else(|errors| panic!("{file}: {errors}\n{text}")).network;
            let output = made.graph.shape(made.output);
            assert!(output == Shape::Vector(7) || tells_pixels(&network) && output.channels() == 7, "{file}: {output}");
            assert_eq!(
                (made.data.as_ref(), made.graph.nodes.len()),
                (Some(&data), network.graph.nodes.len()),
                "{file}"
            );
            let train = made.train.expect("it has one");
            assert_eq!((train.batch, &train.replace), (31, &head), "{file}");
            assert!(head.len() == 1, "{file}: {head:?}");
        }
    }

    #[test]
    fn no_image_is_alone_in_a_batch() {
        for (images, expected) in [(0, 32), (31, 32), (33, 31), (64, 32), (65, 31), (32 * 31 + 1, 30)] {
            assert_eq!(batch(images), expected, "{images}");
        }
    }
}
