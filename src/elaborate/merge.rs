//! Values that come from several places: references to earlier layers, and what joins them.

use super::call;
use super::expression::condition as condition_holds;
use super::level::{Level, Wire};
use super::residual::Unprojected;
use super::scope::{Effort, Scope};
use super::walk::{MOST_ADVISED, Walk};
use crate::diagnostic::{Code, Diagnostic, Span, Spanned};
use crate::layers::{self, Definition};
use crate::syntax::ast::{
    Argument, Call, DocumentBody, Expr, Item, ItemBody, Merge, Shortcut, Source, TemplatePart, Term,
};

/// A layer of a merge, and where it is written.
struct Joined<'a> {
    definition: &'a Definition,
    /// What it is called with.
    factor: Option<f64>,
    place: Span,
    span: Span,
    given: Option<&'a Spanned<String>>,
}

/// Every reference may take several.
pub(super) const MOST_LOOKUPS: usize = 1 << 22;

impl Walk<'_> {
    /// Several values become one. A single value is passed on. `shortcut` is one of them that is added as it is.
    pub(super) fn merge(
        &mut self,
        merge: &Spanned<Merge>,
        values: Vec<Wire>,
        span: Span,
        given: Option<&Spanned<String>>,
        level: &mut Level,
        shortcut: Option<Unprojected>,
    ) -> Wire {
        if let [value] = values.as_slice() {
            return *value;
        }
        let place = merge.span;
        let mut join = |walk: &mut Self, definition, factor: Option<f64>, values: &[Wire], given, shortcut| {
            walk.joined(&Joined { definition, factor, place, span, given }, values, level, shortcut)
        };
        let (definition, values) = match merge.value {
            Merge::Concat => (&layers::CONCAT, values),
            Merge::Add => (&layers::ADD, values),
            Merge::Mul => (&layers::MUL, values),
            // What is known of some of them alone would be held against others that may be wrong.
            Merge::Max if values.contains(&None) => (&layers::MAX, values),
            _ if values.contains(&None) => (&layers::ADD, values),
            Merge::Sub => {
                let (first, mut others) = (values[0], values[1..].to_vec());
                if others.len() > 1 {
                    others = vec![join(self, &layers::ADD, None, &others, None, None)];
                }
                (&layers::ADD, vec![first, join(self, &layers::MUL, Some(-1.0), &others, None, None)])
            }
            Merge::Mean => {
                let sum = join(self, &layers::ADD, None, &values, None, None);
                return join(self, &layers::MUL, Some(1.0 / values.len() as f64), &[sum], given, None);
            }
            // Two at a time.
            Merge::Max => {
                let (last, others) = values.split_last().expect("there are several");
                let larger = others.iter().copied().reduce(|a, b| join(self, &layers::MAX, None, &[a, b], None, None));
                (&layers::MAX, larger.into_iter().chain([*last]).collect())
            }
        };
        join(self, definition, None, &values, given, shortcut)
    }

    /// One of the layers that a merge consists of.
    fn joined(
        &mut self,
        Joined { definition, factor, place, span, given }: &Joined,
        values: &[Wire],
        level: &mut Level,
        shortcut: Option<Unprojected>,
    ) -> Wire {
        let argument = |factor: f64| {
            let value = Spanned::new(Term::Expr(Spanned::new(Expr::Float(factor), *place)), *place);
            Argument { key: None, value, span: *place }
        };
        let kind = Spanned::new(definition.name.to_string(), *place);
        let call = Call::new(kind, factor.map(argument).into_iter().collect(), *span);
        let name = level.next(given.map(|name| name.value.as_str()));
        self.declare(&name, given.map_or(*span, |name| name.span));
        let output = self.layer(definition, &call, &name, &Scope::root(&[], &Effort::default()), values, shortcut);
        self.names.define(&name, output);
        output
    }

    /// The names of values that take part; `None` in place of one that cannot be worked out.
    pub(super) fn sources(&mut self, sources: &[Source], scope: &Scope) -> Vec<Option<Spanned<String>>> {
        let mut names = Vec::with_capacity(sources.len());
        for source in sources {
            let Source { name, condition } = source;
            let holds = condition.as_ref().map(|expr| self.checked(condition_holds(expr, scope)).flatten());
            match holds {
                Some(Some(false)) => {}
                Some(None) => names.push(None),
                None | Some(Some(true)) => {
                    let value = match source.text() {
                        Some(text) => Some(text.to_string()),
                        None => self.checked(call::template(name, scope)).flatten(),
                    };
                    names.push(value.map(|value| Spanned::new(value, name.span)));
                }
            }
        }
        names
    }

    /// The value of such a name.
    pub(super) fn named_value(&mut self, name: &Option<Spanned<String>>, level: &Level, current: Wire) -> Wire {
        match name {
            Some(name) => self.source(name, level, current),
            None => self.lost(),
        }
    }

    /// An earlier value: `.` is the current one, `input` the network's input.
    pub(super) fn source(&mut self, source: &Spanned<String>, level: &Level, current: Wire) -> Wire {
        if !self.lookups.spend(level.cost(&source.value)) {
            let message = "the references of this network are too many to be looked up";
            self.stop(Diagnostic::error(Code::Limit, source.span, message));
            return None;
        }
        if source.value == "." {
            return current;
        }
        match self.names.resolve(&source.value, level) {
            Some(wire) => wire,
            None if source.value == "input" => self.entry,
            None => {
                if !self.lost_names && !self.is_reported(Code::UnknownReference, source.span) {
                    self.report(match self.mistakes() {
                        ..MOST_ADVISED => self.unknown_source(source),
                        _ => {
                            let message = format!("no layer before this one is called `{}`", source.value);
                            Diagnostic::error(Code::UnknownReference, source.span, message)
                        }
                    });
                }
                None
            }
        }
    }

    /// Where an item stands that has the name of `source` and comes after it, in the network or in the same block.
    fn later(&self, source: &Spanned<String>) -> Option<Span> {
        let name = source.value.split('.').next()?;
        let network: &[Item] = match &self.document.body {
            DocumentBody::Layers(items) => items,
            DocumentBody::Preset { .. } | DocumentBody::Unreadable => &[],
        };
        let behind = |span: Span| span.source == source.span.source && span.start > source.span.start;
        match self.calling.last().and_then(|block| self.blocks.get(block)) {
            // What the network has made before the call has been found.
            Some(block) => named(&block.body, name, &behind).or_else(|| named(network, name, &|_| true)),
            None => named(network, name, &behind),
        }
    }

    /// That nothing before is called so; if something behind is, where that stands.
    fn unknown_source(&self, source: &Spanned<String>) -> Diagnostic {
        if let Some(back) =
            source.value.strip_prefix('-').filter(|back| back.bytes().all(|digit| digit.is_ascii_digit()))
        {
            return counted_back(source, back);
        }
        let Some(later) = self.later(source) else {
            return self.names.unknown(&source.value, source.span);
        };
        let message = format!("no layer before this one is called `{}`", source.value);
        Diagnostic::error(Code::UnknownReference, source.span, message)
            .other(later, "this one comes later")
            .help("a reference names an earlier layer or level: what it reads must be made before")
    }
}

/// A number below zero counts back in other frameworks; here names say what is meant.
fn counted_back(source: &Spanned<String>, back: &str) -> Diagnostic {
    let message = format!("no layer before this one is called `{}`", source.value);
    let error = Diagnostic::error(Code::UnknownReference, source.span, message);
    match back {
        "1" => error.fix("the value just before is `.`", source.span, "."),
        _ => error.help(
            "layers cannot be counted backwards: name the intended one, as `conv 8 3x3 as early`, and write that",
        ),
    }
}

/// Where the first of `items`, and of those in them, is called `name`, of the places that count.
fn named(items: &[Item], name: &str, counts: &dyn Fn(Span) -> bool) -> Option<Span> {
    items.iter().find_map(|item| {
        let own = item.name.as_ref().filter(|own| {
            counts(own.span) && matches!(own.value.0.as_slice(), [TemplatePart::Text(text)] if text == name)
        });
        own.map(|own| own.span).or_else(|| match &item.body {
            ItemBody::Sequence(items)
            | ItemBody::Branches { branches: items, .. }
            | ItemBody::From { then: items, .. } => named(items, name, counts),
            ItemBody::Repeat { body, .. } => named(std::slice::from_ref(body), name, counts),
            ItemBody::Residual { body, shortcut, after } => {
                let skip: &[Item] = if let Shortcut::Items(items) = &shortcut.value { items } else { &[] };
                [body.as_slice(), skip, after].into_iter().find_map(|items| named(items, name, counts))
            }
            ItemBody::Split(parts) => {
                let part = parts.iter().map(|part| &part.name);
                part.filter(|own| counts(own.span)).find(|own| own.value.text() == Some(name)).map(|own| own.span)
            }
            ItemBody::Call(_) | ItemBody::Expect(_) | ItemBody::Unreadable => None,
        })
    })
}
