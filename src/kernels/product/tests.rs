use super::*;
use crate::program::Bounds;

/// Small whole numbers: their sums are exact in any order, on any processor.
fn whole<T: Real>(length: usize, seed: usize) -> Vec<T> {
    (0..length).map(|index| T::of(((index * 31 + seed) % 7) as f64 - 3.0)).collect()
}

/// Rows × columns, where a row of the left factor is some runs of some depth with a step. Rows that fit into a step lie
/// side by side, as columns of a matrix do.
fn check<T: Real>((rows, columns): (usize, usize), (runs, depth, step): (usize, usize, usize)) {
    let (all, width) = (runs * depth, panel_width::<T>());
    let apart = if rows <= step { 1 } else { all * step };
    let (left, right) = (whole::<T>(rows * apart + all * step, 1), whole::<T>(all * columns, 2));
    // Places that no column has may hold anything.
    let mut panels = vec![T::of(f64::NAN); panels_length::<T>(all, columns)];
    for (index, value) in right.iter().enumerate() {
        let (row, column) = (index / columns, index % columns);
        panels[(column / width * all + row) * width + column % width] = *value;
    }
    let (bias, line) = (whole::<T>(columns, 3), columns + 3);
    let before = whole::<T>(rows * line, 4);
    let mut sums = vec![T::ZERO; rows * columns];
    for (index, sum) in sums.iter_mut().enumerate() {
        for k in 0..all {
            *sum += left[index / columns * apart + k * step] * right[k * columns + index % columns];
        }
    }
    let bounds = Clamp::new(Bounds { low: -2.0, high: 5.0 });
    let starts = [SumStart::Zero, SumStart::Bias(&bias), SumStart::Output];
    for (start, clamp) in starts.into_iter().flat_map(|start| [(start, None), (start, Some(bounds))]) {
        let mut expected = before.clone();
        for (index, sum) in sums.iter().enumerate() {
            let output = &mut expected[index / columns * line + 1 + index % columns];
            let sum = match start {
                SumStart::Zero => *sum,
                SumStart::Bias(bias) => *sum + bias[index % columns],
                SumStart::Output => *sum + *output,
            };
            *output = clamp.map_or(sum, |clamp| clamp.of(sum));
        }
        let starts: Vec<usize> = (0..rows).map(|row| row * apart).collect();
        let targets: Vec<usize> = (0..rows).map(|row| row * line + 1).collect();
        let runs: Vec<usize> = (0..runs).map(|run| run * depth * step).collect();
        let left = Rows { values: &left, starts: &starts, runs: &runs, depth, step };
        let right = Panels { values: &panels, depth: all, columns };
        let mut found = before.clone();
        // SAFETY: the output is ours.
        unsafe { multiply(&Parts::new(&mut found), &targets, left, right, start, clamp) };
        assert!(found == expected, "{rows} rows, {columns} columns, runs {runs:?} of {depth}, step {step}");
    }
}

/// More columns than two of the widest panels have, and more rows than two of the largest tiles; longer runs than a
/// slab.
#[test]
fn multiplies_any_rows_by_any_columns() {
    for sizes in (1..=17).map(|rows| (rows, 37)).chain((1..=70).map(|columns| (7, columns))) {
        for left in [(1, 5, 1), (3, 2, 3), (2, 161, 1), (1, 330, 2)] {
            check::<f32>(sizes, left);
            check::<f64>(sizes, left);
        }
    }
}

/// As many panels as it takes, however wide they are: more rows than are packed at once, and more depth.
#[test]
fn packs_a_left_factor_whose_numbers_alias() {
    let columns = PACKED_PANELS * WIDEST + 3;
    for (rows, runs, depth) in [(PACKED_ROWS + 5, 1, 7), (PACKED_ROWS + 1, 3, 2), (9, 1, 330), (3, 2, 161)] {
        check::<f32>((rows, columns), (runs, depth, ALIAS / size_of::<f32>()));
        check::<f64>((rows, columns), (runs, depth, 2 * ALIAS / size_of::<f64>()));
    }
}
