//! A network that is being read: which blob holds what, what computes a loss, and what the network ends in.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashSet};

use super::fields::Fields;
use super::phase::State;
use super::text::Message;
use super::types::{self, Kind};
use crate::diagnostic::{Code, Diagnostic, Mistakes, Span, Spanned, nearest};
use crate::import::net::{Net, Stored, Value};
use crate::ir::Shape;

/// What is known of a blob by its name.
#[derive(Debug, Clone)]
pub enum Blob {
    /// What a layer makes.
    Value(Value),
    /// Labels, or what comes of comparing with them.
    Labels,
    /// What became of it is part of another layer: a batch norm and its scale are one.
    Taken,
    /// Unknown after a mistake.
    Lost,
}

/// Where scores are compared with labels.
struct Head {
    scores: Value,
    weight: f64,
    span: Span,
}

pub struct Reading<'a> {
    pub net: Net,
    pub stored: Vec<Stored>,
    pub problems: &'a RefCell<Mistakes>,
    pub parameters: Vec<super::parameters::Parameter>,
    /// Rules of `init:`.
    pub starts: Vec<(String, Spanned<String>)>,
    /// Images in a batch of the data layer.
    pub batch: Option<Spanned<i64>>,
    blobs: BTreeMap<String, Blob>,
    input: Option<Spanned<Shape>>,
    has_input: bool,
    is_given: bool,
    /// What a layer has read.
    read: HashSet<Value>,
    /// Softmax layers, by what they make: what they read.
    softmaxes: Vec<(Value, Value)>,
    /// Batch norms without weights, by what they make: their names, for the scale behind them.
    pub norms: Vec<Value>,
    heads: Vec<Head>,
    /// What no layer may read any more, as far as it is known: in the order in which it was made.
    made: Vec<(String, Value, Span)>,
}

/// An unknown name is compared with all others if there are no more than these, and for the first so many mistakes.
const MOST_COMPARED: usize = 2000;
const MOST_ADVISED: usize = 20;

/// More layers than this are refused.
const MOST_LAYERS: usize = 20_000;

impl<'a> Reading<'a> {
    pub fn new(given: Option<Shape>, problems: &'a RefCell<Mistakes>) -> Reading<'a> {
        Reading {
            net: Net::new(given),
            stored: Vec::new(),
            problems,
            parameters: Vec::new(),
            starts: Vec::new(),
            batch: None,
            blobs: BTreeMap::new(),
            input: None,
            has_input: false,
            is_given: given.is_some(),
            read: HashSet::new(),
            softmaxes: Vec::new(),
            norms: Vec::new(),
            heads: Vec::new(),
            made: Vec::new(),
        }
    }

    pub fn report(&self, problem: Diagnostic) {
        self.problems.borrow_mut().push(problem);
    }

    /// Whether the network is known to be wrong: what it ends in does not matter then.
    fn has_errors(&self) -> bool {
        self.problems.borrow().has_errors()
    }

    /// What the network reads, where the file says so.
    pub fn input(&self) -> Option<&Spanned<Shape>> {
        self.input.as_ref()
    }

    /// That the blob `name` is what the network reads. `shape` is known or not, and `missing` says why not.
    pub fn reads(
        &mut self,
        name: &Spanned<String>,
        shape: Option<Spanned<Shape>>,
        missing: impl FnOnce() -> Diagnostic,
    ) {
        if self.has_input {
            let message = format!("`{}` would be a second input, and a network of archc has one", name.value);
            self.report(Diagnostic::error(Code::Duplicate, name.span, message));
            self.blobs.insert(name.value.clone(), Blob::Lost);
            return;
        }
        self.has_input = true;
        if !self.is_given {
            match shape {
                Some(shape) => {
                    self.net.set_input(shape.value);
                    self.input = Some(shape);
                }
                None => self.report(missing()),
            }
        }
        self.blobs.insert(name.value.clone(), Blob::Value(Value::INPUT));
    }

    /// That the blob `name` holds labels.
    pub fn labels(&mut self, name: &str) {
        self.blobs.insert(name.to_string(), Blob::Labels);
    }

    /// Reads one layer, if it takes part.
    pub fn layer(&mut self, message: &'a Message, key: &'static str, state: &State) {
        if self.made.len() > MOST_LAYERS {
            let error = Diagnostic::error(Code::Limit, message.span, format!("more than {MOST_LAYERS} layers"));
            self.problems.borrow_mut().push(error);
            return;
        }
        let fields = Fields::new("a layer", message, self.problems);
        let takes_part = state.takes(&fields);
        let Some(layer) = types::Layer::read(&fields, key) else { return };
        if !takes_part {
            return;
        }
        self.build(&layer, &fields);
        fields.finish();
    }

    /// The value of a blob that a layer reads.
    pub fn bottom(&mut self, name: &Spanned<String>) -> Value {
        match self.blobs.get(&name.value) {
            Some(Blob::Value(value)) => {
                let value = *value;
                self.read.insert(value);
                value
            }
            Some(Blob::Lost) => Value::LOST,
            Some(Blob::Labels) => {
                let message = format!("`{}` holds labels, which no layer but a loss reads", name.value);
                self.report(Diagnostic::error(Code::UnknownReference, name.span, message));
                Value::LOST
            }
            Some(Blob::Taken) => {
                let message =
                    format!("`{}` is read again behind its scale, which is one layer with it here", name.value);
                self.report(Diagnostic::error(Code::UnknownReference, name.span, message));
                Value::LOST
            }
            None => {
                let message = format!("no layer before this one makes `{}`", name.value);
                let error = Diagnostic::error(Code::UnknownReference, name.span, message);
                let is_short = self.blobs.len() <= MOST_COMPARED && self.problems.borrow().len() < MOST_ADVISED;
                let known = self.blobs.keys().map(String::as_str).filter(|_| is_short);
                self.report(match nearest(&name.value, known) {
                    Some(near) => error.help(format!("did you mean `{near}`?")),
                    None => error,
                });
                Value::LOST
            }
        }
    }

    /// Gives the blob `name` what a layer makes.
    pub fn top(&mut self, name: &Spanned<String>, value: Option<Value>) {
        let blob = match value {
            Some(value) => {
                self.made.push((name.value.clone(), value, name.span));
                Blob::Value(value)
            }
            None => Blob::Lost,
        };
        self.blobs.insert(name.value.clone(), blob);
    }

    /// What is read of the blob is not what was made any more.
    pub fn take(&mut self, name: &str) {
        self.blobs.insert(name.to_string(), Blob::Taken);
    }

    /// That `made` is the softmax of `scores`.
    pub fn softmax(&mut self, made: Value, scores: Value) {
        self.softmaxes.push((made, scores));
    }

    /// What a value is the softmax of; the value itself if it is none.
    pub fn scores(&self, value: Value) -> Value {
        self.softmaxes.iter().find(|(made, _)| *made == value).map_or(value, |(_, scores)| *scores)
    }

    pub fn head(&mut self, scores: Value, weight: f64, span: Span) {
        self.heads.push(Head { scores, weight, span });
    }

    /// What the network ends in: what the loss is computed from, or what nothing reads.
    pub fn output(&mut self, end: Span) -> Option<Value> {
        if self.has_errors() {
            return None;
        }
        // Of several losses, that of the most weight, and the last one of those.
        let heaviest = self.heads.iter().map(|head| head.weight).fold(f64::NEG_INFINITY, f64::max);
        let main = self.heads.iter().rposition(|head| head.weight == heaviest);
        let output = match main {
            Some(main) => self.heads[main].scores,
            None => self.end(end)?,
        };
        let name = Spanned::new("scores".to_string(), end);
        let is_flat = self.net.shape(output).is_none_or(|shape| shape.positions() > 1);
        let output = if is_flat { output } else { self.net.flat(&name, output) };
        if let Some(main) = main {
            self.leave_out(main, output);
        }
        Some(output)
    }

    /// Says which heads are not trained.
    fn leave_out(&mut self, main: usize, output: Value) {
        let unused = self.net.unused(output).count();
        for (index, head) in self.heads.iter().enumerate() {
            if index != main && unused > 0 {
                let message = "an auxiliary head is left out: a network of archc has one loss";
                let warning = Diagnostic::warning(Code::Unused, head.span, message);
                self.problems.borrow_mut().push(warning.label(format!("its weight is {}", head.weight)));
            }
        }
    }

    /// What nothing reads, where there is no loss.
    fn end(&mut self, span: Span) -> Option<Value> {
        let ends: Vec<(String, Value, Span)> =
            self.made.iter().filter(|(_, value, _)| !self.read.contains(value)).cloned().collect();
        match ends.as_slice() {
            [(_, value, _)] => Some(self.scores(*value)),
            // Of auxiliary heads, only the classes' probabilities are the network's.
            several if several.iter().filter(|(_, value, _)| self.scores(*value) != *value).count() == 1 => {
                let is_main = |value: Value| self.scores(value) != value;
                for (name, _, place) in several.iter().filter(|(_, value, _)| !is_main(*value)) {
                    let message = format!("`{name}` is left out: the network ends in its softmax");
                    self.report(Diagnostic::warning(Code::Unused, *place, message).label("nothing reads this"));
                }
                several.iter().find(|(_, value, _)| is_main(*value)).map(|(_, value, _)| self.scores(*value))
            }
            [(first, ..), .., (last, _, place)] => {
                let message = format!("the network ends in `{first}` and `{last}`, and one of archc has one output");
                self.report(Diagnostic::error(Code::InvalidArgument, *place, message).label("nothing reads this"));
                None
            }
            [] => {
                let message = "the file describes no network";
                self.report(Diagnostic::error(Code::MissingKey, span, message));
                None
            }
        }
    }
}

impl Kind {
    /// For what a message calls it.
    pub fn name(self) -> &'static str {
        types::NAMES.iter().find(|(kind, ..)| *kind == self).map_or("layer", |(_, name, _)| name)
    }
}
