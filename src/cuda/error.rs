//! What CUDA's libraries report, in words.

use cudarc::cublas::result::CublasError;
use cudarc::cudnn::CudnnError;
use cudarc::driver::DriverError;

pub use crate::device::DeviceError as Error;
use crate::quantity;

/// What a device did, or why not.
pub type Result<T> = std::result::Result<T, Error>;

impl From<DriverError> for Error {
    fn from(error: DriverError) -> Error {
        let name = error.error_name().map_or("an unknown error".into(), |name| name.to_string_lossy());
        let meaning = error.error_string().map_or(String::new(), |text| format!(" ({})", text.to_string_lossy()));
        Error::new(format!("CUDA reports {name}{meaning}"))
    }
}

impl From<CublasError> for Error {
    fn from(error: CublasError) -> Error {
        Error::new(format!("cuBLAS reports {:?}", error.0))
    }
}

impl From<CudnnError> for Error {
    fn from(error: CudnnError) -> Error {
        Error::new(format!("cuDNN reports {:?}", error.0))
    }
}

/// For an allocation of so many bytes, of which so many are free.
pub fn out_of_memory(bytes: usize, free: usize, total: usize) -> Error {
    let [bytes, free, total] = [bytes, free, total].map(|bytes| quantity::bytes(bytes as u64));
    Error::new(format!("the GPU is out of memory: {bytes} more are needed, {free} of {total} are free"))
}
