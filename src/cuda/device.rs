//! The device: opened, with all libraries, or refused with what is missing.

use std::fmt;
use std::sync::{Arc, Mutex};

use cudarc::driver::{CudaContext, CudaFunction, CudaStream, result, sys};
use cudarc::{cublas, cudnn, nvrtc};

use super::blas::{Blas, Extent, Matrix};
use super::dnn::Dnn;
use super::module::Modules;
use super::{Error, KernelSource, Memory, Result, View};
use crate::program::call::Order;

/// What numbers of activations and their gradients are stored as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DType {
    /// 32 bits.
    F32,
    /// The first 16 of them.
    Bf16,
}

impl DType {
    /// Bytes of a number.
    pub fn width(self) -> usize {
        match self {
            DType::F32 => 4,
            DType::Bf16 => 2,
        }
    }
}

/// How a run computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct GpuSettings {
    /// What activations are stored as.
    pub storage: DType,
    /// How maps lie in memory.
    pub order: Order,
    /// Whether products of f32 may round their factors to 10 bits, as tensor cores do.
    pub tf32: bool,
    /// Whether convolutions are summed as they are defined, the same way in every run.
    pub exact: bool,
}

/// A GPU that is ready to compute.
pub struct Gpu {
    // In the order in which they are dropped: what uses the stream before it.
    blas: Blas,
    dnn: Dnn,
    modules: Modules,
    /// What an operation works in; grows.
    scratch: Scratch,
    /// What else an operation works in, while another one has that.
    aside: Scratch,
    stream: Arc<CudaStream>,
    context: Arc<CudaContext>,
    settings: GpuSettings,
}

impl fmt::Debug for Gpu {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gpu").field("number", &self.context.ordinal()).field("settings", &self.settings).finish()
    }
}

/// Memory that one operation after the other works in. It grows.
#[derive(Default)]
struct Scratch(Mutex<Option<Memory>>);

impl Scratch {
    fn with<R>(&self, gpu: &Gpu, bytes: usize, work: impl FnOnce(View) -> Result<R>) -> Result<R> {
        let mut scratch = self.0.lock().expect("nobody panics while queueing");
        if scratch.as_ref().map_or(0, Memory::bytes) < bytes {
            // First the old one, whose freeing waits for whoever still works in it.
            *scratch = None;
            *scratch = Some(gpu.allocate(bytes)?);
        }
        work(scratch.as_ref().map_or(View::NONE, |memory| memory.view().part(0, bytes)))
    }

    fn forget(&self) {
        *self.0.lock().expect("nobody panics while queueing") = None;
    }
}

/// Libraries and devices, as far as they were found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Found {
    driver: bool,
    nvrtc: bool,
    cublas: bool,
    cudnn: bool,
}

/// The first cuDNN whose graphs do all that is asked of them, as it numbers itself.
const CUDNN: usize = 90_000;

/// The first devices that all libraries of CUDA 12 serve, and the first that know bf16 and tf32.
const OLDEST: (i32, i32) = (5, 0);
const TENSOR_CORES: (i32, i32) = (8, 0);

impl Gpu {
    /// Opens a device by its number.
    ///
    /// # Errors
    /// If a library, the driver or the device is missing, or too old.
    pub fn open(number: usize, settings: GpuSettings) -> Result<Gpu> {
        let context = find(number, settings)?;
        // SAFETY: no slices of cudarc's are used, whose events this is about; one stream orders everything.
        unsafe { context.disable_event_tracking() };
        let stream = context.new_stream()?;
        Ok(Gpu {
            blas: Blas::new(&stream, settings)?,
            dnn: Dnn::new(&stream)?,
            modules: Modules::default(),
            scratch: Scratch::default(),
            aside: Scratch::default(),
            context,
            stream,
            settings,
        })
    }

    /// How it computes.
    pub fn settings(&self) -> GpuSettings {
        self.settings
    }

    /// What orders everything that it computes.
    pub fn stream(&self) -> &Arc<CudaStream> {
        &self.stream
    }

    /// For allocations, events and other streams.
    pub fn context(&self) -> &Arc<CudaContext> {
        &self.context
    }

    /// Queues C = A·B. A and B have one type.
    ///
    /// # Errors
    /// If a size is beyond 2³¹, or the device fails.
    pub fn multiply(&self, extent: Extent, a: Matrix, b: Matrix, c: Matrix) -> Result<()> {
        self.context.bind_to_thread()?;
        self.blas.multiply(extent, a, b, c)
    }

    pub(super) fn dnn(&self) -> &Dnn {
        &self.dnn
    }

    /// Memory, whatever is in it.
    ///
    /// # Errors
    /// If there is not so much.
    pub fn allocate(&self, bytes: usize) -> Result<Memory> {
        Memory::new(&self.context, bytes)
    }

    /// Does something with memory to work in, which holds nothing before and is not kept after. One at a time.
    ///
    /// # Errors
    /// If there is not so much, and those of `work`.
    pub fn with_scratch<R>(&self, bytes: usize, work: impl FnOnce(View) -> Result<R>) -> Result<R> {
        self.scratch.with(self, bytes, work)
    }

    /// The same with other memory, so that `work` may use both.
    ///
    /// # Errors
    /// As [`Gpu::with_scratch`].
    pub fn with_aside<R>(&self, bytes: usize, work: impl FnOnce(View) -> Result<R>) -> Result<R> {
        self.aside.with(self, bytes, work)
    }

    /// Frees the memory to work in, so that the next operation allocates as much as it needs.
    pub(super) fn forget_scratch(&self) {
        self.scratch.forget();
    }

    pub(super) fn function(&self, source: &KernelSource, kernel: &'static str) -> Result<CudaFunction> {
        self.context.bind_to_thread()?;
        self.modules.function(&self.context, &self.settings, source, kernel)
    }

    /// Queues a copy from one place on the device to another.
    ///
    /// # Errors
    /// If the device fails.
    pub fn copy(&self, from: View, to: View) -> Result<()> {
        assert_eq!(from.bytes(), to.bytes(), "a copy is as large as what is copied");
        if to.bytes() == 0 {
            return Ok(());
        }
        self.context.bind_to_thread()?;
        // SAFETY: both are memory of this device that outlives what is queued, since freeing waits.
        Ok(unsafe { result::memcpy_dtod_async(to.pointer(), from.pointer(), to.bytes(), self.stream.cu_stream()) }?)
    }

    /// Queues filling memory with zeros.
    ///
    /// # Errors
    /// If the device fails.
    pub fn clear(&self, view: View) -> Result<()> {
        if view.bytes() == 0 {
            return Ok(());
        }
        self.context.bind_to_thread()?;
        // SAFETY: as in `copy`.
        Ok(unsafe { result::memset_d8_async(view.pointer(), 0, view.bytes(), self.stream.cu_stream()) }?)
    }

    /// Brings numbers to the device. Waits.
    ///
    /// # Errors
    /// If the device fails.
    pub fn upload<T: Plain>(&self, values: &[T], to: View) -> Result<()> {
        assert_eq!(size_of_val(values), to.bytes(), "an upload is as large as what is uploaded");
        if values.is_empty() {
            return Ok(());
        }
        self.context.bind_to_thread()?;
        // SAFETY: the numbers are borrowed until the wait below is over; `to` is memory of this device.
        unsafe { result::memcpy_htod_async(to.pointer(), values, self.stream.cu_stream()) }?;
        self.wait()
    }

    /// Brings numbers from the device. Waits.
    ///
    /// # Errors
    /// If the device fails, now or in anything that was queued before.
    pub fn download<T: Plain>(&self, from: View, values: &mut [T]) -> Result<()> {
        assert_eq!(size_of_val(values), from.bytes(), "a download is as large as what is downloaded");
        if values.is_empty() {
            return Ok(());
        }
        self.context.bind_to_thread()?;
        // SAFETY: the numbers are borrowed until the wait below is over; any bits are a number.
        unsafe { result::memcpy_dtoh_async(values, from.pointer(), self.stream.cu_stream()) }?;
        self.wait()
    }

    /// Waits for all that was queued.
    ///
    /// # Errors
    /// If some of it failed.
    pub fn wait(&self) -> Result<()> {
        Ok(self.stream.synchronize()?)
    }
}

/// Numbers of which any bits are one.
pub trait Plain: Copy {}

impl Plain for f32 {}
impl Plain for f64 {}
impl Plain for u32 {}
impl Plain for u8 {}

/// A device that can compute so, and all libraries for it.
///
/// # Errors
/// If one of them is missing, or too old.
pub fn find(number: usize, settings: GpuSettings) -> Result<Arc<CudaContext>> {
    // SAFETY: opening libraries of NVIDIA's runs nothing that the program does not call later anyway.
    let found = unsafe {
        Found {
            driver: sys::is_culib_present(),
            nvrtc: nvrtc::sys::is_culib_present(),
            cublas: cublas::sys::is_culib_present(),
            cudnn: cudnn::sys::is_culib_present(),
        }
    };
    check_libraries(found)?;
    let devices = result::init().and_then(|()| result::device::get_count());
    check_number(number, devices.map_err(|error| error.0))?;
    check_cudnn(cudnn::result::get_version())?;
    let context = CudaContext::new(number)?;
    check_capability(context.compute_capability()?, settings)?;
    Ok(context)
}

/// What is wanted of the system.
fn check_libraries(found: Found) -> Result<()> {
    if !found.driver {
        return Err(Error::new("there is no NVIDIA driver on this machine (libcuda.so.1 was not found)"));
    }
    let libraries =
        [(found.nvrtc, "NVRTC (libnvrtc)"), (found.cublas, "cuBLAS (libcublas)"), (found.cudnn, "cuDNN (libcudnn)")];
    let missing: Vec<&str> = libraries.iter().filter(|(found, _)| !found).map(|(_, name)| *name).collect();
    if missing.is_empty() {
        return Ok(());
    }
    Err(Error::new(format!(
        "{} cannot be found: install CUDA 12 or 13 with cuDNN 9, and name their folders in LD_LIBRARY_PATH",
        missing.join(" and ")
    )))
}

fn check_number(number: usize, devices: std::result::Result<i32, sys::CUresult>) -> Result<()> {
    let count = match devices {
        Ok(count) => usize::try_from(count).unwrap_or(0),
        Err(sys::CUresult::CUDA_ERROR_NO_DEVICE) => 0,
        Err(error) => return Err(Error::new(format!("the NVIDIA driver does not start: {error:?}"))),
    };
    match (count, number) {
        (0, _) => Err(Error::new("the NVIDIA driver sees no GPU")),
        (count, number) if number < count => Ok(()),
        (1, _) => Err(Error::new("the NVIDIA driver sees one GPU, which is `cuda:0`")),
        (count, _) => Err(Error::new(format!("the NVIDIA driver sees {count} GPUs, `cuda:0` to `cuda:{}`", count - 1))),
    }
}

/// Before 9.0 cuDNN's numbers have four digits.
fn check_cudnn(version: usize) -> Result<()> {
    if version >= CUDNN {
        return Ok(());
    }
    let (major, minor) = (version / 1000, version % 1000 / 100);
    Err(Error::new(format!("cuDNN is version {major}.{minor}, and 9.0 or later is needed")))
}

fn check_capability(capability: (i32, i32), settings: GpuSettings) -> Result<()> {
    let (least, what) = match (settings.storage, settings.tf32) {
        (DType::Bf16, _) => (TENSOR_CORES, "bf16"),
        (DType::F32, true) => (TENSOR_CORES, "tf32"),
        (DType::F32, false) => (OLDEST, "f32"),
    };
    if capability >= least {
        return Ok(());
    }
    Err(Error::new(format!(
        "the GPU has compute capability {}.{}, and {what} needs {}.{} or later",
        capability.0, capability.1, least.0, least.1
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: Found = Found { driver: true, nvrtc: true, cublas: true, cudnn: true };
    const F32: GpuSettings =
        GpuSettings { storage: DType::F32, order: Order::ChannelsFirst, tf32: false, exact: false };

    fn check(result: Result<()>, expected: &str) {
        let found = result.err().map_or(String::new(), |error| error.to_string());
        assert!(
            found.contains(expected) && found.is_empty() == expected.is_empty(),
            "`{found}`, expected `{expected}`"
        );
    }

    #[test]
    fn what_is_missing_is_named() {
        check(check_libraries(ALL), "");
        check(check_libraries(Found { driver: false, cudnn: false, ..ALL }), "no NVIDIA driver");
        check(check_libraries(Found { cudnn: false, ..ALL }), "cuDNN (libcudnn) cannot be found");
        check(check_libraries(Found { nvrtc: false, cublas: false, ..ALL }), "NVRTC (libnvrtc) and cuBLAS (libcublas)");
        check(check_number(0, Ok(1)), "");
        check(check_number(0, Err(sys::CUresult::CUDA_ERROR_NO_DEVICE)), "sees no GPU");
        check(check_number(0, Ok(0)), "sees no GPU");
        check(check_number(1, Ok(1)), "one GPU, which is `cuda:0`");
        check(check_number(7, Ok(4)), "4 GPUs, `cuda:0` to `cuda:3`");
        check(
            check_number(0, Err(sys::CUresult::CUDA_ERROR_SYSTEM_DRIVER_MISMATCH)),
            "CUDA_ERROR_SYSTEM_DRIVER_MISMATCH",
        );
        check(check_cudnn(91_300), "");
        check(check_cudnn(8907), "cuDNN is version 8.9");
        check(check_capability((9, 0), GpuSettings { storage: DType::Bf16, ..F32 }), "");
        check(check_capability((7, 5), F32), "");
        check(check_capability((7, 5), GpuSettings { tf32: true, ..F32 }), "capability 7.5, and tf32 needs 8.0");
        check(
            check_capability((7, 0), GpuSettings { storage: DType::Bf16, ..F32 }),
            "capability 7.0, and bf16 needs 8.0",
        );
    }
}
