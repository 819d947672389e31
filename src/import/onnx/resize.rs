//! Maps of another height and width: padded, enlarged, or with pixels as channels.

use super::graph::Node;
use super::reading::{Data, Known, Made, Reading};
use super::view::View;
use crate::arguments::Value as Argument;
use crate::import::net::Call;
use crate::ir::Shape;

impl<'g> Reading<'g> {
    pub fn pad(&mut self, node: &'g Node) -> Made {
        let mut data = self.data(node, 0)?;
        let Some(pads) = self.wholes(node, "pads", 1)? else {
            return Err(self.refused(node, "does not say how much").into());
        };
        let rank = data.view.rank();
        let axes = self.wholes(node, "axes", 3)?.map_or((0..rank as i64).collect(), |axes| axes.value);
        let fill = match node.text("mode").unwrap_or("constant") {
            "constant" => None,
            "reflect" => Some("reflect"),
            "edge" => Some("replicate"),
            other => {
                let why = format!("pads by `{other}`, which archc's `pad` does not");
                return Err(self.refused(node, &why).into());
            }
        };
        let value = match self.optional(node, 2, "value")? {
            Some(value) => value.scalar().unwrap_or(f64::NAN),
            None => node.number("value", 0.0).value,
        };
        if fill.is_none() && value != 0.0 {
            let why = format!("pads with {value}, and archc's `pad` with zeros");
            return Err(self.refused(node, &why).into());
        }
        let own = self.shape(data.value)?;
        if ![View::plain(own), View::channels_last(own)].contains(&data.view) && data.view.rank() == 4 {
            // Shuffled channels become a layer before they are padded.
            let value = self.map(node, &data)?;
            data = Data { value, view: View::plain(self.shape(value)?), is_sole: true };
        }
        let shape = self.shape(data.value)?;
        let Shape::Map { channels, height, width } = shape else {
            return Err(self.refused(node, "pads a vector").into());
        };
        if pads.value.len() != 2 * axes.len() {
            return Err(self.refused(node, "has lists of different lengths").into());
        }
        // Of channels, rows and columns: before and behind.
        let mut sides = [[0usize; 2]; 3];
        for (at, axis) in axes.iter().enumerate() {
            let both = [pads.value[at], pads.value[at + axes.len()]];
            if both == [0, 0] {
                continue;
            }
            if both.iter().any(|pad| *pad < 0) {
                let why = format!("cuts {} off, and archc's `pad` adds", -both[0].min(both[1]));
                return Err(self.refused(node, &why).into());
            }
            let of = data.view.index(*axis).and_then(|index| {
                let axis = &data.view.axes[index];
                let plain = View::plain(shape).axes;
                let is_one = plain.iter().filter(|own| *own == axis).count() == 1;
                // Axes of size 1 are told apart by their place.
                if is_one { plain.iter().position(|own| own == axis) } else { (data.view.rank() == 4).then_some(index) }
            });
            let Some(of) = of else {
                return Err(self.refused(node, "pads along an axis that is none of a map's").into());
            };
            sides[of] = both.map(|pad| pad as usize);
        }
        if sides == [[0; 2]; 3] {
            return Ok(Known::Data(data));
        }
        let is_plain = data.view == View::plain(shape);
        let mut made = data.value;
        let [front_back, [top, bottom], [left, right]] = sides;
        if front_back != [0, 0] {
            if fill.is_some() {
                return Err(self.refused(node, "repeats channels, and archc's `pad` adds zeros there").into());
            }
            let mut call = Call::new("pad", node.operator.span);
            for (key, pad) in ["front", "back"].into_iter().zip(front_back) {
                if pad > 0 {
                    call = call.plus(key, Argument::Int(pad as i64));
                }
            }
            made = self.layer(node, None, call, vec![made])?;
        }
        if [top, bottom, left, right] != [0; 4] {
            made = self.padded(node, made, [top, left, bottom, right], fill)?;
        }
        let padded = Shape::map(channels + front_back[0] + front_back[1], height + top + bottom, width + left + right);
        if is_plain {
            return self.plain(made);
        }
        if data.view == View::channels_last(shape) {
            let view = View::channels_last(padded);
            return Ok(Known::Data(Data { value: made, view, is_sole: true }));
        }
        Err(self.refused(node, "pads a map whose axes are in another order").into())
    }

    pub fn resize(&mut self, node: &'g Node) -> Made {
        let data = self.data(node, 0)?;
        let value = self.map(node, &data)?;
        let Shape::Map { height, width, .. } = self.shape(value)? else {
            return Err(self.refused(node, "enlarges a vector").into());
        };
        let is_old = node.operator.value == "Upsample" || self.graph.opset < 11;
        let (scales_at, sizes_at) = if is_old { (1, usize::MAX) } else { (2, 3) };
        let last = |all: &[f64]| match all {
            [batch, channels, down, across] if (*batch, *channels) == (1.0, 1.0) => Some([*down, *across]),
            [down, across] => Some([*down, *across]),
            _ => None,
        };
        let scales = match node.attribute("scales") {
            Some(scales) => scales.list().iter().map(|scale| scale.number()).collect(),
            None => self.optional(node, scales_at, "scales")?.and_then(|scales| scales.known()),
        };
        let scales = scales.filter(|scales: &Vec<f64>| !scales.is_empty());
        let sizes = match sizes_at {
            usize::MAX => None,
            at => self.optional(node, at, "sizes")?,
        };
        let sizes = sizes.and_then(|sizes| match sizes.values.as_deref() {
            Some([.., down, across]) => Some([(*down)?, (*across)?]),
            _ => None,
        });
        let given = scales.as_deref().and_then(last);
        let (rows, columns) = match (sizes, given) {
            (Some([rows, columns]), _) => (rows, columns),
            (None, Some([down, across])) => ((height as f64 * down).floor(), (width as f64 * across).floor()),
            _ => return Err(self.refused(node, "computes its sizes, or enlarges channels").into()),
        };
        let [down, across] = given.unwrap_or([rows / height as f64, columns / width as f64]);
        let is_whole = down.fract() == 0.0 && across.fract() == 0.0 && down >= 1.0 && across >= 1.0;
        let usual = if is_old { "asymmetric" } else { "half_pixel" };
        let transformation = node.text("coordinate_transformation_mode").unwrap_or(usual);
        let mode = node.text("mode").unwrap_or("nearest");
        let nearest = node.text("nearest_mode").unwrap_or(if is_old { "floor" } else { "round_prefer_floor" });
        let is_plain = node.whole("antialias", 0).value == 0 && node.attribute("axes").is_none();
        let words: Option<&[&str]> = match (mode, transformation) {
            ("nearest", "asymmetric") if nearest == "floor" => Some(&[]),
            // Each pixel several times, wherever its middle is.
            ("nearest", "half_pixel" | "pytorch_half_pixel" | "half_pixel_symmetric")
                if is_whole && nearest.starts_with("round") =>
            {
                Some(&[])
            }
            ("linear", "half_pixel" | "half_pixel_symmetric") => Some(&["bilinear"]),
            // A single pixel is the first one there, and the middle one otherwise.
            ("linear", "pytorch_half_pixel") if rows > 1.0 && columns > 1.0 => Some(&["bilinear"]),
            ("linear", "align_corners") if rows > 1.0 && columns > 1.0 => Some(&["bilinear", "align_corners"]),
            _ => None,
        };
        let Some(words) = words.filter(|_| is_plain) else {
            let why = format!(
                "finds its pixels by `{mode}`, `{transformation}` and `{nearest}`, as archc's `upsample` does not"
            );
            return Err(self.refused(node, &why).into());
        };
        let span = node.operator.span;
        let number = |scale: f64| {
            if scale.fract() == 0.0 {
                Argument::Int(scale as i64)
            } else {
                Argument::Float(super::shapes::rounded(scale))
            }
        };
        let call = Call::new("upsample", span);
        let mut call = match down == across && given.is_some() {
            true => call.at(number(down), span),
            false if is_whole => call.at(Argument::Size(down as i64, across as i64), span),
            false if rows == columns => call.plus("size", Argument::Int(rows as i64)),
            false => call.plus("size", Argument::Size(rows as i64, columns as i64)),
        };
        for word in words {
            call = call.flag(word, true);
        }
        let made = self.layer(node, None, call, vec![value])?;
        self.plain(made)
    }

    fn factor(&self, node: &Node) -> Made<i64> {
        match node.whole("blocksize", 0).value {
            factor @ 1..=65536 => Ok(factor),
            other => Err(self.refused(node, &format!("has blocks of {other}")).into()),
        }
    }

    pub fn depth_to_space(&mut self, node: &'g Node) -> Made {
        let (data, factor, span) = (self.data(node, 0)?, self.factor(node)?, node.operator.span);
        let mut value = self.map(node, &data)?;
        if node.text("mode").unwrap_or("DCR") == "DCR" {
            // The block is counted before the channels there.
            let call = Call::new("channel_shuffle", span).at(Argument::Int(factor * factor), span);
            value = self.beside(node, "order", call, vec![value])?;
        }
        let call = Call::new("pixel_shuffle", span).at(Argument::Int(factor), span);
        let made = self.layer(node, None, call, vec![value])?;
        self.plain(made)
    }

    pub fn space_to_depth(&mut self, node: &'g Node) -> Made {
        let (data, factor, span) = (self.data(node, 0)?, self.factor(node)?, node.operator.span);
        let value = self.map(node, &data)?;
        let channels = self.shape(value)?.channels() as i64;
        let call = Call::new("pixel_unshuffle", span).at(Argument::Int(factor), span);
        let mut made = self.layer(node, None, call, vec![value])?;
        if channels > 1 {
            let call = Call::new("channel_shuffle", span).at(Argument::Int(channels), span);
            made = self.beside(node, "order", call, vec![made])?;
        }
        self.plain(made)
    }
}
