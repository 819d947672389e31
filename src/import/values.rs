//! Numbers from foreign files of weights.

use std::io::Read;

use super::net::Order;
use crate::program::ProgramWeight;

/// A network's weights.
#[derive(Debug)]
pub struct Values {
    /// In the network's order.
    pub weights: Vec<Vec<f32>>,
    /// The layers of the file that the network has nothing of.
    pub left_out: Vec<String>,
}

impl Values {
    /// What `find` has for each weight, which must be all of them and finite.
    pub(super) fn collect(
        weights: &[ProgramWeight],
        mut find: impl FnMut(&str) -> Option<Vec<f32>>,
        left_out: Vec<String>,
    ) -> Result<Values, String> {
        let mut values = Vec::with_capacity(weights.len());
        for weight in weights {
            let found = find(&weight.name).ok_or_else(|| format!("it has nothing for `{}`", weight.name))?;
            if let Some(wrong) = found.iter().find(|number| !number.is_finite()) {
                return Err(format!("a number of `{}` is {wrong}", weight.name));
            }
            values.push(found);
        }
        Ok(Values { weights: values, left_out })
    }
}

/// Numbers that are read at a time.
const CHUNK: usize = 1 << 14;

/// So many numbers of four bytes, the lowest first. The file is known to be long enough for them.
pub(super) fn numbers(file: &mut impl Read, count: usize, place: &str) -> Result<Vec<f32>, String> {
    let mut numbers = Vec::with_capacity(count);
    let mut bytes = vec![0; 4 * CHUNK.min(count)];
    while numbers.len() < count {
        let next = (count - numbers.len()).min(CHUNK);
        let chunk = &mut bytes[..4 * next];
        file.read_exact(chunk).map_err(|error| format!("it cannot be read to the end of {place}: {error}"))?;
        numbers.extend(chunk.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)));
    }
    Ok(numbers)
}

/// What was found in a file in the order of the network, as so many numbers.
pub(super) fn arranged(found: Vec<f32>, order: Order, count: usize) -> Result<Vec<f32>, String> {
    if let Order::Filled(number) = order {
        return Ok(vec![number; count]);
    }
    if found.len() != count {
        return Err(format!("an array has {} numbers, and the network wants {count}", found.len()));
    }
    Ok(match order {
        Order::Permuted { sizes, axes } if sizes.iter().product::<usize>() == count => permuted(&found, sizes, axes),
        Order::Permuted { .. } => {
            return Err(format!("an array of {count} numbers has other sizes than the graph says"));
        }
        Order::Negative => found.into_iter().map(|number| -number).collect(),
        Order::Inverse => found.into_iter().map(|number| 1.0 / number).collect(),
        Order::Same | Order::Transposed | Order::ByHeader | Order::Accumulated | Order::Filled(_) => found,
    })
}

/// An array of these sizes with its axes in another order.
fn permuted(numbers: &[f32], sizes: [usize; 4], axes: [usize; 4]) -> Vec<f32> {
    let mut steps = [1; 4];
    for axis in (0..3).rev() {
        steps[axis] = steps[axis + 1] * sizes[axis + 1];
    }
    let [a, b, c, d] = axes.map(|axis| (0..sizes[axis]).map(move |at| at * steps[axis]));
    let mut found = Vec::with_capacity(numbers.len());
    for a in a {
        for b in b.clone() {
            for c in c.clone() {
                found.extend(d.clone().map(|d| numbers[a + b + c + d]));
            }
        }
    }
    found
}

/// A matrix of so many rows from one of so many columns.
pub(super) fn transposed(numbers: &[f32], rows: usize) -> Vec<f32> {
    let columns = numbers.len() / rows.max(1);
    (0..rows).flat_map(|row| (0..columns).map(move |column| numbers[column * rows + row])).collect()
}

#[cfg(test)]
mod tests {
    use super::{arranged, transposed};
    use crate::import::net::Order;

    #[test]
    fn rows_become_columns() {
        assert_eq!(transposed(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], 2), [1.0, 3.0, 5.0, 2.0, 4.0, 6.0]);
        assert!(transposed(&[], 3).is_empty());
    }

    #[test]
    fn axes_change_places() {
        let numbers: Vec<f32> = (0..6).map(|number| number as f32).collect();
        let order = Order::permuted(&[2, 3], &[1, 0]);
        assert_eq!(arranged(numbers.clone(), order, 6), Ok(vec![0.0, 3.0, 1.0, 4.0, 2.0, 5.0]));
        let kernel = Order::permuted(&[1, 2, 3, 1], &[3, 2, 0, 1]);
        assert_eq!(arranged(numbers.clone(), kernel, 6), Ok(vec![0.0, 3.0, 1.0, 4.0, 2.0, 5.0]));
        assert_eq!(arranged(vec![2.0, -4.0], Order::Inverse, 2), Ok(vec![0.5, -0.25]));
        assert_eq!(arranged(Vec::new(), Order::Filled(1.5), 2), Ok(vec![1.5, 1.5]));
        assert!(arranged(numbers.clone(), Order::Same, 5).is_err());
        assert!(arranged(numbers, Order::permuted(&[2, 2], &[1, 0]), 6).is_err());
    }
}
