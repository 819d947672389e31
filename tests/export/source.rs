//! What networks look like as source.

use std::env;
use std::fs;
use std::process::Command;

use archc::export::{Exported, FORMATS, Options};
use archc::network::Network;

use crate::cases::{architectures, geometries};

/// The source of a network without weights.
fn source(network: &Network, format: &str) -> String {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("net.py");
    let format = FORMATS.iter().find(|known| known.name() == format).expect("it is one");
    let exported = Exported { network: network.clone(), weights: Vec::new(), classes: Vec::new(), steps: 0 };
    format.write(exported, &Options::default(), &path).unwrap_or_else(|error| panic!("{error}"));
    fs::read_to_string(path).expect("it was written")
}

const SMALL: &str = "
name: small net
input: 3x32x32
blocks:
  unit(planes=8):
    - conv {planes} 3x3 p1 bias=false as conv -> bn as norm -> relu as act
layers:
  - conv 8 3x3 s2 p1 bias=false as stem.conv -> bn as stem.bn -> relu as stem.relu -> maxpool 3 s2 p1 as stem.pool
  - unit x 3 as stage
  - unit 16 as last
  - global_avgpool as pool -> flatten as flat -> dropout 0.2 as drop -> linear 10 as fc
";

#[test]
fn keras_source_is_as_a_person_writes_it() {
    let network = archc::compile(SMALL).unwrap_or_else(|errors| panic!("{errors}"));
    let expected = include_str!("keras_source.txt");
    let found = source(&network, "keras").replace(env!("CARGO_PKG_VERSION"), "VERSION");
    assert_eq!(found, expected, "{found}");
}

#[test]
fn names_that_keras_cannot_tell_apart_are_refused() {
    let network = archc::compile("input: 2x4x4\nlayers: [conv 2 1x1 as a.b, conv 2 1x1 as a_b]");
    let network = network.unwrap_or_else(|errors| panic!("{errors}"));
    let exported = Exported { network, weights: Vec::new(), classes: Vec::new(), steps: 0 };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let keras = FORMATS.iter().find(|known| known.name() == "keras").expect("it is one");
    let error = keras.write(exported, &Options::default(), &folder.path().join("net.py")).expect_err("it is refused");
    assert_eq!(
        error.to_string(),
        "`a.b` and `a_b` would both have a layer `a_b` in Keras, where names have no dots: give one of them another name"
    );
    assert_eq!(fs::read_dir(folder.path()).expect("it is there").count(), 0);
}

#[test]
#[ignore = "PYTHON must be a Python, as in .ci/run"]
fn python_takes_every_source() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut count = 0;
    for case in architectures().chain(geometries()) {
        for format in ["pytorch", "keras"] {
            let path = folder.path().join(format!("{format}{count}.py"));
            fs::write(path, source(&case.network, format)).expect("room on the disk");
            count += 1;
        }
    }
    let python = env::var("PYTHON").expect("PYTHON is set");
    let compiled =
        Command::new(python).args(["-m", "compileall", "-q"]).arg(folder.path()).output().expect("it starts");
    let said = String::from_utf8_lossy(&compiled.stdout);
    assert!(count > 200 && compiled.status.success(), "{count} files: {said}");
}
