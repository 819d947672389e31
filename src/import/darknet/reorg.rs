//! Pixels that become channels, and back, in the order of Darknet's program.

use super::Reading;
use super::options::Options;
use crate::arguments::Value as Argument;
use crate::diagnostic::{Code, Diagnostic, Spanned};
use crate::import::net::{Call, Value};
use crate::ir::Shape;

impl Reading {
    /// `[reorg]`: its program reads a map C×H×W as one of (C/s²)×(H·s)×(W·s), whose pixels it sorts by their place in
    /// squares of s×s, and takes what it made for (C·s²)×(H/s)×(W/s). With `reverse`, channels become pixels.
    pub(super) fn reorg(&mut self, options: &Options<'_>) -> Option<Value> {
        options.lacking("flatten", 0, "exchanges channels and pixels");
        options.lacking("extra", 0, "adds numbers that nothing computes");
        let stride = options.positive("stride", 1);
        let is_reverse = options.is_set("reverse");
        let (channels, height, width) = self.map(options)?;
        let side = usize::try_from(stride.value).ok().filter(|side| *side > 0)?;
        let square = self.square(options, &stride, side, "channels", channels)?;
        let current = self.current();
        let parts = channels / square;
        if is_reverse {
            // Channel c + i·C/s² is the pixel i of channel c; for `pixel_shuffle` it is channel c·s² + i.
            let sorted = self.shuffled(options, square, current);
            return Some(self.pixels(options, "pixel_shuffle", &stride, sorted));
        }
        for (what, size) in [("rows", height), ("columns", width)] {
            if size % side != 0 {
                let message = format!("{size} {what} do not split into squares of {side}×{side} pixels");
                let error = Diagnostic::error(Code::Groups, stride.span, message);
                options.refuse(error.label(format!("{size} mod {side} = {}", size % side)));
                return None;
            }
        }
        let [rows, columns] = [height, width].map(|size| size.checked_mul(side));
        let (rows, columns) = (rows?, columns?);
        let large = self.reshaped(options, current, [parts, rows, columns]);
        let small = self.pixels(options, "pixel_unshuffle", &stride, large);
        let sorted = self.shuffled(options, parts, small);
        Some(self.reshaped(options, sorted, [channels.checked_mul(square)?, height / side, width / side]))
    }

    /// `[reorg3d]`: every pixel of a square becomes a map, as one would think.
    pub(super) fn reorg_by_pixel(&mut self, options: &Options<'_>) -> Option<Value> {
        options.lacking("reverse", 0, "takes pixels from places that depend on the size of the map");
        let stride = options.positive("stride", 1);
        let (channels, ..) = self.map(options)?;
        let current = self.current();
        let small = self.pixels(options, "pixel_unshuffle", &stride, current);
        Some(self.shuffled(options, channels, small))
    }

    fn map(&self, options: &Options<'_>) -> Option<(usize, usize, usize)> {
        match self.net.shape(self.current())? {
            Shape::Map { channels, height, width } => Some((channels, height, width)),
            Shape::Vector(features) => {
                let message = format!("`[reorg]` needs a map, and {features} features arrive");
                options.refuse(Diagnostic::error(Code::WrongRank, options.span(), message));
                None
            }
        }
    }

    /// s², by which so many must be divisible.
    fn square(
        &self,
        options: &Options<'_>,
        stride: &Spanned<i64>,
        side: usize,
        what: &str,
        size: usize,
    ) -> Option<usize> {
        let square = side.checked_mul(side);
        match square {
            Some(square) if size.is_multiple_of(square) => Some(square),
            _ => {
                let message = format!("{size} {what} do not make squares of {side}×{side} pixels");
                let error = Diagnostic::error(Code::Groups, stride.span, message);
                let label = square.map(|square| format!("{size} mod {square} = {}", size % square));
                options.refuse(error.label(label.unwrap_or_default()));
                None
            }
        }
    }

    fn pixels(&mut self, options: &Options<'_>, kind: &'static str, stride: &Spanned<i64>, value: Value) -> Value {
        let call = Call::new(kind, options.span()).at(Argument::Int(stride.value), stride.span);
        let name = self.name("reorg", options.span());
        self.net.layer(&name, call, vec![value])
    }

    fn shuffled(&mut self, options: &Options<'_>, groups: usize, value: Value) -> Value {
        let call = Call::new("channel_shuffle", options.span()).at(Argument::Int(groups as i64), options.span());
        let name = self.name("order", options.span());
        self.net.layer(&name, call, vec![value])
    }

    /// The same numbers in the same order as a map of other sizes.
    fn reshaped(&mut self, options: &Options<'_>, value: Value, sizes: [usize; 3]) -> Value {
        let span = options.span();
        let name = self.name("reshape", span);
        let flat = self.net.flat(&name, value);
        self.net.layer(&name, Call::unflatten(sizes, span), vec![flat])
    }
}
