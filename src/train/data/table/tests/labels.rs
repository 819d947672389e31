//! Tables that say of an image several labels or numbers.

use super::*;

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
fn labels_of_json_may_be_a_list() {
    let folder = with("lists", "", &IMAGES);
    let table = |rows: &[(&str, &str, &str)]| {
        let line = |(image, tags, set): &(&str, &str, &str)| {
            format!("{{\"path\": \"{image}.jpg\", \"tags\": {tags}, \"set\": \"{set}\"}}\n")
        };
        let file = folder.write("labels.jsonl", rows.iter().map(line).collect::<String>().as_bytes());
        labelled(&folder, |table| {
            (table.file, table.label) = (file.display().to_string(), vec!["tags".to_owned()]);
            (table.separator, table.split) = (Some("|".to_owned()), Some("set".to_owned()));
        })
    };
    let rows = [
        ("a", r#"["dog", "cat"]"#, "train"),
        ("b", "[]", "train"),
        ("c", r#""cat|dog""#, "train"),
        ("d", r#"["cat|dog", 7]"#, "train"),
        ("e", "null", "train"),
        ("f", r#"["cat"]"#, "val"),
    ];
    let collection = open(&table(&rows)).unwrap();
    assert_eq!(collection.classes, ["7", "cat", "cat|dog", "dog"]);
    let found = labels(&collection.train, &collection.classes);
    assert_eq!(found, ["a: cat, dog", "b: ", "c: cat, dog", "d: 7, cat|dog", "e: "]);
    assert_eq!(labels(&collection.validation, &collection.classes), ["f: cat"]);
    for (tags, task, expected) in [
        (r#"["cat", "dog"]"#, Task::Class, "line 1: the class is a list, not one name"),
        (r#"{"cat": 1}"#, Task::Class, r#"line 1: the class is not a name: {"cat":1}"#),
        (r#"[["cat"]]"#, Task::Multilabel, r#"line 1: the label is not a name: [["cat"]]"#),
        (r#"{"cat": 1}"#, Task::Multilabel, r#"line 1: the label is not a name: {"cat":1}"#),
    ] {
        let mut data = table(&[("a", tags, "train"), ("b", "\"cat\"", "val")]);
        data.task = task;
        let error = open(&data).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn labels_that_no_two_images_share_are_held_out() {
    let text: String = ["path,tags\n".to_owned()]
        .into_iter()
        .chain(IMAGES.iter().enumerate().map(|(at, image)| format!("{image},everywhere|only{at}\n")))
        .collect();
    let folder = with("unique", &text, &IMAGES);
    let data = |separator: Option<&str>, task| {
        let mut data = labelled(&folder, |table| {
            (table.label, table.separator) = (vec!["tags".to_owned()], separator.map(str::to_owned));
        });
        data.task = task;
        data
    };
    let collection = open(&data(Some("|"), Task::Multilabel)).unwrap();
    assert_eq!((collection.train.len(), collection.validation.len()), (5, 1));
    // Of classes each must be learned.
    let error = open(&data(None, Task::Class)).unwrap_err().to_string();
    assert!(error.contains("one image a class is too few"), "{error}");
    folder.write("labels.csv", b"path,tags\na.jpg,x|y\n");
    let error = open(&data(Some("|"), Task::Multilabel)).unwrap_err().to_string();
    assert!(error.contains("one image is too few to hold some out"), "{error}");
}

#[test]
fn the_order_of_columns_does_not_change_what_is_held_out() {
    let rows = (0..6).map(|at| format!("{},{},{}\n", IMAGES[at], at % 2, (at + 1) % 2));
    let folder = with("order", &("path,x,y\n".to_owned() + &rows.collect::<String>()), &IMAGES);
    let held = |columns: [&str; 2]| {
        let collection = open(&labelled(&folder, |table| table.label = columns.map(str::to_owned).into())).unwrap();
        labels(&collection.validation, &collection.classes)
    };
    assert!(!held(["x", "y"]).is_empty());
    assert_eq!(held(["x", "y"]), held(["y", "x"]));
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
