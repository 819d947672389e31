//! `include:`: other files, whose blocks can be called.
//!
//! The compiler opens no file by itself: a [`Load`] gives it the texts. Paths are relative to the file that they are
//! written in, with `/` on every system. Each file is read once, however often it is included; one that includes itself
//! is an error.

use std::collections::HashSet;
use std::path::{Component, Path, PathBuf};

use super::ast::{Setting, Text};
use super::value::wrong_type;
use super::{Format, format_of, read};
use crate::budget::Budget;
use crate::diagnostic::{Code, Diagnostic, Sources, Span, Spanned};

/// Gives the text of an included file, called as diagnostics will call it: `nets/blocks.yaml` if `nets/vgg.yaml`
/// includes `blocks.yaml`. The error is why there is none.
pub type Load<'a> = dyn Fn(&str) -> Result<String, String> + 'a;

/// A [`Load`] for programs that have no files to give.
///
/// # Errors
/// Always.
pub fn no_files(_name: &str) -> Result<String, String> {
    Err("this program opens no files".to_string())
}

/// More files than this are refused, and more bytes than this in all of them: blocks are short, and each file may hold
/// as many values as a network.
const MOST_FILES: usize = 100;
const LONGEST: usize = 1 << 20;

/// The files that a document includes, each behind those that it includes itself.
pub(super) struct Included {
    pub files: Vec<Spanned<Setting>>,
    /// Whether all of them could be read.
    pub complete: bool,
}

/// A file that includes others.
struct Including<'a> {
    /// What diagnostics call it.
    name: &'a str,
    root: &'a Spanned<Setting>,
    /// The file that includes it, and where.
    by: Option<(&'a Including<'a>, Span)>,
}

/// What has been read so far.
struct Reading<'a, 'l> {
    sources: &'a mut Sources,
    load: &'a Load<'l>,
    names: HashSet<String>,
    length: Budget,
    files: Vec<Spanned<Setting>>,
    errors: Vec<Diagnostic>,
}

/// Every file that `root`, which is called `name`, includes directly or through others.
pub(super) fn files(
    sources: &mut Sources,
    name: &str,
    root: &Spanned<Setting>,
    load: &Load<'_>,
    errors: &mut Vec<Diagnostic>,
) -> Included {
    let mut reading = Reading {
        sources,
        load,
        names: HashSet::new(),
        length: Budget::new(LONGEST),
        files: Vec::new(),
        errors: Vec::new(),
    };
    reading.includes_of(&Including { name, root, by: None });
    let Reading { files, errors: mistakes, .. } = reading;
    let complete = mistakes.is_empty();
    errors.extend(mistakes);
    Included { files, complete }
}

impl Reading<'_, '_> {
    fn includes_of(&mut self, file: &Including<'_>) {
        let Setting::Map(section) = &file.root.value else { return };
        let Some(value) = section.get("include") else { return };
        let paths = match &value.value {
            Setting::List(paths) => paths.as_slice(),
            _ => std::slice::from_ref(value),
        };
        for path in paths {
            let Setting::Text(text) = &path.value else {
                self.errors.push(wrong_type("`include`", "a path such as `blocks.yaml`, or a list of them", path));
                continue;
            };
            let included = self.include(file, text);
            self.errors.extend(included.err());
        }
    }

    fn include(&mut self, by: &Including<'_>, path: &Text) -> Result<(), Diagnostic> {
        let span = path.place(0..path.text.len());
        let name = beside(by.name, &path.text).ok_or_else(|| {
            let error = Diagnostic::error(Code::Unreadable, span, format!("`{}` is no relative path", path.text));
            error.help("an included file is found from the file that includes it: `include: blocks.yaml`")
        })?;
        let mut open = Some(by);
        while let Some(file) = open {
            if same(file.name, &name) {
                return Err(cycle(by, &name, span));
            }
            open = file.by.map(|(by, _)| by);
        }
        if !self.names.insert(name.clone()) {
            return Ok(());
        }
        if self.names.len() > MOST_FILES {
            let message = format!("more than {MOST_FILES} files are included");
            return Err(Diagnostic::error(Code::Limit, span, message));
        }
        let text = (self.load)(&name).map_err(|reason| {
            Diagnostic::error(Code::Unreadable, span, format!("cannot include `{name}`: {reason}"))
        })?;
        if !self.length.spend(text.len()) {
            let message = format!("the included files have more than {LONGEST} bytes");
            return Err(Diagnostic::error(Code::Limit, span, message));
        }
        let format = format_of(&name).unwrap_or(Format::Yaml);
        let mentions_blocks = mentions_blocks(&text);
        let source = self.sources.add(name.as_str(), text);
        let (root, mut errors) = read(self.sources, source, format);
        let defines_blocks = match root.as_ref().map(|root| &root.value) {
            Some(Setting::Map(section)) => ["blocks", "include"].iter().any(|key| section.get(key).is_some()),
            _ => false,
        };
        // A file of somebody else's may have been included, by mistake or to have it shown: nothing of it is quoted.
        let mistaken = mentions_blocks && !errors.is_empty();
        if !defines_blocks && !mistaken {
            let message = format!("`{name}` is not a file of blocks");
            let error = Diagnostic::error(Code::WrongType, span, message);
            return Err(error.help("an included file is a mapping with `blocks:`, or with an `include:` of its own"));
        }
        self.errors.append(&mut errors);
        let Some(root) = root else { return Ok(()) };
        self.includes_of(&Including { name: &name, root: &root, by: Some((by, span)) });
        self.files.push(root);
        Ok(())
    }
}

/// Whether a text that cannot be read to its end is meant to define blocks.
fn mentions_blocks(text: &str) -> bool {
    text.lines().any(|line| {
        let key = line.trim_start_matches(['[', '{', '"', '\'']).strip_prefix("blocks");
        key.is_some_and(|rest| rest.trim_start_matches(['"', '\'', ' ']).starts_with([':', '=', '.', ']']))
    })
}

/// `a.yaml` includes itself, by way of the files that are being read.
fn cycle(by: &Including<'_>, name: &str, span: Span) -> Diagnostic {
    let mut error = Diagnostic::error(Code::Recursion, span, format!("`{name}` includes itself"));
    let mut file = by;
    while let Some((outer, place)) = file.by {
        error = error.other(place, format!("`{}` is included here", file.name));
        file = outer;
    }
    error
}

/// The path of what the file `name` calls `path`; `None` if that is not relative.
fn beside(name: &str, path: &str) -> Option<String> {
    let relative = !path.is_empty() && Path::new(path).is_relative() && !path.contains(['\\', ':', '\0']);
    let folder = Path::new(name).parent().unwrap_or(Path::new(""));
    relative.then(|| normal(&folder.join(path)).to_string_lossy().replace('\\', "/"))
}

/// `a/./b/../c` is `a/c`.
fn normal(path: &Path) -> PathBuf {
    let mut parts = PathBuf::new();
    for part in path.components() {
        let leaves = matches!(parts.components().next_back(), Some(Component::Normal(_)));
        match part {
            Component::CurDir => {}
            Component::ParentDir if leaves => drop(parts.pop()),
            other => parts.push(other),
        }
    }
    parts
}

fn same(name: &str, other: &str) -> bool {
    normal(Path::new(name)) == normal(Path::new(other))
}

#[cfg(test)]
mod tests {
    use super::beside;

    #[test]
    fn paths_are_relative_to_the_file() {
        for (name, path, expected) in [
            ("nets/a.yaml", "b.yaml", Some("nets/b.yaml")),
            ("nets/a.yaml", "../blocks/./b.yaml", Some("blocks/b.yaml")),
            ("a.yaml", "../b.yaml", Some("../b.yaml")),
            ("/x/a.yaml", "y/b.yaml", Some("/x/y/b.yaml")),
            ("a.yaml", "/etc/passwd", None),
            ("a.yaml", "", None),
            ("a.yaml", "C:\\b.yaml", None),
        ] {
            assert_eq!(beside(name, path).as_deref(), expected, "{path} from {name}");
        }
    }
}
