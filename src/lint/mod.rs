//! Warnings: what is legal, but rarely meant. One file each.

mod activated_scores;
mod bias_before_norm;
mod dropped_pixels;
mod heavy_linear;
mod pooled_again;
mod swapped_padding;
mod unread_layers;

use std::collections::HashSet;

use activated_scores::activated_scores;
use bias_before_norm::bias_before_norm;
use dropped_pixels::dropped_pixels;
use heavy_linear::heavy_linear;
use pooled_again::pooled_again;
use swapped_padding::swapped_padding;
use unread_layers::unread_layers;

use crate::diagnostic::{Diagnostic, MOST_MISTAKES};
use crate::ir::ValueId;
use crate::network::Network;
use crate::program::Op;
use crate::syntax::Origin;

/// Everything doubtful about a network whose nodes were written there, in its order, each with its node. What a
/// repeated block says, it says once.
pub fn lint(network: &Network, origins: &[Origin]) -> Vec<(usize, Diagnostic)> {
    let readers = readers(network);
    let params = network.graph.nodes.iter().map(|node| network.params(node)).fold(0, u64::saturating_add);
    let mut warnings = Vec::new();
    let mut said = HashSet::new();
    let operations: Vec<Op> =
        network.graph.nodes.iter().map(|node| node.layer.lower(&network.graph.input_shapes(node))).collect();
    for (index, node) in network.graph.nodes.iter().enumerate() {
        if warnings.len() >= MOST_MISTAKES {
            break;
        }
        let origin = &origins[index];
        let found = [
            dropped_pixels(network, node, origin),
            bias_before_norm(node, origin, index, &readers[ValueId::of_node(index).index()], &operations),
            pooled_again(network, node, origin, &operations[index]),
            heavy_linear(network, node, origin, &operations[index], params),
            activated_scores(network, node, origin, index, &operations[index]),
            swapped_padding(node, origin),
        ];
        for warning in found.into_iter().flatten() {
            if said.insert((warning.code, warning.primary.span)) {
                warnings.push((index, warning.traced(&origin.trace)));
            }
        }
    }
    for (index, warning) in unread_layers(network, origins, &readers) {
        if said.insert((warning.code, warning.primary.span)) {
            warnings.push((index, warning.traced(&origins[index].trace)));
        }
    }
    warnings.truncate(MOST_MISTAKES);
    warnings
}

/// The nodes that read each value, by [`ValueId::index`].
fn readers(network: &Network) -> Vec<Vec<usize>> {
    let mut readers = vec![Vec::new(); network.graph.nodes.len() + 1];
    for (index, node) in network.graph.nodes.iter().enumerate() {
        for input in &node.inputs {
            readers[input.index()].push(index);
        }
    }
    readers
}

#[cfg(test)]
mod tests {
    use crate::diagnostic::Diagnostics;
    use crate::syntax::Format;
    use crate::{Compiled, compile_source};

    /// Code, the characters, and what is said about them.
    fn warnings(text: &str) -> Vec<String> {
        let Compiled { warnings: Diagnostics { sources, list }, .. } =
            compile_source("test.yaml", text, Format::Yaml, &[]).expect("a sound network");
        let line = |warning: &crate::diagnostic::Diagnostic| {
            let place = sources.text(warning.primary.span);
            format!("{} `{place}` {}: {}", warning.code.id(), warning.message, warning.primary.text)
        };
        list.iter().map(line).collect()
    }

    #[test]
    fn warns_of_what_is_rarely_meant() {
        for (body, expected) in [
            (
                "input: [3, 227, 227]\nlayers: [conv 8 3x3 p1 -> maxpool 2]",
                &[
                    "W001 `maxpool 2` the stride leaves out the last row and column of the 227×227 input: ⌊(227 − 2 + 2·0)/2⌋ + 1 = 113",
                ][..],
            ),
            (
                "input: [3, 10, 9]\nlayers: [conv 8 3x3 s3x2]",
                &[
                    "W001 `conv 8 3x3 s3x2` the stride leaves out the last row of the 10×9 input: ⌊(10 − 3 + 2·0)/3⌋ + 1 = 3, (9 − 3 + 2·0)/2 + 1 = 4",
                ],
            ),
            (
                "input: [3, 11, 11]\nlayers: [avgpool 3]",
                &[
                    "W001 `avgpool 3` the stride leaves out the last 2 rows and 2 columns of the 11×11 input: ⌊(11 − 3 + 2·0)/3⌋ + 1 = 3",
                ],
            ),
            (
                "input: [3, 8, 8]\nlayers: [conv 8 3x3 -> bn -> relu -> flatten -> linear 4 -> bn]",
                &[
                    "W002 `conv 8 3x3` the bias of this `conv` has no effect: the batch norm after it subtracts the mean",
                    "W002 `linear 4` the bias of this `linear` has no effect: the batch norm after it subtracts the mean",
                ],
            ),
            // A block says it once.
            (
                "input: [3, 8, 8]\nblocks: {b: conv 8 3x3 p1 -> bn}\nlayers: [b x 3]",
                &[
                    "W002 `conv 8 3x3 p1` the bias of this `conv` has no effect: the batch norm after it subtracts the mean",
                ],
            ),
            (
                "input: [3, 1, 1]\nlayers: [adaptive_avgpool 1 -> adaptive_avgpool 7]",
                &[
                    "W003 `adaptive_avgpool 1` `adaptive_avgpool` pools a map that is 1×1 already: it changes nothing",
                    "W003 `adaptive_avgpool 7` `adaptive_avgpool` pools a map that is 1×1 already: it only repeats values: 3×1×1 → 3×7×7",
                ],
            ),
            (
                "input: [3, 1, 1]\nlayers: [avgpool 3 s1 p1 count_include_pad=false -> avgpool 3 s1 p1]",
                &[
                    "W003 `avgpool 3 s1 p1 count_include_pad=false` `avgpool` pools a map that is 1×1 already: it changes nothing",
                ],
            ),
            (
                "input: [3, 33, 33]\nlayers: [pad 1 -> relu -> conv 8 4x4 s4]",
                &[
                    "W001 `conv 8 4x4 s4` the stride leaves out the last 2 rows and 2 columns of the 35×35 input: ⌊(35 − 4 + 2·0)/4⌋ + 1 = 8",
                ],
            ),
            (
                "input: [3, 16, 16]\nlayers: [conv 8 1x7 p3x0 -> conv 8 7x1 p3x0]",
                &[
                    "W009 `conv 8 1x7 p3x0` the padding and the kernel lie across each other: 3 rows of zeros above and below a kernel of one row",
                ],
            ),
            (
                "input: [64, 16, 16]\nlayers: [conv 64 3x3 p1 -> flatten -> linear 64 -> linear 10]",
                &[
                    "W004 `linear 64` one `linear` holds 96% of the network's parameters: 64·16384 weights: 1048640 of 1086218 parameters",
                ],
            ),
            (
                "input: [8]\nclasses: 4\nlayers: [linear 4 -> sigmoid]",
                &[
                    "W008 `sigmoid` the classifier ends in `sigmoid`, but the loss applies a softmax itself: cross-entropy expects the scores before it",
                ],
            ),
        ] {
            assert_eq!(warnings(body), expected, "{body}");
        }
    }

    #[test]
    fn says_nothing_of_what_is_usual() {
        for body in [
            // ResNet's stem and the 1×1 stride of its shortcuts skip pixels, but not because the size is odd.
            "input: [3, 224, 224]\nlayers: [conv 64 7x7 s2 p3 bias=false -> bn -> relu -> maxpool 3 s2 p1 -> conv 128 1x1 s2]",
            "input: [3, 227, 227]\nlayers: [maxpool 2 ceil]",
            // All that is left out is padding.
            "input: [3, 32, 32]\nlayers: [pad 1 -> conv 8 3x3 s2]",
            "input: [3, 32, 31]\nlayers: [pad bottom=1 right=2 -> relu -> conv 8 4x4 s4 p0 -> pad 1x0 -> maxpool 3x2]",
            // Padding along the kernel, on purpose beside it, or on all sides.
            "input: [3, 16, 16]\nlayers: [conv 8 1x7 p0x3 -> conv 8 3x1 p1x0 -> conv 8 1x3 p1 -> conv 8 3x5 p2x1]",
            // The bias has another reader than the batch norm.
            "input: [8, 8, 8]\nlayers:\n  - conv 8 3x3 p1 as a\n  - bn\n  - {from: [a, .], merge: add}",
            // A preset is as it was published.
            "input: [3, 32, 32]\nclasses: 10\nvgg: {cfg: [64, M], batch_norm: true, head: []}",
            // Nothing says that they are classes, or it is not the end.
            "input: [8]\nlayers: [linear 4 -> softmax]",
            "input: [8]\nclasses: 4\nlayers: [linear 8 -> sigmoid -> linear 4]",
            // A small classifier is no surprise.
            "input: [3, 8, 8]\nlayers: [flatten -> linear 10]",
            "input: [64, 16, 16]\nlayers: [conv 64 3x3 p1 -> flatten -> linear 64 -> linear 10]\nallow: [W004]",
        ] {
            assert_eq!(warnings(body), Vec::<String>::new(), "{body}");
        }
    }
}
