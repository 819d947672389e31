//! What is known before any image is seen: weights, of which only the sizes are, and short lists of numbers.

use std::rc::Rc;

use super::view::MOST_AXES;
use crate::diagnostic::Spanned;
use crate::import::net::Order;

/// Constant numbers.
#[derive(Debug, Clone)]
pub struct Constant {
    pub sizes: Vec<usize>,
    /// The numbers, where they are few; `None` for one that is the size of a batch.
    pub values: Option<Rc<[Option<f64>]>>,
    /// What all of them are.
    pub every: Option<f64>,
    /// The tensor in the file that they are, and in which order.
    pub origin: Option<Origin>,
    /// What they are stored as.
    pub kind: String,
}

#[derive(Debug, Clone)]
pub struct Origin {
    pub name: Spanned<String>,
    pub order: Order,
}

impl Origin {
    /// With the axes of an array of these sizes in another order.
    fn transposed(&self, sizes: &[usize], axes: &[usize]) -> Option<Origin> {
        let name = self.name.clone();
        let next = Order::permuted(sizes, axes);
        let (Order::Permuted { sizes, axes }, Order::Permuted { sizes: now, axes: then }) = (self.order, next) else {
            return (self.order == Order::Same).then_some(Origin { name, order: next });
        };
        // What has been reshaped in between has other axes.
        let fits = (0..4).all(|axis| sizes[axes[axis]] == now[axis]);
        let axes = then.map(|axis| axes[axis]);
        let order = if axes == [0, 1, 2, 3] { Order::Same } else { Order::Permuted { sizes, axes } };
        fits.then_some(Origin { name, order })
    }
}

/// The type of sizes.
pub const WHOLE: &str = "int64";

/// Short lists have no more numbers.
const MOST: usize = 1 << 12;

impl Constant {
    /// A tensor of the file.
    pub fn tensor(
        name: Spanned<String>,
        kind: String,
        sizes: Vec<usize>,
        values: Option<Vec<f64>>,
        every: Option<f64>,
    ) -> Constant {
        let values = values.map(|values| values.into_iter().map(Some).collect());
        Constant { sizes, values, every, origin: Some(Origin { name, order: Order::Same }), kind }
    }

    /// A list of whole numbers.
    pub fn list(values: Vec<Option<f64>>) -> Constant {
        Constant::numbers(vec![values.len()], values, WHOLE)
    }

    /// Numbers of these sizes and of a type.
    pub fn numbers(sizes: Vec<usize>, values: Vec<Option<f64>>, kind: &str) -> Constant {
        Constant { sizes, values: Some(values.into()), every: None, origin: None, kind: kind.to_string() }
    }

    /// The same number everywhere.
    pub fn filled(sizes: Vec<usize>, count: usize, value: f64) -> Constant {
        if count <= MOST {
            return Constant::numbers(sizes, vec![Some(value); count], WHOLE);
        }
        Constant { sizes, values: None, every: Some(value), origin: None, kind: "float".to_string() }
    }

    /// How many numbers there are.
    pub fn count(&self) -> usize {
        self.sizes.iter().fold(1, |count, size| count.saturating_mul(*size))
    }

    /// The one number that it is, or that all are.
    pub fn scalar(&self) -> Option<f64> {
        match self.values.as_deref() {
            Some([value]) => *value,
            Some([first, rest @ ..]) if rest.iter().all(|value| value == first) => *first,
            _ => self.every,
        }
    }

    /// All numbers, if they are known.
    pub fn known(&self) -> Option<Vec<f64>> {
        self.values.as_deref()?.iter().copied().collect()
    }

    /// All numbers, if they are whole.
    pub fn wholes(&self) -> Option<Vec<i64>> {
        self.known()?.into_iter().map(|value| (value.fract() == 0.0).then_some(value as i64)).collect()
    }

    /// The only size that is not 1, and its axis from the end: where a number for each channel stands when it is
    /// stretched.
    pub fn single_axis(&self) -> Option<(usize, usize)> {
        let mut long = self.sizes.iter().rev().enumerate().filter(|(_, size)| **size != 1);
        let (axis, size) = long.next()?;
        long.next().is_none().then_some((axis, *size))
    }

    /// The same numbers with other sizes.
    pub fn reshaped(&self, sizes: &[i64]) -> Option<Constant> {
        if sizes.len() > MOST_AXES {
            return None;
        }
        let size = |(index, size): (usize, &i64)| match size {
            // Whatever is left, once the others are known.
            -1 => Some(1),
            0 => self.sizes.get(index).copied(),
            size => usize::try_from(*size).ok(),
        };
        let mut found = sizes.iter().enumerate().map(size).collect::<Option<Vec<usize>>>()?;
        if let Some(open) = sizes.iter().position(|size| *size == -1) {
            let known = found.iter().fold(1usize, |product, size| product.saturating_mul(*size));
            found[open] = self.count().checked_div(known)?;
        }
        let found = Constant { sizes: found, ..self.clone() };
        (found.count() == self.count()).then_some(found)
    }

    /// The axes in another order.
    pub fn transposed(&self, order: &[i64]) -> Option<Constant> {
        let rank = self.sizes.len();
        let mut axes: Vec<usize> = order.iter().map(|axis| usize::try_from(*axis).ok()).collect::<Option<_>>()?;
        if axes.is_empty() {
            axes = (0..rank).rev().collect();
        }
        let mut sorted = axes.clone();
        sorted.sort_unstable();
        if !sorted.into_iter().eq(0..rank) {
            return None;
        }
        let sizes: Vec<usize> = axes.iter().map(|axis| self.sizes[*axis]).collect();
        let values = match &self.values {
            Some(values) => Some(permuted(values, &self.sizes, &axes)?.into()),
            None => None,
        };
        let origin = match &self.origin {
            // What is stretched along one axis only has one order.
            Some(origin) if self.single_axis().is_some() || self.count() <= 1 => Some(origin.clone()),
            Some(origin) if rank <= 4 => origin.transposed(&self.sizes, &axes),
            _ => None,
        };
        let is_known = origin.is_some() || values.is_some() || self.every.is_some();
        is_known.then(|| Constant { sizes, values, origin, ..self.clone() })
    }

    /// The numbers of an axis, as indices choose them.
    pub fn gathered(&self, indices: &Constant, axis: i64) -> Option<Constant> {
        let values = self.values.as_deref()?;
        if self.sizes.len() != 1 || axis > 0 {
            return None;
        }
        let at = |index: &i64| {
            let index = if *index < 0 { *index + values.len() as i64 } else { *index };
            values.get(usize::try_from(index).ok()?).copied()
        };
        let found = indices.wholes()?.iter().map(at).collect::<Option<Vec<_>>>()?;
        Some(Constant::numbers(indices.sizes.clone(), found, &self.kind))
    }

    /// The part from one place to another along an axis, in steps of 1 or −1.
    pub fn sliced(&self, axis: i64, start: i64, end: i64, step: i64) -> Option<Constant> {
        let values = self.values.as_deref()?;
        let rank = self.sizes.len() as i64;
        let axis = usize::try_from(if axis < 0 { axis + rank } else { axis }).ok()?;
        let size = *self.sizes.get(axis)? as i64;
        let place =
            |at: i64, least: i64, most: i64| (if at < 0 { at.saturating_add(size) } else { at }).clamp(least, most);
        let chosen: Vec<i64> = match step {
            1 => (place(start, 0, size)..place(end, 0, size)).collect(),
            -1 => (place(end, -1, size - 1) + 1..=place(start, -1, size - 1)).rev().collect(),
            _ => return None,
        };
        let inner: usize = self.sizes[axis + 1..].iter().product();
        let outer: usize = self.sizes[..axis].iter().product();
        let mut found = Vec::with_capacity(outer * chosen.len() * inner);
        for block in 0..outer {
            for at in &chosen {
                let from = (block * size as usize + *at as usize) * inner;
                found.extend_from_slice(values.get(from..from + inner)?);
            }
        }
        let mut sizes = self.sizes.clone();
        sizes[axis] = chosen.len();
        Some(Constant::numbers(sizes, found, &self.kind))
    }

    /// Two short lists, number by number; one of them may be a single one.
    pub fn with(&self, other: &Constant, operation: impl Fn(f64, f64) -> f64) -> Option<Constant> {
        let (ours, theirs) = (self.values.as_deref()?, other.values.as_deref()?);
        let count = ours.len().max(theirs.len());
        let sizes = if ours.len() == count { &self.sizes } else { &other.sizes };
        let fits = |len: usize| len == count || len == 1;
        if !fits(ours.len()) || !fits(theirs.len()) || count > MOST {
            return None;
        }
        let at = |values: &[Option<f64>], index: usize| values[index % values.len().max(1)];
        let values = (0..count).map(|index| Some(operation(at(ours, index)?, at(theirs, index)?)));
        Some(Constant::numbers(sizes.clone(), values.collect(), &self.kind))
    }
}

/// The numbers of an array with its axes in another order.
fn permuted(values: &[Option<f64>], sizes: &[usize], axes: &[usize]) -> Option<Vec<Option<f64>>> {
    let mut strides = vec![1; sizes.len()];
    for axis in (1..sizes.len()).rev() {
        strides[axis - 1] = strides[axis] * sizes[axis];
    }
    let place = |index: usize| {
        let (mut rest, mut at) = (index, 0);
        for axis in axes.iter().rev() {
            at += rest % sizes[*axis] * strides[*axis];
            rest /= sizes[*axis];
        }
        values.get(at).copied()
    };
    (0..values.len()).map(place).collect()
}

#[cfg(test)]
mod tests {
    use super::Constant;

    fn list(sizes: &[usize], values: &[i64]) -> Constant {
        Constant::numbers(sizes.to_vec(), values.iter().map(|value| Some(*value as f64)).collect(), super::WHOLE)
    }

    #[test]
    fn lists_are_worked_out() {
        let matrix = list(&[2, 3], &[1, 2, 3, 4, 5, 6]);
        let turned = matrix.transposed(&[1, 0]).expect("it has two axes");
        assert_eq!((turned.sizes.clone(), turned.wholes()), (vec![3, 2], Some(vec![1, 4, 2, 5, 3, 6])));
        assert!(matrix.transposed(&[0, 0]).is_none());
        assert_eq!(matrix.reshaped(&[-1, 2]).map(|list| list.sizes), Some(vec![3, 2]));
        assert_eq!(matrix.reshaped(&[0, -1, 1]).map(|list| list.sizes), Some(vec![2, 3, 1]));
        assert!(matrix.reshaped(&[4, -1]).is_none());
        let sizes = list(&[4], &[7, 3, 8, 9]);
        assert_eq!(sizes.gathered(&list(&[2], &[1, -1]), 0).and_then(|list| list.wholes()), Some(vec![3, 9]));
        assert!(sizes.gathered(&list(&[], &[4]), 0).is_none());
        let product = sizes.with(&list(&[], &[2]), |a, b| a * b);
        assert_eq!(product.and_then(|list| list.wholes()), Some(vec![14, 6, 16, 18]));
        assert!(sizes.with(&matrix, |a, b| a + b).is_none());
        let part = |from: &Constant, axis, start, end, step| {
            from.sliced(axis, start, end, step).and_then(|list| list.wholes())
        };
        assert_eq!(part(&sizes, 0, 1, i64::MAX, 1), Some(vec![3, 8, 9]));
        assert_eq!(part(&matrix, 1, -1, i64::MIN + 1, -1), Some(vec![3, 2, 1, 6, 5, 4]));
        assert_eq!(part(&matrix, 0, -1, i64::MIN + 1, -1), Some(vec![4, 5, 6, 1, 2, 3]));
        assert_eq!(part(&sizes, 0, 3, 1, 1), Some(vec![]));
        assert_eq!(part(&sizes, 0, 0, 4, 2), None);
        let unknown = Constant::list(vec![None, Some(3.0)]);
        assert_eq!(unknown.wholes(), None);
        assert_eq!(unknown.gathered(&list(&[], &[1]), 0).and_then(|list| list.scalar()), Some(3.0));
        assert_eq!(list(&[1, 5, 1, 1], &[0; 5]).single_axis(), Some((2, 5)));
        assert_eq!(list(&[5, 2], &[0; 10]).single_axis(), None);
    }
}
