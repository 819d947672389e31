//! Kernels in CUDA C++, compiled for the device at hand and kept on the disk.
//!
//! A file is compiled for one storage type and one architecture; `src/kernels/cuda/prelude.cuh` stands before it. No
//! header of CUDA is needed. The machine code is kept in the user's cache folder, under a name that is a hash of all
//! that it was made of.

use std::collections::HashMap;
use std::ffi::CString;
use std::io::Write;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::{env, fs};

use cudarc::driver::{CudaContext, CudaFunction, CudaModule};
use cudarc::nvrtc::{Ptx, result, sys};
use sha2::{Digest, Sha256};

use super::{DType, Error, GpuSettings, Result};
use crate::{durable, system};

/// A file of kernels.
#[derive(Debug, Clone, Copy)]
pub struct KernelSource {
    /// Its name, for messages: `add.cu`.
    pub name: &'static str,
    /// Its text.
    pub text: &'static str,
}

/// What stands before every source.
pub const PRELUDE: &str = include_str!("../kernels/cuda/prelude.cuh");

/// Source and kernel, by name.
type Name = (&'static str, &'static str);

/// What was compiled so far.
#[derive(Debug, Default)]
pub struct Modules {
    loaded: Mutex<Loaded>,
}

#[derive(Debug, Default)]
struct Loaded {
    modules: HashMap<&'static str, Arc<CudaModule>>,
    functions: HashMap<Name, CudaFunction>,
}

impl Modules {
    /// A kernel of a source. It is compiled if it is the first of its source that is asked for.
    ///
    /// # Errors
    /// If NVRTC refuses the source, or it has no such kernel.
    pub fn function(
        &self,
        context: &Arc<CudaContext>,
        settings: &GpuSettings,
        source: &KernelSource,
        kernel: &'static str,
    ) -> Result<CudaFunction> {
        let mut loaded = self.loaded.lock().expect("nobody panics while compiling");
        if let Some(function) = loaded.functions.get(&(source.name, kernel)) {
            return Ok(function.clone());
        }
        let module = match loaded.modules.get(source.name) {
            Some(module) => module.clone(),
            None => {
                let image = image(source, settings, context.compute_capability()?)?;
                let module = context.load_module(image).map_err(|error| Error::from(error).during(source.name))?;
                loaded.modules.insert(source.name, module.clone());
                module
            }
        };
        let function = module.load_function(kernel);
        let function = function.map_err(|error| Error::from(error).during(format!("`{kernel}` of {}", source.name)))?;
        loaded.functions.insert((source.name, kernel), function.clone());
        Ok(function)
    }
}

/// The text that is compiled, and the options that say for what.
pub fn program(source: &KernelSource, settings: &GpuSettings, (major, minor): (i32, i32)) -> (String, Vec<String>) {
    let text = format!("{PRELUDE}\n#line 1 \"{}\"\n{}", source.name, source.text);
    let options = vec![
        format!("--gpu-architecture=sm_{major}{minor}"),
        "--std=c++17".to_owned(),
        format!("--define-macro=STORAGE_BF16={}", u8::from(settings.storage == DType::Bf16)),
    ];
    (text, options)
}

/// Machine code: from the disk, if it is there.
fn image(source: &KernelSource, settings: &GpuSettings, capability: (i32, i32)) -> Result<Ptx> {
    let (text, options) = program(source, settings, capability);
    let kept = cache_folder().map(|folder| folder.join(cache_name(source, &text, &options, version())));
    if let Some(bytes) = kept.as_ref().and_then(|path| fs::read(path).ok()).filter(|bytes| !bytes.is_empty()) {
        return Ok(Ptx::from_binary(bytes));
    }
    let compiled = compile(source.name, text, &options)?;
    if let Some(path) = kept {
        // Whoever cannot keep it compiles it again.
        let folder = path.parent().map_or(Ok(()), fs::create_dir_all);
        let _ = folder.and_then(|()| durable::replace(&path, |file| file.write_all(&compiled)));
    }
    Ok(Ptx::from_binary(compiled))
}

/// Machine code, by NVRTC.
fn compile(name: &'static str, text: String, options: &[String]) -> Result<Vec<u8>> {
    let failed =
        |what: &str, error: result::NvrtcError| Error::new(format!("NVRTC cannot {what} {name}: {:?}", error.0));
    let (text, file) = (CString::new(text), CString::new(name));
    let (text, file) = (text.expect("sources are text"), file.expect("names are text"));
    let program = Program(result::create_program(&text, Some(&file)).map_err(|error| failed("begin", error))?);
    // SAFETY: the program was created above and is destroyed when it is dropped.
    if let Err(error) = unsafe { result::compile_program(program.0, options) } {
        // SAFETY: as above.
        let log = unsafe { result::get_program_log(program.0) }.unwrap_or_default();
        let log: Vec<u8> = log.iter().map(|byte| byte.to_ne_bytes()[0]).take_while(|byte| *byte != 0).collect();
        let log = String::from_utf8_lossy(&log).into_owned();
        return Err(failed("compile", error).followed_by(&log));
    }
    let mut size = 0;
    // SAFETY: as above; `size` is a place for the answer.
    unsafe { sys::nvrtcGetCUBINSize(program.0, &raw mut size) }.result().map_err(|error| failed("assemble", error))?;
    let mut code = vec![0u8; size];
    // SAFETY: as above; there is room for as many bytes as it has just said.
    unsafe { sys::nvrtcGetCUBIN(program.0, code.as_mut_ptr().cast()) }
        .result()
        .map_err(|error| failed("assemble", error))?;
    Ok(code)
}

/// A program of NVRTC's.
struct Program(sys::nvrtcProgram);

impl Drop for Program {
    fn drop(&mut self) {
        // SAFETY: it was created by `create_program` and is destroyed only here. There is nobody to tell of a failure.
        let _ = unsafe { result::destroy_program(self.0) };
    }
}

/// `$ARCHC_CACHE/cuda` or `~/.cache/archc/cuda`; nowhere if that variable is empty.
fn cache_folder() -> Option<PathBuf> {
    match env::var_os("ARCHC_CACHE") {
        Some(folder) if folder.is_empty() => None,
        Some(folder) => Some(PathBuf::from(folder).join("cuda")),
        None => system::cache_folder().map(|cache| cache.join("cuda")),
    }
}

/// A name that no other source, option or compiler has.
fn cache_name(source: &KernelSource, text: &str, options: &[String], compiler: (i32, i32)) -> String {
    let mut hash = Sha256::new();
    hash.update(format!("{compiler:?} {options:?} {text}"));
    let hash: String = hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    format!("{}-{hash}.cubin", source.name.trim_end_matches(".cu"))
}

/// NVRTC's version.
fn version() -> (i32, i32) {
    let (mut major, mut minor) = (0, 0);
    // SAFETY: both are places for the answer. A failure leaves zeros, which only name a file.
    let _ = unsafe { sys::nvrtcVersion(&raw mut major, &raw mut minor) };
    (major, minor)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::program::call::Order;

    #[test]
    fn names_tell_programs_apart() {
        let source = |text| KernelSource { name: "add.cu", text };
        let f32s = GpuSettings { storage: DType::F32, order: Order::ChannelsFirst, tf32: false, exact: false };
        let name = |source: &KernelSource, settings: &GpuSettings, capability, compiler| {
            let (text, options) = program(source, settings, capability);
            cache_name(source, &text, &options, compiler)
        };
        let one = name(&source("a"), &f32s, (9, 0), (13, 0));
        let others = GpuSettings { tf32: true, exact: true, order: Order::ChannelsLast, ..f32s };
        assert_eq!(one, name(&source("a"), &others, (9, 0), (13, 0)));
        assert!(one.starts_with("add-") && one.ends_with(".cubin"), "{one}");
        for other in [
            name(&source("b"), &f32s, (9, 0), (13, 0)),
            name(&source("a"), &GpuSettings { storage: DType::Bf16, ..f32s }, (9, 0), (13, 0)),
            name(&source("a"), &f32s, (8, 0), (13, 0)),
            name(&source("a"), &f32s, (9, 0), (12, 8)),
        ] {
            assert_ne!(one, other);
        }
    }
}
