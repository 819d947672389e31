//! Two sizes, down and across.

use std::fmt;

/// Height and width of a kernel, stride, padding, dilation or image.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Pair {
    /// Down.
    pub height: usize,
    /// Across.
    pub width: usize,
}

impl Pair {
    /// The same both ways.
    pub const fn square(side: usize) -> Pair {
        Pair { height: side, width: side }
    }

    /// As the notation writes it: one number, or two where they differ.
    pub fn written(self) -> String {
        match self.height == self.width {
            true => self.height.to_string(),
            false => format!("{}x{}", self.height, self.width),
        }
    }
}

impl fmt::Display for Pair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}×{}", self.height, self.width)
    }
}
