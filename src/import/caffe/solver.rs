//! A solver: the recipe, and the file of the network that it trains.

use std::cell::RefCell;

use super::fields::Fields;
use super::reading::Reading;
use super::text::{self, Message};
use crate::diagnostic::{Code, Diagnostic, Mistakes, SourceId, Sources, Span, Spanned};
use crate::import::recipe::{Pace, Section};
use crate::syntax::Load;
use crate::syntax::ast::Setting;

/// Fields that only a solver has.
const OWN: [&str; 8] =
    ["base_lr", "lr_policy", "max_iter", "solver_mode", "net", "train_net", "test_interval", "solver_type"];

/// Fields about how a run is watched and kept.
const OTHERS: [&str; 20] = [
    "test_net",
    "test_net_param",
    "test_iter",
    "test_interval",
    "test_compute_loss",
    "test_initialization",
    "test_state",
    "train_state",
    "display",
    "average_loss",
    "snapshot",
    "snapshot_prefix",
    "snapshot_diff",
    "snapshot_format",
    "snapshot_after_train",
    "solver_mode",
    "device_id",
    "debug_info",
    "layer_wise_reduce",
    "weights",
];

/// Whether a file is a solver, and no network.
pub fn is_solver(message: &Message) -> bool {
    let has = |keys: &[&str]| message.fields.iter().any(|(name, _)| keys.contains(&name.value.as_str()));
    has(&OWN) && !has(&["layer", "layers"])
}

/// The network that a solver names, in its file or in one beside it.
pub fn network(
    solver: &Fields<'_>,
    sources: &mut Sources,
    source: SourceId,
    load: &Load<'_>,
    problems: &RefCell<Mistakes>,
) -> Option<Message> {
    let inline = solver.message("net_param").or_else(|| solver.message("train_net_param"));
    let named = solver.text("net").or_else(|| solver.text("train_net"));
    if let Some(message) = inline {
        return Some(message.clone());
    }
    let Some(named) = named else {
        let span = Span::new(source, 0..0);
        let error = Diagnostic::error(Code::MissingKey, span, "the solver names no network");
        solver.report(error.help("it does so with `net: \"train_val.prototxt\"`"));
        return None;
    };
    let own = sources.get(source).name.clone();
    let folder = own.rfind('/').map_or("", |end| &own[..=end]);
    // The path is one from where Caffe is started, and the file often lies beside the solver.
    let parts: Vec<&str> = named.value.split('/').filter(|part| !part.is_empty() && *part != ".").collect();
    if parts.contains(&"..") || named.value.starts_with('/') {
        let error = Diagnostic::error(Code::Unreadable, named.span, "the network is not looked for outside");
        solver.report(error.help("put its file beside the solver, and write its name alone"));
        return None;
    }
    let mut reason = "there is no such file".to_string();
    for from in 0..parts.len() {
        let name = format!("{folder}{}", parts[from..].join("/"));
        match load(&name) {
            Ok(text) => {
                let net = sources.add(name, text);
                let message = text::parse(&sources.get(net).text, net);
                return problems.borrow_mut().note(message);
            }
            Err(why) => reason = why,
        }
    }
    let error = Diagnostic::error(Code::Unreadable, named.span, format!("cannot read `{}`: {reason}", named.value));
    solver.report(error.help("the network's file is looked for beside the solver, and in folders below it"));
    None
}

/// What a solver says of how to train.
pub struct Solver {
    span: Span,
    rule: Spanned<String>,
    rate: Spanned<f64>,
    momentum: f64,
    momentum2: f64,
    decay: f64,
    delta: Option<f64>,
    rms_decay: f64,
    policy: Spanned<Policy>,
    steps: Option<Spanned<i64>>,
    accumulate: Spanned<i64>,
    clip: Option<Spanned<f64>>,
    seed: Option<Spanned<i64>>,
    is_l1: Option<Span>,
}

/// How the learning rate changes, in steps.
enum Policy {
    Fixed,
    Step { every: f64, gamma: f64 },
    MultiStep { steps: Vec<f64>, gamma: f64 },
    Exponential { gamma: f64 },
    Polynomial { power: f64 },
    Inverse { gamma: f64, power: f64 },
    Lacking(String),
}

/// As the newer field has them.
const TYPES: [(&str, &str); 6] = [
    ("SGD", "SGD"),
    ("NESTEROV", "Nesterov"),
    ("ADAGRAD", "AdaGrad"),
    ("RMSPROP", "RMSProp"),
    ("ADADELTA", "AdaDelta"),
    ("ADAM", "Adam"),
];

impl Solver {
    /// `None` without a learning rate, of which there is an error.
    pub fn read(fields: &Fields<'_>) -> Option<Solver> {
        fields.ignore(&OTHERS);
        let number = |key, usual: f64| fields.number(key).map_or(usual, |number| number.value);
        let span = fields.message_span();
        let older = fields.word("solver_type").map(|older| {
            let newer =
                TYPES.iter().find(|(name, _)| *name == older.value).map_or(older.value.as_str(), |(_, newer)| newer);
            Spanned::new(newer.to_string(), older.span)
        });
        let rule = fields.text("type").cloned().or(older).unwrap_or(Spanned::new("SGD".to_string(), span));
        let policy = policy(fields, span);
        let (momentum, momentum2) = (number("momentum", 0.0), number("momentum2", 0.999));
        let (decay, rms_decay) = (number("weight_decay", 0.0), number("rms_decay", 0.99));
        let delta = fields.number("delta").map(|delta| delta.value);
        let steps = fields.whole("max_iter").filter(|steps| steps.value > 0);
        let accumulate = fields.whole("iter_size").unwrap_or(Spanned::new(1, span));
        let clip = fields.number("clip_gradients").filter(|clip| clip.value > 0.0);
        let seed = fields.whole("random_seed").filter(|seed| seed.value >= 0);
        let is_l1 = fields.text("regularization_type").filter(|kind| kind.value != "L2").map(|kind| kind.span);
        let Some(rate) = fields.number("base_lr") else {
            fields.report(Diagnostic::error(Code::MissingKey, span, "the solver has no `base_lr`"));
            return None;
        };
        Some(Solver {
            span,
            rule,
            rate,
            momentum,
            momentum2,
            decay,
            delta,
            rms_decay,
            policy,
            steps,
            accumulate,
            clip,
            seed,
            is_l1,
        })
    }

    /// The recipe as a `train:` section; `None` with a warning if archc cannot follow it.
    pub fn section(
        &self,
        reading: &Reading<'_>,
        images: usize,
        problems: &RefCell<Mistakes>,
    ) -> Option<Spanned<Setting>> {
        let warn = |span, message: String| {
            let warning = Diagnostic::warning(Code::Unused, span, message).label("the recipe is left out");
            let help =
                "archc checks the network without it; to train, give a recipe with `--set train.epochs=10` and so on";
            problems.borrow_mut().push(warning.help(help));
        };
        let batch = reading.batch.as_ref()?;
        let accumulate = self.accumulate.value.max(1);
        let pace = Pace::new(images, (batch.value.max(1) as u64).saturating_mul(accumulate as u64));
        let Some(optimizer) = self.optimizer(reading) else {
            warn(self.rule.span, format!("archc has no optimizer that is Caffe's `{}`", self.rule.value));
            return None;
        };
        let Some(schedule) = self.policy.value.schedule(pace) else {
            let Policy::Lacking(name) = &self.policy.value else { return None };
            warn(self.policy.span, format!("archc has no learning rate of the policy `{name}`"));
            return None;
        };
        if let Some(span) = self.is_l1 {
            warn(span, "archc decays weights by their squares, not by their sums".to_string());
            return None;
        }
        let mut section = Section::new(self.span);
        if let Some(steps) = &self.steps {
            section.whole("epochs", pace.whole_epochs(steps.value as f64), steps.span);
        }
        section.whole("batch", batch.value.max(1), batch.span);
        if accumulate > 1 {
            section.whole("accumulate", accumulate, self.accumulate.span);
        }
        section.call("optimizer", &optimizer, self.rate.span);
        section.call("schedule", &schedule, self.policy.span);
        if let Some(clip) = &self.clip {
            section.call("clip", &format!("norm {:?}", clip.value), clip.span);
        }
        let frozen = reading.parameters.iter().filter(|parameter| parameter.rate == 0.0);
        let frozen: Vec<Spanned<String>> =
            frozen.map(|parameter| Spanned::new(parameter.name.clone(), parameter.span)).collect();
        section.list("freeze", frozen);
        if let Some(seed) = &self.seed {
            section.whole("seed", seed.value, seed.span);
        }
        self.differing(reading, problems);
        Some(section.finish())
    }

    fn optimizer(&self, reading: &Reading<'_>) -> Option<String> {
        let (rate, momentum) = (self.rate.value, self.momentum);
        let rule = match self.rule.value.as_str() {
            "SGD" => format!("sgd lr={rate:?} momentum={momentum:?}"),
            "Nesterov" => format!("sgd lr={rate:?} momentum={momentum:?} nesterov"),
            "Adam" => {
                let eps = self.delta.unwrap_or(1e-8);
                format!("adam lr={rate:?} beta1={momentum:?} beta2={:?} eps={eps:?}", self.momentum2)
            }
            "RMSProp" => {
                let eps = self.delta.unwrap_or(1e-8);
                format!("rmsprop lr={rate:?} alpha={:?} eps={eps:?}", self.rms_decay)
            }
            _ => return None,
        };
        let mut biases = reading.parameters.iter().filter(|parameter| parameter.is_bias).peekable();
        let spares_biases = biases.peek().is_some() && biases.all(|bias| bias.decay == 0.0);
        let spared = if spares_biases && self.decay > 0.0 { " no_bias_decay" } else { "" };
        Some(format!("{rule} weight_decay={:?}{spared}", self.decay))
    }

    /// Says once that weights learn at rates of their own there, and not here.
    fn differing(&self, reading: &Reading<'_>, problems: &RefCell<Mistakes>) {
        let differs = reading.parameters.iter().find(|parameter| parameter.rate != 0.0 && parameter.rate != 1.0);
        if let Some(parameter) = differs {
            let message = "every weight learns at the same rate here";
            let warning = Diagnostic::warning(Code::Unused, parameter.span, message);
            let label = format!("`{}` would learn {} times as fast", parameter.name, parameter.rate);
            problems.borrow_mut().push(warning.label(label));
        }
    }
}

impl Policy {
    fn schedule(&self, pace: Pace) -> Option<String> {
        let epochs = |steps: f64| format!("{}", pace.epochs(steps));
        let curve = match self {
            Policy::Fixed => return Some("constant".to_string()),
            Policy::Step { every, gamma } => format!("step {} gamma={gamma:?}", epochs(*every)),
            Policy::MultiStep { steps, gamma } => {
                let steps: Vec<String> = steps.iter().map(|step| epochs(*step)).collect();
                format!("multistep {} gamma={gamma:?}", steps.join(" "))
            }
            Policy::Exponential { gamma } => format!("exponential {:?}", pace.factor(*gamma)),
            Policy::Polynomial { power } => format!("polynomial power={power:?}"),
            Policy::Inverse { gamma, power } => {
                format!("inverse {:?} power={power:?}", pace.sum(*gamma))
            }
            Policy::Lacking(_) => return None,
        };
        Some(format!("{curve} per=step"))
    }
}

fn policy(fields: &Fields<'_>, span: Span) -> Spanned<Policy> {
    let name = fields.text("lr_policy");
    let number = |key| fields.number(key).map(|number| number.value);
    let (gamma, power) = (number("gamma").unwrap_or(0.1), number("power").unwrap_or(1.0));
    let every = fields.whole("stepsize").map_or(1, |steps| steps.value.max(1));
    let steps: Vec<f64> = fields.wholes("stepvalue").iter().map(|step| step.value as f64).collect();
    let policy = match name.map_or("fixed", |name| name.value.as_str()) {
        "fixed" => Policy::Fixed,
        "step" => Policy::Step { every: every as f64, gamma },
        "multistep" if !steps.is_empty() && steps.windows(2).all(|pair| pair[0] < pair[1]) => {
            Policy::MultiStep { steps, gamma }
        }
        "exp" => Policy::Exponential { gamma },
        "poly" => Policy::Polynomial { power },
        "inv" => Policy::Inverse { gamma, power },
        other => Policy::Lacking(other.to_string()),
    };
    Spanned::new(policy, name.map_or(span, |name| name.span))
}
