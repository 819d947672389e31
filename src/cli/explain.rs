//! `archc explain CODE`

use clap::Args;

use super::{Failure, terminal};
use crate::diagnostic::Code;

/// Explain a code such as E021, with an example; without one, list them all
#[derive(Debug, Args)]
pub struct Explain {
    /// As it stands in an error or a warning
    #[arg(value_name = "CODE", value_parser = parse_code)]
    code: Option<Code>,
}

/// One section for each code, which tests/errors.rs keeps true.
const ERRORS: &str = include_str!("../../docs/errors.md");

impl Explain {
    pub fn run(self) -> Result<(), Failure> {
        match self.code {
            Some(code) => terminal::print(section(code)),
            None => {
                let lines = Code::ALL.iter().map(|code| format!("{} {}\n", code.id(), code.explanation().trim()));
                terminal::print(&lines.collect::<String>())
            }
        }
    }
}

pub fn parse_code(text: &str) -> Result<Code, String> {
    let code = Code::ALL.iter().find(|code| code.id().eq_ignore_ascii_case(text));
    code.copied().ok_or_else(|| "codes are E001, W001 and so on; `archc explain` lists them".to_string())
}

/// From the heading of a code to the next one.
fn section(code: Code) -> &'static str {
    let heading = format!("## {}:", code.id());
    let start = ERRORS.find(&heading).expect("every code has a section, as a test makes sure");
    let rest = &ERRORS[start..];
    rest[2..].find("\n## ").map_or(rest, |end| &rest[..end + 2])
}
