#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;
use proptest::prelude::*;

fn now() -> Timestamp {
    // 2025-01-07T14:30:15Z, a Tuesday.
    Timestamp::from_secs(1_736_260_215)
}

fn names() -> Vec<(SourceId, String)> {
    vec![
        (SourceId(1), "/var/log/orders.log".into()),
        (SourceId(2), "/srv/pay ments.log".into()),
        (SourceId(3), "stdin".into()),
    ]
}

fn parse(input: &str) -> Result<LogQuery, FilterError> {
    parse_filter(input, &FilterContext { now: now(), zone: ZoneRule::Utc, sources: &names() })
}

fn ok(input: &str) -> LogQuery {
    parse(input).unwrap_or_else(|e| panic!("{input}: {e}"))
}

fn text(pattern: &str) -> TextMatch {
    TextMatch { pattern: pattern.into(), regex: false, case_sensitive: false, negate: false }
}

#[test]
fn empty_asks_for_everything() {
    assert!(ok("").is_all());
    assert!(ok("  ").is_all());
}

#[test]
fn everything_at_once() {
    let q = ok(
        r#"level>=warn service=orders source=orders.log template=41,T42 "connection refused" timeout -healthz /re\w+/ since:1h until:14:30"#,
    );
    assert_eq!(q.min_severity, Some(Severity::WARN));
    assert_eq!(q.max_severity, None);
    assert_eq!(q.components, ["orders"]);
    assert_eq!(q.sources, [SourceId(1)]);
    assert_eq!(q.templates, [TemplateId(41), TemplateId(42)]);
    assert_eq!(
        q.text,
        [
            text("connection refused"),
            text("timeout"),
            TextMatch { negate: true, ..text("healthz") },
            TextMatch { regex: true, ..text(r"re\w+") }
        ]
    );
    assert_eq!(q.from, Some(Timestamp::from_secs(1_736_260_215 - 3600)));
    assert_eq!(q.to, Some(Timestamp::from_secs(1_736_260_200)));
}

#[test]
fn levels_compare() {
    let range = |input: &str| {
        let q = ok(input);
        (q.min_severity.map(|s| s.0), q.max_severity.map(|s| s.0))
    };
    assert_eq!(range("level=warn"), (Some(13), Some(16)));
    assert_eq!(range("severity:ERROR"), (Some(17), Some(20)));
    assert_eq!(range("level>warn"), (Some(17), None));
    assert_eq!(range("level<warn"), (None, Some(12)));
    assert_eq!(range("level<=warn"), (None, Some(16)));
    assert_eq!(range("-level>=warn"), (None, Some(12)));
    assert_eq!(range("level!=unset"), (Some(1), None));
    assert_eq!(range("level>=debug level<=info"), (Some(5), Some(12)));
}

#[test]
fn a_capital_letter_minds_case() {
    assert!(!ok("timeout").text[0].case_sensitive);
    assert!(ok("TimeOut").text[0].case_sensitive);
    assert!(!ok(r"/\W+a/").text[0].case_sensitive);
    assert!(ok("/A+/").text[0].case_sensitive);
    assert!(!ok("/A+/i").text[0].case_sensitive);
}

#[test]
fn paths_urls_and_colons_are_words() {
    for word in ["/api/orders", "http://host/a", "std::io", "error:", "10.0.0.1:5432", "a,b", "(x)", "-"] {
        assert_eq!(ok(word).text, [text(word)], "{word}");
    }
    assert_eq!(ok(r"/a\/b/").text, [TextMatch { regex: true, ..text("a/b") }]);
}

#[test]
fn other_keys_look_into_the_text() {
    let matches = |input: &str, line: &str| {
        let q = ok(input);
        let m = &q.text[0];
        let found =
            regex::RegexBuilder::new(&m.pattern).case_insensitive(!m.case_sensitive).build().unwrap().is_match(line);
        found != m.negate
    };
    for line in [
        "trace_id=abc x",
        r#"{"trace_id":"abc","n":1}"#,
        r#"{"trace_id": "abc"}"#,
        "a trace_id=\"abc\"",
        "trace_id: abc",
    ] {
        assert!(matches("trace_id=abc", line), "{line}");
        assert!(matches("trace_id:ab", line), "{line}");
        assert!(!matches("-trace_id=abc", line), "{line}");
        assert!(!matches("trace_id!=abc", line), "{line}");
    }
    assert!(!matches("trace_id=ab", "trace_id=abc"));
    assert!(!matches("id=abc", "trace_id=abc"));
    assert!(matches("status=500", r#"{"status":500}"#));
}

#[test]
fn times_as_people_write_them() {
    let since = |t: &str| ok(&format!("since:{t}")).from.unwrap().secs();
    assert_eq!(since("10m"), now().secs() - 600);
    assert_eq!(since("-1h30m"), now().secs() - 5400);
    assert_eq!(since("2d"), now().secs() - 172_800);
    assert_eq!(since("14:00"), now().secs() - 1815);
    assert_eq!(since("9am"), now().secs() - 15 - 5 * 3600 - 1800);
    assert_eq!(since("today"), 1_736_208_000);
    assert_eq!(since("yesterday"), 1_736_208_000 - 86_400);
    assert_eq!(since("\"yesterday 9am\""), 1_736_208_000 - 86_400 + 9 * 3600);
    assert_eq!(since("2025-01-07"), 1_736_208_000);
    assert_eq!(since("2025-01-07T14:00"), now().secs() - 1815);
    assert_eq!(since("\"2025-01-07 14:00:01\""), now().secs() - 1814);
    assert_eq!(since("2025-01-07T14:00:00+01:00"), now().secs() - 1815 - 3600);
    assert_eq!(since("1736260000"), 1_736_260_000);
    let zone = ZoneRule::parse("Europe/Berlin").unwrap();
    let q = parse_filter("since:14:00", &FilterContext { now: now(), zone, sources: &[] }).unwrap();
    assert_eq!(q.from.unwrap().secs(), now().secs() - 1815 - 3600);
}

/// Each mistake is told with its column, and the nearest right word where there is one.
#[test]
fn mistakes_are_told() {
    let cases = [
        ("level>=wran", 8, "is no level", Some("warn")),
        ("x sorce=a", 3, "unknown key `sorce`", Some("source")),
        ("source=ordres.log", 8, "there is no source", Some("orders.log")),
        ("ä \"open", 3, "not closed", None),
        ("/a(/", 1, "does not read", None),
        ("since:soon", 7, "is no time", None),
        ("since:5", 7, "no unit", None),
        ("since:25:00", 7, "is no time", None),
        ("template=x", 10, "no number", None),
        ("a OR b", 3, "no OR", None),
        ("level=", 1, "needs a value", None),
        ("level>=error level<warn", 14, "no level is left", None),
        ("since:1h until:2h", 10, "ends before it begins", None),
        ("-service=a", 1, "cannot be left out", None),
        ("latency>500ms", 1, "can only be compared", None),
        ("\"a\"b", 1, "space is missing", None),
        ("\"\"", 1, "nothing between", None),
        ("since:2025-01-07T99:00", 7, "is no time", None),
    ];
    for (input, column, message, suggestion) in cases {
        let e = parse(input).expect_err(input);
        assert_eq!((e.column, e.suggestion.as_deref()), (column, suggestion), "{input}: {e}");
        assert!(e.message.contains(message), "{input}: {e}");
        assert!(input.get(e.at.clone()).is_some(), "{input}: place in the input");
    }
}

#[test]
fn a_source_can_be_left_out() {
    assert_eq!(ok("-source=stdin").sources, [SourceId(1), SourceId(2)]);
    assert_eq!(ok("source=log").sources, [SourceId(1), SourceId(2)]);
}

#[test]
fn described_queries_read_as_themselves() {
    for input in [
        "level>=warn service=orders \"a b\" -x since:1h",
        r#"level=error source="/srv/pay ments.log" "say \"hi\" \\ now""#,
        "trace_id=aBc /a\\/b|C/i -/x y/ \"-dash\" \"level=warn\" \"/re/\"",
        "level<=info template=1,2 \"OR\" /é/ Über",
    ] {
        let q = ok(input);
        let again = describe(&q, &names());
        assert_eq!(ok(&again), q, "{input} -> {again}");
    }
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(input in r#"(?s)([a-z]{1,6}(>=|<=|!=|=|:|<|>))?["/\\!\-]?.{0,20}["/i]?"#) {
        match parse(&input) {
            Ok(q) => {
                let again = describe(&q, &names());
                prop_assert_eq!(parse(&again).map_err(|e| TestCaseError::fail(format!("{again}: {e}")))?, q);
            }
            Err(e) => prop_assert!(input.get(e.at).is_some()),
        }
    }
}
