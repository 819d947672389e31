//! Residual connections: a branch and the shortcut that is added to it.

use super::level::{Level, Wire};
use super::presets::generated;
use super::scope::Scope;
use super::walk::Walk;
use crate::diagnostic::{Choice, Code, Diagnostic, Edit, Span, Spanned};
use crate::graph::Graph;
use crate::ir::{Shape, ValueId, Window};
use crate::syntax::ast::{Item, Merge, Shortcut};

/// The largest stride that a convolution can be given.
const LARGEST_STRIDE: usize = 1 << 31;

impl Walk<'_> {
    /// The sum of `body` and its shortcut.
    pub(super) fn residual(
        &mut self,
        body: &[Item],
        shortcut: &Spanned<Shortcut>,
        span: Span,
        scope: &Scope,
        level: &mut Level,
        input: Wire,
    ) -> Wire {
        let end = self.enclosed(body, scope, level, input);
        let mut unprojected = None;
        let added = match &shortcut.value {
            Shortcut::None => return end,
            Shortcut::Identity => {
                unprojected = input.zip(end).map(|(input, end)| Unprojected { input, end, span: shortcut.span });
                input
            }
            // Names of one's own are kept: `shortcut: [{skip: conv 64 1x1 -> bn}]` makes skip.0 and skip.1.
            Shortcut::Items(items) if items.iter().all(|item| item.name.is_some()) => {
                self.enclosed(items, scope, level, input)
            }
            Shortcut::Items(items) => self.downsample(items, shortcut.span, scope, level, input),
            Shortcut::Auto | Shortcut::Project | Shortcut::Optional => {
                let (Some(from), Some(to)) = (input, end) else { return None };
                let (before, behind) = (self.graph.shape(from), self.graph.shape(to));
                let maps = matches!((before, behind), (Shape::Map { .. }, Shape::Map { .. }));
                match shortcut.value {
                    Shortcut::Optional if before != behind => return end,
                    Shortcut::Project => self.project(from, to, shortcut.span, scope, level),
                    Shortcut::Auto if before != behind && maps => self.project(from, to, shortcut.span, scope, level),
                    _ => input,
                }
            }
        };
        self.merge(&Spanned::new(Merge::Add, span), vec![end, added], span, None, level, unprojected)
    }

    /// A 1×1 convolution without bias and a batch norm that take `from` to the shape of `to`
    /// (He et al. 2016, option B). Its stride is the product of the body's.
    fn project(&mut self, from: ValueId, to: ValueId, span: Span, scope: &Scope, level: &mut Level) -> Wire {
        let out = self.graph.shape(to).channels();
        let stride = match stride_between(&self.graph, from, to) {
            (down, across) if down.max(across) > LARGEST_STRIDE => {
                let message = format!("the strides of this branch multiply to more than {LARGEST_STRIDE}");
                self.report(Diagnostic::error(Code::TooLarge, span, message));
                return None;
            }
            (1, 1) => String::new(),
            (down, across) if down == across => format!(" s{down}"),
            (down, across) => format!(" s{down}x{across}"),
        };
        let items = generated(&format!("conv {out} 1x1{stride} bias=false -> bn"), span);
        self.downsample(&items, span, scope, level, Some(from))
    }

    /// `items` in a level that has torchvision's name for what a shortcut computes.
    fn downsample(&mut self, items: &[Item], span: Span, scope: &Scope, level: &mut Level, input: Wire) -> Wire {
        // A second shortcut in one level is numbered, like everything without a name of its own.
        let given = Some("downsample").filter(|name| !self.names.contains(&level.full_name(name)));
        let name = level.next(given);
        self.declare(&name, span);
        let output = self.enclosed(items, scope, &mut Level::named(&name), input);
        self.names.define(&name, output);
        output
    }
}

/// `shortcut: identity`, which adds the input to the end of the body as it is.
#[derive(Debug)]
pub(super) struct Unprojected {
    input: ValueId,
    end: ValueId,
    /// Where `identity` stands.
    span: Span,
}

impl Unprojected {
    /// What to write there if a projection would take the input to the shape of the body's end.
    pub fn projection(&self, graph: &Graph) -> Option<Choice> {
        let (from, to) = (graph.shape(self.input), graph.shape(self.end));
        let (down, across) = stride_between(graph, self.input, self.end);
        let (Shape::Map { height, width, .. }, Shape::Map { channels, .. }) = (from, to) else { return None };
        let reached = Shape::map(channels, (height - 1) / down + 1, (width - 1) / across + 1);
        let text =
            format!("write `shortcut: auto`: where shapes differ, as {from} and {to} do, it is a 1×1 convolution");
        let choice = || Choice::new(text, vec![Edit { span: self.span, text: "auto".to_string() }]);
        (reached == to && from != to).then(choice)
    }
}

/// The product of all strides on the way from one value to another, down and across.
fn stride_between(graph: &Graph, from: ValueId, to: ValueId) -> (usize, usize) {
    let mut product = (1usize, 1usize);
    let mut at = to;
    // What was made before `from` does not lead to it.
    while at > from {
        let Some(node) = at.node().map(|index| &graph.nodes[index]) else { break };
        if let Some(Window { stride, .. }) = node.layer.window() {
            product = (product.0.saturating_mul(stride.height), product.1.saturating_mul(stride.width));
        }
        let Some(first) = node.inputs.first() else { break };
        at = *first;
    }
    product
}
