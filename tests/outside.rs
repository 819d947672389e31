//! A layer from outside the crate, the one of `examples/custom_layer`: found by name, checked, and differentiated by
//! both executors.

#[path = "../examples/custom_layer/swish.rs"]
mod swish;

#[cfg(feature = "cuda")]
#[allow(dead_code, reason = "the tests of kernels have more uses for it")]
#[path = "cuda/emulator/mod.rs"]
mod emulator;

use archc::executor::Executor;
use archc::kernels::MaskKey;
use archc::layers::Layers;
use archc::lower::lower;
use archc::model::Model;
use archc::network::Network;
use archc::random::initial_weights;
use archc::syntax::{Format, no_files};
use candle_core::{Device, Tensor};
use candle_nn::ModuleT;

const LABELS: [u32; 3] = [1, 0, 2];

fn compile(layers: &str) -> Result<Network, String> {
    let text = format!("input: [2, 3, 4]\nlayers: [{layers}]\n");
    let compiled =
        archc::compile_with(&Layers::default().with(swish::SWISH), &no_files, "net.yaml", &text, Format::Yaml, &[]);
    compiled.map(|compiled| compiled.network).map_err(|errors| errors.to_string())
}

#[test]
fn is_a_layer_like_any_other() {
    for (layers, expected) in [
        ("swish", Ok(("0", 2))),
        ("conv 5 1x1 -> swish 1.5 as act", Ok(("act", 5))),
        ("flatten -> swish start=1", Ok(("1", 24))),
        ("swish beta=2", Err("`swish` has no argument `beta`")),
        ("swisch", Err("did you mean `swish`?")),
    ] {
        match (compile(layers), expected) {
            (Ok(network), Ok((name, params))) => {
                let node = network.graph.nodes.last().expect("there are layers");
                assert_eq!((node.kind, node.name.as_str(), network.params(node)), ("swish", name, params));
                let (expanded, layers) = (archc::expand::expand(&network), Layers::default().with(swish::SWISH));
                archc::compile_with(&layers, &no_files, "net.yaml", &expanded, Format::Yaml, &[])
                    .expect("it compiles again");
            }
            (Err(found), Err(expected)) => assert!(found.contains(expected), "{layers}: {found}"),
            (found, expected) => panic!("{layers}: {found:?}, not {expected:?}"),
        }
    }
}

/// One β a channel, which is neither the position nor the image.
#[test]
fn computes_what_it_says() {
    let program = lower(&compile("swish").expect("a sound network"));
    let betas = [0.5, 2.0];
    let images: Vec<f64> = (0..48).map(|index| (f64::from(index) * 0.7).sin()).collect();
    let mut executor = Executor::new(program, vec![betas.to_vec()]);
    // N×C×H×W: planes of 3×4.
    for (index, (x, y)) in images.iter().zip(executor.evaluate(&images)).enumerate() {
        let expected = x / (1.0 + (-betas[index / 12 % 2] * x).exp());
        assert!((y - expected).abs() < 1e-15, "{index}: {y}, not {expected}");
    }
}

/// The loss and all gradients: the executor's against differences, Candle's against the executor's.
#[test]
fn trains_in_both_executors() {
    let network = compile("conv 3 1x1 -> swish -> flatten -> swish 0.5 -> linear 3").expect("a sound network");
    let program = lower(&network);
    let start = initial_weights::<f64>(&program, 3);
    let images: Vec<f64> = (0..72).map(|index| (f64::from(index) * 0.7).sin()).collect();
    let key = MaskKey { seed: 1, step: 0, place: 0 };
    let step = |weights: &[Vec<f64>]| {
        let mut executor = Executor::new(program.clone(), weights.to_vec());
        let loss = executor.step_gradients(&images, &LABELS, key).loss;
        (loss, executor.gradients().to_vec())
    };
    let (loss, gradients) = step(&start);

    let tensors = start.iter().zip(&program.weights);
    let tensors = tensors.map(|(values, weight)| Tensor::from_slice(values, weight.shape.as_slice(), &Device::Cpu));
    let tensors: Vec<Tensor> = tensors.collect::<Result<_, _>>().expect("tensors can be made");
    let model = Model::new(program.clone(), &tensors, key.seed).expect("the weights are the program's");
    let images = Tensor::from_slice(&images, (3, 2, 3, 4), &Device::Cpu).expect("images of the input's size");
    let logits = model.forward_t(&images, true).expect("it runs");
    let labels = Tensor::new(&LABELS, &Device::Cpu).expect("labels");
    let candle_loss = candle_nn::loss::cross_entropy(&logits, &labels).expect("one label an image");
    let candle = candle_loss.backward().expect("it can be differentiated");
    let difference = candle_loss.to_scalar::<f64>().expect("a number") - loss;
    assert!(difference.abs() < 1e-12, "{difference}");

    for (index, (weight, var)) in model.weights().enumerate() {
        let candle = candle.get(var).expect("every weight takes part").flatten_all().expect("numbers");
        let candle = candle.to_vec1::<f64>().expect("f64");
        for (element, candle) in candle.iter().enumerate() {
            let shifted = |by: f64| {
                let mut weights = start.clone();
                weights[index][element] += by;
                step(&weights).0
            };
            let found = gradients[index][element];
            // The error of a central difference: 1e-4² times a third derivative of order one.
            let expected = (shifted(1e-4) - shifted(-1e-4)) / 2e-4;
            let name = &weight.name;
            assert!((found - expected).abs() < 1e-7, "{name}[{element}] is {found}, not {expected}");
            assert!((found - candle).abs() < 1e-12, "{name}[{element}] is {found}, Candle's {candle}");
        }
    }
}

/// The layer's own kernel against the processor's, in both orders of maps: logits, loss, and all weights after a step.
#[cfg(feature = "cuda")]
#[test]
fn runs_on_a_gpu() {
    use archc::device::{Cuda, Device, Precision};
    use archc::kernels::{Algorithms, Criterion};
    use archc::recipe::Optimizer;
    use archc::train::OptimizerState;
    use archc::train::learner::{LearnerStart, Wait};

    let on_gpu = |numbers| Device::Cuda(Cuda { number: 0, numbers, algorithms: Algorithms::Exact });
    let there = on_gpu(Precision::F32).check().is_ok();
    if let Some(why) = (!there).then(|| emulator::open().err()).flatten() {
        return eprintln!("skipped: {why}");
    }
    let network = compile("conv 3 1x1 -> swish -> flatten -> swish 0.5 -> linear 3").expect("a sound network");
    let program = lower(&network);
    let weights = initial_weights::<f32>(&program, 3);
    let images: Vec<f32> = (0..72).map(|index| (index as f32 * 0.7).sin()).collect();
    let run = |device: Device| {
        let start = LearnerStart {
            program: program.clone(),
            weights: weights.clone(),
            optimizer: OptimizerState::new(Optimizer::sgd(0.5, 0.0), &program),
            average: None,
            clip: None,
            accumulate: 1,
        };
        let mut learner = device.learner(start).expect("it fits");
        let mut numbers = learner.evaluator_mut().evaluate(&images).expect("it can be computed").to_vec();
        let key = MaskKey { seed: 1, step: 0, place: 0 };
        learner.learn(&images, Criterion::from(&LABELS[..]), key).expect("a step can be computed");
        learner.update(0.5, 0).expect("weights can be changed");
        let outcome = learner.outcome(Wait::All).expect("it was computed").expect("a batch has an outcome");
        numbers.push(outcome.loss.loss as f32);
        numbers.extend(learner.learned().expect("it is there").weights.iter().flatten());
        numbers
    };
    let expected = run(Device::default());
    // In f32 maps have their channels first, with factors that are rounded last; and no GPU that is emulated rounds
    // them.
    for (numbers, allowed) in [(Precision::F32, 1e-5), (Precision::Tf32, if there { 1e-2 } else { 1e-5 })] {
        let found = run(on_gpu(numbers));
        for (index, (found, expected)) in found.iter().zip(&expected).enumerate() {
            let error = (found - expected).abs();
            assert!(error <= allowed * expected.abs().max(1.0), "{numbers:?}, {index}: {found}, not {expected}");
        }
        assert_eq!(found.len(), expected.len());
    }
}
