//! What a reader is handed: a model, what goes in, and what should come out.

use std::fs;
use std::path::Path;

use archc::executor::Executor;
use archc::export::{Exported, FORMATS, Options};
use archc::ir::Shape;
use archc::lower::lower;
use archc::network::Network;
use archc::program::ProgramWeight;
use archc::random::initial_weights;
use archc::recipe::{MaxPixels, Transform};
use archc::train::data::read_image;
use serde_json::{Value, json};

use crate::gradients;

/// Examples in a test; more than one, so that the batch's size shows.
pub const BATCH: usize = 2;

/// Numbers in [−1, 1), none of them round.
fn noise(seed: u32, count: usize) -> impl Iterator<Item = f32> {
    (0..count as u32).map(move |place| {
        let mixed = place.wrapping_mul(0x9E37_79B9).wrapping_add(seed.wrapping_mul(0x85EB_CA6B));
        let mixed = (mixed ^ mixed >> 16).wrapping_mul(0xC2B2_AE35);
        (f64::from(mixed ^ mixed >> 13) / 2f64.powi(31) - 1.0) as f32
    })
}

/// As training begins, but nothing is 0 or 1 any more that would hide a mistake.
fn weights(declared: &[ProgramWeight], initial: Vec<Vec<f32>>) -> Vec<Vec<f32>> {
    let moved = |(index, (weight, values)): (usize, (&ProgramWeight, Vec<f32>))| {
        if weight.shape.len() > 1 && weight.shape[1..].iter().any(|size| *size > 1) && values.iter().any(|x| *x != 0.0)
        {
            return values;
        }
        let noise = noise(index as u32 + 1, values.len());
        values.into_iter().zip(noise).map(|(value, noise)| value + 0.3 * noise).collect()
    };
    declared.iter().zip(initial).enumerate().map(moved).collect()
}

/// A network with weights, what goes in, and what archc makes of it.
pub struct Prepared<'a> {
    network: &'a Network,
    weights: Vec<Vec<f32>>,
    /// As the network reads it.
    images: Vec<f32>,
    /// As a file has it, with its sizes.
    input: (Vec<u8>, Vec<usize>),
    output: Vec<f32>,
}

impl Prepared<'_> {
    /// For images that are bytes, or numbers as the network reads them.
    pub fn new(network: &Network, bytes: bool) -> Prepared<'_> {
        let program = lower(network);
        let weights = weights(&program.weights, initial_weights::<f32>(&program, 1));
        let (images, input, shape) = images(network.graph.input, bytes, network);
        let output = Executor::new(program, weights.clone()).evaluate(&images).to_vec();
        Prepared { network, weights, images, input: (input, shape), output }
    }

    /// Writes the files into `folder`; what a reader is asked. PyTorch gets its weights in a file of their own.
    pub fn export(&self, folder: &Path, format: &str, options: &Options) -> Result<Value, String> {
        let Prepared { network, input: (bytes, shape), output, .. } = self;
        let out = network.graph.shape(network.output);
        let mut output = output.clone();
        if options.softmax {
            softmax(&mut output, out);
        }
        let path = |name: &str| folder.join(name);
        fs::write(path("input"), bytes).expect("room on the disk");
        fs::write(path("output"), output.iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<u8>>()).expect("room");
        self.write(&path("model"), format, options)?;
        let mut gradients = Value::Null;
        if format == "pytorch" {
            self.write(&path("weights"), "pth", options)?;
            fs::write(path("init"), first_values(network)).expect("room");
            gradients = gradients::write(network, &self.weights, &self.images, &path("gradients"));
        }
        let output_shape = [vec![BATCH], out.dims()].concat();
        Ok(json!({
            "model": path("model"), "weights": path("weights"), "init": path("init"), "input": path("input"), "output": path("output"),
            "gradients": gradients,
            "input_shape": shape, "output_shape": output_shape,
            "type": if options.preprocess { "uint8" } else { "float32" },
        }))
    }

    fn write(&self, path: &Path, format: &str, options: &Options) -> Result<(), String> {
        let format = FORMATS.iter().find(|known| known.name() == format).expect("it is one");
        let classes = vec!["a \"b\"".to_owned(), "ü".to_owned()];
        let (network, weights) = (self.network.clone(), self.weights.clone());
        let exported = Exported { network, weights, classes, task: None, steps: 1 };
        format.write(exported, options, path).map(drop).map_err(|error| error.to_string())
    }
}

/// An image for torchvision, and what archc makes of it.
pub fn prepared_image(network: &Network, image: &Path, folder: &Path) -> Value {
    let path = |name: &str| folder.join(name);
    let transforms = &network.data.as_ref().expect("it has some").eval;
    let input = network.graph.input;
    let output = read_image(image, transforms, input, MaxPixels::default()).unwrap_or_else(|error| panic!("{error}"));
    fs::write(path("output"), output.iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<u8>>()).expect("room");
    let format = FORMATS.iter().find(|known| known.name() == "pytorch").expect("it is one");
    let exported =
        Exported { network: network.clone(), weights: Vec::new(), classes: Vec::new(), task: None, steps: 0 };
    format.write(exported, &Options::default(), &path("model")).unwrap_or_else(|error| panic!("{error}"));
    let mode = if input.channels() == 1 { "L" } else { "RGB" };
    json!({
        "model": path("model"), "image": image, "mode": mode, "output": path("output"), "output_shape": input.dims(),
    })
}

/// Of every weight's first values: how many there are, their mean, their deviation and kurtosis where they are drawn,
/// as JSON.
fn first_values(network: &Network) -> String {
    let program = lower(network);
    let (values, others) = (initial_weights::<f32>(&program, 1), initial_weights::<f32>(&program, 2));
    let about = |(weight, (values, others)): (&ProgramWeight, (&Vec<f32>, &Vec<f32>))| {
        let count = values.len() as f64;
        let mean = values.iter().map(|x| f64::from(*x)).sum::<f64>() / count;
        let deviation = (values.iter().map(|x| (f64::from(*x) - mean).powi(2)).sum::<f64>() / count).sqrt();
        let kurtosis = values.iter().map(|x| ((f64::from(*x) - mean) / deviation).powi(4)).sum::<f64>() / count;
        let drawn = if values == others { Value::Null } else { json!([deviation, kurtosis]) };
        (weight.name.clone(), json!([values.len(), mean, drawn]))
    };
    let both = program.weights.iter().zip(values.iter().zip(&others));
    Value::from(both.map(about).collect::<serde_json::Map<_, _>>()).to_string()
}

/// What the executor reads, the same as a reader gets it, and its sizes.
fn images(input: Shape, preprocess: bool, network: &Network) -> (Vec<f32>, Vec<u8>, Vec<usize>) {
    let numbers: Vec<f32> = noise(77, BATCH * input.elements()).map(|x| 2.0 * x).collect();
    let shape = [vec![BATCH], input.dims()].concat();
    let (Shape::Map { channels, height, width }, true) = (input, preprocess) else {
        let bytes = numbers.iter().flat_map(|x| x.to_le_bytes()).collect();
        return (numbers, bytes, shape);
    };
    // N×H×W×C
    let bytes: Vec<u8> = numbers.iter().map(|x| ((x + 2.0) * 63.9) as u8).collect();
    let transforms = &network.data.as_ref().expect("it has some").eval;
    let mut images = vec![0.0; numbers.len()];
    for (at, byte) in bytes.iter().enumerate() {
        let (channel, pixel) = (at % channels, at / channels);
        let (example, position) = (pixel / (height * width), pixel % (height * width));
        images[(example * channels + channel) * height * width + position] = f32::from(*byte) / 255.0;
    }
    for transform in transforms {
        apply(transform, &mut images, channels, height * width);
    }
    (images, bytes, vec![BATCH, height, width, channels])
}

/// What `archc::train` makes of pixels, from its definition.
fn apply(transform: &Transform, images: &mut [f32], channels: usize, plane: usize) {
    match transform {
        Transform::Normalize { mean, std } => {
            for (index, pixels) in images.chunks_exact_mut(plane).enumerate() {
                let (mean, std) = (mean[index % channels], std[index % channels]);
                pixels.iter_mut().for_each(|x| *x = ((f64::from(*x) - mean) / std) as f32);
            }
        }
        Transform::Grayscale { .. } => {
            for image in images.chunks_exact_mut(3 * plane) {
                for at in 0..plane {
                    let grey = 0.2989 * image[at] + 0.587 * image[plane + at] + 0.114 * image[2 * plane + at];
                    (0..3).for_each(|channel| image[channel * plane + at] = grey);
                }
            }
        }
        // Images have the network's size already.
        _ => {}
    }
}

/// exp(x)/Σ exp(x) along the channels.
fn softmax(output: &mut [f32], shape: Shape) {
    let (channels, positions) = (shape.channels(), shape.positions());
    for example in output.chunks_exact_mut(channels * positions) {
        for position in 0..positions {
            let place = |channel: usize| channel * positions + position;
            let powers: Vec<f64> = (0..channels).map(|channel| f64::from(example[place(channel)]).exp()).collect();
            let total: f64 = powers.iter().sum();
            powers.iter().enumerate().for_each(|(channel, power)| example[place(channel)] = (power / total) as f32);
        }
    }
}
