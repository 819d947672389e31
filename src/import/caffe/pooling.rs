//! Pools, which round up unless told otherwise.

use super::fields::Fields;
use super::lacking;
use super::reading::Reading;
use super::types::Layer;
use crate::diagnostic::{Code, Diagnostic, Spanned};
use crate::import::net::{Call, Value};
use crate::ir::Shape;

impl<'a> Reading<'a> {
    pub fn pooling(&mut self, layer: &Layer<'a>, fields: &Fields<'a>, bottom: Value) -> Option<Call> {
        let span = layer.span;
        let Some(message) = fields.message("pooling_param") else {
            self.report(Diagnostic::error(Code::MissingKey, span, "a pool needs its `pooling_param`"));
            return None;
        };
        let own = fields.inside("`pooling_param`", message);
        own.ignore(&["engine"]);
        let pool = own.word("pool");
        let is_max = match pool.map_or("MAX", |pool| pool.value.as_str()) {
            "MAX" | "0" => true,
            "AVE" | "1" => false,
            other => {
                let place = pool.map_or(span, |pool| pool.span);
                self.report(lacking(place, format!("archc has no pool that is `{other}`")));
                return None;
            }
        };
        let is_global = own.truth("global_pooling", false);
        // The second is what it is called in programs that grew from Caffe before it had the first.
        let rounds_up = own.word("round_mode").is_none_or(|mode| matches!(mode.value.as_str(), "CEIL" | "0"))
            && own.truth("ceil_mode", true);
        let stride = self.sides(&own, "stride", ["stride_h", "stride_w"], Some(1), span);
        let padding = self.sides(&own, "pad", ["pad_h", "pad_w"], Some(0), span);
        if is_global {
            own.ignore(&["kernel_size", "kernel_h", "kernel_w"]);
            own.finish();
            return Some(Call::new(if is_max { "global_maxpool" } else { "global_avgpool" }, span));
        }
        let kernel = self.sides(&own, "kernel_size", ["kernel_h", "kernel_w"], None, span);
        own.finish();
        let (kernel, stride, padding) = (kernel?, stride?, padding?);
        let least = [(&kernel, "kernel_size", 1), (&stride, "stride", 1), (&padding, "pad", 0)];
        for (sides, key, least) in least {
            if let Some(side) = sides.iter().find(|side| side.value < least) {
                let message = format!("`{key}` must be at least {least}");
                let error = Diagnostic::error(Code::InvalidArgument, side.span, message);
                self.report(error.label(format!("found `{}`", side.value)));
                return None;
            }
        }
        let steps = stride.iter().any(|side| side.value > 1);
        self.overshoots(bottom, [&kernel, &stride, &padding]).map_or(Some(()), |error| {
            self.report(error);
            None
        })?;
        let call = Call::new(if is_max { "maxpool" } else { "avgpool" }, span).window(kernel.clone());
        // The stride is the kernel's size here unless given, and 1 there.
        let is_kernel = kernel.iter().zip(&stride).all(|(kernel, stride)| kernel.value == stride.value);
        let call = if is_kernel { call } else { call.size(i64::MIN, "stride", stride) };
        Some(call.size(0, "padding", padding).flag("ceil", rounds_up && steps))
    }

    /// Without padding, Caffe counts a window even if it begins behind the map, and finds nothing in it.
    fn overshoots(&self, bottom: Value, [kernel, stride, padding]: [&[Spanned<i64>; 2]; 3]) -> Option<Diagnostic> {
        let Some(Shape::Map { height, width, .. }) = self.net.shape(bottom) else { return None };
        if padding.iter().any(|side| side.value > 0) {
            return None;
        }
        for (index, size) in [height as i64, width as i64].into_iter().enumerate() {
            let (kernel, stride) = (kernel[index].value, &stride[index]);
            // ⌈(W − F)/S⌉·S, where the last window begins.
            let last = (size - kernel).max(0).saturating_add(stride.value - 1) / stride.value * stride.value;
            if last >= size {
                let message = "the last window of this pool begins behind the map, where Caffe finds nothing";
                let error = Diagnostic::error(Code::WindowDoesNotFit, stride.span, message);
                return Some(error.label(format!("⌈({size} − {kernel})/{0}⌉·{0} = {last} ≥ {size}", stride.value)));
            }
        }
        None
    }
}
