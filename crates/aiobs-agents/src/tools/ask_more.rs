//! The chat's tools beside those about lines: incidents, changes, knowledge, what models did, and SQL.

use super::ask::{AskKit, plain, safe};
use super::{Answer, Arguments};
use crate::context::render::time;
use aiobs_types::{DocumentKind, Incident, IncidentId, RecordId, SqlValue, Timestamp};
use std::fmt::Write as _;

/// A day.
const DAY: i64 = 86_400_000_000_000;
/// Incidents of a list.
const INCIDENTS: usize = 20;
/// Changes of a list, the latest.
const CHANGES: usize = 30;
/// Texts found by meaning.
const TEXTS: usize = 4;
/// Lines of an incident.
const LINES: usize = 8;
/// Rows of a statement.
const ROWS: u64 = 40;
/// Characters of one value.
const VALUE: usize = 160;
/// What people and this program wrote about faults.
const WRITTEN: [DocumentKind; 6] = [
    DocumentKind::Runbook,
    DocumentKind::Note,
    DocumentKind::Fix,
    DocumentKind::Diagnosis,
    DocumentKind::Verdict,
    DocumentKind::Incident,
];

impl AskKit {
    pub(super) fn incidents(&self, arguments: Arguments<'_>) -> Result<Answer, String> {
        let all = arguments.get("period").is_none_or(|p| p.as_str().is_none_or(|p| p.trim().is_empty()));
        let (from, to) = if all { (Timestamp(i64::MIN), Timestamp(i64::MAX)) } else { self.period(arguments, DAY)? };
        let list = self.archive.incidents(from, to, INCIDENTS).map_err(plain)?;
        let mut body = String::new();
        for i in &list {
            let _ = writeln!(body, "{}", summary(i));
        }
        let what = if all { "all".to_owned() } else { format!("{} to {}", time(from), time(to)) };
        Ok(Answer { what, body, amount: list.len(), ..Answer::default() })
    }

    pub(super) fn incident(&self, number: u64) -> Result<Answer, String> {
        let id = IncidentId(number);
        let found = self.archive.incident(id).map_err(plain)?;
        let i = found.ok_or_else(|| format!("there is no incident {id}"))?;
        let mut body = summary(&i) + "\n";
        let _ = writeln!(body, "reported because: {}", safe(&i.reason, 300));
        if let Some(d) = self.archive.diagnosis_of(&i).map_err(plain)? {
            let _ = writeln!(body, "cause ({} confidence): {}", d.confidence.name(), safe(&d.cause, 600));
            let lists = [
                ("now", &d.fix.now),
                ("lasting", &d.fix.lasting),
                ("command", &d.fix.commands),
                ("verify", &d.fix.verify),
            ];
            for (head, list) in lists {
                for step in list.iter().take(4) {
                    let _ = writeln!(body, "{head}: {}", safe(step, 240));
                }
            }
        }
        for e in i.timeline.iter().rev().take(6).rev() {
            let _ = writeln!(body, "{} {}", time(e.time), safe(&e.text, 160));
        }
        for p in self.archive.similar(&i, 3).map_err(plain)? {
            let cause = p.diagnosis.map(|d| format!("; cause: {}", safe(&d.cause, 200))).unwrap_or_default();
            let _ = writeln!(body, "earlier and like it: {}{cause}", summary(&p.incident));
        }
        let ids: Vec<RecordId> = i.evidence.iter().copied().take(LINES).collect();
        let exhibits = self.exhibits(self.archive.records(&ids).map_err(plain)?);
        Ok(Answer { what: id.to_string(), body, exhibits, amount: 1, ..Answer::default() })
    }

    pub(super) fn changes(&self, arguments: Arguments<'_>) -> Result<Answer, String> {
        let (from, to) = self.period(arguments, DAY)?;
        let mut list = self.archive.changes(from, to).map_err(plain)?;
        let amount = list.len();
        let list = list.split_off(amount.saturating_sub(CHANGES));
        let mut body = String::new();
        for c in &list {
            let _ = writeln!(body, "{} {} {} {}", time(c.time), c.kind, safe(&c.component, 60), safe(&c.text, 160));
        }
        let ids: Vec<RecordId> = list.iter().rev().filter_map(|c| c.record).take(LINES).collect();
        let exhibits = self.exhibits(self.archive.records(&ids).map_err(plain)?);
        let what = format!("{} to {}", time(from), time(to));
        Ok(Answer { what, body, exhibits, amount, ..Answer::default() })
    }

    pub(super) fn knowledge(&self, question: &str) -> Result<Answer, String> {
        let found = self.archive.recall(question, &WRITTEN, TEXTS).map_err(plain)?;
        let texts: Vec<_> = found.texts.into_iter().map(|r| r.document).collect();
        Ok(Answer { what: question.to_owned(), amount: texts.len(), texts, ..Answer::default() })
    }

    pub(super) fn spans(&self, arguments: Arguments<'_>) -> Result<Answer, String> {
        // Spans are of wall time, the archive's end is not.
        let all = arguments.get("period").is_none_or(serde_json::Value::is_null);
        let (from, to) = if all { (Timestamp(0), Timestamp(i64::MAX)) } else { self.period(arguments, DAY)? };
        let within = format!("start_ns >= {} AND start_ns < {}", from.0, to.0);
        let by_model = format!(
            "SELECT attributes ->> 'gen_ai.response.model' AS model, count(*) AS calls, sum(status = 'error') AS failed, \
             sum(attributes ->> 'gen_ai.usage.input_tokens') AS tokens_in, \
             sum(attributes ->> 'gen_ai.usage.output_tokens') AS tokens_out, \
             round(sum(attributes ->> 'aiobs.cost.usd'), 4) AS usd, round(avg(seconds), 2) AS mean_seconds FROM spans \
             WHERE attributes ->> 'gen_ai.operation.name' = 'chat' AND {within} GROUP BY 1 ORDER BY calls DESC LIMIT 20"
        );
        let by_step = format!(
            "SELECT name, count(*) AS times, sum(status = 'error') AS failed, round(avg(seconds), 2) AS mean_seconds, \
             round(max(seconds), 2) AS longest FROM spans WHERE {within} GROUP BY name ORDER BY times DESC LIMIT 20"
        );
        let mut body = String::new();
        let mut amount = 0;
        for (head, statement) in [("calls of models", by_model), ("steps", by_step)] {
            let rows = self.archive.sql(&statement, ROWS).map_err(plain)?;
            amount += rows.rows.len();
            let _ = writeln!(body, "{head}:\n{}", table(&rows));
        }
        let what = if all { String::from("all") } else { format!("{} to {}", time(from), time(to)) };
        Ok(Answer { what, body, amount, ..Answer::default() })
    }

    pub(super) fn sql(&self, statement: &str) -> Result<Answer, String> {
        let rows = self.archive.sql(statement, ROWS).map_err(plain)?;
        let mut body = table(&rows);
        if rows.cut {
            body.push_str("(there are more rows)\n");
        }
        Ok(Answer { what: statement.to_owned(), body, amount: rows.rows.len(), ..Answer::default() })
    }
}

fn summary(i: &Incident) -> String {
    format!(
        "incident {} ({}), {}, struck {} times, {} to {} UTC, {}: {}",
        i.id,
        i.state.name(),
        i.severity,
        i.count,
        time(i.first_seen),
        time(i.last_seen),
        i.components.iter().take(4).map(|c| safe(c, 40)).collect::<Vec<_>>().join(", "),
        safe(&i.title, 160)
    )
}

/// Rows with their columns' names, values between bars.
fn table(rows: &crate::SqlRows) -> String {
    let value = |v: &SqlValue| match v {
        SqlValue::Null => "-".to_owned(),
        SqlValue::Blob(b) => format!("({} bytes)", b.len()),
        other => safe(&other.to_string().replace('|', "/"), VALUE),
    };
    let mut body = rows.columns.iter().map(|c| safe(c, 60)).collect::<Vec<_>>().join(" | ") + "\n";
    for row in &rows.rows {
        let _ = writeln!(body, "{}", row.iter().map(value).collect::<Vec<_>>().join(" | "));
    }
    body
}
