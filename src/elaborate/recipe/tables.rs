//! What `data:` says of a table.

use super::data::text;
use crate::arguments::Form;
use crate::diagnostic::{Code, Diagnostic, Span, Spanned};
use crate::elaborate::language::Takes;
use crate::elaborate::settings::Settings;
use crate::recipe::{DataSet, Held, Table};
use crate::syntax::ast::Setting;

/// The keys that only tables have.
const KEYS: [&str; 7] = ["file", "image", "label", "split", "group", "validation", "test"];

/// What stands under them; of what is wrong, nothing.
pub struct Entries {
    /// Where they stand.
    given: Vec<(&'static str, Span)>,
    file: Option<String>,
    columns: [Option<String>; 4],
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
        let [file, image, label, split, group, test] =
            ["file", "image", "label", "split", "group", "test"].map(&mut word);
        let takes = || Takes::Either(vec![Takes::Value(Form::of::<f64>()), Takes::Text]);
        let validation = settings.take_as("validation", takes).and_then(|setting| {
            given.push(("validation", setting.span));
            held(setting, problems)
        });
        given.sort_by_key(|(key, _)| KEYS.iter().position(|other| other == key));
        Entries { given, file, columns: [image, label, split, group], validation, test }
    }

    /// The table, if that is what the set is. `None` if something that it needs is missing, which is reported.
    pub fn table(self, set: &Spanned<DataSet>, problems: &mut Vec<Diagnostic>) -> Option<Option<Table>> {
        if set.value != DataSet::Table {
            for (key, span) in self.given {
                let message = format!("`{key}` has no effect: it is for `set: table`");
                problems.push(Diagnostic::warning(Code::Unused, span, message));
            }
            return Some(None);
        }
        let Some(file) = self.file else {
            if !self.given.iter().any(|(key, _)| *key == "file") {
                let error = Diagnostic::error(Code::MissingKey, set.span, "`set: table` needs `file`, the table");
                problems.push(error.help("write for example `file: labels.csv`"));
            }
            return None;
        };
        let [image, label, split, group] = self.columns;
        let validation = self.validation.unwrap_or(Held::Part(Table::USUAL_PART));
        Some(Some(Table { file, image, label, split, group, validation, test: self.test }))
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
