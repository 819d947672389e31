//! Examples below `--help`. Each is a command line, which a test reads as one.

pub const ALL: &str = "\
Examples:
  archc check net.yaml                        what every layer does, or what is wrong
  archc train architectures/digits_cnn.yaml   trains on digits that are built in
  archc explain E021                          what a code means
  archc COMMAND --help                        every option";

pub const CHECK: &str = "\
Examples:
  archc check net.yaml
  archc check architectures --deny warnings
  archc check net.yaml --input 3x128x128 --memory 8GiB
  archc check net.yaml --fix
  archc check net.yaml --format json";

pub const WATCH: &str = "\
Examples:
  archc watch net.yaml
  archc watch architectures --depth 1";

pub const EXPLAIN: &str = "\
Examples:
  archc explain
  archc explain E021
  archc explain conv
  archc explain expressions";

pub const EXPAND: &str = "\
Example:
  archc expand architectures/resnet18.yaml";

pub const LSP: &str = "\
An editor starts it: docs/editors.md has the lines for VS Code, Neovim and Helix.";

pub const SCHEMA: &str = "\
Example:
  archc schema";

pub const COMPLETIONS: &str = "\
Examples:
  archc completions bash
  archc completions fish";

pub const MAN: &str = "\
Examples:
  archc man
  archc man --out man1";

#[cfg(feature = "train")]
pub const NEW: &str = "\
Examples:
  archc new --from resnet18 --data photos";

#[cfg(feature = "train")]
pub const TRAIN: &str = "\
Examples:
  archc train net.yaml
  archc train net.yaml --out runs/first --set train.epochs=5 --set train.batch=64
  archc train net.yaml --weights resnet18.pth
  archc train net.yaml --device cuda:0 --dtype bf16
  archc train net.yaml --workers 2 --set train.batch=16 --set train.accumulate=2
  archc train --resume runs/first
  archc train net.yaml --plot-schedule";

#[cfg(feature = "train")]
pub const EVAL: &str = "\
Examples:
  archc eval net.yaml --weights runs/net-1/best.safetensors
  archc eval net.yaml --weights runs/net-1/best.safetensors --split test";

#[cfg(feature = "train")]
pub const PREDICT: &str = "\
Examples:
  archc predict net.yaml --weights runs/net-1/best.safetensors cat.jpg dog.jpg
  archc predict runs/net-1 test.csv --to submission.csv";

#[cfg(feature = "train")]
pub const DRAW: &str = "\
Examples:
  archc draw net.yaml --out net.svg
  archc draw net.yaml --depth 1 --format mermaid";

#[cfg(feature = "train")]
pub const WEIGHTS: &str = "\
Examples:
  archc weights checkpoint.pth
  archc weights checkpoint.pth --network net.yaml";

#[cfg(feature = "fetch")]
pub const FETCH: &str = "\
Examples:
  archc fetch resnet18
  archc fetch resnet50 --release 2 --to weights";

#[cfg(feature = "train")]
pub const RUNS: &str = "\
Examples:
  archc runs runs
  archc runs runs/a runs/b --plot curves.png";

#[cfg(feature = "train")]
pub const BENCH: &str = "\
Examples:
  archc bench net.yaml --batch 32
  archc bench net.yaml --batch 1 --inference
  archc bench net.yaml --batch 32 --profile";

#[cfg(feature = "train")]
pub const DATA: &str = "\
Examples:
  archc data list
  archc data info photos
  archc data info labels.csv
  archc data fetch cifar10
  archc data show net.yaml";

#[cfg(feature = "train")]
pub const DOCTOR: &str = "\
Example:
  archc doctor";

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, Parser};

    use crate::cli::CommandLine;

    #[test]
    fn examples_are_command_lines() {
        let mut read = 0;
        let mut commands = vec![CommandLine::command()];
        while let Some(command) = commands.pop() {
            commands.extend(command.get_subcommands().cloned());
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            for example in help.lines().filter_map(|line| line.strip_prefix("  ")) {
                let words = example.split("  ").next().unwrap_or_default().split(' ');
                if words.clone().any(|word| word == "COMMAND" || cfg!(not(feature = "train")) && word == "train") {
                    continue;
                }
                let parsed = CommandLine::try_parse_from(words);
                assert!(parsed.is_ok(), "{example}: {}", parsed.unwrap_err());
                read += 1;
            }
        }
        assert!(read > 15, "{read}");
    }
}
