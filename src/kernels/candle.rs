//! The kernels as Candle operations, which its autograd differentiates by calling them again.
//!
//! One adaptor serves every operation. What a forward pass keeps lies in the adaptor itself, a fresh one for each call;
//! running statistics are variables that training mode sets. Values must be on the CPU, in f32 or f64, maps as N×H×W×C.

use std::any::Any;
use std::sync::OnceLock;

use candle_core::{
    CpuStorage, CustomOp1, CustomOp2, CustomOp3, DType, Error, Layout, Result, Storage, Tensor, Var, WithDType, bail,
};

use super::layout::sizes;
use super::{Algorithms, Backward, Cpu, Forward, MaskKey, Mode, Real, Saved, backward, forward};
use crate::ir::Shape;
use crate::program::{Bounds, Epilogue, Op};

/// One call of an operation.
pub(crate) struct Call {
    /// What is computed.
    pub(crate) op: Op,
    /// Training or evaluation.
    pub(crate) mode: Mode,
    /// For dropout.
    pub(crate) key: MaskKey,
    /// One example's shape of every input.
    pub(crate) inputs: Vec<Shape>,
    /// One example's shape of the output.
    pub(crate) output: Shape,
    /// Running statistics.
    pub(crate) statistics: Vec<Var>,
}

impl Call {
    /// The output for these inputs, as many as the call has shapes, and trainable weights: three tensors at most.
    pub(crate) fn apply(self, inputs: &[&Tensor], weights: &[&Tensor]) -> Result<Tensor> {
        let arguments: Vec<Tensor> =
            inputs.iter().chain(weights).map(|argument| argument.contiguous()).collect::<Result<_>>()?;
        let adaptor = Adaptor { call: self, saved: OnceLock::new() };
        match arguments.as_slice() {
            [a] => a.apply_op1(adaptor),
            [a, b] => a.apply_op2(b, adaptor),
            [a, b, c] => a.apply_op3(b, c, adaptor),
            _ => bail!("`{}` with {} tensors is beyond a Candle operation", adaptor.name(), arguments.len()),
        }
    }
}

struct Adaptor {
    call: Call,
    /// The [`Saved`] numbers of the forward pass, in the type that it ran in.
    saved: OnceLock<Box<dyn Any + Send + Sync>>,
}

impl Adaptor {
    fn name(&self) -> &'static str {
        self.call.op.name()
    }

    fn forward(&self, arguments: &[(&CpuStorage, &Layout)]) -> Result<(CpuStorage, candle_core::Shape)> {
        match arguments[0].0 {
            CpuStorage::F32(_) => self.forward_in::<f32>(arguments),
            CpuStorage::F64(_) => self.forward_in::<f64>(arguments),
            _ => bail!("`{}` computes in f32 and f64 only", self.name()),
        }
    }

    fn forward_in<T: Real + WithDType>(
        &self,
        arguments: &[(&CpuStorage, &Layout)],
    ) -> Result<(CpuStorage, candle_core::Shape)> {
        let call = &self.call;
        let slices = arguments.iter().map(|(storage, layout)| slice(storage, layout)).collect::<Result<Vec<&[T]>>>()?;
        let (inputs, weights) = slices.split_at(call.inputs.len());
        let inputs: Vec<(&[T], Shape)> = inputs.iter().copied().zip(call.inputs.iter().copied()).collect();
        let batch = inputs[0].0.len() / inputs[0].1.elements();
        call.op.check(call.mode, batch, inputs[0].1).map_err(Error::msg)?;
        let mut statistics = call.statistics.iter().map(|var| var.to_vec1()).collect::<Result<Vec<Vec<T>>>>()?;
        let mut output = vec![T::ZERO; batch * call.output.elements()];
        let mut saved = Saved::default();
        forward(
            &call.op,
            Forward {
                batch,
                mode: call.mode,
                device: Cpu { algorithms: Algorithms::Fastest, prepared: None, observed: None },
                key: call.key,
                epilogue: Epilogue::NONE,
                inputs: &inputs,
                weights,
                statistics: &mut statistics.iter_mut().map(Vec::as_mut_slice).collect::<Vec<_>>(),
                output: &mut output,
                output_shape: call.output,
                saved: &mut saved,
            },
        );
        if call.mode == Mode::Train {
            for (var, values) in call.statistics.iter().zip(statistics) {
                var.set(&Tensor::from_vec(values, var.shape(), var.device())?)?;
            }
        }
        self.saved.set(Box::new(saved)).map_err(|_| Error::msg("an operation runs forward once"))?;
        Ok((T::to_cpu_storage_owned(output), sizes(batch, call.output).into()))
    }

    fn backward(&self, arguments: &[&Tensor], result: &Tensor, gradient: &Tensor) -> Result<Vec<Option<Tensor>>> {
        match result.dtype() {
            DType::F64 => self.backward_in::<f64>(arguments, result, gradient),
            _ => self.backward_in::<f32>(arguments, result, gradient),
        }
    }

    fn backward_in<T: Real + WithDType>(
        &self,
        arguments: &[&Tensor],
        result: &Tensor,
        gradient: &Tensor,
    ) -> Result<Vec<Option<Tensor>>> {
        let call = &self.call;
        let gradient = gradient.contiguous()?;
        let tensors: Vec<&Tensor> = arguments.iter().copied().chain([result, &gradient]).collect();
        let locked: Vec<_> = tensors.iter().map(|tensor| tensor.storage_and_layout()).collect();
        let slices = locked.iter().map(|(storage, layout)| match &**storage {
            Storage::Cpu(storage) => slice(storage, layout),
            _ => bail!("`{}` ran on the CPU, but its gradient is elsewhere", self.name()),
        });
        let slices = slices.collect::<Result<Vec<&[T]>>>()?;
        let ([arguments_values @ .., output, output_gradient], count) = (slices.as_slice(), call.inputs.len()) else {
            unreachable!("two tensors were added above");
        };
        let (inputs, weights) = arguments_values.split_at(count);
        let inputs: Vec<(&[T], Shape)> = inputs.iter().copied().zip(call.inputs.iter().copied()).collect();
        let saved = self.saved.get().and_then(|saved| saved.downcast_ref::<Saved<T>>());
        // Candle wants a gradient for exactly those arguments that it tracks.
        let new = |argument: &&Tensor| argument.track_op().then(|| vec![T::ZERO; argument.elem_count()]);
        let mut gradients: Vec<Option<Vec<T>>> = arguments.iter().map(new).collect();
        let mut targets: Vec<Option<&mut [T]>> = gradients.iter_mut().map(|gradient| gradient.as_deref_mut()).collect();
        let (input_gradients, weight_gradients) = targets.split_at_mut(count);
        backward(
            &call.op,
            Backward {
                batch: inputs[0].0.len() / inputs[0].1.elements(),
                mode: call.mode,
                device: Algorithms::Fastest,
                bounds: Bounds::NONE,
                inputs: &inputs,
                weights,
                output,
                output_shape: call.output,
                saved: saved.expect("the forward pass ran, in the same type"),
                output_gradient,
                input_gradients,
                weight_gradients,
            },
        );
        let tensor = |(values, argument): (Option<Vec<T>>, &&Tensor)| {
            values.map(|values| Tensor::from_vec(values, argument.shape(), argument.device())).transpose()
        };
        gradients.into_iter().zip(arguments).map(tensor).collect()
    }
}

/// The numbers of a tensor, which [`Call::apply`] has made contiguous.
fn slice<'a, T: WithDType>(storage: &'a CpuStorage, layout: &Layout) -> Result<&'a [T]> {
    let Some((start, end)) = layout.contiguous_offsets() else { bail!("a tensor is not contiguous: {layout:?}") };
    Ok(&storage.as_slice::<T>()?[start..end])
}

/// An array of gradients as the tuple that Candle takes.
fn exactly<const N: usize>(gradients: Vec<Option<Tensor>>) -> [Option<Tensor>; N] {
    gradients.try_into().expect("every argument has its entry")
}

impl CustomOp1 for Adaptor {
    fn name(&self) -> &'static str {
        self.name()
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, candle_core::Shape)> {
        self.forward(&[(storage, layout)])
    }

    fn bwd(&self, a: &Tensor, result: &Tensor, gradient: &Tensor) -> Result<Option<Tensor>> {
        let [a] = exactly(self.backward(&[a], result, gradient)?);
        Ok(a)
    }
}

impl CustomOp2 for Adaptor {
    fn name(&self) -> &'static str {
        self.name()
    }

    fn cpu_fwd(
        &self,
        storage_a: &CpuStorage,
        layout_a: &Layout,
        storage_b: &CpuStorage,
        layout_b: &Layout,
    ) -> Result<(CpuStorage, candle_core::Shape)> {
        self.forward(&[(storage_a, layout_a), (storage_b, layout_b)])
    }

    fn bwd(
        &self,
        a: &Tensor,
        b: &Tensor,
        result: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        Ok(exactly::<2>(self.backward(&[a, b], result, gradient)?).into())
    }
}

impl CustomOp3 for Adaptor {
    fn name(&self) -> &'static str {
        self.name()
    }

    fn cpu_fwd(
        &self,
        storage_a: &CpuStorage,
        layout_a: &Layout,
        storage_b: &CpuStorage,
        layout_b: &Layout,
        storage_c: &CpuStorage,
        layout_c: &Layout,
    ) -> Result<(CpuStorage, candle_core::Shape)> {
        self.forward(&[(storage_a, layout_a), (storage_b, layout_b), (storage_c, layout_c)])
    }

    fn bwd(
        &self,
        a: &Tensor,
        b: &Tensor,
        c: &Tensor,
        result: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        Ok(exactly::<3>(self.backward(&[a, b, c], result, gradient)?).into())
    }
}
