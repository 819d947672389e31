//! `padding=same`, as TensorFlow and Keras mean it: an output for each step of the stride, ⌈W/S⌉. Half of the zeros
//! that it takes are on either side, and one more behind where they are odd.
//!
//! A window has as much padding before as behind. So for a convolution a layer `pad` adds the zeros that are left over;
//! a pool has an incomplete last window, `ceil`, which takes no zeros for pixels.

use super::call;
use super::level::Wire;
use super::scope::{Effort, Scope};
use super::walk::Walk;
use crate::arguments::Value;
use crate::diagnostic::{Code, Diagnostic, Spanned};
use crate::ir::Axis;
use crate::layers::{self, Definition};
use crate::syntax::ast::{Argument, Call, Expr, Term};

/// More zeros make maps larger than any can be.
const MOST_ZEROS: usize = 1 << 20;

impl Walk<'_> {
    /// The call `name` with a padding in numbers, and what it reads then; `None` if its padding is not `same`.
    pub(super) fn same_padded(
        &mut self,
        definition: &Definition,
        call: &Call,
        name: &str,
        scope: &Scope,
        input: Wire,
    ) -> Option<(Call, Wire)> {
        let place = call.arguments.iter().position(|argument| is_same_padding(argument, scope))?;
        let span = call.arguments[place].value.span;
        let with = |padding: Term| {
            let mut call = call.clone();
            call.arguments[place].value.value = padding;
            call
        };
        let number = |number: usize| Spanned::new(Expr::Int(number as i64), span);
        // What is wrong besides is told by who reads the arguments.
        let without = with(Term::Expr(number(0)));
        let Ok(Some(mut arguments)) = call::arguments(&without, scope) else { return Some((without, input)) };
        let Ok(layer) = (definition.parse)(&mut arguments) else { return Some((without, input)) };
        let window = layer.window()?;
        let unknown = || (with(Term::Expr(Spanned::new(Expr::Unreadable, span))), None);
        let Some(shape) = self.shape(input) else { return Some(unknown()) };
        let Some((height, width)) = shape.sides() else { return Some((without, input)) };
        let [down, across] = window.axes();
        let zeros = [zeros(down, height), zeros(across, width)];
        if let Some(most) = zeros.into_iter().find(|zeros| *zeros > MOST_ZEROS) {
            let message = format!("`same` is {most} zeros over the {height}×{width} input");
            let error = Diagnostic::error(Code::InvalidArgument, span, message);
            self.report(error.help("a kernel that reaches beyond every map: use a smaller one, or a smaller dilation"));
            return Some(unknown());
        }
        let [rows, columns] = zeros.map(|zeros| zeros / 2);
        let mut padded = with(match rows == columns {
            true => Term::Expr(number(rows)),
            false => Term::Size(Box::new(number(rows)), Box::new(number(columns))),
        });
        let argument = |key: &str, expr: Expr| Argument {
            key: Some(Spanned::new(key.to_string(), span)),
            value: Spanned::new(Term::Expr(Spanned::new(expr, span)), span),
            span,
        };
        let is_given = |key: &str| arguments.place(key) != arguments.callee().span;
        let odd = zeros.map(|zeros| zeros % 2);
        if zeros != [0, 0] && definition.takes("count_include_pad") && !is_given("count_include_pad") {
            padded.arguments.push(argument("count_include_pad", Expr::Bool(false)));
        }
        if odd == [0, 0] {
            return Some((padded, input));
        }
        if definition.takes("ceil") {
            if !is_given("ceil") {
                let ceil = Spanned::new(Term::Word("ceil".to_string()), span);
                padded.arguments.push(Argument { key: None, value: ceil, span });
            }
            return Some((padded, input));
        }
        let sides = ["bottom", "right"].into_iter().zip(odd).filter(|(_, more)| *more > 0);
        let kind = Spanned::new(layers::PAD.name.to_string(), call.name.span);
        let pad = Call::new(kind, sides.map(|(side, _)| argument(side, Expr::Int(1))).collect(), call.span);
        let pad_name = format!("{name}_pad");
        self.declare(&pad_name, call.name.span);
        let effort = Effort::default();
        let scope = Scope::root(&[], &effort);
        let input = self.layer(&layers::PAD, &pad, &pad_name, &scope, &[input], None);
        self.names.define(&pad_name, input);
        Some((padded, input))
    }
}

fn is_same_padding(argument: &Argument, scope: &Scope) -> bool {
    let is_same = |name: &str| match scope.get(name) {
        Some(value) => matches!(value, Some(Value::Word(word)) if word == "same"),
        None => name == "same",
    };
    argument.key.as_ref().is_some_and(|key| key.value == "padding")
        && match &argument.value.value {
            Term::Word(word) => word == "same",
            Term::NameOrWord(word) => is_same(word),
            Term::Expr(Spanned { value: Expr::Name(name), .. }) => scope.get(name).is_some() && is_same(name),
            _ => false,
        }
}

/// How many zeros it takes for ⌈W/S⌉ outputs.
fn zeros(axis: Axis, size: usize) -> usize {
    ((size.div_ceil(axis.stride) - 1) * axis.stride + axis.span()).saturating_sub(size)
}

#[cfg(test)]
mod tests {
    use crate::compile;

    /// Each layer with its output.
    fn layers(text: &str) -> Vec<String> {
        let network = compile(text).unwrap_or_else(|errors| panic!("{text}\n{errors}"));
        network.graph.nodes.iter().map(|node| format!("{} {}: {}", node.name, node.call, node.output)).collect()
    }

    #[test]
    fn pads_as_tensorflow_does() {
        for (input, layer, expected) in [
            ("8, 8", "conv 4 3x3 padding=same", &["0 conv 4 3x3 p1: 4×8×8"] as &[&str]),
            ("8, 7", "conv 4 3x3 s2 padding=same", &["0_pad pad bottom=1: 3×9×7", "0 conv 4 3x3 s2 p0x1: 4×4×4"]),
            ("8, 8", "conv 4 4x1 padding=same", &["0_pad pad bottom=1: 3×9×8", "0 conv 4 4x1 p1x0: 4×8×8"]),
            ("5, 5", "conv 4 1x1 s2 padding=same", &["0 conv 4 1x1 s2 p0: 4×3×3"]),
            (
                "8, 8",
                "depthwise 5 s2 padding=same",
                &["0_pad pad bottom=1 right=1: 3×9×9", "0 depthwise 5 s2 p1: 3×4×4"],
            ),
            ("9, 9", "conv 4 3x3 s2 d2 padding=same", &["0 conv 4 3x3 s2 d2 p2: 4×5×5"]),
            ("8, 8", "maxpool 3 s2 padding=same", &["0 maxpool 3 s2 p0 ceil: 3×4×4"]),
            ("8, 7", "maxpool 3 s2 padding=same", &["0 maxpool 3 s2 p0x1 ceil: 3×4×4"]),
            ("8, 8", "avgpool 2 padding=same", &["0 avgpool 2 p0: 3×4×4"]),
            ("7, 8", "avgpool 3 s2 padding=same", &["0 avgpool 3 s2 p1x0 count_include_pad=false ceil: 3×4×4"]),
        ] {
            let text = format!("input: [3, {input}]\nlayers: [{layer}]");
            assert_eq!(layers(&text), expected, "{layer} over {input}");
        }
    }

    #[test]
    fn a_block_takes_it_as_an_argument() {
        let text = "input: [3, 8, 8]\nblocks: {\"b(pad)\": \"conv 4 2x2 s1 padding={pad} as c\"}\n\
                    layers: [b same as one, {conv: {out: 4, kernel: 3, padding: same}}]";
        let expected = [
            "one.c_pad pad bottom=1 right=1: 3×9×9",
            "one.c conv 4 2x2 s1 p0: 4×8×8",
            "1 conv out=4 kernel=3 p1: 4×8×8",
        ];
        assert_eq!(layers(text), expected);
    }
}
