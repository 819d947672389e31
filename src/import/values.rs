//! Numbers from foreign files of weights.

use std::io::Read;

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

/// A matrix of so many rows from one of so many columns.
pub(super) fn transposed(numbers: &[f32], rows: usize) -> Vec<f32> {
    let columns = numbers.len() / rows.max(1);
    (0..rows).flat_map(|row| (0..columns).map(move |column| numbers[column * rows + row])).collect()
}

#[cfg(test)]
mod tests {
    use super::transposed;

    #[test]
    fn rows_become_columns() {
        assert_eq!(transposed(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], 2), [1.0, 3.0, 5.0, 2.0, 4.0, 6.0]);
        assert!(transposed(&[], 3).is_empty());
    }
}
