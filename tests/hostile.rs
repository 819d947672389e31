//! Files that are made to cost much. `archc check` has something to say of each within a second and 200 MB; here,
//! without optimisation, within ten times the time and the address space that goes with it.
//!
//! A new case is a line: the file, what is in it, and what is said about it.
#![cfg(all(feature = "cli", target_os = "linux"))]

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use tempfile::TempDir;

/// A file's name, its text, and a part of what is said about it.
type Case = (&'static str, fn() -> String, &'static str);

/// Nothing is said about it.
const SOUND: &str = "is sound";

/// For a file that only warnings are printed of.
const UNUSED: &str = "nothing uses `a0`";

/// Seconds of a processor, and kB of addresses.
const LIMITS: &str = "ulimit -t 10; ulimit -v 400000";

const M: usize = 1_000_000;
const LAYERS: &str = "input: [3, 8, 8]\nlayers:\n";
const FAR: &str = "input: [3, 8, 8]\nlayers:\n  - ((relu) x 200000) as a\n";
const PARAMETERS: &str = "  a(n): '(b {n}) x {n}'\n  b(n): '(relu) x {n}'\n";

const NESTED: &[Case] = &[
    ("brackets.yaml", || "[".repeat(M), "nested more than 64 deep"),
    ("closed.yaml", || "[".repeat(M) + &"]".repeat(M), "nested more than 64 deep"),
    ("braces.yaml", || "{a: ".repeat(M), "nested more than 64 deep"),
    ("dashes.yaml", || "- ".repeat(M), "nested more than 64 deep"),
    ("questions.yaml", || "? ".repeat(M), "nested more than 64 deep"),
    ("colons.yaml", || ": ".repeat(M), "nested more than 64 deep"),
    ("indented.yaml", || lines("", 5000, |i| " ".repeat(i) + "a:"), "nested more than 64 deep"),
    ("arrays.toml", || "a = ".to_string() + &"[".repeat(M), "holds more than"),
    ("some_arrays.toml", || "a = ".to_string() + &"[".repeat(100_000), "nested too deep"),
    ("tables.toml", || "a = ".to_string() + &"{a=".repeat(100_000), "nested too deep"),
    ("dotted.toml", || "a".to_string() + &".a".repeat(M) + " = 1", "nested too deep"),
    ("header.toml", || format!("[a{}]", ".a".repeat(M)), "nested too deep"),
    ("parentheses.yaml", || layers(&"(".repeat(M)), "at most 262144 are read"),
    ("some_parentheses.yaml", || layers(&"(".repeat(100)), "brackets are nested more than 64 deep"),
    ("groups.yaml", || blocks("b60", 60, |i| group(60, i)), "items are nested more than 256 deep"),
    ("operators.yaml", || layers(&format!("'conv {{{}1}} 1x1'", "1+".repeat(M / 10))), "operators; at most 400"),
    ("powers.yaml", || layers(&format!("'conv {{{}9}} 1x1'", "9**".repeat(300))), "the result is too large"),
];

/// Files of other programs.
const FOREIGN: &[Case] = &[
    ("deep.prototxt", || "a {".repeat(M), "messages are nested more than 32 deep"),
    ("fields.prototxt", || "a: 1 ".repeat(M), "more than 300000 fields"),
    ("list.prototxt", || format!("a: [{}1]", "1, ".repeat(M)), "more than 300000 fields"),
    ("quote.prototxt", || "a: ".to_string() + &"\"".repeat(M), "no field `a`"),
    ("open.prototxt", || "a: \"".to_string() + &"b".repeat(M), "does not end in its line"),
    ("layers.prototxt", || PROTOTXT.to_string() + &RELU.repeat(50_001), "more than 300000 fields"),
    (
        "many.prototxt",
        || PROTOTXT.to_string() + &"layer { type: \"ReLU\" bottom: \"a\" top: \"a\" }".repeat(30_000),
        "more than",
    ),
    (
        "bottoms.prototxt",
        || {
            lines(PROTOTXT, 5_000, |i| {
                format!("layer {{ type: \"ReLU\" bottom: \"{}{i}\" top: \"t{i}\" }}", "b".repeat(60))
            })
        },
        "no layer before this one makes",
    ),
    ("sections.cfg", || CFG.to_string() + &"[dropout]\n".repeat(M), "more than 20000 sections"),
    ("options.cfg", || CFG.to_string() + &"a=1\n".repeat(M), "more than 500000 options"),
    ("unknown.cfg", || lines(CFG, 100_000, |i| format!("{}{i}=1", "b".repeat(60))), "does not read"),
    ("circle.cfg", || CFG.to_string() + "[route]\nlayers=0\n", "cannot read what it makes itself"),
    ("ahead.cfg", || CFG.to_string() + "[route]\nlayers=1\n[route]\nlayers=0\n", "comes after this one"),
    (
        "doubling.cfg",
        || CFG.to_string() + "[dropout]\n" + &"[route]\nlayers=-1,-1\n".repeat(10_000),
        "too large to compute with",
    ),
    (
        "wide.cfg",
        || CFG.to_string() + "[dropout]\n" + &format!("[route]\nlayers={}-1\n", "-1,".repeat(M)),
        "with commas between them",
    ),
    (
        "wires.cfg",
        || CFG.to_string() + "[dropout]\n" + &format!("[route]\nlayers={}-1\n", "0,".repeat(900)).repeat(10_000),
        "read more than",
    ),
    ("huge.cfg", || CFG.to_string() + "[convolutional]\nfilters=2147483647\nsize=2147483647\npad=1\n", "E0"),
    ("line.cfg", || "[".repeat(M), "name stands in brackets"),
];

const CFG: &str = "[net]\nheight=8\nwidth=8\nchannels=3\n";
const PROTOTXT: &str = "input: \"a\" input_shape { dim: 1 dim: 3 dim: 8 dim: 8 }\n";
const RELU: &str = "layer { name: \"r\" type: \"ReLU\" bottom: \"a\" top: \"a\" propagate_down: true phase: TRAIN }\n";

const REPEATED: &[Case] = &[
    ("repeat.yaml", || layers("(relu) x 1000000000"), "more than 250000 layers"),
    ("repeats.yaml", || layers("((relu) x 250000) x 250000"), "more than 250000 layers"),
    ("empty.yaml", || layers("((((relu) x 0) x 250000) x 250000) x 1000"), "items without a layer"),
    ("circle.yaml", || layers("[a]\nblocks: {a: [relu, b], b: a}"), "calls itself"),
    ("doubling.yaml", || blocks("b60", 60, |i| format!("[b{i}, b{i}]")), "more than 250000 layers"),
    ("fans.yaml", || blocks("b40", 40, |i| format!("{{branches: [b{i}, b{i}, b{i}]}}")), "more than 250000 layers"),
    ("idle.yaml", || blocks("b60", 60, |i| format!("[b{i}, b{i}]")).replace("relu", "[]"), "items without a layer"),
    ("chain.yaml", || blocks("b900", 900, |i| format!("b{i}")), "call each other more than 64 deep"),
    ("parameters.yaml", || layers("[a 9999]\nblocks:\n") + PARAMETERS, "more than 250000 layers"),
    ("anchors.yaml", || lines("a0: &a0 [x, x]\n", 12, anchored), "aliases are expanded too often"),
    ("aliases.yaml", || lines("a: &a [relu]\nlayers:\n", M / 2, |_| "  - *a".into()), "aliases are expanded too often"),
    ("merged.yaml", || lines("a: &a {x: 1}\nb:\n", M / 10, |_| "  <<: *a".into()), "aliases are expanded too often"),
    ("sums.yaml", || layers(&format!("(conv {{{}1}} 1x1) x 250000", "1+".repeat(399))), "takes too long"),
    ("lists.yaml", || calls(&format!("(b {{[{}1]}}) x 250000", "1,".repeat(60_000))), "takes too long"),
    ("surplus.yaml", || layers(&format!("(conv 8{}) x 100000", " k=relu".repeat(2000))), "no argument `k`"),
    ("lookups.yaml", || lets(1000, "1", "(conv {a0} 1x1) x 250000"), "takes too long"),
    ("sources.yaml", || calls("(c) x 250000") + "  c: {merge: add, from: [" + &"b, ".repeat(M / 10) + "b]}\n", "E030"),
    (
        "currents.yaml",
        || calls("(c) x 9999") + "  c: {merge: add, from: [" + &"., ".repeat(M / 10) + ".]}\n",
        "too many",
    ),
    (
        "names.yaml",
        || layers(&format!("((relu) x 250000) as {}", "a".repeat(999))),
        "names of this network are too long",
    ),
    ("names.toml", || toml_block(&"b".repeat(999), "x 9999"), SOUND),
    ("patterns.yaml", || patterns(99, |i| format!("\"*{i}*\"")), "are compared with 100000 layers each"),
    ("kinds.yaml", || patterns(M / 10, |i| format!("conv.b{i}")), "are compared with 100000 layers each"),
    ("stars.yaml", || patterns(1, |_| format!("? \"{}\"\n  ", "*a".repeat(M / 10))), "are compared with"),
];

const NUMBERS: &[Case] = &[
    ("u64.yaml", || sized("18446744073709551615"), "not a number that can be computed with"),
    ("beyond.yaml", || sized("18446744073709551616"), "not a number that can be computed with"),
    ("u64.toml", || "input = [3, 18446744073709551615, 8]".into(), "not a number that can be computed with"),
    ("i64.yaml", || sized("9223372036854775807"), "must be at most 2^31"),
    ("sides.yaml", || "input: [2147483648, 2147483648, 2147483648]\nlayers: relu".into(), "too large to compute with"),
    ("arguments.yaml", || layers("conv 9223372036854775807 1x1"), "must be at most 2^31"),
    ("window.yaml", || layers("conv 9 2147483648x2147483648 s2147483648 p2147483648 d2147483648"), "does not fit"),
    ("transposed.yaml", || layers("conv_transpose 8 3 padding=2147483647"), "leaves nothing of the output"),
    ("same.yaml", || layers("conv 8 2147483647 d2147483647 padding=same"), "reaches beyond every map"),
    ("prime.yaml", || layers("conv 2147483647 1x1 g2147483646"), "do not split into 2147483646 groups"),
    ("infinities.yaml", || format!("input: [{}1]", "1e999, ".repeat(M / 2)), "not a number that can be computed with"),
    ("sizes.yaml", || format!("input: [{}1]\nlayers: relu", "1, ".repeat(M / 2)), "one or three sizes, not 500001"),
    ("digits.yaml", || layers(&format!("conv {} 1x1", "9".repeat(M / 10))), "a word of more than 1000 bytes"),
];

const BYTES: &[Case] = &[
    ("nul.yaml", || layers("re\0lu"), "unexpected character"),
    ("nul.toml", || "input = [3, 8, 8]\nlayers = ['re\0lu']".into(), "E001"),
    ("nuls.yaml", || "\0".repeat(30 << 20), "unexpected character"),
    ("marks.yaml", || "\u{feff}".repeat(M), "the file is empty"),
    ("blank.yaml", || " ".repeat(31 << 20), "the file is empty"),
    ("breaks.yaml", || "\n".repeat(31 << 20), "the file is empty"),
    ("comments.yaml", || "# x\n".repeat(7 << 20), "the file is empty"),
    ("breaks.toml", || "\n".repeat(M), "holds more than"),
    ("long.yaml", || "#".repeat(33 << 20), "longer than 32 MB"),
    ("long.toml", || "#".repeat(9 << 20), "at most 8 MB"),
    ("line.yaml", || "x ".repeat(15 << 20), "at most 262144 are read"),
    ("quote.yaml", || "a: \"".to_string() + &"x".repeat(31 << 20), "unclosed quote"),
    ("quotes.toml", || "\"".repeat(7 << 20), "E001"),
    ("signs.toml", || "a = ".to_string() + &"1 ".repeat(3 << 20), "E001"),
    ("key.yaml", || "a".repeat(30 << 20) + ": 1", "mapping values are not allowed"),
    ("wide.yaml", || "層".repeat(10 << 20) + ": }", "mapping values are not allowed"),
    ("notation.yaml", || layers(&"a".repeat(30 << 20)), "at most 262144 are read"),
    ("literal.yaml", || layers("|\n") + &"  relu ->\n".repeat(M / 10), "at most 262144 are read"),
    ("escapes.yaml", || layers(&format!("\"{}\"", "\\u0041".repeat(5 << 20))), "at most 262144 are read"),
    ("doubled.yaml", || lines("layers:\n", 100, |_| format!("  - '{}'", "''".repeat(120_000))), "E002"),
    ("chains.yaml", || lines("layers:\n", 60, |_| "  - ".to_string() + &"relu -> ".repeat(30_000)), "is missing after"),
    ("documents.yaml", || "---\n".repeat(M / 5), "`---` starts another"),
    ("directives.yaml", || "%YAML 1.2\n".repeat(M / 5), "duplicate version directive"),
    ("values.yaml", || format!("a: [{}", "1,".repeat(5 * M)), "holds more than"),
    ("values.toml", || format!("a = [{}", "1,".repeat(M)), "holds more than"),
    ("escape.yaml", || layers("relu") + "\nname: \"\\e]0;x\\a\"", "control characters"),
];

const MISTAKES: &[Case] = &[
    ("calls.yaml", || lines(LAYERS, M / 4, |i| format!("  - cnov{i} 3")), "no layer or block is called `cnov0`"),
    ("one_line.yaml", || layers(&format!("[{}]", "cnov, ".repeat(M / 4))), "no layer or block is called `cnov`"),
    ("notations.yaml", || lines(LAYERS, M / 4, |_| "  - conv 64 ->".into()), "something is missing after `->`"),
    ("long_words.yaml", || lines(LAYERS, 100, |_| "  - ".to_string() + &"c".repeat(M / 5)), "a word of more than"),
    ("long_keys.toml", || lines("", 30, |i| format!("\"{}{i}\" = 1", "c".repeat(M / 5))), "has no key"),
    ("keys.yaml", || lines("", M / 4, |i| format!("k{i}: 1")), "a file has no key `k0`"),
    ("same_keys.yaml", || lines("", M / 4, |_| "layers: relu".into()), "the key `layers` occurs twice"),
    ("bad_keys.yaml", || lines(LAYERS, M / 10, |_| "  - {[a]: 1}".into()), "a key must be text"),
    ("same_names.yaml", || lines(LAYERS, M / 8, |i| format!("  - a{}: [relu]", i % 500)), "is the name of two layers"),
    ("references.yaml", || lines(LAYERS, M / 20, |i| format!("  - {{from: x{i}, then: cnov}}")), "is called `x0`"),
    ("far.yaml", || lines(FAR, 100, |_| "  - {from: a, then: maxpool 99}".into()), "does not fit the 8×8 input"),
    (
        "branches.yaml",
        || layers(&format!("[{{merge: add, branches: [{}maxpool 2]}}]", "relu, ".repeat(M / 10))),
        "E023",
    ),
    ("shapes.yaml", || lines(LAYERS, M / 20, |_| "  - {residual: conv 4 3x3, shortcut: identity}".into()), "E023"),
    ("expect.yaml", || lines(LAYERS, M / 10, |_| "  - expect: [1, 2, 3]".into()), "expected 1×2×3, but 3×8×8 arrives"),
    (
        "allow.yaml",
        || layers("relu") + &format!("\nallow: [{}]", "W999, ".repeat(M / 4)),
        "no warning is called `W999`",
    ),
    ("init.yaml", || lines("init:\n", M / 4, |i| format!("  x{i}.y: [1]")), "the initialiser of `x0.y` must be"),
    ("train.yaml", || lines("train:\n", M / 4, |i| format!("  k{i}: 1")), "has no"),
    ("lets.yaml", || lets(M / 10, "1", "relu"), "there are 100000 names; at most 1000 are read"),
    ("let_lists.yaml", || lets(999, &format!("[{}]", "1,".repeat(600)), "relu"), UNUSED),
    ("nested_lists.yaml", || lines("let:\n  a0: [1, 1]\n", 40, doubled_list), "more than 65536 elements"),
    ("blocks.yaml", || blocks("b0", M / 10, |_| "relu".into()), "at most 1000 are read"),
    ("parameters.toml", || toml_block(&format!("b({})", numbered(30_000)), "x 1"), "at most 100 parameters"),
    ("list_text.yaml", || lets(1, &format!("[{}]", "1,".repeat(60_000)), "conv {a0 + 1} 1x1"), "is not a number"),
    ("sizes_expected.yaml", || layers(&format!("[{{expect: [{}]}}]", "a b, ".repeat(M / 4))), "unexpected `b`"),
    ("arguments_given.yaml", || layers(&format!("conv {}", "1 ".repeat(M / 10))), "takes"),
    ("dates.toml", || format!("a = [{}]", "1979-05-27, ".repeat(M / 10)), "a date has no meaning here"),
    ("errors.toml", || "x y z\n".repeat(M / 10), "key with no value"),
    ("keys.toml", || lines("", M / 10, |i| format!("k{i} = 1")), "a file has no key `k0`"),
    ("same_keys.toml", || "a = 1\n".repeat(M / 10), "the key `a` occurs twice"),
    ("end.toml", || format!("layers = [\n{}}}", "\"relu\",\n".repeat(M / 10)), "E001"),
    ("preset.yaml", || lines("classes: 9\nvgg: {cfg: [\n", M / 4, |_| "64,".into()) + "]}", "entries; at most 1000"),
];

/// A text of many lines.
fn lines(head: &str, count: usize, line: impl Fn(usize) -> String) -> String {
    let mut text = head.to_string();
    for index in 0..count {
        text.push_str(&line(index));
        text.push('\n');
    }
    text
}

fn sized(size: &str) -> String {
    format!("input: [3, {size}, 8]\nlayers: relu")
}

fn layers(written: &str) -> String {
    format!("input: [3, 8, 8]\nlayers: {written}")
}

/// A network that calls a block, where `b0` is one layer, and every other one is made of the one before it.
fn blocks(call: &str, count: usize, body: impl Fn(usize) -> String) -> String {
    lines(&layers(&format!("[{call}]\nblocks:\n  b0: relu\n")), count, |i| format!("  b{}: {}", i + 1, body(i)))
}

/// A network whose `b` takes an argument and does nothing with it.
fn calls(call: &str) -> String {
    layers(&format!("['{call}']\nblocks:\n  b(n=1): relu\n"))
}

fn group(depth: usize, block: usize) -> String {
    format!("{}b{block}{}", "(".repeat(depth), ")".repeat(depth))
}

fn anchored(index: usize) -> String {
    format!("a{}: &a{0} [{}]", index + 1, vec![format!("*a{index}"); 9].join(", "))
}

fn doubled_list(index: usize) -> String {
    format!("  a{}: [a{index}, a{index}]", index + 1)
}

fn lets(count: usize, value: &str, item: &str) -> String {
    lines("input: [3, 8, 8]\nlet:\n", count, |i| format!("  a{i}: {value}")) + &format!("layers: [\"{item}\"]")
}

fn patterns(count: usize, pattern: impl Fn(usize) -> String) -> String {
    lines(&layers("[(conv 3 1x1) x 100000]\ninit:\n"), count, |i| format!("  {}: 1", pattern(i)))
}

fn toml_block(signature: &str, times: &str) -> String {
    let name = signature.split('(').next().unwrap_or_default();
    format!("input = [3, 8, 8]\nlayers = ['({name}) {times}']\n[blocks]\n'{signature}' = 'relu'")
}

fn numbered(count: usize) -> String {
    (0..count).map(|i| format!("a{i}")).collect::<Vec<_>>().join(",")
}

#[test]
fn hostile_files_cost_little() {
    let folder = TempDir::new().expect("a folder can be made");
    let cases = [NESTED, FOREIGN, REPEATED, NUMBERS, BYTES, MISTAKES].concat();
    let next = AtomicUsize::new(0);
    let failures = Mutex::new(Vec::new());
    let work = || {
        while let Some((name, text, expected)) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
            fs::write(folder.path().join(name), text()).expect("the file can be written");
            let failure = failure(folder.path(), name, expected);
            failures.lock().expect("nobody panics").extend(failure);
        }
    };
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(work);
        }
    });
    let failures = failures.into_inner().expect("nobody panics");
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn hostile_places_cost_little() {
    let folder = TempDir::new().expect("a folder can be made");
    let made = Command::new("mkfifo").arg(folder.path().join("pipe")).status().expect("mkfifo starts");
    assert!(made.success());
    let including = |file: &str, included: &str| (file.to_string(), layers("relu") + &format!("\ninclude: {included}"));
    let many = lines("", 400_000, |i| format!("  b{i}: relu"));
    let files = [
        ("sound.yaml".to_string(), layers("relu")),
        ("many.yaml".to_string(), "blocks:\n".to_string() + &many),
        including("itself.yaml", "itself.yaml"),
        including("one.yaml", "other.yaml"),
        including("other.yaml", "one.yaml"),
        including("piped.yaml", "pipe"),
        including("zero.yaml", &format!("{}dev/zero", "../".repeat(100))),
        including("up.yaml", &format!("{}x.yaml", "../".repeat(60_000))),
        including("large.yaml", "many.yaml"),
        including("none.yaml", &format!("[{}]", "x.yaml, ".repeat(100_000))),
    ];
    for (file, text) in files {
        fs::write(folder.path().join(file), text).expect("the file can be written");
    }
    fs::write(folder.path().join("latin.yaml"), b"name: caf\xe9").expect("the file can be written");
    let set = |count: usize| (0..count).map(|i| format!(" --set k{i}=1")).collect::<String>();
    let failures: Vec<String> = [
        ("pipe".to_string(), "it is a pipe"),
        ("/dev/zero".to_string(), "longer than 32 MB"),
        ("latin.yaml".to_string(), "byte 9 is not UTF-8"),
        ("itself.yaml".to_string(), "includes itself"),
        ("one.yaml".to_string(), "includes itself"),
        ("piped.yaml".to_string(), "it is no file"),
        ("zero.yaml".to_string(), "it lies outside the folder of the file that is read"),
        ("up.yaml".to_string(), "cannot include"),
        ("large.yaml".to_string(), "the included files have more than"),
        ("none.yaml".to_string(), "cannot include"),
        ("sound.yaml".to_string() + &set(5000), "more than 1000 values are set"),
        (format!("sound.yaml --set {}=1", "a.".repeat(60_000) + "a"), "keys are nested more than 64 deep"),
        (format!("sound.yaml --set a={}", "[".repeat(60_000)), "nested more than 64 deep"),
        (format!("sound.yaml --input {}", "9".repeat(60_000)), "is not a number that can be computed with"),
    ]
    .into_iter()
    .filter_map(|(arguments, expected)| failure(folder.path(), &arguments, expected))
    .collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// What `archc check` says, within the limits, of what these arguments name, if it is not what is expected.
fn failure(folder: &Path, arguments: &str, expected: &str) -> Option<String> {
    let limited = format!("{LIMITS}; set -f; exec {} check $0", env!("CARGO_BIN_EXE_archc"));
    let output = Command::new("sh").current_dir(folder).args(["-c", &limited, arguments]).output();
    let output = output.expect("a shell starts");
    let said = String::from_utf8_lossy(&output.stderr);
    let is_expected = match expected {
        SOUND => output.status.code() == Some(0) && said.is_empty(),
        UNUSED => output.status.code() == Some(0) && said.contains(UNUSED),
        _ => output.status.code() == Some(1) && said.contains(expected),
    };
    let start = |text: &str| text.chars().take(300).collect::<String>();
    (!is_expected).then(|| format!("{}: {}: {}", start(arguments), output.status, start(&said)))
}
