//! Every test of a kernel on a GPU too, in both storage types and both orders: on the one that there is, or on an
//! emulated one.

mod case;
mod large;
mod transposes;
mod updates;

use std::sync::{LazyLock, Mutex, MutexGuard};

use crate::cuda::{DType, Gpu, GpuSettings, Memory};
use crate::program::call::Order;

#[path = "../../../tests/cuda/emulator/mod.rs"]
mod emulator;

pub(in crate::kernels) use self::case::check;

const ALL: [GpuSettings; 4] = [
    settings(DType::F32, Order::ChannelsFirst),
    settings(DType::F32, Order::ChannelsLast),
    settings(DType::Bf16, Order::ChannelsFirst),
    settings(DType::Bf16, Order::ChannelsLast),
];

const fn settings(storage: DType, order: Order) -> GpuSettings {
    GpuSettings { storage, order, tf32: false, exact: true }
}

static GPUS: LazyLock<Result<[Mutex<Gpu>; 4], String>> = LazyLock::new(|| {
    // SAFETY: looking for a library runs nothing that tests do not run anyway.
    if !unsafe { cudarc::driver::sys::is_culib_present() } {
        emulator::open()?;
    }
    let opened: Result<Vec<Mutex<Gpu>>, String> =
        ALL.iter().map(|settings| Gpu::open(0, *settings).map(Mutex::new).map_err(|error| error.to_string())).collect();
    Ok(opened?.try_into().expect("as many as there are settings"))
});

/// A GPU for each of the settings, one after the other; none, and a word about it, where there is no GPU.
fn each_gpu() -> impl Iterator<Item = MutexGuard<'static, Gpu>> {
    let gpus: &[Mutex<Gpu>] = match &*GPUS {
        Ok(gpus) => gpus,
        Err(reason) => {
            eprintln!("skipped on a GPU: {reason}");
            &[]
        }
    };
    // A test that has failed with one has left nothing behind in it.
    gpus.iter().map(|gpu| gpu.lock().unwrap_or_else(|poisoned| poisoned.into_inner()))
}

/// Numbers on the device.
fn upload<T: crate::cuda::Plain>(gpu: &Gpu, values: &[T]) -> Memory {
    let memory = gpu.allocate(size_of_val(values)).expect("tests are small");
    if !values.is_empty() {
        gpu.upload(values, memory.view()).expect("an upload");
    }
    memory
}

/// Numbers from the device.
fn download<T: crate::cuda::Plain + Default>(gpu: &Gpu, memory: &Memory) -> Vec<T> {
    let mut values = vec![T::default(); memory.bytes() / size_of::<T>()];
    if !values.is_empty() {
        gpu.download(memory.view(), &mut values).expect("a download");
    }
    values
}

/// To the nearest number with 8 bits, of two the even one.
fn rounded(x: f64) -> f64 {
    let bits = (x as f32).to_bits();
    f64::from(f32::from_bits((bits + 0x7fff + (bits >> 16 & 1)) & 0xffff_0000))
}
