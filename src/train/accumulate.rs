//! The gradient of a step that takes several batches, its parts: what one larger batch would give, where no batch norm
//! is.
//!
//! Parts are added in a binary tree over their numbers, which says in which order, whoever has computed them:
//!
//! ```text
//!       ·                 a node of level l begins at a multiple of 2ˡ, and has 2ˡ parts;
//!     ·   ·               what is left at the end is added from the right
//!    0 1 2 3   4
//! ```

use rayon::prelude::*;

use super::workers::message::Reader;
use crate::kernels::Real;

/// Gradients of the parts so far, each times what its mean was divided by: as few nodes of the tree as they make.
#[derive(Debug)]
pub struct Accumulated<T> {
    /// Numbers of each weight's gradient.
    lengths: Vec<usize>,
    /// From left to right.
    nodes: Vec<Node<T>>,
    /// Room that was used before.
    spare: Vec<Vec<Vec<T>>>,
    /// The number of the first part in this process.
    first: u64,
    /// What each part's mean was divided by, from `first` on.
    weights: Vec<f64>,
}

/// A node of the tree.
#[derive(Debug)]
struct Node<T> {
    level: u32,
    /// Its first part.
    start: u64,
    sums: Vec<Vec<T>>,
}

/// Elements that one task adds.
const CHUNK: usize = 1 << 14;

impl<T: Real> Accumulated<T> {
    /// For gradients like these, and parts from `first` on.
    pub fn new(gradients: &[Vec<T>], first: u64) -> Accumulated<T> {
        let lengths = gradients.iter().map(Vec::len).collect();
        Accumulated { lengths, nodes: Vec::new(), spare: Vec::new(), first, weights: Vec::new() }
    }

    /// Takes in the gradients of the next part, whose loss was divided by `weight`.
    pub fn add(&mut self, gradients: &[Vec<T>], weight: f64) {
        let factor = T::of(weight);
        let start = self.first + self.weights.len() as u64;
        self.weights.push(weight);
        match self.sibling(0, start) {
            Some(node) => {
                each(&mut node.sums, gradients, |sum, gradient| *sum += factor * *gradient);
                node.level = 1;
                self.join();
            }
            None => {
                let mut sums = self.room();
                each(&mut sums, gradients, |sum, gradient| *sum = factor * *gradient);
                self.nodes.push(Node { level: 0, start, sums });
            }
        }
    }

    /// The last node, if it is the left one of two whose right one begins at `start`.
    fn sibling(&mut self, level: u32, start: u64) -> Option<&mut Node<T>> {
        self.nodes.last_mut().filter(|node| {
            node.level == level && node.start.is_multiple_of(2 << level) && node.start + (1 << level) == start
        })
    }

    fn room(&mut self) -> Vec<Vec<T>> {
        self.spare.pop().unwrap_or_else(|| self.lengths.iter().map(|length| vec![T::ZERO; *length]).collect())
    }

    /// Adds up whatever makes a larger node.
    fn join(&mut self) {
        while let Some(Node { level, start, sums }) = self.nodes.pop() {
            let Some(left) = self.sibling(level, start) else {
                self.nodes.push(Node { level, start, sums });
                return;
            };
            each(&mut left.sums, &sums, |sum, other| *sum += *other);
            left.level = level + 1;
            self.spare.push(sums);
        }
    }

    /// Makes one node of all parts, which are those of a whole step.
    fn close(&mut self) {
        while let [.., left, right] = self.nodes.as_mut_slice() {
            each(&mut left.sums, &right.sums, |sum, other| *sum += *other);
            self.spare.extend(self.nodes.pop().map(|node| node.sums));
        }
    }

    /// The sums of a step's parts, of which there is at least one, and the factor that makes them the gradient of all.
    pub fn total(&mut self) -> (&[Vec<T>], f64) {
        self.close();
        let weight: f64 = self.weights.iter().sum();
        // Of parts that count for nothing the sums are 0.
        let factor = if weight > 0.0 { 1.0 / weight } else { 1.0 };
        (self.nodes.first().map_or(&[], |node| &node.sums), factor)
    }

    /// Begins anew.
    pub fn clear(&mut self) {
        self.weights.clear();
        self.spare.extend(self.nodes.drain(..).map(|node| node.sums));
    }
}

/// Does something to each number of some arrays, with those of others.
fn each<T: Real>(to: &mut [Vec<T>], from: &[Vec<T>], change: impl Fn(&mut T, &T) + Sync) {
    to.par_iter_mut().zip(from).for_each(|(to, from)| {
        to.par_chunks_mut(CHUNK)
            .zip(from.par_chunks(CHUNK))
            .for_each(|(to, from)| to.iter_mut().zip(from).for_each(|(to, from)| change(to, from)));
    });
}

impl Accumulated<f32> {
    /// Writes down the parts that are here, for another process: all of a step, if `whole`.
    pub fn write(&mut self, message: &mut Vec<u8>, whole: bool) {
        if whole {
            self.close();
        }
        message.extend(self.first.to_le_bytes());
        message.extend((self.weights.len() as u64).to_le_bytes());
        self.weights.iter().for_each(|weight| message.extend(weight.to_le_bytes()));
        message.extend((self.nodes.len() as u64).to_le_bytes());
        for Node { level, start, sums } in &self.nodes {
            message.extend(u64::from(*level).to_le_bytes());
            message.extend(start.to_le_bytes());
            for sums in sums {
                let at = message.len();
                message.resize(at + size_of_val(sums.as_slice()), 0);
                let chunks = message[at..].par_chunks_mut(CHUNK * size_of::<f32>());
                chunks.zip(sums.par_chunks(CHUNK)).for_each(|(bytes, sums)| {
                    bytes.as_chunks_mut().0.iter_mut().zip(sums).for_each(|(bytes, sum)| *bytes = sum.to_le_bytes());
                });
            }
        }
    }

    /// Takes in what another process has written: parts that come right after those that are here, or all of the step.
    /// How many of those that are here still count; `None` if it is something else.
    pub fn read(&mut self, message: &mut Reader) -> Option<usize> {
        let (first, parts) = (message.number()?, message.number()?);
        if first == 0 {
            self.clear();
        } else if parts > 0 && first != self.first + self.weights.len() as u64 {
            return None;
        }
        let kept = self.weights.len();
        for _ in 0..parts {
            self.weights.push(message.real()?);
        }
        for _ in 0..message.number()? {
            let (level, start) =
                (u32::try_from(message.number()?).ok().filter(|level| *level < 62)?, message.number()?);
            // Added to what is its sibling without a copy of it.
            let sibling = self.sibling(level, start).is_some();
            let mut sums = if sibling { self.nodes.pop()?.sums } else { self.room() };
            for sums in &mut sums {
                let bytes = message.bytes(size_of_val(sums.as_slice()))?;
                let chunks = bytes.par_chunks(CHUNK * size_of::<f32>());
                sums.par_chunks_mut(CHUNK).zip(chunks).for_each(|(sums, bytes)| {
                    for (sum, bytes) in sums.iter_mut().zip(bytes.as_chunks().0) {
                        let other = f32::from_le_bytes(*bytes);
                        *sum = if sibling { *sum + other } else { other };
                    }
                });
            }
            let (level, start) = if sibling { (level + 1, start - (1 << level)) } else { (level, start) };
            self.nodes.push(Node { level, start, sums });
            self.join();
        }
        Some(kept)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compile;
    use crate::executor::Executor;
    use crate::kernels::{MaskKey, Objective};
    use crate::lower::lower;
    use crate::random::initial_weights;
    use crate::recipe::Optimizer;
    use crate::train::optimizer::{OptimizerState, Shrink};

    const KEY: MaskKey = MaskKey { seed: 0, step: 0, place: 0 };
    const IMAGE: usize = 2 * 5 * 5;

    /// Whatever the batches are that twelve images come in, also with class weights, the same weights come out.
    #[test]
    fn steps_are_those_of_the_larger_batch() {
        let network = "input: [2, 5, 5]\nclasses: 3\nlayers: [conv 4 3x3 -> relu -> gn 2, flatten, linear {classes}]";
        let network = compile(&network.replace("linear {classes}", "\"linear {classes}\"")).expect("a sound network");
        let program = lower(&network);
        let images: Vec<f64> = (0..12 * IMAGE).map(|index| (index as f64).sin()).collect();
        let labels = [0, 1, 2, 2, 2, 0, 1, 1, 2, 0, 0, 1];
        let settings = Optimizer { weight_decay: 0.1, ..Optimizer::sgd(0.2, 0.9) };
        for class_weights in [&[][..], &[0.5, 2.0, 1.25]] {
            let trained = |batches: &[usize]| {
                let mut executor = Executor::new(program.clone(), initial_weights::<f64>(&program, 3));
                let mut optimizer = OptimizerState::new(settings, &program);
                let mut accumulated = Accumulated::new(executor.gradients(), 0);
                for _ in 0..4 {
                    let mut start = 0;
                    for size in batches {
                        let labels = &labels[start..start + size];
                        let objective = Objective { class_weights, label_smoothing: 0.1, ..Objective::from(labels) };
                        let images = &images[start * IMAGE..(start + size) * IMAGE];
                        let loss = executor.step_gradients(images, objective, KEY);
                        accumulated.add(executor.gradients(), loss.weight);
                        start += size;
                    }
                    executor.update(|weights, _| {
                        let (gradients, factor) = accumulated.total();
                        let shrink = Shrink { factor, ..Shrink::NONE };
                        optimizer.update_shrunk(0.2, shrink, weights, gradients);
                    });
                    accumulated.clear();
                }
                executor.weights().concat()
            };
            let expected = trained(&[12]);
            for batches in [&[6, 6][..], &[4, 4, 4], &[5, 5, 2], &[1, 11]] {
                for (found, expected) in trained(batches).iter().zip(&expected) {
                    assert!((found - expected).abs() < 1e-12, "{batches:?}: {found}, {expected}");
                }
            }
        }
    }

    /// Gradients whose sum is another one in each order.
    fn part(number: u64) -> (Vec<Vec<f32>>, f64) {
        let value = |place: u64| ((number * 31 + place * 7) as f32).sin() * 10f32.powi((number % 5) as i32 - 2);
        (vec![(0..3).map(value).collect(), Vec::new(), (3..20_000).map(value).collect()], 1.0 + number as f64 / 3.0)
    }

    fn of(first: u64, parts: std::ops::Range<u64>) -> Accumulated<f32> {
        let mut accumulated = Accumulated::new(&part(0).0, first);
        for (gradients, weight) in parts.map(part) {
            accumulated.add(&gradients, weight);
        }
        accumulated
    }

    fn bits(accumulated: &mut Accumulated<f32>) -> (Vec<u32>, u64) {
        let (sums, factor) = accumulated.total();
        (sums.concat().into_iter().map(f32::to_bits).collect(), factor.to_bits())
    }

    /// However parts are shared out, also where a step has fewer of them, every process has the same sums in the end.
    #[test]
    fn sums_follow_from_the_numbers_of_parts_alone() {
        for (all, each) in [(2, 1), (3, 1), (4, 1), (4, 2), (6, 1), (6, 2), (6, 3), (12, 3), (15, 5), (16, 4)] {
            for parts in 1..=all {
                let expected = bits(&mut of(0, 0..parts));
                let mut first = of(0, 0..each.min(parts));
                for start in (each..all).step_by(each as usize) {
                    let mut message = Vec::new();
                    of(start, start..parts.min(start + each).max(start)).write(&mut message, false);
                    first.read(&mut Reader::new(&message)).expect("the parts after them");
                }
                let mut message = Vec::new();
                first.write(&mut message, true);
                assert_eq!(bits(&mut first), expected, "{parts} of {all}, {each} each");
                let mut other = of(each, each..parts.min(2 * each).max(each));
                other.read(&mut Reader::new(&message)).expect("all parts");
                assert_eq!(bits(&mut other), expected, "{parts} of {all}, {each} each, elsewhere");
            }
        }
    }

    /// Up to three parts are added as they come, and so as in earlier versions.
    #[test]
    fn the_tree_is_that_of_the_parts() {
        let [a, b, c, d, e] = [0, 1, 2, 3, 4].map(|number| {
            let (gradients, weight) = part(number);
            gradients[2].iter().map(|gradient| weight as f32 * gradient).collect::<Vec<f32>>()
        });
        for (parts, expected) in [
            (1, (0..a.len()).map(|i| a[i]).collect::<Vec<f32>>()),
            (2, (0..a.len()).map(|i| a[i] + b[i]).collect()),
            (3, (0..a.len()).map(|i| (a[i] + b[i]) + c[i]).collect()),
            (4, (0..a.len()).map(|i| (a[i] + b[i]) + (c[i] + d[i])).collect()),
            (5, (0..a.len()).map(|i| ((a[i] + b[i]) + (c[i] + d[i])) + e[i]).collect()),
        ] {
            assert!(of(0, 0..parts).total().0[2] == expected, "{parts}");
        }
    }

    #[test]
    fn messages_that_do_not_fit_are_refused() {
        let mut message = Vec::new();
        of(2, 2..4).write(&mut message, false);
        assert!(of(0, 0..2).read(&mut Reader::new(&message)).is_some());
        assert!(of(0, 0..1).read(&mut Reader::new(&message)).is_none(), "a part is missing");
        for length in [0, 5, 16, 24, message.len() - 1] {
            assert!(of(0, 0..2).read(&mut Reader::new(&message[..length])).is_none(), "{length} bytes");
        }
    }
}
