//! Keys of a TOML file that a table above them has swallowed.
//!
//! What stands below `[let]` belongs to it, also the `input` and `layers` that are meant for the whole file. They are
//! moved to where they were meant, so that nothing follows from the mistake.

use super::ast::{Section, Setting};
use crate::diagnostic::{Code, Diagnostic, Spanned};

/// Tables in which nobody defines anything of the names that follow.
const TABLES: [&str; 5] = ["let", "blocks", "init", "data", "train"];

/// Moves `input`, `layers` and the presets out of the tables of `root`, where `root` has none itself, and says so.
pub(super) fn moved_out(root: &mut Spanned<Setting>, presets: &[&str]) -> Vec<Diagnostic> {
    let Setting::Map(Section { entries, .. }) = &mut root.value else { return Vec::new() };
    let there: Vec<String> = entries.iter().map(|(key, _)| key.value.clone()).collect();
    let mut moved = Vec::new();
    let mut errors = Vec::new();
    for (table, value) in entries.iter_mut().filter(|(key, _)| TABLES.contains(&key.value.as_str())) {
        let Setting::Map(section) = &mut value.value else { continue };
        let is_lost = |key: &str| !there.iter().any(|there| there == key);
        let is_meant = |key: &str| matches!(key, "input" | "layers") || presets.contains(&key);
        let Some(first) = section.entries.iter().find(|(key, _)| is_meant(&key.value) && is_lost(&key.value)) else {
            continue;
        };
        let message = format!("`{}` stands in the table `[{}]`", first.0.value, table.value);
        let error = Diagnostic::error(Code::UnknownKey, first.0.span, message);
        let error = error.other(table.span, "all that follows belongs to this table");
        errors.push(error.help(format!("move it above `[{}]`, to the other keys of the whole file", table.value)));
        let is_global = |key: &str| is_meant(key) || matches!(key, "name" | "classes" | "include" | "allow");
        let (out, kept) = std::mem::take(&mut section.entries)
            .into_iter()
            .partition(|(key, _)| is_global(&key.value) && is_lost(&key.value));
        section.entries = kept;
        moved.extend::<Vec<_>>(out);
    }
    entries.extend(moved);
    errors
}
