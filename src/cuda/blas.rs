//! Products of matrices, by cuBLAS.
//!
//! Matrices are row-major here. cuBLAS reads the same memory as its transpose, so C = A·B is asked for as Cᵀ = Bᵀ·Aᵀ.

use std::ffi::{c_int, c_void};
use std::sync::Arc;

use cudarc::cublas::{result, sys};
use cudarc::driver::CudaStream;

use super::{DType, Error, GpuSettings, Result, View};

/// A handle of cuBLAS, for one stream.
#[derive(Debug)]
pub struct Blas {
    handle: sys::cublasHandle_t,
    compute: sys::cublasComputeType_t,
}

// SAFETY: a handle may be used by any thread, by one at a time; `Gpu` is used by one.
unsafe impl Send for Blas {}

/// What numbers of a matrix are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Matrix<'a> {
    /// Where it begins.
    pub values: View<'a>,
    /// What its numbers are.
    pub storage: DType,
    /// Whether the product takes it with rows and columns exchanged.
    pub transposed: bool,
}

/// Rows and columns of a product, and what is summed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extent {
    /// Of C and of A.
    pub rows: usize,
    /// Of C and of B.
    pub columns: usize,
    /// Columns of A, rows of B.
    pub depth: usize,
}

impl Blas {
    /// For everything that is queued in a stream.
    pub fn new(stream: &Arc<CudaStream>, settings: GpuSettings) -> Result<Blas> {
        let handle = result::create_handle()?;
        let compute = match settings.tf32 {
            true => sys::cublasComputeType_t::CUBLAS_COMPUTE_32F_FAST_TF32,
            false => sys::cublasComputeType_t::CUBLAS_COMPUTE_32F,
        };
        let blas = Blas { handle, compute };
        // SAFETY: the handle was created above; both types are the runtime's and the driver's names of one thing.
        unsafe { result::set_stream(handle, stream.cu_stream().cast()) }?;
        Ok(blas)
    }

    /// Queues C = A·B. A and B have one type.
    ///
    /// # Errors
    /// If a size is beyond 2³¹, or the device fails.
    pub fn multiply(&self, extent: Extent, a: Matrix, b: Matrix, c: Matrix) -> Result<()> {
        let Extent { rows, columns, depth } = extent;
        for (matrix, elements) in [(a, rows * depth), (b, depth * columns), (c, rows * columns)] {
            assert!(matrix.values.bytes() >= elements * matrix.storage.width(), "a matrix lies within its memory");
        }
        let [m, n, k] = cublas_sizes(extent)?;
        let (lead_b, lead_a) = (if b.transposed { k } else { m }, if a.transposed { n } else { k });
        let (alpha, beta) = (1f32, 0f32);
        let scale = |value: &f32| std::ptr::from_ref(value).cast::<c_void>();
        // SAFETY: the matrices lie in memory of this device, as asserted; α and β are f32 as the compute types want.
        let multiplied = unsafe {
            result::gemm_ex(
                self.handle,
                operation(b),
                operation(a),
                m,
                n,
                k,
                scale(&alpha),
                pointer(b).cast_const(),
                kind(b),
                lead_b,
                pointer(a).cast_const(),
                kind(a),
                lead_a,
                scale(&beta),
                pointer(c),
                kind(c),
                m,
                self.compute,
                sys::cublasGemmAlgo_t::CUBLAS_GEMM_DEFAULT,
            )
        };
        multiplied.map_err(|error| Error::from(error).during(format!("a product {rows}×{depth}·{depth}×{columns}")))
    }
}

impl Drop for Blas {
    fn drop(&mut self) {
        // SAFETY: created in `new`, destroyed only here. There is nobody to tell of a failure.
        let _ = unsafe { result::destroy_handle(self.handle) };
    }
}

/// m, n, k of the product as cuBLAS sees it: of the transposed matrices.
fn cublas_sizes(Extent { rows, columns, depth }: Extent) -> Result<[c_int; 3]> {
    let size = |size: usize| {
        c_int::try_from(size)
            .map_err(|_| Error::new(format!("a matrix has {size} rows or columns, which is beyond cuBLAS")))
    };
    Ok([size(columns)?, size(rows)?, size(depth)?])
}

fn operation(matrix: Matrix) -> sys::cublasOperation_t {
    match matrix.transposed {
        true => sys::cublasOperation_t::CUBLAS_OP_T,
        false => sys::cublasOperation_t::CUBLAS_OP_N,
    }
}

fn kind(matrix: Matrix) -> sys::cudaDataType {
    match matrix.storage {
        DType::F32 => sys::cudaDataType::CUDA_R_32F,
        DType::Bf16 => sys::cudaDataType::CUDA_R_16BF,
    }
}

fn pointer(matrix: Matrix) -> *mut c_void {
    matrix.values.pointer() as *mut c_void
}
