//! The program: hands over to [`archc::cli`].

use std::process::ExitCode;

fn main() -> ExitCode {
    archc::cli::run()
}
