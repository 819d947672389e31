//! Which layers take part: `include` and `exclude` with their rules, as `NetStateRule` has them.

use super::fields::Fields;
use crate::diagnostic::Spanned;

/// What rules are held against: a network in training.
pub struct State {
    phase: String,
    level: i64,
    stages: Vec<String>,
}

impl State {
    /// `state { … }` of a network; without it, that of one in training.
    pub fn of(network: &Fields<'_>) -> State {
        let mut state = State { phase: "TRAIN".to_string(), level: 0, stages: Vec::new() };
        if let Some(message) = network.message("state") {
            let fields = network.inside("`state`", message);
            if let Some(phase) = fields.word("phase") {
                state.phase.clone_from(&phase.value);
            }
            state.level = fields.whole("level").map_or(0, |level| level.value);
            state.stages = fields.texts("stage").into_iter().map(|stage| stage.value.clone()).collect();
            fields.finish();
        }
        state
    }

    /// Whether a layer takes part: one of its `include` rules is met, or none of its `exclude` rules.
    pub fn takes(&self, layer: &Fields<'_>) -> bool {
        // Both lists are read, whatever comes of it: mistakes in them are to be found.
        let [included, excluded] = ["include", "exclude"].map(|key| {
            let rules = layer.messages(key).into_iter().map(|rule| layer.inside("a rule", rule));
            rules.map(|rule| self.meets(rule)).collect::<Vec<bool>>()
        });
        if included.is_empty() { !excluded.contains(&true) } else { included.contains(&true) }
    }

    fn meets(&self, rule: Fields<'_>) -> bool {
        let phase = rule.word("phase").is_none_or(|phase| phase.value == self.phase);
        let [least, most] = ["min_level", "max_level"].map(|key| rule.whole(key));
        let level =
            least.is_none_or(|least| self.level >= least.value) && most.is_none_or(|most| self.level <= most.value);
        let has = |stage: &&Spanned<String>| self.stages.contains(&stage.value);
        let stages = rule.texts("stage").iter().all(has) && !rule.texts("not_stage").iter().any(has);
        rule.finish();
        phase && level && stages
    }
}
