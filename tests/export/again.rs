//! What has been exported comes in again: the same numbers, without another program.

use std::fs;
use std::path::Path;
use std::thread::available_parallelism;

use archc::compile_with;
use archc::diagnostic::Sources;
use archc::executor::Executor;
use archc::expand::expand;
use archc::export::Options;
use archc::import::{Language, read};
use archc::layers::Layers;
use archc::lower::lower;
use archc::network::Network;
use archc::syntax::no_files;

use crate::cases::{Case, LARGE, architectures, geometries, random};
use crate::files::{BATCH, Prepared};
use crate::{OPSETS, ROUNDING, share_out, version};

/// What a file holds.
struct Imported {
    network: Network,
    weights: Vec<Vec<f32>>,
    /// Whether the file goes on with a softmax.
    is_before_softmax: bool,
}

fn imported(path: &Path) -> Result<Imported, String> {
    let language = Language::from_extension("onnx").expect("it is read");
    let Language::Foreign(front) = language else { unreachable!("it is foreign") };
    let text = front.text(path).expect("it is no text itself")?;
    let compiled = compile_with(&Layers::default(), &no_files, "model.onnx", &text, language, &[]);
    let compiled = compiled.map_err(|errors| errors.to_string())?;
    let is_before_softmax = compiled.warnings.to_string().contains("the softmax at the end is left out");
    let network = compiled.network;
    let mut sources = Sources::default();
    let source = sources.add("model.onnx", text);
    let stored = read(front, &mut sources, source, &[], &no_files).stored;
    let values = front.weights(path, &stored, &lower(&network).weights)?;
    Ok(Imported { network, weights: values.weights, is_before_softmax })
}

fn numbers(path: &Path) -> Vec<f32> {
    let bytes = fs::read(path).expect("it has been written");
    bytes.as_chunks::<4>().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()
}

/// How far the numbers are from those before, relative to the largest.
fn difference(case: &Case, options: &Options) -> Result<f64, String> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    Prepared::new(&case.network, false).export(folder.path(), "onnx", options)?;
    let Imported { network, weights, is_before_softmax } = imported(&folder.path().join("model"))?;
    if options.keep_bn && network.totals().macs != case.network.totals().macs {
        return Err(format!("{} MACs for {}", network.totals().macs, case.network.totals().macs));
    }
    if options.keep_bn && network.totals().params != case.network.totals().params {
        return Err(format!("{} parameters for {}", network.totals().params, case.network.totals().params));
    }
    let (input, expected) = (numbers(&folder.path().join("input")), numbers(&folder.path().join("output")));
    assert_eq!(input.len(), BATCH * network.graph.input.elements());
    let mut found = Executor::new(lower(&network), weights).evaluate(&input).to_vec();
    if found.len() != expected.len() {
        return Err(format!("{} numbers for {}", found.len(), expected.len()));
    }
    if is_before_softmax {
        found.chunks_mut(expected.len() / BATCH).for_each(softmax);
    }
    let largest = expected.iter().fold(0.0f32, |largest, number| largest.max(number.abs()));
    let furthest = found.iter().zip(&expected).map(|(found, expected)| (found - expected).abs());
    Ok(f64::from(furthest.fold(0.0, f32::max)) / f64::from(largest.max(f32::MIN_POSITIVE)))
}

fn softmax(scores: &mut [f32]) {
    let largest = scores.iter().copied().fold(f32::MIN, f32::max);
    scores.iter_mut().for_each(|score| *score = (*score - largest).exp());
    let sum: f32 = scores.iter().sum();
    scores.iter_mut().for_each(|score| *score /= sum);
}

/// What is refused or wrong, a line each. Every processor works at a case.
fn wrong(cases: impl Iterator<Item = (Case, Options)>) -> Vec<String> {
    let workers = (0..available_parallelism().map_or(1, usize::from)).map(|_| Vec::new());
    let wrong = share_out(cases, workers, |wrong, (case, options)| match difference(case, options) {
        Ok(difference) if difference <= ROUNDING => {}
        Ok(difference) => wrong.push(format!("{}: {difference:.1e}", case.name)),
        Err(error) => wrong.push(format!("{}: {error}", case.name)),
    });
    wrong.concat()
}

#[test]
fn every_architecture_comes_in_again() {
    let cases: Vec<Case> = architectures().collect();
    let large: Vec<_> = cases.iter().filter(|case| case.network.totals().params > 10 * LARGE).collect();
    assert!(large.is_empty(), "as large as they are written: {large:?}");
    let cases = cases.into_iter().enumerate().map(|(index, case)| {
        let keep_bn = index % 2 == 0;
        (case, Options { keep_bn, ..version(OPSETS[index % OPSETS.len()]) })
    });
    let wrong = wrong(cases);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_operation_comes_in_again() {
    let cases = geometries().flat_map(|case| OPSETS.map(|opset| (case.clone(), version(opset))));
    let wrong: Vec<String> = wrong(cases).into_iter().filter(|line| !is_refused(line)).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// What moves numbers may be read by what tells their places apart.
#[test]
fn every_operation_comes_in_again_before_others() {
    const READERS: [&str; 6] = [
        "flatten, linear 2",
        "channel_mean",
        "channel_max",
        "global_avgpool, flatten, linear 2",
        "softmax, conv 2 1x1",
        "channel_shuffle {c}, pixel_unshuffle {s}, flatten, linear 2",
    ];
    let cases = geometries().enumerate().flat_map(|(index, case)| {
        let readers = READERS.iter().filter_map(move |reader| {
            let shape = case.network.graph.shape(case.network.output);
            let (height, width) = shape.sides()?;
            let prime = |number: usize| (2..=number).find(|part| number.is_multiple_of(*part)).unwrap_or(1);
            let side = (2..=height).find(|part| height.is_multiple_of(*part) && width.is_multiple_of(*part));
            let reader = reader.replace("{c}", &prime(shape.channels()).to_string());
            let reader = reader.replace("{s}", &side.unwrap_or(1).to_string());
            let text = format!("{}\n  - {}\n", expand(&case.network).trim_end(), reader.replace(", ", "\n  - "));
            let network = archc::compile(&text).ok()?;
            Some((
                Case { name: format!("{}, then {reader}", case.name), network },
                version(OPSETS[index % OPSETS.len()]),
            ))
        });
        readers.collect::<Vec<_>>()
    });
    let cases: Vec<(Case, Options)> = cases.collect();
    assert!(cases.len() > 350, "only {} cases", cases.len());
    let wrong: Vec<String> = wrong(cases.into_iter()).into_iter().filter(|line| !is_refused(line)).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Whether it is refused because the export had to write it in a way that is in no layer's: shares of rows that are
/// no bins of a pool, pixels that are picked one by one, the smallest number around a map before a maximum.
fn is_refused(line: &str) -> bool {
    let is_spread = line.contains("upsample") || line.contains("adaptive_maxpool");
    line.contains("E010") && (is_spread || line.contains("maxpool") && line.contains("`Pad` pads with -"))
}

#[test]
fn random_networks_come_in_again() {
    let cases = random().enumerate().map(|(index, case)| (case, version(OPSETS[index % OPSETS.len()])));
    let wrong: Vec<String> = wrong(cases).into_iter().filter(|line| !is_refused(line)).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}
