//! A map cut into tiles, and its tiles transformed: 4×4 outputs, which are made from 6×6 inputs. What a transform makes
//! are 36 matrices, tiles × channels, so that the products of the 36 can be taken one after the other.

use std::ops::Range;

use pulp::{Simd, WithSimd};

use super::transforms;
use crate::kernels::Real;
use crate::kernels::clamp::Clamp;
use crate::kernels::parts::Parts;
use crate::kernels::simd::{dispatch, load, store};
use crate::program::convolution::winograd::{INPUTS, MATRICES, OUTPUTS, TileLayout};

/// The tiles of a batch of maps N×H×W×C. A tile's first output is at (4·row, 4·column), its first input `padding`
/// before that.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tiles {
    pub(super) batch: usize,
    /// Height and width of the outputs.
    pub(super) outputs: (usize, usize),
    /// Height and width of the inputs.
    pub(super) inputs: (usize, usize),
    pub(super) padding: (usize, usize),
}

impl Tiles {
    pub(super) fn count(&self) -> usize {
        let (down, across) = self.sides();
        self.batch * down * across
    }

    fn sides(&self) -> (usize, usize) {
        (self.outputs.0.div_ceil(OUTPUTS), self.outputs.1.div_ceil(OUTPUTS))
    }

    /// The image of a tile and its first output.
    fn place(&self, tile: usize) -> (usize, usize, usize) {
        let (down, across) = self.sides();
        (tile / (down * across), tile / across % down * OUTPUTS, tile % across * OUTPUTS)
    }

    /// Where the inputs of a tile are, as positions in the batch; `None` in the padding.
    fn input_positions(&self, tile: usize) -> [Option<usize>; INPUTS * INPUTS] {
        let (image, row, column) = self.place(tile);
        let ((height, width), (top, left)) = (self.inputs, self.padding);
        std::array::from_fn(|index| {
            let y = (row + index / INPUTS).checked_sub(top).filter(|y| *y < height)?;
            let x = (column + index % INPUTS).checked_sub(left).filter(|x| *x < width)?;
            Some((image * height + y) * width + x)
        })
    }

    /// Where the outputs of a tile are; `None` beyond the map.
    fn output_positions(&self, tile: usize) -> [Option<usize>; OUTPUTS * OUTPUTS] {
        let (image, row, column) = self.place(tile);
        let (height, width) = self.outputs;
        std::array::from_fn(|index| {
            let (y, x) = (row + index / OUTPUTS, column + index % OUTPUTS);
            (y < height && x < width).then(|| (image * height + y) * width + x)
        })
    }
}

impl TileLayout {
    /// Where a tile's channel is in the first matrix.
    #[inline(always)]
    fn at(&self, tile: usize, channel: usize) -> usize {
        tile * self.tile
            + if self.panel == 0 { channel } else { channel / self.width * self.panel + channel % self.width }
    }
}

/// Bᵀ d B of some tiles and channels of an input.
pub(super) fn transform_inputs<T: Real>(
    tiles: &Tiles,
    some: Range<usize>,
    (x, channels): (&[T], usize),
    taken: Range<usize>,
    layout: TileLayout,
    to: &mut [T],
) {
    let positions = |tile| tiles.input_positions(tile);
    dispatch(Scatter { positions, some, x, channels, taken, layout, to, kind: TileSource::Input });
}

/// A dy Aᵀ of some tiles and channels of an output's gradient.
pub(super) fn transform_gradients<T: Real>(
    tiles: &Tiles,
    some: Range<usize>,
    (dy, channels): (&[T], usize),
    layout: TileLayout,
    to: &mut [T],
) {
    let positions = |tile| tiles.output_positions(tile);
    let taken = 0..channels;
    dispatch(Scatter { positions, some, x: dy, channels, taken, layout, to, kind: TileSource::Gradient });
}

#[derive(Clone, Copy, PartialEq)]
enum TileSource {
    Input,
    Gradient,
}

struct Scatter<'a, T, P> {
    positions: P,
    some: Range<usize>,
    x: &'a [T],
    channels: usize,
    taken: Range<usize>,
    layout: TileLayout,
    to: &'a mut [T],
    kind: TileSource,
}

impl<T: Real, P: Fn(usize) -> [Option<usize>; N], const N: usize> WithSimd for Scatter<'_, T, P> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Scatter { positions, some, x, channels, taken, layout, to, kind } = self;
        let lanes = T::lanes::<S>();
        let last = (MATRICES - 1) * layout.matrix + layout.at(some.len() - 1, taken.len() - 1);
        assert!(last + lanes <= to.len() && taken.end <= channels, "the matrices have room for whole registers");
        let to = to.as_mut_ptr();
        // What lies in the padding is read from here.
        let zeros = [T::ZERO; LANES];
        for (index, tile) in some.enumerate() {
            let mut places = [(zeros.as_ptr(), 0); N];
            for (place, position) in places.iter_mut().zip(positions(tile)) {
                if let Some(position) = position {
                    *place = (x[position * channels..][..channels].as_ptr(), 1);
                }
            }
            let mut channel = taken.start;
            while channel < taken.end {
                let count = lanes.min(taken.end - channel);
                // SAFETY: each place has `channels` numbers or is the zeros, of which only the first LANES are read;
                // the matrices have room, as was checked; a register is plain numbers.
                unsafe {
                    let to = to.add(layout.at(index, channel - taken.start));
                    match kind {
                        TileSource::Input => transforms::both::<T, S, 6, 6>(
                            simd,
                            #[inline(always)]
                            |row, column| {
                                let (place, step) = places[row * INPUTS + column];
                                load_some::<T, S>(simd, place.add(step * channel), count)
                            },
                            #[inline(always)]
                            |simd, line| transforms::input::<T, S>(simd, line),
                            #[inline(always)]
                            |row, column, value| store::<T, S>(to.add((row * INPUTS + column) * layout.matrix), value),
                        ),
                        TileSource::Gradient => transforms::both::<T, S, 4, 6>(
                            simd,
                            #[inline(always)]
                            |row, column| {
                                let (place, step) = places[row * OUTPUTS + column];
                                load_some::<T, S>(simd, place.add(step * channel), count)
                            },
                            #[inline(always)]
                            |simd, line| transforms::gradient::<T, S>(simd, line),
                            #[inline(always)]
                            |row, column, value| store::<T, S>(to.add((row * INPUTS + column) * layout.matrix), value),
                        ),
                    }
                }
                channel += lanes;
            }
        }
    }
}

/// Lanes of the widest register.
const LANES: usize = 16;

/// A register whose first `count` lanes are read, and the others are zero.
///
/// # Safety
/// `count` numbers lie there, at most as many as a register holds.
#[inline(always)]
unsafe fn load_some<T: Real, S: Simd>(simd: S, from: *const T, count: usize) -> T::Vector<S> {
    // SAFETY: as the caller promises; a register is plain numbers.
    unsafe {
        if count == T::lanes::<S>() {
            return load::<T, S>(from);
        }
        let mut register = T::splat(simd, T::ZERO);
        (&raw mut register).cast::<T>().copy_from_nonoverlapping(from, count);
        register
    }
}

/// y ← Aᵀ m A + bias, cut to bounds, for some tiles.
///
/// # Safety
/// Nobody else may use these tiles of the output.
pub(super) unsafe fn transform_outputs<T: Real>(
    tiles: &Tiles,
    some: Range<usize>,
    (m, layout): (&[T], TileLayout),
    (bias, clamp): (Option<&[T]>, Option<Clamp<T>>),
    channels: usize,
    y: &Parts<T>,
) {
    dispatch(Gather { tiles, some, m, layout, bias, clamp, channels, y });
}

struct Gather<'a, T> {
    tiles: &'a Tiles,
    some: Range<usize>,
    m: &'a [T],
    layout: TileLayout,
    bias: Option<&'a [T]>,
    clamp: Option<Clamp<T>>,
    channels: usize,
    y: &'a Parts<'a, T>,
}

impl<T: Real> WithSimd for Gather<'_, T> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Gather { tiles, some, m, layout, bias, clamp, channels, y } = self;
        let lanes = T::lanes::<S>();
        let last = (MATRICES - 1) * layout.matrix + layout.at(some.len() - 1, channels - 1);
        assert!(last + lanes <= m.len(), "the matrices have room for whole registers");
        assert!(bias.is_none_or(|bias| bias.len() == channels), "a bias a channel");
        for (index, tile) in some.enumerate() {
            let mut places = [None; OUTPUTS * OUTPUTS];
            for (place, position) in places.iter_mut().zip(tiles.output_positions(tile)) {
                // SAFETY: the caller promises that these outputs are ours.
                *place = position
                    .map(|position| unsafe { y.slice(position * channels..(position + 1) * channels).as_mut_ptr() });
            }
            let mut channel = 0;
            while channel < channels {
                let count = lanes.min(channels - channel);
                // SAFETY: the matrices have room, as was checked, and each place has `channels` numbers; a register is
                // plain numbers.
                unsafe {
                    let m = m.as_ptr().add(layout.at(index, channel));
                    let bias = match bias {
                        Some(bias) => load_some::<T, S>(simd, bias.as_ptr().add(channel), count),
                        None => T::splat(simd, T::ZERO),
                    };
                    transforms::both::<T, S, 6, 4>(
                        simd,
                        #[inline(always)]
                        |row, column| load_some::<T, S>(simd, m.add((row * INPUTS + column) * layout.matrix), lanes),
                        #[inline(always)]
                        |simd, line| transforms::output::<T, S>(simd, line),
                        #[inline(always)]
                        |row, column, value| {
                            let Some(place) = places[row * OUTPUTS + column] else { return };
                            let (place, mut value) = (place.add(channel), T::plus(simd, value, bias));
                            if let Some(clamp) = clamp {
                                value = clamp.of_register::<S>(simd, value);
                            }
                            if count == lanes {
                                store::<T, S>(place, value);
                            } else {
                                place.copy_from_nonoverlapping((&raw const value).cast::<T>(), count);
                            }
                        },
                    );
                }
                channel += lanes;
            }
        }
    }
}
