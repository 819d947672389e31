//! Functions that exporters write as several nodes, found by their last one: x·σ(x) is one activation again.

mod norms;

use std::collections::HashMap;

use super::constant::Constant;
use super::graph::{FUSED, Graph, Node};
use super::shapes::folded;
use crate::diagnostic::Spanned;

/// Names of what is found, as operators of the domain [`FUSED`].
pub const SILU: &str = "x·sigmoid(x)";
pub const MISH: &str = "x·tanh(softplus(x))";
pub const HARD_SWISH: &str = "x·hardsigmoid(x)";
pub const HARD_SIGMOID: &str = "hardsigmoid(x)";
pub const GELU: &str = "gelu(x)";
pub const GELU_TANH: &str = "gelu(x) by tanh";
pub const SOFTPLUS: &str = "softplus(x)";
pub const RELU6: &str = "min(relu(x), 6)";
pub const LRN: &str = "x/(k + α·mean(x²))^β";
pub const PRELU: &str = "relu(x) − slope·relu(−x)";
pub const LAYER_NORM: &str = "(x − mean)/√(variance + ε)";
pub const MIXED: &str = "rows·x·columns";

/// Factors that are multiplied one after the other, and nodes in between that change nothing.
const LONGEST: usize = 6;

/// Works out what follows from constants alone.
fn fold(graph: &mut Graph) {
    for index in 0..graph.nodes.len() {
        let node = &graph.nodes[index];
        let inputs = node.inputs.iter().filter(|input| !input.value.is_empty());
        let constants: Option<Vec<Constant>> = inputs.map(|input| graph.constants.get(&input.value).cloned()).collect();
        let found = constants.and_then(|constants| folded(node, &constants));
        if let (Some(found), [output]) = (found, node.outputs.as_slice()) {
            let name = output.value.clone();
            graph.constants.insert(name, found);
        }
    }
}

/// Puts one node in place of the last of several.
pub fn fuse(graph: &mut Graph) {
    fold(graph);
    let mut finder = Finder { graph, makers: HashMap::new() };
    for (index, node) in finder.graph.nodes.iter().enumerate() {
        for output in &node.outputs {
            finder.makers.insert(&output.value, index);
        }
    }
    let found: Vec<(usize, Found)> =
        (0..graph.nodes.len()).filter_map(|index| Some((index, finder.find(&finder.graph.nodes[index])?))).collect();
    drop(finder);
    for (index, Found { operator, inputs, numbers, axes }) in found {
        let node = &mut graph.nodes[index];
        node.replaced(operator, inputs, &numbers);
        node.attributes.extend(axes);
    }
}

/// What several nodes come to.
struct Found {
    operator: &'static str,
    inputs: Vec<Spanned<String>>,
    numbers: Vec<(&'static str, f64)>,
    axes: Option<(Spanned<String>, crate::import::json::Json)>,
}

impl Found {
    fn of(operator: &'static str, x: &Spanned<String>) -> Found {
        Found { operator, inputs: vec![x.clone()], numbers: Vec::new(), axes: None }
    }

    fn with(mut self, key: &'static str, number: f64) -> Found {
        self.numbers.push((key, number));
        self
    }
}

struct Finder<'g> {
    graph: &'g Graph,
    /// Which node makes each value.
    makers: HashMap<&'g str, usize>,
}

/// Numbers are stored in single precision.
fn near(found: f64, wanted: f64) -> bool {
    (found - wanted).abs() <= 1e-5 * wanted.abs()
}

impl<'g> Finder<'g> {
    /// The node that makes a value, behind those that change nothing.
    fn maker(&self, name: &str) -> Option<&'g Node> {
        self.graph.nodes.get(*self.makers.get(self.same(name))?)
    }

    /// The name of a value before what changes nothing.
    fn same<'n>(&self, name: &'n str) -> &'n str
    where
        'g: 'n,
    {
        let mut name = name;
        for _ in 0..LONGEST {
            let Some(index) = self.makers.get(name) else { break };
            let node = &self.graph.nodes[*index];
            match (node.operator.value.as_str(), node.inputs.first()) {
                ("Identity" | "Cast" | "CastLike", Some(input)) => name = &input.value,
                _ => break,
            }
        }
        name
    }

    fn is_same(&self, a: &str, b: &str) -> bool {
        self.same(a) == self.same(b)
    }

    /// The node of this operator that makes a value.
    fn made_by(&self, name: &str, operator: &str) -> Option<&'g Node> {
        self.maker(name).filter(|node| node.operator.value == operator && node.domain.is_empty())
    }

    /// A constant number.
    fn scalar(&self, name: &str) -> Option<f64> {
        let mut name = self.same(name);
        for _ in 0..LONGEST {
            if let Some(constant) = self.graph.constants.get(name) {
                return constant.scalar().filter(|_| constant.count() == 1);
            }
            let node = self.maker(name)?;
            match node.operator.value.as_str() {
                "Unsqueeze" | "Squeeze" | "Reshape" => name = self.same(&node.input(0)?.value),
                _ => return None,
            }
        }
        None
    }

    /// A value and a number that a node has in either order.
    fn with_scalar(&self, node: &'g Node) -> Option<(&'g Spanned<String>, f64)> {
        let (a, b) = (node.input(0)?, node.input(1)?);
        match (self.scalar(&a.value), self.scalar(&b.value)) {
            (None, Some(number)) => Some((a, number)),
            (Some(number), None) => Some((b, number)),
            _ => None,
        }
    }

    /// What a value is the product of: a number, and other values.
    fn product(&self, name: &'g Spanned<String>, depth: usize) -> (f64, Vec<&'g Spanned<String>>) {
        match self.maker(&name.value) {
            Some(node) if depth < LONGEST => self.factors(node, depth).unwrap_or((1.0, vec![name])),
            _ => (1.0, vec![name]),
        }
    }

    fn factors(&self, node: &'g Node, depth: usize) -> Option<(f64, Vec<&'g Spanned<String>>)> {
        let (a, b) = (node.input(0)?, node.input(1)?);
        match node.operator.value.as_str() {
            "Mul" if node.domain.is_empty() => {
                if let Some((value, number)) = self.with_scalar(node) {
                    let (factor, values) = self.product(value, depth + 1);
                    return Some((factor * number, values));
                }
                let ((one, mut values), (other, more)) = (self.product(a, depth + 1), self.product(b, depth + 1));
                values.extend(more);
                (values.len() <= LONGEST).then_some((one * other, values))
            }
            "Div" if node.domain.is_empty() => {
                let number = self.scalar(&b.value).filter(|number| *number != 0.0)?;
                let (factor, values) = self.product(a, depth + 1);
                Some((factor / number, values))
            }
            _ => None,
        }
    }

    /// What is cut to numbers from 0 to another.
    fn bounded(&self, node: &'g Node) -> Option<(&'g Spanned<String>, f64)> {
        let x = node.input(0)?;
        match node.operator.value.as_str() {
            "Clip" => {
                let bound = |index: usize, key: &str| match node.input(index) {
                    Some(name) => self.scalar(&name.value),
                    None => node.attribute(key)?.number(),
                };
                (bound(1, "min") == Some(0.0)).then_some((x, bound(2, "max")?))
            }
            "Min" => {
                let (value, most) = self.with_scalar(node)?;
                let inner = self.maker(&value.value)?;
                match inner.operator.value.as_str() {
                    "Relu" => Some((inner.input(0)?, most)),
                    "Max" => self.with_scalar(inner).filter(|(_, least)| *least == 0.0).map(|(x, _)| (x, most)),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// x, a, b and m of what is a·x + b, cut to numbers from 0 to m.
    fn line(&self, node: &'g Node) -> Option<(&'g Spanned<String>, f64, f64, f64)> {
        let (sum, most) = self.bounded(node)?;
        let (product, summand) = self.with_scalar(self.made_by(&sum.value, "Add")?)?;
        let (factor, values) = self.product(product, 0);
        let [x] = values.as_slice() else { return None };
        Some((x, factor, summand, most))
    }

    fn find(&self, node: &'g Node) -> Option<Found> {
        if !node.domain.is_empty() {
            return None;
        }
        match node.operator.value.as_str() {
            "Mul" => self.of_product(node),
            "Div" => self.of_product(node).or_else(|| self.lrn(node)).or_else(|| self.layer_norm(node)),
            "Clip" | "Min" => {
                if let Some((x, factor, summand, most)) = self.line(node) {
                    let is_hard = near(factor, 1.0 / 6.0) && near(summand, 0.5) && near(most, 1.0);
                    return is_hard.then(|| Found::of(HARD_SIGMOID, x));
                }
                let (x, most) = self.bounded(node)?;
                (node.operator.value == "Min" && most == 6.0).then(|| Found::of(RELU6, x))
            }
            "Log" => {
                let (exponential, one) = self.with_scalar(self.made_by(&node.input(0)?.value, "Add")?)?;
                let x = self.made_by(&exponential.value, "Exp")?.input(0)?;
                (one == 1.0).then(|| Found::of(SOFTPLUS, x))
            }
            "Where" => self.straight_softplus(node),
            "MatMul" => self.mixed(node),
            "Add" => {
                let (a, b) = (node.input(0)?, node.input(1)?);
                self.bent(a, b).or_else(|| self.bent(b, a))
            }
            _ => None,
        }
    }

    fn of_product(&self, node: &'g Node) -> Option<Found> {
        let (factor, values) = self.factors(node, 0)?;
        match values.as_slice() {
            [value] => {
                let inner = self.maker(&value.value)?;
                if let Some((x, a, b, most)) = self.line(inner) {
                    let is_hard = near(factor * a, 1.0 / 6.0) && near(factor * b, 0.5) && near(factor * most, 1.0);
                    return is_hard.then(|| Found::of(HARD_SIGMOID, x));
                }
                let (beta, values) = self.product(self.made_by(&value.value, "Softplus")?.input(0)?, 0);
                let [x] = values.as_slice() else { return None };
                near(factor * beta, 1.0).then(|| Found::of(SOFTPLUS, x).with("beta", beta))
            }
            [a, b] => self.gated(factor, a, b).or_else(|| self.gated(factor, b, a)),
            _ => None,
        }
    }

    /// x times a function of x.
    fn gated(&self, factor: f64, x: &'g Spanned<String>, gate: &'g Spanned<String>) -> Option<Found> {
        let node = self.maker(&gate.value)?;
        let of_x = |name: &Spanned<String>| self.is_same(&name.value, &x.value);
        match node.operator.value.as_str() {
            "Sigmoid" => (factor == 1.0 && of_x(node.input(0)?)).then(|| Found::of(SILU, x)),
            "HardSigmoid" => {
                let (alpha, beta) = (node.number("alpha", 0.2).value, node.number("beta", 0.5).value);
                let is_plain = factor == 1.0 && near(alpha, 1.0 / 6.0) && near(beta, 0.5);
                (is_plain && of_x(node.input(0)?)).then(|| Found::of(HARD_SWISH, x))
            }
            "Clip" | "Min" => {
                let (inner, a, b, most) = self.line(node)?;
                let is_hard = near(factor * a, 1.0 / 6.0) && near(factor * b, 0.5) && near(factor * most, 1.0);
                (is_hard && of_x(inner)).then(|| Found::of(HARD_SWISH, x))
            }
            "Tanh" => {
                let inner = self.made_by(&node.input(0)?.value, "Softplus")?;
                (factor == 1.0 && of_x(inner.input(0)?)).then(|| Found::of(MISH, x))
            }
            "Add" => {
                let (inner, one) = self.with_scalar(node)?;
                if one != 1.0 || !near(factor, 0.5) {
                    return None;
                }
                let inner = self.maker(&inner.value)?;
                match inner.operator.value.as_str() {
                    "Erf" => {
                        let (root, values) = self.product(inner.input(0)?, 0);
                        let is_gelu = near(root, std::f64::consts::FRAC_1_SQRT_2);
                        matches!(values.as_slice(), [value] if is_gelu && of_x(value)).then(|| Found::of(GELU, x))
                    }
                    "Tanh" => Some(Found::of(GELU_TANH, x)),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// A product with a constant on the left, and perhaps another on the right: rows and columns are mixed.
    fn mixed(&self, node: &'g Node) -> Option<Found> {
        let is_constant = |name: &Spanned<String>| self.graph.constants.contains_key(&name.value);
        let (left, right) = (node.input(0)?, node.input(1)?);
        let inputs = match (is_constant(left), is_constant(right)) {
            (true, false) => vec![right.clone(), left.clone()],
            (false, true) => {
                let inner = self.made_by(&left.value, "MatMul")?;
                let (rows, x) = (inner.input(0)?, inner.input(1)?);
                if !is_constant(rows) {
                    return None;
                }
                vec![x.clone(), rows.clone(), right.clone()]
            }
            _ => return None,
        };
        Some(Found { inputs, ..Found::of(MIXED, left) })
    }

    /// The positive part, and the negative part by slopes with the other sign.
    fn bent(&self, straight: &'g Spanned<String>, bent: &'g Spanned<String>) -> Option<Found> {
        let x = self.made_by(&straight.value, "Relu")?.input(0)?;
        let product = self.made_by(&bent.value, "Mul")?;
        let (part, slopes) = (product.input(0)?, product.input(1)?);
        let negative = self.made_by(&self.made_by(&part.value, "Relu")?.input(0)?.value, "Neg")?.input(0)?;
        let is_constant = self.graph.constants.contains_key(&slopes.value);
        let found = Found { inputs: vec![x.clone(), slopes.clone()], ..Found::of(PRELU, x) };
        (is_constant && self.is_same(&negative.value, &x.value)).then_some(found)
    }

    /// What is x where β·x is more than a threshold.
    fn straight_softplus(&self, node: &'g Node) -> Option<Found> {
        let (condition, x, curve) = (node.input(0)?, node.input(1)?, node.input(2)?);
        let condition = self.made_by(&condition.value, "Greater")?;
        let threshold = self.scalar(&condition.input(1)?.value)?;
        let (beta, values) = self.product(condition.input(0)?, 0);
        let (factor, curves) = self.product(curve, 0);
        let ([tested], [softplus]) = (values.as_slice(), curves.as_slice()) else { return None };
        let (inner, values) = self.product(self.made_by(&softplus.value, "Softplus")?.input(0)?, 0);
        let [bent] = values.as_slice() else { return None };
        let is_one = self.is_same(&tested.value, &x.value) && self.is_same(&bent.value, &x.value);
        let fits = is_one && near(inner, beta) && near(factor * beta, 1.0);
        fits.then(|| Found::of(SOFTPLUS, x).with("beta", beta).with("threshold", threshold))
    }
}

/// Whether a node stands for several.
pub fn is_fused(node: &Node) -> bool {
    node.domain == FUSED
}
