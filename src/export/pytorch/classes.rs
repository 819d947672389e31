//! Modules that are alike as one class: what differs between them becomes its parameters.

use std::collections::HashSet;

use super::layers::{Argument, Call};

/// What a module consists of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Body {
    /// Names of attributes, and what they are.
    pub attributes: Vec<(String, Call)>,
    /// The lines of `forward`.
    pub forward: Vec<String>,
}

/// A class, with parameters in the place of some values.
#[derive(Debug)]
pub struct Class {
    pub name: String,
    pub parameters: Vec<String>,
    pub body: Body,
}

impl Body {
    /// All arguments of all calls, in order, with the name of their attribute.
    fn arguments(&mut self) -> Vec<(String, &mut Argument)> {
        fn of<'c>(attribute: &str, call: &'c mut Call, all: &mut Vec<(String, &'c mut Argument)>) {
            all.extend(call.arguments.iter_mut().map(|argument| (attribute.to_owned(), argument)));
            call.children.iter_mut().for_each(|child| of(attribute, child, all));
        }
        let mut all = Vec::new();
        self.attributes.iter_mut().for_each(|(name, call)| of(name, call, &mut all));
        all
    }

    /// What bodies of one class have in common.
    fn outline(&self) -> Body {
        let mut outline = self.clone();
        outline.arguments().into_iter().for_each(|(_, argument)| argument.value.clear());
        outline
    }
}

/// Makes classes of bodies, which are named after the paths that they come with; the calls that make each.
pub fn unify(bodies: Vec<(String, Body)>, names: &mut Names, classes: &mut Vec<Class>) -> Vec<(String, Call)> {
    let mut kinds: Vec<(Body, Vec<(String, Body)>)> = Vec::new();
    for (path, body) in bodies {
        let outline = body.outline();
        match kinds.iter_mut().find(|(known, _)| *known == outline) {
            Some((_, alike)) => alike.push((path, body)),
            None => kinds.push((outline, vec![(path, body)])),
        }
    }
    let mut calls = Vec::new();
    for (_, mut alike) in kinds {
        let values: Vec<Vec<String>> = alike
            .iter_mut()
            .map(|(_, body)| body.arguments().into_iter().map(|(_, argument)| argument.value.clone()).collect())
            .collect();
        let mut body = alike[0].1.clone();
        // Values that are the same in every module stay; those that change alike are one parameter.
        let mut parameters: Vec<(String, Vec<&str>)> = Vec::new();
        for (index, (attribute, argument)) in body.arguments().into_iter().enumerate() {
            let column: Vec<&str> = values.iter().map(|values| values[index].as_str()).collect();
            if column.iter().all(|value| *value == column[0]) {
                continue;
            }
            let known = parameters.iter().find(|(_, other)| *other == column).map(|(name, _)| name.clone());
            argument.value = known.unwrap_or_else(|| {
                let taken = |name: &str| parameters.iter().any(|(other, _)| other == name);
                let mut name = argument.key.clone();
                if taken(&name) {
                    name = format!("{}_{name}", super::print::identifier(&attribute));
                }
                while taken(&name) {
                    name.push('_');
                }
                parameters.push((name.clone(), column));
                name
            });
        }
        let name = names.class(&alike[0].0);
        for (index, (path, _)) in alike.iter().enumerate() {
            let mut call = Call::new(&name);
            call.arguments = parameters
                .iter()
                .map(|(key, values)| Argument { key: key.clone(), value: values[index].to_owned(), positional: true })
                .collect();
            calls.push((path.clone(), call));
        }
        let parameters = parameters.into_iter().map(|(name, _)| name).collect();
        classes.push(Class { name, parameters, body });
    }
    calls
}

/// Names of classes, none of them twice.
#[derive(Debug, Default)]
pub struct Names(HashSet<String>);

impl Names {
    /// After the last word of a path: `layer1.0` is a `Layer`.
    pub fn class(&mut self, path: &str) -> String {
        let is_word = |word: &&str| word.starts_with(|c: char| c.is_ascii_alphabetic());
        let word = path.rsplit('.').find(is_word).unwrap_or("Block");
        let word = super::print::identifier(word.trim_end_matches(|c: char| c.is_ascii_digit() || c == '_'));
        let parts = word.split('_').filter(|part| !part.is_empty());
        let name: String = parts
            .map(|part| {
                let (first, rest) = part.split_at(1);
                first.to_ascii_uppercase() + rest
            })
            .collect();
        // `None` and `F` are something else.
        let name = if super::print::identifier(&name) == name { name } else { format!("{name}Net") };
        let numbered = (2..).map(|number| format!("{name}{number}"));
        let mut names = std::iter::once(name.clone()).chain(numbered);
        names.find(|name| self.0.insert(name.clone())).expect("there are more numbers than classes")
    }
}
