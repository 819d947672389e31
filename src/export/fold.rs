//! Batch norms as part of what comes before them: in evaluation each is a factor and a summand for every channel.
//!
//! conv → bn becomes a convolution whose weight is scaled and whose bias is the norm's, under the convolution's name;
//! likewise for transposed convolutions and linear layers. A norm whose input somebody else reads stays.

use std::mem;

use crate::program::op::BatchNorm;
use crate::program::{Op, Program, ProgramWeight, Step};

/// Folds what can be folded, in the program as it was lowered. Weights of norms that are gone are emptied; a bias that
/// was not there comes last.
pub fn fold_norms(program: &mut Program, weights: &mut Vec<Vec<f32>>) {
    let mut readers = vec![0usize; program.shapes.len()];
    readers[program.output.index()] += 1;
    program.steps.iter().flat_map(|step| &step.inputs).for_each(|input| readers[input.index()] += 1);
    let mut kept: Vec<Step> = Vec::with_capacity(program.steps.len());
    // The kept step that makes each value.
    let mut makers: Vec<Option<usize>> = vec![None; program.shapes.len()];
    for step in mem::take(&mut program.steps) {
        let maker = match (&step.op, step.inputs.as_slice()) {
            (Op::BatchNorm(norm), [input]) if readers[input.index()] == 1 => makers[input.index()].map(|at| (norm, at)),
            _ => None,
        };
        match maker {
            Some((norm, at)) if scales(&kept[at].op) => {
                fold(&mut kept[at], &step, norm, &mut program.weights, weights);
                makers[step.output.index()] = Some(at);
            }
            _ => {
                makers[step.output.index()] = Some(kept.len());
                kept.push(step);
            }
        }
    }
    program.steps = kept;
}

/// Whether its weight can take factors for the channels of its result.
fn scales(op: &Op) -> bool {
    matches!(op, Op::Conv2d(_) | Op::ConvTranspose2d(_) | Op::Linear)
}

/// y = γ·(w·x + b − mean)/√(variance + ε) + β, worked out in double precision.
fn fold(
    step: &mut Step,
    norm: &Step,
    BatchNorm { eps, affine, .. }: &BatchNorm,
    declared: &mut Vec<ProgramWeight>,
    weights: &mut Vec<Vec<f32>>,
) {
    let mut taken = norm.weights.iter().map(|index| mem::take(&mut weights[*index]));
    let mut next = || taken.next().unwrap_or_default();
    let affine = affine.then(|| [next(), next()]);
    let [mean, variance] = [next(), next()];
    drop(taken);
    let bias = step.weights.get(1).map(|index| weights[*index].clone());
    let (mut factors, mut summands) = (Vec::with_capacity(mean.len()), Vec::with_capacity(mean.len()));
    for channel in 0..mean.len() {
        let of = |values: &Vec<f32>| f64::from(values[channel]);
        let (gamma, beta) = affine.as_ref().map_or((1.0, 0.0), |[gamma, beta]| (of(gamma), of(beta)));
        let factor = gamma / (of(&variance) + eps).sqrt();
        factors.push(factor);
        summands.push(((bias.as_ref().map_or(0.0, of) - of(&mean)) * factor + beta) as f32);
    }
    let weight = step.weights[0];
    scale(&step.op, &declared[weight].shape, &factors, &mut weights[weight]);
    match step.weights.get(1) {
        Some(bias) => weights[*bias] = summands,
        None => {
            let name = match declared[weight].name.rsplit_once('.') {
                Some((owner, _)) => format!("{owner}.bias"),
                None => "bias".to_owned(),
            };
            let shape = vec![summands.len()];
            step.weights.push(declared.len());
            declared.push(ProgramWeight { name, shape, ..declared[weight].clone() });
            weights.push(summands);
        }
    }
    step.output = norm.output;
}

/// Multiplies what makes each channel.
fn scale(op: &Op, shape: &[usize], factors: &[f64], weight: &mut [f32]) {
    let (groups, each) = match op {
        // I×(O/groups)×H×W: the channels that a row makes begin where its group does.
        Op::ConvTranspose2d(convolution) => (convolution.0.groups, shape[2] * shape[3]),
        _ => {
            let each = shape[1..].iter().product();
            rows(weight, each, factors.iter());
            return;
        }
    };
    let rows_of_group = shape[0] / groups;
    for (row, weight) in weight.chunks_exact_mut(shape[1] * each).enumerate() {
        let first = row / rows_of_group * shape[1];
        rows(weight, each, factors[first..].iter());
    }
}

fn rows<'a>(weight: &mut [f32], each: usize, factors: impl Iterator<Item = &'a f64>) {
    for (row, factor) in weight.chunks_exact_mut(each).zip(factors) {
        row.iter_mut().for_each(|value| *value = (f64::from(*value) * factor) as f32);
    }
}

#[cfg(test)]
mod tests {
    use super::fold_norms;
    use crate::compile;
    use crate::executor::Executor;
    use crate::lower::lower;
    use crate::program::Op;

    /// Numbers between −1 and 1, none of them round.
    fn numbers(seed: usize, count: usize) -> Vec<f64> {
        (0..count).map(|at| ((seed * 7919 + at * 104_729) as f64 * 0.618_034).fract() * 2.0 - 1.0).collect()
    }

    /// Without its norms a network gives what it gave with them.
    #[test]
    fn gives_the_same_numbers() {
        for (layers, norms) in [
            ("conv 4 3x3 bias=false -> bn -> relu", 0),
            ("conv 4 3x3 g2 -> bn -> relu -> bn", 1),
            ("conv_transpose 6 3x3 s2 g2 bias=false -> bn", 0),
            ("conv_transpose 6 2x2 s2 -> bn affine=false", 0),
            ("flatten -> linear 5 -> bn -> linear 3 bias=false -> bn eps=0.1", 0),
            // Somebody else reads what is normalised.
            ("conv 4 3x3 as a -> bn as b, {from: [a, b], merge: add}", 1),
            ("conv 4 1x1 as a, from: a", 0),
        ] {
            let network = compile(&format!("input: [2, 6, 6]\nlayers: [{layers}]"));
            let program = lower(&network.unwrap_or_else(|errors| panic!("{layers}: {errors}")));
            let values: Vec<Vec<f32>> = program
                .weights
                .iter()
                .enumerate()
                .map(|(index, weight)| {
                    let positive = weight.name.ends_with("running_var");
                    let value = |number: f64| if positive { number.abs() + 0.1 } else { number } as f32;
                    numbers(index + 1, weight.elements()).into_iter().map(value).collect()
                })
                .collect();
            let image: Vec<f64> = numbers(99, program.shapes[0].elements());
            let run = |program, weights: &[Vec<f32>]| {
                let weights = weights.iter().map(|values| values.iter().map(|value| f64::from(*value)).collect());
                Executor::<f64>::new(program, weights.collect()).evaluate(&image).to_vec()
            };
            let expected = run(program.clone(), &values);
            let (mut folded, mut weights) = (program, values);
            fold_norms(&mut folded, &mut weights);
            let left = folded.steps.iter().filter(|step| matches!(step.op, Op::BatchNorm(_))).count();
            assert_eq!(left, norms, "{layers}");
            // What is gone belongs to nobody, which a program must not have.
            let used: Vec<usize> = folded.steps.iter().flat_map(|step| step.weights.clone()).collect();
            let places: Vec<usize> = (0..folded.weights.len()).filter(|index| used.contains(index)).collect();
            for step in &mut folded.steps {
                for index in &mut step.weights {
                    *index = places.iter().position(|place| place == index).expect("it is used");
                }
            }
            folded.weights = places.iter().map(|place| folded.weights[*place].clone()).collect();
            let weights: Vec<Vec<f32>> = places.iter().map(|place| weights[*place].clone()).collect();
            let found = run(folded, &weights);
            let largest = expected.iter().fold(0.0f64, |largest, x| largest.max(x.abs()));
            for (found, expected) in found.iter().zip(&expected) {
                assert!((found - expected).abs() < 1e-5 * largest, "{layers}: {found} for {expected}");
            }
        }
    }
}
