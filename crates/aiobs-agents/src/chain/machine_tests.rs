//! Every way through the chain, without a clock, a network or a runtime.
#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;

const DIAGNOSIS: &str =
    r#"{"title":"t","cause":"c","error_class":"a.b","criticality":4,"confidence":"high","claims":[]}"#;
const FIX: &str = r#"{"now":["restart"]}"#;
const REPORT: &str = r#"{"summary":"It broke."}"#;

/// Plays events; one second passes before each.
struct Play {
    machine: Machine,
    at: Timestamp,
    call: u32,
    last: Vec<Effect>,
    all: Vec<Effect>,
}

impl Play {
    fn new(model: bool) -> Self {
        let machine = Machine::new(Deadlines::default(), model);
        let at = Timestamp::from_secs(1_000);
        let mut play = Self { machine, at, call: 0, last: Vec::new(), all: Vec::new() };
        play.feed(What::Start);
        assert!(play.last.contains(&Effect::Gather));
        play
    }

    fn feed(&mut self, what: What) -> &mut Self {
        self.at = self.at.plus(1_000_000_000);
        self.last = self.machine.handle(Event { at: self.at, what });
        for effect in &self.last {
            if let Effect::Ask { call, .. } = effect {
                self.call = *call;
            }
        }
        self.all.extend(self.last.clone());
        self
    }

    fn reply(&mut self, text: &str) -> &mut Self {
        let call = self.call;
        self.feed(What::Replied { call, text: text.into() })
    }

    fn fail(&mut self, error: LlmError) -> &mut Self {
        let call = self.call;
        self.feed(What::Failed { call, error })
    }

    fn wait(&mut self, secs: i64) -> &mut Self {
        self.at = self.at.plus(secs * 1_000_000_000);
        self.feed(What::Tick)
    }

    fn findings(&self) -> &Findings {
        match self.all.last() {
            Some(Effect::Finish(f)) => f,
            other => panic!("not finished: {other:?}"),
        }
    }

    fn states(&self) -> Vec<(Stage, StageState)> {
        let mut states = Stage::ALL.map(|s| (s, StageState::Waiting)).to_vec();
        for effect in &self.all {
            if let Effect::Tell { stage, state, .. } = effect {
                states[*stage as usize].1 = *state;
            }
        }
        states
    }

    fn asked(&self) -> usize {
        self.all.iter().filter(|e| matches!(e, Effect::Ask { .. })).count()
    }
}

#[test]
fn all_goes_well() {
    let mut p = Play::new(true);
    p.feed(What::Gathered).reply(DIAGNOSIS).reply(FIX).reply(REPORT);
    let f = p.findings();
    assert_eq!(f.diagnosis.as_ref().unwrap().criticality, 4);
    assert_eq!(f.fix.as_ref().unwrap().now, ["restart"]);
    assert_eq!(f.report.as_ref().unwrap().summary, "It broke.");
    assert!(f.notes.is_empty());
    assert!(p.states().iter().all(|(_, s)| *s == StageState::Done));
    assert_eq!(p.machine.wake_at(), None);
}

#[test]
fn without_a_model_nothing_is_asked() {
    let mut p = Play::new(false);
    p.feed(What::Gathered);
    assert_eq!(p.findings().diagnosis, None);
    assert_eq!(p.asked(), 0);
    assert_eq!(p.states()[1].1, StageState::Fallback);
}

#[test]
fn an_answer_that_does_not_fit_is_repaired_once() {
    let mut p = Play::new(true);
    p.feed(What::Gathered).reply("Sorry, here is prose.");
    let Some(Effect::Ask { repair: Some(repair), .. }) = p.last.last() else { panic!("{:?}", p.last) };
    assert_eq!(repair.answer, "Sorry, here is prose.");
    assert!(repair.error.contains("no JSON"));
    p.reply(DIAGNOSIS).reply(FIX).reply(REPORT);
    assert!(p.findings().diagnosis.is_some());
}

#[test]
fn an_answer_that_never_fits_falls_back() {
    let mut p = Play::new(true);
    p.feed(What::Gathered).reply("prose").reply("more prose");
    assert_eq!(p.findings().diagnosis, None);
    assert!(p.findings().notes[0].contains("did not fit its form twice"));
    assert_eq!(p.asked(), 2);
    assert!(p.states()[1..].iter().all(|(_, s)| *s == StageState::Fallback));
}

#[test]
fn tries_of_the_service_are_told_and_counted() {
    let mut p = Play::new(true);
    p.feed(What::Gathered);
    for attempts in 2..4 {
        let call = p.call;
        p.feed(What::Retried { call });
        assert_eq!(p.last, [Effect::Tell { stage: Stage::Diagnosis, state: StageState::Running, attempts }]);
    }
    let late = p.call + 1;
    assert!(p.feed(What::Retried { call: late }).last.is_empty(), "of no call of this run");
    p.fail(LlmError::Cut);
    assert_eq!(p.asked(), 1);
    assert!(p.findings().notes[0].contains("broke off"));
}

#[test]
fn an_open_breaker_falls_back_at_once() {
    let mut p = Play::new(true);
    let open = LlmError::BreakerOpen { provider: "ollama".into(), failures: 5, wait: Duration::from_secs(20) };
    p.feed(What::Gathered).fail(open);
    assert_eq!(p.asked(), 1);
    assert!(p.findings().notes[0].contains("left alone"));
}

#[test]
fn a_slow_diagnosis_times_out_and_its_late_answer_is_ignored() {
    let mut p = Play::new(true);
    p.feed(What::Gathered).wait(58);
    assert!(p.last.is_empty(), "not yet");
    p.wait(2);
    assert!(p.last.contains(&Effect::Stop));
    assert!(p.findings().notes[0].contains("timed out after 60 s"));
    p.reply(DIAGNOSIS);
    assert!(p.last.is_empty());
}

#[test]
fn a_failing_fixer_does_not_lose_the_diagnosis() {
    let mut p = Play::new(true);
    p.feed(What::Gathered).reply(DIAGNOSIS).wait(91).reply(REPORT);
    let f = p.findings();
    assert!(f.diagnosis.is_some() && f.report.is_some());
    assert_eq!(f.fix, None);
    assert_eq!(p.states()[2], (Stage::Fixer, StageState::Fallback));
}

#[test]
fn the_whole_run_has_a_limit() {
    let mut p = Play::new(true);
    p.machine.deadlines.total = Duration::from_secs(5);
    let mut q = Machine::new(p.machine.deadlines, true);
    let t = Timestamp::from_secs(1);
    q.handle(Event { at: t, what: What::Start });
    q.handle(Event { at: t, what: What::Gathered });
    assert_eq!(q.wake_at(), Some(t.plus(5_000_000_000)));
    let end = q.handle(Event { at: t.plus(5_000_000_000), what: What::Tick });
    assert!(matches!(end.last(), Some(Effect::Finish(f)) if f.notes[0].contains("longer than 5 s")));
}

#[test]
fn cancelling_works_at_any_moment() {
    for moment in 0..4 {
        let mut p = Play::new(true);
        if moment > 0 {
            p.feed(What::Gathered);
        }
        if moment > 1 {
            p.reply(DIAGNOSIS);
        }
        if moment > 2 {
            let call = p.call;
            p.feed(What::Retried { call });
        }
        p.feed(What::Cancel);
        assert_eq!(p.all.last(), Some(&Effect::Cancelled));
        assert!(p.last.contains(&Effect::Stop));
        assert!(p.states().iter().all(|(_, s)| matches!(s, StageState::Done | StageState::Skipped)));
        assert!(p.reply(DIAGNOSIS).last.is_empty(), "nothing goes on afterwards");
    }
}
