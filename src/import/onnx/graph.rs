//! A graph as its listing has it, with the place of every part.

use std::collections::HashMap;

use super::constant::Constant;
use crate::diagnostic::{Code, Diagnostic, SourceId, Span, Spanned};
use crate::import::json::{self, Json};

/// A graph.
#[derive(Debug)]
pub struct Graph {
    pub opset: i64,
    pub inputs: Vec<Port>,
    pub outputs: Vec<Port>,
    /// In the order of the file, in which each reads only what is made before it.
    pub nodes: Vec<Node>,
    /// By name.
    pub constants: HashMap<String, Constant>,
    pub name: String,
    pub span: Span,
}

#[derive(Debug)]
pub struct Port {
    pub name: Spanned<String>,
    pub kind: String,
    /// Numbers, and `None` for those that are not given. `None` if nothing is said of them.
    pub sizes: Option<Vec<Option<i64>>>,
    pub span: Span,
}

#[derive(Debug, Clone)]
pub struct Node {
    pub name: Spanned<String>,
    pub operator: Spanned<String>,
    /// Empty for ONNX's own.
    pub domain: String,
    /// Empty where an input is left out.
    pub inputs: Vec<Spanned<String>>,
    pub outputs: Vec<Spanned<String>>,
    pub attributes: Vec<(Spanned<String>, Json)>,
    pub span: Span,
}

impl Node {
    /// What messages call it: its name, or what it makes.
    pub fn title(&self) -> String {
        match (self.name.value.as_str(), self.outputs.first()) {
            ("", Some(output)) => format!("the node that makes `{}`", output.value),
            (name, _) => format!("node `{name}`"),
        }
    }

    /// An input by its place, unless it is left out.
    pub fn input(&self, index: usize) -> Option<&Spanned<String>> {
        self.inputs.get(index).filter(|name| !name.value.is_empty())
    }

    pub fn attribute(&self, key: &str) -> Option<&Json> {
        self.attributes.iter().find(|(name, _)| name.value == key).map(|(_, value)| value)
    }

    /// A whole number, with its place.
    pub fn whole(&self, key: &str, usual: i64) -> Spanned<i64> {
        let found = self.attribute(key).and_then(|json| Some(Spanned::new(json.whole()?, json.span)));
        found.unwrap_or(Spanned::new(usual, self.operator.span))
    }

    pub fn number(&self, key: &str, usual: f64) -> Spanned<f64> {
        let found = self.attribute(key).and_then(|json| Some(Spanned::new(json.number()?, json.span)));
        found.unwrap_or(Spanned::new(usual, self.operator.span))
    }

    pub fn text(&self, key: &str) -> Option<&str> {
        self.attribute(key)?.text()
    }

    /// Whole numbers, if the attribute is there.
    pub fn wholes(&self, key: &str) -> Option<Spanned<Vec<i64>>> {
        let json = self.attribute(key)?;
        let all = json.list().iter().map(Json::whole).collect::<Option<Vec<i64>>>()?;
        Some(Spanned::new(all, json.span))
    }

    /// In place of several nodes: another operator over these inputs.
    pub fn replaced(&mut self, operator: &str, inputs: Vec<Spanned<String>>, numbers: &[(&str, f64)]) {
        self.operator.value = operator.to_string();
        self.domain = FUSED.to_string();
        self.inputs = inputs;
        let span = self.operator.span;
        let attribute = |(key, number): &(&str, f64)| {
            (Spanned::new(key.to_string(), span), Json { span, value: json::Value::Float(*number) })
        };
        self.attributes = numbers.iter().map(attribute).collect();
    }
}

/// The domain of what several nodes come to.
pub const FUSED: &str = "several nodes";

/// The graph in a listing.
pub fn parse(text: &str, source: SourceId) -> Result<Graph, Diagnostic> {
    let mut lines = json::values(text, source)?.into_iter();
    let wrong = |span| Diagnostic::error(Code::Syntax, span, "it is no listing of an ONNX model");
    let head = lines.next().ok_or_else(|| wrong(Span::new(source, 0..0)))?;
    let opset = head.get("opset").and_then(Json::whole).ok_or_else(|| wrong(head.span))?;
    let name = head.get("name").and_then(Json::text).unwrap_or_default().to_string();
    let (inputs, outputs, nodes) = (Vec::new(), Vec::new(), Vec::new());
    let mut graph = Graph { opset, inputs, outputs, nodes, constants: HashMap::new(), name, span: head.span };
    for line in lines {
        let is_read = read(&line, &mut graph);
        is_read.ok_or_else(|| wrong(line.span))?;
    }
    Ok(graph)
}

fn read(line: &Json, graph: &mut Graph) -> Option<()> {
    if let Some(name) = line.get("node") {
        let names = |key| line.get(key)?.list().iter().map(Json::name).collect::<Option<Vec<_>>>();
        let attributes = match line.get("attributes").map(|json| json.value.clone()) {
            Some(json::Value::Map(entries)) => entries,
            _ => Vec::new(),
        };
        graph.nodes.push(Node {
            name: name.name()?,
            operator: line.get("op")?.name()?,
            domain: line.get("domain").and_then(Json::text).unwrap_or_default().to_string(),
            inputs: names("inputs")?,
            outputs: names("outputs")?,
            attributes,
            span: line.span,
        });
    } else if let Some(name) = line.get("tensor") {
        let name = name.name()?;
        let sizes = line.get("shape")?.list().iter().map(|size| usize::try_from(size.whole()?).ok());
        let sizes = sizes.collect::<Option<Vec<usize>>>()?;
        let values = line.get("values").map(|values| values.list().iter().map(Json::number).collect());
        let every = line.get("every").and_then(Json::number);
        let kind = line.get("type")?.text()?.to_string();
        let constant = Constant::tensor(name.clone(), kind, sizes, values.unwrap_or_default(), every);
        graph.constants.insert(name.value, constant);
    } else if let Some(port) = line.get("input") {
        graph.inputs.push(self::port(port, line)?);
    } else {
        graph.outputs.push(self::port(line.get("output")?, line)?);
    }
    Some(())
}

fn port(name: &Json, line: &Json) -> Option<Port> {
    let sizes = line.get("shape").map(|sizes| sizes.list().iter().map(Json::whole).collect());
    Some(Port { name: name.name()?, kind: line.get("type")?.text()?.to_string(), sizes, span: line.span })
}
