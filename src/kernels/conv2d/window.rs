//! The part of a source that a block of outputs reads, as a table of places: where it lies, or, if the windows reach
//! beyond the source, in a copy with zeros around it.

use std::ops::Range;

use super::reach::Reach;
use crate::kernels::Real;
use crate::kernels::scratch::with_scratch;
use crate::program::convolution::direct::Block;

/// A batch of maps N×H×W×channels and how its windows lie.
#[derive(Clone, Copy)]
pub(super) struct Windows<'a, T> {
    pub(super) source: &'a [T],
    pub(super) channels: usize,
    pub(super) down: Reach,
    pub(super) across: Reach,
}

/// Where the windows of a block lie in `values`: output position (image, row, column) begins at
/// `image · per_image + row · per_row + column · per_column`, all counted from the block's first, and tap (y, x) is
/// `y · tap_row + x · channels` further for the reaches' offsets y and x.
#[derive(Clone, Copy)]
pub(super) struct Laid<'a, T> {
    pub(super) values: &'a [T],
    pub(super) per_image: usize,
    pub(super) per_row: usize,
    pub(super) per_column: usize,
    pub(super) tap_row: usize,
}

impl<T: Real> Windows<'_, T> {
    /// Calls `work` with the windows of a block.
    pub(super) fn lay<R>(&self, block: &Block, work: impl FnOnce(Laid<T>) -> R) -> R {
        let &Windows { source, channels, down, across } = self;
        let (rows, columns) = (down.span(&block.rows), across.span(&(0..across.outputs)));
        let inside = |span: &Range<isize>, size: usize| span.start >= 0 && span.end <= size as isize;
        if inside(&rows, down.source) && inside(&columns, across.source) {
            let first = block.images.start * down.source * across.source + rows.start as usize * across.source;
            let values = &source[(first + columns.start as usize) * channels..];
            return work(self.laid(values, down.source, across.source));
        }
        let (height, width) = (rows.len(), columns.len());
        let line = width * channels;
        with_scratch(block.images.len() * height * line, |copy| {
            // The part of each line that lies inside the source.
            let within = columns.start.clamp(0, across.source as isize)..columns.end.clamp(0, across.source as isize);
            let left = (within.start - columns.start) as usize * channels;
            let taken = within.len() * channels;
            for (lines, image) in copy.chunks_exact_mut(height * line).zip(block.images.clone()) {
                for (to, row) in lines.chunks_exact_mut(line).zip(rows.clone()) {
                    if row < 0 || row >= down.source as isize || taken == 0 {
                        to.fill(T::ZERO);
                        continue;
                    }
                    let from =
                        ((image * down.source + row as usize) * across.source + within.start as usize) * channels;
                    to[..left].fill(T::ZERO);
                    to[left..left + taken].copy_from_slice(&source[from..][..taken]);
                    to[left + taken..].fill(T::ZERO);
                }
            }
            work(self.laid(copy, height, width))
        })
    }

    /// Windows over maps of this size, whose first number belongs to the first window.
    fn laid<'b>(&self, values: &'b [T], height: usize, width: usize) -> Laid<'b, T> {
        let &Windows { channels, down, across, .. } = self;
        Laid {
            values,
            per_image: height * width * channels,
            per_row: down.stride * width * channels,
            per_column: across.stride * channels,
            tap_row: width * channels,
        }
    }

    /// How many runs a window has when some of its channels are read: neighbouring taps are one run if all are.
    pub(super) fn runs(&self, all_channels: bool) -> usize {
        let merged = all_channels && self.across.is_dense();
        self.down.taps.count * if merged { 1 } else { self.across.taps.count }
    }
}

impl<T: Real> Laid<'_, T> {
    /// Writes where each run of a window begins: `runs` as many as [`Windows::runs`] says.
    pub(super) fn write_runs(&self, windows: &Windows<T>, runs: &mut [usize]) {
        let merged = runs.len() == windows.down.taps.count;
        let mut places = runs.iter_mut();
        for y in windows.down.offsets() {
            for x in windows.across.offsets().take(if merged { 1 } else { usize::MAX }) {
                *places.next().expect("a place for each run") = y * self.tap_row + x * windows.channels;
            }
        }
    }

    /// Writes where each output position of a block begins.
    pub(super) fn write_starts(&self, block: &Block, columns: usize, starts: &mut [usize]) {
        positions(block, columns, starts, |image, row, column| {
            image * self.per_image + row * self.per_row + column * self.per_column
        });
    }
}

/// Writes a place for each output position of a block, in order; image and row are counted from the block's first.
pub(super) fn positions(
    block: &Block,
    columns: usize,
    places: &mut [usize],
    place: impl Fn(usize, usize, usize) -> usize,
) {
    let mut places = places.iter_mut();
    for image in 0..block.images.len() {
        for row in 0..block.rows.len() {
            for (column, to) in places.by_ref().take(columns).enumerate() {
                *to = place(image, row, column);
            }
        }
    }
}

impl Block {
    /// How many positions it has.
    pub(super) fn positions(&self, columns: usize) -> usize {
        self.images.len() * self.rows.len() * columns
    }
}
