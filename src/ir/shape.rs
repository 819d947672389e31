//! What flows between layers: values, and the shape of each.

use std::fmt;

/// The shape of one example's value; the batch is not part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Shape {
    /// A feature map: channels, height, width.
    Map {
        /// C
        channels: usize,
        /// H
        height: usize,
        /// W
        width: usize,
    },
    /// A vector of features, as after `flatten`.
    Vector(usize),
}

impl Shape {
    /// A feature map of C×H×W.
    pub const fn map(channels: usize, height: usize, width: usize) -> Shape {
        Shape::Map { channels, height, width }
    }

    /// The sizes in order: `[C, H, W]` or `[N]`.
    pub fn dims(self) -> Vec<usize> {
        match self {
            Shape::Map { channels, height, width } => vec![channels, height, width],
            Shape::Vector(features) => vec![features],
        }
    }

    /// How many numbers one example has.
    pub fn elements(self) -> usize {
        self.channels() * self.positions()
    }

    /// C, or the number of features.
    pub fn channels(self) -> usize {
        match self {
            Shape::Map { channels, .. } => channels,
            Shape::Vector(features) => features,
        }
    }

    /// H·W, or 1.
    pub fn positions(self) -> usize {
        match self {
            Shape::Map { height, width, .. } => height * width,
            Shape::Vector(_) => 1,
        }
    }

    /// Whether its numbers come in the same order with the channels first, C×H×W, and last, H×W×C.
    pub fn has_one_order(self) -> bool {
        self.channels() == 1 || self.positions() == 1
    }

    /// Height and width; `None` for a vector.
    pub fn sides(self) -> Option<(usize, usize)> {
        match self {
            Shape::Map { height, width, .. } => Some((height, width)),
            Shape::Vector(_) => None,
        }
    }

    /// Whether its number of elements stays below [`LARGEST_VALUE`].
    pub fn is_reasonable(self) -> bool {
        let product = self.dims().into_iter().try_fold(1usize, |product, size| product.checked_mul(size));
        product.is_some_and(|elements| elements <= LARGEST_VALUE)
    }
}

/// The most elements that one example's value, or one weight, may have: 2⁴⁰, far beyond any machine's memory, far below
/// overflow.
pub const LARGEST_VALUE: usize = 1 << 40;

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Shape::Map { channels, height, width } => write!(f, "{channels}×{height}×{width}"),
            Shape::Vector(features) => write!(f, "{features}"),
        }
    }
}

/// What flows along a wire: the network's input, or a node's output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ValueId(usize);

impl ValueId {
    /// The network's input.
    pub const INPUT: ValueId = ValueId(0);

    /// The output of the node with this index.
    pub const fn of_node(index: usize) -> ValueId {
        ValueId(index + 1)
    }

    /// The index of the node that makes it; `None` for the network's input.
    pub const fn node(self) -> Option<usize> {
        self.0.checked_sub(1)
    }

    /// Its place in a list of all values, the input first.
    pub const fn index(self) -> usize {
        self.0
    }
}
