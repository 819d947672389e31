use super::*;
use crate::recipe::{BadImages, DataSet};
use crate::train::data::fixture::Folder;

/// A shard of members with these names and contents.
fn shard(folder: &Folder, name: &str, members: &[(&str, &str)]) {
    let mut archive = tar::Builder::new(Vec::new());
    for (name, content) in members {
        let mut header = tar::Header::new_ustar();
        header.set_size(content.len() as u64);
        archive.append_data(&mut header, name, content.as_bytes()).expect("memory is there");
    }
    folder.write(name, &archive.into_inner().expect("memory is there"));
}

fn opened(folder: &Folder, bad_images: BadImages) -> Result<Collection, String> {
    let data = Data { bad_images, ..Data::of(DataSet::WebDataset, Some(folder.root().to_owned())) };
    open(&data).map_err(|error| error.to_string())
}

#[test]
fn names_are_divided_as_the_package_does() {
    // webdataset 1.0: base_plus_ext, and small letters.
    for (name, expected) in [
        ("a/b/0001.jpg", Some(("a/b/0001", "jpg"))),
        ("./0001.JPG", Some(("0001", "jpg"))),
        ("a.b/1.seg.png", Some(("a.b/1", "seg.png"))),
        ("a/.hidden", None),
        ("a/none", None),
        ("__meta__.json__", None),
    ] {
        let found = parts(name);
        assert_eq!(found.as_ref().map(|(key, ending)| (*key, ending.as_str())), expected, "{name}");
    }
}

#[test]
fn members_that_do_not_lie_together_are_named() {
    let folder = Folder::new("wds-apart");
    let all = [("a.jpg", ""), ("b.jpg", ""), ("c.jpg", ""), ("a.cls", "0"), ("b.cls", "0\n"), ("c.cls", " 0")];
    shard(&folder, "x.tar", &all);
    let collection = opened(&folder, BadImages::Refuse).expect("three samples");
    assert_eq!(collection.train.len() + collection.validation.len(), 3);
    let [note] = &collection.notes[..] else { panic!("{:?}", collection.notes) };
    assert!(note.contains("the members of the sample `a` do not lie side by side (3 such members"), "{note}");
}

#[test]
fn mistakes_are_named() {
    let many: Vec<(String, &str)> =
        (0..6).flat_map(|at| [(format!("{at}.png"), ""), (format!("{at}.cls"), "0")]).collect();
    let sound: Vec<(&str, &str)> = many.iter().map(|(name, content)| (name.as_str(), *content)).collect();
    for (case, file, member, expected) in [
        ("no class", "x.tar", &[("n.jpg", "")][..], "n: the sample has no class: no member with the ending cls"),
        ("no image", "x.tar", &[("n.cls", "1")], "n: the sample has no image"),
        ("HEIC", "x.tar", &[("n.heic", ""), ("n.cls", "1")], "n: it is HEIC, which archc does not decode"),
        ("text", "x.tar", &[("n.jpg", ""), ("n.cls", "cat")], "its class is \"cat\", and classes are whole numbers"),
        ("large", "x.tar", &[("n.jpg", ""), ("n.cls", "70000")], "whole numbers from 0 to 65535"),
        ("two", "x.tar", &[("n.jpg", ""), ("n.png", ""), ("n.cls", "0")], "the sample has several images"),
        ("parts", "train-0.tar", &[("n.jpg", ""), ("n.cls", "0")], "says what it is for, and that of"),
    ] {
        let folder = Folder::new(&format!("wds-{case}"));
        shard(&folder, "w.tar", &sound);
        shard(&folder, file, member);
        let error = opened(&folder, BadImages::Refuse).expect_err(case);
        assert!(error.contains(expected), "{case}: {error}");
        if case != "parts" {
            let collection = opened(&folder, BadImages::Skip).expect(case);
            assert_eq!((collection.left_out.len(), collection.train.len()), (1, 5), "{case}");
        }
    }
    let folder = Folder::new("wds-none");
    folder.write("x.tar", b"no archive");
    assert!(opened(&folder, BadImages::Refuse).expect_err("no archive").contains("it is no tar archive"));
    let range = Data::of(DataSet::WebDataset, Some(folder.path("x-{0..99999999}.tar").display().to_string()));
    assert!(open(&range).expect_err("too many").to_string().contains("of 16384 shards at most"));
}
