//! What a command computes with.

use std::env;
use std::num::NonZeroUsize;
use std::path::Path;
use std::thread;

use clap::{Args, ValueEnum};
use rayon::ThreadPoolBuilder;
use serde_json::Value;

use super::Failure;
use super::workers::share;
use crate::device::{Cuda, Device, DeviceError, Precision};
use crate::kernels::Algorithms;
use crate::network::Network;
use crate::program::Mode;
use crate::train::folder;

/// Device and threads, on the command line.
#[derive(Debug, Args)]
pub struct Machine {
    /// Where to compute: cpu, or cuda:N [default: cpu]
    #[arg(long, value_name = "DEVICE", value_parser = parse_place)]
    device: Option<DeviceName>,
    /// The numbers a GPU computes with: f32; tf32, which rounds the factors of products; or bf16, with weights and sums
    /// in f32
    /// [default: f32]
    #[arg(long, value_name = "TYPE", value_enum)]
    dtype: Option<Type>,
    /// The number of threads [default: the number of processors]
    #[arg(long, value_name = "N", value_parser = parse_threads)]
    threads: Option<NonZeroUsize>,
    /// Sum every convolution as it is defined and, on a GPU, in the same order in every run; without Winograd's
    /// algorithm, which is faster, but rounds a little more coarsely
    #[arg(long)]
    exact: bool,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum DeviceName {
    Cpu,
    Cuda(usize),
}

#[derive(Debug, Clone, Copy, PartialEq, ValueEnum)]
enum Type {
    F32,
    Tf32,
    Bf16,
}

fn parse_place(text: &str) -> Result<DeviceName, String> {
    match text.split_once(':') {
        None if text == "cpu" => Ok(DeviceName::Cpu),
        None if text == "cuda" => Ok(DeviceName::Cuda(0)),
        Some(("cuda", number)) => number.parse().map(DeviceName::Cuda).map_err(|_| format!("`{number}` is no number")),
        _ => Err("expected `cpu` or `cuda:0`".to_owned()),
    }
}

/// Threads for which there is no processor only wait for each other; thousands wait for minutes.
const MOST_THREADS: usize = 256;

fn parse_threads(text: &str) -> Result<NonZeroUsize, String> {
    let processors = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let most = MOST_THREADS.max(processors);
    match text.parse::<NonZeroUsize>() {
        Ok(threads) if threads.get() <= most => Ok(threads),
        _ => Err(format!("expected a number from 1 to {most}; this machine has {processors} processors")),
    }
}

/// Refuses a number of threads that is set for all programs that use rayon, and would be started.
pub fn check_environment() -> Result<(), String> {
    for name in ["RAYON_NUM_THREADS", "RAYON_RS_NUM_CPUS"] {
        let Ok(text) = env::var(name) else { continue };
        // To rayon, what is no number is nothing, and so is 0.
        if text.parse::<usize>().is_ok_and(|threads| threads > 0) {
            return parse_threads(&text).map(drop).map_err(|expected| format!("{name}={text}: {expected}"));
        }
    }
    Ok(())
}

impl Machine {
    /// What was asked for.
    pub fn device(&self) -> Device {
        let algorithms = if self.exact { Algorithms::Exact } else { Algorithms::Fastest };
        let numbers = match self.dtype {
            Some(Type::F32) | None => Precision::F32,
            Some(Type::Tf32) => Precision::Tf32,
            Some(Type::Bf16) => Precision::Bf16,
        };
        match self.device {
            Some(DeviceName::Cpu) | None => Device::Cpu(algorithms),
            Some(DeviceName::Cuda(number)) => Device::Cuda(Cuda { number, numbers, algorithms }),
        }
    }

    /// Computes as the run in this folder did, unless something else was asked for.
    pub fn keep(&mut self, run: &Path) {
        let Ok(Some(origin)) = folder::origin(run) else { return };
        let text = |key: &str| origin.get(key).and_then(Value::as_str);
        // Earlier versions wrote only the command down.
        let command = origin.get("command").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
        let words: Vec<&str> = command.iter().filter_map(Value::as_str).collect();
        let given = |option: &str| {
            let at = words.iter().position(|word| {
                word.strip_prefix(option).is_some_and(|rest| rest.is_empty() || rest.starts_with('='))
            })?;
            words[at].split_once('=').map(|(_, value)| value).or(words.get(at + 1).copied())
        };
        let dtype = text("dtype").or_else(|| given("--dtype"));
        self.device = self.device.or_else(|| parse_place(text("device")?).ok());
        self.dtype = self.dtype.or_else(|| Type::from_str(dtype?, false).ok());
        self.exact |= origin.get("exact").and_then(Value::as_bool).unwrap_or_else(|| words.contains(&"--exact"));
    }

    /// Leaves other processes their share of the threads, of which all together are the result.
    pub fn share(&mut self, size: usize) -> usize {
        let given = |name: &str| env::var(name).ok()?.parse::<NonZeroUsize>().ok();
        let usual = || given("RAYON_NUM_THREADS").or_else(|| thread::available_parallelism().ok());
        let all = self.threads.or_else(usual).map_or(1, NonZeroUsize::get);
        if size > 1 {
            self.threads = NonZeroUsize::new(share(all, 0, size));
        }
        all
    }

    /// Does the work on the threads that were asked for, if the device is there. Inside, `rayon::current_num_threads`
    /// says how many threads they are.
    pub fn run<R: Send>(&self, work: impl FnOnce() -> Result<R, Failure> + Send) -> Result<R, Failure> {
        let device = self.device();
        if let (Device::Cpu(_), Some(Type::Tf32 | Type::Bf16)) = (device, self.dtype) {
            return Err(Failure::Message("`--dtype` is for GPUs: the CPU computes in f32".to_owned()));
        }
        device.check().map_err(|error| {
            Failure::Message(format!("cannot compute on `{device}`: {error}; leave `--device` out to use the CPU"))
        })?;
        // To rayon, 0 means as many as there are processors.
        let pool = ThreadPoolBuilder::new().num_threads(self.threads.map_or(0, NonZeroUsize::get)).build();
        let pool = pool.map_err(|error| Failure::Message(format!("cannot start the threads: {error}")))?;
        pool.install(work)
    }

    /// Refuses what would need more memory than there is, on the threads of this pool.
    pub fn check_memory(&self, network: &Network, mode: Mode, batch: usize) -> Result<(), Failure> {
        Ok(self.device().check_memory(network, mode, batch)?)
    }

    /// The same of training in so many processes.
    pub fn check_memory_of(&self, processes: usize, network: &Network, batch: usize) -> Result<(), Failure> {
        Ok(self.device().check_memory_of(processes, network, Mode::Train, batch)?)
    }
}

impl From<DeviceError> for Failure {
    fn from(error: DeviceError) -> Failure {
        Failure::Message(error.to_string())
    }
}
