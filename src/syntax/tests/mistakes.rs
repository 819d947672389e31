//! Which characters of bad documents are underlined, and that hostile ones are refused.

use super::*;

/// Marks, tabs, wide characters and line ends before a value must not move its place.
#[test]
fn places_are_exact() {
    let yaml = [
        "input: 1\nlayers: [conv 64 @3x3]",
        "input: 1\nlayers:\t[ü 漢字, conv 64 @3x3]",
        "\u{feff}input: 1\r\nlayers:\r\n  - \"relu\\t\\u002d> conv 64 @3x3\"\r\n",
        "input: 1\nlayers: ['it''s é', 'conv 64 @3x3']",
        "input: 1\nlayers: >-\n  conv 64\n  3x3\n\n  -> conv 64 @3x3\n",
        "input: 1\nlayers: |\n  conv 64\n    3x3 -> conv 64 @3x3\n",
        "input: 1\nlayers: conv 64\n  3x3 -> conv 64\n    @3x3\n",
        "input: 1\nlayers: \"conv 64 \\\n    3x3 \\x2d> conv 64 @3x3\"\n",
        "input: 1\nlayers:\n  - x: &a conv 64 @3x3\n",
        "input: 1\nlayers: relu\nblocks: {\"b\\x61se(w@)\": relu}",
    ];
    let toml = [
        "input = 1\nlayers = 'conv 64 @3x3'",
        "input = 1\r\nlayers = [\"ü漢\\u0041 1\",\t\"conv\\t64 @3x3\"]",
        "input = 1\nlayers = '''\nconv 64 @3x3'''",
        "input = 1\nlayers = \"\"\"\nconv 64 \\\n   -> relu \\u002D> conv @3x3\"\"\"",
        "input = 1\nlayers = 'relu'\nblocks = {'base(w@)' = 'relu'}",
    ];
    let all = yaml.map(|text| (text, Format::Yaml)).into_iter().chain(toml.map(|text| (text, Format::Toml)));
    for (text, format) in all {
        let mut sources = Sources::default();
        let errors = read(&mut sources, text, format, &[]).expect_err(text);
        let last = errors.last().expect("there is an error");
        assert_eq!(sources.text(last.primary.span), "@", "{text:?} {last:?}");
    }
}

/// Reads `text` with overrides such as `a=1 b=2`, and lists each mistake as its code and the characters underlined.
fn mistakes_in(text: &str, format: Format, overrides: &str) -> String {
    let overrides: Vec<(&str, &str)> = overrides.split_whitespace().filter_map(|set| set.split_once('=')).collect();
    let mut sources = Sources::default();
    match read(&mut sources, text, format, &overrides) {
        Ok(document) => show(&document),
        Err(errors) => {
            let found =
                errors.iter().map(|error| format!("{} `{}`", error.code.id(), sources.text(error.primary.span)));
            found.collect::<Vec<_>>().join(", ")
        }
    }
}

fn check_yaml(cases: &[(&str, &str)]) {
    for (text, expected) in cases {
        assert_eq!(mistakes_in(text, Format::Yaml, ""), *expected, "{text}");
    }
}

#[test]
fn in_yaml() {
    check_yaml(&[
        ("", "E005 ``"),
        ("# only a comment\n", "E005 ``"),
        ("- 1\n", "E003 `- 1`"),
        ("5", "E003 `5`"),
        ("a: 1\n---\nb: 2\n", "E001 `b`"),
        ("a: \0\n", "E001 `\0`"),
        ("é: [1, 2\nb: 3\n", "E001 `:`"),
        ("a: b: c\n", "E001 `:`"),
        ("a:\n\t- b\n", "E001 `\t`"),
        ("a: @x\n", "E001 `@`"),
        ("a: *nope\n", "E001 `*`"),
        ("a: &a [*a]\n", "E001 `*`"),
        ("a: !tag x\nb: \"x", "E001 `\"`"),
        ("input: 1\nvgg: {}\nlet: {a: 1}\ndata: {c: 1, c: 2}\nlet: 2\n", "E006 `c`, E006 `let`"),
        ("input: 1\nvgg: {}\n? [1]\n: 2", "E003 `[`"),
        (
            "input: 99999999999999999999\nvgg: {b: -99999999999999999999}",
            "E026 `99999999999999999999`, E026 `-99999999999999999999`",
        ),
        ("input: .inf\nvgg: {b: .nan, c: 1e999}", "E026 `.inf`, E026 `.nan`, E026 `1e999`"),
    ]);
}

#[test]
fn in_toml() {
    for (text, expected) in [
        ("", "E005 ``"),
        ("a = 1\nb = \nc = 2", "E001 ``"),
        ("a = yes", "E001 `yes`"),
        ("a = 'x", "E001 ``"),
        ("a.b = 1\na.b.c = 2", "E001 `b`"),
        ("a = \0", "E001 `\0`"),
        (
            "input = 99999999999999999999\nvgg = {b = inf, c = 1e999}",
            "E026 `99999999999999999999`, E026 `inf`, E026 `1e999`",
        ),
        ("input = 1979-05-27\nvgg = {}", "E003 `1979-05-27`"),
    ] {
        assert_eq!(mistakes_in(text, Format::Toml, ""), expected, "{text}");
    }
}

/// What occurs twice is shown at both places.
#[test]
fn duplicates() {
    use Format::{Toml, Yaml};
    for (text, format, first, second) in [
        ("vgg: {input: 2}\ninput: 1\n\"input\": 2", Yaml, 16..21, 25..32),
        ("x = {a = 2}\na = 1\n'a' = [\n2]\n", Toml, 12..13, 18..21),
        ("[t]\na = 1\n[u]\n[t]\nb = 1\n", Toml, 1..2, 15..16),
        ("input: 1\nlayers: relu\nvgg: {}", Yaml, 9..15, 22..25),
        ("input: 1\nlayers: relu\nblocks: {b: relu, b(w): relu}", Yaml, 31..32, 40..41),
    ] {
        let errors = read(&mut Sources::default(), text, format, &[]).expect_err(text);
        let [error] = errors.as_slice() else { panic!("{errors:?}") };
        assert_eq!((error.code, error.primary.span.range()), (Code::Duplicate, second), "{text}");
        assert_eq!(error.others[0].span.range(), first, "{text}");
    }
}

#[test]
fn in_keys_of_the_document() {
    check_yaml(&[
        ("input: 1\nlayer: relu\nfoo: 1", "E004 `layer`, E004 `foo`"),
        ("inptu: 1\nlayers: relu", "E004 `inptu`"),
        ("layers: relu", "E005 `layers`"),
        ("name: x\ninput: 1", "E005 `name`"),
        ("input: 1\nvgg: {}\nlayers: relu\nresnet: {}", "E006 `layers`, E006 `resnet`"),
        ("input: {}\nlayers:\n", "E003 `{}`, E003 ``"),
        ("input: []\nvgg: 5", "E003 `[]`, E003 `5`"),
        ("input: 1\nvgg: {}\nclasses: [a, {b: 1}]\nname: []\nallow: {}", "E003 `{b: 1}`, E003 `[]`, E003 `{}`"),
        ("input: 1\nvgg: {}\ntrain: 5\ndata: [1]\nlet: 5\ninit: [1]", "E003 `5`, E003 `[1]`, E003 `5`, E003 `[1]`"),
        ("input: 3x32x\nlayers: relu", "E002 ``"),
        ("input: 1\nvgg: {}\nlet: {a-b: 1, c: {d: null}, e: '1+'}", "E002 `a-b`, E003 `{d: null}`, E002 ``"),
        ("input: 1\nvgg: {}\ninit: {conv: [1], linear: normal 0 .., bn: 1}", "E003 `[1]`, E002 `.`"),
        ("input: 1\nvgg: {}\nblocks: {conv: relu, a(x: relu, b:}", "E006 `conv`, E002 ``, E003 ``"),
    ]);
}

#[test]
fn in_items() {
    for (layers, expected) in [
        ("[cnov: {out: 64}, dropuot: 0.5, rleu: ]", "E010 `cnov`, E010 `dropuot`, E010 `rleu`"),
        ("[linaer: 5, my: 5, a: {b: 1, c: 2}]", "E010 `linaer`, E010 `my`, E010 `a`"),
        ("[{cnov: {out: width}, name: x}, {name: x}]", "E010 `cnov`, E005 `{name: x}`"),
        ("[{a: relu, b: relu}]", "E004 `b`"),
        ("[5, true, null]", "E003 `5`, E003 `true`, E003 `null`"),
        ("[{residual: relu, shortcut: idntity, afer: relu}]", "E010 `idntity`, E004 `afer`"),
        ("[{branches: relu, merge: sum}, {from: [a, b]}]", "E003 `relu`, E010 `sum`, E005 `b`"),
        ("[{expect: [a, {}]}, {from: {}, merge: []}]", "E003 `{}`, E003 `{}`, E003 `[]`"),
        ("[conv: {out: {4*width}, kernel: }]", "E003 `{4*width}`, E003 ``"),
        ("[conv: relu -> bn, {relu: , name: [1]}, my layer: relu]", "E002 `->`, E003 `[1]`, E002 `layer`"),
    ] {
        assert_eq!(mistakes_in(&format!("input: 1\nlayers: {layers}"), Format::Yaml, ""), expected, "{layers}");
    }
}

#[test]
fn in_overrides() {
    for (overrides, expected) in [
        ("layers.a=1 a..b=1 x=[", "E003 `a`, E004 ``, E001 `[`"),
        ("clases=10 input=3xx", "E004 `clases`, E002 `x`"),
        ("layers=conv=> input.=1", "E002 `=`, E004 ``"),
    ] {
        assert_eq!(mistakes_in("input: 1\nlayers: [relu]", Format::Yaml, overrides), expected, "{overrides}");
    }
}

/// Texts that are made to cost much are refused before they do. What that takes is limited in tests/hostile.rs.
#[test]
fn hostile_texts() {
    use Format::{Toml, Yaml};
    let bomb: String = (1..12).map(|i| format!("a{i}: &a{i} [{}]\n", format!("*a{},", i - 1).repeat(9))).collect();
    let bomb = "a0: &a0 [x, x]\n".to_string() + &bomb;
    let cases: Vec<(&str, String, Format, &str)> = vec![
        ("brackets", "[".repeat(1_000_000), Yaml, "E007"),
        ("brackets under a key", "a: {".repeat(1_000_000), Yaml, "E007"),
        ("lists", "- ".repeat(1_000_000), Yaml, "E007"),
        ("keys", "? ".repeat(1_000_000), Yaml, "E007"),
        ("indentation", (0..3000).map(|i| " ".repeat(i) + "a:\n").collect(), Yaml, "E007"),
        ("bomb", bomb, Yaml, "E007"),
        ("length", " ".repeat(33 << 20), Yaml, "E007"),
        ("notation", format!("input: 1\nlayers: {}", "(".repeat(1_000_000)), Yaml, "E007"),
        (
            "blocks",
            format!(
                "input: 1\nlayers: relu\nblocks:\n{}",
                (0..2000).map(|i| format!("  b{i}: relu\n")).collect::<String>()
            ),
            Yaml,
            "E007",
        ),
        ("one scalar", format!("input: 1\nlayers: {}", "x".repeat(30_000_000)), Yaml, "E007"),
        ("arrays", "a = ".to_string() + &"[".repeat(100_000), Toml, "E007"),
        ("tables", "a = ".to_string() + &"{a=".repeat(100_000), Toml, "E007"),
        ("dots", "a".to_string() + &".a".repeat(100_000) + " = 1", Toml, "E007"),
        ("errors", "= \n".repeat(100_000), Toml, "E001"),
        ("duplicates", "a = 1\n".repeat(100_000), Toml, "E006"),
    ];
    for (name, text, format, code) in cases {
        let errors = read(&mut Sources::default(), &text, format, &[]).expect_err(name);
        assert_eq!(errors[0].code.id(), code, "{name}: {}", errors[0].message);
    }
    let mistakes = format!("input: 1\nlayers:\n{}", "  - conv ->\n".repeat(10_000));
    let errors = read(&mut Sources::default(), &mistakes, Yaml, &[]).expect_err("they are mistakes");
    assert_eq!(errors.len(), 100);
    assert_eq!(errors[99].help[0].text, "900 or more others are not shown");
}

/// Documents with a few bytes changed, cut out or repeated: whatever they are, reading them ends, and every place that
/// a mistake points at lies in its text.
#[test]
fn mutated_documents() {
    let seeds = [
        (
            Format::Yaml,
            "input: 3x8x8\nlet: {w: [1, 2*3]}\nblocks:\n  b(w, s=1):\n    - residual: conv {w} 3x3 s{s} as c-{i} -> bn\n      shortcut: auto\nlayers: &l\n  - stem: \"conv\\t64 \\u0033x3 -> é\"\n  - b 64 x 3\n  - 'it''s'\n  - conv: {out: 4*w, kernel: 3x3}\n  - >-\n    conv 1\n    1x1\n\n  - |\n    relu\n  - {from: [a, .], merge: add}\ninit: {'*.bias': 0, c: *l}\n",
        ),
        (
            Format::Toml,
            "input = [3, 8, 8]\nlayers = [\n  'conv 64 3x3 -> ü', \"a\\u0041\", { conv = { out = 1_000, kernel = '3x3' } },\n]\n[blocks]\n'b(w)' = \"\"\"\nrelu \\\n  x 3\"\"\"\n[train]\nlr = 1e-4\nd = 1979-05-27\n[[x.y]]\nz.w = {a = 1}\n",
        ),
    ];
    // Numerical Recipes' linear congruential generator: the same mutations every time.
    let mut state = 1u32;
    let mut random = |below: usize| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as usize % below
    };
    for round in 0..ROUNDS {
        let (format, seed) = seeds[round % 2];
        let mut text: Vec<char> = seed.chars().collect();
        for _ in 0..1 + random(6) {
            let at = random(text.len());
            match random(4) {
                0 => {
                    text[at] = [
                        '"', '\'', ':', '{', '[', '\n', '\t', '\\', '#', '&', '*', '-', '>', '|', 'x', '\0', '漢', '!',
                        '%', ' ',
                    ][random(20)]
                }
                1 => drop(text.drain(at..(at + 1 + random(9)).min(text.len()))),
                2 => text.insert(at, ['"', '{', '}', ']', ' ', '\n', '?', '.', '('][random(9)]),
                _ => text.extend_from_within(at..(at + 20).min(text.len())),
            }
        }
        let text: String = text.into_iter().collect();
        let mut sources = Sources::default();
        for error in read(&mut sources, &text, format, &[("let.w", "2")]).err().unwrap_or_default() {
            let Span { source, start, end } = error.primary.span;
            let whole = &sources.get(source).text;
            assert!(start <= end && whole.get(start as usize..end as usize).is_some(), "{text}\n{error:?}");
        }
    }
}

/// A second of them; two hundred thousand have been tried.
const ROUNDS: usize = 2_000;
