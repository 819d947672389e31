//! What masks say of pixels.

/// What the levels of masks stand for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Masks {
    /// `classes:`, the names of the classes: a pixel of level 0 is of the first.
    pub classes: Vec<String>,
    /// `ignore:`, the level of pixels of which nothing is known.
    pub ignore: u16,
}

impl Masks {
    /// That of PyTorch's and of Pascal VOC's users, unless the file says otherwise.
    pub const IGNORE: u16 = 255;

    /// So many that each fits into a byte, beside what is ignored.
    pub const MOST_CLASSES: usize = 255;

    /// Classes that are called by their numbers.
    pub fn numbered(classes: usize) -> Masks {
        Masks { classes: (0..classes).map(|class| class.to_string()).collect(), ignore: Masks::IGNORE }
    }
}
