#![allow(clippy::unwrap_used, reason = "tests")]

mod times;

use super::*;
use aiobs_types::{Severity, Timestamp};
use jiff::tz::TimeZone;
use proptest::prelude::*;
use std::sync::Arc;

const NOW: &str = "2025-03-01T00:00:00Z";

fn at(text: &str) -> Timestamp {
    let t: jiff::Timestamp = text.parse().unwrap();
    Timestamp(t.as_nanosecond() as i64)
}

fn utc(forced: Option<&str>) -> SourceParser {
    SourceParser::new(FormatSet::builtin(), ZoneRule::Utc, forced, None).unwrap()
}

fn slice(line: &str, (start, end): (u32, u32)) -> &str {
    line.get(start as usize..end as usize).expect("a range inside the line on character boundaries")
}

#[test]
fn every_format_file_is_embedded_and_compiles() {
    let dir = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../assets/formats");
    let mut files: Vec<String> =
        std::fs::read_dir(dir).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    files.sort();
    let table: Vec<_> = embedded::FILES.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(files, table);
    for format in set::shipped() {
        let format = format.unwrap_or_else(|e| panic!("{e}"));
        assert!(!format.doc().is_empty(), "{} says what writes it", format.name());
    }
}

/// Where a sample is not read as stated: what was read, and what should have been.
fn misread(def: &FormatDef, sample: &Sample, forced: Option<&str>, parser: &mut SourceParser) -> Option<String> {
    let p = parser.parse(&sample.line, at(NOW));
    let time = (!sample.time.is_empty()).then(|| at(&sample.time));
    let severity = level::by_name(&sample.severity).unwrap();
    let want = (time, severity, sample.component.as_str(), sample.message.as_str(), sample.partial);
    let message = slice(&sample.line, p.message);
    let got = (p.time, p.severity, slice(&sample.line, p.component), message, p.partial);
    let by = if sample.found_as.is_empty() { &def.name } else { &sample.found_as };
    if got != want || forced.is_none() && parser.last_format() != by {
        let by = parser.last_format();
        return Some(format!("{}, {forced:?} as {by}: {}\n  {got:?}\n  {want:?}", def.name, sample.line));
    }
    let found = fields(&FormatSet::builtin(), forced.unwrap_or("plain"), &sample.line);
    let lacking =
        sample.fields.iter().find(|(name, value)| !found.iter().any(|f| f.name == **name && f.value == **value))?;
    let found: Vec<String> = found.iter().map(|f| format!("{}={}", f.name, f.value)).collect();
    Some(format!("{}, {forced:?}: {}\n  field {lacking:?} not in {found:?}", def.name, sample.line))
}

fn shipped() -> Vec<FormatDef> {
    embedded::FILES.iter().map(|(file, text)| FormatDef::from_toml(file, text).unwrap()).collect()
}

/// Each sample is read as stated, both when its format is forced and when it must be found.
#[test]
fn samples_of_every_format() {
    let mut wrong = Vec::new();
    for (def, (file, _)) in shipped().iter().zip(embedded::FILES) {
        assert_eq!(format!("{}.toml", def.name), *file);
        assert!(!def.samples.is_empty(), "{file} has samples");
        for sample in &def.samples {
            let found = (!def.forced_only).then_some(None);
            for forced in [Some(Some(def.name.as_str())), found].into_iter().flatten() {
                wrong.extend(misread(def, sample, forced, &mut utc(forced)));
            }
        }
    }
    assert!(wrong.is_empty(), "{} wrong\n{}", wrong.len(), wrong.join("\n"));
}

/// A file of one format is known by that name, also after a hundred lines, and whatever was in it before.
#[test]
fn a_file_of_samples_is_of_its_format() {
    for def in shipped().into_iter().filter(|d| !d.forced_only) {
        let own: Vec<&Sample> = def.samples.iter().filter(|s| s.found_as.is_empty()).collect();
        let mut parser = utc(None);
        for i in 0..150 {
            parser.parse(&own[i % own.len()].line, at(NOW));
        }
        // A program's lines are lines of syslog first of all.
        let name = if def.kind == Kind::Program { "syslog" } else { &def.name };
        assert_eq!(parser.format_name(), name);
        parser.restart();
        let other = if def.name == "klog" { "812:M 07 Jan 2025 14:30:15.123 # full" } else { KLOG };
        parser.parse(other, at(NOW));
        assert_eq!(parser.last_format(), if def.name == "klog" { "redis" } else { "klog" });
    }
}

const KLOG: &str = "E0107 14:30:15.123456    4242 kubelet.go:2419] Error syncing pod";

/// While the format is looked for, lines of all formats in one file are told apart line by line.
#[test]
fn samples_of_all_formats_in_one_file() {
    let mut wrong = Vec::new();
    let defs = shipped();
    let all: Vec<_> =
        defs.iter().filter(|d| !d.forced_only).flat_map(|d| d.samples.iter().map(move |s| (d, s))).collect();
    for chunk in all.chunks(90) {
        let mut parser = utc(None);
        wrong.extend(chunk.iter().filter_map(|(def, sample)| misread(def, sample, None, &mut parser)));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn plain_lines_say_what_can_be_told() {
    let cases = [
        ("2025-01-07 14:30:15 ERROR boom", true, true, Severity::ERROR, "boom"),
        ("[warn] low on disk", true, false, Severity::WARN, "low on disk"),
        ("error: no such file", true, false, Severity::ERROR, "no such file"),
        ("an error in a sentence", false, false, Severity::UNSET, "an error in a sentence"),
        ("no ERRORS here", false, false, Severity::UNSET, "no ERRORS here"),
        ("panic: runtime error: index out of range", true, false, Severity::FATAL, "runtime error: index out of range"),
        (
            "thread 'main' panicked at src/main.rs:2:5:",
            false,
            false,
            Severity::FATAL,
            "thread 'main' panicked at src/main.rs:2:5:",
        ),
        (
            "Exception in thread \"main\" java.lang.Error",
            false,
            false,
            Severity::ERROR,
            "Exception in thread \"main\" java.lang.Error",
        ),
        ("    at com.example.A.b(A.java:3)", false, false, Severity::UNSET, "    at com.example.A.b(A.java:3)"),
        ("C:\\Users\\x: not found", false, false, Severity::UNSET, "C:\\Users\\x: not found"),
        ("14:30:15 started", true, false, Severity::UNSET, "started"),
        ("2025-02-30 10:00:00 WARN no such day", true, false, Severity::WARN, "no such day"),
        ("1736260215 up", true, true, Severity::UNSET, "up"),
        ("", false, false, Severity::UNSET, ""),
    ];
    for (line, recognised, timed, severity, message) in cases {
        let p = utc(None).parse(line, at(NOW));
        assert_eq!(
            (p.recognised, p.time.is_some(), p.severity, slice(line, p.message)),
            (recognised, timed, severity, message),
            "{line}"
        );
    }
}

#[test]
fn a_mixed_source_is_read_line_by_line() {
    let mut parser = utc(None);
    for i in 0..300 {
        let lines = [
            (format!("2025-01-07 14:30:15 [ERROR] orders - failed {i}"), "orders", Severity::ERROR),
            (r#"{"level":"warn","logger":"pay","msg":"slow"}"#.to_owned(), "pay", Severity::WARN),
            ("2025-01-07T14:30:15.1Z  INFO gate::http: up".to_owned(), "gate::http", Severity::INFO),
            ("Jan  7 14:30:15 web sshd[3]: hello".to_owned(), "sshd", Severity::UNSET),
        ];
        for (line, component, severity) in &lines {
            let p = parser.parse(line, at(NOW));
            assert_eq!((slice(line, p.component), p.severity), (*component, *severity), "round {i}: {line}");
        }
    }
}

#[test]
fn a_source_that_changes_its_format_is_followed() {
    let mut parser = utc(None);
    for _ in 0..200 {
        parser.parse(r#"{"level":"warn","logger":"pay","msg":"slow"}"#, at(NOW));
    }
    assert_eq!(parser.format_name(), "json");
    for _ in 0..500 {
        parser.parse("2025-01-07 14:30:15 [ERROR] orders - failed", at(NOW));
    }
    assert_eq!(parser.format_name(), "bracketed");
}

#[test]
fn forced_and_resumed_formats() {
    let p = utc(Some("json")).parse("2025-01-07 14:30:15 [ERROR] orders - failed", at(NOW));
    assert!(!p.recognised && p.time.is_none());
    let error = SourceParser::new(FormatSet::builtin(), ZoneRule::Utc, Some("jsno"), None).unwrap_err();
    assert_eq!(error.to_string(), "unknown format `jsno`, did you mean `json`?");
    let resumed = SourceParser::new(FormatSet::builtin(), ZoneRule::Utc, None, Some("klog")).unwrap();
    assert_eq!(resumed.format_name(), "klog");
    let gone = SourceParser::new(FormatSet::builtin(), ZoneRule::Utc, None, Some("no-more")).unwrap();
    assert_eq!(gone.format_name(), "plain");
}

#[test]
fn envelopes_give_the_line_inside() {
    let mut parser = utc(None);
    let line =
        r#"{"log":"{\"level\":\"error\",\"msg\":\"caf\u00e9\"}\n","stream":"stderr","time":"2025-01-07T14:30:15Z"}"#;
    let outer = parser.parse(line, at(NOW));
    assert!(outer.enveloped);
    let inside = SourceParser::unwrap(line, &outer);
    assert_eq!(inside, r#"{"level":"error","msg":"café"}"#);
    let inner = parser.parse_inner(&inside, at(NOW));
    assert_eq!((inner.severity, slice(&inside, inner.message)), (Severity::ERROR, "café"));
    let line = r"2025-01-07T14:30:15Z stdout F 2025-01-07 14:30:14 [WARN] a - b\n";
    let outer = parser.parse(line, at(NOW));
    assert_eq!(SourceParser::unwrap(line, &outer), r"2025-01-07 14:30:14 [WARN] a - b\n");
}

#[test]
fn a_directive_names_the_columns() {
    let mut parser = utc(None);
    for line in ["#Software: Microsoft Internet Information Services 10.0", "#Date: 2025-01-07 14:00:00"] {
        assert!(parser.parse(line, at(NOW)).recognised, "{line}");
        assert_eq!(parser.last_format(), "iis");
    }
    parser.parse("#Fields: time date cs-host sc-status cs-uri-stem", at(NOW));
    let line = "14:30:15 2025-01-07 shop.example 503 /cart";
    let p = parser.parse(line, at(NOW));
    assert_eq!((p.severity, slice(line, p.component)), (Severity::ERROR, "shop.example"));
    parser.parse("#Fields: date time sc-status cs-host cs-uri-stem", at(NOW));
    let line = "2025-01-07 14:30:15 404 shop.example /cart";
    let p = parser.parse(line, at(NOW));
    assert_eq!(p.time, Some(at("2025-01-07T14:30:15Z")));
    assert_eq!((p.severity, slice(line, p.component)), (Severity::WARN, "shop.example"));
    assert_eq!(slice(line, p.message), "404 shop.example /cart");
    // Nobody is told a status that is none.
    assert_ne!(
        utc(Some("iis")).parse("2025-01-07 14:30:15 moved shop.example /cart", at(NOW)).severity,
        Severity::WARN
    );
}

#[test]
fn a_file_that_takes_the_place_of_another_is_looked_at_anew() {
    let mut parser = utc(None);
    for _ in 0..300 {
        parser.parse(r#"{"level":"warn","logger":"pay","msg":"slow"}"#, at(NOW));
    }
    let line = "2025-01-07 14:30:15 [ERROR] orders - failed";
    parser.restart();
    assert_eq!(parser.format_name(), "json");
    let p = parser.parse(line, at(NOW));
    assert_eq!((slice(line, p.component), p.severity), ("orders", Severity::ERROR));
    assert_eq!(parser.format_name(), "bracketed");
    // The same without a word about a new file, and in one that was known from an earlier run.
    let mut resumed = SourceParser::new(FormatSet::builtin(), ZoneRule::Utc, None, Some("json")).unwrap();
    let p = resumed.parse(line, at(NOW));
    assert_eq!(slice(line, p.component), "orders");
}

#[test]
fn colours_are_read_past() {
    let line = "\u{1b}[2m2025-01-07T14:30:15Z\u{1b}[0m \u{1b}[32m INFO\u{1b}[0m \u{1b}[2mgate::http\u{1b}[0m\u{1b}[2m:\u{1b}[0m up, caf\u{e9}\u{1b}[0m";
    let p = utc(None).parse(line, at(NOW));
    assert_eq!((p.time, p.severity), (Some(at("2025-01-07T14:30:15Z")), Severity::INFO));
    assert_eq!((slice(line, p.component), slice(line, p.message)), ("gate::http", "up, café"));
}

fn user(toml: &str) -> Result<FormatSet, FormatError> {
    FormatSet::with_user(vec![FormatDef::from_toml("config.toml", toml)?])
}

#[test]
fn formats_of_the_user_come_first() {
    let set = user(
        "name = \"shop\"\nlayout = \"{time}|{level}|{component}|{message}\"\ntime_format = \"%d.%m.%Y %H:%M:%S\"\nzone = \"Europe/Berlin\"\n[levels]\nbad = \"error\"",
    );
    let mut parser = SourceParser::new(Arc::new(set.unwrap()), ZoneRule::Utc, None, None).unwrap();
    let line = "07.01.2025 15:30:15|BAD|till|drawer is stuck";
    let p = parser.parse(line, at(NOW));
    assert_eq!(parser.format_name(), "shop");
    assert_eq!(p.time, Some(at("2025-01-07T14:30:15Z")));
    assert_eq!(
        (p.severity, slice(line, p.component), slice(line, p.message)),
        (Severity::ERROR, "till", "drawer is stuck")
    );

    let set = user(
        r#"name = "re"
pattern = '^(?<level>\w+)! (?<time>\S+) (?<order>\d+) (?<message>.*)$'"#,
    )
    .unwrap();
    let line = "WARN! 2025-01-07T14:30:15Z 77 late";
    let set = Arc::new(set);
    let p = SourceParser::new(Arc::clone(&set), ZoneRule::Utc, Some("re"), None).unwrap().parse(line, at(NOW));
    assert_eq!(
        (p.time, p.severity, slice(line, p.message)),
        (Some(at("2025-01-07T14:30:15Z")), Severity::WARN, "late")
    );
    let found = fields(&set, "re", line);
    assert_eq!((found[0].name.as_str(), found[0].value.as_str()), ("order", "77"));
}

#[test]
fn errors_of_formats_say_which_what_and_where() {
    let cases = [
        ("name = \"x\"\nlayuot = \"{message}\"", "config.toml", "layuot"),
        ("name = \"X y\"\nlayout = \"{message}\"", "`X y`: `name`", "lower-case"),
        ("name = \"x\"", "`x`: `layout`", "missing"),
        ("name = \"x\"\nlayout = \"{time} {message\"", "`x`: `layout`", "column 8"),
        ("name = \"x\"\nlayout = \"{time} {level}\"", "`x`: `layout`", "no {message}"),
        ("name = \"x\"\nlayout = \"{a}{b} {message}\"", "`x`: `layout`", "column 4: two holes"),
        ("name = \"x\"\nlayout = \"{time:when} {message}\"", "`x`: `layout`", "unknown time shape `when`"),
        ("name = \"x\"\npattern = \"(?<message>\"", "`x`: `pattern`", "unclosed group"),
        ("name = \"x\"\npattern = \".*\"", "`x`: `pattern`", "no named groups"),
        ("name = \"x\"\nlayout = \"{message}\"\nzone = \"Mars/Olympus\"", "`x`: `zone`", "Mars/Olympus"),
        ("name = \"x\"\nlayout = \"{message}\"\ntime_format = \"%Q!%\"", "`x`: `time_format`", "%"),
        ("name = \"x\"\nlayout = \"{message}\"\n[levels]\nbad = \"eror\"", "`x`: `levels.bad`", "did you mean `error`"),
    ];
    for (toml, place, what) in cases {
        let error = user(toml).expect_err(toml).to_string();
        assert!(error.contains(place) && error.contains(what), "{toml}\n{error}");
    }
}

#[test]
fn fields_on_demand() {
    let get = |format: &str, text: &str, name: &str| {
        fields(&FormatSet::builtin(), format, text).into_iter().find(|f| f.name == name).map(|f| f.value)
    };
    assert_eq!(get("json", r#"{"a":{"b":[1,2]},"c":"x\ny"}"#, "a.b").as_deref(), Some("[1,2]"));
    assert_eq!(get("json", r#"{"a":{"b":[1,2]},"c":"x\ny"}"#, "c").as_deref(), Some("x\ny"));
    assert_eq!(get("logfmt", r#"level=info msg="a \"b\"" n=3"#, "msg").as_deref(), Some("a \"b\""));
    assert_eq!(get("syslog", "Jan  7 14:30:15 web sshd[42]: hi", "pid").as_deref(), Some("42"));
    assert_eq!(get("plain", "took (ms=12, ok=true)", "ms").as_deref(), Some("12"));
    assert_eq!(
        get("access", r#"1.2.3.4 - - [07/Jan/2025:14:30:15 +0000] "GET / HTTP/1.1" 404 17"#, "status").as_deref(),
        Some("404")
    );
    let docker = r#"{"log":"{\"id\":9}\n","stream":"stdout","time":"2025-01-07T14:30:15Z"}"#;
    assert_eq!(get("docker-json", docker, "id").as_deref(), Some("9"));
    assert_eq!(get("docker-json", docker, "stream").as_deref(), Some("stdout"));
    assert_eq!(get("plain", "done {\"id\": 7}", "id").as_deref(), Some("7"));
}

#[test]
fn a_missing_year_is_the_last_that_fits() {
    let year = |line: &str, now: &str| {
        let t = utc(Some("syslog")).parse(&format!("{line} host app: x"), at(now)).time.unwrap();
        jiff::Timestamp::from_second(t.secs()).unwrap().to_zoned(TimeZone::UTC).year()
    };
    assert_eq!(year("Dec 31 23:59:59", "2025-01-01T00:00:05Z"), 2024);
    assert_eq!(year("Jan  1 12:00:00", "2024-12-31T23:00:00Z"), 2025);
    assert_eq!(year("Jan  2 12:00:00", "2024-12-31T23:00:00Z"), 2024);
    assert_eq!(year("Feb 29 12:00:00", "2027-06-01T00:00:00Z"), 2024);
}

fn zones() -> impl Strategy<Value = TimeZone> {
    prop::sample::select(vec![
        "UTC",
        "America/New_York",
        "Europe/Berlin",
        "Australia/Lord_Howe",
        "Asia/Kolkata",
        "America/St_Johns",
    ])
    .prop_map(|z| TimeZone::get(z).unwrap())
}

/// Shapes that hold date and clock: how jiff writes them, and to how many digits of the second.
const SHAPES: &[(&str, i64)] = &[
    ("%Y-%m-%d %H:%M:%S", 1_000_000_000),
    ("%Y-%m-%dT%H:%M:%S%.9f", 1),
    ("%Y-%m-%d %H:%M:%S,%3f", 1_000_000),
    ("%Y/%m/%d %H:%M:%S%.6f", 1000),
    ("%Y-%m-%d-%H.%M.%S%.6f", 1000),
    ("%Y%m%dT%H%M%S", 1_000_000_000),
    ("%d/%b/%Y:%H:%M:%S", 1_000_000_000),
    ("%a %b %d %H:%M:%S %Y", 1_000_000_000),
    ("%d %b %Y %H:%M:%S%.3f", 1_000_000),
];

const ZONED: &[&str] = &["%Y-%m-%dT%H:%M:%S%.9f%:z", "%Y-%m-%d %H:%M:%S%.9f %z", "%d/%b/%Y:%H:%M:%S%.9f %z"];

proptest! {
    #[test]
    fn local_times_agree_with_jiff(secs in 0i64..4_000_000_000, nanos in 0i64..1_000_000_000, zone in zones(), near in any::<bool>()) {
        // Half of the cases lie within hours of a change of the clock.
        let mut at = jiff::Timestamp::from_second(secs).unwrap();
        if near && let Some(change) = zone.following(at).next() {
            at = jiff::Timestamp::from_second(change.timestamp().as_second() + secs % 14_400 - 7200).unwrap();
        }
        let at = at + jiff::SignedDuration::from_nanos(nanos);
        let zoned = at.to_zoned(zone.clone());
        // A local time may occur twice: what jiff makes of the text is the truth.
        let want = zoned.datetime().to_zoned(zone.clone()).unwrap().timestamp().as_nanosecond() as i64;
        let rule = ZoneRule::Named(zone);
        for (shape, digits) in SHAPES {
            let line = format!("{} x", zoned.strftime(shape));
            let mut parser = SourceParser::new(FormatSet::builtin(), rule.clone(), Some("plain"), None).unwrap();
            let got = parser.parse(&line, Timestamp(want)).time.map(|t| t.0);
            prop_assert_eq!(got, Some(want.div_euclid(*digits) * digits), "{}", line);
        }
        for shape in ZONED {
            let line = format!("{} x", zoned.strftime(shape));
            let got = utc(Some("plain")).parse(&line, Timestamp(want)).time.map(|t| t.0);
            prop_assert_eq!(got, Some(at.as_nanosecond() as i64), "{}", line);
        }
        let line = zoned.strftime("%b %e %H:%M:%S host app[1]: x").to_string();
        let mut parser = SourceParser::new(FormatSet::builtin(), rule.clone(), Some("syslog"), None).unwrap();
        prop_assert_eq!(parser.parse(&line, Timestamp(want)).time.map(Timestamp::secs), Some(want.div_euclid(1_000_000_000)), "{}", line);
    }

    #[test]
    fn the_cache_of_a_parser_does_not_change_its_answers(steps in prop::collection::vec((0i64..20_000, any::<bool>()), 1..40)) {
        let zone = TimeZone::get("Australia/Lord_Howe").unwrap();
        let mut parser = SourceParser::new(FormatSet::builtin(), ZoneRule::Named(zone.clone()), None, None).unwrap();
        let mut secs = 1_743_778_800 - 100_000;
        for (step, back) in steps {
            secs += if back { -step } else { step };
            let civil = jiff::Timestamp::from_second(secs).unwrap().to_zoned(zone.clone()).datetime();
            let want = civil.to_zoned(zone.clone()).unwrap().timestamp().as_second();
            let got = parser.parse(&format!("{} x", civil.strftime("%Y-%m-%d %H:%M:%S")), Timestamp(0)).time;
            prop_assert_eq!(got.map(Timestamp::secs), Some(want));
        }
    }

    #[test]
    fn any_text_is_taken_without_harm(noise in r#"(?s)[<\[{("\x1b]?.{0,60}"#, head in 0usize..200, cut in 0usize..200) {
        let lines: Vec<String> = shipped().into_iter().flat_map(|def| def.samples).map(|s| s.line).collect();
        let sample = &lines[head % lines.len()];
        let cut = (0..=cut.min(sample.len())).rev().find(|i| sample.is_char_boundary(*i)).unwrap();
        // Noise alone, a good line torn off, and noise inside of a good line.
        for line in [noise.clone(), sample[..cut].to_owned(), format!("{}{noise}{}", &sample[..cut], &sample[cut..])] {
            let set = FormatSet::builtin();
            for forced in set.names().map(Some).chain([None]) {
                let p = utc(forced).parse(&line, at(NOW));
                slice(&line, p.component);
                slice(&line, p.message);
                fields(&set, forced.unwrap_or("plain"), &line);
                SourceParser::unwrap(&line, &p);
            }
        }
    }
}
