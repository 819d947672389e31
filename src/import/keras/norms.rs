//! Layers that normalise, and those that prepare images.

use super::model::{Data, Layer, Made, Reading};
use crate::arguments::Value as Argument;
use crate::diagnostic::{Code, Diagnostic};
use crate::import::json::Json;
use crate::import::net::{Call, Order};
use crate::ir::Shape;

/// Without what subtraction adds: 1 − 0.99 is 0.01.
fn rounded(number: f64) -> f64 {
    (number * 1e12).round() / 1e12
}

impl Reading {
    /// That a layer works along the last axis, which is that of the channels.
    fn check_axis(&self, layer: &Layer<'_>, data: Data) -> Made<()> {
        let rank = if matches!(self.shape(data)?, Shape::Map { .. }) && !data.is_flat { 3 } else { 1 };
        let axis = layer.get("axis");
        let found = axis.map(|axis| {
            axis.list()
                .iter()
                .chain((axis.list().is_empty()).then_some(axis))
                .filter_map(Json::whole)
                .collect::<Vec<i64>>()
        });
        match found.as_deref() {
            None | Some([-1]) => Ok(()),
            Some(&[axis]) if axis == rank => Ok(()),
            _ => {
                let place = axis.map_or(layer.class.span, |axis| axis.span);
                let message = format!("`{}` does not normalise along the channels", layer.name.value);
                Err(Diagnostic::error(Code::InvalidArgument, place, message).into())
            }
        }
    }

    fn norm(&self, layer: &Layer<'_>, kind: &'static str) -> Call {
        let eps = layer.number("epsilon", 1e-3);
        let call = Call::new(kind, layer.class.span);
        if eps.value == 1e-5 { call } else { call.with("eps", Argument::Float(eps.value), eps.span) }
    }

    /// A norm that has some of its two weights: what it has not is one, or zero.
    fn affine(&mut self, layer: &Layer<'_>, data: Data, call: Call, others: &[(&str, &str)]) -> Made {
        if data.is_flat && !self.is_point(data) {
            let message = format!("`{}` normalises a map that is flattened pixel by pixel", layer.name.value);
            return Err(Diagnostic::error(Code::UnknownName, layer.class.span, message).into());
        }
        let (scale, center) = (layer.truth("scale", true), layer.truth("center", true));
        let call = if scale || center { call } else { call.plus("affine", Argument::Bool(false)) };
        let made = self.add(&self.full(layer), call, vec![data.value])?;
        let mut index = 0;
        let mut parts = Vec::new();
        if scale || center {
            parts.push(("weight", "gamma", scale, 1.0));
            parts.push(("bias", "beta", center, 0.0));
        }
        parts.extend(others.iter().map(|(own, there)| (*own, *there, true, 0.0)));
        for (own, there, is_stored, otherwise) in parts {
            let order = if is_stored { Order::Same } else { Order::Filled(otherwise) };
            self.store(layer, made, own, index, there, order);
            index += usize::from(is_stored);
        }
        Ok(Data { value: made, ..data })
    }

    pub fn batch_norm(&mut self, layer: &Layer<'_>, data: Data) -> Made {
        self.check_axis(layer, data)?;
        let momentum = layer.number("momentum", 0.99);
        // There it is the part that stays, here the part that comes in.
        let ours = rounded(1.0 - momentum.value);
        let call = self.norm(layer, "bn");
        let call = if ours == 0.1 { call } else { call.with("momentum", Argument::Float(ours), momentum.span) };
        self.affine(layer, data, call, &[("running_mean", "moving_mean"), ("running_var", "moving_variance")])
    }

    pub fn layer_norm(&mut self, layer: &Layer<'_>, data: Data) -> Made {
        self.check_axis(layer, data)?;
        let is_map = matches!(self.shape(data)?, Shape::Map { .. });
        let call = self.norm(layer, "ln").flag("channels", is_map);
        self.affine(layer, data, call, &[])
    }

    pub fn group_norm(&mut self, layer: &Layer<'_>, data: Data) -> Made {
        self.check_axis(layer, data)?;
        let groups = layer.whole("groups", 32);
        let channels = self.shape(data)?.channels() as i64;
        // All channels are as many groups.
        let count = if groups.value == -1 { channels } else { groups.value };
        let call = self.norm(layer, "gn").at(Argument::Int(count), groups.span);
        self.affine(layer, data, call, &[])
    }

    /// A factor and a summand for each channel; their numbers are `values`, or in the file under these names.
    fn scaled(&mut self, layer: &Layer<'_>, data: Data, values: [String; 2]) -> Made {
        let value = self.map(layer, data)?;
        let call = Call::new("scale", layer.class.span).flag("bias", true);
        let made = self.add(&self.full(layer), call, vec![value])?;
        for (own, there) in ["weight", "bias"].into_iter().zip(values) {
            self.store(layer, made, own, 0, &there, Order::Same);
        }
        Ok(Reading::plain(made))
    }

    /// A factor for each channel that is learnt.
    pub fn layer_scale(&mut self, layer: &Layer<'_>, data: Data) -> Made {
        let init = layer.number("init_values", 1.0);
        let call = Call::new("scale", layer.class.span);
        let call = if init.value == 1.0 { call } else { call.with("init", Argument::Float(init.value), init.span) };
        let made = self.add(&self.full(layer), call, vec![data.value])?;
        self.store(layer, made, "", 0, "gamma", Order::Same);
        Ok(Data { value: made, ..data })
    }

    pub fn rescaling(&mut self, layer: &Layer<'_>, data: Data) -> Made {
        let channels = self.shape(data)?.channels();
        let numbers = |key: &str, usual: f64| -> Made<Vec<f64>> {
            let found = match layer.get(key) {
                None => vec![usual; channels],
                Some(json) => match json.number() {
                    Some(number) => vec![number; channels],
                    None => json.list().iter().filter_map(Json::number).collect(),
                },
            };
            if found.len() == channels {
                return Ok(found);
            }
            let place = layer.get(key).map_or(layer.class.span, |json| json.span);
            let message =
                format!("`{key}` of `{}` has {} numbers for {channels} channels", layer.name.value, found.len());
            Err(Diagnostic::error(Code::SizeMismatch, place, message).into())
        };
        let (scale, offset) = (numbers("scale", 1.0)?, numbers("offset", 0.0)?);
        self.rescaled(layer, data, &scale, &offset)
    }

    /// Numbers of the description: constants, where they are the same for all channels.
    fn rescaled(&mut self, layer: &Layer<'_>, data: Data, scale: &[f64], offset: &[f64]) -> Made {
        let all = |numbers: &[f64]| numbers.first().copied().filter(|first| numbers.iter().all(|one| one == first));
        let (Some(factor), Some(summand)) = (all(scale), all(offset)) else {
            return self.scaled(layer, data, [list(scale), list(offset)]);
        };
        self.element_wise(&self.full(layer), Call::rescaled(factor, summand, layer.class.span), data, false)
    }

    /// (x − mean)/max(√variance, 1e-7), of numbers that the description has or the file.
    pub fn normalization(&mut self, layer: &Layer<'_>, data: Data) -> Made {
        self.check_axis(layer, data)?;
        if layer.truth("invert", false) {
            let message = format!("`{}` goes back to what was before a normalisation", layer.name.value);
            return Err(Diagnostic::error(Code::UnknownName, layer.class.span, message).into());
        }
        let channels = self.shape(data)?.channels();
        let numbers = |key: &str| -> Option<Vec<f64>> {
            let json = layer.get(key)?;
            let all = flat(json);
            match all.as_slice() {
                [number] => Some(vec![*number; channels]),
                _ => (all.len() == channels).then_some(all),
            }
        };
        match (numbers("mean"), numbers("variance")) {
            (Some(mean), Some(variance)) => {
                let scale: Vec<f64> = variance.iter().map(|variance| 1.0 / variance.sqrt().max(1e-7)).collect();
                let offset: Vec<f64> = mean.iter().zip(&scale).map(|(mean, scale)| -mean * scale).collect();
                self.rescaled(layer, data, &scale, &offset)
            }
            _ => self.scaled(layer, data, [super::weights::SCALE.to_string(), super::weights::OFFSET.to_string()]),
        }
    }
}

/// All numbers, in however many lists they lie.
fn flat(json: &Json) -> Vec<f64> {
    match json.number() {
        Some(number) => vec![number],
        None => json
            .list()
            .iter()
            .flat_map(|json| json.number().into_iter().chain(json.list().iter().filter_map(Json::number)))
            .collect(),
    }
}

/// Numbers as the name of an array that is not in the file.
fn list(numbers: &[f64]) -> String {
    let all: Vec<String> = numbers.iter().map(f64::to_string).collect();
    format!("={}", all.join(" "))
}
