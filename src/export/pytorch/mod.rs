//! A network as the source of a PyTorch module, as a person would write it: a class for each kind of block, sequences
//! where one layer follows the other, and the names that its weights have here.

mod attributes;
mod init;
mod layers;
mod print;
mod transforms;

use std::collections::{HashMap, HashSet};
use std::io::Write;
use std::path::Path;

use super::source::{
    Alike, Argument, Call, Class, Group, Names, Part, Variables, group, identifier, is_identifier, unify,
};
use super::{ExportError, Exported, Format, NeedsWeights, Options, Written};
use crate::durable;
use crate::lower::lower;
use crate::network::Network;
use crate::program::Program;
use attributes::is_taken;
use layers::{Form, form};

/// The format.
#[derive(Debug)]
pub struct PyTorch;

impl Format for PyTorch {
    fn name(&self) -> &'static str {
        "pytorch"
    }

    fn extension(&self) -> &'static str {
        "py"
    }

    fn options(&self) -> &'static [&'static str] {
        &[]
    }

    fn needs_weights(&self) -> NeedsWeights {
        NeedsWeights::No
    }

    fn write(&self, exported: Exported, _options: &Options, path: &Path) -> Result<Written, ExportError> {
        let text = source(&exported.network)?;
        durable::replace(path, |file| file.write_all(text.as_bytes()))
            .map_err(|source| ExportError::Io { path: path.to_owned(), source })?;
        let summary = format!("{} lines", text.lines().count());
        Ok(Written { files: vec![(path.to_owned(), text.len() as u64)], summary })
    }
}

/// What a module consists of.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Body {
    /// Names of attributes, and what they are.
    attributes: Vec<(String, Call)>,
    /// The lines of `forward`.
    forward: Vec<String>,
    /// Lines at the end of `__init__`.
    init: Vec<String>,
}

impl Alike for Body {
    fn arguments(&mut self) -> Vec<(String, &mut Argument)> {
        fn of<'c>(attribute: &str, call: &'c mut Call, all: &mut Vec<(String, &'c mut Argument)>) {
            all.extend(call.arguments.iter_mut().map(|argument| (attribute.to_owned(), argument)));
            call.children.iter_mut().for_each(|child| of(attribute, child, all));
        }
        let mut all = Vec::new();
        self.attributes.iter_mut().for_each(|(name, call)| of(name, call, &mut all));
        all
    }
}

/// Modules that PyTorch lacks, by name.
const HELPERS: [(&str, &str); 4] = [
    (
        "LayerNorm2d",
        "class LayerNorm2d(nn.LayerNorm):\n    \"\"\"Over the channels at each position.\"\"\"\n\n    def forward(self, x):\n        \
         return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)\n",
    ),
    (
        "Linear2d",
        "class Linear2d(nn.Linear):\n    \"\"\"Over the channels at each position.\"\"\"\n\n    def forward(self, x):\n        \
         return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)\n",
    ),
    (
        "DropPath",
        "class DropPath(nn.Module):\n    \"\"\"In training, zero for whole examples.\"\"\"\n\n    def __init__(self, p):\n        \
         super().__init__()\n        self.p = p\n\n    def forward(self, x):\n        if not self.training or self.p == 0.0:\n            \
         return x\n        keep = torch.rand(len(x), *[1] * (x.dim() - 1), device=x.device) >= self.p\n        \
         return x * keep / (1.0 - self.p)\n",
    ),
    (
        "Scale",
        "class Scale(nn.Module):\n    \"\"\"A factor and a summand for each channel.\"\"\"\n\n    def __init__(self, shape):\n        \
         super().__init__()\n        self.weight = nn.Parameter(torch.ones(shape))\n        \
         self.bias = nn.Parameter(torch.zeros(shape))\n\n    def forward(self, x):\n        \
         shape = [-1] + [1] * (x.dim() - 2)\n        return x * self.weight.view(shape) + self.bias.view(shape)\n",
    ),
];

/// The text of a module.
///
/// # Errors
/// If PyTorch cannot say it.
pub fn source(network: &Network) -> Result<String, ExportError> {
    let program = lower(network);
    let root = group(&program);
    let mut writer = Writer { program: &program, modules: HashMap::new() };
    let mut names = Names::default();
    HELPERS.iter().map(|(name, _)| *name).chain(["transforms"]).for_each(|name| names.reserve(name));
    let mut classes = Vec::new();
    let mut groups: Vec<&Group> = Vec::new();
    root.each(&mut |group| groups.push(group));
    for height in 0..=root.height() {
        let mut bodies = Vec::new();
        for group in groups.iter().filter(|group| group.height() == height && !group.path.is_empty()) {
            match writer.sequence(group)? {
                Some(call) => drop(writer.modules.insert(group.path.clone(), call)),
                None => bodies.push((group.path.clone(), writer.body(group)?)),
            }
        }
        writer.modules.extend(unify(bodies, |path| names.class(path), &mut classes));
    }
    let name = names.class(&network.name.replace('.', "_"));
    let body = Body { init: init::lines(&program), ..writer.body(&root)? };
    classes.push(Class { name, parameters: Vec::new(), body });
    Ok(file(network, &classes))
}

fn file(network: &Network, classes: &[Class<Body>]) -> String {
    let mut body = String::new();
    for class in classes {
        body.push_str("\n\n");
        print::class(&mut body, class);
    }
    let helpers: String = HELPERS
        .iter()
        .filter(|(name, _)| body.contains(&format!("{name}(")))
        .map(|(_, text)| format!("\n\n{text}"))
        .collect();
    let (input, output) = (network.graph.input, network.graph.shape(network.output));
    let name = network.name.replace(['\\', '"', '\n', '\r'], "_");
    let mut text = format!("\"\"\"{name}: {input} to {output}, written by archc {}.\n", env!("CARGO_PKG_VERSION"));
    let words = network.data.as_ref().map_or(&[][..], |data| &data.eval);
    let class = classes.last().map_or("", |class| &class.name);
    let function = network.data.as_ref().and_then(|_| transforms::function(words, network.graph.input, class));
    if function.is_none() && !words.is_empty() {
        let words: Vec<String> = words.iter().map(ToString::to_string).collect();
        text.push_str(&format!("\nImages are prepared by: {}.\n", words.join(", ")));
    }
    text.push_str("\"\"\"\n\nimport torch\nfrom torch import nn\n");
    if body.contains("F.pad(") {
        text.push_str("from torch.nn import functional as F\n");
    }
    let function = function.map(|function| format!("\n\n{function}")).unwrap_or_default();
    text + &helpers + &function + &body
}

struct Writer<'a> {
    program: &'a Program,
    /// What makes each module, by its path.
    modules: HashMap<String, Call>,
}

impl Writer<'_> {
    /// The module of a group, if it is a sequence.
    fn sequence(&self, group: &Group) -> Result<Option<Call>, ExportError> {
        if !group.is_sequence() {
            return Ok(None);
        }
        let mut sequence = Call::new("nn.Sequential");
        for member in &group.members {
            match &member.part {
                Part::Group(group) => sequence.children.push(self.modules[&group.path].clone()),
                Part::Step(step) => match form(self.program, step)? {
                    Form::Module(call) => sequence.children.push(call),
                    Form::Parameter(..) | Form::Expression(_) => return Ok(None),
                },
            }
        }
        Ok(Some(sequence))
    }

    /// The attributes and the computation of a group.
    fn body(&self, group: &Group) -> Result<Body, ExportError> {
        let mut body = Body { attributes: Vec::new(), forward: Vec::new(), init: Vec::new() };
        let (mut variables, mut names) = (Variables::new(group), Attributes::new(group));
        for (index, member) in group.members.iter().enumerate() {
            let inputs: Vec<String> = member.inputs().iter().map(|input| variables.of(*input)).collect();
            let (form, named) = match &member.part {
                Part::Group(group) => (Form::Module(self.modules[&group.path].clone()), true),
                Part::Step(step) => (form(self.program, step)?, !step.weights.is_empty()),
            };
            let value = match form {
                Form::Parameter(call, text) => {
                    refuse_taken(&member.name)?;
                    body.attributes.push((member.name.clone(), call));
                    fill(text, &[inputs, vec![print::reach(&member.name)]].concat())
                }
                Form::Module(call) => {
                    // A module without weights may be called as one likes.
                    let name = if named { member.name.clone() } else { names.free(&member.name, &call) };
                    refuse_taken(&name)?;
                    let value = format!("{}({})", print::reach(&name), inputs[0]);
                    body.attributes.push((name, call));
                    value
                }
                Form::Expression(text) => fill(&text, &inputs),
            };
            let variable = variables.assign(index, member.output());
            body.forward.push(format!("{variable} = {value}"));
        }
        body.forward.push(format!("return {}", variables.of(group.output)));
        Ok(body)
    }
}

/// The names of a module's attributes.
struct Attributes<'a> {
    taken: HashSet<&'a str>,
    /// Those that are made up, and from which number on none of a base is.
    given: HashSet<String>,
    next: HashMap<String, usize>,
}

impl<'a> Attributes<'a> {
    fn new(group: &'a Group) -> Attributes<'a> {
        let taken = group.members.iter().filter_map(|member| member.name.split('.').next()).collect();
        Attributes { taken, given: HashSet::new(), next: HashMap::new() }
    }

    /// A name for a module without weights: its own, if nothing else has it, or what it does.
    fn free(&mut self, own: &str, call: &Call) -> String {
        if is_identifier(own) && !is_taken(own) {
            return own.to_owned();
        }
        let short = call.name.rsplit('.').next().unwrap_or_default();
        let base = identifier(&short.to_ascii_lowercase());
        let next = self.next.entry(base.clone()).or_insert(1);
        loop {
            let name = if *next == 1 { base.clone() } else { format!("{base}{next}") };
            *next += 1;
            if !self.taken.contains(name.as_str()) && self.given.insert(name.clone()) {
                return name;
            }
        }
    }
}

fn refuse_taken(name: &str) -> Result<(), ExportError> {
    match name.split('.').find(|part| is_taken(part)) {
        None => Ok(()),
        Some(part) => Err(ExportError::Refused(format!(
            "`{name}` cannot be a module's name in PyTorch, because every module has something called `{part}`: give the layer another name"
        ))),
    }
}

/// An expression with its inputs.
fn fill(text: &str, inputs: &[String]) -> String {
    let mut inputs = inputs.iter();
    text.split('$').enumerate().fold(String::new(), |filled, (index, part)| match index {
        0 => part.to_owned(),
        _ => filled + inputs.next().map_or("", String::as_str) + part,
    })
}
