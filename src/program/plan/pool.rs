//! Buffers while they are laid out.

use std::collections::BTreeSet;

use super::Buffer;

/// Buffers, each of which is taken or free.
#[derive(Default)]
pub(super) struct Pool {
    sizes: Vec<usize>,
    /// Free buffers by their size.
    free: BTreeSet<(usize, Buffer)>,
}

impl Pool {
    /// The smallest free buffer that is large enough; else the largest free one, which grows; else a new one.
    pub(super) fn take(&mut self, elements: usize) -> Buffer {
        let fitting = self.free.range((elements, 0)..).next().or_else(|| self.free.last()).copied();
        match fitting {
            Some((size, buffer)) => {
                self.free.remove(&(size, buffer));
                self.sizes[buffer] = size.max(elements);
                buffer
            }
            None => {
                self.sizes.push(elements);
                self.sizes.len() - 1
            }
        }
    }

    pub(super) fn give_back(&mut self, buffer: Buffer) {
        self.free.insert((self.sizes[buffer], buffer));
    }

    /// Of all buffers together.
    pub(super) fn elements(&self) -> usize {
        self.sizes.iter().sum()
    }

    /// Elements of each buffer.
    pub(super) fn into_sizes(self) -> Vec<usize> {
        self.sizes
    }
}
