//! The commands that train and use a network, as their users call them.

mod classes;
mod export;
mod hostile;
mod interruptions;
mod messages;
mod outlets;
mod overwriting;
mod place;
mod resuming;
mod segment;
mod tasks;
mod tensorboard;
mod workers;

use std::path::Path;

use place::{NETWORK, Place, json, read};

#[test]
fn train_resume_eval_predict() {
    let place = Place::new();
    let shown = place.ok("train tiny.yaml --threads 1");
    assert!(shown.contains("epoch 2/2") && shown.contains("best of 2 epochs"), "{shown}");
    let run = place.path("runs/tiny-1");
    let first = read(&run.join("metrics.jsonl"));
    assert_eq!(first.lines().count(), 2);
    let origin = json(&read(&run.join("run.json")));
    assert_eq!((&origin["seed"], &origin["threads"], &origin["device"]), (&1.into(), &1.into(), &"cpu".into()));
    let last: Vec<&str> =
        origin["command"].as_array().expect("words").iter().filter_map(|word| word.as_str()).skip(1).collect();
    assert_eq!(last, ["train", "tiny.yaml", "--threads", "1"]);

    place.ok("train tiny.yaml --threads 1 --set train.epochs=3");
    place.ok("train --resume runs/tiny-1 --threads 1 --set train.epochs=3");
    assert!(read(&run.join("metrics.jsonl")).starts_with(&first));
    for file in ["last.safetensors", "last.state.safetensors", "best.safetensors", "network.yaml"] {
        let bytes = |run: &str| std::fs::read(place.path(run).join(file)).expect("every run writes it");
        assert!(bytes("runs/tiny-1") == bytes("runs/tiny-2"), "{file} of the resumed run differs");
    }

    let evaluated = json(&place.ok("eval tiny.yaml --weights runs/tiny-1/last.safetensors --format json"));
    let lines = read(&run.join("metrics.jsonl"));
    let trained = json(lines.lines().last().expect("three epochs"));
    assert_eq!((&evaluated["top1"], &evaluated["images"]), (&trained["val_acc"], &359.into()));
    let difference = evaluated["loss"].as_f64().expect("a number") - trained["val_loss"].as_f64().expect("a number");
    assert!(difference.abs() < 1e-6, "rounding of other batches, not {difference}");
    let hits: u64 = (0..10).map(|class| evaluated["confusion"][class][class].as_u64().expect("a count")).sum();
    assert_eq!(hits as f64 / 359.0, evaluated["top1"].as_f64().expect("a number"));
    let table = place.ok("eval tiny.yaml --weights runs/tiny-1/last.safetensors");
    assert_eq!(table.lines().count(), 8 + 1 + 1 + 10, "{table}");
    for (own, key) in [("balanced_accuracy", "val_balanced_acc"), ("macro_f1", "val_macro_f1"), ("auroc", "val_auroc")]
    {
        assert!(evaluated[own].is_number() && evaluated[own] == trained[key], "{own}: {evaluated}, {trained}");
    }
    let images = |part: &serde_json::Value| part["images"].as_u64().expect("a count");
    assert_eq!(evaluated["calibration"].as_array().expect("its parts").iter().map(images).sum::<u64>(), 359);

    image::GrayImage::from_pixel(8, 8, image::Luma([90])).save(place.path("grey.png")).expect("room on the disk");
    let predicted = json(&place.ok("predict tiny.yaml --weights runs/tiny-1/best.safetensors --format json grey.png"));
    let predictions = predicted["predictions"].as_array().expect("a list");
    let probabilities: Vec<f64> = predictions.iter().filter_map(|one| one["probability"].as_f64()).collect();
    assert_eq!(probabilities.len(), 5);
    assert!(probabilities.is_sorted_by(|a, b| a >= b) && probabilities.iter().sum::<f64>() <= 1.0, "{predicted}");
    let shown = place.ok("predict tiny.yaml --weights runs/tiny-1/best.safetensors grey.png");
    assert!(shown.starts_with("grey.png\n") && shown.lines().count() == 6, "{shown}");
}

#[test]
fn runs_are_reported_and_compared() {
    let place = Place::new();
    assert_eq!(place.ok("train tiny.yaml --threads 1 --out a --quiet"), "");
    let shown = place.ok("train tiny.yaml --threads 1 --out b --verbose --set train.batch=200");
    assert!(shown.contains("step 1   lr 1.000e-2   loss ") && shown.contains("see b/report.html"), "{shown}");

    let compared = place.ok("runs a b --plot curves.svg");
    place.ok("runs a b --plot curves.png");
    is_picture(&place.path("curves.png"), 2 * 2 * 480);
    let output = place.run("runs b --plot curves.png");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.code() == Some(1) && said.contains("curves.png` is there already"), "{said}");
    is_picture(&place.path("curves.png"), 2 * 2 * 480);
    place.ok("runs b --plot curves.png --force");
    let rows: Vec<Vec<&str>> = compared.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!((rows[1][..4].join(" "), rows[2][..4].join(" ")), ("a tiny 698 2/2".into(), "b tiny 698 2/2".into()));
    assert!(compared.ends_with("\nthey differ in\n  train.batch  100  a\n               200  b\n"), "{compared}");
    let curves = read(&place.path("curves.svg"));
    assert!(curves.starts_with("<svg") && curves.contains(">a</text>") && curves.contains(">b</text>"));
    let line = json(place.ok("runs . --format json").lines().next().expect("a line for each run"));
    assert_eq!(
        (&line["network"], &line["epochs"], &line["settings"]["threads"]),
        (&"tiny".into(), &2.into(), &1.into())
    );
    let output = place.run("runs nowhere");
    assert_eq!(output.status.code(), Some(1));

    // The page needs nothing beside it.
    let page = read(&place.path("a/report.html"));
    for part in [
        "<h1>tiny</h1>",
        ">loss</text>",
        "aria-label=\"tiny\"",
        "Confusion matrix",
        "Worst mistakes",
        "data:image/png;base64,",
        "conv 4 3x3",
    ] {
        assert!(page.contains(part), "{part} is not on the page");
    }
    assert!(!page.contains("class=\"notice\"") && !page.contains(">planned</text>"), "it did all that was planned");
    assert!(!page.contains("<script") && !page.contains("<link") && !page.contains("src=\"http"));
    // Its pictures lie beside it too.
    for (name, width, parts) in [
        ("curves", 2 * 2 * 480, &[">loss</text>", ">accuracy</text>", ">learning rate</text>", " %</text>"][..]),
        ("confusion", 0, &[">predicted</text>", " predicted as 0: "]),
        ("images", 0, &["<image ", ">✓ "]),
    ] {
        let svg = read(&place.path(&format!("a/{name}.svg")));
        assert!(svg.starts_with("<svg") && parts.iter().all(|part| svg.contains(part)), "{svg}");
        is_picture(&place.path(&format!("a/{name}.png")), width);
    }
    let events = std::fs::read(place.path("a/events.out.tfevents.archc")).expect("every run writes it");
    // A tag stands behind its length.
    let tag = |tag: &str| {
        let field = [&[tag.len() as u8], tag.as_bytes()].concat();
        events.windows(field.len()).filter(|bytes| *bytes == field).count()
    };
    assert_eq!(["loss/train", "accuracy/validation", "learning_rate"].map(tag), [2, 2, 30]);
}

/// A PNG file with something in it, as wide as it should be if that is known.
fn is_picture(path: &Path, width: u32) {
    let picture = image::open(path).unwrap_or_else(|error| panic!("{}: {error}", path.display())).to_rgb8();
    assert!(width == 0 || picture.width() == width, "{}: {} pixels", path.display(), picture.width());
    let ink = picture.pixels().filter(|pixel| pixel.0 != [255; 3]).count();
    assert!(ink > picture.len() / 3 / 100, "{}: {ink} pixels are not white", path.display());
}

/// From photos to a classifier: a file for them, a check, and training from what a network knows of other images.
#[test]
fn photos_become_a_classifier() {
    let place = Place::new();
    place.ok("new --from digits_cnn --data digits -o known.yaml");
    place.ok("train known.yaml --set train.epochs=1 --out known");

    for (class, dark, bright) in [("bright", 200u8, 250u8), ("dark", 0, 50), ("striped", 0, 250)] {
        std::fs::create_dir_all(place.path("photos").join(class)).expect("room on the disk");
        for photo in 0..20u32 {
            let pixel = |_: u32, y: u32| {
                image::Luma([if (y / 8 + photo).is_multiple_of(2) { dark } else { bright } + photo as u8 % 5])
            };
            let path = place.path(&format!("photos/{class}/{photo}.png"));
            image::GrayImage::from_fn(40 + photo, 48, pixel).save(path).expect("room on the disk");
        }
    }
    let said = place.ok("new --from digits_cnn --data photos");
    assert!(
        said.starts_with("digits_cnn_photos.yaml: 3 classes, 48 training and 12 validation images; now\n"),
        "{said}"
    );
    let file = read(&place.path("digits_cnn_photos.yaml"));
    assert!(file.contains("classes: 3\n") && file.contains("replace: [\"fc.*\"]"), "{file}");
    assert!(place.ok("check digits_cnn_photos.yaml").contains("→ 3"));
    let said = place.ok("train digits_cnn_photos.yaml --set classes=4 --set train.epochs=1 --out four");
    assert!(said.contains("12 validation images of 3 classes where it tells 4 apart, "), "{said}");
    let weights = "train digits_cnn_photos.yaml --weights known/best.safetensors";
    let said = place.ok(&format!("{weights} --set train.batch=8 --out photos_run"));
    assert!(said.contains("with the weights of known/best.safetensors except fc.*"), "{said}");
    let best = json(place.ok("runs photos_run --format json").trim())["best_acc"].as_f64().expect("a number");
    assert!(best > 0.9, "three brightnesses are easy to tell apart, but: {said}");

    // A head for other classes begins anew without being named.
    let output = place.run(&format!("{weights} --set train.replace=[] --set train.epochs=1 --out unnamed"));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() && said.contains("`fc` begins anew: it tells 3 classes apart here, and 10 in the file"),
        "{said}"
    );

    // The same from a file of one's own, which has to leave the number of classes open.
    let own = "name: own\ninput: [1, 16, 16]\nclasses: 9\nlayers: [conv 4 3x3, global_avgpool, flatten, \"linear {classes} as head\"]\n";
    std::fs::write(place.path("own.yaml"), own).expect("room on the disk");
    let said = place.ok("new --from own.yaml --data photos");
    assert!(said.contains("train own_photos.yaml --weights runs/own-1/best.safetensors"), "{said}");
    let file = read(&place.path("own_photos.yaml"));
    assert!(file.contains("replace: [\"head.*\"]") && file.contains("train: [\"resize 16x16\"]"), "{file}");
    place.ok("check own_photos.yaml");

    let bare = "input: [1, 8, 8]\nlayers: [flatten]\ndata: {set: digits}\ntrain: {epochs: 1}\n";
    std::fs::write(place.path("bare.yaml"), bare).expect("room on the disk");
    for (arguments, expected) in [
        (
            "new --from tiny.yaml --data photos",
            "`tiny` ends in as many outputs as are written in it, whatever `classes` is: write `linear {classes}`",
        ),
        ("new --from digits_cnn --data photos", "digits_cnn_photos.yaml is there already"),
        ("new --from digits_cn --data photos -o other.yaml", "did you mean `digits_cnn`?"),
        ("new --from digits_cnn --data fotos", "`fotos` is no folder, no archive of one and none of the sets digits"),
        (
            &format!("{weights} --set train.replace=[] --strict --rename nothing.*=fc.*"),
            "no array in it has the form `nothing.*`, which is to be renamed",
        ),
        (
            &format!("{weights} --set train.freeze=[conv9.*]"),
            "`freeze` names `conv9.*`, which is no weight of the network",
        ),
        (&format!("{weights} --set train.freeze=[\"*\"]"), "there is nothing to learn"),
        ("train bare.yaml --set train.freeze=[a]", "the network has no weights"),
    ] {
        let output = place.run(arguments);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(1) && said.contains(expected), "{arguments}: {said}");
    }
}

#[test]
fn a_schedule_is_drawn_without_training() {
    let place = Place::new();
    let drawn =
        place.ok("train tiny.yaml --plot-schedule=rate.svg --set train.schedule=onecycle --set train.epochs=20");
    assert!(drawn.starts_with("onecycle rise=0.3 ") && drawn.contains("1.000e-2 ┤"), "{drawn}");
    assert!(read(&place.path("rate.svg")).contains(">learning rate</text>"));
    place.ok("train tiny.yaml --plot-schedule=rate.png");
    is_picture(&place.path("rate.png"), 2 * 480);
    let output = place.run("train tiny.yaml --plot-schedule=rate.png");
    assert_eq!(output.status.code(), Some(1), "nothing is overwritten: {}", String::from_utf8_lossy(&output.stderr));
    place.ok("train tiny.yaml --plot-schedule=rate.png --force");
    let drawn = place.ok(
        "train tiny.yaml --plot-schedule --set train.epochs=1 --set train.schedule={\"polynomial\":{\"per\":\"step\"}}",
    );
    assert!(drawn.ends_with("first 1.000e-2, highest 1.000e-2, last 6.667e-4\n"), "fifteen steps: {drawn}");
    let drawn = place.ok(
        "train tiny.yaml --plot-schedule --set train.epochs=1 --set train.schedule={\"polynomial\":{\"per\":\"step\"}} \
         --set data={\"set\":\"folder\",\"path\":\"nowhere\"}",
    );
    assert!(drawn.ends_with("last 1.000e-5\n"), "a thousand steps, as the images are not here: {drawn}");
    assert!(!place.path("runs").exists(), "nothing was trained");
}

#[test]
fn bench_prints_its_keys() {
    let place = Place::new();
    for mode in ["", " --inference", " --profile", " --profile --inference"] {
        let line = json(&place.ok(&format!("bench tiny.yaml --batch 8 --steps 2 --format json{mode}")));
        let keys = ["name", "batch", "device", "threads", "step_s", "images_per_s", "params", "peak_rss_mb"];
        assert!(keys.iter().all(|key| line.get(key).is_some()), "{line}");
        assert_eq!(
            (&line["name"], &line["batch"], &line["params"]),
            (&"tiny".into(), &8.into(), &(40 + 8 + 650).into())
        );
        assert_eq!(line.get("profile").is_some(), mode.contains("--profile"), "{line}");
    }
}

#[test]
fn a_profile_adds_up() {
    let place = Place::new();
    let profile = &json(&place.ok("bench tiny.yaml --batch 8 --steps 3 --profile --format json"))["profile"];
    let sum = |rows: &str| -> f64 {
        let rows = profile[rows].as_array().expect("rows");
        let computes = |row: &&serde_json::Value| row["kind"] != "flatten";
        assert!(rows.iter().filter(computes).all(|row| row["backward_s"].as_f64() > Some(0.0)), "{profile}");
        rows.iter().flat_map(|row| ["forward_s", "backward_s"].map(|pass| row[pass].as_f64().expect("a time"))).sum()
    };
    let outside = ["optimizer_s", "rest_s"].map(|key| profile[key].as_f64().expect("a time"));
    let step = profile["step_s"].as_f64().expect("a time");
    assert!(outside.iter().all(|time| *time > 0.0), "{profile}");
    for rows in ["layers", "kinds"] {
        assert!((sum(rows) + outside.iter().sum::<f64>() - step).abs() < 1e-9 * step, "{profile}");
    }
    let shown = place.ok("bench tiny.yaml --batch 8 --steps 3 --profile");
    assert!(["fc  ", "linear 10", "optimizer"].iter().all(|word| shown.contains(word)), "{shown}");
}

#[test]
fn mistakes_are_explained() {
    let place = Place::new();
    place.ok("train tiny.yaml --out run --set train.epochs=1");
    std::fs::write(place.path("bare.yaml"), "input: [1, 8, 8]\nlayers: [flatten, linear 10]\n").expect("room");
    let norm = NETWORK.replace("linear 10 as fc", "bn as norm -> linear 10 as fc");
    std::fs::write(place.path("norm.yaml"), norm).expect("room");
    std::fs::write(place.path("text.png"), "this is no image").expect("room");
    for class in ["words/a", "words/b", "single/all"] {
        std::fs::create_dir_all(place.path(class)).expect("room");
        for file in ["1.png", "2.png"] {
            let path = place.path(class).join(file);
            match class {
                "single/all" => image::GrayImage::new(8, 8).save(path).expect("room"),
                _ => std::fs::write(path, "this is no image").expect("room"),
            }
        }
    }
    for (arguments, code, expected) in [
        ("train bare.yaml", 1, "`bare` does not say how to train it"),
        ("eval bare.yaml --weights run/last.safetensors", 1, "the weights do not fit the network"),
        ("eval tiny.yaml --weights none.safetensors", 1, "cannot read none.safetensors"),
        ("train tiny.yaml --out run", 1, "`archc train --resume run` goes on"),
        ("train --resume runs", 1, "cannot resume `runs`"),
        ("train --resume run --set train.seed=5", 1, "cannot go on with seed 5"),
        (
            "train tiny.yaml --device cuda:99",
            1,
            if cfg!(feature = "cuda") { "NVIDIA driver" } else { "built without CUDA" },
        ),
        ("train tiny.yaml --dtype bf16", 1, "`--dtype` is for GPUs"),
        ("train tiny.yaml --device tpu", 2, "expected `cpu` or `cuda:0`"),
        ("train tiny.yaml --resume run", 2, "cannot be used with"),
        ("train tiny.yaml --plot-schedule=rate.pdf", 1, "name it rate.svg or rate.png"),
        // A norm of vectors sees one value a channel in a batch of one.
        ("train norm.yaml --set train.batch=1437", 1, "end with a batch of 1"),
        ("predict tiny.yaml --weights run/last.safetensors text.png none.png", 1, "none.png"),
        (
            "train tiny.yaml --set data={\"set\":\"folder\",\"path\":\"words\"}",
            1,
            "write `on_bad_image: skip` under `data:`",
        ),
        (
            "train tiny.yaml --set data={\"set\":\"folder\",\"path\":\"single\"}",
            1,
            "all images are of one class, `all`",
        ),
    ] {
        let output = place.run(arguments);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.code() == Some(code) && said.contains(expected),
            "{arguments}: {:?} {said}",
            output.status
        );
    }
    assert!(!place.path("runs").exists(), "a refused run leaves no folder");
}
