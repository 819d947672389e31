//! How much memory training takes, in single precision, before anything is allocated.
//!
//! The trainer's own plan says it: the same [`Program`], the same [buffers](crate::program::plan), and what each
//! operation
//! [keeps](crate::program::Op::kept) and [works in](crate::program::Op::workspace). On top come all weights and running
//! statistics, a gradient for each weight that takes part, and what the optimizer remembers: nothing for plain SGD, one
//! number a weight with momentum and for Lion, two for Adam and AdamW, up to three for RMSprop; one more for gradients
//! of several batches, and one for an average of the weights.
//!
//! The program itself and its data set need some more.

use crate::ir::ValueId;
use crate::lower::lower;
use crate::network::Network;
use crate::program::call::Order;
use crate::program::fuse::fuse;
use crate::program::memory::{Sizes, Workspace};
use crate::program::plan::{self, Plan};
use crate::program::{Mode, Program, ProgramWeight, Step};
use crate::recipe::Train;

/// Bytes of a number in single precision, of an index, and of 32 bits of a mask.
const NUMBER: u64 = 4;

/// Bytes that training takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TrainingMemory {
    /// Weights and running statistics.
    pub weights: u64,
    /// Gradients of the weights.
    pub gradients: u64,
    /// What the optimizer remembers.
    pub optimizer: u64,
    /// What the backward pass needs of the forward pass: the input, values, and what operations keep.
    pub activations: u64,
    /// Gradients of values, where they find no place among values that are no longer needed; what kernels work in.
    pub workspace: u64,
}

impl TrainingMemory {
    /// All of it.
    pub fn total(&self) -> u64 {
        let TrainingMemory { weights, gradients, optimizer, activations, workspace } = *self;
        [weights, gradients, optimizer, activations, workspace].into_iter().fold(0, u64::saturating_add)
    }
}

/// Where the network is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hardware {
    /// On a processor with so many threads.
    Processor { threads: usize },
    /// On a GPU, where numbers of values take so many bytes.
    Device { order: Order, width: u64 },
}

/// What a network takes at any batch.
#[derive(Debug, Clone)]
pub struct Footprint {
    /// With its steps joined for training.
    program: Program,
    plan: Plan,
    place: Hardware,
    /// Numbers that the optimizer remembers for each weight.
    optimizer_state: u64,
}

impl Network {
    /// What the network takes on so many threads: in training with the optimizer of the `train:` section; without one,
    /// SGD with momentum.
    ///
    /// ```
    /// let text = "input: [3, 32, 32]\nlayers: [conv 64 3x3 p1 -> relu -> flatten -> linear 10]";
    /// let network = archc::compile(text).unwrap();
    /// let footprint = network.footprint(2);
    /// let largest = footprint.largest_batch(8 << 30).unwrap();    // of 8 GiB
    /// assert!(footprint.training(largest).total() <= 8 << 30 && footprint.training(largest + 1).total() > 8 << 30);
    /// ```
    pub fn footprint(&self, threads: usize) -> Footprint {
        self.footprint_at(Hardware::Processor { threads })
    }

    /// The same on a GPU, with maps in this order and numbers of values of so many bytes. What libraries work in is not
    /// known before they run, and not counted.
    pub fn device_footprint(&self, order: Order, width: usize) -> Footprint {
        self.footprint_at(Hardware::Device { order, width: width as u64 })
    }

    fn footprint_at(&self, place: Hardware) -> Footprint {
        let program = fuse(lower(self), Mode::Train);
        let plan = plan::training(&program, place.order());
        Footprint { program, plan, place, optimizer_state: optimizer_state(self.train.as_ref()) }
    }

    /// Bytes of a forward pass over `batch` examples in evaluation mode on so many threads, some examples at a time,
    /// with the weights.
    pub fn inference_memory(&self, threads: usize, batch: usize) -> u64 {
        self.inference_memory_at(Hardware::Processor { threads }, batch)
    }

    /// The same on a GPU, as in [`Network::device_footprint`].
    pub fn device_inference_memory(&self, order: Order, width: usize, batch: usize) -> u64 {
        self.inference_memory_at(Hardware::Device { order, width: width as u64 }, batch)
    }

    fn inference_memory_at(&self, place: Hardware, batch: usize) -> u64 {
        let program = &fuse(lower(self), Mode::Eval);
        let plan = &plan::evaluation(program, place.order());
        let at_once = plan.examples_at_once(batch);
        let parts = [
            place.values((plan.elements() as u64).saturating_mul(at_once as u64)),
            place.images(program, batch, at_once),
            bytes(kept(program, Mode::Eval, plan, at_once)),
            place.workspace(program, plan, at_once),
            place.weights(program),
        ];
        parts.into_iter().fold(0, u64::saturating_add)
    }
}

impl Footprint {
    /// Bytes of training with `batch` examples a step. Sums that no machine could hold stop at the largest number there
    /// is.
    pub fn training(&self, batch: usize) -> TrainingMemory {
        let Footprint { program, plan, place, .. } = self;
        let of_batch = |numbers: u64| numbers.saturating_mul(batch as u64);
        let trained = plan.backward.iter().flat_map(|planned| &program.steps[planned.step].weights);
        let trained = trained.map(|weight| &program.weights[*weight]).filter(|weight| weight.trainable);
        TrainingMemory {
            weights: place.weights(program),
            gradients: bytes(total(trained)),
            optimizer: bytes(
                total(program.weights.iter().filter(|weight| weight.learns())).saturating_mul(self.optimizer_state),
            ),
            activations: place
                .values(of_batch(plan.forward as u64))
                .saturating_add(place.images(program, batch, batch))
                .saturating_add(bytes(kept(program, Mode::Train, plan, batch))),
            workspace: place
                .values(of_batch((plan.elements() - plan.forward) as u64))
                .saturating_add(place.workspace(program, plan, batch)),
        }
    }

    /// The largest batch with which training takes no more than `bytes`; `None` if even one example takes more.
    pub fn largest_batch(&self, bytes: u64) -> Option<usize> {
        let fits = |batch: &usize| self.training(*batch).total() <= bytes;
        // Bit by bit, the highest first.
        let batch = (0..u32::BITS).rev().fold(0, |batch, bit| Some(batch | 1 << bit).filter(fits).unwrap_or(batch));
        (batch > 0).then_some(batch)
    }
}

impl Hardware {
    /// How maps lie there.
    fn order(self) -> Order {
        match self {
            Hardware::Processor { .. } => Order::ChannelsLast,
            Hardware::Device { order, .. } => order,
        }
    }

    /// Bytes of so many numbers of values.
    fn values(self, numbers: u64) -> u64 {
        match self {
            Hardware::Processor { .. } => bytes(numbers),
            Hardware::Device { width, .. } => numbers.saturating_mul(width),
        }
    }

    /// Weights and running statistics; on a GPU, their copies in a shorter type.
    fn weights(self, program: &Program) -> u64 {
        let numbers = total(&program.weights);
        match self {
            Hardware::Device { width, .. } if width < NUMBER => numbers.saturating_mul(NUMBER + width),
            _ => bytes(numbers),
        }
    }

    /// Images: as the caller has them, and in the order and type of values, where that is another. On a GPU there are
    /// two batches of them as they came, of which one is under way.
    fn images(self, program: &Program, batch: usize, at_once: usize) -> u64 {
        let image = program.shape(ValueId::INPUT);
        let of = |images: usize| (image.elements() as u64).saturating_mul(images as u64);
        match self {
            Hardware::Processor { .. } if image.has_one_order() => bytes(of(batch)),
            Hardware::Processor { .. } => bytes(of(batch).saturating_mul(2)),
            Hardware::Device { order, width } => {
                let as_they_come = width == NUMBER && (image.has_one_order() || order == Order::ChannelsFirst);
                let transposed = if as_they_come { 0 } else { self.values(of(at_once)) };
                bytes(of(at_once).saturating_mul(2)).saturating_add(transposed)
            }
        }
    }

    fn workspace(self, program: &Program, plan: &Plan, batch: usize) -> u64 {
        match self {
            Hardware::Processor { threads } => bytes(workspace(program, plan, batch, threads)),
            Hardware::Device { .. } => 0,
        }
    }
}

/// Numbers that kernels work in: threads keep the most that any step needs.
fn workspace(program: &Program, plan: &Plan, batch: usize, threads: usize) -> u64 {
    let shape = |value| program.shape(value);
    let sizes = |step: &Step| Sizes { batch, input: shape(step.inputs[0]), output: shape(step.output), threads };
    let Workspace { shared, each } =
        steps(program, plan).map(|step| step.op.workspace(sizes(step))).fold(Workspace::default(), Workspace::or);
    (each as u64).saturating_mul(threads as u64).saturating_add(shared as u64)
}

/// The steps that take part.
fn steps<'a>(program: &'a Program, plan: &'a Plan) -> impl Iterator<Item = &'a Step> {
    plan.steps.iter().map(|index| &program.steps[*index])
}

/// Numbers that operations keep of a forward pass.
fn kept(program: &Program, mode: Mode, plan: &Plan, batch: usize) -> u64 {
    let kept = steps(program, plan).map(|step| step.op.kept(mode, batch, program.shape(step.output)));
    kept.map(|kept| kept.reals as u64 + kept.indices as u64 + kept.bytes.div_ceil(4) as u64)
        .fold(0, u64::saturating_add)
}

fn bytes(numbers: u64) -> u64 {
    numbers.saturating_mul(NUMBER)
}

/// Numbers in all of these.
fn total<'a>(weights: impl IntoIterator<Item = &'a ProgramWeight>) -> u64 {
    weights.into_iter().map(|weight| weight.elements() as u64).fold(0, u64::saturating_add)
}

/// Numbers that training remembers for each weight: a momentum, where the file does not say how to train.
fn optimizer_state(train: Option<&Train>) -> u64 {
    train.map_or(1, |train| train.remembered() as u64)
}

#[cfg(test)]
mod tests {
    use super::{Order, TrainingMemory};
    use crate::compile;
    use crate::program::memory::panel;

    #[test]
    fn counts_every_buffer() {
        let layers =
            "input: [2, 4, 4]\nlayers: [relu -> lrn 2 -> maxpool 2 -> flatten -> linear 5 -> bn -> dropout 0.5]";
        let params = 8 * 5 + 5 + 10;
        for (train, optimizer) in [
            ("", 1),
            ("train: {epochs: 1, batch: 7, optimizer: sgd lr=0.1}", 0),
            ("train: {epochs: 1, batch: 7, optimizer: sgd lr=0.1 momentum=0.9}", 1),
            ("train: {epochs: 1, batch: 7, optimizer: adam}", 2),
            ("train: {epochs: 1, batch: 7, optimizer: adamw}", 2),
            ("train: {epochs: 1, batch: 7, optimizer: lion}", 1),
            ("train: {epochs: 1, batch: 7, optimizer: rmsprop}", 1),
            ("train: {epochs: 1, batch: 7, optimizer: rmsprop momentum=0.9 centered}", 3),
            ("train: {epochs: 1, batch: 7, optimizer: sgd lr=0.1, ema: 0.99, accumulate: 2}", 2),
        ] {
            let network = compile(&format!("{layers}\n{train}\n")).expect("a sound network");
            let expected = TrainingMemory {
                weights: 4 * (params + 10),
                gradients: 4 * params,
                optimizer: 4 * params * optimizer,
                // The input in both orders, two maps, in which all values before the first weight take turns and
                // `linear` finds a place, and two more vectors; denominators; the pool's places, a byte each; mean and
                // scale of five channels, and fifty bits.
                activations: 4 * (10 * (2 * 32 + 2 * 32 + 2 * 5 + 32) + 10 * 8 / 4 + 10 + 2),
                // Gradients find places. The linear layer reads its input as a panel of examples, and each thread
                // packs some of its weight.
                workspace: 4 * (8 * panel() + 3 * 65536) as u64,
            };
            assert_eq!(network.footprint(3).training(10), expected, "{train}");
        }
    }

    #[test]
    fn counts_what_is_on_a_gpu() {
        let network =
            compile("input: [2, 4, 4]\nlayers: [conv 3 1x1 bias=false -> relu -> flatten -> linear 5 bias=false]");
        let network = network.expect("a sound network");
        let params = 2 * 3 + 48 * 5;
        let f32s = network.device_footprint(Order::ChannelsFirst, 4).training(10);
        // The images of two batches; the convolution's map, which flattened is the same, and the logits, whose place
        // the map's gradient takes; and the loss's gradient.
        let expected = TrainingMemory {
            weights: 4 * params,
            gradients: 4 * params,
            optimizer: 4 * params,
            activations: 4 * 10 * (2 * 32 + 48 + 5),
            workspace: 4 * 10 * 48,
        };
        assert_eq!(f32s, expected);
        // Weights have copies, images are transposed, and the map is flattened by a copy, whose gradient takes the
        // logits' place, as the map's takes the copy's.
        let bf16 = network.device_footprint(Order::ChannelsLast, 2).training(10);
        let (activations, workspace) = (4 * 10 * 2 * 32 + 2 * 10 * (32 + 48 + 48 + 5), 2 * 10 * 48);
        assert_eq!(bf16, TrainingMemory { weights: 6 * params, activations, workspace, ..expected });
    }

    #[test]
    fn counts_what_operations_keep() {
        let layers =
            "gn 2 -> ln channels -> ln -> drop_path 0.5 -> adaptive_maxpool 2 -> conv_transpose 2 2x2 s2 -> prelu";
        let network = compile(&format!("input: [4, 8, 8]\nlayers: [{layers}]")).expect("a sound network");
        // The input in both orders; four maps of its size, in two of which the pool and the enlarged map find places,
        // because nobody reads them backwards; the output; the pool's places; two numbers for each group, for each
        // position and for each example; and whether the example survives.
        let values = 6 * 256 + 32 + 16;
        assert_eq!(network.footprint(1).training(10).activations, 4 * 10 * (values + 4 + 128 + 2 + 1));
    }

    /// Two values live at a time. The input counts, in both orders, statistics and places that kernels write, and
    /// weights.
    #[test]
    fn inference_takes_less() {
        let network = compile("input: [2, 4, 4]\nlayers: [relu -> bn -> relu -> maxpool 2]");
        let network = network.expect("a sound network");
        assert_eq!(network.inference_memory(1, 10), 4 * (10 * (2 * 32 + 2 * 32 + 8 / 4) + 4 + 8));
    }

    #[test]
    fn finds_the_largest_batch() {
        let network = compile("input: [1000]\nlayers: [prelu]").expect("a sound network");
        let footprint = network.footprint(1);
        // A slope, its gradient and momentum; then input, output and its gradient for each example.
        let (fixed, each) = (3 * 4, 4 * 3000);
        for (bytes, expected) in [
            (fixed, None),
            (fixed + each - 1, None),
            (fixed + each, Some(1)),
            (fixed + 37 * each - 1, Some(36)),
            (fixed + 37 * each, Some(37)),
            (fixed + (1 << 30) * each, Some(1 << 30)),
        ] {
            assert_eq!(footprint.largest_batch(bytes), expected, "{bytes}");
        }
    }
}
