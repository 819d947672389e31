//! Pools. Keras pads them only as it sees fit, and its backends disagree on what padding counts; so padding is a layer
//! of its own.

use super::layers::{At, Layer, around};
use crate::export::source::{Call, pair, sides, tuple};
use crate::ir::{Pair, Window};
use crate::program::op::{AvgPool2d, MaxPool2d};

/// How far the last windows reach beyond the input and the padding before it: never less than nothing.
fn behind(window: &Window, at: &At) -> [usize; 2] {
    let [down, across] = window.axes();
    let [rows, columns] = at.sides();
    [(down, rows), (across, columns)]
        .map(|(axis, (input, output))| ((output - 1) * axis.stride + axis.span()).saturating_sub(input + axis.padding))
}

fn pooling(name: &str, window: &Window) -> Call {
    Call::new(name).with("pool_size", pair(window.kernel)).key("strides", pair(window.stride), pair(window.kernel))
}

pub fn max(MaxPool2d { window }: &MaxPool2d, at: &At) -> Vec<Layer> {
    let [bottom, right] = behind(window, at);
    let pads = [window.padding.height, window.padding.width, bottom, right];
    let mut layers = Vec::new();
    if pads != [0; 4] {
        let call = Call::new("Padding2D").with("padding", around(pads)).key("fill", "\"lowest\"", "");
        layers.push(Layer::called("pad", call));
    }
    layers.push(Layer::new(match window.dilation == Pair::square(1) {
        true => pooling("layers.MaxPooling2D", window),
        false => Call::new("DilatedMaxPooling2D")
            .with("pool_size", tuple(window.kernel))
            .key("strides", tuple(window.stride), "")
            .key("dilation_rate", tuple(window.dilation), ""),
    }));
    layers
}

pub fn average(AvgPool2d { window, count_include_pad }: &AvgPool2d, at: &At) -> Vec<Layer> {
    let Pair { height: top, width: left } = window.padding;
    let [bottom, right] = behind(window, at);
    // What of the padding before and after counts.
    let counted = if *count_include_pad { [top, left, bottom.min(top), right.min(left)] } else { [0; 4] };
    let pads = [top, left, bottom, right];
    if pads != counted {
        let call = Call::new("PartialAveragePooling2D")
            .with("pool_size", tuple(window.kernel))
            .key("strides", tuple(window.stride), "")
            .key("padding", both(pads), "")
            .key("counted", both(counted), both([0; 4]));
        return vec![Layer::new(call)];
    }
    let mut layers = Vec::new();
    if pads != [0; 4] {
        let call = Call::new("layers.ZeroPadding2D").with("padding", around(pads));
        layers.push(Layer::called("pad", call));
    }
    layers.push(Layer::new(pooling("layers.AveragePooling2D", window)));
    layers
}

fn both([top, left, bottom, right]: [usize; 4]) -> String {
    format!("(({top}, {bottom}), ({left}, {right}))")
}

/// `kind` is Average or Max.
pub fn adaptive(kind: &str, at: &At) -> Call {
    let [(height, rows), (width, columns)] = at.sides();
    match (rows, columns) {
        (1, 1) => Call::new(&format!("layers.Global{kind}Pooling2D")).key("keepdims", "True", ""),
        _ if height % rows == 0 && width % columns == 0 => {
            let size = Pair { height: height / rows, width: width / columns };
            Call::new(&format!("layers.{kind}Pooling2D")).with("pool_size", pair(size))
        }
        _ => Call::new(&format!("layers.Adaptive{kind}Pooling2D")).with("output_size", sides(at.output)),
    }
}
