//! The programs that ours is measured beside. One that is not installed is left out with a word.

use crate::corpus::Style;
use std::path::Path;
use std::process::{Command, Stdio};

/// How lnav is told to read our JSON lines; plain ones it knows.
const LNAV_FORMAT: &str = r#"{
  "$schema": "https://lnav.org/schemas/format-v1.schema.json",
  "aiobs_bench_json": {
    "title": "bench", "description": "bench", "json": true, "hide-extra": false, "file-pattern": "\\.jsonl$",
    "line-format": ["[", {"field": "__timestamp__"}, "] ", {"field": "level"}, " ", {"field": "logger"}, " ", {"field": "message"}],
    "timestamp-field": "timestamp", "level-field": "level", "body-field": "message",
    "value": {"logger": {"kind": "string", "identifier": true}, "message": {"kind": "string"}, "host": {"kind": "string"},
      "pid": {"kind": "integer"}, "trace_id": {"kind": "string"}}
  }
}"#;

/// Whether a program can be run.
pub(crate) fn there(program: &str) -> bool {
    let ran = Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    if ran.is_err() {
        println!("({program} is not installed: its rows are left out)");
    }
    ran.is_ok()
}

/// Counts lines.
pub(crate) fn wc(log: &Path) -> Command {
    let mut c = Command::new("wc");
    c.arg("-l").arg(log);
    c
}

/// Counts lines that hold `pattern`, with one thread more than it needs for one file.
pub(crate) fn rg(log: &Path, pattern: &str) -> Command {
    let mut c = Command::new("rg");
    c.args(["--no-config", "-c", "--", pattern]).arg(log).env("LC_ALL", "C");
    c
}

/// Indexes the log without a screen, in a home of its own.
///
/// # Errors
/// Faults of the disk.
pub(crate) fn lnav(home: &Path, log: &Path, style: Style) -> anyhow::Result<Command> {
    if style == Style::Json {
        let formats = home.join(".lnav/formats/bench");
        std::fs::create_dir_all(&formats)?;
        std::fs::write(formats.join("bench.json"), LNAV_FORMAT)?;
    }
    let mut c = Command::new("lnav");
    c.args(["-n", "-q", "-c", ":goto 100%"]).arg(log).env("HOME", home).env_remove("XDG_CONFIG_HOME");
    Ok(c)
}
