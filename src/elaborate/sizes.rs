//! Sizes of values by name: `{height}` and `{width}` of what arrives, `{in.width}` of what enters the block around it,
//! `{stem.width}` of an earlier value; and those of a whole map, `like=stem`.

use std::collections::HashSet;

use super::call;
use super::level::{Level, Wire};
use super::scope::{Binding, Scope};
use super::walk::Walk;
use crate::arguments::Value;
use crate::diagnostic::{Code, Diagnostic, Span, Spanned, nearest};
use crate::ir::Shape;
use crate::layers::Definition;
use crate::syntax::ast::{Argument, Call, Expr, Item, ItemBody, Part, Source, Template, Term};

/// The argument that stands for `size`.
const LIKE: &str = "like";

/// What can be asked of a value.
const SIZES: [&str; 3] = ["channels", "height", "width"];

impl Walk<'_> {
    /// The sizes that the expressions of an item ask for. A name that something else has is not one of them: `width` is
    /// what many call a number of channels.
    pub(super) fn sizes<'i>(&mut self, item: &'i Item, scope: &Scope, level: &Level, input: Wire) -> Vec<Binding<'i>> {
        let (mut asked, mut seen) = (Vec::new(), HashSet::new());
        names_in(item, &mut |name, span| {
            if (name.contains('.') || matches!(name, "height" | "width")) && seen.insert(name) {
                asked.push((name, span));
            }
        });
        let mut sizes = Vec::new();
        for (name, span) in asked {
            match name.rsplit_once('.') {
                Some(("in", _)) if scope.get(name).is_some() => {}
                Some((value, size)) => {
                    sizes.push(Binding::measured(name, self.size_of(value, size, span, level, input)));
                }
                None if scope.gives(name) => {}
                None => match self.shape(input) {
                    None => sizes.push(Binding::measured(name, None)),
                    Some(shape) => sizes.extend(size(shape, name).map(|size| Binding::measured(name, Some(size)))),
                },
            }
        }
        sizes
    }

    /// The `size` of the value that is called `name`; `None` after a report.
    fn size_of(&mut self, name: &str, size: &str, span: Span, level: &Level, input: Wire) -> Option<usize> {
        if !SIZES.contains(&size) {
            let error = Diagnostic::error(Code::Expression, span, format!("a value has no `{size}`"));
            let all = SIZES.map(|size| format!("{name}.{size}"));
            let rule = || format!("`{}`, `{}` and `{}` are its sizes", all[0], all[1], all[2]);
            let near = nearest(size, SIZES).map(|size| format!("{name}.{size}"));
            self.report(error.meant(near.as_deref(), rule));
            return None;
        }
        if name == "in" {
            self.report(Diagnostic::error(
                Code::WrongRank,
                span,
                "a vector enters here, which has no height and width",
            ));
            return None;
        }
        // Where the text stands as it is, the name alone is what may be wrong.
        let is_verbatim = span.range().len() == name.len() + 1 + size.len();
        let place = if is_verbatim { Span { end: span.start + name.len() as u32, ..span } } else { span };
        let value = self.source(&Spanned::new(name.to_string(), place), level, input);
        let shape = self.shape(value)?;
        let found = self::size(shape, size);
        if found.is_none() {
            self.report(no_map(name, shape, span));
        }
        found
    }

    /// The call with a size in the place of `like=stem`; `None` if there is none.
    pub(super) fn sized(
        &mut self,
        definition: &Definition,
        call: &Call,
        scope: &Scope,
        level: &Level,
        input: Wire,
    ) -> Option<Call> {
        let is_like = |argument: &&Argument| argument.key.as_ref().is_some_and(|key| key.value == LIKE);
        let like = call.arguments.iter().find(is_like).filter(|_| definition.takes(LIKE))?;
        let shape = self.like(definition.name, &like.value, scope, level, input);
        let number = |number: usize| Spanned::new(Expr::Int(number as i64), like.value.span);
        let term = match shape {
            Some((height, width)) => Term::Size(Box::new(number(height)), Box::new(number(width))),
            None => Term::Expr(Spanned::new(Expr::Unreadable, like.value.span)),
        };
        let size = Argument {
            key: like.key.as_ref().map(|key| Spanned::new("size".to_string(), key.span)),
            value: Spanned::new(term, like.value.span),
            span: like.span,
        };
        let arguments = call.arguments.iter();
        let arguments = arguments.map(|argument| if is_like(&argument) { size.clone() } else { argument.clone() });
        Some(Call { arguments: arguments.collect(), ..call.clone() })
    }

    /// Height and width of the map that is named; `None` if they are unknown, or after a report.
    fn like(
        &mut self,
        callee: &str,
        value: &Spanned<Term>,
        scope: &Scope,
        level: &Level,
        input: Wire,
    ) -> Option<(usize, usize)> {
        let span = value.span;
        let name = match &value.value {
            // A dotted name is read as arithmetic in mapping form.
            Term::Expr(Spanned { value: Expr::Name(name), .. }) if scope.get(name).is_none() => name.clone(),
            _ => match self.checked(call::term(value, scope))?? {
                Value::Word(name) => name,
                other => {
                    let message = format!("`{LIKE}` of `{callee}` must be the name of an earlier layer");
                    let error = Diagnostic::error(Code::InvalidArgument, span, message);
                    let error = error.label(format!("found `{}`", other.quoted()));
                    self.report(error.help("a size in numbers is given by `size`"));
                    return None;
                }
            },
        };
        let found = self.source(&Spanned::new(name.clone(), span), level, input);
        let shape = self.shape(found)?;
        if shape.sides().is_none() {
            self.report(no_map(&name, shape, span));
        }
        shape.sides()
    }
}

/// What an expression knows of what enters a network, block or branch.
pub(super) fn entering(shape: Option<Shape>) -> Vec<Binding<'static>> {
    const NAMES: [(&str, &str); 4] =
        [("in", "channels"), ("in.channels", "channels"), ("in.height", "height"), ("in.width", "width")];
    let known = NAMES.map(|(name, which)| match shape {
        Some(shape) => size(shape, which).map(|size| Binding::size(name, Some(size))),
        None => Some(Binding::size(name, None)),
    });
    known.into_iter().flatten().collect()
}

/// A size of a value; a vector has no height and width.
fn size(shape: Shape, size: &str) -> Option<usize> {
    match size {
        "channels" => Some(shape.channels()),
        "height" => shape.sides().map(|(height, _)| height),
        _ => shape.sides().map(|(_, width)| width),
    }
}

fn no_map(name: &str, shape: Shape, span: Span) -> Diagnostic {
    let message = format!("`{name}` is a vector of {}, which has no height and width", shape.elements());
    Diagnostic::error(Code::WrongRank, span, message).help("name a map that comes before `flatten`")
}

/// Takes each name that an expression uses, and where it stands.
type Found<'f, 'i> = &'f mut dyn FnMut(&'i str, Span);

/// Names in the expressions of an item itself, not of the items in it.
fn names_in<'i>(item: &'i Item, found: Found<'_, 'i>) {
    item.name.iter().for_each(|name| template_names(name, found));
    match &item.body {
        ItemBody::Call(call) => {
            call.chosen.iter().for_each(|expr| expr_names(expr, found));
            let is_like = |key: &Option<Spanned<String>>| key.as_ref().is_some_and(|key| key.value == LIKE);
            let others = call.arguments.iter().filter(|argument| !is_like(&argument.key));
            others.for_each(|argument| term_names(&argument.value, found));
        }
        ItemBody::Repeat { count, .. } => expr_names(count, found),
        ItemBody::Branches { times, .. } => times.iter().for_each(|times| expr_names(times, found)),
        ItemBody::From { sources, .. } => {
            for Source { name, condition } in sources {
                template_names(name, found);
                condition.iter().for_each(|condition| expr_names(condition, found));
            }
        }
        ItemBody::Split(parts) => {
            for Part { name, channels } in parts {
                template_names(name, found);
                channels.iter().for_each(|channels| expr_names(channels, found));
            }
        }
        ItemBody::Expect(sizes) => sizes.iter().for_each(|size| expr_names(size, found)),
        ItemBody::Sequence(_) | ItemBody::Residual { .. } | ItemBody::Unreadable => {}
    }
}

fn template_names<'i>(name: &'i Spanned<Template>, found: Found<'_, 'i>) {
    name.value.expressions().for_each(|expr| expr_names(expr, found));
}

fn term_names<'i>(term: &'i Spanned<Term>, found: Found<'_, 'i>) {
    match &term.value {
        Term::Expr(expr) => expr_names(expr, found),
        Term::Size(height, width) => {
            expr_names(height, found);
            expr_names(width, found);
        }
        // In mapping form it may be a name: `{size: height}`.
        Term::NameOrWord(word) => found(word, term.span),
        Term::List(terms) => terms.iter().for_each(|term| term_names(term, found)),
        Term::Word(_) => {}
    }
}

fn expr_names<'i>(expr: &'i Spanned<Expr>, found: Found<'_, 'i>) {
    expr.names().into_iter().for_each(|(name, span)| found(name, span));
}

#[cfg(test)]
mod tests {
    use crate::{compile, network::Network};

    fn network(text: &str, input: &str) -> Network {
        let text = text.replace("INPUT", input);
        compile(&text).unwrap_or_else(|errors| panic!("{text}\n{errors}"))
    }

    /// Feature pyramids and hourglasses enlarge maps to the sizes of earlier ones, whatever these are.
    #[test]
    fn maps_meet_at_any_input() {
        let pyramid = "input: INPUT\nblocks:\n  level(skip, n):\n    - {from: '{skip}', then: conv 8 1x1, name: lateral}\n    \
                       - {from: 'top{n}', then: upsample like=lateral, name: up}\n    \
                       - {from: [lateral, up], merge: add}\nlayers:\n  \
                       - conv 8 3x3 s2 p1 as c0\n  - conv 16 3x3 s2 p1 as c1\n  - conv 32 3x3 s2 p1 as c2\n  \
                       - conv 8 1x1 as top0\n  - level c1 0 as top1\n  - level c0 1 as top2\n  \
                       - expect: [8, c0.height, c0.width]\n";
        let hourglass = "input: INPUT\nblocks:\n  inner:\n    - residual:\n        - maxpool 2 ceil\n        \
                         - conv {in} 3x3 p1\n        - upsample size={H}x{W}\n";
        let hourglass = hourglass.replace("{H}", "{input.height}").replace("{W}", "{input.width}")
            + "layers: [conv 4 3x3 p1, inner]\n";
        for input in ["[3, 33, 47]", "[3, 64, 64]", "[3, 101, 17]", "[3, 9, 8]"] {
            network(pyramid, input);
            network(&hourglass, input);
        }
    }

    #[test]
    fn sizes_are_numbers_in_expressions() {
        let text = "input: [3, 20, 30]\nlet: {width: 7}\nlayers:\n  - stem: conv 4 3x3\n  - maxpool {height // 6}\n  \
                    - conv {stem.channels + width} 1x1\n  - {from: stem, then: 'crop size={height - 1}x5'}\n  \
                    - {crop: {size: stem.channels}}\n  - expect: [stem.channels, 4, 4]\n  \
                    - flatten -> linear {input.width + channels} as fc\n  - linear {fc.channels}\n";
        let network = network(text, "");
        let calls: Vec<String> = network.graph.nodes.iter().map(|node| node.call.to_string()).collect();
        let expected =
            ["conv 4 3x3", "maxpool 3", "conv 11 1x1", "crop size=17x5", "crop size=4", "flatten", "linear 94"];
        assert_eq!(calls[..7], expected);
        assert_eq!(calls[7], "linear 94");
    }

    #[test]
    fn a_map_is_as_large_as_another() {
        let text = "input: [3, 20, 30]\nblocks: {\"like(what)\": \"crop like={what} -> upsample like=layer.0\"}\n\
                    layers:\n  - layer: [conv 4 5x3, conv 4 3x3]\n  - like layer.1 as same\n  - {crop: {like: layer.1}}\n";
        let network = network(text, "");
        let calls: Vec<String> = network.graph.nodes.iter().map(|node| node.call.to_string()).collect();
        assert_eq!(calls[2..], ["crop size=14x26", "upsample size=16x28", "crop size=14x26"]);
    }
}
