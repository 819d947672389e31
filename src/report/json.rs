//! The JSON of `archc check`, which other programs rely on: fields are added, never changed.

use std::io;

use serde::{Serialize, Serializer};

use super::{Training, View};
use crate::compile::{Checked, Compiled};
use crate::diagnostic::{Diagnostic, Diagnostics, Help, Severity, Span};
use crate::graph::Node;
use crate::network::Network;
use crate::quantity::BEYOND;
use crate::syntax::Origin;

/// Writes one line for a file: what is known of its network or its blocks, or only what is wrong with it. `view` says
/// whose memory is shown; there are always all layers.
///
/// # Errors
/// Those of `out`.
pub fn check(
    out: impl io::Write,
    file: &str,
    result: &Result<Checked, Diagnostics>,
    view: impl Fn(&Network) -> View,
) -> io::Result<()> {
    let mut out = out;
    match result {
        Ok(Checked::Network(compiled)) => {
            let network = &compiled.network;
            serde_json::to_writer(&mut out, &Sound::new(file, compiled, view(network)))
        }
        Ok(Checked::Library { blocks, warnings }) => {
            serde_json::to_writer(&mut out, &Library { file, blocks, diagnostics: diagnostics(warnings) })
        }
        Err(errors) => serde_json::to_writer(&mut out, &Refused { file, diagnostics: diagnostics(errors) }),
    }?;
    out.write_all(b"\n")
}

#[derive(Serialize)]
struct Refused<'a> {
    file: &'a str,
    diagnostics: Vec<Said<'a>>,
}

/// A file of blocks for others.
#[derive(Serialize)]
struct Library<'a> {
    file: &'a str,
    blocks: &'a [String],
    diagnostics: Vec<Said<'a>>,
}

#[derive(Serialize)]
struct Sound<'a> {
    file: &'a str,
    name: &'a str,
    input: Vec<usize>,
    layers: Layers<'a>,
    total: Total,
    memory: MemoryLine,
    diagnostics: Vec<Said<'a>>,
}

/// All layers; each is put into words when it is written.
struct Layers<'a> {
    network: &'a Network,
    origins: &'a [Origin],
    texts: &'a Diagnostics,
}

impl<'a> Serialize for Layers<'a> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Layers { network, origins, texts } = *self;
        let fields = network.receptive_fields();
        let layer = |(index, node): (usize, &'a Node)| {
            let field = fields[index + 1].size;
            LayerLine {
                name: &node.name,
                kind: node.kind,
                call: node.call.to_string(),
                inputs: node.inputs.iter().map(|input| network.graph.name(*input)).collect(),
                output: node.output.dims(),
                arithmetic: network.arithmetic(node),
                params: network.params(node),
                macs: known(network.macs(node)),
                receptive_field: [field.height, field.width].map(|side| (side != usize::MAX).then_some(side)),
                trace: origins[index]
                    .trace
                    .iter()
                    .map(|frame| TraceStep { what: &frame.what, place: place(frame.span, texts) })
                    .collect(),
            }
        };
        serializer.collect_seq(network.graph.nodes.iter().enumerate().map(layer))
    }
}

#[derive(Serialize)]
struct LayerLine<'a> {
    name: &'a str,
    kind: &'a str,
    call: String,
    inputs: Vec<&'a str>,
    output: Vec<usize>,
    arithmetic: Option<String>,
    params: u64,
    /// This and other sums are null where they stopped for being too large.
    macs: Option<u64>,
    receptive_field: [Option<usize>; 2],
    trace: Vec<TraceStep<'a>>,
}

#[derive(Serialize)]
struct Total {
    params: Option<u64>,
    trainable: Option<u64>,
    statistics: Option<u64>,
    macs: Option<u64>,
    activations: Option<u64>,
}

/// Bytes.
#[derive(Serialize)]
struct MemoryLine {
    batch: usize,
    threads: usize,
    weights: Option<u64>,
    gradients: Option<u64>,
    optimizer: Option<u64>,
    activations: Option<u64>,
    workspace: Option<u64>,
    total: Option<u64>,
    /// With `--memory` alone, and the largest batch with which training stays within it, or 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    largest_batch: Option<usize>,
}

/// Lines and columns from 1, columns in Unicode characters.
#[derive(Serialize)]
struct Location<'a> {
    file: &'a str,
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
}

/// One call on the way to a layer, outermost first.
#[derive(Serialize)]
struct TraceStep<'a> {
    what: &'a str,
    #[serde(flatten)]
    place: Location<'a>,
}

#[derive(Serialize)]
struct Said<'a> {
    severity: &'static str,
    code: &'static str,
    message: &'a str,
    #[serde(flatten)]
    place: Location<'a>,
    label: &'a str,
    /// What is said about other places.
    labels: Vec<Remark<'a>>,
    /// The calls of blocks and presets that led there, outermost first.
    trace: Vec<TraceStep<'a>>,
    /// Lines; null if there is no advice.
    help: Option<String>,
    /// Advice that a program can follow.
    suggestions: Vec<Suggestion<'a>>,
}

/// Another place that takes part.
#[derive(Serialize)]
struct Remark<'a> {
    text: &'a str,
    #[serde(flatten)]
    place: Location<'a>,
}

/// The characters between the two places go, and `text` comes there.
#[derive(Serialize)]
struct Suggestion<'a> {
    message: &'a str,
    text: &'a str,
    /// Whether a program may follow it without asking.
    certain: bool,
    #[serde(flatten)]
    place: Location<'a>,
}

impl<'a> Sound<'a> {
    fn new(file: &'a str, compiled: &'a Compiled, view: View) -> Sound<'a> {
        let Compiled { network, origins, warnings } = compiled;
        let totals = network.totals();
        let Training { batch, threads } = view.training;
        let footprint = network.footprint(threads);
        let memory = footprint.training(batch);
        Sound {
            file,
            name: &network.name,
            input: network.graph.input.dims(),
            layers: Layers { network, origins, texts: warnings },
            total: Total {
                params: known(totals.params),
                trainable: known(totals.trainable),
                statistics: known(totals.statistics),
                macs: known(totals.macs),
                activations: known(totals.activations),
            },
            memory: MemoryLine {
                batch,
                threads,
                weights: known(memory.weights),
                gradients: known(memory.gradients),
                optimizer: known(memory.optimizer),
                activations: known(memory.activations),
                workspace: known(memory.workspace),
                total: known(memory.total()),
                limit: view.memory,
                largest_batch: view.memory.map(|limit| footprint.largest_batch(limit).unwrap_or(0)),
            },
            diagnostics: diagnostics(warnings),
        }
    }
}

/// A sum that did not stop short.
fn known(sum: u64) -> Option<u64> {
    (sum != BEYOND).then_some(sum)
}

fn diagnostics(texts: &Diagnostics) -> Vec<Said<'_>> {
    texts.list.iter().map(|diagnostic| said(diagnostic, texts)).collect()
}

fn said<'a>(diagnostic: &'a Diagnostic, texts: &'a Diagnostics) -> Said<'a> {
    let others = |is_call| diagnostic.others.iter().filter(move |other| other.is_call == is_call);
    Said {
        severity: match diagnostic.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        },
        code: diagnostic.code.id(),
        message: &diagnostic.message,
        place: place(diagnostic.primary.span, texts),
        label: &diagnostic.primary.text,
        labels: others(false).map(|other| Remark { text: &other.text, place: place(other.span, texts) }).collect(),
        trace: others(true).rev().map(|call| TraceStep { what: &call.text, place: place(call.span, texts) }).collect(),
        help: (!diagnostic.help.is_empty()).then(|| {
            let lines: Vec<&str> = diagnostic.help.iter().map(|help| help.text.as_str()).collect();
            lines.join("\n")
        }),
        suggestions: diagnostic.help.iter().filter_map(|help| suggestion(help, texts)).collect(),
    }
}

fn suggestion<'a>(help: &'a Help, texts: &'a Diagnostics) -> Option<Suggestion<'a>> {
    let edit = help.edit.as_ref()?;
    let (message, text, certain) = (&help.text, &edit.text, help.is_certain);
    Some(Suggestion { message, text, certain, place: place(edit.span, texts) })
}

fn place(span: Span, texts: &Diagnostics) -> Location<'_> {
    let (start, end) = texts.sources.positions(span);
    Location {
        file: &texts.sources.get(span.source).name,
        line: start.line,
        column: start.column,
        end_line: end.line,
        end_column: end.column,
    }
}
