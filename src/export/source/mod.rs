//! What the formats that are source have in common: calls, groups of layers, and which of those are alike.

mod call;
mod classes;
mod names;
mod tree;
mod variables;

pub use call::{Argument, Call, boolean, list, number, pair, sides, sizes, tuple};
pub use classes::{Alike, Class, unify};
pub use names::{Names, identifier, is_identifier, quoted};
pub use tree::{Group, Member, Part, group};
pub use variables::Variables;

/// Lines are no longer than this, where they can be broken.
pub const WIDTH: usize = 100;
