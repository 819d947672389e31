//! Sums, products and concatenations: of computed values, or of one with constants.

use super::constant::Constant;
use super::graph::Node;
use super::reading::{Data, Each, Failure, Known, Made, Open, Reading};
use super::shapes::rounded;
use super::view::{Axis, View};
use crate::arguments::Value as Argument;
use crate::diagnostic::{Code, Diagnostic};
use crate::import::net::{Call, Order, Value};
use crate::ir::Shape;

/// What is done with constant numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
enum How {
    Add,
    Subtract,
    Multiply,
    Divide,
}

impl<'g> Reading<'g> {
    pub fn binary(&mut self, node: &'g Node) -> Made {
        let how = match node.operator.value.as_str() {
            "Add" => How::Add,
            "Sub" => How::Subtract,
            "Mul" => How::Multiply,
            _ => How::Divide,
        };
        match (self.known(node, 0)?, self.known(node, 1)?, how) {
            (Known::Data(_), Known::Data(_), How::Add) => self.merged(node, "add"),
            (Known::Data(_), Known::Data(_), How::Multiply) => self.merged(node, "mul"),
            (Known::Data(_), Known::Data(_), How::Subtract) => self.merged(node, "sub"),
            (Known::Data(_), Known::Constant(constant), _) => self.with_constant(node, 0, how, &constant),
            (Known::Constant(constant), Known::Data(_), How::Add | How::Multiply) => {
                self.with_constant(node, 1, how, &constant)
            }
            (Known::Constant(constant), Known::Data(data), How::Subtract) if constant.count() == 1 => {
                let shift = constant.scalar().ok_or_else(|| self.refused(node, "subtracts from what is computed"))?;
                self.in_place(node, rescaled(node, -1.0, shift), data)
            }
            (Known::Data(_), Known::Data(_), _) => {
                Err(self.refused(node, "divides a computed value by another, for which archc has no layer").into())
            }
            _ => Err(self
                .refused(node, "has the constant before the computed value, which is in no layer of archc")
                .into()),
        }
    }

    /// The inputs, which must look at their values in the same way; a product stretches those of one position.
    pub fn merged(&mut self, node: &'g Node, kind: &'static str) -> Made {
        let mut inputs = Vec::new();
        for index in 0..node.inputs.len() {
            inputs.push(self.data(node, index)?);
        }
        if let [only] = inputs.as_slice() {
            return Ok(Known::Data(only.clone()));
        }
        let Some(first) = inputs.first().map(|data| data.view.clone()) else {
            return Err(self.refused(node, "has no inputs").into());
        };
        // A product stretches axes of size 1, which run through nothing.
        let stretched = |own: &Axis, other: &Axis| match (own.is_empty(), other.is_empty()) {
            (true, _) if kind == "mul" => Some(other.clone()),
            (_, true) if kind == "mul" => Some(own.clone()),
            _ => (own == other).then(|| own.clone()),
        };
        let joined = inputs.iter().try_fold(first, |view, data| {
            let axes = view.axes.iter().zip(&data.view.axes).map(|(own, other)| stretched(own, other));
            let axes = axes.collect::<Option<Vec<Axis>>>()?;
            (view.rank() == data.view.rank()).then_some(View { axes })
        });
        let Some(largest) = joined else { return Err(self.disagreeing(node, &inputs, kind)) };
        // As vectors, if one of them is none but has only one position.
        let is_flat = |reading: &Reading, data: &Data| matches!(reading.net.shape(data.value), Some(Shape::Vector(_)));
        let some_flat = inputs.iter().any(|data| is_flat(self, data));
        let mut values = Vec::new();
        for data in &inputs {
            values.push(if some_flat { self.vector(node, data)? } else { data.value });
        }
        let value = self.combined(node, kind, values)?;
        Ok(Known::Data(Data { value, view: largest, is_sole: true }))
    }

    /// Differences and means by the layers of which they consist.
    fn combined(&mut self, node: &'g Node, kind: &'static str, mut values: Vec<Value>) -> Made<Value> {
        let span = node.operator.span;
        let times = |factor: f64| Call::new("mul", span).at(Argument::Float(factor), span);
        match kind {
            "sub" => {
                let last = values.split_off(1);
                values.push(self.layer(node, None, times(-1.0), last)?);
                self.layer(node, None, Call::new("add", span), values)
            }
            "mean" => {
                let share = 1.0 / values.len() as f64;
                let sum = self.layer(node, None, Call::new("add", span), values)?;
                self.layer(node, None, times(share), vec![sum])
            }
            _ => self.layer(node, None, Call::new(kind, span), values),
        }
    }

    fn disagreeing(&self, node: &Node, inputs: &[Data], kind: &str) -> Failure {
        let shown = |data: &Data| {
            let sizes: Vec<String> = data.view.sizes().iter().map(usize::to_string).collect();
            sizes.join("×")
        };
        let all: Vec<String> = inputs.iter().map(shown).collect();
        let does = match kind {
            "mul" => "multiply",
            "sub" => "subtract",
            "max" => "compare",
            _ => "add",
        };
        let message = format!("{}: cannot {does} {}", node.title(), all.join(" and "));
        let label = match kind {
            "mul" => "of each example; shapes must agree, or have one position",
            _ => "of each example; shapes must agree",
        };
        Diagnostic::error(Code::InputsDisagree, node.operator.span, message).label(label).into()
    }

    /// A number for each channel, or one for all, that is added or multiplied.
    fn with_constant(&mut self, node: &'g Node, index: usize, how: How, constant: &Constant) -> Made {
        let data = self.data(node, index)?;
        let shape = self.shape(data.value)?;
        let channels = shape.channels();
        let is_sum = matches!(how, How::Add | How::Subtract);
        match constant.scalar() {
            Some(0.0) if is_sum && constant.count() == 1 => return Ok(Known::Data(data)),
            Some(1.0) if !is_sum && constant.count() == 1 => return Ok(Known::Data(data)),
            _ => {}
        }
        let is_each = match self.open.get(&data.value) {
            Some(Open::Affine(Each::Number) | Open::Shift(Each::Number)) => {
                data.view == View::plain(shape) && constant.sizes == data.view.sizes()
            }
            _ => self.is_of_channels(constant, &data.view, channels),
        };
        let scalar = constant.scalar().filter(|_| constant.count() == 1);
        if !is_each && scalar.is_none() {
            let sizes = constant.sizes.iter().map(usize::to_string).collect::<Vec<_>>().join("×");
            let why = format!(
                "takes constants of {sizes}, and archc's layers one for each channel, of which there are {channels}"
            );
            return Err(self.refused(node, &why).into());
        }
        let taken = |number: f64| match how {
            How::Subtract => -number,
            How::Divide => 1.0 / number,
            _ => number,
        };
        let source = match (is_each, &constant.origin, scalar, constant.scalar()) {
            (true, Some(origin), ..) => Source::Tensor(origin.name.value.clone(), origin.order),
            (_, _, Some(scalar), _) => Source::Number(taken(scalar)),
            (true, None, _, Some(every)) => Source::Tensor(String::new(), Order::Filled(taken(every) as f32)),
            _ => return Err(self.refused(node, "takes numbers that the file does not hold, but computes").into()),
        };
        let order = match (how, &source) {
            (_, Source::Number(number)) => Order::Filled(*number as f32),
            (_, Source::Tensor(_, filled @ Order::Filled(_))) => *filled,
            (How::Add | How::Multiply, Source::Tensor(_, order)) => *order,
            (How::Subtract, Source::Tensor(_, Order::Same)) => Order::Negative,
            (How::Divide, Source::Tensor(_, Order::Same)) => Order::Inverse,
            _ => return Err(self.refused(node, "takes numbers that the file has in another order").into()),
        };
        let tensor = match &source {
            Source::Tensor(name, _) => name.as_str(),
            Source::Number(_) => "",
        };
        if let Some(made) = self.completed(&data, is_sum, tensor, order) {
            return Ok(made);
        }
        // A number that is not stored as one for each channel.
        let is_number = channels > 1 || constant.sizes.len() < 2 && data.view.rank() > 2;
        if let Some(number) = scalar.filter(|_| is_number) {
            let call = match how {
                How::Add => rescaled(node, 1.0, number),
                How::Subtract => rescaled(node, 1.0, -number),
                How::Multiply => rescaled(node, number, 0.0),
                How::Divide => rescaled(node, 1.0 / number, 0.0),
            };
            return self.in_place(node, call, data);
        }
        let call = Call::new("scale", node.operator.span).flag("bias", is_sum);
        let made = self.layer(node, Some(constant), call, vec![data.value])?;
        match is_sum {
            true => {
                self.store_as(made, "weight", "", Order::Filled(1.0));
                self.store_as(made, "bias", tensor, order);
            }
            false => {
                self.store_as(made, "", tensor, order);
                self.open.insert(made, Open::Summand);
            }
        }
        Ok(Known::Data(Data { value: made, is_sole: true, ..data }))
    }

    /// The constants as weights of the layer before, which lacks them.
    fn completed(&mut self, data: &Data, is_sum: bool, tensor: &str, order: Order) -> Option<Known> {
        let Data { value, .. } = *data;
        let open = *self.open.get(&value).filter(|_| data.is_sole)?;
        match (open, is_sum) {
            (Open::Bias, true) => {
                self.net.drop_argument(value, "bias");
                self.store_as(value, "bias", tensor, order);
                self.open.remove(&value);
            }
            (Open::Summand, true) => {
                self.net.set_flag(value, "bias");
                self.store_again(value, "", "weight");
                self.store_as(value, "bias", tensor, order);
                self.open.remove(&value);
            }
            (Open::Affine(each), false) => {
                self.net.drop_argument(value, "affine");
                self.store_as(value, "weight", tensor, order);
                self.store_as(value, "bias", "", Order::Filled(0.0));
                self.open.insert(value, Open::Shift(each));
            }
            (Open::Affine(_), true) => {
                self.net.drop_argument(value, "affine");
                self.store_as(value, "weight", "", Order::Filled(1.0));
                self.store_as(value, "bias", tensor, order);
                self.open.remove(&value);
            }
            (Open::Shift(_), true) => {
                self.store_as(value, "bias", tensor, order);
                self.open.remove(&value);
            }
            _ => return None,
        }
        Some(Known::Data(data.clone()))
    }

    pub fn concat(&mut self, node: &'g Node) -> Made {
        let mut inputs = Vec::new();
        for index in 0..node.inputs.len() {
            inputs.push(self.data(node, index)?);
        }
        let Some(first) = inputs.first().cloned() else { return Err(self.refused(node, "has no inputs").into()) };
        if inputs.len() == 1 {
            return Ok(Known::Data(first));
        }
        let axis = node.whole("axis", 1);
        let index = first.view.index(axis.value);
        let mut is_of_channels = index.is_some();
        for data in &inputs {
            let channels = self.shape(data.value)?.channels();
            let is_own = data.view.channel_axis(channels) == index;
            let others = |view: &View| {
                view.axes
                    .iter()
                    .enumerate()
                    .filter(|(at, _)| Some(*at) != index)
                    .map(|(_, axis)| axis.clone())
                    .collect::<Vec<Axis>>()
            };
            is_of_channels &= is_own && others(&data.view) == others(&first.view);
        }
        let span = node.operator.span;
        if is_of_channels {
            let some_flat = inputs.iter().any(|data| matches!(self.net.shape(data.value), Some(Shape::Vector(_))));
            let mut values = Vec::new();
            for data in &inputs {
                values.push(if some_flat { self.vector(node, data)? } else { data.value });
            }
            let value = self.layer(node, None, Call::new("concat", span), values)?;
            let mut view = first.view;
            let channels = self.shape(value)?.channels();
            view.axes[index.unwrap_or_default()] = View::plain(Shape::Vector(channels)).axes.remove(0);
            return Ok(Known::Data(Data { value, view, is_sole: true }));
        }
        if index == Some(0) && inputs.iter().all(|data| data.view.rank() == 2) {
            let mut values = Vec::new();
            for data in &inputs {
                values.push(self.vector(node, data)?);
            }
            let value = self.layer(node, None, Call::new("concat", span), values)?;
            return self.plain(value);
        }
        if index == Some(0) && inputs.iter().all(|data| data.view.rank() == 4) {
            let mut values = Vec::new();
            for data in &inputs {
                values.push(self.map(node, data)?);
            }
            let value = self.layer(node, None, Call::new("concat", span), values)?;
            return self.plain(value);
        }
        let why = format!("joins along axis {}, and archc's layers along the channels", axis.value);
        Err(self.refused(node, &why).into())
    }
}

/// factor·x + shift.
pub fn rescaled(node: &Node, factor: f64, shift: f64) -> Call {
    Call::rescaled(rounded(factor), rounded(shift), node.operator.span)
}

/// Where a weight comes from.
enum Source {
    Tensor(String, Order),
    Number(f64),
}
