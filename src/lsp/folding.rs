//! What can be folded. Read from lines alone, so that it also works while the text cannot be read.

use gen_lsp_types::{FoldingRange, FoldingRangeKind};

use super::text::Lines;
use crate::syntax::Format;

/// All that can be folded, by the lines where it begins.
pub fn folding(text: &str, lines: &Lines, format: Format) -> Vec<FoldingRange> {
    let written: Vec<&str> = (0..lines.count()).map(|line| lines.get(line, text)).collect();
    let mut found = comments(&written);
    found.extend(match format {
        Format::Yaml => indented(&written),
        Format::Toml => tables(&written),
    });
    found.sort_by_key(|(start, end, _)| (*start, std::cmp::Reverse(*end)));
    found.dedup_by_key(|(start, ..)| *start);
    let range = |(start, end, is_comment): (usize, usize, bool)| FoldingRange {
        start_line: start as u32,
        end_line: end as u32,
        kind: Some(if is_comment { FoldingRangeKind::Comment } else { FoldingRangeKind::Region }),
        ..FoldingRange::default()
    };
    found.into_iter().map(range).collect()
}

type Fold = (usize, usize, bool);

fn comments(written: &[&str]) -> Vec<Fold> {
    let is_comment = |line: &usize| written.get(*line).is_some_and(|line| line.trim_start().starts_with('#'));
    let starts =
        (0..written.len()).filter(|line| is_comment(line) && !line.checked_sub(1).is_some_and(|l| is_comment(&l)));
    let end = |start: usize| (start..).take_while(|line| is_comment(line)).last().unwrap_or(start);
    starts.map(|start| (start, end(start), true)).filter(|(start, end, _)| end > start).collect()
}

/// What is indented further than the line before it belongs to that line, and so do dashes below it.
fn indented(written: &[&str]) -> Vec<Fold> {
    let mut found = Vec::new();
    let mut open: Vec<(usize, usize)> = Vec::new();
    let mut last = 0;
    let close = |open: &mut Vec<(usize, usize)>, depth: usize, last: usize, found: &mut Vec<Fold>| {
        while let Some((_, start)) = open.pop_if(|(other, _)| *other >= depth) {
            if last > start {
                found.push((start, last, false));
            }
        }
    };
    for (line, written) in written.iter().enumerate() {
        let content = written.trim_start();
        if content.is_empty() || content.starts_with('#') {
            continue;
        }
        let depth = 2 * (written.len() - content.len()) + usize::from(content.starts_with("- ") || content == "-");
        close(&mut open, depth, last, &mut found);
        open.push((depth, line));
        last = line;
    }
    close(&mut open, 0, last, &mut found);
    found
}

/// Tables reach to the next header, lists to their bracket.
fn tables(written: &[&str]) -> Vec<Fold> {
    let mut found = Vec::new();
    let (mut table, mut last): (Option<usize>, usize) = (None, 0);
    let mut brackets: Vec<usize> = Vec::new();
    for (line, written) in written.iter().enumerate() {
        let content = written.trim();
        if content.is_empty() || content.starts_with('#') {
            continue;
        }
        if brackets.is_empty() && content.starts_with('[') {
            found.extend(table.filter(|start| last > *start).map(|start| (start, last, false)));
            (table, last) = (Some(line), line);
            continue;
        }
        last = line;
        for bracket in outside_of_strings(content) {
            match bracket {
                '[' | '{' => brackets.push(line),
                _ => {
                    let start = brackets.pop();
                    found.extend(start.filter(|start| line > *start).map(|start| (start, line, false)));
                }
            }
        }
    }
    found.extend(table.filter(|start| last > *start).map(|start| (start, last, false)));
    found
}

/// The brackets of a line that stand in no string or comment.
pub(super) fn outside_of_strings(line: &str) -> Vec<char> {
    let mut quote = None;
    let mut brackets = Vec::new();
    let mut characters = line.chars();
    while let Some(c) = characters.next() {
        match (quote, c) {
            (Some('"'), '\\') => drop(characters.next()),
            (Some(open), _) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(c),
            (None, '#') => break,
            (None, '[' | '{' | ']' | '}') => brackets.push(c),
            (None, _) => {}
        }
    }
    brackets
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folds(text: &str, format: Format) -> Vec<(u32, u32)> {
        folding(text, &Lines::of(text), format).iter().map(|range| (range.start_line, range.end_line)).collect()
    }

    #[test]
    fn folds_what_belongs_together() {
        let yaml = "# a\n# b\ninput: 3\nlayers:\n- residual:\n    - conv 1 1\n    - bn\n  after: relu\n\n- flatten\ntrain:\n  lr: 1\n";
        assert_eq!(folds(yaml, Format::Yaml), [(0, 1), (3, 9), (4, 7), (10, 11)]);
        let toml = "input = [3]\nlayers = [\n  \"conv 1 1]\", # [\n  {a = [\n  1]},\n]\n\n[train]\nepochs = 1\n[data]\nset = 'x'\n";
        assert_eq!(folds(toml, Format::Toml), [(1, 5), (3, 4), (7, 8), (9, 10)]);
        for text in ["", "\n\n", "]]]}", "a: [", "\u{feff}", "-", "- - - a"] {
            folds(text, Format::Yaml);
            folds(text, Format::Toml);
        }
    }
}
