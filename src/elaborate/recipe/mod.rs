//! The `data:` and `train:` sections, read and checked against the network.
//!
//! What they say is looked up in tables of names (transforms, optimizers, schedules), whose arguments are read as a
//! layer's are. Where every image's size is known beforehand, the way from there to the network's input is checked
//! here, before training.

mod data;
mod losses;
mod masks;
mod named;
mod optimizers;
mod patterns;
mod ranges;
mod schedules;
mod tables;
mod tasks;
mod train;
mod transforms;

#[cfg(test)]
mod tests;

pub use data::keys as data_keys;
pub use tasks::told;
pub use train::keys as train_keys;

use super::scope::Scope;
use crate::diagnostic::{Code, Diagnostic, Spanned};
use crate::graph::Graph;
use crate::ir::Shape;
use crate::recipe::{Data, Train};
use crate::syntax::ast::{Document, Section};

/// Both sections, as far as they are there and without errors, and everything that is wrong or doubtful in them.
///
/// `input` and `classes` are the network's, the latter with their place, and so is `graph`; where they are unknown,
/// checks against them are left out.
pub fn read(
    document: &Document,
    scope: &Scope,
    input: Option<Shape>,
    classes: Option<Spanned<usize>>,
    graph: Option<&Graph>,
) -> (Option<Data>, Option<Train>, Vec<Diagnostic>) {
    let mut problems = Vec::new();
    let data = document.data.as_ref().and_then(|section| {
        let target = data::Requirements { input, classes: classes.as_ref(), document };
        data::read(section, scope, &target, &mut problems)
    });
    let train = document.train.as_ref().and_then(|section| {
        let classes = classes.as_ref().map(|classes| classes.value);
        train::read(section, scope, classes, graph, tasks::told(document), &mut problems)
    });
    if let (Some(data), Some(train), Some(section)) = (&data, &train, &document.train) {
        problems.extend(no_full_batch(data, train, section));
    }
    (data, train, problems)
}

/// `drop_last` would leave out all images.
fn no_full_batch(data: &Data, train: &Train, section: &Section) -> Option<Diagnostic> {
    let images = data.set.images()?;
    let (_, batch) = section.entries.iter().find(|(key, _)| key.value == "batch")?;
    let (drop_last, _) = section.entries.iter().find(|(key, _)| key.value == "drop_last")?;
    (train.drop_last && images < train.batch).then(|| {
        let message = format!("{images} training images of {} do not fill one batch of {}", data.set, train.batch);
        let error = Diagnostic::error(Code::DataMismatch, batch.span, message);
        error
            .other(drop_last.span, "this drops whatever does not fill a batch")
            .help(format!("write {images} or fewer, or leave `drop_last` out"))
    })
}
