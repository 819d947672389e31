//! Every class of layers, and what it is in the language.

use super::model::{Data, Layer, Made, Reading};
use super::named;
use crate::arguments::Value as Argument;
use crate::diagnostic::{Code, Diagnostic, Spanned, nearest};
use crate::import::geometry::{self, Geometry};
use crate::import::net::{Call, Order, Value};
use crate::ir::Shape;

/// Layers that do something to the images of training alone.
const DRAWN: [&str; 9] = [
    "RandomFlip",
    "RandomRotation",
    "RandomZoom",
    "RandomTranslation",
    "RandomContrast",
    "RandomBrightness",
    "RandomCrop",
    "RandomHeight",
    "RandomWidth",
];

/// Those that are read.
const KNOWN: [&str; 36] = [
    "Activation",
    "Add",
    "AveragePooling2D",
    "BatchNormalization",
    "Concatenate",
    "Conv2D",
    "Conv2DTranspose",
    "Dense",
    "DepthwiseConv2D",
    "Dropout",
    "ELU",
    "Flatten",
    "GlobalAveragePooling2D",
    "GlobalMaxPooling2D",
    "GroupNormalization",
    "InputLayer",
    "LayerNormalization",
    "LeakyReLU",
    "MaxPooling2D",
    "Maximum",
    "Multiply",
    "Normalization",
    "PReLU",
    "ReLU",
    "Rescaling",
    "Reshape",
    "SeparableConv2D",
    "Softmax",
    "UpSampling2D",
    "ZeroPadding2D",
    "Cropping2D",
    "Identity",
    "ActivityRegularization",
    "SpatialDropout2D",
    "GaussianNoise",
    "GaussianDropout",
];

impl Reading {
    /// What a layer makes.
    pub fn build(&mut self, layer: &Layer<'_>, inputs: &[Data], is_map_again: bool) -> Made {
        let class = layer.class.value.as_str();
        if layer.is_function {
            return self.function(layer, inputs);
        }
        match class {
            "Add" => return self.merge(layer, inputs, "add"),
            "Multiply" => return self.merge(layer, inputs, "mul"),
            "Maximum" => return self.merge(layer, inputs, "max"),
            "Subtract" => return self.merge(layer, inputs, "sub"),
            "Average" => return self.merge(layer, inputs, "mean"),
            "Concatenate" => return self.merge(layer, inputs, "concat"),
            _ => {}
        }
        if let ("CustomScaleLayer", &[first, second]) = (class, inputs) {
            return self.scaled_sum(layer, first, second);
        }
        let &[data] = inputs else {
            let message = format!("`{}` reads one value, and here are {}", layer.name.value, inputs.len());
            return Err(Diagnostic::error(Code::InvalidArgument, layer.class.span, message).into());
        };
        if layer.text("data_format").is_some_and(|format| format != "channels_last") {
            let place = layer.get("data_format").map_or(layer.class.span, |format| format.span);
            let message =
                format!("`{}` has its channels first; models with the channels last are read", layer.name.value);
            return Err(Diagnostic::error(Code::InvalidArgument, place, message).into());
        }
        let (span, name) = (layer.class.span, self.full(layer));
        match class {
            "InputLayer" | "Identity" | "ActivityRegularization" => Ok(data),
            "Conv2D" | "Convolution2D" => self.convolution(layer, data),
            "DepthwiseConv2D" => self.depthwise(layer, data),
            "SeparableConv2D" | "SeparableConvolution2D" => self.separable(layer, data),
            "Conv2DTranspose" | "Convolution2DTranspose" => self.transposed(layer, data),
            "Dense" => self.dense(layer, data, is_map_again),
            "BatchNormalization" => self.batch_norm(layer, data),
            "LayerNormalization" => self.layer_norm(layer, data),
            "GroupNormalization" => self.group_norm(layer, data),
            "Normalization" => self.normalization(layer, data),
            "Rescaling" => self.rescaling(layer, data),
            "MaxPooling2D" | "MaxPool2D" => self.pool(layer, data, "maxpool"),
            "AveragePooling2D" | "AvgPool2D" => self.pool(layer, data, "avgpool"),
            "GlobalAveragePooling2D" | "GlobalAvgPool2D" => self.global(layer, data, "global_avgpool"),
            "GlobalMaxPooling2D" | "GlobalMaxPool2D" => self.global(layer, data, "global_maxpool"),
            "Flatten" => self.flatten(data),
            "Reshape" => self.reshape(layer, data),
            "ZeroPadding2D" => self.zero_padding(layer, data),
            "Cropping2D" => self.cropping(layer, data),
            "UpSampling2D" => self.upsampling(layer, data),
            "Activation" => match layer.get("activation") {
                Some(json) => self.activation(layer, json, &name, data),
                None => Ok(data),
            },
            "ReLU" => self.relu(layer, data),
            "LeakyReLU" => {
                let slope = if layer.get("alpha").is_some() {
                    layer.number("alpha", 0.3)
                } else {
                    layer.number("negative_slope", 0.3)
                };
                let call = Call::new("leaky_relu", span).at(Argument::Float(slope.value), slope.span);
                self.element_wise(&name, call, data, false)
            }
            "ELU" => {
                let alpha = layer.number("alpha", 1.0);
                let call = Call::new("elu", span);
                let call = if alpha.value == 1.0 { call } else { call.at(Argument::Float(alpha.value), alpha.span) };
                self.element_wise(&name, call, data, false)
            }
            "PReLU" => self.prelu(layer, data),
            "Softmax" => {
                let axis = layer.whole("axis", -1);
                if axis.value != -1 {
                    let message =
                        format!("`{}` works along axis {}, not along the channels", layer.name.value, axis.value);
                    return Err(Diagnostic::error(Code::InvalidArgument, axis.span, message).into());
                }
                self.element_wise(&name, Call::new("softmax", span), data, true)
            }
            "LayerScale" => self.layer_scale(layer, data),
            // Of ConvNeXt: whole examples are dropped.
            "StochasticDepth" => {
                let rate = layer.number("drop_path_rate", 0.0);
                let call = Call::new("drop_path", span).at(Argument::Float(rate.value), rate.span);
                self.element_wise(&name, call, data, false)
            }
            "Dropout" => {
                let rate = layer.number("rate", 0.5);
                let call = Call::new("dropout", span).at(Argument::Float(rate.value), rate.span);
                self.element_wise(&name, call, data, false)
            }
            "SpatialDropout2D" | "GaussianNoise" | "GaussianDropout" => {
                let message = format!("`{}` is left out: archc has no `{class}`, which only trains", layer.name.value);
                self.problems.push(Diagnostic::warning(Code::Unused, span, message));
                Ok(data)
            }
            _ if DRAWN.contains(&class) => {
                let message = format!(
                    "`{}` is left out: what happens to the images of training stands under `data:` here",
                    layer.name.value
                );
                self.problems.push(Diagnostic::warning(Code::Unused, span, message));
                Ok(data)
            }
            _ => Err(unknown(layer).into()),
        }
    }

    pub fn geometry(
        &self,
        layer: &Layer<'_>,
        value: Value,
        kernel: [usize; 2],
        strides: &str,
        dilation: [usize; 2],
    ) -> Made<Geometry> {
        let shape = self.shape(Reading::plain(value))?;
        let Shape::Map { height, width, .. } = shape else {
            let message = format!("`{}` slides over a map, and a vector arrives", layer.name.value);
            return Err(Diagnostic::error(Code::WrongRank, layer.class.span, message).into());
        };
        let usual = if strides == "strides" && layer.get("pool_size").is_some() { kernel } else { [1, 1] };
        let stride = match layer.get("strides") {
            Some(_) => layer.pair("strides", 1)?,
            None => Spanned::new(usual, layer.class.span),
        };
        let dilation = Spanned::new(dilation, layer.class.span);
        let geometry = Geometry { kernel, stride, dilation, pads: [0; 4], sides: [height, width] };
        if !geometry.is_reasonable() || dilation_is_zero(&geometry) {
            let message = format!("`{}` has sizes that are no window", layer.name.value);
            return Err(Diagnostic::error(Code::InvalidArgument, layer.class.span, message).into());
        }
        match layer.text("padding").unwrap_or("valid") {
            "valid" => Ok(geometry),
            "same" => Ok(geometry.same(false)),
            other => {
                let place = layer.get("padding").map_or(layer.class.span, |padding| padding.span);
                let message = format!("`{}` pads by `{other}`, which archc's layers do not", layer.name.value);
                Err(Diagnostic::error(Code::InvalidArgument, place, message).into())
            }
        }
    }

    /// The call with its padding, and what it reads: padded beforehand where one side gets more.
    pub fn sized(&mut self, layer: &Layer<'_>, call: Call, geometry: &Geometry, value: Value) -> Made<(Call, Value)> {
        let call = geometry.sized(call.window(geometry.kernel.map(|size| Spanned::new(size as i64, layer.class.span))));
        match geometry.even_padding() {
            Some(padding) => Ok((geometry.padded(call, padding), value)),
            None => {
                let name = named(&self.full(layer), "pad");
                let pad = geometry::pad(layer.class.span, geometry.pads, None);
                Ok((call, self.add(&name, pad, vec![value])?))
            }
        }
    }

    fn dense(&mut self, layer: &Layer<'_>, data: Data, is_map_again: bool) -> Made {
        let units = layer.whole("units", 0);
        let outputs = units.value.max(0) as usize;
        let shape = self.shape(data)?;
        let span = layer.class.span;
        let matrix = |inputs: usize| Order::permuted(&[inputs, outputs], &[1, 0]);
        let is_point = shape.positions() == 1;
        let is_map = matches!(shape, Shape::Map { .. });
        let at = |kind| Call::new(kind, span).at(Argument::Int(units.value), units.span);
        // Over the channels of each position, or over those of the only one if a map is made of them again.
        if is_map && (!data.is_flat || is_point && is_map_again) {
            let call = at("conv").at(Argument::Size(1, 1), span);
            let made = self.with_weights(layer, call, data.value, "kernel", matrix(shape.channels()))?;
            return self.activated(layer, Data { value: made, ..data });
        }
        let order = match shape {
            // Pixel by pixel there, channel by channel here.
            Shape::Map { channels, height, width } if !is_point => {
                Order::permuted(&[height, width, channels, outputs], &[3, 2, 0, 1])
            }
            _ => matrix(shape.elements()),
        };
        let flat = self.flattened(&named(&self.full(layer), "flatten"), data.value)?;
        let made = self.with_weights(layer, at("linear"), flat, "kernel", order)?;
        self.activated(layer, Reading::plain(made))
    }

    fn pool(&mut self, layer: &Layer<'_>, data: Data, kind: &'static str) -> Made {
        let value = self.map(layer, data)?;
        let geometry = self.geometry(layer, value, layer.pair("pool_size", 2)?.value, "strides", [1, 1])?;
        let (span, name) = (layer.class.span, self.full(layer));
        let [top, left, ..] = geometry.pads;
        if let Some(ceil) = geometry.evened(false) {
            let call = geometry.pool(kind, span, [top, left], ceil);
            let counts = kind == "avgpool" && top + left > 0;
            let call = if counts { call.plus("count_include_pad", Argument::Bool(false)) } else { call };
            return Ok(Reading::plain(self.add(&name, call, vec![value])?));
        }
        if kind == "avgpool" {
            let message = format!("`{}` leaves out padding in a way that archc's `avgpool` does not", layer.name.value);
            return Err(Diagnostic::error(Code::UnknownName, span, message).into());
        }
        // A pixel of the edge once more changes no maximum of a window that it lies in already.
        let pad = geometry::pad(span, geometry.pads, Some("replicate"));
        let padded = self.add(&named(&name, "pad"), pad, vec![value])?;
        Ok(Reading::plain(self.add(&name, geometry.pool(kind, span, [0, 0], false), vec![padded])?))
    }

    fn global(&mut self, layer: &Layer<'_>, data: Data, kind: &'static str) -> Made {
        let value = self.map(layer, data)?;
        let made = self.add(&self.full(layer), Call::new(kind, layer.class.span), vec![value])?;
        Ok(Data { value: made, is_flat: !layer.truth("keepdims", false) })
    }

    fn zero_padding(&mut self, layer: &Layer<'_>, data: Data) -> Made {
        let value = self.map(layer, data)?;
        let [top, bottom, left, right] = four_sides(layer, "padding")?;
        let call = geometry::pad(layer.class.span, [top, left, bottom, right], None);
        Ok(Reading::plain(self.add(&self.full(layer), call, vec![value])?))
    }

    fn cropping(&mut self, layer: &Layer<'_>, data: Data) -> Made {
        let value = self.map(layer, data)?;
        let call = geometry::crop(layer.class.span, four_sides(layer, "cropping")?);
        Ok(Reading::plain(self.add(&self.full(layer), call, vec![value])?))
    }

    fn upsampling(&mut self, layer: &Layer<'_>, data: Data) -> Made {
        let value = self.map(layer, data)?;
        let size = layer.pair("size", 2)?;
        let how = layer.text("interpolation").unwrap_or("nearest");
        if !matches!(how, "nearest" | "bilinear") {
            let message = format!("`{}` enlarges by `{how}`, which archc's `upsample` does not", layer.name.value);
            return Err(Diagnostic::error(Code::UnknownName, layer.class.span, message).into());
        }
        let [down, across] = size.value.map(|size| size as i64);
        let scale = if down == across { Argument::Int(down) } else { Argument::Size(down, across) };
        let call = Call::new("upsample", layer.class.span).at(scale, size.span).flag("bilinear", how == "bilinear");
        Ok(Reading::plain(self.add(&self.full(layer), call, vec![value])?))
    }

    fn prelu(&mut self, layer: &Layer<'_>, data: Data) -> Made {
        let shape = self.shape(data)?;
        let shared: Vec<i64> = layer
            .get("shared_axes")
            .map(|axes| axes.list().iter().filter_map(|axis| axis.whole()).collect())
            .unwrap_or_default();
        let is_each = match shape {
            Shape::Map { .. } => shared == [1, 2] || shape.positions() == 1,
            Shape::Vector(_) => shared.is_empty(),
        };
        if !is_each && shared != [1, 2, 3] || data.is_flat && shape.positions() > 1 {
            let message = format!(
                "`{}` has a slope for each position; archc's `prelu` has one for each channel",
                layer.name.value
            );
            return Err(Diagnostic::error(Code::UnknownName, layer.class.span, message).into());
        }
        let call = Call::new("prelu", layer.class.span).flag("channels", is_each);
        let made = self.add(&self.full(layer), call, vec![data.value])?;
        self.store(layer, made, "weight", 0, "alpha", Order::Same);
        Ok(Data { value: made, ..data })
    }
}

fn dilation_is_zero(geometry: &Geometry) -> bool {
    geometry.dilation.value.contains(&0)
}

/// Rows and columns at the top, bottom, left and right, as one number, two, or two of two.
fn four_sides(layer: &Layer<'_>, key: &str) -> Result<[usize; 4], Diagnostic> {
    let all: Option<Vec<usize>> = layer.get(key).and_then(|json| match json.list() {
        [] => Some(vec![usize::try_from(json.whole()?).ok()?; 4]),
        sides => {
            let mut all = Vec::new();
            for side in sides {
                match side.list() {
                    [before, behind] => all.extend([before.whole()?, behind.whole()?]),
                    _ => all.extend([side.whole()?; 2]),
                }
            }
            all.into_iter().map(|pixels| usize::try_from(pixels).ok().filter(|pixels| *pixels < 1 << 24)).collect()
        }
    });
    match all.as_deref() {
        Some(&[top, bottom, left, right]) => Ok([top, bottom, left, right]),
        _ => {
            let message = format!("`{key}` of `{}` is not that of two sides", layer.name.value);
            Err(Diagnostic::error(Code::InvalidArgument, layer.class.span, message))
        }
    }
}

/// That a class is none that archc can build.
fn unknown(layer: &Layer<'_>) -> Diagnostic {
    let class = layer.class.value.as_str();
    let why = match class {
        "LSTM" | "GRU" | "SimpleRNN" | "Bidirectional" | "TimeDistributed" | "ConvLSTM2D" => {
            ", which remembers earlier inputs"
        }
        "MultiHeadAttention" | "Attention" | "AdditiveAttention" => {
            ", which multiplies computed values with each other"
        }
        "Lambda" => ", which is code",
        "Resizing" | "CenterCrop" => ": such a step stands under `data:` here",
        "Minimum" | "Dot" => ": values are added, subtracted, multiplied, averaged, compared or concatenated",
        "Conv1D" | "Conv3D" | "MaxPooling1D" | "MaxPooling3D" | "GlobalAveragePooling1D" => {
            ": its layers have two dimensions"
        }
        "Permute" => ", which exchanges axes",
        _ => "",
    };
    let message = format!("`{}`: archc has no layer for `{class}`{why}", layer.name.value);
    let error = Diagnostic::error(Code::UnknownName, layer.class.span, message);
    match nearest(class, KNOWN).filter(|_| why.is_empty()) {
        Some(near) => error.help(format!("did you mean `{near}`?")),
        None => error,
    }
}
