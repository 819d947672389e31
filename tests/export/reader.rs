//! A process that reads models and runs them.

use std::env;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::thread::available_parallelism;

use serde_json::Value;

pub struct Reader {
    /// What it reads.
    format: &'static str,
    process: Child,
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Reader {
    /// Readers of this name, one for each processor, in the Python that a variable of the environment names.
    pub fn start(variable: &str, name: &str) -> Vec<Reader> {
        Reader::start_with(variable, name, &[])
    }

    /// The same, with variables of the environment.
    pub fn start_with(variable: &str, name: &str, environment: &[(&str, &str)]) -> Vec<Reader> {
        let python = env::var(variable).unwrap_or_else(|_| panic!("{variable} is set"));
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/export/read.py");
        let source = ["pytorch", "keras"].into_iter().find(|source| *source == name);
        let one = || {
            let mut command = Command::new(&python);
            command.envs(environment.iter().copied());
            let command = command.arg(&script).arg(name).stdin(Stdio::piped()).stdout(Stdio::piped());
            let mut process = command.spawn().expect("it starts");
            let requests = process.stdin.take().expect("a pipe");
            let answers = BufReader::new(process.stdout.take().expect("a pipe"));
            Reader { format: source.unwrap_or("onnx"), process, requests, answers }
        };
        (0..available_parallelism().map_or(1, usize::from)).map(|_| one()).collect()
    }

    pub fn format(&self) -> &'static str {
        self.format
    }

    /// How far what a model computes is from what it should, or why it is not read.
    pub fn ask(&mut self, request: &Value) -> Result<f64, String> {
        writeln!(self.requests, "{request}").map_err(|error| error.to_string())?;
        let mut line = String::new();
        self.answers.read_line(&mut line).map_err(|error| error.to_string())?;
        let answer: Value = serde_json::from_str(&line).map_err(|error| format!("{error}: `{line}`"))?;
        match answer["difference"].as_f64() {
            Some(difference) => Ok(difference),
            None => Err(answer["error"].as_str().unwrap_or("no answer").to_owned()),
        }
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
