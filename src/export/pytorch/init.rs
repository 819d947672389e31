//! How weights begin, where it is not how PyTorch lets them: by the kind of module where all of a kind begin alike,
//! else by name.

use std::collections::HashMap;

use crate::export::source::{number, quoted};
use crate::ir::{Fan, Init, fans};
use crate::program::{Op, Program, ProgramWeight, Step};

/// A weight that a module has.
struct Parameter<'a> {
    weight: &'a ProgramWeight,
    /// The class of the module, in PyTorch.
    class: &'static str,
    /// What the module calls it.
    name: &'a str,
    /// What gives it its first values, if those are not PyTorch's own.
    call: Option<String>,
}

/// What stands for the class of a parameter that is no module's.
const NO_MODULE: &str = "";

/// Lines for the end of a network's `__init__`.
pub fn lines(program: &Program) -> Vec<String> {
    let parameters: Vec<Parameter> = program.steps.iter().flat_map(|step| parameters(program, step)).collect();
    // The call that all weights of a kind begin with, if it is one.
    let mut common: HashMap<(&str, &str), Option<&Option<String>>> = HashMap::new();
    for Parameter { class, name, call, .. } in &parameters {
        let known = common.entry((*class, *name)).or_insert(Some(call));
        if known.is_some_and(|known| known != call) {
            *known = None;
        }
    }
    let mut kinds: Vec<(&str, Vec<(&str, &str)>)> = Vec::new();
    let mut others: Vec<(&str, Vec<&str>)> = Vec::new();
    for Parameter { weight, class, name, call } in &parameters {
        let Some(call) = call.as_deref() else { continue };
        if *class == NO_MODULE || common[&(*class, *name)].is_none() {
            match others.iter_mut().find(|(known, _)| *known == call) {
                Some((_, names)) => names.push(&weight.name),
                None => others.push((call, vec![&weight.name])),
            }
            continue;
        }
        let at = kinds.iter().position(|(known, _)| known == class).unwrap_or_else(|| {
            kinds.push((*class, Vec::new()));
            kinds.len() - 1
        });
        if !kinds[at].1.iter().any(|(known, _)| known == name) {
            kinds[at].1.push((*name, call));
        }
    }
    let mut lines = Vec::new();
    if !kinds.is_empty() {
        lines.push("for module in self.modules():".to_owned());
    }
    for (index, (class, calls)) in kinds.iter().enumerate() {
        lines.push(format!("    {} isinstance(module, {class}):", if index == 0 { "if" } else { "elif" }));
        for (name, call) in calls {
            // What a module does not have is `None`.
            let indent = match *name == "bias" || class.contains("Norm") {
                true => {
                    lines.push(format!("        if module.{name} is not None:"));
                    "            "
                }
                false => "        ",
            };
            lines.push(format!("{indent}{}", call.replace('$', &format!("module.{name}"))));
        }
    }
    for (call, names) in others {
        match names.as_slice() {
            [one] => lines.push(call.replace('$', &format!("self.get_parameter({})", quoted(one)))),
            several => {
                lines.push("for name in [".to_owned());
                lines.extend(several.iter().map(|name| format!("    {},", quoted(name))));
                lines.push("]:".to_owned());
                lines.push(format!("    {}", call.replace('$', "self.get_parameter(name)")));
            }
        }
    }
    lines
}

/// The weights of a step that begin somehow; running statistics begin alike everywhere.
fn parameters<'a>(program: &'a Program, step: &Step) -> Vec<Parameter<'a>> {
    let weights: Vec<&ProgramWeight> = step.weights.iter().map(|index| &program.weights[*index]).collect();
    let Some(first) = weights.first() else { return Vec::new() };
    let map = program.shape(step.output).sides().is_some();
    let class = match &step.op {
        // Those over the channels of maps are of a class that inherits from it.
        Op::Conv2d(_) if first.shape.len() == 2 => "nn.Linear",
        Op::Conv2d(_) => "nn.Conv2d",
        Op::ConvTranspose2d(_) => "nn.ConvTranspose2d",
        Op::Linear => "nn.Linear",
        Op::BatchNorm(_) if map => "nn.BatchNorm2d",
        Op::BatchNorm(_) => "nn.BatchNorm1d",
        Op::GroupNorm(_) => "nn.GroupNorm",
        Op::LayerNorm(_) => "nn.LayerNorm",
        Op::Prelu => "nn.PReLU",
        Op::Scale if weights.len() > 1 => "Scale",
        Op::Scale => {
            // It begins as it is made, if all its numbers are the same.
            let is_made = matches!(first.init, Init::Constant(_));
            let call = (!is_made).then(|| call(&first.init, &first.shape));
            return vec![Parameter { weight: first, class: NO_MODULE, name: "", call }];
        }
        _ => return Vec::new(),
    };
    let (fan_in, _) = fans(&first.shape);
    let usual = |name: &str| match (class, name) {
        ("nn.Conv2d" | "nn.ConvTranspose2d" | "nn.Linear", "weight") => Init::pytorch_weight(),
        ("nn.Conv2d" | "nn.ConvTranspose2d" | "nn.Linear", _) => Init::pytorch_bias(fan_in),
        ("nn.PReLU", _) => Init::Constant(0.25),
        (_, "weight") => Init::Constant(1.0),
        _ => Init::Constant(0.0),
    };
    let named = weights.into_iter().filter(|weight| weight.trainable).map(|weight| {
        let name = weight.name.rsplit('.').next().unwrap_or_default();
        let call = (weight.init != usual(name)).then(|| call(&weight.init, &weight.shape));
        Parameter { weight, class, name, call }
    });
    named.collect()
}

/// The call that gives a weight, for which there is a `$`, its first values.
fn call(init: &Init, shape: &[usize]) -> String {
    let with = |function: &str, arguments: &[String]| {
        let arguments: String = arguments.iter().map(|argument| format!(", {argument}")).collect();
        format!("nn.init.{function}(${arguments})")
    };
    match *init {
        Init::Constant(0.0) => with("zeros_", &[]),
        Init::Constant(1.0) => with("ones_", &[]),
        Init::Constant(value) => with("constant_", &[number(value)]),
        Init::Uniform { bound } => with("uniform_", &[number(-bound), number(bound)]),
        Init::Normal { mean, std } => with("normal_", &[number(mean), number(std)]),
        Init::TruncatedNormal { mean, std } => {
            let ends = [mean - 2.0 * std, mean + 2.0 * std].map(number);
            with("trunc_normal_", &[vec![number(mean), number(std)], ends.to_vec()].concat())
        }
        Init::KaimingUniform { fan, gain } => match kaiming(fan, gain) {
            Some(arguments) => with("kaiming_uniform_", &arguments),
            None => {
                let bound = gain * (3.0 / of(fan, shape)).sqrt();
                with("uniform_", &[number(-bound), number(bound)])
            }
        },
        Init::KaimingNormal { fan, gain } => match kaiming(fan, gain) {
            Some(arguments) => with("kaiming_normal_", &arguments),
            None => with("normal_", &[number(0.0), number(gain / of(fan, shape).sqrt())]),
        },
        Init::XavierUniform => with("xavier_uniform_", &[]),
        Init::XavierNormal => with("xavier_normal_", &[]),
    }
}

fn of(fan: Fan, shape: &[usize]) -> f64 {
    let (fan_in, fan_out) = fans(shape);
    (if fan == Fan::In { fan_in } else { fan_out }) as f64
}

/// PyTorch's words for a fan and a gain, if it has some: the gain is √(2/(1 + a²)).
fn kaiming(fan: Fan, gain: f64) -> Option<Vec<String>> {
    let mut arguments = Vec::new();
    if fan == Fan::Out {
        arguments.push("mode=\"fan_out\"".to_owned());
    }
    if gain == 2.0f64.sqrt() {
        arguments.push("nonlinearity=\"relu\"".to_owned());
    } else if gain == 1.0 {
        arguments.push("nonlinearity=\"linear\"".to_owned());
    } else {
        let square = 2.0 / (gain * gain) - 1.0;
        arguments.insert(0, format!("a={}", number(Some(square).filter(|square| *square >= 0.0)?.sqrt())));
    }
    Some(arguments)
}
