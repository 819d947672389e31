//! The networks of docs/data.md compile, and `archc data` does what that page says. Its console blocks are run by
//! tests/console.rs.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output};

use archc::compile_source;
use archc::syntax::Format;
use image::{GrayImage, Luma, Rgb, RgbImage};

/// A folder with photos, and a home without data sets.
fn place() -> tempfile::TempDir {
    let place = tempfile::tempdir().expect("a temporary folder");
    let folder = |name: &str| {
        let folder = place.path().join(name);
        fs::create_dir_all(&folder).expect("the folder can be made");
        folder
    };
    for (name, widths) in
        [("photos/train/cat", &[5, 6, 7, 8][..]), ("photos/train/dog", &[5, 6, 8]), ("photos/val/cat", &[6])]
    {
        let folder = folder(name);
        for width in widths {
            let photo = RgbImage::from_pixel(*width, 6, Rgb([200, *width as u8, 0]));
            photo.save(folder.join(format!("{width}.png"))).expect("room on the disk");
        }
    }
    let small = "input: [1, 8, 8]\nclasses: 10\nlayers: [flatten, linear 10]\ndata: {set: digits, train: [crop 8 pad=2, normalize measured]}\n\
                 train: {epochs: 1, batch: 100}\n";
    fs::write(place.path().join("small.yaml"), small).expect("room on the disk");
    place
}

fn run(place: &Path, arguments: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_archc"));
    command
        .current_dir(place)
        .args(arguments.split(' '))
        .env("HOME", place)
        .env_remove("ARCHC_DATA")
        .env_remove("ARCHC_CACHE");
    command.output().expect("it starts")
}

fn said(place: &Path, arguments: &str) -> String {
    let output = run(place, arguments);
    assert!(output.status.success(), "{arguments}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

#[test]
fn networks_of_the_page_compile() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/data.md");
    let page = fs::read_to_string(path).expect("it is in the repository");
    let mut networks = 0;
    for block in page.split("\n```").skip(1).step_by(2) {
        let (language, text) = block.split_once('\n').unwrap_or((block, ""));
        if let Some(format) = Format::from_extension(language) {
            networks += 1;
            compile_source(&format!("example.{language}"), text, format, &[])
                .unwrap_or_else(|errors| panic!("{errors}"));
        }
    }
    assert_eq!(networks, 10);
}

#[test]
fn pictures_and_numbers() {
    let place = place();
    let picture = |arguments: &str, name: &str| {
        said(place.path(), &format!("data show {arguments} --out {name}"));
        image::open(place.path().join(name)).expect("a picture").into_rgb8()
    };
    let first = picture("small.yaml --count 4", "a.png");
    // Two rows of two, of 8·12 pixels each, with a line of text.
    assert_eq!(first.dimensions(), (216, 260));
    assert!(first == picture("small.yaml --count 4", "b.png"), "the seed decides");
    assert!(first != picture("small.yaml --count 4 --epoch 2", "c.png"));
    assert!(first != picture("small.yaml --count 4 --seed 5", "d.png"));
    // Photos as they are: 6×5 to 6×8, enlarged twelve times.
    let photo = picture("photos --count 1 --split validation", "e.png");
    assert_eq!(*photo.get_pixel(8, 8), Rgb([200, 6, 0]));

    let json =
        |arguments: &str| -> serde_json::Value { serde_json::from_str(&said(place.path(), arguments)).expect("JSON") };
    let info = json("data info photos --format json");
    assert_eq!(info["train"]["by_class"], serde_json::json!([4, 3]));
    assert_eq!(info["train"]["largest"], serde_json::json!([6, 8]));
    let stats = json("data stats photos --format json");
    assert_eq!((&stats["mean"][0], &stats["std"][2]), (&0.7843.into(), &0.0.into()));
    assert_eq!(said(place.path(), "data list --format json").lines().count(), 5);
}

/// What was measured stands in the run's file, and the run says how long it waited for images.
#[test]
fn a_run_keeps_what_was_measured() {
    let place = place();
    let shown = said(place.path(), "train small.yaml --out run");
    assert!(shown.contains("the steps waited for images "), "{shown}");
    let network = fs::read_to_string(place.path().join("run/network.yaml")).expect("the run has it");
    assert!(network.contains("normalize mean=0.30") && !network.contains("measured"), "{network}");
    let times = fs::read_to_string(place.path().join("run/times.jsonl")).expect("the run has it");
    let times: serde_json::Value = serde_json::from_str(&times).expect("JSON");
    assert!(times["data_wait"].as_f64().is_some_and(|wait| (0.0..=1.0).contains(&wait)), "{times}");
    let eval = |file: &str| said(place.path(), &format!("eval {file} --weights run/last.safetensors"));
    assert_eq!(eval("run/network.yaml"), eval("small.yaml"));
    GrayImage::from_pixel(8, 8, Luma([99])).save(place.path().join("grey.png")).expect("room on the disk");
    let predict = |file: &str| said(place.path(), &format!("predict {file} --weights run/last.safetensors grey.png"));
    assert_eq!(predict("run/network.yaml"), predict("small.yaml"));
}

#[test]
fn mistakes_are_explained() {
    let place = place();
    fs::write(place.path().join("bare.yaml"), "input: [1, 8, 8]\nlayers: [flatten, linear 10]\n").expect("room");
    GrayImage::from_pixel(3, 3, Luma([9])).save(place.path().join("photos/train/dog/9.png")).expect("room");
    fs::write(place.path().join("photos/train/dog/5.png"), "no image").expect("room");
    let check = |arguments: &str, code, expected: &str| {
        let output = run(place.path(), arguments);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.code() == Some(code) && said.contains(expected),
            "{arguments}: {:?} {said}",
            output.status
        );
    };
    for (arguments, code, expected) in [
        (
            "data info nothing",
            1,
            "`nothing` is no network's file, no table, no folder or archive of images and none of the sets digits, mnist,",
        ),
        ("data info bare.yaml", 1, "`bare` does not say which images it is for"),
        ("data info cifar10", 1, "the data set cifar10 is not there"),
        ("data stats photos", 1, "photos/train/dog/5.png is no image that can be decoded"),
        ("data show digits --count 0", 2, "invalid value '0' for '--count <N>'"),
        ("data show digits --out no/such/folder.png", 1, "cannot write `no/such/folder.png`"),
    ] {
        check(arguments, code, expected);
    }
    #[cfg(feature = "fetch")]
    for (arguments, code, expected) in [
        ("data fetch digits", 2, "invalid value 'digits' for '<SET>'"),
        ("data fetch mnist --mirror example.org", 1, "`example.org` is no address"),
        ("data fetch mnist --to photos", 1, "photos is there already, but is no sound mnist"),
    ] {
        check(arguments, code, expected);
    }
}

/// Photos in two classes; those of a class have its level, from file to file a little more.
fn photos(place: &Path, folder: &str, files: usize) {
    for (class, level) in [("dark", 20), ("light", 200)] {
        let folder = place.join(folder).join(class);
        fs::create_dir_all(&folder).expect("the folder can be made");
        for file in 0..files {
            let photo = RgbImage::from_pixel(6, 6, Rgb([level + file as u8, level, level]));
            photo.save(folder.join(format!("{file}.png"))).expect("room on the disk");
        }
    }
}

const SORTS: &str = "name: sorts\ninput: [3, 6, 6]\nclasses: 2\nlayers: [flatten, linear 2]\n\
                     train: {epochs: 3, batch: 4, optimizer: sgd lr=0.1, seed: 1}\n";

/// All files of a folder in a zip archive.
fn zipped(place: &Path, folder: &str, archive: &str) {
    let file = fs::File::create(place.join(archive)).expect("room on the disk");
    let mut zip = zip::ZipWriter::new(file);
    let mut folders = vec![place.join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("readable").map(|entry| entry.expect("readable").path()) {
            if entry.is_dir() {
                folders.push(entry);
                continue;
            }
            let name = entry.strip_prefix(place).expect("it is in there").to_str().expect("UTF-8");
            let options = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
            zip.start_file(name, options).expect("a plain name");
            zip.write_all(&fs::read(&entry).expect("readable")).expect("room on the disk");
        }
    }
    zip.finish().expect("room on the disk");
}

/// An archive is what is in it: training with one gives the weights that training with the other gives.
#[test]
fn archives_train_as_folders_do() {
    let place = tempfile::tempdir().expect("a temporary folder");
    photos(place.path(), "photos/train", 10);
    photos(place.path(), "photos/test", 3);
    zipped(place.path(), "photos", "photos.zip");
    for path in ["photos", "photos.zip"] {
        let net = format!("{SORTS}data: {{set: folder, path: {path}, train: [hflip]}}\n");
        fs::write(place.path().join("net.yaml"), net).expect("room on the disk");
        said(place.path(), &format!("train net.yaml --out of-{path}"));
    }
    let weights = |run: &str| fs::read(place.path().join(run).join("last.safetensors")).expect("it was trained");
    assert!(weights("of-photos") == weights("of-photos.zip"));
    let tested = said(place.path(), "eval of-photos --data photos.zip --split test");
    assert!(tested.starts_with("images             6\n"), "{tested}");
}

/// `test` is no class, and is for the end.
#[test]
fn test_images_are_evaluated_when_asked_for() {
    let place = tempfile::tempdir().expect("a temporary folder");
    photos(place.path(), "photos/Training", 10);
    photos(place.path(), "photos/test_images", 3);
    fs::write(place.path().join("net.yaml"), format!("{SORTS}data: {{set: folder, path: photos}}\n")).expect("room");
    let info = said(place.path(), "data info photos");
    let expected = "photos: 2 classes\ntaken for a folder of images: parts with a folder for each class\n\
                    training    16 images, 6×6\nvalidation  4 images, 6×6\ntest        6 images, 6×6\n\n\
                    label  class  training  validation      test\n    0  dark          8           2         3\n";
    assert!(info.starts_with(expected), "{info}");
    said(place.path(), "train net.yaml --out run");
    for (split, images) in [("train", 16), ("validation", 4), ("test", 6)] {
        let shown = said(place.path(), &format!("eval net.yaml --weights run/last.safetensors --split {split}"));
        assert!(
            shown.starts_with(&format!("images             {images}\n"))
                && shown.contains("top-1              100.00 %"),
            "{split}: {shown}"
        );
    }
    said(place.path(), "data show photos --split test --out test.png");
    // Without classes they are refused, but nobody needs them to train.
    fs::remove_dir_all(place.path().join("photos/test_images")).expect("it can be removed");
    fs::create_dir(place.path().join("photos/test_images")).expect("the folder can be made");
    fs::write(place.path().join("photos/test_images/1.png"), "").expect("room");
    said(place.path(), "train net.yaml --out again");
    let output = run(place.path(), "eval net.yaml --weights run/last.safetensors --split test");
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.code() == Some(1) && told.contains("photos/test_images: its images (1) lie in no class folder"),
        "{told}"
    );
    let output = run(place.path(), "data show digits --split test");
    assert!(String::from_utf8_lossy(&output.stderr).contains("digits has no images for testing alone"), "{output:?}");
}

/// What is left out is said once and counted, and costs no image of a batch.
#[test]
fn what_cannot_be_read_is_named_once_and_counted() {
    let place = tempfile::tempdir().expect("a temporary folder");
    photos(place.path(), "photos/train", 8);
    photos(place.path(), "photos/val", 2);
    let data = |bad: &str| format!("{SORTS}data: {{set: folder, path: photos, on_bad_image: {bad}}}\n");
    fs::write(place.path().join("skip.yaml"), data("skip")).expect("room");
    fs::write(place.path().join("refuse.yaml"), data("refuse")).expect("room");
    fs::write(place.path().join("photos/train/dark/1.png"), "no image").expect("room");
    fs::write(place.path().join("photos/train/light/note.txt"), "no image").expect("room");
    fs::write(place.path().join("photos/val/dark/0.png"), "P5 0 0 255\n").expect("room");
    let output = run(place.path(), "train skip.yaml --out run");
    assert!(output.status.success(), "{output:?}");
    let told = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    for file in ["train/dark/1.png", "train/light/note.txt", "val/dark/0.png"] {
        assert_eq!(told.matches(file).count(), 1, "{file}: {told}");
    }
    let info = said(place.path(), "data info skip.yaml");
    assert!(
        info.contains("training    15 images, 6×6, and 1 left out")
            && info.contains("validation  3 images, 6×6, and 1 left out"),
        "{info}"
    );
    assert!(info.contains("beside them 1 other file, left out\n"), "{info}");
    assert!(info.contains("    0  dark          7           1"), "{info}");
    let stats = said(place.path(), "data stats skip.yaml");
    assert!(stats.contains("15 training images and 1 left out, 2 classes"), "{stats}");
    let json: serde_json::Value =
        serde_json::from_str(&said(place.path(), "data stats skip.yaml --format json")).expect("JSON");
    assert_eq!((&json["images"], &json["left_out"]), (&15.into(), &1.into()));
    for class in ["dark", "light"] {
        for file in ["0.png", "1.png"] {
            fs::write(place.path().join("photos/val").join(class).join(file), "no image").expect("room");
        }
    }
    let refused = |file: &str| {
        let output = run(place.path(), &format!("train {file} --out none"));
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    let told = refused("skip.yaml");
    assert!(
        told.contains("no validation image: none of 4 images can be read") && !told.contains("on_bad_image"),
        "{told}"
    );
    fs::remove_file(place.path().join("photos/train/light/note.txt")).expect("it is there");
    assert!(refused("refuse.yaml").contains("to leave such files out, write `on_bad_image: skip` under `data:`"));
}

#[test]
fn a_picture_replaces_nothing_unasked() {
    let place = place();
    let path = |name: &str| place.path().join(name);
    fs::write(path("data.png"), "mine").expect("room on the disk");
    #[cfg(unix)]
    for (name, target) in [("link.png", "data.png"), ("dangling.png", "nothing.png")] {
        std::os::unix::fs::symlink(path(target), path(name)).expect("links are there");
    }
    let names: &[&str] = if cfg!(unix) { &["", " --out link.png", " --out dangling.png"] } else { &[""] };
    for out in names {
        let output = run(place.path(), &format!("data show digits{out}"));
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(
            output.status.code() == Some(1) && said.contains("is there already, and nothing is overwritten"),
            "{said}"
        );
    }
    assert!(fs::read(path("data.png")).expect("it is there") == b"mine" && !path("nothing.png").exists());
    said(place.path(), "data show digits --force");
    assert!(fs::read(path("data.png")).expect("it is there").starts_with(b"\x89PNG"));
    let output = run(place.path(), "data show digits --out picture.txt");
    assert!(output.status.code() == Some(1) && !path("picture.txt").exists());
}

/// A table that lists what the folders hold is the same set: the same weights come out, to the byte.
#[test]
fn a_table_is_a_folder_in_other_words() {
    let place = tempfile::tempdir().expect("a temporary folder");
    let place = place.path();
    let mut rows = [String::new(), String::new(), String::new()];
    for (part, files) in [("train", 8), ("val", 3), ("test", 4)] {
        photos(place, &format!("photos/{part}"), files);
        for class in ["dark", "light"] {
            for file in 0..files {
                let row = format!("photos/{part}/{class}/{file}.png,{class},{part}\n");
                rows[usize::from(part != "train") + usize::from(part == "test")].push_str(&row);
            }
        }
    }
    fs::write(place.join("labels.csv"), format!("file,kind,part\n{}", rows.concat())).expect("room");
    fs::write(place.join("folder.yaml"), format!("{SORTS}data: {{set: folder, path: photos}}\n")).expect("room");
    let table = "data: {set: table, file: labels.csv, image: file, label: kind, split: part}\n";
    fs::write(place.join("table.yaml"), format!("{SORTS}{table}")).expect("room");
    said(place, "train folder.yaml --out folder");
    said(place, "train table.yaml --out table");
    said(place, "train table.yaml --out resumed --set train.epochs=1");
    said(place, "train --resume resumed --set train.epochs=3");
    let bytes = |run: &str, file: &str| fs::read(place.join(run).join(file)).expect("every run writes it");
    for file in ["last.safetensors", "best.safetensors", "metrics.jsonl"] {
        assert!(
            bytes("folder", file) == bytes("table", file) && bytes("table", file) == bytes("resumed", file),
            "{file}"
        );
    }
    let info = said(place, "data info table.yaml");
    assert!(
        info.contains("taken for a comma-separated table of 30 rows: images in `file`, classes in `kind`"),
        "{info}"
    );
    for (split, images) in [("train", 16), ("validation", 6), ("test", 8)] {
        let shown = |run: &str| said(place, &format!("eval {run} --split {split}"));
        let found = shown("table");
        assert!(found.starts_with(&format!("images             {images}\n")) && found == shown("folder"), "{found}");
    }
    let other = said(
        place,
        "eval folder/best.safetensors --set data.set=table --set data.file=labels.csv --set data.split=part --set data.image=file --set data.label=kind",
    );
    assert_eq!(other, said(place, "eval folder"));
    // Other rows of the same form.
    let (head, last) = ("file,kind,part\n", "photos/test/dark/0.png,dark,train\nphotos/test/dark/1.png,dark,val\n");
    fs::write(place.join("others.csv"), format!("{head}{last}")).expect("room");
    let others = said(place, "eval table --data others.csv");
    assert!(others.starts_with("images             1\n"), "{others}");

    // Another label for one image is another set.
    let text = fs::read_to_string(place.join("labels.csv")).expect("written above");
    fs::write(place.join("labels.csv"), text.replacen("0.png,dark", "0.png,light", 1)).expect("room");
    let refused = run(place, "train --resume table --set train.epochs=4");
    let error = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(refused.status.code() == Some(1) && error.contains("the data set has changed"), "{error}");
    fs::write(place.join("labels.csv"), &text).expect("room");

    // Predictions keep what tells the rows apart.
    fs::write(place.join("wanted.csv"), "part,file\nx,photos/test/light/1.png\ny,photos/test/dark/0.png\n")
        .expect("room");
    assert_eq!(said(place, "predict table wanted.csv --to found.csv"), "2 rows in found.csv\n");
    let found = || fs::read_to_string(place.join("found.csv")).expect("written above");
    assert_eq!(found(), "file,kind\nphotos/test/light/1.png,light\nphotos/test/dark/0.png,dark\n");
    let refused = run(place, "predict table wanted.csv --to found.csv");
    assert!(refused.status.code() == Some(1), "it is there already");
    said(place, "predict table photos/test --to found.csv --force --probabilities");
    let lines: Vec<String> = found().lines().map(str::to_owned).collect();
    assert!(lines.len() == 9 && lines[0] == "file,dark,light" && lines[1].starts_with("dark/0.png,0."), "{lines:?}");
    // A row that cannot be read leaves no table behind.
    fs::write(place.join("photos/test/dark/0.png"), "no image").expect("room");
    let refused = run(place, "predict table wanted.csv --to other.csv");
    assert!(refused.status.code() == Some(1) && !place.join("other.csv").exists());
}
