//! Where networks end: softmax, losses, and what makes vectors of maps.

use super::fields::Fields;
use super::lacking;
use super::reading::Reading;
use super::types::{Kind, Layer};
use crate::diagnostic::{Code, Diagnostic};
use crate::import::net::{Call, Value};
use crate::ir::Shape;

impl<'a> Reading<'a> {
    /// A softmax that nothing reads belongs to the loss, which takes scores.
    pub fn softmax_layer(&mut self, layer: &Layer<'a>, fields: &Fields<'a>, bottom: Value) -> Option<Value> {
        if let Some(message) = fields.message("softmax_param") {
            let own = fields.inside("`softmax_param`", message);
            own.ignore(&["engine"]);
            let axis = own.number("axis");
            self.only(axis, 1.0, "axis");
            own.finish();
        }
        fields.ignore(&["loss_weight"]);
        let made = self.net.layer(&layer.name, Call::new("softmax", layer.span), vec![bottom]);
        self.softmax(made, bottom);
        Some(made)
    }

    /// From the channels on to the end.
    pub fn flatten(&mut self, layer: &Layer<'a>, fields: &Fields<'a>, bottom: Value) -> Option<Value> {
        if let Some(message) = fields.message("flatten_param") {
            let own = fields.inside("`flatten_param`", message);
            let (axis, end) = (own.number("axis"), own.number("end_axis"));
            self.only(axis, 1.0, "axis");
            self.only(end, -1.0, "end_axis");
            own.finish();
        }
        match self.net.shape(bottom) {
            Some(Shape::Vector(_)) => Some(bottom),
            _ => Some(self.net.layer(&layer.name, Call::new("flatten", layer.span), vec![bottom])),
        }
    }

    /// Other sizes for the same numbers: as they are, a vector, or a map.
    pub fn reshape(&mut self, layer: &Layer<'a>, fields: &Fields<'a>, bottom: Value) -> Option<Value> {
        let Some(message) = fields.message("reshape_param") else {
            self.report(Diagnostic::error(Code::MissingKey, layer.span, "`Reshape` needs its `reshape_param`"));
            return None;
        };
        let own = fields.inside("`reshape_param`", message);
        let dims = own.message("shape").map(|shape| own.inside("a shape", shape).wholes("dim")).unwrap_or_default();
        let others = ["axis", "num_axes"].map(|key| own.whole(key));
        own.finish();
        let before = self.net.shape(bottom)?;
        let dims: Vec<i64> = dims.iter().map(|dim| dim.value).collect();
        let sizes = resolved(&dims, before).filter(|_| others.iter().all(Option::is_none));
        let name = &layer.name;
        match sizes.as_deref() {
            Some(sizes) if *sizes == before.dims() => Some(bottom),
            Some([_]) => Some(self.net.layer(name, Call::new("flatten", layer.span), vec![bottom])),
            Some([channels, height, width]) => {
                let flat = self.net.flat(name, bottom);
                let call = Call::unflatten([*channels, *height, *width], layer.span);
                Some(self.net.layer(name, call, vec![flat]))
            }
            _ => {
                let message = "archc reshapes to a vector or a map of each example: `dim: 0 dim: -1`";
                self.report(lacking(layer.span, message).label(format!("{before} arrives")));
                None
            }
        }
    }

    pub fn loss(&mut self, layer: &Layer<'a>, fields: &Fields<'a>) {
        fields.ignore(&["param", "softmax_param"]);
        let weight = fields.numbers("loss_weight").first().map_or(1.0, |weight| weight.value);
        layer.tops.iter().for_each(|top| self.labels(&top.value));
        let Some((scores, _labels)) = layer.bottoms.split_first() else {
            self.report(Diagnostic::error(Code::MissingKey, layer.span, "a loss needs a `bottom`"));
            return;
        };
        let value = self.bottom(scores);
        let scores = match layer.kind {
            Kind::MultinomialLogisticLoss => {
                let scores = self.scores(value);
                if scores == value {
                    let message = "archc takes the logarithm of a softmax only";
                    self.report(lacking(layer.span, message).label("no softmax arrives"));
                }
                scores
            }
            _ => value,
        };
        self.head(scores, weight, layer.span);
    }
}

/// The sizes of each example that `dims` ask for: 0 is the size that is there, −1 what is left over. The batch, the
/// first of them, must stay.
fn resolved(dims: &[i64], before: Shape) -> Option<Vec<usize>> {
    let (batch, dims) = dims.split_first()?;
    let given = before.dims();
    let mut sizes = Vec::with_capacity(dims.len());
    let mut open = None;
    for (index, dim) in dims.iter().enumerate() {
        sizes.push(match *dim {
            0 => *given.get(index)?,
            -1 if open.is_none() => {
                open = Some(index);
                1
            }
            dim => usize::try_from(dim).ok()?,
        });
    }
    let all = sizes.iter().try_fold(1usize, |all, size| all.checked_mul(*size)).filter(|all| *all > 0)?;
    if let Some(open) = open {
        sizes[open] = before.elements() / all;
    }
    // A batch that is left over is what it was, if the others take all there is.
    let is_kept = *batch >= 0 || *batch == -1 && open.is_none();
    let taken = sizes.iter().try_fold(1usize, |all, size| all.checked_mul(*size));
    (is_kept && taken == Some(before.elements())).then_some(sizes)
}

#[cfg(test)]
mod tests {
    use super::resolved;
    use crate::ir::Shape;

    #[test]
    fn shapes_are_what_caffe_makes_of_them() {
        let map = Shape::map(6, 2, 3);
        for (dims, before, expected) in [
            (&[0, -1][..], map, Some(vec![36])),
            (&[-1, 36], map, Some(vec![36])),
            (&[1, 36], map, Some(vec![36])),
            (&[0, 0, 0, 0], map, Some(vec![6, 2, 3])),
            (&[0, 0, -1], map, Some(vec![6, 6])),
            (&[0, 2, -1, 6], map, Some(vec![2, 3, 6])),
            (&[0, 0], Shape::map(10, 1, 1), Some(vec![10])),
            (&[0, 0, 1, 1], Shape::Vector(10), Some(vec![10, 1, 1])),
            (&[0, 0], map, None),
            (&[-1, -1], map, None),
            (&[0, -1, -1], map, None),
            (&[0, 5, -1], map, None),
            (&[0, -2, -18], map, None),
            (&[], map, None),
            (&[0, i64::MAX, i64::MAX], map, None),
        ] {
            assert_eq!(resolved(dims, before), expected, "{dims:?}");
        }
    }
}
