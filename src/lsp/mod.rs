//! A language server: what the compiler knows, to an editor, while one types. `archc lsp` runs it over standard input
//! and output.
//!
//! ```text
//! messages ──transport──▶ server ──▶ document ──analysis──▶ diagnostics, fixes, hover, hints, …: one file each
//! ```
//!
//! A text is compiled as a whole whenever it has changed and nobody waits for anything else; a file of thousands of
//! lines takes a few milliseconds. What takes longer, trying advice, waits for a pause. [`names`] says which names
//! stand where, [`places`] which layers came of what stands where; nothing else reads spans of the document or of the
//! graph.

mod analysis;
mod completion;
mod diagnostics;
mod document;
mod fixes;
mod folding;
mod hints;
mod hover;
mod names;
mod navigation;
mod places;
mod rename;
mod server;
mod symbols;
mod text;
mod tokens;
mod transport;
mod uri;

use std::io::{BufRead, Write};
use std::path::Path;

/// Gives the text of a file that the first of two paths includes, or says why there is none.
pub type Disk<'a> = dyn Fn(&Path, &str) -> Result<String, String> + 'a;

/// Serves one editor, until it says that it leaves. `false` if it left without a word.
///
/// # Errors
/// Those of `output`.
pub fn serve(input: impl BufRead + Send + 'static, output: impl Write, disk: &Disk<'_>) -> std::io::Result<bool> {
    server::Server::new(output, disk).run(transport::read_from(input))
}
