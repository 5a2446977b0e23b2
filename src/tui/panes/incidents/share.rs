//! An incident as a Markdown file for people who were not there: what happened, since when, why, what to do, and the
//! lines that prove it.

use super::state::State;
use crate::runtime::events::IncidentDetail;
use crate::tui::effect::Effect;
use crate::tui::format;
use crate::tui::panes::PaneCx;
use crate::tui::widgets::text::unfenced;
use crate::tui::widgets::written::{clean, markup};
use aiobs_types::{Author, Claim, Diagnosis};
use std::fmt::Write as _;

impl State {
    /// Writes the selected incident into a new file.
    pub(super) fn share(&self, cx: &PaneCx<'_>) -> Vec<Effect> {
        let Some(detail) = self.loaded(cx) else { return vec![Effect::warn("Nothing to write yet")] };
        let at = format!("{}-{}", cx.clock.date(cx.clock.now), cx.clock.hms(cx.clock.now));
        let at: String = at.chars().filter(|c| *c != ':').collect();
        let path = format!("incident-{}-{at}.md", detail.incident.id.0);
        vec![Effect::Save { path, text: markdown(detail, cx) }]
    }
}

/// The file's text.
fn markdown(detail: &IncidentDetail, cx: &PaneCx<'_>) -> String {
    let i = &detail.incident;
    let mut out = format!("# Incident {}: {}\n\n", i.id, markup(&i.title));
    let mut row = |name: &str, value: String| {
        if !value.is_empty() {
            let _ = writeln!(out, "- **{name}:** {value}");
        }
    };
    row("State", i.state.name().to_owned());
    row("Severity", i.severity.level().name().to_owned());
    row("Criticality", i.criticality.map(|c| format!("{c} of 5")).unwrap_or_default());
    row("Components", i.components.iter().map(|c| markup(c)).collect::<Vec<_>>().join(", "));
    row("Began", cx.clock.full(i.first_seen));
    row("Last seen", cx.clock.full(i.last_seen));
    row("Struck", format::plural(i.count, "time"));
    row("Found because", markup(&i.reason));
    if let Some(d) = &detail.diagnosis {
        diagnosis(&mut out, d);
    }
    if let Some(v) = &detail.verdict {
        let _ = writeln!(out, "\nJudged {} on {}.", prose(&v.words()), cx.clock.full(v.time));
    }
    if !detail.records.is_empty() {
        out.push_str("\n## Evidence\n\nLog lines as they were written: nothing in them was redacted.\n\n");
        for r in &detail.records {
            let head = format!("[{}] {} {}", r.id.0, cx.clock.full(r.time), r.severity.level().name());
            let _ = writeln!(out, "{head} {}\n", markup(&r.component));
            code(&mut out, &r.text);
        }
    }
    if !i.timeline.is_empty() {
        out.push_str("\n## Timeline\n\n");
        for e in &i.timeline {
            let _ = writeln!(out, "- {} {}", cx.clock.full(e.time), markup(&e.text));
        }
    }
    out
}

fn diagnosis(out: &mut String, d: &Diagnosis) {
    let by = match &d.author {
        Author::Model { provider, model } => format!("by {model} ({provider})"),
        Author::Playbook { id } => format!("by playbook {id}"),
        Author::Facts => "the facts only: neither a model nor a playbook answered".to_owned(),
    };
    let _ = writeln!(out, "\n## Cause\n\n{}\n", prose(&d.cause));
    let _ = writeln!(out, "Confidence {}, {}.", d.confidence.name(), markup(&by));
    let claim = |c: &Claim| {
        let cited: Vec<String> = c.records.iter().map(|r| format!("[{}]", r.0)).collect();
        let rest = if c.supported { cited.join(" ") } else { "(unsupported)".to_owned() };
        let doubts = if c.doubts.is_empty() { String::new() } else { format!(" ({})", prose(&c.doubts.join("; "))) };
        format!("{} {rest}{doubts}", prose(&c.text))
    };
    list(out, "It rests on", &d.claims.iter().map(claim).collect::<Vec<_>>());
    list(out, "Less likely", &d.alternatives.iter().map(|a| prose(a)).collect::<Vec<_>>());
    let fix = &d.fix;
    out.push_str("\n## Fix\n");
    for (name, steps) in [("Now", &fix.now), ("Lasting", &fix.lasting)] {
        list(out, name, &steps.iter().map(|s| prose(s)).collect::<Vec<_>>());
    }
    if !fix.commands.is_empty() {
        out.push_str("\nCommands, to be read before they are run:\n\n");
        code(out, &unfenced(&fix.commands.join("\n")));
    }
    for patch in &fix.patches {
        let _ = writeln!(out, "\nChange of {}:\n", markup(&patch.file));
        code(out, &patch.diff);
    }
    for (name, steps) in [("Verify", &fix.verify), ("Roll back", &fix.rollback)] {
        list(out, name, &steps.iter().map(|s| prose(s)).collect::<Vec<_>>());
    }
    if !fix.risk.is_empty() {
        let _ = writeln!(out, "\nRisk: {}", prose(&fix.risk));
    }
    list(out, "So sure because", &d.grounds.confidence.iter().map(|n| prose(n)).collect::<Vec<_>>());
    if !d.grounds.criticality.is_empty() {
        let _ = writeln!(out, "\nSo critical because: {}", prose(&d.grounds.criticality));
    }
    let finding = |c: &Claim| {
        let lines: Vec<String> = c.records.iter().map(|r| format!("[{}]", r.0)).collect();
        format!("log lines with {} {}", prose(&c.text), lines.join(" "))
    };
    list(out, "Security findings", &d.grounds.security.iter().map(finding).collect::<Vec<_>>());
    list(out, "Notes", &d.notes.iter().map(|n| prose(n)).collect::<Vec<_>>());
}

/// A sentence, without markup of its own.
fn prose(text: &str) -> String {
    markup(&unfenced(text))
}

fn list(out: &mut String, name: &str, items: &[String]) {
    if items.is_empty() {
        return;
    }
    let _ = writeln!(out, "\n{name}:\n");
    for item in items {
        let _ = writeln!(out, "- {item}");
    }
}

/// Text as it is, indented, which nothing in it can end.
fn code(out: &mut String, text: &str) {
    for line in clean(text).split('\n') {
        let _ = writeln!(out, "    {line}");
    }
    out.push('\n');
}
