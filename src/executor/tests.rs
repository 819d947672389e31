use candle_core::{Device, Tensor};
use candle_nn::ModuleT;
use rand_core::Rng;

use super::*;
use crate::ir::Shape;
use crate::lower::lower;
use crate::model::Model;
use crate::program::networks::{JOINED, NETWORKS, program};
use crate::random::{Purpose, generator, initial_weights};

const INPUT: Shape = Shape::map(2, 4, 5);

fn images(batch: usize) -> Vec<f64> {
    let mut random = generator(7, Purpose::Synthetic, 0, batch as u64);
    (0..batch * INPUT.elements()).map(|_| f64::from(random.next_u32()) / f64::from(u32::MAX) - 0.5).collect()
}

const KEY: MaskKey = MaskKey { seed: 5, step: 9, place: 0 };
const LABELS: [u32; 3] = [1, 0, 2];

#[test]
fn gradients_are_differences_of_the_loss() {
    for (name, layers) in NETWORKS {
        let program = program(layers);
        let start = initial_weights::<f64>(&program, 3);
        let images = images(3);
        let loss = |weights: &[Vec<f64>]| {
            Executor::new(program.clone(), weights.to_vec()).step_gradients(&images, &LABELS, KEY).loss
        };
        let mut executor = Executor::new(program.clone(), start.clone());
        executor.step_gradients(&images, &LABELS, KEY);
        let gradients = executor.gradients();
        for (index, weight) in program.weights.iter().enumerate() {
            let takes_part = weight.trainable && !weight.name.starts_with("unused");
            assert_eq!(
                gradients[index].len(),
                if takes_part { weight.elements() } else { 0 },
                "{name}: {}",
                weight.name
            );
            for element in (0..gradients[index].len()).step_by(5) {
                let shifted = |by: f64| {
                    let mut weights = start.clone();
                    weights[index][element] += by;
                    loss(&weights)
                };
                const STEP: f64 = 1e-4;
                let expected = (shifted(STEP) - shifted(-STEP)) / (2.0 * STEP);
                let found = gradients[index][element];
                // The error of a central difference: STEP² times a third derivative of order one.
                assert!(
                    (found - expected).abs() < 1e-7,
                    "{name}: {}[{element}] is {found}, not {expected}",
                    weight.name
                );
            }
        }
    }
}

#[test]
fn the_batch_may_change() {
    let program = program(NETWORKS[2].1);
    let weights = initial_weights::<f64>(&program, 3);
    let images = images(3);
    let fresh = |images: &[f64]| Executor::new(program.clone(), weights.clone()).evaluate(images).to_vec();
    let all = fresh(&images);
    let mut executor = Executor::new(program.clone(), weights.clone());
    for batch in [1, 3, 2, 3] {
        let logits = executor.evaluate(&images[..batch * INPUT.elements()]);
        assert_eq!(logits, &all[..3 * batch], "batch {batch}");
    }
    let two = &images[..2 * INPUT.elements()];
    let mut small = Executor::new(program.clone(), weights.clone());
    small.step_gradients(two, &LABELS[..2], KEY);
    let mut large = Executor::new(program.clone(), weights.clone());
    large.step_gradients(&images, &LABELS, KEY);
    assert_ne!(small.gradients(), large.gradients());
    let mut large = Executor::new(program, large.weights().iter().zip(&weights).map(|(_, w)| w.clone()).collect());
    large.evaluate(&images);
    large.step_gradients(two, &LABELS[..2], KEY);
    assert_eq!(small.gradients(), large.gradients());
}

/// Candle's autograd over the same kernels, one operation at a time, in its own order and memory.
#[test]
fn gradients_are_those_of_the_candle_module() -> candle_core::Result<()> {
    let key = MaskKey { seed: 5, step: 0, place: 0 };
    for (name, layers) in NETWORKS.into_iter().filter(|(name, _)| *name != "no weights").chain(JOINED) {
        let program = program(layers);
        let weights = initial_weights::<f64>(&program, 3);
        let images = images(3);
        let tensors = weights.iter().zip(&program.weights);
        let tensors = tensors.map(|(values, weight)| Tensor::from_slice(values, weight.shape.as_slice(), &Device::Cpu));
        let model = Model::new(program.clone(), &tensors.collect::<candle_core::Result<Vec<_>>>()?, key.seed)?;
        let logits = model.forward_t(&Tensor::from_slice(&images, (3, 2, 4, 5), &Device::Cpu)?, true)?;
        let loss = candle_nn::loss::cross_entropy(&logits, &Tensor::new(&LABELS, &Device::Cpu)?)?;
        let expected = loss.backward()?;

        let mut executor = Executor::new(program, weights);
        let expected_logits = model.forward_t(&Tensor::from_slice(&images, (3, 2, 4, 5), &Device::Cpu)?, false)?;
        // The module's running statistics have moved by one pass.
        let found = executor.step_gradients(&images, &LABELS, key);
        let expected_logits = expected_logits.flatten_all()?.to_vec1::<f64>()?;
        for (found, expected) in executor.evaluate(&images).iter().zip(&expected_logits) {
            assert!((found - expected).abs() < 1e-12, "{name}: in evaluation {found}, not {expected}");
        }
        assert!((found.loss - loss.to_scalar::<f64>()?).abs() < 1e-12, "{name}: the loss is {}", found.loss);
        for ((weight, var), gradient) in model.weights().zip(executor.gradients()) {
            let expected = expected.get(var).map_or(Ok(Vec::new()), crate::weights::values::<f64>)?;
            assert_eq!(gradient.len(), expected.len(), "{name}: {}", weight.name);
            for (found, expected) in gradient.iter().zip(expected) {
                assert!((found - expected).abs() < 1e-12, "{name}: {} has {found}, not {expected}", weight.name);
            }
        }
    }
    Ok(())
}

/// Here 4×5 maps of which every `step`th position of every `step`th row stays.
#[test]
fn a_map_comes_out_in_the_order_of_the_images() -> candle_core::Result<()> {
    for (layers, step) in [("[dropout 0.5]", 1), ("[maxpool 1x1 s1]", 1), ("[maxpool 1x1 s2]", 2)] {
        let (program, images) = (program(layers), images(3));
        let rows = images.chunks_exact(5).enumerate().filter(|(row, _)| row % 4 % step == 0);
        let expected: Vec<f64> = rows.flat_map(|(_, row)| row.iter().copied().step_by(step)).collect();
        let model = Model::new(program.clone(), &[], 1)?;
        let output = model.forward_t(&Tensor::from_slice(&images, (3, 2, 4, 5), &Device::Cpu)?, false)?;
        assert_eq!(output.dims()[1..], program.shape(program.output).dims(), "{layers}");
        assert_eq!(crate::weights::values::<f64>(&output)?, expected, "{layers}");
        assert_eq!(Executor::new(program, Vec::new()).evaluate(&images), expected, "{layers}");
    }
    Ok(())
}

#[test]
fn dropout_follows_its_key() {
    let program = program("[dropout 0.5, flatten, linear 3]");
    let weights = initial_weights::<f64>(&program, 3);
    let loss = |key| Executor::new(program.clone(), weights.clone()).step_gradients(&images(3), &LABELS, key).loss;
    assert_eq!(loss(KEY), loss(KEY));
    assert_ne!(loss(KEY), loss(MaskKey { step: 10, ..KEY }));
    assert_ne!(loss(KEY), loss(MaskKey { seed: 6, ..KEY }));
}

#[test]
fn the_first_number_that_is_not_finite_is_found() {
    let program = program("[flatten, linear 4 as a -> tanh as b -> linear 3 as c]");
    // What every image, every weight of `a` and every weight of `c` is.
    for (image, a, c, expected) in [
        (1.0, 1.0, 1.0, None),
        (f64::INFINITY, 1.0, 1.0, Some("the images")),
        (1.0, 1.0, f64::NAN, Some("the weight `c.weight`")),
        (1.0, f64::MAX, 1.0, Some("the output of `a`")),
        (1.0, 1.0, f64::MAX, Some("the output of `c`")),
    ] {
        let images = vec![image; 3 * INPUT.elements()];
        let weights = [vec![a; 4 * 40], vec![0.0; 4], vec![c; 3 * 4], vec![0.0; 3]];
        let found = Executor::new(program.clone(), weights.into()).first_not_finite(&images, KEY);
        assert_eq!(found.as_deref(), expected);
    }
}

#[test]
fn hits_and_ties() {
    for (row, expected) in [(&[1.0, 3.0, 2.0][..], 1), (&[2.0, 2.0, 1.0], 0), (&[-1.0], 0)] {
        assert_eq!(largest(row), expected, "{row:?}");
    }
    let loss = classify(&[0.0f64, 0.0, 1.0, 0.0], &[0, 0]);
    assert_eq!(loss.correct, 2);
    assert!((loss.loss - (2f64.ln() + (1.0 + (-1.0f64).exp()).ln()) / 2.0).abs() < 1e-12);
}

/// Large enough that Winograd's way is taken.
const WIDE: &str =
    "input: [24, 16, 16]\nlayers: [conv 32 3x3 p1 -> bn -> relu -> conv 32 3x3 p1 -> flatten -> linear 3]";

/// A hundred maps of 2²⁰ numbers are too many for one pass.
#[test]
fn large_images_go_a_few_at_a_time() {
    let program = lower(
        &crate::compile("input: [1, 256, 256]\nlayers: [conv 16 1x1 s1 -> maxpool 64]").expect("a sound network"),
    );
    let images: Vec<f32> = (0..67 * 65536).map(|index| (index as f32 * 0.37).sin()).collect();
    let mut executor = Executor::new(program.clone(), initial_weights(&program, 1));
    assert!(executor.evaluation.plan.examples_at_once(67) < 67);
    let all = executor.evaluate(&images).to_vec();
    for image in [0, 33, 66] {
        let one = executor.evaluate(&images[image * 65536..][..65536]).to_vec();
        assert_eq!(one, all[image * one.len()..][..one.len()], "image {image}");
    }
}

#[test]
fn prepared_weights_are_made_anew_when_weights_change() {
    let program = lower(&crate::compile(WIDE).expect("a sound network"));
    let images: Vec<f32> = (0..4 * 24 * 256).map(|index| (index as f32 * 0.7).sin()).collect();
    let weights = |seed| initial_weights::<f32>(&program, seed);
    let fresh = |seed| Executor::new(program.clone(), weights(seed)).evaluate(&images).to_vec();
    let mut kept = Executor::new(program.clone(), weights(1));
    kept.keep_prepared();
    assert_eq!(kept.evaluate(&images), fresh(1));
    assert_eq!(kept.evaluate(&images), fresh(1));
    kept.update(|values, _| values.clone_from_slice(&weights(2)));
    assert_eq!(kept.evaluate(&images), fresh(2));
    assert_ne!(fresh(1), fresh(2));
}

#[test]
fn exact_sums_are_nearer_to_those_in_f64() {
    let program = lower(&crate::compile(WIDE).expect("a sound network"));
    let images: Vec<f32> = (0..4 * 24 * 256).map(|index| (index as f32 * 0.7).sin()).collect();
    let double = |values: &[f32]| values.iter().map(|value| f64::from(*value)).collect::<Vec<f64>>();
    let weights = initial_weights::<f32>(&program, 1);
    let mut reference = Executor::new(program.clone(), weights.iter().map(|values| double(values)).collect());
    let expected = reference.evaluate(&double(&images)).to_vec();
    let [fastest, exact] = [Algorithms::Fastest, Algorithms::Exact].map(|algorithms| {
        let mut executor = Executor::new(program.clone(), weights.clone());
        executor.set_algorithms(algorithms);
        let errors = executor.evaluate(&images).iter().zip(&expected).map(|(y, z)| (f64::from(*y) - z).abs());
        errors.fold(0.0, f64::max)
    });
    assert!(exact < fastest && fastest < 1e-4, "{exact} {fastest}");
}
