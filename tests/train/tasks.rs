//! Networks that say which of several labels an image has, and those that say numbers: from a table to a table.

use crate::place::{Place, json, read};

/// Images of 8×8 pixels with a bright left half, a bright top, both or neither, and a table of them; with a column for
/// the labels, and one for each.
pub fn labelled() -> Place {
    let place = Place::new();
    let mut table = "file,tags,left,top\n".to_owned();
    for image in 0..80u32 {
        let (left, top) = (image % 2 == 1, image / 2 % 2 == 1);
        let pixel = |x: u32, y: u32| {
            let noise = (image * 31 + x * 7 + y * 13) % 60;
            let bright = u32::from(left && x < 4) * 90 + u32::from(top && y < 4) * 90;
            image::Luma([(noise + bright) as u8])
        };
        image::GrayImage::from_fn(8, 8, pixel).save(place.path(&format!("{image}.png"))).expect("room on the disk");
        let tags: Vec<&str> =
            [("left", left), ("top", top)].iter().filter(|(_, is)| *is).map(|(tag, _)| *tag).collect();
        table += &format!("{image}.png,{},{},{}\n", tags.join("|"), u8::from(left), u8::from(top));
    }
    let network = |label: &str, train: &str| {
        format!(
            "input: [1, 8, 8]\nclasses: 2\nlayers: [conv 4 3x3 p1 -> bn -> relu -> maxpool 2x2 s2, flatten, linear 2 as fc]\n\
             data: {{set: table, file: labels.csv, image: file, task: multilabel, {label}}}\n\
             train: {{epochs: 3, batch: 16, optimizer: adam lr=0.02, seed: 1{train}}}\n"
        )
    };
    for (name, text) in [
        ("labels.csv", table),
        ("tags.yaml", network("label: tags, separator: \"|\"", "")),
        ("columns.yaml", network("label: [left, top]", "")),
        ("all.yaml", network("label: tags, separator: \"|\"", EVERYTHING)),
    ] {
        std::fs::write(place.path(name), text).expect("room on the disk");
    }
    place
}

/// Images of 8×8 pixels, each of one brightness with a little noise, and a table of the brightness and of its double.
pub fn measured() -> Place {
    let place = Place::new();
    let mut table = "file,light,twice,part\n".to_owned();
    for image in 0..80u32 {
        let light = image * 37 % 80;
        let pixel = |x: u32, y: u32| image::Luma([(3 * light + (image + x + y) % 5) as u8]);
        image::GrayImage::from_fn(8, 8, pixel).save(place.path(&format!("{image}.png"))).expect("room on the disk");
        let part = if image % 5 == 0 { "val" } else { "train" };
        table += &format!("{image}.png,{},{:.3},{part}\n", light as f32 / 80.0, light as f32 / 40.0 - 1.0);
    }
    let network = |label: &str, outputs: usize, train: &str| {
        format!(
            "input: [1, 8, 8]\nlayers: [conv 4 3x3 p1 -> relu -> avgpool 2, flatten, linear {outputs} as fc]\n\
             data: {{set: table, file: numbers.csv, image: file, split: part, task: regression, label: {label}}}\n\
             train: {{epochs: 30, batch: 16, optimizer: adam lr=0.01, seed: 1{train}}}\n"
        )
    };
    for (name, text) in [
        ("numbers.csv", table),
        ("two.yaml", network("[light, twice]", 2, "")),
        ("one.yaml", network("light", 1, ", loss: huber delta=0.5")),
        (
            "all.yaml",
            network(
                "[light, twice]",
                2,
                ", loss: l1, mix: mixup 0.2, ema: 0.9, accumulate: 2, best_by: mae, schedule: plateau by=mae patience=1, \
                 early_stopping: patience 9 by=r2",
            ),
        ),
    ] {
        std::fs::write(place.path(name), text).expect("room on the disk");
    }
    place
}

#[test]
fn numbers_are_learned_from_a_table() {
    let place = measured();
    let shown = place.ok("train two.yaml --threads 1 --out run");
    assert!(shown.contains(" r2 ") && shown.contains("validation R² in epoch"), "{shown}");
    let lines = read(&place.path("run/metrics.jsonl"));
    let last = json(lines.lines().last().expect("thirty epochs"));
    let keys: Vec<&String> = last.as_object().expect("an object").keys().collect();
    assert_eq!(keys, ["epoch", "lr", "train_acc", "train_loss", "val_loss", "val_mae", "val_r2"]);
    assert!(last["val_r2"].as_f64().is_some_and(|r2| r2 > 0.95) && last["train_acc"].is_null(), "{last}");

    let evaluated = json(&place.ok("eval run --weights run/last.safetensors --format json"));
    let near = |own: &str, key: &str| {
        (evaluated[own].as_f64().expect("a number") - last[key].as_f64().expect("a number")).abs() < 1e-6
    };
    assert!(near("r2", "val_r2") && near("mae", "val_mae") && near("loss", "val_loss"), "{evaluated} {last}");
    assert_eq!((&evaluated["columns"][1]["name"], &evaluated["images"]), (&"twice".into(), &16.into()));
    let table = place.ok("eval run");
    assert!(table.contains("mean squared error") && table.lines().count() == 4 + 1 + 1 + 2, "{table}");

    let said = json(&place.ok("predict run/best.safetensors 20.png --format json"));
    let value = |at: usize| said["values"][at]["value"].as_f64().expect("a number");
    assert!(said["values"][0]["name"] == "light" && (value(0) - 20.0 / 80.0).abs() < 0.15, "{said}");
    let csv = place.ok("predict run 20.png --format csv");
    assert!(csv.starts_with("image,number,name,value\n20.png,0,light,0.") && csv.lines().count() == 3, "{csv}");
    assert!(place.ok("predict run 20.png").contains("  twice\n"));
    std::fs::write(place.path("new.csv"), "file\n20.png\n5.png\n").expect("room on the disk");
    place.ok("predict run new.csv --to new_numbers.csv");
    let written = read(&place.path("new_numbers.csv"));
    assert!(written.starts_with("file,light,twice\n20.png,0.") && written.lines().count() == 3, "{written}");
    let output = place.run("predict run new.csv --to other.csv --probabilities");
    let refusal = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.code() == Some(1) && refusal.contains("none is a probability"), "{refusal}");

    let page = read(&place.path("run/report.html"));
    for part in ["R² 0.9", "Truth and prediction", "Farthest from the truth", ">truth, and prediction upwards</text>"]
    {
        assert!(page.contains(part), "{part} is not on the page");
    }
    assert!(place.path("run/predictions-2.png").exists() && !page.contains("Confusion matrix"));
    let events = std::fs::read(place.path("run/events.out.tfevents.archc")).expect("every run writes it");
    for (tag, is_there) in [("mae/validation", true), ("r2/validation", true), ("accuracy/train", false)] {
        assert_eq!(events.windows(tag.len()).any(|part| part == tag.as_bytes()), is_there, "{tag}");
    }
    assert!(place.ok("runs run").contains(" r2 "));
    let info = place.ok("data info two.yaml");
    assert!(info.contains("2 numbers") && info.contains("light ") && info.contains("greatest"), "{info}");
    place.ok("train one.yaml --threads 1 --out one --quiet");
    assert_eq!(json(&place.ok("eval one --format json"))["columns"][0]["name"], "light");
}

#[test]
fn a_stopped_run_of_numbers_ends_with_the_same_bytes() {
    let place = measured();
    place.ok("train all.yaml --threads 1 --set train.epochs=3 --out whole --quiet");
    place.ok("train all.yaml --threads 2 --set train.epochs=1 --out parts --quiet");
    place.ok("train --resume parts --threads 1 --set train.epochs=3 --quiet");
    for file in ["last.safetensors", "last.state.safetensors", "best.safetensors", "metrics.jsonl", "validations.jsonl"]
    {
        let bytes = |run: &str| std::fs::read(place.path(run).join(file)).expect("every run writes it");
        assert!(bytes("whole") == bytes("parts"), "{file} of the resumed run differs");
    }
}

/// Whatever a recipe may have with this task.
const EVERYTHING: &str = ", loss: binary_cross_entropy label_smoothing=0.1 pos_weight=auto, mix: mixup 0.2, ema: 0.9, \
    accumulate: 2, schedule: plateau by=map patience=1, early_stopping: patience 9 by=macro_f1, best_by: map";

#[test]
fn labels_are_learned_from_a_table() {
    let place = labelled();
    let shown = place.ok("train tags.yaml --threads 1 --set train.epochs=12 --out run");
    assert!(shown.contains(" % map ") && shown.contains("validation mean average precision in epoch"), "{shown}");
    let lines = read(&place.path("run/metrics.jsonl"));
    let last = json(lines.lines().last().expect("twelve epochs"));
    let keys: Vec<&String> = last.as_object().expect("an object").keys().collect();
    let expected =
        ["epoch", "lr", "train_acc", "train_loss", "val_acc", "val_auroc", "val_loss", "val_macro_f1", "val_map"];
    assert_eq!(keys, expected);
    assert!(last["val_map"].as_f64().is_some_and(|map| map > 0.95), "{last}");

    // Both ways to write labels down are the same set.
    place.ok("train columns.yaml --threads 1 --set train.epochs=12 --out columns --quiet");
    assert_eq!(read(&place.path("columns/metrics.jsonl")), lines);

    let evaluated = json(&place.ok("eval run --weights run/last.safetensors --format json"));
    assert_eq!((&evaluated["map"], &evaluated["macro_f1"]), (&last["val_map"], &last["val_macro_f1"]));
    assert_eq!((&evaluated["labels"][1]["name"], &evaluated["images"]), (&"top".into(), &16.into()));
    let table = place.ok("eval run");
    assert!(table.contains("mean average precision") && table.lines().count() == 6 + 1 + 1 + 2, "{table}");

    // Of the weights alone, with the thresholds in them.
    let note = json(&place.ok("predict run/best.safetensors 3.png --format json"));
    let said: Vec<(&str, bool)> = note["predictions"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| (one["name"].as_str().expect("a name"), one["present"].as_bool().expect("yes or no")))
        .collect();
    assert!(said.contains(&("left", true)) && said.contains(&("top", true)), "{note}");
    let csv = place.ok("predict run 0.png --format csv");
    assert!(
        csv.starts_with("image,rank,label,name,probability,present\n0.png,1,") && csv.lines().count() == 3,
        "{csv}"
    );
    let shown = place.ok("predict run 3.png");
    assert!(shown.matches("✓ ").count() == 2, "{shown}");

    // As the tables have it that the network learned from.
    std::fs::write(place.path("new.csv"), "file\n0.png\n1.png\n3.png\n").expect("room on the disk");
    place.ok("predict run new.csv --to tags.csv");
    assert_eq!(read(&place.path("tags.csv")), "file,tags\n0.png,\n1.png,left\n3.png,left|top\n");
    place.ok("predict columns new.csv --to columns.csv");
    assert_eq!(read(&place.path("columns.csv")), "file,left,top\n0.png,0,0\n1.png,1,0\n3.png,1,1\n");
    place.ok("predict columns new.csv --to probabilities.csv --probabilities");
    assert!(read(&place.path("probabilities.csv")).starts_with("file,left,top\n0.png,0."));

    let page = read(&place.path("run/report.html"));
    for part in
        ["mean average precision", "<th scope=\"col\" class=\"number\">threshold</th>", "Some validation images"]
    {
        assert!(page.contains(part), "{part} is not on the page");
    }
    assert!(!page.contains("Confusion matrix") && !page.contains("Calibration"));
    let events = std::fs::read(place.path("run/events.out.tfevents.archc")).expect("every run writes it");
    for (tag, times) in [("map/validation", true), ("ece/validation", false)] {
        assert_eq!(events.windows(tag.len()).any(|part| part == tag.as_bytes()), times, "{tag}");
    }
    let compared = place.ok("runs run columns");
    assert!(compared.contains(" map ") && compared.contains("they differ in"), "{compared}");
}

/// Each label has a threshold of its own, so that one may be there that is less likely than one that is not.
#[test]
fn every_label_that_is_there_is_named() {
    let place = labelled();
    place.ok("train tags.yaml --threads 1 --set train.epochs=12 --out run --quiet");
    for format in ["json", "csv", "text"] {
        let said = place.ok(&format!("predict run/best.safetensors 3.png --top 1 --format {format}"));
        assert!(said.contains("left") && said.contains("top"), "{said}");
    }
    let said = place.ok("predict run 0.png --top 1 --format csv");
    assert_eq!(said.lines().count(), 1 + 1, "{said}");
}

#[test]
fn weights_without_thresholds_are_judged_as_they_predict() {
    let place = labelled();
    place.ok("train tags.yaml --threads 1 --set train.epochs=2 --out run --quiet");
    place.ok("export run --format pth --out plain.pth");
    let said = |arguments: &str| String::from_utf8(place.run(arguments).stderr).expect("UTF-8");
    assert!(said("eval tags.yaml --weights plain.pth").contains("0.5 is taken for each"));
    assert!(said("predict tags.yaml --weights plain.pth 3.png").contains("0.5 is taken for each"));
    assert!(!said("eval run").contains("0.5 is taken") && !said("predict run 3.png").contains("0.5 is taken"));

    // The same images, judged and predicted.
    let table = read(&place.path("labels.csv"));
    let held = "eval tags.yaml --weights plain.pth --set data.test=labels.csv --split test --format json";
    let report = json(&place.ok(held));
    let predicted = place.ok("predict tags.yaml --weights plain.pth labels.csv --format json");
    let predicted: Vec<_> = predicted.lines().map(json).collect();
    for (number, label) in report["labels"].as_array().expect("a list").iter().enumerate() {
        assert_eq!(label["threshold"], 0.5);
        let name = label["name"].as_str().expect("a name");
        let mut counts = [0u32; 3];
        for (line, told) in table.lines().skip(1).zip(&predicted) {
            let has = line.split(',').nth(1).expect("tags").split('|').any(|tag| tag == name);
            let all = told["predictions"].as_array().expect("a list");
            let told = all.iter().any(|one| one["label"] == number && one["present"] == true);
            counts = [counts[0] + u32::from(has && told), counts[1] + u32::from(told), counts[2] + u32::from(has)];
        }
        let [both, told, has] = counts.map(f64::from);
        assert_eq!(label["images"], has as u64);
        assert!((label["f1"].as_f64().expect("a number") - 2.0 * both / (told + has)).abs() < 1e-12, "{label}");
    }
}

/// R² of one image is not defined, nor is the precision of a label that no image has.
#[test]
fn the_loss_decides_where_nothing_else_is_defined() {
    let place = measured();
    let table = read(&place.path("numbers.csv"));
    let one: Vec<&str> = table.lines().filter(|line| !line.ends_with(",val") || line.starts_with("5.png")).collect();
    std::fs::write(place.path("numbers.csv"), one.join("\n")).expect("room on the disk");
    let shown = place.ok("train two.yaml --threads 1 --out one");
    assert!(shown.contains(" validation loss in epoch ") && !shown.contains("loss in epoch 1,"), "{shown}");
    assert!(place.ok("runs one").contains(" loss"), "the list of runs says so");
    assert!(read(&place.path("one/report.html")).contains("best loss"));
    // A validation that says nothing is no reason to stop, or to learn more slowly.
    let rules = ", early_stopping: patience 1 by=r2, schedule: plateau patience=0 by=r2}";
    let slow = read(&place.path("two.yaml")).replace("epochs: 30", "epochs: 5").replacen(
        "seed: 1}",
        &format!("seed: 1{rules}"),
        1,
    );
    std::fs::write(place.path("slow.yaml"), slow).expect("room on the disk");
    let shown = place.ok("train slow.yaml --threads 1 --out stopped");
    assert!(!shown.contains("stopped early"), "{shown}");
    let last = read(&place.path("stopped/metrics.jsonl"));
    let last = json(last.lines().last().expect("five epochs"));
    assert_eq!((&last["epoch"], &last["lr"]), (&5.into(), &0.01.into()));
}

#[test]
fn a_stopped_run_ends_with_the_same_bytes() {
    let place = labelled();
    place.ok("train all.yaml --threads 1 --set train.epochs=3 --out whole --quiet");
    place.ok("train all.yaml --threads 2 --set train.epochs=1 --out parts --quiet");
    place.ok("train --resume parts --threads 1 --set train.epochs=2 --quiet");
    place.ok("train --resume parts --threads 2 --set train.epochs=3 --quiet");
    for file in ["last.safetensors", "last.state.safetensors", "best.safetensors", "metrics.jsonl", "validations.jsonl"]
    {
        let bytes = |run: &str| std::fs::read(place.path(run).join(file)).expect("every run writes it");
        assert!(bytes("whole") == bytes("parts"), "{file} of the resumed run differs");
    }
    assert!(read(&place.path("whole/network.yaml")).contains("  task: multilabel\n"));
}

/// An exported network ends in probabilities only where its outputs are logits of that kind.
#[test]
fn probabilities_fit_the_task() {
    let refused = |place: &Place, arguments: &str| {
        let said = place.refused(arguments);
        assert!(!place.path("x.onnx").exists(), "{arguments}");
        said
    };
    let operators = |place: &Place| {
        let bytes = std::fs::read(place.path("x.onnx")).expect("it was written");
        std::fs::remove_file(place.path("x.onnx")).expect("it was written");
        ["Softmax", "Sigmoid"].map(|name| bytes.windows(name.len()).any(|found| found == name.as_bytes()))
    };
    let (labels, numbers, classes) = (labelled(), measured(), Place::new());
    labels.ok("train tags.yaml --threads 1 --set train.epochs=1 --out run --quiet");
    numbers.ok("train two.yaml --threads 1 --set train.epochs=1 --out run --quiet");
    classes.ok("train tiny.yaml --threads 1 --set train.epochs=1 --out run --quiet");
    // Its own file may say nothing of its images: the weights do.
    let silent = read(&labels.path("tags.yaml"));
    let silent: Vec<&str> = silent.lines().filter(|line| !line.starts_with(['d', 't'])).collect();
    std::fs::write(labels.path("silent.yaml"), silent.join("\n")).expect("room on the disk");
    for network in [
        "run",
        "run/best.safetensors",
        "tags.yaml --weights run/best.safetensors",
        "silent.yaml --weights run/best.safetensors",
    ] {
        let said = refused(&labels, &format!("export {network} --format onnx --out x.onnx --softmax"));
        assert!(said.contains("`task: multilabel`") && said.contains("`--sigmoid` gives"), "{network}: {said}");
        labels.ok(&format!("export {network} --format onnx --out x.onnx --sigmoid"));
        assert_eq!(operators(&labels), [false, true], "{network}");
    }
    for option in ["--softmax", "--sigmoid"] {
        let said = refused(&numbers, &format!("export run --format onnx --out x.onnx {option}"));
        assert!(said.contains(&format!("`{option}` makes no probabilities for `task: regression`")), "{said}");
    }
    let said = refused(&classes, "export run --format onnx --out x.onnx --sigmoid");
    assert!(said.contains("`--softmax` gives"), "{said}");
    classes.ok("export run --format onnx --out x.onnx --softmax");
    assert_eq!(operators(&classes), [true, false]);
}

#[test]
fn what_does_not_go_together_is_refused() {
    let place = labelled();
    let refused = |arguments: &str| place.refused(arguments);
    let wide = read(&place.path("tags.yaml")).replace("linear 2 as fc", "linear 3 as fc").replace("classes: 2\n", "");
    std::fs::write(place.path("wide.yaml"), wide).expect("room on the disk");
    let said = refused("train wide.yaml");
    assert!(said.contains("the data has 2 labels, and the network gives 3 numbers"), "{said}");
    place.ok("train tags.yaml --threads 1 --set train.epochs=1 --out run --quiet");
    let said = refused("eval run --data .");
    assert!(said.contains("with `task: multilabel`, name a table"), "{said}");
    let table = read(&place.path("labels.csv"));
    std::fs::write(place.path("labels.csv"), table.replacen("0.png,,0,0", "0.png,round,2,0", 1)).expect("room");
    let said = refused("train columns.yaml");
    assert!(said.contains("labels.csv: line 2: the column `left` holds `2`, not 1 or 0"), "{said}");
    let said = refused("eval run");
    assert!(said.contains("does not know the class `round` of the data set"), "{said}");
    if cfg!(feature = "cuda") {
        let said = refused("train columns.yaml --device cuda");
        assert!(!said.contains("panicked"), "{said}");
    }
}
