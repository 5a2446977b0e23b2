//! The report of `aiobs analyze`, in four forms from the same findings.

use super::super::output::{self, author, html as escape, local, markdown as md, safe};
use super::{Finding, Findings};
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
            let mut v = output::incident(&x.incident, x.diagnosis.as_ref());
            let record = |r: &LogRecord| {
                let source = f.sources.iter().find(|s| s.id == r.source).map_or("", |s| &s.name);
                output::record(r, source, f.templates.get(&r.template).map_or("", String::as_str))
            };
            v["records"] = x.evidence.iter().map(record).collect::<Vec<_>>().into();
            v
        }).collect::<Vec<_>>(),
    });
    output::pretty(&value)
}

/// For tickets and chats.
pub(super) fn markdown(f: &Findings) -> String {
    let mut out = format!("# Log analysis\n\n{}\n", headline(f));
    for finding in &f.incidents {
        let i = &finding.incident;
        let _ = writeln!(
            out,
            "\n## {} {}\n\n{} times, {}, {} to {}. {}\n",
            i.id,
            md(&i.title),
            i.count,
            i.severity,
            local(i.first_seen),
            local(i.last_seen),
            md(&i.reason)
        );
        if let Some(d) = &finding.diagnosis {
            let _ = writeln!(
                out,
                "**Cause** ({}, criticality {} of 5, confidence {}): {}\n",
                md(&author(&d.author)),
                d.criticality,
                d.confidence.name(),
                md(&d.cause)
            );
            for (name, items) in sections(&d.fix).into_iter().filter(|(_, items)| !items.is_empty()) {
                let _ = writeln!(out, "**{name}**\n");
                if name == "Commands" {
                    let _ = writeln!(out, "```sh\n{}\n```\n", safe(&items.join("\n")).replace("```", "'''"));
                } else {
                    for item in items {
                        let _ = writeln!(out, "- {}", md(item));
                    }
                    out.push('\n');
                }
            }
            for note in &d.notes {
                let _ = writeln!(out, "> {}\n", md(note));
            }
        }
        let _ = writeln!(out, "**Evidence**\n");
        for r in shown(finding) {
            let _ = writeln!(out, "- {} {}", r.id, md(&line(r)));
        }
    }
    out
}

/// One page without anything from elsewhere.
pub(super) fn html(f: &Findings) -> String {
    let mut out = format!(
        "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>Log analysis</title>\n<style>body{{font:16px/1.5 \
         system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}}pre{{background:#8882;padding:.6rem;\
         white-space:pre-wrap;overflow-wrap:anywhere}}</style>\n<h1>Log analysis</h1>\n<p>{}</p>\n",
        escape(&headline(f))
    );
    for finding in &f.incidents {
        let i = &finding.incident;
        let _ = writeln!(
            out,
            "<h2>{} {}</h2>\n<p>{} times, {}, {} to {}. {}</p>",
            i.id,
            escape(&i.title),
            i.count,
            i.severity,
            local(i.first_seen),
            local(i.last_seen),
            escape(&i.reason)
        );
        if let Some(d) = &finding.diagnosis {
            let _ = writeln!(
                out,
                "<p><b>Cause</b> ({}, criticality {} of 5, confidence {}): {}</p>",
                escape(&author(&d.author)),
                d.criticality,
                d.confidence.name(),
                escape(&d.cause)
            );
            for (name, items) in sections(&d.fix).into_iter().filter(|(_, items)| !items.is_empty()) {
                let list: String = if name == "Commands" {
                    format!("<pre>{}</pre>", escape(&items.join("\n")))
                } else {
                    items.iter().fold("<ul>".to_owned(), |list, x| list + "<li>" + &escape(x) + "</li>") + "</ul>"
                };
                let _ = writeln!(out, "<h3>{name}</h3>{list}");
            }
            for note in &d.notes {
                let _ = writeln!(out, "<p><i>{}</i></p>", escape(note));
            }
        }
        let lines: String =
            shown(finding).into_iter().fold(String::new(), |all, r| all + &format!("{} {}\n", r.id, escape(&line(r))));
        let _ = writeln!(out, "<h3>Evidence</h3><pre>{lines}</pre>");
    }
    out.push_str("</html>\n");
    out
}
