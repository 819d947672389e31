use super::super::fixture::Folder;
use super::*;
use crate::recipe::DataSet;

mod labels;

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
    let Conventions { id, labels, ending } = conventions(&table, Task::Class).unwrap();
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
