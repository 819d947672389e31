//! Lists that are made anew in every step, for an operation's inputs and weights: without an allocation unless they are
//! long.

use std::ops::{Deref, DerefMut};

/// How many stand without an allocation.
const FEW: usize = 8;

/// A list that is seldom long.
pub(super) enum Few<V> {
    /// So many of them.
    Some([V; FEW], usize),
    Many(Vec<V>),
}

impl<V> Few<V> {
    /// All of an iterator that knows its length; `empty` fills up the array.
    pub(super) fn new(values: impl ExactSizeIterator<Item = V>, empty: impl Fn() -> V) -> Few<V> {
        let count = values.len();
        let mut values = values;
        match count {
            0..=FEW => Few::Some(std::array::from_fn(|_| values.next().unwrap_or_else(&empty)), count),
            _ => Few::Many(values.collect()),
        }
    }
}

impl<V> Deref for Few<V> {
    type Target = [V];

    fn deref(&self) -> &[V] {
        match self {
            Few::Some(values, count) => &values[..*count],
            Few::Many(values) => values,
        }
    }
}

impl<V> DerefMut for Few<V> {
    fn deref_mut(&mut self) -> &mut [V] {
        match self {
            Few::Some(values, count) => &mut values[..*count],
            Few::Many(values) => values,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn holds_everything_in_order() {
        for length in [0, 1, FEW, FEW + 1, 100] {
            let mut few = Few::new(0..length, || 999);
            assert!(few.iter().copied().eq(0..length), "{length}");
            few.iter_mut().for_each(|value| *value += 1);
            assert!(few.iter().copied().eq(1..=length), "{length}");
        }
    }
}
