//! Epochs whose images are drawn one by one, so that rare classes come as often as frequent ones.

use rand_chacha::ChaCha8Rng;

use crate::random::{below, unit};
use crate::recipe::Sampler;

/// As many examples as there are, each drawn by the weight of its class, with replacement; as PyTorch's
/// `WeightedRandomSampler` with the weights of the examples. `None` if only classes without examples may be drawn.
pub fn draw(sampler: &Sampler, labels: &[u32], numbers: &mut ChaCha8Rng) -> Option<Vec<usize>> {
    let mut by_class: Vec<Vec<usize>> = Vec::new();
    for (example, label) in labels.iter().enumerate() {
        let class = *label as usize;
        by_class.resize(by_class.len().max(class + 1), Vec::new());
        by_class[class].push(example);
    }
    // How likely a class is, times a factor that all have.
    let likely = |(class, examples): (usize, &Vec<usize>)| match sampler {
        Sampler::Weighted(weights) => weights.get(class).copied().unwrap_or(0.0) * examples.len() as f64,
        Sampler::Balanced if !examples.is_empty() => 1.0,
        _ => 0.0,
    };
    let mut up_to = Vec::with_capacity(by_class.len());
    let total = by_class.iter().enumerate().map(likely).fold(0.0, |sum, likely| {
        up_to.push(sum + likely);
        sum + likely
    });
    // A sum may reach the total before the last class that may be drawn.
    let last = up_to.partition_point(|sum| *sum < total);
    let one = |_| {
        let place = unit(numbers) * total;
        let class = up_to.partition_point(|sum| *sum <= place).min(last);
        by_class[class][below(numbers, by_class[class].len())]
    };
    (total > 0.0).then(|| (0..labels.len()).map(one).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, generator};

    #[test]
    fn classes_are_drawn_by_their_weights() {
        let labels: Vec<u32> = [0; 900].into_iter().chain([2; 90]).chain([3; 10]).collect();
        let weighted = |weights: &[f64]| Sampler::Weighted(weights.to_vec());
        for (sampler, expected) in [
            (Sampler::Balanced, [1.0 / 3.0, 0.0, 1.0 / 3.0, 1.0 / 3.0]),
            (weighted(&[1.0, 5.0, 1.0, 1.0]), [0.9, 0.0, 0.09, 0.01]),
            (weighted(&[0.0, 1.0, 1.0, 9.0]), [0.0, 0.0, 0.5, 0.5]),
            (weighted(&[1.0, 1.0, 10.0, 0.0]), [0.5, 0.0, 0.5, 0.0]),
        ] {
            let epochs = 20;
            let mut counts = [0; 4];
            for epoch in 0..epochs {
                let drawn = draw(&sampler, &labels, &mut generator(7, Purpose::Sample, epoch, 0)).expect("something");
                assert_eq!(drawn.len(), labels.len());
                assert_eq!(draw(&sampler, &labels, &mut generator(7, Purpose::Sample, epoch, 0)), Some(drawn.clone()));
                drawn.iter().for_each(|example| counts[labels[*example] as usize] += 1);
            }
            let images = (epochs as usize * labels.len()) as f64;
            for (count, expected) in counts.iter().zip(expected) {
                // Five standard deviations of so many draws.
                let tolerance = 5.0 * (expected * (1.0 - expected) / images).sqrt();
                let part = f64::from(*count) / images;
                assert!((part - expected).abs() <= tolerance, "{sampler:?}: {counts:?}");
            }
        }
        assert_eq!(draw(&weighted(&[0.0, 1.0, 0.0, 0.0]), &labels, &mut generator(7, Purpose::Sample, 0, 0)), None);
    }
}
