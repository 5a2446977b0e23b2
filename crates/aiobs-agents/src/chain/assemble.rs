//! Makes the diagnosis out of what the stages answered, what a playbook says and what the evidence shows. Cited
//! records that the author was not shown are struck. Pure; used by the runner.

use super::machine::Findings;
use super::replies::DiagnosisReply;
use super::{check, judge};
use crate::context::fence::neutral;
use crate::context::readable::readable;
use crate::context::render::time;
use crate::context::suspect::withheld;
use crate::context::{Evidence, Why, apart, change_before, trigger};
use crate::{Advice, Change, Stage};
use aiobs_types::{Author, Claim, Confidence, Diagnosis, Fix, Grounds, Incident, Level, RecordId, Timestamp, TraceId};
use std::fmt::Write as _;

/// Longest line quoted in a cause, characters.
const QUOTE: usize = 200;
/// Most records cited by one claim.
const CITED: usize = 8;
/// Most lines named by one security finding.
const MOST_SUSPECTS: usize = 100;

/// The diagnosis of a run. `model` is (provider, model) when a model answered the Diagnosis stage.
pub(crate) fn assemble(
    incident: &Incident,
    evidence: &Evidence,
    findings: Findings,
    model: Option<(String, String)>,
    created: Timestamp,
    trace: TraceId,
) -> Diagnosis {
    let mut d = Diagnosis {
        id: 0,
        incident: incident.id,
        fingerprint: incident.fingerprint,
        created,
        author: Author::Facts,
        title: neutral(&incident.title, 120),
        cause: String::new(),
        error_class: String::new(),
        criticality: judge::rule(incident).0,
        confidence: Confidence::Low,
        claims: Vec::new(),
        alternatives: Vec::new(),
        fix: Fix::default(),
        summary: String::new(),
        references: evidence.advice.as_ref().map(|a| a.references.clone()).unwrap_or_default(),
        notes: findings.notes,
        prompts: Vec::new(),
        trace: Some(trace),
        grounds: Grounds { left_out: evidence.left_out as u64, ..Grounds::default() },
    };
    d.notes.extend(evidence.notes.iter().cloned());
    match (findings.diagnosis, &evidence.advice) {
        (Some(reply), _) => by_model(&mut d, reply, evidence, model),
        (None, Some(advice)) => by_playbook(&mut d, advice, incident, evidence),
        (None, None) => by_facts(&mut d, incident, evidence),
    }
    if !matches!(d.author, Author::Model { .. })
        && let Some(change) = trigger(&evidence.changes, incident.first_seen)
    {
        let text = after(change, incident);
        let _ = write!(d.cause, " It began {}{}", text, if text.ends_with(['.', '…']) { "" } else { "." });
    }
    if let Some(fix) = findings.fix {
        d.fix = fix.into();
    } else if matches!(d.author, Author::Model { .. })
        && let Some(advice) = &evidence.advice
    {
        d.fix = advice.fix.clone();
        d.notes.push(format!("{}: the steps are from the playbook {}", Stage::Fixer.name(), advice.id));
    }
    review(&mut d, incident, evidence);
    d.summary = findings.report.map_or_else(|| summary(&d, incident), |r| r.summary);
    d
}

/// Everything that is held against the facts, whoever answered.
fn review(d: &mut Diagnosis, incident: &Incident, evidence: &Evidence) {
    let (who, trusted) = match &d.author {
        Author::Model { model, .. } => (model.clone(), false),
        Author::Playbook { id } => (format!("playbook {id}"), true),
        Author::Facts => (String::new(), true),
    };
    if matches!(d.author, Author::Facts) {
        d.grounds.criticality = judge::rule(incident).1;
        d.grounds.confidence.push("neither a model nor a playbook named a cause".to_owned());
    } else {
        check::check(&mut d.claims, incident, evidence);
        judge::criticality(d, incident, evidence, &who, trusted);
        judge::confidence(d, incident, evidence);
    }
    if !trusted {
        judge::harmless(d, evidence);
    }
    judge::patches(d, evidence);
    d.grounds.security = security(evidence);
    if let Some(first) = d.grounds.security.first() {
        let lines = d.grounds.security.iter().map(|c| c.records.len()).sum::<usize>();
        let lines = if lines == 1 { "1 line tries".to_owned() } else { format!("{lines} lines try") };
        d.notes.push(format!(
            "security: {lines} to steer whoever reads the logs, first: {}; kept from any model",
            first.text
        ));
    }
}

/// Lines that try to steer, one finding per kind.
fn security(evidence: &Evidence) -> Vec<Claim> {
    let mut found: Vec<Claim> = Vec::new();
    for (id, kind) in &evidence.suspects {
        if let Some(claim) = found.iter_mut().find(|c| c.text == **kind) {
            claim.records.push(*id);
            continue;
        }
        let records = vec![*id];
        found.push(Claim { text: kind.to_string(), records, supported: true, ..Claim::default() });
    }
    for claim in &mut found {
        claim.records.truncate(MOST_SUSPECTS);
    }
    found
}

fn by_model(d: &mut Diagnosis, reply: DiagnosisReply, evidence: &Evidence, model: Option<(String, String)>) {
    let (provider, model) = model.unwrap_or_default();
    d.author = Author::Model { provider, model };
    if !reply.title.is_empty() {
        d.title = reply.title;
    }
    d.cause = reply.cause;
    d.error_class = class(&reply.error_class);
    d.criticality = reply.criticality.clamp(1, 5);
    d.confidence = reply.confidence.into();
    d.alternatives = reply.alternatives.iter().map(super::replies::Alternative::sentence).collect();
    if !reply.because.is_empty() {
        d.grounds.confidence.push(format!("the author says: {}", reply.because.trim().trim_end_matches('.')));
    }
    let mut struck = 0;
    for claim in reply.claims {
        let mut records: Vec<RecordId> = Vec::new();
        for cited in &claim.records {
            match record_id(cited).filter(|id| evidence.holds(*id)) {
                Some(id) if records.contains(&id) => {}
                Some(id) => records.push(id),
                None => struck += 1,
            }
        }
        records.truncate(CITED);
        d.claims.push(Claim { supported: !records.is_empty(), text: claim.text, records, ..Claim::default() });
    }
    if struck > 0 {
        d.notes.push(format!("{struck} cited records were not in the evidence and were struck out"));
    }
}

/// `R123`, also in brackets or without its letter.
fn record_id(text: &str) -> Option<RecordId> {
    let inner = text.trim().trim_matches(|c: char| matches!(c, '[' | ']' | '#' | '"'));
    inner.trim_start_matches(['R', 'r']).parse().ok().map(RecordId)
}

fn class(text: &str) -> String {
    let clean: String = text
        .trim()
        .to_lowercase()
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() || c == '.' { c } else { '_' })
        .take(80)
        .collect();
    if clean.is_empty() { "unknown".into() } else { clean }
}

fn by_playbook(d: &mut Diagnosis, advice: &Advice, incident: &Incident, evidence: &Evidence) {
    d.author = Author::Playbook { id: advice.id.clone() };
    d.title.clone_from(&advice.title);
    d.cause.clone_from(&advice.cause);
    let quote = |line: &String| format!("\"{}\"", neutral(&withheld(line), QUOTE));
    let told: Vec<String> = advice.told_by.iter().filter(|line| readable(line)).map(quote).collect();
    if !told.is_empty() {
        let _ = write!(d.cause, " Told by: {}.", told.join(" and "));
    }
    d.error_class = class(&advice.error_class);
    d.criticality = advice.criticality.clamp(1, 5);
    d.confidence = advice.confidence;
    d.alternatives.clone_from(&advice.alternatives);
    d.fix = advice.fix.clone();
    let names = |m: &str| !m.is_empty() && advice.matched.iter().any(|t| t == m);
    let mut matched: Vec<RecordId> = evidence
        .records
        .iter()
        .filter(|e| names(e.record.message()) || names(&e.record.text))
        .map(|e| e.record.id)
        .collect();
    if matched.is_empty() {
        matched = evidence.proof().map(|e| e.record.id).collect();
    }
    matched.truncate(CITED);
    let text = "These lines are what this fault looks like.".to_owned();
    d.claims.push(Claim { supported: !matched.is_empty(), text, records: matched, ..Claim::default() });
    d.claims.extend(facts(incident, evidence));
}

fn by_facts(d: &mut Diagnosis, incident: &Incident, evidence: &Evidence) {
    d.cause = "No cause found: no model answered and no playbook fits. What the logs show is listed below.".into();
    if let Some(said) = evidence.proof().find_map(|e| innermost(e.record.message())) {
        let _ = write!(d.cause, " It says itself: \"{}\".", neutral(&withheld(said), QUOTE));
    }
    d.error_class = "unknown".into();
    d.claims = facts(incident, evidence);
    if let Some(first) = evidence.proof().next() {
        d.fix.now.push(format!("Read the lines around {}, where it began.", first.record.id));
    }
    if let Some(p) = evidence.patterns.iter().find(|p| p.new && p.template != incident.template) {
        d.fix.now.push(format!("Look at what is new since then: \"{}\".", neutral(&withheld(&p.text), 120)));
    }
    if let Some(change) = change_before(&evidence.changes, incident.first_seen) {
        d.fix.now.push(format!("Ask what it has to do with this: it began {}.", after(change, incident)));
    }
    d.fix.verify.push("No new strikes of this incident.".into());
}

/// What a trace says at its deepest: the exception that caused all others.
fn innermost(message: &str) -> Option<&str> {
    let line = message.lines().map(str::trim).rfind(|l| l.starts_with("Caused by: "))?;
    line.strip_prefix("Caused by: ").filter(|said| readable(said))
}

/// Statements that need no author: counts, order, what is new.
fn facts(incident: &Incident, evidence: &Evidence) -> Vec<Claim> {
    let mut claims = Vec::new();
    let mut add = |text: String, mut records: Vec<RecordId>| {
        records.truncate(CITED);
        claims.push(Claim { supported: !records.is_empty(), text, records, ..Claim::default() });
    };
    let proof: Vec<RecordId> = evidence.proof().map(|e| e.record.id).collect();
    if let (Some(first), Some(last)) = (proof.first(), proof.last()) {
        let ends = if first == last { vec![*first] } else { vec![*first, *last] };
        let text = if incident.count <= 1 {
            format!("It struck once, at {} UTC{}.", time(incident.first_seen), on(incident))
        } else {
            format!(
                "It struck {} times from {} to {} UTC{}.",
                incident.count,
                time(incident.first_seen),
                time(incident.last_seen),
                on(incident)
            )
        };
        add(text, ends);
    }
    if let Some(change) = change_before(&evidence.changes, incident.first_seen)
        && let Some(record) = change.record.filter(|id| evidence.holds(*id))
    {
        add(format!("It began {}.", after(change, incident)), vec![record]);
    }
    let earlier = evidence.records.iter().find(|e| {
        e.why != Why::Proof
            && e.record.severity.level() >= Level::Warn
            && e.record.time < incident.first_seen
            && readable(e.record.message())
    });
    if let Some(e) = earlier {
        add(
            format!("Before that, {} said: \"{}\".", origin(e), neutral(&withheld(e.record.message()), 160)),
            vec![e.record.id],
        );
    }
    for p in evidence.patterns.iter().filter(|p| p.template != incident.template).take(3) {
        let Some(example) = p.example.filter(|id| evidence.holds(*id)) else { continue };
        let text = neutral(&withheld(&p.text), 160);
        let change = if p.new {
            format!("New at that time, {} in {} s: \"{text}\".", times(p.during), evidence.window_secs)
        } else {
            format!("More often at that time, {} instead of {}: \"{text}\".", times(p.during), p.before)
        };
        add(change, vec![example]);
    }
    claims
}

fn origin(e: &crate::Exhibit) -> String {
    let name = if e.record.component.is_empty() { &e.source } else { &e.record.component };
    neutral(name, 60)
}

/// `4 s after a change: deploy orders 1.15.0`.
fn after(change: &Change, incident: &Incident) -> String {
    let text = neutral(&withheld(&change.text), 120);
    format!("{} a change: {text}", apart(incident.first_seen, change.time))
}

fn times(n: u64) -> String {
    if n == 1 { "once".to_owned() } else { format!("{n} times") }
}

fn on(incident: &Incident) -> String {
    let names: Vec<String> = incident.components.iter().take(4).map(|c| neutral(c, 40)).collect();
    match (names.len(), incident.components.len()) {
        (0, _) => String::new(),
        (shown, all) if shown < all => format!(" in {} and {} more", names.join(", "), all - shown),
        _ => format!(" in {}", names.join(", ")),
    }
}

fn summary(d: &Diagnosis, incident: &Incident) -> String {
    let since = time(incident.first_seen);
    let by = time(incident.last_seen);
    let times = times(incident.count);
    let mut out = format!("{}: since {since}{}, {times} by {by} UTC. {}", d.title, on(incident), d.cause);
    if let Some(step) = d.fix.now.first() {
        out.push_str(" Next: ");
        out.push_str(step);
    }
    out
}
