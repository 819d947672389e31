//! Convolutions, by cuDNN's graphs of one operation.
//!
//! For each shape cuDNN names engines, the most promising first. The first time that shape is computed, some of them
//! are timed on the memory at hand, and the fastest is kept: what PyTorch's `cudnn.benchmark` does. Where results must
//! be the same in every run, it is the first that serves.

mod descriptor;
mod plan;
pub mod problem;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use cudarc::cudnn::{result, sys};
use cudarc::driver::CudaStream;

use self::plan::Plan;
use self::problem::{ConvolutionPass, Problem};
use super::{Gpu, Result, View};

/// A handle of cuDNN, for one stream, and the plans that were made with it.
#[derive(Debug)]
pub struct Dnn {
    handle: sys::cudnnHandle_t,
    plans: Mutex<HashMap<Problem, Plan>>,
}

// SAFETY: a handle may be used by any thread, by one at a time; `Gpu` is used by one.
unsafe impl Send for Dnn {}

/// The memory of a convolution's tensors.
#[derive(Debug, Clone, Copy)]
pub struct Tensors<'a> {
    /// The larger map, or its gradient.
    pub x: View<'a>,
    /// The weight, or its gradient.
    pub w: View<'a>,
    /// What the convolution makes of x, or its gradient.
    pub y: View<'a>,
}

impl Dnn {
    /// For everything that is queued in a stream.
    pub fn new(stream: &Arc<CudaStream>) -> Result<Dnn> {
        let handle = result::create_handle()?;
        let dnn = Dnn { handle, plans: Mutex::default() };
        // SAFETY: the handle was created above; both types are the runtime's and the driver's names of one thing.
        unsafe { result::set_stream(handle, stream.cu_stream().cast()) }?;
        Ok(dnn)
    }
}

impl Drop for Dnn {
    fn drop(&mut self) {
        self.plans.get_mut().expect("nobody panics while planning").clear();
        // SAFETY: created in `new`, destroyed only here, after the plans. There is nobody to tell of a failure.
        let _ = unsafe { result::destroy_handle(self.handle) };
    }
}

impl Gpu {
    /// Queues a pass of a convolution, which overwrites one of the tensors.
    ///
    /// # Errors
    /// If cuDNN has no engine for it, memory is short, or the device fails.
    pub fn convolve(&self, problem: &Problem, tensors: Tensors) -> Result<()> {
        let width = problem.storage.width();
        for (tensor, view) in [(problem.x, tensors.x), (problem.w, tensors.w), (problem.y, tensors.y)] {
            let elements: i64 = tensor.sizes.iter().product();
            assert_eq!(view.bytes(), elements as usize * width, "a tensor fills its memory");
        }
        self.context().bind_to_thread()?;
        let mut plans = self.dnn().plans.lock().expect("nobody panics while planning");
        if !plans.contains_key(problem) {
            // Tried on these tensors.
            let plan =
                plan::choose(self, self.dnn().handle, problem, tensors).map_err(|error| error.during(problem))?;
            // It has grown to what the greediest plan wanted.
            self.forget_scratch();
            plans.insert(*problem, plan);
        }
        let plan = &plans[problem];
        self.with_scratch(plan.workspace, |workspace| plan.execute(self.dnn().handle, tensors, workspace))
            .map_err(|error| error.during(problem))
    }
}
