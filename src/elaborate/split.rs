//! Channels as several named values.

use super::call;
use super::level::{Level, Wire};
use super::scope::{Effort, Scope};
use super::walk::Walk;
use crate::diagnostic::{Code, Diagnostic, Span, Spanned};
use crate::ir::Shape;
use crate::layers;
use crate::syntax::ast::{Argument, Call, Expr, Part, Term};

/// A part has at most so many channels.
const MOST_CHANNELS: i64 = 1 << 31;

impl Walk<'_> {
    /// A layer `slice` for each part; the last part goes on.
    pub(super) fn split(&mut self, parts: &[Part], span: Span, scope: &Scope, level: &mut Level, input: Wire) -> Wire {
        let all = self.shape(input).map(Shape::channels);
        let sizes = self.part_sizes(parts, span, scope, all);
        let mut start = 0;
        let mut last = None;
        for (index, part) in parts.iter().enumerate() {
            let name = self.checked(call::template(&part.name, scope)).flatten();
            let Some(name) = name else { return self.lost() };
            let name = level.next(Some(&name));
            self.declare(&name, part.name.span);
            let size = sizes.as_ref().map(|sizes| sizes[index]);
            last = size.and_then(|size| {
                let range = [start, start + size];
                start += size;
                self.part(range, &name, part.name.span, span, input)
            });
            self.names.define(&name, last);
        }
        last
    }

    /// How many channels each part has; `None` if that is unknown, or after a report.
    fn part_sizes(&mut self, parts: &[Part], span: Span, scope: &Scope, all: Option<usize>) -> Option<Vec<usize>> {
        let mut sizes = Vec::with_capacity(parts.len());
        for expr in parts.iter().filter_map(|part| part.channels.as_ref()) {
            let size = self.checked(call::integer(expr, "a number of channels", scope)).flatten();
            if let Some(size) = size.filter(|size| !(1..=MOST_CHANNELS).contains(size)) {
                let range = if size < 1 { "at least 1" } else { "at most 2^31" };
                let message = format!("the channels of a part must be {range}");
                let error = Diagnostic::error(Code::InvalidArgument, expr.span, message);
                self.report(error.label(format!("found `{size}`")));
                return None;
            }
            sizes.push(size);
        }
        let all = all?;
        if sizes.is_empty() {
            let count = parts.len();
            if !all.is_multiple_of(count) {
                let message = format!("{all} channels do not split into {count} equal parts");
                let error = Diagnostic::error(Code::Groups, span, message);
                let error = error.label(format!("{all} mod {count} = {}", all % count));
                self.report(error.help("say how many each has: `split: {left: 16, right: 48}`"));
                return None;
            }
            return Some(vec![all / count; count]);
        }
        let sizes: Vec<usize> = sizes.into_iter().map(|size| size.map(|size| size as usize)).collect::<Option<_>>()?;
        let sum: usize = sizes.iter().sum();
        if sum != all {
            let terms: Vec<String> = sizes.iter().map(usize::to_string).collect();
            let message = format!("the parts have {sum} channels, but {all} arrive");
            let error = Diagnostic::error(Code::SizeMismatch, span, message);
            self.report(error.label(format!("{} = {sum}", terms.join(" + "))));
            return None;
        }
        Some(sizes)
    }

    fn part(&mut self, range: [usize; 2], name: &str, place: Span, span: Span, input: Wire) -> Wire {
        let argument = |bound: usize| Argument {
            key: None,
            value: Spanned::new(Term::Expr(Spanned::new(Expr::Int(bound as i64), place)), place),
            span: place,
        };
        let kind = Spanned::new(layers::SLICE.name.to_string(), place);
        let call = Call::new(kind, range.map(argument).to_vec(), span);
        let effort = Effort::default();
        self.layer(&layers::SLICE, &call, name, &Scope::root(&[], &effort), &[input], None)
    }
}

#[cfg(test)]
mod tests {
    use crate::compile;

    fn outcome(text: &str) -> String {
        match compile(text) {
            Ok(network) => {
                let layers = network.graph.nodes.iter();
                layers
                    .map(|node| format!("{} {}: {}", node.name, node.call, node.output))
                    .collect::<Vec<_>>()
                    .join(", ")
            }
            Err(errors) => errors.list[0].message.clone(),
        }
    }

    #[test]
    fn channels_are_parted() {
        for (split, expected) in [
            ("[a, b]", "a slice 0 3: 3×4×4, b slice 3 6: 3×4×4, 2 relu: 3×4×4, 3 concat: 6×4×4"),
            ("{a: 2, b: channels - 2}", "a slice 0 2: 2×4×4, b slice 2 6: 4×4×4, 2 relu: 4×4×4, 3 concat: 6×4×4"),
            ("[a, b, c, d]", "6 channels do not split into 4 equal parts"),
            ("{a: 2, b: 3}", "the parts have 5 channels, but 6 arrive"),
            ("{a: 0, b: 6}", "the channels of a part must be at least 1"),
            ("[a]", "`split` needs at least two names"),
            ("2", "`split` must be a list of names, or a mapping from names to channels"),
        ] {
            let text = format!(
                "input: [6, 4, 4]\nlayers:\n  - split: {split}\n  - relu\n  - {{from: [a, .], merge: concat}}\n"
            );
            assert_eq!(outcome(&text), expected, "{split}");
        }
        let text = "input: [8]\nlayers: [{split: ['p{len([])}', p1], name: parts}, {from: parts.p0, then: relu}]";
        assert_eq!(outcome(text), "parts.p0 slice 0 4: 4, parts.p1 slice 4 8: 4, 1 relu: 4");
    }
}
