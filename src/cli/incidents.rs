//! `aiobs incidents [NUMBER]`: reads the archive, also while another instance writes it.

use super::args::{Format, IncidentsArgs};
use super::context::Context;
use super::exit::{Exit, UsageError};
use super::output::{self, author, local, safe};
use super::similar::Past;
use crate::runtime::{LESSONS, lessons};
use aiobs_logs::detect::classify::{Classifier, Statement};
use aiobs_store::Reader;
use aiobs_types::{Diagnosis, Incident, IncidentId, Verdict};
use std::fmt::Write as _;
use std::io::Write as _;

pub(super) fn run(cx: &Context, args: &IncidentsArgs) -> anyhow::Result<Exit> {
    let reader = cx.archive()?;
    let mut rows = Vec::new();
    for incident in reader.incidents()? {
        let wanted = args.id.is_none_or(|id| incident.id == IncidentId(id));
        if wanted && (!args.open || incident.state.is_active()) {
            let diagnosis = reader.diagnosis_of(&incident)?;
            let verdict = reader.verdict(incident.id)?;
            rows.push((incident, diagnosis, verdict));
        }
    }
    if let (Some(id), true) = (args.id, rows.is_empty()) {
        return Err(UsageError(format!(
            "there is no incident #{id} in {}; `aiobs incidents` lists them",
            cx.data_dir.display()
        ))
        .into());
    }
    rows.sort_by_key(|(i, ..)| (!i.state.is_active(), std::cmp::Reverse(i.last_seen)));
    let text = match args.output {
        Format::Json => {
            let past = Past::read(&reader)?;
            let mut lines = Vec::with_capacity(rows.len());
            for row in &rows {
                let mut value = json(row);
                value["similar"] = past.like(&row.0)?.iter().map(super::similar::json).collect();
                lines.push(output::line(&value));
            }
            output::lines(lines)
        }
        Format::Csv => csv(&rows),
        Format::Markdown => markdown(&rows),
        Format::Text if args.id.is_some() => one(&reader, &rows)?,
        Format::Text => list(&rows),
    };
    std::io::stdout().write_all(text.as_bytes())?;
    Ok(Exit::Done)
}

/// Words shown of those that speak for and against a fault.
const REASONS: usize = 6;

type Row = (Incident, Option<Diagnosis>, Option<Verdict>);

fn json((incident, diagnosis, verdict): &Row) -> serde_json::Value {
    let mut value = output::incident(incident, diagnosis.as_ref());
    value["verdict"] = verdict.as_ref().map(output::verdict).into();
    value
}

fn list(rows: &[Row]) -> String {
    if rows.is_empty() {
        return "No incidents.\n".to_owned();
    }
    let mut out = String::new();
    for (i, d, _) in rows {
        let part = i.part_of.map_or_else(String::new, |whole| format!("  (part of {whole})"));
        let cause = i.caused_by.map_or_else(String::new, |cause| format!("  (caused by {cause})"));
        let flapping = if i.flapping == 0 { String::new() } else { format!("  (flapping ×{})", i.flapping) };
        let criticality = d.as_ref().map_or_else(|| "-".to_owned(), |d| d.criticality.to_string());
        let _ = writeln!(
            out,
            "{:>5}  {:<12} {criticality}  {:<5} ×{:<7} {}  {}{part}{cause}{flapping}",
            i.id.to_string(),
            i.state.name(),
            i.severity.to_string(),
            i.count,
            local(i.last_seen),
            safe(&i.title)
        );
    }
    out
}

fn one(reader: &Reader, rows: &[Row]) -> anyhow::Result<String> {
    let mut out = list(rows);
    for (i, d, v) in rows {
        let _ = writeln!(out, "\n{}", safe(&i.reason));
        if let Some(cause) = i.caused_by {
            let _ = writeln!(out, "Caused by {cause}, whose diagnosis is that of both.");
        }
        if !i.causes.is_empty() {
            let ids: Vec<String> = i.causes.iter().map(ToString::to_string).collect();
            let _ = writeln!(out, "Causes {}.", ids.join(", "));
        }
        if let Some(percent) = i.likelihood {
            let _ = writeln!(out, "Likelihood {percent} %: {}", safe(&why(reader, i)?));
        }
        if let Some(d) = d {
            let _ = writeln!(
                out,
                "\nCause ({}, confidence {})\n  {}",
                author(&d.author),
                d.confidence.name(),
                safe(&d.cause)
            );
            let fix = &d.fix;
            for (name, items) in [
                ("Now", &fix.now),
                ("Lasting", &fix.lasting),
                ("Commands", &fix.commands),
                ("Verify", &fix.verify),
                ("Roll back", &fix.rollback),
            ] {
                for item in items {
                    let _ = writeln!(out, "  {name:<10} {}", safe(item));
                }
            }
            for claim in &d.claims {
                let ids: Vec<String> = claim.records.iter().map(ToString::to_string).collect();
                let rests = if claim.supported { ids.join(", ") } else { "unsupported".to_owned() };
                let _ = writeln!(out, "  {:<10} {} ({rests})", "Claim", safe(&claim.text));
                for doubt in &claim.doubts {
                    let _ = writeln!(out, "  {:<10} {}", "", safe(doubt));
                }
            }
            for patch in &fix.patches {
                let _ = writeln!(out, "  {:<10} {}", "Change", safe(&patch.file));
                for line in patch.diff.lines() {
                    let _ = writeln!(out, "  {:<10} {}", "", safe(line));
                }
            }
            for (name, text) in [("Sure", d.grounds.confidence.join("; ")), ("Critical", d.grounds.criticality.clone())]
            {
                if !text.is_empty() {
                    let _ = writeln!(out, "  {name:<10} {}", safe(&text));
                }
            }
            for finding in &d.grounds.security {
                let ids: Vec<String> = finding.records.iter().map(ToString::to_string).collect();
                let _ =
                    writeln!(out, "  {:<10} log lines with {} ({})", "Security", safe(&finding.text), ids.join(", "));
            }
            for note in &d.notes {
                let _ = writeln!(out, "  {:<10} {}", "Note", safe(note));
            }
            if let Some(v) = v {
                let _ = writeln!(out, "  {:<10} {} ({})", "Judged", safe(&v.words()), local(v.time));
            }
        }
        let _ = writeln!(out, "\nEvidence");
        for r in reader.records(&i.evidence)? {
            let _ = writeln!(out, "  {} {}", r.id, safe(r.text.lines().next().unwrap_or_default()));
        }
        let past = Past::read(reader)?;
        let like = past.like(i)?;
        if !like.is_empty() {
            let _ = writeln!(out, "\nLike");
        }
        for (past, likeness, helped) in &like {
            let helped = match helped {
                Some(r) if r.confirmed => format!("; solved by: {}", r.text),
                Some(r) => format!("; advised then: {}", r.text),
                None => String::new(),
            };
            let _ = writeln!(out, "  {} {} ({likeness}){}", past.id, safe(&past.title), safe(&helped));
        }
        let _ = writeln!(out, "\nTimeline");
        for e in &i.timeline {
            let _ = writeln!(out, "  {} {}", local(e.time), safe(&e.text));
        }
    }
    Ok(out)
}

/// What speaks for and against its being a fault, by the words of its first record's template.
fn why(reader: &Reader, incident: &Incident) -> anyhow::Result<String> {
    let templates = reader.templates()?;
    let template = templates.iter().find(|t| t.id == incident.template).map_or("", |t| t.text.as_str());
    let mut classifier = Classifier::default();
    classifier.restore(lessons(reader.state(LESSONS)?));
    let component = incident.components.first().map_or("", String::as_str);
    let statement = Statement { template, severity: incident.severity, component };
    let reasons = classifier.why(&statement, REASONS);
    let said: Vec<String> = reasons.iter().map(|r| format!("{} ({:+.1})", r.feature, r.weight)).collect();
    Ok(if said.is_empty() { "no word tells".to_owned() } else { said.join(", ") })
}

fn csv(rows: &[Row]) -> String {
    let mut out = "id,state,level,criticality,count,first_seen,last_seen,components,title,cause,author\n".to_owned();
    for (i, d, _) in rows {
        let criticality = d.as_ref().map_or_else(String::new, |d| d.criticality.to_string());
        let _ = writeln!(
            out,
            "{}",
            output::csv(&[
                &i.id.0.to_string(),
                i.state.name(),
                i.severity.level().name(),
                &criticality,
                &i.count.to_string(),
                &output::rfc3339(i.first_seen),
                &output::rfc3339(i.last_seen),
                &i.components.join(" "),
                &i.title,
                d.as_ref().map_or("", |d| &d.cause),
                &d.as_ref().map_or_else(String::new, |d| author(&d.author)),
            ])
        );
    }
    out
}

fn markdown(rows: &[Row]) -> String {
    let mut out =
        "| id | state | level | count | last seen | title | cause |\n| --- | --- | --- | ---: | --- | --- | --- |\n"
            .to_owned();
    for (i, d, _) in rows {
        let _ = writeln!(
            out,
            "| {} | {} | {} | {} | {} | {} | {} |",
            i.id,
            i.state.name(),
            i.severity,
            i.count,
            local(i.last_seen),
            output::markdown(&i.title),
            output::markdown(d.as_ref().map_or("", |d| &d.cause))
        );
    }
    out
}
