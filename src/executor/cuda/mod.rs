//! Runs a program on a GPU, by the same plan and the same [loop](crate::executor::driver) as the processor's executor.

mod backend;
mod reserve;
mod weights;

use self::backend::CudaBackend;
use self::weights::{WeightLayout, Weights};
use crate::cuda::input::{Input, Slot};
use crate::cuda::{DType, Gpu, Memory, Result, View};
use crate::executor::Evaluator;
use crate::executor::driver::{Run, Work};
use crate::executor::profile::{Profile, Spent};
use crate::executor::schedule::Schedule;
use crate::ir::ValueId;
use crate::kernels::cuda::{self as kernels, finite, transpose};
use crate::kernels::{MaskKey, Mode};
use crate::program::{Program, Step};

/// Where something begins that a step keeps, in bytes, and how large it is.
pub type SavedRange = (usize, usize);

/// Where a step keeps its numbers, indices and bytes.
pub type SavedRanges = [SavedRange; 3];

/// A program with its weights and the memory that it runs in.
#[derive(Debug)]
pub struct CudaExecutor {
    pub(crate) program: Program,
    pub(crate) training: Schedule,
    evaluation: Schedule,
    pub(crate) machine: Machine,
    pub(crate) input: Input,
    profile: Profile,
    /// What was evaluated last.
    output: Vec<f32>,
}

/// The device with all that lies on it but images.
#[derive(Debug)]
pub struct Machine {
    pub(crate) gpu: Gpu,
    pub(crate) weights: Weights,
    /// Of weights that learn; none in evaluation.
    pub(crate) gradients: Option<Memory>,
    /// Shared by both schedules.
    buffers: Vec<Memory>,
    /// What the steps of a forward pass keep.
    saved: Memory,
    /// Where each step of training and of evaluation keeps it.
    parts: [Vec<SavedRanges>; 2],
    /// The images of a batch, if their order or type is another than the caller's.
    transposed: Memory,
    /// Outputs in f32, N×C×H×W.
    staged: Memory,
    /// Whether a number was found that is not finite.
    flag: Memory,
}

impl CudaExecutor {
    /// For evaluation, with all weights of the program, in its order.
    ///
    /// # Errors
    /// If an operation has no kernel for GPUs, or memory is short.
    pub fn new(gpu: Gpu, program: Program, weights: &[Vec<f32>]) -> Result<CudaExecutor> {
        let none = vec![false; program.weights.len()];
        CudaExecutor::with(gpu, program, weights, &none)
    }

    /// For training: `decays` says on which weights λ acts.
    ///
    /// # Errors
    /// As [`CudaExecutor::new`].
    pub fn learning(gpu: Gpu, program: Program, weights: &[Vec<f32>], decays: &[bool]) -> Result<CudaExecutor> {
        let mut executor = CudaExecutor::with(gpu, program, weights, decays)?;
        let machine = &mut executor.machine;
        let gradients = machine.gpu.allocate(machine.weights.layout.learning * size_of::<f32>())?;
        // Between weights there is nothing that anybody writes.
        machine.gpu.clear(gradients.view())?;
        machine.gradients = Some(gradients);
        Ok(executor)
    }

    fn with(gpu: Gpu, program: Program, weights: &[Vec<f32>], decays: &[bool]) -> Result<CudaExecutor> {
        let lengths = program.weights.iter().map(|weight| weight.elements());
        assert!(lengths.eq(weights.iter().map(Vec::len)), "weights must be the program's");
        program.steps.iter().try_for_each(|step| {
            let shapes = step.inputs.iter().chain([&step.output]).map(|value| program.shape(*value));
            kernels::check(&step.op, shapes).map_err(|error| error.during(&step.name))
        })?;
        let order = gpu.settings().order;
        let [training, evaluation] = [Mode::Train, Mode::Eval].map(|mode| Schedule::new(&program, mode, order));
        let mut learns = vec![false; program.weights.len()];
        for index in training.trained() {
            learns[index] = program.weights[index].learns();
        }
        let layout = WeightLayout::new(&program, order, &learns, decays);
        let buffers = training.plan.buffers.len().max(evaluation.plan.buffers.len());
        let empty = || gpu.allocate(0);
        let machine = Machine {
            weights: Weights::new(&gpu, layout, weights)?,
            gradients: None,
            buffers: (0..buffers).map(|_| empty()).collect::<Result<_>>()?,
            saved: empty()?,
            parts: [&training, &evaluation].map(|schedule| vec![SavedRanges::default(); schedule.program.steps.len()]),
            transposed: empty()?,
            staged: empty()?,
            flag: gpu.allocate(size_of::<u32>())?,
            gpu,
        };
        let input = Input::new(&machine.gpu)?;
        Ok(CudaExecutor {
            program,
            training,
            evaluation,
            machine,
            input,
            profile: Profile::default(),
            output: Vec::new(),
        })
    }

    fn schedule(&self, mode: Mode) -> &Schedule {
        match mode {
            Mode::Train => &self.training,
            Mode::Eval => &self.evaluation,
        }
    }

    /// Runs forward in training mode on a batch that was brought, after [`CudaExecutor::reserve`]; queues the loss,
    /// which `loss` computes with its gradient, and all gradients.
    pub(crate) fn gradients<L>(
        &mut self,
        (batch, images): (usize, Slot),
        key: MaskKey,
        loss: impl FnOnce(&CudaBackend, Run) -> Result<L>,
    ) -> Result<L> {
        let run = Run { schedule: &self.training, batch, key };
        let mut queue = CudaBackend::new(&self.machine, &self.input, images, run)?;
        run.gradients(&mut queue, &mut self.profile, |queue| loss(queue, run))
    }

    /// Runs forward on a batch that was brought, after [`CudaExecutor::reserve`]. `each` sees every output that is
    /// computed.
    pub(crate) fn forward(
        &mut self,
        mode: Mode,
        (batch, images): (usize, Slot),
        key: MaskKey,
        mut each: impl FnMut(&CudaBackend, Work) -> Result<()>,
    ) -> Result<()> {
        let schedule = match mode {
            Mode::Train => &self.training,
            Mode::Eval => &self.evaluation,
        };
        let run = Run { schedule, batch, key };
        let mut queue = CudaBackend::new(&self.machine, &self.input, images, run)?;
        run.forward(&mut queue, &mut self.profile, |queue, work| each(queue, work))
    }
}

impl Machine {
    fn width(&self) -> usize {
        self.gpu.settings().storage.width()
    }

    /// Whether all numbers are finite. Waits.
    pub(crate) fn is_finite(&self, values: View, storage: DType) -> Result<bool> {
        finite::all(&self.gpu, values, storage, self.flag.view())?;
        let mut flag = [0u32];
        self.gpu.download(self.flag.view(), &mut flag)?;
        Ok(flag == [0])
    }

    /// All weights, in the program's order. Waits.
    pub(crate) fn download_weights(&self) -> Result<Vec<Vec<f32>>> {
        let mut all = vec![0f32; self.weights.layout.length];
        self.gpu.download(self.weights.all(), &mut all)?;
        Ok(self.weights.layout.split(&all, |_| true))
    }

    /// Gradients of all weights that learn.
    pub(crate) fn all_gradients(&self) -> View<'_> {
        self.gradients.as_ref().map_or(View::NONE, Memory::view)
    }
}

impl Evaluator for CudaExecutor {
    fn program(&self) -> &Program {
        &self.program
    }

    fn evaluate(&mut self, images: &[f32]) -> Result<&[f32]> {
        let (shape, value) = (self.program.shape(self.program.output), self.program.output);
        let image = self.program.shape(ValueId::INPUT).elements();
        let count = images.len() / image;
        let mut all = std::mem::take(&mut self.output);
        all.resize(count * shape.elements(), 0.0);
        let some = self.evaluation.plan.examples_at_once(count);
        for (images, all) in images.chunks(some * image).zip(all.chunks_mut(some * shape.elements())) {
            let batch = images.len() / image;
            self.reserve(Mode::Eval, batch)?;
            let place = self.input.bring(&self.machine.gpu, images, &[])?;
            let key = MaskKey { seed: 0, step: 0, place: 0 };
            self.forward(Mode::Eval, (batch, place), key, |_, _| Ok(()))?;
            let (machine, run) = (&self.machine, Run { schedule: &self.evaluation, batch, key });
            let staged = machine.staged.view().part(0, size_of_val(all));
            let output = machine.value(self.input.images(place), run.schedule, batch, value);
            transpose::outputs(&machine.gpu, batch, shape, output, staged)?;
            machine.gpu.download(staged, all)?;
            self.input.used(&self.machine.gpu, place)?;
        }
        self.output = all;
        Ok(&self.output)
    }

    fn steps(&self, mode: Mode) -> &[Step] {
        &self.schedule(mode).program.steps
    }

    fn begin_profile(&mut self) {
        self.profile.begin(self.program.steps.len());
    }

    fn profile(&self) -> &[Spent] {
        self.profile.spent()
    }
}
