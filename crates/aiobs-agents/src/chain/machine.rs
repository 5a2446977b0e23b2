//! The chain as a pure state machine: events in, effects out. It decides stages, repairs, time limits and fallbacks
//! (the model service tries again by itself); it does no I/O, reads no clock and knows no evidence. The runner performs its effects.

use super::replies::{DiagnosisReply, FixReply, Reply, ReportReply, read};
use crate::{Stage, StageState};
use aiobs_llm::LlmError;
use aiobs_types::Timestamp;
use std::time::Duration;

/// Time limits of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadlines {
    /// Per stage, in the order of [`Stage::ALL`].
    pub stages: [Duration; 4],
    /// In all.
    pub total: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self { stages: [30, 60, 90, 30].map(Duration::from_secs), total: Duration::from_mins(5) }
    }
}

/// Something happened. `at` never goes back.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Event {
    pub(crate) at: Timestamp,
    pub(crate) what: What,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum What {
    /// Begin.
    Start,
    /// The evidence is there.
    Gathered,
    /// A model answered the call with this number.
    Replied { call: u32, text: String },
    /// That call is tried again, or somebody else is asked; what came so far does not count.
    Retried { call: u32 },
    /// That call failed for good.
    Failed { call: u32, error: LlmError },
    /// Time went on.
    Tick,
    /// Somebody wants it to stop.
    Cancel,
}

/// A first answer that did not fit, to be repaired.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Repair {
    pub(crate) answer: String,
    pub(crate) error: String,
}

/// Something to do.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Effect {
    /// Gather the evidence.
    Gather,
    /// Ask the model for this stage; answer with this call number.
    Ask { call: u32, stage: Stage, repair: Option<Repair> },
    /// Stop the call (or gathering) that goes on.
    Stop,
    /// Tell the state of a stage.
    Tell { stage: Stage, state: StageState, attempts: u32 },
    /// The run is over, with what was found.
    Finish(Box<Findings>),
    /// The run is over because it was cancelled.
    Cancelled,
}

/// What the stages answered; `None` where playbook or facts must stand in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Findings {
    pub(crate) diagnosis: Option<DiagnosisReply>,
    pub(crate) fix: Option<FixReply>,
    pub(crate) report: Option<ReportReply>,
    /// What degraded, one line each.
    pub(crate) notes: Vec<String>,
}

/// One run.
#[derive(Clone, Debug)]
pub(crate) struct Machine {
    deadlines: Deadlines,
    has_model: bool,
    stage: Stage,
    attempts: u32,
    repaired: bool,
    call: u32,
    run_until: Timestamp,
    stage_until: Timestamp,
    over: bool,
    findings: Findings,
    /// How stages after Context ended before the program did.
    done: Vec<StageState>,
}

impl Machine {
    /// A run that has not begun.
    pub(crate) fn new(deadlines: Deadlines, has_model: bool) -> Self {
        Self {
            deadlines,
            has_model,
            stage: Stage::Context,
            attempts: 0,
            repaired: false,
            call: 0,
            run_until: Timestamp(0),
            stage_until: Timestamp(0),
            over: false,
            findings: Findings::default(),
            done: Vec::new(),
        }
    }

    /// A run that goes on where another one was cut off: `done` says how its stages after Context ended. Begins like
    /// any other; what was gathered is gathered at once.
    pub(crate) fn going_on(self, findings: Findings, done: Vec<StageState>) -> Self {
        Self { findings, done, ..self }
    }

    /// When it wants a [`What::Tick`] at the latest.
    pub(crate) fn wake_at(&self) -> Option<Timestamp> {
        (!self.over).then(|| self.stage_until.min(self.run_until))
    }

    /// What was answered so far.
    pub(crate) const fn findings(&self) -> &Findings {
        &self.findings
    }

    /// Takes an event, gives what is to be done now.
    pub(crate) fn handle(&mut self, event: Event) -> Vec<Effect> {
        let mut out = Vec::new();
        if self.over {
            return out;
        }
        let at = event.at;
        match event.what {
            What::Start => {
                self.run_until = after(at, self.deadlines.total);
                self.enter(Stage::Context, at, &mut out);
            }
            What::Gathered if self.stage == Stage::Context => self.gathered(at, &mut out),
            What::Replied { call, text } if call == self.call => self.replied(&text, at, &mut out),
            What::Retried { call } if call == self.call => {
                self.attempts += 1;
                self.tell(StageState::Running, &mut out);
            }
            What::Failed { call, error } if call == self.call => self.failed(&error, at, &mut out),
            What::Gathered | What::Replied { .. } | What::Retried { .. } | What::Failed { .. } => {}
            What::Tick => self.tick(at, &mut out),
            What::Cancel => self.cancel(&mut out),
        }
        out
    }

    fn enter(&mut self, stage: Stage, at: Timestamp, out: &mut Vec<Effect>) {
        self.stage = stage;
        self.attempts = 1;
        self.repaired = false;
        self.stage_until = after(at, self.deadlines.stages[stage as usize]);
        self.tell(StageState::Running, out);
        if stage == Stage::Context {
            out.push(Effect::Gather);
        } else {
            self.ask(None, out);
        }
    }

    fn ask(&mut self, repair: Option<Repair>, out: &mut Vec<Effect>) {
        self.call += 1;
        out.push(Effect::Ask { call: self.call, stage: self.stage, repair });
    }

    fn tell(&self, state: StageState, out: &mut Vec<Effect>) {
        out.push(Effect::Tell { stage: self.stage, state, attempts: self.attempts });
    }

    fn gathered(&mut self, at: Timestamp, out: &mut Vec<Effect>) {
        self.tell(StageState::Done, out);
        self.attempts = 0;
        for (state, stage) in std::mem::take(&mut self.done).into_iter().zip(Stage::ALL.into_iter().skip(1)) {
            self.stage = stage;
            self.tell(state, out);
        }
        if self.has_model {
            self.next(at, out);
        } else {
            self.rest(StageState::Fallback, out);
            self.finish(out);
        }
    }

    fn replied(&mut self, text: &str, at: Timestamp, out: &mut Vec<Effect>) {
        match read(self.stage, text) {
            Ok(reply) => {
                match reply {
                    Reply::Diagnosis(r) => self.findings.diagnosis = Some(r),
                    Reply::Fix(r) => self.findings.fix = Some(r),
                    Reply::Report(r) => self.findings.report = Some(r),
                }
                self.tell(StageState::Done, out);
                self.next(at, out);
            }
            Err(error) if !self.repaired => {
                self.repaired = true;
                self.attempts += 1;
                self.tell(StageState::Running, out);
                self.ask(Some(Repair { answer: text.to_owned(), error }), out);
            }
            Err(error) => {
                let short: String = error.chars().take(120).collect();
                self.fall_back(&format!("the model's answer did not fit its form twice ({short})"), at, out);
            }
        }
    }

    fn failed(&mut self, error: &LlmError, at: Timestamp, out: &mut Vec<Effect>) {
        if matches!(error, LlmError::Cancelled) {
            return self.cancel(out);
        }
        self.fall_back(&error.to_string(), at, out);
    }

    fn tick(&mut self, at: Timestamp, out: &mut Vec<Effect>) {
        if at >= self.run_until {
            out.push(Effect::Stop);
            let why = format!("the run took longer than {} s", self.deadlines.total.as_secs());
            self.call += 1;
            self.note(&why);
            self.tell(StageState::Fallback, out);
            self.rest(StageState::Fallback, out);
            self.finish(out);
        } else if at >= self.stage_until {
            out.push(Effect::Stop);
            self.call += 1;
            let limit = self.deadlines.stages[self.stage as usize].as_secs();
            if self.stage == Stage::Context {
                self.note(&format!("gathering took longer than {limit} s"));
                self.tell(StageState::Fallback, out);
                self.rest(StageState::Fallback, out);
                self.finish(out);
            } else {
                self.fall_back(&format!("the model timed out after {limit} s"), at, out);
            }
        }
    }

    /// Without a diagnosis the model stages after it have nothing to go on.
    fn fall_back(&mut self, why: &str, at: Timestamp, out: &mut Vec<Effect>) {
        self.note(why);
        self.tell(StageState::Fallback, out);
        if self.stage == Stage::Diagnosis {
            self.rest(StageState::Fallback, out);
            self.finish(out);
        } else {
            self.next(at, out);
        }
    }

    fn note(&mut self, why: &str) {
        self.findings.notes.push(format!("{}: {why}", self.stage.name()));
    }

    fn next(&mut self, at: Timestamp, out: &mut Vec<Effect>) {
        match Stage::ALL.get(self.stage as usize + 1) {
            Some(stage) => self.enter(*stage, at, out),
            None => self.finish(out),
        }
    }

    /// Tells the same state for all stages after this one.
    fn rest(&mut self, state: StageState, out: &mut Vec<Effect>) {
        for stage in Stage::ALL.iter().skip(self.stage as usize + 1) {
            out.push(Effect::Tell { stage: *stage, state, attempts: 0 });
        }
    }

    fn cancel(&mut self, out: &mut Vec<Effect>) {
        self.over = true;
        out.push(Effect::Stop);
        self.tell(StageState::Skipped, out);
        self.rest(StageState::Skipped, out);
        out.push(Effect::Cancelled);
    }

    fn finish(&mut self, out: &mut Vec<Effect>) {
        self.over = true;
        out.push(Effect::Finish(Box::new(self.findings.clone())));
    }
}

fn after(at: Timestamp, d: Duration) -> Timestamp {
    at.plus(i64::try_from(d.as_nanos()).unwrap_or(i64::MAX))
}

#[cfg(test)]
#[path = "machine_tests.rs"]
mod tests;
