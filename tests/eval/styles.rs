//! How a statement becomes a line: the formats that programs write, each with what its format says of the level.

use super::Random;
use aiobs_logs::detect::classify::Labelled;
use aiobs_types::Level;
use serde_json::json;

/// How a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    /// `2025-01-07 14:30:15 ERROR [booking] text`
    Plain,
    /// `{"time":...,"level":...,"service":...,"msg":...}`
    Json,
    /// `{"level":50,"time":1736260215000,"name":...,"pid":...,"msg":...}`
    NumberedJson,
    /// `ts=... level=error component=booking msg="text"`
    Logfmt,
    /// `Jan  7 14:30:15 host kernel: text`, without a level
    Syslog,
    /// `<27>1 2025-01-07T14:30:15Z host booking 71 - - text`
    NewSyslog,
    /// `E0107 14:30:15.000123  71 booking.go:88] text`
    Klog,
    /// `2025-01-07 14:30:15,123 - booking - ERROR - text`
    Python,
    /// `2025-01-07 14:30:15,123 ERROR [main] com.acme.booking - text`, faults with a stack trace now and then
    Java,
}

/// A moment of January 2025.
struct Time {
    second: u64,
    millis: usize,
}

impl Time {
    fn day(&self) -> u64 {
        7 + self.second / 86_400
    }

    fn clock(&self) -> String {
        let rest = self.second % 86_400;
        format!("{:02}:{:02}:{:02}", rest / 3600, rest / 60 % 60, rest % 60)
    }
}

/// The lines of one record.
pub(super) fn record(statement: &Labelled, text: &str, style: Style, second: u64, random: &mut Random) -> Vec<String> {
    let time = Time { second, millis: random.below(1000) };
    let (day, clock, millis) = (time.day(), time.clock(), time.millis);
    let (level, who) = (statement.severity.level(), &statement.component);
    let (name, upper) = (level.name(), level.name().to_uppercase());
    let stamp = format!("2025-01-{day:02}T{clock}.{millis:03}Z");
    let line = match style {
        Style::Plain => format!("2025-01-{day:02} {clock} {upper} [{who}] {text}"),
        Style::Json => {
            json!({"time": format!("2025-01-{day:02}T{clock}Z"), "level": name, "service": who, "msg": text})
                .to_string()
        }
        Style::NumberedJson => {
            let epoch = 1_735_689_600_000 + (6 * 86_400 + second) * 1000 + millis as u64;
            json!({"level": numbered(level), "time": epoch, "pid": 71, "hostname": "node1", "name": who, "msg": text})
                .to_string()
        }
        Style::Logfmt => {
            let quoted = text.replace('\\', "\\\\").replace('"', "\\\"");
            format!("ts={stamp} level={name} component={who} msg=\"{quoted}\"")
        }
        Style::Syslog => format!("Jan {day:2} {clock} node1 {who}: {text}"),
        Style::NewSyslog => format!("<{}>1 {stamp} node1 {who} 71 - - {text}", 24 + priority(level)),
        Style::Klog => {
            let initial = if level == Level::Debug { "I" } else { &upper[..1] };
            format!("{initial}01{day:02} {clock}.{millis:03}123      71 {who}.go:88] {text}")
        }
        Style::Python => format!("2025-01-{day:02} {clock},{millis:03} - {who} - {upper} - {text}"),
        Style::Java => format!("2025-01-{day:02} {clock},{millis:03} {upper:<5} [main] com.acme.{who} - {text}"),
    };
    let mut lines = vec![line];
    if style == Style::Java && statement.alarm && random.below(3) == 0 {
        lines.push(format!("com.acme.{who}.ServiceException: {text}"));
        let places = ["handle", "call", "run"].iter().zip([88, 41, 17]);
        lines.extend(places.map(|(name, line)| format!("\tat com.acme.{who}.Service.{name}(Service.java:{line})")));
    }
    lines
}

fn numbered(level: Level) -> u32 {
    match level {
        Level::Fatal => 60,
        Level::Error => 50,
        Level::Warn => 40,
        Level::Debug => 20,
        Level::Trace => 10,
        _ => 30,
    }
}

fn priority(level: Level) -> u32 {
    match level {
        Level::Fatal => 2,
        Level::Error => 3,
        Level::Warn => 4,
        Level::Debug | Level::Trace => 7,
        _ => 6,
    }
}

/// An access log with spells of answers 5xx, which are its faults; clients' mistakes are none, nor what paths are called.
pub(crate) fn access(lines: usize, seed: u64) -> String {
    let mut random = Random(seed);
    let mut out = String::new();
    let (mut second, mut left) = (0, 0);
    for _ in 0..lines {
        second += random.below(3) as u64;
        if left == 0 && random.below(40) == 0 {
            left = 1 + random.below(12);
        }
        let n = random.below(9_000) + 100;
        let paths =
            ["/cart", "/api/orders", "/errors/500.html", "/static/fail.js", "/search?q=502", "/status/503", "/"];
        let (path, agent) = (random.pick(&paths), random.pick(&["curl/8.5", "Mozilla/5.0 (X11)", "-"]));
        let bad = left > 0;
        left -= usize::from(bad);
        let status = if bad {
            random.pick(&[500, 502, 503, 504])
        } else {
            random.pick(&[200, 200, 200, 200, 200, 200, 204, 301, 304, 404, 403])
        };
        let time = Time { second, millis: 0 };
        let label = if bad { "FAULT" } else { "-" };
        let method = random.pick(&["GET", "GET", "POST"]);
        let line = format!(
            "{label} 10.0.{}.{} - - [{:02}/Jan/2025:{} +0000] \"{method} {path} HTTP/1.1\" {status} {n} \"-\" \"{agent}\"",
            n % 250,
            n % 200,
            time.day(),
            time.clock()
        );
        out.push_str(&line);
        out.push('\n');
    }
    out
}
