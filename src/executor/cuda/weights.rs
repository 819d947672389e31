//! All weights of a network in one allocation, so that one kernel can change them all.
//!
//! ```text
//! 0                decayed             learning                    length
//! ├─ learn, with λ ─┼─ learn, without λ ─┼─ frozen, running statistics ─┤
//! ├─── gradients, moments of the optimizer ───┤
//! ```
//!
//! Each weight begins at a multiple of [`ALIGNMENT`] bytes. Those of convolutions lie in the run's order.

use crate::cuda::call::Weight;
use crate::cuda::memory::ALIGNMENT;
use crate::cuda::{DType, Gpu, Memory, Result, View};
use crate::kernels::cuda::convert;
use crate::program::call::Order;
use crate::program::{Op, Program, op};

/// Where everything is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WeightLayout {
    /// By the weight's index.
    places: Vec<WeightRange>,
    /// Numbers up to the end of those that λ acts on.
    pub decayed: usize,
    /// Numbers up to the end of those that learn.
    pub learning: usize,
    /// All numbers.
    pub length: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct WeightRange {
    start: usize,
    length: usize,
    /// O, I and H·W of a weight whose order is transposed from O×I×H×W to O×H×W×I.
    transposed: Option<[usize; 3]>,
}

/// Numbers from the beginning of one weight to a possible beginning of the next.
const STEP: usize = ALIGNMENT / size_of::<f32>();

impl WeightLayout {
    /// For these weights. `learns` says which have a gradient that changes them, `decays` on which λ acts.
    pub fn new(program: &Program, order: Order, learns: &[bool], decays: &[bool]) -> WeightLayout {
        let mut places = vec![WeightRange { start: 0, length: 0, transposed: None }; program.weights.len()];
        let parts = [(true, true), (true, false), (false, true), (false, false)];
        let mut ends = [0; 4];
        let mut length = 0;
        for (end, part) in ends.iter_mut().zip(parts) {
            for (index, weight) in program.weights.iter().enumerate().filter(|(i, _)| (learns[*i], decays[*i]) == part)
            {
                places[index] = WeightRange { start: length, length: weight.elements(), transposed: None };
                length = (length + weight.elements()).next_multiple_of(STEP);
            }
            *end = length;
        }
        if order == Order::ChannelsLast {
            for step in program.steps.iter().filter(|step| is_convolution(&step.op)) {
                if let [outputs, inputs, height, width] = program.weights[step.weights[0]].shape[..] {
                    places[step.weights[0]].transposed = Some([outputs, inputs, height * width]);
                }
            }
        }
        WeightLayout { places, decayed: ends[0], learning: ends[1], length }
    }

    /// Numbers in the program's order and PyTorch's, as one array; 0 between weights.
    pub fn join(&self, values: &[Vec<f32>], length: usize) -> Vec<f32> {
        let mut all = vec![0.0; length];
        for (place, values) in self.places.iter().zip(values).filter(|(_, values)| !values.is_empty()) {
            let target = &mut all[place.start..place.start + place.length];
            match place.transposed {
                Some([outputs, inputs, taps]) => transpose(outputs, inputs, taps, values, target),
                None => target.copy_from_slice(values),
            }
        }
        all
    }

    /// The other way, for those weights that are wanted; the rest stay empty.
    pub fn split(&self, all: &[f32], wanted: impl Fn(usize) -> bool) -> Vec<Vec<f32>> {
        let part = |(index, place): (usize, &WeightRange)| {
            if !wanted(index) {
                return Vec::new();
            }
            let values = &all[place.start..place.start + place.length];
            match place.transposed {
                Some([outputs, inputs, taps]) => {
                    let mut transposed = vec![0.0; values.len()];
                    transpose(outputs, taps, inputs, values, &mut transposed);
                    transposed
                }
                None => values.to_vec(),
            }
        };
        self.places.iter().enumerate().map(part).collect()
    }

    /// Where a weight is among numbers of so many bytes.
    fn part<'a>(&self, all: View<'a>, index: usize, width: usize) -> View<'a> {
        let WeightRange { start, length, .. } = self.places[index];
        all.part(start * width, length * width)
    }

    /// Whether a weight has a gradient that changes it.
    pub fn learns(&self, index: usize) -> bool {
        self.places[index].start < self.learning
    }

    /// Where the gradient of a weight is; `None` if it does not learn.
    pub fn gradient<'a>(&self, all: View<'a>, index: usize) -> Option<View<'a>> {
        self.learns(index).then(|| self.part(all, index, size_of::<f32>()))
    }
}

/// Whose first weight lies in the run's order.
fn is_convolution(op: &Op) -> bool {
    op.traits().weights == op::Weights::Kernel
}

/// Matrices of rows × columns, one after the other, transposed.
fn transpose(matrices: usize, rows: usize, columns: usize, from: &[f32], to: &mut [f32]) {
    assert_eq!((from.len(), to.len()), (matrices * rows * columns, from.len()), "sizes are those of the weight");
    if from.is_empty() {
        return;
    }
    for (from, to) in from.chunks_exact(rows * columns).zip(to.chunks_exact_mut(rows * columns)) {
        for (column, line) in to.chunks_exact_mut(rows).enumerate() {
            line.iter_mut().enumerate().for_each(|(row, value)| *value = from[row * columns + column]);
        }
    }
}

/// The weights on a device.
#[derive(Debug)]
pub struct Weights {
    /// Where each of them is.
    pub layout: WeightLayout,
    values: Memory,
    /// For a run in bf16.
    stored: Option<Memory>,
}

impl Weights {
    /// Brings them there.
    pub fn new(gpu: &Gpu, layout: WeightLayout, values: &[Vec<f32>]) -> Result<Weights> {
        let memory = gpu.allocate(layout.length * size_of::<f32>())?;
        gpu.upload(&layout.join(values, layout.length), memory.view())?;
        let width = gpu.settings().storage.width();
        let stored = match gpu.settings().storage {
            DType::F32 => None,
            DType::Bf16 => Some(gpu.allocate(layout.length * width)?),
        };
        let weights = Weights { layout, values: memory, stored };
        weights.store(gpu)?;
        Ok(weights)
    }

    /// Makes the copies anew, after the weights have changed.
    pub fn store(&self, gpu: &Gpu) -> Result<()> {
        match &self.stored {
            Some(stored) => convert::to_real(gpu, self.values.view(), stored.view()),
            None => Ok(()),
        }
    }

    /// All of them, f32.
    pub fn all(&self) -> View<'_> {
        self.values.view()
    }

    /// All copies; no memory in f32.
    pub fn all_stored(&self) -> View<'_> {
        self.stored.as_ref().map_or(View::NONE, Memory::view)
    }

    /// One of them.
    pub fn weight(&self, index: usize) -> Weight<'_> {
        let values = self.statistic(index);
        let copy = self.stored.as_ref().map(|stored| self.layout.part(stored.view(), index, DType::Bf16.width()));
        Weight { values, stored: copy.unwrap_or(values) }
    }

    /// One of them, in f32.
    pub fn statistic(&self, index: usize) -> View<'_> {
        self.layout.part(self.values.view(), index, size_of::<f32>())
    }

    /// Puts other numbers in place of all of them, which take theirs.
    pub fn swap(&mut self, gpu: &Gpu, others: &mut Memory) -> Result<()> {
        assert_eq!(self.values.bytes(), others.bytes(), "they are of the same network");
        std::mem::swap(&mut self.values, others);
        self.store(gpu)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compile;
    use crate::lower::lower;

    const NETWORK: &str =
        "input: [3, 4, 4]\nlayers: [conv 2 3x1 p1 -> bn -> relu -> conv_transpose 5 2x2 s2, flatten, linear 2]";

    fn program() -> Program {
        lower(&compile(NETWORK).expect("a sound network"))
    }

    /// Weights that decay come first, statistics last; every weight begins at a multiple of 64 numbers.
    #[test]
    fn what_changes_lies_together() {
        let program = program();
        let learns: Vec<bool> = program.weights.iter().map(|weight| weight.trainable).collect();
        let decays: Vec<bool> = program.weights.iter().map(|weight| weight.shape.len() > 1).collect();
        let layout = WeightLayout::new(&program, Order::ChannelsFirst, &learns, &decays);
        for (index, weight) in program.weights.iter().enumerate() {
            let place = layout.places[index];
            assert_eq!((place.start % STEP, place.length), (0, weight.elements()), "{}", weight.name);
            assert_eq!(place.start < layout.learning, weight.trainable, "{}", weight.name);
            assert_eq!(place.start < layout.decayed, weight.shape.len() > 1, "{}", weight.name);
            let overlaps = |other: &WeightRange| {
                other.start < place.start + place.length && place.start < other.start + other.length
            };
            assert_eq!(layout.places.iter().filter(|other| overlaps(other)).count(), 1, "{}", weight.name);
        }
    }

    #[test]
    fn what_was_joined_is_split_again() {
        let program = program();
        let all = vec![true; program.weights.len()];
        let number = |weight: usize, index: usize| (1000 * weight + index) as f32;
        let values = program.weights.iter().enumerate();
        let values: Vec<Vec<f32>> =
            values.map(|(weight, about)| (0..about.elements()).map(|index| number(weight, index)).collect()).collect();
        for order in [Order::ChannelsFirst, Order::ChannelsLast] {
            let layout = WeightLayout::new(&program, order, &all, &all);
            let joined = layout.join(&values, layout.length);
            assert_eq!(layout.split(&joined, |_| true), values, "{order:?}");
            let some = layout.split(&joined, |index| index == 2);
            assert!(some.iter().enumerate().all(|(index, values)| values.is_empty() == (index != 2)), "{order:?}");
            // The convolution's weight 2×3×3×1: output 1, input 2, tap 1.
            let place = match order {
                Order::ChannelsFirst => 9 + 6 + 1,
                Order::ChannelsLast => 9 + 3 + 2,
            };
            assert_eq!(joined[place], number(0, 9 + 6 + 1), "{order:?}");
        }
    }
}
