//! Inputs made of others.

/// Knuth's linear congruential generator, the upper half.
pub struct Random(pub u64);

impl Random {
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound.max(1)
    }
}

/// One to eight changes to `seed`, with pieces of `other` and of `words`. `number` changes a number after a place.
pub fn mutated<T: Copy>(
    seed: &[T],
    other: &[T],
    words: &[Vec<T>],
    longest: usize,
    random: &mut Random,
    number: fn(&mut [T], &mut Random),
) -> Vec<T> {
    let mut input = seed[..seed.len().min(longest)].to_vec();
    for _ in 0..1 + random.below(8) {
        let at = random.below(input.len() + 1);
        let end = (at + 1 + random.below(12)).min(input.len());
        match random.below(7) {
            0 => drop(input.drain(at..end)),
            1 if !words.is_empty() => drop(input.splice(at..at, words[random.below(words.len())].iter().copied())),
            2 if !words.is_empty() => drop(input.splice(at..end, words[random.below(words.len())].iter().copied())),
            3 => input.extend_from_within(at..(at + 40).min(input.len())),
            4 => {
                let piece: Vec<T> = input[at..end].repeat(1 + random.below(20));
                drop(input.splice(at..at, piece));
            }
            5 => {
                let other = &other[..other.len().min(longest)];
                let from = random.below(other.len() + 1);
                let to = (from + random.below(200)).min(other.len());
                drop(input.splice(at..end, other[from..to].iter().copied()));
            }
            _ => number(&mut input[at..], random),
        }
        input.truncate(longest);
    }
    input
}

/// Another digit.
pub fn digit(text: &mut [char], random: &mut Random) {
    if let Some(digit) = text.iter_mut().find(|character| character.is_ascii_digit()) {
        *digit = char::from(b'0' + random.below(10) as u8);
    }
}

/// Another bit, or a number of one to eight bytes at the edge of what it can hold, or another digit.
pub fn binary(bytes: &mut [u8], random: &mut Random) {
    const EDGES: [u64; 10] = [0, 1, 2, 0x7f, 0xff, 0x7fff_ffff, 0xffff_ffff, 1 << 40, i64::MAX as u64, u64::MAX];
    match random.below(3) {
        0 if !bytes.is_empty() => bytes[0] ^= 1 << random.below(8),
        1 => {
            let (edge, big) = (EDGES[random.below(EDGES.len())], random.below(2) == 1);
            let width = (1 << random.below(4)).min(bytes.len());
            let number = edge.to_le_bytes();
            for at in 0..width {
                bytes[if big { width - 1 - at } else { at }] = number[at];
            }
        }
        _ => {
            if let Some(digit) = bytes.iter_mut().find(|byte| byte.is_ascii_digit()) {
                *digit = b'0' + random.below(10) as u8;
            }
        }
    }
}
