//! A window of each map: copies, row by row.
//!
//! Bytes: 8 an element that is kept, and backward 4 for every other one, at the speed of a copy.

use super::lanes::for_each_row;
use super::{Backward, Forward, Kernel, Real, size};
use crate::program::op::Crop;

impl<T: Real> Kernel<T> for Crop {
    fn forward(&self, call: Forward<T>) {
        let Crop { top, left } = *self;
        let Forward { inputs, output, output_shape, .. } = call;
        let ((x, shape), (rows, columns)) = (inputs[0], size(output_shape));
        let ((height, width), channels) = (size(shape), shape.channels());
        for_each_row(output, columns * channels, columns * channels, |row, y| {
            let from = row / rows * height + top + row % rows;
            y.copy_from_slice(&x[(from * width + left) * channels..][..columns * channels]);
        });
    }

    /// What is cut off has no gradient.
    fn backward(&self, call: Backward<T>) {
        let Crop { top, left } = *self;
        let Backward { inputs, output_shape, output_gradient, input_gradients: [Some(dx)], .. } = call else { return };
        let (shape, (rows, columns)) = (inputs[0].1, size(output_shape));
        let ((height, width), channels) = (size(shape), shape.channels());
        for_each_row(dx, width * channels, width * channels, |row, dx| {
            dx.fill(T::ZERO);
            let inside = (row % height).checked_sub(top).filter(|inside| *inside < rows);
            if let Some(inside) = inside {
                let from = row / height * rows + inside;
                let g = &output_gradient[from * columns * channels..][..columns * channels];
                dx[left * channels..][..columns * channels].copy_from_slice(g);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use crate::ir::Shape;
    use crate::kernels::testing::{Case, check};
    use crate::program::Op;
    use crate::program::op::Crop;

    #[test]
    fn takes_a_window() {
        for ((top, left), (rows, columns)) in
            [((0, 0), (4, 5)), ((1, 2), (2, 3)), ((3, 0), (1, 5)), ((0, 4), (4, 1)), ((2, 1), (1, 1))]
        {
            let (input, output) = (Shape::map(3, 4, 5), Shape::map(3, rows, columns));
            check(&Case::new(Op::Crop(Crop { top, left }), 2, input, output), |numbers| {
                let planes = numbers.inputs[0].chunks_exact(4 * 5);
                let rows = planes.flat_map(|plane| plane.chunks_exact(5).skip(top).take(rows));
                rows.flat_map(|row| row[left..][..columns].to_vec()).collect()
            });
        }
    }
}
