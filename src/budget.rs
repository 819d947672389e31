//! What may still be spent on a text: steps, bytes, items. A short file can ask for a lot, and each such sum ends
//! somewhere.

use std::cell::Cell;

/// A sum that ends.
#[derive(Debug)]
pub(crate) struct Budget {
    most: usize,
    spent: Cell<usize>,
}

impl Budget {
    /// So much in all.
    pub const fn new(most: usize) -> Budget {
        Budget { most, spent: Cell::new(0) }
    }

    /// Spends as much, whether it is there or not; whether it was.
    pub fn spend(&self, amount: usize) -> bool {
        self.spent.set(self.spent.get().saturating_add(amount));
        !self.is_overspent()
    }

    /// Whether more was spent than there was.
    pub fn is_overspent(&self) -> bool {
        self.spent.get() > self.most
    }

    /// What was spent so far.
    pub fn spent(&self) -> usize {
        self.spent.get()
    }

    /// What is left of it.
    pub fn left(&self) -> usize {
        self.most.saturating_sub(self.spent.get())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_behind_the_last_bit() {
        let budget = Budget::new(10);
        assert!(budget.spend(4) && budget.spend(6));
        assert_eq!((budget.spent(), budget.left(), budget.is_overspent()), (10, 0, false));
        assert!(!budget.spend(1) && budget.is_overspent());
        assert!(!budget.spend(usize::MAX), "no sum begins anew");
        assert_eq!(budget.left(), 0);
    }
}
