//! What a terminal is shown: lines stay lines, and names from elsewhere give it no commands.

use std::ffi::{OsStr, OsString};
use std::fs;

use crate::place::Place;

/// A run that is refused, and all that is said about it.
fn refused(place: &Place, arguments: &str) -> String {
    let mut command = place.command(arguments);
    command.env("HOME", place.path("home")).env("ARCHC_DATA", place.path("sets")).env_remove("COLUMNS");
    let output = command.output().expect("it starts");
    let said = String::from_utf8(output.stderr).expect("UTF-8");
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0), "{arguments}: {said}");
    assert!(!said.contains('\u{fffd}'), "{arguments}: {said}");
    said
}

#[test]
fn messages_keep_their_lines() {
    let place = Place::new();
    let other = place.path("other.yaml");
    fs::write(
        &other,
        "input: [3, 32, 32]\nclasses: 10\nlayers: [conv 4 3x3 -> global_avgpool -> flatten, linear 10]\n\
                       data: {set: cifar10}\ntrain: {epochs: 1}\n",
    )
    .expect("room on the disk");
    fs::write(place.path("bare.yaml"), "input: [1, 8, 8]\nlayers: [flatten, linear 10]\n").expect("room on the disk");
    place.ok("train tiny.yaml --out run --quiet --set train.epochs=1");

    // What to do stands before where it was looked for.
    let said = refused(&place, "train other.yaml");
    let lines: Vec<&str> = said.lines().collect();
    assert_eq!(lines[0], "error: the data set cifar10 is not there");
    let what_to_do = "`archc data fetch cifar10` downloads it from https://";
    assert!(!cfg!(feature = "fetch") || lines[1].starts_with(what_to_do), "{said}");
    assert!(lines[2].contains("there is no data_batch_1.bin or data_batch_1 in"), "{said}");
    assert!(lines[3..].iter().all(|line| line.starts_with("    ")) && lines.len() > 6, "{said}");
    assert!(lines[3].ends_with("sets/cifar10"), "{said}");

    // Where the file names a folder, that is where it belongs.
    let said = refused(&place, "train other.yaml --set data.path=mine");
    let what_to_do = "`archc data fetch cifar10 --to mine` downloads it from https://";
    assert!(!cfg!(feature = "fetch") || said.lines().nth(1).is_some_and(|line| line.starts_with(what_to_do)), "{said}");

    for (arguments, lines) in [
        ("train bare.yaml", 2),
        ("data info bare.yaml", 2),
        ("eval other.yaml --weights run/last.safetensors", 3),
        ("eval bare.yaml --weights run/last.safetensors", 3),
        ("train other.yaml --weights run/last.safetensors --set data={\"set\":\"digits\"} --set input=[1,8,8]", 2),
        ("train tiny.yaml --set data={\"set\":\"folder\",\"path\":\"pictures\"}", 2),
    ] {
        if arguments.contains("pictures") {
            fs::create_dir_all(place.path("pictures/a")).expect("room on the disk");
            fs::create_dir_all(place.path("pictures/b")).expect("room on the disk");
            for image in ["a/1.png", "a/2.png", "b/1.png", "b/2.png"] {
                fs::write(place.path("pictures").join(image), "no image").expect("room on the disk");
            }
        }
        let said = refused(&place, arguments);
        assert!(said.lines().count() >= lines, "{arguments}: {said}");
    }
}

/// The words of a command line.
#[cfg(unix)]
fn words(arguments: &[&str]) -> Vec<OsString> {
    arguments.iter().map(OsString::from).collect()
}

/// Every command that shows what a file is called, or what stands in it.
#[cfg(unix)]
#[test]
fn names_give_a_terminal_no_commands() {
    use std::os::unix::ffi::OsStrExt;
    const EVIL: &str = "\u{1b}]0;owned\u{7}\u{9b}31m\u{202e}";
    let place = Place::new();
    for class in ["a", EVIL] {
        let folder = place.path("photos").join(class);
        fs::create_dir_all(&folder).expect("room on the disk");
        for index in 0..4 {
            image::GrayImage::from_pixel(8, 8, image::Luma([index]))
                .save(folder.join(format!("{index}.png")))
                .expect("room");
        }
        fs::write(folder.join(format!("{EVIL}.png")), "no image").expect("room on the disk");
    }
    let network = "input: [1, 8, 8]\nclasses: 2\nlayers: [flatten, linear 2]\n\
                   data: {set: folder, path: photos, on_bad_image: skip}\ntrain: {epochs: 1, batch: 4}\n";
    let name = r#"name: "\e]0;owned\a\x9b31m\u202e""#;
    fs::write(place.path("evil.yaml"), format!("{name}\n{network}")).expect("room on the disk");
    fs::write(place.path("photos.yaml"), network).expect("room on the disk");
    let weird = place.path(&format!("{EVIL}.png"));
    fs::copy(place.path("photos/a/0.png"), &weird).expect("room on the disk");
    let bytes = OsStr::from_bytes(b"\xff\x1b[2J.png");
    fs::copy(&weird, place.path("").join(bytes)).expect("room on the disk");
    let run = format!("{EVIL}run");

    let commands = [
        words(&["check", "evil.yaml"]),
        words(&["check", EVIL]),
        words(&["train", "photos.yaml", "--out", &run]),
        words(&["train", "photos.yaml", "--out", &run]),
        words(&["runs", "."]),
        words(&["runs", ".", EVIL]),
        words(&["data", "info", "photos"]),
        words(&["data", "info", "photos.yaml"]),
        words(&["data", "stats", "photos.yaml"]),
        words(&["data", "show", "photos", "--out", &format!("{EVIL}.png.png")]),
        words(&["data", "fetch", "mnist", "--mirror", EVIL]),
        words(&["data", "fetch", "mnist", "--to", &run]),
        words(&["data", "fetch", "mnist", "--to", "new", "--mirror", &format!("http://127.0.0.1:9/{EVIL}")]),
        words(&["eval", "photos.yaml", "--weights", &format!("{run}/last.safetensors")]),
        words(&["eval", "photos.yaml", "--weights", EVIL]),
        [
            words(&["predict", "photos.yaml", "--weights", &format!("{run}/last.safetensors")]),
            vec![weird.clone().into_os_string(), bytes.to_owned(), OsString::from(EVIL)],
        ]
        .concat(),
        words(&["train", "--resume", EVIL]),
        words(&["new", "--from", EVIL, "--data", "photos"]),
    ];
    for arguments in commands {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_archc"));
        let output =
            command.current_dir(place.path("")).args(&arguments).env("NO_COLOR", "1").output().expect("it starts");
        assert!(output.status.code().is_some_and(|code| code < 3), "{arguments:?}: {:?}", output.status);
        for said in [output.stdout, output.stderr] {
            let said = String::from_utf8(said).expect("UTF-8");
            let obeyed = said.chars().find(|c| c.is_control() && *c != '\n' || *c == '\u{202e}');
            assert_eq!(obeyed, None, "{arguments:?}: {said:?}");
        }
    }
}

/// Each of these is somebody else's, and set for all programs of a session.
#[test]
fn the_environment_may_hold_anything() {
    let place = Place::new();
    let few = "train tiny.yaml --quiet --set train.epochs=1 --out";
    for (index, (name, value)) in [
        ("COLUMNS", "0"),
        ("COLUMNS", "18446744073709551615"),
        ("COLUMNS", "-3"),
        ("RAYON_NUM_THREADS", "0"),
        ("RAYON_NUM_THREADS", "many"),
        ("HOME", ""),
        ("HOME", "/dev/null"),
        ("ARCHC_CACHE", "/dev/null/none"),
        ("ARCHC_DATA", "/dev/null"),
        ("TMPDIR", "/nowhere"),
        ("TERM", ""),
        ("LANG", "none"),
    ]
    .into_iter()
    .enumerate()
    {
        let output = place.command(&format!("{few} run{index}")).env(name, value).output().expect("it starts");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{name}={value}: {said}");
    }
    for name in ["RAYON_NUM_THREADS", "RAYON_RS_NUM_CPUS"] {
        let output = place.command(&format!("{few} none")).env(name, "999999").output().expect("it starts");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.starts_with(&format!("error: {name}=999999: expected a number from 1 to ")), "{said}");
    }
    assert!(!place.path("none").exists());
}

/// A drawing that is too large is to be folded, where that makes it smaller.
#[test]
fn a_drawing_is_to_be_folded_where_it_can_be() {
    let place = Place::new();
    for (layers, is_folded) in [("(conv 4 1x1) x 4000", false), ("body: (conv 4 1x1) x 4000", true)] {
        let text = format!("input: [4, 3, 3]\nlayers:\n  - {layers}\n");
        std::fs::write(place.path("deep.yaml"), text).expect("room on the disk");
        let output = place.run("draw deep.yaml --depth 9");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(said.contains("take `--format dot`"), "{layers}: {said}");
        assert_eq!(said.contains("with a smaller `--depth`"), is_folded, "{layers}: {said}");
    }
}
