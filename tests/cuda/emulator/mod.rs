//! A GPU for machines that have none: the driver, NVRTC, cuBLAS and cuDNN as far as archc calls them, computed by the
//! processor.
//!
//! The libraries are C++ beside this file. They are compiled once, opened, and found by their names from then on, so
//! that everything above them is what a GPU would run: the same kernels, launch code, memory and executor. Kernels run
//! thread by thread (host.h).

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::{env, fs};

unsafe extern "C" {
    fn dlopen(name: *const c_char, flags: c_int) -> *mut c_void;
    fn dlsym(library: *mut c_void, name: *const c_char) -> *mut c_void;
    fn dlerror() -> *const c_char;
}

/// RTLD_NOW | RTLD_GLOBAL on Linux.
const NOW_GLOBAL: c_int = 0x102;

/// The libraries, by the names that they are looked for.
const LIBRARIES: [(&str, &str); 4] =
    [("driver", "libcuda.so"), ("nvrtc", "libnvrtc.so"), ("cublas", "libcublas.so"), ("cudnn", "libcudnn.so")];

/// Opens the libraries, if no other driver is there. `Err` says why a system has neither.
///
/// # Panics
/// If a library does not compile, or nothing is there to compile it: a test that is skipped tells as little as one that
/// is not there.
pub fn open() -> Result<(), String> {
    static OPENED: OnceLock<Result<(), String>> = OnceLock::new();
    OPENED.get_or_init(open_once).clone()
}

fn open_once() -> Result<(), String> {
    if !cfg!(target_os = "linux") {
        return Err("a GPU is emulated on Linux only".to_owned());
    }
    let compiler = env::var("CXX").unwrap_or_else(|_| "c++".to_owned());
    let found = Command::new(&compiler).arg("--version").output();
    assert!(found.is_ok(), "no C++ compiler `{compiler}` to emulate a GPU with: install one, or name one in CXX");
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cuda/emulator");
    let folder = folder(&sources);
    for (name, library) in LIBRARIES {
        let path = folder.join(library);
        if !path.exists() {
            compile(&compiler, &sources, name, library, &path);
        }
        load(&path);
    }
    Ok(())
}

/// A folder for what is made of these sources.
fn folder(sources: &Path) -> PathBuf {
    let files = ["host.h", "driver.cpp", "nvrtc.cpp", "cublas.cpp", "cudnn.cpp"];
    let mut all: Vec<Vec<u8>> = files.iter().map(|file| fs::read(sources.join(file)).expect("a source")).collect();
    // What is compiled names the place of its header, and other checkouts have theirs.
    all.push(sources.as_os_str().as_encoded_bytes().to_vec());
    // FNV-1a, since only a name is wanted.
    let hash = all
        .concat()
        .iter()
        .fold(0xcbf2_9ce4_8422_2325u64, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3));
    let folder = env::temp_dir().join(format!("archc-emulated-gpu-{hash:016x}"));
    fs::create_dir_all(&folder).expect("temporary folders can be made");
    folder
}

fn compile(compiler: &str, sources: &Path, name: &str, library: &str, path: &Path) {
    let temporary = path.with_extension(format!("{}", std::process::id()));
    let version = path.parent().and_then(|folder| folder.to_str()).and_then(|name| name.rsplit('-').next());
    let version = u32::from_str_radix(&version.expect("named above")[..7], 16).expect("a hash");
    let output = Command::new(compiler)
        .args(["-std=c++17", "-O2", "-w", "-fPIC", "-shared", "-ffp-contract=off"])
        .arg(format!("-Wl,-soname,{library}"))
        .arg(format!("-DCOMPILER=\"{compiler}\""))
        .arg(format!("-DHEADER=\"{}\"", sources.join("host.h").display()))
        .arg(format!("-DHEADER_VERSION={version}"))
        .arg(sources.join(name).with_extension("cpp"))
        .arg("-o")
        .arg(&temporary)
        .arg("-ldl")
        .output()
        .expect("the compiler was there before");
    assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    // Whole or not at all, as another process may be looking for it.
    fs::rename(&temporary, path).expect("files can be renamed");
}

fn load(path: &Path) -> *mut c_void {
    let name = CString::new(path.to_str().expect("paths are text")).expect("paths have no zeros");
    // SAFETY: the library was compiled from the sources beside this file, and runs nothing when it is opened.
    let library = unsafe { dlopen(name.as_ptr(), NOW_GLOBAL) };
    // SAFETY: called after a failure, it returns text.
    assert!(!library.is_null(), "{}", unsafe { CStr::from_ptr(dlerror()) }.to_string_lossy());
    library
}

/// From now on blocks and threads run from the last to the first, or as before. Nothing, where the GPU is a real one.
pub fn run_in_descending_order(descending: bool) {
    // SAFETY: a null handle stands for everything that is open.
    let symbol = unsafe { dlsym(std::ptr::null_mut(), c"emulator_order".as_ptr()) };
    if !symbol.is_null() {
        // SAFETY: the driver's source declares it so.
        let order: extern "C" fn(bool) = unsafe { std::mem::transmute(symbol) };
        order(descending);
    }
}
