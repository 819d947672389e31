use candle_core::{Device, Tensor};
use candle_nn::ModuleT;
use rand_core::Rng;

use super::*;
use crate::model::Model;
use crate::program::lower;
use crate::random::{Purpose, generator, initial_weights};

/// Networks with everything that matters to the schedule: several readers, views, steps that nobody reads, one input
/// read twice by one step. None has a kink, so that differences can be taken.
const NETWORKS: [(&str, &str); 5] = [
    ("chain", "[conv 4 3x3 p1 -> bn -> tanh -> avgpool 2x2 s2, flatten, linear 6 -> silu, linear 3]"),
    ("no weights", "[flatten]"),
    ("residual", "[conv 4 3x3 p1 as stem, residual: [conv 4 3x3 p1 -> bn -> gelu -> conv 4 1x1], flatten, linear 3]"),
    (
        "branches",
        "[conv 4 3x3 p1 as stem, tanh as a, {from: stem, then: sigmoid -> conv 4 1x1 as b}, \
         {from: [a, b, stem], merge: concat}, flatten as flat, linear 5 as x, {from: flat, then: linear 5 as y}, \
         {from: [x, y, x], merge: add}, linear 3]",
    ),
    (
        "unused and twice",
        "[conv 2 3x3 p1 as stem, {from: stem, then: conv 9 3x3 as unused}, {from: [stem, stem], merge: mul}, \
         dropout 0, flatten, linear 3 as fc]",
    ),
];

const INPUT: Shape = Shape::map(2, 4, 5);

fn program(layers: &str) -> Program {
    let text = format!("input: [2, 4, 5]\nlayers: {layers}");
    lower(&crate::compile(&text).unwrap_or_else(|errors| panic!("{errors}")))
}

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

/// What a buffer holds, by the value's index.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Content {
    Value(usize),
    Gradient { of: usize, readers: usize },
    Nothing,
}

/// Walks through a plan as the executor does, with names in place of numbers.
#[test]
fn nothing_is_overwritten_before_its_last_use() {
    for (name, layers) in NETWORKS {
        let program = program(layers);
        for plan in [plan::training(&program), plan::evaluation(&program)] {
            let mut buffers = vec![Content::Nothing; plan.buffers.len()];
            let place = |value: ValueId| plan.values[value.index()];
            // Values that share a place share their numbers: the first of them names both.
            let root = |value: ValueId| match place(value) {
                Place::Buffer(_) => {
                    let own = &plan.steps;
                    let mut value = value;
                    while let Some(step) = value.node().filter(|step| !own.contains(step)) {
                        value = program.steps[step].inputs[0];
                    }
                    value.index()
                }
                _ => ValueId::INPUT.index(),
            };
            let check = |buffers: &[Content], value: ValueId| {
                if let Place::Buffer(buffer) = place(value) {
                    assert_eq!(buffers[buffer], Content::Value(root(value)), "{name}: value {}", value.index());
                    assert!(plan.buffers[buffer] >= program.shape(value).elements(), "{name}: too small");
                }
            };
            for step in plan.steps.iter().map(|step| &program.steps[*step]) {
                let Place::Buffer(buffer) = place(step.output) else { panic!("{name}: an output without a place") };
                let before = buffers.clone();
                buffers[buffer] = Content::Value(step.output.index());
                step.inputs.iter().for_each(|input| check(&buffers, *input));
                assert!(
                    plan.backward.is_empty() || before[buffer] == Content::Nothing,
                    "{name}: an activation is lost"
                );
            }
            check(&buffers, program.output);
            if let Some(buffer) = plan.loss_gradient {
                buffers[buffer] = Content::Gradient { of: root(program.output), readers: 1 };
                check(&buffers, program.output);
            }
            for planned in &plan.backward {
                let step = &program.steps[planned.step];
                let readers = plan.steps.iter().flat_map(|step| &program.steps[*step].inputs);
                let readers = readers.filter(|input| root(**input) == step.output.index()).count();
                let readers = readers + usize::from(root(program.output) == step.output.index());
                assert_eq!(
                    buffers[planned.output_gradient],
                    Content::Gradient { of: step.output.index(), readers },
                    "{name}: the gradient of `{}` must be complete",
                    step.name
                );
                for (target, input) in planned.input_gradients.iter().zip(&step.inputs) {
                    let of = root(*input);
                    match *target {
                        Target::Nobody => {}
                        Target::Write(buffer) => buffers[buffer] = Content::Gradient { of, readers: 1 },
                        Target::Add { aside, .. } => buffers[aside] = Content::Gradient { of, readers: 1 },
                    }
                }
                // While the step runs, all of this must be there at once.
                step.inputs.iter().chain([&step.output]).for_each(|value| check(&buffers, *value));
                assert!(
                    matches!(buffers[planned.output_gradient], Content::Gradient { of, .. } if of == step.output.index())
                );
                for target in &planned.input_gradients {
                    if let Target::Add { aside, sum } = *target {
                        match (buffers[aside], buffers[sum]) {
                            (Content::Gradient { of: a, readers: one }, Content::Gradient { of: b, readers })
                                if a == b =>
                            {
                                buffers[sum] = Content::Gradient { of: b, readers: readers + one };
                            }
                            contents => panic!("{name}: cannot add {contents:?}"),
                        }
                    }
                }
            }
        }
    }
}

#[test]
fn memory_is_reused() {
    let deep = program("[(conv 2 3x3 p1 -> tanh) x 10, flatten, linear 3]");
    let elements = INPUT.elements();
    // In evaluation two buffers take turns, and the smaller output fits into the free one.
    assert_eq!(plan::evaluation(&deep).buffers, [elements, elements]);
    // In training all twenty activations, the last one's copy as a vector and the logits live at the end of the forward
    // pass. Two gradients come on top, one in the buffer of the logits' own; all others take the places of activations.
    assert_eq!(plan::training(&deep).elements(), 23 * elements + 3);
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

/// Candle's autograd over the same kernels, in its own order and memory.
#[test]
fn gradients_are_those_of_the_candle_module() -> candle_core::Result<()> {
    let key = MaskKey { seed: 5, step: 0, place: 0 };
    let with_dropout = ("dropout", "[conv 4 3x3 p1 -> relu -> dropout 0.5, flatten, dropout 0.3, linear 3]");
    for (name, layers) in NETWORKS.into_iter().filter(|(name, _)| *name != "no weights").chain([with_dropout]) {
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
        let found = executor.step_gradients(&images, &LABELS, key);
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
const WIDE: &str = "input: [24, 16, 16]\nlayers: [conv 32 3x3 p1 -> conv 32 3x3 p1 -> flatten -> linear 3]";

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
