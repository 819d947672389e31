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

    /// What a node multiplies by a number, and by which.
    fn scale(&self, node: &'g Node) -> Option<(f64, &'g Spanned<String>)> {
        match node.operator.value.as_str() {
            "Mul" if node.domain.is_empty() => self.with_scalar(node).map(|(value, number)| (number, value)),
            "Div" if node.domain.is_empty() => {
                let number = self.scalar(&node.input(1)?.value).filter(|number| *number != 0.0)?;
                Some((1.0 / number, node.input(0)?))
            }
            _ => None,
        }
    }

    /// A value as a number times another value, in each way: itself, and with ever more of its factors taken out.
    fn scaled(&self, name: &'g Spanned<String>) -> Vec<(f64, &'g Spanned<String>)> {
        let further = |(factor, name): &(f64, &'g Spanned<String>)| {
            let (more, value) = self.scale(self.maker(&name.value)?)?;
            Some((factor * more, value))
        };
        std::iter::successors(Some((1.0, name)), further).take(LONGEST).collect()
    }

    /// The two values whose product a node makes, and a number by which it is multiplied, in each way.
    fn pairs(&self, node: &'g Node) -> Vec<(f64, [&'g Spanned<String>; 2])> {
        let (mut number, mut node) = (1.0, node);
        for _ in 0..LONGEST {
            let Some((more, value)) = self.scale(node) else { break };
            let Some(maker) = self.maker(&value.value) else { return Vec::new() };
            (number, node) = (number * more, maker);
        }
        let (Some(a), Some(b), "Mul") = (node.input(0), node.input(1), node.operator.value.as_str()) else {
            return Vec::new();
        };
        let (a, b) = (self.scaled(a), self.scaled(b));
        let pair = |(one, a): &(f64, &'g Spanned<String>)| {
            let (one, a) = (*one, *a);
            b.iter().map(move |(other, b)| (number * one * other, [a, *b])).collect::<Vec<_>>()
        };
        a.iter().flat_map(pair).collect()
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

    /// x, a, b and m of what is a·x + b, cut to numbers from 0 to m, in each way.
    fn lines(&self, node: &'g Node) -> Vec<(&'g Spanned<String>, f64, f64, f64)> {
        let Some((sum, most)) = self.bounded(node) else { return Vec::new() };
        let sum = self.made_by(&sum.value, "Add").and_then(|sum| self.with_scalar(sum));
        let Some((product, summand)) = sum else { return Vec::new() };
        self.scaled(product).into_iter().map(|(factor, x)| (x, factor, summand, most)).collect()
    }

    /// The x of what is `factor` times a line that makes a hard sigmoid of it.
    fn hard(&self, factor: f64, node: &'g Node) -> Option<&'g Spanned<String>> {
        let is_hard = |(_, a, b, most): &(_, f64, f64, f64)| {
            near(factor * a, 1.0 / 6.0) && near(factor * b, 0.5) && near(factor * most, 1.0)
        };
        self.lines(node).into_iter().find(is_hard).map(|(x, ..)| x)
    }

    fn find(&self, node: &'g Node) -> Option<Found> {
        if !node.domain.is_empty() {
            return None;
        }
        match node.operator.value.as_str() {
            "Mul" => self.of_product(node),
            "Div" => self.of_product(node).or_else(|| self.lrn(node)).or_else(|| self.layer_norm(node)),
            "Clip" | "Min" => {
                if let Some(x) = self.hard(1.0, node) {
                    return Some(Found::of(HARD_SIGMOID, x));
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
        if let Some((factor, value)) = self.scale(node) {
            let found = self.scaled(value).into_iter().find_map(|(more, value)| self.multiple(factor * more, value));
            if found.is_some() {
                return found;
            }
        }
        let gated = |(factor, [a, b]): (f64, [&'g Spanned<String>; 2])| {
            self.gated(factor, a, b).or_else(|| self.gated(factor, b, a))
        };
        self.pairs(node).into_iter().find_map(gated)
    }

    /// A number times a function.
    fn multiple(&self, factor: f64, value: &'g Spanned<String>) -> Option<Found> {
        let inner = self.maker(&value.value)?;
        if let Some(x) = self.hard(factor, inner) {
            return Some(Found::of(HARD_SIGMOID, x));
        }
        let inner = self.made_by(&value.value, "Softplus")?.input(0)?;
        let (beta, x) = self.scaled(inner).into_iter().find(|(beta, _)| near(factor * beta, 1.0))?;
        Some(Found::of(SOFTPLUS, x).with("beta", beta))
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
            "Clip" | "Min" => self.hard(factor, node).filter(|inner| of_x(inner)).map(|_| Found::of(HARD_SWISH, x)),
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
                        let is_half = |(root, _): &(f64, _)| near(*root, std::f64::consts::FRAC_1_SQRT_2);
                        let mut ways = self.scaled(inner.input(0)?).into_iter().filter(is_half);
                        ways.any(|(_, value)| of_x(value)).then(|| Found::of(GELU, x))
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
        let of_x = |name: &'g Spanned<String>| {
            self.scaled(name)
                .into_iter()
                .find(|(_, value)| self.is_same(&value.value, &x.value))
                .map(|(factor, _)| factor)
        };
        let beta = of_x(condition.input(0)?)?;
        let softplus =
            |(factor, value): (f64, &'g Spanned<String>)| Some((factor, self.made_by(&value.value, "Softplus")?));
        let (factor, softplus) = self.scaled(curve).into_iter().find_map(softplus)?;
        let fits = near(of_x(softplus.input(0)?)?, beta) && near(factor * beta, 1.0);
        fits.then(|| Found::of(SOFTPLUS, x).with("beta", beta).with("threshold", threshold))
    }
}

/// Whether a node stands for several.
pub fn is_fused(node: &Node) -> bool {
    node.domain == FUSED
}
