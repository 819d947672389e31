//! Other sizes, and other orders of channels.

use super::layers::{At, Layer, around};
use crate::export::source::{Call, number, pair, sizes as list};
use crate::ir::Pair;
use crate::program::op::{Crop, Pad, Upsample};
use crate::program::{Fill, Resampling};

/// By whole factors as Keras has it; else from places that PyTorch's step gives.
pub fn upsample(op: &Upsample, at: &At) -> Call {
    let [rows, columns] = at.sides();
    let whole =
        |(input, output): (usize, usize), step: f64| output % input == 0 && step == input as f64 / output as f64;
    let interpolation = match op.resampling {
        Resampling::Nearest => "\"nearest\"",
        Resampling::Bilinear => "\"bilinear\"",
        Resampling::BilinearAligned => "\"aligned\"",
    };
    if op.resampling != Resampling::BilinearAligned && whole(rows, op.step[0]) && whole(columns, op.step[1]) {
        let size = Pair { height: rows.1 / rows.0, width: columns.1 / columns.0 };
        return Call::new("layers.UpSampling2D").with("size", pair(size)).key(
            "interpolation",
            interpolation,
            "\"nearest\"",
        );
    }
    Call::new("Resize2D")
        .with("size", format!("({}, {})", rows.1, columns.1))
        .key("steps", format!("({}, {})", number(op.step[0]), number(op.step[1])), "")
        .key("interpolation", interpolation, "")
}

pub fn pad(op: &Pad, at: &At) -> Call {
    let [(height, rows), (width, columns)] = at.sides();
    let Pad { fill, top, left, front } = *op;
    let pads = [top, left, rows - height - top, columns - width - left];
    let back = at.output.channels() - at.input.channels() - front;
    let fill = match fill {
        Fill::Zero if front + back == 0 => return Call::new("layers.ZeroPadding2D").with("padding", around(pads)),
        Fill::Zero => "\"zero\"",
        Fill::Reflect => "\"reflect\"",
        Fill::Replicate => "\"replicate\"",
    };
    Call::new("Padding2D").with("padding", around(pads)).key("fill", fill, "\"zero\"").key(
        "channels",
        format!("({front}, {back})"),
        "(0, 0)",
    )
}

pub fn crop(op: &Crop, at: &At) -> Call {
    let ([(height, rows), (width, columns)], Crop { top, left }) = (at.sides(), *op);
    let cut = [top, left, height - top - rows, width - left - columns];
    Call::new("layers.Cropping2D").with("cropping", around(cut))
}

/// In other sizes, in another order of those, and as a map again.
fn rearranged(at: &At, before: &[usize], order: &[usize]) -> Vec<Layer> {
    let listed = |sizes: &[usize]| format!("({})", sizes.iter().map(usize::to_string).collect::<Vec<_>>().join(", "));
    let [(_, rows), (_, columns)] = at.sides();
    let after = [rows, columns, at.output.channels()];
    let reshape = |sizes: &[usize]| Call::new("layers.Reshape").with("target_shape", listed(sizes));
    vec![
        Layer::called("split", reshape(before)),
        Layer::called("permute", Call::new("layers.Permute").with("dims", listed(order))),
        Layer::new(reshape(&after)),
    ]
}

/// Groups have an axis of their own meanwhile.
pub fn softmax(groups: usize, at: &At) -> Vec<Layer> {
    let call = Call::new("layers.Softmax");
    if groups == 1 {
        return vec![Layer::new(call)];
    }
    let channels = at.output.channels();
    let sides = at.output.sides().map_or(vec![], |(rows, columns)| vec![rows, columns]);
    let reshape = |sizes: &[usize]| Call::new("layers.Reshape").with("target_shape", list(&[&sides, sizes].concat()));
    vec![
        Layer::called("split", reshape(&[groups, channels / groups])),
        Layer::called("shares", call),
        Layer::new(reshape(&[channels])),
    ]
}

pub fn channel_shuffle(groups: usize, at: &At) -> Vec<Layer> {
    let [(height, _), (width, _)] = at.sides();
    rearranged(at, &[height, width, groups, at.input.channels() / groups], &[1, 2, 4, 3])
}

pub fn pixel_shuffle(factor: usize, at: &At) -> Vec<Layer> {
    let [(height, _), (width, _)] = at.sides();
    rearranged(at, &[height, width, at.output.channels(), factor, factor], &[1, 4, 2, 5, 3])
}

pub fn pixel_unshuffle(factor: usize, at: &At) -> Vec<Layer> {
    let [(_, rows), (_, columns)] = at.sides();
    rearranged(at, &[rows, factor, columns, factor, at.input.channels()], &[1, 3, 5, 2, 4])
}
