//! The built-in scenario tells the promised story, the same one each time, and its mistakes are told with lines.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use super::*;
use std::time::{Duration, Instant};

const OPTIONS: RenderOptions =
    RenderOptions { seed: 7, start: Timestamp::from_secs(1_736_259_750), speed: 1.0, history: true };

fn shop() -> Scenario {
    Scenario::embedded().unwrap_or_else(|e| panic!("{e:?}"))
}

/// The lines up to `seconds` after the start.
fn lines(options: RenderOptions, seconds: u64) -> Vec<DemoLine> {
    render(&shop(), options).take_while(|l| l.due < Duration::from_secs(seconds)).collect()
}

fn live() -> Vec<DemoLine> {
    lines(RenderOptions { history: false, ..OPTIONS }, 400)
}

/// When the first line with this text is due, seconds.
fn first(lines: &[DemoLine], text: &str) -> f64 {
    let line = lines.iter().find(|l| l.text.contains(text)).unwrap_or_else(|| panic!("no line with {text:?}"));
    line.due.as_secs_f64()
}

#[test]
fn the_same_seed_and_start_make_the_same_lines() {
    assert_eq!(lines(OPTIONS, 60), lines(OPTIONS, 60));
    assert_ne!(lines(OPTIONS, 60), lines(RenderOptions { seed: 8, ..OPTIONS }, 60));
}

#[test]
fn the_story_takes_two_minutes_and_errors_come_early() {
    let told = shop().told_seconds();
    assert!((100.0..=130.0).contains(&told), "{told}");
    let refused = first(&live(), "connection to db-1:5432 refused");
    assert!((15.0..=20.0).contains(&refused), "{refused}");
}

#[test]
fn the_fault_unfolds_in_order_and_ends() {
    let lines = live();
    let steps = [
        "rollout orders 1.14.2 -> 1.15.0 by jonas, POOL_MAX=200",
        "remaining connection slots are reserved",
        "connection to db-1:5432 refused (pool",
        "failed: upstream timeout after 30 s\njava.net.SocketTimeoutException",
        "Unable to reach the origin service",
        "rollback orders 1.15.0 -> 1.14.2",
        "rollout orders 1.14.2: 4 of 4 replicas ready",
        "api.paycard.example answered 429",
    ];
    let times: Vec<f64> = steps.iter().map(|s| first(&lines, s)).collect();
    assert!(times.is_sorted(), "{times:?}");
    assert!(lines.iter().any(|l| l.text.contains("\" 502 157")) && lines.iter().any(|l| l.text.contains("\" 504 167")));
    let back = first(&lines, "rollout orders 1.14.2: 4 of 4");
    let later = lines.iter().filter(|l| l.due.as_secs_f64() > back + 1.0);
    assert!(!later.into_iter().any(|l| l.text.contains("refused") || l.text.contains("remaining connection")));
}

#[test]
fn the_history_is_healthy_half_an_hour_long_and_large_enough() {
    let history: Vec<DemoLine> = render(&shop(), OPTIONS).take_while(|l| l.time.0 < OPTIONS.start.0).collect();
    assert!((20_000..=30_000).contains(&history.len()), "{}", history.len());
    assert!(history.iter().all(|l| l.due == Duration::ZERO));
    let span = OPTIONS.start.since(history[0].time) / 1_000_000_000;
    assert!((1790..=1800).contains(&span), "{span}");
    for bad in ["\"level\":\"error\"", " ERROR ", " FATAL: ", " ERR ", "\" 502 ", "[error]"] {
        assert!(!history.iter().any(|l| l.text.contains(bad)), "{bad} in a healthy past");
    }
    assert!(history.iter().filter(|l| l.text.contains("expires in 6 days")).count() > 8);
}

#[test]
fn event_time_never_goes_back_and_every_service_speaks() {
    let all = lines(OPTIONS, 300);
    assert!(all.is_sorted_by_key(|l| l.time));
    assert!(all.is_sorted_by_key(|l| l.due));
    for (i, service) in shop().services.iter().enumerate() {
        let count = all.iter().filter(|l| l.service == i).count();
        assert!(count >= 3, "{} has {count} lines", service.name);
    }
}

#[test]
fn no_value_is_left_unfilled_and_json_is_json() {
    let scenario = shop();
    for line in lines(OPTIONS, 300) {
        assert!(line.text.ends_with('\n') && line.text.len() < 2000);
        if scenario.services[line.service].form == scenario::Form::Json {
            let value: serde_json::Value = serde_json::from_str(&line.text).unwrap();
            assert!(value["msg"].is_string() && value["time"].is_string());
        } else {
            assert!(!line.text.contains(['{', '}']), "{}", line.text);
        }
    }
}

#[test]
fn speed_shortens_the_live_part_only() {
    let fast = render(&shop(), RenderOptions { speed: 4.0, ..OPTIONS });
    let fast: Vec<DemoLine> = fast.take_while(|l| l.due < Duration::from_secs(30)).collect();
    let refused = first(&fast, "connection to db-1:5432 refused");
    assert!((3.5..=5.0).contains(&refused), "{refused}");
    assert_eq!(fast[0], lines(OPTIONS, 1)[0]);
}

#[test]
fn it_goes_on_after_the_story() {
    let late = lines(RenderOptions { history: false, ..OPTIONS }, 900);
    let rounds = late.windows(2).filter(|w| w[1].due > w[0].due + Duration::from_secs(30)).count();
    assert_eq!(rounds, 0, "never silent for long");
    let limited = late.iter().filter(|l| l.text.contains("429 Too Many")).map(|l| l.due.as_secs() / 195);
    assert!(limited.collect::<std::collections::BTreeSet<_>>().len() >= 3, "the small trouble comes back");
}

#[test]
fn real_files_are_written_and_the_writer_stops_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let logs = dir.path().join("logs");
    let demo = Demo::start(&logs, DemoOptions { speed: 20.0, ..DemoOptions::default() }).unwrap();
    assert_eq!(demo.files().len(), 7);
    let orders = logs.join("orders.log");
    let size = std::fs::metadata(&orders).unwrap().len();
    assert!(size > 500_000, "the past is there before start returns");
    let patience = Instant::now() + Duration::from_secs(20);
    while std::fs::metadata(&orders).unwrap().len() == size {
        assert!(Instant::now() < patience && demo.fault().is_none(), "nothing was appended: {:?}", demo.fault());
        std::thread::sleep(Duration::from_millis(10));
    }
    demo.stop();
    let text = std::fs::read_to_string(&orders).unwrap();
    assert!(text.ends_with('\n') && text.lines().all(|l| l.starts_with('{') && l.ends_with('}')));
}

#[test]
fn a_directory_that_cannot_be_made_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("taken");
    std::fs::write(&file, "x").unwrap();
    let error = Demo::start(&file, DemoOptions::default()).unwrap_err();
    assert!(error.to_string().contains("taken"), "{error}");
    assert!(matches!(
        Demo::start(dir.path(), DemoOptions { speed: 0.0, ..DemoOptions::default() }),
        Err(DemoError::Speed(_))
    ));
}

#[test]
fn mistakes_are_told_with_file_line_and_nearest_name() {
    let good = include_str!("../../assets/demo/shop.toml");
    let told = |from: &str, to: &str| {
        let bad = good.replacen(from, to, 1);
        assert_ne!(bad, good);
        let line = good[..good.find(from).unwrap()].lines().count().max(1);
        let errors = Scenario::parse("shop.toml", &bad).map(|s| s.title).unwrap_err();
        assert!(errors[0].line.abs_diff(line) <= 1, "{errors:?}, not line {line}");
        errors[0].message.clone()
    };
    assert_eq!(told("phase = \"cascade\"", "phase = \"casacde\""), "unknown phase `casacde`; did you mean `cascade`?");
    assert_eq!(told("{seq:charge}", "{seq:chrage}"), "`{seq:chrage}`: no counter `chrage` in [counters]");
    assert_eq!(told("{int:900..14000}", "{int:9..1}"), "`{int:9..1}` needs a range such as {int:1..9}");
    assert_eq!(told("total {amount}", "total {amuont}"), "unknown value `{amuont}`");
    assert_eq!(told("weight = 30", "weight = 0"), "a weight must be greater than 0");
    assert!(told("seconds = 14", "secnds = 14").contains("unknown field `secnds`"));
}

#[test]
fn every_fault_of_the_story_has_its_playbook() {
    use aiobs_agents::{Advisor, Signature, playbook::Library};
    let (library, _) = Library::load(None);
    let lines = lines(RenderOptions { history: false, ..OPTIONS }, 330);
    for (text, playbook) in [
        ("connection to db-1:5432 refused", "database-connection-refused"),
        ("remaining connection slots", "database-too-many-connections"),
        ("no database connection after", "database-connection-refused"),
        ("failed: upstream timeout", "upstream-timeout"),
        ("\" 502 157", "http-502-bad-gateway"),
        ("\" 504 167", "http-504-gateway-timeout"),
        ("Unable to reach the origin", "cloudflared-origin-unreachable"),
        ("expires in 6 days", "tls-certificate-expiring"),
        ("429 Too Many Requests", "rate-limited"),
        ("statement timeout", "database-statement-timeout"),
    ] {
        let line = lines.iter().find(|l| l.text.contains(text)).unwrap();
        let signature = Signature { messages: vec![line.text.clone()], ..Signature::default() };
        assert_eq!(library.advise(&signature).map(|a| a.id).as_deref(), Some(playbook), "{}", line.text);
    }
}
