//! Logs made for the benches: a small shop's services over some hours, as plain lines or as JSON lines, of any size
//! and always the same. Used by the benches; it knows nothing of the program.

mod random;
mod statements;

use self::random::Random;
use self::statements::Statement;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

/// How a line is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    /// `2025-01-07 14:30:15.123 [LEVEL] component - message`, sometimes followed by a stack trace.
    Plain,
    /// One JSON object per line.
    Json,
}

/// Seconds since 1970 of the first line: 2025-01-07 00:00:00 UTC.
const BEGIN: i64 = 1_736_208_000;

/// Writes lines one after the other; each has its own time and values.
pub(crate) struct Lines {
    style: Style,
    random: Random,
    millis: i64,
    message: String,
}

impl Lines {
    /// Lines that are the same for the same seed.
    pub(crate) fn new(style: Style, seed: u64) -> Self {
        Self { style, random: Random(seed), millis: BEGIN * 1000, message: String::new() }
    }

    /// Appends one record with its line break to `out`.
    pub(crate) fn next(&mut self, out: &mut String) {
        // Bursts: most records follow at once, some after a pause.
        self.millis += match self.random.below(10) {
            0..=5 => 0,
            6..=8 => 1,
            _ => self.random.below(12) as i64,
        };
        self.message.clear();
        let statement = statements::pick(&mut self.random);
        statement.write(&mut self.message, &mut self.random);
        match self.style {
            Style::Plain => self.plain(&statement, out),
            Style::Json => self.json(&statement, out),
        }
    }

    fn plain(&mut self, statement: &Statement, out: &mut String) {
        date(out, self.millis, ' ');
        let _ = writeln!(out, " [{}] {} - {}", statement.level, statement.component, self.message);
        if statement.level == "ERROR" && self.random.below(8) == 0 {
            statements::stack_trace(out, &mut self.random);
        }
    }

    fn json(&mut self, statement: &Statement, out: &mut String) {
        out.push_str("{\"timestamp\":\"");
        date(out, self.millis, 'T');
        let _ =
            write!(out, "Z\",\"level\":\"{}\",\"logger\":\"{}\",\"message\":\"", statement.level, statement.component);
        for c in self.message.chars() {
            if matches!(c, '"' | '\\') {
                out.push('\\');
            }
            out.push(c);
        }
        let _ = writeln!(
            out,
            "\",\"host\":\"node-{:02}\",\"pid\":{},\"trace_id\":\"{:016x}{:016x}\"}}",
            self.random.below(12),
            1000 + self.random.below(24) * 7,
            self.random.next(),
            self.random.next()
        );
    }
}

/// Days to a date after "chrono-Compatible Low-Level Date Algorithms" (Howard Hinnant, 2013).
fn date(out: &mut String, millis: i64, between: char) {
    let (secs, ms) = (millis.div_euclid(1000), millis.rem_euclid(1000));
    let (days, s) = (secs.div_euclid(86_400) + 719_468, secs.rem_euclid(86_400));
    let (era, doe) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let (day, month) = (doy - (153 * mp + 2) / 5 + 1, if mp < 10 { mp + 3 } else { mp - 9 });
    let year = yoe + era * 400 + i64::from(month <= 2);
    let (h, m, s) = (s / 3600, s / 60 % 60, s % 60);
    let _ = write!(out, "{year:04}-{month:02}-{day:02}{between}{h:02}:{m:02}:{s:02}.{ms:03}");
}

/// Size asked for by `AIOBS_BENCH_MIB`, in MiB; 128 when it is not set.
pub(crate) fn mib() -> u64 {
    std::env::var("AIOBS_BENCH_MIB").ok().and_then(|v| v.parse().ok()).unwrap_or(128)
}

/// A log of `mib` MiB (to the end of a line) in `dir`, made if it is not there yet.
///
/// # Errors
/// Faults of the disk.
pub(crate) fn file(dir: &Path, style: Style, mib: u64) -> std::io::Result<PathBuf> {
    let name = match style {
        Style::Plain => format!("aiobs-bench-v1-{mib}.log"),
        Style::Json => format!("aiobs-bench-v1-{mib}.jsonl"),
    };
    let path = dir.join(name);
    let want = mib << 20;
    if path.metadata().is_ok_and(|m| m.len() >= want) {
        return Ok(path);
    }
    let part = path.with_extension("part");
    let mut out = BufWriter::with_capacity(1 << 20, File::create(&part)?);
    let (mut lines, mut text, mut written) = (Lines::new(style, 7), String::new(), 0);
    while written < want {
        text.clear();
        lines.next(&mut text);
        written += text.len() as u64;
        out.write_all(text.as_bytes())?;
    }
    out.into_inner().map_err(std::io::IntoInnerError::into_error)?.sync_all()?;
    std::fs::rename(&part, &path)?;
    Ok(path)
}
