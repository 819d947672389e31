//! What is summed up for each channel, as sums.cu takes it.

use super::Slices;
use crate::cuda::{Call, View};
use crate::kernels::cuda::shape::{Divisor, Limits, Widths, small, widths};
use crate::program::Bounds;

#[repr(C)]
#[derive(Clone, Copy)]
pub(super) struct SumsCall {
    slices: Slices,
    x: u64,
    g: u64,
    means: u64,
    inverses: u64,
    gamma: u64,
    beta: u64,
    bounds: Limits,
    by_group: Divisor,
    groups: u32,
}

// SAFETY: as in sums.cu.
unsafe impl Call for SumsCall {}

/// What is summed up for each channel.
#[derive(Debug, Clone, Copy)]
pub enum Terms<'a> {
    /// x
    Plain { x: View<'a> },
    /// g·x
    Products { g: View<'a>, x: View<'a> },
    /// g·x of what is not above zero.
    Below { g: View<'a>, x: View<'a> },
    /// h and h·(x − mean) of a batch norm, of which h is what of g passed the bounds.
    Batch { g: View<'a>, x: View<'a>, statistics: [View<'a>; 2], affine: [View<'a>; 2], bounds: Bounds },
    /// g and g·x̂ of a group norm, over each example.
    Group { g: View<'a>, x: View<'a>, statistics: [View<'a>; 2], groups: usize, each: usize },
    /// g and g·x̂ of a layer norm, whose rows have their own statistics.
    Layer { g: View<'a>, x: View<'a>, statistics: [View<'a>; 2] },
}

impl Terms<'_> {
    /// How many sums there are.
    pub(super) fn kinds(self) -> usize {
        match self {
            Terms::Plain { .. } | Terms::Products { .. } | Terms::Below { .. } => 1,
            Terms::Batch { .. } | Terms::Group { .. } | Terms::Layer { .. } => 2,
        }
    }

    /// With the channels first, and last.
    pub(super) fn kernels(self) -> [Widths; 2] {
        macro_rules! both {
            ($name:literal) => {
                [widths!(concat!($name, "_first")), widths!(concat!($name, "_last"))]
            };
        }
        match self {
            Terms::Plain { .. } => both!("sums"),
            Terms::Products { .. } => both!("sums_of_products"),
            Terms::Below { .. } => both!("sums_below"),
            Terms::Batch { .. } => both!("sums_of_batch"),
            Terms::Group { .. } => both!("sums_of_group"),
            Terms::Layer { .. } => both!("sums_of_layer"),
        }
    }

    pub(super) fn call(self, slices: Slices) -> SumsCall {
        let none = [View::NONE; 2];
        let (g, x, statistics, affine) = match self {
            Terms::Plain { x } => (View::NONE, x, none, none),
            Terms::Products { g, x } | Terms::Below { g, x } => (g, x, none, none),
            Terms::Batch { g, x, statistics, affine, .. } => (g, x, statistics, affine),
            Terms::Group { g, x, statistics, .. } | Terms::Layer { g, x, statistics } => (g, x, statistics, none),
        };
        let bounds = if let Terms::Batch { bounds, .. } = self { bounds } else { Bounds::NONE };
        let (groups, each) = if let Terms::Group { groups, each, .. } = self { (groups, each) } else { (1, 1) };
        let [means, inverses] = statistics.map(View::pointer);
        let [gamma, beta] = affine.map(View::pointer);
        let (bounds, by_group, groups) = (bounds.into(), Divisor::by(each), small(groups));
        SumsCall { slices, x: x.pointer(), g: g.pointer(), means, inverses, gamma, beta, bounds, by_group, groups }
    }
}
