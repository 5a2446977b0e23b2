//! What each of the chain's tools does. Everything reads; nothing here can change a state, start a process or reach a
//! network.

use super::arguments::{check, number, record, text};
use super::table::{Entry, TOOLS};
use super::{Answer, Arguments, Kit};
use crate::context::values::values;
use crate::context::{Exhibit, Why, render};
use crate::{Archive, Evidence, Near, Surroundings};
use aiobs_types::{Document, Incident, Level, LogQuery, LogRecord, TextMatch, Timestamp};
use std::fmt::Write as _;
use std::sync::Arc;

const MINUTE: i64 = 60_000_000_000;
/// Stretches that a rate is told in.
const STRETCHES: i64 = 12;
/// Records whose values are counted.
const COUNTED: usize = 1_000;
/// Earlier incidents told.
const PAST: usize = 5;

fn minutes(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(1).max(1) * MINUTE
}

/// Tools about one incident.
pub(crate) struct IncidentKit {
    pub(crate) archive: Arc<dyn Archive>,
    pub(crate) surroundings: Arc<dyn Surroundings>,
    pub(crate) incident: Incident,
}

impl Kit for IncidentKit {
    fn table(&self) -> &'static [Entry] {
        &TOOLS
    }

    fn line(&mut self, exhibit: &Exhibit) -> String {
        exhibit.record.id.to_string()
    }

    fn text(&mut self, _: &Document) -> String {
        String::new()
    }

    fn perform(&self, entry: &Entry, arguments: Arguments<'_>) -> Result<Answer, String> {
        check(entry, arguments)?;
        match entry.name {
            "search_logs" => self.search(arguments),
            "template_rate" => self.rate(arguments),
            "placeholder_values" => self.values(arguments),
            "incident_history" => self.history(),
            "read_marker" => self.marker(arguments),
            "read_runbook" => {
                let heading = text(arguments, "heading").unwrap_or_default();
                let d = self.surroundings.section(&text(arguments, "file").unwrap_or_default(), &heading)?;
                Ok(Answer { body: inner(&render::document(&d)), amount: 1, ..Answer::default() })
            }
            "host_state" => {
                let host = self.surroundings.host().ok_or("the state of this machine is not known")?;
                Ok(Answer { body: inner(&render::host(&host)), amount: 1, ..Answer::default() })
            }
            "read_file" => self.file(arguments),
            other => Err(format!("{other} does nothing")),
        }
    }
}

impl IncidentKit {
    fn exhibits(&self, records: Vec<LogRecord>) -> Vec<Exhibit> {
        let exhibit = |record: LogRecord| {
            let source = self.archive.source_name(record.source).unwrap_or_default();
            Exhibit { record, source, why: Why::Tool }
        };
        records.into_iter().map(exhibit).collect()
    }

    fn search(&self, arguments: Arguments<'_>) -> Result<Answer, String> {
        let level = match text(arguments, "level") {
            None => None,
            Some(name) => {
                let level = Level::ALL.into_iter().find(|l| l.name().eq_ignore_ascii_case(&name));
                Some(level.ok_or("level must be debug, info, warn, error or fatal")?.floor())
            }
        };
        let literal = |pattern: String| TextMatch { pattern, regex: false, case_sensitive: false, negate: false };
        let start = self.incident.first_seen;
        let query = LogQuery {
            text: text(arguments, "text").map(literal).into_iter().collect(),
            min_severity: level,
            components: text(arguments, "component").into_iter().collect(),
            from: Some(start.plus(-minutes(number(arguments, "minutes_before", 10, 1_440)))),
            to: Some(start.plus(minutes(number(arguments, "minutes_after", 10, 1_440)))),
            limit: number(arguments, "limit", 20, 40).max(1) as usize,
            ..LogQuery::default()
        };
        let records = self.archive.search(&query).map_err(|e| e.to_string())?;
        let amount = records.len();
        Ok(Answer { exhibits: self.exhibits(records), amount, ..Answer::default() })
    }

    fn the_record(&self, arguments: Arguments<'_>) -> Result<LogRecord, String> {
        let id = record(arguments, "record")?;
        let found = self.archive.records(&[id]).map_err(|e| e.to_string())?;
        found.into_iter().next().ok_or_else(|| format!("there is no line {id}"))
    }

    fn rate(&self, arguments: Arguments<'_>) -> Result<Answer, String> {
        let record = self.the_record(arguments)?;
        let half = minutes(number(arguments, "minutes", 15, 120));
        let step = (2 * half / STRETCHES).max(1);
        let start = self.incident.first_seen.plus(-half);
        let mut body = String::new();
        for i in 0..STRETCHES {
            let (from, to) = (start.plus(i * step), start.plus((i + 1) * step));
            let counts = self.archive.template_counts(from, to).map_err(|e| e.to_string())?;
            let n = counts.iter().find(|c| c.template == record.template).map_or(0, |c| c.count);
            let during = if to > self.incident.first_seen { " (incident)" } else { "" };
            let per_minute = n as f64 * MINUTE as f64 / step as f64;
            let _ = writeln!(body, "{}: {n} lines, {per_minute:.1} per minute{during}", render::time(from));
        }
        Ok(Answer { body, amount: STRETCHES as usize, ..Answer::default() })
    }

    fn values(&self, arguments: Arguments<'_>) -> Result<Answer, String> {
        let record = self.the_record(arguments)?;
        let template = self.archive.template_text(record.template).map_err(|e| e.to_string())?;
        let template = template.ok_or("the kind of this line is not known")?;
        let query = LogQuery {
            templates: vec![record.template],
            from: Some(self.incident.first_seen.plus(-10 * MINUTE)),
            to: Some(self.incident.last_seen.plus(MINUTE)),
            limit: COUNTED,
            ..LogQuery::default()
        };
        let records = self.archive.search(&query).map_err(|e| e.to_string())?;
        let found = values(&template, records.iter().map(LogRecord::message));
        if found.is_empty() {
            return Err("all lines of this kind are the same".to_owned());
        }
        Ok(Answer { body: inner(&render::values(&found)), amount: found.len(), ..Answer::default() })
    }

    fn history(&self) -> Result<Answer, String> {
        let past = self.archive.similar(&self.incident, PAST).map_err(|e| e.to_string())?;
        let amount = past.len();
        let body = inner(&render::past(&Evidence { past, ..Evidence::default() }));
        Ok(Answer { body, amount, ..Answer::default() })
    }

    fn marker(&self, arguments: Arguments<'_>) -> Result<Answer, String> {
        let from = self.incident.first_seen.plus(-minutes(number(arguments, "minutes_before", 60, 1_440)));
        let to: Timestamp = self.incident.last_seen.plus(1);
        let changes = self.archive.changes(from, to).map_err(|e| e.to_string())?;
        let ids: Vec<_> = changes.iter().filter_map(|c| c.record).collect();
        let records = self.archive.records(&ids).map_err(|e| e.to_string())?;
        let body = inner(&render::changes(&changes, self.incident.first_seen));
        Ok(Answer { body, exhibits: self.exhibits(records), amount: changes.len(), ..Answer::default() })
    }

    fn file(&self, arguments: Arguments<'_>) -> Result<Answer, String> {
        let path = text(arguments, "path").unwrap_or_default();
        let line = number(arguments, "line", 0, 10_000_000) as usize;
        let near = match (text(arguments, "find"), line) {
            (Some(find), _) => Some(Near::Text(find)),
            (None, 0) => None,
            (None, line) => Some(Near::Line(line)),
        };
        let found = self.surroundings.excerpt(&path, near.as_ref())?;
        Ok(Answer { body: inner(&render::file(&found)), amount: 1, file: Some(found), ..Answer::default() })
    }
}

/// What stands between the fences: the answer gets fences of its own.
pub(super) fn inner(fenced: &str) -> String {
    let kept: Vec<&str> = fenced.lines().filter(|l| !l.starts_with("<<<")).collect();
    if kept.is_empty() { String::new() } else { kept.join("\n") + "\n" }
}
