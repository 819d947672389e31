//! Maps of another height and width.

use crate::export::ExportError;
use crate::export::onnx::graph::NodeBuilder;
use crate::export::onnx::proto::Attribute;
use crate::program::Resampling;
use crate::program::op::Upsample;

/// One direction of an upsampling.
#[derive(Debug, Clone, Copy)]
struct Axis {
    inputs: usize,
    outputs: usize,
    /// Inputs from one output to the next.
    step: f64,
}

/// By the operator, if there are scales with which every reader finds the same pixels; else with the pixels written
/// out.
pub(super) fn upsample(op: &Upsample, at: &mut NodeBuilder) -> Result<(), ExportError> {
    let sides = at.input_shape().sides().zip(at.output_shape().sides());
    let ((height, width), (rows, columns)) = sides.expect("both are maps");
    let axes = [
        Axis { inputs: height, outputs: rows, step: op.step[0] },
        Axis { inputs: width, outputs: columns, step: op.step[1] },
    ];
    let [down, across] = axes.map(|axis| axis.scale(op.resampling));
    if let Some((down, across)) = down.zip(across) {
        resize(op.resampling, [down, across], at);
        return Ok(());
    }
    match op.resampling {
        Resampling::Nearest => {
            let mut x = at.input(0);
            let [down, across] = axes.map(|axis| (0..axis.outputs).map(move |output| axis.nearest(output) as i64));
            let places = at.ints("rows", down);
            x = at.inner("picked", "Gather", &[&x, &places], &[("axis", Attribute::Int(2))]);
            let places = at.ints("columns", across);
            at.result("Gather", &[&x, &places], &[("axis", Attribute::Int(3))]);
            Ok(())
        }
        Resampling::Bilinear | Resampling::BilinearAligned => {
            mix(axes.map(|axis| Some(axis.shares(op.resampling))), at)
        }
    }
}

fn resize(resampling: Resampling, [down, across]: [f32; 2], at: &mut NodeBuilder) {
    let (mode, transformation) = match resampling {
        Resampling::Nearest => ("nearest", "asymmetric"),
        Resampling::Bilinear => ("linear", "half_pixel"),
        Resampling::BilinearAligned => ("linear", "align_corners"),
    };
    let mut attributes =
        vec![("coordinate_transformation_mode", Attribute::Text(transformation)), ("mode", Attribute::Text(mode))];
    if resampling == Resampling::Nearest {
        attributes.push(("nearest_mode", Attribute::Text("floor")));
    }
    let scales = at.floats("scales", vec![4], vec![1.0, 1.0, down, across]);
    // No region of interest.
    at.result("Resize", &[&at.input(0), "", &scales], &attributes);
}

impl Axis {
    /// The input of an output, worked out in single precision as PyTorch does.
    fn nearest(self, output: usize) -> usize {
        ((output as f32 * self.step as f32).floor() as usize).min(self.inputs - 1)
    }

    /// A factor that gives as many outputs, and by which readers that divide by it, multiply by its inverse or take the
    /// sizes' ratio for it come to the same inputs.
    fn scale(self, resampling: Resampling) -> Option<f32> {
        let Axis { inputs, outputs, step } = self;
        let ratio = outputs as f64 / inputs as f64;
        let candidates = [(1.0 / step) as f32, ratio as f32, (ratio as f32).next_up()];
        candidates.into_iter().find(|scale| {
            let single = (inputs as f32 * scale).floor() as usize;
            let double = (inputs as f64 * f64::from(*scale)).floor() as usize;
            single == outputs
                && double == outputs
                && match resampling {
                    Resampling::Nearest => (0..outputs).all(|output| {
                        let (single, double) = (output as f32, output as f64);
                        let found = [
                            f64::from((single / scale).floor()),
                            f64::from((single * (1.0 / scale)).floor()),
                            (double / f64::from(*scale)).floor(),
                            f64::from((single * (inputs as f32 / outputs as f32)).floor()),
                        ];
                        found.iter().all(|found| (*found as usize).min(inputs - 1) == self.nearest(output))
                    }),
                    Resampling::Bilinear => {
                        let agrees = |step: f64| (step * ratio - 1.0).abs() < 1e-6;
                        agrees(step) && agrees(1.0 / f64::from(*scale))
                    }
                    // A single output is the first input, or the middle, or an error.
                    Resampling::BilinearAligned => outputs > 1,
                }
        })
    }

    /// What each output is made of.
    fn shares(self, resampling: Resampling) -> Matrix {
        let Axis { inputs, outputs, step } = self;
        let row = |output: usize| {
            let at = match resampling {
                Resampling::BilinearAligned => output as f64 * step,
                _ => ((output as f64 + 0.5) * step - 0.5).max(0.0),
            };
            let first = (at as usize).min(inputs - 1);
            let nearness = (at - first as f64).clamp(0.0, 1.0);
            vec![(first, 1.0 - nearness), ((first + 1).min(inputs - 1), nearness)]
        };
        Matrix { inputs, rows: (0..outputs).map(row).collect() }
    }
}

/// Outputs as sums of shares of inputs, in one direction.
#[derive(Debug)]
pub(super) struct Matrix {
    pub(super) inputs: usize,
    /// For each output, inputs and their shares.
    pub(super) rows: Vec<Vec<(usize, f64)>>,
}

/// The most numbers of a matrix.
const LARGEST: usize = 1 << 24;

impl Matrix {
    /// Its numbers, a row for each output, or a column.
    fn numbers(&self, columns: bool) -> Vec<f32> {
        let mut numbers = vec![0.0; self.inputs * self.rows.len()];
        for (output, row) in self.rows.iter().enumerate() {
            for (input, share) in row {
                let at = if columns { input * self.rows.len() + output } else { output * self.inputs + input };
                numbers[at] += *share as f32;
            }
        }
        numbers
    }
}

/// The result as sums of rows and of columns, as products with matrices: no other operator says which to every reader.
pub(super) fn mix([down, across]: [Option<Matrix>; 2], at: &mut NodeBuilder) -> Result<(), ExportError> {
    for Matrix { inputs, rows } in [&down, &across].into_iter().flatten() {
        if inputs.saturating_mul(rows.len()) > LARGEST {
            return Err(ExportError::Refused(format!(
                "`{}` makes {} rows or columns of {inputs} in steps that ONNX has no operator for, and a matrix for them would \
                 have more than {LARGEST} numbers",
                at.layer(),
                rows.len()
            )));
        }
    }
    let mut x = at.input(0);
    if let Some(matrix) = &down {
        let rows = at.floats("rows", vec![matrix.rows.len(), matrix.inputs], matrix.numbers(false));
        match across {
            Some(_) => x = at.inner("mixed_rows", "MatMul", &[&rows, &x], &[]),
            None => {
                at.result("MatMul", &[&rows, &x], &[]);
                return Ok(());
            }
        }
    }
    match &across {
        Some(matrix) => {
            let columns = at.floats("columns", vec![matrix.inputs, matrix.rows.len()], matrix.numbers(true));
            at.result("MatMul", &[&x, &columns], &[]);
        }
        None => at.nothing(),
    }
    Ok(())
}
