//! `archc doctor`: what there is to compute with, and what is missing.

use std::path::Path;
use std::{env, fs};

use clap::Args;

use super::{Failure, terminal};
use crate::device::{Cuda, Device, Precision};
use crate::kernels::Algorithms;
use crate::quantity::{bytes, exact};
use crate::recipe::DataSet;
use crate::system::{Environment, cache_folder, free_memory};
use crate::train::data::locate;

/// Say what this machine has for archc, and what is missing: processor, memory, GPU, data sets, caches
#[derive(Debug, Args)]
#[command(after_help = crate::cli::examples::DOCTOR)]
pub struct Doctor {}

/// More GPUs than this are not asked for.
const MOST_GPUS: usize = 16;

impl Doctor {
    pub fn run(self) -> Result<(), Failure> {
        let mut lines = vec![("archc", format!("{}, with {}", env!("CARGO_PKG_VERSION"), features()))];
        lines.extend(machine());
        lines.extend(gpus());
        lines.extend(sets());
        lines.extend(caches());
        let width = lines.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
        let mut text = String::new();
        let mut last = "";
        for (name, value) in &lines {
            let shown = if *name == last { "" } else { name };
            last = name;
            // Several lines stay several lines, below each other.
            let value = value.replace('\n', &format!("\n{}", " ".repeat(width + 2)));
            text.push_str(&format!("{shown:width$}  {value}\n"));
        }
        terminal::print(&text)
    }
}

type Line = (&'static str, String);

/// What it was built with.
fn features() -> String {
    let features = [("training", true), ("CUDA", cfg!(feature = "cuda")), ("downloads", cfg!(feature = "fetch"))];
    let named =
        |wanted: bool| features.iter().filter(|(_, has)| *has == wanted).map(|(name, _)| *name).collect::<Vec<_>>();
    match named(false).as_slice() {
        [] => named(true).join(", "),
        without => format!("{}; without {}", named(true).join(", "), without.join(", ")),
    }
}

fn machine() -> Vec<Line> {
    let Environment { system, processor, cores, memory_bytes } = Environment::here();
    let unknown = || "unknown".to_string();
    let memory = match (memory_bytes, free_memory()) {
        (Some(all), Some(free)) => format!("{}, {} free", bytes(all), bytes(free)),
        (all, free) => all.or(free).map_or_else(unknown, bytes),
    };
    vec![
        ("system", system),
        ("processor", processor.unwrap_or_else(unknown)),
        ("vectors", vectors()),
        ("threads", exact(cores as u64)),
        ("memory", memory),
    ]
}

/// The registers that kernels use, and the next wider ones that are missing.
fn vectors() -> String {
    #[cfg(target_arch = "x86_64")]
    {
        let has_fma = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
        match (is_x86_feature_detected!("avx512f") && pulp::x86::V4::try_new().is_some(), has_fma) {
            (true, _) => "AVX-512: 16 numbers at once".to_string(),
            (false, true) => "AVX2 with FMA: 8 numbers at once".to_string(),
            (false, false) => "none that kernels use, which need AVX2 with FMA: training is slow here".to_string(),
        }
    }
    #[cfg(target_arch = "aarch64")]
    {
        "NEON: 4 numbers at once".to_string()
    }
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    {
        "none that kernels use: training is slow here".to_string()
    }
}

/// Each GPU, or why there is none.
fn gpus() -> Vec<Line> {
    let device = |number| Device::Cuda(Cuda { number, numbers: Precision::F32, algorithms: Algorithms::Fastest });
    let mut lines = Vec::new();
    for number in 0..MOST_GPUS {
        let device = device(number);
        match device.check() {
            Ok(()) => {
                let free = device.free_memory().ok().flatten();
                let free = free.map_or(String::new(), |free| format!(", {} free", bytes(free)));
                lines.push(("GPU", format!("{device}{free}")));
            }
            Err(error) if number == 0 => {
                let advice = match cfg!(feature = "cuda") {
                    true => String::new(),
                    false => "; build with `--features cuda` for one".to_string(),
                };
                lines.push(("GPU", format!("none: {error}{advice}")));
                break;
            }
            Err(_) => break,
        }
    }
    lines
}

fn sets() -> Vec<Line> {
    let line = |set: DataSet| match (set, locate(set)) {
        (DataSet::Digits, _) => format!("{set}: part of the program"),
        (_, Some(folder)) => format!("{set}: {}", folder.display()),
        (_, None) => format!("{set}: not here; `archc data fetch {set}` gets it"),
    };
    DataSet::ALL.into_iter().filter(|set| set.image().is_some()).map(|set| ("data", line(set))).collect()
}

fn caches() -> Vec<Line> {
    let set = |name: &str| env::var(name).ok();
    let decoded = match set("ARCHC_CACHE") {
        Some(place) if place.is_empty() => "decoded images are not kept: `ARCHC_CACHE` is empty".to_string(),
        Some(place) => kept("decoded images", Path::new(&place)),
        None => match cache_folder() {
            Some(place) => kept("decoded images", &place.join("decoded")),
            None => "decoded images are not kept: there is no home folder".to_string(),
        },
    };
    vec![("cache", decoded)]
}

/// A folder with what its files take.
fn kept(what: &str, place: &Path) -> String {
    let files = fs::read_dir(place).into_iter().flatten().flatten();
    let sizes: Vec<u64> =
        files.filter_map(|file| file.metadata().ok()).filter(fs::Metadata::is_file).map(|file| file.len()).collect();
    match sizes.as_slice() {
        [] => format!("{what}: {}, nothing yet", place.display()),
        sizes => format!("{what}: {}, {} in {} files", place.display(), bytes(sizes.iter().sum()), sizes.len()),
    }
}
