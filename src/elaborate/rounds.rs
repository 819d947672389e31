//! What is there several times, or not at all: repeats and branches.

use super::expression::evaluate;
use super::level::{Level, Wire};
use super::scope::{Binding, Scope};
use super::sizes::entering;
use super::walk::{MOST_NODES, Walk};
use super::{call, callee};
use crate::arguments::Value;
use crate::diagnostic::{Code, Diagnostic, Spanned};
use crate::ir::Shape;
use crate::syntax::ast::{Expr, Item, ItemBody};

impl Walk<'_> {
    pub(super) fn repeat(
        &mut self,
        body: &Item,
        count: &Spanned<Expr>,
        scope: &Scope,
        level: &mut Level,
        input: Wire,
    ) -> Wire {
        if let ItemBody::Call(call) = &body.body
            && self.layers.find(&call.name.value).is_some()
        {
            self.report(callee::repeated_layer(call, body.span, count));
            return None;
        }
        let times = self.rounds(count, scope)?;
        let mut wire = input;
        for index in 0..times {
            let names = [Binding::new("i", Some(Value::Int(index)))];
            wire = self.item(body, &scope.inside(&names), level, wire);
            if self.is_over() {
                return None;
            }
        }
        wire
    }

    /// The ends of all branches; `None` after a mistake in their number.
    pub(super) fn branches(
        &mut self,
        branches: &[Item],
        times: Option<&Spanned<Expr>>,
        scope: &Scope,
        level: &mut Level,
        input: Wire,
    ) -> Option<Vec<Wire>> {
        let rounds = times.map_or(Some(1), |times| self.rounds(times, scope))?;
        let mut ends = Vec::new();
        for index in 0..rounds {
            let round = times.map(|_| Binding::new("i", Some(Value::Int(index))));
            let scope = scope.inside(round.as_slice());
            for branch in branches {
                if !self.is_switched_off(branch, &scope, level, input) {
                    ends.push(self.enclosed(std::slice::from_ref(branch), &scope, level, input));
                }
            }
            if self.is_over() {
                return None;
            }
        }
        Some(ends)
    }

    /// Whether a branch is there only if a flag is set, `(bn) x {skip}`, and it is not: then it is no branch, which
    /// would pass its input on. The flag is asked for as in the branch, whose input is `in`.
    fn is_switched_off(&mut self, branch: &Item, scope: &Scope, level: &Level, input: Wire) -> bool {
        match &branch.body {
            ItemBody::Repeat { count, .. } => {
                let shape = self.shape(input);
                let (entering, names) = (entering(shape), [Binding::size("channels", shape.map(Shape::channels))]);
                let scope = scope.inside(&entering);
                let scope = scope.inside(&names);
                let sizes = self.sizes(branch, &scope, level, input);
                matches!(evaluate(count, &scope.inside(&sizes)), Ok(Some(Value::Bool(false))))
            }
            ItemBody::Sequence(items) => {
                matches!(items.as_slice(), [only] if self.is_switched_off(only, scope, level, input))
            }
            _ => false,
        }
    }

    /// How often something is there. Where that is unknown or wrong, its body is still checked, once; `None` after a
    /// mistake that says too much.
    fn rounds(&mut self, count: &Spanned<Expr>, scope: &Scope) -> Option<i64> {
        match call::count(count, scope) {
            Ok(Some(times)) if (0..=MOST_NODES as i64).contains(&times) => Some(times),
            Ok(Some(times)) => {
                let (code, range) = match times {
                    ..0 => (Code::InvalidArgument, "must not be negative".to_string()),
                    _ => (Code::Limit, format!("is more than {MOST_NODES}")),
                };
                let error = Diagnostic::error(code, count.span, format!("the number of repeats {range}"));
                self.report(error.label(format!("found `{times}`")));
                None
            }
            Ok(None) => Some(1),
            Err(error) => {
                self.report(error);
                Some(1)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::compile;

    /// Each layer by its name, with its call.
    fn layers(text: &str) -> Vec<String> {
        let network = compile(text).unwrap_or_else(|errors| panic!("{text}\n{errors}"));
        network.graph.nodes.iter().map(|node| format!("{} {}", node.name, node.call)).collect()
    }

    #[test]
    fn branches_are_counted() {
        let text = "input: [4, 8, 8]\nlayers:\n  - branches: ['conv 2 3x3 p{i+1} d{i+1} as rate{i}', 'identity']\n    \
                    times: 2\n  - branches: [conv 4 1x1]\n    times: 0\n";
        let expected = ["rate0 conv 2 3x3 p1 d1", "1 identity", "rate1 conv 2 3x3 p2 d2", "3 identity", "4 concat"];
        assert_eq!(layers(text), expected);
    }

    /// `in` is what enters the branch, not the block around it: a branch that is not there is none, and does not pass
    /// its input on.
    #[test]
    fn a_flag_is_asked_for_as_in_the_branch() {
        let block = "input: [4, 8, 8]\nblocks:\n  b:\n    - conv 8 1x1\n    - branches: [conv 8 1x1, CASE]\n      \
                     merge: add\nlayers: [b]\n";
        let with = |case: &str| layers(&block.replace("CASE", case)).len();
        for (case, count) in [
            ("'(bn as norm) x {in == 4}'", 2),
            ("'(bn as norm) x {in == 8}'", 4),
            ("'(bn as norm) x {channels == 4}'", 2),
            ("'(bn as norm) x {height > 8}'", 2),
            ("'(bn as norm) x {height == 8}'", 4),
            ("{skip: '(bn) x {in == 4}'}", 2),
        ] {
            assert_eq!(with(case), count, "{case}");
        }
    }

    #[test]
    fn a_source_can_depend_on_a_condition() {
        let text = "input: [4, 8, 8]\nlet: {deep: false}\nblocks:\n  join(with, deep=true):\n    - conv 4 1x1\n    \
                    - {from: ['{with}', '. x {deep}'], merge: add, name: 'sum-{with}'}\nlayers:\n  \
                    - conv 4 1x1 as a0\n  - join a0 as with\n  - join a0 deep=false as without\n  \
                    - {from: ['a{1-1}', 'input x {deep}', '. x {not deep}'], merge: concat}\n  \
                    - {from: ['a0 x {deep}'], merge: concat, name: nothing}\n  - {from: nothing, then: relu}\n";
        let expected =
            ["a0 conv 4 1x1", "with.0 conv 4 1x1", "with.sum-a0 add", "without.0 conv 4 1x1", "3 concat", "5 relu"];
        assert_eq!(layers(text), expected);
    }
}
