use super::super::fixture::Folder;
use super::*;
use crate::recipe::DataSet;

/// A folder with a table and empty images.
fn with(name: &str, table: &str, images: &[&str]) -> Folder {
    let folder = Folder::new(&format!("table-{name}"));
    folder.write("labels.csv", table.as_bytes());
    images.iter().for_each(|image| drop(folder.write(image, b"")));
    folder
}

fn recipe(folder: &Folder, change: impl FnOnce(&mut Table)) -> Data {
    let mut table = Table::of(folder.path("labels.csv").display().to_string());
    change(&mut table);
    Data { table: Some(table), ..Data::of(DataSet::Table, None) }
}

/// The files of a split, from the folder on, with their classes.
fn told(split: &Split, classes: &[String], folder: &Folder) -> Vec<String> {
    let name = |example: usize| {
        let file = split.file(example).expect("it has one").strip_prefix(folder).expect("it is in there").display();
        format!("{file} {}", classes[split.labels()[example] as usize])
    };
    (0..split.len()).map(name).collect()
}

const IMAGES: [&str; 6] = ["a.jpg", "b.jpg", "c.jpg", "d.jpg", "e.jpg", "f.jpg"];

#[test]
fn a_column_says_which_part_a_row_is_for() {
    let text = "path,class,set,who\na.jpg,dog,train,1\nb.jpg,cat,training,2\nc.jpg,dog,Val,3\nd.jpg,cat,test,4\ne.jpg,dog,test,4\n";
    let folder = with("split", text, &IMAGES);
    let data = recipe(&folder, |table| (table.split, table.group) = (Some("set".into()), Some("who".into())));
    let collection = open(&data).unwrap();
    assert_eq!(collection.classes, ["cat", "dog"]);
    assert_eq!(told(&collection.train, &collection.classes, &folder), ["a.jpg dog", "b.jpg cat"]);
    assert_eq!(told(&collection.validation, &collection.classes, &folder), ["c.jpg dog"]);
    // As others number them.
    let classes = ["dog".to_owned(), "cat".to_owned()];
    let (found, left_out) = collection.test(&data).unwrap();
    assert_eq!(told(&found, &collection.classes, &folder), ["d.jpg cat", "e.jpg dog"]);
    assert_eq!((test(&data, &classes).unwrap().0.labels(), left_out.len()), (&[1, 0][..], 0));
    assert_eq!(
        collection.taken_for.unwrap(),
        "comma-separated table of 5 rows: images in `path`, classes in `class`, parts in `set`"
    );
}

/// Unless the recipe says otherwise, or it holds something else.
#[test]
fn a_column_called_split_is_one() {
    let text = "path,class,Split\na.jpg,dog,train\nb.jpg,cat,training\nc.jpg,dog,Val\nd.jpg,cat,test\n";
    let folder = with("called-split", text, &IMAGES);
    let collection = open(&recipe(&folder, |_| ())).unwrap();
    assert_eq!(told(&collection.train, &collection.classes, &folder), ["a.jpg dog", "b.jpg cat"]);
    assert_eq!(told(&collection.validation, &collection.classes, &folder), ["c.jpg dog"]);
    let data = recipe(&folder, |_| ());
    assert_eq!(told(&collection.test(&data).unwrap().0, &collection.classes, &folder), ["d.jpg cat"]);
    assert!(collection.taken_for.unwrap().ends_with("parts in `Split`"));
    let folder = with("wrong-split", &text.replace("Val", "vall"), &IMAGES);
    let error = open(&recipe(&folder, |_| ())).err().map(|error| error.to_string()).unwrap_or_default();
    assert!(error.contains("line 4: \"vall\" is no part of a data set"), "{error}");
    // Numbers of folds are no parts.
    let rows: String = (0..20).map(|at| format!("{at}.jpg,{},{}\n", ["x", "y"][at % 2], at % 5)).collect();
    let names: Vec<String> = (0..20).map(|at| format!("{at}.jpg")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let folder = with("folds", &format!("path,class,split\n{rows}"), &names);
    let collection = open(&recipe(&folder, |_| ())).unwrap();
    assert_eq!((collection.train.len(), collection.validation.len()), (16, 4));
    let error = collection.test(&recipe(&folder, |_| ())).err().map(|error| error.to_string()).unwrap_or_default();
    assert!(error.contains("no images for testing alone"), "{error}");
}

#[test]
fn an_image_is_one_however_its_name_is_written() {
    let folder = with("spelled", "", &IMAGES);
    let whole = folder.path("b.jpg").display().to_string();
    for (case, other, expected) in [
        ("dot", "./a.jpg,dog", "a.jpg again, as in line 2: it counts once"),
        ("up", "x/../a.jpg,dog", "a.jpg again, as in line 2: it counts once"),
        ("root", &format!("{whole},cat"), "b.jpg again, as in line 3: it counts once"),
        ("class", "././a.jpg,cat", "there it is of the class `dog`, here of `cat`"),
    ] {
        let text = format!("path,class\na.jpg,dog\nb.jpg,cat\nc.jpg,dog\nd.jpg,cat\n{other}\n");
        folder.write("labels.csv", text.as_bytes());
        let said = match open(&recipe(&folder, |_| ())) {
            Ok(collection) => collection.left_out.iter().map(ToString::to_string).collect(),
            Err(error) => error.to_string(),
        };
        assert!(said.contains(expected), "{case}: {said}");
    }
    folder.write("labels.csv", b"path,class,class\na.jpg,dog,cat\n");
    let error = open(&recipe(&folder, |_| ())).err().map(|error| error.to_string()).unwrap_or_default();
    assert!(error.contains("two columns are called `class`"), "{error}");
}

#[test]
fn other_files_are_parts_too() {
    let folder = with("files", "image\tlabel\na.jpg\t10\nb.jpg\t9\n", &IMAGES);
    std::fs::rename(folder.path("labels.csv"), folder.path("labels.tsv")).unwrap();
    let val =
        folder.write("val.jsonl", b"{\"image\": \"c.jpg\", \"label\": 9}\n{\"label\": \"10\", \"image\": \"a.jpg\"}\n");
    let last = folder.write("last.csv", b"label;image\n9;f.jpg\n");
    let data = recipe(&folder, |table| {
        table.file = folder.path("labels.tsv").display().to_string();
        table.validation = Held::File(val.display().to_string());
        table.test = Some(last.display().to_string());
    });
    let collection = open(&data).unwrap();
    // Sorted as text, as folders are.
    assert_eq!(collection.classes, ["10", "9"]);
    assert_eq!(told(&collection.validation, &collection.classes, &folder), ["c.jpg 9"]);
    let again = collection.left_out[0].to_string();
    assert!(again.contains("val.jsonl: line 2: ") && again.contains("a.jpg again, as in line 2 of "), "{again}");
    assert_eq!(told(&collection.test(&data).unwrap().0, &collection.classes, &folder), ["f.jpg 9"]);
}

#[test]
fn a_part_is_held_out_with_its_groups() {
    let rows: String = (0..60).map(|i| format!("{i}.png,{},p{}\n", ["x", "y"][i % 2], i / 4)).collect();
    let images: Vec<String> = (0..60).map(|i| format!("{i}.png")).collect();
    let images: Vec<&str> = images.iter().map(String::as_str).collect();
    let folder = with("groups", &format!("file,label,patient\n{rows}"), &images);
    for group in [None, Some("patient".to_owned())] {
        let data = recipe(&folder, |table| table.group = group.clone());
        let collection = open(&data).unwrap();
        assert_eq!((collection.train.len(), collection.validation.len()), (48, 12));
        let patient = |split: &Split, example: usize| {
            let stem = split.file(example).unwrap().file_stem().unwrap().to_str().unwrap().to_owned();
            stem.parse::<usize>().unwrap() / 4
        };
        let of =
            |split: &Split| (0..split.len()).map(|at| patient(split, at)).collect::<std::collections::BTreeSet<_>>();
        let apart = of(&collection.train).is_disjoint(&of(&collection.validation));
        assert_eq!(apart, group.is_some());
    }
}

#[test]
fn names_of_images_are_found() {
    for (case, text, images, image, expected) in [
        ("column", "x,label\na.jpg,1\nb.jpg,2\n", &["a.jpg", "b.jpg"][..], Some("x"), "images in `x`"),
        ("template", "id,label\na,1\nb,2\n", &["p/a.jpg", "p/b.jpg"], Some("p/{id}.jpg"), "images in `p/{id}.jpg`"),
        (
            "two",
            "id,label\na,1\nb,2\n",
            &["1/a.jpg", "2/b.jpg"],
            Some("{label}/{id}.jpg"),
            "images in `{label}/{id}.jpg`",
        ),
        ("ending", "id,label\na,1\nb,2\n", &["a.png", "b.png"], None, "images in `{id}.png`"),
        (
            "folder",
            "id,label\na,1\nb,2\n",
            &["test/a.jpg", "train_images/a.jpg", "train_images/b.jpg"],
            None,
            "images in `train_images/{id}.jpg`",
        ),
        ("other folder", "ID,Label\na.gif,1\nb.gif,2\n", &["pics/a.gif", "pics/b.gif"], None, "images in `pics/{ID}`"),
    ] {
        let folder = with(case, text, images);
        // One of each class is too few to hold some out, so all are for both.
        let val = folder.write("none.csv", text.as_bytes());
        let data = recipe(&folder, |table| {
            (table.image, table.validation) = (image.map(str::to_owned), Held::File(val.display().to_string()));
        });
        let file = folder.path("labels.csv");
        let (entries, taken_for) = Reader::new(data.table.as_ref().unwrap(), &data, &file).read(&file, None).unwrap();
        assert!(entries.len() == 2 && taken_for.contains(expected), "{case}: {taken_for}");
    }
    // The part of the set whose images are asked for.
    let folder = with("listed", "id,label\n1,a\n2,b\n", &["train/1.jpg", "train/2.jpg", "test/1.jpg", "test/3.jpg"]);
    let path = folder.write("test.csv", b"id\n3\n1\n");
    let table =
        Table { image: Some("train/{id}.jpg".into()), ..Table::of(folder.path("labels.csv").display().to_string()) };
    let found = listed(&path, &table, None).unwrap();
    assert_eq!((found.id.as_str(), found.ids), ("id", vec!["3".to_owned(), "1".to_owned()]));
    assert_eq!(found.files, [folder.path("test/3.jpg"), folder.path("test/1.jpg")]);
    let Conventions { id, labels, ending } = conventions(&table).unwrap();
    assert_eq!((id.as_str(), labels, ending.as_str()), ("id", vec!["label".to_owned()], ".jpg"));
}

#[test]
fn mistakes_are_named_with_their_line() {
    type Change = fn(&mut Table);
    let none: Change = |_| {};
    let split: Change = |table| table.split = Some("set".into());
    let group: Change = |table| (table.split, table.group) = (Some("set".into()), Some("who".into()));
    for (text, change, expected) in [
        ("path,class\na.jpg,x\nmissing.jpg,y\n", none, "labels.csv: line 3: there is no file "),
        ("path,class\na.jpg,x\nm.jpg,y\nn.jpg,y\n", none, "m.jpg, nor the files of 1 more rows"),
        ("path,class\na.jpg,x\nb.jpg,\n", none, "line 3: it has no class"),
        ("path,class\na.jpg,x\nb.jpg,\"x\ny\"\n", none, "line 3: the class \"x\\ny\" is not one line of text"),
        ("path,class\na.jpg,x\na.jpg,y\n", none, "again, as in line 2: there it is of the class `x`, here of `y`"),
        ("path,class,set\na.jpg,x,train\nb.jpg,y,val\n", split, "line 3: there is no class `y` in the training images"),
        ("path,class,set\na.jpg,x,train\nb.jpg,y,fold3\n", split, "line 3: \"fold3\" is no part of a data set"),
        (
            "path,class,set,who\na.jpg,x,train,p\nb.jpg,x,val,p\n",
            group,
            "line 3: the group `p` is in two parts, here for validation and in line 2 for training",
        ),
        ("path,class,set\na.jpg,x,val\n", split, "there is no row with an image to learn from"),
        (
            "path,class\na.jpg,x\nb.jpg,x\n",
            |table| table.image = Some("file".into()),
            "there is no column `file`, which `image` names; there are `path`, `class`",
        ),
        (
            "path,path\na.jpg,x\n",
            |table| (table.image, table.label) = (Some("path".into()), vec!["path".into()]),
            "two columns are called `path`",
        ),
        (
            "one,two\na.jpg,x\n",
            none,
            "which column holds the images' files? There are `one`, `two`; write `image: COLUMN`",
        ),
        ("path,two\na.jpg,x\n", none, "which column holds the classes? There are `path`, `two`"),
        (
            "path,class\na,x\n",
            |table| table.image = Some("path".into()),
            "write `image: \"{path}.jpg\"` in place of `path`",
        ),
        ("path,class\na.jpg,x\n", |table| table.image = Some("{path".into()), "has a brace `{` that does not end"),
        ("path,class\na.jpg,x\nb.jpg,y\n", none, "one image a class is too few to hold some out"),
        ("path,class,who\na.jpg,x,1\nb.jpg,x,1\n", |table| table.group = Some("who".into()), "its groups are too few"),
    ] {
        let folder = with(&format!("mistake-{}", text.len()), text, &IMAGES);
        let error = open(&recipe(&folder, change)).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}, not {expected}");
    }
    let folder = with("no-test", "path,class\na.jpg,x\nb.jpg,x\n", &IMAGES);
    let data = recipe(&folder, none);
    assert!(open(&data).unwrap().test(&data).unwrap_err().to_string().contains("name the column that says"));
}

#[test]
fn what_cannot_be_used_is_left_out_and_said() {
    let text = "path,class\na.jpg,x\nb.jpg,y\nc.jpg,x\na.jpg,x\nnowhere.jpg,y\nd.jpg,y\ne.jpg,\nc.jpg,y\n";
    let folder = with("left-out", text, &IMAGES);
    let data = Data { bad_images: BadImages::Skip, ..recipe(&folder, |_| {}) };
    let collection = open(&data).unwrap();
    assert_eq!(collection.train.len() + collection.validation.len(), 4);
    let lines: Vec<String> = collection.left_out.iter().map(ToString::to_string).collect();
    for line in ["line 5: ", "line 6: ", "line 8: it has no class", "line 9: "] {
        assert!(lines.iter().any(|said| said.contains(line)), "{lines:?}");
    }
    assert_eq!(lines.len(), 4);
}

/// A table of labels.
fn labelled(folder: &Folder, change: impl FnOnce(&mut Table)) -> Data {
    Data { task: Task::Multilabel, ..recipe(folder, change) }
}

/// The labels of each image of a split, by its file's first letter.
fn labels(split: &Split, names: &[String]) -> Vec<String> {
    let file = |example: usize| split.file(example).expect("it has one").file_stem().expect("a name").to_owned();
    let one = |example: usize| format!("{}: {}", file(example).display(), split.targets().caption(example, names));
    (0..split.len()).map(one).collect()
}

#[test]
fn an_image_may_have_any_number_of_labels() {
    let by_split = |table: &mut Table| table.split = Some("set".into());
    let separated = "path,tags,set\na.jpg,dog | cat|dog,train\nb.jpg,,train\nc.jpg,cat,val\na.jpg,cat|dog,train\n";
    let columns = "path,dog,set,cat\na.jpg,1,train,True\nb.jpg, 0 ,train,0.0\nc.jpg,false,val,1.0\na.jpg,1,train,1\n";
    for (name, text, marks, classes) in [
        ("separated", separated, (vec!["tags"], Some("|")), ["cat", "dog"]),
        // As they are listed.
        ("columns", columns, (vec!["dog", "cat"], None), ["dog", "cat"]),
        ("other", columns, (vec!["cat", "dog"], None), ["cat", "dog"]),
    ] {
        let folder = with(name, text, &IMAGES);
        let data = labelled(&folder, |table| {
            by_split(table);
            table.label = marks.0.iter().map(|label| (*label).to_owned()).collect();
            table.separator = marks.1.map(str::to_owned);
        });
        let collection = open(&data).unwrap();
        assert_eq!(collection.classes, classes, "{name}");
        let both = classes.join(", ");
        assert_eq!(labels(&collection.train, &collection.classes), [format!("a: {both}"), "b: ".to_owned()], "{name}");
        assert_eq!(labels(&collection.validation, &collection.classes), ["c: cat"], "{name}");
        assert!(collection.left_out[0].to_string().contains("it counts once"), "{name}");
        let taken_for = collection.taken_for.unwrap();
        assert!(
            taken_for.contains(if name == "separated" { "with `|` between them" } else { "the columns `" }),
            "{taken_for}"
        );
    }
}

#[test]
fn rare_labels_are_held_out_too() {
    // One label is everywhere, one in every tenth image, and one in two.
    let tags = |i: usize| match i {
        3 | 77 => "a|rare",
        i if i % 10 == 0 => "a|b",
        _ => "a",
    };
    let rows: String = (0..100).map(|i| format!("{i}.png,{}\n", tags(i))).collect();
    let images: Vec<String> = (0..100).map(|i| format!("{i}.png")).collect();
    let images: Vec<&str> = images.iter().map(String::as_str).collect();
    let folder = with("rare", &format!("path,tags\n{rows}"), &images);
    let data = labelled(&folder, |table| (table.label, table.separator) = (vec!["tags".into()], Some("|".into())));
    let collection = open(&data).unwrap();
    let counts = [&collection.train, &collection.validation].map(|split| split.targets().counts(3));
    assert_eq!(
        (&collection.classes[..], counts),
        (&["a", "b", "rare"].map(str::to_owned)[..], [vec![79, 8, 1], vec![21, 2, 1]])
    );
}

#[test]
fn mistakes_in_labels_are_named_with_their_line() {
    type Change = fn(&mut Table);
    let columns: Change = |table| table.label = vec!["x".into(), "y".into()];
    let tags: Change =
        |table| (table.label, table.separator, table.split) = (vec!["t".into()], Some(";".into()), Some("set".into()));
    for (text, change, expected) in [
        ("path,x,y\na.jpg,1,0\nb.jpg,2,0\n", columns, "line 3: the column `x` holds `2`, not 1 or 0"),
        ("path,x,y\na.jpg,1,\nb.jpg,1,0\n", columns, "line 2: the column `y` holds ``, not 1 or 0"),
        ("path,x\na.jpg,1\n", columns, "there is no column `y`, which `label` names"),
        ("path,x,y,y\na.jpg,1,0,0\n", columns, "two columns are called `y`"),
        ("path,t,set\na.jpg,u,train\nb.jpg,u;v,val\n", tags, "line 3: there is no label `v` in the training images"),
        (
            "path,t,set\na.jpg,u;v,train\na.jpg,v,train\n",
            tags,
            "again, as in line 2: there it is with the labels `u`, `v`, here with the labels `v`",
        ),
        ("path,t,set\na.jpg,u,train\na.jpg,,train\n", tags, "there it is with the labels `u`, here without labels"),
    ] {
        let folder = with(&format!("labels-{}", text.len()), text, &IMAGES);
        let error = open(&labelled(&folder, change)).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}, not {expected}");
    }
}

#[test]
fn an_image_may_have_numbers() {
    let text = "path,x,set,y\na.jpg, 1.5 ,train,-2\nb.jpg,1e3,train,0\nc.jpg,2,val,7\n";
    let folder = with("numbers", text, &IMAGES);
    let with_numbers = |labels: &[&str]| {
        let labels: Vec<String> = labels.iter().map(|label| (*label).to_owned()).collect();
        let data = recipe(&folder, |table| (table.label, table.split) = (labels, Some("set".into())));
        Data { task: Task::Regression, ..data }
    };
    for (columns, expected) in [(&["x", "y"][..], ["1.5, -2", "1000, 0"]), (&["y", "x"], ["-2, 1.5", "0, 1000"])] {
        let collection = open(&with_numbers(columns)).unwrap();
        assert_eq!(collection.classes, columns);
        let found = [0, 1].map(|example| collection.train.targets().caption(example, &collection.classes));
        assert_eq!(found, expected);
        assert_eq!(collection.validation.len(), 1);
    }
    // As others number them.
    let renumbered = open(&with_numbers(&["x", "y"])).unwrap().train.targets().renumbered(&[1, 0]);
    assert_eq!(renumbered.caption(0, &[]), "-2, 1.5");
    for (text, expected) in [
        ("path,x\na.jpg,1\nb.jpg,one\n", "line 3: the column `x` holds `one`, which is no number"),
        ("path,x\na.jpg,\n", "line 2: the column `x` holds ``, which is no number"),
        ("path,x\na.jpg,inf\n", "line 2: the column `x` holds `inf`, which is no number"),
        ("path,x\na.jpg,1\na.jpg,2\n", "there it is with 1, here with 2"),
    ] {
        let folder = with(&format!("no-numbers-{}", text.len()), text, &IMAGES);
        let data = Data { task: Task::Regression, ..recipe(&folder, |table| table.label = vec!["x".into()]) };
        let error = open(&data).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}, not {expected}");
    }
}
