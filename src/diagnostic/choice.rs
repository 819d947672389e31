//! Advice that is still to be tried: what could be changed, the most likely first. What is given in the end has been
//! found to fix.

use std::collections::HashMap;

use super::{Code, Diagnostic, Edit, Help, Span, shortened};

/// One thing that could be changed.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Choice {
    /// In words.
    pub text: String,
    /// The changes of the text, all together; none where they cannot be said as such, so that it is not tried.
    pub edits: Vec<Edit>,
    /// Other changes that the words promise as well, each of which must fix too.
    pub also: Vec<Vec<Edit>>,
    /// The next rank is looked at only if nothing in this one fixes.
    pub rank: usize,
    /// Of several choices in one slot, which say the same with other numbers, the first that fixes is given.
    pub slot: usize,
    /// Whether its edits are offered to programs.
    pub is_offered: bool,
    /// What it says, if that is to choose a larger input.
    pub larger: Option<Larger>,
}

/// An input that is large enough for one window. Others may ask for more, which shows when it is tried.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Larger {
    /// Where its height and its width stand.
    pub places: [Span; 2],
    /// Both.
    pub sides: (usize, usize),
}

impl Choice {
    /// Advice that these changes follow.
    pub fn new(text: impl Into<String>, edits: Vec<Edit>) -> Choice {
        let text = shortened(text.into());
        Choice { text, edits, also: Vec::new(), rank: 0, slot: 0, is_offered: true, larger: None }
    }

    /// Advice that cannot be tried.
    pub fn untried(text: impl Into<String>) -> Choice {
        Choice::new(text, Vec::new())
    }

    /// Advice that is tried with these changes, which are not what one would write.
    pub fn as_if(text: impl Into<String>, edits: Vec<Edit>) -> Choice {
        Choice { is_offered: false, ..Choice::new(text, edits) }
    }

    /// Advice to choose a larger input.
    pub fn larger(larger: Larger) -> Choice {
        let (height, width) = larger.sides;
        let edit = |(span, side): (Span, usize)| Edit { span, text: side.to_string() };
        let edits = larger.places.into_iter().zip([height, width]).map(edit).collect();
        let text = format!("the smallest input that is large enough is {height}×{width}");
        Choice { larger: Some(larger), ..Choice::new(text, edits) }
    }

    /// The same with another input.
    pub fn with(&self, larger: Larger) -> Choice {
        Choice { rank: self.rank, slot: self.slot, ..Choice::larger(larger) }
    }

    /// The same beside those of another slot.
    pub fn beside(self, slot: usize) -> Choice {
        Choice { slot, ..self }
    }

    /// Whether it can be tried.
    pub fn is_triable(&self) -> bool {
        !self.edits.is_empty()
    }
}

/// What could be done about diagnostics, by their code and place.
pub(crate) type Choices = HashMap<(Code, Span), Vec<Choice>>;

/// Choices in the order of these groups: the next is looked at if nothing in one fixes.
pub(crate) fn ranked(groups: impl IntoIterator<Item = Vec<Choice>>) -> Vec<Choice> {
    let mut all: Vec<Choice> = Vec::new();
    for (rank, group) in groups.into_iter().enumerate() {
        for choice in group {
            if !all.iter().any(|known| known.text == choice.text && known.edits == choice.edits) {
                all.push(Choice { rank, ..choice });
            }
        }
    }
    all
}

impl Diagnostic {
    /// Gives those of its `choices` that `fixes` finds to help, with the edit that `offered` makes of their changes.
    /// `fixes` knows nothing (`None`) of what could not be tried.
    pub(crate) fn choose(
        &mut self,
        choices: &[Choice],
        mut mends: impl FnMut(&[Edit]) -> Option<bool>,
        offered: impl Fn(&[Edit]) -> Option<Edit>,
    ) {
        let mut given: Vec<&Choice> = Vec::new();
        let mut rank = 0;
        for choice in choices {
            if choice.rank != rank && !given.is_empty() {
                break;
            }
            rank = choice.rank;
            let is_open = given.iter().all(|other| other.slot != choice.slot);
            let mut helps = |edits: &Vec<Edit>| mends(edits) == Some(true);
            if is_open && (!choice.is_triable() || helps(&choice.edits) && choice.also.iter().all(helps)) {
                given.push(choice);
            }
        }
        for choice in &given {
            let edit = Some(choice.edits.as_slice()).filter(|edits| choice.is_offered && !edits.is_empty());
            self.help.push(Help::likely(choice.text.clone(), edit.and_then(&offered)));
        }
        if let Some(first) = choices.first().filter(|_| given.is_empty()) {
            self.help.push(Help::words(format!("this may help: {}", first.text)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostic::SourceId;

    /// What is given of choices whose edits are numbers; those that are even help.
    fn given(choices: Vec<Choice>) -> Vec<String> {
        let nowhere = Span { source: SourceId(0), start: 0, end: 0 };
        let mut diagnostic = Diagnostic::error(Code::InputsDisagree, nowhere, "");
        let mends = |edits: &[Edit]| Some(edits.iter().all(|edit| edit.text.len() % 2 == 0));
        diagnostic.choose(&choices, mends, |edits| edits.first().cloned());
        let said = |help: Help| format!("{}{}", help.text, if help.edit.is_some() { "!" } else { "" });
        diagnostic.help.into_iter().map(said).collect()
    }

    #[test]
    fn gives_what_mends() {
        let span = Span { source: SourceId(0), start: 0, end: 0 };
        let edit = |length: usize| vec![Edit { span, text: "x".repeat(length) }];
        let choice = |text: &str, length: usize| Choice::new(text, edit(length));
        for (groups, expected) in [
            (vec![vec![choice("a", 1), choice("b", 2), choice("c", 2)]], vec!["b!"]),
            (vec![vec![choice("a", 2), choice("b", 2).beside(1)], vec![choice("c", 2)]], vec!["a!", "b!"]),
            (vec![vec![choice("a", 1)], vec![Choice::as_if("b", edit(2))]], vec!["b"]),
            (vec![vec![choice("a", 1)], vec![Choice::untried("b")]], vec!["b"]),
            (vec![vec![choice("a", 1)], vec![choice("b", 3)]], vec!["this may help: a"]),
            (vec![vec![Choice { also: vec![edit(1)], ..choice("a", 2) }], vec![choice("b", 2)]], vec!["b!"]),
            (vec![], vec![]),
        ] {
            assert_eq!(given(ranked(groups)), expected);
        }
    }
}
