//! Exported networks give archc's numbers in the programs that read them. A process of Python reads: `read.py`.

mod again;
mod cases;
mod files;
mod gradients;
mod reader;
mod source;

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use archc::export::Options;
use cases::{Case, architectures, geometries, random};
use files::Prepared;
use reader::Reader;

/// Operators of each version that changes what is written, and the newest.
const OPSETS: [u32; 4] = [13, 17, 21, 28];

/// Sums of floats in another order.
const ROUNDING: f64 = 1e-4;

/// What a reader made of some models.
#[derive(Debug, Default)]
struct Findings {
    read: usize,
    /// Relative to a result's largest number.
    largest: f64,
    of: String,
    wrong: Vec<String>,
}

impl Findings {
    /// Exports a case in each of these ways, and compares.
    fn add(&mut self, reader: &mut Reader, case: &Case, ways: &[Options], most: f64) {
        let prepared = [false, true].map(|bytes| {
            ways.iter().any(|options| options.preprocess == bytes).then(|| Prepared::new(&case.network, bytes))
        });
        for options in ways {
            let prepared = prepared[usize::from(options.preprocess)].as_ref().expect("one way needs it");
            let folder = tempfile::tempdir().expect("a temporary folder");
            let request = prepared.export(folder.path(), reader.format(), options);
            let found = request.and_then(|request| reader.ask(&request));
            self.read += 1;
            match found {
                Ok(difference) if difference <= most => {
                    if difference >= self.largest {
                        (self.largest, self.of) = (difference, case.name.clone());
                    }
                }
                Ok(difference) => self.wrong.push(format!("{} {options:?}: {difference:.1e}", case.name)),
                Err(error) => self.wrong.push(format!("{} {options:?}: {error}", case.name)),
            }
        }
    }

    /// As many readers as there are work at the cases at once.
    fn all(readers: &mut [Reader], cases: impl Iterator<Item = (Case, Vec<Options>)>, most: f64) -> Findings {
        let workers = readers.iter_mut().map(|reader| (reader, Findings::default()));
        let parts = share_out(cases, workers, |(reader, findings), (case, ways)| {
            findings.add(reader, case, ways, most);
        });
        let findings = parts.into_iter().map(|(_, part)| part).fold(Findings::default(), Findings::with);
        let Findings { read, largest, of, wrong } = &findings;
        println!("{read} models, {} wrong; else the largest difference is {largest:.1e}: {of}", wrong.len());
        findings
    }

    fn with(mut self, other: Findings) -> Findings {
        self.read += other.read;
        if other.largest > self.largest {
            (self.largest, self.of) = (other.largest, other.of);
        }
        self.wrong.extend(other.wrong);
        self
    }

    fn assert_sound(&self) {
        assert!(self.read > 0 && self.wrong.is_empty(), "{} are wrong:\n{}", self.wrong.len(), self.wrong.join("\n"));
    }
}

/// The cases are worked at by all workers at once, each of which takes the next one when it is through.
fn share_out<C: Sync, W: Send>(
    cases: impl Iterator<Item = C>,
    workers: impl Iterator<Item = W>,
    work: impl Fn(&mut W, &C) + Sync,
) -> Vec<W> {
    let cases: Vec<C> = cases.collect();
    let next = AtomicUsize::new(0);
    let all = &|mut worker: W| {
        while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
            work(&mut worker, case);
        }
        worker
    };
    thread::scope(|scope| {
        let running: Vec<_> = workers.map(|worker| scope.spawn(move || all(worker))).collect();
        running.into_iter().map(|part| part.join().expect("it does not panic")).collect()
    })
}

/// The operators of a version.
fn version(opset: u32) -> Options {
    Options { opset: Some(opset), ..Options::default() }
}

#[test]
#[ignore = "ONNX_PYTHON must be a Python that has onnx and onnxruntime"]
fn onnx_runtime_reads_every_architecture() {
    let mut readers = Reader::start("ONNX_PYTHON", "onnxruntime");
    let each = architectures().map(|case| (case, OPSETS.map(version).to_vec()));
    Findings::all(&mut readers, each, ROUNDING).assert_sound();
}

#[test]
#[ignore = "ONNX_PYTHON must be a Python that has onnx and onnxruntime"]
fn onnx_runtime_reads_every_operation() {
    let mut readers = Reader::start("ONNX_PYTHON", "onnxruntime");
    let each = geometries().map(|case| (case, OPSETS.map(version).to_vec()));
    Findings::all(&mut readers, each, ROUNDING).assert_sound();
    let drawn = random().enumerate().map(|(index, case)| (case, vec![version(OPSETS[index % OPSETS.len()])]));
    Findings::all(&mut readers, drawn, ROUNDING).assert_sound();
}

#[test]
#[ignore = "ONNX_PYTHON must be a Python that has onnx and onnxruntime"]
fn onnx_runtime_reads_every_option() {
    let mut readers = Reader::start("ONNX_PYTHON", "onnxruntime");
    let ways = [
        Options { keep_bn: true, ..Options::default() },
        Options { softmax: true, ..Options::default() },
        Options { batch: Some(2), ..Options::default() },
        Options { external_data: true, ..Options::default() },
        Options { preprocess: true, ..Options::default() },
        Options { preprocess: true, softmax: true, opset: Some(13), batch: Some(2), ..Options::default() },
    ];
    let cases = cases::with_options().map(|case| (case, ways.to_vec()));
    Findings::all(&mut readers, cases, ROUNDING).assert_sound();
    // Weights of eleven bits.
    let half = Options { external_data: true, fp16: true, keep_bn: true, ..Options::default() };
    let cases = cases::with_options().map(|case| (case, vec![half.clone()]));
    Findings::all(&mut readers, cases, 5e-3).assert_sound();
}

#[test]
#[ignore = "TORCH_PYTHON must be a Python that has torch"]
fn pytorch_computes_what_its_source_says() {
    let mut readers = Reader::start("TORCH_PYTHON", "pytorch");
    let once = |case| (case, vec![Options::default()]);
    Findings::all(&mut readers, geometries().map(once), ROUNDING).assert_sound();
    Findings::all(&mut readers, random().map(once), ROUNDING).assert_sound();
    Findings::all(&mut readers, architectures().map(once), ROUNDING).assert_sound();
}

#[test]
#[ignore = "TORCH_PYTHON must be a Python that has torch, torchvision and Pillow"]
fn torchvision_prepares_images_as_archc_does() {
    let mut readers = Reader::start("TORCH_PYTHON", "transforms");
    for transforms in TRANSFORMS {
        for (channels, file) in [(3, "palette.png"), (1, "progressive.jpg"), (3, "grey.jpg")] {
            let sizes = format!("[{channels}, 12, 20]");
            let text = format!("input: {sizes}\nlayers: [identity]\ndata: {{set: folder, eval: [{transforms}]}}");
            let Ok(network) = archc::compile(&text) else { panic!("{text}") };
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/train/data/images").join(file);
            let folder = tempfile::tempdir().expect("a temporary folder");
            let request = files::prepared_image(&network, &path, folder.path());
            let difference = readers[0].ask(&request).unwrap_or_else(|error| panic!("{text}, {file}: {error}"));
            // Pillow takes the mean of three colours in whole numbers, and decoders of JPEG differ by one.
            assert!(difference < 1.5 / 255.0, "{text}, {file}: {difference}");
        }
    }
}

/// What images go through in evaluation, ending in 12×20 pixels.
const TRANSFORMS: [&str; 9] = [
    "resize 12x20",
    "resize 12 interpolation=bicubic, center_crop 12x20",
    "resize 30, center_crop 12x20, normalize half",
    "resize 8x16, pad 2",
    "resize 10x14, pad 1x3 mode=edge",
    "resize 10x14, pad 1x3 mode=reflect",
    "resize 10x14, pad 1x3 mode=symmetric",
    "center_crop 12x20, grayscale, normalize mean=0.25 std=0.5",
    "resize 12x20, \"gaussian_blur 3x5 sigma=0.7\"",
];

#[test]
#[ignore = "KERAS_PYTHON must be a Python that has keras, tensorflow and torch: see CONTRIBUTING.md"]
fn keras_computes_what_its_source_says() {
    for backend in ["tensorflow", "torch"] {
        let quiet = [("KERAS_BACKEND", backend), ("TF_CPP_MIN_LOG_LEVEL", "3")];
        let mut readers = Reader::start_with("KERAS_PYTHON", "keras", &quiet);
        let once = |case| (case, vec![Options::default()]);
        Findings::all(&mut readers, geometries().map(once), ROUNDING).assert_sound();
        Findings::all(&mut readers, architectures().map(once), ROUNDING).assert_sound();
        Findings::all(&mut readers, random().map(once), ROUNDING).assert_sound();
    }
}

/// A file of architectures/ of each family; `another_reader` goes through all.
const FAMILIES: [&str; 12] = [
    "convnext_tiny",
    "densenet121",
    "efficientnet_b0",
    "googlenet",
    "inception_v3",
    "mobilenet_v2",
    "mobilenet_v3_large",
    "regnet_y_400mf",
    "resnet18",
    "shufflenet_v2_x1_0",
    "squeezenet1_1",
    "vgg11_bn",
];

/// Files as they are written by default, and each operation in every version.
#[test]
#[ignore = "READERS_PYTHON must be a Python that has openvino, opencv-python-headless and tract: see .ci/run"]
fn other_readers_compute_the_same() {
    for (name, not_read) in [("openvino", &[][..]), ("opencv", &["6: gn 2 "]), ("tract", &[])] {
        let mut readers = Reader::start("READERS_PYTHON", name);
        let each = architectures().filter(|case| FAMILIES.contains(&case.name.as_str()));
        let each = each.map(|case| (case, vec![version(17)]));
        Findings::all(&mut readers, each, ROUNDING).assert_sound();
        let each = geometries().map(|case| (case, OPSETS.map(version).to_vec()));
        let Findings { wrong, .. } = Findings::all(&mut readers, each, ROUNDING);
        let (known, new): (Vec<_>, Vec<_>) =
            wrong.into_iter().partition(|line| not_read.iter().any(|case| line.starts_with(case)));
        assert!(new.is_empty(), "{name}:\n{}", new.join("\n"));
        assert_eq!(known.len(), not_read.len() * OPSETS.len(), "{name} reads more than docs/export.md says");
    }
}

/// Not a test: which reader reads what, as docs/export.md shows it.
#[test]
#[ignore = "READERS_PYTHON must be a Python that has the reader of ONNX that READER names: see docs/export.md"]
fn another_reader() {
    let name = std::env::var("READER").expect("READER is set");
    let mut readers = Reader::start("READERS_PYTHON", &name);
    for opset in OPSETS {
        println!("opset {opset}");
        for cases in [architectures().collect::<Vec<_>>(), geometries().collect()] {
            let cases = cases.into_iter().map(|case| (case, vec![version(opset)]));
            let findings = Findings::all(&mut readers, cases, ROUNDING);
            findings.wrong.iter().for_each(|line| println!("  {line}"));
        }
    }
}
