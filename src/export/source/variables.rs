//! Variables of a function.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap, HashMap};

use super::Group;
use crate::ir::ValueId;

/// Names of values: as few as there are values at a time.
pub struct Variables {
    /// The member that reads a value last; that of the result is beyond all.
    last: HashMap<ValueId, usize>,
    /// The variables, each with the value that it holds.
    held: Vec<(String, ValueId)>,
    /// The variable of a value.
    of: HashMap<ValueId, usize>,
    /// When a variable becomes free, the next one first.
    ends: BinaryHeap<Reverse<(usize, usize)>>,
    free: BTreeSet<usize>,
}

impl Variables {
    pub fn new(group: &Group) -> Variables {
        let mut last = HashMap::new();
        for (index, member) in group.members.iter().enumerate() {
            last.extend(member.inputs().iter().map(|input| (*input, index)));
        }
        last.insert(group.output, group.members.len());
        let (of, ends, free) = (HashMap::new(), BinaryHeap::new(), BTreeSet::new());
        let mut variables = Variables { last, held: vec![("x".to_owned(), group.input)], of, ends, free };
        variables.hold(0, group.input);
        variables
    }

    fn hold(&mut self, at: usize, value: ValueId) {
        self.held[at].1 = value;
        self.of.insert(value, at);
        // What nobody reads may be written over at once.
        self.ends.push(Reverse((self.last.get(&value).copied().unwrap_or(0), at)));
    }

    pub fn of(&self, value: ValueId) -> String {
        self.of.get(&value).map_or_else(String::new, |at| self.held[*at].0.clone())
    }

    /// The variable of what a member makes: the first whose value nobody reads any more.
    pub fn assign(&mut self, member: usize, value: ValueId) -> String {
        while let Some(Reverse((_, at))) = self.ends.peek().copied().filter(|Reverse((last, _))| *last <= member) {
            self.ends.pop();
            self.free.insert(at);
        }
        let at = self.free.pop_first().unwrap_or_else(|| {
            let name = ["y", "z"]
                .get(self.held.len() - 1)
                .map_or_else(|| format!("x{}", self.held.len()), |name| (*name).to_owned());
            self.held.push((name, value));
            self.held.len() - 1
        });
        self.of.remove(&self.held[at].1);
        self.hold(at, value);
        self.held[at].0.clone()
    }
}
