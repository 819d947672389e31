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
    let exported =
        Exported { network: network.clone(), weights: Vec::new(), classes: Vec::new(), task: None, steps: 0 };
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
    let exported = Exported { network, weights: Vec::new(), classes: Vec::new(), task: None, steps: 0 };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let keras = FORMATS.iter().find(|known| known.name() == "keras").expect("it is one");
    let error = keras.write(exported, &Options::default(), &folder.path().join("net.py")).expect_err("it is refused");
    assert_eq!(
        error.to_string(),
        "`a.b` and `a_b` would both have a layer `a_b` in Keras, where names have no dots: give one of them another name"
    );
    assert_eq!(fs::read_dir(folder.path()).expect("it is there").count(), 0);
}

/// The source of a network whose first layer is called so, and why there is none.
fn named(name: &str) -> Option<Result<String, String>> {
    let network = archc::compile(&format!("input: 3x8x8\nlayers: [conv 4 3x3 as {name}, flatten -> linear 2]")).ok()?;
    let exported = Exported { network, weights: Vec::new(), classes: Vec::new(), task: None, steps: 0 };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("net.py");
    let pytorch = FORMATS.iter().find(|known| known.name() == "pytorch").expect("it is one");
    let written = pytorch.write(exported, &Options::default(), &path);
    Some(written.map(|_| fs::read_to_string(path).expect("it was written")).map_err(|error| error.to_string()))
}

#[test]
fn names_that_pytorch_has_already_are_refused() {
    for name in ["zero_grad", "training", "_modules", "__call__", "__len__", "a.named_parameters"] {
        let refused = named(name).expect("it compiles").expect_err("it is refused");
        assert!(refused.contains("because every module has something called"), "{name}: {refused}");
    }
    // In a class, `self.__a` would be another name.
    for (name, registered) in [("__a", "self.add_module(\"__a\", "), ("b.__c", "self.add_module(\"__c\", ")] {
        let source = named(name).expect("it compiles").expect("it can be said");
        assert!(source.contains(registered) && !source.contains("self.__"), "{source}");
    }
    assert!(named("conv1").expect("it compiles").expect("it can be said").contains("self.conv1 = "));
}

/// A module for each of many branches, where names are made up: in the time of a test only if names are not searched.
#[test]
fn many_layers_without_names_are_told_apart() {
    const COUNT: usize = 6000;
    let branches = vec!["relu"; COUNT].join(", ");
    let network = archc::compile(&format!("input: 2x4x4\nlayers:\n  - branches: [{branches}]\n    merge: add\n"));
    let source = source(&network.unwrap_or_else(|errors| panic!("{errors}")), "pytorch");
    assert!(source.contains(&format!("self.relu{COUNT} = nn.ReLU")), "{}", &source[..2000]);
    let modules: std::collections::HashSet<&str> =
        source.lines().filter(|line| line.contains(" = nn.ReLU")).map(str::trim).collect();
    assert_eq!(modules.len(), COUNT);
}

#[test]
#[ignore = "TORCH_PYTHON must be a Python that has torch"]
fn pytorch_has_no_other_names() {
    let python = env::var("TORCH_PYTHON").expect("TORCH_PYTHON is set");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/export/attributes.py");
    let listed = Command::new(&python).arg(script).output().expect("it starts");
    let listed = String::from_utf8(listed.stdout).expect("text");
    assert!(listed.lines().count() > 50, "{listed}");
    for name in listed.lines() {
        assert!(named(name).is_none_or(|source| source.is_err()), "a layer may be called {name}");
    }
    // What may be said is there under its name.
    for name in ["__a", "_a", "a.__b", "lambda", "append", "weight"] {
        let source = named(name).expect("it compiles").unwrap_or_else(|error| panic!("{name}: {error}"));
        let class = source.rsplit("class ").next().and_then(|rest| rest.split('(').next()).expect("there is one");
        let check = format!(
            "{source}\nm = {class}().train().eval()\nassert {name:?} + '.weight' in m.state_dict(), list(m.state_dict())\n\
             m.load_state_dict(m.state_dict(), strict=True)\nm(torch.zeros(1, 3, 8, 8))\n"
        );
        let run = Command::new(&python).args(["-c", &check]).output().expect("it starts");
        assert!(run.status.success(), "{name}: {}", String::from_utf8_lossy(&run.stderr));
    }
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
