//! Norms that are written as their parts.

use super::{Finder, Found, LAYER_NORM, LONGEST, LRN};
use crate::diagnostic::Spanned;
use crate::import::onnx::graph::Node;

impl<'g> Finder<'g> {
    /// The value whose squares these are.
    fn squared(&self, name: &str) -> Option<&'g Spanned<String>> {
        let node = self.maker(name)?;
        let (a, b) = (node.input(0)?, node.input(1)?);
        match node.operator.value.as_str() {
            "Mul" => self.is_same(&a.value, &b.value).then_some(a),
            "Pow" => (self.scalar(&b.value) == Some(2.0)).then_some(a),
            _ => None,
        }
    }

    /// Means over neighbouring channels are those of a pool over the channels as rows.
    pub fn lrn(&self, node: &'g Node) -> Option<Found> {
        let (x, power) = (node.input(0)?, self.made_by(&node.input(1)?.value, "Pow")?);
        let beta = self.scalar(&power.input(1)?.value)?;
        let (mean, k) = self.with_scalar(self.made_by(&power.input(0)?.value, "Add")?)?;
        let (alpha, mean) = self.scaled(mean).pop()?;
        let pool = self.behind(&mean.value, &["Squeeze", "Reshape"], |_| Some(()))?;
        if pool.operator.value != "AveragePool" {
            return None;
        }
        let kernel = pool.wholes("kernel_shape")?.value;
        let (size, rest) = kernel.split_first()?;
        let rank = kernel.len();
        let own = pool.wholes("pads").map_or(vec![0; 2 * rank], |pads| pads.value);
        let is_plain = rest.iter().all(|size| *size == 1)
            && pool.wholes("strides").is_none_or(|strides| strides.value.iter().all(|stride| *stride == 1))
            && own.len() == 2 * rank
            && (own.iter().all(|pad| *pad == 0) || pool.whole("count_include_pad", 0).value == 1);
        let mut pads = [*own.first()?, *own.get(rank)?];
        let squares = self.behind(&pool.input(0)?.value, &["Unsqueeze", "Reshape", "Pad"], |node| {
            if node.operator.value == "Pad" {
                let found = match node.wholes("pads") {
                    Some(pads) => pads.value,
                    None => self.graph.constants.get(self.same(&node.input(1)?.value))?.wholes()?,
                };
                // The axis that the window slides along is the third.
                let half = found.len() / 2;
                pads = [pads[0] + found.get(2)?, pads[1] + found.get(half + 2)?];
            }
            Some(())
        })?;
        let squares = squares.outputs.first()?;
        let fits = is_plain && pads == [size / 2, (size - 1) / 2];
        let is_own = self.squared(&squares.value).is_some_and(|inner| self.is_same(&inner.value, &x.value));
        let found = Found::of(LRN, x).with("size", *size as f64).with("alpha", alpha);
        (fits && is_own).then(|| found.with("beta", beta).with("k", k))
    }

    /// The first node behind others of these operators, each of which is looked at.
    fn behind(&self, name: &str, operators: &[&str], mut look: impl FnMut(&'g Node) -> Option<()>) -> Option<&'g Node> {
        let mut node = self.maker(name)?;
        for _ in 0..LONGEST {
            if !operators.contains(&node.operator.value.as_str()) {
                return Some(node);
            }
            look(node)?;
            node = self.maker(&node.input(0)?.value)?;
        }
        None
    }

    pub fn layer_norm(&self, node: &'g Node) -> Option<Found> {
        let centred = node.input(0)?;
        let root = self.made_by(&node.input(1)?.value, "Sqrt")?;
        let (variance, eps) = self.with_scalar(self.made_by(&root.input(0)?.value, "Add")?)?;
        let of_squares = self.made_by(&variance.value, "ReduceMean")?;
        let difference = self.made_by(&centred.value, "Sub")?;
        let x = difference.input(0)?;
        let mean = self.made_by(&difference.input(1)?.value, "ReduceMean")?;
        let is_own = self.is_same(&mean.input(0)?.value, &x.value)
            && self.is_same(&self.squared(&of_squares.input(0)?.value)?.value, &centred.value);
        let axes = |node: &Node| match node.wholes("axes") {
            Some(axes) => Some(axes.value),
            None => self.graph.constants.get(&node.input(1)?.value)?.wholes(),
        };
        let keeps = |node: &Node| node.whole("keepdims", 1).value == 1;
        if !is_own || axes(mean)? != axes(of_squares)? || !keeps(mean) || !keeps(of_squares) {
            return None;
        }
        let mut found = Found::of(LAYER_NORM, x).with("epsilon", eps);
        match mean.input(1) {
            Some(axes) => found.inputs.push(axes.clone()),
            None => found.axes = mean.attributes.iter().find(|(key, _)| key.value == "axes").cloned(),
        }
        Some(found)
    }
}
