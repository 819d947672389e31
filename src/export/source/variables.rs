//! Variables of a function.

use std::collections::HashMap;

use super::Group;
use crate::ir::ValueId;

/// Names of values: as few as there are values at a time.
pub struct Variables {
    /// The member that reads a value last; that of the result is beyond all.
    last: HashMap<ValueId, usize>,
    held: Vec<(String, ValueId)>,
}

impl Variables {
    pub fn new(group: &Group) -> Variables {
        let mut last = HashMap::new();
        for (index, member) in group.members.iter().enumerate() {
            last.extend(member.inputs().iter().map(|input| (*input, index)));
        }
        last.insert(group.output, group.members.len());
        Variables { last, held: vec![("x".to_owned(), group.input)] }
    }

    pub fn of(&self, value: ValueId) -> String {
        self.held.iter().find(|(_, held)| *held == value).map_or_else(String::new, |(name, _)| name.clone())
    }

    /// The variable of what a member makes: the first whose value nobody reads any more.
    pub fn assign(&mut self, member: usize, value: ValueId) -> String {
        let free = |held: &ValueId| self.last.get(held).is_none_or(|last| *last <= member);
        if let Some(at) = self.held.iter().position(|(_, held)| free(held)) {
            self.held[at].1 = value;
            return self.held[at].0.clone();
        }
        let name = ["y", "z"]
            .get(self.held.len() - 1)
            .map_or_else(|| format!("x{}", self.held.len()), |name| (*name).to_owned());
        self.held.push((name.clone(), value));
        name
    }
}
