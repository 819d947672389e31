//! How a convolution is computed: an engine of cuDNN's with its settings, ready to run.

use cudarc::cudnn::sys::{
    cudnnBackendAttributeName_t as Name, cudnnBackendDescriptorType_t as Kind, cudnnBackendHeurMode_t as Mode,
    cudnnConvolutionMode_t, cudnnDataType_t, cudnnHandle_t,
};
use cudarc::driver::sys::CUevent_flags;

use super::descriptor::Descriptor;
use super::problem::{Notes, Tensor};
use super::{ConvolutionPass, Problem, Tensors};
use crate::cuda::{DType, Error, Gpu, Result, View};

/// An execution plan.
#[derive(Debug)]
pub struct Plan {
    descriptor: Descriptor,
    /// Bytes that it works in.
    pub workspace: usize,
}

/// How many plans are tried, as PyTorch does, and how often each is timed.
const TRIED: usize = 10;
const TIMES: usize = 3;

/// What the tensors of a problem are called.
const NAMES: [i64; 3] = ['x' as i64, 'w' as i64, 'y' as i64];

impl Plan {
    /// Runs it.
    pub fn execute(&self, handle: cudnnHandle_t, tensors: Tensors, workspace: View) -> Result<()> {
        let pointer = |view: View| view.pointer() as *mut std::ffi::c_void;
        let pack = Descriptor::finalized(Kind::CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR, |pack| {
            pack.set(Name::CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS, &NAMES)?;
            let pointers = [tensors.x, tensors.w, tensors.y].map(pointer);
            pack.set(Name::CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS, &pointers)?;
            pack.set(Name::CUDNN_ATTR_VARIANT_PACK_WORKSPACE, &[pointer(workspace)])
        })?;
        self.descriptor.execute(handle, &pack)
    }
}

/// The plan that this problem is computed by from now on.
///
/// # Errors
/// If no engine serves, with what the last one said.
pub fn choose(gpu: &Gpu, handle: cudnnHandle_t, problem: &Problem, tensors: Tensors) -> Result<Plan> {
    let graph = graph(handle, problem)?;
    let mut last = Error::new("cuDNN names no engine that computes as precisely as it should");
    let mut best: Option<(f32, Plan)> = None;
    let mut tried = 0;
    for mode in [Mode::CUDNN_HEUR_MODE_A, Mode::CUDNN_HEUR_MODE_FALLBACK] {
        for config in configurations(&graph, mode)? {
            match serves(&config, problem) {
                Ok(true) => {}
                Ok(false) => continue,
                Err(error) => {
                    last = error;
                    continue;
                }
            }
            match plan(handle, &config).and_then(|plan| Ok((time(gpu, handle, &plan, tensors)?, plan))) {
                Ok((_, plan)) if problem.exact => return Ok(plan),
                Ok((seconds, plan)) => {
                    tried += 1;
                    if best.as_ref().is_none_or(|(least, _)| seconds < *least) {
                        best = Some((seconds, plan));
                    }
                }
                // Heuristics name engines that turn out not to serve, or to need more memory than there is.
                Err(error) => last = error,
            }
            if tried == TRIED {
                break;
            }
        }
        // The fallback is for what the heuristics know nothing of.
        if best.is_some() {
            break;
        }
    }
    best.map(|(_, plan)| plan).ok_or(last)
}

/// A graph of one operation.
fn graph(handle: cudnnHandle_t, problem: &Problem) -> Result<Descriptor> {
    let [x, w, y] = [(problem.x, NAMES[0]), (problem.w, NAMES[1]), (problem.y, NAMES[2])]
        .map(|(tensor, name)| describe(tensor, name, problem.storage));
    let (x, w, y, convolution) = (x?, w?, y?, convolution(problem)?);
    // The pass's kind, and its attributes: α, β, the convolution, x, w and y.
    let (kind, alpha, beta, how, of_x, of_w, of_y) = match problem.pass {
        ConvolutionPass::Forward => (
            Kind::CUDNN_BACKEND_OPERATION_CONVOLUTION_FORWARD_DESCRIPTOR,
            Name::CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_ALPHA,
            Name::CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_BETA,
            Name::CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_CONV_DESC,
            Name::CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_X,
            Name::CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_W,
            Name::CUDNN_ATTR_OPERATION_CONVOLUTION_FORWARD_Y,
        ),
        ConvolutionPass::Data => (
            Kind::CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_DATA_DESCRIPTOR,
            Name::CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_ALPHA,
            Name::CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_BETA,
            Name::CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_CONV_DESC,
            Name::CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DX,
            Name::CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_W,
            Name::CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_DATA_DY,
        ),
        ConvolutionPass::Filter => (
            Kind::CUDNN_BACKEND_OPERATION_CONVOLUTION_BACKWARD_FILTER_DESCRIPTOR,
            Name::CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_ALPHA,
            Name::CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_BETA,
            Name::CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_CONV_DESC,
            Name::CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_X,
            Name::CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DW,
            Name::CUDNN_ATTR_OPERATION_CONVOLUTION_BWD_FILTER_DY,
        ),
    };
    let operation = Descriptor::finalized(kind, |operation| {
        operation.set(alpha, &[1f32])?;
        operation.set(beta, &[0f32])?;
        for (name, part) in [(how, &convolution), (of_x, &x), (of_w, &w), (of_y, &y)] {
            operation.set_parts(name, &[part])?;
        }
        Ok(())
    })?;
    Descriptor::finalized(Kind::CUDNN_BACKEND_OPERATIONGRAPH_DESCRIPTOR, |graph| {
        graph.set(Name::CUDNN_ATTR_OPERATIONGRAPH_HANDLE, &[handle])?;
        graph.set_parts(Name::CUDNN_ATTR_OPERATIONGRAPH_OPS, &[&operation])
    })
}

/// The alignment is that of parts of allocations, but no engine asks for more than 16 bytes.
fn describe(tensor: Tensor, name: i64, storage: DType) -> Result<Descriptor> {
    let kind = match storage {
        DType::F32 => cudnnDataType_t::CUDNN_DATA_FLOAT,
        DType::Bf16 => cudnnDataType_t::CUDNN_DATA_BFLOAT16,
    };
    Descriptor::finalized(Kind::CUDNN_BACKEND_TENSOR_DESCRIPTOR, |descriptor| {
        descriptor.set(Name::CUDNN_ATTR_TENSOR_DATA_TYPE, &[kind])?;
        descriptor.set(Name::CUDNN_ATTR_TENSOR_DIMENSIONS, &tensor.sizes)?;
        descriptor.set(Name::CUDNN_ATTR_TENSOR_STRIDES, &tensor.strides)?;
        descriptor.set(Name::CUDNN_ATTR_TENSOR_UNIQUE_ID, &[name])?;
        descriptor.set(Name::CUDNN_ATTR_TENSOR_BYTE_ALIGNMENT, &[16i64])
    })
}

/// Sums are f32, whatever is summed.
fn convolution(problem: &Problem) -> Result<Descriptor> {
    Descriptor::finalized(Kind::CUDNN_BACKEND_CONVOLUTION_DESCRIPTOR, |descriptor| {
        descriptor.set(Name::CUDNN_ATTR_CONVOLUTION_COMP_TYPE, &[cudnnDataType_t::CUDNN_DATA_FLOAT])?;
        let mode = cudnnConvolutionMode_t::CUDNN_CROSS_CORRELATION;
        descriptor.set(Name::CUDNN_ATTR_CONVOLUTION_CONV_MODE, &[mode])?;
        descriptor.set(Name::CUDNN_ATTR_CONVOLUTION_SPATIAL_DIMS, &[2i64])?;
        descriptor.set(Name::CUDNN_ATTR_CONVOLUTION_PRE_PADDINGS, &problem.padding)?;
        descriptor.set(Name::CUDNN_ATTR_CONVOLUTION_POST_PADDINGS, &problem.padding)?;
        descriptor.set(Name::CUDNN_ATTR_CONVOLUTION_FILTER_STRIDES, &problem.stride)?;
        descriptor.set(Name::CUDNN_ATTR_CONVOLUTION_DILATIONS, &problem.dilation)
    })
}

/// Engines with their settings, the most promising first.
fn configurations(graph: &Descriptor, mode: Mode) -> Result<Vec<Descriptor>> {
    let heuristics = Descriptor::finalized(Kind::CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR, |heuristics| {
        heuristics.set_parts(Name::CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH, &[graph])?;
        heuristics.set(Name::CUDNN_ATTR_ENGINEHEUR_MODE, &[mode])
    });
    // A mode that knows nothing of the graph may say so by refusing it.
    let Ok(heuristics) = heuristics else { return Ok(Vec::new()) };
    heuristics.parts(Name::CUDNN_ATTR_ENGINEHEUR_RESULTS, Kind::CUDNN_BACKEND_ENGINECFG_DESCRIPTOR)
}

/// Whether the engine computes what is asked for.
fn serves(config: &Descriptor, problem: &Problem) -> Result<bool> {
    let engine = config.part(Name::CUDNN_ATTR_ENGINECFG_ENGINE, Kind::CUDNN_BACKEND_ENGINE_DESCRIPTOR)?;
    Ok(Notes::new(engine.notes()?).serve(problem))
}

fn plan(handle: cudnnHandle_t, config: &Descriptor) -> Result<Plan> {
    let descriptor = Descriptor::finalized(Kind::CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR, |plan| {
        plan.set(Name::CUDNN_ATTR_EXECUTION_PLAN_HANDLE, &[handle])?;
        plan.set_parts(Name::CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG, &[config])
    })?;
    let workspace = descriptor.number(Name::CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE)?;
    Ok(Plan { descriptor, workspace: usize::try_from(workspace).unwrap_or(0) })
}

/// Milliseconds of a run, the least of a few. The first one, which may load code, does not count.
fn time(gpu: &Gpu, handle: cudnnHandle_t, plan: &Plan, tensors: Tensors) -> Result<f32> {
    gpu.with_scratch(plan.workspace, |workspace| {
        plan.execute(handle, tensors, workspace)?;
        let stream = gpu.stream();
        let mut least = f32::INFINITY;
        for _ in 0..TIMES {
            let begin = stream.record_event(Some(CUevent_flags::CU_EVENT_DEFAULT))?;
            plan.execute(handle, tensors, workspace)?;
            let end = stream.record_event(Some(CUevent_flags::CU_EVENT_DEFAULT))?;
            least = least.min(begin.elapsed_ms(&end)?);
        }
        Ok(least)
    })
}
