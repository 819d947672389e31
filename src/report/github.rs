//! Annotations for GitHub's workflows, one line a diagnostic:
//! `::error file=a.yaml,line=2,col=17,endLine=2,endColumn=20,title=E021::kernel 9×9 does not fit the 8×8 input`.
//!
//! Source: <https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands>.

use crate::diagnostic::{Diagnostic, Diagnostics, Severity};

/// One line for each diagnostic.
pub fn annotations(diagnostics: &Diagnostics) -> String {
    diagnostics.list.iter().map(|diagnostic| annotation(diagnostic, diagnostics)).collect()
}

fn annotation(diagnostic: &Diagnostic, texts: &Diagnostics) -> String {
    let command = match diagnostic.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let span = diagnostic.primary.span;
    let (start, end) = texts.sources.positions(span);
    let file = property(&texts.sources.get(span.source).name);
    // A line has columns only if the annotation ends on it.
    let columns = match start.line == end.line {
        true => format!(",col={},endColumn={}", start.column, end.column.max(start.column + 1) - 1),
        false => String::new(),
    };
    let help = diagnostic.help.iter().map(|help| format!("help: {}", help.text));
    let label = Some(diagnostic.primary.text.clone()).filter(|label| !label.is_empty());
    let lines: Vec<String> = [diagnostic.message.clone()].into_iter().chain(label).chain(help).collect();
    format!(
        "::{command} file={file},line={},endLine={}{columns},title={}::{}\n",
        start.line,
        end.line,
        property(diagnostic.code.id()),
        data(&lines.join("\n")),
    )
}

/// What stands behind `::`.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// What stands between the commas.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::{annotations, property};
    use crate::compile_source;
    use crate::syntax::Format;

    #[test]
    fn one_line_each() {
        let text = "input: [3, 8, 8]\nlayers: [cnov 1, conv 4 9x9]\n";
        let errors = compile_source("a,b.yaml", text, Format::Yaml, &[]).expect_err("it is wrong");
        assert_eq!(
            annotations(&errors),
            "::error file=a%2Cb.yaml,line=2,endLine=2,col=10,endColumn=13,title=E010::no layer or block is called `cnov`%0Ahelp: did you mean `conv`?\n"
        );
    }

    #[test]
    fn nothing_ends_a_property() {
        assert_eq!(property("C:\\50%,\r\nx"), "C%3A\\50%25%2C%0D%0Ax");
    }
}
