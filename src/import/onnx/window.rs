//! Windows that slide over a map, and pixels around it.

use super::constant::Constant;
use super::graph::Node;
use super::reading::{Data, Known, Made, Reading};
use super::view::View;
use crate::arguments::Value as Argument;
use crate::diagnostic::Spanned;
use crate::import::geometry::{self, Geometry};
use crate::import::net::{Call, Value};
use crate::ir::Shape;

fn pair(node: &Node, key: &str, usual: [usize; 2]) -> Option<Spanned<[usize; 2]>> {
    let Some(found) = node.wholes(key) else { return Some(Spanned::new(usual, node.operator.span)) };
    let &[height, width] = found.value.as_slice() else { return None };
    let size = |size: i64| usize::try_from(size).ok().filter(|size| *size > 0);
    Some(Spanned::new([size(height)?, size(width)?], found.span))
}

/// The window of a node over a value.
pub fn geometry(reading: &Reading, node: &Node, kernel: [usize; 2], value: Value) -> Made<Geometry> {
    let Shape::Map { height, width, .. } = reading.shape(value)? else {
        return Err(reading.refused(node, "slides over a map, and a vector arrives").into());
    };
    let geometry = read(node, kernel, [height, width]);
    geometry.ok_or_else(|| reading.refused(node, "has sizes that are no window of two dimensions").into())
}

fn read(node: &Node, kernel: [usize; 2], sides: [usize; 2]) -> Option<Geometry> {
    if pair(node, "kernel_shape", kernel)?.value != kernel {
        return None;
    }
    let (stride, dilation) = (pair(node, "strides", [1, 1])?, pair(node, "dilations", [1, 1])?);
    let mut geometry = Geometry { kernel, stride, dilation, pads: [0; 4], sides };
    if let Some(found) = node.wholes("pads") {
        let found = found.value.iter().map(|pad| usize::try_from(*pad).ok());
        geometry.pads = found.collect::<Option<Vec<usize>>>()?.try_into().ok()?;
    }
    if !geometry.is_reasonable() {
        return None;
    }
    match node.text("auto_pad") {
        None | Some("" | "NOTSET") => Some(geometry),
        Some("VALID") => Some(Geometry { pads: [0; 4], ..geometry }),
        Some("SAME_UPPER") => Some(geometry.same(false)),
        Some("SAME_LOWER") => Some(geometry.same(true)),
        Some(_) => None,
    }
}

impl<'g> Reading<'g> {
    /// Rows and columns of zeros, or of another kind, around a map: above, to the left, below, to the right.
    pub fn padded(
        &mut self,
        node: &'g Node,
        value: Value,
        pads: [usize; 4],
        fill: Option<&'static str>,
    ) -> Made<Value> {
        let call = geometry::pad(node.operator.span, pads, fill);
        self.beside(node, "pad", call, vec![value])
    }

    fn pool(&mut self, node: &'g Node) -> Made<(Value, Geometry, bool)> {
        let data = self.data(node, 0)?;
        let value = self.map(node, &data)?;
        let Some(kernel) = pair(node, "kernel_shape", [0, 0]) else {
            return Err(self.refused(node, "slides along other than two dimensions").into());
        };
        let geometry = self::geometry(self, node, kernel.value, value)?;
        Ok((value, geometry, node.whole("ceil_mode", 0).value != 0))
    }

    pub fn max_pool(&mut self, node: &'g Node) -> Made {
        if node.outputs.len() > 1
            && node.outputs.get(1).is_some_and(|indices| self.readers.contains_key(indices.value.as_str()))
        {
            return Err(self.refused(node, "also says where each maximum was, which no layer of archc reads").into());
        }
        let (value, geometry, ceil) = self.pool(node)?;
        if let Some(ceil) = geometry.evened(ceil) {
            let [top, left, ..] = geometry.pads;
            let call = geometry.pool("maxpool", node.operator.span, [top, left], ceil);
            let made = self.layer(node, None, call, vec![value])?;
            return self.plain(made);
        }
        if ceil || (0..2).any(|axis| geometry.pads[axis].max(geometry.pads[axis + 2]) >= geometry.span(axis)) {
            return Err(self.refused(node, "pads in a way that archc's `maxpool` does not").into());
        }
        // A pixel of the edge once more changes no maximum of a window that it lies in already.
        let value = self.padded(node, value, geometry.pads, Some("replicate"))?;
        let call = geometry.pool("maxpool", node.operator.span, [0, 0], false);
        let made = self.layer(node, None, call, vec![value])?;
        self.plain(made)
    }

    pub fn average_pool(&mut self, node: &'g Node) -> Made {
        let (mut value, geometry, ceil) = self.pool(node)?;
        if geometry.dilation.value != [1, 1] {
            return Err(self
                .refused(node, "leaves pixels out between those of its windows, which archc's does not")
                .into());
        }
        let counts = node.whole("count_include_pad", 0).value != 0 && geometry.pads != [0; 4];
        let [top, left, bottom, right] = geometry.pads;
        let is_even =
            (top, left) == (bottom, right) && (0..2).all(|axis| geometry.pads[axis] <= geometry.kernel[axis] / 2);
        let is_identity = geometry.kernel == [1, 1] && geometry.stride.value == [1, 1] && geometry.pads == [0; 4];
        if is_identity {
            return self.plain(value);
        }
        let call = if !counts {
            let Some(ceil) = geometry.evened(ceil) else {
                let why = "leaves out padding in a way that archc's `avgpool` does not";
                return Err(self.refused(node, why).into());
            };
            let call = geometry.pool("avgpool", node.operator.span, [top, left], ceil);
            let is_padded = top + left > 0;
            if is_padded { call.plus("count_include_pad", Argument::Bool(false)) } else { call }
        } else if is_even {
            geometry.pool("avgpool", node.operator.span, [top, left], ceil)
        } else if !ceil {
            value = self.padded(node, value, geometry.pads, None)?;
            geometry.pool("avgpool", node.operator.span, [0, 0], false)
        } else {
            return Err(self.refused(node, "counts padding in a way that archc's `avgpool` does not").into());
        };
        let made = self.layer(node, None, call, vec![value])?;
        self.plain(made)
    }

    /// Rows and columns that are mixed: means over bins, as an adaptive pool has them, or nothing that is known here.
    pub fn mixed(&mut self, node: &'g Node) -> Made {
        let data = self.data(node, 0)?;
        let value = self.map(node, &data)?;
        let Shape::Map { height, width, .. } = self.shape(value)? else {
            return Err(self.refused(node, "mixes rows, and a vector arrives").into());
        };
        let (rows, columns) = (self.constant(node, 1, "shares")?, self.optional(node, 2, "shares")?);
        let columns = match columns {
            Some(columns) => columns.transposed(&[1, 0]).and_then(|columns| pooled(&columns, width)),
            None => Some(width),
        };
        let (Some(high), Some(wide)) = (pooled(&rows, height), columns) else {
            return Err(self.refused(node, "mixes rows and columns as no layer of archc does").into());
        };
        let span = node.operator.span;
        let call = Call::new("adaptive_avgpool", span).at(Argument::Size(high as i64, wide as i64), span);
        let made = self.layer(node, None, call, vec![value])?;
        self.plain(made)
    }

    pub fn global(&mut self, node: &'g Node, kind: &'static str) -> Made {
        let data = self.data(node, 0)?;
        let value = self.map(node, &data)?;
        let made = self.layer(node, None, Call::new(kind, node.operator.span), vec![value])?;
        self.plain(made)
    }

    /// A mean or maximum over all positions.
    pub fn reduced(&mut self, node: &'g Node, kind: &'static str) -> Made {
        let data = self.data(node, 0)?;
        let shape = self.shape(data.value)?;
        let rank = data.view.rank() as i64;
        let axes = self.wholes(node, "axes", 1)?.map_or((1..rank).collect(), |axes| axes.value);
        let axes = axes.iter().map(|axis| data.view.index(*axis)).collect::<Option<Vec<usize>>>();
        let keeps = node.whole("keepdims", 1).value != 0;
        if axes
            .as_ref()
            .is_some_and(|axes| axes.len() == 1 && data.view.channel_axis(shape.channels()) == Some(axes[0]))
        {
            return self.of_all_channels(node, data, kind, keeps);
        }
        let point = Shape::map(shape.channels(), 1, 1);
        let left = axes.as_ref().map(|axes| data.view.reduced(axes, keeps));
        let is_global = left.as_ref().is_some_and(|left| left.atoms() == View::plain(point).atoms());
        let (Some(view), Shape::Map { .. }, true) = (left, shape, is_global) else {
            return Err(self.refused(node, "works along axes that are not the rows and columns of a map").into());
        };
        let value = match shape.positions() {
            1 => data.value,
            _ => self.layer(node, None, Call::new(kind, node.operator.span), vec![data.value])?,
        };
        Ok(Known::Data(Data { value, view, is_sole: data.is_sole }))
    }

    /// The mean or the largest of all channels at each position.
    fn of_all_channels(&mut self, node: &'g Node, data: Data, kind: &'static str, keeps: bool) -> Made {
        let shape = self.shape(data.value)?;
        if !keeps || data.view != View::plain(shape) || !matches!(shape, Shape::Map { .. }) {
            return Err(self.refused(node, "works along the channels and leaves no map of one channel").into());
        }
        let call = Call::new(if kind == "global_maxpool" { "channel_max" } else { "channel_mean" }, node.operator.span);
        let value = self.layer(node, None, call, vec![data.value])?;
        self.plain(value)
    }
}

/// How many bins of so many inputs a matrix takes the means of: from the whole part of i·inputs/bins to that of
/// (i + 1)·inputs/bins, rounded up.
fn pooled(matrix: &Constant, inputs: usize) -> Option<usize> {
    let &[bins, width] = matrix.sizes.as_slice() else { return None };
    let shares = matrix.known().filter(|_| width == inputs)?;
    let is_mean = |(bin, row): (usize, &[f64])| {
        let (start, end) = (bin * inputs / bins, ((bin + 1) * inputs).div_ceil(bins));
        let wanted = |at: usize| if (start..end).contains(&at) { 1.0 / (end - start) as f64 } else { 0.0 };
        row.iter().enumerate().all(|(at, share)| (share - wanted(at)).abs() < 1e-6)
    };
    shares.chunks(inputs.max(1)).enumerate().all(is_mean).then_some(bins)
}
