//! Bytes in, records and incidents out.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::*;
use aiobs_types::{Severity, flags};

const MINUTE: i64 = 60_000_000_000;
/// 2025-01-07 14:30:00 UTC
pub(super) const NOW: Timestamp = Timestamp(1_736_260_200_000_000_000);

pub(super) fn pipeline() -> Pipeline {
    pipeline_with(Vec::new(), Vec::new())
}

pub(super) fn pipeline_with(templates: Vec<Template>, state: Vec<(String, Vec<u8>)>) -> Pipeline {
    Pipeline::new(PipelineSetup {
        formats: Arc::new(FormatSet::with_user(Vec::new()).unwrap()),
        zone: ZoneRule::parse("utc").unwrap(),
        forced: Vec::new(),
        detect: DetectConfig::default(),
        lore: None,
        incidents: BookOptions { quiet: 30 * MINUTE, ..BookOptions::default() },
        templates,
        known_incidents: Vec::new(),
        next_incident: IncidentId(1),
        next_record: RecordId(1),
        checkpoints: Vec::new(),
        lessons: Vec::new(),
        state,
        markers: Vec::new(),
    })
    .unwrap()
}

pub(super) fn feed(pipeline: &mut Pipeline, source: u32, offset: u64, text: &str) -> Output {
    let source = SourceId(source);
    if offset == 0 {
        pipeline.open(source, "/var/log/shop.log", FileIdentity::default(), 0).unwrap();
    }
    pipeline.data(source, offset, text.as_bytes(), FileIdentity::default(), NOW, |_| panic!("no batch is full"));
    pipeline.caught_up(source, NOW);
    pipeline.take(NOW)
}

fn messages(output: &Output) -> Vec<&str> {
    output.batch.iter().map(|v| v.message()).collect()
}

#[test]
fn a_trace_in_a_cri_file_is_one_record() {
    let text = "2025-01-07T14:30:15.1Z stdout F listening\n\
        2025-01-07T14:30:16.1Z stderr F Traceback (most recent call last):\n\
        2025-01-07T14:30:16.1Z stderr F   File \"/app/x.py\", line 3, in <module>\n\
        2025-01-07T14:30:16.1Z stderr F     boom()\n\
        2025-01-07T14:30:16.1Z stderr F ValueError: bad thing 42\n\
        2025-01-07T14:30:17.1Z stdout F fine\n";
    let output = feed(&mut pipeline(), 1, 0, text);
    let trace = "Traceback (most recent call last):\n  File \"/app/x.py\", line 3, in <module>\n    boom()\n\
        ValueError: bad thing 42";
    assert_eq!(messages(&output), ["listening", trace, "fine"]);
    assert_eq!(output.incidents.len(), 1);
    assert_eq!(output.incidents[0].title, "ValueError: bad thing 42");
}

#[test]
fn pieces_of_a_line_are_read_as_the_whole_they_are() {
    let text = "2025-01-07T14:30:15.1Z stdout F {\"level\":\"info\",\"msg\":\"ok\"}\n\
        2025-01-07T14:30:17.1Z stdout P {\"level\":\"error\",\"msg\":\"first half\n\
        2025-01-07T14:30:17.1Z stdout F  second half\"}\n";
    let output = feed(&mut pipeline(), 1, 0, text);
    assert_eq!(messages(&output), ["ok", "first half second half"]);
    assert_eq!(output.batch.view(1).meta.severity, Severity::ERROR);
}

#[test]
fn a_trace_in_a_docker_file_is_one_record() {
    let line =
        |log: &str| format!("{{\"log\":\"{log}\\n\",\"stream\":\"stderr\",\"time\":\"2025-01-07T14:30:16.1Z\"}}\n");
    let text = line("ready")
        + &line("Exception in thread \\\"main\\\" java.lang.IllegalStateException: no config")
        + &line("\\tat com.x.Main.main(Main.java:3)")
        + &line("stopped");
    let output = feed(&mut pipeline(), 1, 0, &text);
    assert_eq!(output.batch.len(), 3);
    assert!(output.batch.view(1).text.ends_with("\n\tat com.x.Main.main(Main.java:3)"));
    assert!(!output.incidents[0].title.contains("\\n"), "{}", output.incidents[0].title);
}

#[test]
fn a_clock_gone_wrong_does_not_end_incidents_nor_keep_them() {
    let mut p = pipeline();
    let text = "2025-01-07 14:30:00 ERROR orders - charge was declined\n2099-01-01 00:00:00 INFO orders - hello\n";
    let output = feed(&mut p, 1, 0, text);
    assert_eq!(output.incidents[0].state, IncidentState::Open);
    // No more records: time goes on all the same.
    assert!(p.take(NOW.plus(29 * MINUTE)).incidents.is_empty());
    let later = p.take(NOW.plus(31 * MINUTE));
    assert_eq!(later.incidents[0].state, IncidentState::Resolved);
}

#[test]
fn records_and_checkpoints_of_several_sources_go_together() {
    let mut p = pipeline();
    for source in [1, 2] {
        p.open(SourceId(source), "/var/log/shop.log", FileIdentity::default(), 0).unwrap();
    }
    let line = "2025-01-07 14:30:00 INFO orders - served\n";
    let bytes = line.repeat(5_000);
    let mut outputs = Vec::new();
    p.data(SourceId(1), 0, bytes.as_bytes(), FileIdentity::default(), NOW, |o| outputs.push(o));
    p.data(SourceId(2), 0, bytes.as_bytes(), FileIdentity::default(), NOW, |o| outputs.push(o));
    p.caught_up(SourceId(1), NOW);
    p.caught_up(SourceId(2), NOW);
    outputs.push(p.take(NOW));
    let mut records = HashMap::from([(SourceId(1), 0u64), (SourceId(2), 0)]);
    let mut stored = records.clone();
    for output in &outputs {
        for row in output.batch.rows() {
            *records.get_mut(&row.source).unwrap() += 1;
        }
        for c in &output.checkpoints {
            stored.insert(c.source, c.offset);
        }
        // Whatever comes after this transaction, what it says is read is exactly what is stored.
        for (source, offset) in &stored {
            assert_eq!(*offset, records[source] * line.len() as u64, "{source:?}");
        }
    }
    assert_eq!(records.values().sum::<u64>(), 10_000);
}

#[test]
fn a_go_panic_is_one_record_although_its_first_word_is_a_level() {
    let text = "2025/01/07 14:30:15 listening on :8080\n\
        panic: runtime error: index out of range [5] with length 3\n\ngoroutine 1 [running]:\nmain.main()\n\
        \t/app/main.go:9 +0x1d\nexit status 2\n";
    let output = feed(&mut pipeline(), 1, 0, text);
    assert_eq!(output.batch.len(), 2);
    assert_eq!(output.incidents.len(), 1);
}

#[test]
fn an_object_over_several_lines_is_one_record_with_its_message() {
    let object = "{\n  \"time\": \"2025-01-07T14:30:15Z\",\n  \"level\": \"error\",\n  \"msg\": \"no such cart\",\n  \"cart\": {\n    \"id\": 7\n  }\n}\n";
    let mut p = pipeline();
    let output = feed(&mut p, 1, 0, &format!("{object}{object}"));
    assert_eq!(messages(&output), ["no such cart", "no such cart"]);
    assert_eq!(output.batch.view(0).meta.severity, Severity::ERROR);
    assert_eq!(output.batch.view(0).text, object.trim_end());
    assert_eq!(output.checkpoints[0].offset, 2 * object.len() as u64);
    assert_eq!(output.incidents.len(), 1);
}

#[test]
fn an_open_object_is_not_stored_before_it_has_ended() {
    let mut p = pipeline();
    let (begin, end) = ("{\n  \"level\": \"warn\",\n", "  \"msg\": \"slow\"\n}\n");
    let source = SourceId(1);
    p.open(source, "/var/log/shop.log", FileIdentity::default(), 0).unwrap();
    p.data(source, 0, begin.as_bytes(), FileIdentity::default(), NOW, |_| panic!("no batch is full"));
    assert!(p.in_block(source));
    assert!(p.take(NOW).batch.is_empty());
    p.data(source, begin.len() as u64, end.as_bytes(), FileIdentity::default(), NOW, |_| panic!("no batch is full"));
    assert!(!p.in_block(source));
    p.caught_up(source, NOW);
    assert_eq!(messages(&p.take(NOW)), ["slow"]);
    // One that never ends comes as it was written.
    p.data(source, 99, begin.as_bytes(), FileIdentity::default(), NOW, |_| panic!("no batch is full"));
    p.caught_up(source, NOW);
    let output = p.take(NOW);
    let texts: Vec<&str> = output.batch.iter().map(|v| v.text).collect();
    assert_eq!(texts.join("\n"), begin.trim_end());
}

#[test]
fn a_file_in_another_format_is_read_from_its_first_line_on() {
    let mut p = pipeline();
    let old = "{\"level\":\"info\",\"logger\":\"pay\",\"msg\":\"fine\"}\n".repeat(300);
    feed(&mut p, 1, 0, &old);
    p.new_file(SourceId(1), FileIdentity::default(), 0, NOW);
    let text = "2025-01-07 14:30:15 [ERROR] orders - charge was declined\n";
    p.data(SourceId(1), 0, text.as_bytes(), FileIdentity::default(), NOW, |_| panic!("no batch is full"));
    p.caught_up(SourceId(1), NOW);
    let output = p.take(NOW);
    let view = output.batch.view(0);
    assert_eq!((view.component, view.message()), ("orders", "charge was declined"));
    assert_eq!(p.format(SourceId(1)), Some("bracketed"));
}

#[test]
fn an_object_over_several_lines_in_a_cri_file_is_one_record() {
    let lines =
        ["{", "  \"level\": \"error\",", "  \"logger\": \"pay\",", "  \"msg\": \"no such cart\",", "  \"n\": 1", "}"];
    let text: String = lines.iter().flat_map(|l| ["2025-01-07T14:30:15.1Z stdout F ", l, "\n"]).collect();
    let output = feed(&mut pipeline(), 1, 0, &format!("{text}2025-01-07T14:30:16.1Z stdout F fine\n"));
    assert_eq!(messages(&output), ["no such cart", "fine"]);
    let view = output.batch.view(0);
    assert_eq!((view.meta.severity, view.component), (Severity::ERROR, "pay"));
    assert!(view.text.ends_with("\n  \"n\": 1\n}"));
}

#[test]
fn a_source_with_its_clock_ahead_does_not_end_the_incidents_of_others() {
    let mut p = pipeline();
    let error = |minute: i64| format!("2025-01-07 14:{minute:02}:00 [ERROR] shop - connection refused by 10.0.0.7\n");
    let calm = |minute: i64| format!("2025-01-07 16:{minute:02}:00 [INFO] cart - two hours ahead {minute}\n");
    let mut at = [0, 0];
    let (mut opened, mut resolved) = (0, 0);
    for minute in 30..50 {
        for (i, text) in [calm(minute), error(minute)].iter().enumerate() {
            let output = feed(&mut p, 1 + i as u32, at[i], text);
            at[i] += text.len() as u64;
            opened += output.to_diagnose.len();
            resolved += output.incidents.iter().filter(|i| i.state == IncidentState::Resolved).count();
        }
    }
    assert_eq!((opened, resolved), (1, 0), "one fault is one incident, whatever another clock says");
}

#[test]
fn a_fault_dated_in_the_far_future_is_one_of_now() {
    let mut p = pipeline();
    let output = feed(&mut p, 1, 0, "2031-01-01 00:00:00 [ERROR] shop - connection refused by 10.0.0.7\nno time\n");
    assert_eq!(output.incidents[0].last_seen, NOW);
    assert!(output.batch.view(0).meta.time > NOW, "the record keeps what it says");
    // Its incident ends, and what comes without a time does not inherit it.
    let later = feed(&mut p, 1, 78, "2025-01-07 14:30:00 [INFO] shop - fine\nplain words\n");
    assert!(later.batch.iter().all(|v| v.meta.time <= NOW), "{:?}", later.batch);
    let ended = p.take(NOW.plus(31 * MINUTE));
    assert_eq!(ended.incidents[0].state, IncidentState::Resolved);
}

#[test]
fn a_clock_set_back_does_not_keep_incidents_open() {
    let mut p = pipeline();
    feed(&mut p, 1, 0, "2025-01-07 14:30:00 [ERROR] shop - connection refused by 10.0.0.7\n");
    let hours = 5 * 60 * MINUTE;
    assert!(p.take(NOW.plus(-hours)).incidents.is_empty());
    assert!(p.take(NOW.plus(29 * MINUTE - hours)).incidents.is_empty());
    assert_eq!(p.take(NOW.plus(31 * MINUTE - hours)).incidents[0].state, IncidentState::Resolved);
}

#[test]
fn noise_is_left_out_but_for_what_is_fatal_and_also_after_a_restart() {
    let line = |second: u32, level: &str| {
        format!("2025-01-07 14:30:{second:02} [{level}] pay - tariff 17 has a hole in its table\n")
    };
    let marked = |output: &Output| output.batch.rows().iter().filter(|r| r.flags & flags::ANOMALY != 0).count();
    let mut first = pipeline();
    let text = line(1, "ERROR");
    let output = feed(&mut first, 1, 0, &text);
    let id = output.incidents[0].id;
    assert_eq!((marked(&output), output.incidents[0].likelihood.is_some()), (1, true));
    assert!(!first.rate(IncidentId(99), false, NOW), "there is no such incident");
    assert!(first.rate(id, false, NOW));
    let output = first.take(NOW);
    let stored = output.state.iter().find(|s| s.0 == LESSONS).map(|s| s.1.clone());
    assert!(output.incidents[0].timeline.iter().any(|e| e.text.starts_with("judged noise: ")), "{output:?}");
    let more = line(2, "ERROR");
    let output = feed(&mut first, 1, text.len() as u64, &more);
    assert_eq!((output.batch.len(), marked(&output), output.incidents.len()), (1, 0, 0), "it is stored, no more");

    let mut second = pipeline();
    assert_eq!(lessons(stored.clone()).len(), 1);
    second.core.detectors.scales().classifier().unwrap().restore(lessons(stored));
    let text = line(3, "ERROR") + &line(4, "FATAL");
    let output = feed(&mut second, 1, 0, &text);
    assert_eq!(marked(&output), 0);
    assert_eq!(output.incidents.iter().map(|i| i.count).collect::<Vec<_>>(), [1], "what is fatal is never left out");
    assert!(lessons(Some(b"not JSON".to_vec())).is_empty());
}

/// Lines of an hour that begins at 13:00, one a second; `extra` says what else a second brings.
pub(super) fn hour(extra: &dyn Fn(i64) -> String) -> String {
    let clock = |s: i64| format!("2025-01-07T{:02}:{:02}:{:02}.000Z", 13 + s / 3600, s / 60 % 60, s % 60);
    let lines = |s: i64| {
        let more = extra(s).replace("{t}", &clock(s));
        [format!("{} INFO web: served page {s} in 3 ms\n", clock(s)), more]
    };
    (0..3600).flat_map(lines).collect()
}

pub(super) fn feed_all(pipeline: &mut Pipeline, text: &str) -> (Vec<Output>, Output) {
    let source = SourceId(1);
    pipeline.open(source, "/var/log/shop.log", FileIdentity::default(), 0).unwrap();
    let mut full = Vec::new();
    pipeline.data(source, 0, text.as_bytes(), FileIdentity::default(), NOW, |o| full.push(o));
    pipeline.caught_up(source, NOW);
    pipeline.end_pipes(NOW);
    let last = pipeline.take(NOW);
    (full, last)
}

#[test]
fn a_calm_hour_opens_nothing_and_is_remembered() {
    let warn = |s: i64| if s % 300 == 7 { "{t} WARN web: cache is cold\n".to_owned() } else { String::new() };
    let mut first = pipeline();
    let (_, output) = feed_all(&mut first, &hour(&warn));
    assert_eq!(first.incidents(), []);
    assert!(output.state.iter().any(|(name, blob)| name.starts_with("rates/1/") && !blob.is_empty()));
    assert!(!output.lives.is_empty());
}

#[test]
fn a_storm_is_one_incident_with_the_numbers_and_what_it_came_after() {
    let extra = |s: i64| match s {
        3000 => "{t} INFO deploy: rollout orders 1.14.2 -> 1.15.0 by jonas\n".to_owned(),
        3004.. => "{t} ERROR web: widget store answers nonsense\n".repeat(20),
        _ if s % 600 == 9 => "{t} ERROR web: widget store answers nonsense\n".to_owned(),
        _ => String::new(),
    };
    let mut pipeline = pipeline();
    let (full, last) = feed_all(&mut pipeline, &hour(&extra));
    let markers: Vec<&Marker> = full.iter().chain([&last]).flat_map(|o| &o.markers).collect();
    assert_eq!(markers.iter().map(|m| m.text.as_str()).collect::<Vec<_>>(), ["deploy orders 1.15.0"]);
    let incidents = pipeline.incidents();
    assert_eq!(incidents.len(), 1, "{incidents:#?}");
    assert!(incidents[0].count > 10_000 && incidents[0].reason.contains("; usually 0 to "), "{}", incidents[0].reason);
}

#[test]
fn a_surge_of_warnings_is_an_incident_that_says_after_what_it_began() {
    let extra = |s: i64| match s {
        3000 => "{t} INFO deploy: rollout orders 1.14.2 -> 1.15.0 by jonas\n".to_owned(),
        3004..3100 => "{t} WARN web: pool is nearly used up\n".repeat(9),
        _ if s % 400 == 9 => "{t} WARN web: pool is nearly used up\n".to_owned(),
        _ => String::new(),
    };
    let mut pipeline = pipeline();
    feed_all(&mut pipeline, &hour(&extra));
    let incidents = pipeline.incidents();
    let told: Vec<(&str, &str)> = incidents.iter().map(|i| (i.title.as_str(), i.reason.as_str())).collect();
    assert_eq!(told.len(), 1, "{told:#?}");
    assert_eq!(told[0].0, "More often than usual: pool is nearly used up");
    assert!(told[0].1.starts_with("web logged \"pool is nearly used up\" "), "{}", told[0].1);
    assert!(told[0].1.contains(" in 30 s; usually 0 to "), "{}", told[0].1);
    assert!(told[0].1.contains(" s after deploy orders 1.15.0."), "{}", told[0].1);
}
