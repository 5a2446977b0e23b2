//! One series at a time.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::*;
use crate::trial::Dice;

const T: Tuning = Tuning::TROUBLE;

/// Closes buckets of Poisson counts of this mean; what was told.
fn run(model: &mut RateModel, dice: &mut Dice, from: i64, buckets: i64, mean: f64) -> Vec<(i64, Turn)> {
    (from..from + buckets).filter_map(|b| Some((b, model.close(f64::from(dice.poisson(mean)), b, &T)?.turn))).collect()
}

#[test]
fn a_burst_is_told_once_with_what_is_usual() {
    let (mut model, mut dice) = (RateModel::default(), Dice::new(1));
    assert_eq!(run(&mut model, &mut dice, 0, 400, 1.0), []);
    let change = model.early(214.0, 400, &T).unwrap();
    assert_eq!((change.turn, change.count, change.usual.0), (Turn::Burst, 214.0, 0.0));
    assert!(change.usual.1 <= 8.0, "{change:?}");
    assert_eq!(model.early(300.0, 400, &T), None);
    assert_eq!(model.close(400.0, 400, &T), None);
}

#[test]
fn an_incident_does_not_teach_that_it_is_usual() {
    let (mut model, mut dice) = (RateModel::default(), Dice::new(2));
    run(&mut model, &mut dice, 0, 400, 2.0);
    let before = model.mean(400, &T);
    assert!(!run(&mut model, &mut dice, 400, 60, 300.0).is_empty());
    assert!(model.mean(400, &T) < before * 1.3, "{} {before}", model.mean(400, &T));
    run(&mut model, &mut dice, 460, 60, 2.0);
    assert!(model.early(300.0, 520, &T).is_some(), "the second is found too");
}

#[test]
fn what_stays_is_the_new_usual() {
    let (mut model, mut dice) = (RateModel::default(), Dice::new(3));
    run(&mut model, &mut dice, 0, 400, 5.0);
    let told = run(&mut model, &mut dice, 400, 600, 50.0);
    assert_eq!(told.iter().map(|t| t.1).collect::<Vec<_>>(), [Turn::Burst, Turn::Usual]);
    assert!((model.mean(1000, &T) - 50.0).abs() < 10.0, "{}", model.mean(1000, &T));
}

#[test]
fn a_short_history_says_nothing() {
    let (mut model, mut dice) = (RateModel::default(), Dice::new(4));
    assert_eq!(run(&mut model, &mut dice, 0, 20, 1.0), []);
    assert_eq!(model.early(500.0, 20, &T), None);
    let mut silent = RateModel::silent(400);
    assert!(silent.early(20.0, 0, &T).is_some(), "silence is a history");
}

#[test]
fn bursts_that_come_again_and_again_are_usual() {
    let (mut model, mut dice) = (RateModel::default(), Dice::new(5));
    let mut told = Vec::new();
    for round in 0..12 {
        told.extend(run(&mut model, &mut dice, round * 120, 119, 0.5));
        let change = model.close(40.0, round * 120 + 119, &T);
        told.extend(change.filter(|c| c.turn == Turn::Burst).map(|c| (round * 120 + 119, c.turn)));
    }
    let bursts: Vec<i64> = told.iter().filter(|t| t.1 == Turn::Burst).map(|t| t.0 / 120).collect();
    assert!(bursts.iter().all(|round| *round <= 3), "{bursts:?}");
}

#[test]
fn silence_is_odd_where_it_is_not_usual() {
    let (mut model, mut dice) = (RateModel::default(), Dice::new(6));
    run(&mut model, &mut dice, 0, 500, 10.0);
    assert!(model.silence_is_odd(10, 500, &T) && !model.silence_is_odd(1, 500, &T));
    let mut rare = RateModel::default();
    run(&mut rare, &mut dice, 0, 500, 0.05);
    assert!(!rare.silence_is_odd(50, 500, &T));
}

#[test]
fn many_empty_buckets_at_once_are_as_one_by_one() {
    let (mut one, mut many) = (RateModel::default(), RateModel::default());
    for model in [&mut one, &mut many] {
        for b in 0..200 {
            model.close((b % 3) as f64, b, &T);
        }
    }
    for b in 200..205 {
        one.close(0.0, b, &T);
    }
    many.idle(5, &T);
    assert!((one.mean(205, &T) - many.mean(205, &T)).abs() < 0.1);
    many.idle(u32::MAX, &T);
    assert!(many.mean(0, &T) < 1e-6);
}

proptest::proptest! {
    #[test]
    fn no_counts_break_it(counts in proptest::collection::vec((0u32..u32::MAX, 0u32..500, -5i64..5), 1..200)) {
        let mut model = RateModel::default();
        let mut at = 0;
        for (count, idle, step) in counts {
            at += step * 70;
            model.idle(idle, &T);
            model.early(f64::from(count), at, &T);
            model.close(f64::from(count), at, &T);
            let (mean, scatter) = (model.mean(at, &T), model.dispersion());
            proptest::prop_assert!(mean.is_finite() && mean >= 0.0 && scatter.is_finite() && scatter >= 1.0);
        }
    }
}
