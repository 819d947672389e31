//! Nodes that normalise.

use super::constant::Constant;
use super::graph::Node;
use super::reading::{Data, Each, Known, Made, Open, Reading};
use super::shapes::rounded;
use super::view::View;
use crate::arguments::Value as Argument;
use crate::diagnostic::{Code, Diagnostic};
use crate::import::net::{Call, Order};
use crate::ir::Shape;

/// A norm's weights: a factor and perhaps a summand, or neither so far.
#[derive(Clone, Copy)]
enum Affine<'c> {
    Known(&'c Constant, Option<&'c Constant>),
    Open(Each),
}

impl<'g> Reading<'g> {
    pub fn batch_norm(&mut self, node: &'g Node) -> Made {
        let data = self.of_channels(node)?;
        let channels = self.shape(data.value)?.channels();
        let mut call = Call::new("bn", node.operator.span);
        let eps = node.number("epsilon", 1e-5);
        if eps.value != 1e-5 {
            call = call.with("eps", Argument::Float(rounded(eps.value)), eps.span);
        }
        // There it is the part that stays, here the part that comes in.
        let momentum = node.number("momentum", 0.9);
        let ours = ((1.0 - rounded(momentum.value)) * 1e7).round() / 1e7;
        if ours != 0.1 {
            call = call.with("momentum", Argument::Float(ours), momentum.span);
        }
        let parts = ["weight", "bias", "running_mean", "running_var"];
        let mut constants = Vec::new();
        for (index, part) in parts.iter().enumerate() {
            let constant = self.constant(node, index + 1, part)?;
            if constant.count() != channels {
                let message = format!("{}: {} numbers for {channels} channels", node.title(), constant.count());
                let place = node.input(index + 1).map_or(node.operator.span, |input| input.span);
                return Err(Diagnostic::error(Code::SizeMismatch, place, message).into());
            }
            constants.push(constant);
        }
        let value = self.layer(node, constants.first(), call, vec![data.value])?;
        for (part, constant) in parts.iter().zip(&constants) {
            self.store(node, value, part, constant)?;
        }
        Ok(Known::Data(Data { value, is_sole: true, ..data }))
    }

    /// What a node reads whose first axis is that of the channels.
    fn of_channels(&mut self, node: &'g Node) -> Made<Data> {
        let data = self.arranged(node)?;
        let channels = self.shape(data.value)?.channels();
        match data.view.channel_axis(channels) == Some(0) {
            true => Ok(data),
            false => Err(self.refused(node, "normalises along an axis that is not that of the channels").into()),
        }
    }

    /// What a node reads, with channels and pixels that were exchanged before as a layer that does so.
    fn arranged(&mut self, node: &'g Node) -> Made<Data> {
        let data = self.data(node, 0)?;
        let shape = self.shape(data.value)?;
        let is_own = data.view.channel_axis(shape.channels()).is_some() || data.view.rank() != 4;
        if is_own || !matches!(shape, Shape::Map { .. }) {
            return Ok(data);
        }
        let value = self.map(node, &data)?;
        let view = View::plain(self.shape(value)?);
        Ok(Data { value, view, is_sole: true })
    }

    fn norm(&self, node: &Node, kind: &'static str, usual: f64) -> Call {
        let eps = node.number("epsilon", usual);
        let call = Call::new(kind, node.operator.span);
        if eps.value == 1e-5 { call } else { call.with("eps", Argument::Float(rounded(eps.value)), eps.span) }
    }

    /// Of a map, each channel by itself; of channels that were put into groups, each group.
    pub fn instance_norm(&mut self, node: &'g Node) -> Made {
        let data = self.data(node, 0)?;
        let shape = self.shape(data.value)?;
        let (weight, bias) = (self.constant(node, 1, "scale")?, self.constant(node, 2, "bias")?);
        let groups = data.view.sizes().first().copied().unwrap_or(1);
        let is_grouped = data.view.atoms() == View::plain(shape).atoms();
        let is_plain = data.view == View::plain(shape);
        if !(is_plain || is_grouped && shape.channels().is_multiple_of(groups.max(1))) {
            return Err(self.refused(node, "normalises groups that are not of channels").into());
        }
        let call = self.norm(node, "gn", 1e-5).at(Argument::Int(groups as i64), node.operator.span);
        if is_plain {
            return self.affine(node, data, call, Affine::Known(&weight, Some(&bias)));
        }
        if weight.scalar() != Some(1.0) || bias.scalar() != Some(0.0) {
            return Err(self
                .refused(node, "has a weight for each group of channels, and archc's `gn` for each channel")
                .into());
        }
        self.affine(node, data, call, Affine::Open(Each::Channel))
    }

    pub fn group_norm(&mut self, node: &'g Node) -> Made {
        let data = self.of_channels(node)?;
        let groups = node.whole("num_groups", 1);
        let (weight, bias) = (self.constant(node, 1, "scale")?, self.constant(node, 2, "bias")?);
        let channels = self.shape(data.value)?.channels();
        if weight.count() != channels {
            let why = format!("has {} weights for {channels} channels: one for each group", weight.count());
            return Err(self.refused(node, &why).into());
        }
        let call = self.norm(node, "gn", 1e-5).at(Argument::Int(groups.value), groups.span);
        self.affine(node, data, call, Affine::Known(&weight, Some(&bias)))
    }

    pub fn layer_norm(&mut self, node: &'g Node) -> Made {
        let data = self.arranged(node)?;
        let shape = self.shape(data.value)?;
        let is_parts = super::patterns::is_fused(node);
        let axes: Vec<i64> = match is_parts {
            true => self.wholes(node, "axes", 1)?.map(|axes| axes.value).unwrap_or_default(),
            false => {
                let rank = data.view.rank() as i64;
                let axis = node.whole("axis", -1).value;
                ((if axis < 0 { axis + rank } else { axis }).max(0)..rank).collect()
            }
        };
        let axes = axes.iter().map(|axis| data.view.index(*axis)).collect::<Option<Vec<usize>>>();
        let is_all = axes.as_ref().is_some_and(|axes| data.view.reduced(axes, false).atoms().is_empty())
            && data.view.atoms() == View::plain(shape).atoms();
        let is_channels = axes.as_ref().is_some_and(
            |axes| matches!(axes.as_slice(), [axis] if data.view.channel_axis(shape.channels()) == Some(*axis)),
        );
        let mut call = self.norm(node, "ln", 1e-5);
        if is_channels && matches!(shape, Shape::Map { .. }) {
            call = call.flag("channels", true);
        } else if !is_all {
            return Err(self.refused(node, "normalises along axes that archc's `ln` does not").into());
        }
        if is_parts {
            let each = if is_channels || matches!(shape, Shape::Vector(_)) { Each::Channel } else { Each::Number };
            return self.affine(node, data, call, Affine::Open(each));
        }
        let weight = self.constant(node, 1, "scale")?;
        let bias = self.optional(node, 2, "bias")?;
        self.affine(node, data, call, Affine::Known(&weight, bias.as_ref()))
    }

    /// A norm with its weights, or without them, which may still come.
    fn affine(&mut self, node: &'g Node, data: Data, call: Call, affine: Affine) -> Made {
        let (call, weight) = match affine {
            Affine::Known(weight, _) => (call, Some(weight)),
            Affine::Open(_) => (call.plus("affine", Argument::Bool(false)), None),
        };
        let value = self.layer(node, weight, call, vec![data.value])?;
        match affine {
            Affine::Known(weight, bias) => {
                self.store(node, value, "weight", weight)?;
                match bias {
                    Some(bias) => self.store(node, value, "bias", bias)?,
                    None => self.store_as(value, "bias", "", Order::Filled(0.0)),
                }
            }
            Affine::Open(each) => {
                self.open.insert(value, Open::Affine(each));
            }
        }
        Ok(Known::Data(Data { value, is_sole: true, ..data }))
    }

    pub fn lrn(&mut self, node: &'g Node) -> Made {
        let data = self.of_channels(node)?;
        let size = node.whole("size", 1);
        let is_parts = super::patterns::is_fused(node);
        if size.value % 2 == 0 && !is_parts {
            let why = format!(
                "has a window of {}, which lies one channel further back than archc's: from c − {} to c + {}",
                size.value,
                size.value / 2 - 1,
                size.value / 2
            );
            return Err(self.refused(node, &why).into());
        }
        let span = node.operator.span;
        let mut call = Call::new("lrn", span).at(Argument::Int(size.value), size.span);
        let k = if is_parts { node.number("k", 1.0) } else { node.number("bias", 1.0) };
        for (key, found, usual) in
            [("alpha", node.number("alpha", 1e-4), 1e-4), ("beta", node.number("beta", 0.75), 0.75), ("k", k, 1.0)]
        {
            let value = rounded(found.value);
            if value != usual {
                call = call.with(key, Argument::Float(value), found.span);
            }
        }
        self.in_place(node, call, data)
    }
}
