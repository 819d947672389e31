//! Calls of blocks, and residual connections.

use super::call;
use super::expression::evaluate;
use super::level::{Level, Wire};
use super::presets::generated;
use super::scope::{Binding, Scope};
use super::walk::Walk;
use crate::diagnostic::{Code, Diagnostic, Span, Spanned, nearest};
use crate::graph::{Frame, Shape, ValueId};
use crate::layers::Window;
use crate::syntax::ast::{Block, Call, Item, Merge, Shortcut};

/// The largest stride that a convolution can be given.
const LARGEST_STRIDE: usize = 1 << 31;

/// How deep blocks may call blocks.
const DEEPEST_CALL: usize = 64;

/// The body of `block`, wired where it is called, in a level of its own.
pub(super) fn expand<'d>(
    walk: &mut Walk<'d>,
    block: &'d Block,
    call: &Call,
    name: &str,
    scope: &Scope,
    input: Wire,
) -> Wire {
    if walk.calling.contains(&block.name.value.as_str()) {
        let error =
            Diagnostic::error(Code::Recursion, call.name.span, format!("block `{}` calls itself", block.name.value));
        walk.report(error.other(block.name.span, "defined here"));
        return None;
    }
    if walk.calling.len() == DEEPEST_CALL {
        walk.report(Diagnostic::error(
            Code::Limit,
            call.name.span,
            format!("blocks call each other more than {DEEPEST_CALL} deep"),
        ));
        return None;
    }
    let root = scope.outermost();
    let mut names = bind(walk, block, call, scope)?;
    default_parameters(walk, block, root, &mut names)?;
    let outside = walk.trace.clone();
    let frame = Frame { what: format!("in block `{}`, called here", block.name.value).into(), span: call.span };
    walk.trace = outside.iter().cloned().chain([frame]).collect();
    walk.calling.push(&block.name.value);
    let output = walk.enclosed(&block.body, &root.inside(&names), &mut Level::named(name), input);
    walk.calling.pop();
    walk.trace = outside;
    output
}

/// The arguments of the call, by parameter.
fn bind(walk: &mut Walk, block: &Block, call: &Call, scope: &Scope) -> Option<Vec<Binding>> {
    let mut names: Vec<Binding> = Vec::new();
    let mut positional = block.parameters.iter();
    let mut sound = true;
    for argument in &call.arguments {
        let parameter = match &argument.key {
            None => positional.next().map(|(name, _)| name.value.as_str()),
            Some(key) => block.parameters.iter().map(|(name, _)| name.value.as_str()).find(|name| *name == key.value),
        };
        let Some(parameter) = parameter else {
            walk.report(surplus(block, argument.key.as_ref(), argument.span));
            sound = false;
            continue;
        };
        let value = call::term(&argument.value, scope);
        match walk.checked(value) {
            Some(value) if names.iter().any(|binding| binding.name == parameter) => {
                let error = Diagnostic::error(
                    Code::Duplicate,
                    argument.span,
                    format!("`{parameter}` of `{}` is given twice", block.name.value),
                );
                walk.report(error.label(value.map_or(String::new(), |value| format!("`{value}`"))));
                sound = false;
            }
            Some(value) => names.push(Binding::new(parameter, value)),
            None => sound = false,
        }
    }
    for (parameter, default) in &block.parameters {
        if default.is_none() && sound && !names.iter().any(|binding| binding.name == parameter.value) {
            let error = Diagnostic::error(
                Code::MissingArgument,
                call.span,
                format!("`{}` needs `{}`", block.name.value, parameter.value),
            );
            walk.report(error.other(parameter.span, "it has no default"));
            sound = false;
        }
    }
    sound.then_some(names)
}

fn surplus(block: &Block, key: Option<&Spanned<String>>, span: Span) -> Diagnostic {
    let name = &block.name.value;
    let parameters: Vec<&str> = block.parameters.iter().map(|(name, _)| name.value.as_str()).collect();
    let list = match parameters.as_slice() {
        [] => format!("`{name}` has no parameters"),
        parameters => format!("the parameters of `{name}` are {}", parameters.join(", ")),
    };
    let Some(key) = key else {
        return Diagnostic::error(
            Code::UnknownArgument,
            span,
            format!("`{name}` takes at most {} arguments", parameters.len()),
        )
        .help(list);
    };
    let error =
        Diagnostic::error(Code::UnknownArgument, key.span, format!("`{name}` has no parameter `{}`", key.value));
    match nearest(&key.value, parameters) {
        Some(near) => error.help(format!("did you mean `{near}`?")),
        None => error.help(list),
    }
}

/// Defaults may use the parameters before them.
fn default_parameters(walk: &mut Walk, block: &Block, root: &Scope, names: &mut Vec<Binding>) -> Option<()> {
    for (parameter, default) in &block.parameters {
        if names.iter().any(|binding| binding.name == parameter.value) {
            continue;
        }
        let default = default.as_ref().expect("a parameter without default has been bound or reported");
        let value = evaluate(default, &root.inside(names));
        let value = walk.checked(value)?;
        names.push(Binding::new(&parameter.value, value));
    }
    Some(())
}

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
        let added = match &shortcut.value {
            Shortcut::None => return end,
            Shortcut::Identity => input,
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
        self.merge(&Spanned::new(Merge::Add, span), vec![end, added], span, None, level)
    }

    /// A 1×1 convolution without bias and a batch norm that take `from` to the shape of `to`
    /// (He et al. 2016, option B). Its stride is the product of the body's.
    fn project(&mut self, from: ValueId, to: ValueId, span: Span, scope: &Scope, level: &mut Level) -> Wire {
        let out = self.graph.shape(to).channels();
        let stride = match self.stride_between(from, to) {
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

    /// The product of all strides on the way from one value to another, down and across.
    fn stride_between(&self, from: ValueId, to: ValueId) -> (usize, usize) {
        let mut product = (1usize, 1usize);
        let mut at = to;
        while at != from {
            let Some(node) = at.node().map(|index| &self.graph.nodes[index]) else { break };
            if let Some(Window { stride, .. }) = node.layer.window() {
                product = (product.0.saturating_mul(stride.height), product.1.saturating_mul(stride.width));
            }
            let Some(first) = node.inputs.first() else { break };
            at = *first;
        }
        product
    }
}
