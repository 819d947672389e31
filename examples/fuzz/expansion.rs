//! Networks, written out and read again: what comes back is the same network, to the last number.

use archc::network::Network;
use archc::syntax::Format;
use archc::{compile, compile_source, expand};

use crate::target::{Input, Target};

pub const TARGET: Target = Target {
    name: "expansion",
    corpus: &["fuzz/elaboration", "fuzz/expansion", "architectures"],
    input: Input::Bytes { words: WORDS, made: expansions, longest: 1 << 13, run },
};

/// What an expansion must be able to say: names, numbers at their limits, recipes, initial values.
const WORDS: &[&[u8]] = &[
    b"name: 'no'\n",
    b"name: \"1e3\"\n",
    b"name: \"a\\n\\t: - # b\"\n",
    b"name: '[x]'\n",
    "name: \"\u{2028}漢\\x85\"\n".as_bytes(),
    b" as true",
    b" as null",
    b" as 1",
    b" as a-b",
    b"0.1",
    b"1e-320",
    b"1.7976931348623157e308",
    b"0.30000000000000004",
    b"1e22",
    b"9007199254740993",
    b"-0.0",
    b"init: {conv: normal 0 0.1, linear: uniform -1 1, '*.bias': constant 1e-9}\n",
    b"data: {set: cifar10, train: [crop 32 pad=4, hflip 0.3, normalize mean=0.1 std=0.3], eval: [normalize half]}\n",
    b"data: {set: folder, path: 'a: b', on_bad_image: skip}\n",
    b"data: {set: folder, path: \"\\e[31m\\u202e\\\"\"}\n",
    b"train: {epochs: 3, batch: 7, optimizer: adamw lr=1e-3 weight_decay=0.05, schedule: onecycle per=step, seed: 9}\n",
    b"train: {loss: cross_entropy label_smoothing=0.1, clip: norm 1, ema: 0.999, mix: cutmix 1, accumulate: 2}\n",
    b"freeze: ['*.weight']\n",
    b"schedule: multistep 1 2.5 gamma=0.3 warmup=0.5 per=step",
    b"classes: [a, 'b c', \"\\\"\"]\n",
    b"classes: 10\n",
    b"allow: [W001]\n",
    b" x 3",
    b" -> ",
    b"{from: [a, .], merge: concat}",
    b"{residual: [conv {in} 3x3 p1], shortcut: identity}",
    b"{branches: [identity, conv 4 1x1], merge: concat}",
    b"\n  - ",
];

/// The expansions of all architectures.
fn expansions() -> Vec<Vec<u8>> {
    let texts = Target { input: Input::Text { words: &[], run: |_, _| () }, ..TARGET }.texts();
    let expansion = |(text, format): (String, Format)| {
        let network = compile_source("text", &text, format, &[]).ok()?.network;
        Some(expand::expand(&network).into_bytes())
    };
    texts.into_iter().filter_map(expansion).collect()
}

fn run(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    for format in [Format::Yaml, Format::Toml] {
        let Ok(compiled) = compile_source("text", text, format, &[]) else { continue };
        let network = compiled.network;
        if network.graph.nodes.len() > 1000 {
            continue;
        }
        let expanded = expand::expand(&network);
        let again = compile(&expanded).unwrap_or_else(|errors| panic!("{expanded}\n{errors}"));
        same(&network, &again, &expanded);
        assert_eq!(expand::expand(&again), expanded, "an expansion is its own");
    }
}

/// Fails unless two networks are one.
fn same(network: &Network, again: &Network, expanded: &str) {
    assert_eq!(network.name, again.name, "{expanded}");
    assert_eq!(network.totals(), again.totals(), "{expanded}");
    assert_eq!((network.classes, network.graph.input), (again.classes, again.graph.input), "{expanded}");
    assert_eq!((&network.data, &network.train), (&again.data, &again.train), "{expanded}");
    let layers = |network: &Network| -> Vec<_> {
        let nodes = network.graph.nodes.iter();
        nodes
            // `2.0` and `2` are one number.
            .map(|node| {
                (node.name.clone(), node.kind, node.call.to_string(), node.output, format!("{:?}", node.weights))
            })
            .collect()
    };
    assert_eq!(layers(network), layers(again), "{expanded}");
    let inputs = |network: &Network| -> Vec<_> { network.graph.nodes.iter().map(|node| node.inputs.clone()).collect() };
    assert_eq!((inputs(network), network.output), (inputs(again), again.output), "{expanded}");
}
