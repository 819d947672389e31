//! A layer from outside the crate, the one of `examples/custom_layer`: found by name, checked, and differentiated by both
//! executors.

#[path = "../examples/custom_layer/prelu.rs"]
mod prelu;

use archc::executor::Executor;
use archc::kernels::MaskKey;
use archc::layers::Layers;
use archc::model::Model;
use archc::network::Network;
use archc::program::lower;
use archc::random::initial_weights;
use archc::syntax::{Format, no_files};
use candle_core::{Device, Tensor};
use candle_nn::ModuleT;

const LABELS: [u32; 3] = [1, 0, 2];

fn compile(layers: &str) -> Result<Network, String> {
    let text = format!("input: [2, 3, 4]\nlayers: [{layers}]\n");
    let compiled =
        archc::compile_with(&Layers::default().with(prelu::PRELU), &no_files, "net.yaml", &text, Format::Yaml, &[]);
    compiled.map(|compiled| compiled.network).map_err(|errors| errors.to_string())
}

#[test]
fn is_a_layer_like_any_other() {
    for (layers, expected) in [
        ("prelu", Ok(("0", 2))),
        ("conv 5 1x1 -> prelu 0.1 as act", Ok(("act", 5))),
        ("flatten -> prelu start=1", Ok(("1", 24))),
        ("prelu slope=2", Err("`prelu` has no argument `slope`")),
        ("prelo", Err("did you mean `prelu`?")),
    ] {
        match (compile(layers), expected) {
            (Ok(network), Ok((name, params))) => {
                let node = network.graph.nodes.last().expect("there are layers");
                assert_eq!((node.kind, node.name.as_str(), network.params(node)), ("prelu", name, params));
                let (expanded, layers) = (archc::expand::expand(&network), Layers::default().with(prelu::PRELU));
                archc::compile_with(&layers, &no_files, "net.yaml", &expanded, Format::Yaml, &[])
                    .expect("it compiles again");
            }
            (Err(found), Err(expected)) => assert!(found.contains(expected), "{layers}: {found}"),
            (found, expected) => panic!("{layers}: {found:?}, not {expected:?}"),
        }
    }
}

/// The loss and all gradients: the executor's against differences, Candle's against the executor's.
#[test]
fn trains_in_both_executors() {
    let network = compile("conv 3 1x1 -> prelu -> flatten -> prelu 0.5 -> linear 3").expect("a sound network");
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
