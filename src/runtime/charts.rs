//! Series for the charts pane, from the archive's headers and the stored spans.

use super::board::{Board, lock};
use super::events::{Charts, Marker, Series};
use aiobs_insight::{DRIFT_THRESHOLD, psi};
use aiobs_store::{Reader, StoreError};
use aiobs_types::{Level, LogQuery, Span, TemplateId, Timestamp, semconv};
use std::collections::HashMap;
use std::ops::ControlFlow;
use std::sync::atomic::AtomicBool;

/// Time shown, seconds.
const WINDOW: i64 = 60 * 60;
/// Buckets of the rates.
const BUCKETS: usize = 120;
/// Seconds per point of the drift.
const DRIFT_STEP: i64 = 60;
/// Records a window needs before its mix says anything.
const DRIFT_MIN: u64 = 200;
/// Most frequent templates told apart; the rest are one category.
const DRIFT_CATEGORIES: usize = 30;
/// Model calls shown.
const CALLS: usize = 500;

/// Draws everything for the hour of event time that ends with the newest record.
pub(crate) fn draw(reader: &mut Reader, board: &Board) -> Result<Charts, StoreError> {
    let totals = lock(&board.stats).totals;
    let end = totals.last.unwrap_or_default();
    let oldest = totals.first.unwrap_or(end);
    let start = Timestamp(end.plus(-WINDOW * 1_000_000_000).0.max(oldest.0));
    let bucket_secs = ((end.secs() - start.secs()) / BUCKETS as i64 + 1).max(1);
    let mut charts = Charts { bucket_secs: bucket_secs as u32, drift_threshold: DRIFT_THRESHOLD, ..Charts::default() };
    let stop = board.stop_flag();
    rates(reader, &mut charts, (start, end), bucket_secs, stop)?;
    calls(reader, &mut charts)?;
    drift(reader, &mut charts, (start, end), stop)?;
    charts.markers = lock(&board.incidents)
        .values()
        .filter(|i| i.first_seen >= start && i.first_seen <= end)
        .map(|i| Marker { time: i.first_seen, text: format!("{} {}", i.id, i.title) })
        .collect();
    let told = |m: &aiobs_types::Marker| Marker { time: m.time, text: m.text.clone() };
    charts.markers.extend(lock(&board.markers).iter().filter(|m| m.time >= start && m.time <= end).map(told));
    charts.markers.sort_by_key(|m| m.time);
    Ok(charts)
}

fn rates(
    reader: &mut Reader,
    charts: &mut Charts,
    (start, end): (Timestamp, Timestamp),
    bucket_secs: i64,
    stop: &AtomicBool,
) -> Result<(), StoreError> {
    let first = start.secs();
    let n = usize::try_from((end.secs() - first) / bucket_secs + 1).unwrap_or(1);
    let until = Timestamp::from_secs(first + n as i64 * bucket_secs);
    let histogram = reader.histogram(&LogQuery::default(), Timestamp::from_secs(first), until, n, stop)?;
    let series = |name: &str, levels: &[Level]| Series {
        name: name.to_owned(),
        points: histogram
            .iter()
            .enumerate()
            .map(|(i, counts)| {
                let sum: u64 = levels.iter().map(|l| counts[*l as usize]).sum();
                ((first + i as i64 * bucket_secs) as f64, sum as f64)
            })
            .collect(),
    };
    charts.rates = vec![
        series("error", &[Level::Error, Level::Fatal]),
        series("warn", &[Level::Warn]),
        series("info", &[Level::Unset, Level::Trace, Level::Debug, Level::Info]),
    ];
    Ok(())
}

fn calls(reader: &mut Reader, charts: &mut Charts) -> Result<(), StoreError> {
    let mut spans: Vec<Span> = reader
        .spans_since(Timestamp(0))?
        .into_iter()
        .filter(|s| s.attr_text(semconv::OPERATION) == Some("chat") && s.end.is_some())
        .collect();
    spans.sort_by_key(|s| s.start);
    let skip = spans.len().saturating_sub(CALLS);
    let spans = &spans[skip..];
    let at = |s: &Span| s.start.millis() as f64 / 1e3;
    let int = |s: &Span, name: &str| s.attr_int(name).unwrap_or(0) as f64;
    let series = |name: &str, value: &dyn Fn(&Span) -> f64| Series {
        name: name.to_owned(),
        points: spans.iter().map(|s| (at(s), value(s))).collect(),
    };
    if spans.is_empty() {
        return Ok(());
    }
    charts.tokens = vec![
        series("input", &|s| int(s, semconv::INPUT_TOKENS)),
        series("output", &|s| int(s, semconv::OUTPUT_TOKENS)),
    ];
    if spans.iter().any(|s| int(s, semconv::SAVED_TOKENS) > 0.0) {
        charts.tokens.push(series("saved by kept answers", &|s| int(s, semconv::SAVED_TOKENS)));
    }
    charts.latency = vec![series("seconds", &|s| s.end.map_or(0.0, |e| e.since(s.start) as f64 / 1e9))];
    let sums = |attribute: &str| -> Vec<(f64, f64)> {
        let mut sum = 0.0;
        let point = |s: &Span| {
            sum += match s.attr(attribute) {
                Some(aiobs_types::AttrValue::Float(v)) => *v,
                _ => 0.0,
            };
            (at(s), sum)
        };
        spans.iter().map(point).collect()
    };
    charts.cost = vec![Series { name: "US dollars, cumulated".to_owned(), points: sums(semconv::COST_USD) }];
    let saved = sums(semconv::SAVED_USD);
    if saved.last().is_some_and(|(_, sum)| *sum > 0.0) {
        charts.cost.push(Series { name: "saved by kept answers".to_owned(), points: saved });
    }
    Ok(())
}

/// PSI of each minute's template mix against the first half of the window.
fn drift(
    reader: &mut Reader,
    charts: &mut Charts,
    (start, end): (Timestamp, Timestamp),
    stop: &AtomicBool,
) -> Result<(), StoreError> {
    let first = start.secs().div_euclid(DRIFT_STEP);
    let steps = usize::try_from(end.secs().div_euclid(DRIFT_STEP) - first + 1).unwrap_or(1);
    if steps < 6 {
        "needs at least six minutes of logs".clone_into(&mut charts.drift_note);
        return Ok(());
    }
    let mut counts: Vec<HashMap<TemplateId, u64>> = vec![HashMap::new(); steps];
    let query = LogQuery { from: Some(start), to: Some(end.plus(1)), ..LogQuery::default() };
    reader.query(&query, stop, &mut |r| {
        let step = r.meta.time.secs().div_euclid(DRIFT_STEP) - first;
        if let Some(c) = usize::try_from(step).ok().and_then(|s| counts.get_mut(s)) {
            *c.entry(r.meta.template).or_default() += 1;
        }
        ControlFlow::Continue(())
    })?;
    let reference_steps = steps / 2;
    let mut reference: HashMap<TemplateId, u64> = HashMap::new();
    for minute in &counts[..reference_steps] {
        for (t, n) in minute {
            *reference.entry(*t).or_default() += n;
        }
    }
    let total: u64 = reference.values().sum();
    if total < DRIFT_MIN {
        charts.drift_note = format!("the reference window has {total} records, {DRIFT_MIN} are needed");
        return Ok(());
    }
    let mut top: Vec<(TemplateId, u64)> = reference.iter().map(|(t, n)| (*t, *n)).collect();
    top.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
    let ranks: HashMap<TemplateId, usize> =
        top.iter().take(DRIFT_CATEGORIES).enumerate().map(|(i, (t, _))| (*t, i)).collect();
    let mix = |counts: &HashMap<TemplateId, u64>| {
        let mut bins = vec![0u64; DRIFT_CATEGORIES + 2];
        for (t, n) in counts {
            // Known but rare templates share one bin, templates the reference never saw another.
            let rest = if reference.contains_key(t) { DRIFT_CATEGORIES } else { DRIFT_CATEGORIES + 1 };
            bins[ranks.get(t).copied().unwrap_or(rest)] += n;
        }
        bins
    };
    let expected = mix(&reference);
    let points = counts
        .iter()
        .enumerate()
        .filter(|(_, c)| c.values().sum::<u64>() >= DRIFT_MIN / 4)
        .filter_map(|(i, c)| Some((((first + i as i64) * DRIFT_STEP) as f64, psi(&expected, &mix(c))?)))
        .collect();
    charts.drift = vec![Series { name: "PSI of the template mix".to_owned(), points }];
    charts.drift_note = format!("each minute against the first {reference_steps} minutes shown");
    Ok(())
}
