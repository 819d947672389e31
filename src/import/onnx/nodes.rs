//! Every operator, and what it is in the language.

use super::constant::Constant;
use super::graph::Node;
use super::joins::rescaled;
use super::patterns;
use super::reading::{Data, Failure, Known, Made, Reading};
use super::shapes::rounded;
use crate::arguments::Value as Argument;
use crate::import::net::{Call, Order, Value};

/// Numbers that are moved by more lose a digit that others show.
const FARTHEST: f64 = 256.0;

impl<'g> Reading<'g> {
    /// What a node makes.
    pub fn node(&mut self, node: &'g Node) -> Made<Vec<Known>> {
        if let Some(found) = self.worked_out(node)? {
            return Ok(vec![Known::Constant(found)]);
        }
        if patterns::is_fused(node) {
            return Ok(vec![self.fused(node)?]);
        }
        if !matches!(node.domain.as_str(), "" | "ai.onnx") {
            let why = format!("is an operator of `{}`, not of ONNX, and archc knows nothing of it", node.domain);
            return Err(self.refused(node, &why).into());
        }
        let made = match node.operator.value.as_str() {
            "Split" => return self.split(node),
            "Identity" | "Cast" | "CastLike" | "Dropout" | "Flatten" | "Reshape" | "Squeeze" | "Unsqueeze"
            | "Transpose" | "Shape" | "Expand" => self.rearranged(node)?,
            "Conv" => self.convolution(node, "conv")?,
            "ConvTranspose" => self.convolution(node, "conv_transpose")?,
            "Gemm" => self.gemm(node)?,
            "MatMul" => self.matmul(node)?,
            "BatchNormalization" => self.batch_norm(node)?,
            "InstanceNormalization" => self.instance_norm(node)?,
            "GroupNormalization" => self.group_norm(node)?,
            "LayerNormalization" => self.layer_norm(node)?,
            "LRN" => self.lrn(node)?,
            "MaxPool" => self.max_pool(node)?,
            "AveragePool" => self.average_pool(node)?,
            "GlobalAveragePool" => self.global(node, "global_avgpool")?,
            "GlobalMaxPool" => self.global(node, "global_maxpool")?,
            "ReduceMean" => self.reduced(node, "global_avgpool")?,
            "ReduceMax" => self.reduced(node, "global_maxpool")?,
            "Add" | "Sub" | "Mul" | "Div" => self.binary(node)?,
            "Sum" => self.merged(node, "add")?,
            "Mean" => self.merged(node, "mean")?,
            "Max" => self.merged(node, "max")?,
            "Concat" => self.concat(node)?,
            "Slice" => self.slice(node)?,
            "Gather" => self.gather(node)?,
            "Pad" => self.pad(node)?,
            "Resize" | "Upsample" => self.resize(node)?,
            "DepthToSpace" => self.depth_to_space(node)?,
            "SpaceToDepth" => self.space_to_depth(node)?,
            "PRelu" => self.prelu(node)?,
            "Softmax" | "LogSoftmax" => self.softmax(node)?,
            _ => self.activation(node)?,
        };
        Ok(vec![made])
    }

    /// What several nodes come to.
    fn fused(&mut self, node: &'g Node) -> Made {
        let span = node.operator.span;
        let call = match node.operator.value.as_str() {
            patterns::SILU => Call::new("silu", span),
            patterns::MISH => Call::new("mish", span),
            patterns::HARD_SWISH => Call::new("hardswish", span),
            patterns::HARD_SIGMOID => Call::new("hardsigmoid", span),
            patterns::GELU => Call::new("gelu", span),
            patterns::RELU6 => Call::new("relu6", span),
            patterns::GELU_TANH => return Err(self.tanh_gelu(node)),
            patterns::SOFTPLUS => {
                let mut call = Call::new("softplus", span);
                for (key, usual) in [("beta", 1.0), ("threshold", 20.0)] {
                    let found = node.number(key, usual);
                    if found.value != usual {
                        call = call.plus(key, Argument::Float(found.value));
                    }
                }
                call
            }
            patterns::LRN => return self.lrn(node),
            patterns::PRELU => return self.prelu(node),
            patterns::MIXED => return self.mixed(node),
            _ => return self.layer_norm(node),
        };
        self.element_wise(node, call)
    }

    fn tanh_gelu(&self, node: &Node) -> Failure {
        let why =
            "is GELU by a tangent, which differs from archc's `gelu`, by the error function, from the fourth digit on";
        self.refused(node, why).into()
    }

    /// A layer that works on each number by itself.
    pub fn element_wise(&mut self, node: &'g Node, call: Call) -> Made {
        let data = self.data(node, 0)?;
        self.in_place(node, call, data)
    }

    /// A layer without weights whose result has the axes of what it reads.
    pub fn in_place(&mut self, node: &'g Node, call: Call, data: Data) -> Made {
        let value = self.layer(node, None, call, vec![data.value])?;
        Ok(Known::Data(Data { value, is_sole: true, ..data }))
    }

    fn activation(&mut self, node: &'g Node) -> Made {
        let span = node.operator.span;
        let plain = |kind| Call::new(kind, span);
        let call = match node.operator.value.as_str() {
            "Relu" => plain("relu"),
            "Sigmoid" => plain("sigmoid"),
            "Tanh" => plain("tanh"),
            "Softplus" => plain("softplus"),
            "Mish" => plain("mish"),
            "HardSwish" => plain("hardswish"),
            "Swish" if node.number("alpha", 1.0).value == 1.0 => plain("silu"),
            "Gelu" if node.text("approximate").is_none_or(|how| how == "none") => plain("gelu"),
            "Gelu" => return Err(self.tanh_gelu(node)),
            "Neg" => plain("mul").at(Argument::Float(-1.0), span),
            "Sqrt" => plain("power").at(Argument::Float(0.5), span),
            "Reciprocal" => plain("power").at(Argument::Float(-1.0), span),
            "Pow" => match self.constant(node, 1, "exponent")?.scalar() {
                Some(exponent) => plain("power").at(Argument::Float(rounded(exponent)), span),
                None => return Err(self.refused(node, "raises to powers that are computed, or more than one").into()),
            },
            "Selu" => {
                let alpha = rounded(node.number("alpha", 1.673_263_2).value);
                let gamma = rounded(node.number("gamma", 1.050_701).value);
                let data = self.data(node, 0)?;
                let value =
                    self.beside(node, "elu", plain("elu").at(Argument::Float(alpha), span), vec![data.value])?;
                let data = Data { value, is_sole: true, ..data };
                return self.in_place(node, plain("mul").at(Argument::Float(gamma), span), data);
            }
            "LeakyRelu" => {
                let slope = node.number("alpha", 0.01);
                plain("leaky_relu").at(Argument::Float(slope.value), slope.span)
            }
            "Elu" | "Celu" => {
                let alpha = node.number("alpha", 1.0);
                if node.operator.value == "Celu" && alpha.value != 1.0 {
                    return Err(self.refused(node, "divides by `alpha`, which archc's `elu` does not").into());
                }
                match alpha.value {
                    1.0 => plain("elu"),
                    value => plain("elu").at(Argument::Float(value), alpha.span),
                }
            }
            "HardSigmoid" => {
                // α·x + β is z/6 + 1/2 of another z.
                let (alpha, beta) = (node.number("alpha", 0.2).value, node.number("beta", 0.5).value);
                let data = self.data(node, 0)?;
                let value = self.moved(node, "scale", data.value, 6.0 * alpha, 6.0 * beta - 3.0)?;
                return self.in_place(node, plain("hardsigmoid"), Data { value, ..data });
            }
            "Clip" => {
                let bound = |index, key: &str| -> Made<Option<f64>> {
                    match self.optional(node, index, "bounds")? {
                        Some(bound) => Ok(bound.scalar()),
                        None => Ok(node.attribute(key).and_then(|bound| bound.number())),
                    }
                };
                // The smallest and the largest number in single precision are written for none.
                let is_bound = |bound: &f64| bound.abs() < f64::from(f32::MAX);
                let (low, high) = (bound(1, "min")?.filter(is_bound), bound(2, "max")?.filter(is_bound));
                return self.cut(node, low, high);
            }
            operator => {
                let why = lacking(operator);
                return Err(self.refused(node, why).into());
            }
        };
        self.element_wise(node, call)
    }

    /// factor·x + shift; nothing if that is x to single precision.
    fn moved(&mut self, node: &Node, suffix: &str, value: Value, factor: f64, shift: f64) -> Made<Value> {
        let (factor, shift) = (f64::from(factor as f32), f64::from(shift as f32));
        if (factor - 1.0).abs() < 1e-6 && shift.abs() < 1e-6 {
            return Ok(value);
        }
        self.beside(node, suffix, rescaled(node, factor, shift), vec![value])
    }

    /// Numbers not below the one and not above the other: by way of 0 to 6, or of 0 onwards.
    fn cut(&mut self, node: &'g Node, low: Option<f64>, high: Option<f64>) -> Made {
        let (kind, factor, start) = match (low, high) {
            (None, None) => return self.element_wise(node, Call::new("identity", node.operator.span)),
            (Some(low), None) => ("relu", 1.0, low),
            (None, Some(high)) => ("relu", -1.0, high),
            (Some(low), Some(high)) if low < high => ("relu6", (high - low) / 6.0, low),
            (Some(low), Some(high)) => {
                return Err(self.refused(node, &format!("cuts to {low}…{high}, which is one number")).into());
            }
        };
        if let Some(far) = [low, high].into_iter().flatten().find(|bound| bound.abs() > FARTHEST) {
            return Err(self
                .refused(node, &format!("cuts at {far}, by way of which small numbers lose digits"))
                .into());
        }
        let data = self.data(node, 0)?;
        let value = self.moved(node, "from", data.value, 1.0 / factor, -start / factor)?;
        let value = self.layer(node, None, Call::new(kind, node.operator.span), vec![value])?;
        let value = self.moved(node, "to", value, factor, start)?;
        Ok(Known::Data(Data { value, is_sole: true, ..data }))
    }

    fn prelu(&mut self, node: &'g Node) -> Made {
        let Data { value, view, .. } = self.data(node, 0)?;
        let slopes = self.constant(node, 1, "slopes")?;
        let channels = self.shape(value)?.channels();
        let is_each = slopes.count() > 1;
        if is_each && !self.is_of_channels(&slopes, &view, channels) {
            return Err(self.refused(node, "has slopes that differ from place to place, not by channel alone").into());
        }
        let call = Call::new("prelu", node.operator.span).flag("channels", is_each);
        let value = self.layer(node, Some(&slopes), call, vec![value])?;
        match &slopes.origin {
            // Put together from parts, it has them with the other sign.
            Some(origin) if patterns::is_fused(node) && origin.order == Order::Same => {
                self.store_as(value, "weight", &origin.name.value, Order::Negative);
            }
            Some(_) if patterns::is_fused(node) => {
                return Err(self.refused(node, "has slopes in another order").into());
            }
            _ => self.store(node, value, "weight", &slopes)?,
        }
        Ok(Known::Data(Data { value, view, is_sole: true }))
    }

    /// Whether constant numbers that are stretched over a value are one for each channel.
    pub fn is_of_channels(&self, constant: &Constant, view: &super::view::View, channels: usize) -> bool {
        let axis = match constant.single_axis() {
            Some((axis, size)) if size == channels => axis,
            None if constant.count() == 1 && channels == 1 => return true,
            _ => return false,
        };
        let index = view.axes.len().checked_sub(1 + axis);
        index.is_some_and(|index| view.channel_axis(channels) == Some(index))
    }

    fn softmax(&mut self, node: &'g Node) -> Made {
        let data = self.data(node, 0)?;
        let usual = if self.graph.opset < 13 { 1 } else { -1 };
        let axis = node.whole("axis", usual);
        let channels = self.shape(data.value)?.channels();
        let index = data.view.index(axis.value);
        let groups = index.and_then(|index| data.view.groups(index, channels));
        let Some(groups) = groups else {
            let why = format!("works along axis {}, which is not that of the channels", axis.value);
            return Err(self.refused(node, &why).into());
        };
        let is_end = node.outputs.first().is_some_and(|output| !self.readers.contains_key(output.value.as_str()));
        if node.operator.value == "LogSoftmax" && !is_end {
            return Err(self.refused(node, "is in archc only where a network ends").into());
        }
        let mut call = Call::new("softmax", node.operator.span);
        if groups > 1 {
            call = call.plus("groups", Argument::Int(groups as i64));
        }
        let value = self.layer(node, None, call, vec![data.value])?;
        let view = data.view.clone();
        if groups == 1 {
            self.softmaxes.push((value, data));
        }
        Ok(Known::Data(Data { value, view, is_sole: true }))
    }
}

/// What an operator is that the language has no layer for.
fn lacking(operator: &str) -> &'static str {
    match operator {
        "LSTM" | "GRU" | "RNN" => "remembers earlier inputs, and archc has no layer that does",
        "If" | "Loop" | "Scan" | "SequenceMap" => "decides while it runs, and a network of archc is fixed",
        "QuantizeLinear"
        | "DequantizeLinear"
        | "DynamicQuantizeLinear"
        | "QLinearConv"
        | "QLinearMatMul"
        | "ConvInteger"
        | "MatMulInteger" => "works on whole numbers: the network is quantised; export it before that",
        "NonMaxSuppression" | "RoiAlign" | "MaxRoiPool" | "TopK" => {
            "belongs to the head of a detector, and archc's networks classify"
        }
        "GridSample" | "AffineGrid" | "DeformConv" => {
            "reads pixels at places that it computes; archc has no such layer"
        }
        "Attention" | "Einsum" => "multiplies computed values with each other, and archc's layers have weights",
        "ArgMax" | "ArgMin" => "chooses a class, which archc does from the scores: export the network without it",
        _ => "is in archc's language as no layer",
    }
}
