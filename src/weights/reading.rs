//! How the weights of a file become those of a network: what whoever reads them asks for, and what came of it.

use std::fmt;

use super::matching::LISTED;
use crate::diagnostic::printable;
use crate::pattern::{Rename, glob};

/// What is asked for.
#[derive(Debug, Clone, Default)]
pub struct Reading {
    /// The averages of weights that the file keeps beside them.
    pub averaged: bool,
    /// Nothing but what the network has: what there is beyond, such as an auxiliary head, is refused, not left out.
    pub strict: bool,
    /// New names, which go before everything that is known of names. The first whose pattern is for a name counts.
    pub renames: Vec<Rename>,
    /// Patterns of weights that begin anew, whatever the file has in their place.
    pub anew: Vec<String>,
    /// The weights that see the image. They may have been for colours where they are for grey here, or the other way
    /// round.
    pub adapt: Vec<String>,
    /// The weights that tell classes apart. They begin anew where the file has them for another number of classes.
    pub head: Vec<String>,
}

impl Reading {
    /// Whether a weight begins anew.
    pub(super) fn is_anew(&self, name: &str) -> bool {
        self.anew.iter().any(|pattern| glob(pattern, name))
    }
}

/// The weights of a network as far as a file has them.
#[derive(Debug)]
pub struct Loaded<T> {
    /// In the network's order; `None` where a weight begins anew.
    pub weights: Vec<Option<Vec<T>>>,
    /// What the file says about itself.
    pub note: Option<String>,
    /// What is worth saying about how they fit.
    pub remarks: Vec<Remark>,
}

/// Something about how weights fit that their user should know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Remark {
    /// The file has arrays beyond the network's.
    LeftOut(Vec<String>),
    /// A weight for colours reads grey images here, or the other way round.
    Adapted {
        /// The weight.
        name: String,
        /// Channels in the file.
        found: usize,
        /// Channels here.
        expected: usize,
    },
    /// The head tells another number of classes apart in the file.
    NewHead {
        /// The layer.
        layer: String,
        /// Classes in the file.
        found: usize,
        /// Classes here.
        expected: usize,
    },
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Remark::LeftOut(names) => {
                let plural = if names.len() == 1 { "array" } else { "arrays" };
                let shown: Vec<String> = names.iter().take(LISTED).map(|name| printable(name)).collect();
                write!(f, "left out: {} {plural} that the network does not have: {}", names.len(), shown.join(", "))?;
                match names.len().saturating_sub(LISTED) {
                    0 => Ok(()),
                    more => write!(f, ", and {more} more"),
                }
            }
            Remark::Adapted { name, found, expected: 1 } => {
                write!(f, "`{name}` reads grey images here: its weights for {found} colours are summed")
            }
            Remark::Adapted { name, expected, .. } => write!(
                f,
                "`{name}` reads {expected} colours here: each has the weights for grey images, divided by {expected}"
            ),
            Remark::NewHead { layer, found, expected } => {
                write!(f, "`{layer}` begins anew: it tells {expected} classes apart here, and {found} in the file")
            }
        }
    }
}
