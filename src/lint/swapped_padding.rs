//! W009: padding across a kernel of one row or column, where it would do what is meant along it.

use crate::diagnostic::{Code, Diagnostic};
use crate::graph::Node;
use crate::ir::{Pair, Window};
use crate::syntax::Origin;

/// `conv 8 1x7 p3x0`, whose kernel is one row high: `p0x3` would keep the size.
pub(super) fn swapped_padding(node: &Node, origin: &Origin) -> Option<Diagnostic> {
    let Window { kernel, padding, .. } = node.layer.window()?;
    let across = match (kernel, padding) {
        (Pair { height: 1, width: 2.. }, Pair { height: pixels @ 1.., width: 0 }) => {
            format!("{} of zeros above and below a kernel of one row", count(pixels, "row"))
        }
        (Pair { height: 2.., width: 1 }, Pair { height: 0, width: pixels @ 1.. }) => {
            format!("{} of zeros left and right of a kernel of one column", count(pixels, "column"))
        }
        _ => return None,
    };
    let meant = Pair { height: padding.width, width: padding.height }.written();
    let message = "the padding and the kernel lie across each other";
    let warning = Diagnostic::warning(Code::SwappedPadding, origin.span, message).label(across);
    Some(warning.help(format!("sizes are height×width: write `p{meant}`")))
}

fn count(pixels: usize, what: &str) -> String {
    if pixels == 1 { format!("one {what}") } else { format!("{pixels} {what}s") }
}
