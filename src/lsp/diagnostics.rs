//! What is wrong or doubtful, as editors show it.

use gen_lsp_types::{
    Code as Shown, CodeDescription, Diagnostic as Told, DiagnosticRelatedInformation, DiagnosticSeverity,
    DiagnosticTag, Location, Message, Range, Uri,
};

use super::analysis::Analysis;
use super::document::Document;
use super::text::{Encoding, Lines};
use super::uri;
use crate::diagnostic::{Code, Diagnostic, Label, Severity, Span};

/// All that is said of a document, in the order of its text.
pub fn diagnostics(document: &Document, analysis: &Analysis, encoding: Encoding) -> Vec<Told> {
    analysis.list().iter().map(|diagnostic| told(diagnostic, document, analysis, encoding)).collect()
}

/// One diagnostic. If it is about an included file, it stands where that file's block is called, or at the start.
pub fn told(diagnostic: &Diagnostic, document: &Document, analysis: &Analysis, encoding: Encoding) -> Told {
    let labels = || std::iter::once(&diagnostic.primary).chain(&diagnostic.others);
    let shown = labels().find(|label| analysis.is_here(label.span));
    let span = shown.map_or(Span::new(analysis.source(), 0..0), |label| label.span);
    let is_elsewhere = !analysis.is_here(diagnostic.primary.span);
    let remark = |label: &Label| {
        let location = location(label.span, document, analysis, encoding)?;
        let text = if label.text.is_empty() { &diagnostic.message } else { &label.text };
        Some(DiagnosticRelatedInformation { location, message: text.clone() })
    };
    let others = labels().skip(usize::from(!is_elsewhere)).filter(|label| is_elsewhere || !label.text.is_empty());
    let related: Vec<DiagnosticRelatedInformation> = others.filter_map(remark).collect();
    Told {
        range: document.lines.range(span.range(), &document.text, encoding),
        severity: Some(match diagnostic.severity {
            Severity::Error => DiagnosticSeverity::Error,
            Severity::Warning => DiagnosticSeverity::Warning,
        }),
        code: Some(Shown::String(diagnostic.code.id().to_string())),
        code_description: Some(CodeDescription { href: Uri(page(diagnostic.code)) }),
        source: Some("archc".to_string()),
        message: Message::String(message(diagnostic)),
        tags: (diagnostic.code == Code::Unused).then(|| vec![DiagnosticTag::Unnecessary]),
        related_information: (!related.is_empty()).then_some(related),
        data: None,
    }
}

/// Where a code is explained.
fn page(code: Code) -> String {
    let version = env!("CARGO_PKG_VERSION");
    format!("https://docs.rs/archc/{version}/archc/diagnostic/enum.Code.html#variant.{code:?}")
}

/// All that is said in one text: what is wrong, the arithmetic, and what to do about it.
fn message(diagnostic: &Diagnostic) -> String {
    let label = Some(&diagnostic.primary.text).filter(|label| !label.is_empty());
    let help = diagnostic.help.iter().map(|help| format!("help: {}", help.text));
    let lines: Vec<String> = std::iter::once(diagnostic.message.clone()).chain(label.cloned()).chain(help).collect();
    lines.join("\n")
}

/// A place in whichever text; `None` if that is no file, as what a preset writes.
pub fn location(span: Span, document: &Document, analysis: &Analysis, encoding: Encoding) -> Option<Location> {
    if analysis.is_here(span) {
        let range = document.lines.range(span.range(), &document.text, encoding);
        return Some(Location { uri: document.uri.clone(), range });
    }
    let source = analysis.sources().get(span.source);
    if source.name.starts_with('<') {
        return None;
    }
    let range: Range = Lines::of(&source.text).range(span.range(), &source.text, encoding);
    Some(Location { uri: uri::of_path(&source.name), range })
}
