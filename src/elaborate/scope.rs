//! Which names an expression may use, and what they stand for.

use crate::arguments::Value;
use crate::budget::Budget;

/// Names in scope, innermost first, and what working with them may still cost.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'a> {
    outer: Option<&'a Scope<'a>>,
    names: &'a [Binding<'a>],
    effort: &'a Effort,
}

/// What may still be spent on working out expressions: a short file can ask for the same long one in every round of a
/// repeat.
#[derive(Debug)]
pub struct Effort {
    steps: Budget,
    /// How many items may be walked.
    pub most_items: usize,
    /// Whether anyone reads the advice.
    pub advises: bool,
}

/// Names that are compared, and so on: a network of a million layers takes about half as many.
const MOST_STEPS: usize = 1 << 27;

impl Default for Effort {
    fn default() -> Effort {
        Effort { steps: Budget::new(MOST_STEPS), most_items: usize::MAX, advises: true }
    }
}

impl Effort {
    /// For a text that is only tried: so many items are walked at most.
    pub fn of_trial(most_items: usize) -> Effort {
        Effort { steps: Budget::new(MOST_STEPS), most_items, advises: false }
    }

    /// The same, of which the advice is read too.
    pub fn with_advice(self) -> Effort {
        Effort { advises: true, ..self }
    }

    /// How many steps it has taken so far.
    pub fn spent(&self) -> usize {
        self.steps.spent()
    }
}

/// A name and its value; `None` where the value depends on a shape that an earlier error left unknown.
#[derive(Debug, Clone)]
pub struct Binding<'a> {
    /// The name.
    pub name: &'a str,
    /// What it stands for.
    pub value: Option<Value>,
    /// Whether it is the size of a value, which is bound for the item alone that asks for it.
    is_measured: bool,
}

impl<'a> Binding<'a> {
    /// A binding of `name`.
    pub fn new(name: &'a str, value: Option<Value>) -> Binding<'a> {
        Binding { name, value, is_measured: false }
    }

    /// A binding to a size of a value.
    pub fn measured(name: &'a str, size: Option<usize>) -> Binding<'a> {
        Binding { is_measured: true, ..Binding::size(name, size) }
    }

    /// A binding to a size.
    pub fn size(name: &'a str, size: Option<usize>) -> Binding<'a> {
        Binding::new(name, size.map(|size| Value::Int(size as i64)))
    }
}

impl<'a> Scope<'a> {
    /// A scope of its own.
    pub fn root(names: &'a [Binding<'a>], effort: &'a Effort) -> Scope<'a> {
        Scope { outer: None, names, effort }
    }

    /// A scope inside this one, whose names come first.
    pub fn inside(&'a self, names: &'a [Binding<'a>]) -> Scope<'a> {
        Scope { outer: Some(self), names, ..*self }
    }

    /// The same names, paid for by `effort`.
    pub fn paid_by(self, effort: &'a Effort) -> Scope<'a> {
        Scope { effort, ..self }
    }

    /// What a name stands for: `None` if it is not in scope, `Some(None)` if its value is unknown.
    pub fn get(&self, name: &str) -> Option<Option<&'a Value>> {
        let mut at = Some(self);
        while let Some(scope) = at {
            self.spend(1 + scope.names.len());
            if let Some(binding) = scope.names.iter().rev().find(|binding| binding.name == name) {
                return Some(binding.value.as_ref());
            }
            at = scope.outer;
        }
        None
    }

    /// Whether a `let:`, a parameter or a repeat gives this name its meaning.
    pub fn gives(&self, name: &str) -> bool {
        let mut scopes = std::iter::successors(Some(self), |scope| scope.outer);
        scopes.any(|scope| scope.names.iter().any(|binding| binding.name == name && !binding.is_measured))
    }

    /// What working with these names may cost.
    pub fn effort(&self) -> &'a Effort {
        self.effort
    }

    /// Takes so many steps; whether there are any left.
    pub fn spend(&self, steps: usize) -> bool {
        self.effort.steps.spend(steps)
    }

    /// Whether no step is left, so that nothing can be worked out any more.
    pub fn is_spent(&self) -> bool {
        self.effort.steps.is_overspent()
    }

    /// Every name in scope, innermost first.
    pub fn names(&self) -> Vec<&'a str> {
        let mut names: Vec<&str> = self.names.iter().rev().map(|binding| binding.name).collect();
        names.extend(self.outer.map(Scope::names).unwrap_or_default());
        names
    }
}
