//! What fires, what does not, and which records are the same fault.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::*;
use aiobs_types::{
    Anomaly, DetectorKind, Level, NewRecord, RecordBatch, RecordId, Severity, SourceId, TemplateId, Timestamp,
};
use proptest::prelude::*;
use std::cell::RefCell;

fn batch(message: &str, severity: Severity, component: &str, secs: i64) -> RecordBatch {
    let mut batch = RecordBatch::new(RecordId(1));
    batch.push(NewRecord {
        time: Timestamp::from_secs(secs),
        observed: Timestamp::default(),
        offset: 0,
        source: SourceId(0),
        template: TemplateId(1),
        severity,
        flags: 0,
        component,
        text: message,
        message: (0, message.len() as u32),
    });
    batch
}

fn judge_as(detectors: &mut Detectors, message: &str, severity: Severity, component: &str) -> Option<Anomaly> {
    let batch = batch(message, severity, component, 0);
    let mut miner = crate::template::Miner::new(crate::template::MinerOptions::default());
    let mined = miner.observe(message, Timestamp::default(), severity, RecordId(1));
    let ctx = RecordContext { view: batch.view(0), source_name: "app.log", template_new: false, verdict: None };
    detectors.observe(&ctx, || miner.text(mined.id).to_owned())
}

fn judge(message: &str, severity: Severity) -> Option<Anomaly> {
    thread_local! {
        static DEFAULT: RefCell<Detectors> = RefCell::new(Detectors::new(&DetectConfig::default()).unwrap());
    }
    DEFAULT.with_borrow_mut(|detectors| judge_as(detectors, message, severity, "orders"))
}

const STRONG: &[(&str, &str)] = &[
    ("connection to 10.0.0.7:5432 refused", "connection refused"),
    ("dial tcp 127.0.0.1:6379: connect: connection refused", "connection refused"),
    ("read tcp 10.0.0.1:443: connection reset by peer", "connection reset by peer"),
    ("java.lang.OutOfMemoryError: Java heap space", "out of memory"),
    ("Out of memory: Killed process 4711 (java)", "out of memory"),
    ("write /var/lib/db/wal: no space left on device", "no space left on device"),
    ("open /tmp/x: too many open files", "too many open files"),
    ("ERROR: deadlock detected", "deadlock"),
    ("worker[7]: segfault at 0 ip 00007f", "segmentation fault"),
    ("thread 'main' panicked at src/main.rs:4:5", "thread"),
    ("Traceback (most recent call last):", "Traceback"),
    ("open /etc/app.key: permission denied", "permission denied"),
    ("x509: certificate has expired or is not yet valid", "certificate expired"),
    ("HikariPool-1 - Connection is not available, request timed out after 30000ms", "connection pool exhausted"),
    ("request failed with status 503", "HTTP 5xx"),
    ("\"GET /api/orders HTTP/1.1\" 502 157", "HTTP 5xx"),
    ("too many requests from client 10.0.0.9", "rate limited"),
    ("charge 17 given up: rate limit of api.example exceeded", "rate limited"),
    ("order 4711 failed: no database connection after 3 attempts", "connection lost"),
    ("lookup db.internal on 10.0.0.2:53: no such host", "name resolution failed"),
    ("Back-off restarting failed container app", "crash loop"),
    ("blk_update_request: I/O error, dev sda, sector 12345", "disk input or output error"),
    ("EXT4-fs (sda1): Remounting filesystem read-only", "read-only file system"),
    ("index \"orders_pkey\" is corrupted", "corrupted data"),
    ("context deadline exceeded", "timed out"),
    ("upstream timed out (110: Connection timed out) while reading response header", "timed out"),
    ("connect: network is unreachable", "network unreachable"),
];

#[test]
fn obvious_faults_fire_at_any_level() {
    let mut wrong = Vec::new();
    for (message, title) in STRONG {
        for severity in [Severity::UNSET, Severity::INFO, Severity::ERROR] {
            let Some(found) = judge(message, severity) else {
                wrong.push(format!("nothing found in {message:?} at {severity}"));
                continue;
            };
            if !found.title.starts_with(title) {
                wrong.push(format!("{message:?}: {}", found.title));
            }
            assert!(found.severity >= Severity::WARN);
            assert_eq!(found.detector, DetectorKind::Pattern, "{message:?} at {severity}");
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

const HARMLESS: &[&str] = &[
    "finished with 0 errors",
    "compiled, no errors found",
    "sync done in 12ms error=null",
    "stats: ok=12 failed=0 errors: 0",
    "{\"error_count\":0,\"ok\":true}",
    "completed without errors",
    "connecting with timeout=30s",
    "negotiated timeout 10000 for client 7",
    "read timeout is 30 seconds",
    "retry succeeded after 2 attempts, previous error was transient",
    "request done \"error\":\"\" status=200",
    "registered error handler for route /a",
    "error_rate=0.0 over the last minute",
    "GET /static/error.html 200 12ms",
    "serving /var/www/errors/404.html",
    "loaded 15 rules in 503 ms",
    "user 503 logged in",
    "health check passed",
    "minSessionTimeout set to -1",
];

#[test]
fn words_in_harmless_lines_do_not_fire() {
    let mut wrong = Vec::new();
    for message in HARMLESS {
        for severity in [Severity::UNSET, Severity::INFO, Severity::WARN] {
            if let Some(found) = judge(message, severity) {
                wrong.push(format!("{message:?} at {severity}: {}", found.reason));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_mere_word_counts_only_without_a_level_or_from_warn_on() {
    let message = "could not load the profile picture";
    assert!(judge(message, Severity::UNSET).is_some());
    assert!(judge(message, Severity::WARN).is_some());
    assert!(judge(message, Severity::INFO).is_none());
    assert!(judge(message, Severity::DEBUG).is_none());
}

#[test]
fn the_level_alone_is_enough_from_error_on() {
    let found = judge("payment 4711 went sideways", Severity::ERROR).unwrap();
    assert_eq!(found.detector, DetectorKind::Severity);
    assert_eq!(found.title, "payment … went sideways");
    assert_eq!(found.reason, "orders logged \"payment <num> went sideways\" at level error.");
    assert!(judge("payment 4711 went sideways", Severity::WARN).is_none());
    assert!(judge("payment 4711 went sideways", Severity::UNSET).is_none());
}

#[test]
fn the_reason_names_level_and_pattern() {
    let found = judge("connection to 10.0.0.7:5432 refused", Severity::ERROR).unwrap();
    assert_eq!(
        found.reason,
        "orders logged \"connection to <ip>:<num> refused\" at level error; matches the pattern connection refused."
    );
    assert_eq!(found.title, "connection refused");
}

#[test]
fn a_title_adds_what_the_statement_says_beyond_the_pattern() {
    let (mut titles, mut expected) = (Vec::new(), Vec::new());
    for (message, title) in [
        ("could not reach inventory-db: connection refused", "connection refused: could not reach inventory-db"),
        ("Failed password for admin from 10.0.0.1 port 22 ssh2", "authentication failed: password for admin"),
        ("loading /a/b: bad program image, permission denied", "permission denied: bad program image"),
        ("order 1: connection to 10.0.0.1:5432 refused", "connection refused"),
    ] {
        titles.push(judge(message, Severity::ERROR).unwrap().title);
        expected.push(title);
    }
    assert_eq!(titles, expected);
}

fn same(a: &str, b: &str) -> bool {
    let mut detectors = Detectors::new(&DetectConfig::default()).unwrap();
    let a = judge_as(&mut detectors, a, Severity::ERROR, "orders").unwrap();
    let b = judge_as(&mut detectors, b, Severity::ERROR, "payments").unwrap();
    a.fingerprint == b.fingerprint
}

#[test]
fn the_same_fault_from_several_components_has_one_fingerprint() {
    assert!(same("connection to payments-db:5432 refused", "could not connect to payments-db: Connection refused"));
    assert!(same("write /a/b: no space left on device", "ERROR: could not extend file: No space left on device"));
    assert!(same("api.pay.example answered 429 Too Many Requests", "given up: rate limit of api.pay.example exceeded"));
    assert!(same("charge 17 was declined by bank", "charge 99 was declined by bank"));
    assert!(!same("connection to payments-db refused", "connection to orders-db refused"));
    assert!(!same("connection to redis refused", "connection to postgres refused"));
    assert!(!same("connection to orders-db refused", "write /a: no space left on device"));
    assert!(!same("charge 17 was declined by bank", "refund 17 was declined by bank"));
}

#[test]
fn an_unknown_warning_counts_after_the_warm_up_only() {
    let config = DetectConfig { warm_up_records: 10, warm_up_minutes: 1, ..DetectConfig::default() };
    let mut detectors = Detectors::new(&config).unwrap();
    let mut observe = |secs: i64, new: bool, severity: Severity| {
        let batch = batch("cache is cold", severity, "", secs);
        let ctx =
            RecordContext { view: batch.view(0), source_name: "/srv/shop/app.log", template_new: new, verdict: None };
        detectors.observe(&ctx, || "cache is cold".to_owned())
    };
    assert!(observe(0, true, Severity::WARN).is_none());
    for i in 0..20 {
        assert!(observe(i * 10, false, Severity::WARN).is_none());
    }
    assert!(observe(201, true, Severity::INFO).is_none());
    assert!(observe(202, true, Severity::WARN).is_none(), "one new warning is no fault");
    for i in 1..4 {
        assert!(observe(202 + i * 3, false, Severity::WARN).is_none());
    }
    let found = observe(214, false, Severity::WARN).unwrap();
    assert_eq!(found.detector, DetectorKind::NewTemplate);
    assert_eq!(found.reason, "app.log logged \"cache is cold\" at level warn; new in this source, 5 times in 12 s.");
}

#[test]
fn the_user_adds_replaces_and_disables() {
    let config: DetectConfig = toml::from_str(
        r#"
        disabled = ["timeout", "severity"]
        exclude_line = ['canary']
        [[patterns]]
        id = "declined"
        title = "card declined"
        words = ["card declined", "do not honor"]
        severity = "warn"
        "#,
    )
    .unwrap();
    let mut detectors = Detectors::new(&config).unwrap();
    let mut titles = |m: &str| judge_as(&mut detectors, m, Severity::INFO, "").map(|a| a.title);
    assert_eq!(titles("bank said: do not honor").as_deref(), Some("card declined: bank said do not honor"));
    assert_eq!(titles("request timed out"), None);
    assert_eq!(titles("canary: connection refused"), None);
    assert!(judge_as(&mut detectors, "something odd", Severity::ERROR, "").is_none());
}

#[test]
fn mistakes_in_the_configuration_are_told() {
    let error = |text: &str| Detectors::new(&toml::from_str(text).unwrap()).err().unwrap().to_string();
    assert!(error("[[patterns]]\nid='x'\ntitle='x'\nregex='('").starts_with("pattern `x`: "));
    assert_eq!(error("[[patterns]]\nid='x'\ntitle='x'"), "pattern `x`: give either `regex` or `words`");
    assert_eq!(
        error("disabled=['tiemout']"),
        "`disabled`: there is no pattern or detector `tiemout` (did you mean `timeout`?)"
    );
    assert!(toml::from_str::<DetectConfig>("disbled=[]").is_err());
}

#[test]
fn every_built_in_pattern_has_an_id_a_title_and_a_class() {
    let patterns = default_patterns().unwrap();
    assert!(patterns.len() >= 35);
    for p in &patterns {
        assert!(!p.title.is_empty() && !p.class.is_empty() && p.severity >= Level::Warn, "{}", p.id);
    }
}

proptest! {
    #[test]
    fn hostile_text_is_made_harmless(message in "\\PC{0,60}(\u{1b}\\[31m|\n|\u{202e}|\0)(error|refused) \\PC{0,300}") {
        if let Some(found) = judge(&message, Severity::ERROR) {
            for text in [&found.title, &found.reason, &found.component] {
                let hostile = text.chars().find(|c| c.is_control() || *c == '\u{202e}');
                prop_assert_eq!(hostile, None);
            }
            prop_assert!(found.title.chars().count() <= 81);
            prop_assert!(found.reason.chars().count() <= 520);
        }
    }
}

/// A record of a format that knows which part of the line is the message.
fn judge_line(text: &str, message: &str, severity: Severity, flags: u8) -> Option<Anomaly> {
    let start = text.find(message).unwrap() as u32;
    let mut batch = RecordBatch::new(RecordId(1));
    batch.push(NewRecord {
        time: Timestamp::default(),
        observed: Timestamp::default(),
        offset: 0,
        source: SourceId(0),
        template: TemplateId(1),
        severity,
        flags,
        component: "orders",
        text,
        message: (start, start + message.len() as u32),
    });
    let ctx = RecordContext { view: batch.view(0), source_name: "app.log", template_new: false, verdict: None };
    let head = message.lines().next().unwrap().to_owned();
    Detectors::new(&DetectConfig::default()).unwrap().observe(&ctx, || head)
}

#[test]
fn a_structured_line_is_judged_by_its_other_fields_too() {
    let title = |text, message, severity| judge_line(text, message, severity, 0).map(|a| a.title);
    let json = r#"{"level":"error","msg":"query failed","err":{"message":"connect ECONNREFUSED 10.0.0.5:5432"}}"#;
    assert_eq!(title(json, "query failed", Severity::ERROR).as_deref(), Some("query failed: connection refused"));
    let logfmt = r#"level=error msg="disk check" err="write /data/x: no space left on device""#;
    assert_eq!(title(logfmt, "disk check", Severity::ERROR).as_deref(), Some("no space left on device"));
    // The keys themselves are no fault, and an untroubled line is not looked through.
    let healthy = r#"{"level":"warn","msg":"slow answer","error":null,"timeout":30,"errors":0}"#;
    assert_eq!(title(healthy, "slow answer", Severity::WARN), None);
    assert_eq!(title(json, "query failed", Severity::INFO), None);
}

#[test]
fn a_trace_is_named_and_told_apart_by_its_exception() {
    let trace = |file: &str, error: &str| {
        let text = format!("Traceback (most recent call last):\n  File \"{file}\", line 7, in run\n    go()\n{error}");
        judge_line(&text, &text, Severity::UNSET, aiobs_types::flags::MULTILINE).unwrap()
    };
    let zero = trace("/srv/a.py", "ZeroDivisionError: division by zero");
    assert_eq!(zero.title, "ZeroDivisionError: division by zero");
    let key = trace("/srv/a.py", "KeyError: 'order-17'");
    assert_ne!(zero.fingerprint, key.fingerprint);
    assert_eq!(key.fingerprint, trace("/srv/a.py", "KeyError: 'invoice-4'").fingerprint);
    assert_ne!(key.fingerprint, trace("/srv/b.py", "KeyError: 'order-17'").fingerprint);
}

#[test]
fn a_known_fault_is_not_worded_again() {
    let batch = batch("connection to orders-db refused", Severity::ERROR, "orders", 0);
    let ctx = RecordContext { view: batch.view(0), source_name: "app.log", template_new: false, verdict: None };
    let mut detectors = Detectors::new(&DetectConfig::default()).unwrap();
    let first = detectors.judge(&ctx, || "connection to orders-db refused", |_| false).unwrap();
    let again = detectors.judge(&ctx, || "connection to orders-db refused", |f| f == first.fingerprint).unwrap();
    assert!(!first.title.is_empty() && !first.reason.is_empty());
    assert_eq!((again.title.as_str(), again.reason.as_str()), ("", ""));
    assert_eq!(Anomaly { title: String::new(), reason: String::new(), ..first }, again);
}
