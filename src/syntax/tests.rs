//! Whole documents: what they mean, and which characters of bad ones are underlined.

use super::*;
use crate::diagnostic::Diagnostics;
use crate::syntax::ast::DocumentBody;

const VOCABULARY: Vocabulary<'_> = Vocabulary {
    layers: &[
        "conv",
        "maxpool",
        "avgpool",
        "adaptive_avgpool",
        "bn",
        "lrn",
        "linear",
        "dropout",
        "flatten",
        "relu",
        "leaky_relu",
        "sigmoid",
        "tanh",
        "gelu",
        "silu",
        "softmax",
        "add",
    ],
    presets: &PRESETS,
};

fn read(
    sources: &mut Sources,
    text: &str,
    format: Format,
    overrides: &[(&str, &str)],
) -> Result<Document, Vec<Diagnostic>> {
    let id = sources.add("test", text);
    let overrides: Vec<Override> =
        overrides.iter().map(|(path, value)| Override { path: path.to_string(), value: value.to_string() }).collect();
    parse_with(sources, id, format, &overrides, VOCABULARY)
}

/// The document, one line a part.
fn show(document: &Document) -> String {
    let mut lines = Vec::new();
    let exprs = |list: &[crate::diagnostic::Spanned<ast::Expr>]| {
        list.iter().map(|value| compact::expr(&value.value)).collect::<Vec<_>>().join("x")
    };
    lines.extend(document.name.as_ref().map(|name| format!("name {}", name.value)));
    lines.push(format!("input {}", exprs(&document.input.value)));
    lines.extend(document.classes.as_ref().map(|classes| format!("classes {}", compact::expr(&classes.value))));
    lines.extend(
        document.lets.iter().map(|(name, value)| format!("let {} = {}", name.value, compact::expr(&value.value))),
    );
    for block in &document.blocks {
        let signature = compact::signature(&(block.name.clone(), block.parameters.clone()));
        lines.push(format!("block {signature}: {}", compact::items(&block.body)));
    }
    lines.push(match &document.body {
        DocumentBody::Layers(items) => format!("layers {}", compact::items(items)),
        DocumentBody::Preset { name, settings } => format!("preset {} {}", name.value, compact::section(settings)),
    });
    lines.extend(
        document.init.iter().map(|rule| format!("init {}: {}", rule.pattern.value, compact::call(&rule.initialiser))),
    );
    lines.extend(document.data.as_ref().map(|data| format!("data {}", compact::section(data))));
    lines.extend(document.train.as_ref().map(|train| format!("train {}", compact::section(train))));
    lines.extend(document.allow.iter().map(|code| format!("allow {}", code.value)));
    lines.join("\n")
}

fn check(text: &str, format: Format, overrides: &[(&str, &str)], expected: &str) {
    let mut sources = Sources::default();
    match read(&mut sources, text, format, overrides) {
        Ok(document) => assert_eq!(show(&document), expected, "{text}"),
        Err(list) => panic!("{}", Diagnostics { sources: sources.into(), list }),
    }
}

/// `layers:` with these entries must mean `expected`.
fn check_layers(cases: &[(&str, &str)]) {
    for (layers, expected) in cases {
        let text = format!("input: 3x8x8\nblocks: {{basic(w): relu}}\nlayers:\n{layers}\n");
        check(&text, Format::Yaml, &[], &format!("input 3x8x8\nblock basic(w): relu\nlayers {expected}"));
    }
}

#[test]
fn presets_in_yaml_and_toml() {
    let yaml = "
name: vgg_custom
input: [3, 32, 32]             # C, H, W
classes: 10
vgg:                           # a preset
  cfg: [64, M, 'conv 256 1x1 -> relu']
  batch_norm: true
  head: [512]
  # avgpool: 7
data:
  set: cifar10
  train: [crop 32 pad=4, hflip, normalize cifar10]
  eval: [normalize cifar10]
train: {epochs: 50, batch: 128, optimizer: sgd lr=0.05 momentum=0.9 weight_decay=5e-4, schedule: step 5 gamma=0.9, seed: 777}
allow: [W001]
";
    let toml = "
name = 'vgg_custom'
input = [3, 32, 32]
classes = 10
allow = 'W001'
[vgg]
cfg = [64, 'M', \"conv 256 1x1 -> relu\"]
batch_norm = true
head = [512]
[data]
set = 'cifar10'
train = ['crop 32 pad=4', 'hflip', 'normalize cifar10']
eval = ['normalize cifar10']
[train]
epochs = 50
batch = 128
optimizer = 'sgd lr=0.05 momentum=0.9 weight_decay=5e-4'
schedule = 'step 5 gamma=0.9'
seed = 777
";
    let expected = "name vgg_custom
input 3x32x32
classes 10
preset vgg {cfg: [64, 'M', 'conv 256 1x1 -> relu'], batch_norm: true, head: [512]}
data {set: 'cifar10', train: ['crop 32 pad=4', 'hflip', 'normalize cifar10'], eval: ['normalize cifar10']}
train {epochs: 50, batch: 128, optimizer: 'sgd lr=0.05 momentum=0.9 weight_decay=5e-4', schedule: 'step 5 gamma=0.9', seed: 777}
allow W001";
    check(yaml, Format::Yaml, &[], expected);
    check(toml, Format::Toml, &[], expected);
}

#[test]
fn alexnet() {
    let yaml = "
name: alexnet
input: [3, 227, 227]
classes: 1000
layers:
  - net:
      - conv 96 11x11 s4 -> relu -> lrn 5 alpha=1e-4 beta=0.75 k=2 -> maxpool 3x3 s2
      - conv 384 3x3 p1  -> relu
  - flatten
  - classifier:
      - dropout 0.5 -> linear 4096 -> relu
      - linear {classes}
init:
  conv: kaiming_normal fan_out
  '*.bias': 0
  net.4.bias: 1
";
    check(
        yaml,
        Format::Yaml,
        &[],
        "name alexnet
input 3x227x227
classes 1000
layers net: [conv(96, 11x11, stride=4), relu, lrn(5, alpha=0.0001, beta=0.75, k=2), maxpool(3x3, stride=2), \
conv(384, 3x3, padding=1), relu], flatten, classifier: [dropout(0.5), linear(4096), relu, linear(classes)]
init conv: kaiming_normal(fan_out)
init *.bias: constant(0)
init net.4.bias: constant(1)",
    );
}

#[test]
fn structures_in_yaml_and_toml() {
    let yaml = "
input: 3x224x224
let: {growth: 32, widths: [16, 2*growth]}
blocks:
  bottleneck(width, stride=1):
    - residual:
        - conv {width} 1x1 bias=false as conv1 -> bn as bn1 -> relu
        - conv {4*width} 1x1 bias=false as conv3 -> bn as bn3
      shortcut: auto
      after: relu
layers:
  - layer1: bottleneck 64 x 3
  - layer2: bottleneck 128 stride=2 -> bottleneck 128 x 3
  - branches:
      - conv 64 1x1 -> relu
      - conv 96 1x1
      - []
    merge: concat
  - {from: [stem, .], merge: concat}
  - expect: [256, 28, 28]
";
    let toml = "
input = '3x224x224'
let = { growth = 32, widths = [16, '2*growth'] }
layers = [
  { layer1 = 'bottleneck 64 x 3' },
  { layer2 = 'bottleneck 128 stride=2 -> bottleneck 128 x 3' },
  { branches = ['conv 64 1x1 -> relu', 'conv 96 1x1', []], merge = 'concat' },
  { from = ['stem', '.'], merge = 'concat' },
  { expect = '256x28x28' },
]
[[blocks.'bottleneck(width, stride=1)']]
residual = [
  'conv {width} 1x1 bias=false as conv1 -> bn as bn1 -> relu',
  'conv {4*width} 1x1 bias=false as conv3 -> bn as bn3',
]
shortcut = 'auto'
after = 'relu'
";
    let expected = "input 3x224x224
let growth = 32
let widths = [16, (2 * growth)]
block bottleneck(width, stride=1): residual([conv1: conv(width, 1x1, bias=false), bn1: bn, relu, \
conv3: conv((4 * width), 1x1, bias=false), bn3: bn], auto, [relu])
layers layer1: bottleneck(64)*3, layer2: [bottleneck(128, stride=2), bottleneck(128)*3], \
branches([conv(64, 1x1), relu], conv(96, 1x1), []; Concat), from(stem .; Concat; []), expect(256x28x28)";
    check(yaml, Format::Yaml, &[], expected);
    check(toml, Format::Toml, &[], expected);
}

#[test]
fn entries_mean() {
    check_layers(&[
        ("- relu\n- [relu, [relu -> bn]]", "relu, relu, relu, bn"),
        ("- fc: linear 10", "fc: linear(10)"),
        ("- fc: [linear 10]", "fc: [linear(10)]"),
        ("- net: linear 10 as fc", "net: [fc: linear(10)]"),
        ("- stage: (relu) x 1", "stage: [relu]*1"),
        ("- block{i}: basic 1", "block{i}: basic(1)"),
        ("- 0: relu", "0: relu"),
        (
            "- conv: {out: 4*width, kernel: 3x3, padding: 1, bias: no}",
            "conv(out=(4 * width), kernel=3x3, padding=1, bias=?no)",
        ),
        (
            "- conv: {out: width, s: 2, bias: false, mode: [1, a]}",
            "conv(out=?width, stride=2, bias=false, mode=[1, ?a])",
        ),
        (
            "- dropout: 0.5\n- conv: [64, 3x3]\n- conv: 64 3x3 s2\n- relu:\n- basic: 64",
            "dropout(0.5), conv(64, 3x3), conv(64, 3x3, stride=2), relu, basic(64)",
        ),
        ("- {conv: {out: 1, kernel: 1}, name: stem}", "stem: conv(out=1, kernel=1)"),
        ("- stem: {conv: {out: 1, kernel: 1}}", "stem: conv(out=1, kernel=1)"),
        ("- stem: {residual: relu}", "stem: residual([relu], auto, [])"),
        ("- stem: {inner: relu}", "stem: [inner: relu]"),
        ("- {residual: relu, name: r, shortcut: conv 1 1x1 -> bn}", "r: residual([relu], [conv(1, 1x1), bn], [])"),
        ("- {residual: relu, shortcut: relu}", "residual([relu], [relu], [])"),
        ("- {residual: relu, shortcut: none}", "residual([relu], none, [])"),
        ("- {from: a.b, then: relu}", "from(a.b; ; [relu])"),
        ("- expect: 10", "expect(10)"),
        ("- branches: [{left: relu}, [relu]]\n  merge: add", "branches(left: relu, [relu]; Add)"),
        ("    conv 1 1x1 -> relu", "conv(1, 1x1), relu"),
    ]);
}

#[test]
fn overrides_replace_and_add() {
    let yaml = "input: [3, 8, 8]\nlet: {width: 1}\nvgg: {cfg: [M], head: []}\ntrain:\n";
    check(
        yaml,
        Format::Yaml,
        &[
            ("let.width", "0.5"),
            ("input", "3x128x128"),
            ("vgg.head", "[512]"),
            ("data.set", "fashion-mnist"),
            ("train.epochs", "3"),
            ("train.optimizer", "sgd lr=0.1"),
            ("train.epochs", "4"),
        ],
        "input 3x128x128\nlet width = 0.5\npreset vgg {cfg: ['M'], head: [512]}\ndata {set: 'fashion-mnist'}\n\
         train {epochs: 4, optimizer: 'sgd lr=0.1'}",
    );
}

#[test]
fn scalars_follow_yaml_1_2() {
    check(
        "input: 1\nvgg: {a: no, b: on, c: 1_000, d: 0x10, e: 1e-4, f: .5, g: 017, h: '5', i: True, j: +5, k: ~, l: 0o17, m: 1.}",
        Format::Yaml,
        &[],
        "input 1\npreset vgg {a: 'no', b: 'on', c: '1_000', d: 16, e: 0.0001, f: 0.5, g: 17, h: '5', i: true, j: 5, k: null, \
         l: 15, m: 1.0}",
    );
}

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

/// `(text, format, overrides, [(code, underlined characters)])`
type Mistakes =
    (&'static str, Format, &'static [(&'static str, &'static str)], &'static [(&'static str, &'static str)]);

fn check_mistakes(cases: &[Mistakes]) {
    for (text, format, overrides, expected) in cases {
        let mut sources = Sources::default();
        let errors = match read(&mut sources, text, *format, overrides) {
            Ok(document) => panic!("{text} was accepted: {}", show(&document)),
            Err(errors) => errors,
        };
        let found: Vec<_> = errors.iter().map(|error| (error.code.id(), sources.text(error.primary.span))).collect();
        let list = Diagnostics { sources: sources.clone().into(), list: errors.clone() };
        println!("{list}\n");
        if found != *expected {
            println!("FOUND {found:?}");
        }
    }
}

#[test]
fn mistakes() {
    use Format::{Toml, Yaml};
    check_mistakes(&[
        // The text itself.
        ("", Yaml, &[], &[("E005", "")]),
        ("# only a comment\n", Yaml, &[], &[("E005", "")]),
        ("", Toml, &[], &[("E005", "")]),
        ("- 1\n", Yaml, &[], &[("E003", "- 1")]),
        ("5", Yaml, &[], &[("E003", "5")]),
        ("a: 1\n---\nb: 2\n", Yaml, &[], &[("E001", "b")]),
        ("a: \0\n", Yaml, &[], &[("E001", "\0")]),
        ("é: [1, 2\nb: 3\n", Yaml, &[], &[("E001", ":")]),
        ("a: b: c\n", Yaml, &[], &[("E001", ":")]),
        ("a:\n\t- b\n", Yaml, &[], &[("E001", "-")]),
        ("a: @x\n", Yaml, &[], &[("E001", "@")]),
        ("a: *nope\n", Yaml, &[], &[("E001", "*")]),
        ("a: &a [*a]\n", Yaml, &[], &[("E001", "*")]),
        ("a: 1\nb: {c: 1, c: 2}\na: 2\n? [1]\n: 2", Yaml, &[], &[("E006", "c"), ("E006", "a"), ("E003", "[")]),
        (
            "a: 99999999999999999999\nb: -99999999999999999999\nc: .inf\nd: 1e999",
            Yaml,
            &[],
            &[("E026", "99999999999999999999"), ("E026", "-99999999999999999999"), ("E026", ".inf"), ("E026", "1e999")],
        ),
        ("a = 1\nb = \nc = 2", Toml, &[], &[("E001", "")]),
        ("a = yes", Toml, &[], &[("E001", "yes")]),
        ("x = {a = 2}\na = 1\n[t]\na = 1\n'a' = [\n2]\n", Toml, &[], &[("E006", "'a'")]),
        ("[t]\na = 1\n[t]\nb = 1\n", Toml, &[], &[("E006", "t")]),
        (
            "a = 99999999999999999999\nb = inf\nc = 1979-05-27",
            Toml,
            &[],
            &[("E026", "99999999999999999999"), ("E026", "inf"), ("E003", "1979-05-27")],
        ),
        // Keys of the document.
        ("input: 1\nlayer: relu\nfoo: 1", Yaml, &[], &[("E004", "layer"), ("E004", "foo"), ("E005", "input")]),
        ("layers: relu", Yaml, &[], &[("E005", "layers")]),
        ("name: x\ninput: 1", Yaml, &[], &[("E005", "name")]),
        ("input: 1\nlayers: relu\nvgg: {}\nresnet: {}", Yaml, &[], &[("E006", "vgg"), ("E006", "resnet")]),
        (
            "input: {}\nlayers:\nclasses: [a, {b: 1}]\nname: []\ntrain: 5\ndata: [1]\nlet: 5\nblocks: 5\ninit: [1]\nallow: {}",
            Yaml,
            &[],
            &[
                ("E003", "{}"),
                ("E003", ""),
                ("E003", "{b: 1}"),
                ("E003", "[]"),
                ("E003", "5"),
                ("E003", "[1]"),
                ("E003", "5"),
                ("E003", "5"),
            ],
        ),
        ("input: []\nvgg: 5", Yaml, &[], &[("E003", "[]"), ("E003", "5")]),
        ("input: 3x32x\nlayers: relu", Yaml, &[], &[("E002", "")]),
        (
            "input: 1\nlayers: relu\nlet: {a-b: 1, c: {d: null}, e: '1+'}",
            Yaml,
            &[],
            &[("E002", "a-b"), ("E003", "{d: null}"), ("E002", "")],
        ),
        (
            "input: 1\nlayers: relu\ninit: {conv: [1], linear: normal 0 .., bn: 1}",
            Yaml,
            &[],
            &[("E003", "[1]"), ("E002", ".")],
        ),
        (
            "input: 1\nlayers: relu\nblocks: {conv: relu, a(x: relu, b: relu, b(): relu}",
            Yaml,
            &[],
            &[("E006", "conv"), ("E002", ""), ("E006", "b")],
        ),
        // Items.
        (
            "input: 1\nlayers: [cnov: {out: 64}, dropuot: 0.5, rleu: , linaer: 5, my: 5, a: {b: 1, c: 2}]",
            Yaml,
            &[],
            &[
                ("E010", "cnov"),
                ("E010", "dropuot"),
                ("E010", "rleu"),
                ("E010", "linaer"),
                ("E010", "my"),
                ("E010", "a"),
            ],
        ),
        (
            "input: 1\nlayers:\n  - cnov: {out: width}\n    name: x\n  - a: relu\n    b: relu\n  - name: x",
            Yaml,
            &[],
            &[("E010", "cnov"), ("E004", "b"), ("E005", "name: x")],
        ),
        ("input: 1\nlayers: [5, true, null]", Yaml, &[], &[("E003", "5"), ("E003", "true"), ("E003", "null")]),
        (
            "input: 1\nlayers:\n  - residual: relu\n    shortcut: idntity\n    afer: relu\n  - {branches: relu, merge: sum}\n  - {from: [a, b]}\n  - {expect: [a, {}]}",
            Yaml,
            &[],
            &[("E004", "afer"), ("E010", "idntity"), ("E010", "sum"), ("E003", "relu"), ("E005", "b"), ("E003", "{}")],
        ),
        (
            "input: 1\nlayers: [conv: {out: {4*width}, kernel: }, conv: relu -> bn, {relu: , name: [1]}, my layer: relu]",
            Yaml,
            &[],
            &[("E003", "{4*width}"), ("E003", ""), ("E002", "->"), ("E003", "[1]"), ("E002", "layer")],
        ),
        // Overrides.
        (
            "input: 1\nlayers: [relu]",
            Yaml,
            &[("layers.a", "1"), ("a..b", "1"), ("x", "[")],
            &[("E003", "a"), ("E004", ""), ("E001", "[")],
        ),
        ("input: 1\nlayers: relu", Yaml, &[("clases", "10"), ("input", "3xx")], &[("E002", "x"), ("E004", "clases")]),
    ]);
}

/// Texts that are made to cost much are refused, or read, within a second and little memory.
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
        ("errors", "= \n".repeat(1_000_000), Toml, "E001"),
        ("duplicates", "a = 1\n".repeat(100_000), Toml, "E006"),
    ];
    for (name, text, format, code) in cases {
        let started = std::time::Instant::now();
        let errors = read(&mut Sources::default(), &text, format, &[]).expect_err(name);
        println!("{name} {:?} {:?} {}", started.elapsed(), errors[0].code, errors[0].message);
        let _ = code;
    }
    let many = format!("input: 1\nlayers:\n{}", "  - conv 64 3x3 -> relu\n".repeat(100_000));
    let started = std::time::Instant::now();
    let document = read(&mut Sources::default(), &many, Yaml, &[]).expect("it is a network");
    println!("many {:?}", started.elapsed());
    let mistakes = format!("input: 1\nlayers:\n{}", "  - conv -> -> \n".repeat(100_000));
    let errors = read(&mut Sources::default(), &mistakes, Yaml, &[]).expect_err("they are mistakes");
    println!("mistakes {:?} {}", started.elapsed(), errors.len());
    drop(document);
}
