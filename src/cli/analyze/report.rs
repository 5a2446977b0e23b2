//! The report of `aiobs analyze`, in four forms from the same findings.

use super::super::output::{self, author, local, safe};
use super::{Finding, Findings};
use crate::report::{self, Part, Report};
use aiobs_types::{Fix, Level, LogRecord, RecordId};
use serde_json::json;
use std::fmt::Write as _;

/// Evidence lines shown per incident in reports for people.
const LINES: usize = 6;
/// Longest evidence line shown, characters.
const WIDTH: usize = 200;

type Section<'a> = (&'static str, &'a [String]);

fn sections(fix: &Fix) -> [Section<'_>; 5] {
    [
        ("Now", &fix.now),
        ("Lasting", &fix.lasting),
        ("Commands", &fix.commands),
        ("Verify", &fix.verify),
        ("Roll back", &fix.rollback),
    ]
}

fn headline(f: &Findings) -> String {
    let errors = f.level_counts[Level::Error as usize] + f.level_counts[Level::Fatal as usize];
    let warnings = f.level_counts[Level::Warn as usize];
    let many = |n: usize, one: &str| if n == 1 { format!("1 {one}") } else { format!("{n} {one}s") };
    let stopped = if f.interrupted { " (stopped before the end)" } else { "" };
    format!(
        "{} records from {}: {errors} errors, {warnings} warnings, {}{stopped}",
        f.records,
        many(f.sources.len(), "source"),
        many(f.incidents.len(), "incident"),
    )
}

fn shown(f: &Finding) -> Vec<&LogRecord> {
    let cited: Vec<RecordId> =
        f.diagnosis.iter().flat_map(|d| d.claims.iter().flat_map(|c| c.records.clone())).collect();
    let mut rows: Vec<&LogRecord> = f.evidence.iter().filter(|r| cited.contains(&r.id)).take(LINES).collect();
    for r in &f.evidence {
        if rows.len() < LINES && !rows.iter().any(|s| s.id == r.id) {
            rows.push(r);
        }
    }
    rows.sort_by_key(|r| r.id);
    rows
}

fn line(r: &LogRecord) -> String {
    let first = r.text.lines().next().unwrap_or_default();
    let cut: String = first.chars().take(WIDTH).collect();
    if cut.len() < first.len() { format!("{cut}…") } else { cut }
}

/// For people, plain.
pub(super) fn text(f: &Findings) -> String {
    let mut out = headline(f);
    out.push('\n');
    if f.incidents.is_empty() {
        out.push_str("Nothing found that needs you.\n");
    }
    for finding in &f.incidents {
        let i = &finding.incident;
        let _ = writeln!(
            out,
            "\n{} {}  ×{}  {}  {} to {}{}",
            i.id,
            safe(&i.title),
            i.count,
            i.severity,
            local(i.first_seen),
            local(i.last_seen),
            if i.components.is_empty() { String::new() } else { format!("  {}", safe(&i.components.join(", "))) },
        );
        if let Some(d) = &finding.diagnosis {
            let _ = writeln!(
                out,
                "  Cause     {}\n            criticality {} of 5, confidence {}, by {}",
                safe(&d.cause),
                d.criticality,
                d.confidence.name(),
                author(&d.author)
            );
            for (name, items) in sections(&d.fix) {
                for (n, item) in items.iter().enumerate() {
                    let _ = writeln!(out, "  {:<9} {}", if n == 0 { name } else { "" }, safe(item));
                }
            }
            if !d.fix.risk.is_empty() {
                let _ = writeln!(out, "  Risk      {}", safe(&d.fix.risk));
            }
            for note in &d.notes {
                let _ = writeln!(out, "  Note      {}", safe(note));
            }
        } else {
            let _ = writeln!(out, "  {}", safe(&i.reason));
        }
        for (n, r) in shown(finding).into_iter().enumerate() {
            let _ = writeln!(out, "  {:<9} {} {}", if n == 0 { "Evidence" } else { "" }, r.id, safe(&line(r)));
        }
    }
    out
}

/// One object; see `docs/output.md`.
pub(super) fn json(f: &Findings) -> String {
    let value = json!({
        "records": f.records,
        "bytes": f.bytes,
        "levels": Level::ALL.iter().map(|l| (l.name().to_owned(), f.level_counts[*l as usize].into()))
            .collect::<serde_json::Map<_, serde_json::Value>>(),
        "interrupted": f.interrupted,
        "sources": f.sources.iter().map(output::source).collect::<Vec<_>>(),
        "incidents": f.incidents.iter().map(|x| {
            let source = |r: &LogRecord| {
                f.sources.iter().find(|s| s.id == r.source).map(|s| s.name.clone()).unwrap_or_default()
            };
            let template = |r: &LogRecord| f.templates.get(&r.template).cloned().unwrap_or_default();
            report::json::report(&x.incident, x.diagnosis.as_ref(), &x.evidence, source, template)
        }).collect::<Vec<_>>(),
    });
    output::pretty(&value)
}

/// For tickets and chats.
pub(super) fn markdown(f: &Findings) -> String {
    report::document(&model(f))
}

/// One page without anything from elsewhere.
pub(super) fn html(f: &Findings) -> String {
    report::page(&model(f))
}

fn model(f: &Findings) -> Report {
    let part = |x: &Finding| {
        let records: Vec<LogRecord> = shown(x).into_iter().cloned().collect();
        Part::new(&x.incident, x.diagnosis.as_ref(), &records, &local)
    };
    let parts = f.incidents.iter().map(part).collect();
    Report { title: "Log analysis".to_owned(), lead: Some(headline(f)), parts }
}
