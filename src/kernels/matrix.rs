//! Matrix products: the crate `gemm` behind slices whose bounds are checked.

use std::marker::PhantomData;

use gemm::Parallelism;

use super::Real;

/// A matrix in a slice, or its transpose.
#[derive(Clone, Copy)]
pub(super) struct Matrix<'a, T> {
    values: &'a [T],
    rows: usize,
    columns: usize,
    row_stride: usize,
    column_stride: usize,
}

impl<'a, T: Real> Matrix<'a, T> {
    /// Rows one after the other.
    pub(super) fn new(values: &'a [T], rows: usize, columns: usize) -> Matrix<'a, T> {
        Matrix::strided(values, rows, columns, columns)
    }

    /// Rows of contiguous numbers that begin every `row_stride` numbers.
    pub(super) fn strided(values: &'a [T], rows: usize, columns: usize, row_stride: usize) -> Matrix<'a, T> {
        assert!(rows == 0 || (rows - 1) * row_stride + columns <= values.len(), "a matrix lies within its slice");
        Matrix { values, rows, columns, row_stride, column_stride: 1 }
    }

    /// Rows and columns exchanged; nothing moves.
    pub(super) fn transposed(self) -> Matrix<'a, T> {
        Matrix {
            rows: self.columns,
            columns: self.rows,
            row_stride: self.column_stride,
            column_stride: self.row_stride,
            ..self
        }
    }
}

/// A matrix that a product goes into: rows of contiguous numbers.
pub(super) struct MatrixMut<'a, T> {
    start: *mut T,
    rows: usize,
    columns: usize,
    row_stride: usize,
    lifetime: PhantomData<&'a mut [T]>,
}

impl<'a, T> MatrixMut<'a, T> {
    /// Rows one after the other.
    pub(super) fn new(values: &'a mut [T], rows: usize, columns: usize) -> MatrixMut<'a, T> {
        assert_eq!(rows * columns, values.len(), "a matrix fills its slice");
        MatrixMut { start: values.as_mut_ptr(), rows, columns, row_stride: columns, lifetime: PhantomData }
    }

    /// # Safety
    /// Every row must lie in memory that is valid for writes of `T`, and that nobody else uses, for `'a`.
    pub(super) unsafe fn from_raw(start: *mut T, rows: usize, columns: usize, row_stride: usize) -> MatrixMut<'a, T> {
        MatrixMut { start, rows, columns, row_stride, lifetime: PhantomData }
    }

    /// One row.
    pub(super) fn row(&mut self, row: usize) -> &mut [T] {
        assert!(row < self.rows, "a row lies within its matrix");
        // SAFETY: whoever made the matrix promised that its rows are valid and exclusively ours.
        unsafe { std::slice::from_raw_parts_mut(self.start.add(row * self.row_stride), self.columns) }
    }
}

/// Who computes a product.
#[derive(Debug, Clone, Copy)]
pub(super) enum Threads {
    /// The calling thread: it is one of many tasks already.
    This,
    /// All threads of the pool.
    All,
}

impl Threads {
    /// For the products within one of `tasks` parallel tasks.
    pub(super) fn of_task(tasks: usize) -> Threads {
        if tasks == 1 { Threads::All } else { Threads::This }
    }
}

/// output ← left·right
pub(super) fn multiply<T: Real>(output: &mut MatrixMut<T>, left: Matrix<T>, right: Matrix<T>, threads: Threads) {
    product(output, left, right, false, threads);
}

/// output ← output + left·right
pub(super) fn multiply_add<T: Real>(output: &mut MatrixMut<T>, left: Matrix<T>, right: Matrix<T>, threads: Threads) {
    product(output, left, right, true, threads);
}

fn product<T: Real>(output: &mut MatrixMut<T>, left: Matrix<T>, right: Matrix<T>, add: bool, threads: Threads) {
    assert_eq!(
        (output.rows, output.columns, left.columns),
        (left.rows, right.columns, right.rows),
        "sizes of a matrix product agree"
    );
    let parallelism = match threads {
        Threads::This => Parallelism::None,
        Threads::All => Parallelism::Rayon(0),
    };
    // SAFETY: every index that the sizes and strides reach lies within its matrix: checked where it was made. The
    // output is exclusively ours and so overlaps neither factor. gemm implements f32 and f64, which are all of `Real`.
    unsafe {
        gemm::gemm(
            output.rows,
            output.columns,
            left.columns,
            output.start,
            1,
            output.row_stride as isize,
            add,
            left.values.as_ptr(),
            left.column_stride as isize,
            left.row_stride as isize,
            right.values.as_ptr(),
            right.column_stride as isize,
            right.row_stride as isize,
            T::ONE,
            T::ONE,
            false,
            false,
            false,
            parallelism,
        );
    }
}

#[cfg(test)]
mod tests {
    use rayon::ThreadPoolBuilder;

    use super::*;

    /// Large enough that the product is divided among threads.
    #[test]
    fn products_do_not_depend_on_the_threads() {
        let (rows, columns, inner) = (130, 270, 300);
        let values = |length: usize| (0..length).map(|index| (index as f32 * 0.37).sin()).collect::<Vec<f32>>();
        let (a, b) = (values(rows * inner), values(inner * columns));
        let left = [Matrix::new(&a, rows, inner), Matrix::new(&a, inner, rows).transposed()];
        let right = [Matrix::new(&b, inner, columns), Matrix::new(&b, columns, inner).transposed()];
        for (left, right) in left.into_iter().flat_map(|left| right.map(|right| (left, right))) {
            let [one, two, three] = [1, 2, 3].map(|threads| {
                let pool = ThreadPoolBuilder::new().num_threads(threads).build().expect("threads can be started");
                let mut output = vec![f32::NAN; rows * columns];
                pool.install(|| {
                    multiply(&mut MatrixMut::new(&mut output, rows, columns), left, right, Threads::All);
                });
                output
            });
            assert!(one == two && one == three);
            let at = |matrix: Matrix<f32>, row: usize, column: usize| {
                f64::from(matrix.values[row * matrix.row_stride + column * matrix.column_stride])
            };
            for (row, column) in [(0, 0), (77, 133), (rows - 1, columns - 1)] {
                let expected: f64 = (0..inner).map(|k| at(left, row, k) * at(right, k, column)).sum();
                assert!((f64::from(one[row * columns + column]) - expected).abs() < 1e-4);
            }
        }
    }
}
