//! The layers as their names group them: `layer1.0.conv1` is in `layer1.0`, which is in `layer1`.
//!
//! A group that reads one value and makes one is a module of its own. What is in another belongs to the one around it,
//! under a longer name.

use std::collections::HashMap;

use crate::ir::ValueId;
use crate::program::{Program, Step};

/// A module: the steps of a group.
#[derive(Debug)]
pub struct Group<'a> {
    /// Its full name; empty for the network.
    pub path: String,
    pub members: Vec<Member<'a>>,
    /// What it reads.
    pub input: ValueId,
    /// What it makes.
    pub output: ValueId,
}

#[derive(Debug)]
pub struct Member<'a> {
    /// What it is called within the group.
    pub name: String,
    pub part: Part<'a>,
}

#[derive(Debug)]
pub enum Part<'a> {
    Step(&'a Step),
    Group(Group<'a>),
}

impl Member<'_> {
    pub fn inputs(&self) -> &[ValueId] {
        match &self.part {
            Part::Step(step) => &step.inputs,
            Part::Group(group) => std::slice::from_ref(&group.input),
        }
    }

    pub fn output(&self) -> ValueId {
        match &self.part {
            Part::Step(step) => step.output,
            Part::Group(group) => group.output,
        }
    }
}

impl Group<'_> {
    /// Whether each member reads what the one before it makes.
    pub fn is_chain(&self) -> bool {
        let mut last = self.input;
        let links = self.members.iter().all(|member| {
            let follows = member.inputs() == [last];
            last = member.output();
            follows
        });
        links && last == self.output
    }

    /// Whether its members are called 0, 1, 2, … and follow each other.
    pub fn is_sequence(&self) -> bool {
        self.is_chain() && self.members.iter().enumerate().all(|(index, member)| member.name == index.to_string())
    }

    /// How deeply groups are nested in it.
    pub fn height(&self) -> usize {
        let inner = self.members.iter().filter_map(|member| match &member.part {
            Part::Group(group) => Some(group.height() + 1),
            Part::Step(_) => None,
        });
        inner.max().unwrap_or(0)
    }

    /// Calls `visit` with this group and all in it.
    pub fn each<'g>(&'g self, visit: &mut dyn FnMut(&'g Group<'g>)) {
        self.members.iter().for_each(|member| {
            if let Part::Group(group) = &member.part {
                group.each(visit);
            }
        });
        visit(self);
    }
}

/// Groups all of a program's steps.
pub fn group(program: &Program) -> Group<'_> {
    let steps: Vec<&Step> = program.steps.iter().collect();
    let mut readers: HashMap<ValueId, Vec<usize>> = HashMap::new();
    for (index, step) in steps.iter().enumerate() {
        step.inputs.iter().for_each(|input| readers.entry(*input).or_default().push(index));
    }
    // The output is read by somebody beyond all steps.
    readers.entry(program.output).or_default().push(steps.len());
    let mut runs: HashMap<&str, usize> = HashMap::new();
    let mut last: Vec<&str> = Vec::new();
    for step in &steps {
        let prefixes: Vec<&str> = step.name.match_indices('.').map(|(at, _)| &step.name[..at]).collect();
        prefixes
            .iter()
            .filter(|prefix| !last.contains(prefix))
            .for_each(|prefix| *runs.entry(prefix).or_default() += 1);
        last = prefixes;
    }
    let grouping = Grouping { steps: &steps, readers, runs };
    let members = grouping.members(0..steps.len(), 0);
    Group { path: String::new(), members, input: ValueId::INPUT, output: program.output }
}

struct Grouping<'a, 's> {
    steps: &'s [&'a Step],
    /// The steps that read each value.
    readers: HashMap<ValueId, Vec<usize>>,
    /// How many times the steps of a group begin anew.
    runs: HashMap<&'a str, usize>,
}

impl<'a> Grouping<'a, '_> {
    /// What the steps of a range are within a group whose name takes so many characters.
    fn members(&self, range: std::ops::Range<usize>, taken: usize) -> Vec<Member<'a>> {
        let mut members = Vec::new();
        let mut at = range.start;
        while at < range.end {
            let (end, member) = self.member(at, range.end, taken);
            members.push(member);
            at = end;
        }
        members
    }

    /// The longest name that is a module's, and what comes after it.
    fn member(&self, at: usize, end: usize, taken: usize) -> (usize, Member<'a>) {
        let step = self.steps[at];
        let name = step.name.as_str();
        for (dot, _) in name.match_indices('.').filter(|(dot, _)| *dot >= taken) {
            let prefix = &name[..dot];
            let inside = |step: &Step| step.name.strip_prefix(prefix).is_some_and(|rest| rest.starts_with('.'));
            // What is left of a run that is no group as a whole is none either: the run's other names would lie in a
            // module of its own.
            if at > 0 && inside(self.steps[at - 1]) {
                continue;
            }
            let after = (at..end).find(|index| !inside(self.steps[*index])).unwrap_or(end);
            if let Some((input, output)) = self.ends(at..after).filter(|_| self.runs.get(prefix) == Some(&1)) {
                let members = self.members(at..after, dot + 1);
                let group = Group { path: prefix.to_owned(), members, input, output };
                return (after, Member { name: name[taken..dot].to_owned(), part: Part::Group(group) });
            }
        }
        (at + 1, Member { name: name[taken..].to_owned(), part: Part::Step(step) })
    }

    /// The only value that a range reads, and the only one that it makes for others.
    fn ends(&self, range: std::ops::Range<usize>) -> Option<(ValueId, ValueId)> {
        let made: Vec<ValueId> = self.steps[range.clone()].iter().map(|step| step.output).collect();
        let mut read =
            self.steps[range.clone()].iter().flat_map(|step| &step.inputs).filter(|input| !made.contains(input));
        let input = *read.next()?;
        let outside =
            |value: &&ValueId| self.readers.get(*value).is_some_and(|all| all.iter().any(|at| !range.contains(at)));
        let mut given = made.iter().filter(outside);
        let output = *given.next()?;
        (read.all(|other| *other == input) && given.next().is_none()).then_some((input, output))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compile;
    use crate::lower::lower;

    fn shown(group: &Group) -> String {
        let members = group.members.iter().map(|member| match &member.part {
            Part::Step(_) => member.name.clone(),
            Part::Group(group) => format!("{}({})", member.name, shown(group)),
        });
        members.collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn groups_read_one_value_and_make_one() {
        for (layers, expected) in [
            ("  - a: conv 4 1x1 -> relu\n  - b: conv 4 1x1 as c -> relu", "a(0 1) b(c 1)"),
            // The sum reads both.
            ("  - conv 4 1x1 as a.b.x -> relu as a.y\n  - {from: [a.b.x, a.y], merge: add, name: a.z}", "a(b(x) y z)"),
            ("  - conv 4 1x1 as a.x -> relu as b -> relu as a.y", "a.x b a.y"),
            (
                "  - conv 4 1x1 as a.x -> relu as a.y -> relu as c\n  - {from: [a.x, c], merge: add, name: d}",
                "a.x a.y c d",
            ),
        ] {
            let network = compile(&format!("input: [4, 3, 3]\nlayers:\n{layers}\n"));
            let program = lower(&network.unwrap_or_else(|errors| panic!("{layers}\n{errors}")));
            assert_eq!(shown(&group(&program)), expected, "{layers}");
        }
    }
}
