use super::*;

/// From `tests/fixtures/multilabel.py`: what scikit-learn makes of logits.
const FIXTURE: &str = include_str!("../../../../tests/fixtures/multilabel.txt");

/// In batches, the last of which is smaller.
fn judged(labels: usize, has: &[f32], logits: &[f32], thresholds: &[f64]) -> LabelsEvaluation {
    let mut judge = Box::new(LabelsJudge::new(labels, thresholds));
    for (index, (logits, has)) in logits.chunks(7 * labels).zip(has.chunks(7 * labels)).enumerate() {
        let examples: Vec<usize> = (7 * index..).take(has.len() / labels).collect();
        let batch = Batch { targets: has.to_vec(), examples, ..Batch::default() };
        judge.add(logits, &batch).expect("they are few");
    }
    match judge.verdict(Vec::new()) {
        Evaluation::Labels(evaluation) => evaluation,
        other => panic!("{other:?}"),
    }
}

#[test]
fn measures_are_scikit_learns() {
    for line in FIXTURE.lines() {
        let number = |word: &str| if word == "-" { f64::NAN } else { word.parse().expect("a number") };
        let parts: Vec<Vec<f64>> = line.split(" | ").map(|part| part.split(' ').map(number).collect()).collect();
        let labels = parts[0][0] as usize;
        let [has, logits] = [1, 2].map(|part: usize| parts[part].iter().map(|value| *value as f32).collect::<Vec<_>>());
        let evaluation = judged(labels, &has, &logits, &parts[3]);
        let same = |found: f64, expected: f64| (found - expected).abs() < 1e-12 || found.is_nan() && expected.is_nan();
        for (measure, part) in [
            (Measure::Loss, 4),
            (Measure::Accuracy, 5),
            (Measure::MeanPrecision, 6),
            (Measure::MacroF1, 7),
            (Measure::Auroc, 8),
        ] {
            let found = evaluation.measured(measure);
            assert!(same(found, parts[part][0]), "{measure}: {found}, {line}");
        }
        let best = judged(labels, &has, &logits, &[]);
        for (label, result) in evaluation.labels.iter().enumerate() {
            let best = Some(best.labels[label].f1()).filter(|_| result.images > 0);
            for (part, found) in [
                (9, result.average_precision),
                (10, result.auroc),
                (11, Some(result.precision())),
                (12, Some(result.recall())),
                (13, best),
            ] {
                let found = found.unwrap_or(f64::NAN);
                assert!(same(found, parts[part][label]), "{part}, label {label}: {found}, {line}");
            }
        }
    }
    assert_eq!(FIXTURE.lines().count(), 6);
}

#[test]
fn thresholds_lie_between_images() {
    let chosen = |list: &[(f64, bool)]| best_threshold(list.to_vec(), list.iter().filter(|(_, has)| *has).count());
    for (list, expected) in [
        (&[(0.9, true), (0.8, true), (0.4, false)][..], 0.6),
        (&[(0.4, false), (0.9, true), (0.8, true)], 0.6),
        // Equal ones are on the same side.
        (&[(0.75, true), (0.75, false), (0.25, true), (0.25, false)], 0.125),
        (&[(0.5, true)], 0.25),
        // Nothing is known of a label that no image has.
        (&[(0.9, false), (0.2, false)], 0.5),
        (&[], 0.5),
    ] {
        assert!((chosen(list) - expected).abs() < 1e-15, "{list:?}: {}", chosen(list));
    }
}

#[test]
fn mistakes_are_those_with_the_largest_losses() {
    let has = [1.0, 0.0, 0.0, 1.0, 1.0, 1.0, 0.0, 0.0];
    let logits = [3.0, -3.0, 2.0, 5.0, -4.0, 4.0, -1.0, -1.0];
    let evaluation = judged(2, &has, &logits, &[0.5, 0.5]);
    assert_eq!((evaluation.images, evaluation.correct), (4, 2));
    let found: Vec<(usize, &[u32], &[u32])> = evaluation
        .mistakes
        .iter()
        .map(|guess| (guess.example, guess.labels.as_slice(), guess.taken_for.as_slice()))
        .collect();
    assert_eq!(found, [(2, &[0, 1][..], &[1][..]), (1, &[1], &[0, 1])]);
    assert_eq!(evaluation.sample.len(), 4);
    // What is written can be read again, as what it is.
    let text = serde_json::to_string(&Evaluation::Labels(evaluation.clone())).expect("plain data becomes JSON");
    let read: Evaluation = serde_json::from_str(&text).expect("it was written here");
    assert!(matches!(read, Evaluation::Labels(read) if read.labels == evaluation.labels), "{text}");
}

#[test]
fn what_is_no_number_is_right_about_nothing() {
    let evaluation = judged(2, &[1.0, 0.0, 0.0, 1.0], &[f32::NAN, -1.0, 2.0, 3.0], &[]);
    assert_eq!(evaluation.correct, 0);
    let [first, second] = evaluation.labels[..] else { panic!("two labels") };
    assert_eq!((first.average_precision, first.auroc, first.threshold), (None, None, USUAL_THRESHOLD));
    assert_eq!((second.average_precision, second.auroc), (Some(1.0), Some(1.0)));
    let nothing = judged(2, &[], &[], &[]);
    assert!(nothing.measured(Measure::Loss).is_nan() && nothing.measured(Measure::MeanPrecision).is_nan());
}
