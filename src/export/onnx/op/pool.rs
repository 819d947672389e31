//! Pools. Readers disagree on `ceil_mode` and on which padding of a last, incomplete window counts; so there is none:
//! windows are always complete, over exactly as much padding as they reach, in forms that all read alike.

use super::convolve::pair;
use super::resample::{Matrix, mix};
use crate::export::ExportError;
use crate::export::onnx::graph::NodeBuilder;
use crate::export::onnx::proto::Attribute;
use crate::ir::{Pair, Window};
use crate::program::op::{AvgPool2d, ChannelPool, MaxPool2d};

/// Height and width before and after.
fn sides(at: &NodeBuilder) -> [(usize, usize); 2] {
    let sides = at.input_shape().sides().zip(at.output_shape().sides());
    let ((height, width), (rows, columns)) = sides.expect("both are maps");
    [(height, rows), (width, columns)]
}

/// How far the last window reaches beyond the input and `before` it, down and across.
fn behind(window: &Window, sides: [(usize, usize); 2], before: [usize; 2]) -> [usize; 2] {
    let [down, across] = window.axes();
    let [rows, columns] = sides;
    [(down, rows, before[0]), (across, columns, before[1])].map(|(axis, (input, output), before)| {
        ((output - 1) * axis.stride + axis.span()).saturating_sub(input + before)
    })
}

/// A pool whose windows are complete with this padding above, to the left, below and to the right.
fn pool(
    operator: &str,
    window: &Window,
    pads: [usize; 4],
    more: &[(&'static str, Attribute)],
    x: &str,
    at: &mut NodeBuilder,
) {
    let mut attributes = vec![
        ("ceil_mode", Attribute::Int(0)),
        ("kernel_shape", pair(window.kernel)),
        ("pads", Attribute::sizes(pads)),
        ("strides", pair(window.stride)),
    ];
    attributes.extend_from_slice(more);
    at.result(operator, &[x], &attributes);
}

/// The input with rows and columns of a value around it: above, to the left, below and to the right.
fn padded(x: &str, [top, left, bottom, right]: [usize; 4], value: f32, at: &mut NodeBuilder) -> String {
    let pads = at.ints("pads", [0, 0, top, left, 0, 0, bottom, right].map(|pad| pad as i64));
    let value = at.floats("padding", vec![], vec![value]);
    at.inner("padded", "Pad", &[x, &pads, &value], &[("mode", Attribute::Text("constant"))])
}

pub(super) fn max(MaxPool2d { window }: &MaxPool2d, at: &mut NodeBuilder) {
    let Pair { height: top, width: left } = window.padding;
    let [bottom, right] = behind(window, sides(at), [top, left]);
    let mut x = at.input(0);
    let mut pads = [top, left, bottom, right];
    // Readers refuse padding that a kernel without its gaps fits in.
    if bottom >= window.kernel.height || right >= window.kernel.width {
        x = padded(&x, pads, f32::MIN, at);
        pads = [0; 4];
    }
    pool(
        "MaxPool",
        window,
        pads,
        &[("dilations", pair(window.dilation)), ("storage_order", Attribute::Int(0))],
        &x,
        at,
    );
}

pub(super) fn average(AvgPool2d { window, count_include_pad }: &AvgPool2d, at: &mut NodeBuilder) {
    let Pair { height: top, width: left } = window.padding;
    let counted = |count: bool| [("count_include_pad", Attribute::Int(i64::from(count)))];
    let x = at.input(0);
    if !count_include_pad || window.padding == Pair::square(0) {
        // Only what lies inside counts.
        let [bottom, right] = behind(window, sides(at), [top, left]);
        pool("AveragePool", window, [top, left, bottom, right], &counted(false), &x, at);
        return;
    }
    // What the padding on both sides does not hold does not count.
    let beyond = behind(window, sides(at), [2 * top, 2 * left]);
    if beyond == [0, 0] {
        pool("AveragePool", window, [top, left, top, left], &counted(true), &x, at);
        return;
    }
    let x = padded(&x, [top, left, top, left], 0.0, at);
    pool("AveragePool", window, [0, 0, beyond[0], beyond[1]], &counted(false), &x, at);
}

/// From ⌊i·n/m⌋ to ⌈(i+1)·n/m⌉: what each output is made of, along one side of n.
fn bins(input: usize, output: usize) -> impl Iterator<Item = (usize, usize)> {
    (0..output).map(move |index| (index * input / output, ((index + 1) * input).div_ceil(output)))
}

/// Kernel and stride of a pool that has these bins, if they are all as long and as far apart.
fn even(input: usize, output: usize) -> Option<(usize, usize)> {
    let (_, kernel) = bins(input, output).next()?;
    let stride = bins(input, output).nth(1).map_or(kernel, |(start, _)| start);
    let mut bins = bins(input, output).enumerate();
    let slides = bins.all(|(index, (start, end))| (start, end - start) == (index * stride, kernel));
    // One that stands still is none.
    (slides && stride > 0).then_some((kernel, stride))
}

/// An adaptive pool as a plain one, where its bins are a window's.
fn as_window(at: &NodeBuilder) -> Option<Window> {
    let [down, across] = sides(at).map(|(input, output)| even(input, output));
    let ((height, down), (width, across)) = down.zip(across)?;
    Some(Window {
        kernel: Pair { height, width },
        stride: Pair { height: down, width: across },
        padding: Pair::square(0),
        dilation: Pair::square(1),
        ceil: false,
    })
}

pub(super) fn adaptive_average(at: &mut NodeBuilder) -> Result<(), ExportError> {
    let x = at.input(0);
    if sides(at).map(|(_, output)| output) == [1, 1] {
        at.result("GlobalAveragePool", &[&x], &[]);
    } else if let Some(window) = as_window(at) {
        pool("AveragePool", &window, [0; 4], &[("count_include_pad", Attribute::Int(0))], &x, at);
    } else {
        // Rows of shares: the mean over a rectangle is the mean over its rows of their means.
        let shares = sides(at).map(|(input, output)| {
            let shares = bins(input, output).map(|(start, end)| {
                let share = 1.0 / (end - start) as f64;
                (start..end).map(|at| (at, share)).collect()
            });
            (input != output).then(|| Matrix { inputs: input, rows: shares.collect() })
        });
        mix(shares, at)?;
    }
    Ok(())
}

pub(super) fn adaptive_max(at: &mut NodeBuilder) {
    let mut x = at.input(0);
    // The operator for one bin is in few readers.
    if let Some(window) = as_window(at) {
        let dilations = [("dilations", pair(window.dilation)), ("storage_order", Attribute::Int(0))];
        pool("MaxPool", &window, [0; 4], &dilations, &x, at);
    } else {
        // Bins made equally long by their last number once more, which changes no maximum, one after the other.
        let lengths = sides(at).map(|(input, output)| {
            bins(input, output).map(|(start, end)| end - start).max().expect("an output has a position")
        });
        for (axis, (what, (input, output))) in ["rows", "columns"].into_iter().zip(sides(at)).enumerate() {
            let places: Vec<i64> = bins(input, output)
                .flat_map(|(start, end)| (0..lengths[axis]).map(move |at| (start + at).min(end - 1) as i64))
                .collect();
            let places = at.ints(what, places);
            x = at.inner(
                &format!("all_{what}"),
                "Gather",
                &[&x, &places],
                &[("axis", Attribute::Int(axis as i64 + 2))],
            );
        }
        let kernel = Pair { height: lengths[0], width: lengths[1] };
        let dilation = Pair::square(1);
        let window = Window { kernel, stride: kernel, padding: Pair::square(0), dilation, ceil: false };
        let dilations = [("dilations", pair(dilation)), ("storage_order", Attribute::Int(0))];
        pool("MaxPool", &window, [0; 4], &dilations, &x, at);
    }
}

/// The operators have the axes among their inputs from version 18 on, both of them.
pub(super) fn channels(op: ChannelPool, at: &mut NodeBuilder) {
    let operator = match op {
        ChannelPool::Mean => "ReduceMean",
        ChannelPool::Max => "ReduceMax",
    };
    let (x, keeps) = (at.input(0), ("keepdims", Attribute::Int(1)));
    if at.opset() < 18 {
        return at.result(operator, &[&x], &[("axes", Attribute::Ints(vec![1])), keeps]);
    }
    let axes = at.ints("axes", [1]);
    at.result(operator, &[&x, &axes], &[keeps]);
}

#[cfg(test)]
mod tests {
    use super::even;

    #[test]
    fn adaptive_pools_with_even_bins_are_plain_ones() {
        for (input, output, expected) in [
            (7, 7, Some((1, 1))),
            (8, 4, Some((2, 2))),
            (10, 3, Some((4, 3))),
            (13, 6, Some((3, 2))),
            (7, 1, Some((7, 7))),
            (5, 4, Some((2, 1))),
            (7, 3, Some((3, 2))),
            (11, 4, None),
            (4, 6, None),
            (3, 6, None),
            (1, 3, None),
        ] {
            assert_eq!(even(input, output), expected, "{input} to {output}");
        }
    }
}
