//! How a tensor of the graph lies over a value of the network: which of its channels, rows and columns each axis runs
//! through.
//!
//! A reshape splits or joins axes and a transposition exchanges them; nothing is computed. So both only change the
//! view, and what it comes to is seen where something reads it: a map with the channels last, a vector in one order or
//! the other, or channels that are shuffled.
//!
//! ```text
//! N×C×H×W               [N] [C] [H] [W]
//! Reshape N×g×C/g×H×W   [N] [C/g…] [C…] [H] [W]
//! Transpose 0 2 1 3 4   [N] [C…] [C/g…] [H] [W]
//! Reshape N×C×H×W       [N] [C… C/g…] [H] [W]          a shuffle with g groups
//! ```

use crate::ir::Shape;

/// What an axis runs through: some steps of one of the value's own axes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Atom {
    pub of: Own,
    /// How many there are.
    pub size: usize,
    /// From one to the next.
    pub step: usize,
}

/// The value's own axes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Own {
    Channel,
    Row,
    Column,
}

/// An axis of a tensor, but for the first, which is the batch: outermost atom first; none if its size is 1.
pub type Axis = Vec<Atom>;

#[derive(Debug, Clone, PartialEq)]
pub struct View {
    pub axes: Vec<Axis>,
}

/// A size that a reshape asks for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Size {
    Of(i64),
    /// That of the batch.
    Batch,
}

/// No tensor has more axes.
pub const MOST_AXES: usize = 16;

fn whole(of: Own, size: usize) -> Axis {
    if size == 1 { Vec::new() } else { vec![Atom { of, size, step: 1 }] }
}

impl View {
    /// N×C×H×W of a map, N×F of a vector.
    pub fn plain(shape: Shape) -> View {
        let axes = match shape {
            Shape::Vector(features) => vec![whole(Own::Channel, features)],
            Shape::Map { channels, height, width } => {
                vec![whole(Own::Channel, channels), whole(Own::Row, height), whole(Own::Column, width)]
            }
        };
        View { axes }
    }

    /// N×H×W×C of a map.
    pub fn channels_last(shape: Shape) -> View {
        let mut view = View::plain(shape);
        view.axes.rotate_left(1);
        view
    }

    /// How many axes the tensor has, with the batch.
    pub fn rank(&self) -> usize {
        1 + self.axes.len()
    }

    /// The sizes of its axes, but for the batch.
    pub fn sizes(&self) -> Vec<usize> {
        self.axes.iter().map(|axis| axis.iter().map(|atom| atom.size).product()).collect()
    }

    /// All atoms, in the order of the numbers.
    pub fn atoms(&self) -> Axis {
        joined(self.axes.iter().flatten().copied())
    }

    /// An axis that may be counted from the end; `None` for the batch and for what is not there.
    pub fn index(&self, axis: i64) -> Option<usize> {
        let axis = if axis < 0 { axis + self.rank() as i64 } else { axis };
        let index = usize::try_from(axis - 1).ok()?;
        (index < self.axes.len()).then_some(index)
    }

    /// The axis that runs through all channels and nothing else.
    pub fn channel_axis(&self, channels: usize) -> Option<usize> {
        let wanted = whole(Own::Channel, channels);
        match wanted.is_empty() {
            // Of a single channel no axis is left: it is the first one of size 1, as nothing else is told apart.
            true => self.axes.iter().position(Vec::is_empty),
            false => self.axes.iter().position(|axis| *axis == wanted),
        }
    }

    /// How many groups of channels that lie side by side there are, where an axis runs through those of one group.
    pub fn groups(&self, index: usize, channels: usize) -> Option<usize> {
        match self.axes[index].as_slice() {
            [Atom { of: Own::Channel, size, step: 1 }] => Some(channels / size),
            // Behind the axis of the channels, groups of one each.
            [] if index > 0 && self.channel_axis(channels) == Some(index - 1) => Some(channels),
            _ => (self.channel_axis(channels) == Some(index)).then_some(1),
        }
    }

    pub fn transposed(&self, order: &[i64]) -> Option<View> {
        let (first, rest) = order.split_first()?;
        if *first != 0 || rest.len() != self.axes.len() {
            return None;
        }
        let mut seen = vec![false; self.axes.len()];
        let mut axes = Vec::new();
        for axis in rest {
            let index = self.index(*axis).filter(|_| *axis > 0)?;
            if std::mem::replace(&mut seen[index], true) {
                return None;
            }
            axes.push(self.axes[index].clone());
        }
        Some(View { axes })
    }

    /// With axes of other sizes over the same numbers.
    pub fn reshaped(&self, sizes: &[Size], keeps_zeros: bool) -> Option<View> {
        if sizes.len() > MOST_AXES {
            return None;
        }
        let own = self.sizes();
        let elements = own.iter().try_fold(1usize, |product, size| product.checked_mul(*size))?;
        let (first, rest) = sizes.split_first()?;
        let mut wanted = Vec::new();
        let mut unknown = None;
        for (index, size) in rest.iter().enumerate() {
            wanted.push(match size {
                Size::Of(-1) if unknown.replace(index).is_none() => 1,
                Size::Of(0) if !keeps_zeros => *own.get(index)?,
                Size::Of(size @ 1..) => *size as usize,
                _ => return None,
            });
        }
        let product = wanted.iter().try_fold(1usize, |product, size| product.checked_mul(*size))?;
        match (unknown, first) {
            // Two sizes that are worked out are none.
            (Some(_), Size::Of(-1)) => return None,
            (Some(index), _) if elements.is_multiple_of(product.max(1)) => wanted[index] = elements / product,
            (None, _) if product == elements => {}
            _ => return None,
        }
        self.split(&wanted)
    }

    fn split(&self, wanted: &[usize]) -> Option<View> {
        let mut atoms = self.atoms().into_iter();
        let mut current: Option<Atom> = None;
        let mut axes = Vec::new();
        for size in wanted {
            let mut left = *size;
            let mut axis = Vec::new();
            while left > 1 {
                let atom = current.take().or_else(|| atoms.next())?;
                if left.is_multiple_of(atom.size) {
                    left /= atom.size;
                    axis.push(atom);
                } else if atom.size.is_multiple_of(left) {
                    let inner = atom.size / left;
                    axis.push(Atom { size: left, step: atom.step * inner, ..atom });
                    current = Some(Atom { size: inner, ..atom });
                    left = 1;
                } else {
                    return None;
                }
            }
            axes.push(joined(axis.into_iter()));
        }
        (current.is_none() && atoms.next().is_none()).then_some(View { axes })
    }

    /// Without axes of size 1, or with more of them.
    pub fn squeezed(&self, axes: Option<&[i64]>) -> Option<View> {
        let gone: Vec<usize> = match axes {
            None => (0..self.axes.len()).filter(|index| self.axes[*index].is_empty()).collect(),
            Some(axes) => axes.iter().map(|axis| self.index(*axis)).collect::<Option<_>>()?,
        };
        if gone.iter().any(|index| !self.axes[*index].is_empty()) {
            return None;
        }
        let kept = self.axes.iter().enumerate().filter(|(index, _)| !gone.contains(index));
        Some(View { axes: kept.map(|(_, axis)| axis.clone()).collect() })
    }

    pub fn unsqueezed(&self, axes: &[i64]) -> Option<View> {
        if self.rank() + axes.len() > MOST_AXES {
            return None;
        }
        let rank = (self.rank() + axes.len()) as i64;
        let mut axes: Vec<i64> = axes.iter().map(|axis| if *axis < 0 { axis + rank } else { *axis }).collect();
        axes.sort_unstable();
        let mut found = self.axes.clone();
        for axis in axes {
            let index = usize::try_from(axis - 1).ok().filter(|index| *index <= found.len())?;
            found.insert(index, Vec::new());
        }
        Some(View { axes: found })
    }

    /// Without what these axes run through; they stay with size 1 or go.
    pub fn reduced(&self, axes: &[usize], keeps: bool) -> View {
        let axes = self
            .axes
            .iter()
            .enumerate()
            .filter(|(index, _)| keeps || !axes.contains(index))
            .map(|(index, axis)| if axes.contains(&index) { Vec::new() } else { axis.clone() });
        View { axes: axes.collect() }
    }
}

/// Neighbours that are one axis in truth become one atom.
fn joined(atoms: impl Iterator<Item = Atom>) -> Axis {
    let mut found: Axis = Vec::new();
    for atom in atoms {
        match found.last_mut() {
            Some(last) if last.of == atom.of && last.step == atom.step * atom.size => {
                *last = Atom { size: last.size * atom.size, ..atom };
            }
            _ => found.push(atom),
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::{Size, View};
    use crate::ir::Shape;

    const MAP: Shape = Shape::map(8, 4, 6);

    fn reshaped(view: &View, sizes: &[i64]) -> Option<View> {
        let sizes: Vec<Size> = sizes.iter().map(|size| Size::Of(*size)).collect();
        view.reshaped(&sizes, false)
    }

    #[test]
    fn there_and_back_is_nothing() {
        let plain = View::plain(MAP);
        let last = plain.transposed(&[0, 2, 3, 1]).expect("it has these axes");
        assert_eq!(last, View::channels_last(MAP));
        assert_eq!(last.transposed(&[0, 3, 1, 2]).as_ref(), Some(&plain));
        for sizes in [&[1, 192][..], &[-1, 2, 4, 24], &[0, 16, -1], &[1, 8, 1, 4, 6]] {
            let there = reshaped(&plain, sizes).unwrap_or_else(|| panic!("{sizes:?}"));
            assert_eq!(reshaped(&there, &[-1, 8, 4, 6]).as_ref(), Some(&plain), "{sizes:?}");
        }
        assert_ne!(reshaped(&last, &[-1, 192]), reshaped(&plain, &[-1, 192]));
    }

    #[test]
    fn what_does_not_fit_is_none() {
        let plain = View::plain(MAP);
        for sizes in [&[1, 191][..], &[-1, -1], &[1, 5, -1], &[1, -1, -1], &[2], &[]] {
            assert_eq!(reshaped(&plain, sizes), None, "{sizes:?}");
        }
        let transposed: [&[i64]; 4] = [&[0, 2, 3], &[1, 0, 2, 3], &[0, 1, 1, 2], &[0, 1, 2, 9]];
        assert!(transposed.iter().all(|order| plain.transposed(order).is_none()));
        assert_eq!(plain.squeezed(Some(&[2])), None);
        assert_eq!(plain.unsqueezed(&[9]), None);
    }

    #[test]
    fn axes_of_one_come_and_go() {
        let point = View::plain(Shape::map(8, 1, 1));
        let vector = point.squeezed(Some(&[2, 3])).expect("they have one position");
        assert_eq!(vector, View::plain(Shape::Vector(8)));
        assert_eq!(vector.unsqueezed(&[-1, -2]).as_ref(), Some(&point));
        assert_eq!(View::plain(MAP).reduced(&[1, 2], true), point);
        assert_eq!(View::plain(MAP).reduced(&[1, 2], false), vector);
        assert_eq!(View::channels_last(MAP).channel_axis(8), Some(2));
    }
}
