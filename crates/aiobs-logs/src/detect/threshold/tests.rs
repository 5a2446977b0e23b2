//! Conditions as written, and limits that break.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::*;
use aiobs_types::NewRecord;

fn limit(condition: &str) -> Thresholds {
    Thresholds::new(&[ThresholdConfig {
        name: "slow".into(),
        condition: Condition::parse(condition).unwrap(),
        component: String::new(),
        level: Level::Error,
    }])
}

fn batch(lines: &[(i64, Severity, String)]) -> RecordBatch {
    let mut batch = RecordBatch::new(RecordId(1));
    for (second, severity, text) in lines {
        batch.push(NewRecord {
            time: Timestamp::from_secs(*second),
            observed: Timestamp(0),
            offset: 0,
            source: SourceId(1),
            template: TemplateId(1),
            severity: *severity,
            flags: 0,
            component: "web",
            text,
            message: (0, text.len() as u32),
        });
    }
    batch
}

fn latencies(seconds: std::ops::Range<i64>, form: &str, value: &dyn Fn(i64) -> i64) -> RecordBatch {
    let line = |s: i64| (s, Severity::INFO, form.replace("{}", &value(s).to_string()));
    batch(&seconds.map(line).collect::<Vec<_>>())
}

#[test]
fn conditions_are_read() {
    let c = Condition::parse("latency_ms p95>500 for 5m").unwrap();
    let metric = Metric::Field { name: "latency_ms".into(), stat: Stat::Quantile(0.95) };
    assert_eq!((c.metric, c.above, c.at_limit, c.limit, c.hold), (metric, true, false, 500.0, 300));
    let c = Condition::parse("errors per minute >= 10").unwrap();
    assert_eq!((c.metric, c.at_limit, c.hold), (Metric::Records { least: Level::Error, per: 60 }, true, 0));
    assert_eq!(Condition::parse("latency_ms > 1.5s").unwrap().limit, 1500.0);
    assert_eq!(Condition::parse("free < 5%").unwrap().limit, 5.0);
}

#[test]
fn mistakes_say_what_to_write() {
    for (text, want) in [
        ("latency_ms p95 500", "there is no >, >=, < or <=; write `FIELD"),
        ("latency_ms p95 >", "there is no number after >"),
        ("latency_ms p95 > much", "`much` is not a number"),
        ("latency_ms p101 > 5", "`p101` is not a statistic"),
        ("> 5", "there is nothing before the comparison"),
        ("errors per day > 5", "`per day`: write `per minute` or `per hour`"),
        ("errors per minute > 5ms", "a number of records has no unit"),
        ("x > 5 during 5m", "`during` is not expected"),
        ("x > 5 for", "there is no time after `for`"),
        ("x > 5 for long", "`long` is not a time"),
        ("a b c > 5", "is more than a field and a statistic"),
    ] {
        let got = Condition::parse(text).unwrap_err().to_string();
        assert!(got.contains(want), "{text}: {got}");
    }
}

#[test]
fn a_quantile_must_hold_for_its_time() {
    let mut limits = limit("latency_ms p95 > 500 for 2m");
    let slow = |s: i64| if s < 600 { 40 } else { 700 + s % 7 };
    assert_eq!(limits.observe(&latencies(0..600, "{\"latency_ms\": {}, \"a\": 1}", &slow)), []);
    assert_eq!(limits.observe(&latencies(600..700, "{\"latency_ms\": {}, \"a\": 1}", &slow)), []);
    let found = limits.observe(&latencies(700..770, "{\"latency_ms\": {}, \"a\": 1}", &slow));
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0].title, "slow");
    assert!(found[0].reason.starts_with("p95 of latency_ms was 7"), "{}", found[0].reason);
    assert!(found[0].reason.ends_with("(over the limit of 500 for 2 min)."), "{}", found[0].reason);
    let one = limits.observe(&latencies(770..1400, "latency_ms={} ok", &slow));
    assert!((8..=12).contains(&one.len()) && one.iter().all(|a| a.fingerprint == found[0].fingerprint));
    assert_eq!(limits.observe(&latencies(1500..1700, "latency_ms={} ok", &|_| 3)).len(), 0);
}

#[test]
fn errors_per_minute() {
    let mut limits = limit("errors per minute >= 10");
    let lines =
        |from: i64, n: i64| batch(&(0..n).map(|i| (from + i, Severity::ERROR, "x".to_owned())).collect::<Vec<_>>());
    assert_eq!(limits.observe(&lines(0, 9)), []);
    let found = limits.observe(&lines(9, 3));
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].reason, "10 errors in 60 s (over the limit of 10).");
}

#[test]
fn numbers_are_found_where_their_name_stands() {
    for (text, want) in [
        ("latency_ms=12 x", Some(12.0)),
        ("max_latency_ms=99 latency_ms=12", Some(12.0)),
        ("{\"latency_ms\":\"1.5s\"}", Some(1500.0)),
        ("latency_ms: 7, next", Some(7.0)),
        ("latency_ms is 7", None),
        ("latency_ms=", None),
        ("é latency_ms=é", None),
    ] {
        assert_eq!(number(text, "latency_ms"), want, "{text}");
    }
}
