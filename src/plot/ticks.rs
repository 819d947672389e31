//! Where an axis has its numbers.

/// An axis from `low` to `high` with marks at round numbers, `low` and `high` among them.
#[derive(Debug, Clone, PartialEq)]
pub struct Scale {
    pub low: f64,
    pub high: f64,
    /// Between two marks: 1, 2 or 5 times a power of ten.
    pub step: f64,
}

impl Scale {
    /// One that holds `values`, as far as they are finite, with about `marks` marks. Without any it goes from 0 to 1.
    pub fn holding(values: impl Iterator<Item = f64>, marks: usize) -> Scale {
        let finite = values.filter(|value| value.is_finite());
        let (low, high) = finite.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), x| (low.min(x), high.max(x)));
        let (low, high) = match (low.is_finite(), low == high) {
            (false, _) => (0.0, 1.0),
            // All values are the same: the axis begins at 0, or shows that it is there.
            (true, true) if low == 0.0 => (0.0, 1.0),
            (true, true) => (low.min(0.0), high.max(0.0)),
            (true, false) => (low, high),
        };
        let step = round(((high / 2.0 - low / 2.0) / marks.max(1) as f64) * 2.0);
        let bounded = |value: f64| value.clamp(f64::MIN, f64::MAX);
        Scale { low: bounded((low / step).floor() * step), high: bounded((high / step).ceil() * step), step }
    }

    /// One for whole numbers such as epochs, from the first to the last.
    pub fn counting(first: f64, last: f64, marks: usize) -> Scale {
        let step = round((last - first) / marks.max(1) as f64).max(1.0);
        Scale { low: first, high: last.max(first + 1.0), step }
    }

    /// The numbers with a mark.
    pub fn marks(&self) -> Vec<f64> {
        let first = (self.low / self.step - 1e-9).ceil();
        let count = (self.high / self.step - first + 1e-9).floor().clamp(0.0, 100.0) as usize;
        (0..=count).map(|index| (first + index as f64) * self.step).collect()
    }

    /// Where a value is, from 0 to 1.
    pub fn part(&self, value: f64) -> f64 {
        // Halves, so that no difference is infinite.
        (value / 2.0 - self.low / 2.0) / (self.high / 2.0 - self.low / 2.0)
    }

    /// A mark's number, with as many decimals as tell it from its neighbours.
    pub fn label(&self, mark: f64) -> String {
        let mark = if mark.abs() < self.step / 2.0 { 0.0 } else { mark };
        let exponent = self.step.log10().floor();
        if !(-4.0..5.0).contains(&exponent) {
            return if mark == 0.0 { "0".to_owned() } else { format!("{mark:.1e}") };
        }
        format!("{mark:.*}", (-exponent).max(0.0) as usize)
    }
}

/// The largest distance between two marks: what is next to it is a number as well.
const LARGEST: f64 = 1e308;

/// The next of 1, 2 and 5 times a power of ten.
fn round(step: f64) -> f64 {
    if !(f64::MIN_POSITIVE..=LARGEST).contains(&step) {
        return 1.0;
    }
    let power = 10f64.powf(step.log10().floor());
    // A little less than they are: 0.2/0.1 may be 2.0000000000000004.
    let factor = [1.0, 2.0, 5.0].into_iter().find(|factor| step / power <= factor * (1.0 + 1e-9)).unwrap_or(10.0);
    factor * power
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_round_numbers() {
        for (values, expected) in [
            (vec![0.0, 1.0], "0.0 0.2 0.4 0.6 0.8 1.0"),
            (vec![0.03, 0.98, f64::NAN], "0.0 0.2 0.4 0.6 0.8 1.0"),
            (vec![97.2, 98.6], "97.0 97.5 98.0 98.5 99.0"),
            (vec![-1.0, 2.5], "-1 0 1 2 3"),
            (vec![0.0, 0.0], "0.0 0.2 0.4 0.6 0.8 1.0"),
            (vec![4.0], "0 1 2 3 4"),
            (vec![-4.0], "-4 -3 -2 -1 0"),
            (vec![], "0.0 0.2 0.4 0.6 0.8 1.0"),
            (vec![0.0, 3e-7], "0 1.0e-7 2.0e-7 3.0e-7"),
            (vec![0.0, 3.1e8], "0 1.0e8 2.0e8 3.0e8 4.0e8"),
            (vec![f64::INFINITY, 2.0, 3.0], "2.0 2.2 2.4 2.6 2.8 3.0"),
        ] {
            let scale = Scale::holding(values.iter().copied(), 5);
            let labels: Vec<String> = scale.marks().into_iter().map(|mark| scale.label(mark)).collect();
            assert_eq!(labels.join(" "), expected, "{values:?}");
        }
        for (first, last, expected) in [(1.0, 5.0, "1 2 3 4 5"), (1.0, 50.0, "10 20 30 40 50"), (1.0, 1.0, "1 2")] {
            let scale = Scale::counting(first, last, 6);
            let labels: Vec<String> = scale.marks().into_iter().map(|mark| scale.label(mark)).collect();
            assert_eq!(labels.join(" "), expected);
        }
    }

    /// Whatever the numbers, there is a chart.
    #[test]
    fn extreme_numbers_have_a_place() {
        for values in
            [[f64::MAX, f64::MIN], [f64::MIN_POSITIVE, 0.0], [1e300, 1e300], [1e308, 50.0], [1.0, 1.0 + f64::EPSILON]]
        {
            let scale = Scale::holding(values.into_iter(), 5);
            for value in values {
                assert!((-0.1..=1.1).contains(&scale.part(value)), "{value} of {values:?} in {scale:?}");
            }
            let most = if values[0] > 1e299 { 12 } else { 101 };
            assert!(scale.marks().len() <= most, "{values:?}");
        }
    }
}
