//! A network as front ends make it: layer by layer, each with what it reads.

use super::names::Names;
use crate::arguments::{Arguments, Evaluated, Value as Argument};
use crate::diagnostic::{Span, Spanned};
use crate::ir::Shape;
use crate::layers::Layers;
use crate::syntax::ast::{
    self, Expr, Item, ItemBody, Merge, Section, Setting, Source, Template, TemplatePart, Term, Text,
};

/// What a layer makes, or what the network reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Value(Option<usize>);

impl Value {
    /// What the network reads.
    pub const INPUT: Value = Value(None);

    /// Unknown after a mistake: what reads it is checked all the same, but for its sizes.
    pub const LOST: Value = Value(Some(usize::MAX));
}

/// A layer's kind with its arguments, each with its place in the foreign file.
#[derive(Debug, Clone)]
pub struct Call {
    kind: Spanned<&'static str>,
    arguments: Vec<(Option<&'static str>, Spanned<Argument>)>,
}

impl Call {
    /// A call of `kind` because of what stands at `span`.
    pub fn new(kind: &'static str, span: Span) -> Call {
        Call { kind: Spanned::new(kind, span), arguments: Vec::new() }
    }

    /// `unflatten`: a vector as a map of these channels, rows and columns.
    pub fn unflatten([channels, height, width]: [usize; 3], span: Span) -> Call {
        let sides = Argument::Size(height as i64, width as i64);
        Call::new("unflatten", span).at(Argument::Int(channels as i64), span).at(sides, span)
    }

    /// factor·x + shift: `mul` where there is nothing to add.
    #[cfg(feature = "train")]
    pub fn rescaled(factor: f64, shift: f64, span: Span) -> Call {
        if shift == 0.0 {
            return Call::new("mul", span).at(Argument::Float(factor), span);
        }
        let call = Call::new("power", span).at(Argument::Int(1), span);
        let call = if factor == 1.0 { call } else { call.plus("scale", Argument::Float(factor)) };
        call.plus("shift", Argument::Float(shift))
    }

    /// With an argument that goes without its name.
    pub fn at(mut self, value: Argument, span: Span) -> Call {
        self.arguments.push((None, Spanned::new(value, span)));
        self
    }

    /// With an argument that is written at `span`.
    pub fn with(mut self, key: &'static str, value: Argument, span: Span) -> Call {
        self.arguments.push((Some(key), Spanned::new(value, span)));
        self
    }

    /// With an argument that follows from the call.
    pub fn plus(self, key: &'static str, value: Argument) -> Call {
        let span = self.kind.span;
        self.with(key, value, span)
    }

    /// With a word that is there or not.
    pub fn flag(self, word: &str, is_set: bool) -> Call {
        let span = self.kind.span;
        if is_set { self.at(Argument::Word(word.to_string()), span) } else { self }
    }

    /// With a number, unless it is the one that goes without saying.
    pub fn unless(self, usual: i64, key: &'static str, number: Spanned<i64>) -> Call {
        if number.value == usual { self } else { self.with(key, Argument::Int(number.value), number.span) }
    }

    /// With the size of a window.
    pub fn window(self, [height, width]: [Spanned<i64>; 2]) -> Call {
        self.at(Argument::Size(height.value, width.value), height.span.to(width.span))
    }

    /// With a size, one number where both are equal, unless it is the one that goes without saying.
    pub fn size(self, usual: i64, key: &'static str, [height, width]: [Spanned<i64>; 2]) -> Call {
        let span = height.span.to(width.span);
        match (height.value, width.value) {
            (height, width) if height == usual && height == width => self,
            (height, width) if height == width => self.with(key, Argument::Int(height), span),
            (height, width) => self.with(key, Argument::Size(height, width), span),
        }
    }
}

#[derive(Debug)]
struct Made {
    name: Spanned<String>,
    call: Call,
    inputs: Vec<Value>,
    /// `None` where it does not fit, of which the compiler will speak.
    shape: Option<Shape>,
}

/// Numbers in a file of weights that belong together.
#[derive(Debug, Clone, PartialEq)]
pub struct Stored {
    /// What the foreign file calls the layer.
    pub layer: String,
    /// In the order of the file.
    pub arrays: Vec<Array>,
}

/// An array in a file of weights.
#[derive(Debug, Clone, PartialEq)]
pub struct Array {
    /// The weight's full name here.
    pub name: String,
    /// How its numbers lie.
    pub order: Order,
}

/// How numbers lie in a foreign file.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Order {
    /// As here.
    Same,
    /// A matrix with rows and columns exchanged.
    Transposed,
    /// One or the other, as the head of the file says.
    ByHeader,
    /// As here, but each is to be divided by the number in the array behind them.
    Accumulated,
    /// An array of these sizes, of which this one has the axes in another order.
    Permuted {
        /// The sizes in the file, with 1 for those that there are not.
        sizes: [usize; 4],
        /// Which axis of the file each axis is.
        axes: [usize; 4],
    },
    /// As here, with the other sign.
    Negative,
    /// As here, but 1 divided by each.
    Inverse,
    /// They are not in the file, but all the same number.
    Filled(f32),
}

impl Order {
    /// Arrays of at most four axes whose axes are in another order.
    pub fn permuted(sizes: &[usize], axes: &[usize]) -> Order {
        let more = 4 - sizes.len();
        let (mut all, mut order) = ([1; 4], [0, 1, 2, 3]);
        all[more..].copy_from_slice(sizes);
        order[more..].iter_mut().zip(axes).for_each(|(into, axis)| *into = more + axis);
        Order::Permuted { sizes: all, axes: order }
    }
}

/// A network that is being made.
#[derive(Debug)]
pub struct Net {
    input: Option<Shape>,
    layers: Layers,
    names: Names,
    made: Vec<Made>,
}

impl Net {
    /// A network that reads `input`, if that is known.
    pub fn new(input: Option<Shape>) -> Net {
        Net { input, layers: Layers::default(), names: Names::default(), made: Vec::new() }
    }

    /// Says what the network reads, before anything reads it.
    pub fn set_input(&mut self, input: Shape) {
        self.input = Some(input);
    }

    /// Leaves an argument of what makes `value` out.
    pub fn drop_argument(&mut self, value: Value, key: &str) {
        if let Some(made) = value.0.and_then(|index| self.made.get_mut(index)) {
            made.call.arguments.retain(|(given, _)| *given != Some(key));
        }
    }

    /// Says a word of what makes `value`.
    #[cfg(feature = "train")]
    pub fn set_flag(&mut self, value: Value, word: &str) {
        if let Some(made) = value.0.and_then(|index| self.made.get_mut(index)) {
            made.call = made.call.clone().flag(word, true);
        }
    }

    /// The shape of a value, where it is known.
    pub fn shape(&self, value: Value) -> Option<Shape> {
        match value.0 {
            None => self.input,
            Some(index) => self.made.get(index)?.shape,
        }
    }

    /// The name of what makes a value.
    pub fn name(&self, value: Value) -> Option<&str> {
        Some(self.made.get(value.0?)?.name.value.as_str())
    }

    /// The name of a weight of what makes a value; a layer that is no more than a parameter has one, without a part.
    pub fn weight_name(&self, value: Value, part: &str) -> String {
        let layer = self.name(value).unwrap_or_default();
        if part.is_empty() { layer.to_owned() } else { format!("{layer}.{part}") }
    }

    /// Adds a layer, called `name` as far as that is possible.
    pub fn layer(&mut self, name: &Spanned<String>, call: Call, inputs: Vec<Value>) -> Value {
        let shape = self.output(&call, &inputs);
        let name = Spanned::new(self.names.give(&name.value), name.span);
        self.made.push(Made { name, call, inputs, shape });
        Value(Some(self.made.len() - 1))
    }

    /// `value` as a vector.
    pub fn flat(&mut self, name: &Spanned<String>, value: Value) -> Value {
        match self.shape(value) {
            Some(Shape::Vector(_)) => value,
            _ => {
                let name = Spanned::new(format!("{}_flatten", name.value), name.span);
                let call = Call::new("flatten", name.span);
                self.layer(&name, call, vec![value])
            }
        }
    }

    fn output(&self, call: &Call, inputs: &[Value]) -> Option<Shape> {
        let shapes: Vec<Shape> = inputs.iter().map(|input| self.shape(*input)).collect::<Option<_>>()?;
        let definition = self.layers.find(call.kind.value)?;
        let evaluated = |(key, value): &(Option<&'static str>, Spanned<Argument>)| Evaluated {
            key: key.map(|key| Spanned::new(key.to_string(), value.span)),
            value: value.clone(),
        };
        let callee = Spanned::new(call.kind.value.to_string(), call.kind.span);
        let mut arguments = Arguments::new(callee, call.arguments.iter().map(evaluated).collect());
        let layer = (definition.parse)(&mut arguments).ok()?;
        layer.output(&shapes).ok().filter(|shape| shape.is_reasonable())
    }

    /// The layers as items, those alone on which `output` depends.
    pub fn items(&self, output: Value, span: Span) -> Vec<Item> {
        let used = self.used(output);
        let mut items = Vec::new();
        let mut previous = Value::INPUT;
        for (index, made) in self.made.iter().enumerate().filter(|(index, _)| used[*index]) {
            items.push(self.item(made, previous));
            previous = Value(Some(index));
        }
        if previous != output {
            let body = ItemBody::From { sources: vec![self.source(output, span)], merge: None, then: Vec::new() };
            items.push(Item { name: None, body, span });
        }
        items
    }

    /// Whether `output` depends on each layer.
    pub fn used(&self, output: Value) -> Vec<bool> {
        let mut used = vec![false; self.made.len()];
        let mut next = vec![output];
        while let Some(Value(Some(index))) = next.pop() {
            if !std::mem::replace(&mut used[index], true) {
                next.extend(self.made[index].inputs.iter().filter(|input| input.0.is_some()));
            }
        }
        used
    }

    /// The names of the layers on which `output` depends.
    #[cfg(feature = "train")]
    pub fn used_names(&self, output: Value) -> std::collections::HashSet<&str> {
        let used = self.used(output);
        self.made.iter().zip(used).filter(|(_, used)| *used).map(|(made, _)| made.name.value.as_str()).collect()
    }

    /// The layers on which `output` does not depend, by name and place.
    pub fn unused(&self, output: Value) -> impl Iterator<Item = &Spanned<String>> {
        let used = self.used(output);
        self.made.iter().zip(used).filter(|(_, used)| !used).map(|(made, _)| &made.name)
    }

    fn source(&self, value: Value, span: Span) -> Source {
        Source::plain(Spanned::new(self.name(value).unwrap_or("input").to_string(), span))
    }

    fn item(&self, made: &Made, previous: Value) -> Item {
        let Made { name, call, inputs, .. } = made;
        let Spanned { value: kind, span } = call.kind;
        let name = Some(Spanned::new(Template(vec![TemplatePart::Text(name.value.clone())]), name.span));
        let merge = match kind {
            _ if inputs.len() < 2 => None,
            "add" => Some(Merge::Add),
            "mul" => Some(Merge::Mul),
            "concat" => Some(Merge::Concat),
            "max" => Some(Merge::Max),
            _ => None,
        };
        let body = match (merge, inputs.as_slice()) {
            (None, [input]) if *input == previous => ItemBody::Call(written(call)),
            (None, _) => ItemBody::From {
                sources: inputs.iter().map(|input| self.source(*input, span)).collect(),
                merge: None,
                then: vec![Item { name: None, body: ItemBody::Call(written(call)), span }],
            },
            (Some(merge), _) => ItemBody::From {
                sources: inputs.iter().map(|input| self.source(*input, span)).collect(),
                merge: Some(Spanned::new(merge, span)),
                then: Vec::new(),
            },
        };
        Item { name, body, span }
    }
}

/// The call as the notation would have it.
fn written(call: &Call) -> ast::Call {
    let expr = |expr, span| Term::Expr(Spanned::new(expr, span));
    let side = |side: i64, span| Box::new(Spanned::new(Expr::Int(side), span));
    let term = |value: &Spanned<Argument>| {
        let span = value.span;
        match &value.value {
            Argument::Int(number) => expr(Expr::Int(*number), span),
            Argument::Float(number) => expr(Expr::Float(*number), span),
            Argument::Bool(truth) => expr(Expr::Bool(*truth), span),
            Argument::Size(height, width) => Term::Size(side(*height, span), side(*width, span)),
            other => Term::Word(other.to_string()),
        }
    };
    let argument = |(key, value): &(Option<&str>, Spanned<Argument>)| ast::Argument {
        key: key.map(|key| Spanned::new(key.to_string(), value.span)),
        value: Spanned::new(term(value), value.span),
        span: value.span,
    };
    let Spanned { value: kind, span } = call.kind;
    ast::Call::new(Spanned::new(kind.to_string(), span), call.arguments.iter().map(argument).collect(), span)
}

/// A mapping because of what stands at `span`.
pub fn map(span: Span, entries: Vec<(&str, Span, Spanned<Setting>)>) -> Spanned<Setting> {
    let entries =
        entries.into_iter().map(|(key, place, value)| (Spanned::new(key.to_string(), place), value)).collect();
    Spanned::new(Setting::Map(Section { span, entries }), span)
}

/// A text because of what stands at `span`.
pub fn text(text: &str, span: Span) -> Spanned<Setting> {
    Spanned::new(Setting::Text(Text::generated(text, span)), span)
}

/// The sizes of a shape that is written at `span`.
pub fn sizes(shape: Shape, span: Span) -> Spanned<Setting> {
    let sizes = shape.dims().into_iter().map(|size| whole(size as i64, span));
    Spanned::new(Setting::List(sizes.collect()), span)
}

/// A whole number that is written at `span`.
pub fn whole(number: i64, span: Span) -> Spanned<Setting> {
    Spanned::new(Setting::Int(number), span)
}
