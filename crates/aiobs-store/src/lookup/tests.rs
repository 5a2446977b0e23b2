//! What the writer puts into the ordinary tables is what readers get, across reopening.
#![expect(clippy::unwrap_used, reason = "a failing test should panic")]

use crate::{Commit, PendingRun, PendingStage, Store};
use aiobs_types::{
    AttrValue, Author, Checkpoint, Claim, Confidence, Diagnosis, Fingerprint, Fix, Grounds, Incident, IncidentId,
    IncidentState, Judgement, MetricPoint, RecordId, Severity, SourceId, Span, SpanId, SpanStatus, Template,
    TemplateId, Timestamp, TraceId, Verdict,
};

fn incident(id: u64, state: IncidentState) -> Incident {
    Incident {
        id: IncidentId(id),
        fingerprint: Fingerprint(u64::MAX - id),
        title: "connection refused".into(),
        state,
        severity: Severity::ERROR,
        evidence: vec![RecordId(3), RecordId(9)],
        ..Incident::default()
    }
}

fn diagnosis(cause: &str) -> Diagnosis {
    Diagnosis {
        id: 0,
        incident: IncidentId(1),
        fingerprint: Fingerprint(u64::MAX - 1),
        created: Timestamp(5),
        author: Author::Playbook { id: "database".into() },
        title: "The database is down".into(),
        cause: cause.into(),
        error_class: "database.connection".into(),
        criticality: 4,
        confidence: Confidence::High,
        claims: vec![Claim { text: "port closed".into(), records: vec![RecordId(3)], supported: true, doubts: vec![] }],
        alternatives: vec![],
        fix: Fix::default(),
        summary: String::new(),
        prompts: Vec::new(),
        references: vec![],
        notes: vec![],
        trace: Some(TraceId(u128::MAX - 7)),
        grounds: Grounds::default(),
    }
}

fn span(id: u64, parent: Option<u64>, start: i64, value: AttrValue) -> Span {
    Span {
        trace: TraceId(u128::MAX - 7),
        id: SpanId(id),
        parent: parent.map(SpanId),
        name: "run".into(),
        start: Timestamp(start),
        end: None,
        status: SpanStatus::Error("timed out".into()),
        attributes: vec![("n".into(), value)],
    }
}

#[test]
fn a_commit_stores_more_than_records() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = Store::open(dir.path()).unwrap();
    let checkpoint = Checkpoint { source: SourceId(2), name: "/a".into(), offset: u64::MAX, ..Checkpoint::default() };
    let template = Template { id: TemplateId(4), text: "a <*>".into(), count: 3, ..Template::default() };
    let point = |value| MetricPoint {
        name: "tokens".into(),
        labels: vec![("model".into(), "llama".into())],
        time: Timestamp(7),
        value,
    };
    let commit = Commit {
        checkpoints: vec![checkpoint.clone()],
        templates: vec![template.clone()],
        incidents: vec![incident(1, IncidentState::Open), incident(2, IncidentState::Open)],
        metrics: vec![point(1.5), point(f64::NAN)],
        state: vec![("miner".into(), vec![1, 2, 3])],
        ..Commit::default()
    };
    let mut writer = store.writer().unwrap();
    writer.commit(&commit).unwrap();
    let more = Commit { incidents: vec![incident(2, IncidentState::Resolved)], ..Commit::default() };
    writer.commit(&more).unwrap();
    drop((writer, store));
    let (store, _) = Store::open(dir.path()).unwrap();
    let reader = store.reader().unwrap();
    assert_eq!(reader.checkpoints().unwrap(), [checkpoint]);
    assert_eq!(reader.templates().unwrap(), [template]);
    let incidents = [incident(1, IncidentState::Open), incident(2, IncidentState::Resolved)];
    assert_eq!(reader.incidents().unwrap(), incidents);
    assert_eq!(reader.incident(IncidentId(2)).unwrap(), Some(incidents[1].clone()));
    assert_eq!(reader.next_incident_id().unwrap(), IncidentId(3));
    assert_eq!(reader.metrics("tokens", Timestamp(0), Timestamp(8)).unwrap(), [point(1.5)]);
    assert_eq!(reader.metrics("tokens", Timestamp(0), Timestamp(7)).unwrap(), []);
    assert_eq!(reader.state("miner").unwrap(), Some(vec![1, 2, 3]));
    assert_eq!(reader.state("other").unwrap(), None);
}

#[test]
fn diagnoses_keep_their_history() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = Store::open(dir.path()).unwrap();
    let mut writer = store.writer().unwrap();
    let first = writer.put_diagnosis(&diagnosis("unknown")).unwrap();
    let second = writer.put_diagnosis(&diagnosis("the disk is full")).unwrap();
    let reader = store.reader().unwrap();
    let latest = reader.latest_diagnosis(Fingerprint(u64::MAX - 1)).unwrap().unwrap();
    assert_eq!(latest, Diagnosis { id: second, ..diagnosis("the disk is full") });
    let all: Vec<u64> = reader.diagnoses(10).unwrap().iter().map(|d| d.id).collect();
    assert_eq!(all, [second, first]);
    assert_eq!(reader.latest_diagnosis(Fingerprint(1)).unwrap(), None);
    assert_eq!(reader.verdict(IncidentId(1)).unwrap(), None);
    let fault = Fingerprint(u64::MAX - 1);
    let say = |judgement, time| Verdict {
        diagnosis: second,
        applied: Some(true),
        note: "the disk".into(),
        ..Verdict::of(IncidentId(1), judgement, Timestamp(time))
    };
    assert_eq!(reader.confirmed_diagnosis(fault).unwrap(), None);
    writer.put_verdict(&say(Judgement::Right, 10)).unwrap();
    assert_eq!(reader.confirmed_diagnosis(fault).unwrap().map(|d| d.id), Some(second));
    writer.put_verdict(&Verdict::of(IncidentId(1), Judgement::Right, Timestamp(11))).unwrap();
    assert_eq!(reader.confirmed_diagnosis(fault).unwrap().map(|d| d.id), Some(second), "the latest one of then");
    writer.put_verdict(&say(Judgement::Partly, 12)).unwrap();
    assert_eq!(reader.confirmed_diagnosis(fault).unwrap(), None, "taken back");
    assert_eq!(reader.verdict(IncidentId(1)).unwrap(), Some(say(Judgement::Partly, 12)));
    assert_eq!(reader.verdicts().unwrap().len(), 3);
}

#[test]
fn runs_that_wait_are_kept_until_they_are_done() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = Store::open(dir.path()).unwrap();
    let mut writer = store.writer().unwrap();
    let run = |incident, asked, started| PendingRun { incident: IncidentId(incident), asked, started };
    writer.put_pending_run(run(1, true, false), Timestamp(1)).unwrap();
    writer.put_pending_run(run(2, false, false), Timestamp(2)).unwrap();
    writer.put_pending_run(run(1, false, true), Timestamp(3)).unwrap();
    let reader = store.reader().unwrap();
    // It waits again after a restart; that its run had begun is still so.
    writer.put_pending_run(run(1, false, false), Timestamp(4)).unwrap();
    assert_eq!(reader.pending_runs().unwrap(), [run(1, true, true), run(2, false, false)]);
    let kept = |stage, body: &str| PendingStage { stage, at: Timestamp(5), body: body.to_owned() };
    for (incident, stage, body) in [(1, 0, "e"), (1, 1, "d"), (1, 2, "f"), (2, 0, "other"), (1, 1, "again")] {
        writer.put_pending_stage(IncidentId(incident), &kept(stage, body)).unwrap();
    }
    assert_eq!(reader.pending_stages(IncidentId(1)).unwrap(), [kept(0, "e"), kept(1, "again")], "later ones are void");
    writer.drop_pending_run(IncidentId(1)).unwrap();
    assert_eq!(reader.pending_stages(IncidentId(1)).unwrap(), []);
    assert_eq!(reader.pending_stages(IncidentId(2)).unwrap(), [kept(0, "other")]);
    assert_eq!(reader.pending_runs().unwrap(), [run(2, false, false)]);
}

#[test]
fn spans_are_replaced_when_they_end() {
    let dir = tempfile::tempdir().unwrap();
    let (store, _) = Store::open(dir.path()).unwrap();
    let mut writer = store.writer().unwrap();
    let root = span(u64::MAX, None, 10, AttrValue::Float(0.25));
    let child = span(2, Some(u64::MAX), 11, AttrValue::Int(-3));
    writer.put_spans(&[root.clone(), child.clone()]).unwrap();
    let ended = Span { end: Some(Timestamp(99)), status: SpanStatus::Ok, ..root };
    writer.put_spans(std::slice::from_ref(&ended)).unwrap();
    let reader = store.reader().unwrap();
    assert_eq!(reader.spans(ended.trace).unwrap(), [ended.clone(), child.clone()]);
    assert_eq!(reader.recent_runs(5).unwrap(), [ended]);
    assert_eq!(reader.spans_since(Timestamp(11)).unwrap(), [child]);
    // A number that JSON cannot hold does not cost the span.
    writer.put_spans(&[span(3, None, 50, AttrValue::Float(f64::INFINITY))]).unwrap();
    assert_eq!(reader.spans_since(Timestamp(50)).unwrap()[0].attr_text("n"), Some("inf"));
}
