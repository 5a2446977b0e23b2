//! What a run tells of itself: the states of its stages with their spans, what each stage brought (to be kept), and in the end
//! the diagnosis. Used by the runner.

use super::{Ended, Run};
use crate::chain::assemble::assemble;
use crate::chain::halted::kept;
use crate::chain::machine::Findings;
use crate::spans::At;
use crate::{ChainOutput, Stage, StageState};
use aiobs_types::{Author, Timestamp, semconv};

impl Run<'_> {
    pub(super) fn tell(&mut self, stage: Stage, state: StageState, attempts: u32) {
        let at = self.now();
        let i = stage as usize;
        match state {
            StageState::Running if self.stages[i].is_none() => {
                let name = format!("invoke_agent {}", stage.agent());
                let span = self.log.begin(Some(At::RUN), name, "invoke_agent");
                self.log.set(span, semconv::AGENT_NAME, stage.agent());
                self.stages[i] = Some(span);
            }
            StageState::Done | StageState::Fallback | StageState::Skipped => {
                // A stage that never began (no model) is a span of no length: the playbook or the facts answered.
                let span = self.stages[i].unwrap_or_else(|| {
                    let name = format!("invoke_agent {}", stage.agent());
                    let span = self.log.begin(Some(At::RUN), name, "invoke_agent");
                    self.log.set(span, semconv::AGENT_NAME, stage.agent());
                    span
                });
                self.stages[i] = Some(span);
                self.log.set(span, semconv::ATTEMPTS, i64::from(attempts));
                let by = match (state, stage) {
                    (StageState::Skipped, _) => "nobody",
                    (StageState::Done, Stage::Context) => "archive",
                    (StageState::Done, _) => "model",
                    _ => self.stand_in(),
                };
                self.log.set(span, semconv::ANSWERED_BY, by);
                // Standing in for a model that is there is a failure; for one that is not, it is the plan.
                let failed = state == StageState::Fallback && self.provider.is_some() && attempts > 0;
                let why = self.machine.findings().notes.last().cloned().unwrap_or_default();
                self.log.end(span, failed.then_some(("fallback", why)));
            }
            _ => {}
        }
        (self.out)(ChainOutput::Stage { incident: self.incident.id, stage, state, attempts, at });
        self.keep(stage, state, at);
    }

    /// What a stage brought outlives the program. Without a model a run is over at once, and so it is without a diagnosis.
    fn keep(&mut self, stage: Stage, state: StageState, at: Timestamp) {
        let ended = match stage {
            Stage::Context | Stage::Diagnosis => state == StageState::Done,
            Stage::Fixer | Stage::Reporter => matches!(state, StageState::Done | StageState::Fallback),
        };
        let there = self.kept.is_some_and(|kept| stage <= kept);
        if !ended || there || self.provider.is_none() || self.evidence.is_none() {
            return;
        }
        let new = stage == Stage::Context || std::mem::take(&mut self.grown);
        let (evidence, findings) = (self.evidence.as_ref().filter(|_| new), self.machine.findings());
        if let Some(stage) = kept(stage, at, &self.incident, evidence, findings, self.model.as_ref(), &self.prompts) {
            (self.out)(ChainOutput::Kept { incident: self.incident.id, stage });
        }
    }

    fn stand_in(&self) -> &'static str {
        if self.evidence.as_ref().is_some_and(|e| e.advice.is_some()) { "playbook" } else { "facts" }
    }

    pub(super) fn finish(mut self, findings: Findings) -> Ended {
        let evidence = self.evidence.take().unwrap_or_default();
        let model = self.model.take();
        let mut d = assemble(&self.incident, &evidence, findings, model, Timestamp::now(), self.log.trace);
        if matches!(d.author, Author::Model { .. }) {
            d.prompts = std::mem::take(&mut self.prompts);
        }
        let by = match &d.author {
            Author::Model { .. } => "model",
            Author::Playbook { id } => {
                let parent = self.stages[Stage::Diagnosis as usize].or(Some(At::RUN));
                let span = self.log.begin(parent, "execute_tool playbook".into(), "execute_tool");
                self.log.set(span, semconv::TOOL_NAME, "playbook");
                self.log.set(span, "aiobs.playbook.id", id.as_str());
                self.log.end(span, None);
                "playbook"
            }
            Author::Facts => "facts",
        };
        self.log.set(At::RUN, semconv::ANSWERED_BY, by);
        self.log.end(At::RUN, None);
        Ended { diagnosis: Some(Box::new(d)), spans: self.log.finish() }
    }

    pub(super) fn cancelled(mut self) -> Ended {
        self.log.end(At::RUN, Some(("cancelled", "cancelled".to_owned())));
        Ended { diagnosis: None, spans: self.log.finish() }
    }
}
