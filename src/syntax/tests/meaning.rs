//! What documents mean.

use super::*;
use crate::diagnostic::Diagnostics;

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
