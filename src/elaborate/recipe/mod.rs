//! The `data:` and `train:` sections, read and checked against the network.
//!
//! What they say is looked up in tables of names (transforms, optimizers, schedules), whose arguments are read as a layer's are.
//! Where every image's size is known beforehand, the way from there to the network's input is checked here, before training.

mod data;
mod elsewhere;
mod losses;
mod named;
mod optimizers;
mod ranges;
mod schedules;
mod train;
mod transforms;

#[cfg(test)]
mod tests;

use super::scope::Scope;
use crate::diagnostic::Diagnostic;
use crate::ir::Shape;
use crate::recipe::{Data, Train};
use crate::syntax::ast::Document;

/// Both sections, as far as they are there and without errors, and everything that is wrong or doubtful in them.
///
/// `input` and `classes` are the network's; where they are unknown, checks against them are left out.
pub fn read(
    document: &Document,
    scope: &Scope,
    input: Option<Shape>,
    classes: Option<usize>,
) -> (Option<Data>, Option<Train>, Vec<Diagnostic>) {
    let mut problems = Vec::new();
    let data = document.data.as_ref().and_then(|section| {
        let target = data::Target { input, classes, document };
        data::read(section, scope, &target, &mut problems)
    });
    let train = document.train.as_ref().and_then(|section| train::read(section, scope, classes, &mut problems));
    (data, train, problems)
}
