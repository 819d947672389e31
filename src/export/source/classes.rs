//! Bodies that are alike as one class or function: what differs between them becomes its parameters.

use super::{Argument, Call, identifier};

/// What a class or function consists of.
pub trait Alike: Clone + PartialEq {
    /// All arguments of all calls, in order, each with the name of what is made with it.
    fn arguments(&mut self) -> Vec<(String, &mut Argument)>;

    /// What bodies of one class have in common.
    fn outline(&self) -> Self {
        let mut outline = self.clone();
        outline.arguments().into_iter().for_each(|(_, argument)| argument.value.clear());
        outline
    }
}

/// A class or function, with parameters in the place of some values.
#[derive(Debug)]
pub struct Class<B> {
    pub name: String,
    pub parameters: Vec<String>,
    pub body: B,
}

/// Makes classes of bodies, which `name` calls after the first of the paths that they come with; the calls that make
/// each.
pub fn unify<B: Alike>(
    bodies: Vec<(String, B)>,
    mut name: impl FnMut(&str) -> String,
    classes: &mut Vec<Class<B>>,
) -> Vec<(String, Call)> {
    let mut kinds: Vec<(B, Vec<(String, B)>)> = Vec::new();
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
                    name = format!("{}_{name}", identifier(&attribute));
                }
                while taken(&name) {
                    name.push('_');
                }
                parameters.push((name.clone(), column));
                name
            });
        }
        let name = name(&alike[0].0);
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
