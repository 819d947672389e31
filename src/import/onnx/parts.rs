//! Some channels of a value: split, sliced, or chosen by number.

use super::graph::Node;
use super::reading::{Data, Known, Made, Reading};
use super::view::View;
use crate::arguments::Value as Argument;
use crate::diagnostic::{Code, Diagnostic};
use crate::import::geometry;
use crate::import::net::{Call, Value};
use crate::ir::Shape;

impl<'g> Reading<'g> {
    /// Channels from one on to before another, of a value that has so many.
    fn channels(&mut self, node: &'g Node, value: Value, [start, end]: [usize; 2], all: usize) -> Made<Value> {
        let span = node.operator.span;
        if (start, end) == (0, all) {
            return Ok(value);
        }
        let mut call = Call::new("slice", span).at(Argument::Int(start as i64), span);
        if end < all {
            call = call.at(Argument::Int(end as i64), span);
        }
        self.layer(node, None, call, vec![value])
    }

    /// Some channels of a value, in its own view.
    fn part(&mut self, node: &'g Node, data: &Data, index: usize, range: [usize; 2]) -> Made {
        let channels = self.shape(data.value)?.channels();
        if data.view.channel_axis(channels) != Some(index) {
            let plain = self.map(node, data)?;
            let found = self.plain(plain)?;
            return match found {
                Known::Data(data) if index == 0 => self.part(node, &data, 0, range),
                _ => Err(self
                    .refused(node, "takes a part of the rows or columns, and archc's `slice` of the channels")
                    .into()),
            };
        }
        let value = self.channels(node, data.value, range, channels)?;
        let mut view = data.view.clone();
        view.axes[index] = View::plain(Shape::Vector(range[1] - range[0])).axes.remove(0);
        Ok(Known::Data(Data { value, view, is_sole: true }))
    }

    pub fn split(&mut self, node: &'g Node) -> Made<Vec<Known>> {
        let data = self.data(node, 0)?;
        let axis = node.whole("axis", 0);
        let outputs = node.outputs.len();
        let Some(index) = data.view.index(axis.value) else {
            return Err(self.refused(node, "splits the batch").into());
        };
        let size = data.view.sizes()[index];
        let sizes = match self.wholes(node, "split", 1)? {
            Some(sizes) => sizes.value.iter().map(|size| usize::try_from(*size).unwrap_or(0)).collect(),
            None => {
                // The last part takes what is left.
                let each = size.div_ceil(outputs.max(1));
                (0..outputs).map(|part| each.min(size.saturating_sub(part * each))).collect::<Vec<usize>>()
            }
        };
        let sum = sizes.iter().try_fold(0usize, |sum, size| sum.checked_add(*size));
        if sizes.len() != outputs || sizes.contains(&0) || sum != Some(size) {
            let parts = sizes.iter().map(usize::to_string).collect::<Vec<_>>().join(" + ");
            let message = format!("{}: {size} channels do not split into {outputs} parts", node.title());
            let error = Diagnostic::error(Code::InvalidArgument, axis.span, message);
            return Err(error.label(format!("{parts} for {size}")).into());
        }
        let mut made = Vec::new();
        let mut start = 0;
        for (output, size) in node.outputs.iter().zip(&sizes) {
            let range = [start, start + size];
            start += size;
            let is_read = self.readers.contains_key(output.value.as_str());
            made.push(if is_read { self.part(node, &data, index, range)? } else { Known::Lost });
        }
        Ok(made)
    }

    pub fn slice(&mut self, node: &'g Node) -> Made {
        let data = self.data(node, 0)?;
        let lists = [("starts", 1), ("ends", 2), ("axes", 3), ("steps", 4)];
        let [starts, ends, axes, steps] = lists.map(|(key, index)| self.wholes(node, key, index));
        let (starts, ends, axes, steps) = (starts?, ends?, axes?, steps?);
        let (Some(starts), Some(ends)) = (starts, ends) else {
            return Err(self.refused(node, "does not say which part it takes").into());
        };
        let count = starts.value.len();
        let axes = axes.map_or((0..count as i64).collect(), |axes| axes.value);
        let steps = steps.map_or(vec![1; count], |steps| steps.value);
        if [ends.value.len(), axes.len(), steps.len()].iter().any(|length| *length != count) {
            return Err(self.refused(node, "has lists of different lengths").into());
        }
        let mut data = data;
        let mut every = [1, 1];
        // What is cut off at the top, bottom, left and right.
        let mut off = [0; 4];
        for (at, axis) in axes.iter().enumerate() {
            let Some(index) = data.view.index(*axis) else {
                return Err(self.refused(node, "takes a part of the batch").into());
            };
            let size = data.view.sizes()[index];
            let place = |bound: i64| {
                (if bound < 0 { bound.saturating_add(size as i64) } else { bound }).clamp(0, size as i64) as usize
            };
            let (start, end, step) = (place(starts.value[at]), place(ends.value[at]), steps[at]);
            if (start, end, step) == (0, size, 1) {
                continue;
            }
            let is_map = data.view == View::plain(self.shape(data.value)?) && data.view.rank() == 4;
            if (start, end) == (0, size) && step > 1 && index > 0 && is_map {
                every[index - 1] = step;
                continue;
            }
            if step == 1 && start < end && index > 0 && is_map {
                off[2 * index - 2..2 * index].copy_from_slice(&[start, size - end]);
                continue;
            }
            if step != 1 || start >= end {
                let why = format!(
                    "takes {start} to {end} of {size} in steps of {step}, and archc's `slice` channels side by side"
                );
                return Err(self.refused(node, &why).into());
            }
            match self.part(node, &data, index, [start, end])? {
                Known::Data(part) => data = part,
                other => return Ok(other),
            }
        }
        if (every, off) == ([1, 1], [0; 4]) {
            return Ok(Known::Data(data));
        }
        let span = node.operator.span;
        let mut value = data.value;
        if off != [0; 4] {
            value = self.layer(node, None, geometry::crop(span, off), vec![value])?;
        }
        if every == [1, 1] {
            return self.plain(value);
        }
        // The largest of a single pixel is that pixel.
        let [down, across] = every;
        let stride = if down == across { Argument::Int(down) } else { Argument::Size(down, across) };
        let call = Call::new("maxpool", span).at(Argument::Size(1, 1), span).plus("stride", stride);
        let value = self.layer(node, None, call, vec![value])?;
        self.plain(value)
    }

    /// Channels that lie side by side, chosen by number.
    pub fn gather(&mut self, node: &'g Node) -> Made {
        let data = self.data(node, 0)?;
        let axis = node.whole("axis", 0);
        let indices = self.constant(node, 1, "indices")?;
        let (Some(index), Some(all)) = (data.view.index(axis.value), indices.wholes()) else {
            return Err(self.refused(node, "chooses among the batch, or by what it computes").into());
        };
        let size = data.view.sizes()[index] as i64;
        let all: Vec<i64> = all.iter().map(|at| if *at < 0 { at + size } else { *at }).collect();
        let is_range = all.windows(2).all(|pair| pair[0] + 1 == pair[1]);
        let (Some(first), Some(last)) = (all.first(), all.last()) else {
            return Err(self.refused(node, "chooses nothing").into());
        };
        if !is_range || *first < 0 || *last >= size {
            let why = "chooses in an order of its own, and archc's `slice` takes channels side by side";
            return Err(self.refused(node, why).into());
        }
        let made = self.part(node, &data, index, [*first as usize, *last as usize + 1])?;
        match (made, indices.sizes.is_empty()) {
            (Known::Data(mut data), true) => {
                data.view.axes.remove(index);
                Ok(Known::Data(data))
            }
            (made, _) => Ok(made),
        }
    }
}
