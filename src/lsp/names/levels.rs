//! Levels of names, as [`crate::elaborate`] has them, but before repeats and blocks are expanded: what
//! `from: stage1.conv` refers to.

use std::collections::HashMap;
use std::ops::Range;

use crate::syntax::ast::{Template, TemplatePart};

/// Something that is named in a level, and the level that it opens.
#[derive(Debug, Clone, Copy)]
struct Entry {
    item: usize,
    opens: Option<usize>,
}

/// A part of a name: characters, or a number that is worked out.
#[derive(Debug)]
enum Part {
    Text(String),
    Number,
}

#[derive(Debug, Default)]
struct Level {
    outer: Option<usize>,
    /// By their names, which may have dots in them.
    plain: HashMap<String, Entry>,
    /// Those with an expression.
    numbered: Vec<(Vec<Part>, Entry)>,
}

/// All levels of a document: the network's own, and one for each block.
#[derive(Debug, Default)]
pub struct Levels(Vec<Level>);

impl Levels {
    /// A new level inside `outer`.
    pub fn add(&mut self, outer: Option<usize>) -> usize {
        self.0.push(Level { outer, ..Level::default() });
        self.0.len() - 1
    }

    /// Names something in a level.
    pub fn name(&mut self, level: usize, name: &Template, item: usize, opens: Option<usize>) {
        let (level, entry) = (&mut self.0[level], Entry { item, opens });
        if let [TemplatePart::Text(text)] = name.0.as_slice() {
            level.plain.insert(text.clone(), entry);
            return;
        }
        let part = |part: &TemplatePart| match part {
            TemplatePart::Text(text) => Part::Text(text.clone()),
            TemplatePart::Expr(_) => Part::Number,
        };
        level.numbered.push((name.0.iter().map(part).collect(), entry));
    }

    /// What a dotted name refers to, seen from a level: the items that its parts name, each with the bytes of that
    /// part. `root` is where blocks are called from.
    pub fn resolve(&self, name: &str, from: usize, root: usize) -> Vec<(usize, Range<usize>)> {
        let mut level = Some(from);
        while let Some(index) = level {
            let found = self.within(name, 0, index);
            if !found.is_empty() {
                return found;
            }
            level = self.0[index].outer;
        }
        self.within(name, 0, root)
    }

    fn within(&self, name: &str, start: usize, level: usize) -> Vec<(usize, Range<usize>)> {
        let rest = &name[start..];
        let Some((entry, length)) = self.0[level].find(rest) else {
            // The rounds of a repeat and what has no name are numbered.
            let (number, after) = rest.split_once('.').unwrap_or((rest, ""));
            let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
            return match is_number && !after.is_empty() {
                true => self.within(name, start + number.len() + 1, level),
                false => Vec::new(),
            };
        };
        let mut found = vec![(entry.item, start..start + length)];
        if let (Some(inner), true) = (entry.opens, start + length < name.len()) {
            found.extend(self.within(name, start + length + 1, inner));
        }
        found
    }
}

impl Level {
    /// What the first parts of `name` name here, and how many bytes they take.
    fn find(&self, name: &str) -> Option<(Entry, usize)> {
        let ends = name.match_indices('.').map(|(dot, _)| dot).chain([name.len()]);
        let plain = ends.filter_map(|end| Some((*self.plain.get(&name[..end])?, end))).next();
        plain.or_else(|| {
            let is_whole = |length: &usize| matches!(name.as_bytes().get(*length), None | Some(b'.'));
            let mut numbered = self.numbered.iter().rev();
            numbered.find_map(|(parts, entry)| Some((*entry, matched(parts, name).filter(is_whole)?)))
        })
    }
}

/// How many bytes of `text` a name takes.
fn matched(parts: &[Part], text: &str) -> Option<usize> {
    let mut length = 0;
    for part in parts {
        let rest = &text[length..];
        length += match part {
            Part::Text(text) => rest.starts_with(text.as_str()).then_some(text.len())?,
            Part::Number => {
                let digits = rest.bytes().take_while(|byte| byte.is_ascii_digit() || *byte == b'-').count();
                (digits > 0).then_some(digits)?
            }
        };
    }
    (length > 0).then_some(length)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::{Sources, Span, Spanned};
    use crate::syntax::ast::Expr;

    #[test]
    fn names_are_looked_for_from_the_inside_out() {
        let text = |text: &str| Template(vec![TemplatePart::Text(text.to_string())]);
        let span = Span::new(Sources::default().add("", ""), 0..0);
        let number = TemplatePart::Expr(Spanned::new(Expr::Name("i".to_string()), span));
        let mut levels = Levels::default();
        let root = levels.add(None);
        let stage = levels.add(Some(root));
        levels.name(root, &text("stem"), 0, None);
        levels.name(root, &Template(vec![TemplatePart::Text("stage".to_string()), number]), 1, Some(stage));
        levels.name(stage, &text("conv"), 2, None);
        levels.name(root, &text("a.b"), 3, None);
        for (name, from, expected) in [
            ("stem", stage, vec![(0, 0..4)]),
            ("conv", stage, vec![(2, 0..4)]),
            ("conv", root, vec![]),
            ("stage12.conv", root, vec![(1, 0..7), (2, 8..12)]),
            ("stage0.3.conv", root, vec![(1, 0..6), (2, 9..13)]),
            ("stage", root, vec![]),
            ("stages", root, vec![]),
            ("a.b", stage, vec![(3, 0..3)]),
            ("a.b.*", stage, vec![(3, 0..3)]),
            ("stem.weight", root, vec![(0, 0..4)]),
            ("3", root, vec![]),
            ("", root, vec![]),
            ("..", root, vec![]),
        ] {
            assert_eq!(levels.resolve(name, from, root), expected, "{name}");
        }
    }
}
