#![allow(clippy::unwrap_used, reason = "tests")]
//! The matcher against an evaluation that does nothing clever, on records with fields.

use super::*;
use crate::testing::T0;
use crate::{Commit, Reader, Store};
use aiobs_types::{
    FieldKey, FieldMatch, FieldOp, LogRecord, NewRecord, Quantity, RecordBatch, Severity, SourceId, TemplateId,
    TextMatch, Timestamp,
};
use proptest::prelude::*;
use std::ops::ControlFlow;
use std::sync::atomic::AtomicBool;

/// Words with `=` are fields; source 2 names its last word `tail` without writing so.
#[derive(Debug)]
struct Words;

impl FieldReader for Words {
    fn find(&self, source: SourceId, text: &str, key: &FieldKey, on: &mut dyn FnMut(&str, &str) -> bool) -> bool {
        let pairs = text.split(' ').filter_map(|w| w.split_once('='));
        let tail = (source.0 == 2).then(|| ("tail", text.rsplit(' ').next().unwrap_or_default()));
        pairs.chain(tail).any(|(name, value)| key.fits(name) && on(name, value))
    }

    fn each(&self, _: SourceId, text: &str, on: &mut dyn FnMut(&str, &str)) {
        text.split(' ').filter_map(|w| w.split_once('=')).for_each(|(name, value)| on(name, value));
    }

    fn is_implied(&self, key: &FieldKey) -> bool {
        key.fits("tail")
    }
}

const TEXTS: [&str; 8] = [
    "GET /a status=200 took=12ms ok",
    "GET /b status=500 took=1.2s Failed",
    "http.status=404 a=b",
    "connection refused took=700ms",
    "status=5xx user=Anna",
    "nothing at all",
    "STATUS=503 größe=1MiB",
    "",
];

fn record(id: u64) -> (NewRecord<'static>, u64) {
    let component = ["orders", "Payments", ""][id as usize % 3];
    let text = TEXTS[(id * 7 + id / 11) as usize % TEXTS.len()];
    let record = NewRecord {
        time: Timestamp(T0 + id as i64 * 1_000_000_000),
        observed: Timestamp(T0),
        offset: id,
        source: SourceId((id / 5 % 3) as u32),
        template: TemplateId((id / 3 % 4) as u32),
        severity: Severity((id % 25) as u8),
        flags: 0,
        component,
        text,
        message: (0, text.len() as u32),
    };
    (record, id)
}

const COUNT: u64 = 9_000;

/// An archive of sealed chunks and a tail.
fn archive() -> (tempfile::TempDir, Reader) {
    let dir = tempfile::tempdir().unwrap();
    let (mut store, _) = Store::open(dir.path()).unwrap();
    store.set_fields(Arc::new(Words));
    let mut writer = store.writer().unwrap();
    for first in (1..=COUNT).step_by(3_000) {
        let mut batch = RecordBatch::new(RecordId(first));
        for id in first..first + 3_000 {
            batch.push(record(id).0);
        }
        writer.commit(&Commit { batches: vec![Arc::new(batch)], ..Commit::default() }).unwrap();
    }
    let reader = store.reader().unwrap();
    (dir, reader)
}

fn field_holds(f: &FieldMatch, r: &LogRecord) -> bool {
    let mut values: Vec<(String, String)> = Vec::new();
    Words.find(r.source, &r.text, &FieldKey::new(&f.key), &mut |n, v| {
        values.push((n.to_owned(), v.to_owned()));
        false
    });
    let folded = !f.value.chars().any(char::is_uppercase);
    let fold = |t: &str| if folded { t.to_lowercase() } else { t.to_owned() };
    let number = Quantity::parse(&f.value);
    let order = |n: &str, v: &str| number.and_then(|q| q.compare_field(n, v));
    let found = values.iter().any(|(n, v)| match f.op {
        FieldOp::Exists => true,
        FieldOp::Is => fold(v) == fold(&f.value) || order(n, v).is_some_and(std::cmp::Ordering::is_eq),
        FieldOp::Contains => fold(v).contains(&fold(&f.value)),
        FieldOp::Matches => regex::Regex::new(&f.value).unwrap().is_match(&fold(v)),
        FieldOp::Under => order(n, v).is_some_and(std::cmp::Ordering::is_lt),
        FieldOp::AtMost => order(n, v).is_some_and(std::cmp::Ordering::is_le),
        FieldOp::Over => order(n, v).is_some_and(std::cmp::Ordering::is_gt),
        FieldOp::AtLeast => order(n, v).is_some_and(std::cmp::Ordering::is_ge),
    });
    found != f.negate
}

fn naive(q: &LogQuery, r: &LogRecord) -> bool {
    let among = |names: &[String]| names.iter().any(|c| c.to_lowercase() == r.component.to_lowercase());
    let text = |m: &TextMatch| {
        let (hay, needle) = if m.case_sensitive {
            (r.text.clone(), m.pattern.clone())
        } else {
            (r.text.to_lowercase(), m.pattern.to_lowercase())
        };
        hay.contains(&needle) != m.negate
    };
    q.min_severity.is_none_or(|s| r.severity >= s)
        && q.max_severity.is_none_or(|s| r.severity <= s)
        && !q.not_levels.contains(&r.severity.level())
        && (q.components.is_empty() || among(&q.components))
        && !among(&q.not_components)
        && (q.sources.is_empty() || q.sources.contains(&r.source))
        && !q.not_sources.contains(&r.source)
        && (q.templates.is_empty() || q.templates.contains(&r.template))
        && !q.not_templates.contains(&r.template)
        && q.from.is_none_or(|t| r.time >= t)
        && q.to.is_none_or(|t| r.time < t)
        && q.text.iter().all(text)
        && q.fields.iter().all(|f| field_holds(f, r))
        && q.any.iter().all(|g| g.iter().any(|q| naive(q, r)))
}

fn found(reader: &Reader, query: &LogQuery) -> Vec<u64> {
    let mut ids = Vec::new();
    let on = &mut |v: &RecordView<'_>| {
        ids.push(v.id.0);
        ControlFlow::Continue(())
    };
    reader.query(query, &AtomicBool::new(false), on).unwrap();
    ids
}

fn field() -> impl Strategy<Value = FieldMatch> {
    let key = prop::sample::select(vec!["status", "Status", "took", "tail", "a", "http.status", "größe", "none"]);
    let text = prop::sample::select(vec!["200", "5", "failed", "Failed", "anna", "5xx", "1.2s", "", "b", "1.2"]);
    let number = prop::sample::select(vec!["404", "500", "700ms", "1s", "100kB", "-1"]);
    let op = prop_oneof![
        Just((FieldOp::Exists, true)),
        Just((FieldOp::Is, true)),
        Just((FieldOp::Contains, true)),
        Just((FieldOp::Matches, true)),
        Just((FieldOp::Under, false)),
        Just((FieldOp::AtMost, false)),
        Just((FieldOp::Over, false)),
        Just((FieldOp::AtLeast, false)),
    ];
    (key, op, text, number, any::<bool>()).prop_map(|(key, (op, as_text), text, number, negate)| FieldMatch {
        key: key.into(),
        op,
        value: if as_text { text } else { number }.into(),
        negate,
    })
}

fn text() -> impl Strategy<Value = TextMatch> {
    let pattern = prop::sample::select(vec!["status", "refused", "Failed", "GET /", "ö", "zzz", "s=2", ""]);
    (pattern, any::<bool>(), any::<bool>()).prop_map(|(pattern, case_sensitive, negate)| TextMatch {
        pattern: pattern.into(),
        regex: false,
        case_sensitive,
        negate,
    })
}

fn simple() -> impl Strategy<Value = LogQuery> {
    let level = prop::option::weighted(0.3, (0..25u8).prop_map(Severity));
    let names = || prop::collection::vec(prop::sample::select(vec!["orders", "payments", "", "x"]), 0..2);
    let ids = || prop::collection::vec(0..4u32, 0..2);
    let levels = prop::collection::vec(prop::sample::select(Level::ALL.to_vec()), 0..2);
    let time = prop::option::weighted(0.3, (0..10_000i64).prop_map(|s| Timestamp(T0 + s * 1_000_000_000)));
    let words = (prop::collection::vec(text(), 0..2), prop::collection::vec(field(), 0..2));
    (level, levels, (names(), names()), (ids(), ids(), ids(), ids()), time, words).prop_map(
        |(min_severity, not_levels, (yes, no), (s, ns, t, nt), from, (text, fields))| LogQuery {
            text,
            fields,
            min_severity,
            not_levels,
            components: yes.into_iter().map(str::to_owned).collect(),
            not_components: no.into_iter().map(str::to_owned).collect(),
            sources: s.into_iter().map(SourceId).collect(),
            not_sources: ns.into_iter().map(SourceId).collect(),
            templates: t.into_iter().map(TemplateId).collect(),
            not_templates: nt.into_iter().map(TemplateId).collect(),
            from,
            ..LogQuery::default()
        },
    )
}

fn query() -> impl Strategy<Value = LogQuery> {
    let group = prop::collection::vec(simple(), 1..4);
    (simple(), prop::collection::vec(group, 0..3)).prop_map(|(query, any)| LogQuery { any, ..query })
}

#[test]
fn scans_find_what_a_plain_evaluation_finds() {
    let (_dir, reader) = archive();
    let all = reader.page(RecordId(1), COUNT as usize).unwrap();
    assert_eq!(all.len() as u64, COUNT);
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(96));
    runner
        .run(&query(), |query| {
            let expected: Vec<u64> = all.iter().filter(|r| naive(&query, r)).map(|r| r.id.0).collect();
            prop_assert_eq!(&found(&reader, &query), &expected);
            let matcher = reader.matcher(&query).unwrap();
            for r in all.iter().step_by(97) {
                let (record, id) = record(r.id.0);
                let mut one = RecordBatch::new(RecordId(id));
                one.push(record);
                prop_assert_eq!(matcher.matches(&one.view(0)), expected.binary_search(&id).is_ok());
            }
            Ok(())
        })
        .unwrap();
}

#[test]
fn a_field_without_a_reader_or_a_number_is_told() {
    let one = |op, value: &str| LogQuery {
        fields: vec![FieldMatch { key: "took".into(), op, value: value.into(), negate: false }],
        ..LogQuery::default()
    };
    let words: Arc<dyn FieldReader> = Arc::new(Words);
    assert!(Matcher::new(&one(FieldOp::Is, "1")).unwrap_err().to_string().contains("`took` cannot be compared here"));
    let e = Matcher::with_fields(&one(FieldOp::Over, "fast"), Some(&words)).unwrap_err().to_string();
    assert!(e.contains("`fast` is no number"), "{e}");
    assert!(Matcher::with_fields(&one(FieldOp::Matches, "("), Some(&words)).is_err());
}

/// A chunk whose headers show only what is left out is still read: bloom filters cannot show that.
#[test]
fn exclusions_skip_levels_only() {
    let (_dir, reader) = archive();
    let header = reader.chunk_headers(RecordId(1)).unwrap().remove(0);
    let may = |q: &LogQuery| reader.matcher(q).unwrap().may_match(&header);
    assert!(!may(&LogQuery { not_levels: Level::ALL.to_vec(), ..LogQuery::default() }));
    assert!(may(&LogQuery { not_sources: (0..3).map(SourceId).collect(), ..LogQuery::default() }));
    let unknown = |t| LogQuery { templates: vec![TemplateId(t)], ..LogQuery::default() };
    let either = |a, b| LogQuery { any: vec![vec![unknown(a), unknown(b)]], ..LogQuery::default() };
    assert!(may(&either(1, 77)) && !may(&either(77, 78)));
}
