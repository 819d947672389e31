//! Places where no data set can go, and what lies in the way.

use std::fs;

use super::archives::{members, tar};
use super::*;
use crate::train::data::fixture::Folder;

#[test]
fn orders_that_cannot_be_carried_out() {
    let folder = Folder::new("orders");
    folder.write("taken/notes.txt", b"mine");
    let _busy = Workshop::claim(folder.path("busy.partial")).unwrap();
    for (set, mirror, to, expected) in [
        (DataSet::Digits, None, "new", "there is nothing to fetch"),
        (DataSet::Folder, None, "new", "such files are your own"),
        (DataSet::Mnist, Some("ftp://example.org"), "new", "`ftp://example.org` is no address"),
        (DataSet::Mnist, Some("http://"), "new", "`http://` is no address"),
        (DataSet::Mnist, Some("https://exa mple.org"), "new", "`https://exa mple.org` is no address"),
        (DataSet::Mnist, Some("example.org"), "new", "`example.org` is no address"),
        (DataSet::Mnist, None, "taken", "is there already, but is no sound mnist"),
        (DataSet::Mnist, Some("http://127.0.0.1:9"), "busy", "another archc is at work"),
    ] {
        let order = Order { set, mirror: mirror.map(String::from), to: Some(folder.path(to)), patience: PATIENCE };
        let error = fetch(&order, &mut |_| {}).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
        assert!(!folder.path("new").exists());
    }
}

/// A server with CIFAR-10 in an archive, and an order to put it somewhere.
fn order(to: PathBuf) -> (Order, Receiver<String>) {
    let (url, asked) = serve(vec![whole(&tar(&members()))]);
    (Order { set: DataSet::Cifar10, mirror: Some(format!("{url}.tar")), to: Some(to), patience: PATIENCE }, asked)
}

#[test]
fn what_cannot_end_well_is_refused_before_anything_is_asked_for() {
    let folder = Folder::new("places");
    folder.write("file", b"mine");
    folder.write("others.partial/notes", b"mine");
    folder.write("marked.partial/.archc-data-fetch", b"mine");
    folder.write("file.partial", b"mine");
    let mut refused: Vec<(PathBuf, &str)> = vec![
        (PathBuf::new(), "`` cannot be replaced by the data set; name a folder"),
        ("/".into(), "is there already, but is no sound cifar10"),
        ("..".into(), "is there already, but is no sound cifar10"),
        (".".into(), "is there already, but is no sound cifar10"),
        (folder.path("file"), "is a file; name a folder with `--to`"),
        (folder.path("others"), "was not made by archc\nmove it, or choose another folder with `--to`"),
        (folder.path("marked"), "was not made by archc"),
    ];
    #[cfg(unix)]
    {
        use std::ffi::OsStr;
        use std::os::unix::ffi::OsStrExt;
        use std::os::unix::fs::symlink;
        folder.write("elsewhere/notes", b"mine");
        symlink("nowhere", folder.path("dangling")).unwrap();
        symlink("elsewhere", folder.path("linked.partial")).unwrap();
        symlink("elsewhere", folder.path("full")).unwrap();
        refused.push((folder.path("dangling"), "is a link to something that is not there"));
        refused.push((folder.path("linked"), "was not made by archc"));
        refused.push((folder.path("full"), "is there already, but is no sound cifar10"));
        refused.push((folder.path("x").join(OsStr::from_bytes(b"\xff")), "is not UTF-8"));
    }
    let before = tree(folder.as_ref());
    for (to, expected) in refused {
        let (order, asked) = order(to.clone());
        let error = fetch(&order, &mut |_| {}).unwrap_err().to_string();
        assert!(error.contains(expected), "{}: {error}", to.display());
        assert_eq!(asked.try_iter().count(), 0, "{}", to.display());
    }
    assert!(tree(folder.as_ref()) == before, "what was there is as it was");
    let here = Destination::new(&std::env::current_dir().unwrap()).unwrap().check().unwrap_err().to_string();
    assert!(here.contains("cannot be replaced by the data set"), "{here}");
    #[cfg(target_os = "linux")]
    {
        let mounted = Destination::new(Path::new("/proc")).unwrap().check().unwrap_err().to_string();
        assert!(mounted.contains("`/proc` is where a file system is mounted") && mounted.contains("--to /proc/data"));
    }
}

/// Every file below a folder, with what it holds.
fn tree(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => found.extend(tree(&path)),
            false => found.push((path.clone(), fs::read(path).unwrap_or_default())),
        }
    }
    found.sort();
    found
}

#[test]
fn places_that_are_named_oddly() {
    let folder = Folder::new("odd-places");
    fs::create_dir(folder.path("empty")).unwrap();
    let mut places = vec![("y/", "y"), ("empty", "empty"), ("a/./b/", "a/b"), ("c/../d", "c/../d")];
    fs::create_dir(folder.path("c")).unwrap();
    #[cfg(unix)]
    {
        fs::create_dir(folder.path("target")).unwrap();
        std::os::unix::fs::symlink("target", folder.path("link")).unwrap();
        places.extend([("link/", "link"), ("target", "target")]);
    }
    for (to, expected) in places {
        let (order, asked) = order(folder.as_ref().join(to));
        let found = fetch(&order, &mut |_| {}).unwrap_or_else(|error| panic!("{to}: {error}"));
        let expected = folder.as_ref().join(expected);
        if to == "target" {
            assert_eq!((found, asked.try_iter().count()), (Fetched::WasThere(expected), 0), "the link led here");
            continue;
        }
        assert_eq!(found, Fetched::Placed(expected.clone()), "{to}");
        assert_eq!(fs::read_dir(&expected).unwrap().count(), 6, "{to}");
    }
    let partial = tree(folder.as_ref()).into_iter().find(|(path, _)| path.to_string_lossy().contains(".partial"));
    assert_eq!(partial, None, "nothing stays behind");
}

#[test]
fn only_what_was_made_here_is_removed() {
    let folder = Folder::new("guest");
    let (url, _asked) = serve(vec![Answer::Raw(answer("404 Not Found", b"")), whole(&tar(&members()))]);
    let mirror = Some(format!("{url}.tar"));
    let order = Order { set: DataSet::Cifar10, mirror, to: Some(folder.path("set")), patience: PATIENCE };
    fetch(&order, &mut |_| {}).unwrap_err();
    folder.write("set.partial/guest/notes", b"mine");
    assert_eq!(fetch(&order, &mut |_| {}).unwrap(), Fetched::Placed(folder.path("set")));
    let kept = tree(&folder.path("set.partial"));
    assert_eq!(kept, [(folder.path("set.partial/guest/notes"), b"mine".to_vec())]);
}

#[cfg(unix)]
#[test]
fn links_are_not_followed() {
    use std::os::unix::fs::symlink;
    for name in ["archive.tar", "archive.tar.from", "unpacked", ".archc-data-fetch"] {
        let folder = Folder::new(&format!("links-{name}"));
        folder.write("precious", b"mine");
        folder.write("folder/data_batch_1.bin", b"mine");
        let before = tree(folder.as_ref());
        drop(Workshop::claim(folder.path("set.partial")).unwrap());
        let link = folder.path(&format!("set.partial/{name}"));
        let _ = fs::remove_file(&link);
        symlink(if name == "unpacked" { "../folder" } else { "../precious" }, &link).unwrap();
        let (order, _asked) = order(folder.path("set"));
        // Whether it goes well or not.
        let _ = fetch(&order, &mut |_| {});
        let after = tree(folder.as_ref());
        assert!(before.iter().all(|file| after.contains(file)), "{name}");
    }
}
