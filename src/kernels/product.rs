//! The product that convolutions and linear layers are made of: output = left · right, whose left factor is read where
//! it lies, and whose right factor is packed into panels as wide as two registers.
//!
//! A tile of the output, some rows × one panel, stays in registers while its sum runs over the depth. A left factor is
//! a table of row starts and a table of runs, so that a convolution's windows are rows without being copied:
//!
//! ```text
//! output[i][j] = Σ over runs r and k of left[starts[i] + runs[r] + k·step] · right[r·depth + k][j]
//! ```
//!
//! Operations: 2 per element of the tile and step of depth. Bytes: of the left factor one number a row, of the right
//! one panel row, from the first-level cache; so a core does one multiplication per lane, port and cycle less the
//! tile's own reading and writing. On an AVX2 machine with two ports that is 85–90 % of the processor's peak.

#[cfg(test)]
mod tests;

use std::marker::PhantomData;

use pulp::{Simd, WithSimd};

use super::Real;
use super::clamp::Clamp;
use super::parts::Parts;
use super::scratch::with_scratch;
use super::simd::{self, dispatch};

/// The left factor.
#[derive(Clone, Copy)]
pub(super) struct Rows<'a, T> {
    /// Where all of it lies.
    pub(super) values: &'a [T],
    /// Where each row begins.
    pub(super) starts: &'a [usize],
    /// Where each run of a row begins, from the row's start.
    pub(super) runs: &'a [usize],
    /// Numbers in a run.
    pub(super) depth: usize,
    /// From one number of a run to the next.
    pub(super) step: usize,
}

/// The right factor: panels one after the other, in each the rows of its columns one after the other.
#[derive(Clone, Copy)]
pub(super) struct Panels<'a, T> {
    /// As many as [`panels_length`] says.
    pub(super) values: &'a [T],
    /// Rows.
    pub(super) depth: usize,
    /// Columns; the last panel is filled up with anything.
    pub(super) columns: usize,
}

/// What a sum begins with.
#[derive(Clone, Copy)]
pub(super) enum SumStart<'a, T> {
    Zero,
    /// A number for each column.
    Bias(&'a [T]),
    /// What the output holds.
    Output,
}

/// Columns of a panel on this processor.
pub(super) fn panel_width<T: Real>() -> usize {
    struct Width<T>(PhantomData<T>);
    impl<T: Real> WithSimd for Width<T> {
        type Output = usize;
        #[inline(always)]
        fn with_simd<S: Simd>(self, _: S) -> usize {
            REGISTERS * T::lanes::<S>()
        }
    }
    dispatch(Width::<T>(PhantomData))
}

/// Numbers in the panels of a right factor.
pub(super) fn panels_length<T: Real>(depth: usize, columns: usize) -> usize {
    depth * columns.next_multiple_of(panel_width::<T>())
}

/// Writes the product, cut to bounds if there are any, to the rows of `output` that begin at `starts`.
///
/// # Safety
/// While this runs, nobody else may use these rows of the output.
pub(super) unsafe fn multiply<T: Real>(
    output: &Parts<T>,
    starts: &[usize],
    left: Rows<T>,
    right: Panels<T>,
    start: SumStart<T>,
    clamp: Option<Clamp<T>>,
) {
    let largest = |places: &[usize]| places.iter().copied().max().unwrap_or(0);
    let depth = left.runs.len() * left.depth;
    assert!(left.starts.len() == starts.len() && depth == right.depth, "sizes of a product agree");
    assert!(right.values.len() >= panels_length::<T>(depth, right.columns), "the panels are whole");
    assert!(
        matches!(start, SumStart::Zero | SumStart::Output) || bias_length(start) == right.columns,
        "a bias a column"
    );
    if starts.is_empty() {
        return;
    }
    let last = largest(left.starts) + largest(left.runs) + left.depth.saturating_sub(1) * left.step;
    assert!(depth == 0 || last < left.values.len(), "the left factor lies within its slice");
    // SAFETY: bounds were just checked, and the caller promises that the rows are ours.
    let output = unsafe { output.pointer(largest(starts) + right.columns) };
    let alias = (left.step * size_of::<T>()).is_multiple_of(ALIAS);
    let packs = alias && right.columns >= PACKED_PANELS * panel_width::<T>();
    with_scratch(if packs { PACKED_ROWS.min(starts.len()) * DEPTH.min(depth) } else { 0 }, |packed| {
        dispatch(Product { output, starts, left, right, start, clamp, packed });
    });
}

fn bias_length<T>(start: SumStart<T>) -> usize {
    match start {
        SumStart::Bias(bias) => bias.len(),
        SumStart::Zero | SumStart::Output => 0,
    }
}

/// Registers of a panel's row.
const REGISTERS: usize = 2;

/// Lanes of the widest panel.
const WIDEST: usize = REGISTERS * 16;

/// Steps of depth between two visits of a tile: a panel of them stays in the first-level cache.
const DEPTH: usize = 320;

/// Bytes: the lines of numbers that lie a multiple of them apart fall upon each other in the cache. Such a left factor
/// is packed: each tile's numbers one after the other, in the order in which they are used.
const ALIAS: usize = 1024;

/// Panels that it takes for that to be worth it.
const PACKED_PANELS: usize = 6;

/// Rows that are packed at once: [`DEPTH`] steps of them are half of a core's second-level cache.
const PACKED_ROWS: usize = 192;

struct Product<'a, T> {
    output: *mut T,
    starts: &'a [usize],
    left: Rows<'a, T>,
    right: Panels<'a, T>,
    start: SumStart<'a, T>,
    clamp: Option<Clamp<T>>,
    /// Room for some rows of a slab of the left factor; empty if it is read where it lies.
    packed: &'a mut [T],
}

/// A part of the depth: some runs, of each the same part.
struct Slab<'a> {
    runs: &'a [usize],
    /// Within a run.
    first: usize,
    depth: usize,
    /// Rows of the panel before it.
    above: usize,
    /// Whether nothing comes after it.
    last: bool,
}

impl<T: Real> WithSimd for Product<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(mut self, simd: S) {
        // Apart, since what the one has to know costs the other registers.
        match self.packed.is_empty() {
            true => self.slabs::<S, false>(simd),
            false => self.slabs::<S, true>(simd),
        }
    }
}

impl<T: Real> Product<'_, T> {
    #[inline(always)]
    fn slabs<S: Simd, const PACKS: bool>(&mut self, simd: S) {
        let Rows { runs, depth, .. } = self.left;
        // Either several whole runs or a part of one.
        let (runs_each, parts) = ((DEPTH / depth.max(1)).max(1), depth.div_ceil(DEPTH).max(1));
        let depth_each = depth.div_ceil(parts);
        if runs.is_empty() || depth == 0 {
            let nothing = Slab { runs: &[], first: 0, depth: 0, above: 0, last: true };
            return self.slab::<S, PACKS>(simd, &nothing, self.start);
        }
        for (index, some) in runs.chunks(runs_each).enumerate() {
            for part in 0..parts {
                let first = part * depth_each;
                let above = index * runs_each * depth + first;
                let part_depth = depth_each.min(depth - first);
                let last = above + some.len() * part_depth == self.right.depth;
                let slab = Slab { runs: some, first, depth: part_depth, above, last };
                self.slab::<S, PACKS>(simd, &slab, if above == 0 { self.start } else { SumStart::Output });
            }
        }
    }

    #[inline(always)]
    fn slab<S: Simd, const PACKS: bool>(&mut self, simd: S, slab: &Slab, start: SumStart<T>) {
        let width = REGISTERS * T::lanes::<S>();
        // With 16 registers, 12 hold a tile, and the others a panel row and a number of the left factor.
        let most = if S::REGISTER_COUNT >= 32 { 8 } else { 6 };
        let rows_each = if PACKS { PACKED_ROWS } else { self.starts.len() };
        for first in (0..self.starts.len()).step_by(rows_each) {
            let rows = rows_each.min(self.starts.len() - first);
            let tiles = rows.div_ceil(most);
            for column in (0..self.right.columns).step_by(width) {
                let mut row = 0;
                for tile in 0..tiles {
                    // As equal as possible: a tile of few rows waits for its own sums.
                    let count = rows / tiles + usize::from(tile < rows % tiles);
                    let at = Corner { row: first + row, column, packed: row * slab.runs.len() * slab.depth };
                    // SAFETY: `multiply` checked all bounds.
                    unsafe {
                        match count {
                            1 => self.tile::<S, PACKS, 1>(simd, at, slab, start),
                            2 => self.tile::<S, PACKS, 2>(simd, at, slab, start),
                            3 => self.tile::<S, PACKS, 3>(simd, at, slab, start),
                            4 => self.tile::<S, PACKS, 4>(simd, at, slab, start),
                            5 => self.tile::<S, PACKS, 5>(simd, at, slab, start),
                            6 => self.tile::<S, PACKS, 6>(simd, at, slab, start),
                            7 => self.tile::<S, PACKS, 7>(simd, at, slab, start),
                            _ => self.tile::<S, PACKS, 8>(simd, at, slab, start),
                        }
                    }
                    row += count;
                }
            }
        }
    }

    /// # Safety
    /// Rows from `at.row` to `at.row + ROWS` exist, and everything lies where `multiply` checked.
    #[inline(always)]
    unsafe fn tile<S: Simd, const PACKS: bool, const ROWS: usize>(
        &mut self,
        simd: S,
        at: Corner,
        slab: &Slab,
        start: SumStart<T>,
    ) {
        let lanes = T::lanes::<S>();
        let width = REGISTERS * lanes;
        let columns = width.min(self.right.columns - at.column);
        // SAFETY: see above; a part of a panel row goes through `edge`, which is as long as any panel row, and
        // `multiply` made room for as many packed rows of a slab as a tile counts. Loops are plain, so that nothing is
        // left to be called: a function of its own would not be compiled for this processor.
        unsafe {
            let mut edge = [T::ZERO; WIDEST];
            let mut sums = [[T::splat(simd, T::ZERO); REGISTERS]; ROWS];
            let mut output = [self.output; ROWS];
            for row in 0..ROWS {
                output[row] = output[row].add(*self.starts.get_unchecked(at.row + row) + at.column);
            }
            match start {
                SumStart::Zero => {}
                SumStart::Bias(bias) => {
                    edge.as_mut_ptr().copy_from_nonoverlapping(bias.as_ptr().add(at.column), columns);
                    for sum in &mut sums {
                        *sum = load_row::<T, S>(edge.as_ptr());
                    }
                }
                SumStart::Output if columns == width => {
                    for row in 0..ROWS {
                        sums[row] = load_row::<T, S>(output[row]);
                    }
                }
                SumStart::Output => {
                    for row in 0..ROWS {
                        edge.as_mut_ptr().copy_from_nonoverlapping(output[row], columns);
                        sums[row] = load_row::<T, S>(edge.as_ptr());
                    }
                }
            }

            let mut panel = self.right.values.as_ptr().add(at.column * self.right.depth + slab.above * width);
            let step = self.left.step;
            if PACKS && at.column > 0 {
                let depth = slab.runs.len() * slab.depth;
                for left in self.packed[at.packed..][..depth * ROWS].as_chunks::<ROWS>().0 {
                    let right = load_row::<T, S>(panel);
                    for row in 0..ROWS {
                        let value = T::splat(simd, left[row]);
                        sums[row][0] = T::mul_add(simd, value, right[0], sums[row][0]);
                        sums[row][1] = T::mul_add(simd, value, right[1], sums[row][1]);
                    }
                    panel = panel.add(width);
                }
            } else {
                let mut packed = self.packed.as_mut_ptr().wrapping_add(at.packed);
                for run in slab.runs {
                    let mut left = [self.left.values.as_ptr(); ROWS];
                    for row in 0..ROWS {
                        let start = self.left.starts.get_unchecked(at.row + row);
                        left[row] = left[row].add(start + run + slab.first * step);
                    }
                    if step == 1 && !PACKS {
                        // Apart from the general case, so that one counter serves all rows.
                        for k in 0..slab.depth {
                            let right = load_row::<T, S>(panel);
                            for row in 0..ROWS {
                                let left = T::splat(simd, *left[row].add(k));
                                sums[row][0] = T::mul_add(simd, left, right[0], sums[row][0]);
                                sums[row][1] = T::mul_add(simd, left, right[1], sums[row][1]);
                            }
                            panel = panel.add(width);
                        }
                        continue;
                    }
                    for _ in 0..slab.depth {
                        let right = load_row::<T, S>(panel);
                        for row in 0..ROWS {
                            let value = T::splat(simd, *left[row]);
                            if PACKS {
                                packed.write(*left[row]);
                                packed = packed.add(1);
                            }
                            // Past the last number it may leave the slice.
                            left[row] = left[row].wrapping_add(step);
                            sums[row][0] = T::mul_add(simd, value, right[0], sums[row][0]);
                            sums[row][1] = T::mul_add(simd, value, right[1], sums[row][1]);
                        }
                        panel = panel.add(width);
                    }
                }
            }

            if let (Some(clamp), true) = (self.clamp, slab.last) {
                for row in 0..ROWS {
                    for register in 0..REGISTERS {
                        sums[row][register] = clamp.of_register::<S>(simd, sums[row][register]);
                    }
                }
            }
            for row in 0..ROWS {
                if columns == width {
                    store_row::<T, S>(output[row], sums[row]);
                } else {
                    store_row::<T, S>(edge.as_mut_ptr(), sums[row]);
                    output[row].copy_from_nonoverlapping(edge.as_ptr(), columns);
                }
            }
        }
    }
}

/// # Safety
/// A panel's row lies there.
#[inline(always)]
unsafe fn load_row<T: Real, S: Simd>(place: *const T) -> [T::Vector<S>; REGISTERS] {
    // SAFETY: as the caller promises.
    unsafe { [simd::load::<T, S>(place), simd::load::<T, S>(place.add(T::lanes::<S>()))] }
}

/// # Safety
/// A panel's row may be written there.
#[inline(always)]
unsafe fn store_row<T: Real, S: Simd>(place: *mut T, values: [T::Vector<S>; REGISTERS]) {
    // SAFETY: as the caller promises.
    unsafe {
        simd::store::<T, S>(place, values[0]);
        simd::store::<T, S>(place.add(T::lanes::<S>()), values[1]);
    }
}

/// Where a tile begins.
#[derive(Clone, Copy)]
struct Corner {
    row: usize,
    column: usize,
    /// In the packed left factor.
    packed: usize,
}
