#![allow(clippy::unwrap_used, reason = "tests")]
//! SQL over a real archive: the same answers with conditions passed down as without, nothing but reading, stopping.

use super::*;
use crate::testing::{T0, batch};
use crate::{Commit, Store};
use aiobs_types::{
    AttrValue, Checkpoint, FieldKey, Incident, IncidentId, IncidentState, MetricPoint, RecordId, RemoteCall, Severity,
    SourceId, Span, SpanId, SpanStatus, Template, TemplateId, TextMatch, Timestamp, TraceId,
};
use proptest::prelude::*;

/// `request N` is the field `request`.
#[derive(Debug)]
struct Request;

impl FieldReader for Request {
    fn find(&self, source: SourceId, text: &str, key: &FieldKey, on: &mut dyn FnMut(&str, &str) -> bool) -> bool {
        let mut done = false;
        self.each(source, text, &mut |name, value| done = done || (key.fits(name) && on(name, value)));
        done
    }

    fn each(&self, _: SourceId, text: &str, on: &mut dyn FnMut(&str, &str)) {
        if let Some((_, rest)) = text.split_once("request ") {
            on("request", rest.split(' ').next().unwrap_or_default());
            on("note", "a b");
        }
    }

    fn is_implied(&self, _: &FieldKey) -> bool {
        false
    }
}

const COUNT: u64 = 12_000;

fn commit() -> Commit {
    let names = ["/srv/orders.log", "/srv/payments.log", "stdin"];
    let checkpoint = |i: usize| Checkpoint {
        source: SourceId(i as u32),
        name: names[i].into(),
        format: Some("plain".into()),
        ..Checkpoint::default()
    };
    let span = Span {
        trace: TraceId(0xAB),
        id: SpanId(1),
        parent: None,
        name: "run".into(),
        start: Timestamp(T0),
        end: Some(Timestamp(T0 + 1_500_000_000)),
        status: SpanStatus::Error("boom".into()),
        attributes: vec![
            ("gen_ai.request.model".into(), AttrValue::Text("llama".into())),
            ("n".into(), AttrValue::Int(4)),
        ],
    };
    Commit {
        checkpoints: (0..3).map(checkpoint).collect(),
        templates: vec![Template {
            id: TemplateId(1),
            text: "request <num>".into(),
            count: 9,
            severity: Severity::ERROR,
            example: RecordId(6),
            ..Template::default()
        }],
        lives: vec![(TemplateId(1), "steady")],
        markers: vec![aiobs_types::Marker {
            time: Timestamp(T0),
            kind: aiobs_types::MarkerKind::Deploy,
            text: "deploy orders 1.15.0".into(),
            record: RecordId(6),
            ..aiobs_types::Marker::default()
        }],
        incidents: vec![Incident {
            id: IncidentId(3),
            title: "it burns".into(),
            state: IncidentState::Open,
            severity: Severity::ERROR,
            count: 7,
            first_seen: Timestamp(T0),
            last_seen: Timestamp(T0 + 1),
            components: vec!["orders".into()],
            evidence: vec![RecordId(10), RecordId(20)],
            ..Incident::default()
        }],
        spans: vec![span],
        metrics: vec![MetricPoint {
            name: "cpu".into(),
            labels: vec![("host".into(), "a".into())],
            time: Timestamp(T0),
            value: 0.5,
        }],
        ..Commit::default()
    }
}

fn open() -> (tempfile::TempDir, Sql) {
    let dir = tempfile::tempdir().unwrap();
    let (mut store, _) = Store::open(dir.path()).unwrap();
    store.set_fields(Arc::new(Request));
    let mut writer = store.writer().unwrap();
    for first in (1..=COUNT).step_by(4_000) {
        writer.commit(&Commit { batches: vec![batch(first, 4_000)], ..Commit::default() }).unwrap();
    }
    writer.commit(&commit()).unwrap();
    let redacted = vec![("email".to_owned(), 2), ("ip".to_owned(), 1)];
    let call = RemoteCall { id: 1, model: "m".into(), bytes: 99, redacted, ..RemoteCall::default() };
    writer.put_model_call(&call).unwrap();
    let filter = |text: &str| match text.strip_prefix("since:") {
        Some("\"1h\"") => Ok(LogQuery { from: Some(Timestamp(T0)), ..LogQuery::default() }),
        Some(_) => Err("no time".into()),
        None if text == "bad" => Err("column 1: bad".into()),
        None => {
            let pattern = text.to_owned();
            let word = TextMatch { pattern, regex: false, case_sensitive: true, negate: false };
            Ok(LogQuery { text: vec![word], ..LogQuery::default() })
        }
    };
    let sql = store.sql(Arc::new(filter)).unwrap();
    (dir, sql)
}

#[derive(Default)]
struct All {
    names: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl SqlSink for All {
    fn columns(&mut self, names: Vec<String>) {
        self.names = names;
    }

    fn row(&mut self, values: Vec<SqlValue>) -> ControlFlow<()> {
        self.rows.push(values.iter().map(ToString::to_string).collect());
        ControlFlow::Continue(())
    }
}

fn run(sql: &Sql, text: &str) -> std::result::Result<Vec<Vec<String>>, SqlError> {
    let mut all = All::default();
    sql.run(text, &SqlLimits::default(), &Arc::default(), &mut all)?;
    assert!(all.rows.iter().all(|r| r.len() == all.names.len()));
    Ok(all.rows)
}

fn rows(sql: &Sql, text: &str) -> Vec<Vec<String>> {
    run(sql, text).unwrap_or_else(|e| panic!("{text}: {e}"))
}

fn one(sql: &Sql, text: &str) -> String {
    rows(sql, text).concat().join("|")
}

#[test]
fn every_table_and_column_can_be_read() {
    let (_dir, sql) = open();
    for table in SQL_TABLES {
        let columns: Vec<String> = table.columns.iter().map(|c| format!("\"{}\"", c.name)).collect();
        let mut all = All::default();
        let text = format!("SELECT * FROM {} LIMIT 2", table.name);
        sql.run(&text, &SqlLimits::default(), &Arc::default(), &mut all).unwrap();
        let names: Vec<&str> = table.columns.iter().map(|c| c.name).collect();
        assert_eq!(all.names, names, "{}", table.name);
        if table.name != "diagnoses" {
            assert!(!all.rows.is_empty(), "{}", table.name);
        }
        for column in columns {
            rows(&sql, &format!("SELECT {column} FROM {} LIMIT 1", table.name));
        }
    }
    let call = "SELECT model, bytes, redacted ->> 'email', outcome IS NULL FROM model_calls";
    assert_eq!(one(&sql, call), "m|99|2|1");
    let first = "SELECT id, time, time_ns, severity, level, source, component, template, template_text, message, fields \
                 FROM logs WHERE id = 6";
    assert_eq!(
        one(&sql, first),
        "6|2025-06-15T15:06:46.000000000Z|1750000006000000000|9|info|/srv/orders.log|Payments|1|request <num>|\
         [INFO] payments - 538454127b096493 request 6 took 42 ms größer|{\"request\":6,\"note\":\"a b\"}"
    );
    assert_eq!(one(&sql, "SELECT count(*) FROM logs"), COUNT.to_string());
    assert_eq!(one(&sql, "SELECT count(*) FROM logs WHERE fields ->> 'request' > 11990"), "10");
    assert_eq!(one(&sql, "SELECT title, level, count, components ->> 0 FROM incidents"), "it burns|error|7|orders");
    let span =
        "SELECT trace, seconds, status, error, attributes ->> 'gen_ai.request.model', attributes ->> 'n' FROM spans";
    assert_eq!(one(&sql, span), "000000000000000000000000000000ab|1.5|error|boom|llama|4");
    assert_eq!(one(&sql, "SELECT name, value, labels ->> 'host' FROM metrics"), "cpu|0.5|a");
    assert_eq!(one(&sql, "SELECT l.id FROM templates t JOIN logs l ON l.id = t.example"), "6");
    assert_eq!(one(&sql, "SELECT group_concat(value, ',') FROM incidents, json_each(evidence)"), "10,20");
}

/// A `+` before a column keeps SQLite from passing the condition down; the answer must be the same.
#[test]
fn conditions_passed_down_change_no_answer() {
    let (_dir, sql) = open();
    let time = |secs: u64| functions::rfc3339(Timestamp(T0 + secs as i64 * 1_000_000_000));
    let number = |n: u64| match n % 4 {
        0 => n.to_string(),
        1 => format!("{n}.5"),
        2 => format!("{n}.0"),
        _ => format!("-{n}"),
    };
    let ops = prop::sample::select(vec!["=", "<>", "<", "<=", ">", ">=", "IS"]);
    let condition = (ops, 0..13u32, 0..COUNT, 0..40usize).prop_map(move |(op, column, n, cut)| {
        let text = ["[ERROR]", "request 12", "größer", "MS", "nowhere", "a%b"][n as usize % 6];
        let at = time(n);
        let at = &at[..cut.min(at.len())];
        match column {
            0 => ("id", format!("{op} {}", number(n))),
            1 => ("time", format!("{op} '{at}'")),
            2 => ("time_ns", format!("{op} {}", T0 as u64 + n * 1_000_000_000)),
            3 => ("severity", format!("{op} {}", number(n % 22))),
            4 => ("level", format!("{op} '{}'", ["error", "info", "ERROR", "nope", ""][n as usize % 5])),
            5 => ("source", format!("{op} '{}'", ["/srv/orders.log", "stdin", "STDIN", "x", ""][n as usize % 5])),
            6 => ("component", format!("{op} '{}'", ["Payments", "payments", "orders", ""][n as usize % 4])),
            7 => ("template", format!("{op} {}", number(n % 5))),
            8 => ("text", format!("LIKE '%{text}%'")),
            9 => ("text", format!("GLOB '*{text}*'")),
            10 => {
                ("message", format!("REGEXP '{}'", ["request 1.*9 ms", "ERR|größer", "^.INFO", "s$"][n as usize % 4]))
            }
            11 => ("text", format!("{op} '{text}'")),
            _ => ("level", "IN ('error', 'warn', 'fatal')".to_owned()),
        }
    });
    let strategy = (prop::collection::vec(condition, 1..4), any::<bool>());
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(160));
    runner
        .run(&strategy, |(conditions, nocase)| {
            let join = |sign: &str| {
                let collate = if nocase { " COLLATE NOCASE" } else { "" };
                let all: Vec<String> = conditions
                    .iter()
                    .map(|(c, rest)| {
                        let folds = matches!(*c, "level" | "source" | "component" | "text") && !rest.contains("IN (");
                        format!("{sign}{c} {rest}{}", if folds { collate } else { "" })
                    })
                    .collect();
                format!("SELECT id FROM logs WHERE {} ORDER BY id DESC LIMIT 300", all.join(" AND "))
            };
            prop_assert_eq!(rows(&sql, &join("")), rows(&sql, &join("+")), "{}", join(""));
            Ok(())
        })
        .unwrap();
}

#[test]
fn conditions_spare_chunks() {
    let (_dir, sql) = open();
    let scanned = |text: &str| {
        let control = Arc::new(SqlControl::default());
        sql.run(text, &SqlLimits::default(), &control, &mut All::default()).unwrap();
        control.total.load(Ordering::Relaxed)
    };
    assert_eq!(scanned("SELECT text FROM logs WHERE id = 77"), 1);
    assert_eq!(scanned("SELECT text FROM logs WHERE id BETWEEN 77 AND 80"), 4);
    assert_eq!(scanned("SELECT text FROM logs"), COUNT);
}

#[test]
fn the_filter_language_and_functions_work() {
    let (_dir, sql) = open();
    assert_eq!(one(&sql, "SELECT count(*) FROM logs('request 119') WHERE level = 'error'"), "11");
    assert_eq!(one(&sql, "SELECT count(*) FROM logs WHERE time_ns >= since('1h')"), COUNT.to_string());
    assert_eq!(
        rows(&sql, "SELECT bucket(time_ns, '1h') AS b, count(*) FROM logs GROUP BY b LIMIT 2").concat(),
        ["2025-06-15T15:00:00.000000000Z", "3199", "2025-06-15T16:00:00.000000000Z", "3600"]
    );
    assert_eq!(
        one(&sql, "SELECT quantity('1.5s'), quantity('x'), level(17), rfc3339(NULL)"),
        "1500000000.0||error|".replace(".0", "")
    );
    let told = |text: &str| run(&sql, text).unwrap_err().to_string();
    assert!(told("SELECT * FROM logs('bad')").contains("column 1: bad"));
    assert!(told("SELECT since('soon')").contains("no time"));
    assert!(told("SELECT bucket(1, 'x')").contains("write a length"));
    assert!(told("SELECT 'a' REGEXP '('").contains("regex parse error"), "{}", told("SELECT 'a' REGEXP '('"));
}

#[test]
fn mistakes_are_told_with_place_and_nearest_name() {
    let (_dir, sql) = open();
    for (text, told) in [
        ("SELECT sevrity FROM logs", "column 8: there is no column `sevrity`; did you mean `severity`?"),
        (
            "SELECT * FROM log",
            "there is no table `log`; there are logs, templates, incidents, markers, diagnoses, spans, audit, model_calls, metrics, sources; did you mean `logs`?",
        ),
        ("SELECT buckt(time_ns, '1m') FROM logs", "there is no function `buckt`; did you mean `bucket`?"),
        ("SELEC 1", "column 1: near \"SELEC\": syntax error"),
        ("SELECT 1; SELECT 2", "one statement at a time"),
        ("", "there is nothing to run; write SELECT ... FROM logs"),
        ("SELECT zzzzzz FROM metrics", "there is no column `zzzzzz`; metrics has name, time, time_ns, value, labels"),
    ] {
        let e = run(&sql, text).unwrap_err().to_string();
        assert!(e.contains(told), "{text}: {e}");
    }
}

#[test]
fn nothing_but_reading_is_possible() {
    let (dir, sql) = open();
    let elsewhere = dir.path().join("new.db");
    for text in [
        "DELETE FROM chunk",
        "DELETE FROM logs",
        "INSERT INTO template VALUES(1,2,3,4,5,6,7)",
        "UPDATE incident SET state = 'muted'",
        "DROP VIEW incidents",
        "CREATE TABLE t(x)",
        "CREATE TEMP TABLE t AS SELECT 1",
        "PRAGMA query_only = OFF",
        "PRAGMA table_info(chunk)",
        "SELECT * FROM pragma_database_list",
        "SELECT * FROM chunk",
        "SELECT count(*) FROM chunk_data",
        "SELECT * FROM sqlite_schema",
        "SELECT * FROM main.state",
        "SELECT load_extension('x')",
        "BEGIN",
        "VACUUM INTO 'x'",
        "ANALYZE",
        &format!("ATTACH '{}' AS other", elsewhere.display()),
    ] {
        let e = run(&sql, text).unwrap_err().to_string();
        assert!(e.contains("only SELECT works here") || e.contains("may not be modified"), "{text}: {e}");
    }
    assert!(!elsewhere.exists());
    assert_eq!(one(&sql, "WITH t AS (SELECT id FROM logs WHERE id < 4) SELECT count(*) FROM t"), "3");
}

/// Whatever words stand in a statement: an answer or a message, and the archive is as it was.
#[test]
fn no_statement_does_harm() {
    let (_dir, sql) = open();
    let words = prop::sample::select(vec![
        "SELECT",
        "FROM",
        "WHERE",
        "logs",
        "logs('a')",
        "templates",
        "incidents",
        "spans",
        "*",
        "id",
        "time",
        "text",
        "fields",
        "(",
        ")",
        ",",
        "'x'",
        "count(*)",
        "GROUP BY",
        "ORDER BY",
        "LIMIT 3",
        "=",
        "<",
        "LIKE",
        "REGEXP",
        "GLOB",
        "AND",
        "NOT",
        "NULL",
        "1",
        "-1e99",
        "''",
        "->>",
        "DELETE",
        "PRAGMA",
        "UPDATE",
        "SET",
        "ATTACH",
        "chunk",
        "DROP",
        "TABLE",
        "WITH",
        "AS",
        "UNION ALL",
        "JOIN",
        "USING",
        "bucket(",
        "since(",
        "rfc3339(",
        "level(",
        "quantity(",
        "json_each(",
        "\u{0}",
        ";",
        "--",
        "zeroblob(99999999)",
        "9223372036854775807",
    ]);
    let likely = prop::sample::select(vec![
        "SELECT * FROM logs WHERE",
        "SELECT id FROM logs WHERE id",
        "SELECT 1",
        "SELECT count(*) FROM",
        "",
    ]);
    let strategy = (likely, prop::collection::vec(words, 0..8));
    let limits = SqlLimits { rows: 20, time: Some(Duration::from_millis(300)) };
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(400));
    runner
        .run(&strategy, |(start, words)| {
            let text = format!("{start} {}", words.join(" "));
            if let Err(e) = sql.run(&text, &limits, &Arc::default(), &mut All::default()) {
                prop_assert!(!e.to_string().is_empty());
            }
            Ok(())
        })
        .unwrap();
    assert_eq!(
        one(
            &sql,
            "SELECT (SELECT count(*) FROM logs), (SELECT count(*) FROM templates), (SELECT count(*) FROM incidents)"
        ),
        format!("{COUNT}|1|1")
    );
}

#[test]
fn it_can_be_stopped_and_limited() {
    let (_dir, sql) = open();
    let endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n";
    let limits = SqlLimits { rows: 0, time: Some(Duration::from_millis(60)) };
    let e = sql.run(endless, &limits, &Arc::default(), &mut All::default()).unwrap_err();
    assert_eq!(e, SqlError::TimedOut { seconds: 0 });
    let control = Arc::new(SqlControl::default());
    let stop = Arc::clone(&control);
    let thread = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(40));
        stop.cancel.store(true, Ordering::Relaxed);
    });
    let cross = "SELECT count(*) FROM logs a, logs b WHERE a.text > b.text";
    assert_eq!(sql.run(cross, &SqlLimits::default(), &control, &mut All::default()), Err(SqlError::Cancelled));
    thread.join().unwrap();
    let mut all = All::default();
    let done = sql.run("SELECT id FROM logs", &SqlLimits { rows: 5, time: None }, &Arc::default(), &mut all).unwrap();
    assert_eq!((done, all.rows.len()), (SqlDone { rows: 5, cut: true }, 5));
    assert_eq!(one(&sql, "SELECT max(id) FROM logs"), COUNT.to_string());
    let e = run(
        &sql,
        "SELECT group_concat(text || text || text || text || text || text || text || text, hex(zeroblob(2000))) FROM logs",
    );
    assert!(e.unwrap_err().to_string().contains("too big"));
}
