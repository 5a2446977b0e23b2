//! What the chain tells the program while it works. Used by the runtime, which turns it into events for the screen
//! and rows in the store.

use aiobs_types::{Diagnosis, IncidentId, Span, StageState, Timestamp};

/// The four stages, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// Gathers evidence; asks no model.
    Context,
    /// Finds the cause.
    Diagnosis,
    /// Finds what to do.
    Fixer,
    /// Says it in a few sentences.
    Reporter,
}

impl Stage {
    /// All, in order; the index equals `self as usize`.
    pub const ALL: [Self; 4] = [Self::Context, Self::Diagnosis, Self::Fixer, Self::Reporter];

    /// Name for people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Context => "Context",
            Self::Diagnosis => "Diagnosis",
            Self::Fixer => "Fixer",
            Self::Reporter => "Reporter",
        }
    }

    /// By the name of its agent.
    pub fn from_agent(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.agent() == name)
    }

    /// Name of the agent and of its prompt, lower case.
    pub const fn agent(self) -> &'static str {
        match self {
            Self::Context => "context",
            Self::Diagnosis => "diagnosis",
            Self::Fixer => "fixer",
            Self::Reporter => "reporter",
        }
    }
}

/// What a stage of a run brought, as it was kept when the stage ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptStage {
    /// Which.
    pub stage: Stage,
    /// When it ended, wall time.
    pub at: Timestamp,
    /// What it brought; only the chain reads it.
    pub body: String,
}

/// What a run has to tell of its calls of models.
#[derive(Clone, Debug, PartialEq)]
pub enum CallNote {
    /// A model is asked; empty when the server chooses.
    Asked {
        /// Model.
        model: String,
    },
    /// It is asked again, or somebody else is.
    Again {
        /// The try that begins, from 2.
        attempt: u32,
        /// Why the last one failed, with control characters taken out.
        reason: String,
    },
    /// It has answered.
    Answered {
        /// Model that did.
        model: String,
        /// Tokens read.
        input: u64,
        /// Tokens written.
        output: u64,
        /// Whether one of the counts is an estimate.
        estimated: bool,
        /// US dollars, `None` when the price is unknown.
        cost_usd: Option<f64>,
    },
}

/// Something happened in the chain.
#[derive(Clone, Debug, PartialEq)]
pub enum ChainOutput {
    /// A stage began, was tried again, or ended.
    Stage {
        /// Whose run.
        incident: IncidentId,
        /// Which.
        stage: Stage,
        /// How far.
        state: StageState,
        /// Tries so far.
        attempts: u32,
        /// Wall time.
        at: Timestamp,
    },
    /// Text streaming from a model.
    Text {
        /// Whose run.
        incident: IncidentId,
        /// Which stage.
        stage: Stage,
        /// More text, with control characters taken out.
        delta: String,
    },
    /// A call of a model began, was tried again, or ended.
    Call {
        /// Whose run.
        incident: IncidentId,
        /// What.
        note: CallNote,
    },
    /// A run ended with an answer.
    Diagnosis(Box<Diagnosis>),
    /// Finished spans of a run, parents before children. The run's own span comes with the last batch.
    Spans(Vec<Span>),
    /// The queue changed.
    Queue {
        /// Incidents that wait.
        queued: usize,
        /// The first of them in the order of their turn, at most a hundred.
        waiting: Vec<IncidentId>,
        /// The incident whose run goes on.
        running: Option<IncidentId>,
    },
    /// An incident waits for a run, or its run began: to be kept, so that a restart goes on with it.
    Waits {
        /// Which.
        incident: IncidentId,
        /// A person asked for it.
        asked: bool,
        /// Its run goes on.
        started: bool,
    },
    /// It has its answer, or wants none; what its stages brought is not needed any more.
    WaitsNoMore(IncidentId),
    /// A stage of a run ended: to be kept, so that a restart goes on after it. What later stages brought before is void.
    Kept {
        /// Whose run.
        incident: IncidentId,
        /// What it brought.
        stage: KeptStage,
    },
    /// A run that was cut off goes on or begins again: for the incident's timeline.
    Resumed {
        /// Which.
        incident: IncidentId,
        /// One line.
        text: String,
    },
    /// A person stopped a run, or took it out of the line; no diagnosis comes.
    Cancelled(IncidentId),
    /// Something to tell, one line.
    Notice(String),
}
