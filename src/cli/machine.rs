//! What a command computes with.

use std::fmt;
use std::num::NonZeroUsize;

use clap::Args;
use rayon::ThreadPoolBuilder;

use super::Failure;
use crate::kernels::Algorithms;
use crate::network::Network;
use crate::program::Mode;
use crate::report::quantity;
use crate::system::free_memory;

/// Device and threads, on the command line.
#[derive(Debug, Args)]
pub struct Machine {
    /// Where to compute: cpu, or cuda:N
    #[arg(long, value_name = "DEVICE", default_value = "cpu", value_parser = parse_device)]
    device: Device,
    /// How many threads compute; as many as there are processors unless given
    #[arg(long, value_name = "N")]
    threads: Option<NonZeroUsize>,
    /// Sum every convolution as it is defined, without Winograd's faster way, which rounds a little more coarsely
    #[arg(long)]
    exact: bool,
}

#[derive(Debug, Clone, Copy)]
enum Device {
    Cpu,
    Cuda(usize),
}

fn parse_device(text: &str) -> Result<Device, String> {
    match text.split_once(':') {
        None if text == "cpu" => Ok(Device::Cpu),
        None if text == "cuda" => Ok(Device::Cuda(0)),
        Some(("cuda", number)) => number.parse().map(Device::Cuda).map_err(|_| format!("`{number}` is no number")),
        _ => Err("expected `cpu` or `cuda:0`".to_owned()),
    }
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Device::Cpu => f.write_str("cpu"),
            Device::Cuda(number) => write!(f, "cuda:{number}"),
        }
    }
}

/// Refuses what would need more memory than there is, on the threads of this pool. Where the system does not tell how much
/// there is, everything is tried.
pub fn check_memory(network: &Network, mode: Mode, batch: usize) -> Result<(), Failure> {
    let threads = rayon::current_num_threads();
    let footprint = network.footprint(threads);
    let (what, bytes) = match mode {
        Mode::Train => ("train with", footprint.training(batch).total()),
        Mode::Eval => ("compute", network.inference_memory(threads, batch)),
    };
    let Some(free) = free_memory().filter(|free| bytes > *free) else { return Ok(()) };
    let (need, have) = (quantity::bytes(bytes), quantity::bytes(free));
    let advice = match (mode, footprint.largest_batch(free)) {
        (Mode::Train, Some(largest)) => format!("the largest batch that fits is {largest}"),
        (Mode::Train, None) => "not even a batch of 1 fits".to_owned(),
        (Mode::Eval, _) => "use a smaller batch".to_owned(),
    };
    let name = &network.name;
    Err(Failure::Message(format!(
        "`{name}` needs about {need} to {what} a batch of {batch}, and {have} are free: {advice}"
    )))
}

impl Machine {
    /// The device as on the command line.
    pub fn device(&self) -> String {
        self.device.to_string()
    }

    /// The algorithms that were asked for.
    pub fn algorithms(&self) -> Algorithms {
        if self.exact { Algorithms::Exact } else { Algorithms::Fastest }
    }

    /// Does the work on the threads that were asked for. Inside, `rayon::current_num_threads` says how many they are.
    pub fn run<R: Send>(&self, work: impl FnOnce() -> Result<R, Failure> + Send) -> Result<R, Failure> {
        if let Device::Cuda(_) = self.device {
            return Err(Failure::Message(format!(
                "cannot compute on `{}`: this archc was built without CUDA; leave `--device` out to use the CPU",
                self.device
            )));
        }
        // To rayon, 0 means as many as there are processors.
        let pool = ThreadPoolBuilder::new().num_threads(self.threads.map_or(0, NonZeroUsize::get)).build();
        let pool = pool.map_err(|error| Failure::Message(format!("cannot start the threads: {error}")))?;
        pool.install(work)
    }
}
