//! What stands under the mouse: shape, arithmetic and cost of a layer or block, and what the manual says of a name.

use gen_lsp_types::{Contents, Hover, MarkupContent, MarkupKind};

use super::analysis::Analysis;
use super::document::Document;
use super::names::{Occurrence, Symbol};
use super::places::Places;
use super::text::Encoding;
use crate::diagnostic::{SourceId, Sources, Span};
use crate::layers::Layers;
use crate::manual;
use crate::network::Network;
use crate::quantity::exact;

/// So many layers of one call are listed.
const MOST_LISTED: usize = 4;

/// What is said of the place at byte `offset`.
pub fn hover(
    document: &Document,
    analysis: &Analysis,
    layers: &Layers,
    offset: usize,
    encoding: Encoding,
) -> Option<Hover> {
    let found = analysis.names(layers).at(analysis.source(), offset);
    let mut parts = Vec::new();
    if let (Some(places), Some(network)) = (analysis.places(), analysis.network()) {
        parts.extend(computed(found, places, network, offset));
    }
    parts.extend(found.and_then(|found| told(found, analysis, layers)));
    let problems = analysis.list().iter().filter(|diagnostic| {
        let Span { start, end, .. } = diagnostic.primary.span;
        analysis.is_here(diagnostic.primary.span) && (start as usize..=end as usize).contains(&offset)
    });
    parts.extend(problems.map(|problem| {
        let id = problem.code.id();
        format!("**{id}** {} `archc explain {id}` has an example.", problem.code.explanation().trim())
    }));
    if parts.is_empty() {
        return None;
    }
    let range = found.map(|found| document.lines.range(found.span.range(), &document.text, encoding));
    let value = parts.join("\n\n---\n\n");
    Some(Hover { contents: Contents::MarkupContent(MarkupContent { kind: MarkupKind::Markdown, value }), range })
}

/// What came of the layer or block that is called here.
fn computed(found: Option<&Occurrence>, places: Places<'_>, network: &Network, offset: usize) -> Option<String> {
    match found.map(|found| (&found.symbol, found.span.start)) {
        Some((Symbol::Block(_), start)) if !found.is_some_and(|found| found.is_definition) => {
            called(&places.of_block_call(start), network)
        }
        Some((Symbol::Layer(_) | Symbol::Parameter(..) | Symbol::Let(..), start)) => {
            listed(&places.of_call(start), network)
        }
        Some((Symbol::Key(path), start)) if is_structure(path) => listed(&places.of_call(start), network),
        // What a preset wrote stands at the settings.
        Some((Symbol::Number | Symbol::Recipe(_) | Symbol::Word(_), _)) => {
            let nodes = places.around(offset as u32);
            nodes.iter().any(|index| places.is_of_preset(*index)).then(|| listed(&nodes, network))?
        }
        _ => None,
    }
}

fn is_structure(path: &[String]) -> bool {
    matches!(path.last().map(String::as_str), Some("residual" | "branches" | "from"))
}

/// Each layer with its arithmetic.
fn listed(nodes: &[usize], network: &Network) -> Option<String> {
    let fields = network.receptive_fields();
    let shown = nodes.iter().take(MOST_LISTED).map(|index| {
        let node = &network.graph.nodes[*index];
        let inputs: Vec<String> = network.graph.input_shapes(node).iter().map(ToString::to_string).collect();
        let mut lines =
            vec![format!("`{}` **{}**", node.name, node.call), format!("{} → **{}**", inputs.join(", "), node.output)];
        lines.extend(network.arithmetic(node));
        lines.push(costs(network.params(node), network.macs(node), &fields[*index + 1].to_string()));
        lines.join("  \n")
    });
    let mut text = shown.collect::<Vec<_>>().join("\n\n");
    if nodes.len() > MOST_LISTED {
        text.push_str(&format!("\n\nand {} more", nodes.len() - MOST_LISTED));
    }
    (!nodes.is_empty()).then_some(text)
}

/// Each call of a block as a whole.
fn called(calls: &[Vec<usize>], network: &Network) -> Option<String> {
    let fields = network.receptive_fields();
    let shown = calls.iter().filter(|nodes| !nodes.is_empty()).take(MOST_LISTED).map(|nodes| {
        let (first, last) = (nodes[0], nodes[nodes.len() - 1]);
        let nodes: Vec<_> = nodes.iter().map(|index| &network.graph.nodes[*index]).collect();
        let inputs: Vec<String> = network.graph.input_shapes(nodes[0]).iter().map(ToString::to_string).collect();
        let sum = |part: &dyn Fn(&crate::graph::Node) -> u64| {
            nodes.iter().map(|node| part(node)).fold(0, u64::saturating_add)
        };
        let names = match first == last {
            true => format!("`{}`", nodes[0].name),
            false => format!("`{}` … `{}`", nodes[0].name, nodes[nodes.len() - 1].name),
        };
        let layers = if nodes.len() == 1 { "layer" } else { "layers" };
        let params = sum(&|node| network.params(node));
        let macs = sum(&|node| network.macs(node));
        [
            format!("{names}, {} {layers}", exact(nodes.len() as u64)),
            format!("{} → **{}**", inputs.join(", "), nodes[nodes.len() - 1].output),
            costs(params, macs, &fields[last + 1].to_string()),
        ]
        .join("  \n")
    });
    let mut text = shown.collect::<Vec<_>>().join("\n\n");
    if calls.len() > MOST_LISTED {
        text.push_str(&format!("\n\nand {} more calls", calls.len() - MOST_LISTED));
    }
    (!calls.is_empty()).then_some(text)
}

fn costs(params: u64, macs: u64, field: &str) -> String {
    format!("parameters {} · MACs {} · receptive field {field}", exact(params), exact(macs))
}

/// What is known of a name.
fn told(found: &Occurrence, analysis: &Analysis, layers: &Layers) -> Option<String> {
    let names = analysis.names(layers);
    match &found.symbol {
        Symbol::Layer(name) => match manual::about_layer(name) {
            Some(section) => Some(section.trim().to_string()),
            None => layers.find(name).map(|layer| format!("`{}`", layer.usage)),
        },
        Symbol::Block(_) | Symbol::Let(..) | Symbol::Parameter(..) => {
            let definition = names.of_symbol(&found.symbol).find(|other| other.is_definition)?;
            Some(format!("```yaml\n{}\n```", line(analysis.sources(), definition.span)))
        }
        Symbol::Item(index) => Some(format!("`{}`", names.full_name(*index))),
        Symbol::Argument(callee, _) => manual::about_layer(callee).map(|section| section.trim().to_string()),
        Symbol::Builtin(_) | Symbol::Function(_) => {
            let name = analysis.sources().text(found.span);
            let page = manual::about_topic("Expressions").ok()?;
            let row = page.lines().find(|line| line.starts_with('|') && mentions(line, name))?;
            Some(cells(row))
        }
        Symbol::Key(path) => {
            // Keys under `layers` and `blocks` stand at any depth.
            let path: Vec<&str> = path.iter().map(String::as_str).collect();
            let told = manual::about_key(&path).or_else(|| manual::about_key(&path[path.len().saturating_sub(2)..]))?;
            Some(if told.starts_with('|') { cells(told) } else { told.trim().to_string() })
        }
        Symbol::Recipe(name) => manual::about_recipe(name).map(|told| match told.starts_with('|') {
            true => cells(told),
            false => told.trim().to_string(),
        }),
        Symbol::Include(_) | Symbol::Word(_) | Symbol::Number => None,
    }
}

/// Whether the first cell of a row has `name` in it, alone or as a call.
fn mentions(row: &str, name: &str) -> bool {
    let first = row.split('|').nth(1).unwrap_or_default();
    let words = first.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    first.contains('`') && words.into_iter().any(|word| word == name)
}

/// The cells of a table's row as a paragraph.
fn cells(row: &str) -> String {
    let cells = row.trim().trim_matches('|').split(" | ").map(str::trim).filter(|cell| !cell.is_empty());
    cells.collect::<Vec<_>>().join(": ")
}

/// The line in which a place lies.
fn line(sources: &Sources, span: Span) -> String {
    let text = text_of(sources, span.source);
    let (start, end) = (span.start as usize, span.end as usize);
    let start = text[..start].rfind('\n').map_or(0, |at| at + 1);
    let end = text[end..].find('\n').map_or(text.len(), |at| end + at);
    text[start..end].trim().chars().take(LONGEST_LINE).collect()
}

/// Characters of a definition that are shown.
const LONGEST_LINE: usize = 200;

fn text_of(sources: &Sources, source: SourceId) -> &str {
    &sources.get(source).text
}
