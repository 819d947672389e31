//! A model on its way into a network: layer after layer, or wired by name.

use std::collections::HashMap;

use super::functions;
use super::wires::{LONGEST, followers, is_map_again, names, readers};
use crate::diagnostic::{Code, Diagnostic, Mistakes, Span, Spanned};
use crate::import::geometry::input_option;
use crate::import::json::Json;
use crate::import::net::{Array, Call, Net, Order, Stored, Value};
use crate::ir::Shape;

/// A value of the network as Keras sees it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Data {
    pub value: Value,
    /// Whether a map is a vector there, pixel by pixel.
    pub is_flat: bool,
}

/// Why a layer makes nothing.
#[derive(Debug)]
pub enum Failure {
    Said(Diagnostic),
    /// What it reads is unknown, or does not fit, of which the compiler will speak.
    Lost,
}

impl From<Diagnostic> for Failure {
    fn from(problem: Diagnostic) -> Failure {
        Failure::Said(problem)
    }
}

pub type Made<T = Data> = Result<T, Failure>;

/// A layer as the description has it.
#[derive(Debug, Clone)]
pub struct Layer<'j> {
    pub class: Spanned<String>,
    pub name: Spanned<String>,
    /// Where its weights are: the names of the models that it lies in, and its own.
    pub path: String,
    pub config: &'j Json,
    /// Whether it is a function of Keras, not a layer.
    pub is_function: bool,
    /// All that is said of it.
    pub json: &'j Json,
}

impl Layer<'_> {
    pub fn get(&self, key: &str) -> Option<&Json> {
        self.config.get(key).filter(|value| !value.is_null())
    }

    pub fn whole(&self, key: &str, usual: i64) -> Spanned<i64> {
        let found = self.get(key).and_then(|json| Some(Spanned::new(json.whole()?, json.span)));
        found.unwrap_or(Spanned::new(usual, self.class.span))
    }

    pub fn number(&self, key: &str, usual: f64) -> Spanned<f64> {
        let found = self.get(key).and_then(|json| Some(Spanned::new(json.number()?, json.span)));
        found.unwrap_or(Spanned::new(usual, self.class.span))
    }

    pub fn truth(&self, key: &str, usual: bool) -> bool {
        self.get(key).and_then(Json::truth).unwrap_or(usual)
    }

    pub fn text(&self, key: &str) -> Option<&str> {
        self.get(key)?.text()
    }

    /// Height and width, which may be one number.
    pub fn pair(&self, key: &str, usual: i64) -> Made<Spanned<[usize; 2]>> {
        let Some(json) = self.get(key) else { return Ok(Spanned::new([usual as usize; 2], self.class.span)) };
        let size = |json: &Json| json.whole().and_then(|size| usize::try_from(size).ok());
        let pair = match (json.list(), size(json)) {
            (_, Some(side)) => Some([side, side]),
            ([height, width], _) => size(height).zip(size(width)).map(|(height, width)| [height, width]),
            _ => None,
        };
        match pair {
            Some(pair) => Ok(Spanned::new(pair, json.span)),
            None => {
                let message = format!("`{key}` of `{}` is no pair of sizes", self.name.value);
                Err(Diagnostic::error(Code::InvalidArgument, json.span, message).into())
            }
        }
    }
}

/// Layers of a whole model, and how deep models may lie within each other.
const MOST_LAYERS: usize = 20_000;
const DEEPEST: usize = 16;

/// What several layers read, in the whole model.
const MOST_WIRES: usize = 200_000;

pub struct Reading {
    pub net: Net,
    pub stored: Vec<Stored>,
    pub problems: Mistakes,
    pub input: Option<Spanned<Shape>>,
    given: Option<Shape>,
    layers: usize,
    wires: usize,
    /// Values that are a softmax, and of what.
    pub softmaxes: Vec<(Value, Data)>,
    /// The layer that does not fit what it reads.
    pub misfit: Option<Value>,
}

impl Reading {
    pub fn new(net: Net, given: Option<Shape>) -> Reading {
        let (stored, problems, softmaxes) = (Vec::new(), Mistakes::default(), Vec::new());
        Reading { net, stored, problems, input: None, given, layers: 0, wires: 0, softmaxes, misfit: None }
    }

    /// What a model ends in.
    pub fn whole(&mut self, root: &Json) -> Option<Value> {
        let made = self.model(root, "", &[Data { value: Value::INPUT, is_flat: false }], 0);
        if self.misfit.is_some() {
            return self.misfit;
        }
        let mut data = match made {
            Ok(data) => data,
            Err(Failure::Lost) => return None,
            Err(Failure::Said(problem)) => {
                self.problems.push(problem);
                return None;
            }
        };
        if let Some((_, scores)) = self.softmaxes.iter().find(|(made, _)| *made == data.value) {
            data = *scores;
            let message = "the softmax at the end is left out: the loss of archc applies it to the scores itself";
            self.problems.push(Diagnostic::warning(Code::Unused, root.span, message));
        }
        let is_point = self.net.shape(data.value).is_some_and(|shape| shape.positions() == 1);
        match (data.is_flat, is_point) {
            (true, true) => Some(self.net.flat(&Spanned::new("scores".to_string(), root.span), data.value)),
            (true, false) => {
                let message =
                    "the model ends in a map that is flattened pixel by pixel, and archc flattens channel by channel";
                self.problems.push(Diagnostic::error(Code::InvalidArgument, root.span, message));
                None
            }
            _ => Some(data.value),
        }
    }

    fn refuse<T>(&self, span: Span, message: impl Into<String>) -> Made<T> {
        Err(Diagnostic::error(Code::UnknownName, span, message).into())
    }

    /// What a model makes of these values.
    pub fn model(&mut self, json: &Json, path: &str, inputs: &[Data], depth: usize) -> Made {
        if depth > DEEPEST {
            let message = format!("models lie more than {DEEPEST} levels deep in each other");
            return Err(Diagnostic::error(Code::Limit, json.span, message).into());
        }
        let class = json.get("class_name").and_then(Json::text).unwrap_or_default();
        let Some(config) = json.get("config") else { return self.refuse(json.span, "a model without its `config`") };
        match class {
            "Sequential" => self.sequence(config, path, inputs, depth),
            "Functional" | "Model" => self.graph(config, path, inputs, depth),
            _ => self
                .refuse(json.span, format!("`{class}` is a class of somebody's own: only its code says what it does")),
        }
    }

    fn layer<'j>(&mut self, json: &'j Json, path: &str) -> Made<Layer<'j>> {
        self.layers += 1;
        if self.layers > MOST_LAYERS {
            let message = format!("more than {MOST_LAYERS} layers");
            return Err(Diagnostic::error(Code::Limit, json.span, message).into());
        }
        let (class, config) = (json.get("class_name").and_then(Json::name), json.get("config"));
        let (Some(class), Some(config)) = (class, config) else {
            return self.refuse(json.span, "a layer needs its `class_name` and its `config`");
        };
        let name = config.get("name").or(json.get("name")).and_then(Json::name);
        let name = name.unwrap_or(Spanned::new(class.value.to_lowercase(), class.span));
        let path = if path.is_empty() { name.value.clone() } else { format!("{path}/{}", name.value) };
        let module = json.get("module").and_then(Json::text).unwrap_or_default();
        // Older files say no module; but a layer is called with one argument.
        let is_function = ["keras.src.ops", "keras.ops"].iter().any(|ops| module.starts_with(ops))
            || module.is_empty() && functions::arguments(json).len() == 2;
        Ok(Layer { class, name, path, config, is_function, json })
    }

    /// What the network reads, by what its first layer says.
    fn reads(&mut self, layer: &Layer<'_>) -> Made<()> {
        if self.input.is_some() {
            return Ok(());
        }
        let shape = ["batch_shape", "batch_input_shape", "input_shape", "shape"].iter().find_map(|key| layer.get(key));
        let Some(json) = shape else {
            let message = format!("`{}` does not say what the network reads", layer.name.value);
            return Err(Diagnostic::error(Code::MissingKey, layer.name.span, message).into());
        };
        let all: Vec<Option<usize>> = json.list().iter().map(|size| usize::try_from(size.whole()?).ok()).collect();
        let shape = match (self.given, all.as_slice()) {
            (Some(shape), _) => shape,
            (None, [_, Some(height), Some(width), Some(channels)]) => Shape::map(*channels, *height, *width),
            (None, [_, Some(features)]) => Shape::Vector(*features),
            (None, [_, height, width, channels]) => {
                let message = format!("the size of images is not fixed in `{}`", layer.name.value);
                let error = Diagnostic::error(Code::MissingKey, json.span, message);
                return Err(error.help(input_option(*channels, *height, *width)).into());
            }
            (None, other) => {
                let message =
                    format!("the input has {} dimensions, and a network of archc reads images or vectors", other.len());
                return Err(Diagnostic::error(Code::InvalidArgument, json.span, message).into());
            }
        };
        if !shape.is_reasonable() || shape.elements() == 0 {
            let message = format!("the input is {shape}, which is no size of images");
            return Err(Diagnostic::error(Code::TooLarge, json.span, message).into());
        }
        self.net.set_input(shape);
        self.input = Some(Spanned::new(shape, json.span));
        Ok(())
    }

    fn sequence(&mut self, config: &Json, path: &str, inputs: &[Data], depth: usize) -> Made {
        let &[mut data] = inputs else { return self.refuse(config.span, "a `Sequential` reads one value") };
        let layers = config.get("layers").unwrap_or(config).list();
        for (index, json) in layers.iter().enumerate() {
            let layer = self.layer(json, path)?;
            if layer.class.value == "InputLayer" || depth == 0 && index == 0 {
                self.reads(&layer)?;
            }
            let rest = &layers[index + 1..];
            let follow = rest.iter().take(LONGEST);
            let follow: Vec<&str> = follow.filter_map(|layer| layer.get("class_name")?.text()).collect();
            let is_map_again = is_map_again(&follow, |index| rest[index].get("config"));
            data = self.made(json, &layer, &[data], depth, is_map_again)?;
        }
        Ok(data)
    }

    fn graph(&mut self, config: &Json, path: &str, inputs: &[Data], depth: usize) -> Made {
        let layers = config.get("layers").map(Json::list).unwrap_or_default();
        let mut values: HashMap<String, Made> = HashMap::new();
        let input_names = config.get("input_layers").map(names).unwrap_or_default();
        if input_names.len() > 1 && depth == 0 {
            let name = &input_names[1];
            let message = format!("`{}` would be a second input, and a network of archc has one", name.value);
            return Err(Diagnostic::error(Code::Duplicate, name.span, message).into());
        }
        for (name, data) in input_names.iter().zip(inputs) {
            values.insert(name.value.clone(), Ok(*data));
        }
        let readers = readers(layers);
        for json in layers {
            if self.problems.is_full() || self.misfit.is_some() {
                break;
            }
            let layer = self.layer(json, path)?;
            let id = json.get("name").and_then(Json::text).unwrap_or(&layer.name.value).to_string();
            if layer.class.value == "InputLayer" {
                self.reads(&layer)?;
                continue;
            }
            let nodes = json.get("inbound_nodes").map(Json::list).unwrap_or_default();
            let calls: Vec<Vec<Spanned<String>>> = nodes.iter().map(names).collect();
            let made = match calls.as_slice() {
                [] => self.refuse(layer.name.span, format!("`{}` reads nothing", layer.name.value)),
                [sources] => self.sources(&layer, sources, &values).and_then(|inputs| {
                    let follow = followers(&id, layers, &readers);
                    let classes: Vec<&str> =
                        follow.iter().filter_map(|layer| layer.get("class_name")?.text()).collect();
                    let is_map_again = is_map_again(&classes, |index| follow[index].get("config"));
                    self.made(json, &layer, &inputs, depth, is_map_again)
                }),
                [_, _, ..] => self.refuse(
                    layer.name.span,
                    format!(
                        "`{}` is called {} times with the same weights, which archc's layers are not",
                        layer.name.value,
                        calls.len()
                    ),
                ),
            };
            let made = match made {
                Err(Failure::Said(problem)) => {
                    self.problems.push(problem);
                    Err(Failure::Lost)
                }
                other => other,
            };
            values.insert(id, made);
        }
        let outputs = config.get("output_layers").map(names).unwrap_or_default();
        let Some(output) = outputs.first() else { return self.refuse(config.span, "the model makes nothing") };
        for other in &outputs[1..] {
            let message = format!("the output `{}` is left out: a network of archc has one", other.value);
            self.problems.push(Diagnostic::warning(Code::Unused, other.span, message));
        }
        match values.get(&output.value) {
            Some(Ok(data)) => Ok(*data),
            Some(Err(_)) => Err(Failure::Lost),
            None => Err(unknown(output)),
        }
    }

    fn sources(
        &mut self,
        layer: &Layer<'_>,
        names: &[Spanned<String>],
        values: &HashMap<String, Made>,
    ) -> Made<Vec<Data>> {
        self.wires += names.len();
        if self.wires > MOST_WIRES {
            let message = format!("layers read more than {MOST_WIRES} values");
            return Err(Diagnostic::error(Code::Limit, layer.name.span, message).into());
        }
        let source = |name: &Spanned<String>| match values.get(&name.value) {
            Some(Ok(data)) => Ok(*data),
            Some(Err(_)) => Err(Failure::Lost),
            None => Err(unknown(name)),
        };
        names.iter().map(source).collect()
    }

    fn made(&mut self, json: &Json, layer: &Layer<'_>, inputs: &[Data], depth: usize, is_map_again: bool) -> Made {
        if matches!(layer.class.value.as_str(), "Sequential" | "Functional" | "Model") {
            return self.model(json, &layer.path, inputs, depth + 1);
        }
        self.build(layer, inputs, is_map_again)
    }

    /// Adds a layer under the name that it has there.
    pub fn add(&mut self, name: &Spanned<String>, call: Call, inputs: Vec<Value>) -> Made<Value> {
        let made = self.net.layer(name, call, inputs);
        if self.net.shape(made).is_none() {
            self.misfit.get_or_insert(made);
            return Err(Failure::Lost);
        }
        Ok(made)
    }

    /// The full name of a layer in the new file.
    pub fn full(&self, layer: &Layer<'_>) -> Spanned<String> {
        Spanned::new(layer.path.clone(), layer.name.span)
    }

    /// Notes where a weight of a layer is stored: `part` there, `own` here.
    pub fn store(&mut self, layer: &Layer<'_>, made: Value, own: &str, index: usize, part: &str, order: Order) {
        let name = self.net.weight_name(made, own);
        let stored = format!("{}\n{index}\n{part}", layer.path);
        self.stored.push(Stored { layer: stored, arrays: vec![Array { name, order }] });
    }

    /// Of a value that must be there, its shape.
    pub fn shape(&self, data: Data) -> Made<Shape> {
        self.net.shape(data.value).ok_or(Failure::Lost)
    }

    /// The value as a map.
    pub fn map(&self, layer: &Layer<'_>, data: Data) -> Made<Value> {
        match (data.is_flat, self.shape(data)?) {
            (false, Shape::Map { .. }) => Ok(data.value),
            _ => {
                let message = format!("`{}` reads a map, and a vector arrives", layer.name.value);
                Err(Diagnostic::error(Code::WrongRank, layer.class.span, message).into())
            }
        }
    }

    pub fn plain(value: Value) -> Data {
        Data { value, is_flat: false }
    }
}

fn unknown(name: &Spanned<String>) -> Failure {
    let message = format!("no layer before this one is called `{}`", name.value);
    Diagnostic::error(Code::UnknownReference, name.span, message).into()
}
