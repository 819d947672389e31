//! A network as a picture: boxes of layers and blocks, wires with their shapes. `fold` says what is a box, `layout`
//! where it is, and each format writes it down.

mod dot;
mod fold;
mod layout;
mod mermaid;
mod svg;

pub use dot::dot;
pub use fold::fold;
pub use layout::{MOST, Placed, Rectangle, Route, place};
pub use mermaid::mermaid;
pub use svg::svg;

/// What is drawn.
#[derive(Debug, Clone, PartialEq)]
pub struct Drawing {
    /// Each after all those that it reads; the network's input first, its output last.
    pub boxes: Vec<Block>,
    /// What flows between them.
    pub wires: Vec<Wire>,
}

/// A layer with what works on its result alone, or several as one.
#[derive(Debug, Clone, PartialEq)]
pub struct Block {
    /// What it is called.
    pub title: String,
    /// What it does, and what it costs.
    pub lines: Vec<String>,
    /// What its colour says.
    pub kind: Kind,
    /// Channels of what it makes.
    pub channels: usize,
    /// Multiply–accumulates.
    pub macs: u64,
}

/// What a box is, as its colour says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The network's input or its output.
    End,
    /// Convolutions.
    Convolution,
    /// Linear layers.
    Linear,
    /// Pools, and other changes of height and width.
    Resize,
    /// What several values become one in.
    Join,
    /// Layers that are drawn as one.
    Folded,
    /// All else.
    Other,
}

impl Kind {
    const ALL: [Kind; 7] =
        [Kind::End, Kind::Convolution, Kind::Linear, Kind::Resize, Kind::Join, Kind::Folded, Kind::Other];

    /// As a class of Mermaid's is called.
    fn name(self) -> &'static str {
        match self {
            Kind::End => "ends",
            Kind::Convolution => "convolutions",
            Kind::Linear => "linears",
            Kind::Resize => "resizes",
            Kind::Join => "joins",
            Kind::Folded => "blocks",
            Kind::Other => "others",
        }
    }

    /// The colour of a box, light enough for black text.
    fn colour(self) -> &'static str {
        match self {
            Kind::End => "#ffffff",
            Kind::Convolution => "#cfe3f7",
            Kind::Linear => "#f8dcc0",
            Kind::Resize => "#d3ecd0",
            Kind::Join => "#f6e9a9",
            Kind::Folded => "#e2daf1",
            Kind::Other => "#ececec",
        }
    }
}

/// A value that one box makes and another reads.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Wire {
    /// Which box makes it.
    pub from: usize,
    /// Which box reads it.
    pub to: usize,
    /// Its shape.
    pub shape: String,
}

/// What the width of a box says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Width {
    /// Channels of what it makes.
    #[default]
    Channels,
    /// Multiply–accumulates.
    Cost,
}
