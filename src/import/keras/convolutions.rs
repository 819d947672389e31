//! Convolutions of all kinds. The channels come last in their kernels.

use super::model::{Data, Layer, Made, Reading};
use crate::arguments::Value as Argument;
use crate::diagnostic::{Code, Diagnostic, Spanned};
use crate::import::geometry::Geometry;
use crate::import::net::{Call, Order, Value};

impl Reading {
    pub fn convolution(&mut self, layer: &Layer<'_>, data: Data) -> Made {
        let value = self.map(layer, data)?;
        let filters = layer.whole("filters", 0);
        let geometry = self.geometry(
            layer,
            value,
            layer.pair("kernel_size", 1)?.value,
            "",
            layer.pair("dilation_rate", 1)?.value,
        )?;
        let call = Call::new("conv", layer.class.span).at(Argument::Int(filters.value), filters.span);
        let (call, value) = self.sized(layer, call, &geometry, value)?;
        let groups = layer.whole("groups", 1);
        let inputs = self.shape(Reading::plain(value))?.channels() / usize::try_from(groups.value.max(1)).unwrap_or(1);
        let call = call.unless(1, "groups", groups);
        let [high, wide] = geometry.kernel;
        let order = Order::permuted(&[high, wide, inputs, filters.value.max(0) as usize], &[3, 2, 0, 1]);
        let made = self.with_weights(layer, call, value, "kernel", order)?;
        self.activated(layer, Reading::plain(made))
    }

    /// A layer with a kernel, and with a bias where it has one.
    pub fn with_weights(
        &mut self,
        layer: &Layer<'_>,
        call: Call,
        value: Value,
        kernel: &str,
        order: Order,
    ) -> Made<Value> {
        let bias = layer.truth("use_bias", true);
        let call = if bias { call } else { call.plus("bias", Argument::Bool(false)) };
        let made = self.add(&self.full(layer), call, vec![value])?;
        self.store(layer, made, "weight", 0, kernel, order);
        if bias {
            self.store(layer, made, "bias", 1, "bias", Order::Same);
        }
        Ok(made)
    }

    pub fn depthwise(&mut self, layer: &Layer<'_>, data: Data) -> Made {
        let value = self.map(layer, data)?;
        let geometry = self.geometry(
            layer,
            value,
            layer.pair("kernel_size", 1)?.value,
            "",
            layer.pair("dilation_rate", 1)?.value,
        )?;
        let multiplier = layer.whole("depth_multiplier", 1);
        let (call, value) = self.sized(layer, Call::new("depthwise", layer.class.span), &geometry, value)?;
        let order = self.of_depthwise(value, &geometry, &multiplier)?;
        let made =
            self.with_weights(layer, call.unless(1, "multiplier", multiplier), value, "depthwise_kernel", order)?;
        self.activated(layer, Reading::plain(made))
    }

    /// Height × width × channels × multiplier there.
    fn of_depthwise(&self, value: Value, geometry: &Geometry, multiplier: &Spanned<i64>) -> Made<Order> {
        let channels = self.shape(Reading::plain(value))?.channels();
        let [high, wide] = geometry.kernel;
        Ok(Order::permuted(&[high, wide, channels, multiplier.value.max(0) as usize], &[2, 3, 0, 1]))
    }

    pub fn separable(&mut self, layer: &Layer<'_>, data: Data) -> Made {
        let value = self.map(layer, data)?;
        let geometry = self.geometry(
            layer,
            value,
            layer.pair("kernel_size", 1)?.value,
            "",
            layer.pair("dilation_rate", 1)?.value,
        )?;
        let multiplier = layer.whole("depth_multiplier", 1);
        let span = layer.class.span;
        let (call, value) = self.sized(layer, Call::new("depthwise", span), &geometry, value)?;
        let order = self.of_depthwise(value, &geometry, &multiplier)?;
        let call = call.unless(1, "multiplier", multiplier).plus("bias", Argument::Bool(false));
        let Spanned { value: name, span: place } = self.full(layer);
        let deep = self.add(&Spanned::new(format!("{name}/depthwise"), place), call, vec![value])?;
        self.store(layer, deep, "weight", 0, "depthwise_kernel", order);
        let filters = layer.whole("filters", 0);
        let bias = layer.truth("use_bias", true);
        let call =
            Call::new("conv", span).at(Argument::Int(filters.value), filters.span).at(Argument::Size(1, 1), span);
        let call = if bias { call } else { call.plus("bias", Argument::Bool(false)) };
        let made = self.add(&Spanned::new(format!("{name}/pointwise"), place), call, vec![deep])?;
        let inputs = self.shape(Reading::plain(deep))?.channels();
        let order = Order::permuted(&[inputs, filters.value.max(0) as usize], &[1, 0]);
        self.store(layer, made, "weight", 1, "pointwise_kernel", order);
        if bias {
            self.store(layer, made, "bias", 2, "bias", Order::Same);
        }
        self.activated(layer, Reading::plain(made))
    }

    /// Of `same`, TensorFlow cuts off what is too much; only what comes off both sides alike can be said.
    pub fn transposed(&mut self, layer: &Layer<'_>, data: Data) -> Made {
        let value = self.map(layer, data)?;
        let (kernel, stride) = (layer.pair("kernel_size", 1)?, layer.pair("strides", 1)?);
        let dilation = layer.pair("dilation_rate", 1)?;
        let is_same = layer.text("padding") == Some("same");
        let mut padding = [0; 2];
        let mut more = [0; 2];
        for axis in 0..2 {
            let (kernel, stride) = (kernel.value[axis], stride.value[axis]);
            match (is_same, kernel.checked_sub(stride)) {
                (true, Some(excess)) if dilation.value == [1, 1] => {
                    // The output is the input's size times the stride, and the smaller half comes off before.
                    padding[axis] = excess / 2;
                    if excess % 2 == 1 {
                        // One more comes off behind than before: as PyTorch counts, the padding is the larger half.
                        let message = format!(
                            "`{}` cuts {excess} rows or columns off, one more behind than before, which archc's `conv_transpose` does not",
                            layer.name.value
                        );
                        return Err(Diagnostic::error(Code::UnknownName, layer.class.span, message).into());
                    }
                }
                (false, Some(_)) => {}
                (false, None) => more[axis] = stride - kernel,
                _ => {
                    let message =
                        format!("`{}` pads in a way that archc's `conv_transpose` does not", layer.name.value);
                    return Err(Diagnostic::error(Code::UnknownName, layer.class.span, message).into());
                }
            }
        }
        let filters = layer.whole("filters", 0);
        let side = |pair: [usize; 2], span| pair.map(|size| Spanned::new(size as i64, span));
        let call = Call::new("conv_transpose", layer.class.span)
            .at(Argument::Int(filters.value), filters.span)
            .window(side(kernel.value, kernel.span))
            .size(1, "stride", side(stride.value, stride.span))
            .size(0, "padding", side(padding, layer.class.span))
            .size(1, "dilation", side(dilation.value, dilation.span))
            .size(0, "output_padding", side(more, layer.class.span));
        let inputs = self.shape(Reading::plain(value))?.channels();
        let [high, wide] = kernel.value;
        let order = Order::permuted(&[high, wide, filters.value.max(0) as usize, inputs], &[3, 2, 0, 1]);
        let made = self.with_weights(layer, call, value, "kernel", order)?;
        self.activated(layer, Reading::plain(made))
    }
}
