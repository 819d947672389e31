//! `archc check --fix`: suggestions that can only be what was meant, written into the file.

use std::fs;
use std::io::Write;
use std::path::Path;

use super::check::said;
use super::source::{Changes, check_text, own_text};
use crate::diagnostic::{Diagnostics, Edit};
use crate::durable;

/// One mistake may hide another: so often a text is read again.
const MOST_ROUNDS: usize = 20;

/// Mends the file at `path`; a line for each change. The error is why it cannot be read or written.
pub fn fix(path: &Path, changes: &Changes) -> Result<Vec<String>, String> {
    let before = own_text(path)?;
    let mut now = before.clone();
    let mut lines = Vec::new();
    for _ in 0..MOST_ROUNDS {
        let found = check_text(path, &now, changes).0;
        let Some((mended, said)) = mended(&now, said(&found), &path.to_string_lossy()) else { break };
        now = mended;
        lines.extend(said);
    }
    if now != before {
        write(path, &now).map_err(|error| format!("cannot write `{}`: {error}", path.display()))?;
    }
    Ok(lines)
}

/// The text with all certain suggestions for it followed that lie apart, and what each changed; `None` if there is
/// none.
fn mended(text: &str, found: &Diagnostics, name: &str) -> Option<(String, Vec<String>)> {
    let certain = found.list.iter().filter_map(|diagnostic| {
        let help = diagnostic.help.iter().find(|help| help.is_certain && help.edit.is_some())?;
        Some((diagnostic, help.edit.as_ref()?))
    });
    let is_here = |edit: &Edit| found.sources.get(edit.span.source).text == text;
    let mut edits: Vec<_> = certain.filter(|(_, edit)| is_here(edit)).collect();
    edits.sort_by_key(|(_, edit)| (edit.span.start, edit.span.end));
    let mut behind = 0;
    edits.retain(|(_, edit)| {
        let is_apart = edit.span.start >= behind;
        behind = if is_apart { edit.span.end.max(behind) } else { behind };
        is_apart
    });
    let mut mended = text.to_string();
    for (_, edit) in edits.iter().rev() {
        mended.replace_range(edit.span.range(), &edit.text);
    }
    let lines = edits.iter().map(|(diagnostic, edit)| {
        let start = found.sources.positions(edit.span).0;
        let (old, new) = (found.sources.text(edit.span), edit.text.trim());
        let change = match (old.trim(), new) {
            ("", new) => format!("wrote `{new}`"),
            (old, "") => format!("left out `{old}`"),
            (old, new) => format!("wrote `{new}` for `{old}`"),
        };
        format!("{name}:{}:{}: {change}: {}: {}", start.line, start.column, diagnostic.code.id(), diagnostic.message)
    });
    let lines: Vec<String> = lines.collect();
    (!lines.is_empty()).then_some((mended, lines))
}

/// The file is there whole or as it was, behind a link where one was, and as readable as before.
fn write(path: &Path, text: &str) -> std::io::Result<()> {
    let place = fs::canonicalize(path)?;
    let permissions = fs::metadata(&place)?.permissions();
    durable::replace(&place, |file| {
        file.get_ref().set_permissions(permissions)?;
        file.write_all(text.as_bytes())
    })
}
