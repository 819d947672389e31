//! `archc check` and `archc expand` from outside: what they print where, and their exit codes.
#![cfg(feature = "cli")]

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

const SOUND: &str = "name: small\ninput: [1, 8, 8]\nlayers: [conv 4 3x3 p1 -> relu -> flatten -> linear 10]\n";
const WRONG: &str = "input: [1, 8, 8]\nlayers: [conv 4 9x9]\n";

/// A folder of one test's own, with these files.
fn folder(name: &str, files: &[(&str, &[u8])]) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::create_dir_all(&folder).expect("the folder can be made");
    for (file, content) in files {
        fs::write(folder.join(file), content).expect("the file can be written");
    }
    folder
}

fn archc(folder: &Path, arguments: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_archc"));
    command.current_dir(folder).args(arguments.split(' ')).env_remove("COLUMNS");
    command
}

fn run(folder: &Path, arguments: &str) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } = archc(folder, arguments).output().expect("the program starts");
    let text = |bytes| String::from_utf8(bytes).expect("the program writes UTF-8");
    (status.code(), text(stdout), text(stderr))
}

/// Where sizes do not fit, the layers up to there; where something else is wrong, no table.
#[test]
fn the_table_goes_down_to_the_mistake() {
    let text = "input: [3, 8, 8]\nlayers: [conv 4 3x3 p1 -> maxpool 2, flatten -> linear 10 in=128, relu]\n";
    let toml = "input = [3, 8, 8]\nlayers = ['conv 4 3x3 p1 -> maxpool 2', 'flatten -> linear 10 in=128']\n";
    let name = text.replace("relu", "rleu").replace("in=128", "in=64");
    let files: [(&str, &[u8]); 4] = [
        ("wrong.yaml", text.as_bytes()),
        ("wrong.toml", toml.as_bytes()),
        ("first.yaml", WRONG.as_bytes()),
        ("name.yaml", name.as_bytes()),
    ];
    let folder = folder("part", &files);
    let table = "\
wrong: 3×8×8, down to the mistake

name   layer             output  (W−F+2P)/S+1             params   MACs  activations  field
input                    3×8×8
0      conv 4 3x3 p1     4×8×8   (8 − 3 + 2·1)/1 + 1 = 8     112  6,912          256      3
1      maxpool 2         4×4×4   (8 − 2 + 2·0)/2 + 1 = 4                          64      4
2      flatten           64      4·4·4 = 64                                       64     10
3      linear 10 in=128
4      relu
";
    let shorter = table.strip_suffix("4      relu\n").expect("it ends so");
    for (arguments, shown, error) in [
        ("check wrong.yaml", table, "`in=128`, but 64 features arrive"),
        ("check wrong.toml", shorter, "`in=128`, but 64 features arrive"),
        ("check wrong.yaml --format markdown", "", "`in=128`, but 64 features arrive"),
        ("check first.yaml", "", "kernel 9×9 does not fit"),
        ("check name.yaml", "", "no layer or block is called `rleu`"),
    ] {
        let (code, output, errors) = run(&folder, arguments);
        assert!(code == Some(1) && errors.contains(error), "{arguments}: {errors}");
        assert_eq!(output, shown, "{arguments}");
    }
}

#[test]
fn exit_codes_and_errors() {
    let files: [(&str, &[u8]); 5] = [
        ("sound.yaml", SOUND.as_bytes()),
        ("wrong.yaml", WRONG.as_bytes()),
        ("empty.yaml", b""),
        ("wide.yaml", b"\xff\xfen\0a\0"),
        ("binary.yaml", b"name: \xff"),
    ];
    let folder = folder("exit_codes", &files);
    for (arguments, code, error) in [
        ("check sound.yaml", 0, ""),
        ("expand sound.yaml", 0, ""),
        ("check sound.yaml --input 3x32x32", 0, ""),
        ("check wrong.yaml", 1, "error[E021]: kernel 9×9 does not fit the 8×8 input"),
        ("expand wrong.yaml", 1, "error[E021]: kernel 9×9 does not fit the 8×8 input"),
        ("check empty.yaml", 1, "error[E005]: the file is empty"),
        ("check binary.yaml", 1, "error[E008]: cannot read `binary.yaml`: it is not text: byte 6 is not UTF-8\n"),
        ("check wide.yaml", 1, "error[E008]: cannot read `wide.yaml`: it is written in UTF-16; save it as UTF-8\n"),
        ("expand missing.yaml", 1, "error[E008]: cannot read `missing.yaml`: No such file"),
        ("check missing.yaml", 1, "error[E008]: cannot read `missing.yaml`: No such file"),
        ("check missing.yaml sound.yaml", 1, "error[E008]: cannot read `missing.yaml`: No such file"),
        ("check sound.yaml --set input=[1,2]", 1, "error[E013]: an input has one or three sizes, not 2"),
        ("check", 2, "error: the following required arguments"),
        ("check sound.yaml --batch 0", 2, "error: invalid value '0' for '--batch <N>'"),
        ("check sound.yaml --set input", 2, "error: invalid value 'input' for '--set <KEY=VALUE>'"),
        ("check sound.yaml --format xml", 2, "error: invalid value 'xml'"),
        ("check sound.yaml --deny E001", 2, "error: invalid value 'E001' for '--deny <WHAT>': write `warnings`"),
        ("check sound.yaml --input 3x3x", 1, "error[E002]: something is missing after `3x3x`\n --> command line:1:13"),
        ("explain E999", 2, "error: invalid value 'E999'"),
        ("check sound.yaml --format markdown --depth 1", 0, ""),
        ("check sound.yaml --tree --memory 8GiB", 0, ""),
        ("check sound.yaml --memory lots", 2, "error: invalid value 'lots' for '--memory <BYTES>'"),
        ("check sound.yaml --depth 0", 2, "error: invalid value '0' for '--depth <N>'"),
        (
            "check sound.yaml --tree --format json",
            2,
            "error: the argument '--tree' cannot be used with '--format <FORMAT>'",
        ),
    ] {
        let (found, _, stderr) = run(&folder, arguments);
        assert_eq!(found, Some(code), "{arguments}: {stderr}");
        assert!(stderr.starts_with(error) && stderr.is_empty() == error.is_empty(), "{arguments}: {stderr}");
    }
}

#[test]
fn folders_and_denied_warnings() {
    let doubtful = "input: [1, 9, 9]\nlayers: [maxpool 2]\n";
    let allowed = format!("{doubtful}allow: W001\n");
    let files: [(&str, &[u8]); 5] = [
        ("nets/b.yaml", SOUND.as_bytes()),
        ("nets/inner/a.yml", doubtful.as_bytes()),
        ("nets/inner/notes.txt", b"no network"),
        ("nets/.hidden.yaml", WRONG.as_bytes()),
        ("allowed.yaml", allowed.as_bytes()),
    ];
    let folder = folder("folders", &[]);
    fs::create_dir_all(folder.join("nets/inner")).expect("the folder can be made");
    fs::create_dir_all(folder.join("empty")).expect("the folder can be made");
    for (file, content) in files {
        fs::write(folder.join(file), content).expect("the file can be written");
    }
    let warning = "::warning file=nets/inner/a.yml,line=2,endLine=2,col=10,endColumn=18,title=W001::the stride leaves out the last \
                   row and column of the 9×9 input%0A⌊(9 − 2 + 2·0)/2⌋ + 1 = 4%0Ahelp: add `ceil` to keep a last, smaller window, or \
                   choose another input size\n";
    for (arguments, code, output) in [
        ("check --format github nets", 0, warning.to_string()),
        ("check --format github --deny warnings nets", 1, warning.replace("::warning", "::error")),
        ("check --format github --deny W001 nets/inner", 1, warning.replace("::warning", "::error")),
        ("check --format github --deny W002 nets", 0, warning.to_string()),
        ("check --format github --deny warnings allowed.yaml", 0, String::new()),
        (
            "check --format github empty",
            1,
            "::error file=empty,line=1,endLine=1,col=1,endColumn=1,title=E008::no YAML or TOML file is in `empty`\n"
                .to_string(),
        ),
    ] {
        assert_eq!(run(&folder, arguments), (Some(code), output, String::new()), "{arguments}");
    }
    let (code, tables, _) = run(&folder, "check nets");
    assert_eq!((code, tables.find("small: ") < tables.find("a: 1×9×9")), (Some(0), true), "{tables}");
}

/// Files that others include lie beside networks.
#[test]
fn blocks_alone() {
    let files: [(&str, &[u8]); 6] = [
        (
            "nets/blocks.yaml",
            b"let: {k: 3}\nblocks:\n  unit(w, n=1): (conv {w} {k}x{k} p1) x {n}\n  two: unit 2 -> relu\n",
        ),
        ("none.yaml", b"blocks: {}\n"),
        ("nets/more.yaml", b"include: blocks.yaml\n"),
        ("nets/net.yaml", b"name: net\ninput: [1, 8, 8]\ninclude: blocks.yaml\nlayers: [unit 4]\n"),
        ("mistaken.yaml", b"blocks:\n  outer(w): inner {w}\n  inner(w): conv {wide} 3x3 -> rleu\n"),
        ("nothing.yaml", b"let: {k: 3}\n"),
    ];
    let folder = folder("blocks_alone", &[]);
    fs::create_dir_all(folder.join("nets")).expect("the folder can be made");
    for (file, content) in files {
        fs::write(folder.join(file), content).expect("the file can be written");
    }
    for arguments in ["check nets", "check nets --input 3x16x16", "check nets --depth 1 --format markdown"] {
        let (code, said, errors) = run(&folder, arguments);
        assert_eq!((code, errors.as_str()), (Some(0), ""), "{arguments}");
        assert!(said.starts_with("nets/blocks.yaml: 2 blocks\n\nnets/more.yaml: 2 blocks\n\n"), "{said}");
    }
    assert_eq!(run(&folder, "check --format github nets"), (Some(0), String::new(), String::new()));
    let json = r#"{"file":"nets/blocks.yaml","blocks":["unit","two"],"diagnostics":[]}"#;
    assert_eq!(run(&folder, "check --format json nets/blocks.yaml").1, format!("{json}\n"));
    let (code, _, errors) = run(&folder, "check mistaken.yaml");
    assert_eq!(code, Some(1), "{errors}");
    let expected = "error[E014]: nothing here is called `wide`\n --> mistaken.yaml:3:19\n  |\n2 |   outer(w): inner {w}\n  |             --------- \
                    in block `inner`, called here\n3 |   inner(w): conv {wide} 3x3 -> rleu\n  |                   ^^^^\n";
    assert!(errors.starts_with(expected) && errors.contains("no layer or block is called `rleu`"), "{errors}");
    for arguments in ["check nothing.yaml", "check none.yaml", "expand nets/blocks.yaml"] {
        let (code, _, errors) = run(&folder, arguments);
        assert!(code == Some(1) && errors.contains("error[E005]: the file describes no network"), "{errors}");
    }
}

#[test]
fn codes_are_explained() {
    let folder = folder("explain", &[]);
    let (code, text, _) = run(&folder, "explain e021");
    assert!(code == Some(0) && text.starts_with("## E021: ") && !text.contains("## E022"), "{text}");
    let (_, topics, _) = run(&folder, "explain");
    assert!(
        topics.contains("\nW001 ") && topics.contains("residual, branches") && topics.contains("layers: conv, "),
        "{topics}"
    );
}

#[test]
fn the_language_is_explained() {
    let folder = folder("explain", &[]);
    for (topic, expected, missing) in [
        ("conv", "### conv\n\n```text\nconv OUT KERNEL", "### depthwise"),
        ("MaxPool2d", "### maxpool\n", "### avgpool"),
        ("structures", "### branches\n", "## Blocks"),
        ("expressions", "`round_to(x, 8)`", "## Structures"),
        ("concat", "torch.cat", "conv OUT"),
    ] {
        let (code, text, _) = run(&folder, &format!("explain {topic}"));
        assert!(code == Some(0) && text.contains(expected) && !text.contains(missing), "{topic}: {text}");
    }
}

#[test]
fn another_input_leaves_the_data_out() {
    let file = "input: [3, 32, 32]\nlayers: [maxpool 8 -> flatten -> linear 10]\ndata: {set: cifar10, train: []}\n";
    let folder = folder("another_input", &[("a.yaml", file.as_bytes())]);
    let (code, table, errors) = run(&folder, "check a.yaml --input 3x128x128");
    assert_eq!(code, Some(0), "{errors}");
    assert!(table.contains("3·16·16 = 768"), "{table}");
}

#[test]
fn a_table_for_every_sound_file() {
    let folder = folder("tables", &[("sound.yaml", SOUND.as_bytes()), ("wrong.yaml", WRONG.as_bytes())]);
    let (code, tables, errors) = run(&folder, "check sound.yaml wrong.yaml sound.yaml");
    assert_eq!((code, tables.matches("small: 1×8×8 → 10\n").count()), (Some(1), 2), "{tables}");
    assert!(errors.contains("wrong.yaml:2:17") && !tables.contains('\u{1b}'), "{errors}{tables}");
    let narrow = archc(&folder, "check sound.yaml").env("COLUMNS", "60").output().expect("the program starts");
    let narrow = String::from_utf8(narrow.stdout).expect("the program writes UTF-8");
    assert!(narrow.lines().take(7).all(|line| line.chars().count() <= 60), "{narrow}");
}

#[test]
fn what_is_frozen_is_not_trainable() {
    let text = "input: [3, 32, 32]\nclasses: 10\nlayers:\n  - conv 64 3x3 p1 as early -> bn as norm -> relu\n  \
                - global_avgpool -> flatten -> linear {classes} as fc\n\
                train: {epochs: 1, freeze: [\"early.*\", \"norm.*\"]}\n";
    let folder = folder("frozen", &[("frozen.yaml", text.as_bytes())]);
    for (arguments, expected) in [
        ("check frozen.yaml", "2,570, 650 trainable and 1,920 not"),
        ("check frozen.yaml --format json", "\"params\":2570,\"trainable\":650,"),
        ("check frozen.yaml --format markdown", "2,570, 650 trainable and 1,920 not"),
        ("check frozen.yaml --set train.freeze=[\"fc.*\"]", "2,570, 1,920 trainable and 650 not"),
        ("check frozen.yaml --set train.freeze=[]", "2,570, all trainable"),
    ] {
        let (code, table, errors) = run(&folder, arguments);
        assert!(code == Some(0) && table.contains(expected), "{arguments}: {table}{errors}");
    }
}

#[test]
fn one_json_object_a_line() {
    let called = "input: [1, 8, 8]\nblocks:\n  outer: inner\n  inner(w): conv {w} 3x3\nlayers: [outer]\n";
    let files =
        [("sound.yaml", SOUND.as_bytes()), ("wrong.yaml", WRONG.as_bytes()), ("called.yaml", called.as_bytes())];
    let folder = folder("json", &files);
    let (code, lines, errors) = run(&folder, "check --format json --batch 2 --memory 1GiB sound.yaml wrong.yaml");
    assert_eq!((code, errors.as_str(), lines.lines().count()), (Some(1), "", 2), "{lines}");
    let read = |line| serde_json::from_str::<Value>(line).expect("each line is JSON");
    let [sound, wrong] = [0, 1].map(|index| read(lines.lines().nth(index).expect("two lines")));
    assert_eq!(
        (&sound["name"], &sound["input"], &sound["diagnostics"]),
        (&json!("small"), &json!([1, 8, 8]), &json!([]))
    );
    let total = json!({"params": 2610, "trainable": 2610, "statistics": 0, "macs": 4864, "activations": 778});
    assert_eq!(sound["total"], total);
    assert_eq!((&sound["memory"]["batch"], &sound["memory"]["limit"]), (&json!(2), &json!(1u64 << 30)));
    assert!(sound["memory"]["largest_batch"].as_u64().is_some_and(|batch| batch > 2), "{sound}");
    let first = json!({
        "name": "0", "kind": "conv", "call": "conv 4 3x3 p1", "inputs": ["input"], "output": [4, 8, 8],
        "arithmetic": "(8 − 3 + 2·1)/1 + 1 = 8", "params": 40, "macs": 2304, "receptive_field": [3, 3], "trace": [],
    });
    assert_eq!(sound["layers"][0], first);
    let advice = "the map is only 8; use a smaller kernel, or pad by 1";
    let larger = "the smallest input that is large enough is 9×9";
    let suggestions = json!([
        {"message": advice, "text": " p1", "certain": false, "file": "wrong.yaml", "line": 2, "column": 20, "end_line": 2, "end_column": 20},
        {"message": larger, "text": "9, 9", "certain": false, "file": "wrong.yaml", "line": 1, "column": 12, "end_line": 1, "end_column": 16},
    ]);
    let diagnostic = json!({
        "severity": "error", "code": "E021", "message": "kernel 9×9 does not fit the 8×8 input", "file": "wrong.yaml",
        "line": 2, "column": 17, "end_line": 2, "end_column": 20, "label": "(8 − 9 + 2·0)/1 + 1 < 1",
        "labels": [], "trace": [], "help": format!("{advice}\n{larger}"), "suggestions": suggestions,
    });
    assert_eq!(wrong, json!({"file": "wrong.yaml", "diagnostics": [diagnostic]}));
    let (_, line, _) = run(&folder, "check --format json called.yaml");
    let place = |line, column, end_column| json!({"file": "called.yaml", "line": line, "column": column, "end_line": line, "end_column": end_column});
    let with = |mut place: Value, key: &str, text: &str| {
        place[key] = json!(text);
        place
    };
    let said = &read(line.as_str())["diagnostics"][0];
    assert_eq!(said["labels"], json!([with(place(4, 9, 10), "text", "it has no default")]), "{said}");
    assert_eq!(said["trace"], json!([with(place(5, 10, 15), "what", "in block `outer`, called here")]), "{said}");
}

#[test]
fn an_expansion_can_be_checked() {
    let folder = folder("expand", &[("sound.yaml", SOUND.as_bytes())]);
    let (_, text, _) = run(&folder, "expand sound.yaml");
    fs::write(folder.join("expanded.yaml"), &text).expect("the file can be written");
    assert_eq!(run(&folder, "check expanded.yaml").1, run(&folder, "check sound.yaml").1);
    assert_eq!(run(&folder, "expand expanded.yaml").1, text);
}

#[test]
fn stops_quietly_when_nobody_reads() {
    // More than a pipe holds, so that the program is still writing when its reader leaves.
    let file = "input: [1, 8, 8]\nlayers: [(conv 1 1x1) x 5000]\n";
    let folder = folder("pipe", &[("long.yaml", file.as_bytes())]);
    let mut child = archc(&folder, "check long.yaml")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let mut start = [0; 16];
    child.stdout.take().expect("it is piped").read_exact(&mut start).expect("there is output");
    let Output { status, stderr, .. } = child.wait_with_output().expect("it ends");
    assert_eq!((status.code(), String::from_utf8_lossy(&stderr).as_ref()), (Some(0), ""));
}
