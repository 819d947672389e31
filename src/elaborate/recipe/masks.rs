//! What `data:` says of masks.

use std::collections::HashSet;

use super::data::text;
use crate::arguments::{FromValue, Value};
use crate::diagnostic::{Code, Diagnostic, Span, Spanned};
use crate::elaborate::language::Takes;
use crate::elaborate::settings::Settings;
use crate::recipe::{Masks, Task};
use crate::syntax::ast::Setting;

/// What stands under the keys that only masks have; of what is wrong, nothing.
pub struct Entries {
    /// Where they stand.
    given: Vec<(&'static str, Span)>,
    /// Nothing inside if it is wrong.
    classes: Option<Option<Spanned<Vec<String>>>>,
    ignore: u16,
}

impl Entries {
    pub fn read(settings: &mut Settings, problems: &mut Vec<Diagnostic>) -> Entries {
        let mut given = Vec::new();
        let classes = settings.take_as("classes", || Takes::List(Box::new(Takes::Text))).map(|setting| {
            given.push(("classes", setting.span));
            names(setting, problems)
        });
        let ignore = settings.optional("ignore").map(|level: Spanned<Level>| {
            given.push(("ignore", level.span));
            level.value.0
        });
        Entries { given, classes, ignore: ignore.unwrap_or(Masks::IGNORE) }
    }

    /// What masks say, if pixels have classes; `told` is how many classes the network tells apart, and where that
    /// stands. `None` if it is not known or wrong, which is reported.
    pub fn masks(
        self,
        task: &Spanned<Task>,
        told: Option<&Spanned<usize>>,
        problems: &mut Vec<Diagnostic>,
    ) -> Option<Option<Masks>> {
        if task.value != Task::Segment {
            for (key, span) in &self.given {
                let message = format!("`{key}` of `data` is about masks, and `task: {}` has none", task.value);
                let error = Diagnostic::error(Code::InvalidArgument, *span, message);
                problems.push(error.help("write `task: segment`, or leave it out"));
            }
            return self.given.is_empty().then_some(None);
        }
        let classes = match (self.classes, told) {
            (Some(names), _) => names?,
            (None, Some(told)) if told.value <= Masks::MOST_CLASSES => {
                Spanned::new(Masks::numbered(told.value).classes, told.span)
            }
            (None, Some(told)) => {
                problems.push(too_many(told.value, told.span));
                return None;
            }
            (None, None) => return None,
        };
        let count = classes.value.len();
        if let Some(told) = told.filter(|told| told.value != count) {
            let message =
                format!("`classes` of `data` names {count} classes, and the network tells {} apart", told.value);
            let error = Diagnostic::error(Code::DataMismatch, classes.span, message);
            problems.push(error.other(told.span, format!("{} classes", told.value)).help("write a name for each"));
            return None;
        }
        if count < 2 {
            let message = "there is nothing to tell apart: the pixels of masks are of one class";
            let error = Diagnostic::error(Code::DataMismatch, classes.span, message);
            problems
                .push(error.help("count what is around them as a class too: level 0 is the background, 1 the rest"));
            return None;
        }
        Some(Some(Masks { classes: classes.value, ignore: self.ignore }))
    }
}

fn too_many(classes: usize, span: Span) -> Diagnostic {
    let message =
        format!("masks have at most {} classes, a byte for each pixel; here are {classes}", Masks::MOST_CLASSES);
    Diagnostic::error(Code::DataMismatch, span, message)
}

/// The names of the classes.
fn names(setting: &Spanned<Setting>, problems: &mut Vec<Diagnostic>) -> Option<Spanned<Vec<String>>> {
    let Setting::List(list) = &setting.value else {
        let error = Diagnostic::error(Code::WrongType, setting.span, "`classes` of `data` must be a list of names");
        problems.push(error.help("write for example `classes: [background, cat, dog]`"));
        return None;
    };
    if list.len() > Masks::MOST_CLASSES {
        problems.push(too_many(list.len(), setting.span));
        return None;
    }
    let (mut names, mut known) = (Vec::with_capacity(list.len()), HashSet::new());
    for one in list {
        let name = text(one, "classes", problems)?.value;
        let wrong = match &name {
            name if name.is_empty() || name.contains(char::is_control) => "a class must be called by a line of text",
            name if !known.insert(name.clone()) => "two classes are called the same",
            _ => {
                names.push(name);
                continue;
            }
        };
        problems.push(Diagnostic::error(Code::InvalidArgument, one.span, wrong));
        return None;
    }
    Some(Spanned::new(names, setting.span))
}

/// A level of a mask.
struct Level(u16);

impl FromValue for Level {
    const EXPECTED: &'static str = "a level of a mask, from 0 to 65535";
    fn from_value(value: &Value) -> Option<Level> {
        match value {
            Value::Int(level) => u16::try_from(*level).ok().map(Level),
            _ => None,
        }
    }
}
