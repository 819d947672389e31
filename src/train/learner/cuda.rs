//! Learning on a GPU: what [`CpuLearner`](super::CpuLearner) does on the processor.
//!
//! A step is queued and not waited for. The loss of a batch is fetched while the next one is computed; if it is not
//! finite, the weights have stayed as they were, since the kernels that change them look at it.

use std::collections::VecDeque;

use cudarc::driver::CudaEvent;

use super::{Learned, Learner, LearnerStart, Outcome, Wait};
use crate::cuda::input::{Answers, Slot};
use crate::cuda::{DType, Gpu, Memory, Result, View};
use crate::device::DeviceError;
use crate::executor::cuda::{CudaExecutor, Machine};
use crate::executor::{Evaluator, IMAGES, Loss};
use crate::kernels::cuda::loss::Labels;
use crate::kernels::cuda::{accumulate, average, loss, norm, optimizer};
use crate::kernels::{Criterion, MaskKey, Mode};
use crate::recipe::Clip;
use crate::train::average::Average;
use crate::train::optimizer::OptimizerState;
use crate::train::workers::message::Reader;

/// An executor, and what changes its weights.
#[derive(Debug)]
pub struct CudaLearner {
    executor: CudaExecutor,
    /// The rule; its moments are those on the device as of the last [`Learner::learned`].
    optimizer: OptimizerState<f32>,
    /// First, second and third moments of all weights that learn.
    moments: [Option<Memory>; 3],
    clip: Option<Clip>,
    accumulated: Option<Accumulated>,
    average: Option<Averaged>,
    class_weights: ClassWeights,
    /// Loss and hits of the last batch, and whether a loss was not finite so far: three f64.
    result: Memory,
    /// The sum of the gradients' squares: one f64.
    square_sum: Memory,
    answers: Answers,
    under_way: VecDeque<Batch>,
    /// As of the last [`Learner::learned`].
    weights: Vec<Vec<f32>>,
}

/// Gradients of the batches of a step, each times what its mean was divided by.
#[derive(Debug)]
struct Accumulated {
    sums: Memory,
    weight: f64,
}

#[derive(Debug)]
struct Averaged {
    decay: f64,
    values: Memory,
    /// As of the last [`Learner::learned`].
    copy: Vec<Vec<f32>>,
}

/// Those of the loss on the device, which are the same in every step.
#[derive(Debug, Default)]
struct ClassWeights {
    values: Vec<f64>,
    memory: Option<Memory>,
}

/// A batch whose loss is under way.
#[derive(Debug)]
struct Batch {
    key: MaskKey,
    images: usize,
    slot: Slot,
    weight: f64,
    answer: usize,
    came: CudaEvent,
}

/// Numbers of a result.
const RESULT: usize = 3;

impl CudaLearner {
    /// Brings a run to the device.
    ///
    /// # Errors
    /// If an operation has no kernel for GPUs, or memory is short.
    pub fn new(gpu: Gpu, start: LearnerStart) -> Result<CudaLearner> {
        let LearnerStart { program, weights, mut optimizer, average, clip, accumulate } = start;
        let executor = CudaExecutor::learning(gpu, program, &weights, optimizer.decays())?;
        let (gpu, layout) = (&executor.machine.gpu, &executor.machine.weights.layout);
        let room = || gpu.allocate(layout.learning * size_of::<f32>());
        let mut moments = [None, None, None];
        for (memory, values) in moments.iter_mut().zip(optimizer.moments_mut()) {
            if values.iter().any(|values| !values.is_empty()) {
                // Weights that learn but take no part have moments, which stay 0 here.
                let taking_part: Vec<Vec<f32>> = values
                    .iter()
                    .enumerate()
                    .map(|(index, values)| if layout.learns(index) { values.clone() } else { Vec::new() })
                    .collect();
                let target = room()?;
                gpu.upload(&layout.join(&taking_part, layout.learning), target.view())?;
                *memory = Some(target);
            }
        }
        let accumulated = match accumulate {
            1 => None,
            _ => Some(Accumulated { sums: room()?, weight: 0.0 }),
        };
        let average = average.map(|average| Averaged::new(&executor, &average)).transpose()?;
        let [result, square_sum] = [RESULT, 1].map(|count| gpu.allocate(count * size_of::<f64>()));
        let result = result?;
        gpu.clear(result.view())?;
        Ok(CudaLearner {
            square_sum: square_sum?,
            answers: Answers::new(gpu, RESULT * size_of::<f64>())?,
            under_way: VecDeque::new(),
            class_weights: ClassWeights::default(),
            executor,
            optimizer,
            moments,
            clip,
            accumulated,
            average,
            result,
            weights,
        })
    }

    /// Where the first number arises that is not finite, if the batch is computed again.
    fn first_not_finite(&mut self, batch: &Batch) -> Result<Option<String>> {
        if let Some(weight) = self.weight_not_finite()? {
            return Ok(Some(weight));
        }
        let images = self.executor.input.images(batch.slot);
        if !self.executor.machine.is_finite(images, DType::F32)? {
            return Ok(Some(IMAGES.to_owned()));
        }
        let mut first = None;
        // The batch after it may have been of another size.
        self.executor.reserve(Mode::Train, batch.images)?;
        self.executor.forward(Mode::Train, (batch.images, batch.slot), batch.key, |queue, work| {
            let machine = queue.machine();
            if first.is_none() && !machine.is_finite(queue.output(work), machine.gpu.settings().storage)? {
                first = Some(format!("the output of `{}`", work.step().name));
            }
            Ok(())
        })?;
        Ok(first)
    }
}

impl Averaged {
    fn new(executor: &CudaExecutor, average: &Average<f32>) -> Result<Averaged> {
        let (gpu, layout) = (&executor.machine.gpu, &executor.machine.weights.layout);
        let values = gpu.allocate(layout.length * size_of::<f32>())?;
        gpu.upload(&layout.join(average.values(), layout.length), values.view())?;
        Ok(Averaged { decay: average.decay(), values, copy: average.values().to_vec() })
    }
}

impl ClassWeights {
    fn bring(&mut self, gpu: &Gpu, values: &[f64]) -> Result<()> {
        if self.values == values {
            return Ok(());
        }
        let memory = gpu.allocate(values.len() * size_of::<f32>())?;
        let rounded: Vec<f32> = values.iter().map(|value| *value as f32).collect();
        gpu.upload(&rounded, memory.view())?;
        (self.values, self.memory) = (values.to_vec(), Some(memory));
        Ok(())
    }
}

fn one_process() -> DeviceError {
    DeviceError::new("on a GPU, one process computes a step")
}

impl Learner for CudaLearner {
    fn evaluator(&self) -> &dyn Evaluator {
        &self.executor
    }

    fn evaluator_mut(&mut self) -> &mut dyn Evaluator {
        &mut self.executor
    }

    fn learn(&mut self, images: &[f32], criterion: Criterion, key: MaskKey) -> Result<()> {
        let Criterion::Classes(objective) = criterion else {
            return Err(DeviceError::new("on a GPU, networks are trained to tell one class an image"));
        };
        let count = objective.labels.len();
        let classes = self.executor.classes();
        assert!(
            objective.labels.iter().all(|label| (*label as usize) < classes),
            "labels are below the number of logits"
        );
        self.class_weights.bring(&self.executor.machine.gpu, objective.class_weights)?;
        self.executor.reserve(Mode::Train, count)?;
        let slot = self.executor.input.bring(&self.executor.machine.gpu, images, objective.labels)?;
        let (class_weights, result, answers) = (&self.class_weights, self.result.view(), &mut self.answers);
        let (answer, came) = self.executor.gradients((count, slot), key, |queue, run| {
            let (program, gpu) = (&run.schedule.program, &queue.machine().gpu);
            let logits = queue.value(run, program.output);
            let gradient = run.schedule.plan.loss_gradient.map(|buffer| queue.buffer(run, buffer, program.output));
            let labels = Labels {
                labels: queue.labels(),
                batch: count,
                classes,
                mixed: objective.mixed,
                label_smoothing: objective.label_smoothing,
                class_weights: class_weights.memory.as_ref().map(Memory::view),
                all_weights: match objective.class_weights {
                    [] => classes as f64,
                    weights => weights.iter().sum(),
                },
                total_weight: objective.total_weight(),
            };
            loss::cross_entropy_gradient(gpu, &labels, logits, gradient, result)?;
            // It comes while the gradients are computed.
            answers.fetch(gpu, result)
        })?;
        let weight = objective.total_weight();
        self.under_way.push_back(Batch { key, images: count, slot, weight, answer, came });
        self.executor.input.used(&self.executor.machine.gpu, slot)?;
        if let Some(Accumulated { sums, weight: so_far }) = &mut self.accumulated {
            let machine = &self.executor.machine;
            let (count, first) = (machine.weights.layout.learning, *so_far == 0.0);
            accumulate::add(&machine.gpu, sums.view(), machine.all_gradients(), count, weight as f32, first)?;
            *so_far += weight;
        }
        Ok(())
    }

    fn outcome(&mut self, wait: Wait) -> Result<Option<Outcome>> {
        let left = match wait {
            Wait::Earlier => 1,
            Wait::All => 0,
        };
        if self.under_way.len() <= left {
            return Ok(None);
        }
        let Some(batch) = self.under_way.pop_front() else { return Ok(None) };
        batch.came.synchronize()?;
        let &[loss, correct, _] = self.answers.values::<f64>(batch.answer) else {
            unreachable!("a result has three numbers");
        };
        let first = match loss.is_finite() {
            true => None,
            false => Some(self.first_not_finite(&batch)?.unwrap_or_else(|| "the loss".to_owned())),
        };
        let loss = Loss { loss, correct: correct as usize, weight: batch.weight };
        Ok(Some(Outcome { step: batch.key.step, images: batch.images, loss, first }))
    }

    fn update(&mut self, lr: f64, before: u64) -> Result<()> {
        let (machine, result) = (&self.executor.machine, self.result.view());
        let (gpu, layout) = (&machine.gpu, &machine.weights.layout);
        let (gradients, factor) = match &self.accumulated {
            Some(Accumulated { sums, weight }) => (sums.view(), 1.0 / weight),
            None => (machine.all_gradients(), 1.0),
        };
        if let Some(Clip::Norm(_)) = self.clip {
            norm::square_sum(gpu, gradients, layout.learning, self.square_sum.view())?;
        }
        let [first, second, third] =
            self.moments.each_ref().map(|memory| memory.as_ref().map_or(View::NONE, Memory::view));
        let update = optimizer::Update {
            optimizer: self.optimizer.optimizer(),
            lr,
            t: before + 1,
            factor,
            clip: self.clip,
            square_sum: self.square_sum.view(),
            result,
            decayed: layout.decayed,
            learning: layout.learning,
            weights: machine.weights.all(),
            gradients,
            first,
            second,
            third,
            stored: machine.weights.all_stored(),
        };
        optimizer::update(gpu, &update)?;
        if let Some(Averaged { decay, values, .. }) = &self.average {
            let part = (1.0 - decay) as f32;
            average::update(gpu, values.view(), machine.weights.all(), layout.length, part, before == 0, result)?;
        }
        if let Some(accumulated) = &mut self.accumulated {
            accumulated.weight = 0.0;
        }
        Ok(())
    }

    fn share(&mut self, _: u64) -> Result<()> {
        Err(one_process())
    }

    fn write_parts(&mut self, _: &mut Vec<u8>, _: bool) -> Result<()> {
        Err(one_process())
    }

    fn read_parts(&mut self, _: &mut Reader) -> Result<()> {
        Err(one_process())
    }

    fn swap_average(&mut self) -> Result<()> {
        match &mut self.average {
            Some(average) => {
                let Machine { weights, gpu, .. } = &mut self.executor.machine;
                weights.swap(gpu, &mut average.values)
            }
            None => Ok(()),
        }
    }

    fn weight_not_finite(&mut self) -> Result<Option<String>> {
        let machine = &self.executor.machine;
        if machine.is_finite(machine.weights.all(), DType::F32)? {
            return Ok(None);
        }
        let weights = machine.download_weights()?;
        let index = weights.iter().position(|values| values.iter().any(|value| !value.is_finite()));
        Ok(index.map(|index| format!("the weight `{}`", self.executor.program.weights[index].name)))
    }

    fn learned(&mut self) -> Result<Learned<'_>> {
        let machine = &self.executor.machine;
        let (gpu, layout) = (&machine.gpu, &machine.weights.layout);
        self.weights = machine.download_weights()?;
        for (memory, values) in self.moments.iter().zip(self.optimizer.moments_mut()) {
            let Some(memory) = memory else { continue };
            let mut all = vec![0f32; layout.learning];
            gpu.download(memory.view(), &mut all)?;
            for (index, found) in layout.split(&all, |index| layout.learns(index)).into_iter().enumerate() {
                if layout.learns(index) {
                    values[index] = found;
                }
            }
        }
        if let Some(Averaged { values, copy, .. }) = &mut self.average {
            let mut all = vec![0f32; layout.length];
            gpu.download(values.view(), &mut all)?;
            *copy = layout.split(&all, |_| true);
        }
        Ok(Learned {
            declared: &self.executor.program.weights,
            weights: &self.weights,
            moments: self.optimizer.moments().collect(),
            average: self.average.as_ref().map(|average| average.copy.as_slice()),
        })
    }
}
