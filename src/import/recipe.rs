//! Recipes that count steps, as recipes of epochs.

use super::net::{map, text, whole};
use crate::diagnostic::{Span, Spanned};
use crate::syntax::ast::Setting;

/// How many steps an epoch has.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    steps: f64,
}

impl Pace {
    /// Of so many images, with so many in each step.
    pub fn new(images: usize, step: u64) -> Pace {
        Pace { steps: images.max(1).div_ceil(step.max(1) as usize) as f64 }
    }

    /// How many epochs so many steps take.
    pub fn epochs(self, steps: f64) -> f64 {
        short(steps / self.steps)
    }

    /// The whole epochs in which so many steps are done.
    pub fn whole_epochs(self, steps: f64) -> i64 {
        self.epochs(steps).ceil().max(1.0) as i64
    }

    /// What an epoch adds up to, if each step adds this.
    pub fn sum(self, step: f64) -> f64 {
        short(step * self.steps)
    }

    /// The factor of an epoch, if each step has this one.
    pub fn factor(self, step: f64) -> f64 {
        short(step.powf(self.steps))
    }
}

/// As many digits as anyone reads: what division adds behind them is nobody's.
fn short(number: f64) -> f64 {
    format!("{number:.11e}").parse().unwrap_or(number)
}

/// A `train:` section that is being made, of keys and what stands for them in the foreign file.
#[derive(Debug)]
pub struct Section {
    span: Span,
    entries: Vec<(&'static str, Span, Spanned<Setting>)>,
}

impl Section {
    /// One without entries, because of what stands at `span`.
    pub fn new(span: Span) -> Section {
        Section { span, entries: Vec::new() }
    }

    /// With a whole number.
    pub fn whole(&mut self, key: &'static str, number: i64, span: Span) {
        self.entries.push((key, span, whole(number, span)));
    }

    /// With a call, in the notation.
    pub fn call(&mut self, key: &'static str, call: &str, span: Span) {
        self.entries.push((key, span, text(call, span)));
    }

    /// With several texts.
    pub fn list(&mut self, key: &'static str, texts: Vec<Spanned<String>>) {
        let Some(first) = texts.first() else { return };
        let span = first.span;
        let texts = texts.into_iter().map(|entry| text(&entry.value, entry.span)).collect();
        self.entries.push((key, span, Spanned::new(Setting::List(texts), span)));
    }

    /// All of it.
    pub fn finish(self) -> Spanned<Setting> {
        map(self.span, self.entries)
    }
}
