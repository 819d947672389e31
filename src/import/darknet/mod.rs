//! Darknet's cfg files.
//!
//! Sections are layers in their order, each reading the one before; `[net]`, the first, holds the input and the recipe.
//! What the program does with an option that is missing is done here too.

mod head;
mod joins;
mod kinds;
mod layers;
mod options;
mod reorg;
mod text;
#[cfg(feature = "train")]
mod weights;

#[cfg(feature = "train")]
use std::path::Path;

#[cfg(feature = "train")]
use super::Values;
use super::net::{self, Net, Stored, Value};
use super::{FrontEnd, Given, Imported};
use crate::diagnostic::{Code, Diagnostic, Mistakes, Severity, SourceId, Sources, Span, Spanned};
use crate::ir::Shape;
#[cfg(feature = "train")]
use crate::program::ProgramWeight;
use crate::syntax::Load;
use crate::syntax::ast::Setting;
use options::Options;

pub struct Darknet;

impl FrontEnd for Darknet {
    fn program(&self) -> &'static str {
        "Darknet"
    }

    fn extensions(&self) -> &'static [&'static str] {
        &["cfg"]
    }

    fn read(&self, sources: &mut Sources, source: SourceId, given: &Given, _load: &Load<'_>) -> Imported {
        let mut problems = Mistakes::default();
        let sections = text::sections(&sources.get(source).text, source, &mut problems);
        let Some((first, layers)) = sections.split_first() else {
            if problems.len() == 0 {
                let span = Span::new(source, 0..0);
                problems.push(Diagnostic::error(Code::MissingKey, span, "the file is empty").help(BEGINS));
            }
            return Imported { problems: problems.into_list(), ..Imported::default() };
        };
        if !matches!(first.name.value.as_str(), "net" | "network") {
            let message = format!("a cfg begins with `[net]`, not with `[{}]`", first.name.value);
            problems.push(Diagnostic::error(Code::MissingKey, first.name.span, message).help(BEGINS));
            return Imported { problems: problems.into_list(), ..Imported::default() };
        }
        let options = Options::new(first);
        let input = head::input(&options, given);
        let train = head::recipe(&options, given);
        problems.extend(options.finish());
        let mut reading = Reading::new(given, input.as_ref().map(|input| input.value), layers);
        for section in layers {
            if problems.is_full() {
                break;
            }
            let options = Options::new(section);
            let output = reading.section(&options);
            reading.outputs.push(output);
            problems.extend(options.finish());
        }
        if layers.is_empty() {
            let message = "the file describes no network";
            problems.push(Diagnostic::error(Code::MissingKey, first.name.span, message));
        }
        let problems = problems.into_list();
        let output = reading.outputs.last().copied().flatten();
        let is_wrong = problems.iter().any(|problem| problem.severity == Severity::Error);
        let Some(output) = output.filter(|_| !is_wrong) else {
            return Imported { problems, ..Imported::default() };
        };
        let span = first.name.span;
        let nothing = || Spanned::new(Setting::List(Vec::new()), span);
        let input = reading.window.clone().or(input);
        let input = input.map_or_else(nothing, |input| net::sizes(input.value, input.span));
        let train = train.map(|train| ("train", span, train));
        let entries = std::iter::once(("input", span, input)).chain(train).collect();
        Imported { problems, ..Imported::of(&reading.net, output, entries, reading.stored, span) }
    }

    #[cfg(feature = "train")]
    fn weights(&self, path: &Path, stored: &[Stored], weights: &[ProgramWeight]) -> Result<Values, String> {
        weights::read(path, stored, weights)
    }
}

const BEGINS: &str = "it holds the input: `[net]`, and below it `height=224`, `width=224`, `channels=3`";

/// Sections that others read by their number, in the whole file.
const MOST_WIRES: usize = 200_000;

/// A cfg that is being read.
struct Reading {
    net: Net,
    /// Of each section; `None` after a mistake.
    outputs: Vec<Option<Value>>,
    stored: Vec<Stored>,
    /// How many sections there are, and how many at the end of them only compute a loss.
    sections: usize,
    costs: usize,
    /// How many other sections have been read from.
    wires: usize,
    /// Whether the command line says what the network reads.
    is_given: bool,
    /// A window that is cut out of each image first.
    window: Option<Spanned<Shape>>,
}

impl Reading {
    fn new(given: &Given, input: Option<Shape>, sections: &[text::Section]) -> Reading {
        let costs = sections.iter().rev().take_while(|section| section.name.value == "cost").count();
        let sections = sections.len();
        let net = Net::new(given.input.or(input));
        let is_given = given.input.is_some();
        Reading { net, outputs: Vec::new(), stored: Vec::new(), sections, costs, wires: 0, is_given, window: None }
    }

    /// The index that Darknet gives the section that is being read.
    fn index(&self) -> usize {
        self.outputs.len()
    }

    /// What the section reads, unless it says otherwise.
    fn current(&self) -> Value {
        self.outputs.last().map_or(Value::INPUT, |output| output.unwrap_or(Value::LOST))
    }

    /// The name of what this section makes: `conv3`.
    fn name(&self, what: &str, span: Span) -> Spanned<String> {
        Spanned::new(format!("{what}{}", self.index()), span)
    }

    /// What another section makes, counted from the first one or back from this. `None` is reported.
    fn other(&mut self, options: &Options<'_>, key: &str, index: i64, span: Span) -> Option<Value> {
        self.wires += 1;
        if self.wires > MOST_WIRES {
            let message = format!("sections read more than {MOST_WIRES} others");
            options.refuse(Diagnostic::error(Code::Limit, span, message));
            return None;
        }
        let here = self.index() as i64;
        let absolute = if index < 0 { here + index } else { index };
        if (0..here).contains(&absolute) {
            return Some(self.outputs[absolute as usize].unwrap_or(Value::LOST));
        }
        let message = match absolute {
            ..0 => format!("`{key}` goes back {} sections from section {here}", -index),
            _ if absolute == here => format!("section {here} cannot read what it makes itself"),
            _ => format!("`{key}` names section {absolute}, which comes after this one"),
        };
        let error = Diagnostic::error(Code::UnknownReference, span, message);
        let error = if absolute < 0 { error.label(format!("{here} − {} = −{}", -index, -absolute)) } else { error };
        options.refuse(error.help("sections are counted from 0, without `[net]`; below zero, back from this one"));
        None
    }
}
