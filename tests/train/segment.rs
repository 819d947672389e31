//! Networks that tell the class of each pixel: from images and masks to masks.

use image::{GrayImage, Luma};

use crate::place::{Place, json, read};

/// Images of 8×10 pixels with a bright left part of some width, and masks of it: of two classes, with a column between
/// them that is ignored. Both in a table, and in folders.
pub fn masked() -> Place {
    let place = Place::new();
    let mut table = "id,mask,part\n".to_owned();
    for folder in ["train/images", "train/masks", "val/images", "val/masks"] {
        std::fs::create_dir_all(place.path("set").join(folder)).expect("room on the disk");
    }
    for image in 0..50u32 {
        let edge = 2 + image * 7 % 5;
        let pixel = |x: u32, y: u32| Luma([((image * 31 + x * 7 + y * 13) % 60 + 140 * u32::from(x < edge)) as u8]);
        let class = |x: u32, _: u32| Luma([if x == edge { 255 } else { u8::from(x < edge) }]);
        let part = if image % 5 == 0 { "val" } else { "train" };
        let file = |kind: &str, ending: &str| place.path("set").join(part).join(kind).join(format!("{image}.{ending}"));
        GrayImage::from_fn(10, 8, pixel).save(file("images", "bmp")).expect("room on the disk");
        GrayImage::from_fn(10, 8, class).save(file("masks", "png")).expect("room on the disk");
        table += &format!("{part}/images/{image},{image}.png,{part}\n");
    }
    let network = |data: &str, train: &str| {
        format!(
            "input: [1, 8, 8]\nclasses: 2\nlayers: [conv 6 3x3 p1 -> bn -> relu, conv 2 1x1 as out]\n\
             data: {{{data}, task: segment, classes: [dark, light], train: [crop 8, hflip], eval: [center_crop 8]}}\n\
             train: {{epochs: 12, batch: 10, optimizer: adam lr=0.05, seed: 1{train}}}\n"
        )
    };
    let of_table = "set: table, file: set/labels.csv, image: '{id}.bmp', label: '{part}/masks/{mask}', split: part";
    for (name, text) in [
        ("set/labels.csv", table),
        ("table.yaml", network(of_table, "")),
        ("folder.yaml", network("set: folder, path: set", "")),
        ("all.yaml", network(of_table, EVERYTHING)),
    ] {
        std::fs::write(place.path(name), text).expect("room on the disk");
    }
    place
}

/// Whatever a recipe may have with this task.
const EVERYTHING: &str = ", loss: 'dice_ce smooth=1 label_smoothing=0.1 class_weights={[1, 0.5]}', mix: cutmix 1, ema: 0.9, \
    accumulate: 2, best_by: mean_iou, schedule: plateau by=pixel_accuracy patience=1, early_stopping: patience 9";

#[test]
fn pixels_are_learned_from_masks() {
    let place = masked();
    let shown = place.ok("train table.yaml --threads 1 --out run");
    assert!(shown.contains(" mean_iou ") && shown.contains("validation mean IoU in epoch"), "{shown}");
    let lines = read(&place.path("run/metrics.jsonl"));
    let last = json(lines.lines().last().expect("twelve epochs"));
    let keys: Vec<&String> = last.as_object().expect("an object").keys().collect();
    assert_eq!(keys, ["epoch", "lr", "train_acc", "train_loss", "val_loss", "val_mean_iou", "val_pixel_acc"]);
    assert!(last["val_mean_iou"].as_f64().is_some_and(|iou| iou > 0.95) && last["train_acc"].is_null(), "{last}");

    // The same images in folders, in an order of their own.
    place.ok("train folder.yaml --threads 1 --out folder --quiet");
    let folder = read(&place.path("folder/metrics.jsonl"));
    assert!(
        json(folder.lines().last().expect("twelve"))["val_mean_iou"].as_f64().is_some_and(|iou| iou > 0.95),
        "{folder}"
    );

    let evaluated = json(&place.ok("eval run --weights run/last.safetensors --format json"));
    for (own, key) in [("mean_iou", "val_mean_iou"), ("pixel_accuracy", "val_pixel_acc"), ("loss", "val_loss")] {
        let near = evaluated[own].as_f64().zip(last[key].as_f64()).is_some_and(|(a, b)| (a - b).abs() < 1e-9);
        assert!(near, "{own}: {evaluated} {last}");
    }
    let light = &evaluated["classes"][1];
    assert_eq!((&light["name"], &evaluated["images"]), (&"light".into(), &10.into()));
    // Of the middle eight of ten columns, one is ignored.
    assert_eq!(evaluated["pixels"], 10 * 8 * 7);
    let table = place.ok("eval run");
    assert!(table.contains("mean IoU        ") && table.lines().count() == 4 + 1 + 1 + 2, "{table}");
    place.ok("eval run --data set");

    let page = read(&place.path("run/report.html"));
    for part in ["mean IoU ", "Some validation images", ">IoU</th>"] {
        assert!(page.contains(part), "{part} is not on the page");
    }
    assert!(place.path("run/images.png").exists() && !page.contains("Confusion matrix"));
    let events = std::fs::read(place.path("run/events.out.tfevents.archc")).expect("every run writes it");
    for (tag, is_there) in
        [("mean_iou/validation", true), ("pixel_accuracy/validation", true), ("accuracy/train", false)]
    {
        assert_eq!(events.windows(tag.len()).any(|part| part == tag.as_bytes()), is_there, "{tag}");
    }
    assert!(place.ok("runs run folder").contains(" mean_iou "));
    let info = place.ok("data info table.yaml");
    assert!(info.contains("2 classes") && info.contains("    1  light"), "{info}");
    assert!(place.ok("data stats folder.yaml").contains("1440 training pixels of a class"));
    place.ok("data show table.yaml --out drawn.png");
}

#[test]
fn masks_are_predicted_and_nothing_is_written_over() {
    let place = masked();
    place.ok("train table.yaml --threads 1 --out run --quiet");
    let said = json(&place.ok("predict run/best.safetensors set/val/images/5.bmp --format json --out masks"));
    let pixels = |class: usize| said["classes"][class]["pixels"].as_u64().expect("a number");
    assert!(pixels(0) + pixels(1) == 64 && said["classes"][1]["name"] == "light", "{said}");
    assert_eq!(said["mask"], "masks/5.png");
    let file = std::fs::read(place.path("masks/5.png")).expect("it was written");
    let mask = image::load_from_memory(&file).expect("a PNG file").into_rgb8();
    assert_eq!(mask.dimensions(), (8, 8));
    // The second colour of the palette.
    let light = mask.pixels().filter(|pixel| pixel.0 == [128, 0, 0]).count();
    assert_eq!(light as u64, pixels(1));

    let again = place.refused("predict run set/val/images/5.bmp --out masks");
    assert!(again.contains("`masks/5.png` is there already"), "{again}");
    place.ok("predict run set/val/images/5.bmp --out masks --force");
    place.ok("predict run set/val --out whole");
    assert_eq!(std::fs::read(place.path("whole/images/5.png")).expect("it was written"), file);
    let twice = place.refused("predict run set/val/images/5.bmp set/val/images/5.bmp --out twice");
    assert!(twice.contains("would both be twice/5.png") && !place.path("twice").exists(), "{twice}");

    let csv = place.ok("predict run set/val/images/5.bmp --format csv");
    assert_eq!(csv.lines().next(), Some("image,class,name,pixels"));
    assert!(csv.contains(&format!("images/5.bmp,1,light,{}", pixels(1))) && csv.lines().count() == 3, "{csv}");
    assert!(place.ok("predict run set/val/images/5.bmp").contains(" %  light\n"));
    place.ok("predict run set/val/images/5.bmp --to counts.csv");
    let counts = read(&place.path("counts.csv"));
    assert!(
        counts.lines().next() == Some("id,dark,light") && counts.contains(&format!(",{}\n", pixels(1))),
        "{counts}"
    );
    let said = place.refused("predict run set/val/images/5.bmp --to other.csv --probabilities");
    assert!(said.contains("none is a probability"), "{said}");
}

#[test]
fn a_stopped_run_of_pixels_ends_with_the_same_bytes() {
    let place = masked();
    place.ok("train all.yaml --threads 1 --set train.epochs=3 --out whole --quiet");
    place.ok("train all.yaml --threads 2 --set train.epochs=1 --out parts --quiet");
    place.ok("train --resume parts --threads 1 --set train.epochs=2 --quiet");
    place.ok("train --resume parts --threads 2 --set train.epochs=3 --quiet");
    for file in ["last.safetensors", "last.state.safetensors", "best.safetensors", "metrics.jsonl", "validations.jsonl"]
    {
        let bytes = |run: &str| std::fs::read(place.path(run).join(file)).expect("every run writes it");
        assert!(bytes("whole") == bytes("parts"), "{file} of the resumed run differs");
    }
    assert!(read(&place.path("whole/network.yaml")).contains("  classes: [\"dark\", \"light\"]\n  ignore: 255\n"));
    // Another mask of the same name and length is another set.
    let path = place.path("set/train/masks/1.png");
    let other = place.path("set/train/masks/2.png");
    let (one, two) = (std::fs::read(&path).expect("it is there"), std::fs::read(&other).expect("it is there"));
    std::fs::write(&path, &two).and_then(|()| std::fs::write(&other, &one)).expect("room on the disk");
    let said = place.refused("train --resume parts --set train.epochs=4");
    assert!(said.contains("the data set has changed") || said.contains("but other contents"), "{said}");
}

#[test]
fn masks_that_do_not_fit_are_named() {
    let place = masked();
    let (path, sound) = (place.path("set/train/masks/1.png"), read_bytes(&place, "set/train/masks/1.png"));
    let write = |mask: GrayImage| mask.save(&path).expect("room on the disk");
    write(GrayImage::from_pixel(10, 8, Luma([3])));
    let said = place.refused("train table.yaml --out run");
    assert!(
        said.contains(
            "set/labels.csv: line 3: the mask set/train/masks/1.png: the pixel in row 1 and column 1 is 3, which"
        ),
        "{said}"
    );
    assert!(said.contains("there are 0 to 1, and 255 for what is ignored"), "{said}");
    write(GrayImage::from_pixel(100_000, 1, Luma([0])));
    let said = place.refused("train folder.yaml --out run2");
    assert!(said.contains("the mask set/train/masks/1.png: it is 1×100000, and its image is 8×10"), "{said}");
    std::fs::write(&path, &sound[..sound.len() / 2]).expect("room on the disk");
    let said = place.refused("train folder.yaml --out run3");
    assert!(said.contains("set/train/masks/1.png: it cannot be decoded"), "{said}");
    // Such an image is left out, if that is wanted.
    place.ok("train table.yaml --out run4 --quiet --set data.on_bad_image=skip");
    std::fs::remove_file(&path).expect("it is there");
    let said = place.refused("train table.yaml --out run5");
    assert!(said.contains("line 3: there is no file set/train/masks/1.png"), "{said}");
    let said = place.refused("train folder.yaml --out run6");
    assert!(said.contains("train/images/1.bmp: there is no mask set/train/masks/1.png for it"), "{said}");
    std::fs::write(&path, sound).expect("room on the disk");
    if cfg!(feature = "cuda") {
        assert!(!place.refused("train table.yaml --device cuda").contains("panicked"));
    }
    let said = place.refused("predict table.yaml --weights none set/val/images/5.bmp --out masks");
    assert!(!said.contains("panicked"), "{said}");
}

fn read_bytes(place: &Place, name: &str) -> Vec<u8> {
    std::fs::read(place.path(name)).expect("it is there")
}
