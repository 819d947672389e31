//! Advice is tried before it is given: the text is changed as it says, and compiled once more.

use std::ops::Range;

use super::{Outcome, Reader};
use crate::budget::Budget;
use crate::diagnostic::{Choice, Code, Diagnostic, Edit, Larger, Severity, SourceId, placed};
use crate::elaborate::Effort;

/// What all trials of a text may cost, in bytes that are read: a fraction of a second.
const MOST_COST: usize = 1 << 23;

/// Bytes that are read in the time in which an item is walked.
const BYTES_AN_ITEM: usize = 128;

/// Windows that may each be found to need a larger input than the one before.
const MOST_GROWN: usize = 32;

/// The longest text that an edit over several places may replace.
const LONGEST_EDIT: usize = 2000;

/// Gives the choices that fix, and leaves to programs only edits that do. `false`, and nothing is changed, if `goes_on`
/// said so before everything was tried.
pub(super) fn give_advice(outcome: &mut Outcome, reader: &Reader<'_>, text: &str, goes_on: &dyn Fn() -> bool) -> bool {
    let mut list = outcome.list.clone();
    let mut trials = Trials {
        reader,
        text,
        source: outcome.source,
        before: Standing::of(&list),
        cost: Budget::new(MOST_COST),
        expected: cost(outcome, text),
        goes_on,
    };
    for diagnostic in &mut list {
        let (code, message) = (diagnostic.code, diagnostic.message.clone());
        for help in &mut diagnostic.help {
            let stays = |edit: &Edit| trials.mends(code, &message, std::slice::from_ref(edit)) != Some(false);
            help.edit = help.edit.take().filter(stays);
        }
        let Some(choices) = outcome.choices.get(&(code, diagnostic.primary.span)) else { continue };
        let (source, sources) = (trials.source, &outcome.sources);
        let placed =
            |edits: &[Edit]| edits.iter().map(|edit| placed(sources, edit.clone())).collect::<Option<Vec<_>>>();
        let grown = |choice: &Choice| match choice.larger {
            Some(larger) => trials.grown(code, &message, larger, placed).map(|larger| choice.with(larger)),
            None => Some(choice.clone()),
        };
        let choices: Vec<Choice> = choices.iter().filter_map(grown).collect();
        let mends = |edits: &[Edit]| trials.mends(code, &message, &placed(edits)?);
        diagnostic.choose(&choices, mends, |edits| as_one(&placed(edits)?, source, text));
    }
    if !goes_on() {
        return false;
    }
    outcome.list = list;
    outcome.choices.clear();
    true
}

/// All that is said about a text, as far as another is held against it.
struct Standing {
    errors: usize,
    said: Vec<(Code, String)>,
}

impl Standing {
    fn of(list: &[Diagnostic]) -> Standing {
        let errors = list.iter().filter(|diagnostic| diagnostic.severity == Severity::Error).count();
        let said = list.iter().map(|diagnostic| (diagnostic.code, diagnostic.message.clone())).collect();
        Standing { errors, said }
    }

    /// How often this is said.
    fn times(&self, code: Code, message: &str) -> usize {
        self.said.iter().filter(|(other, said)| *other == code && said == message).count()
    }
}

struct Trials<'a> {
    reader: &'a Reader<'a>,
    text: &'a str,
    source: SourceId,
    before: Standing,
    /// Of the trials so far.
    cost: Budget,
    /// What a trial is expected to cost.
    expected: usize,
    /// Whether anyone still waits for the advice.
    goes_on: &'a dyn Fn() -> bool,
}

impl Trials<'_> {
    /// Whether what is said goes away with these changes; `None` if that cannot be tried.
    fn mends(&mut self, code: Code, message: &str, edits: &[Edit]) -> Option<bool> {
        let outcome = self.outcome(edits, |effort| effort)?;
        Some(self.is_mended(code, message, &outcome))
    }

    /// The input that this one leads to: larger from trial to trial, as long as another window is found not to fit.
    fn grown(
        &mut self,
        code: Code,
        message: &str,
        mut larger: Larger,
        placed: impl Fn(&[Edit]) -> Option<Vec<Edit>>,
    ) -> Option<Larger> {
        for _ in 0..MOST_GROWN {
            let outcome = self.outcome(&placed(&Choice::larger(larger).edits)?, Effort::with_advice)?;
            if self.is_mended(code, message, &outcome) {
                return Some(larger);
            }
            let asked = outcome.choices.values().flatten().filter_map(|choice| choice.larger);
            let sides = asked.fold(larger.sides, |most, asked| (most.0.max(asked.sides.0), most.1.max(asked.sides.1)));
            if sides == larger.sides {
                return None;
            }
            larger.sides = sides;
        }
        None
    }

    /// What is said of the text after these changes; `None` if that costs too much.
    fn outcome(&mut self, edits: &[Edit], effort: fn(Effort) -> Effort) -> Option<Outcome> {
        let left = self.cost.left();
        if self.expected > left || !(self.goes_on)() {
            return None;
        }
        let text = edited(self.text, edits, self.source)?;
        let most_items = left / BYTES_AN_ITEM;
        let outcome = self.reader.read(&text, &effort(Effort::of_trial(most_items)));
        self.cost.spend(cost(&outcome, &text));
        (outcome.cost <= most_items).then_some(outcome)
    }

    fn is_mended(&self, code: Code, message: &str, outcome: &Outcome) -> bool {
        let after = Standing::of(&outcome.list);
        let is_gone = after.times(code, message) < self.before.times(code, message);
        // A name that is spelt right may show what is wrong with its arguments; a size that fits must not be missed
        // elsewhere, and what can be read must not be nonsense.
        match code {
            Code::Syntax | Code::Notation => is_gone && after.errors < self.before.errors,
            code if code.is_about_sizes() => after.errors < self.before.errors,
            _ => is_gone && after.errors <= self.before.errors,
        }
    }
}

fn cost(outcome: &Outcome, text: &str) -> usize {
    outcome.cost.saturating_mul(BYTES_AN_ITEM).saturating_add(text.len())
}

/// The changes from the last one in the text to the first, if they lie in it and apart.
fn in_reverse<'e>(edits: &'e [Edit], source: SourceId, text: &str) -> Option<Vec<&'e Edit>> {
    let mut edits: Vec<&Edit> = edits.iter().collect();
    edits.sort_by_key(|edit| std::cmp::Reverse((edit.span.start, edit.span.end)));
    let lie_apart = edits.windows(2).all(|pair| pair[1].span.end <= pair[0].span.start);
    let lie_inside = |edit: &&Edit| edit.span.source == source && text.get(edit.span.range()).is_some();
    (lie_apart && edits.iter().all(lie_inside)).then_some(edits)
}

fn edited(text: &str, edits: &[Edit], source: SourceId) -> Option<String> {
    let mut changed = text.to_string();
    for edit in in_reverse(edits, source, text)? {
        changed.replace_range(edit.span.range(), &edit.text);
    }
    Some(changed)
}

/// One edit that does what several do, unless they lie far apart.
fn as_one(edits: &[Edit], source: SourceId, text: &str) -> Option<Edit> {
    let ordered = in_reverse(edits, source, text)?;
    let (last, first) = (ordered.first()?, ordered.last()?);
    let span = first.span.to(last.span);
    let Range { start, end } = span.range();
    if end - start > LONGEST_EDIT {
        return None;
    }
    let mut between = text[start..end].to_string();
    for edit in &ordered {
        let Range { start: from, end: to } = edit.span.range();
        between.replace_range(from - start..to - start, &edit.text);
    }
    Some(Edit { span, text: between })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::Span;

    #[test]
    fn several_edits_are_one() {
        let source = SourceId(0);
        let edit = |start, end, text: &str| Edit { span: Span { source, start, end }, text: text.to_string() };
        let text = "conv 8 4x4 p1 -> relu";
        for (edits, expected) in [
            (vec![edit(7, 10, "5x5"), edit(11, 13, "p2")], Some("conv 8 5x5 p2 -> relu")),
            (vec![edit(13, 13, " s2"), edit(7, 10, "3x3")], Some("conv 8 3x3 p1 s2 -> relu")),
            (vec![edit(7, 10, "5x5"), edit(8, 9, "p2")], None),
            (vec![edit(7, 100, "5x5")], None),
            (vec![], None),
        ] {
            let one = as_one(&edits, source, text);
            let changed = one.and_then(|edit| edited(text, &[edit], source));
            assert_eq!(changed.as_deref(), expected, "{edits:?}");
            assert!(edits.is_empty() || edited(text, &edits, source).as_deref() == expected, "{edits:?}");
        }
    }
}
