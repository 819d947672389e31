//! Nodes that compute nothing: other sizes, other orders, and the arithmetic of sizes.

use super::constant::{Constant, WHOLE};
use super::graph::Node;
use super::reading::{Data, Known, Made, Reading};
use super::view::{MOST_AXES, Size, View};
use crate::arguments::Value as Argument;
use crate::diagnostic::{Code, Diagnostic, Spanned};
use crate::import::net::{Call, Value};
use crate::ir::Shape;

/// The most groups of a shuffle that are looked for.
const LARGEST: usize = 1 << 16;

impl<'g> Reading<'g> {
    /// What a node makes of constants alone, if it can be said.
    pub fn worked_out(&self, node: &'g Node) -> Made<Option<Constant>> {
        let mut inputs = Vec::new();
        for index in 0..node.inputs.len() {
            if node.input(index).is_none() {
                continue;
            }
            match self.known(node, index)? {
                Known::Constant(constant) => inputs.push(constant),
                _ => return Ok(None),
            }
        }
        Ok(folded(node, &inputs))
    }

    pub fn rearranged(&mut self, node: &'g Node) -> Made {
        let data = self.data(node, 0)?;
        let view = &data.view;
        let found = match node.operator.value.as_str() {
            "Identity" | "Cast" | "CastLike" => Some(view.clone()),
            "Dropout" => return self.dropout(node, data),
            "Shape" => return self.sizes(node, view),
            "Transpose" => {
                let order = node.wholes("perm").map(|order| order.value);
                order.and_then(|order| view.transposed(&order))
            }
            "Flatten" => match node.whole("axis", 1).value {
                axis if axis == 1 || axis == 1 - view.rank() as i64 => {
                    view.reshaped(&[Size::Batch, Size::Of(-1)], false)
                }
                _ => None,
            },
            "Squeeze" => {
                let axes = self.wholes(node, "axes", 1)?.map(|axes| axes.value);
                view.squeezed(axes.as_deref())
            }
            "Unsqueeze" => self.wholes(node, "axes", 1)?.and_then(|axes| view.unsqueezed(&axes.value)),
            "Expand" => {
                let sizes = self.constant(node, 1, "sizes")?;
                let same = |sizes: &[Option<f64>]| {
                    let own = view.sizes();
                    let wanted = sizes.get(1..).unwrap_or_default().iter();
                    own.len() + 1 == sizes.len()
                        && own
                            .iter()
                            .zip(wanted)
                            .all(|(own, wanted)| *wanted == Some(*own as f64) || *wanted == Some(1.0))
                };
                sizes.values.as_deref().is_some_and(same).then(|| view.clone())
            }
            _ => {
                let sizes = match node.wholes("shape") {
                    Some(sizes) => sizes.value.into_iter().map(Size::Of).collect(),
                    None => {
                        let sizes = self.constant(node, 1, "sizes")?;
                        let size = |size: &Option<f64>| size.map_or(Size::Batch, |size| Size::Of(size as i64));
                        sizes.values.as_deref().map(|sizes| sizes.iter().map(size).collect()).unwrap_or_default()
                    }
                };
                let sizes: Vec<Size> = sizes;
                view.reshaped(&sizes, node.whole("allowzero", 0).value == 1)
            }
        };
        // Numbers that stay in their order may be joined and split as one likes.
        let shape = self.shape(data.value)?;
        let stay = View::plain(shape).atoms();
        if let Some(view) = found.as_ref().filter(|view| view.rank() == 4 && view.atoms() != stay)
            && let Some(call) = shuffle(node, one_pixel(shape), view)
        {
            let mut value = data.value;
            if let Shape::Vector(features) = shape {
                value = self.beside(node, "map", Call::unflatten([features, 1, 1], node.operator.span), vec![value])?;
            }
            let value = self.layer(node, None, call, vec![value])?;
            return self.plain(value);
        }
        match found {
            Some(view) => match self.is_flattened(node, &data, &view)? {
                true => {
                    let call = Call::new("flatten", node.operator.span);
                    let value = self.layer(node, None, call, vec![data.value])?;
                    self.plain(value)
                }
                false => Ok(Known::Data(Data { view, ..data })),
            },
            None => {
                let sizes: Vec<String> = data.view.sizes().iter().map(usize::to_string).collect();
                let why = "puts the numbers into axes that no layer of archc has";
                let error = self.refused(node, why);
                Err(error.label(format!("of each example, {} arrive", sizes.join("×"))).into())
            }
        }
    }

    /// Whether a map becomes a vector, in the order of the language, for something else than another view of it.
    fn is_flattened(&self, node: &Node, data: &Data, view: &View) -> Made<bool> {
        let shape = self.shape(data.value)?;
        let is_vector = shape.positions() > 1 && view.rank() == 2 && view.atoms() == View::plain(shape).atoms();
        let is_new = data.view.rank() != 2;
        let is_read = |output: &Spanned<String>| {
            let readers = self.readers.get(output.value.as_str()).into_iter().flatten();
            let mut operators = readers.map(|reader| self.graph.nodes[*reader].operator.value.as_str());
            operators.any(|operator| !matches!(operator, "Reshape" | "Shape"))
        };
        Ok(is_vector && is_new && node.outputs.iter().any(is_read))
    }

    fn dropout(&mut self, node: &'g Node, data: Data) -> Made {
        let ratio = match self.optional(node, 1, "ratio")? {
            Some(ratio) => ratio.scalar().unwrap_or(0.5),
            None => node.number("ratio", 0.5).value,
        };
        let call = Call::new("dropout", node.operator.span).at(Argument::Float(rounded(ratio)), node.operator.span);
        let value = self.layer(node, None, call, vec![data.value])?;
        Ok(Known::Data(Data { value, ..data }))
    }

    /// The sizes of a value; that of the batch is unknown.
    fn sizes(&self, node: &Node, view: &View) -> Made {
        let own = view.sizes().into_iter().map(|size| Some(size as f64));
        let all: Vec<Option<f64>> = std::iter::once(None).chain(own).collect();
        let place = |key: &str, usual: i64| {
            let at = node.whole(key, usual).value;
            (if at < 0 { at + all.len() as i64 } else { at }).clamp(0, all.len() as i64) as usize
        };
        let (start, end) = (place("start", 0), place("end", all.len() as i64));
        Ok(Known::Constant(Constant::list(all.get(start..end).unwrap_or_default().to_vec())))
    }

    /// The value as the map that a node reads: N×C×H×W.
    pub fn map(&mut self, node: &'g Node, data: &Data) -> Made<Value> {
        let shape = self.shape(data.value)?;
        if data.view == View::plain(shape) && matches!(shape, Shape::Map { .. }) {
            return Ok(data.value);
        }
        if let Some(call) = shuffle(node, shape, &data.view) {
            return self.beside(node, "input", call, vec![data.value]);
        }
        if let Some(value) = self.resized(node, data, shape)? {
            return Ok(value);
        }
        if matches!(shape, Shape::Vector(_)) && data.view.rank() < 4 {
            let why = format!("reads a map, and a vector of {} arrives", shape.elements());
            return Err(Diagnostic::error(Code::WrongRank, node.operator.span, self.refused(node, &why).message).into());
        }
        Err(self.refused(node, "reads a map whose axes are in another order than N×C×H×W").into())
    }

    /// The same numbers in the same order as a map of other sizes.
    fn resized(&mut self, node: &'g Node, data: &Data, shape: Shape) -> Made<Option<Value>> {
        let &[channels, height, width] = data.view.sizes().as_slice() else { return Ok(None) };
        let sizes = [channels, height, width].map(|size| Size::Of(size as i64));
        let view = View::plain(shape).reshaped(&[&[Size::Batch], &sizes[..]].concat(), false);
        if view.as_ref() != Some(&data.view) {
            return Ok(None);
        }
        let flat = self.flat(node, data.value)?;
        self.beside(node, "input", Call::unflatten([channels, height, width], node.operator.span), vec![flat]).map(Some)
    }

    /// The value as a vector, in the order of the language.
    pub fn vector(&mut self, node: &'g Node, data: &Data) -> Made<Value> {
        let shape = self.shape(data.value)?;
        let value = if data.view.rank() == 2 && data.view.atoms() == View::plain(shape).atoms() {
            data.value
        } else if let (2, Shape::Map { .. }, Some(sizes)) = (data.view.rank(), shape, self.unflattened(node, data)?) {
            let data = Data { view: sizes, ..data.clone() };
            self.map(node, &data)?
        } else {
            return Err(self.refused(node, "reads a vector, and something with other axes arrives").into());
        };
        self.flat(node, value)
    }

    /// A vector's view as that of the map that was shuffled before it was flattened.
    fn unflattened(&self, node: &Node, data: &Data) -> Made<Option<View>> {
        let shape = self.shape(data.value)?;
        let Shape::Map { channels, height, width } = shape else { return Ok(None) };
        let mut maps = vec![[channels, height, width]];
        for part in data.view.atoms().iter().map(|atom| atom.size).filter(|size| (2..LARGEST).contains(size)) {
            let square = part * part;
            maps.push([channels * square, height / part, width / part]);
            maps.push([channels / square, height * part, width * part]);
        }
        for map in maps {
            let sizes = map.map(|size| Size::Of(size as i64));
            let view = data.view.reshaped(&[&[Size::Batch], &sizes[..]].concat(), false);
            if let Some(view) = view.filter(|_| !map.contains(&0))
                && shuffle(node, shape, &view).is_some()
            {
                return Ok(Some(view));
            }
        }
        Ok(None)
    }

    /// A map as a vector, under the name that goes before the node's.
    pub fn flat(&mut self, node: &'g Node, value: Value) -> Made<Value> {
        match self.shape(value)? {
            Shape::Vector(_) => Ok(value),
            Shape::Map { .. } => {
                let call = Call::new("flatten", node.operator.span);
                self.beside(node, "flatten", call, vec![value])
            }
        }
    }
}

/// A vector as a map whose channels are its numbers.
fn one_pixel(shape: Shape) -> Shape {
    match shape {
        Shape::Vector(features) => Shape::map(features, 1, 1),
        Shape::Map { .. } => shape,
    }
}

/// The layer that exchanges channels, rows and columns as a view of a map does. It is made where the view is: what
/// comes after it may be another view, of the map that the layer makes.
fn shuffle(node: &Node, shape: Shape, view: &View) -> Option<Call> {
    let Shape::Map { channels, height, width } = shape else { return None };
    if *view == View::plain(shape) {
        return None;
    }
    let mut calls = Vec::new();
    // Groups, or the factor by which a map grows or shrinks, are the size of a part of some axis.
    let parts = view.axes.iter().flatten().map(|atom| atom.size);
    for part in parts.filter(|part| (2..LARGEST).contains(part)) {
        if channels % part == 0 {
            let sizes = [part, channels / part, height, width];
            let turned = arranged(shape, &sizes, &[0, 2, 1, 3, 4], &[channels, height, width]);
            calls.push(("channel_shuffle", part, turned));
        }
        let square = part * part;
        if channels % square == 0 {
            let left = channels / square;
            let sizes = [left, part, part, height, width];
            let turned = arranged(shape, &sizes, &[0, 1, 4, 2, 5, 3], &[left, height * part, width * part]);
            calls.push(("pixel_shuffle", part, turned));
        }
        if height % part == 0 && width % part == 0 {
            let (high, wide) = (height / part, width / part);
            let sizes = [channels, high, part, wide, part];
            let turned = arranged(shape, &sizes, &[0, 1, 3, 5, 2, 4], &[channels * square, high, wide]);
            calls.push(("pixel_unshuffle", part, turned));
        }
    }
    let (kind, number, _) = calls.into_iter().find(|(.., turned)| turned.as_ref() == Some(view))?;
    let span = node.operator.span;
    Some(Call::new(kind, span).at(Argument::Int(number as i64), span))
}

/// The view of a reshape, a transposition and another reshape.
fn arranged(shape: Shape, split: &[usize], order: &[i64], joined: &[usize]) -> Option<View> {
    let sizes = |sizes: &[usize]| {
        let own = sizes.iter().map(|size| Size::Of(*size as i64));
        std::iter::once(Size::Batch).chain(own).collect::<Vec<Size>>()
    };
    View::plain(shape).reshaped(&sizes(split), false)?.transposed(order)?.reshaped(&sizes(joined), false)
}

/// As a number is written that single precision has added digits to.
pub fn rounded(number: f64) -> f64 {
    let single = number as f32;
    if f64::from(single) == number { format!("{single:?}").parse().unwrap_or(number) } else { number }
}

/// What a node makes of constants, if that can be said.
pub fn folded(node: &Node, inputs: &[Constant]) -> Option<Constant> {
    if !matches!(node.domain.as_str(), "" | "ai.onnx") {
        return None;
    }
    let first = inputs.first()?;
    let second = inputs.get(1);
    match node.operator.value.as_str() {
        "Identity" | "CastLike" => Some(first.clone()),
        "Cast" => {
            // To a whole number; ONNX's numbers of its types.
            let is_whole = (2..=9).contains(&node.whole("to", 1).value);
            match &first.values {
                Some(values) if is_whole => {
                    let values = values.iter().map(|value| value.map(f64::trunc)).collect();
                    Some(Constant::numbers(first.sizes.clone(), values, WHOLE))
                }
                _ if is_whole => None,
                _ => Some(Constant { kind: "float".to_string(), ..first.clone() }),
            }
        }
        "Reshape" => first.reshaped(&node.wholes("shape").map(|sizes| sizes.value).or_else(|| second?.wholes())?),
        "Flatten" => first.reshaped(&[*first.sizes.first()? as i64, -1]),
        "Transpose" => first.transposed(&node.wholes("perm").map(|order| order.value).unwrap_or_default()),
        "Squeeze" | "Unsqueeze" => {
            let axes = node.wholes("axes").map(|axes| axes.value).or_else(|| second?.wholes());
            let is_more = node.operator.value == "Unsqueeze";
            let rank = first.sizes.len() + if is_more { axes.as_ref()?.len() } else { 0 };
            if rank > MOST_AXES {
                return None;
            }
            let place = |axis: &i64| usize::try_from(if *axis < 0 { axis + rank as i64 } else { *axis }).ok();
            let mut sizes = first.sizes.clone();
            match axes {
                Some(axes) => {
                    let mut axes = axes.iter().map(place).collect::<Option<Vec<usize>>>()?;
                    axes.sort_unstable();
                    if is_more {
                        for axis in axes {
                            (axis <= sizes.len()).then(|| sizes.insert(axis, 1))?;
                        }
                    } else {
                        for axis in axes.into_iter().rev() {
                            (axis < sizes.len()).then(|| sizes.remove(axis)).filter(|size| *size == 1)?;
                        }
                    }
                }
                None => sizes.retain(|size| *size != 1),
            }
            Some(Constant { sizes, ..first.clone() })
        }
        "Gather" => first.gathered(second?, node.whole("axis", 0).value),
        "Concat" => {
            let mut all = Vec::new();
            for input in inputs {
                (input.sizes.len() == 1).then_some(())?;
                all.extend(input.values.as_deref()?.iter().copied());
            }
            (all.len() <= 1 << 12).then(|| Constant::list(all))
        }
        "Slice" => {
            let list =
                |key: &str, index: usize| node.wholes(key).map(|all| all.value).or_else(|| inputs.get(index)?.wholes());
            let (starts, ends) = (list("starts", 1)?, list("ends", 2)?);
            let axes = list("axes", 3).unwrap_or_else(|| vec![0]);
            let step = inputs.get(4).map_or(Some(1), |steps| steps.wholes()?.first().copied())?;
            let ([start], [end], [axis]) = (starts.as_slice(), ends.as_slice(), axes.as_slice()) else { return None };
            first.sliced(*axis, *start, *end, step)
        }
        "Shape" => Some(Constant::list(first.sizes.iter().map(|size| Some(*size as f64)).collect())),
        "ConstantOfShape" => {
            let sizes = first.wholes()?;
            let value = node.attribute("value").and_then(|value| value.list().first()?.number()).unwrap_or(0.0);
            let sizes = sizes.iter().map(|size| usize::try_from(*size).ok()).collect::<Option<Vec<usize>>>()?;
            let count = sizes.iter().try_fold(1usize, |count, size| count.checked_mul(*size))?;
            Some(Constant::filled(sizes, count, value))
        }
        "Add" => first.with(second?, |a, b| a + b),
        "Sub" => first.with(second?, |a, b| a - b),
        "Mul" => first.with(second?, |a, b| a * b),
        // Of whole numbers, the whole part.
        "Div" => {
            let is_whole = |constant: &Constant| constant.kind.contains("int");
            let is_whole = is_whole(first) && is_whole(second?);
            first.with(second?, |a, b| if is_whole { (a / b).trunc() } else { a / b })
        }
        "Sqrt" => first.with(first, |a, _| a.sqrt()),
        "Neg" => first.with(first, |a, _| -a),
        "Reciprocal" => first.with(first, |a, _| 1.0 / a),
        "Floor" => first.with(first, |a, _| a.floor()),
        "Ceil" => first.with(first, |a, _| a.ceil()),
        _ => None,
    }
}
