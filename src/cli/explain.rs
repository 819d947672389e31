//! `archc explain TOPIC`

use clap::Args;

use super::{Failure, terminal};
use crate::diagnostic::Code;
use crate::manual;

/// Explain a code such as E021, a layer such as conv, or another part of the language; without a topic, list all of
/// them
#[derive(Debug, Args)]
#[command(after_help = crate::cli::examples::EXPLAIN)]
pub struct Explain {
    /// A code as shown in an error or a warning, or a heading of docs/language.md
    #[arg(value_name = "TOPIC", value_parser = parse_topic)]
    section: Option<&'static str>,
}

impl Explain {
    pub fn run(self) -> Result<(), Failure> {
        match self.section {
            Some(section) => terminal::print(section),
            None => {
                let codes = Code::ALL.iter().map(|code| format!("{} {}\n", code.id(), code.explanation().trim()));
                let topics: Vec<&str> = manual::topics().collect();
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
        return Ok(manual::about_code(code));
    }
    // The names of PyTorch are known too: Conv2d.
    manual::about_topic(text).map_err(|near| {
        let near = near.map_or(String::new(), |near| format!("did you mean `{near}`? "));
        format!("{near}`archc explain` lists all codes, layers and other topics")
    })
}
