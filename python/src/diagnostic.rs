//! What the compiler says, as Python sees it.

use archc::diagnostic::{Diagnostics, Severity, Span};
use pyo3::prelude::*;

/// How wide a diagnostic is drawn.
const WIDTH: usize = 100;

/// An error or a warning, with its place. Lines and columns count from 1, columns in Unicode characters.
#[pyclass(frozen, get_all, module = "archc")]
#[derive(Debug)]
pub struct Diagnostic {
    /// `"error"` or `"warning"`.
    severity: &'static str,
    /// What `archc explain` explains: `"E022"`.
    code: &'static str,
    /// What is wrong, in a line.
    message: String,
    /// The file, or what stands for it.
    file: String,
    /// The first line.
    line: usize,
    /// The first column.
    column: usize,
    /// The line of the first character behind the place.
    end_line: usize,
    /// The column of the first character behind the place.
    end_column: usize,
    /// What stands beside the underlined characters: the arithmetic, or what was found. May be empty.
    label: String,
    /// What to do about it, one text for each piece of advice.
    help: Vec<String>,
    /// The advice that a program can follow.
    suggestions: Vec<Py<Suggestion>>,
    /// All of it as `archc check` draws it.
    text: String,
}

/// Advice that a program can follow: the characters between the two places go, and `text` comes there.
#[pyclass(frozen, get_all, module = "archc")]
#[derive(Debug)]
pub struct Suggestion {
    /// The advice in words.
    message: String,
    /// What comes there.
    text: String,
    /// Whether it can only be what was meant.
    certain: bool,
    /// The file.
    file: String,
    /// The first line.
    line: usize,
    /// The first column.
    column: usize,
    /// The line of the first character that stays.
    end_line: usize,
    /// The column of the first character that stays.
    end_column: usize,
}

#[pymethods]
impl Diagnostic {
    fn __str__(&self) -> &str {
        &self.text
    }

    fn __repr__(&self) -> String {
        let Diagnostic { severity, code, message, file, line, column, .. } = self;
        format!("<archc.Diagnostic {severity}[{code}] {file}:{line}:{column}: {message}>")
    }
}

#[pymethods]
impl Suggestion {
    fn __repr__(&self) -> String {
        let Suggestion { message, file, line, column, .. } = self;
        format!("<archc.Suggestion {file}:{line}:{column}: {message}>")
    }
}

/// Everything that was said.
pub fn all(py: Python<'_>, said: &Diagnostics) -> PyResult<Vec<Py<Diagnostic>>> {
    let place = |span: Span| {
        let (start, end) = said.sources.positions(span);
        (said.sources.get(span.source).name.clone(), start, end)
    };
    let one = |diagnostic: &archc::diagnostic::Diagnostic| {
        let (file, start, end) = place(diagnostic.primary.span);
        let suggestions = diagnostic.help.iter().filter_map(|help| {
            let edit = help.edit.as_ref()?;
            let (file, start, end) = place(edit.span);
            let suggestion = Suggestion {
                message: help.text.clone(),
                text: edit.text.clone(),
                certain: help.is_certain,
                file,
                line: start.line,
                column: start.column,
                end_line: end.line,
                end_column: end.column,
            };
            Some(Py::new(py, suggestion))
        });
        let suggestions = suggestions.collect::<PyResult<_>>()?;
        let alone = Diagnostics { sources: said.sources.clone(), list: vec![diagnostic.clone()] };
        let diagnostic = Diagnostic {
            severity: match diagnostic.severity {
                Severity::Error => "error",
                Severity::Warning => "warning",
            },
            code: diagnostic.code.id(),
            message: diagnostic.message.clone(),
            file,
            line: start.line,
            column: start.column,
            end_line: end.line,
            end_column: end.column,
            label: diagnostic.primary.text.clone(),
            help: diagnostic.help.iter().map(|help| help.text.clone()).collect(),
            suggestions,
            text: alone.render(false, WIDTH),
        };
        Py::new(py, diagnostic)
    };
    said.list.iter().map(one).collect()
}

/// The exception for a text with mistakes.
pub fn compile_error(py: Python<'_>, said: &Diagnostics) -> PyErr {
    let made = || -> PyResult<PyErr> {
        let class = py.import("archc._errors")?.getattr("CompileError")?;
        Ok(PyErr::from_value(class.call1((said.render(false, WIDTH), all(py, said)?))?))
    };
    made().unwrap_or_else(|error| error)
}

/// The exception for what else goes wrong.
pub fn error(py: Python<'_>, message: impl ToString) -> PyErr {
    let made = || -> PyResult<PyErr> {
        let class = py.import("archc._errors")?.getattr("Error")?;
        Ok(PyErr::from_value(class.call1((message.to_string(),))?))
    };
    made().unwrap_or_else(|error| error)
}
