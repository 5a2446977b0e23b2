//! Builds the text of one incident: what is wrong, since when, why, what to do, and the lines that prove it.

use super::stages;
use super::state::State;
use crate::runtime::events::{IncidentDetail, ModelState};
use crate::tui::action::{Action, Context};
use crate::tui::format;
use crate::tui::panes::PaneCx;
use crate::tui::theme::Role;
use crate::tui::widgets::document::{Document, LinkStyles, Piece, marked};
use crate::tui::widgets::{spark, text};
use aiobs_types::{Author, Diagnosis, Incident, IncidentId, LogRecord, RecordId, TimelineKind};
use ratatui::text::Span;

/// Cells of the column of labels (`Now`, `Verify`, ...).
const LABEL: usize = 11;
/// Consequences named.
const RELATED: usize = 6;
/// Lines named beside a security finding.
const SUSPECTS: usize = 8;

type Doc = Document<RecordId>;

/// Builds it for a width; nothing selected gives an empty one.
pub(super) fn document(state: &State, cx: &PaneCx<'_>, width: usize) -> Doc {
    let styles = LinkStyles { link: cx.style(Role::Link), active: cx.style(Role::LinkActive) };
    let mut doc = Document::new(width, cx.glyphs.ellipsis, styles, state.place.link);
    let Some(incident) = state.current(cx) else { return doc };
    head(&mut doc, incident, cx);
    named(&mut doc, state, cx);
    stages::add(&mut doc, state, cx);
    let Some(detail) = state.loaded(cx) else {
        doc.gap();
        doc.row(vec![Span::styled("Loading ...", cx.style(Role::Dim))]);
        return doc;
    };
    let cited = cited(detail);
    match &detail.diagnosis {
        Some(d) => diagnosis(&mut doc, d, detail, &cited, cx),
        None => undiagnosed(&mut doc, incident, cx),
    }
    evidence(&mut doc, detail, &cited, state.wrap, cx);
    likelihood(&mut doc, detail, cx);
    similar(&mut doc, detail, cx);
    history(&mut doc, detail, cx);
    alerts(&mut doc, detail, cx);
    if let Some(d) = &detail.diagnosis {
        list(&mut doc, "References", &d.references, cx);
        let notes: Vec<String> = d.notes.iter().filter(|n| !stages::tells(n)).cloned().collect();
        list(&mut doc, "Notes", &notes, cx);
        list(&mut doc, "Prompts", &d.prompts, cx);
    }
    doc
}

pub(super) fn safe(t: &str, cx: &PaneCx<'_>) -> String {
    // A model's or a record's line breaks would be drawn as symbols: in running text they are spaces.
    let flat = if t.contains(['\n', '\r']) { t.split_whitespace().collect::<Vec<_>>().join(" ") } else { t.to_owned() };
    text::safe_for(&text::unfenced(&flat), cx.glyphs.ascii).into_owned()
}

/// What caused it, and what it caused.
fn related(doc: &mut Doc, incident: &Incident, cx: &PaneCx<'_>) {
    let named = |id: &IncidentId| {
        let known = cx.snapshot.incidents.iter().find(|i| i.id == *id);
        known.map_or_else(|| id.to_string(), |i| format!("{id} {}", safe(&i.title, cx)))
    };
    if let Some(cause) = &incident.caused_by {
        let text = format!("{}; its diagnosis is that of both", named(cause));
        labelled(doc, "Caused by", &[text], cx);
    }
    if !incident.causes.is_empty() {
        let mut all: Vec<String> = incident.causes.iter().take(RELATED).map(named).collect();
        if incident.causes.len() > RELATED {
            all.push(format!("and {} more", incident.causes.len() - RELATED));
        }
        labelled(doc, "Causes", &all, cx);
    }
}

fn head(doc: &mut Doc, incident: &Incident, cx: &PaneCx<'_>) {
    let title = vec![
        Span::styled(format!("{}  ", incident.id), cx.style(Role::Accent)),
        Span::styled(safe(&incident.title, cx), cx.style(Role::Title)),
    ];
    let since = format::duration(cx.clock.now.since(incident.first_seen).max(0));
    let mut right = Vec::new();
    if let Some(c) = incident.criticality {
        right.push(Span::styled(format!("criticality {c}"), cx.theme.level(incident.severity.level())));
        right.push(Span::raw("   "));
    }
    if incident.flapping > 0 {
        let text = format!("flapping {}{}   ", cx.glyphs.times, incident.flapping);
        right.push(Span::styled(text, cx.style(Role::Warn)));
    }
    right.push(Span::styled(format!("{} {since}", incident.state.name()), cx.style(Role::Strong)));
    doc.row_ends(title, right);
    let components = safe(&incident.components.join(", "), cx);
    let began = format!(
        "began {}, struck {}, last {}",
        cx.clock.hms_near(incident.first_seen, cx.clock.now),
        format::count(incident.count) + if incident.count == 1 { " time" } else { " times" },
        cx.clock.ago_said(incident.last_seen),
    );
    doc.row_ends(
        vec![Span::styled(components, cx.style(Role::Component))],
        vec![Span::styled(began, cx.style(Role::Dim))],
    );
    doc.paragraph(Vec::new(), vec![Piece::Text(safe(&incident.reason, cx), cx.style(Role::Dim))]);
    related(doc, incident, cx);
}

/// The name that a person gave the pattern of its first record, and that it raises no incident any more.
fn named(doc: &mut Doc, state: &State, cx: &PaneCx<'_>) {
    let Some(mark) = state.loaded(cx).and_then(|d| d.pattern.as_ref()) else { return };
    let mut pieces = Vec::new();
    if !mark.name.is_empty() {
        pieces.push(Piece::Text(safe(&mark.name, cx), cx.style(Role::Strong)));
    }
    if mark.muted {
        let said = if pieces.is_empty() { "muted: such lines raise no incident" } else { "  (muted)" };
        pieces.push(Piece::Text(said.into(), cx.style(Role::Dim)));
    }
    if !mark.note.is_empty() {
        pieces.push(Piece::Text(format!("  {}", safe(&mark.note, cx)), cx.style(Role::Dim)));
    }
    if !pieces.is_empty() {
        doc.paragraph(vec![Span::styled("Pattern  ", cx.style(Role::Dim))], pieces);
    }
}

/// Records in the order of their numbers `[n]`: cited ones first, then the rest of the evidence.
pub(super) fn cited(detail: &IncidentDetail) -> Vec<RecordId> {
    let said = detail.diagnosis.iter().flat_map(|d| d.claims.iter().chain(&d.grounds.security));
    let claims = said.flat_map(|c| &c.records);
    let mut all: Vec<RecordId> = Vec::new();
    for id in claims.chain(&detail.incident.evidence) {
        if !all.contains(id) {
            all.push(*id);
        }
    }
    all
}

fn heading(doc: &mut Doc, title: &str, note: String, cx: &PaneCx<'_>) {
    doc.gap();
    doc.row(vec![Span::styled(title.to_owned(), cx.style(Role::Title)), Span::styled(note, cx.style(Role::Dim))]);
}

fn diagnosis(doc: &mut Doc, d: &Diagnosis, detail: &IncidentDetail, cited: &[RecordId], cx: &PaneCx<'_>) {
    let by = match &d.author {
        Author::Model { model, .. } => format!("by {}", safe(model, cx)),
        Author::Playbook { id } => format!("by playbook {}", safe(id, cx)),
        Author::Facts => "facts only, neither a model nor a playbook answered".into(),
    };
    let by = match &d.grounds.remembered {
        Some(r) => format!("remembered from {}, {by}", r.incident),
        None => by,
    };
    heading(doc, "Cause", format!("  confidence {}, {by}", d.confidence.name()), cx);
    doc.paragraph(
        vec![Span::raw(" ")],
        marked(&safe(&d.cause, cx), cx.style(Role::Text), |m| cited.get(m.cited()?.checked_sub(1)?).copied()),
    );
    judged(doc, detail, cx);
    security(doc, d, cited, cx);
    fix(doc, d, cx);
    grounds(doc, d, cited, cx);
}

/// Lines that try to steer whoever reads them: above what to do, because they may be why somebody logs them.
fn security(doc: &mut Doc, d: &Diagnosis, cited: &[RecordId], cx: &PaneCx<'_>) {
    for finding in &d.grounds.security {
        let mut pieces = vec![Piece::Text(format!("log lines with {}", safe(&finding.text, cx)), cx.style(Role::Warn))];
        for id in finding.records.iter().take(SUSPECTS) {
            if let Some(n) = cited.iter().position(|c| c == id) {
                pieces.push(Piece::Text(" ".into(), cx.style(Role::Text)));
                pieces.push(Piece::Link(format!("[{}]", n + 1), *id));
            }
        }
        let more = finding.records.len().saturating_sub(SUSPECTS);
        if more > 0 {
            pieces.push(Piece::Text(format!(" and {more} more"), cx.style(Role::Dim)));
        }
        doc.paragraph(vec![Span::styled(format!("{:<LABEL$}", "Security"), cx.style(Role::Warn))], pieces);
    }
}

/// What the cause rests on, and what else it could be: after what to do, which must be in sight first.
fn grounds(doc: &mut Doc, d: &Diagnosis, cited: &[RecordId], cx: &PaneCx<'_>) {
    if d.claims.is_empty() && d.alternatives.is_empty() {
        return;
    }
    heading(doc, "Because", String::new(), cx);
    for claim in &d.claims {
        let mut pieces = vec![Piece::Text(safe(&claim.text, cx), cx.style(Role::Text))];
        for id in &claim.records {
            if let Some(n) = cited.iter().position(|c| c == id) {
                pieces.push(Piece::Text(" ".into(), cx.style(Role::Text)));
                pieces.push(Piece::Link(format!("[{}]", n + 1), *id));
            }
        }
        if !claim.supported {
            pieces.push(Piece::Text("  (no line supports this)".into(), cx.style(Role::Warn)));
        }
        for doubt in &claim.doubts {
            pieces.push(Piece::Text(format!("  ({})", safe(doubt, cx)), cx.style(Role::Warn)));
        }
        doc.paragraph(vec![Span::styled(format!(" {} ", cx.glyphs.bullet), cx.style(Role::Faint))], pieces);
    }
    for other in &d.alternatives {
        let piece = Piece::Text(safe(other, cx), cx.style(Role::Dim));
        doc.paragraph(vec![Span::styled(" Less likely: ", cx.style(Role::Dim))], vec![piece]);
    }
    let dim = |doc: &mut Doc, label: &'static str, text: String| {
        let piece = Piece::Text(safe(&text, cx), cx.style(Role::Dim));
        doc.paragraph(vec![Span::styled(label, cx.style(Role::Dim))], vec![piece]);
    };
    if !d.grounds.confidence.is_empty() {
        dim(doc, " So sure because: ", d.grounds.confidence.join("; "));
    }
    if !d.grounds.criticality.is_empty() {
        dim(doc, " So critical because: ", d.grounds.criticality.clone());
    }
}

/// What a person said of it.
fn judged(doc: &mut Doc, detail: &IncidentDetail, cx: &PaneCx<'_>) {
    let Some(v) = &detail.verdict else { return };
    let text = format!("{}, {}", safe(&v.words(), cx), cx.clock.ago_said(v.time));
    labelled(doc, "Judged", &[text], cx);
}

fn fix(doc: &mut Doc, d: &Diagnosis, cx: &PaneCx<'_>) {
    doc.gap();
    let copies = format!("{} copies", cx.keys(Context::Incidents, Action::Copy));
    // Beside a lone command if there is room, else under all of them.
    let room = doc.width().saturating_sub(LABEL + copies.len() + 3);
    let beside = d.fix.commands.len() == 1 && text::width(&safe(&d.fix.commands[0], cx)) <= room;
    labelled(doc, "Now", &d.fix.now, cx);
    for (i, command) in d.fix.commands.iter().enumerate() {
        let label = if i == 0 { "Run" } else { "" };
        let mut pieces = vec![Piece::Text(safe(command, cx), cx.style(Role::Code))];
        if beside {
            pieces.push(Piece::Text(format!("   {copies}"), cx.style(Role::Dim)));
        }
        doc.paragraph(vec![Span::styled(format!("{label:<LABEL$}"), cx.style(Role::Strong))], pieces);
    }
    if !beside && !d.fix.commands.is_empty() {
        doc.row(vec![Span::styled(format!("{:<LABEL$}{copies}", ""), cx.style(Role::Dim))]);
    }
    labelled(doc, "Lasting", &d.fix.lasting, cx);
    for patch in &d.fix.patches {
        labelled(doc, "Change", std::slice::from_ref(&patch.file), cx);
        for line in patch.diff.lines() {
            let role = match line.as_bytes().first() {
                Some(b'+') => Role::Ok,
                Some(b'-') => Role::Warn,
                _ => Role::Dim,
            };
            let piece = Piece::Text(text::safe_for(line, cx.glyphs.ascii).into_owned(), cx.style(role));
            doc.paragraph(vec![Span::raw(format!("{:<LABEL$}", ""))], vec![piece]);
        }
    }
    labelled(doc, "Verify", &d.fix.verify, cx);
    labelled(doc, "Roll back", &d.fix.rollback, cx);
    if !d.fix.risk.is_empty() {
        labelled(doc, "Risk", std::slice::from_ref(&d.fix.risk), cx);
    }
}

fn labelled(doc: &mut Doc, label: &str, items: &[String], cx: &PaneCx<'_>) {
    for (i, item) in items.iter().enumerate() {
        let label = if i == 0 { label } else { "" };
        let first = vec![Span::styled(format!("{label:<LABEL$}"), cx.style(Role::Strong))];
        doc.paragraph(first, vec![Piece::Text(safe(item, cx), cx.style(Role::Text))]);
    }
}

fn undiagnosed(doc: &mut Doc, incident: &Incident, cx: &PaneCx<'_>) {
    doc.gap();
    let rerun = cx.keys(Context::Incidents, Action::Rerun);
    let chain = &cx.snapshot.chain;
    let line = if chain.running == Some(incident.id) {
        "Being diagnosed now; the evidence so far is below.".to_owned()
    } else if let Some(cause) = incident.caused_by {
        format!("The diagnosis of {cause}, which caused it, is that of both. {rerun} asks for one of its own.")
    } else if let Some(at) = chain.waiting.iter().position(|id| *id == incident.id) {
        let turn = if at == 0 { "next".to_owned() } else { format!("number {} of {}", at + 1, chain.queued) };
        let stop = cx.keys(Context::Incidents, Action::CancelRun);
        format!("Waits for its diagnosis, {turn} in line, the worst first. {stop} takes it out.")
    } else if chain.queued > chain.waiting.len() {
        let waiting = if chain.queued == 1 { "1 waits".into() } else { format!("{} wait", chain.queued) };
        format!("No diagnosis yet: {waiting} in line.")
    } else if let Some(begins) = chain.gathering.get(&incident.id) {
        let left = (begins.since(cx.clock.now) + 999_999_999) / 1_000_000_000;
        let when = if left > 0 { format!("in {left} s") } else { "now".to_owned() };
        format!("Evidence is being gathered; the diagnosis begins by itself {when}.")
    } else {
        format!("No diagnosis yet. {rerun} asks for one.")
    };
    doc.paragraph(Vec::new(), vec![Piece::Text(line, cx.style(Role::Text))]);
    if let ModelState::Offline { reason } = &cx.snapshot.model {
        let text = format!("No model answers ({}); playbooks do.", safe(reason, cx));
        doc.paragraph(Vec::new(), vec![Piece::Text(text, cx.style(Role::Dim))]);
    }
}

fn evidence(doc: &mut Doc, detail: &IncidentDetail, cited: &[RecordId], wrap: bool, cx: &PaneCx<'_>) {
    let found: Vec<(usize, &LogRecord)> = cited
        .iter()
        .enumerate()
        .filter_map(|(i, id)| Some((i + 1, detail.records.iter().find(|r| r.id == *id)?)))
        .collect();
    if found.is_empty() {
        return;
    }
    let open = cx.keys(Context::Incidents, Action::Open);
    heading(doc, "Evidence", format!("  {open} goes to the line"), cx);
    let width = found.iter().map(|(_, r)| text::width(&safe(&r.component, cx))).max().unwrap_or(0).min(14);
    let marks = found.last().map_or(0, |(n, _)| n.to_string().len() + 2);
    for (n, record) in found {
        let level = record.severity.level();
        let mut message = record.message().lines();
        let first = message.next().unwrap_or_default();
        let more = message.count();
        let mut spans = vec![
            Span::styled(format!(" {:<marks$} ", format!("[{n}]")), cx.style(Role::Link)),
            Span::styled(format!("{} ", cx.clock.hms_millis(record.time)), cx.style(Role::Time)),
            Span::styled(format!("{} ", cx.glyphs.level(level)), cx.theme.level(level)),
            Span::styled(
                format!("{} ", text::fit(&safe(&record.component, cx), width, cx.glyphs.ellipsis)),
                cx.style(Role::Component),
            ),
            Span::styled(safe(first, cx), cx.style(Role::Text)),
        ];
        if more > 0 {
            spans.push(Span::styled(format!("  +{more} lines").replace("+1 lines", "+1 line"), cx.style(Role::Dim)));
        }
        doc.link_row(spans, record.id);
        if wrap {
            for line in record.text.lines() {
                let piece = Piece::Text(text::safe_for(line, cx.glyphs.ascii).into_owned(), cx.style(Role::Dim));
                doc.paragraph(
                    vec![Span::styled(format!("     {} ", cx.glyphs.continued), cx.style(Role::Faint))],
                    vec![piece],
                );
            }
        }
    }
}

/// Past incidents like this one, one line each.
fn similar(doc: &mut Doc, detail: &IncidentDetail, cx: &PaneCx<'_>) {
    if detail.similar.is_empty() {
        return;
    }
    doc.gap();
    for past in &detail.similar {
        let i = &past.incident;
        let end = match &past.solved_by {
            Some(what) => format!("solved by: {}", safe(what, cx).trim_end_matches('.')),
            None => match &past.advised {
                Some(what) => format!("{}; advised then: {}", i.state.name(), safe(what, cx).trim_end_matches('.')),
                None => i.state.name().to_owned(),
            },
        };
        let said =
            format!("{} ({} ago, {end})", safe(&i.title, cx), format::ago_words(cx.clock.now.since(i.last_seen)));
        let first = vec![
            Span::styled("Like ", cx.style(Role::Strong)),
            Span::styled(format!("{}  ", i.id), cx.style(Role::Accent)),
        ];
        let why = Piece::Text(format!("; {}", safe(&past.why, cx)), cx.style(Role::Dim));
        doc.paragraph(first, vec![Piece::Text(said, cx.style(Role::Text)), why]);
    }
    let key = cx.keys(Context::Incidents, Action::Compare);
    let compares = format!("{key} puts {} beside this", if detail.similar.len() == 1 { "it" } else { "one of them" });
    doc.row(vec![Span::styled(format!("     {compares}"), cx.style(Role::Dim))]);
}

/// How likely it is a fault, and the words that say so.
fn likelihood(doc: &mut Doc, detail: &IncidentDetail, cx: &PaneCx<'_>) {
    let Some(percent) = detail.incident.likelihood else { return };
    let said: Vec<String> =
        detail.words.iter().map(|(word, weight)| format!("{} {weight:+.1}", safe(word, cx))).collect();
    let words = if said.is_empty() { "no word tells".to_owned() } else { said.join(", ") };
    doc.gap();
    let label = Span::styled(format!("{:<LABEL$}", "Likely"), cx.style(Role::Strong));
    let text = format!("{percent} % by its words: {words}");
    doc.paragraph(vec![label], vec![Piece::Text(text, cx.style(Role::Dim))]);
}

fn history(doc: &mut Doc, detail: &IncidentDetail, cx: &PaneCx<'_>) {
    heading(doc, "Timeline", String::new(), cx);
    if detail.strikes.iter().any(|s| *s > 0) {
        let bars = spark::sparkline(&detail.strikes, detail.strikes.len().min(40), cx.glyphs);
        let peak = detail.strikes.iter().max().copied().unwrap_or(0);
        doc.row(vec![
            Span::styled(" strikes per minute ", cx.style(Role::Dim)),
            Span::styled(bars, cx.style(Role::SparkError)),
            Span::styled(format!(" at most {}", format::count(u64::from(peak))), cx.style(Role::Dim)),
        ]);
    }
    for entry in &detail.incident.timeline {
        let role = match entry.kind {
            TimelineKind::Opened | TimelineKind::Escalated | TimelineKind::Reopened => Role::Warn,
            TimelineKind::Diagnosed => Role::Accent,
            TimelineKind::Resolved => Role::Ok,
            TimelineKind::Acknowledged | TimelineKind::Muted | TimelineKind::Note => Role::Text,
        };
        let first =
            vec![Span::styled(format!(" {} ", cx.clock.hms_near(entry.time, cx.clock.now)), cx.style(Role::Time))];
        doc.paragraph(first, vec![Piece::Text(safe(&entry.text, cx), cx.style(role))]);
    }
}

/// Who was told, when, and why others were not.
fn alerts(doc: &mut Doc, detail: &IncidentDetail, cx: &PaneCx<'_>) {
    if detail.alerts.is_empty() {
        return;
    }
    heading(doc, "Alerts", String::new(), cx);
    for line in &detail.alerts {
        let (mark, role) = match line.arrived {
            Some(true) => (cx.glyphs.check, Role::Ok),
            Some(false) => (cx.glyphs.cross, Role::Warn),
            None => (cx.glyphs.bullet, Role::Faint),
        };
        let mut first = vec![Span::styled(format!(" {mark} "), cx.style(role))];
        if let Some(time) = line.time {
            let at = format!("{} ", cx.clock.hms_near(time, cx.clock.now));
            first.push(Span::styled(at, cx.style(Role::Time)));
        }
        let role = if line.arrived.is_some() { Role::Text } else { Role::Dim };
        doc.paragraph(first, vec![Piece::Text(safe(&line.text, cx), cx.style(role))]);
    }
}

fn list(doc: &mut Doc, title: &str, items: &[String], cx: &PaneCx<'_>) {
    if items.is_empty() {
        return;
    }
    heading(doc, title, String::new(), cx);
    for item in items {
        let first = vec![Span::styled(format!(" {} ", cx.glyphs.bullet), cx.style(Role::Faint))];
        doc.paragraph(first, vec![Piece::Text(safe(item, cx), cx.style(Role::Dim))]);
    }
}
