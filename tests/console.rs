//! The console blocks of the README and the pages in docs/ say what the program does: each command is run, and what it
//! prints is compared with what stands below it. `…` stands for anything within a line, and alone on a line for any lines.
//!
//! An example of YAML whose first line is `# NAME.yaml` is a file that the commands find under this name.

use std::fs;
use std::path::Path;
use std::process::Command;

use image::{Rgb, RgbImage};

/// The pages, and how many commands stand in each: a block that is not found must not pass for one that is true.
const PAGES: [(&str, usize); 2] = [("README.md", 2), ("docs/commands.md", 2)];

/// What the commands find: the networks of the repository, and photos of three classes.
fn place() -> tempfile::TempDir {
    let place = tempfile::tempdir().expect("a temporary folder");
    let networks = place.path().join("architectures");
    fs::create_dir(&networks).expect("an empty folder");
    for entry in fs::read_dir(root().join("architectures")).expect("it is in the repository") {
        let path = entry.expect("it can be listed").path();
        fs::copy(&path, networks.join(path.file_name().expect("a file"))).expect("room on the disk");
    }
    for class in ["cat", "dog", "ship"] {
        let folder = place.path().join("photos").join(class);
        fs::create_dir_all(&folder).expect("the folder can be made");
        for number in 0..100 {
            let photo = RgbImage::from_pixel(4, 4, Rgb([number, 0, 0]));
            photo.save(folder.join(format!("{number}.png"))).expect("room on the disk");
        }
    }
    place
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The fenced blocks of a page: language and text.
fn blocks(page: &str) -> impl Iterator<Item = (&str, &str)> {
    page.split("\n```").skip(1).step_by(2).filter_map(|block| block.split_once('\n'))
}

/// What a command prints, on either stream.
fn printed(place: &Path, arguments: &str) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_archc"));
    command.current_dir(place).args(arguments.split_whitespace()).env("HOME", place);
    for variable in ["ARCHC_DATA", "ARCHC_CACHE", "COLUMNS"] {
        command.env_remove(variable);
    }
    let output = command.output().expect("it starts");
    String::from_utf8([output.stdout, output.stderr].concat()).expect("UTF-8")
}

/// Whether a line is what `pattern` says, in which `…` stands for anything.
fn matches_line(pattern: &str, line: &str) -> bool {
    let Some((first, rest)) = pattern.split_once('…') else { return pattern.trim_end() == line.trim_end() };
    let Some(mut left) = line.strip_prefix(first) else { return false };
    let parts: Vec<&str> = rest.split('…').collect();
    let (last, between) = parts.split_last().expect("a split has a part");
    for part in between {
        let Some((_, behind)) = left.split_once(part) else { return false };
        left = behind;
    }
    left.ends_with(last.trim_end())
}

/// Whether lines are what `patterns` say, in which `…` alone stands for any number of lines.
fn matches(patterns: &[&str], lines: &[&str]) -> bool {
    match (patterns, lines) {
        ([], []) => true,
        (["…", patterns @ ..], _) => (0..=lines.len()).any(|skipped| matches(patterns, &lines[skipped..])),
        ([pattern, patterns @ ..], [line, lines @ ..]) => matches_line(pattern, line) && matches(patterns, lines),
        _ => false,
    }
}

#[test]
fn the_pages_say_what_is_printed() {
    for (page, expected) in PAGES {
        let text = fs::read_to_string(root().join(page)).expect("it is in the repository");
        let place = place();
        let mut commands = 0;
        for (language, text) in blocks(&text) {
            match language {
                "yaml" => {
                    let name = text.lines().next().and_then(|line| line.strip_prefix("# ")).expect("a file's name");
                    fs::write(place.path().join(name), format!("{text}\n")).expect("room on the disk");
                }
                "console" => {
                    for command in text.split("$ archc ").skip(1) {
                        let (arguments, said) = command.split_once('\n').unwrap_or((command, ""));
                        let printed = printed(place.path(), arguments);
                        let (wanted, found): (Vec<&str>, Vec<&str>) =
                            (said.lines().collect(), printed.lines().collect());
                        assert!(matches(&wanted, &found), "{page}: archc {arguments} prints\n{printed}");
                        commands += 1;
                    }
                }
                _ => {}
            }
        }
        assert_eq!(commands, expected, "commands in {page}");
    }
}

#[test]
fn other_text_does_not_match() {
    assert!(matches_line("a … c…", "a b c d") && !matches_line("a … c", "a b c d") && !matches_line("a", "a b"));
    assert!(matches(&["a", "…", "c"], &["a", "b", "b", "c"]) && !matches(&["a", "…", "c"], &["a", "b"]));
    assert!(!matches(&["a"], &["a", "b"]) && !matches(&["a", "b"], &["a"]));
}
