//! Drawings of networks: what is a box, and where it lies.

use std::fs;
use std::path::{Path, PathBuf};

use archc::draw::{Drawing, MOST, Placed, Width, dot, fold, mermaid, place, svg};
use archc::network::Network;
use archc::syntax::Format;

fn compiled(layers: &str) -> Network {
    archc::compile(&format!("name: net\ninput: 3x8x8\nlayers:\n{layers}\n")).unwrap_or_else(|errors| panic!("{errors}"))
}

const RESIDUAL: &str = "
  - conv 4 3x3 p1 as stem.conv -> bn as stem.bn -> relu as stem.relu
  - conv 4 3x3 p1 as block.0.conv -> bn as block.0.bn
  - {from: [block.0.bn, stem.relu], merge: add, name: block.0.add}
  - global_avgpool as pool -> flatten as flat -> linear 10 as fc -> softmax as out";

fn titles(drawing: &Drawing) -> Vec<&str> {
    drawing.boxes.iter().map(|block| block.title.as_str()).collect()
}

#[test]
fn folds_to_the_depth_asked_for() {
    let network = compiled(RESIDUAL);
    let levels: [&[&str]; 3] = [
        &["input", "stem", "block", "pool", "flat", "fc", "output"],
        &["input", "stem.conv", "block.0", "pool", "flat", "fc", "output"],
        &["input", "stem.conv", "block.0.conv", "block.0.add", "pool", "flat", "fc", "output"],
    ];
    for (depth, expected) in (1..).zip(levels) {
        assert_eq!(titles(&fold(&network, Some(depth))), expected, "{depth}");
    }
    // So few boxes are readable.
    assert_eq!(fold(&network, None), fold(&network, Some(3)));
    assert_eq!(fold(&network, Some(usize::MAX)), fold(&network, Some(3)));
}

/// Layers of a block with another between them are two boxes: one would be before and after what lies between.
#[test]
fn boxes_are_never_before_and_after_each_other() {
    let network = compiled("  - conv 4 1x1 as a.x -> conv 4 1x1 as b -> conv 4 1x1 as a.y");
    let drawing = fold(&network, Some(1));
    assert_eq!(titles(&drawing), ["input", "a.x", "b", "a.y", "output"]);
    assert!(drawing.wires.iter().all(|wire| wire.from < wire.to));
}

#[test]
fn writes_text_for_others() {
    let drawing = fold(&compiled("  - conv 4 3x3 p1 -> relu -> maxpool 2"), None);
    assert_eq!(
        dot(&drawing, "a \"b\""),
        r##"digraph "a \"b\"" {
  node [shape=box, style="rounded,filled", fontname=monospace];
  edge [fontname=monospace];
  n0 [label="input\n3×8×8", fillcolor="#ffffff"];
  n1 [label="0\nconv 4 3x3 p1\nrelu\n112 parameters, 6.91K MACs", fillcolor="#cfe3f7"];
  n2 [label="2\nmaxpool 2", fillcolor="#d3ecd0"];
  n3 [label="output\n4×4×4", fillcolor="#ffffff"];
  n0 -> n1 [label="3×8×8"];
  n1 -> n2 [label="4×8×8"];
  n2 -> n3 [label="4×4×4"];
}
"##
    );
    assert_eq!(
        mermaid(&drawing),
        r##"flowchart TD
  n0["input<br/>3×8×8"]
  n1["0<br/>conv 4 3x3 p1<br/>relu<br/>112 parameters, 6.91K MACs"]
  n2["2<br/>maxpool 2"]
  n3["output<br/>4×4×4"]
  n0 -->|"3×8×8"| n1
  n1 -->|"4×8×8"| n2
  n2 -->|"4×4×4"| n3
  classDef ends fill:#ffffff,stroke:#555,color:#111
  class n0,n3 ends
  classDef convolutions fill:#cfe3f7,stroke:#555,color:#111
  class n1 convolutions
  classDef resizes fill:#d3ecd0,stroke:#555,color:#111
  class n2 resizes
"##
    );
}

#[test]
fn draws_text_as_it_is() {
    let mut drawing = fold(&compiled("  - conv 4 3x3 p1"), None);
    drawing.boxes[1].title = "a<b>&\"c\"".to_owned();
    let text = svg(&drawing, &place(&drawing, Width::Channels).expect("it is small"), "a<b");
    assert!(text.contains("<title>a&lt;b</title>") && text.contains(">a&lt;b&gt;&amp;&quot;c&quot;</text>"), "{text}");
    assert!(mermaid(&drawing).contains("[\"a#lt;b#gt;#amp;#quot;c#quot;<br/>"), "{}", mermaid(&drawing));
}

/// Boxes lie within the picture and apart from each other, wires begin and end at their boxes, shapes lie within the
/// picture.
fn check(name: &str, drawing: &Drawing, placed: &Placed) {
    assert_eq!(placed.boxes.len(), drawing.boxes.len(), "{name}");
    for (index, one) in placed.boxes.iter().enumerate() {
        let inside = one.x >= 0.0 && one.y >= 0.0;
        let inside = inside && one.x + one.width <= placed.width && one.y + one.height <= placed.height;
        assert!(inside, "{name}: {} at {one:?}", drawing.boxes[index].title);
        for (other_index, other) in placed.boxes.iter().enumerate().skip(index + 1) {
            let apart = one.x + one.width <= other.x
                || other.x + other.width <= one.x
                || one.y + one.height <= other.y
                || other.y + other.height <= one.y;
            let title = |index: usize| &drawing.boxes[index].title;
            assert!(apart, "{name}: {} and {}: {one:?}, {other:?}", title(index), title(other_index));
        }
    }
    for (wire, route) in drawing.wires.iter().zip(&placed.wires) {
        let near = |(x, y): (f64, f64), index: usize| {
            let place = placed.boxes[index];
            x > place.x - 1.0
                && x < place.x + place.width + 1.0
                && y > place.y - 1.0
                && y < place.y + place.height + 1.0
        };
        let ends = near(route.points[0], wire.from) && near(route.points[route.points.len() - 1], wire.to);
        assert!(ends, "{name}: {wire:?} goes {route:?}");
        let (x, y) = route.label;
        assert!(x > 0.0 && y > 0.0 && x < placed.width && y < placed.height, "{name}: {wire:?} {route:?}");
    }
}

#[test]
fn every_architecture_is_drawn() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("architectures");
    let entries = fs::read_dir(folder).expect("it is in the repository");
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("it can be listed").path()).collect();
    files.retain(|path| path.is_file());
    files.sort();
    assert!(files.len() > 50, "{files:?}");
    for path in files {
        let name = path.file_stem().expect("a name").to_string_lossy();
        let format = Format::from_extension(&path.extension().expect("an ending").to_string_lossy());
        let text = fs::read_to_string(&path).expect("it can be read");
        let network = archc::compile_source(&name, &text, format.expect("YAML or TOML"), &[]);
        let network = network.unwrap_or_else(|errors| panic!("{errors}")).network;
        for (depth, width) in [(None, Width::Channels), (Some(1), Width::Cost), (Some(2), Width::Channels)] {
            let drawing = fold(&network, depth);
            if drawing.boxes.len() > 150 {
                continue;
            }
            let placed = place(&drawing, width).unwrap_or_else(|error| panic!("{name}: {error}"));
            check(&name, &drawing, &placed);
            assert_eq!(placed, place(&drawing, width).expect("the same again"), "{name}");
        }
    }
}

#[test]
fn refuses_what_nobody_could_read() {
    let layers: String = (0..MOST).map(|index| format!("  - conv 3 1x1 as c{index}\n")).collect();
    let drawing = fold(&compiled(&layers), None);
    assert_eq!(
        place(&drawing, Width::Channels),
        Err(format!("{} boxes are more than the {MOST} that are laid out", MOST + 2))
    );
    // Layers that all read each other.
    let names = |count: usize| (0..count).map(|index| format!("c{index}")).collect::<Vec<_>>().join(", ");
    let layer = |index: usize| match index {
        0 => "  - conv 1 1x1 as c0\n".to_owned(),
        1 => "  - conv 1 1x1 as c1\n".to_owned(),
        _ => format!("  - {{from: [{}], merge: concat, then: [conv 1 1x1], name: c{index}}}\n", names(index)),
    };
    for (count, is_drawn) in [(12, true), (40, false)] {
        let drawing = fold(&compiled(&(0..count).map(layer).collect::<String>()), None);
        let placed = place(&drawing, Width::Channels);
        assert_eq!(placed.is_ok(), is_drawn, "{count}");
        assert!(placed.is_ok() || placed.is_err_and(|error| error.contains("rows are more than the")), "{count}");
    }
}
