//! Calls by their numbers. Every call of a document gets one when it has been read, so that a layer is found where it
//! was written.

use super::ast::{Call, Document, DocumentBody, Item, ItemBody, Shortcut};

/// The number of a call in its document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallId(u32);

/// A call in its place.
#[derive(Debug, Clone, Copy)]
pub struct WrittenCall<'d> {
    /// The item that it is.
    pub item: &'d Item,
    /// The call.
    pub call: &'d Call,
    /// Whether it makes one layer: it stands in no block and no repeat.
    pub once: bool,
}

/// The calls that stand in a document's own text, by their numbers.
#[derive(Debug, Default)]
pub struct Calls<'d>(Vec<Option<WrittenCall<'d>>>);

impl Document {
    /// Gives each call of the network and of all blocks its number.
    pub(super) fn number_calls(&mut self) {
        let mut next = 0;
        if let DocumentBody::Layers(items) = &mut self.body {
            number(items, &mut next);
        }
        self.blocks.iter_mut().for_each(|block| number(&mut block.body, &mut next));
    }
}

impl<'d> Calls<'d> {
    /// Those of a document: not those that stand in the blocks of files that it includes.
    pub fn of(document: &'d Document) -> Calls<'d> {
        let mut calls = Calls::default();
        if let DocumentBody::Layers(items) = &document.body {
            calls.collect(items, true);
        }
        document.blocks.iter().filter(|block| block.home.is_none()).for_each(|block| calls.collect(&block.body, false));
        calls
    }

    /// The call of this number.
    pub fn get(&self, id: CallId) -> Option<WrittenCall<'d>> {
        self.0.get(id.0 as usize).copied().flatten()
    }

    fn collect(&mut self, items: &'d [Item], once: bool) {
        for item in items {
            match &item.body {
                ItemBody::Call(call) => {
                    let Some(CallId(id)) = call.id else { continue };
                    let id = id as usize;
                    if self.0.len() <= id {
                        self.0.resize(id + 1, None);
                    }
                    self.0[id] = Some(WrittenCall { item, call, once });
                }
                ItemBody::Repeat { body, .. } => self.collect(std::slice::from_ref(body), false),
                ItemBody::Branches { branches, times: Some(_), .. } => self.collect(branches, false),
                body => parts(body).into_iter().for_each(|items| self.collect(items, once)),
            }
        }
    }
}

/// The items in an item that is no call and no repeat.
fn parts(body: &ItemBody) -> [&[Item]; 3] {
    match body {
        ItemBody::Sequence(items) | ItemBody::Branches { branches: items, .. } | ItemBody::From { then: items, .. } => {
            [items, &[], &[]]
        }
        ItemBody::Residual { body, shortcut, after } => {
            let own: &[Item] = if let Shortcut::Items(items) = &shortcut.value { items } else { &[] };
            [body, own, after]
        }
        ItemBody::Call(_)
        | ItemBody::Repeat { .. }
        | ItemBody::Split(_)
        | ItemBody::Expect(_)
        | ItemBody::Unreadable => [&[]; 3],
    }
}

fn number(items: &mut [Item], next: &mut u32) {
    for item in items {
        match &mut item.body {
            ItemBody::Call(call) => {
                call.id = Some(CallId(*next));
                *next += 1;
            }
            ItemBody::Sequence(items)
            | ItemBody::Branches { branches: items, .. }
            | ItemBody::From { then: items, .. } => number(items, next),
            ItemBody::Repeat { body, .. } => number(std::slice::from_mut(body), next),
            ItemBody::Residual { body, shortcut, after } => {
                number(body, next);
                if let Shortcut::Items(items) = &mut shortcut.value {
                    number(items, next);
                }
                number(after, next);
            }
            ItemBody::Split(_) | ItemBody::Expect(_) | ItemBody::Unreadable => {}
        }
    }
}
