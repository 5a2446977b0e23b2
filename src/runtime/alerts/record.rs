//! The record of what left: one line of JSON per alert in `alerts.jsonl` beside the archive, which only its owner can
//! read. When it is large it becomes `alerts.jsonl.1`, so that there are two at most.

use aiobs_sync::{Delivery, Outcome};
use serde_json::json;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::{Path, PathBuf};

const FILE: &str = "alerts.jsonl";
/// Bytes.
const LARGE: u64 = 1 << 20;

pub(super) struct Record {
    path: PathBuf,
}

impl Record {
    pub(super) fn new(dir: &Path) -> Self {
        Self { path: dir.join(FILE) }
    }

    /// What is written about a message: nothing of its text but the title.
    pub(super) fn line(d: &Delivery<'_>) -> String {
        let (outcome, note) = match &d.outcome {
            Outcome::Sent(note) => ("sent", note.as_deref()),
            Outcome::Failed(why) => ("failed", Some(why.as_str())),
        };
        let one = |a: &aiobs_sync::Alert| {
            json!({
                "time": jiff::Timestamp::now().to_string(), "channel": d.channel, "place": d.place,
                "incident": a.incident, "state": a.state.name(), "rule": a.rule, "title": a.title,
                "outcome": outcome, "note": note,
            })
            .to_string()
                + "\n"
        };
        d.alerts.iter().map(one).collect()
    }

    pub(super) fn write(&self, line: &str) {
        if std::fs::metadata(&self.path).is_ok_and(|m| m.len() > LARGE) {
            // When it cannot be renamed it only grows.
            let _ = std::fs::rename(&self.path, self.path.with_extension("jsonl.1"));
        }
        let mut options = OpenOptions::new();
        options.append(true).create(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let written = options.open(&self.path).and_then(|mut file| file.write_all(line.as_bytes()));
        if let Err(e) = written {
            tracing::warn!("{}: {e}", self.path.display());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{LARGE, Record};
    use aiobs_sync::{Alert, Delivery, Outcome};

    #[test]
    fn every_alert_has_a_line_and_a_large_file_makes_room() -> anyhow::Result<()> {
        let dir = tempfile::tempdir()?;
        let record = Record::new(dir.path());
        let alerts = [Alert::test("web-1"), Alert::test("web-1")];
        let outcome = Outcome::Failed("no".into());
        let line = Record::line(&Delivery { channel: "slack", place: "h:1".into(), alerts: &alerts, outcome });
        record.write(&line);
        let text = std::fs::read_to_string(dir.path().join("alerts.jsonl"))?;
        assert_eq!(text.lines().count(), 2);
        let first: serde_json::Value = serde_json::from_str(text.lines().next().unwrap_or_default())?;
        assert_eq!((first["outcome"].as_str(), first["note"].as_str()), (Some("failed"), Some("no")));
        record.write(&"x".repeat(LARGE as usize + 1));
        record.write(&line);
        assert_eq!(std::fs::read_to_string(dir.path().join("alerts.jsonl"))?.lines().count(), 2);
        assert!(dir.path().join("alerts.jsonl.1").exists());
        Ok(())
    }
}
