//! A run that the program's end cut off: what its stages brought, as it is kept when each of them ends, and whether a later
//! start may go on with it. Pure; used by the runner, which keeps, and by the task behind the service, which goes on.

use super::machine::Findings;
use super::replies::{DiagnosisReply, FixReply, ReportReply};
use crate::{Evidence, KeptStage, Stage, StageState};
use aiobs_types::{Incident, Severity, Timestamp};
use serde::{Deserialize, Serialize};

/// What was found longer ago says little of now.
const OLDEST_SECS: i64 = 3_600;
/// So many times as many strikes, or components, are another picture.
const GROWN: u64 = 10;
/// More than this is not kept: the run would begin again.
const MOST_BYTES: usize = 4 << 20;

/// How large the incident was when its evidence was gathered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Size {
    severity: Severity,
    count: u64,
    components: usize,
}

impl Size {
    fn of(incident: &Incident) -> Self {
        Self { severity: incident.severity, count: incident.count, components: incident.components.len() }
    }
}

/// One stage as it is kept.
#[derive(Default, Serialize, Deserialize)]
struct Body {
    /// With the evidence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    size: Option<Size>,
    /// Of the Context stage, and of one whose tools found more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    evidence: Option<Evidence>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    diagnosis: Option<DiagnosisReply>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    fix: Option<FixReply>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    report: Option<ReportReply>,
    /// What has degraded so far.
    #[serde(default)]
    notes: Vec<String>,
    /// (provider, model) that answered the Diagnosis stage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    model: Option<(String, String)>,
    /// Prompts that were answered so far.
    #[serde(default)]
    prompts: Vec<String>,
}

/// What a stage that has just ended brought; `evidence` when it is new or has grown. `None` when it is too much to keep.
pub(super) fn kept(
    stage: Stage,
    at: Timestamp,
    incident: &Incident,
    evidence: Option<&Evidence>,
    findings: &Findings,
    model: Option<&(String, String)>,
    prompts: &[String],
) -> Option<KeptStage> {
    let body = Body {
        size: (stage == Stage::Context).then(|| Size::of(incident)),
        evidence: evidence.cloned(),
        diagnosis: findings.diagnosis.clone().filter(|_| stage == Stage::Diagnosis),
        fix: findings.fix.clone().filter(|_| stage == Stage::Fixer),
        report: findings.report.clone().filter(|_| stage == Stage::Reporter),
        notes: findings.notes.clone(),
        model: model.cloned(),
        prompts: prompts.to_vec(),
    };
    let body = serde_json::to_string(&body).ok().filter(|b| b.len() <= MOST_BYTES)?;
    Some(KeptStage { stage, at, body })
}

/// What a run that was cut off goes on with.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Halted {
    pub(super) evidence: Evidence,
    pub(super) findings: Findings,
    pub(super) model: Option<(String, String)>,
    pub(super) prompts: Vec<String>,
    /// How the stages after Context ended, those that did.
    pub(super) done: Vec<StageState>,
}

impl Halted {
    /// The stage that comes next; `None` when all had ended.
    pub(super) fn next(&self) -> Option<Stage> {
        Stage::ALL.get(self.done.len() + 1).copied()
    }
}

/// Reads what was kept, in the order of stages. `Ok(None)` when no stage had ended.
///
/// # Errors
/// Why the run must begin again, a few words.
pub(super) fn halted(stages: &[KeptStage], incident: &Incident, now: Timestamp) -> Result<Option<Halted>, String> {
    let mut all = Halted::default();
    let Some(first) = stages.first() else { return Ok(None) };
    let age = now.since(first.at) / 1_000_000_000;
    if !(-60..=OLDEST_SECS).contains(&age) {
        return Err("what was found is from more than an hour before".to_owned());
    }
    for (kept, stage) in stages.iter().zip(Stage::ALL) {
        if kept.stage != stage {
            return Err(format!("what {} brought is missing", stage.name()));
        }
        let body: Body = serde_json::from_str(&kept.body)
            .map_err(|e| format!("what {} brought can't be read ({e})", stage.name()))?;
        if let Some(size) = body.size {
            grown(size, incident)?;
        }
        if let Some(evidence) = body.evidence {
            all.evidence = evidence;
        }
        let answered = body.diagnosis.is_some() || body.fix.is_some() || body.report.is_some();
        all.findings.diagnosis = body.diagnosis.or(all.findings.diagnosis);
        all.findings.fix = body.fix.or(all.findings.fix);
        all.findings.report = body.report.or(all.findings.report);
        all.findings.notes = body.notes;
        (all.model, all.prompts) = (body.model, body.prompts);
        if stage > Stage::Context {
            all.done.push(if answered { StageState::Done } else { StageState::Fallback });
        }
    }
    Ok(Some(all))
}

fn grown(then: Size, incident: &Incident) -> Result<(), String> {
    let now = Size::of(incident);
    if now.severity.level() > then.severity.level() {
        return Err(format!("it is {} by now", now.severity.level()));
    }
    if now.count >= then.count.max(1).saturating_mul(GROWN) {
        return Err(format!("it has struck {} times by now, {} before", now.count, then.count));
    }
    if now.components > then.components.max(1) * 2 {
        return Err(format!("{} components have it by now, {} before", now.components, then.components));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn incident(count: u64) -> Incident {
        Incident { severity: Severity::ERROR, count, components: vec!["orders".into()], ..Incident::default() }
    }

    fn gathered(at: i64) -> KeptStage {
        let evidence = Evidence { left_out: 7, ..Evidence::default() };
        kept(Stage::Context, Timestamp::from_secs(at), &incident(5), Some(&evidence), &Findings::default(), None, &[])
            .unwrap()
    }

    fn diagnosed(at: i64, cause: &str) -> KeptStage {
        let reply = DiagnosisReply { cause: cause.into(), ..DiagnosisReply::default() };
        let findings = Findings { diagnosis: Some(reply), notes: vec!["n".into()], ..Findings::default() };
        let (model, prompts) = (("ollama".to_owned(), "m".to_owned()), ["diagnosis v2".to_owned()]);
        kept(Stage::Diagnosis, Timestamp::from_secs(at), &incident(5), None, &findings, Some(&model), &prompts).unwrap()
    }

    #[test]
    fn a_run_goes_on_after_the_last_stage_that_ended() {
        let now = Timestamp::from_secs(100);
        assert_eq!(halted(&[], &incident(5), now), Ok(None));
        let h = halted(&[gathered(0)], &incident(9), now).unwrap().unwrap();
        assert_eq!((h.next(), h.evidence.left_out), (Some(Stage::Diagnosis), 7));
        let mut stages = vec![gathered(0), diagnosed(1, "c")];
        let h = halted(&stages, &incident(9), now).unwrap().unwrap();
        assert_eq!((h.next(), h.evidence.left_out), (Some(Stage::Fixer), 7));
        assert_eq!(h.findings.diagnosis.as_ref().unwrap().cause, "c");
        assert_eq!(
            (h.findings.notes.clone(), h.model.unwrap().1, h.prompts.len()),
            (vec!["n".to_owned()], "m".into(), 1)
        );
        // A Fixer that nobody answered has ended too.
        let none = Findings::default();
        stages.push(kept(Stage::Fixer, now, &incident(5), None, &none, None, &[]).unwrap());
        let h = halted(&stages, &incident(9), now).unwrap().unwrap();
        assert_eq!((h.next(), h.done), (Some(Stage::Reporter), vec![StageState::Done, StageState::Fallback]));
    }

    #[test]
    fn what_is_old_grown_or_broken_begins_again_and_says_why() {
        let now = Timestamp::from_secs(100);
        let why = |stages: &[KeptStage], i: &Incident, now| halted(stages, i, now).unwrap_err();
        assert!(why(&[gathered(0)], &incident(5), Timestamp::from_secs(3_700)).contains("an hour"));
        assert!(why(&[gathered(4_000)], &incident(5), now).contains("an hour"), "a clock that was set back");
        assert_eq!(why(&[gathered(0)], &incident(50), now), "it has struck 50 times by now, 5 before");
        let worse = Incident { severity: Severity::FATAL, ..incident(5) };
        assert_eq!(why(&[gathered(0)], &worse, now), "it is fatal by now");
        let wide = Incident { components: vec!["a".into(), "b".into(), "c".into()], ..incident(5) };
        assert_eq!(why(&[gathered(0)], &wide, now), "3 components have it by now, 1 before");
        assert!(why(&[diagnosed(0, "c")], &incident(5), now).contains("Context brought is missing"));
        let broken = KeptStage { body: "{".into(), ..gathered(0) };
        assert!(why(&[broken], &incident(5), now).contains("can't be read"));
    }
}
