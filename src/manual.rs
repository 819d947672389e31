//! The pages in docs/ that the program can quote: what `archc explain` prints, and what an editor shows beside a name.

use crate::diagnostic::{Code, nearest};
use crate::layers::Layers;

/// One section for each code, which tests/errors.rs keeps true.
const ERRORS: &str = include_str!("../docs/errors.md");

/// One section for each layer and each part of a file, which tests/language.rs keeps true.
const LANGUAGE: &str = include_str!("../docs/language.md");

/// One section for each key of `train:`.
const RECIPES: &str = include_str!("../docs/recipes.md");

/// The keys of `data:`, and transforms.
const DATA: &str = include_str!("../docs/data.md");

/// The section about a code.
pub fn about_code(code: Code) -> &'static str {
    section(ERRORS, &format!("## {}:", code.id()))
}

/// The section about a part of the language, by its heading; a layer may be called as PyTorch calls it.
///
/// # Errors
/// What was probably meant, if anything is near.
pub fn about_topic(topic: &str) -> Result<&'static str, Option<&'static str>> {
    let found = heading(topic).or_else(|| heading(Layers::default().suggest(topic)?));
    found.map(|heading| section(LANGUAGE, &format!("{heading}\n"))).ok_or_else(|| nearest(topic, topics()))
}

/// The section about a layer that is called so.
pub fn about_layer(name: &str) -> Option<&'static str> {
    heading(name).map(|heading| section(LANGUAGE, &format!("{heading}\n")))
}

/// What is said of a key, by the keys around it and its own: `["train", "epochs"]`.
pub fn about_key(path: &[&str]) -> Option<&'static str> {
    match path {
        [key] => row(part(LANGUAGE, "## File\n")?, key).or_else(|| about_layer(key)),
        ["train", key] => part(RECIPES, &format!("### `{key}`\n")),
        ["data", key] => row(DATA, key),
        [.., structure @ ("residual" | "branches" | "from"), key] => {
            row(part(LANGUAGE, &format!("### {structure}\n"))?, key).or_else(|| about_layer(structure))
        }
        ["vgg" | "resnet", key] => {
            let page = part(LANGUAGE, &format!("### {}\n", path[0]))?;
            page.lines().find(|line| line.trim_start().starts_with(&format!("{key}:")))
        }
        _ => None,
    }
}

/// What is said of an optimizer, a schedule, a transform, or a way to start weights.
pub fn about_recipe(name: &str) -> Option<&'static str> {
    let starts = |line: &&str| {
        let first = line.strip_prefix("| `").and_then(|line| line.split(['`', ' ', ',']).next());
        first == Some(name)
    };
    let pages = [part(RECIPES, "### `optimizer`\n"), part(RECIPES, "### `schedule`\n"), part(DATA, "## Transforms\n")];
    let pages = pages.into_iter().chain([part(LANGUAGE, "## init\n")]).flatten();
    let mut rows = pages.flat_map(str::lines);
    rows.find(starts).or_else(|| {
        let sections = ["loss", "mix", "clip", "early_stopping", "validate_every"];
        let mut sections = sections.iter().filter_map(|key| part(RECIPES, &format!("### `{key}`\n")));
        sections.find(|section| section.contains(&format!("`{name}")))
    })
}

/// What can be asked for, besides codes.
pub fn topics() -> impl Iterator<Item = &'static str> {
    LANGUAGE.lines().filter_map(title)
}

/// The heading of the section about `topic`.
fn heading(topic: &str) -> Option<&'static str> {
    LANGUAGE.lines().find(|line| title(line).is_some_and(|title| title.eq_ignore_ascii_case(topic)))
}

/// What a heading is about.
fn title(line: &str) -> Option<&str> {
    line.strip_prefix("## ").or(line.strip_prefix("### "))
}

/// The row of a table that is about `key`.
fn row(page: &'static str, key: &str) -> Option<&'static str> {
    let named = format!("`{key}`");
    page.lines().find(|line| {
        let first = line.strip_prefix('|').and_then(|line| line.split('|').next());
        first.is_some_and(|first| first.contains(&named))
    })
}

fn part(page: &'static str, heading: &str) -> Option<&'static str> {
    page.contains(&format!("\n{heading}")).then(|| section(page, heading))
}

/// From a heading to the next one of its level, or of one above.
fn section(page: &'static str, heading: &str) -> &'static str {
    let start = page.find(&format!("\n{heading}")).expect("it is one of the page's headings") + 1;
    let rest = &page[start..];
    let level = heading.find(' ').expect("a heading has signs and a title");
    let ends = (2..=level).filter_map(|level| rest.find(&format!("\n{} ", "#".repeat(level))));
    ends.min().map_or(rest, |end| &rest[..=end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_found_where_they_are_told() {
        for (path, start) in [
            (&["classes"][..], "| `classes` | how many logits"),
            (&["train"], "| `data`, `train` |"),
            (&["train", "epochs"], "### `epochs`\n"),
            (&["data", "on_bad_image"], "| `on_bad_image` |"),
            (&["layers", "residual", "shortcut"], "| `shortcut` | by default `auto`"),
            (&["layers", "branches", "merge"], "### branches\n"),
            (&["resnet", "counts"], "  counts: [3, 3, 3]"),
            (&["vgg"], "### vgg\n"),
        ] {
            let found = about_key(path).unwrap_or_default();
            assert!(found.starts_with(start), "{path:?}: {found}");
        }
        assert_eq!(about_key(&["train", "nothing"]), None);
    }
}
