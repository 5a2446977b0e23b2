#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;
use aiobs_types::{FieldOp, Level, Severity, TemplateId};
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
    for word in ["/api/orders", "http://host/a", "std::io", "error:", "10.0.0.1:5432", "a,b", "(x)", "f(x)", ")", "-"] {
        assert_eq!(ok(word).text, [text(word)], "{word}");
    }
    assert_eq!(ok(r"/a\/b/").text, [TextMatch { regex: true, ..text("a/b") }]);
}

#[test]
fn other_keys_are_fields() {
    let field = |input: &str| {
        let mut fields = ok(input).fields;
        assert_eq!(fields.len(), 1, "{input}");
        let f = fields.remove(0);
        (f.key, f.op, f.value, f.negate)
    };
    let f = |key: &str, op, value: &str, negate| (key.to_owned(), op, value.to_owned(), negate);
    assert_eq!(field("trace_id:abc"), f("trace_id", FieldOp::Contains, "abc", false));
    assert_eq!(field("trace_id=abc"), f("trace_id", FieldOp::Is, "abc", false));
    assert_eq!(field("status!=200"), f("status", FieldOp::Is, "200", true));
    assert_eq!(field("-status=200"), f("status", FieldOp::Is, "200", true));
    assert_eq!(field("!status!=200"), f("status", FieldOp::Is, "200", false));
    assert_eq!(field("latency>500ms"), f("latency", FieldOp::Over, "500ms", false));
    assert_eq!(field("-http.status>=500"), f("http.status", FieldOp::AtLeast, "500", true));
    assert_eq!(field("size<=1.5MiB"), f("size", FieldOp::AtMost, "1.5MiB", false));
    assert_eq!(field("user:*"), f("user", FieldOp::Exists, "", false));
    assert_eq!(field("user!=*"), f("user", FieldOp::Exists, "", true));
    assert_eq!(field("user=\"*\""), f("user", FieldOp::Is, "*", false));
    assert_eq!(field("path~^/api/"), f("path", FieldOp::Matches, "^/api/", false));
    assert_eq!(field("path!~\"a b\""), f("path", FieldOp::Matches, "a b", true));
    assert_eq!(field("@timestamp:2025"), f("@timestamp", FieldOp::Contains, "2025", false));
    assert_eq!(field(".level=30"), f("level", FieldOp::Is, "30", false));
    assert_eq!(field("größe>1kB"), f("größe", FieldOp::Over, "1kB", false));
}

#[test]
fn either_side_of_an_or() {
    let q = ok("level=error or timeout service=a");
    assert_eq!(q.any, [vec![ok("level=error"), ok("timeout service=a")]]);
    assert_eq!(q, LogQuery { any: q.any.clone(), ..LogQuery::default() });
    let q = ok("service=a (level=error OR \"timeout\" or /x y/) -healthz");
    assert_eq!(q.components, ["a"]);
    assert_eq!(q.any, [vec![ok("level=error"), ok("timeout"), ok("/x y/")]]);
    assert_eq!(q.text, [TextMatch { negate: true, ..text("healthz") }]);
    let q = ok("((a or f(x)) b) || status>=500)".strip_suffix(')').unwrap());
    assert_eq!(q.any[0][0].any, [vec![ok("a"), LogQuery { text: vec![text("f(x)")], ..LogQuery::default() }]]);
    assert_eq!(q.any[0][1], ok("status>=500"));
    // Parentheses around what belongs together anyway change nothing.
    assert_eq!(ok("(level=error) (a or b)").min_severity, Some(Severity::ERROR));
    // Without an `or` they are what is looked for.
    assert_eq!(ok("(a b)").text, [text("(a"), text("b)")]);
    assert_eq!(ok("\"or\"").text, [text("or")]);
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
        ("a or", 3, "missing beside `or`", None),
        ("a AND b", 3, "leave it out", None),
        ("-or b", 1, "cannot be left out", None),
        ("(a or b", 1, "not closed", None),
        ("a or b)", 7, "no parenthesis to close", None),
        ("a or ()", 6, "nothing in the parentheses", None),
        ("-(a or b)", 1, "a group cannot be left out", None),
        ("level=", 1, "needs a value", None),
        ("level>=error level<warn", 14, "no level is left", None),
        ("since:1h until:2h", 10, "ends before it begins", None),
        ("service>a", 9, "can only be compared", None),
        ("service~a", 9, "can only be compared", None),
        ("latency>fast", 9, "is no number", None),
        ("path~(", 6, "does not read", None),
        ("level>=warn,error", 8, "can only be compared", None),
        ("level=error -level=error", 13, "no level is left", None),
        ("source=stdin -source=stdin", 14, "no source is left", None),
        ("component=,", 1, "needs a value", None),
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
fn known_keys_can_be_left_out() {
    assert_eq!(ok("-source=stdin").not_sources, [SourceId(3)]);
    assert_eq!(ok("source=log").sources, [SourceId(1), SourceId(2)]);
    assert_eq!(ok("-service=a,b logger!=c").not_components, ["a", "b", "c"]);
    assert_eq!(ok("!service!=a").components, ["a"]);
    assert_eq!(ok("-component:*").components, [""]);
    assert_eq!(ok("component:*").not_components, [""]);
    assert_eq!(ok("-template=4 template!=5").not_templates, [TemplateId(4), TemplateId(5)]);
    assert_eq!(ok("-level=debug,info").not_levels, [Level::Debug, Level::Info]);
    let q = ok("level=warn,fatal");
    assert_eq!((q.min_severity, q.max_severity), (Some(Severity(13)), None));
    assert_eq!(q.not_levels, [Level::Error]);
}

#[test]
fn described_queries_read_as_themselves() {
    for input in [
        "level>=warn service=orders \"a b\" -x since:1h",
        r#"level=error source="/srv/pay ments.log" "say \"hi\" \\ now""#,
        "trace_id=aBc /a\\/b|C/i -/x y/ \"-dash\" \"level=warn\" \"/re/\"",
        "level<=info template=1,2 \"OR\" /é/ Über",
        "-level=fatal level=error,info",
        "level=warn,fatal",
        "level=fatal",
        "level>=fatal",
        "-level=debug -component=a,b -component:* component=c -source=stdin -template=9 level<=fatal",
        "(a or level>=unset) .level=30 .form~\"x y\" -größe>=1kB user:* user=\"*\" \"or\" (b or (c or d) e)",
    ] {
        let q = ok(input);
        let again = describe(&q, &names());
        assert_eq!(ok(&again), q, "{input} -> {again}");
    }
}

proptest! {
    #[test]
    fn any_parts_are_read_or_refused(
        parts in prop::collection::vec(
            r#"[-!]?(or|\(|\)|a|"b c"|/d/|level(=|!=|>=)(warn|error,info|fatal)|component(=|!=|:)(x|\*)|(\.)?[fk]ey(=|:|~|>|<=|!=)(1|5ms|\*|"")|source=stdin)"#,
            0..8,
        ),
        close in any::<bool>(),
    ) {
        let input = parts.join(if close { "" } else { " " });
        match parse(&input) {
            Ok(q) => {
                let again = describe(&q, &names());
                prop_assert_eq!(parse(&again).map_err(|e| TestCaseError::fail(format!("{again}: {e}")))?, q);
            }
            Err(e) => prop_assert!(input.get(e.at).is_some()),
        }
    }

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
