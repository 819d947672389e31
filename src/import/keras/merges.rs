//! Layers that read several values, and those that only look at one in another way.

use super::model::{Data, Layer, Made, Reading};
use super::named;
use crate::arguments::Value as Argument;
use crate::diagnostic::{Code, Diagnostic};
use crate::import::json::Json;
use crate::import::net::{Call, Value};
use crate::ir::Shape;

impl Reading {
    /// Values that are all maps or all vectors.
    fn alike(&mut self, layer: &Layer<'_>, inputs: &[Data]) -> Made<Vec<Value>> {
        if inputs.iter().all(|data| !data.is_flat) || inputs.iter().all(|data| data.is_flat && self.is_point(*data)) {
            return Ok(inputs.iter().map(|data| data.value).collect());
        }
        let mut values = Vec::new();
        for (index, data) in inputs.iter().enumerate() {
            if data.is_flat && !self.is_point(*data) {
                let message = format!("`{}` joins maps that are flattened pixel by pixel", layer.name.value);
                return Err(Diagnostic::error(Code::UnknownName, layer.class.span, message).into());
            }
            let name = named(&self.full(layer), &format!("flatten{index}"));
            values.push(if data.is_flat { self.flattened(&name, data.value)? } else { data.value });
        }
        Ok(values)
    }

    pub fn is_point(&self, data: Data) -> bool {
        self.net.shape(data.value).is_some_and(|shape| shape.positions() == 1)
    }

    /// A map as a vector, channel by channel.
    pub fn flattened(&mut self, name: &crate::diagnostic::Spanned<String>, value: Value) -> Made<Value> {
        match self.net.shape(value) {
            Some(Shape::Vector(_)) => Ok(value),
            _ => self.add(name, Call::new("flatten", name.span), vec![value]),
        }
    }

    pub fn merge(&mut self, layer: &Layer<'_>, inputs: &[Data], kind: &'static str) -> Made {
        if kind == "concat" {
            let axis = layer.whole("axis", -1);
            let rank = if inputs
                .first()
                .is_some_and(|data| !data.is_flat && matches!(self.net.shape(data.value), Some(Shape::Map { .. })))
            {
                3
            } else {
                1
            };
            if axis.value != -1 && axis.value != rank {
                let message = format!(
                    "`{}` joins along axis {}, and archc's layers along the channels",
                    layer.name.value, axis.value
                );
                return Err(Diagnostic::error(Code::InvalidArgument, axis.span, message).into());
            }
        }
        let values = self.alike(layer, inputs)?;
        if let [value] = values.as_slice() {
            return Ok(Data { value: *value, ..inputs[0] });
        }
        let value = self.combined(layer, kind, values)?;
        let is_flat =
            inputs.iter().all(|data| data.is_flat) && matches!(self.net.shape(value), Some(Shape::Map { .. }));
        Ok(Data { value, is_flat })
    }

    /// Differences and means by the layers of which they consist.
    fn combined(&mut self, layer: &Layer<'_>, kind: &'static str, mut values: Vec<Value>) -> Made<Value> {
        let (name, span) = (self.full(layer), layer.class.span);
        let times = |factor: f64| Call::new("mul", span).at(Argument::Float(factor), span);
        match kind {
            "sub" => {
                let last = values.split_off(1);
                values.push(self.add(&named(&name, "negative"), times(-1.0), last)?);
                self.add(&name, Call::new("add", span), values)
            }
            "mean" => {
                let share = 1.0 / values.len() as f64;
                let sum = self.add(&named(&name, "sum"), Call::new("add", span), values)?;
                self.add(&name, times(share), vec![sum])
            }
            _ => self.add(&name, Call::new(kind, span), values),
        }
    }

    /// A sum of which the second part is multiplied by a number, as in InceptionResNetV2.
    pub fn scaled_sum(&mut self, layer: &Layer<'_>, first: Data, second: Data) -> Made {
        let scale = layer.number("scale", 1.0);
        let call = Call::new("mul", scale.span).at(Argument::Float(scale.value), scale.span);
        let second = self.element_wise(&named(&self.full(layer), "scale"), call, second, false)?;
        self.merge(layer, &[first, second], "add")
    }

    /// A map as a vector there; here it stays a map until something needs it.
    pub fn flatten(&mut self, data: Data) -> Made {
        let is_flat = matches!(self.shape(data)?, Shape::Map { .. });
        Ok(Data { is_flat, ..data })
    }

    pub fn reshape(&mut self, layer: &Layer<'_>, data: Data) -> Made {
        let shape = self.shape(data)?;
        let sizes: Vec<i64> =
            layer.get("target_shape").map(Json::list).unwrap_or_default().iter().filter_map(Json::whole).collect();
        let channels = shape.channels() as i64;
        let all = shape.elements() as i64;
        let is = |size: i64, wanted: i64| size == wanted || size == -1;
        match (sizes.as_slice(), shape) {
            (&[size], _) if is(size, all) => self.flatten(data),
            (&[1, 1, size], Shape::Map { height: 1, width: 1, .. }) if is(size, channels) => {
                Ok(Data { is_flat: false, ..data })
            }
            (&[high, wide, size], Shape::Map { height, width, .. })
                if !data.is_flat && is(high, height as i64) && is(wide, width as i64) && is(size, channels) =>
            {
                Ok(data)
            }
            (&[high, wide, size], Shape::Vector(features)) => {
                let open = [high, wide, size].iter().filter(|size| **size == -1).count();
                let sizes =
                    [high, wide, size].map(|size| if size == -1 { 1 } else { usize::try_from(size).unwrap_or(0) });
                let known =
                    sizes.iter().try_fold(1usize, |all, size| all.checked_mul(*size)).filter(|known| *known > 0);
                let whole =
                    known.filter(|known| open < 2 && features % known == 0 && (open == 1 || features == *known));
                let Some(known) = whole else {
                    let message = format!("`{}` does not take {features} features", layer.name.value);
                    return Err(Diagnostic::error(Code::SizeMismatch, layer.class.span, message).into());
                };
                let index = |given: i64, size: usize| if given == -1 { features / known } else { size };
                let [height, width, channels] = [index(high, sizes[0]), index(wide, sizes[1]), index(size, sizes[2])];
                self.unflattened(layer, data, [channels, height, width])
            }
            (sizes, _) => {
                let sizes = sizes.iter().map(i64::to_string).collect::<Vec<_>>().join("×");
                let message = format!("`{}` makes {sizes} of {shape}, which no layer of archc does", layer.name.value);
                Err(Diagnostic::error(Code::UnknownName, layer.class.span, message).into())
            }
        }
    }

    /// A vector as a map. There its features are pixel by pixel, here channel by channel: a shuffle of channels
    /// exchanges them.
    fn unflattened(&mut self, layer: &Layer<'_>, data: Data, [channels, height, width]: [usize; 3]) -> Made {
        let (span, name) = (layer.class.span, self.full(layer));
        let positions = height * width;
        let mut value = data.value;
        if channels > 1 && positions > 1 {
            let point = Call::unflatten([channels * positions, 1, 1], span);
            value = self.add(&named(&name, "features"), point, vec![value])?;
            let shuffle = Call::new("channel_shuffle", span).at(Argument::Int(positions as i64), span);
            value = self.add(&named(&name, "by_channel"), shuffle, vec![value])?;
            value = self.flattened(&named(&name, "flatten"), value)?;
        }
        let made = self.add(&name, Call::unflatten([channels, height, width], span), vec![value])?;
        Ok(Reading::plain(made))
    }
}
