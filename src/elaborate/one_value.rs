//! A batch norm learns from the spread of each channel's values over the batch; of one value there is none.

use crate::diagnostic::{Code, Diagnostic, Span};
use crate::graph::{Graph, Node};
use crate::program::Op;
use crate::recipe::{Data, Train};
use crate::syntax::Origin;
use crate::syntax::ast::Document;

/// Batches that are advised, the first that will do.
const USUAL: [usize; 5] = [32, 64, 16, 8, 2];

/// The first batch norm that training will refuse, for the batch that the document asks for, or for the last one of an
/// epoch.
pub(super) fn single_values(
    document: &Document,
    graph: &Graph,
    origins: &[Origin],
    data: Option<&Data>,
    train: Option<&Train>,
) -> Option<Diagnostic> {
    let train = train?;
    let images = data.and_then(|data| data.set.images());
    let smallest = |batch: usize| match images {
        Some(images) if !train.drop_last && images % batch != 0 => images % batch,
        _ => batch,
    };
    let is_alone = |node: &Node| {
        node.output.positions() == 1 && matches!(node.layer.lower(&graph.input_shapes(node)), Op::BatchNorm { .. })
    };
    let batch = train.batch;
    if smallest(batch) > 1 {
        return None;
    }
    let index = graph.nodes.iter().position(is_alone)?;
    let (node, origin) = (&graph.nodes[index], &origins[index]);
    let message = "this batch norm would train on a single value for each channel";
    let mut error = Diagnostic::error(Code::SingleValueNorm, origin.span, message);
    let place = setting(document, "batch");
    error = match (images, batch) {
        (_, 1) => error.label(format!("the map is {}, and the batch 1", node.output)),
        (Some(images), _) => error.label(format!(
            "the map is {}, and {images} images in batches of {batch} end with a batch of 1",
            node.output
        )),
        (None, _) => return None,
    };
    if let Some(place) = place {
        error = error.other(place, "of this batch");
    }
    let other = USUAL.into_iter().find(|batch| smallest(*batch) > 1);
    let advice =
        other.map_or("choose another `batch`".to_string(), |other| format!("choose another `batch`, such as {other}"));
    let error = match (place, other) {
        _ if batch > 1 => error.help(format!("set `drop_last: true`, or {advice}")),
        (Some(place), Some(other)) => error.fix(advice, place, other.to_string()),
        _ => error.help(advice),
    };
    Some(error.traced(&origin.trace))
}

/// Where a setting of `train:` stands.
fn setting(document: &Document, key: &str) -> Option<Span> {
    let entries = document.train.iter().flat_map(|train| &train.entries);
    entries.into_iter().find(|(name, _)| name.value == key).map(|(_, value)| value.span)
}
