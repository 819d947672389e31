//! Classes are told by their names, wherever a data set has them.

use crate::place::{Place, json, read};

const CLASSES: [(&str, u8, u8); 3] = [("bright", 200, 250), ("dark", 0, 50), ("striped", 0, 250)];

/// A folder with photos of some of the classes, each under a name of its own choice.
fn photos(place: &Place, folder: &str, classes: &[(&str, usize)]) {
    for (name, class) in classes {
        let (_, dark, bright) = CLASSES[*class];
        std::fs::create_dir_all(place.path(folder).join(name)).expect("room on the disk");
        for photo in 0..15u32 {
            let pixel = |_: u32, y: u32| {
                image::Luma([if (y + photo).is_multiple_of(2) { dark } else { bright } + photo as u8 % 5])
            };
            let path = place.path(&format!("{folder}/{name}/{photo}.png"));
            image::GrayImage::from_fn(8, 8, pixel).save(path).expect("room on the disk");
        }
    }
}

/// Trains on three classes, to perfection. What its file says of the data has to be overridden for other folders.
fn known() -> Place {
    let place = Place::new();
    photos(&place, "all", &[("bright", 0), ("dark", 1), ("striped", 2)]);
    let network = "name: known\ninput: [1, 8, 8]\nclasses: 3\nlayers: [conv 4 3x3 -> bn -> relu, flatten, \"linear {classes} as fc\"]\n\
                   data: {set: folder, path: all}\ntrain: {epochs: 8, batch: 12, optimizer: adam lr=0.01, schedule: constant}\n";
    std::fs::write(place.path("known.yaml"), network).expect("room on the disk");
    place.ok("train known.yaml --out known --quiet");
    place
}

#[test]
fn eval_counts_by_name() {
    let place = known();
    let eval = |folder: &str| {
        format!(
            "eval known.yaml --weights known/best.safetensors --set data={{\"set\":\"folder\",\"path\":\"{folder}\"}}"
        )
    };
    let all = json(&place.ok(&(eval("all") + " --format json")));
    assert_eq!(all["top1"], 1.0, "{all}");

    // The first class is missing: the others would have its number and the next.
    photos(&place, "some", &[("dark", 1), ("striped", 2)]);
    let some = json(&place.ok(&(eval("some") + " --format json")));
    assert_eq!((&some["top1"], &some["images"]), (&1.0.into(), &6.into()), "{some}");
    let names: Vec<&str> = (0..3).filter_map(|class| some["classes"][class]["name"].as_str()).collect();
    assert_eq!(names, ["bright", "dark", "striped"]);
    assert_eq!((&some["classes"][0]["images"], &some["classes"][0]["accuracy"]), (&0.into(), &serde_json::Value::Null));
    assert!(place.ok(&eval("some")).contains("    0 bright   no images"), "{}", place.ok(&eval("some")));

    // A single one, the last.
    photos(&place, "one", &[("striped", 2)]);
    assert_eq!(json(&place.ok(&(eval("one") + " --format json")))["top1"], 1.0);

    photos(&place, "more", &[("bright", 0), ("cat", 1), ("dark", 1), ("striped", 2)]);
    photos(&place, "others", &[("Bright", 0), ("dark", 1), ("zebra", 2)]);
    let said = place.refused(&eval("more"));
    let expected = "does not know the class `cat` of the data set; it tells `bright`, `dark`, `striped` apart";
    assert!(said.contains(expected), "{said}");
    let said = place.refused(&eval("others"));
    assert!(said.contains("does not know the classes `Bright`, `zebra` of the data set"), "{said}");

    // A file that names more classes than it can tell apart: its names mean nothing.
    let bytes = std::fs::read(place.path("known/best.safetensors")).expect("a run writes it");
    let at = bytes.windows(7).position(|window| window == b"striped").expect("its name");
    let lying = [&bytes[..at], br#"a\",\"b"#, &bytes[at + 7..]].concat();
    std::fs::write(place.path("lying.safetensors"), lying).expect("room on the disk");
    let said = json(&place.ok(&(eval("all").replace("known/best", "lying") + " --format json")));
    assert_eq!((&said["top1"], &said["classes"][2]["name"]), (&1.0.into(), &"striped".into()), "{said}");

    let image = place.path("some/striped/3.png");
    let said =
        place.ok(&format!("predict known.yaml --weights known/best.safetensors {} --format json", image.display()));
    assert_eq!(json(&said)["predictions"][0]["name"], "striped", "{said}");
}

#[test]
fn training_goes_on_with_the_same_classes() {
    let place = known();
    photos(&place, "some", &[("dark", 1), ("striped", 2)]);
    let data = |folder: &str| format!("--set data={{\"set\":\"folder\",\"path\":\"{folder}\"}}");
    let train = |folder: &str, rest: &str| {
        format!("train known.yaml --weights known/best.safetensors --quiet {} {rest}", data(folder))
    };
    // At a rate that changes nothing, what was learnt still holds.
    place.ok(&train("some", "--set train.epochs=1 --set train.optimizer={\"adam\":{\"lr\":1e-30}} --out more"));
    let epoch = read(&place.path("more/metrics.jsonl"));
    assert_eq!(json(epoch.lines().next().expect("an epoch"))["train_acc"], 1.0, "{epoch}");
    place.ok("train --resume more --quiet --set train.epochs=2");
    assert_eq!(read(&place.path("more/metrics.jsonl")).lines().count(), 2);
    let said =
        json(&place.ok(&format!("eval known.yaml --weights more/last.safetensors {} --format json", data("all"))));
    assert_eq!(said["classes"][2]["name"], "striped", "{said}");

    photos(&place, "others", &[("cow", 0), ("dark", 1), ("zebra", 2)]);
    let said = place.refused(&train("others", "--out new"));
    let advised = "to learn other classes instead, write `replace: [fc.*]` under `train:`";
    assert!(said.contains("does not know the classes `cow`, `zebra`") && said.contains(advised), "{said}");
    place.ok(&train("others", "--set train.replace=[\"fc.*\"] --set train.epochs=1 --out new"));
    let said = place.ok(&format!("eval known.yaml --weights new/last.safetensors {} --format json", data("others")));
    assert_eq!(json(&said)["classes"][0]["name"], "cow");
}

/// What is advised about weights that do not fit is tried.
#[test]
fn a_head_that_the_file_lacks_is_pointed_to_replace() {
    let place = Place::new();
    place.ok("train tiny.yaml --set train.epochs=1 --out run --quiet");
    let network = read(&place.path("tiny.yaml"));
    for (name, layers, advised) in [
        ("renamed", network.replace("as fc", "as head"), "replace: [head.*]"),
        (
            "longer",
            network.replace("linear 10 as fc", "linear 10 as fc -> relu -> linear 10 as last"),
            "replace: [last.*]",
        ),
        (
            "narrower",
            network.replace("linear 10 as fc", "linear 5 as fc -> linear 10 as last"),
            "replace: [fc.*, last.*]",
        ),
        ("other", network.replace("conv 4 3x3", "conv 6 3x3"), ""),
    ] {
        std::fs::write(place.path(&format!("{name}.yaml")), layers).expect("room on the disk");
        let train = format!("train {name}.yaml --weights run/last.safetensors --set train.epochs=1 --quiet");
        let said = place.refused(&train);
        if advised.is_empty() {
            assert!(!said.contains("replace"), "nearly nothing fits: {said}");
            continue;
        }
        assert!(said.contains(&format!("to initialise them anew, write `{advised}` under `train:`")), "{name}: {said}");
        let patterns = advised.trim_start_matches("replace: ").replace(['[', ']'], "\"").replace(", ", "\",\"");
        place.ok(&format!("{train} --set train.replace=[{patterns}]"));
    }
}
