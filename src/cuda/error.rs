//! What goes wrong on a device, in words for whoever asked for it.

use std::fmt;

use cudarc::cublas::result::CublasError;
use cudarc::cudnn::CudnnError;
use cudarc::driver::DriverError;

use crate::report::quantity;

/// What a device refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error(String);

/// What a device did, or why not.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// With this message.
    pub fn new(message: impl Into<String>) -> Error {
        Error(message.into())
    }

    /// The same, with what was being done before it.
    #[must_use]
    pub fn during(self, what: impl fmt::Display) -> Error {
        Error(format!("{what}: {}", self.0))
    }

    /// The same, with more lines after it.
    #[must_use]
    pub fn followed_by(self, more: &str) -> Error {
        Error(format!("{}\n{}", self.0, more.trim_end()))
    }

    /// For an allocation of so many bytes, of which so many are free.
    pub fn out_of_memory(bytes: usize, free: usize, total: usize) -> Error {
        let [bytes, free, total] = [bytes, free, total].map(|bytes| quantity::bytes(bytes));
        Error(format!("the GPU is out of memory: {bytes} more are needed, {free} of {total} are free"))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Error {}

impl From<DriverError> for Error {
    fn from(error: DriverError) -> Error {
        let name = error.error_name().map_or("an unknown error".into(), |name| name.to_string_lossy());
        let meaning = error.error_string().map_or(String::new(), |text| format!(" ({})", text.to_string_lossy()));
        Error(format!("CUDA reports {name}{meaning}"))
    }
}

impl From<CublasError> for Error {
    fn from(error: CublasError) -> Error {
        Error(format!("cuBLAS reports {:?}", error.0))
    }
}

impl From<CudnnError> for Error {
    fn from(error: CudnnError) -> Error {
        Error(format!("cuDNN reports {:?}", error.0))
    }
}
