//! Calls as they stand in the user's text, and what changes them there.

use crate::arguments::Value;
use crate::diagnostic::{Edit, Span};
use crate::ir::Pair;
use crate::syntax::ast::{Argument, Call, Document, DocumentBody, Item, ItemBody, Shortcut, Term};

/// A call in the document.
#[derive(Debug, Clone, Copy)]
pub(super) struct Written<'d> {
    /// The item that it is.
    pub item: &'d Item,
    /// The call.
    pub call: &'d Call,
    /// Whether it makes one layer: it stands in no block and no repeat.
    pub once: bool,
}

/// The call at `span`, wherever the user wrote it; none if a preset did.
pub(super) fn written(document: &Document, span: Span) -> Option<Written<'_>> {
    let found = match &document.body {
        DocumentBody::Layers(items) => find(items, span, true),
        DocumentBody::Preset { .. } | DocumentBody::Unreadable => None,
    };
    let mut own = document.blocks.iter().filter(|block| block.home.is_none());
    found.or_else(|| own.find_map(|block| find(&block.body, span, false)))
}

/// The call at `span` with its item, if a change there changes nothing but one layer.
pub(super) fn written_once(document: &Document, span: Span) -> Option<(&Item, &Call)> {
    written(document, span).filter(|written| written.once).map(|Written { item, call, .. }| (item, call))
}

fn find(items: &[Item], span: Span, once: bool) -> Option<Written<'_>> {
    items.iter().find_map(|item| match &item.body {
        ItemBody::Call(call) => (call.span == span).then_some(Written { item, call, once }),
        ItemBody::Sequence(items) | ItemBody::Branches { branches: items, .. } | ItemBody::From { then: items, .. } => {
            find(items, span, once)
        }
        ItemBody::Residual { body, shortcut, after } => {
            let own: &[Item] = match &shortcut.value {
                Shortcut::Items(items) => items,
                _ => &[],
            };
            find(body, span, once).or_else(|| find(own, span, once)).or_else(|| find(after, span, once))
        }
        ItemBody::Repeat { body, .. } => find(std::slice::from_ref(body), span, false),
        ItemBody::Expect(_) | ItemBody::Unreadable => None,
    })
}

impl Written<'_> {
    /// What gives the argument `key` another value: in place of the one that it has, or, with `prefix`, behind the others.
    pub fn set(&self, key: &str, prefix: &str, value: impl ToString) -> Option<Edit> {
        let given =
            self.call.arguments.iter().find(|argument| argument.key.as_ref().is_some_and(|given| given.value == key));
        match given {
            Some(argument) => self.replaced(argument, value),
            None => self.call.room.map(|span| Edit { span, text: format!(" {prefix}{}", value.to_string()) }),
        }
    }

    /// What gives it other output channels: in place of the first argument without a name, or of `out=`.
    pub fn set_channels(&self, channels: usize) -> Option<Edit> {
        let named = self.named("out").or_else(|| self.positional().next());
        self.replaced(named?, channels)
    }

    /// What gives it another kernel: in place of the argument that stands behind `out`, or of `kernel=`.
    pub fn set_kernel(&self, has_out: bool, kernel: Pair) -> Option<Edit> {
        let before = usize::from(has_out && self.named("out").is_none());
        let given = self.named("kernel").or_else(|| self.positional().nth(before));
        self.replaced(given?, size(kernel))
    }

    /// What puts `chain`, such as `upsample 2`, behind it.
    pub fn behind(&self, chain: &str) -> Option<Edit> {
        let room = self.call.room?;
        let end = Span { start: self.call.span.end, end: self.call.span.end, ..room };
        Some(Edit { span: end, text: format!(" -> {chain}") })
    }

    /// What puts `chain` before it.
    pub fn before(&self, chain: &str) -> Option<Edit> {
        // In front of a call of its own name, `chain` would get the name.
        let room = self.call.room.filter(|_| self.item.name.is_none())?;
        let start = Span { start: self.call.span.start, end: self.call.span.start, ..room };
        Some(Edit { span: start, text: format!("{chain} -> ") })
    }

    /// What writes another call in its place.
    pub fn instead(&self, call: &str) -> Option<Edit> {
        self.call.room.map(|_| Edit { span: self.call.span, text: call.to_string() })
    }

    fn named(&self, key: &str) -> Option<&Argument> {
        self.call.arguments.iter().find(|argument| argument.key.as_ref().is_some_and(|given| given.value == key))
    }

    fn positional(&self) -> impl Iterator<Item = &Argument> {
        let is_number = |argument: &&Argument| argument.key.is_none() && !matches!(argument.value.value, Term::Word(_));
        self.call.arguments.iter().filter(is_number)
    }

    /// In a block or a repeat, an expression says what differs from one time to the next, and is not replaced.
    fn replaced(&self, argument: &Argument, value: impl ToString) -> Option<Edit> {
        let differs = match &argument.value.value {
            Term::Expr(expr) => !expr.names().is_empty(),
            Term::Size(height, width) => !height.names().is_empty() || !width.names().is_empty(),
            Term::NameOrWord(_) => true,
            Term::Word(_) | Term::List(_) => false,
        };
        (self.once || !differs).then(|| Edit { span: argument.value.span, text: value.to_string() })
    }
}

/// One number, or two where they differ.
pub(super) fn size(Pair { height, width }: Pair) -> Value {
    if height == width { Value::Int(height as i64) } else { Value::Size(height as i64, width as i64) }
}

/// A kernel as one writes it: `3x3`.
pub(super) fn kernel(Pair { height, width }: Pair) -> String {
    format!("{height}x{width}")
}
