//! What a row says of its image, as the task has it.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;

use super::super::targets::{LabelSets, NumberRows, Targets};
use super::rows::{ELEMENT, NESTED};
use crate::diagnostic::printable;
use crate::recipe::{Table, Task};

/// What a row says of its image, in numbers of names in their order of appearance.
#[derive(Debug, Clone, PartialEq)]
pub enum Marks {
    /// Its class.
    Class(u32),
    /// Its labels, in ascending order.
    Labels(Vec<u32>),
    /// Its numbers, column by column.
    Numbers(Vec<f32>),
    /// Its mask's file.
    Mask(PathBuf),
}

/// Names, each with a number in its order of appearance.
#[derive(Default)]
pub struct Names {
    numbers: HashMap<String, u32>,
    pub names: Vec<String>,
}

impl Names {
    pub fn number(&mut self, name: &str) -> u32 {
        if let Some(number) = self.numbers.get(name) {
            return *number;
        }
        let number = self.names.len() as u32;
        self.numbers.insert(name.to_owned(), number);
        self.names.push(name.to_owned());
        number
    }
}

/// How rows of a table say what is known of their images.
#[derive(Debug, Clone, Copy)]
pub enum Marking<'a> {
    /// One column holds the class.
    Class,
    /// One column holds the labels, with this between them.
    Separated(&'a str),
    /// Columns hold 1 or 0 each.
    Columns,
    /// Columns hold a number each.
    Numbers,
    /// The file of the mask is named.
    Mask,
}

impl<'a> Marking<'a> {
    /// That of a table for a task.
    pub fn of(task: Task, table: &'a Table) -> Marking<'a> {
        match (task, &table.separator) {
            (Task::Class, _) => Marking::Class,
            (Task::Multilabel, Some(separator)) => Marking::Separated(separator),
            (Task::Multilabel, None) => Marking::Columns,
            (Task::Regression, _) => Marking::Numbers,
            (Task::Segment, _) => Marking::Mask,
        }
    }

    /// What a row says, by the fields in some columns; or why it says nothing.
    pub fn read(
        self,
        fields: &[String],
        columns: &[String],
        places: &[usize],
        names: &mut Names,
    ) -> Result<Marks, String> {
        let first = || places.first().map_or("", |at| fields[*at].as_str());
        match self {
            Marking::Class => one_line(first(), "class").map(|name| Marks::Class(names.number(name))),
            // Where its name is made of the row, the reader does that.
            Marking::Mask => Err("it has no mask".to_owned()),
            Marking::Separated(separator) => {
                // A list of JSON is divided already.
                let listed: Vec<&str> = match first().strip_prefix(ELEMENT) {
                    Some(list) => list.split(ELEMENT).collect(),
                    None => first().split(separator).collect(),
                };
                let found = listed.into_iter().map(str::trim).filter(|name| !name.is_empty());
                let labels: Result<Vec<u32>, String> =
                    found.map(|name| one_line(name, "label").map(|name| names.number(name))).collect();
                Ok(sorted(labels?))
            }
            Marking::Columns => {
                let mut labels = Vec::new();
                for at in places {
                    let number = names.number(&columns[*at]);
                    match fields[*at].trim() {
                        "1" | "1.0" | "true" | "True" | "TRUE" => labels.push(number),
                        "0" | "0.0" | "false" | "False" | "FALSE" => {}
                        other => {
                            let shown: String = printable(other).chars().take(50).collect();
                            return Err(format!("the column `{}` holds `{shown}`, not 1 or 0", columns[*at]));
                        }
                    }
                }
                Ok(sorted(labels))
            }
            Marking::Numbers => {
                let number = |at: &usize| {
                    names.number(&columns[*at]);
                    let field = fields[*at].trim();
                    field.parse::<f32>().ok().filter(|value| value.is_finite()).ok_or_else(|| {
                        let shown: String = printable(field).chars().take(50).collect();
                        let is_large = field.parse::<f64>().is_ok_and(f64::is_finite);
                        let why = if is_large { "is too large for single precision" } else { "is no number" };
                        format!("the column `{}` holds `{shown}`, which {why}", columns[*at])
                    })
                };
                places.iter().map(number).collect::<Result<_, _>>().map(Marks::Numbers)
            }
        }
    }

    /// For people: what stands in which columns.
    pub fn shown(self, columns: &[String], places: &[usize]) -> String {
        const SHOWN: usize = 5;
        let names: Vec<String> = places.iter().take(SHOWN).map(|at| format!("`{}`", columns[*at])).collect();
        let names = match places.len().saturating_sub(SHOWN) {
            0 => names.join(", "),
            more => format!("{} and {more} more", names.join(", ")),
        };
        match self {
            Marking::Class => format!("classes in {names}"),
            Marking::Separated(separator) => format!("labels in {names}, with `{separator}` between them"),
            Marking::Columns => format!("labels in the columns {names}"),
            Marking::Numbers => format!("numbers in {names}"),
            Marking::Mask => format!("masks in {names}"),
        }
    }

    /// The names of what training images have, by number: sorted, but columns as they were listed.
    pub fn names<'b>(self, marks: impl Iterator<Item = &'b Marks>, names: &Names) -> Vec<String> {
        let all = || names.names.iter();
        match self {
            Marking::Columns | Marking::Numbers | Marking::Mask => all().cloned().collect(),
            Marking::Class | Marking::Separated(_) => {
                let mut seen = vec![false; names.names.len()];
                marks.for_each(|marks| marks.numbers().iter().for_each(|number| seen[*number as usize] = true));
                let mut classes: Vec<String> =
                    all().zip(seen).filter(|(_, seen)| *seen).map(|(name, _)| name.clone()).collect();
                classes.sort_unstable();
                classes
            }
        }
    }
}

fn sorted(mut labels: Vec<u32>) -> Marks {
    labels.sort_unstable();
    labels.dedup();
    Marks::Labels(labels)
}

fn one_line<'a>(name: &'a str, what: &str) -> Result<&'a str, String> {
    match name {
        "" => Err(format!("it has no {what}")),
        name if name.starts_with(ELEMENT) => Err(format!("the {what} is a list, not one name")),
        name if name.starts_with(NESTED) => Err(format!("the {what} is not a name: {}", &name[1..])),
        name if name.contains(char::is_control) => Err(format!("the {what} {name:?} is not one line of text")),
        name => Ok(name),
    }
}

impl Marks {
    pub fn numbers(&self) -> &[u32] {
        match self {
            Marks::Class(class) => std::slice::from_ref(class),
            Marks::Labels(labels) => labels,
            Marks::Numbers(_) | Marks::Mask(_) => &[],
        }
    }

    /// For people.
    pub fn shown(&self, names: &Names) -> String {
        let name = |number: &u32| format!("`{}`", names.names[*number as usize]);
        let shown = self.numbers().iter().map(name).collect::<Vec<_>>().join(", ");
        match self {
            Marks::Class(_) => format!("of the class {shown}"),
            Marks::Labels(labels) if labels.is_empty() => "without labels".to_owned(),
            Marks::Labels(_) => format!("with the labels {shown}"),
            Marks::Mask(file) => format!("with the mask {}", file.display()),
            Marks::Numbers(numbers) => {
                let numbers = numbers.iter().map(f32::to_string).collect::<Vec<_>>().join(", ");
                format!("with {numbers}")
            }
        }
    }
}

/// What each image is held out by: its class, or its rarest label, of which so a part is held out however rare it is.
/// In whichever order the classes are listed, the images are the same.
pub fn strata<'a>(
    marks: impl Iterator<Item = &'a Marks> + Clone,
    classes: &[String],
    numbers: &[Option<u32>],
) -> Vec<u32> {
    let mut by_name: Vec<usize> = (0..classes.len()).collect();
    by_name.sort_unstable_by_key(|class| &classes[*class]);
    let mut ranks = vec![0; classes.len()];
    (0..).zip(by_name).for_each(|(rank, class)| ranks[class] = rank);
    let classes = classes.len();
    let own = |marks: &'a Marks| {
        let classes = marks.numbers().iter().filter_map(|number| numbers[*number as usize]);
        classes.map(|class| ranks[class as usize])
    };
    let mut counts = vec![0usize; classes];
    marks.clone().flat_map(own).for_each(|class| counts[class as usize] += 1);
    // Images without any are a kind of their own.
    let rarest = |marks| own(marks).min_by_key(|class| (counts[*class as usize], *class)).unwrap_or(classes as u32);
    marks.map(rarest).collect()
}

/// What is known of images, by the classes' numbers of the names. The error is the place of the first image of which a
/// name has none, and that name's number.
pub fn targets<'a>(
    task: Task,
    marks: impl Iterator<Item = &'a Marks>,
    numbers: &[Option<u32>],
) -> Result<Targets, (usize, u32)> {
    let number = |at: usize, name: &u32| numbers[*name as usize].ok_or((at, *name));
    let mut marks = marks.enumerate();
    match task {
        // Of masks, nothing is known but their files: see `Reader::masks`.
        Task::Class | Task::Segment => {
            let classes = marks.flat_map(|(at, marks)| marks.numbers().iter().map(move |name| number(at, name)));
            Ok(Targets::from(classes.collect::<Result<Vec<u32>, _>>()?))
        }
        Task::Multilabel => {
            let mut sets = LabelSets::default();
            marks.try_for_each(|(at, marks)| {
                let labels = marks.numbers().iter().map(|name| number(at, name)).collect::<Result<Vec<u32>, _>>()?;
                sets.push(&labels);
                Ok(())
            })?;
            Ok(sets.into())
        }
        Task::Regression => {
            // Every column has its place; only their order may be another.
            let columns = numbers.len();
            let mut values = Vec::new();
            marks.try_for_each(|(at, marks)| {
                let Marks::Numbers(row) = marks else { return Ok(()) };
                let start = values.len();
                values.resize(start + columns, 0.0);
                for (name, value) in (0..).zip(row) {
                    values[start + number(at, &name)? as usize] = *value;
                }
                Ok(())
            })?;
            Ok(Targets::Numbers(Arc::new(NumberRows { columns, values })))
        }
    }
}
