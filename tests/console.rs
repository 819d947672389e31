//! The console blocks of the README and all other pages say what the program does: each command is run, and what it
//! prints is compared with what stands below it. `…` stands for anything within a line, and alone on a line for any
//! lines. A block that takes hours, a GPU or somebody's files says so in the line before it: `<!-- not run: WHY -->`.
//!
//! An example of YAML whose first line is `# NAME.yaml` is a file that the commands find under this name.

use std::fs;
use std::path::Path;
use std::process::Command;

use image::{Rgb, RgbImage};

/// The pages with commands, how many of these are run, and how many blocks are not: one that is not found must not pass
/// for one that is true.
const PAGES: [(&str, usize, usize); 14] = [
    ("CONTRIBUTING.md", 0, 1),
    ("README.md", 6, 2),
    ("docs/accuracy.md", 0, 5),
    ("docs/commands.md", 3, 0),
    ("docs/cuda.md", 0, 2),
    ("docs/data.md", 12, 0),
    ("docs/editors.md", 0, 2),
    ("docs/export.md", 0, 1),
    ("docs/import.md", 1, 1),
    ("docs/python.md", 0, 1),
    ("docs/runs.md", 3, 1),
    ("docs/speed.md", 0, 1),
    ("docs/weights.md", 2, 3),
    ("findings/README.md", 0, 1),
];

/// What the commands find: the networks of the repository, photos of three classes, and a network that trains in no
/// time.
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
            let photo = RgbImage::from_pixel(40 + u32::from(number) % 9, 32, Rgb([number, 0, 0]));
            photo.save(folder.join(format!("{number}.png"))).expect("room on the disk");
        }
    }
    let plants = place.path().join("plants");
    let (mut train, mut test) = ("image_id,species,site\n".to_owned(), "image_id,site\n".to_owned());
    for (folder, images) in [("train_images", 60), ("test_images", 9)] {
        fs::create_dir_all(plants.join(folder)).expect("the folder can be made");
        for number in 0..images {
            let photo = RgbImage::from_pixel(32, 32, Rgb([0, 80 * (number % 3) as u8, number as u8]));
            photo.save(plants.join(folder).join(format!("{number}.png"))).expect("room on the disk");
            match folder {
                "train_images" => train += &format!("{number},{},a\n", ["poppy", "aster", "daisy"][number % 3]),
                _ => test += &format!("{number},b\n"),
            }
        }
    }
    fs::write(plants.join("train.csv"), train).expect("room on the disk");
    fs::write(plants.join("test.csv"), test).expect("room on the disk");
    let datasets = root().join("tests/fixtures/datasets");
    fs::create_dir(place.path().join("shards")).expect("an empty folder");
    for (from, to) in [
        ("stored.zip", "insects.zip"),
        ("pathmnist.npz", "pathmnist.npz"),
        ("shards/train-000000.tar", "shards/train-000000.tar"),
        ("shards/train-000001.tar", "shards/train-000001.tar"),
        ("shards/val-000000.tar", "shards/val-000000.tar"),
        ("shards/test-000000.tar", "shards/test-000000.tar"),
    ] {
        fs::copy(datasets.join(from), place.path().join(to)).expect("room on the disk");
    }
    for file in ["plain.cfg", "plain.weights"] {
        let from = root().join("tests/fixtures/foreign/small").join(file);
        fs::copy(from, place.path().join(file)).expect("room on the disk");
    }
    let small = "input: [1, 8, 8]\nclasses: 10\nlayers: [flatten, linear 10]\n\
                 data: {set: digits, train: [crop 8 pad=2, normalize measured]}\ntrain: {epochs: 2, batch: 100}\n";
    fs::write(place.path().join("small.yaml"), small).expect("room on the disk");
    place
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A fenced block of a page.
struct Block<'p> {
    language: &'p str,
    text: &'p str,
    /// Why its commands are not run.
    excuse: Option<&'p str>,
}

fn blocks(page: &str) -> Vec<Block<'_>> {
    fn block<'p>(before: &'p str, block: &'p str) -> Option<Block<'p>> {
        let excuse = before.lines().last().and_then(|line| line.strip_prefix("<!-- not run: ")?.strip_suffix(" -->"));
        let (language, text) = block.split_once('\n')?;
        Some(Block { language, text, excuse })
    }
    let parts: Vec<&str> = page.split("\n```").collect();
    parts.as_chunks::<2>().0.iter().filter_map(|[before, fenced]| block(before, fenced)).collect()
}

/// Every page of the repository that people read.
fn pages() -> Vec<String> {
    let mut pages = vec!["README.md".to_string(), "CONTRIBUTING.md".to_string(), "CHANGELOG.md".to_string()];
    for folder in ["docs", "findings"] {
        for entry in fs::read_dir(root().join(folder)).expect("it is in the repository") {
            let name = entry.expect("it can be listed").file_name().to_string_lossy().into_owned();
            pages.extend(name.ends_with(".md").then(|| format!("{folder}/{name}")));
        }
    }
    pages.retain(|page| !page.ends_with(".new.md"));
    pages.sort();
    pages
}

/// What a command prints, on either stream.
fn printed(place: &Path, arguments: &str) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_archc"));
    command.current_dir(place).args(arguments.split_whitespace()).env("HOME", place);
    for variable in ["ARCHC_DATA", "ARCHC_CACHE", "COLUMNS"] {
        command.env_remove(variable);
    }
    let output = command.output().expect("it starts");
    let printed = String::from_utf8([output.stdout, output.stderr].concat()).expect("UTF-8");
    // Debian's package may be installed here; the pages are for those who have it not.
    printed.replace("/usr/share/datasets/fashion-mnist", "not here; `archc data fetch fashion-mnist` gets it")
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

/// Runs the commands of a block. Returns how many there were.
fn run(page: &str, place: &Path, text: &str) -> usize {
    let (before, commands) = text.split_once("$ ").unwrap_or((text, ""));
    assert!(before.is_empty(), "{page}: a block of commands begins with one:\n{text}");
    let commands = commands.split("\n$ ");
    let run = |command: &str| {
        let (line, said) = command.split_once('\n').unwrap_or((command, ""));
        let arguments = line.strip_prefix("archc ").and_then(|line| line.split("  #").next());
        let arguments = arguments.unwrap_or_else(|| panic!("{page}: `{line}` is not one of archc's"));
        let printed = printed(place, arguments);
        let (wanted, found): (Vec<&str>, Vec<&str>) = (said.lines().collect(), printed.lines().collect());
        assert!(matches(&wanted, &found), "{page}: archc {arguments} prints\n{printed}");
    };
    commands.map(run).count()
}

#[test]
fn the_pages_say_what_is_printed() {
    let mut counted = Vec::new();
    for page in pages() {
        let text = fs::read_to_string(root().join(&page)).expect("it is in the repository");
        let place = place();
        let (mut commands, mut excused) = (0, 0);
        for Block { language, text, excuse } in blocks(&text) {
            match (language, excuse) {
                ("console" | "sh", Some(why)) => {
                    assert!(why.len() > 10, "{page}: `{why}` is no reason");
                    excused += 1;
                }
                ("console", None) => commands += run(&page, place.path(), text),
                ("sh", None) => panic!("{page}: not run, without a reason:\n{text}"),
                ("yaml", _) => {
                    if let Some(name) = text.lines().next().and_then(|line| line.strip_prefix("# ")) {
                        fs::write(place.path().join(name), format!("{text}\n")).expect("room on the disk");
                    }
                }
                _ => assert!(
                    !text.contains("$ archc "),
                    "{page}: commands stand in blocks of the language console:\n{text}"
                ),
            }
        }
        counted.extend((commands + excused > 0).then_some((page, commands, excused)));
    }
    let expected = PAGES.map(|(page, commands, excused)| (page.to_string(), commands, excused));
    assert_eq!(counted, expected, "pages, commands that are run, and blocks that are not");
}

#[test]
fn other_text_does_not_match() {
    assert!(matches_line("a … c…", "a b c d") && !matches_line("a … c", "a b c d") && !matches_line("a", "a b"));
    assert!(matches(&["a", "…", "c"], &["a", "b", "b", "c"]) && !matches(&["a", "…", "c"], &["a", "b"]));
    assert!(!matches(&["a"], &["a", "b"]) && !matches(&["a", "b"], &["a"]));
}
