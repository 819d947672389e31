//! What `data:` says of a table.

use std::collections::HashSet;

use super::data::text;
use crate::arguments::Form;
use crate::diagnostic::{Code, Diagnostic, Span, Spanned};
use crate::elaborate::language::Takes;
use crate::elaborate::settings::Settings;
use crate::recipe::{DataSet, Held, Table, Task};
use crate::syntax::ast::Setting;

/// The keys that only tables have.
const KEYS: [&str; 8] = ["file", "image", "label", "separator", "split", "group", "validation", "test"];

/// What stands under them; of what is wrong, nothing.
pub struct Entries {
    /// Where they stand.
    given: Vec<(&'static str, Span)>,
    file: Option<String>,
    columns: [Option<String>; 4],
    label: Option<Labels>,
    validation: Option<Held>,
    test: Option<String>,
}

impl Entries {
    pub fn read(settings: &mut Settings, problems: &mut Vec<Diagnostic>) -> Entries {
        let mut given = Vec::new();
        let mut word = |key: &'static str| {
            let setting = settings.take_as(key, || Takes::Text)?;
            given.push((key, setting.span));
            text(setting, key, problems).map(|text| text.value)
        };
        let [file, image, separator, split, group, test] =
            ["file", "image", "separator", "split", "group", "test"].map(&mut word);
        let label = settings.take_as("label", || Takes::OneOrMore(Box::new(Takes::Text))).and_then(|setting| {
            given.push(("label", setting.span));
            Labels::read(setting, problems)
        });
        let takes = || Takes::Either(vec![Takes::Value(Form::of::<f64>()), Takes::Text]);
        let validation = settings.take_as("validation", takes).and_then(|setting| {
            given.push(("validation", setting.span));
            held(setting, problems)
        });
        given.sort_by_key(|(key, _)| KEYS.iter().position(|other| other == key));
        Entries { given, file, columns: [image, separator, split, group], label, validation, test }
    }

    /// The table, if that is what the set is. `None` if something that it needs is missing, which is reported.
    pub fn table(
        self,
        set: &Spanned<DataSet>,
        task: &Spanned<Task>,
        problems: &mut Vec<Diagnostic>,
    ) -> Option<Option<Table>> {
        if set.value != DataSet::Table {
            let (needs, help) = match (task.value, set.value) {
                (Task::Class, _) | (Task::Segment, DataSet::Folder) => ("", ""),
                (Task::Multilabel | Task::Regression, DataSet::Medmnist) => ("", ""),
                (Task::Segment, _) => (
                    "`set: folder` or `set: table`",
                    "write `set: folder`, with the `path` to `train/images` and `train/masks`, or `set: table`",
                ),
                _ => (
                    "`set: table` or `set: medmnist`",
                    "write `set: table`, with the `file` that says what each image has",
                ),
            };
            if !needs.is_empty() {
                let message = format!("`task: {}` needs {needs}", task.value);
                let error = Diagnostic::error(Code::DataMismatch, task.span, message);
                problems.push(error.other(set.span, format!("{} has one class an image", set.value)).help(help));
                return None;
            }
            for (key, span) in self.given {
                let message = format!("`{key}` has no effect: it is for `set: table`");
                problems.push(Diagnostic::warning(Code::Unused, span, message));
            }
            return Some(None);
        }
        let Some(file) = self.file.clone() else {
            if !self.given.iter().any(|(key, _)| *key == "file") {
                let error = Diagnostic::error(Code::MissingKey, set.span, "`set: table` needs `file`, the table");
                problems.push(error.help("write for example `file: labels.csv`"));
            }
            return None;
        };
        self.check_labels(set, task, problems)?;
        let [image, separator, split, group] = self.columns;
        let label = self.label.map_or(Vec::new(), |labels| labels.names);
        let validation = self.validation.unwrap_or(Held::Part(Table::USUAL_PART));
        Some(Some(Table { file, image, label, separator, split, group, validation, test: self.test }))
    }

    /// Whether the columns and the separator are what the task asks for. `None` if not, which is reported.
    fn check_labels(&self, set: &Spanned<DataSet>, task: &Spanned<Task>, problems: &mut Vec<Diagnostic>) -> Option<()> {
        let place = |key: &str| self.given.iter().find(|(other, _)| *other == key).map(|(_, span)| *span);
        if self.label.is_none() && place("label").is_some() {
            // Whatever is wrong with it was said.
            return None;
        }
        let separator = self.columns[1].as_deref();
        let list = self.label.as_ref().filter(|labels| labels.is_list);
        let refuse = |span: Option<Span>, message: String, help: &str| {
            Err(Diagnostic::error(Code::InvalidArgument, span.unwrap_or(set.span), message).help(help))
        };
        let found = match (task.value, list, separator) {
            (_, _, Some("")) => refuse(
                place("separator"),
                "`separator` of `data` is empty".to_owned(),
                "write for example `separator: \"|\"`",
            ),
            (Task::Class, None, None) | (Task::Multilabel, Some(_), None) | (Task::Multilabel, None, Some(_)) => Ok(()),
            (Task::Regression, _, None) | (Task::Segment, None, None) => Ok(()),
            (Task::Regression, _, Some(_)) => refuse(
                place("separator"),
                "`separator` divides labels, and `task: regression` has numbers".to_owned(),
                "leave it out; a list of columns holds several numbers: `label: [x, y]`",
            ),
            (Task::Segment, Some(list), _) => refuse(
                Some(list.span),
                "`task: segment` has one mask an image, whose file one column names".to_owned(),
                "write the column, or how the names are made: `label: masks/{id}.png`",
            ),
            (Task::Segment, None, Some(_)) => refuse(
                place("separator"),
                "`separator` divides labels, and `task: segment` has masks".to_owned(),
                "leave it out",
            ),
            (Task::Class, Some(list), _) => refuse(
                Some(list.span),
                "a list of columns says which of several labels an image has, and `task: class` has one class an image"
                    .to_owned(),
                "write `task: multilabel`, or the one column that holds the classes",
            ),
            (Task::Class, None, Some(_)) => refuse(
                place("separator"),
                "`separator` divides the labels of an image, and `task: class` has one class an image".to_owned(),
                "write `task: multilabel`, or leave it out",
            ),
            (Task::Multilabel, Some(_), Some(_)) => refuse(
                place("separator"),
                "`separator` divides the labels in one column, and `label` names one for each".to_owned(),
                "leave one of them out",
            ),
            (Task::Multilabel, None, None) => refuse(
                place("label").or(Some(task.span)),
                "`task: multilabel` has to know how a row says which labels its image has".to_owned(),
                "write what stands between labels in a column, such as `separator: \"|\"`, or a list of columns that hold \
                 1 or 0: `label: [cat, dog]`",
            ),
        };
        found.map_err(|problem| problems.push(problem)).ok()
    }
}

/// One column or a list of them.
struct Labels {
    span: Span,
    names: Vec<String>,
    is_list: bool,
}

impl Labels {
    fn read(setting: &Spanned<Setting>, problems: &mut Vec<Diagnostic>) -> Option<Labels> {
        let span = setting.span;
        let Setting::List(list) = &setting.value else {
            let name = text(setting, "label", problems)?;
            return Some(Labels { span, names: vec![name.value], is_list: false });
        };
        if list.is_empty() {
            let error = Diagnostic::error(Code::InvalidArgument, span, "`label` of `data` names no column");
            problems.push(error.help("write a column's name, or a list of them"));
            return None;
        }
        let mut names: Vec<String> = Vec::with_capacity(list.len());
        let mut known = HashSet::new();
        for one in list {
            let name = text(one, "label", problems)?;
            if !known.insert(name.value.clone()) {
                let message = format!("`label` of `data` names the column `{}` twice", name.value);
                problems.push(Diagnostic::error(Code::InvalidArgument, one.span, message).help("leave it out once"));
                return None;
            }
            names.push(name.value);
        }
        Some(Labels { span, names, is_list: true })
    }
}

/// A part of the images, or another table.
fn held(setting: &Spanned<Setting>, problems: &mut Vec<Diagnostic>) -> Option<Held> {
    let part = match setting.value {
        Setting::Float(part) => part,
        Setting::Int(part) => part as f64,
        _ => return text(setting, "validation", problems).map(|file| Held::File(file.value)),
    };
    if part > 0.0 && part < 1.0 {
        return Some(Held::Part(part));
    }
    let message = "`validation` of `data` must be a part above 0 and below 1, or another table";
    let error = Diagnostic::error(Code::InvalidArgument, setting.span, message);
    problems.push(error.label(format!("found `{part}`")).help("write for example `validation: 0.2`"));
    None
}
