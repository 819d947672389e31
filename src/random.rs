//! Random numbers that depend only on where they are used.
//!
//! Every use names its seed, its purpose, the step and the place. So a resumed run needs no generator's state, and
//! neither the number of threads nor the order of work changes a number.

use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

/// What numbers are drawn for. Two purposes never share a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Purpose {
    /// Starting weights; the place is the weight's index.
    Init = 1,
    /// The order of the training data; the step is the epoch.
    Shuffle = 2,
    /// Augmentation; the step is the epoch, the place the example.
    Augment = 3,
    /// Dropout; the place is the node.
    Dropout = 4,
    /// Splitting a data set.
    Split = 5,
}

/// The generator for one use.
pub fn generator(seed: u64, purpose: Purpose, step: u64, place: u64) -> ChaCha8Rng {
    let mut key = [0; 32];
    key[..8].copy_from_slice(&seed.to_le_bytes());
    key[8..16].copy_from_slice(&step.to_le_bytes());
    key[16..24].copy_from_slice(&place.to_le_bytes());
    key[24] = purpose as u8;
    ChaCha8Rng::from_seed(key)
}

/// A whole number below `bound`, all equally likely but for one part in 2⁶⁴/`bound` (Lemire 2019, without the rejection).
pub fn below(generator: &mut ChaCha8Rng, bound: usize) -> usize {
    ((u128::from(generator.next_u64()) * bound as u128) >> 64) as usize
}

/// True with this probability.
pub fn chance(generator: &mut ChaCha8Rng, probability: f64) -> bool {
    let uniform = (generator.next_u64() >> 11) as f64 * (1.0 / (1u64 << 53) as f64);
    uniform < probability
}
