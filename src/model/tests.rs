use candle_core::{DType, Device, Tensor, Var};
use candle_nn::{AdamW, ModuleT, Optimizer, ParamsAdamW, SGD, loss::cross_entropy};

use super::Model;
use crate::executor::Executor;
use crate::ir::{Init, Pair, Shape, ValueId, Window};
use crate::kernels::MaskKey;
use crate::lower::lower;
use crate::program::{Activation, Epilogue, Op, Program, ProgramWeight, Step, op};
use crate::random::initial_weights;

const SEED: u64 = 3;
const BATCH: usize = 4;
const INPUT: Shape = Shape::map(2, 7, 6);
const LABELS: [u32; BATCH] = [2, 0, 4, 1];

/// Adds steps to a program.
struct Builder(Program);

impl Builder {
    fn step(&mut self, op: Op, inputs: &[ValueId], output: Shape, weights: &[(&str, &[usize], Init, bool)]) -> ValueId {
        let program = &mut self.0;
        let (index, first) = (program.steps.len(), program.weights.len());
        program.weights.extend(weights.iter().map(|(name, shape, init, trainable)| ProgramWeight {
            name: format!("{index}.{name}"),
            shape: shape.to_vec(),
            init: *init,
            frozen: false,
            trainable: *trainable,
        }));
        let value = ValueId::of_node(index);
        program.shapes.push(output);
        program.steps.push(Step {
            name: index.to_string(),
            op,
            epilogue: Epilogue::NONE,
            inputs: inputs.to_vec(),
            output: value,
            weights: (first..program.weights.len()).collect(),
        });
        program.output = value;
        value
    }
}

/// conv → bn → relu → maxpool, a residual convolution, a gate, a concatenation of three, dropout, linear.
fn program() -> Program {
    let mut builder = Builder(Program { shapes: vec![INPUT], steps: vec![], weights: vec![], output: ValueId::INPUT });
    let one = Pair::square(1);
    let conv = Op::Conv2d(op::Conv2d {
        window: Window { kernel: Pair::square(3), stride: one, padding: one, dilation: one, ceil: false },
        groups: 1,
    });
    let normal = Init::Normal { mean: 0.0, std: 0.3 };
    let (wide, narrow, gate) = (Shape::map(3, 7, 6), Shape::map(3, 4, 3), Shape::map(3, 1, 1));
    let bn = [
        ("weight", [3].as_slice(), Init::Uniform { bound: 1.0 }, true),
        ("bias", &[3], normal, true),
        ("running_mean", &[3], Init::Constant(0.0), false),
        ("running_var", &[3], Init::Constant(1.0), false),
    ];
    let x = builder.step(conv.clone(), &[ValueId::INPUT], wide, &[("weight", &[3, 2, 3, 3], normal, true)]);
    let x = builder.step(Op::BatchNorm(op::BatchNorm { eps: 1e-5, momentum: 0.1, affine: true }), &[x], wide, &bn);
    let x = builder.step(Op::Activation(Activation::Relu), &[x], wide, &[]);
    let pool = Window { kernel: Pair::square(3), stride: Pair::square(2), padding: one, dilation: one, ceil: false };
    let pooled = builder.step(Op::MaxPool2d(op::MaxPool2d { window: pool }), &[x], narrow, &[]);
    let weights = [("weight", [3, 3, 3, 3].as_slice(), normal, true), ("bias", &[3], normal, true)];
    let x = builder.step(conv, &[pooled], narrow, &weights);
    let sum = builder.step(Op::Add, &[x, pooled, pooled], narrow, &[]);
    let x = builder.step(Op::AdaptiveAvgPool2d, &[sum], gate, &[]);
    let x = builder.step(Op::Activation(Activation::Sigmoid), &[x], gate, &[]);
    let x = builder.step(Op::Mul, &[x, sum], narrow, &[]);
    let x = builder.step(Op::Concat, &[x, pooled, sum], Shape::map(9, 4, 3), &[]);
    let x = builder.step(Op::Flatten, &[x], Shape::Vector(108), &[]);
    let x = builder.step(Op::Dropout(op::Dropout { p: 0.25 }), &[x], Shape::Vector(108), &[]);
    let weights = [("weight", [5, 108].as_slice(), normal, true), ("bias", &[5], normal, true)];
    builder.step(Op::Linear, &[x], Shape::Vector(5), &weights);
    builder.0
}

fn model(dtype: DType) -> Model {
    let program = program();
    let weights: Vec<Tensor> = initial_weights::<f64>(&program, SEED)
        .into_iter()
        .zip(&program.weights)
        .map(|(values, weight)| Tensor::from_vec(values, weight.shape.as_slice(), &Device::Cpu)?.to_dtype(dtype))
        .collect::<candle_core::Result<_>>()
        .expect("weights have their sizes");
    Model::new(program, &weights, SEED).expect("weights fit")
}

fn images(dtype: DType) -> Tensor {
    let values: Vec<f64> = (0..BATCH * INPUT.elements()).map(|index| (index as f64 * 0.7).sin()).collect();
    Tensor::from_vec(values, (BATCH, 2, 7, 6), &Device::Cpu).and_then(|t| t.to_dtype(dtype)).expect("sizes agree")
}

fn numbers(tensor: &Tensor) -> Vec<f64> {
    tensor.flatten_all().and_then(|t| t.to_dtype(DType::F64)).and_then(|t| t.to_vec1()).expect("it is a tensor")
}

fn labels() -> Tensor {
    Tensor::new(&LABELS, &Device::Cpu).expect("labels are numbers")
}

#[track_caller]
fn assert_close(found: &[f64], expected: &[f64]) {
    let largest = expected.iter().fold(0.0f64, |largest, value| largest.max(value.abs()));
    let error = found.iter().zip(expected).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
    assert!(found.len() == expected.len() && error <= 1e-12 * largest, "{found:?}\n{expected:?}");
}

/// Candle's autograd must come to the same as the executor, which calls the same kernels in its own order.
#[test]
fn agrees_with_the_executor() {
    let model = model(DType::F64);
    let mut executor = Executor::new(program(), initial_weights::<f64>(&program(), SEED));
    for step in 0..2 {
        let loss = cross_entropy(&model.forward_t(&images(DType::F64), true).unwrap(), &labels()).unwrap();
        let key = MaskKey { seed: SEED, step, place: 0 };
        let expected = executor.step_gradients(&numbers(&images(DType::F64)), &LABELS, key);
        assert_close(&numbers(&loss), &[expected.loss]);
        let gradients = loss.backward().unwrap();
        for ((weight, var), expected) in model.weights().zip(executor.gradients()) {
            match gradients.get(var) {
                Some(gradient) => assert_close(&numbers(gradient), expected),
                None => assert!(!weight.trainable, "`{}` has no gradient", weight.name),
            }
        }
        for ((_, var), expected) in model.weights().zip(executor.weights()) {
            assert_close(&numbers(var), expected);
        }
    }
    let logits = model.forward_t(&images(DType::F64), false).unwrap();
    assert_close(&numbers(&logits), executor.evaluate(&numbers(&images(DType::F64))));
}

#[test]
fn is_trained_by_candles_optimizers() {
    let loss = |model: &Model, train| cross_entropy(&model.forward_t(&images(DType::F32), train).unwrap(), &labels());
    let losses = |model: Model, mut step: Box<dyn FnMut(&Tensor)>| {
        let before = numbers(&loss(&model, false).unwrap())[0];
        (0..20).for_each(|_| step(&loss(&model, true).unwrap()));
        (before, numbers(&loss(&model, false).unwrap())[0])
    };
    let (first, second) = (model(DType::F32), model(DType::F32));
    let mut sgd = SGD::new(first.vars(), 0.02).unwrap();
    let mut adam = AdamW::new(second.vars(), ParamsAdamW { lr: 0.02, ..Default::default() }).unwrap();
    for (before, after) in [
        losses(first, Box::new(move |loss| sgd.backward_step(loss).unwrap())),
        losses(second, Box::new(move |loss| adam.backward_step(loss).unwrap())),
    ] {
        assert!(after < 0.5 * before, "{before} became {after}");
    }
}

/// The images may be strided, and may have a gradient themselves.
#[test]
fn differentiates_images_that_lie_across() {
    let lying = images(DType::F64).permute((3, 2, 1, 0)).and_then(|t| t.contiguous()).unwrap();
    let var = Var::from_tensor(&lying).unwrap();
    let logits = model(DType::F64).forward_t(&var.permute((3, 2, 1, 0)).unwrap(), false).unwrap();
    let straight = Var::from_tensor(&images(DType::F64)).unwrap();
    let expected = model(DType::F64).forward_t(&straight, false).unwrap();
    assert_close(&numbers(&logits), &numbers(&expected));
    let gradient = |output: &Tensor, var: &Var| {
        let gradients = output.sqr().and_then(|t| t.sum_all()).and_then(|t| t.backward()).unwrap();
        gradients.get(var).unwrap().clone()
    };
    let back = gradient(&logits, &var).permute((3, 2, 1, 0)).unwrap();
    assert_close(&numbers(&back), &numbers(&gradient(&expected, &straight)));
}

#[test]
fn says_what_does_not_fit() {
    let zeros = |sizes: &[usize], dtype| Tensor::zeros(sizes, dtype, &Device::Cpu).unwrap();
    for (images, train, expected) in [
        (zeros(&[4, 2, 6, 7], DType::F32), true, "the network reads images N×2×7×6, not [4, 2, 6, 7]"),
        (zeros(&[2, 7, 6], DType::F32), true, "the network reads images N×2×7×6, not [2, 7, 6]"),
        (zeros(&[0, 2, 7, 6], DType::F32), true, "the network reads images N×2×7×6, not [0, 2, 7, 6]"),
        (zeros(&[4, 2, 7, 6], DType::U8), false, "`conv2d` computes in f32 and f64 only"),
        (zeros(&[4, 2, 7, 6], DType::F64), false, "unexpected dtype, expected: F64, got: F32"),
    ] {
        let error = model(DType::F32).forward_t(&images, train).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[test]
fn starts_as_the_seed_says() {
    let network =
        crate::compile("input: [2, 6, 6]\nlayers: [conv 3 3x3 -> bn -> relu -> flatten -> linear 4]").unwrap();
    let weights = |seed| -> Vec<Vec<f32>> {
        let model = network.build(&Device::Cpu, seed).unwrap();
        model.weights().map(|(_, var)| var.flatten_all().unwrap().to_vec1().unwrap()).collect()
    };
    assert_eq!(weights(1), initial_weights::<f32>(&lower(&network), 1));
    assert_ne!(weights(1), weights(2));
}

#[test]
fn goes_through_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("weights.safetensors");
    let (first, second) = (model(DType::F32), model(DType::F32));
    // Moves the running statistics and the weights.
    let loss = cross_entropy(&first.forward_t(&images(DType::F32), true).unwrap(), &labels()).unwrap();
    SGD::new(first.vars(), 0.1).unwrap().backward_step(&loss).unwrap();
    let logits = |model: &Model| numbers(&model.forward_t(&images(DType::F32), false).unwrap());
    assert_ne!(logits(&first), logits(&second));
    first.save(&path).unwrap();
    second.load(&path).unwrap();
    assert_eq!(logits(&first), logits(&second));

    let other = crate::compile("input: [2, 7, 6]\nlayers: [flatten -> linear 5]").unwrap();
    other.build(&Device::Cpu, 1).unwrap().save(&path).unwrap();
    assert!(second.load(&path).unwrap_err().to_string().contains("weights.safetensors"));
    assert_eq!(logits(&first), logits(&second));
}
