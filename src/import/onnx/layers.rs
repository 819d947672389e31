//! Nodes with weights: convolutions, matrices, norms.

use super::constant::Constant;
use super::graph::Node;
use super::reading::{Data, Known, Made, Open, Reading};
use super::view::View;
use super::window::geometry;
use crate::arguments::Value as Argument;
use crate::diagnostic::{Code, Diagnostic};
use crate::import::geometry::Geometry;
use crate::import::net::{Call, Value};
use crate::ir::Shape;

impl<'g> Reading<'g> {
    pub fn convolution(&mut self, node: &'g Node, kind: &'static str) -> Made {
        let data = self.data(node, 0)?;
        let weight = self.constant(node, 1, "kernel")?;
        let bias = self.optional(node, 2, "bias")?;
        let &[first, second, high, wide] = weight.sizes.as_slice() else {
            let dimensions = weight.sizes.len().saturating_sub(2);
            let why = format!("slides along {dimensions} dimensions, and archc's layers along two");
            return Err(self.refused(node, &why).into());
        };
        let mut value = self.map(node, &data)?;
        let channels = self.shape(value)?.channels();
        let groups = node.whole("group", 1);
        let is_transposed = kind == "conv_transpose";
        let count = usize::try_from(groups.value).unwrap_or(0);
        let (reads, makes) = match is_transposed {
            true => (Some(first), second.checked_mul(count)),
            false => (second.checked_mul(count), Some(first)),
        };
        if reads != Some(channels) || count == 0 {
            let kernels = weight.sizes.iter().map(usize::to_string).collect::<Vec<_>>().join("×");
            let message = format!("{}: the kernel of {kernels} does not fit what arrives", node.title());
            let place = node.input(1).map_or(node.operator.span, |input| input.span);
            let error = Diagnostic::error(Code::SizeMismatch, place, message);
            let wanted = reads.map_or("too many".to_string(), |reads| reads.to_string());
            let label = format!("it reads {wanted} channels in {} groups, and {channels} arrive", groups.value);
            return Err(error.label(label).into());
        }
        let geometry = geometry(self, node, [high, wide], value)?;
        let span = node.operator.span;
        let makes = makes.unwrap_or_default();
        let is_depthwise = !is_transposed && second == 1 && count == channels && channels > 1;
        let mut call = Call::new(if is_depthwise { "depthwise" } else { kind }, span);
        if !is_depthwise {
            call = call.at(Argument::Int(makes as i64), span);
        }
        call = geometry.sized(call.at(Argument::Size(high as i64, wide as i64), span));
        if is_transposed {
            call = self.transposed(node, call, &geometry)?;
        } else {
            match geometry.even_padding() {
                Some(padding) => call = geometry.padded(call, padding),
                None => value = self.padded(node, value, geometry.pads, None)?,
            }
        }
        call = match (is_depthwise, makes / channels) {
            (true, 1) => call,
            (true, multiplier) => call.plus("multiplier", Argument::Int(multiplier as i64)),
            (false, _) => call.unless(1, "groups", groups),
        };
        if bias.is_none() {
            call = call.plus("bias", Argument::Bool(false));
        }
        let made = self.layer(node, Some(&weight), call, vec![value])?;
        self.weights(node, made, &weight, bias.as_ref())?;
        self.plain(made)
    }

    fn transposed(&mut self, node: &'g Node, call: Call, geometry: &Geometry) -> Made<Call> {
        let is_plain = node.attribute("output_shape").is_none();
        let Some(padding) = geometry.even_padding().filter(|_| is_plain) else {
            return Err(self.refused(node, "cuts more off one side than off the other, which archc's does not").into());
        };
        let call = geometry.padded(call, padding);
        Ok(match node.wholes("output_padding").map(|more| more.value) {
            Some(more) if more.iter().any(|more| *more != 0) => match more.as_slice() {
                [down, across] if down == across => call.plus("output_padding", Argument::Int(*down)),
                [down, across] => call.plus("output_padding", Argument::Size(*down, *across)),
                _ => call,
            },
            _ => call,
        })
    }

    /// Notes both weights of a layer, or that its bias may still come.
    fn weights(&mut self, node: &'g Node, made: Value, weight: &Constant, bias: Option<&Constant>) -> Made<()> {
        self.store(node, made, "weight", weight)?;
        match bias {
            Some(bias) => self.store(node, made, "bias", bias),
            None => {
                self.open.insert(made, Open::Bias);
                Ok(())
            }
        }
    }

    pub fn gemm(&mut self, node: &'g Node) -> Made {
        let data = self.data(node, 0)?;
        let weight = self.constant(node, 1, "matrix")?;
        let bias = self.optional(node, 2, "summand")?;
        for (key, found) in [("alpha", node.number("alpha", 1.0)), ("beta", node.number("beta", 1.0))] {
            if found.value != 1.0 && (key == "alpha" || bias.is_some()) {
                let why = format!("has `{key}` {}, and archc's `linear` no such factor", found.value);
                return Err(self.refused(node, &why).into());
            }
        }
        if node.whole("transA", 0).value != 0 {
            return Err(self.refused(node, "exchanges the batch with the features").into());
        }
        let is_transposed = node.whole("transB", 0).value != 0;
        self.linear(node, data, weight, is_transposed, bias)
    }

    pub fn matmul(&mut self, node: &'g Node) -> Made {
        if let (Known::Data(_), Known::Data(_)) = (self.known(node, 0)?, self.known(node, 1)?) {
            let why = "multiplies computed values with each other, as in attention, and archc's layers have weights";
            return Err(self.refused(node, why).into());
        }
        let data = self.data(node, 0)?;
        let weight = self.constant(node, 1, "matrix")?;
        self.linear(node, data, weight, false, None)
    }

    /// A matrix of inputs × outputs, or the other way round.
    fn linear(
        &mut self,
        node: &'g Node,
        data: Data,
        weight: Constant,
        is_transposed: bool,
        bias: Option<Constant>,
    ) -> Made {
        let (inputs, outputs) = match (weight.sizes.as_slice(), is_transposed) {
            (&[inputs, outputs], false) | (&[outputs, inputs], true) => (inputs, outputs),
            _ => return Err(self.refused(node, "multiplies with what is no matrix").into()),
        };
        let arrive = data.view.sizes().last().copied().unwrap_or(1);
        if arrive != inputs {
            let message = format!("{}: a matrix for {inputs} features, but {arrive} arrive", node.title());
            let place = node.input(1).map_or(node.operator.span, |input| input.span);
            return Err(Diagnostic::error(Code::SizeMismatch, place, message).into());
        }
        let turned = |weight: &Constant| if is_transposed { Some(weight.clone()) } else { weight.transposed(&[1, 0]) };
        let lost = |reading: &Reading| reading.refused(node, "has a matrix that the file does not hold, but computes");
        let shape = self.shape(data.value)?;
        let channels = shape.channels();
        let is_map = matches!(shape, Shape::Map { .. });
        // Over the channels of each position, or over those of the only one if a map is made of them again.
        let is_pointwise = data.view.rank() > 2 || shape.positions() == 1 && self.is_map_again(node);
        if is_map && is_pointwise && data.view.channel_axis(channels) == Some(data.view.axes.len() - 1) {
            let weight = turned(&weight).and_then(|weight| weight.reshaped(&[outputs as i64, inputs as i64, 1, 1]));
            let weight = weight.ok_or_else(|| lost(self))?;
            let made = self.matrix(node, "conv", outputs, &weight, bias.as_ref(), data.value)?;
            let mut view = data.view;
            let axis = view.axes.len() - 1;
            view.axes[axis] = View::plain(Shape::Vector(outputs)).axes.remove(0);
            return Ok(Known::Data(Data { value: made, view, is_sole: true }));
        }
        if data.view.rank() != 2 {
            return Err(self.refused(node, "works along an axis that is not that of the channels").into());
        }
        let last = View::channels_last(shape);
        let (flat, weight) = match shape {
            Shape::Map { channels, height, width }
                if data.view.atoms() == last.atoms() && shape.positions() > 1 && channels > 1 =>
            {
                // Pixel by pixel there, channel by channel here.
                let sizes = [height, width, channels].map(|size| size as i64);
                let (shape, order): ([i64; 4], [i64; 4]) = match is_transposed {
                    true => ([outputs as i64, sizes[0], sizes[1], sizes[2]], [0, 3, 1, 2]),
                    false => ([sizes[0], sizes[1], sizes[2], outputs as i64], [3, 2, 0, 1]),
                };
                let weight = weight.reshaped(&shape).and_then(|weight| weight.transposed(&order));
                (self.flat(node, data.value)?, weight)
            }
            _ => (self.vector(node, &data)?, turned(&weight)),
        };
        let weight = weight.ok_or_else(|| lost(self))?;
        let made = self.matrix(node, "linear", outputs, &weight, bias.as_ref(), flat)?;
        self.plain(made)
    }

    fn matrix(
        &mut self,
        node: &'g Node,
        kind: &'static str,
        outputs: usize,
        weight: &Constant,
        bias: Option<&Constant>,
        value: Value,
    ) -> Made<Value> {
        let span = node.operator.span;
        let mut call = Call::new(kind, span).at(Argument::Int(outputs as i64), span);
        if kind == "conv" {
            call = call.at(Argument::Size(1, 1), span);
        }
        if bias.is_none() {
            call = call.plus("bias", Argument::Bool(false));
        }
        if let Some(bias) = bias.filter(|bias| bias.single_axis().map_or(1, |(_, size)| size) != outputs) {
            let why = format!("adds {} numbers to {outputs} features", bias.count());
            return Err(self.refused(node, &why).into());
        }
        let made = self.layer(node, Some(weight), call, vec![value])?;
        self.weights(node, made, weight, bias)?;
        Ok(made)
    }

    /// Whether what a node makes of a vector becomes a map of one position again, as in squeeze and excitation.
    fn is_map_again(&self, node: &'g Node) -> bool {
        const LONGEST: usize = 12;
        let mut node = node;
        for _ in 0..LONGEST {
            let Some(output) = node.outputs.first() else { return false };
            let Some([reader]) = self.readers.get(output.value.as_str()).map(Vec::as_slice) else { return false };
            node = &self.graph.nodes[*reader];
            match node.operator.value.as_str() {
                "Unsqueeze" => return true,
                "Reshape" => {
                    let Some(sizes) = node.input(1).map(|sizes| sizes.value.as_str()) else { return false };
                    let maker = || Some(&self.graph.nodes[*self.makers.get(sizes)?]);
                    return match self.graph.constants.get(sizes) {
                        Some(sizes) => sizes.count() == 4,
                        None => maker().is_some_and(|node| node.operator.value == "Concat" && node.inputs.len() == 4),
                    };
                }
                "Concat" | "Softmax" | "LogSoftmax" | "Conv" | "Flatten" => return false,
                _ => {}
            }
        }
        false
    }
}
