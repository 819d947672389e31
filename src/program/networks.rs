//! Small networks that tests of plans and of executors share. Their input is 2×4×5.

use super::Program;
use crate::lower::lower;

/// Networks with everything that matters to the schedule: several readers, views, steps that nobody reads, one input
/// read twice by one step. None has a kink, so that differences can be taken.
pub(crate) const NETWORKS: [(&str, &str); 5] = [
    ("chain", "[conv 4 3x3 p1 -> bn -> tanh -> avgpool 2x2 s2, flatten, linear 6 -> silu, linear 3]"),
    ("no weights", "[flatten]"),
    ("residual", "[conv 4 3x3 p1 as stem, residual: [conv 4 3x3 p1 -> bn -> gelu -> conv 4 1x1], flatten, linear 3]"),
    (
        "branches",
        "[conv 4 3x3 p1 as stem, tanh as a, {from: stem, then: sigmoid -> conv 4 1x1 as b}, \
         {from: [a, b, stem], merge: concat}, flatten as flat, linear 5 as x, {from: flat, then: linear 5 as y}, \
         {from: [x, y, x], merge: add}, linear 3]",
    ),
    (
        "unused and twice",
        "[conv 2 3x3 p1 as stem, {from: stem, then: conv 9 3x3 as unused}, {from: [stem, stem], merge: mul}, \
         dropout 0, flatten, linear 3 as fc]",
    ),
];

/// Networks whose operations are joined. Numbers are cut, so no differences can be taken.
pub(crate) const JOINED: [(&str, &str); 6] = [
    ("dropout", "[conv 4 3x3 p1 -> relu -> dropout 0.5, flatten, dropout 0.3, linear 3]"),
    (
        "pool",
        "[conv 4 3x3 p1 -> relu -> maxpool 2, conv 5 2x2 p1 -> bn -> relu6 -> maxpool 2, flatten, linear 7 -> relu, linear 3]",
    ),
    (
        "residual",
        "[conv 4 3x3 p1 -> bn -> relu, residual: [conv 4 3x3 p1 -> bn -> relu -> conv 4 1x1 bias=false -> bn], relu, \
         residual: [conv 4 3x3 p1 -> bn], conv 4 3x3 -> bn -> relu, flatten, linear 3]",
    ),
    (
        "two norms",
        "[conv 4 3x3 p1 as stem, {from: stem, then: conv 4 3x3 p1 -> bn as a}, {from: stem, then: conv 4 1x1 -> bn as b}, \
         {from: [b, a], merge: add}, relu, {from: [a, stem], merge: add}, relu6, flatten, linear 3]",
    ),
    (
        "sums",
        "[conv 4 3x3 p1 as a, {from: [a, a], merge: add}, relu as b, {from: [a, b, a], merge: add}, relu, flatten, linear 3]",
    ),
    (
        "depthwise",
        "[conv 8 1x1 -> bn -> relu6, depthwise 3x3 p1 -> bn -> relu6, conv 6 3x3 s2 p1 groups=2 -> bn -> relu, flatten, linear 3]",
    ),
];

/// A network of these layers.
pub(crate) fn program(layers: &str) -> Program {
    let text = format!("input: [2, 4, 5]\nlayers: {layers}");
    lower(&crate::compile(&text).unwrap_or_else(|errors| panic!("{errors}")))
}
