//! `archc explain TOPIC`

use clap::Args;

use super::{Failure, terminal};
use crate::diagnostic::{Code, nearest};
use crate::layers::Layers;

/// Explain a code such as E021, a layer such as conv, or another part of the language; without a topic, list all of them
#[derive(Debug, Args)]
pub struct Explain {
    /// A code as shown in an error or a warning, or a heading of docs/language.md
    #[arg(value_name = "TOPIC", value_parser = parse_topic)]
    section: Option<&'static str>,
}

/// One section for each code, which tests/errors.rs keeps true.
const ERRORS: &str = include_str!("../../docs/errors.md");

/// One section for each layer and each part of a file, which tests/language.rs keeps true.
const LANGUAGE: &str = include_str!("../../docs/language.md");

impl Explain {
    pub fn run(self) -> Result<(), Failure> {
        match self.section {
            Some(section) => terminal::print(section),
            None => {
                let codes = Code::ALL.iter().map(|code| format!("{} {}\n", code.id(), code.explanation().trim()));
                let topics: Vec<&str> = topics().collect();
                let (language, layers) =
                    topics.split_at(topics.iter().position(|topic| *topic == "Layers").unwrap_or(0));
                terminal::print(&format!(
                    "{}\nof the language: {}\nlayers: {}\n",
                    codes.collect::<String>(),
                    language.join(", "),
                    layers[1..].join(", ")
                ))
            }
        }
    }
}

pub fn parse_code(text: &str) -> Result<Code, String> {
    let code = Code::ALL.iter().find(|code| code.id().eq_ignore_ascii_case(text));
    code.copied().ok_or_else(|| "codes are E001, W001 and so on; `archc explain` lists them".to_string())
}

/// The section about a code, or about a part of the language.
fn parse_topic(text: &str) -> Result<&'static str, String> {
    if let Ok(code) = parse_code(text) {
        return Ok(section(ERRORS, &format!("## {}:", code.id())));
    }
    let about = |topic: &str| {
        let heading = LANGUAGE.lines().find(|line| title(line).is_some_and(|title| title.eq_ignore_ascii_case(topic)));
        heading.map(|heading| section(LANGUAGE, &format!("{heading}\n")))
    };
    // Those of PyTorch are known too: Conv2d.
    about(text).or_else(|| about(Layers::default().suggest(text)?)).ok_or_else(|| {
        let near = nearest(text, topics()).map_or(String::new(), |near| format!("did you mean `{near}`? "));
        format!("{near}`archc explain` lists all codes, layers and other topics")
    })
}

/// What can be asked for, besides codes.
fn topics() -> impl Iterator<Item = &'static str> {
    LANGUAGE.lines().filter_map(title)
}

/// What a heading is about.
fn title(line: &str) -> Option<&str> {
    line.strip_prefix("## ").or(line.strip_prefix("### "))
}

/// From a heading to the next one of its level, or of one above.
fn section(page: &'static str, heading: &str) -> &'static str {
    let start = page.find(&format!("\n{heading}")).expect("it is one of the page's headings") + 1;
    let rest = &page[start..];
    let level = heading.find(' ').expect("a heading has signs and a title");
    let ends = (2..=level).filter_map(|level| rest.find(&format!("\n{} ", "#".repeat(level))));
    ends.min().map_or(rest, |end| &rest[..=end])
}
