//! The networks of architectures/ at full width give PyTorch's logits, with weights from a formula and on small images.

use std::fs;
use std::path::Path;

use archc::compile_source;
use archc::executor::Executor;
use archc::lower::lower;
use archc::program::ProgramWeight;
use archc::syntax::{Format, Override};

/// `uniform` of make.py: numbers in [0, 1) that depend on the name and the place only.
fn uniform(name: &str, length: usize) -> impl Iterator<Item = f64> {
    let seed = name.bytes().fold(0x811C_9DC5u32, |seed, byte| (seed ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    (0..length as u32).map(move |place| {
        let mixed = place.wrapping_mul(0x9E37_79B1).wrapping_add(seed);
        let mixed = (mixed ^ mixed >> 16).wrapping_mul(0x85EB_CA6B);
        let mixed = (mixed ^ mixed >> 13).wrapping_mul(0xC2B2_AE35);
        f64::from(mixed ^ mixed >> 16) / 2f64.powi(32)
    })
}

/// `computed` of make.py: a weight or running statistic of a size that keeps values in range.
fn computed(weight: &ProgramWeight) -> Vec<f64> {
    let numbers = uniform(&weight.name, weight.elements());
    let ends_with = |end| weight.name.ends_with(end);
    match weight.shape.as_slice() {
        [_, rest @ ..] if !rest.is_empty() => {
            let bound = (6.0 / rest.iter().product::<usize>() as f64).sqrt();
            numbers.map(|number| (2.0 * number - 1.0) * bound).collect()
        }
        _ if ends_with("weight") || ends_with("running_var") => numbers.map(|number| 0.5 + number).collect(),
        _ => numbers.map(|number| 0.6 * number - 0.3).collect(),
    }
}

#[test]
fn of_full_width_networks() {
    for line in include_str!("logits.txt").lines().filter(|line| !line.starts_with('#')) {
        let words: Vec<&str> = line.split(' ').collect();
        let [name, side, logits @ ..] = words.as_slice() else { panic!("cannot read `{line}`") };
        let expected: Vec<f64> = logits.iter().map(|logit| logit.parse().expect("a number")).collect();
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("architectures");
        let (path, format) = [("yaml", Format::Yaml), ("toml", Format::Toml)]
            .map(|(extension, format)| (folder.join(format!("{name}.{extension}")), format))
            .into_iter()
            .find(|(path, _)| path.exists())
            .expect("a file of architectures/");
        let text = fs::read_to_string(path).expect("it can be read");
        let input = Override { path: "input".to_string(), value: format!("3x{side}x{side}"), option: None };
        // What asserts a size does so for the network's own input.
        let text: Vec<&str> = text.lines().filter(|line| !line.contains("- expect:")).collect();
        let compiled = compile_source(name, &text.join("\n"), format, &[input]);
        let program = lower(&compiled.unwrap_or_else(|errors| panic!("{errors}")).network);
        let image: Vec<f64> = uniform("image", program.shapes[0].elements()).map(|number| 4.0 * number - 2.0).collect();
        let weights = program.weights.iter().map(computed).collect();
        let mut executor = Executor::<f64>::new(program, weights);
        let found = &executor.evaluate(&image)[..expected.len()];
        let largest = expected.iter().fold(0.0f64, |largest, logit| largest.max(logit.abs()));
        for (found, expected) in found.iter().zip(&expected) {
            assert!((found - expected).abs() <= 1e-8 * largest, "{name}: {found} for {expected}");
        }
    }
}
